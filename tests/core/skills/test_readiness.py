from __future__ import annotations

from dataclasses import replace

import pytest

from autotune.core.skills.package import Flaw, Rule
from autotune.core.skills.readiness import HOST, Readiness, Step, Suite, command, readiness
from autotune.core.skills.results import Result, What

SUITE = Suite("s", 20, 20, 0)
TEST = Result("a", What.TEST, HOST, "f", "s", 1, 9, 10)
BASELINE = replace(TEST, what=What.BASELINE, passed=True)


def look(*results: Result, flaws: tuple[Flaw, ...] = (), suite: Suite | None = SUITE) -> Readiness:
    return readiness(flaws, "f", suite, results)


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (look(flaws=(Flaw(Rule.SPECIFICATION), Flaw(Rule.LINK_LOST))), Step.SPECIFICATION),
        (look(flaws=(Flaw(Rule.LINK_LOST),)), Step.RESOURCES),
        (look(flaws=(Flaw(Rule.FILE_LOST),)), Step.RESOURCES),
        (look(flaws=(Flaw(Rule.LONG),), suite=None), Step.EVALS),
        (look(suite=Suite("s", 20, 0, 0)), Step.EVALS),
        (look(), Step.TESTS),
        (look(replace(TEST, right=5)), Step.TESTS),
        (look(replace(TEST, of=0)), Step.TESTS),
        (look(replace(TEST, passed=False)), Step.TESTS),
        (look(replace(TEST, fingerprint="older")), Step.TESTS),
        (look(replace(TEST, instrument="routing-judge")), Step.REPLAY),
        (look(TEST), Step.BASELINE),
        (look(TEST, replace(BASELINE, passed=False)), Step.BASELINE),
        (look(TEST, BASELINE), None),
        (look(replace(TEST, instrument="task"), BASELINE, suite=Suite("s", 0, 0, 3)), None),
    ],
)
def test_the_first_step_that_is_missing_comes_next(found: Readiness, step: Step | None) -> None:
    assert [found.next, found.ready] == [step, step is None]


def test_every_step_has_a_command() -> None:
    assert "--tasks" in command(Step.BASELINE, "NAME", SUITE)
    assert command(Step.BASELINE, "NAME", replace(SUITE, tasks=1)) == "autotune skills baseline NAME"
    assert all(command(step, "NAME").startswith("autotune skills ") for step in (*Step, None))


@pytest.mark.parametrize("suite", [Suite("s", 6, 0, 0), Suite("s", 0, 6, 0)])
def test_where_records_gave_one_side_of_queries_a_person_is_asked_for_the_other(suite: Suite) -> None:
    assert command(Step.EVALS, "NAME", suite) == "autotune skills label NAME"
    assert command(Step.EVALS, "NAME", Suite("s", 0, 0, 0)) == "autotune skills eval generate NAME"
