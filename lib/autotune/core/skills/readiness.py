"""How far a skill is on its way to being published, by what is there; and the command that comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.skills.package import Flaw, Rule
from autotune.core.skills.results import Result, What, newest

GOOD = 0.8  # of the answers right, where a test itself does not say whether it passed
TASKS = 10  # that a model is asked for, where there are none
HOST = "routing-host"
"""The instrument that is the real client."""
RESOURCES = frozenset({Rule.LINK_LOST, Rule.ANCHOR_LOST, Rule.FILE_LOST, Rule.LINK_OUTSIDE})


class Step(StrEnum):
    """What a skill has to have, in this order."""

    SPECIFICATION = "specification"
    RESOURCES = "resources"
    EVALS = "evals"
    TESTS = "tests"
    REPLAY = "replay"  # the tests in the real client
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Suite:
    """What is known of a skill's cases: the hash of all that they are, and how many there are of each kind."""

    hash: str
    positive: int
    negative: int
    tasks: int


NO_CASES = Suite("", 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A step: whether it is done, and the result that says so, where one does."""

    step: Step
    done: bool
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Every step, and the first that is not done; None where all are."""

    steps: tuple[Found, ...]
    next: Step | None

    @property
    def ready(self) -> bool:
        """Whether it can be published."""
        return self.next is None


def readiness(flaws: Sequence[Flaw], fingerprint: str, suite: Suite | None, results: tuple[Result, ...]) -> Readiness:
    """Tell by a skill's flaws, its suite and the results of this very version how far it is."""
    lost = [one for one in flaws if one.rule in RESOURCES]
    known = "" if suite is None else suite.hash
    tests = [one for one in results if one.what is What.TEST]
    test = newest(tuple(tests), What.TEST, fingerprint, known)
    replay = newest(tuple(one for one in tests if one.instrument == HOST), What.TEST, fingerprint, known)
    baseline = newest(results, What.BASELINE, fingerprint, known)
    routes = suite is not None and suite.positive > 0
    steps = (
        Found(Step.SPECIFICATION, not any(one.stops and one.rule not in RESOURCES for one in flaws)),
        Found(Step.RESOURCES, not lost),
        Found(Step.EVALS, suite is not None and (suite.tasks > 0 or (routes and suite.negative > 0))),
        Found(Step.TESTS, _passed(test), test),
        Found(Step.REPLAY, _passed(replay) or (suite is not None and not routes and _passed(test)), replay),
        Found(Step.BASELINE, _passed(baseline), baseline),
    )
    return Readiness(steps, next((one.step for one in steps if not one.done), None))


def command(step: Step | None, name: str, suite: Suite | None = None) -> str:
    """The command that does a step, or the one after all of them. A baseline needs tasks: without the skill, no query can fire it.

    Records alone seldom give the side of queries that is missing: a person says which prompts do not fit.
    """
    if step is Step.EVALS and suite is not None and suite.positive + suite.negative:
        return f"autotune skills label {name}"
    if step is Step.BASELINE and suite is not None and not suite.tasks:
        return f"autotune skills eval generate {name} --from model --positives 0 --negatives 0 --tasks {TASKS}"
    return {
        Step.SPECIFICATION: f"autotune skills check {name}",
        Step.RESOURCES: f"autotune skills check {name}",
        Step.EVALS: f"autotune skills eval generate {name}",
        Step.TESTS: f"autotune skills test {name}",
        Step.REPLAY: f"autotune skills test {name}",
        Step.BASELINE: f"autotune skills baseline {name}",
        None: f"autotune skills publish {name}",
    }[step]


def _passed(result: Result | None) -> bool:
    if result is None:
        return False
    return result.passed if result.passed is not None else (result.share or 0.0) >= GOOD
