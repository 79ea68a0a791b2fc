"""Routing cases found in what agents really did.

A positive is a prompt that a skill fired for and nobody called wrong, or one that it missed: by a correction, by your typing its name next,
or by a label. A negative is one that a person said it does not fit, or one that another skill fired for while this one was offered, and a
person said that it fits the other. A prompt that nobody judged is neither: what another skill took may be a miss without a sign.
A case's group is its session, as a hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from autotune.core.skills.namesakes import spoken
from autotune.core.skills.rates import Sign, missed
from autotune.core.skills.seen import How
from autotune.core.skills.suite import LONGEST_QUERY, By, Kind, RoutingCase, Source, Type, id_of
from autotune.core.skills.turns import Turn

SHORTEST = 4  # characters; "go", "yes" and the like say nothing without what was before
LONG, WITH_FIGURES = 15, 10  # words of a query that tells of a situation
_WHY = {Sign.CORRECTION: "correction", Sign.TYPED: "typed", Sign.LABEL: "label"}
_ABOUT = re.compile(r"\b(?:edit|improve|fix|review|debug|document|rename|update|write|create|test|install|delete)\b", re.IGNORECASE)
_SITUATION = re.compile(
    r"[\w.-]+@[\w-]+\.\w+|\b[\w-]+\.\w{1,5}\b|(?:^|\s)[~.]?/\w|\b(?:yesterday|today|tomorrow|monday|friday)\b", re.IGNORECASE
)
_FIGURES = re.compile(r"\d|\b[A-Z]{2,}\b")


class Mined(NamedTuple):
    """The cases found, and how many prompts were left out: such as stand on both sides, or speak about the skill itself."""

    cases: tuple[RoutingCase, ...]
    contradictory: int
    about: int


def mined(name: str, turns: Sequence[Turn], labels: Mapping[str, Mapping[int, bool]] | None = None) -> Mined:
    """Find a skill's cases in turns, which are of one or more sessions, in order; `labels` are by skill and position."""
    labels = labels or {}
    found, about = list[RoutingCase](), 0
    for place, why, instead in _sided(name, turns, labels):
        turn = turns[place]
        if len(turn.text.strip()) < SHORTEST or len(turn.text) > LONGEST_QUERY or turn.text.lstrip().startswith("/"):
            continue
        if speaks_about(name, turn.text):
            about += 1
            continue
        kind = Type.NEGATIVE if why in _NEGATIVE else type_of(name, turn.text)
        query = turn.text.strip()
        source = Source(By.RECORDS, why, turn.at[:10])
        found.append(RoutingCase(id_of(Kind.ROUTING, query), kind, query, source, group_of(turn.session), instead))
    kept, contradictory = _once(found)
    return Mined(kept, contradictory, about)


def type_of(name: str, query: str) -> Type:
    """How a query that fits a skill speaks of it."""
    short = spoken(name)
    said_so = re.escape(short).replace("\\-", "[- ]")
    if re.search(rf"(?:^|[^\w-])[$/]?(?:{said_so})(?![\w-])", query, re.IGNORECASE):
        return Type.EXPLICIT
    words = len(query.split())
    if words > LONG or _SITUATION.search(query) or (words >= WITH_FIGURES and _FIGURES.search(query)):
        return Type.CONTEXTUAL
    return Type.IMPLICIT


def speaks_about(name: str, query: str) -> bool:
    """Whether a query is about working on the skill, not about what it is for."""
    short = re.escape(spoken(name))
    return _ABOUT.search(query) is not None and re.search(rf"\b{short}(?:'s)?\s+skill\b|\bskill\s+[\"'`]?{short}\b", query) is not None


def group_of(session: str) -> str:
    """A conversation's name that says nothing of it."""
    return f"c-{hashlib.sha256(session.encode()).hexdigest()[:12]}"


_NEGATIVE = ("fired for another", "label against")


def _sided(name: str, turns: Sequence[Turn], labels: Mapping[str, Mapping[int, bool]]) -> Iterator[tuple[int, str, str | None]]:
    """Give the position of each prompt whose side is known, why it is, and which skill fired instead."""
    said = labels.get(name, {})
    lost = {one.turn: one.sign for one in missed(name, turns, said, alike=False)}
    for place, turn in enumerate(turns):
        if not turn.human:
            continue
        fired = {one.name for one in turn.fired if one.how is How.MODEL}
        if said.get(place) is False:
            yield place, "label against", next(iter(sorted(fired - {name})), None)
        elif name in fired:
            yield place, "fired", None
        elif place in lost:
            yield place, _WHY[lost[place]], next(iter(sorted(fired)), None)
        elif name in turn.offered and not turn.typed(name):
            rightly = sorted(other for other in fired if labels.get(other, {}).get(place))
            if rightly:
                yield place, "fired for another", rightly[0]


def _once(cases: Iterable[RoutingCase]) -> tuple[tuple[RoutingCase, ...], int]:
    """Each query once, the newest; those that stand on both sides not at all, unless a person said which is right."""
    by_id = dict[str, list[RoutingCase]]()
    for case in cases:
        by_id.setdefault(case.id, []).append(case)
    kept, contradictory = list[RoutingCase](), 0
    for found in by_id.values():
        sure = [case for case in found if case.source.why in ("label", "label against")] or found
        if len({case.fits for case in sure}) > 1:
            contradictory += 1
        else:
            kept.append(sure[-1])
    return tuple(kept), contradictory
