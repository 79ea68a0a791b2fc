"""Replaying: what a ledger line says, held against what the lines before it give when it is made of them once more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from random import Random

from autotune.core import rules
from autotune.core.config.keys import NOW, Fixed, keys_changed
from autotune.core.config.model import Config
from autotune.core.config.reading import of_log
from autotune.core.decide.decide import checks_come_now
from autotune.core.facts import Fact, Kind, claimed
from autotune.core.findings import Contradiction
from autotune.core.ledger import scored
from autotune.core.ledger.events import Calibrated, Claimed, Decided, Finished, Ran, Result, SettingsChanged
from autotune.core.ledger.lines import Event
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.seeded import are_paired
from autotune.core.ledger.settle import decided, final_verdict, result_of, value_of, verdict_of
from autotune.core.ledger.sight import by_pair, by_unit, sight
from autotune.core.ledger.state import Experiment, State
from autotune.core.ledger.stopping import limits_reached
from autotune.core.model import Arm, Effect, Outcome, Part, Policy, Verdict
from autotune.core.output.outcome import is_dear

NEAR = 1e-9  # of a figure
_OF_A_VERDICT = ("verdict", "value", "effect", "evidence", "needed", "pairs", "confirmed", "min_effect")
_OF_A_RESULT = (  # health and mode follow from rules that may be others in another version
    *("status", "verdict", "outcome", "cause", "effect", "description", "files", "metrics"),
    *("asi", "forced", "confirmed", "segment", "commit", "metric", "snapshot"),
)
_OF_A_CALIBRATION = ("runs", "noise", "few", "many", "logs", "warm_up", "bias", "bias_pairs", "min_effect", "mode", "by_pair", "by_unit")


def contradiction(
    state: State,
    event: Event,
    runs: Mapping[Purpose, Sequence[Ran]],
    policy: Callable[[State, Experiment], Policy],
    *,
    same_version: bool = True,
) -> Fact | None:
    """Tell what a line says otherwise than the lines that it is made of; None where it agrees.

    `state` is what the lines before amount to, `runs` has the segment's good runs so far, `policy` what a candidate's keep demands.
    Verdicts and claims are made again by the segment's own rule, where that is still here. `same_version` tells whether this version of
    autotune opened the segment: another one finds other advice, and may end a session for other limits. May raise
    ValueError or KeyError where the runs are not such as autotune makes.
    """
    match event:
        case Decided() | Claimed() if not rules.is_known(state.segment.opened.rule):
            found = None
        case Decided():
            found = _verdict(state, event, policy, older=not same_version)
        case Result(baseline=False):
            found = _result(state, event, older=not same_version)
        case Claimed():
            made_of = runs.get(Purpose.CLAIM, ())[-2 * event.pairs :] if event.pairs else ()
            found = _claim(state, event, made_of, older=not same_version)
        case SettingsChanged():
            found = _settings(state.config, event)
        case Calibrated() if same_version:
            found = _calibration(state, event, runs.get(Purpose.CALIBRATION, ())[-event.runs :])
        case Finished() if same_version and not limits_reached(state, event.timestamp) and state.config.max_cost_usd is None:
            found = Fact(Contradiction.FINISHED_WITHOUT_RULE)
        case _:
            found = None
    return found


def are_alike(said: object, found: object) -> bool:
    """Whether two values are the same; figures may differ by one in 1e9, since another machine's logarithms end in other digits."""
    if isinstance(said, float) and isinstance(found, float):
        return math.isclose(said, found, rel_tol=NEAR)
    if isinstance(said, Effect | Fact) and type(said) is type(found):
        return all(are_alike(getattr(said, one.name), getattr(found, one.name)) for one in fields(said))
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        return said.keys() == found.keys() and all(are_alike(value, found[name]) for name, value in said.items())
    if isinstance(said, list | tuple) and isinstance(found, list | tuple):
        return len(said) == len(found) and all(map(are_alike, said, found))
    return said == found


def _verdict(state: State, said: Decided, policy: Callable[[State, Experiment], Policy], *, older: bool) -> Fact | None:
    experiment = state.experiment
    number = {"experiment": said.experiment}
    if experiment is None or experiment.number != said.experiment:
        return Fact(Contradiction.VERDICT_NOT_OPEN, number)
    if experiment.verdict is not None:  # that its commit was refused is all that can be said after that
        refused = (said.verdict, said.cause) == (Verdict.DISCARD, Cause.HOOK) and final_verdict(experiment) is Verdict.KEEP
        return None if refused else Fact(Contradiction.VERDICT_TWICE, number)
    if said.verdict is Verdict.VOID:
        return None  # what makes it void leaves no runs that say so
    if said.cause is Cause.HOOK:  # it was refused before it was measured
        return Fact(Contradiction.OUTCOME_OTHERWISE, number) if experiment.runs or said.verdict is not Verdict.DISCARD else None
    if said.outcome is not Outcome.OK:
        failed = _has_failed(state, experiment, said.outcome, policy(state, experiment))
        return None if failed else Fact(Contradiction.OUTCOME_OTHERWISE, number)
    wrong = _unlike(state, experiment, said, policy(state, experiment), older=older)
    return Fact(Contradiction.VERDICT_OTHERWISE, {**number, "names": wrong}) if wrong else None


def _has_failed(state: State, experiment: Experiment, outcome: Outcome | None, demanded: Policy) -> bool:
    """Whether a candidate's runs are such that it can have failed so: they end where the checks come, or with a run that failed."""
    if outcome is not Outcome.CHECKS_FAILED:
        failed = [run for run in experiment.runs if run.arm is Arm.CANDIDATE and run.outcome is not Outcome.OK]
        seen_twice = demanded.rule < rules.FAILS_TWICE or len(failed) > 1 or any(is_dear(run.outcome, run.wall_s) for run in failed)
        return seen_twice and outcome in [run.outcome for run in failed[-1:]]
    if _is_blamed(experiment, demanded):
        return False
    runs = [run for run in experiment.runs if run.outcome is Outcome.OK]
    if state.scores is not None:  # which go on where they were cut off, and are checked then
        return checks_come_now(runs, decided(state, runs, demanded, Random(0)), demanded.rule)
    so_far = (runs[:count] for count in range(1, len(runs) + 1))
    checked = (made for made in so_far if checks_come_now(made, decided(state, made, demanded, Random(0)), demanded.rule))
    return len(next(checked, ())) == len(runs) > 0


def _is_blamed(experiment: Experiment, demanded: Policy) -> bool:
    """Whether an arm's runs have failed so often that the comparison ends there: twice, or once by the rules before that."""
    most = 1 if demanded.rule >= rules.FAILS_TWICE else 0
    return any(sum(run.arm is arm and run.outcome is not Outcome.OK for run in experiment.runs) > most for arm in Arm)


def _unlike(state: State, experiment: Experiment, said: Decided, demanded: Policy, *, older: bool) -> list[str]:
    """Name what a verdict says otherwise than the good runs that it is made of, in whichever order chance would have had the next ones."""
    good = [run for run in experiment.runs if run.outcome is Outcome.OK]
    if _is_blamed(experiment, demanded):
        return ["outcome"]
    made = decided(state, good, demanded, Random(0))
    if said.reason.kind is Kind.DOES_NOT_GENERALISE and said.verdict is Verdict.DISCARD:
        return [] if made.verdict is Verdict.KEEP else ["reason"]  # the hold-out's answer leaves no figures
    if said.reason.kind is Kind.POOL_SPENT and said.verdict is Verdict.INCONCLUSIVE:
        return [] if made.draws is Part.CONFIRM and are_alike(said.value, value_of(state, good)) else ["reason"]
    found = verdict_of(state, said.experiment, good, demanded, replace(made, reason=made.reason or said.reason), said.timestamp)
    if said.min_effect is None and demanded.rule < rules.GAINS_REFILL:  # by an older version
        found = replace(found, min_effect=None)
    wrong = [name for name in _OF_A_VERDICT if not are_alike(getattr(said, name), getattr(found, name))]
    return wrong if _same(said.reason, found.reason, older=older) else [*wrong, "reason"]


def _same(said: Fact, found: Fact, *, older: bool) -> bool:
    """Whether a reason is the one that was found, whatever was seen besides; the words of an `older` version are not made again."""
    return (older and said.words is not None) or are_alike(replace(said, besides=()), replace(found, besides=()))


def _result(state: State, said: Result, *, older: bool) -> Fact | None:
    if state.experiment is None or state.experiment.number != said.index or state.experiment.verdict is None:
        return Fact(Contradiction.RESULT_NOT_DECIDED, {"experiment": said.index})
    kept = final_verdict(state.experiment) is Verdict.KEEP
    made = result_of(state, said.commit if kept else state.experiment.incumbent, said.timestamp)
    wrong = [name for name in _OF_A_RESULT if not are_alike(getattr(said, name), getattr(made, name))]
    # A version that wrote words gave the reason as the failure where nothing was printed.
    worded = older and (said.reason.because or said.reason).words is not None
    wrong += [] if worded or are_alike(said.reason, made.reason) else ["reason"]
    wrong += [] if said.failure == made.failure or (worded and made.failure is None) else ["failure"]
    return Fact(Contradiction.RESULT_OTHERWISE, {"experiment": said.index, "names": wrong}) if wrong else None


def _claim(state: State, said: Claimed, runs: Sequence[Ran], *, older: bool) -> Fact | None:
    if not said.pairs:
        return Fact(Contradiction.CLAIM_OF_NO_RUNS) if said.improved or said.effect is not None else None
    by_arm = [{run.arm: run.run for run in runs[at : at + 2]} for at in range(0, len(runs), 2)]
    missing = len(by_arm) != said.pairs or any(len(pair) != len(Arm) for pair in by_arm)
    if missing or (state.policy.paired and not are_paired(runs)):
        return Fact(Contradiction.CLAIM_OF_MISSING_PAIRS, {"pairs": said.pairs})
    found = scored.claim_of(state, [(pair[Arm.INCUMBENT], pair[Arm.CANDIDATE]) for pair in by_arm], state.looks_at(said.first, said.last))
    same = found.improved is said.improved and are_alike(said.effect, found.effect)
    agrees = same and _same(said.reason, claimed(found), older=older)
    return None if agrees else Fact(Contradiction.CLAIM_OTHERWISE, {"estimate": found.effect.estimate})


def _calibration(state: State, said: Calibrated, runs: Sequence[Ran]) -> Fact | None:
    arms = [[run for run in runs if run.arm is arm] for arm in (Arm.INCUMBENT, Arm.CANDIDATE)]
    series = [[run.metrics[state.metric.name] for run in made] for made in arms if made] or [_of_baseline(state)]
    pairs = list(zip(*arms, strict=False))[1:]  # the first is left out: a warm-up is no bias
    biased = pairs if state.scores is None else []
    values = [(first.metrics[state.metric.name], second.metrics[state.metric.name]) for first, second in biased]
    found = sight(
        series, said.run_s, state.metric.direction, values, prepare_s=said.prepare_s, build_once=state.config.built_once, exact=state.exact
    )
    found = replace(found, by_pair=by_pair(state, pairs), by_unit=by_unit(state, pairs, said))
    wrong = [name for name in _OF_A_CALIBRATION if not are_alike(getattr(said, name), getattr(found, name))]
    return Fact(Contradiction.CALIBRATION_OTHERWISE, {"names": wrong}) if wrong else None


def _of_baseline(state: State) -> list[float]:
    """Give the baseline's values; of scored cases their mean alone, since batches differ by their cases."""
    if state.scores is None:
        return list(state.segment.baseline_runs)
    mean = scored.mean_of([run.samples for run in state.segment.baseline_observed], state.metric.name)
    return [] if mean is None else [mean]


def _settings(before: Config, said: SettingsChanged) -> Fact | None:
    changed = keys_changed(before, of_log(said.config))
    if fixed := keys_changed(before, of_log(said.config), Fixed.SEGMENT, Fixed.SESSION):
        return Fact(Contradiction.SETTINGS_FIXED, {"names": [*fixed]})
    # An older version named keys that are others now, and whose values may come to the same.
    known = {name for name in said.changed if name not in NOW}
    if known <= set(changed) <= known | {NOW.get(name) for name in said.changed}:
        return None
    return Fact(Contradiction.SETTINGS_OTHERWISE, {"said": [*said.changed], "found": [*changed]})
