"""The experiments that can be compared, and what is known of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from autotune.core import rules
from autotune.core.cases.listed import listed
from autotune.core.cases.split import Case, Split, by_letters
from autotune.core.facts import Fact
from autotune.core.ledger import events
from autotune.core.ledger.events import Calibrated, SegmentOpened
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.searched import Searched
from autotune.core.model import Arm, Metric, Outcome, Run, Witness
from autotune.core.output import outcome
from autotune.core.output.outcome import CASES
from autotune.core.stats import drift, noise

REFERENCE_KEPT = 40  # the incumbent's latest values that are held
Listing = tuple[tuple[str, ...], str, bool]


@dataclass(frozen=True, slots=True)
class Segment:
    """The experiments that can be compared, from the event that opened the segment on. A new one begins with nothing but that event.

    `values` holds one value per measured experiment, the baseline first. `pool`, `witness` and `reference` are what `Calibration` asks for;
    none changes while an experiment is measured. `best` is the incumbent's value. `crossed` tells whether the incumbent came to values of
    zero or less, where the baseline was positive. `case_ratios` tells whether the metric's `cases` are compared as ratios. `several` names
    the metrics that the unchanged code was seen to print with several values. `looked` is how many experiments there were when the
    incumbent's earlier values were last looked at. `context` is what the first run said of what is measured with, and `left_behind` says
    how the unchanged code's runs say otherwise by now. `named` are the cases that runs get some of, where there are any,
    as they are written, and `parts` what they are for, where scores decide. `spent` tells that those that confirm may not do so again,
    and `searched` how those to search with stand.
    """

    opened: SegmentOpened
    baseline: float | None = None
    baseline_runs: tuple[float, ...] = ()
    baseline_wall_s: float | None = None
    baseline_prepare_s: float = 0.0
    baseline_observed: tuple[Run, ...] = ()
    best: float | None = None
    best_index: int = 0
    values: tuple[float, ...] = ()
    reference: tuple[float, ...] = ()
    drift_before: drift.Drift | None = None
    pool: tuple[float, ...] = ()
    witness: Witness | None = None
    crossed: bool = False
    cases: tuple[str, ...] = ()
    case_ratios: bool = True
    several: tuple[str, ...] = ()
    calibrated: Calibrated | None = None
    looked: int = 0
    narrowed: tuple[str, ...] = ()
    narrowed_left: int = 0
    target_checked: str | None = None
    target_reached: bool = False
    context: Mapping[str, str] = field(default_factory=dict)
    left_behind: Fact | None = None
    named: tuple[str, ...] = ()
    parts: str = ""
    spent: Fact | None = None
    searched: Searched = field(default_factory=Searched)

    @property
    def split(self) -> Split:
        """What the cases are for, where scores decide."""
        return split_of(*self.listing)

    @property
    def can_claim(self) -> bool:
        """Whether the whole gain can be measured: that of scores only on cases that are held out."""
        return not self.parts or bool(self.split.held_out)

    @property
    def listed(self) -> tuple[Case, ...]:
        """The cases that runs get some of, in the list's order; none where the session has no cases."""
        return cases_of(self.named, self.sided)

    @property
    def listing(self) -> Listing:
        """Its cases as they are written, what each is for, and whether they may have sides."""
        return self.named, self.parts, self.sided

    @property
    def sided(self) -> bool:
        """Whether its cases may have sides: since the rule that reads them."""
        return self.opened.rule >= rules.SIDES_ARE_READ

    @property
    def run_s(self) -> float:
        """About how long a run takes, with what prepares it; 0 while nobody knows."""
        return (self.baseline_wall_s or 0.0) + self.baseline_prepare_s

    @property
    def logs(self) -> bool:
        """Whether values can be compared as ratios: all of the baseline's are positive, and the incumbent's since."""
        return bool(self.baseline_runs) and min(self.baseline_runs) > 0 and not self.crossed

    @property
    def drift(self) -> drift.Drift | None:
        """Whether the incumbent's values drift, or its predecessor's did where there are too few yet; None where that is not known."""
        return drift.rank_von_neumann(self.reference) or self.drift_before

    @property
    def drifts(self) -> bool:
        """Whether the incumbent's latest values were seen to drift."""
        return (drift := self.drift) is not None and drift.flagged


@lru_cache(maxsize=4)
def cases_of(named: tuple[str, ...], sided: bool) -> tuple[Case, ...]:  # noqa: FBT001 - as a segment has it
    """Give the cases that lines name."""
    return listed(named, sided=sided) if named else ()


@lru_cache(maxsize=4)
def split_of(named: tuple[str, ...], parts: str, sided: bool) -> Split:  # noqa: FBT001 - as a segment has it
    """Give what the cases that lines name are for, by a letter each."""
    return by_letters(cases_of(named, sided), parts)


def seen(segment: Segment, metric: Metric, event: events.Ran) -> Segment:
    """Take in what a run of the unchanged code printed; those of the baseline tell what the metric's values are."""
    value = event.metrics.get(metric.name)
    if event.outcome is not Outcome.OK or (value is None and event.part is None):
        return segment
    if event.arm is Arm.INCUMBENT:
        segment = replace(segment, several=tuple(sorted({*segment.several, *event.run.several})))
    if event.purpose is not Purpose.BASELINE:
        return segment
    if event.part is not None:
        segment = replace(segment, searched=segment.searched.with_baseline(event.run, metric.name, segment.listed))
    segment = replace(segment, context=segment.context if segment.baseline_observed else event.context)
    if value is None:  # no case of this batch was scored
        return replace(segment, baseline_observed=(*segment.baseline_observed, event.run))
    runs = (*segment.baseline_runs, value)
    cases = outcome.cases_of(event.metrics, metric.name) if CASES in event.metrics else ()
    known = bool(event.cases and segment.baseline_runs)
    return replace(
        segment,
        baseline_runs=runs,
        baseline_wall_s=event.wall_s,
        baseline_prepare_s=max(segment.baseline_prepare_s, event.prepare_s),
        baseline_observed=(*segment.baseline_observed, event.run),
        reference=runs[-REFERENCE_KEPT:],
        cases=() if event.cases else cases,
        case_ratios=segment.case_ratios if segment.cases or known else outcome.are_ratios(event.metrics, metric.name, cases),
    )


def compared(segment: Segment, number: int, value: float | None, fresh: tuple[float, ...], *, kept: bool) -> Segment:
    """Take in what an experiment came to; `fresh` are its values of what is the incumbent now."""
    left = 0 if kept else max(0, segment.narrowed_left - 1)
    found = replace(
        segment,
        values=segment.values if value is None else (*segment.values, value),
        narrowed_left=left,
        narrowed=segment.narrowed if left else (),
        reference=(fresh if kept else (*segment.reference, *fresh))[-REFERENCE_KEPT:],
        drift_before=segment.drift,
    )
    found = comparable(found)
    return replace(found, best=segment.best if value is None else value, best_index=number) if kept else found


def comparable(segment: Segment) -> Segment:
    """From the incumbent's first value that has no logarithm on, values themselves are compared, with the noise that the baseline had."""
    if not segment.logs or min(segment.reference, default=1.0) > 0:
        return segment
    level = noise.median(segment.baseline_runs)
    return replace(segment, crossed=True, pool=tuple(level * math.expm1(min(residual, 700.0)) for residual in segment.pool))
