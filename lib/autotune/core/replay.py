"""Replaying: what a ledger line says, held against what the lines before it give when it is made of them once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from autotune.core import advice, guards, stats
from autotune.core.config import Config, Fixed, differences, parse
from autotune.core.events import Calibrated, Claimed, Decided, Event, Purpose, Ran, SettingsChanged
from autotune.core.model import Arm, Decision, Outcome, Policy, Verdict
from autotune.core.state import Experiment, State

_OF_A_VERDICT = ("effect", "evidence", "needed", "pairs")
_OF_A_CALIBRATION = ("runs", "noise", "few", "many", "logs", "warm_up", "bias", "bias_pairs", "min_effect")


def contradiction(
    state: State, event: Event, runs: Mapping[Purpose, Sequence[Ran]], policy: Callable[[State, Experiment], Policy]
) -> str | None:
    """Tell what a line says otherwise than the lines that it is made of, as the end of a sentence; None where it agrees.

    `state` is what the lines before amount to, `runs` has the segment's good runs so far, `policy` what a candidate's keep demands. May
    raise ValueError or KeyError where the runs are not such as autotune makes.
    """
    match event:
        case Decided():
            return _verdict(state, event, policy)
        case Claimed(pairs=pairs) if pairs:
            return _claim(state, event, runs.get(Purpose.CLAIM, ())[-2 * pairs :])
        case Calibrated():
            return _calibration(state, event, runs.get(Purpose.CALIBRATION, ())[-event.runs :])
        case SettingsChanged():
            return _settings(state.config, event)
    return None


def _verdict(state: State, said: Decided, policy: Callable[[State, Experiment], Policy]) -> str | None:
    experiment = state.experiment
    if experiment is None or experiment.number != said.experiment:
        return f"a verdict on experiment {said.experiment}, which is not open"
    if said.effect is None and said.evidence is None and said.verdict is not Verdict.KEEP:
        return None  # made of something else than the runs' values: a crash, the checks, a hold-out
    found: Decided | Decision
    if experiment.verdict is not None:  # it replaces one that was made of the runs
        found = experiment.verdict
    else:
        good = [run for run in experiment.runs if run.outcome is Outcome.OK]
        held = tuple(map(guards.read, state.config.guardrails))
        found = guards.decided(good, state.calibration, policy(state, experiment), held, Random(0))
    wrong = [name for name in _OF_A_VERDICT if getattr(said, name) != getattr(found, name)]
    if said.verdict is Verdict.KEEP and found.verdict is not Verdict.KEEP and not said.forced:
        wrong = ["verdict", *wrong]
    return f"another {' and '.join(wrong)} of experiment {said.experiment} than its runs give" if wrong else None


def _claim(state: State, said: Claimed, runs: Sequence[Ran]) -> str | None:
    pairs = [{run.arm: run.metrics[state.metric.name] for run in runs[at : at + 2]} for at in range(0, len(runs), 2)]
    if len(pairs) != said.pairs or any(len(pair) != len(Arm) for pair in pairs):
        return f"a claim made of {said.pairs} pairs, which are not before it"
    values = [(pair[Arm.INCUMBENT], pair[Arm.CANDIDATE]) for pair in pairs]
    logs = min(value for pair in values for value in pair) > 0
    found = stats.claim(values, state.metric.direction, logs=logs, unit=state.metric.unit)
    agrees = (found.effect, found.improved) == (said.effect, said.improved) and said.reason.startswith(found.sentence)
    return None if agrees else f"another claim than its runs give, which is: {found.sentence}"


def _calibration(state: State, said: Calibrated, runs: Sequence[Ran]) -> str | None:
    arms = [[run.metrics[state.metric.name] for run in runs if run.arm is arm] for arm in (Arm.INCUMBENT, Arm.CANDIDATE)]
    series = [values for values in arms if values] or [list(state.baseline_runs)]
    once = state.config.build_once and bool(state.config.prepare)
    pairs = list(zip(*arms, strict=False))[1:]  # the first is left out: a warm-up is no bias
    found = advice.sight(series, said.run_s, state.metric.direction, pairs, build_once=once)
    wrong = [name for name in _OF_A_CALIBRATION if getattr(said, name) != getattr(found, name)]
    return f"another {' and '.join(wrong)} of a calibration than its runs give" if wrong else None


def _settings(before: Config, said: SettingsChanged) -> str | None:
    changed = differences(before, parse(said.config))
    if fixed := differences(before, parse(said.config), Fixed.SEGMENT, Fixed.SESSION):
        return f"another {' and '.join(fixed)} inside a segment, where nothing changes it"
    return (
        None if set(changed) == set(said.changed) else f"{', '.join(said.changed)} as changed, where {', '.join(changed) or 'nothing'} was"
    )
