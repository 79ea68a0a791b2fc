"""A world of skills whose truth is known: a host fires by a function of descriptions, query and siblings, with noise.

The model looks at how many of a query's words each description has. The best of them fires with a chance that grows with that share, and
words after "not for" count against a skill. `main` is a client of that kind: a program that speaks Claude Code's stream.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random, SystemRandom

STEEPNESS, MIDDLE = 14.0, 0.30
VERSION = "9.9.9"
_SMALL = {"a", "an", "and", "for", "in", "is", "it", "me", "my", "of", "on", "or", "please", "the", "this", "to", "use", "when", "with"}


def words(text: str) -> set[str]:
    return {one for one in re.findall(r"[a-z]+", text.lower()) if one not in _SMALL}


def pull(description: str, query: str) -> float:
    """How strongly a description draws a query: the share of the query's words that it has, less those that it sends away."""
    wanted, _, away = description.lower().partition("not for")
    asked = words(query)
    return (len(asked & words(wanted)) - 2 * len(asked & words(away))) / max(1, len(asked))


def chances(descriptions: Mapping[str, str], query: str, noise: float = 0.0) -> dict[str, float]:
    """The chance of each skill to fire for a query. `noise` is the share of answers that are blind."""
    pulls = {name: pull(text, query) for name, text in descriptions.items()}
    weights = {name: math.exp(STEEPNESS * one) for name, one in pulls.items()}
    anything = 1 / (1 + math.exp(-STEEPNESS * (max(pulls.values(), default=0.0) - MIDDLE)))
    total = sum(weights.values())
    blind = noise / (len(descriptions) + 1)
    return {name: (1 - noise) * anything * weight / total + blind for name, weight in weights.items()}


def fired(descriptions: Mapping[str, str], query: str, chance: Random, noise: float = 0.0) -> str | None:
    """Draw which skill fires."""
    drawn = chance.random()
    for name, share in chances(descriptions, query, noise).items():
        drawn -= share
        if drawn < 0:
            return name
    return None


def skill(folder: Path, name: str, description: str) -> Path:
    """Write a skill."""
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\nDo it.\n", "utf-8")
    return folder / name


def installed(folder: Path, **settings: object) -> Path:
    """Put a client of this world into a folder for PATH; `settings` are what `main` goes by."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world.json").write_text(json.dumps(settings), "utf-8")
    program = folder / "claude"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" "{folder}/world.json" "$@"\n', "utf-8")
    program.chmod(0o755)
    return folder


def descriptions_in(folder: Path) -> dict[str, str]:
    found = {path.parent.name: path.read_text("utf-8") for path in sorted(folder.glob("*/SKILL.md"))}
    return {name: re.search(r"^description: (.*)$", text, re.MULTILINE)[1] for name, text in found.items()}  # type: ignore[index]


def main(settings: Mapping[str, float], arguments: list[str]) -> int:
    """Be the client: `noise`, `failing` (the share that crashes), `slow_s`, `steady` (a seed, so that a query is answered alike)."""
    if arguments == ["--version"]:
        sys.stdout.write(f"{VERSION} (a world for tests)\n")
        return 0
    query = arguments[arguments.index("--") + 1]
    if "--allowedTools" in arguments:
        return work(settings, query)
    chance = chance_of(settings, query)
    skills = descriptions_in(Path.cwd() / ".claude" / "skills")
    say("system", subtype="init", skills=list(skills), claude_code_version=VERSION, model="claude-haiku-4-5")
    time.sleep(settings.get("slow_s", 0.0))
    if chance.random() < settings.get("failing", 0.0):
        sys.stderr.write("the world ends here\n")
        return 7
    name = fired(skills, query, chance, settings.get("noise", 0.0))
    usage = {"input_tokens": 1000, "output_tokens": 1}
    part("message_start", message={"id": "msg_1", "usage": usage})
    block = {"type": "text", "text": "Done."} if name is None else {"type": "tool_use", "name": "Skill", "input": {"skill": name}}
    say("assistant", message={"id": "msg_1", "content": [block]}, parent_tool_use_id=None)
    part("message_delta", delta={"stop_reason": "end_turn" if name is None else "tool_use"}, usage={"output_tokens": 50})
    say("result", subtype="success", is_error=False, result="Done.", total_cost_usd=0.00125, usage={**usage, "output_tokens": 50})
    return 0


def work(settings: Mapping[str, float], query: str) -> int:
    """Do a task: well where the skill for it fires, and where a share `luck` of the others turns out well.

    It does what the skill's body says, *check* or *twice*, and writes that down.
    """
    skills, chance = descriptions_in(Path.cwd() / ".claude" / "skills"), chance_of(settings, query)
    name = fired(skills, query, chance)
    say("system", subtype="init", skills=list(skills), claude_code_version=VERSION, model="claude-haiku-4-5")
    done = () if name is None else tuple(word for word in ("check", "twice") if word in body_of(name))
    good = name is not None or chance.random() < settings.get("luck", 0.0)
    Path("out.txt").write_text("\n".join(["good" if good else "poor", *(f"{word} done" for word in done)]) + "\n")
    written = {"type": "tool_use", "name": "Write", "input": {"file_path": "out.txt"}}
    called = [] if name is None else [{"type": "tool_use", "name": "Skill", "input": {"skill": name}}]
    say("assistant", message={"id": "msg_1", "content": [*called, written]}, parent_tool_use_id=None)
    outside = ""
    try:
        Path(query.partition(" outside ")[2] or "inside.txt").write_text("?")
    except OSError:
        outside = " The walls hold."
    usage = {"input_tokens": 1000, "output_tokens": 50}
    say("result", subtype="success", is_error=False, result=f"I wrote out.txt.{outside}", total_cost_usd=0.01, usage=usage)
    return 0


def chance_of(settings: Mapping[str, float], query: str) -> Random:
    return SystemRandom() if settings.get("steady") is None else Random(f"{settings['steady']} {query}")


def body_of(name: str) -> str:
    return (Path.cwd() / ".claude" / "skills" / name / "SKILL.md").read_text("utf-8").partition("\n---\n")[2]


def say(kind: str, **fields: object) -> None:
    sys.stdout.write(json.dumps({"type": kind, **fields}) + "\n")
    sys.stdout.flush()


def part(kind: str, **fields: object) -> None:
    say("stream_event", event={"type": kind, **fields}, parent_tool_use_id=None)


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text("utf-8")), sys.argv[2:]))
