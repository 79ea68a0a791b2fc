"""How far a measurement has come, and about how long it still takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autotune.core.decide.comparison import matched
from autotune.core.decide.decide import exact_pairs, most_pairs
from autotune.core.model import Calibration, Decision, DecisionMode, Policy, Run
from autotune.core.stats.effects import effect_of

USUAL_RUNS = 16  # of a clear gain; what does nothing takes fewer


def of_comparison(runs: Sequence[Run], decision: Decision, calibration: Calibration, policy: Policy, run_s: float) -> dict[str, Any]:
    """Give what to say of a comparison before its next run: pair, effect and odds so far, and seconds left, if a run takes `run_s` seconds.

    `left_s` is what a clear gain would still take, while that is more than a pair; `most_s` is all that may come. Neither is there while
    nobody knows what a run takes.
    """
    most = _most_pairs(decision, calibration, policy)
    left, usual = max(2 * most - len(runs), 1), min(2 * most, USUAL_RUNS) - len(runs)
    found: dict[str, Any] = {"pair": min(decision.pairs + 1, most), "of": most, "up_to": most > 1}
    if run_s:
        found |= {"most_s": round(left * run_s, 3), **({"left_s": round(usual * run_s, 3)} if usual > 2 else {})}  # noqa: PLR2004 - a pair
    if decision.pairs:
        pairs = matched([run.arm for run in runs], [run.samples[policy.metric.name] for run in runs])
        effect = effect_of(list(pairs), logs=calibration.logs)
        found |= {"estimate": effect.estimate, "relative": effect.relative, "unit": policy.metric.unit}
    if decision.evidence is not None:
        found |= {"evidence": decision.evidence, "needed": decision.needed}
    return found


def _most_pairs(decision: Decision, calibration: Calibration, policy: Policy) -> int:
    if policy.mode is DecisionMode.RACE and decision.evidence is None:  # it repeats exactly, so far
        return exact_pairs(calibration, policy)
    return 1 if policy.mode is DecisionMode.ONCE else most_pairs(policy)


def of_known_length(what: str, number: int, count: int, run_s: float, *, up_to: bool = False) -> dict[str, Any]:
    """Give what to say before the `number`-th of `count` pairs or runs (`what`), from 1 on, if a run takes `run_s` seconds."""
    runs = (2 if what == "pair" else 1) * (count - number + 1)
    return {what: number, "of": count, "up_to": up_to, **({"most_s" if up_to else "left_s": round(runs * run_s, 3)} if run_s else {})}
