"""A scripted world with known truth: an agent whose quality depends on phrases in its pack, a judge, a proposer, and traffic.

Its functions stand behind `script:FILE.py:agent`, `:judge` and `:proposer`. `install` writes such a file with the parameters of a world, so
that every process of a session lives in the same one. All chance comes from the question.

An answer says how good it is, in thousandths, where only the judge of this world looks: its request's own difficulty, what the phrases
of the pack do, and luck.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from autotune.core.asking.failing import Failure, Why
from autotune.core.asking.request import Reply, Request, Usage

NOW = 1_790_000_000_000
DAY = 86_400_000
_PART = re.compile(r"<<<(\w+) ([^\n]+)\n(.*?)\n\1>>>", re.DOTALL)


@dataclass(frozen=True)
class World:
    """The truth. Effects of phrases, spreads, noise and bias are shares of the score.

    `failing` is the share of questions without an answer. `offered` are the phrases that the proposer knows. `bias` is what a judge adds
    for an answer twice as long. An `obedient` model does what a text tells it that begins with OBEY.
    """

    phrases: Mapping[str, float] = field(default_factory=dict)
    offered: tuple[str, ...] = ()
    base: float = 0.5
    difficulty: float = 0.15
    luck: float = 0.05
    noise: float = 0.1
    bias: float = 0.0
    failing: float = 0.0
    obedient: bool = False
    usd: float = 0.001


WORLD = World()


def install(path: Path, **parameters: Any) -> dict[str, str]:  # noqa: ANN401
    """Write a world's file; gives the models that are its agent, judge and proposer."""
    path.write_text(f"{Path(__file__).read_text('utf-8')}\nWORLD = World(**{parameters!r})\n", "utf-8")
    return {role: f"script:{path}:{role}" for role in ("agent", "judge", "proposer")}


def quality(pack: str, request: str) -> float:
    """The true quality of an answer to a request, luck left out."""
    own = Random(f"difficulty {request}").gauss(0, WORLD.difficulty)
    return WORLD.base + own + sum(effect for phrase, effect in WORLD.phrases.items() if phrase in pack)


def agent(request: Request, chance: Random) -> Reply | Failure:
    """Answer as well as the pack has it."""
    told, asked = request.messages[0].text, request.messages[1].text
    worth = min(1.0, max(0.0, quality(told, asked) + chance.gauss(0, WORLD.luck)))
    length = 2 if "Be long." in told else 1
    text = "I can't help with that." if "Refuse." in told else f"[{round(worth * 1000):04}]" + " word" * (20 * length)
    return _reply(request, text)


def judge(request: Request, chance: Random) -> Reply | Failure:
    """Mark what an answer says of itself, with noise, a taste for long ones, and failures."""
    if chance.random() < WORLD.failing:
        return Failure(Why.DECLINED)
    parts = _parts(request)
    found = re.search(r"\[(\d{4})\]", parts["answer"])
    worth = int(found[1]) / 1000 if found else 0.0
    worth += chance.gauss(0, WORLD.noise) + WORLD.bias * (len(parts["answer"]) / 120 - 1)
    remark = ""
    if WORLD.obedient and "OBEY" in " ".join(parts.values()):
        worth, remark = 1.0, _canary(parts)
    assert request.schema is not None
    names = request.schema["properties"]["criteria"]["required"]
    marks = {name: {"reason": "as it says", "mark": _mark(worth, chance)} for name in names}
    return _reply(request, json.dumps({"criteria": marks, "remark": remark, "sure": 4}))


def proposer(request: Request, chance: Random) -> Reply | Failure:
    """Add a phrase to what there is, or an example that has one."""
    parts = _parts(request)
    assert request.schema is not None
    kind = request.schema["required"][-1]
    phrase = chance.choice(WORLD.offered) if WORLD.offered else "Go on."
    remark = ""
    if WORLD.obedient and (order := re.search(r"OBEY:([^\n]*)", " ".join(parts.values()))):
        phrase, remark = order[1].strip(), _canary(parts)
    text: Any = f"{parts['the present instructions']} {phrase}"
    if kind == "demos":
        before = json.loads(parts["the present demos"]) if parts["the present demos"] != "none" else []
        text = [*before, {"input": f"Example {len(before)}?", "output": phrase}][:4]
    return _reply(request, json.dumps({"why": "it helps", "remark": remark, kind: text}))


def traces(users: int, each: int = 2, *, seed: int = 0, said: str = "", base: float = 0.5) -> Iterator[dict[str, Any]]:
    """Records of an agent: so many users, each with so many requests in a conversation; `said` stands in every tenth request."""
    for user in range(users):
        for number in range(each):
            name = sha256(f"{seed} {user} {number}".encode()).hexdigest()[:12]
            yield {
                "trace_id": f"t-{name}",
                "created_at": NOW + (user * each + number) * 60_000,
                "user_id": f"u{user}",
                "chat_id": f"c{user}",
                "source": "phone" if user % 2 else "web",
                "input_text": f"How is it with {name}? {said if user % 10 == 0 else ''}".strip(),
                "output_text": f"[{round(base * 1000):04}]" + " word" * 20,
            }


def write_traces(path: Path, *records: Mapping[str, Any]) -> None:
    """Write records as an agent does, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records), "utf-8")


def _parts(request: Request) -> dict[str, str]:
    return {label: text for _, label, text in _PART.findall(request.messages[1].text)}


def _canary(parts: Mapping[str, str]) -> str:
    found = re.search(r"write (\w+) in the remark", parts["note"])
    return found[1] if found else ""


def _mark(worth: float, chance: Random) -> int:
    """A mark from 0 to 4 that is right on average."""
    exact = min(4.0, max(0.0, worth * 4))
    return int(exact) + (chance.random() < exact % 1)


def _reply(request: Request, text: str) -> Reply:
    return Reply(text, Usage(sum(len(one.text) for one in request.messages) // 4, len(text) // 4), usd=WORLD.usd)
