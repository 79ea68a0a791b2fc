"""What a settled experiment teaches, and whether the same has to be measured again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.facts import NOT_TRUSTED, REFUTING, Kind
from autotune.core.ledger.events import Result
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import Row, State
from autotune.core.memory.descriptions import alike
from autotune.core.model import Effect, Metric, Outcome, Status, Verdict


class Lesson(StrEnum):
    """What an experiment that was not kept teaches of its idea."""

    REFUTED = "refuted"
    NOT_SHOWN = "not shown"
    BROKE = "broke"  # the code failed, or something else that must hold did


class Likeness(StrEnum):
    """By what a candidate is known again."""

    CHANGE = "change"
    WORDS = "words"


MOST_OF_A_KIND = {Lesson.REFUTED: 8, Lesson.NOT_SHOWN: 4, Lesson.BROKE: 4}


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson of a session, without anything that its hold-out or its cases gave: `effect` is None where they had a part in it."""

    session: str
    experiment: int
    lesson: Lesson
    metric: Metric
    effect: Effect | None
    description: str
    files: tuple[str, ...]
    timestamp: str


def lesson_of(found: Row | Result) -> Lesson | None:
    """Tell what an experiment teaches; None where it was kept, where nothing is known, or where a second look may show more."""
    if found.status is Status.KEEP or found.cause not in (Cause.IDEA, Cause.CANDIDATE):
        return None
    if found.outcome not in (None, Outcome.OK) or found.reason.kind is Kind.GUARDRAIL_BROKEN:
        return Lesson.BROKE
    if found.verdict is not Verdict.DISCARD or found.reason.kind in NOT_TRUSTED:
        return None
    return Lesson.REFUTED if found.reason.kind in (*REFUTING, Kind.DOES_NOT_GENERALISE) else Lesson.NOT_SHOWN


def settles(found: Row | Result, likeness: Likeness, segment: int, restored: Collection[int]) -> bool:
    """Whether an earlier experiment answers for a candidate that is like it, so that measuring again would be a waste.

    It does not where another segment measured it, or where somebody had its changes brought back since. Words alone do not answer for an
    idea whose code failed.
    """
    lesson = lesson_of(found)
    known = lesson is not None and (likeness is Likeness.CHANGE or lesson is not Lesson.BROKE)
    return known and found.segment == segment and found.index not in restored


def taught_by(state: State, rows: Iterable[Row]) -> tuple[Taught, ...]:
    """Give the lessons of some of a session's experiments, in their order."""
    opened, cased = state.segment.opened, bool(state.segment.named)
    found: list[Taught] = []
    for row in rows:
        if (lesson := lesson_of(row)) is not None:
            effect = None if cased or row.reason.kind is Kind.DOES_NOT_GENERALISE else row.effect
            words = row.description, row.files, row.timestamp
            found.append(Taught(opened.session, row.index, lesson, state.metric, effect, *words))
    return tuple(found)


def offered(taught: Iterable[Taught], metric: Metric) -> tuple[Taught, ...]:
    """Choose what a new session gets of the lessons of others: those of its own metric, the latest of a kind, nothing twice.

    At most `MOST_OF_A_KIND` of each; kind by kind, and of each the latest first.
    """
    same = [one for one in taught if (one.metric.name, one.metric.direction) == (metric.name, metric.direction)]
    chosen: list[Taught] = []
    for lesson, most in MOST_OF_A_KIND.items():
        of_kind: list[Taught] = []
        for one in sorted(same, key=lambda found: found.timestamp, reverse=True):
            if one.lesson is lesson and len(of_kind) < most and not any(_says_the_same(one, other) for other in of_kind):
                of_kind.append(one)
        chosen += of_kind
    return tuple(chosen)


def _says_the_same(one: Taught, other: Taught) -> bool:
    return one.description == other.description or alike(one.description, other.description)
