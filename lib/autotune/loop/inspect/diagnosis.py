"""A diagnosis: what is there of what autotune needs, what is missing, and what a person has to do."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from autotune.core.config import keys
from autotune.core.config import reading as configuration
from autotune.core.escaping import escaped
from autotune.core.facts import Fact, quoted
from autotune.core.findings import Observation, Remedy
from autotune.core.ledger.state import Ending, State
from autotune.core.output.outcome import useful_end
from autotune.edges import atomic, commits, folders, git, locks, machine, status
from autotune.errors import AutotuneError
from autotune.loop.experiment.looking import worker_of
from autotune.loop.inspect import trial
from autotune.loop.inspect.scene import Check, Finding, Scene, as_refused, as_wanted, config_to_be, missing, ok, scene_at, to_do, workdir
from autotune.loop.inspect.trial import OUTPUT_SHOWN
from autotune.loop.opening import opening
from autotune.loop.session import sessions, settings
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Say
from autotune.version import PACKAGE, ROOT

OLDEST_GIT = (2, 36)  # the first whose `worktree list` can end its lines with NUL
TIMED = 3  # starts of which the median is told
SLOW_START_MS = 1000.0
LOG_LINES = 3
_PACKAGES = ("git.cmd", "numpy", "rich", "skills_ref", "tomli_w", "tomlkit", "typer")
_HOOKS_OF_A_COMMIT = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")


def examine(
    folder: Path,
    session: str | None = None,
    *,
    benchmark: bool = True,
    compare: bool = False,
    wanted: Mapping[str, object] | None = None,
    say: Say = lambda _: None,
) -> Iterator[Check]:
    """Look at one thing after the other, whatever is broken; with `benchmark` it is run once, in a working tree of its own.

    With `compare` it is run once in the checkout besides, in place of the checks. `session` names the session to look at, where the
    repository has several. `wanted` are settings of a session to be, which win over those of an autotune.toml that is there. Raises
    `AutotuneError` where a session has settings of its own.
    """
    scene = replace(scene_at(folder, session), say=say)
    if wanted:
        scene = as_wanted(scene, wanted)
    for name, look in _LOOKS.items():
        if look is trial.benchmark and compare:
            yield _looked("comparison", trial.comparison, scene)
        elif benchmark or look is not trial.benchmark:
            yield _looked(name, look, scene)


def _looked(name: str, look: Callable[[Scene], Check], scene: Scene) -> Check:
    try:
        found = look(scene)
    except AutotuneError as error:
        found = as_refused(error)
    except Exception as error:  # noqa: BLE001 - a diagnosis is for when anything may be broken, and goes on
        failed = Fact(Observation.LOOK_FAILED, {"error": type(error).__name__, "problem": str(error)})
        found = to_do(failed, Fact(Remedy.MEND_AND_LOOK_AGAIN))
    return replace(found, name=name)


# The programs


def _python(_: Scene) -> Check:
    return ok(Fact(Observation.PYTHON, {"version": platform.python_version(), "path": sys.executable}))


def _git(scene: Scene) -> Check:
    said = git.tell(scene.folder, "--version").text
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    found = Fact(Observation.GIT, {"version": said.removeprefix("git version "), "path": shutil.which("git")})
    if version < OLDEST_GIT:
        return to_do(found, Fact(Remedy.INSTALL_GIT, {"oldest": ".".join(map(str, OLDEST_GIT))}))
    return ok(found)


def _identity(scene: Scene) -> Check:
    known = commits.identity(scene.folder, "COMMITTER")
    if known is None:
        return to_do(Fact(Observation.NO_NAME), Fact(Remedy.TELL_GIT_YOUR_NAME))
    return ok(Fact(Observation.NAME, {"name": f"{known.rpartition('>')[0]}>"}))


def _environment(_: Scene) -> Check:
    imported = "; ".join(f"import {name}" for name in _PACKAGES)
    done = subprocess.run([sys.executable, "-I", "-c", imported], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    again = (Fact(Remedy.SET_UP_ANEW, {"program": str(ROOT / "bin" / "autotune")}),)
    if done.returncode != 0:
        problem = "".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:])
        return to_do(Fact(Observation.ENVIRONMENT_BROKEN, {"folder": sys.prefix, "problem": problem}), *again)
    record = Path(sys.prefix, "autotune-environment.txt")
    if not record.is_file():
        return ok(Fact(Observation.ENVIRONMENT_OF_OTHERS, {"folder": sys.prefix}))
    digests = {hashlib.sha256(lock.read_bytes()).hexdigest(): lock.name for lock in ROOT.glob("requirements*.lock")}
    name = digests.get(record.read_text("utf-8").partition("\n")[0])
    if name is None:
        return to_do(Fact(Observation.ENVIRONMENT_OUTDATED, {"folder": sys.prefix}), *again)
    return ok(Fact(Observation.ENVIRONMENT, {"folder": sys.prefix, "lock": name}))


def _cache(_: Scene) -> Check:
    folder = folders.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return to_do(Fact(Observation.CACHE_CLOSED, {"folder": str(folder), "problem": error.strerror}), Fact(Remedy.OPEN_THE_CACHE))
    return ok(Fact(Observation.CACHE, {"folder": str(folder), "free_bytes": shutil.disk_usage(folder).free}))


def _worktrees(scene: Scene) -> Check:
    """Look at where runs happen; without a folder for it nothing can be measured."""
    mine = scene.repository
    try:
        folders.make_worktrees(*(() if mine is None else (mine.top, mine.common)))
        chosen = folders.worktrees()
    except AutotuneError as refused:
        return as_refused(refused)
    advice = (Fact(Remedy.AVOID_DOT_FOLDERS, {"setting": folders.SETTING}),) if folders.is_dotted(chosen) else ()
    return ok(Fact(Observation.WORKTREES, {"folder": str(chosen)}), *advice)


def _start_up(_: Scene) -> Check:
    """Measure what every command costs before it does anything: the launcher and Python, and a verb with its imports."""
    launcher, verb = [str(ROOT / "bin" / "autotune"), "--version"], [sys.executable, "-I", str(PACKAGE / "__main__.py"), "status", "--help"]
    reached_ms, begun_ms = _median_ms(launcher), _median_ms(verb)
    details = {"launcher_ms": round(reached_ms, 1), "verb_ms": round(begun_ms, 1)}
    found = Fact(Observation.START_UP, {**details, "starts": TIMED})
    advice = (Fact(Remedy.START_FASTER),) if max(reached_ms, begun_ms) > SLOW_START_MS else ()
    return Check(Finding.OK, (found,), advice, details)


def _median_ms(command: list[str]) -> float:
    times = []
    for _ in range(TIMED):
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
        if done.returncode != 0:
            words = useful_end(done.stderr, OUTPUT_SHOWN)
            raise AutotuneError(f"`{command[0]}` does not start: {words}", "install autotune again")
    return 1000 * sorted(times)[TIMED // 2]


def _machine(_: Scene) -> Check:
    load, cpus = machine.load_average(), machine.usable_cpus()
    holder = locks.holder(locks.measuring_lock())
    found = Fact(
        Observation.MACHINE,
        {**machine.fingerprint(), "load": None if load is None else round(load, 1), "holder": None if holder is None else str(holder)},
    )
    return ok(found, *((Fact(Remedy.QUIET_THE_MACHINE),) if load is not None and load > cpus else ()))


# The repository and the session


def _repository(scene: Scene) -> Check:
    repository = scene.repository
    if repository is None:
        if scene.trouble is not None:
            raise scene.trouble
        return missing(Fact(Observation.NO_REPOSITORY, {"folder": str(scene.folder)}), Fact(Remedy.GO_TO_A_REPOSITORY))
    if scene.session is not None and scene.session.state.ended is None:
        sessions.require_branch(scene.session)
    else:
        opening.refuse_unfit(repository)
    figures = {"top": str(repository.top), "branch": git.current_branch(repository), "modified": len(status.modified(repository))}
    return ok(Fact(Observation.REPOSITORY, figures))


def _session(scene: Scene) -> Check:
    if scene.trouble is not None and scene.repository is not None:
        raise scene.trouble
    if scene.session is None:
        none = Fact(Observation.NO_SESSION if scene.repository is not None else Observation.NO_SESSION_WITHOUT_REPOSITORY)
        return missing(none, Fact(Remedy.OPEN_A_SESSION))
    name, state, ended = scene.session.name, scene.session.state, scene.session.state.ended
    count = Fact(Observation.EXPERIMENTS, {"experiments": state.count, "kept": state.keeps + state.forced})
    if (busy := worker_of(scene.session)) is not None:
        return ok(_condition(name, state, count, Fact(Observation.WORKED_AT, {"holder": str(busy)})))
    if not state.opened:
        return to_do(Fact(Observation.OPENING_CUT_OFF, {"session": name}), Fact(Remedy.ANY_COMMAND))
    if ended is not None and ended.ending is Ending.PAUSED:
        return to_do(_condition(name, state, count), Fact(Remedy.UNBLOCK))
    if state.experiment is not None and not state.experiment.may_settle:
        waiting = Fact(Observation.EXPERIMENT_OPEN, {"experiment": state.experiment.number})
        return ok(_condition(name, state, count, waiting), Fact(Remedy.SETTLE))
    return ok(_condition(name, state, count))


def _condition(name: str, state: State, *besides: Fact) -> Fact:
    if state.ended is not None:
        return Fact(Observation.SESSION, {"session": name, "condition": state.ended.ending}, state.ended.reason, besides)
    return Fact(Observation.SESSION, {"session": name, "condition": state.vitals.health}, state.vitals.why, besides)


def _configuration(scene: Scene) -> Check:
    path, to_be = workdir(scene) / CONFIG_FILE, config_to_be(scene) if scene.session is None else None
    if not path.is_file():
        advice = Fact(Remedy.WRITTEN_BY_INIT if scene.session is None else Remedy.PUT_BACK_NEXT)
        return missing(Fact(Observation.NO_CONFIGURATION, {"name": CONFIG_FILE}), advice)
    held = configuration.toml_table(settings.text_of(path))
    if scene.session is None and (lacking := [name for name in ("name", "metric") if name not in {**held, **scene.settings}]):
        return missing(Fact(Observation.CONFIGURATION_IN_PART, {"path": str(path), "keys": lacking}))
    written = to_be or configuration.parse_part(held)
    fixed = keys.fixed_differences(scene.session.state.config, written) if scene.session is not None else ()
    if fixed:
        advice = Fact(Remedy.SETTINGS_BACK, {"command": keys.acceptance(fixed)})
        return to_do(Fact(Observation.CONFIGURATION_DIFFERS, {"path": str(path), "keys": [*fixed]}), advice)
    figures = {"path": str(path), "metric": written.metric, "direction": written.direction}
    return ok(Fact(Observation.CONFIGURATION, figures))


def _hooks(scene: Scene) -> Check:
    if scene.repository is None:
        return missing(Fact(Observation.NOTHING_HERE))
    folder = scene.repository.top / git.tell(scene.repository.top, "rev-parse", "--git-path", "hooks").text
    there = [name for name in _HOOKS_OF_A_COMMIT if os.access(folder / name, os.X_OK)]
    if not there:
        return ok(Fact(Observation.NONE))
    return ok(Fact(Observation.COMMIT_HOOKS, {"names": there, "folder": str(folder)}), Fact(Remedy.MIND_COMMIT_HOOKS))


# What was left


def _leftovers(scene: Scene) -> Check:
    """Look for measuring worktrees, and working trees of sessions, whose session or whole repository is gone.

    Those of a repository that is there are told in that repository.
    """
    here = scene.repository.common if scene.repository is not None else None
    left = [folder for root in _roots() for folder in sorted(root.glob("*-??????????/*/")) if _is_left_over(folder, here)]
    trees = [
        str(tree) for folder in left for tree in (folder / "tree", folder) if tree.is_dir() and (tree != folder or (tree / ".git").exists())
    ]
    gone = [str(folder) for folder in left if not (folder / "tree").is_dir() and not (folder / ".git").exists()]
    found, advice = [], []
    if gone:
        found.append(Fact(Observation.FOLDERS_LEFT, {"folders": gone}))
        advice.append(Fact(Remedy.DELETE_FOLDERS))
    if trees:
        found.append(Fact(Observation.TREES_LEFT, {"folders": trees}))
        advice.append(Fact(Remedy.SAVE_TREES))
    details = {"folders": gone, "working_trees": trees}
    return Check(Finding.OK, tuple(found) or (Fact(Observation.NONE),), tuple(advice), details)


def _roots() -> tuple[Path, ...]:
    """List the folders in which sessions have theirs, and had them before."""
    found = [folders.cache_folder()]
    for one in (folders.worktrees, folders.trees):
        with suppress(AutotuneError):
            found.append(one())
    return tuple(dict.fromkeys(found))


def _is_left_over(folder: Path, here: Path | None) -> bool:
    """Whether a folder holds a working tree that git keeps for a session which is no longer there, in the repository `here` or in none."""
    marks = [mark for mark in (folder / "measure" / ".git", folder / "tree" / ".git", folder / ".git") if mark.is_file()]
    for mark in marks:
        own = Path(mark.read_text("utf-8", "surrogateescape").strip().removeprefix("gitdir: "))  # COMMON/worktrees/NAME
        common = own.parents[1]
        if (common / "autotune" / folder.name).is_dir() or (common.is_dir() and (here is None or not common.samefile(here))):
            return False
    owner = re.fullmatch(r"doctor-(\d+)", folder.name)
    return bool(marks) and not (owner and atomic.lives(owner[1]))


def _hook_log(_: Scene) -> Check:
    path = folders.cache_folder() / "hooks.log"
    if not path.is_file():
        return ok(Fact(Observation.HOOKS_WENT_WELL))
    lines = [escaped(line) for line in path.read_text("utf-8", "replace").splitlines() if line.strip()][-LOG_LINES:]
    seen = (Fact(Observation.HOOK_LOG, {"path": str(path)}), *map(quoted, lines))
    return Check(Finding.OK, seen, details={"lines": lines})


_LOOKS: dict[str, Callable[[Scene], Check]] = {
    "python": _python,
    "git": _git,
    "identity": _identity,
    "environment": _environment,
    "cache": _cache,
    "worktrees": _worktrees,
    "start-up": _start_up,
    "machine": _machine,
    "repository": _repository,
    "session": _session,
    "configuration": _configuration,
    "commit hooks": _hooks,
    "benchmark": trial.benchmark,
    "leftovers": _leftovers,
    "hook log": _hook_log,
}
