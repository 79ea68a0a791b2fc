"""A decision as a value: the verdict, and the figures of its reason."""

from __future__ import annotations

import math
from typing import Any

from autotune.core import rules
from autotune.core.decide import shortfall
from autotune.core.decide.comparison import (
    Comparison,
    estimate_of,
    known_values,
    matched,
    single_effect,
    single_error,
    single_gain,
)
from autotune.core.decide.stages import Stages
from autotune.core.facts import Fact, Kind
from autotune.core.model import Decision, Verdict
from autotune.core.stats.effects import effect_of
from autotune.core.stats.noise import median


def kept(comparison: Comparison, stages: Stages | None = None) -> Decision:
    """Decide to keep."""
    if stages is None:
        return _decided(comparison, Verdict.KEEP, Kind.BETTER_CALIBRATED, confirmed=False)
    if stages.stakes[0] >= comparison.needed:
        return _decided(comparison, Verdict.KEEP, Kind.BETTER, stages)
    return _decided(comparison, Verdict.KEEP, Kind.BETTER_BY_WITNESS, stages, confirmed=False)


def refuted(comparison: Comparison, stages: Stages | None = None) -> Decision:
    """What is said of a candidate whose measuring is given up.

    By the first two rules, it is worse where the estimate is below no effect (or the loss allowed) by more than its standard error, else
    futile. Where a pair says otherwise, it only looks worse.
    """
    if comparison.policy.rule >= rules.REFUTES_BY_INTERVAL:
        return _fallen_short(comparison, stages)
    centre, error = estimate_of(comparison.gains), comparison.sigma / math.sqrt(len(comparison.gains))
    if centre + max(comparison.delta, 0.0) < -error:
        kind = Kind.WORSE if max(comparison.gains) + max(comparison.delta, 0.0) < 0 else Kind.LOOKS_WORSE
    elif centre > error:
        kind = Kind.SMALL_GAIN
    else:
        kind = _not_in_sight(comparison.delta)
    return _decided(comparison, Verdict.DISCARD, kind, stages)


def _fallen_short(comparison: Comparison, stages: Stages | None, ended: Kind | None = None) -> Decision:
    """What the interval says; `ended` where the runs are used up, and then it is enough to be a standard error above the least effect.

    Processor time, where it is believed, has to leave no room for a gain either before one is ruled out, and may look better by itself.
    """
    gains, sigma, rule = comparison.gains, comparison.sigma, comparison.policy.rule
    room, of_witness, noisier = shortfall.room_of_pairs(gains, sigma, rule), None, shortfall.times_as_noisy(gains, sigma, rule)
    if stages is not None and stages.believed:
        line = stages.lines[1]
        of_witness = shortfall.room_of_pairs(line.gains, line.sigma, rule)
        room = shortfall.Room(room.low, max(room.high, of_witness.high))
        if rule >= rules.FEW_TELL_NOISE:
            noisier = min(noisier, shortfall.times_as_noisy(line.gains, line.sigma, rule))
    verdict, kind = shortfall.shortfall(
        room,
        comparison.delta,
        _worth_having(comparison),
        noisier=noisier,
        ended=ended,
        promising=ended is not None and estimate_of(gains) > sigma / math.sqrt(len(gains)),
    )
    if kind is Kind.NOT_SHOWN and of_witness is not None and of_witness.is_mostly_gain and not room.is_mostly_loss:
        verdict, kind = Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER_BY_WITNESS
    return _decided(comparison, verdict, kind, stages)


def _worth_having(comparison: Comparison) -> float:
    """The smallest gain worth having where no larger one is asked for, on the comparison's scale."""
    if comparison.calibration.logs:
        return math.log1p(shortfall.WORTH_HAVING)
    return shortfall.WORTH_HAVING * abs(median(known_values(comparison)))


def _not_in_sight(delta: float) -> Kind:
    if delta > 0:
        return Kind.LITTLE_GAIN
    return Kind.NOT_WITHIN_MARGIN if delta else Kind.NO_GAIN_IN_SIGHT


def run_out(comparison: Comparison, kind: Kind, stages: Stages | None = None) -> Decision:
    """Inconclusive where the candidate still looks promising when its runs are used up, else a discard.

    Promising: the estimate is more than its standard error above the least effect, and the bet has gained (E > 1). A second look starts
    with fresh evidence and spends a share of the error budget of its own. From the third rule on the interval says what is promising.
    """
    if comparison.policy.rule >= rules.REFUTES_BY_INTERVAL:
        return _fallen_short(comparison, stages, kind)
    gains = comparison.gains
    promising = estimate_of(gains) > comparison.sigma / math.sqrt(len(gains)) and (stages is None or stages.evidence > 1)
    return _decided(comparison, Verdict.INCONCLUSIVE, kind, stages) if promising else refuted(comparison, stages)


def refuted_at_once(comparison: Comparison) -> Decision:
    """What is said of a candidate that is given up after a single run; a benchmark that repeats exactly leaves no doubt about it."""
    by_interval = comparison.policy.rule >= rules.REFUTES_BY_INTERVAL
    if by_interval and not comparison.exact:
        room = shortfall.room_of_one(single_gain(comparison), single_error(comparison))
        return decided_at_once(comparison, *shortfall.shortfall(room, comparison.delta, _worth_having(comparison)))
    gain = single_gain(comparison) + max(comparison.delta, 0.0)
    small = Kind.NOT_WORTH_HAVING if by_interval else Kind.SMALL_GAIN if comparison.delta >= 0 else _not_in_sight(comparison.delta)
    return decided_at_once(comparison, Verdict.DISCARD, Kind.WORSE if gain < 0 else small if gain else Kind.NO_GAIN)


def decided_at_once(
    comparison: Comparison, verdict: Verdict, kind: Kind, *, pairs: int = 0, runs: int = 1, confirmed: bool = True
) -> Decision:
    """An answer from a single run, or from `runs` equal ones."""
    reason = Fact(kind, {**_own_figures(comparison, kind), "runs": runs})
    return Decision(verdict, reason, effect=single_effect(comparison), pairs=pairs, confirmed=confirmed)


def _decided(comparison: Comparison, verdict: Verdict, kind: Kind, stages: Stages | None = None, *, confirmed: bool = True) -> Decision:
    """An answer from pairs.

    A block's runs are paired in run order, the i-th of each arm. The interval is that of a number of pairs fixed beforehand; since a keep
    stops when it looks good, simulated ones hold the truth in 93 to 97 of 100.
    """
    pairs = comparison.pairs
    effect = effect_of(pairs, logs=comparison.calibration.logs)
    evidence, needed = (stages.evidence, comparison.needed) if stages else (None, None)
    in_blocks = len([pair for block in stages.blocks for pair in block if pair < len(pairs)]) if stages else 0
    figures = {**_own_figures(comparison, kind), **({"in_blocks": in_blocks} if in_blocks else {}), **_witnessed(comparison, stages)}
    reason = Fact(kind, figures)
    return Decision(verdict, reason, effect=effect, evidence=evidence, needed=needed, pairs=len(pairs), confirmed=confirmed)


def _witnessed(comparison: Comparison, stages: Stages | None) -> dict[str, Any]:
    """What processor time says: its effect, in how many pairs the candidate took less, and the evidence of it alone and of the metric."""
    if stages is None or comparison.processor is None:
        return {}
    arms, times = comparison.arms[comparison.first :], [math.exp(-place) for place in stages.lines[1].places]
    effect, better = effect_of(list(matched(arms, times)), logs=True), sum(gain > 0 for gain in stages.lines[1].gains)
    odds = {"evidence": stages.stakes[1], "metric_evidence": stages.stakes[0], "believed": stages.believed}
    return {"processor": {"estimate": effect.estimate, "low": effect.low, "high": effect.high, "better": better, **odds}}


def _own_figures(comparison: Comparison, kind: Kind) -> dict[str, float]:
    """What is asked for where that is not any gain (`min_effect`), and what the words of a kind need besides."""
    asked = comparison.policy.min_effect
    figures = {"asked": asked} if asked else {}
    match kind:
        case Kind.OUT_OF_REACH:
            return {**figures, "left": comparison.policy.max_pairs - len(comparison.pairs)}
        case Kind.NOT_WORTH_HAVING:
            return {**figures, "worth": max(asked, shortfall.WORTH_HAVING if comparison.calibration.logs else _worth_having(comparison))}
        case Kind.TOO_NOISY:
            return {**figures, "times": round(shortfall.times_as_noisy(comparison.gains, comparison.sigma, comparison.policy.rule), 1)}
        case _:
            return figures
