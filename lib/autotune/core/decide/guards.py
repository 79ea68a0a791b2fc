"""Guardrails: other metrics with a bound that a candidate has to keep, read from text and judged from the runs of its comparison."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from autotune.core import rules
from autotune.core.decide.decide import decide, most_pairs
from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm, Calibration, Decision, Policy, Run, Verdict
from autotune.core.output.metrics import RESERVED, is_name, normalised
from autotune.core.stats.bounds import GUARDED, Bound, Guarded, Standing, guardrail

if TYPE_CHECKING:
    import random

_TEXT = re.compile(r"\s*(\S+)\s*(<=|>=)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(x?)\s*")


@dataclass(frozen=True, slots=True)
class Guard:
    """A metric and the bound that it has to keep, as written: `memory_mb <= 1.02x` against the incumbent, `accuracy >= 0.98` absolute."""

    metric: str
    bound: Bound
    text: str


def read_guard(text: str) -> Guard:
    """Read a guardrail. Raises ValueError with what was expected."""
    found = _TEXT.fullmatch(text)
    if found is None or not is_name(found[1]) or not math.isfinite(float(found[3])):
        raise ValueError('a metric, <= or >=, and a number, with an x after it for a multiple of the incumbent\'s: "memory_mb <= 1.02x"')
    return Guard(normalised(found[1]), Bound(float(found[3]), at_most=found[2] == "<=", relative=bool(found[4])), text.strip())


def unprinted(texts: Sequence[str], printed: Collection[str]) -> Fact | None:
    """Say which guardrail's metric is not among those that a run has, and which those are; None where each is."""
    missing = next((one.metric for one in map(read_guard, texts) if one.metric not in printed), None)
    if missing is None:
        return None
    names = sorted(printed, key=lambda name: (name.startswith(RESERVED), name))
    return Fact(Kind.NO_GUARDED_METRIC, {"name": missing, "printed": names[:_MOST_NAMED]})


_MOST_NAMED = 12  # metrics


def judge(guards: Sequence[Guard], runs: Sequence[Run], rule: int = rules.NEWEST) -> tuple[tuple[Guard, Guarded], ...]:
    """Judge each guardrail from the runs of both arms; a metric that a run lacks is a KeyError."""
    return tuple((one, guardrail(_values(runs, one, Arm.INCUMBENT), _values(runs, one, Arm.CANDIDATE), one.bound, rule)) for one in guards)


def _values(runs: Sequence[Run], guard: Guard, arm: Arm) -> list[float]:
    return [run.samples[guard.metric] for run in runs if run.arm is arm]


def standing(judged: Sequence[tuple[Guard, Guarded]]) -> Standing:
    """Give what all of them come to: one that is broken breaks, one that is undecided leaves it open."""
    found = {guarded.standing for _, guarded in judged}
    return next((one for one in (Standing.BROKEN, Standing.UNDECIDED) if one in found), Standing.HOLDS)


def guarded(decision: Decision, guards: Sequence[Guard], runs: Sequence[Run], policy: Policy, coin: random.Random) -> Decision:
    """Give what becomes of a keep once its guardrails are asked: kept, discarded, another pair, or inconclusive when the pairs run out."""

    def another_pair() -> Decision:
        behind = [arm for arm in Arm if sum(run.arm is arm for run in runs) * 2 < len(runs)]
        arms = behind or coin.sample(list(Arm), 2)
        return replace(decision, verdict=Verdict.MEASURE_AGAIN, arms=tuple(arms), fresh=not behind)

    return with_guards(decision, judge(guards, runs, policy.rule), another_pair if len(runs) < 2 * most_pairs(policy) else None)


def decided(runs: Sequence[Run], calibration: Calibration, policy: Policy, guards: Sequence[Guard], coin: random.Random) -> Decision:
    """Give what `decide` does of the first runs that suffice for it, and of a keep what its guardrails make of all runs.

    They may take more pairs than the metric did, which by then is decided.
    """
    if not guards:
        return decide(runs, calibration, policy, coin)
    asked = (decide(runs[:known], calibration, policy, coin) for known in range(len(runs) + 1))
    decision = next((one for one in asked if one.verdict is not Verdict.MEASURE_AGAIN), None)
    if decision is None:
        return decide(runs, calibration, policy, coin)
    return guarded(decision, guards, runs, policy, coin) if decision.verdict is Verdict.KEEP else decision


_BECOMES = {
    Standing.HOLDS: (Verdict.KEEP, None),
    Standing.BROKEN: (Verdict.DISCARD, Kind.GUARDRAIL_BROKEN),
    Standing.UNDECIDED: (Verdict.INCONCLUSIVE, Kind.GUARDRAIL_UNDECIDED),
}


def with_guards(decision: Decision, judged: Sequence[tuple[Guard, Guarded]], more: Callable[[], Decision] | None) -> Decision:
    """Give a keep with how each guardrail stands, and what becomes of it by that; `more` asks for more runs, None where none are left."""
    found = standing(judged)
    if found is Standing.UNDECIDED and more is not None:
        return more()
    verdict, kind = _BECOMES[found]
    said = [{"text": guard.text, "relative": guard.bound.relative, **_figures(guarded)} for guard, guarded in judged]
    reason = decision.reason and replace(
        decision.reason, kind=kind or decision.reason.kind, figures={**decision.reason.figures, "guardrails": said}
    )
    return replace(decision, verdict=verdict, reason=reason)


def _figures(guarded: Guarded) -> dict[str, Any]:
    """What was held against a bound, as JSON can hold it: no figure where there is none."""
    ends = {"estimate": guarded.estimate, "low": guarded.low, "high": guarded.high}
    odds = {} if guarded.evidence is None else {"evidence": guarded.evidence, "needed": GUARDED}
    return {"standing": str(guarded.standing), **odds, **{name: value for name, value in ends.items() if math.isfinite(value)}}
