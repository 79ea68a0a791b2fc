"""Calibrating: the unchanged code measured against itself, which shows what benchmark and machine can see."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from autotune.core.config.editing import with_value
from autotune.core.config.reading import to_mapping
from autotune.core.decide import pace
from autotune.core.decide.comparison import hears_witness
from autotune.core.decide.witness import noise_of, witness_of
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Calibrated, Ran, SettingsChanged
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.sight import NOISY, SHORT_RUN_S, Blind, blind, by_pair, by_spread, by_unit, sight
from autotune.core.model import Arm, Direction, Outcome, Witness
from autotune.core.output.outcome import cost_of
from autotune.core.stats import effects, noise
from autotune.core.tell import advice
from autotune.core.tell.words import told
from autotune.core.trust import audit
from autotune.edges import machine
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.candidate import seeding
from autotune.loop.candidate.lending import borrowed
from autotune.loop.measure import quiet
from autotune.loop.measure.bench import Bench
from autotune.loop.measure.measuring import BASELINE_BUDGET_S
from autotune.loop.measure.places import bench_for, second_place
from autotune.loop.measure.turns import Interrupted, Turn, alone
from autotune.loop.session import settings
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Session

PAIRS = 20
PAIRS_AT_OPENING = 10
BUSY_SAMPLE_S = 0.2
FOUND = ("min_effect", "min_effect_found")  # the keys that calibration writes


def calibrate(session: Session, pairs: int = PAIRS) -> Calibrated:
    """Set the incumbent up twice and run both in coin-flip pairs, after one run of each that is looked at for a warm-up.

    In the checkout (`in_place`) there is no second place: then it is run as often, and no bias is known. Raises `AutotuneError` where
    the benchmark fails.
    """
    try:
        with alone(session, "a calibration") as turn, borrowed(session):
            quiet.wait_for_quiet(session, 2 * (pairs + 1) * session.state.segment.run_s)
            busy = machine.busy_share(BUSY_SAMPLE_S)
            bench = bench_for(session, None)
            found = _measured(session, bench, pairs, turn)
    except Interrupted as why:
        raise AutotuneError(f"Not calibrated: {why}.", "calibrate again when nothing interrupts it") from None
    if (flaky := bench.flaky()) is not None:
        session.say(flaky)
    return _with_seeds(session, replace(_of_runs(session, bench, *found), busy=busy))


def _from_baseline(session: Session, bench: Bench, values: Sequence[float], elapsed_s: float) -> Calibrated:
    """What a baseline says by itself, `elapsed_s` having been spent on it."""
    each = elapsed_s / len(values)
    return _calibrated(session, bench, [list(values)], [session.state.segment.baseline_wall_s or each], [each])


def refuse_blind(session: Session, bench: Bench, values: Sequence[float], elapsed_s: float) -> None:
    """Raise `AutotuneError` where the unchanged code's runs show that next to nothing would be found, with what would help."""
    metric, value = session.state.metric, noise.median(values)
    found = by_spread(_from_baseline(session, bench, values, elapsed_s), values)
    of_many = session.state.config.read or audit.is_of_many(metric.name)  # each may be as short as it is
    unit_s = None if of_many else audit.seconds_of(metric)
    why = blind(found, found.run_s if unit_s is None else value * unit_s, _noise_of_witness(session))
    if session.state.pairs_alone and why is not Blind.COARSE:  # what differs from seed to seed, or case to case, cancels in a pair
        why = None
    if why is Blind.COARSE and not audit.is_said_to_be_time(metric):
        why = None
    if why is None and metric.direction is Direction.LOWER and not any(values):
        why = Blind.ZERO
    if why is Blind.NOISY and session.state.timed:
        found = replace(found, busy=machine.busy_share(BUSY_SAMPLE_S))
    if why is not None:
        raise AutotuneError(*advice.blindness(found, metric, value, why))


def _noise_of_witness(session: Session) -> float:
    """Give the noise of a run's processor time where that is a second witness, else infinity."""
    state = session.state
    seen = witness_of(state.segment.baseline_observed, state.metric)
    return noise_of(seen) if hears_witness(state.policy) and isinstance(seen, Witness) else math.inf


def after_baseline(
    session: Session, bench: Bench, values: Sequence[float], elapsed_s: float, turn: Turn, read: Sequence[str]
) -> Calibrated:
    """What a baseline says, `elapsed_s` having been spent on it. Where builds differ (`prepare`), their bias is measured, if there is time.

    What repeats exactly has no bias. Where runs are noisy and each is built anew, so few pairs would take noise for a bias, and every build
    is a coin's in the race anyway. The machine is held already, by `turn`. `read` are the files in scope that the runs have read, nothing
    where that is not known.
    """
    config, each = session.state.config, elapsed_s / len(values)
    found = _from_baseline(session, bench, values, elapsed_s)
    hidden = found.noise > NOISY and not config.built_once
    pairs = min(PAIRS_AT_OPENING, int(BASELINE_BUDGET_S / 2 / (2 * each)) - 1)
    once = len(values) < 2  # noqa: PLR2004 - one run has no spread
    differs = config.prepare and not config.in_place and not session.state.exact
    if differs and not once and not hidden and pairs >= effects.FEWEST_PAIRS_FOR_INTERVAL:
        session.say(Fact(Kind.CALIBRATING, {"pairs": pairs, "takes_s": 2 * (pairs + 1) * each}))
        found = _of_runs(session, bench, *_paired(session, bench, pairs, turn))
    return _with_seeds(session, found, read)


def _measured(session: Session, bench: Bench, pairs: int, turn: Turn) -> tuple[list[Ran], list[float]]:
    if not session.state.config.in_place:
        return _paired(session, bench, pairs, turn)
    outlooks = (pace.of_known_length("run", number, 2 * pairs, turn.pace_s(bench.run_s, bench.ran)) for number in range(1, 2 * pairs + 1))
    runs, elapsed = zip(*(_one(bench, Arm.INCUMBENT, outlook) for outlook in outlooks), strict=True)
    return list(runs), list(elapsed)


def _paired(session: Session, bench: Bench, pairs: int, turn: Turn) -> tuple[list[Ran], list[float]]:
    """Run both places, or both builds (`build_once`), in pairs; gives the runs in order, and what each took with what prepares it."""
    runs, elapsed = list[Ran](), list[float]()
    with ExitStack() as stack:
        bench.content[Arm.CANDIDATE] = bench.content[Arm.INCUMBENT]
        second = bench
        if bench.builds is None:
            second = Bench(session, stack.enter_context(second_place(session)), dict(bench.content), bench.alternating, bench.experiment)
        benches = {Arm.INCUMBENT: bench, Arm.CANDIDATE: second}
        for number in range(1, pairs + 2):
            turn.begin_stage()
            turn.expect(2 * bench.run_s)
            outlook = pace.of_known_length("pair", number, pairs + 1, turn.pace_s(bench.run_s, bench.ran))
            for arm in bench.random.sample(list(Arm), 2):
                run, whole_s = _one(benches[arm], arm, outlook)
                runs.append(run)
                elapsed.append(whole_s)
    return runs, elapsed


def _one(bench: Bench, arm: Arm, outlook: Mapping[str, Any]) -> tuple[Ran, float]:
    """One run, and what all of it took."""
    begun = time.perf_counter()
    run, _ = bench.run(arm, Purpose.CALIBRATION, outlook)
    if run.outcome is not Outcome.OK:
        raise AutotuneError(f"The unchanged code fails: {told(run.why)}", "`autotune doctor` looks at benchmark and checks")
    if bench.session.state.metric.name not in run.metrics:
        raise AutotuneError(
            "The unchanged code leaves all cases of a run without a score.", "the log has the reason of each case, after UNSCORED"
        )
    return run, time.perf_counter() - begun


def _of_runs(session: Session, bench: Bench, runs: Sequence[Ran], elapsed: Sequence[float]) -> Calibrated:
    """What runs of the unchanged code say, in pairs where both arms were run; the first pair is left out, since warm-ups are no bias."""
    state, arms = session.state, [[run for run in runs if run.arm is arm] for arm in (Arm.INCUMBENT, Arm.CANDIDATE)]
    series = [[run.metrics[state.metric.name] for run in made] for made in arms if made]
    found = _calibrated(session, bench, series, [run.wall_s for run in runs], elapsed)
    cost_usd = math.fsum(cost_of(run.metrics, state.config.cost_metric) for run in runs) / len(runs)
    found = replace(found, run_cost_usd=cost_usd)
    pairs = list(zip(*arms, strict=False))[1:]
    return replace(found, by_pair=by_pair(state, pairs), by_unit=by_unit(state, pairs, found))


def _calibrated(
    session: Session,
    bench: Bench,
    series: Sequence[Sequence[float]],
    walls: Sequence[float],
    elapsed: Sequence[float],
) -> Calibrated:
    """The event that says it; the first pair is left out of the bias, since warm-ups are not one."""
    state = session.state
    wall_s = noise.median(walls)
    biased = len(series) > 1 and state.scores is None  # scores have no bias that a relative min_effect could be above
    pairs = list(zip(*series, strict=True))[1:] if biased else []
    prepare_s = max(0.0, noise.median(elapsed) - wall_s) if state.config.prepare else 0.0
    found = sight(
        series,
        round(wall_s, 6),
        state.metric.direction,
        [(first, second) for first, second in pairs],
        prepare_s=round(prepare_s, 6),
        build_once=state.config.built_once,
        exact=state.exact,
        timestamp=now(),
    )
    return replace(found, timed=state.timed, output_bytes=bench.output_bytes)


def _with_seeds(session: Session, found: Calibrated, read: Sequence[str] = ()) -> Calibrated:
    """The same with what fixes chance in scope, where all values are equal; of the files that the runs `read`, where these are known."""
    repeats = found.runs > 1 and not found.noise
    return replace(found, seeded=seeding.fixed_in_scope(session, read)) if repeats else found


def asks_for_more(session: Session, found: Calibrated) -> bool:
    """Whether a bias was found that the session's `min_effect` is below."""
    return found.min_effect is not None and found.min_effect > session.state.config.min_effect


def apply(session: Session, found: Calibrated) -> bool:
    """Write what was found as `min_effect` to autotune.toml, as calibration's own; gives whether it did.

    A person's value stays where it asks for as much.
    """
    least = found.min_effect or 0.0
    own = session.state.config.min_effect_is_found
    if not asks_for_more(session, found) and (not own or least == session.state.config.min_effect):
        return False
    path = session.workdir / CONFIG_FILE
    text = with_value(with_value(settings.text_of(path), "min_effect", f"{least:g}"), "min_effect_found", f"{least:g}")
    settings.take_in(session, FOUND, text)
    return True


def apply_at_opening(session: Session, found: Calibrated) -> None:
    """Take the proposed `min_effect` in a segment that comes to be, as calibration's own; what a person asks for is theirs."""
    if asks_for_more(session, found) and found.min_effect is not None and session.state.config.min_effect_is_found:
        config = replace(session.state.config, min_effect=found.min_effect, min_effect_found=found.min_effect)
        session.append(SettingsChanged(config=to_mapping(config), changed=FOUND, timestamp=now()))
        warn(session)


def warn(session: Session) -> None:
    """Say, before anything is tried, that small gains will not be kept because of what calibration found."""
    config, found = session.state.config, session.state.segment.calibrated
    if found is not None and config.min_effect and config.min_effect_is_found:
        short = found.run_s < SHORT_RUN_S
        session.say(Fact(Kind.MIN_EFFECT_SET, {"min_effect": config.min_effect, "logs": found.logs, "short": short}))
