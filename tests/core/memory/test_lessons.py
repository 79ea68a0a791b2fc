"""What settled experiments teach."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.session import at, result, segment

from autotune.core.codec import decode, encode
from autotune.core.facts import Fact, Kind
from autotune.core.health.transitions import Health
from autotune.core.ledger.fold import begin, row
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import Row
from autotune.core.memory.lessons import MOST_OF_A_KIND, Lesson, Likeness, Taught, lesson_of, offered, settles, taught_by
from autotune.core.model import Direction, Effect, Metric, Outcome, Status, Verdict

EFFECT = Effect(1.02, 1.01, 1.03, relative=True)
METRIC = Metric("t", "s", Direction.LOWER)


def done(index: int, kind: Kind = Kind.NO_GAIN, **changed: object) -> Row:
    made = result(index, reason=Fact(kind), effect=EFFECT, description=f"the idea of number {index}")
    found = replace(made, **changed)  # type: ignore[arg-type]
    return row(found, found.reason, Health.RUNNING, None)


@pytest.mark.parametrize(
    ("found", "lesson"),
    [
        (done(1), Lesson.REFUTED),
        (done(1, Kind.DOES_NOT_GENERALISE), Lesson.REFUTED),
        (done(1, Kind.NOT_SHOWN), Lesson.NOT_SHOWN),
        (done(1, Kind.GUARDRAIL_BROKEN), Lesson.BROKE),
        (done(1, outcome=Outcome.CRASHED, cause=Cause.CANDIDATE, status=Status.CRASH), Lesson.BROKE),
        (done(1, status=Status.KEEP, verdict=Verdict.KEEP), None),
        (done(1, Kind.LOOKS_BETTER, verdict=Verdict.INCONCLUSIVE), None),
        (done(1, Kind.TAMPERED, verdict=Verdict.VOID), None),
        (done(1, Kind.TAMPERED), None),
        *((done(1, cause=cause), None) for cause in Cause if cause not in (Cause.IDEA, Cause.CANDIDATE)),
    ],
)
def test_a_lesson_is_what_is_known_of_the_idea(found: Row, lesson: Lesson | None) -> None:
    assert lesson_of(found) is lesson


def test_what_is_known_answers_for_the_same_change_in_the_same_segment_unless_it_was_brought_back() -> None:
    assert settles(done(1), Likeness.CHANGE, 1, ())
    assert settles(done(1), Likeness.WORDS, 1, ())
    assert not settles(done(1), Likeness.CHANGE, 2, ())
    assert not settles(done(1), Likeness.CHANGE, 1, (1,))
    assert not settles(done(1, status=Status.KEEP), Likeness.CHANGE, 1, ())
    broke = done(1, Kind.GUARDRAIL_BROKEN)
    assert settles(broke, Likeness.CHANGE, 1, ())
    assert not settles(broke, Likeness.WORDS, 1, ())


def test_a_session_hands_on_what_it_learned_and_no_figure_of_a_hold_out_or_of_cases() -> None:
    state = begin(segment())
    kept = done(3, status=Status.KEEP)
    taught = taught_by(state, [done(1), done(2, Kind.DOES_NOT_GENERALISE), kept])
    assert [(one.experiment, one.effect) for one in taught] == [(1, EFFECT), (2, None)]
    assert taught[0] == Taught("fast-1", 1, Lesson.REFUTED, METRIC, EFFECT, "the idea of number 1", ("src/a.py",), at(1))
    cased = replace(state, segment=replace(state.segment, named=("a", "b")))
    assert [one.effect for one in taught_by(cased, [done(1)])] == [None]
    assert decode(Taught, encode(taught[0])) == taught[0]


def test_a_new_session_is_offered_few_lessons_of_its_metric_the_latest_first_and_none_twice() -> None:
    state = begin(segment())
    rows = [done(index, kind) for index in range(1, 60) for kind in [(Kind.NO_GAIN, Kind.NOT_SHOWN, Kind.GUARDRAIL_BROKEN)[index % 3]]]
    taught = taught_by(state, rows)
    chosen = offered(taught, METRIC)
    assert [sum(one.lesson is lesson for one in chosen) for lesson in Lesson] == [MOST_OF_A_KIND[lesson] for lesson in Lesson]
    assert [one.experiment for one in chosen if one.lesson is Lesson.REFUTED][:3] == [57, 54, 51]
    twice = [replace(taught[0], description="Keep rows of the table"), replace(taught[0], description="keeping the rows of a table")]
    assert len(offered(twice, METRIC)) == 1
    assert offered(taught, Metric("t", "s", Direction.HIGHER)) == offered(taught, Metric("u", "s", Direction.LOWER)) == ()
