"""A comparison whose cases have scores: which arm and cases come next, or the verdict. `core/cases` has the rules.

A candidate is run on the cases to search with first. Where it is not better there by a standard error, that is all. Else it is run on those
that confirm, whose bet decides. Where there are too few cases to split, all of them confirm.

    decided(state, ...)       the verdict, the part whose order is to be drawn, or the arms and cases of the next runs
    upcoming(state)           the cases of an open comparison's next run
    mean_of(runs, metric)     the mean score of runs
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from autotune.core.cases import bounded
from autotune.core.cases.confirming import Count, needed
from autotune.core.cases.drawing import Draw, Taken, draw
from autotune.core.cases.mean_bet import interval, total
from autotune.core.cases.progress import Progress, further
from autotune.core.cases.progress import upcoming as what_is_due
from autotune.core.cases.scores import (
    EXCLUDED,
    HOPEFUL,
    MARGIN,
    PROVEN_AT,
    START,
    Asked,
    Because,
    Tally,
    judged,
    promising,
    tallied,
)
from autotune.core.cases.split import is_sided
from autotune.core.cases.units import ScoreRange, Tried, Unit, unit_of
from autotune.core.decide import guards
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Drawn
from autotune.core.ledger.segment import Listing, cases_of, split_of
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Decision, Effect, Outcome, Part, Policy, Run, Verdict
from autotune.core.output.outcome import CASES
from autotune.core.stats import effects
from autotune.core.stats.bounds import Guarded
from autotune.core.stats.effects import Claim, tail_of_look

KINDS: Mapping[Because, Kind] = {
    Because.BETTER: Kind.SCORES_BETTER,
    Because.NOT_WORTH_IT: Kind.SCORES_NOT_WORTH_IT,
    Because.TOO_FEW: Kind.SCORES_TOO_FEW,
    Because.USED_UP: Kind.SCORES_USED_UP,
    Because.OUT_OF_REACH: Kind.SCORES_OUT_OF_REACH,
    Because.LESS_SPECIFIC: Kind.SCORES_LESS_SPECIFIC,
    Because.NOT_SPECIFIC: Kind.SCORES_NOT_SPECIFIC,
}


class _Seen(NamedTuple):
    """A part of the cases as far as it was run: its order, its runs, and how far they have come."""

    drawing: Drawn
    draw: Draw
    runs: Sequence[Run]
    progress: Progress

    @property
    def units(self) -> Sequence[Unit]:
        return self.progress.units

    @property
    def left(self) -> int:
        return len(self.draw.units) - len(self.units)


@dataclass(slots=True)
class _Course:
    """A comparison's order, and how far which of its runs had come at the last look: the next one counts on from there.

    Only time hangs on it: other runs are counted from their start, and come to the same.
    """

    draw: Draw
    counted: tuple[tuple[Run, ...], Progress] = ((), Progress())


def decided(state: State, runs: Sequence[Run], policy: Policy, coin: random.Random) -> Decision:
    """Say what becomes of the open experiment's candidate, given its good runs in time order, or what comes next.

    Raises KeyError for two successive runs of one arm.
    """
    split = state.segment.split
    if split.search:
        drawing = _drawing(state, Part.SEARCH)
        if drawing is None:
            return Decision(Verdict.MEASURE_AGAIN, None, draws=Part.SEARCH)
        found = _searched(state, _seen(state, drawing, runs, policy), policy, coin)
        if found is not None:
            return found
    drawing = _drawing(state, Part.CONFIRM)
    if drawing is None:
        return Decision(Verdict.MEASURE_AGAIN, None, draws=Part.CONFIRM)
    return _confirmed(state, drawing, runs, policy, coin)


def upcoming(state: State) -> tuple[Part, tuple[int, ...]]:
    """Give the cases of the open comparison's next run, by their places, and what they are for. Raises ValueError where none was begun."""
    experiment = state.experiment
    if experiment is None or not experiment.drawn:
        raise ValueError("no comparison on cases is begun")
    seen = _seen(state, experiment.drawn[-1], [run for run in experiment.runs if run.outcome is Outcome.OK], state.policy)
    return seen.drawing.part, _next(state, seen)


def mean_of(runs: Iterable[Mapping[str, float]], metric: str) -> float | None:
    """Give the mean of all scores of some runs, from the samples of each; None where none has any."""
    scored = [(one[metric], one[CASES]) for one in runs if metric in one and one.get(CASES)]
    return math.fsum(mean * count for mean, count in scored) / math.fsum(count for _, count in scored) if scored else None


def value_of(state: State, runs: Iterable[Run]) -> float | None:
    """Give the candidate's mean score on the cases that the baseline was measured on, as far as these were run; a case counts once."""
    seen, metric, listed = state.segment.split.seen, state.metric.name, state.segment.listed
    made = [run for run in runs if run.arm is Arm.CANDIDATE and run.part is seen]
    tried = ((name, run.samples) for run in made for place in run.cases for name in (f"{metric}[{listed[place].name}]",))
    last = {name: samples[name] for name, samples in tried if name in samples}
    return math.fsum(last.values()) / len(last) if last else None


def asked_of(state: State, policy: Policy, drawing: Drawn | None) -> Asked:
    """Give what a keep takes; of a comparison on cases to search with nothing is kept, whatever its evidence."""
    least, worth, margin = _range(state).share(policy.min_effect), state.config.worth, MARGIN if is_sided(state.segment.listed) else None
    if drawing is None or drawing.part is not Part.CONFIRM:
        return Asked(math.inf, least, worth, margin)
    session = Count(drawing.number, drawing.planned, drawing.keeps)
    pool = Count(drawing.pool_number, drawing.planned, drawing.pool_keeps)
    return Asked(needed(session, pool, policy.error_budget), least, worth, margin)


def claim_of(state: State, pairs: Sequence[tuple[Run, Run]], look: int) -> Claim:
    """Give what runs of (first, last) state support. Where scores decide, they are on the cases that are held out.

    Their bet holds at every `look`. A case without a score counts as in a comparison, but is not asked for again. Raises ValueError where
    no case has a score in both.
    """
    if state.scores is None:
        printed = [(first.samples[state.metric.name], last.samples[state.metric.name]) for first, last in pairs]
        logs = min(value for pair in printed for value in pair) > 0
        return effects.claim_of(printed, state.metric.direction, logs=logs, look=look, exact=state.claims_by_few)
    tries = dict(chain.from_iterable(_brought(state, pair) for pair in pairs))
    by_unit = dict[str, list[Tried]]()
    for case in state.segment.split.held_out:
        if case.name in tries:
            by_unit.setdefault(case.unit, []).append(tries[case.name])
    units = [unit_of(tried) for tried in by_unit.values()]
    tally, effect = tallied(units, Asked(math.inf)), _effect(state.scores, _differences(units))
    if effect is None:
        raise ValueError("no case that is held out has a score in both states")
    return Claim(tally.evidence >= 1 / tail_of_look(look) and tally.mean > 0, effect, len(pairs), look, fewest=1)


def _range(state: State) -> ScoreRange:
    if state.scores is None:
        raise ValueError("no scores decide in this segment")
    return state.scores


def _drawing(state: State, part: Part) -> Drawn | None:
    begun = state.experiment.drawn if state.experiment is not None else ()
    return next((one for one in begun if one.part is part), None)


@lru_cache(maxsize=8)
def _course(listed: Listing, metric: str, scores: ScoreRange, drawing: Drawn, asked: Asked) -> _Course:  # noqa: ARG001 - what its progress depends on
    return _Course(draw(split_of(*listed).of(drawing.part), drawing.order, drawing.size, drawing.taken))


@lru_cache(maxsize=4)
def _places(named: tuple[str, ...], sided: bool) -> Mapping[str, int]:  # noqa: FBT001 - as a segment has it
    return {case.name: place for place, case in enumerate(cases_of(named, sided))}


def _seen(state: State, drawing: Drawn, runs: Sequence[Run], policy: Policy) -> _Seen:
    segment, asked = state.segment, asked_of(state, policy, drawing)
    course = _course(segment.listing, state.metric.name, _range(state), drawing, asked)
    made = [run for run in runs if run.part is drawing.part]
    paired = tuple(made[: len(made) // 2 * 2])
    before, progress = course.counted
    if paired[: len(before)] != before:
        before, progress = (), Progress()
    if len(paired) > len(before):
        progress = _further(state, course.draw, asked, progress, paired[len(before) :])
        course.counted = paired, progress
    return _Seen(drawing, course.draw, made, progress)


def _further(state: State, drawn: Draw, asked: Asked, progress: Progress, runs: Sequence[Run]) -> Progress:
    pairs = zip(runs[::2], runs[1::2], strict=True)
    return further(progress, drawn, asked, [_brought(state, pair) for pair in pairs])


def _brought(state: State, pair: tuple[Run, Run]) -> list[tuple[str, Tried]]:
    listed, metric = state.segment.listed, state.metric.name
    by_arm = {run.arm: run.samples for run in pair}
    candidate, incumbent = by_arm[Arm.CANDIDATE], by_arm[Arm.INCUMBENT]
    place = _range(state).place
    brought = list[tuple[str, Tried]]()
    for name in [listed[number].name for number in pair[0].cases]:
        after, before = candidate.get(full := f"{metric}[{name}]"), incumbent.get(full)
        brought.append((name, Tried(None if after is None else place(after), None if before is None else place(before))))
    return brought


def _next(state: State, seen: _Seen) -> tuple[int, ...]:
    if len(seen.runs) % 2:
        return seen.runs[-1].cases
    places = _places(state.segment.named, state.segment.sided)
    return tuple(places[name] for name in what_is_due(seen.progress, seen.draw))


def _more(state: State, seen: _Seen, coin: random.Random, odds: tuple[float, float] | None = None) -> Decision:
    """Ask for both runs of the next batch, or for the second of the one that is begun."""
    begun = seen.runs[-1:] if len(seen.runs) % 2 else ()
    arms = [arm for arm in Arm if arm is not begun[0].arm] if begun else coin.sample(list(Arm), 2)
    evidence, asked = odds or (None, None)
    return Decision(Verdict.MEASURE_AGAIN, None, tuple(arms), evidence=evidence, needed=asked, fresh=not begun, cases=_next(state, seen))


def _searched(state: State, seen: _Seen, policy: Policy, coin: random.Random) -> Decision | None:
    """Decide on the cases to search with: not worth it, not better by a standard error, more of them; None where it is to be confirmed."""
    asked = asked_of(state, policy, None)
    if len(seen.runs) % 2:
        return _more(state, seen, coin)
    tally = seen.progress.tally
    if tally.has_fallen:
        return _answer(state, Verdict.DISCARD, Kind.SCORES_LESS_SPECIFIC, seen, tally, policy)
    if total(tally.worse) >= EXCLUDED and tally.evidence < HOPEFUL:
        return _answer(state, Verdict.DISCARD, Kind.SCORES_NOT_WORTH_IT, seen, tally, policy)
    if seen.left:
        return _more(state, seen, coin)
    differences = [unit.worst for unit in seen.units] if tally.unequal else _differences(seen.units)
    if promising(differences, asked.least):
        return None
    return _answer(state, Verdict.DISCARD, Kind.SCORES_NOT_PROMISING, seen, tally, policy)


def _confirmed(state: State, drawing: Drawn, runs: Sequence[Run], policy: Policy, coin: random.Random) -> Decision:
    """Decide on the cases that confirm; a keep has to hold its guardrails too, which may take more of them than the metric did."""
    seen = _seen(state, drawing, runs, policy)
    if len(seen.runs) % 2:
        return _more(state, seen, coin)
    asked, guarded = asked_of(state, policy, drawing), state.config.guardrails
    found = None
    for count, look in _looks(seen, all_of_them=bool(guarded)):
        found = judged(look, asked, len(seen.draw.units) - look.units)
        if found.verdict is not Verdict.MEASURE_AGAIN:
            odds = found.evidence, found.needed
            decision = _answer(state, found.verdict, KINDS[found.because], _at(state, seen, count, asked), look, policy, odds)
            return _guarded(state, decision, seen, coin) if guarded and found.verdict is Verdict.KEEP else decision
    return _more(state, seen, coin, None if found is None else (found.evidence, found.needed))


def _looks(seen: _Seen, *, all_of_them: bool) -> Iterator[tuple[int, Tally]]:
    """Give how many pairs had been run at a look, and what counted then: of each look, the one before any run first, or of the last."""
    looks = (START, *seen.progress.looks)
    yield from enumerate(looks) if all_of_them else [(len(looks) - 1, looks[-1])]


def _at(state: State, seen: _Seen, pairs: int, asked: Asked) -> _Seen:
    """Give what was seen once so many pairs had been run."""
    if 2 * pairs == len(seen.runs):
        return seen
    runs = seen.runs[: 2 * pairs]
    return seen._replace(runs=runs, progress=_further(state, seen.draw, asked, Progress(), runs))


def _answer(
    state: State, verdict: Verdict, kind: Kind, seen: _Seen, tally: Tally, policy: Policy, odds: tuple[float, float] | None = None
) -> Decision:
    scores, asked = _range(state), asked_of(state, policy, None)
    figures: dict[str, Any] = {
        "part": seen.drawing.part,
        "units": tally.counted,
        "dropped": tally.units - tally.counted,
        "left": seen.left,
        "grouped": any(case.group is not None for case in state.segment.listed),
        "worth": abs(scores.effect(asked.aim)),
        **({"asked": policy.min_effect} if policy.min_effect else {}),
        **({"unequal": True} if tally.unequal else {}),
        **({"in_batches": True} if seen.drawing.taken is Taken.BATCH else {}),
        **(_of_sides(scores, tally) if asked.margin is not None else {}),
    }
    evidence, needs = odds or (None, None)
    effect = _effect(scores, _differences(seen.units))
    return Decision(verdict, Fact(kind, figures), effect=effect, evidence=evidence, needed=needs)


def _of_sides(scores: ScoreRange, tally: Tally) -> dict[str, Any]:
    """Give by how much negative queries got better, in the score's unit, and whether a fall by more than .10 is excluded."""
    return {"specificity": scores.effect(tally.specificity), **({"proven": True} if total(tally.within) >= PROVEN_AT else {})}


def _differences(units: Sequence[Unit]) -> list[float]:
    return [unit.difference for unit in units if unit.difference is not None]


def _effect(scores: ScoreRange, differences: Sequence[float]) -> Effect | None:
    """Give the mean difference in the score's unit, with the interval that holds at every look."""
    if not differences:
        return None
    low, high = sorted(map(scores.effect, interval(differences)))
    return Effect(scores.effect(math.fsum(differences) / len(differences)), low, high, relative=False)


def _guarded(state: State, decision: Decision, seen: _Seen, coin: random.Random) -> Decision:
    """Give what becomes of a keep once its guardrails are asked, by all runs that were made."""
    judged_guards = tuple((guard, _standing(state, guard, seen)) for guard in map(guards.read_guard, state.config.guardrails))
    return guards.with_guards(decision, judged_guards, (lambda: _more(state, seen, coin)) if seen.left else None)


def _standing(state: State, guard: guards.Guard, seen: _Seen) -> Guarded:
    """Judge a guardrail: a metric of each case by units, one of each run by batches."""
    pairs = list(zip(seen.runs[::2], seen.runs[1::2], strict=True))
    listed, by_case = state.segment.listed, dict[str, tuple[float, float]]()
    by_run = list[tuple[float, float]]()
    for pair in pairs:
        before, after = (next(run.samples for run in pair if run.arm is arm) for arm in (Arm.INCUMBENT, Arm.CANDIDATE))
        names = {name: f"{guard.metric}[{name}]" for name in (listed[place].name for place in pair[0].cases)}
        by_case |= {name: (before[full], after[full]) for name, full in names.items() if full in before and full in after}
        if guard.metric in before and guard.metric in after:
            by_run.append((before[guard.metric], after[guard.metric]))
    if not by_case:
        return bounded.kept(by_run, guard.bound)
    units = ([by_case[name] for name in unit if name in by_case] for unit in seen.draw.units)
    return bounded.kept([_mean(unit) for unit in units if unit], guard.bound)


def _mean(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    before, after = (math.fsum(side) / len(values) for side in zip(*values, strict=True))
    return before, after


def is_undecided(verdict: Verdict | None, reason: Fact) -> bool:
    """Whether nothing is said of a change, since too many units were dropped for want of a score: it may be tried again.

    That is so where the rest were too few, or fewer than those.
    """
    dropped, counted = (reason.figures.get(name, 0) for name in ("dropped", "units"))
    return verdict is Verdict.INCONCLUSIVE and bool(dropped) and (reason.kind is Kind.SCORES_TOO_FEW or dropped > counted)
