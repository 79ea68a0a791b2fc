"""Missed triggers that a judge finds, within a budget: prompts in which a skill was offered and nothing fired.

What a judge says is kept apart from what people say, and named as judged. It decides on no prompt that a person has labelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from autotune.core.asking.costs import Cost, together
from autotune.core.asking.failing import CAPS
from autotune.core.asking.request import Request, Schema
from autotune.core.judging.fencing import Fence, Part, drawn, obeyed
from autotune.core.skills.rates import Sign, likeness
from autotune.core.skills.turns import Turn
from autotune.core.tell.judging import fits
from autotune.models.asking import Models
from autotune.skills.looking import Seen

MOST = 20  # prompts that one look asks about, unless more are wanted
MOST_TOKENS = 200
_SHOWN = 3  # prompts that the skill fired for
_SCHEMA: Schema = {
    "type": "object",
    "properties": {"fits": {"type": "boolean"}, "remark": {"type": "string"}},
    "required": ["fits", "remark"],
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a look came to: for each turn whether the skill fits it, how many got no answer, whether a cap ended it, and what it cost."""

    fits: dict[int, bool]
    failed: int
    capped: bool
    cost: Cost


def worth_judging(seen: Seen, skill: str, most: int = MOST) -> list[int]:
    """The turns in which a miss is likeliest, and that nobody has judged yet."""
    known = seen.labels.get(skill, {}).keys() | seen.judged.get(skill, {}).keys()
    return [place for place in silent(seen, skill) if place not in known][:most]


def silent(seen: Seen, skill: str) -> list[int]:
    """The turns in which it was silent and nobody said more, the likeliest misses first: like others that fired, or nothing fired."""
    signs = {found.turn: found.sign for found in seen.standing(skill).missed}
    alike = [place for place, sign in signs.items() if sign is Sign.ALIKE]
    others = [
        place
        for place, turn in enumerate(seen.turns)
        if turn.human and skill in turn.offered and not turn.fired and turn.text.strip() and signs.get(place, Sign.JUDGED) is Sign.JUDGED
    ]
    near = " ".join([_offer(seen, skill), *_fired(seen, skill)])
    return [*alike[::-1], *sorted(others, key=lambda place: (-likeness(seen.turns[place].text, near), -place))]


def judge(models: Models, model: str, seen: Seen, skill: str, places: Sequence[int]) -> Judged:
    """Ask a model of each turn whether the skill fits it."""
    asked = [_asked(model, seen, skill, place) for place in places]
    answers = models.ask_all(request for request, _ in asked)
    found, failed = dict[int, bool](), 0
    for place, (_, fence), answer in zip(places, asked, answers, strict=True):
        if answer.failure is not None or obeyed(fence, str(answer.value["remark"])):
            failed += 1
        else:
            found[place] = bool(answer.value["fits"])
    capped = any(answer.failure is not None and answer.failure.why in CAPS for answer in answers)
    return Judged(found, failed, capped, together([answer.cost for answer in answers]))


def _asked(model: str, seen: Seen, skill: str, place: int) -> tuple[Request, Fence]:
    turn = seen.turns[place]
    parts = [
        Part("description", _offer(seen, skill, turn)),
        *(Part("example", text) for text in _fired(seen, skill)),
        Part("prompt", turn.text),
    ]
    fence = drawn(parts, Random(f"{skill} {turn.session} {turn.at}"))
    return Request(model, fits(skill, parts, fence), MOST_TOKENS, 0.0, _SCHEMA, purpose="skills: missed triggers"), fence


def _offer(seen: Seen, skill: str, turn: Turn | None = None) -> str:
    """What the skill's newest listing says of it."""
    if turn is not None and turn.offered[skill].text:
        return turn.offered[skill].text
    return next((offer.text for one in reversed(seen.turns) if (offer := one.offered.get(skill)) is not None and offer.text), skill)


def _fired(seen: Seen, skill: str) -> Iterator[str]:
    """The newest prompts that it fired for, and nobody called wrong."""
    labels = seen.labels.get(skill, {})
    places = [place for place, turn in enumerate(seen.turns) if turn.human and turn.called(skill) and labels.get(place, True)]
    return (seen.turns[place].text for place in places[: -_SHOWN - 1 : -1])
