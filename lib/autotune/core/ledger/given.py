"""What a run of the benchmark is given: a seed, or cases. The bench gives it, and `check` holds a run against it."""

from __future__ import annotations

from typing import NamedTuple

from autotune.core.cases.rounds import batch
from autotune.core.ledger.events import Ran
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.seeded import may_be_begun_anew
from autotune.core.ledger.state import State
from autotune.core.model import Arm


class Given(NamedTuple):
    """A seed, or cases by their places in the segment's list, and the measurement by whose number these were drawn."""

    seed: int | None = None
    drawn: int | None = None
    cases: tuple[int, ...] = ()


NOTHING = Given()


def given(state: State, purpose: Purpose, experiment: int, arm: Arm, *, anew: bool = False) -> Given:
    """Give what comes next; where a measurement begins `anew`, whatever was made for the same before, something fresh."""
    begins = anew or state.seeds.begins(purpose, experiment)
    if state.config.seeds:
        return Given(seed=state.seeds.seed(arm, begins=begins))
    if not state.segment.listed:
        return NOTHING
    drawn, number = state.seeds.pair(arm, begins=begins)
    # Which cases come first is not to be known before the candidate is there.
    candidate = state.experiment.candidate if state.experiment is not None else ""
    return Given(drawn=drawn, cases=batch(state.segment.listed, f"{state.segment.opened.session} {drawn} {candidate}", number))


def fits(state: State, ran: Ran) -> bool:
    """Tell whether a run was given what comes next, or what comes first where it may have begun anew."""
    said = Given(ran.seed, ran.drawn, ran.cases)
    if ran.purpose is Purpose.CHECKS:
        return said == NOTHING
    anew = may_be_begun_anew(ran.purpose) and said == given(state, ran.purpose, ran.experiment, ran.arm, anew=True)
    return anew or said == given(state, ran.purpose, ran.experiment, ran.arm)
