"""What tests of a skill came to, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from autotune.core.skills.measured import Measured, compared, measured
from autotune.core.skills.probed import Probed
from autotune.core.skills.probing import Measures
from autotune.core.skills.signs import Failing, Outcome
from autotune.core.skills.suite import By, RoutingCase, Source, SuiteCase, TaskCase, Type
from autotune.core.tell import tested
from autotune.core.tell.lines import Line

SOURCE = Source(By.PERSON, "written", "2026-11-30")
TASKS = tuple(TaskCase(f"t-{number}", f"do {number}", SOURCE) for number in range(30))
QUERIES = tuple(RoutingCase(f"r-{number}", (Type.IMPLICIT, Type.NEGATIVE)[number % 2], f"say {number}", SOURCE) for number in range(30))


def made(cases: Sequence[SuiteCase], *scores: float | None) -> Measured:
    """A measurement with these scores, again and again; None for a probe that failed."""
    found = (
        Probed(case.id, () if score is None else (score,), (Outcome((), Failing.CRASHED),) if score is None else (), (("other",), ()))
        for case, score in zip(cases, scores * len(cases), strict=False)
    )
    return measured(cases, found)


def text(lines: Iterable[Line]) -> str:
    return "\n".join(f"{line.label}: {line.text}" for line in lines)


def test_a_run_says_what_was_right_by_side_and_kind_and_what_was_wrong() -> None:
    told = text(tested.once(Measures.ROUTING_HOST, "notes", made(QUERIES, 1.0, 0.0, 0.0)))
    assert "by kind: implicit 5 of 15, negative 5 of 15" in told
    assert "other fired" in told
    assert "are not shown" in told
    told = text(tested.once(Measures.TASK, "notes", made(TASKS, 0.0)))
    assert "it did not pass" in told
    assert "by kind" not in told
    assert "wrong" not in text(tested.once(Measures.TASK, "notes", made(TASKS, 1.0)))
    silent = measured(QUERIES[:1], [Probed("r-0", (0.0,))])
    assert "wrong" in text(tested.once(Measures.ROUTING_HOST, "notes", silent)) or silent.hidden()


def test_with_and_without_says_the_difference_and_whether_it_can_be_told_from_nothing() -> None:
    without, found = made(TASKS, 0.0), made(TASKS, 1.0)
    told = text(tested.with_and_without("notes", without, found, compared(without, found)))
    assert "difference: +100 points" in told
    assert "cannot tell" not in told
    assert "30 tasks cannot tell" in text(tested.with_and_without("notes", without, without, compared(without, without)))
    few = made(TASKS[:2], 0.0)
    assert "2 tasks cannot tell" in text(tested.with_and_without("notes", few, few, compared(few, few)))
    failed = made(TASKS, None)
    told = text(tested.with_and_without("notes", without, failed, compared(without, failed)))
    assert "difference" not in told
    assert "no score: 30 cases" in told


def test_twice_says_whether_the_instrument_agrees_with_itself() -> None:
    first, second = made(QUERIES, 1.0), made(QUERIES, 0.0)
    assert "none was found" in text(tested.twice("notes", Measures.ROUTING_HOST, first, first, compared(first, first)))
    told = text(tested.twice("notes", Measures.ROUTING_HOST, first, second, compared(first, second)))
    assert "do not decide by this" in told
    assert "flipped: 30 of 30" in told
    paid = replace(first, found={key: replace(one, usd=0.01) for key, one in first.found.items()})
    assert "cost: $0.60" in text(tested.twice("notes", Measures.ROUTING_HOST, paid, paid, None))
    few = made(QUERIES[:2], 1.0)
    assert "can show" not in text(tested.twice("notes", Measures.ROUTING_HOST, few, few, compared(few, few)))
    failed = made(QUERIES, None)
    assert "no case has a score" in text(tested.twice("notes", Measures.ROUTING_HOST, failed, first, compared(failed, first)))
