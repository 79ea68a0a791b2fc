"""Units put in place and taken away, by programs that stand in for the system's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune.core.scheduling.units import Job, Kind, Places, Unit, unit
from autotune.edges import scheduler
from autotune.errors import AutotuneError

CRONTAB = """#!/bin/sh
set -e
[ ! -e "$STATE/broken" ] || { echo "you are not allowed" >&2; exit 1; }
case $1 in
-l) [ -e "$STATE/crontab" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$STATE/crontab" ;;
*) [ -e "$STATE/deaf" ] || cp "$1" "$STATE/crontab" ;;
esac
"""
RECORDER = """#!/bin/sh
echo "${0##*/} $*" >>"$STATE/calls"
[ ! -e "$STATE/broken" ] || { echo "Failed to connect to bus." >&2; exit 1; }
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"crontab": CRONTAB, "systemctl": RECORDER, "launchctl": RECORDER}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("STATE", str(tmp_path))
    return tmp_path


def made(kind: Kind, root: Path, every_minutes: float = 60) -> Unit:
    job = Job("prompts", ("/bin/autotune", "prompts", "once"), every_minutes, str(root))
    return unit(kind, job, Places(str(root), str(root / "my config"), str(root / "my data"), 501))


@pytest.mark.parametrize("before", [None, "", "MAILTO=me@example.com\n0 1 * * * a job # 5\n", "* * * * * no line end", "# \xff\n"])
def test_nothing_of_a_crontab_is_lost(machine: Path, before: str | None) -> None:
    table, one = machine / "crontab", made(Kind.CRON, machine)
    if before is not None:
        table.write_bytes(before.encode("latin-1"))
    assert not scheduler.installed(one)
    scheduler.install(one)
    scheduler.install(made(Kind.CRON, machine, every_minutes=20))
    text = table.read_bytes().decode("latin-1")
    assert text.startswith(before or "")
    assert text.count("/bin/sh") == 1
    assert scheduler.remove(one)
    rest = table.read_bytes().decode("latin-1")
    assert rest.rstrip("\n") == (before or "").rstrip("\n")
    assert not scheduler.remove(one)
    assert not any(Path(path).exists() for path in one.files)


def test_a_crontab_that_cannot_be_read_is_not_written(machine: Path) -> None:
    (machine / "crontab").write_text("mine\n")
    (machine / "broken").touch()
    with pytest.raises(AutotuneError, match="you are not allowed"):
        scheduler.install(made(Kind.CRON, machine))
    assert (machine / "crontab").read_text() == "mine\n"


def test_a_crontab_that_is_not_taken_up_is_said(machine: Path) -> None:
    (machine / "crontab").write_text("mine\n")
    (machine / "deaf").touch()
    with pytest.raises(AutotuneError, match="did not accept"):
        scheduler.install(made(Kind.CRON, machine))
    assert (machine / "my data" / "schedule" / "crontab.before").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("kind", "begun", "ended"), [(Kind.SYSTEMD, "enable --now", "disable --now"), (Kind.LAUNCHD, "bootstrap", "bootout")]
)
def test_units_are_put_in_place_begun_ended_and_taken_away(machine: Path, kind: Kind, begun: str, ended: str) -> None:
    one = made(kind, machine)
    scheduler.install(one)
    scheduler.install(one)
    assert all(Path(path).read_text() == text for path, text in one.files.items())
    assert begun in (machine / "calls").read_text()
    (machine / "calls").unlink()
    assert scheduler.remove(one)
    assert ended in (machine / "calls").read_text()
    assert not scheduler.remove(one)
    assert not any(Path(path).exists() for path in one.files)


def test_a_system_that_refuses_is_quoted(machine: Path) -> None:
    (machine / "broken").touch()
    with pytest.raises(AutotuneError, match=r"daemon-reload` failed: Failed to connect to bus\.$"):
        scheduler.install(made(Kind.SYSTEMD, machine))


def test_a_kind_that_the_machine_does_not_have_is_refused_and_another_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "programs" / "launchctl").unlink()
    monkeypatch.setenv("PATH", str(machine / "programs"))
    with pytest.raises(AutotuneError, match="launchctl") as refused:
        scheduler.install(made(Kind.LAUNCHD, machine))
    assert refused.value.hint == "this machine can do --systemd, --cron"
    for path in (machine / "programs").iterdir():
        path.unlink()
    with pytest.raises(AutotuneError, match="crontab") as refused:
        scheduler.install(made(Kind.CRON, machine))
    assert "has one of" in refused.value.hint
