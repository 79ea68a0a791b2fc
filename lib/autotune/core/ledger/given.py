"""What a run of the benchmark is given: a seed, or cases. The bench gives it, and `check` holds a run against it."""

from __future__ import annotations

from typing import NamedTuple

from autotune.core.cases.rounds import batch
from autotune.core.cases.split import Case
from autotune.core.ledger import scored
from autotune.core.ledger.events import Ran
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.seeded import OF_AN_EXPERIMENT, may_be_begun_anew
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Part


class Given(NamedTuple):
    """A seed, or cases by their places in the segment's list, the measurement by whose number these were drawn, and what they are for."""

    seed: int | None = None
    drawn: int | None = None
    cases: tuple[int, ...] = ()
    part: Part | None = None


NOTHING = Given()


def given(state: State, purpose: Purpose, experiment: int, arm: Arm, *, anew: bool = False) -> Given:
    """Give what comes next; where a measurement begins `anew`, whatever was made for the same before, something fresh."""
    begins = anew or state.seeds.begins(purpose, experiment)
    if state.config.seeds:
        return Given(seed=state.seeds.seed(arm, begins=begins))
    if not state.segment.listed:
        return NOTHING
    if state.scores is not None and purpose in OF_AN_EXPERIMENT:  # which goes on where it was cut off
        begins = state.seeds.begins(purpose, experiment)
    drawn, number = state.seeds.pair(arm, begins=begins)
    if state.scores is not None:
        return _of_scored(state, purpose, drawn, number)
    # Which cases come first is not to be known before the candidate is there.
    candidate = state.experiment.candidate if state.experiment is not None else ""
    return Given(drawn=drawn, cases=batch(state.segment.listed, f"{state.segment.opened.session} {drawn} {candidate}", number))


def _of_scored(state: State, purpose: Purpose, drawn: int, number: int) -> Given:
    """Give cases that have scores: a comparison's own, else those held out for a claim, else of those that may be seen.

    Those that confirm are run in comparisons alone, where there are others.
    """
    segment = state.segment
    if purpose in OF_AN_EXPERIMENT:
        part, cases = scored.upcoming(state)
        return Given(drawn=drawn, cases=cases, part=part)
    part = Part.HELD_OUT if purpose is Purpose.CLAIM else segment.split.seen
    pool = segment.split.of(part)
    if not pool:
        raise ValueError(f"there are no cases for this: {part}")
    places = places_of(segment.listed, pool)
    chosen = batch(pool, f"{segment.opened.session} {drawn}", number)
    return Given(drawn=drawn, cases=tuple(places[place] for place in chosen), part=part)


def places_of(listed: tuple[Case, ...], pool: tuple[Case, ...]) -> tuple[int, ...]:
    """Give the places of some of a list's cases, in the order of these."""
    places = {case.name: place for place, case in enumerate(listed)}
    return tuple(places[case.name] for case in pool)


def fits(state: State, ran: Ran) -> bool:
    """Tell whether a run was given what comes next, or what comes first where it may have begun anew."""
    said = Given(ran.seed, ran.drawn, ran.cases, ran.part)
    if ran.purpose is Purpose.CHECKS:
        return said == NOTHING
    anew = may_be_begun_anew(ran.purpose) and said == given(state, ran.purpose, ran.experiment, ran.arm, anew=True)
    return anew or said == given(state, ran.purpose, ran.experiment, ran.arm)
