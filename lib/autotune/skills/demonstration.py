"""The demo of skills: a home of its own, with two skills, sessions in which one was missed, and a client that decides by words.

home = made(folder)                 everything that the commands of the demo find
live(home, prompts, at_ms)          sessions of a day, as the client's own transcripts
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.core.skills.frontmatter import read
from autotune.core.skills.seen import digest_of
from autotune.core.skills.suite import By, RoutingCase, Source, Suite, Type, id_of, text_of
from autotune.core.skills.suite import Kind as CaseKind
from autotune.edges.atomic import replace_file
from autotune.edges.clock import moment
from autotune.skills.suites import WORKSHOPS
from autotune.version import PACKAGE

FOLDER = PACKAGE / "demo" / "skills"
SKILL, SIBLING = "release-notes", "charts"
_DESCRIPTIONS = {SKILL: "Writes release notes.", SIBLING: "Draws charts and diagrams of numbers."}
CARELESS = "Helps with announcements of all kinds."
MODEL = f"script:{FOLDER / 'proposer.py'}:proposes"
_DAY_MS = 86_400_000
_TURN_MS = 1000


@dataclass(frozen=True, slots=True)
class Home:
    """A home made for the demo, and the variables with which commands run there."""

    folder: Path
    variables: dict[str, str]

    @property
    def skills(self) -> Path:
        """Where the skills are."""
        return self.folder / ".claude" / "skills"


def made(folder: Path) -> Home:
    """Make a home: skills, a suite, a client."""
    home = Home(folder, _variables(folder))
    for name, text in _DESCRIPTIONS.items():
        _write(home.skills / name, name, text)
    _write(folder / "careless" / SKILL, SKILL, CARELESS)
    suite = folder / WORKSHOPS / SKILL / "skill-suites" / SKILL / "suite.jsonl"
    replace_file(suite, text_of(Suite(SKILL, tuple(_cases()))).encode())
    replace_file(folder / ".gitconfig", b"[user]\n\tname = autotune demo\n\temail = demo@localhost\n[init]\n\tdefaultBranch = main\n")
    program = folder / "bin" / "claude"
    replace_file(program, f'#!/bin/sh\nexec "{sys.executable}" -I -S "{FOLDER / "client.py"}" "$@"\n'.encode())
    program.chmod(0o755)
    return home


def prompts() -> list[tuple[str, bool]]:
    """What people asked for in the sessions that are shipped, and whether it fits the skill."""
    said = json.loads((FOLDER / "prompts.json").read_text("utf-8"))
    return [(text, True) for text in said["fit"]] + [(text, False) for text in said["others"]]


def live(home: Home, session: str, at_ms: int, said: Sequence[tuple[str, bool]]) -> None:
    """Write down sessions in which people said this, as the client decides now; where the skill was missed, they say so or type it."""
    fired = runpy.run_path(str(FOLDER / "client.py"))["fired"]
    there = {path.parent.name: read(path.read_text("utf-8")).text("description") for path in sorted(home.skills.glob("*/SKILL.md"))}
    lines, place = [_listing(there, moment(at_ms))], 0
    for number, (text, fits) in enumerate(said):
        name = fired(there, text)
        lines += _turn(text, name, f"{session}-{number}", moment(at_ms + place * _TURN_MS))
        place += 1
        if fits and name != SKILL:
            lines += _complaint(number, moment(at_ms + place * _TURN_MS))
            place += 1
    path = home.folder / ".claude" / "projects" / "-shop" / f"{session}.jsonl"
    replace_file(path, "".join(json.dumps(line) + "\n" for line in lines).encode())


def _listing(there: dict[str, str], at: str) -> dict[str, object]:
    text = "\n".join(f"- {name}: {said}" for name, said in there.items())
    digests = [digest_of(name, said) for name, said in there.items()]
    listed = {"type": "skill_listing", "content": text, "names": list(there), "digests": digests, "isInitial": True}
    return {"type": "attachment", "timestamp": at, "cwd": "/shop", "attachment": listed}


def _turn(text: str, name: str | None, called: str, at: str) -> Iterator[dict[str, object]]:
    yield {"type": "user", "timestamp": at, "turnOrigin": "human", "cwd": "/shop", "message": {"role": "user", "content": text}}
    block: dict[str, object] = {"type": "text", "text": "Done."}
    if name is not None:
        block = {"type": "tool_use", "id": called, "name": "Skill", "input": {"skill": name}}
    used = {"input_tokens": 900, "output_tokens": 60 if name is None else 240}
    yield {"type": "assistant", "timestamp": at, "message": {"id": called, "role": "assistant", "content": [block], "usage": used}}
    if name is not None:
        result = {"type": "tool_result", "tool_use_id": called, "content": f"Launching skill: {name}"}
        ran = {"success": True, "commandName": name}
        yield {"type": "user", "timestamp": at, "toolUseResult": ran, "message": {"role": "user", "content": [result]}}


def _complaint(number: int, at: str) -> Iterator[dict[str, object]]:
    """Every third time people ask why the skill was not used; else they type it."""
    typed = f"<command-message>{SKILL}</command-message>\n<command-name>/{SKILL}</command-name>"
    text = f"why didn't you use {SKILL}?" if number % 3 == 0 else typed
    yield {"type": "user", "timestamp": at, "turnOrigin": "human", "cwd": "/shop", "message": {"role": "user", "content": text}}
    answer = {"id": f"c{number}-{at}", "role": "assistant", "content": [{"type": "text", "text": "Sorry."}]}
    yield {"type": "assistant", "timestamp": at, "message": answer}


def _cases() -> Iterator[RoutingCase]:
    said = json.loads((FOLDER / "prompts.json").read_text("utf-8"))
    source = Source(By.PERSON, "shipped with the demo", "2026-11-30")
    for kind, queries in ((Type.IMPLICIT, said["should fire"]), (Type.NEGATIVE, said["should not"])):
        for product in said["products"]:
            for query in queries:
                text = query.format(product)
                yield RoutingCase(id_of(CaseKind.ROUTING, text), kind, text, source)


def _write(folder: Path, name: str, description: str) -> None:
    text = f"---\nname: {name}\ndescription: {description}\n---\n\n# Steps\n\n1. Look at what there is.\n2. Write it down.\n"
    replace_file(folder / "SKILL.md", text.encode())


def _variables(folder: Path) -> dict[str, str]:
    ours = ("AUTOTUNE_", "CLAUDE", "CODEX", "OPENCODE", "PI_CODING", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **kept,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "AUTOTUNE_WORKTREES": str(folder / "worktrees"),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
