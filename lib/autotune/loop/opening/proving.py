"""The proof that the measuring worktree is what is measured: the files in scope emptied."""

from __future__ import annotations

import math
import os
import re
import shutil
import statistics
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from autotune.core.cases.split import Side, is_sided
from autotune.core.config.model import Config
from autotune.core.facts import Fact, Kind
from autotune.core.findings import Remedy
from autotune.core.ledger.events import Ran
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Direction, Metric, Outcome
from autotune.core.stats import effects, noise
from autotune.core.stats.noise import median
from autotune.core.tell.figures import number, share_in_words
from autotune.core.tell.words import told
from autotune.core.trust import audit, patterns
from autotune.edges import copies, git, place, status, tree
from autotune.errors import AutotuneError
from autotune.loop.measure.bench import Bench
from autotune.loop.measure.places import content_of
from autotune.loop.session.layout import BENCHMARK_FILE, SESSION_FILES
from autotune.loop.session.session import Session

UNCHANGED_WITHIN = 0.02  # a metric that emptied files change by less than this, or by less than five noise floors, does not measure them
UNCHANGED_WITHIN_ONCE = 0.10
MANY_FILES, MOST_READ = 1000, 500  # so many take long to empty; so few do not
SHORTEST_S = 0.01  # a shorter time is mostly the clock's and the machine's, or that of starting a process
_NOISES = 5.0
_PROGRAMS = re.compile(r"(?<![^\s'\"=;&|(])(/[^\s'\"]+)/bin/[\w.-]+(?![^\s'\";&|)])")  # in environments that a command names


def few_read(bench: Bench, tuned: Collection[str]) -> tuple[str, ...]:
    """Give the files in scope that the runs have read, where there are many, these are few, and the file system tells."""
    read = place.read_by_runs(bench.place).intersection(tuned) if len(tuned) >= MANY_FILES else ()
    return tuple(sorted(read)) if len(read) <= MOST_READ else ()


def prove(session: Session, bench: Bench, values: Sequence[float], tuned: Mapping[str, str], read: Sequence[str]) -> None:
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
    """Whether a run's scores are others than the baseline's of the same cases, by more than two standard errors of the mean.

    Where cases have sides, what is empty cannot fire: there it is enough that more positive ones got worse than better.
    """
    name, listed_ = state.metric.name, state.segment.listed
    before = {key: value for run in state.segment.baseline_observed for key, value in run.samples.items()}
    keys = [f"{name}[{listed_[place].name}]" for place in proof.cases if listed_[place].side is not Side.NEGATIVE]
    differences = [proof.metrics[key] - before[key] for key in keys if key in proof.metrics and key in before]
    if is_sided(listed_):
        return not differences or math.fsum(differences) < 0
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
