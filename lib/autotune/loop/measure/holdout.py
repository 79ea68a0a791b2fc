"""The hold-out: what a keep has to pass too and no proposer is shown; its files lie outside the repository, for their owner alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from autotune.core import rules
from autotune.core.config.commands import Command
from autotune.core.model import Arm, Outcome
from autotune.core.output.outcome import is_run_again
from autotune.errors import AutotuneError
from autotune.loop.measure.bench import Bench
from autotune.loop.session.session import Session

FOLDER = "holdout"


class Answer(StrEnum):
    """What the hold-out says of a candidate."""

    PASSED = "passed"
    FLAKY = "flaky"  # it failed once, and passed when run again
    FAILED = "failed"
    BROKEN = "broken"


def folder(session: Session) -> Path:
    """Give where a session's hold-out files are."""
    return session.hidden / FOLDER


def copy_files(session: Session, paths: Sequence[Path]) -> tuple[str, ...]:
    """Copy files and folders into the hold-out, over what has their names there; gives all that it holds now."""
    for path in paths:
        if not path.exists():
            raise AutotuneError(f"{path} does not exist.", "name files or folders that are there; they are copied")
    target = folder(session)
    _make(target)
    for path in paths:
        place = target / path.resolve().name
        if path.is_dir():
            shutil.copytree(path, place, dirs_exist_ok=True)
        else:
            shutil.copy2(path, place)
    return held_files(session)


def _make(target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.mkdir(mode=0o700, exist_ok=True)
    target.chmod(0o700)


def held_files(session: Session) -> tuple[str, ...]:
    """List the names of the hold-out's files."""
    where = folder(session)
    return tuple(sorted(path.relative_to(where).as_posix() for path in where.rglob("*") if not path.is_dir())) if where.is_dir() else ()


def delete_files(session: Session) -> int:
    """Delete the hold-out's files; gives how many there were."""
    count = len(held_files(session))
    shutil.rmtree(folder(session), ignore_errors=True)
    return count


def consult(session: Session, bench: Bench) -> Answer:
    """Ask the hold-out about the candidate, once more where it fails, then about the unchanged code: a broken one accuses nobody."""
    config = session.state.config
    if not config.holdout:
        return Answer.PASSED
    outcome, took_s = _asked(session, bench, Arm.CANDIDATE)
    if outcome is Outcome.OK:
        return Answer.PASSED
    again = session.state.segment.opened.rule >= rules.FAILS_TWICE and is_run_again(outcome, took_s, 1)
    if again and _asked(session, bench, Arm.CANDIDATE)[0] is Outcome.OK:
        return Answer.FLAKY
    return Answer.FAILED if _asked(session, bench, Arm.INCUMBENT)[0] is Outcome.OK else Answer.BROKEN


def _asked(session: Session, bench: Bench, arm: Arm) -> tuple[Outcome, float]:
    """Run it from a copy that is thrown away: what it writes beside itself, a test runner's cache say, reaches no other run."""
    command = Command(FOLDER, session.state.config.holdout, session.state.config.checks_timeout_s)
    with tempfile.TemporaryDirectory(prefix="autotune-") as scratch:
        copy = Path(scratch) / FOLDER
        copy.mkdir()
        if folder(session).is_dir():
            shutil.copytree(folder(session), copy, dirs_exist_ok=True, symlinks=True)
        return bench.unseen(arm, command, copy)
