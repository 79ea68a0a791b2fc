"""What this machine has scheduled for you: units put in place and begun, or ended and taken away."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from autotune.core.scheduling import crontab
from autotune.core.scheduling.units import Kind, Unit
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError

_NEEDED = {Kind.SYSTEMD: "systemctl", Kind.LAUNCHD: "launchctl", Kind.CRON: "crontab"}
_TIMEOUT_S = 60
_NONE_YET = ("no crontab for", "No such file or directory")  # how crontab says that you have none; busybox says the second


def install(unit: Unit) -> None:
    """Put a unit in place and begin it; what was there of it before is replaced. Raises AutotuneError where the system refuses it."""
    _check(unit.kind)
    table = _crontab() if unit.crontab else ""
    wanted = crontab.with_block(table, unit.name, unit.crontab) if unit.crontab else ""
    for path, text in unit.files.items():
        replace_file(Path(path), text.encode())
    if wanted != table:
        _save_crontab(table, wanted, unit)
    for command in unit.before:
        _run(command)
    for command in unit.begin:
        _must(command)


def remove(unit: Unit) -> bool:
    """End a unit and take away all that is its own; tells whether there was anything."""
    there = installed(unit)
    if not there:
        return False
    _check(unit.kind)
    if unit.crontab and crontab.has_block(table := _crontab(), unit.name):
        _save_crontab(table, crontab.without_block(table, unit.name), unit)
    for command in unit.end:
        _run(command)
    for path in unit.files:
        Path(path).unlink(missing_ok=True)
    if unit.kind is Kind.SYSTEMD:
        _run(unit.begin[0])
    return True


def installed(unit: Unit) -> bool:
    """Whether anything of a unit is in place: of a crontab its block, of the others a file besides the script, which all kinds share."""
    if unit.crontab:
        return shutil.which(_NEEDED[unit.kind]) is not None and crontab.has_block(_crontab(), unit.name)
    return any(os.path.lexists(path) for path in list(unit.files)[1:])


def _check(kind: Kind) -> None:
    if shutil.which(_NEEDED[kind]) is None:
        others = ", ".join(f"--{one}" for one in Kind if shutil.which(_NEEDED[one]) is not None)
        hint = f"this machine can do {others}" if others else "use a machine that has one of systemd, launchd and cron"
        raise AutotuneError(f"{_NEEDED[kind]} is not on PATH, so {kind} cannot be used.", hint)


def _crontab() -> str:
    """Your crontab as it is; nothing where you have none. Raises AutotuneError where that cannot be told: then nothing is written."""
    done = _run(("crontab", "-l"))
    if done.returncode == 0:
        return done.stdout
    if any(words in done.stderr for words in _NONE_YET):
        return ""
    raise AutotuneError(f"Your crontab cannot be read: {_said(done)}.", "nothing was changed; see that `crontab -l` works")


def _save_crontab(before: str, wanted: str, unit: Unit) -> None:
    """Put a crontab in place of yours, which is kept beside the script, and see that it is there."""
    folder = Path(next(iter(unit.files))).parent
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "crontab.before"
    replace_file(kept, before.encode("utf-8", "surrogateescape"))
    kept.chmod(0o600)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="surrogateescape", newline="", suffix=".crontab") as file:
        file.write(wanted)
        file.flush()
        _must(("crontab", file.name))
    if crontab.has_block(_crontab(), unit.name) != crontab.has_block(wanted, unit.name):
        raise AutotuneError("cron did not accept the new crontab.", f"your crontab as it was is in {kept}")


def _must(command: Sequence[str]) -> None:
    done = _run(command)
    if done.returncode != 0:
        raise AutotuneError(f"`{' '.join(command)}` failed: {_said(done)}.", "the files are in place; run that command where it works")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
            encoding="utf-8",
            errors="surrogateescape",
        )
    except subprocess.TimeoutExpired:
        raise AutotuneError(f"`{' '.join(command)}` did not end within {_TIMEOUT_S} seconds.", "try it in a terminal") from None


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split()).rstrip(".") or f"exit code {done.returncode}"
