"""What a wrapped command can and cannot do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from autotune.edges import sandbox
from autotune.edges.sandbox import Walls

pytestmark = pytest.mark.skipif(not sandbox.works(), reason="this system has no sandbox")


def ran(command: str, walls: Walls) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", sandbox.wrapped(command, walls)], capture_output=True, text=True, check=False, timeout=30)


def test_it_writes_where_it_may_and_nowhere_else(tmp_path: Path) -> None:
    mine, other = tmp_path / "mi ne", tmp_path / "other"
    mine.mkdir()
    other.mkdir()
    assert ran(f"echo 'it is' > '{mine}/a'", Walls([mine])).returncode == 0
    assert (mine / "a").read_text() == "it is\n"
    assert ran(f"echo x > '{other}/a'", Walls([mine])).returncode != 0
    assert list(other.iterdir()) == []


def test_what_is_hidden_cannot_be_read_and_what_is_shown_in_it_can(tmp_path: Path) -> None:
    secret, shown = tmp_path / "secret", tmp_path / "secret" / "shown"
    shown.mkdir(parents=True)
    (secret / "a").write_text("hidden")
    (shown / "b").write_text("shown")
    assert ran(f"cat {secret}/a", Walls([], hidden=[secret])).stdout == ""
    assert ran(f"cat {shown}/b", Walls([], hidden=[secret])).stdout == ""
    assert ran(f"cat {shown}/b; cat {secret}/a", Walls([], hidden=[secret], shown=[shown])).stdout == "shown"


def test_of_what_it_may_write_some_can_be_kept_from_it(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: here\n")
    assert ran(f"echo x > {tmp_path}/a && echo x > {tmp_path}/.git", Walls([tmp_path], kept=[tmp_path / ".git"])).returncode != 0
    assert ran(f"rm {tmp_path}/.git", Walls([tmp_path], kept=[tmp_path / ".git"])).returncode != 0
    assert (tmp_path / "a").exists()
    assert (tmp_path / ".git").read_text() == "gitdir: here\n"


@pytest.mark.skipif(not Path("/run").is_dir(), reason="this system has no /run")
def test_it_reaches_no_service_of_the_system() -> None:
    assert ran("ls /run | grep -v -e current-system -e opengl-driver -e wrappers -e media -e mount", Walls([])).stdout == ""


def test_it_sees_no_network_and_no_other_process() -> None:
    found = ran("cat /proc/net/dev | grep -c eth; ls -d /proc/[0-9]* | wc -l", Walls([]))
    assert found.stdout.split()[0] == "0"
    assert int(found.stdout.split()[1]) < 8


def test_its_exit_code_is_the_commands() -> None:
    assert ran("exit 7", Walls([])).returncode == 7
