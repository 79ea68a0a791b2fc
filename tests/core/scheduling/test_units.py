"""Units as the programs that read them understand them."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

from autotune.core.scheduling.units import Job, Kind, Places, Unit, unit
from autotune.errors import AutotuneError

ODD = "my $HOME 'of' 100% \"a\\b\" <&> `x`"
SCRIPT = 0


def places(root: Path) -> Places:
    return Places(str(root), str(root / ".config"), str(root / "data"), 501)


def made(kind: Kind, root: Path, every_minutes: float = 60) -> Unit:
    words = (str(root / "bin" / "autotune"), "prompts", "once", "--at", str(root / "the shop"))
    return unit(kind, Job("prompts", words, every_minutes, str(root), {"PATH": "/a b:/c"}), places(root))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("folder", ["plain", ODD])
def test_systemd_takes_the_units_as_they_are(tmp_path: Path, folder: str) -> None:
    root = tmp_path / folder
    one = made(Kind.SYSTEMD, root)
    for name, text in one.files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, "utf-8")
    names = [name for name in one.files if name.endswith((".service", ".timer"))]
    done = subprocess.run(["systemd-analyze", "--user", "verify", *names], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "autotune-prompts" in line]
    assert (ours, len(names)) == ([], 2)


def test_launchd_reads_the_path_of_the_script_and_how_often(tmp_path: Path) -> None:
    one = made(Kind.LAUNCHD, tmp_path / ODD, every_minutes=90)
    script, path = one.files
    read = plistlib.loads(one.files[path].encode())
    assert read["ProgramArguments"] == ["/bin/sh", script]
    assert (read["Label"], read["StartInterval"], path) == (
        "autotune.prompts",
        5400,
        f"{tmp_path / ODD}/Library/LaunchAgents/autotune.prompts.plist",
    )


def test_cron_gets_one_line_whose_percent_signs_are_no_line_ends(tmp_path: Path) -> None:
    one = made(Kind.CRON, tmp_path / ODD)
    script = next(iter(one.files))
    command = one.crontab.split(maxsplit=5)[5]
    assert command.count("%") == command.count("\\%") == 1
    words = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\n' {command.replace(chr(92) + '%', '%')}"], capture_output=True, text=True, check=True
    )
    assert words.stdout.splitlines() == ["/bin/sh", script]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("folder", ["plain", ODD])
def test_the_script_runs_the_command_with_keys_that_are_in_no_unit(tmp_path: Path, kind: Kind, folder: str) -> None:
    root = tmp_path / folder
    one = made(kind, root)
    program, script, keys = root / "bin" / "autotune", Path(next(iter(one.files))), Path(one.keys)
    for path in (program, script, keys):
        path.parent.mkdir(parents=True, exist_ok=True)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$PWD" "$PATH" "$THE_KEY" "$@"\n')
    program.chmod(0o755)
    script.write_text(one.files[str(script)], "utf-8")
    keys.write_text("# mine\nTHE_KEY=$(echo secret)\n")
    done = subprocess.run(["/bin/sh", str(script)], capture_output=True, text=True, check=True, env={"HOME": str(root)})
    said = Path(one.log).read_text() if one.log else done.stdout
    assert said.splitlines() == [str(root), "/a b:/c", "secret", "prompts", "once", "--at", str(root / "the shop")]
    keys.unlink()
    subprocess.run(["/bin/sh", str(script)], capture_output=True, check=True, env={})


@pytest.mark.parametrize("kind", Kind)
def test_a_path_with_a_line_end_is_refused(tmp_path: Path, kind: Kind) -> None:
    with pytest.raises(AutotuneError, match="no unit can hold"):
        made(kind, tmp_path / "a\nb")


def test_each_kind_says_how_often_it_comes(tmp_path: Path) -> None:
    assert [made(kind, tmp_path, every_minutes=45).every_minutes for kind in Kind] == [45, 45, 60]
