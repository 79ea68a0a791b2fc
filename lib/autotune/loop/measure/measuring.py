"""Measuring: runs of candidate and incumbent on one bench, until the decision is made."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autotune.core.cases import batch_pairs, rounds
from autotune.core.decide import guards, pace
from autotune.core.decide.budget import refills
from autotune.core.decide.decide import checks_come_now
from autotune.core.facts import NAMED, Fact, Kind
from autotune.core.ledger import scored, settle
from autotune.core.ledger.events import Decided, Drawn, Ran
from autotune.core.ledger.purposes import Cause, Purpose
from autotune.core.ledger.state import Experiment, State
from autotune.core.model import Arm, Decision, Outcome, Part, Policy, Run, Verdict
from autotune.core.output import marked
from autotune.core.tell.words import LEAVE_OUT, told
from autotune.core.trust import audit
from autotune.edges import git
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.candidate import seeding
from autotune.loop.measure import confirmations, holdout, places, quiet, reading, watching
from autotune.loop.measure.bench import Bench, What
from autotune.loop.measure.holdout import Answer
from autotune.loop.measure.turns import Turn
from autotune.loop.measure.watching import Tampered
from autotune.loop.session import settings
from autotune.loop.session.session import Session

FEWEST_BASELINE, MOST_BASELINE, BASELINE_BUDGET_S = 3, 8, 120.0


def baseline(session: Session, bench: Bench, turn: Turn, *, once: bool) -> tuple[tuple[float, ...], float]:
    """Measure the incumbent alone: once, or at least three times and up to eight while that takes under two minutes.

    Once it has shown that it repeats exactly, no more runs are made. Gives the primary metric's values, and how long all took that was done
    for them, in seconds, without the wait for a quiet machine.
    Raises `AutotuneError` at the first run that fails or does not print the metric.
    """
    values: list[float] = []
    spent = elapsed_s = 0.0
    output = ""
    most = 1 if session.state.scores is None else _batches_left(session)
    while len(values) < most and not session.state.exact:
        if len(values) == 1:  # before the first run, nobody knows whether runs are long enough to look at the machine
            quiet.wait_for_quiet(session, elapsed_s * (_runs_of_a_baseline(spent) - 1))
        turn.expect((most - len(values)) * bench.run_s)
        begun = time.monotonic()
        run, output = bench.run(Arm.INCUMBENT, Purpose.BASELINE, _outlook_of_a_baseline(len(values) + 1, most, bench.run_s, once=once))
        elapsed_s += time.monotonic() - begun
        if run.outcome is not Outcome.OK:
            why = told(_counted(bench, What.BENCHMARK, Arm.INCUMBENT, run.why))
            raise AutotuneError(f"The benchmark does not work on the unchanged code: {why}{_quoted(output)}", _mending(bench, run))
        if changes := _changes(session, run):
            name, before, after = changes[0]
            raise AutotuneError(
                f"CONTEXT {name} is {before!r} in one run of the unchanged code and {after!r} in the next.",
                f'let it print what all runs have in common, or name it: context_free = ["{name}"]',
            )
        values.append(run.metrics.get(session.state.metric.name, math.nan))
        spent += run.wall_s + run.prepare_s
        most = 1 if once else _runs_of_a_baseline(spent / len(values))
        if session.state.scores is not None:
            most = len(values) + _batches_left(session)
        if not math.isnan(values[-1]):
            session.say(Fact(Kind.BASELINE_RUN, {"run": len(values), "metric": session.state.metric.name, "value": values[-1]}))
    return (tuple(values) if session.state.scores is None else (_mean_score(session, output),)), elapsed_s


def _batches_left(session: Session) -> int:
    """How many batches a baseline still takes: once through the cases to search with, or the first of those that confirm alone."""
    segment = session.state.segment
    ran = {segment.listed[place].name for run in segment.baseline_observed for place in run.cases}
    return int(not ran) if segment.split.whole else rounds.ahead(segment.split.search, ran)


def _mean_score(session: Session, output: str) -> float:
    mean = scored.mean_of([run.samples for run in session.state.segment.baseline_observed], session.state.metric.name)
    if mean is None:
        raise AutotuneError(
            f"The benchmark gives no case a score on the unchanged code.{_quoted(output)}",
            "`UNSCORED name[id] reason` is for a few cases; let the others print METRIC name[id]=value",
        )
    return mean


def _runs_of_a_baseline(run_s: float) -> int:
    """How many runs a baseline is made of, where a run takes so long."""
    return max(FEWEST_BASELINE, min(MOST_BASELINE, int(BASELINE_BUDGET_S / max(run_s, 1e-3))))


def _outlook_of_a_baseline(number: int, most: int, run_s: float, *, once: bool) -> dict[str, Any]:
    guessed = MOST_BASELINE if number == 1 and not once else most
    return pace.of_known_length("run", number, guessed, run_s, up_to=guessed > FEWEST_BASELINE)


def _mending(bench: Bench, run: Ran) -> str:
    """Say what to do about a benchmark that does not work: where it prints no METRIC lines but what can be read, read that."""
    if bench.tallies[What.BENCHMARK, Arm.INCUMBENT].flaky:
        return f"it is flaky: {LEAVE_OUT}, then try again"
    known = reading.how_it_could_be_read(bench.session.state.config, bench.output) if run.why.kind is Kind.NO_METRIC else None
    if known is not None:
        return told(known)
    mended = "mend it until `autotune doctor` finds nothing wrong"
    return f"{mended}; {_bringing(bench.session)}; if it works in the checkout only, use --in-place"


def _bringing(session: Session) -> str:
    """Say how the benchmark gets what git ignores: as options of `init`, while that opens the session, else as settings."""
    config, workdir = session.state.config, session.state.segment.opened.workdir
    missing = () if session.state.opened or config.in_place else places.lacking(session.top, config, workdir)
    if missing:
        return told(Fact(Kind.NOT_CARRIED, {"paths": list(missing[:NAMED])}))
    return "if it needs files that git does not track, name them in `carry` or let `setup` make them"


def _quoted(output: str) -> str:
    return f"\n{output}" if output else ""


def compare(session: Session, bench: Bench, turn: Turn) -> Decided:
    """Measure the open experiment's candidate beside the incumbent until it is decided, and give the verdict."""
    watch, calm = watching.watch(session), quiet.Quiet(session)
    try:
        verdict = _compare(session, bench, turn, calm)
    except Tampered as error:
        return voided(session, Cause.IDEA, Fact(Kind.TAMPERED, because=error.what))
    if (touched := watch.touched()) is not None:
        if watch.settings_replaced():
            settings.put_settings_back(session)
        return voided(session, Cause.IDEA, Fact(Kind.SESSION_TOUCHED, {"paths": touched}))
    blames = verdict.outcome is not Outcome.OK or verdict.verdict is Verdict.VOID
    return _remarked(_remarked(verdict, None if blames else bench.flaky()), calm.busy)


def _compare(session: Session, bench: Bench, turn: Turn, calm: quiet.Quiet) -> Decided:
    experiment = session.experiment
    runs = [run for run in experiment.runs if run.outcome is Outcome.OK]  # of a comparison on cases that was cut off
    checked = False
    policy = policy_for(session.top, session.state, experiment)
    decision = settle.decided(session.state, runs, policy, bench.random)
    while decision.verdict is Verdict.MEASURE_AGAIN:
        if decision.draws is not None:
            if (spent := _draw(session, bench, experiment, decision.draws)) is not None:
                return _inconclusive(session, spent, runs)
            decision = settle.decided(session.state, runs, policy, bench.random)
            continue
        if decision.fresh:
            turn.begin_stage()
            calm.wait(bench.spent_s + len(decision.arms[:2]) * bench.run_s)  # a block may end before its last run
            turn.expect(len(decision.arms) * bench.run_s)
        outlook = _outlook(session, runs, decision, policy, turn.pace_s(bench.run_s, bench.ran))
        ran, output = bench.run(decision.arms[0], Purpose.EXPERIMENT, outlook)
        if ran.outcome is not Outcome.OK:
            return _failed(session, bench, ran, output, [run.arm for run in runs])
        if changes := _changes(session, ran):
            return _of_other_context(session, bench, ran, changes)
        runs.append(ran.run)
        decision = settle.decided(session.state, runs, policy, bench.random)
        if not checked and checks_come_now(runs, decision, policy.rule):
            checked = True
            passed, why, output = bench.check(Arm.CANDIDATE)
            if not passed:
                return _checks_failed(session, bench, why, output, runs)
    verdict = settle.verdict_of(session.state, experiment.number, runs, policy, decision, now())
    verdict = _audited(session, bench, verdict, runs)
    if verdict.verdict is Verdict.KEEP and refills(policy.min_effect) and any(run.part is Part.CONFIRM for run in runs):
        confirmations.count(session, kept=True)
    return verdict


def _outlook(session: Session, runs: Sequence[Run], decision: Decision, policy: Policy, run_s: float) -> dict[str, Any]:
    """Give what is said of the next run of a comparison while it lasts."""
    if session.state.scores is None:
        return pace.of_comparison(runs, decision, session.state.calibration, policy, run_s)
    split, ran = session.state.segment.split, {place for run in runs for place in run.cases}
    names = {session.state.segment.listed[place].name for place in ran}
    left = sum(rounds.ahead(cases, names) for cases in (split.search, split.confirm) if cases)
    odds = {} if decision.evidence is None else {"evidence": decision.evidence, "needed": decision.needed}
    return pace.of_known_length("pair", len(runs) // 2 + 1, len(runs) // 2 + left, run_s, up_to=True) | odds


def _draw(session: Session, bench: Bench, experiment: Experiment, part: Part) -> Fact | None:
    """Begin on a part of the cases, in an order by chance, or by the session's seed; gives why that cannot be, where it cannot."""
    state, planned = session.state, {}
    cases = state.segment.split.of(part)
    if part is Part.CONFIRM:
        if (spent := confirmations.spent(session)) is not None:
            return spent
        pool = confirmations.count(session)
        planned = {"number": state.confirmations + 1, "keeps": state.gains, "pool_number": pool.number, "pool_keeps": pool.keeps}
        planned["planned"] = pool.planned
    seed = state.config.order_seed
    chance = bench.random if seed is None else random.Random(f"{seed} {experiment.number} {part}")
    order = f"{chance.getrandbits(64):016x}"
    session.append(Drawn(experiment.number, part, order, rounds.size_of(cases), state.taken, now(), **planned))
    return None


def _changes(session: Session, ran: Ran) -> list[list[str]]:
    """Name what a run says of what it measured with, and the segment's first run said otherwise."""
    return marked.changed(session.state.segment.context, ran.context, session.state.config.context_free)


def _of_other_context(session: Session, bench: Bench, ran: Ran, changes: list[list[str]]) -> Decided:
    """Tell whether the candidate alone measures with something else, or the unchanged code does too by now."""
    if ran.arm is Arm.CANDIDATE:
        other, said = bench.run(Arm.INCUMBENT, Purpose.CROSS_CHECK)
        if other.outcome is not Outcome.OK:
            return _broken(session, bench, other, said)
        if not (found := _changes(session, other)):
            return voided(session, Cause.IDEA, Fact(Kind.CONTEXT_OF_CANDIDATE, {"changes": changes}))
        changes = found
    return voided(session, Cause.NOT_MEASURED, Fact(Kind.CONTEXT_CHANGED, {"changes": changes}))


def _audited(session: Session, bench: Bench, verdict: Decided, runs: Sequence[Run]) -> Decided:
    """Look at a keep once more: whether its runs contradict it, and whether it passes what it was never shown."""
    verdict = _remarked(verdict, audit.leftovers(bench.leftovers[Arm.CANDIDATE], bench.leftovers[Arm.INCUMBENT]))
    if verdict.verdict is not Verdict.KEEP:
        return verdict
    state = session.state
    if state.config.void_implausible:
        seen = _with_baseline(state, runs)
        find = audit.objection if state.scores is None else audit.printed_twice
        if (why := find(seen, state.metric, _guarded(state), state.segment.several)) is not None:
            return voided(session, Cause.IDEA, why)
        verdict = _remarked(verdict, audit.remark(seen, state.metric) if state.scores is None else None)
    if (damaged := _damaged(session, bench)) is not None:
        return voided(session, Cause.IDEA, Fact(Kind.STORE_DAMAGED, {"path": damaged}))
    match holdout.consult(session, bench):
        case Answer.FAILED:
            return decided(session, Verdict.DISCARD, Outcome.OK, Cause.IDEA, Fact(Kind.DOES_NOT_GENERALISE))
        case Answer.BROKEN:
            return voided(session, Cause.BENCHMARK, Fact(Kind.HOLDOUT_BROKEN))
        case Answer.FLAKY:
            verdict = _remarked(verdict, Fact(Kind.HOLDOUT_FLAKY))
    return _with_losses(session, _with_seed(session, verdict, runs), runs)


def _guarded(state: State) -> list[str]:
    return [guards.read_guard(text).metric for text in state.config.guardrails]


def _with_losses(session: Session, verdict: Decided, runs: Sequence[Run]) -> Decided:
    """Name the cases that lost most by a keep, where runs were given cases: its pairs say that the mean is better."""
    state = session.state
    arms = ([run.samples for run in runs if run.arm is arm] for arm in Arm)
    batches = list(zip(*arms, strict=False)) if state.segment.listed and state.scores is None else []
    gains = batch_pairs.gains_by_case(batches, state.metric.name, state.metric.direction, logs=state.segment.case_ratios)
    lost = [case for case, _ in batch_pairs.largest_losses(gains)]
    return _remarked(verdict, Fact(Kind.LOST_BY, {"cases": lost}) if lost else None)


def _with_seed(session: Session, verdict: Decided, runs: Sequence[Run]) -> Decided:
    """Say of a keep that it sets a seed otherwise: no runs tell a lucky seed from a gain. One that ignores seeds it is given is void."""
    seed = seeding.changed_by(session, session.experiment)
    if seed is not None and session.state.config.seeds and audit.ignores_seeds(runs, session.state.metric):
        return voided(session, Cause.IDEA, Fact(Kind.SEED_FIXED, {"seed": seed}))
    return _remarked(verdict, None if seed is None else Fact(Kind.SEED_CHANGED, {"seed": seed}))


def _remarked(verdict: Decided, seen: Fact | None) -> Decided:
    """Give a verdict with what was seen besides, if anything was."""
    return verdict if seen is None else replace(verdict, reason=replace(verdict.reason, besides=(*verdict.reason.besides, seen)))


def _damaged(session: Session, bench: Bench) -> str | None:
    """Name a file that the arms differ in, or that is pinned, of which git's store no longer holds what was measured."""
    both = [git.tracked(session.top, content) for content in bench.content.values()]
    entries = {(path, held[path][1]) for held in both for path in bench.alternating if path in held}
    entries |= {(path, sha) for path, (_, sha) in git.tracked(session.top, session.state.segment.opened.pins).items()}
    return next((path for path, _ in git.damaged(session.top, sorted(entries))), None)


def _with_baseline(state: State, runs: Sequence[Run]) -> Sequence[Run]:
    """Where only the candidate was run, let the segment's baseline stand for the incumbent."""
    return runs if any(run.arm is Arm.INCUMBENT for run in runs) else (*runs, *state.segment.baseline_observed)


def policy_for(top: Path, state: State, experiment: Experiment) -> Policy:
    """Give what this candidate's keep demands: one that only removes lines may be worse by the margin that was configured."""
    policy, margin = state.policy, state.config.simplify_margin
    only_removes = margin > 0 and git.only_removes(top, experiment.incumbent, experiment.candidate)
    return replace(policy, min_effect=-margin) if only_removes else policy


def _inconclusive(session: Session, why: Fact, runs: Sequence[Run]) -> Decided:
    verdict = decided(session, Verdict.INCONCLUSIVE, Outcome.OK, Cause.IDEA, why)
    return replace(verdict, value=settle.value_of(session.state, runs))


def _failed(session: Session, bench: Bench, ran: Ran, output: str, passed: Sequence[Arm]) -> Decided:
    """Tell whose failure it is: the candidate's only if the incumbent still passes, and has not failed besides."""
    if ran.arm is Arm.INCUMBENT:
        return _broken(session, bench, ran, output)
    if Arm.INCUMBENT not in passed:
        other, said = bench.run(Arm.INCUMBENT, Purpose.CROSS_CHECK)
        if other.outcome is not Outcome.OK:
            return _broken(session, bench, other, said)
    if bench.tallies[What.BENCHMARK, Arm.INCUMBENT].failures:
        return voided(session, Cause.BENCHMARK, _both_fail(bench, What.BENCHMARK), output)
    why = _counted(bench, What.BENCHMARK, Arm.CANDIDATE, ran.why)
    return decided(session, Verdict.DISCARD, ran.outcome, Cause.CANDIDATE, why, output)


def _checks_failed(session: Session, bench: Bench, why: Fact, output: str, runs: Sequence[Run]) -> Decided:
    passed, other, words = bench.check(Arm.INCUMBENT)
    if not passed:
        return voided(session, Cause.BENCHMARK, Fact(Kind.CHECKS_BROKEN, because=_counted(bench, What.CHECKS, Arm.INCUMBENT, other)), words)
    if bench.tallies[What.CHECKS, Arm.INCUMBENT].failures:
        return voided(session, Cause.BENCHMARK, _both_fail(bench, What.CHECKS), output)
    why = _counted(bench, What.CHECKS, Arm.CANDIDATE, why)
    verdict = decided(session, Verdict.DISCARD, Outcome.CHECKS_FAILED, Cause.CANDIDATE, why, output)
    return replace(verdict, value=settle.value_of(session.state, runs))


def _counted(bench: Bench, what: What, arm: Arm, why: Fact) -> Fact:
    """Say why something failed, and how often it did, where it was run more than once."""
    tally = bench.tallies[what, arm]
    return Fact(Kind.FAILS_AGAIN, {"failed": tally.failures, "runs": tally.runs}, why) if tally.runs > 1 else why


def _both_fail(bench: Bench, what: What) -> Fact:
    """Say that what fails fails now and then on the incumbent too, so that it accuses nobody."""
    ours, before = bench.tallies[what, Arm.CANDIDATE], bench.tallies[what, Arm.INCUMBENT]
    figures = {"what": what, "failed": ours.failures, "runs": ours.runs, "failed_before": before.failures, "runs_before": before.runs}
    return Fact(Kind.BENCHMARK_FLAKY, figures, ours.why if ours.failures else before.why)


def _broken(session: Session, bench: Bench, ran: Ran, output: str) -> Decided:
    if bench.tallies[What.BENCHMARK, Arm.INCUMBENT].flaky:
        return voided(session, Cause.BENCHMARK, _both_fail(bench, What.BENCHMARK), output)
    before = ran.why.kind is Kind.COMMAND_FAILED  # not even the benchmark was reached
    cause, kind = (Cause.ENVIRONMENT, Kind.PREPARATION_BROKEN) if before else (Cause.BENCHMARK, Kind.BENCHMARK_BROKEN)
    return voided(session, cause, Fact(kind, because=_counted(bench, What.BENCHMARK, Arm.INCUMBENT, ran.why)), output)


def decided(session: Session, verdict: Verdict, outcome: Outcome | None, cause: Cause, why: Fact, output: str = "") -> Decided:
    """Give a verdict on the open experiment."""
    return Decided(session.experiment.number, verdict, outcome, cause, reason=why, timestamp=now(), output=output)


def voided(session: Session, cause: Cause, why: Fact, output: str = "") -> Decided:
    """Give the verdict on an experiment whose measurement has no answer."""
    return decided(session, Verdict.VOID, None, cause, why, output)
