"""Rehearsing: a segment tried out on a ledger of its own, before anything is written that stays."""

from __future__ import annotations

import itertools
import math
import os
import re
import shutil
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autotune.core import rules
from autotune.core.cases.confirming import Count, needed
from autotune.core.cases.listed import line_of, listed
from autotune.core.cases.scores import Asked, can_decide
from autotune.core.cases.split import FEWEST_TO_SPLIT, digest, letters, split, units_in
from autotune.core.config.model import Config
from autotune.core.config.reading import to_mapping
from autotune.core.facts import Fact, Kind, naming
from autotune.core.findings import Remedy
from autotune.core.ledger.events import Listed, Ran, Result, SegmentOpened
from autotune.core.ledger.fold import begin
from autotune.core.ledger.lines import Event, to_line
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.scored import mean_of
from autotune.core.ledger.state import State
from autotune.core.model import Arm, DecisionMode, Direction, Metric, Outcome, Status
from autotune.core.stats import effects, noise
from autotune.core.stats.noise import median
from autotune.core.tell.figures import counted, number, share_in_words
from autotune.core.tell.words import told
from autotune.core.trust import audit, patterns
from autotune.edges import commits, copies, environment, git, ledger, place, status, tree
from autotune.edges.clock import now
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop.candidate import pinning
from autotune.loop.measure import calibrating, confirmations, reading, recording
from autotune.loop.measure.bench import Bench
from autotune.loop.measure.measuring import baseline
from autotune.loop.measure.places import bench_for, content_of
from autotune.loop.measure.turns import Interrupted, Turn, ended_by
from autotune.loop.session import feed, layout, logs
from autotune.loop.session.layout import BENCHMARK_FILE, SESSION_FILES, Folder, root
from autotune.loop.session.session import Session
from autotune.version import version

UNCHANGED_WITHIN = 0.02  # a metric that emptied files change by less than this, or by less than five noise floors, does not measure them
UNCHANGED_WITHIN_ONCE = 0.10
MANY_FILES, MOST_READ = 1000, 500  # so many take long to empty; so few do not
SHORTEST_S = 0.01  # a shorter time is mostly the clock's and the machine's, or that of starting a process
_NOISES = 5.0
_PROGRAMS = re.compile(r"(?<![^\s'\"=;&|(])(/[^\s'\"]+)/bin/[\w.-]+(?![^\s'\";&|)])")  # in environments that a command names
LONG_ID, SOUGHT = 4, 3  # characters of an id that is sought in tracked files, and how many ids are
LONGEST_OFFER_S = 60.0  # a run that takes longer is not made once more to try the sandbox
_TRIAL_TIMES, _TRIAL_S = 5.0, 2.0  # how many times as long as any before, and how much longer still, a run may take there: for a network


def rehearse(session: Session, segment: SegmentOpened, turn: Turn, *, anyway: bool = True) -> tuple[Event, ...]:
    """Measure a baseline and prove that the files in scope are what is measured, on a ledger of their own; gives what was written there.

    The machine is held already, by `turn`. Raises `AutotuneError` where the benchmark or the checks fail, where emptied files change
    nothing, or where next to nothing would be found, unless the session is opened `anyway`.
    """
    ledger.append(session.folder.ledger, lambda prev: to_line(segment, prev))
    session.refresh()
    bench = bench_for(session, None)
    if session.state.config.seeds and session.state.config.cases:
        raise AutotuneError("The session has both `cases` and `seeds`.", "take one of them out: a seed is a case that is only a number")
    if session.state.config.score_range is not None and not session.state.config.cases:
        raise AutotuneError("The session has `score_range` and no `cases`.", "name the cases that have these scores: --cases")
    if command := session.state.config.cases:
        lines = session.state.config.cases_named or tuple(map(line_of, bench.list_cases(command)))
        session.append(_listed(session, lines))
        _tell_of_open_cases(session)
    if session.state.scores is not None and (spent := confirmations.spent(session)) is not None:
        raise AutotuneError(f"{told(spent)}.", "take other cases in place of these")
    values, elapsed_s = baseline(session, bench, turn, once=session.state.decision_mode is DecisionMode.ONCE)
    if (found := reading.what_was_found(session.state.config, bench.report, bench.output)) is not None:
        session.say(found)
    if not anyway and session.state.scores is None:
        calibrating.refuse_blind(session, bench, values, elapsed_s)
    passed, why, output = bench.check(Arm.INCUMBENT)
    if not passed:
        raise AutotuneError(
            f"The checks do not pass on the unchanged code: {told(why)}\n{output}", f"mend them; they are `{session.state.config.checks}`"
        )
    if (flaky := bench.flaky()) is not None:
        session.say(flaky)
    read: Sequence[str] = ()
    if not session.state.config.in_place:
        tuned = _files_in_scope(session)
        read = _read(bench, tuned)
        _prove(session, bench, values, tuned, read)
    calibrated = calibrating.after_baseline(session, bench, values, elapsed_s, turn, read)
    session.append(_baseline_result(session, values))
    session.append(calibrated)
    calibrating.apply_at_opening(session, calibrated)
    return tuple(feed.events(session.folder.ledger))


def _listed(session: Session, lines: tuple[str, ...]) -> Listed:
    """Name the segment's cases, and where they have scores, what each is for; refuse those that can decide nothing, before they cost."""
    config = session.state.config
    if config.score_range is None:
        return Listed(cases=lines, timestamp=now())
    cases = listed(lines)
    parts = split(cases, config.holdout_share, config.search_share)
    units, needs = units_in(parts.confirm), needed(Count(1), Count(1), config.error_budget)
    if not can_decide(units, Asked(needs, 0.0)):
        fewest = next(count for count in itertools.count(units) if can_decide(count, Asked(needs, 0.0)))
        raise AutotuneError(
            f"{counted(units, 'case')} can decide nothing, however good a change is: a keep takes odds of {needs:.0f} : 1.",
            f"{fewest} are the fewest; from {FEWEST_TO_SPLIT} on there are also some that the proposer may see",
        )
    return Listed(cases=lines, timestamp=now(), parts=letters(cases, parts), digest=digest(cases))


def _tell_of_open_cases(session: Session) -> None:
    """Say which tracked files name the cases that decide, as far as their ids are long enough to be told from other words."""
    state = session.state
    names = [case.name for case in state.segment.split.confirm if len(case.name) >= LONG_ID] if state.scores is not None else []
    some = names[:: max(len(names) // SOUGHT, 1)][:SOUGHT]
    found = [set(status.mentioning(session.top, rf"(^|[^[:alnum:]_]){re.escape(name)}([^[:alnum:]_]|$)")) for name in some]
    if paths := sorted(set.intersection(*found) if found else ()):
        session.say(naming(Kind.CASES_OPEN, paths))


def _files_in_scope(session: Session) -> dict[str, str]:
    """Map the files that a candidate may change to their modes."""
    state, opened = session.state, session.state.segment.opened
    held = pinning.in_scope(session.repository, opened.workdir, state.config, state.incumbent, opened.pins)
    return {path: mode for path, (mode, _) in held.items() if mode.startswith("100")}


def _read(bench: Bench, tuned: Collection[str]) -> tuple[str, ...]:
    """Give the files in scope that the runs have read, where there are many, these are few, and the file system tells."""
    read = place.read_by_runs(bench.place).intersection(tuned) if len(tuned) >= MANY_FILES else ()
    return tuple(sorted(read)) if len(read) <= MOST_READ else ()


def _prove(session: Session, bench: Bench, values: Sequence[float], tuned: Mapping[str, str], read: Sequence[str]) -> None:
    """Show that the worktree is what is measured: with the files in scope emptied, the benchmark has to fail or to change its metric.

    To empty many takes long. So those that the runs have `read`, where they are known, come first: if they are measured, the worktree is.
    """
    state = session.state
    nothing = git.store(session.top, b"")
    emptied = {path: (mode, nothing) for path, mode in tuned.items()}
    if read and bench.builds is None:
        bench.content[Arm.CANDIDATE] = _with(session, {path: emptied[path] for path in read})
        bench.alternating = tuple(read)
        session.say(Fact(Kind.PROVING_WITH_READ, {"files": len(read)}))
        proof, _ = bench.run(Arm.CANDIDATE, Purpose.PROOF)
        bench.alternating = tuple(emptied)  # what is built next, for a calibration, is built of files written anew
        if _shows(session, values, proof):
            return
    bench.content[Arm.CANDIDATE] = _with(session, emptied)
    session.say(Fact(Kind.PROVING))
    with bench.emptied(Arm.CANDIDATE, emptied):
        proof, _ = bench.run(Arm.CANDIDATE, Purpose.PROOF)
    bench.alternating = tuple(emptied)
    value = proof.metrics.get(state.metric.name)
    if bench.builds is not None:
        _prove_apart(bench, median(values), value)
    if not _shows(session, values, proof):
        led = led_back(session.top, session.workdir, state.config)
        if value is not None and (little := _too_little(state.metric, values, value, led, repeated=bool(state.config.read))) is not None:
            raise little
        raise AutotuneError(
            f"With every file in scope emptied the benchmark still passes, with {state.metric.name} = {number(value or 0.0)} "
            f"(before: {number(median(values))}): it does not measure this code.",
            f"{_protected_in_scope(session)}{_leading_back(led)}; if it has to be that way, --in-place measures in the checkout instead",
        )


def _with(session: Session, entries: Mapping[str, tuple[str, str]]) -> str:
    """Give the tree that is measured of the incumbent, with other files in their places."""
    content = content_of(session, session.state.incumbent)
    return tree.tree_having(session.top, content, session.folder.path / "scratch-index", entries)


def _shows(session: Session, values: Sequence[float], proof: Ran) -> bool:
    """Whether a run with files emptied failed, or printed something else than the runs before."""
    state = session.state
    value = proof.metrics.get(state.metric.name)
    if state.scores is not None and proof.outcome is Outcome.OK:
        return _scores_differ(state, proof)
    return proof.outcome is not Outcome.OK or value is None or not _unchanged(values, value, logs=min(values) > 0, exact=state.exact)


def _scores_differ(state: State, proof: Ran) -> bool:
    """Whether a run's scores are others than the baseline's of the same cases, by more than two standard errors of the mean."""
    name, listed_ = state.metric.name, state.segment.listed
    before = {key: value for run in state.segment.baseline_observed for key, value in run.samples.items()}
    keys = [f"{name}[{listed_[place].name}]" for place in proof.cases]
    differences = [proof.metrics[key] - before[key] for key in keys if key in proof.metrics and key in before]
    if len(differences) < 2 or not any(differences):  # noqa: PLR2004 - one has no spread
        return not differences or any(differences)
    return abs(statistics.fmean(differences)) > 2 * statistics.stdev(differences) / math.sqrt(len(differences))


def _too_little(metric: Metric, values: Sequence[float], value: float, led: Fact | None, *, repeated: bool) -> AutotuneError | None:
    """Say that a time is too short, or its noise too great, for emptied files to be seen in it; None where it is not, or is no time.

    `led` is what may lead the benchmark to other files than those emptied. The time of one of many repetitions, as a tool takes it that
    is read, may be as short as it is.
    """
    seconds = audit.seconds_of(metric)
    noise = math.expm1(_ordinary(values)) if min(values) > 0 else 0.0
    short = seconds is not None and not repeated and median(values) * seconds < SHORTEST_S
    if not short and (seconds is None or _NOISES * noise <= UNCHANGED_WITHIN):
        return None
    spread = f", which differ by {share_in_words(noise, figures=2)} from run to run by themselves" if noise else ""
    why, remedy = (
        (
            "There is too little work in a run",
            "give the benchmark more to do (more input, more repetitions), until it measures a tenth of a second or more",
        )
        if short
        else (
            "The runs differ too much to show what is measured",
            "open it when the machine is quieter, or give the benchmark more to do (more input, or the median of several repetitions)",
        )
    )
    return AutotuneError(
        f"{why}: with every file in scope emptied {metric.name} is {number(value)}, with them it is "
        f"{number(median(values))}; a difference cannot be seen among such values{spread}.",
        f"{remedy}; if emptied files still change nothing then, the benchmark does not measure this code"
        + (f": {told(led)}" if led is not None else ""),
    )


def _protected_in_scope(session: Session) -> str:
    """Say which files that the scope names were left as they were, for they are protected; nothing where there are none."""
    workdir, files = session.state.segment.opened.workdir, [*map(session.inside, SESSION_FILES)]
    scope = patterns.matcher(session.state.config.scope, workdir)
    pinned = sorted(path for path in git.tracked(session.top, session.state.segment.opened.pins) if path not in files and scope(path))
    left = [patterns.from_folder(path, workdir) for path in pinned]
    return f"if it measures {', '.join(left[:5])}, which is protected, name it: --scope {left[0]}; else " if left else ""


def _leading_back(led: Fact | None) -> str:
    """Say what may have led the benchmark out of the measuring worktree: the Python environments' files that do, where there are any."""
    return told(led) if led is not None else "look for an editable install or an absolute path that leads out of the measuring worktree"


def led_back(top: Path, workdir: Path, config: Config) -> Fact | None:
    """Name the files by which a benchmark's Python may load modules from the checkout, and their folders in it; None without any.

    An environment that is carried is copied, and its copy leads to the worktree.
    """
    carried = {(workdir / path).resolve() for path in config.carry}
    own = [top / path for path in status.ignored(top) if path.rstrip("/").endswith("venv") and (top / path).resolve() not in carried]
    used = [Path(one).parent.parent for one in map(shutil.which, ("python3", "python")) if one]
    scripts = [workdir / name for name in (BENCHMARK_FILE,) if name in config.benchmark.split() and (workdir / name).is_file()]
    texts = [config.benchmark, *(path.read_text("utf-8", "replace") for path in scripts)]
    named = [Path(one) for text in texts for one in _PROGRAMS.findall(text)]
    active = os.environ.get("VIRTUAL_ENV")
    environments = dict.fromkeys([*own, *([Path(active)] if active else []), *used, *named])
    found = {os.path.realpath(path): places for one in environments for path, places in copies.leading_back(top, one).items()}
    if not found:
        return None
    folders = dict.fromkeys(os.path.relpath(top / place, workdir) for places in found.values() for place in places)
    return Fact(Remedy.LEAD_PYTHON_BACK, {"files": [*found], "top": str(top), "path": os.pathsep.join(folders)})


def _prove_apart(bench: Bench, before: float, emptied: float | None) -> None:
    """Show that the build of emptied files, made last, left the unchanged code's own build as it was."""
    kept, _ = bench.run(Arm.INCUMBENT, Purpose.PROOF)
    value = kept.metrics.get(bench.session.state.metric.name)
    mixed_up = value is not None and emptied is not None and abs(value - emptied) < abs(value - before)
    if kept.outcome is not Outcome.OK or mixed_up:
        raise AutotuneError(
            f"After `prepare` has run on other files, the build of the unchanged code is no longer right: {told(kept.why)}.",
            "`prepare` writes outside the working tree, so it has to run before every run: take build_once out",
        )


def _unchanged(values: Sequence[float], value: float, *, logs: bool, exact: bool) -> bool:
    """Whether a value may be one more of the same state; where that repeats exactly, however little the value differs it is not."""
    if exact or not logs:
        return min(values) <= value <= max(values)
    if value <= 0:
        return False
    ordinary = _ordinary(values)
    floor = UNCHANGED_WITHIN if len(values) > 1 else UNCHANGED_WITHIN_ONCE
    before, after = effects.on_scale([median(values), value], Direction.HIGHER, logs=True)
    return abs(after - before) <= max(floor, _NOISES * ordinary)


def _ordinary(values: Sequence[float]) -> float:
    """The noise floor of values above 0, as a difference of logarithms; 0 of a single one."""
    return noise.noise_floor(noise.residual_pool(values, logs=True)) if len(values) > 1 else 0.0


def _baseline_result(session: Session, values: Sequence[float]) -> Result:
    state = session.state
    return Result(
        index=state.count,
        commit=state.incumbent,
        metric=median(values),
        status=Status.KEEP,
        description="baseline" if state.segment.opened.segment == 1 else f"baseline of segment {state.segment.opened.segment}",
        timestamp=now(),
        segment=state.segment.opened.segment,
        metrics={},
        asi=None,
        failure=None,
        reason=Fact(Kind.BASELINE, {"runs": len(values)}),
        files=(),
        outcome=Outcome.OK,
        baseline=True,
    )


def offer_sandbox(session: Session) -> None:
    """Say that the sandbox would do, where it does: with one more run of benchmark and checks, unless that is too dear.

    It is where a baseline took three runs, and this would take two builds more. Where the system has no sandbox, the run fails.
    """
    state = session.state
    built_twice = bool(state.config.prepare and state.config.checks)
    dear = (
        state.scores is not None
        or state.decision_mode is DecisionMode.ONCE
        or state.segment.run_s > LONGEST_OFFER_S
        or (state.exact and built_twice)
    )
    if state.config.sandbox or dear:
        return
    took_s = max(event.wall_s + event.prepare_s for event in feed.events(session.folder.ledger) if isinstance(event, Ran))
    most_s = math.ceil(_TRIAL_TIMES * took_s + _TRIAL_S)
    try:
        bench = replace(bench_for(session, None), trial_s=most_s)
        session.going_on(Kind.TRYING_SANDBOX)
        works = bench.passes()
    except AutotuneError:
        return
    if works:
        session.say(Fact(Kind.SANDBOX_WORKS))


def rehearse_again(session: Session, reason: Fact, turn: Turn, config: Config | None = None) -> tuple[Event, ...] | Fact:
    """Measure the incumbent as a new segment would, beside the session; gives the new segment's events, or why it does not work.

    The machine is held already, by `turn`. With `config` the segment takes what it names from the working tree as it is now; without,
    everything stays pinned as it was.
    """
    state, repository = session.state, session.repository
    path = root(repository) / f"{layout.OPENING}{session.name}-{os.getpid()}"
    path.mkdir(parents=True)
    try:
        settings = (config or state.config).without_findings
        pins = state.segment.opened.pins
        if config is not None:
            pins = pinning.pin(repository, state.segment.opened.workdir, settings, state.incumbent, path / "pins-index")
            pinning.refuse_scope(repository, state.segment.opened.workdir, settings, state.incumbent, pins)
            reading.refuse_unfit(session.top, state.segment.opened.workdir, settings, git.tracked(session.top, state.incumbent))
        segment = replace(
            state.segment.opened,
            segment=state.segment.opened.segment + 1,
            timestamp=now(),
            version=version(),
            base=state.incumbent,
            metric_name=settings.metric,
            metric_unit=settings.unit,
            direction=settings.direction,
            in_place=settings.in_place,
            pins=pins,
            config=to_mapping(settings),
            machine=recording.recorded(settings, session.top, state.segment.opened.workdir),
            environment=environment.recorded_environment(environment.environment_for_runs(os.environ, settings.env)),
            reason=reason,
            rule=rules.NEWEST,
        )
        staged = replace_state(session, Folder(path), begin(segment), state)
        events = rehearse(staged, segment, turn)
        commits.set_ref(
            repository.top, session.folder.ref(f"pins-{segment.segment}"), pins, f"what segment {segment.segment} is measured with"
        )
        _keep_logs(path, session.folder.path, segment.segment)
    except (AutotuneError, Interrupted) as error:
        return ended_by(error)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return events


def replace_state(session: Session, folder: Folder, state: State, before: State) -> Session:
    """Give a session beside a session, with a ledger of its own, that goes on from the same incumbent."""
    goes_on = replace(state, incumbent=before.incumbent, count=before.count, seeds=before.seeds, spending=before.spending)
    return Session(session.repository, folder, goes_on, Position(), session.say, session.interrupted, beside=session)


def _keep_logs(staged: Path, folder: Path, segment: int) -> None:
    for made, kept in ((logs.RUNS, logs.of_segment(segment)), (logs.OF_CASES, logs.of_cases(logs.of_segment(segment)))):
        if (staged / made).is_dir():
            shutil.copytree(staged / made, folder / kept, dirs_exist_ok=True)


def values_of(events: Iterable[Event]) -> tuple[float, ...]:
    """Give the baseline's values from a segment's events."""
    metric = next(event.metric_name for event in events if isinstance(event, SegmentOpened))
    runs = [event for event in events if isinstance(event, Ran) and event.purpose is Purpose.BASELINE]
    if any(run.part is not None for run in runs):  # batches differ by their cases, so their mean counts
        return (mean_of([run.metrics for run in runs], metric) or 0.0,)
    return tuple(run.metrics[metric] for run in runs if metric in run.metrics)
