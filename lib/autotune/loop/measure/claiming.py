"""Claims: fresh samples of one state against an earlier one, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from autotune.core import rules
from autotune.core.cases import rounds
from autotune.core.decide import pace
from autotune.core.facts import Fact, Kind, claimed
from autotune.core.ledger import scored
from autotune.core.ledger.events import Claimed, Ran, Result, SegmentOpened
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, Metric, Outcome, Status
from autotune.core.output import marked
from autotune.core.stats import effects, noise
from autotune.core.stats.effects import Claim
from autotune.core.tell.words import told
from autotune.edges import commits
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.candidate.lending import borrowed
from autotune.loop.measure import quiet
from autotune.loop.measure.bench import Bench
from autotune.loop.measure.places import bench_between
from autotune.loop.measure.turns import Interrupted, Turn, alone, ended_by
from autotune.loop.session import feed
from autotune.loop.session.session import Session

PAIRS = 20


def pairs_of(session: Session) -> int:
    """How many pairs a claim is made of in this session."""
    if session.state.scores is not None:
        return _batches(session)
    return noise.EXACT_CLAIM_PAIRS if session.state.claims_by_few else PAIRS


def _batches(session: Session) -> int:
    held_out = session.state.segment.split.held_out
    return len(rounds.of_a_round(held_out)) if held_out else 0


def ahead(session: Session) -> Fact:
    """Say what a claim is about to cost; each run has a build of its own."""
    pairs = pairs_of(session)
    return Fact(Kind.PAIRS_AHEAD, {"pairs": pairs, "takes_s": 2 * pairs * session.state.segment.run_s})


def claim(session: Session) -> Claimed:
    """Measure the session's first state against its incumbent, and give what may be claimed."""
    return side_by_side(session, session.state.first, session.state.incumbent, None)


def confirm(session: Session, number: int) -> Claimed:
    """Measure a kept change against its parent once more. Raises `AutotuneError` where the experiment was not kept."""
    return side_by_side(session, *states(session, number), number)


def states(session: Session, number: int | None) -> tuple[str, str]:
    """Give the commits whose difference is in question: a kept change's parent and itself, without a number the session's first and last.

    Raises `AutotuneError` where nothing, or not this experiment, was kept.
    """
    if number is None:
        if session.state.first == session.state.incumbent:
            raise AutotuneError(
                "Nothing has been kept, so there is no gain to confirm.", "`autotune calibrate` measures the unchanged code against itself"
            )
        return session.state.first, session.state.incumbent
    metric, commit = _kept(session, number)
    if commit is None:
        raise AutotuneError(
            f"Experiment {number} is not a keep of this session.",
            "`autotune dashboard --full` names every keep; without a number the session is confirmed",
        )
    if metric is not None and (metric.name, metric.direction) != (session.state.metric.name, session.state.metric.direction):
        raise AutotuneError(
            f"Experiment {number} was kept for {metric.name} ({metric.direction} is better), and now {session.state.metric.name} "
            f"({session.state.metric.direction} is better) is measured, so that keep cannot be confirmed.",
            f"`autotune explain {number}` has what was measured then",
        )
    return commits.parents(session.top, commit)[0], commit


def of_branch(session: Session, first: str, last: str, branch: str) -> Claimed:
    """Measure what a branch that is handed over changes, against what it stands on."""
    return replace(side_by_side(session, first, last, None), branch=branch)


def failing_checks(session: Session, first: str, last: str) -> Fact | None:
    """Say why the checks fail on what one state makes of another; None where they pass, or there are none."""
    if not session.state.config.checks:
        return None
    with alone(session, "the checks"), borrowed(session, first, last):
        passed, why, _ = bench_between(session, first, last).check(Arm.CANDIDATE)
    return None if passed else why


def _kept(session: Session, number: int) -> tuple[Metric | None, str | None]:
    """Give what was measured then and a keep's commit, by their lines, for the state holds the latest alone; None where it is no keep."""
    marks, metric = (b'"type":"config"', f'"index":{number},'.encode()), None
    for event in feed.events(session.folder.ledger, *marks):
        if isinstance(event, SegmentOpened):
            metric = Metric(event.metric_name, event.metric_unit, event.direction)
        if isinstance(event, Result) and event.index == number and event.status is Status.KEEP and not event.baseline:
            return metric, event.commit
    return metric, None


def side_by_side(session: Session, first: str, last: str, experiment: int | None) -> Claimed:
    """Measure two states side by side, and give what may be claimed of them."""
    found, besides = _supported(session, first, last)
    claim = None if isinstance(found, Fact) else found
    return Claimed(
        first,
        last,
        improved=claim is not None and claim.improved,
        pairs=0 if claim is None else claim.pairs,
        reason=found if isinstance(found, Fact) else replace(claimed(found), besides=besides),
        keeps=session.state.all_keeps,
        timestamp=now(),
        effect=None if claim is None else claim.effect,
        experiment=experiment,
    )


def _supported(session: Session, first: str, last: str) -> tuple[Claim | Fact, tuple[Fact, ...]]:
    """Give what runs of two states support, or why there is no claim, and what was seen besides."""
    state = session.state
    if not state.segment.can_claim:
        return Fact(Kind.NO_CLAIM, because=Fact(Kind.NONE_HELD_OUT)), ()
    try:
        _refuse_a_rule_that_is_gone(session)
        with alone(session, "a claim") as turn, borrowed(session, first, last):
            busy = quiet.wait_for_quiet(session, 2 * pairs_of(session) * state.segment.run_s)
            bench = bench_between(session, first, last)
            bench.builds = None  # with one build a side, its luck would be claimed
            pairs = _pairs(session, bench, turn)
    except (AutotuneError, Interrupted) as error:
        return Fact(Kind.NO_CLAIM, because=ended_by(error)), ()
    if isinstance(pairs, Fact):
        return pairs, ()
    try:
        found = scored.claim_of(state, [(before.run, after.run) for before, after in pairs], state.looks_at(first, last))
    except ValueError:
        return Fact(Kind.NO_CLAIM, because=Fact(Kind.NONE_SCORED)), ()
    held_out = Fact(Kind.ON_HELD_OUT, {"cases": len(state.segment.split.held_out)}) if state.scores is not None else None
    one_number = state.scores is None and found.improved and _repeat(state.metric.name, pairs)
    seen = (held_out, Fact(Kind.ONE_NUMBER) if one_number else None, Fact(Kind.BUILT_AFRESH) if state.config.built_once else None, busy)
    return found, tuple(filter(None, seen))


def _refuse_a_rule_that_is_gone(session: Session) -> None:
    for why in rules.gone(session.state.segment.opened.rule):
        raise AutotuneError(f"{told(why)}.", "`autotune rebaseline` begins a segment that is decided by this version's")


def _pairs(session: Session, bench: Bench, turn: Turn) -> list[tuple[Ran, Ran]] | Fact:
    """Run coin-flip pairs; gives the (first, last) runs, or why there are none.

    Where few were to be enough and a side's runs differ, the rest of the usual ones follows.
    """
    state, wanted = session.state, pairs_of(session)
    pairs: list[tuple[Ran, Ran]] = []
    while len(pairs) < wanted:
        turn.begin_stage()
        turn.expect(2 * bench.run_s)
        runs = {}
        for arm in bench.random.sample(list(Arm), 2):
            run, _ = bench.run(
                arm, Purpose.CLAIM, pace.of_known_length("pair", len(pairs) + 1, wanted, turn.pace_s(bench.run_s, bench.ran))
            )
            if run.outcome is not Outcome.OK:
                failed = Kind.LAST_STATE_FAILED if arm is Arm.CANDIDATE else Kind.FIRST_STATE_FAILED
                return Fact(Kind.NO_CLAIM, because=Fact(failed, because=run.why))
            runs[arm] = run
        before, after = runs[Arm.INCUMBENT], runs[Arm.CANDIDATE]
        if changes := marked.changed(before.context, after.context, state.config.context_free):
            return Fact(Kind.NO_CLAIM, because=Fact(Kind.CONTEXT_DIFFERS, {"changes": changes}))
        pairs.append((before, after))
        if state.scores is not None:
            ran = {state.segment.listed[place].name for one, _ in pairs for place in one.cases}
            wanted = len(pairs) + rounds.ahead(state.segment.split.held_out, ran)
        elif len(pairs) >= wanted and not _repeat(state.metric.name, pairs):
            wanted = PAIRS
    return pairs


def _repeat(metric: str, pairs: Sequence[tuple[Ran, Ran]]) -> bool:
    """Whether each side gave one value throughout."""
    return effects.side_by_side_repeat([(before.metrics[metric], after.metrics[metric]) for before, after in pairs])
