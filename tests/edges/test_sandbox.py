"""What a wrapped command can and cannot do."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autotune.edges import sandbox
from autotune.edges.sandbox import Walls


@pytest.fixture(autouse=True, params=[means for means in sandbox.MEANS if means(Walls([])) is not None], ids=lambda means: means.__name__)
def _means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MEANS", [request.param])
    if ran("true", Walls([])).returncode != 0:
        pytest.skip("this system has no such sandbox")


def ran(command: str, walls: Walls) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", sandbox.walled_in(command, walls)], capture_output=True, text=True, check=False, timeout=30)


def test_it_writes_where_it_may_and_nowhere_else(tmp_path: Path) -> None:
    mine, other = tmp_path / "mi ne", tmp_path / "other"
    mine.mkdir()
    other.mkdir()
    assert ran(f"echo 'it is' > '{mine}/a'", Walls([mine])).returncode == 0
    assert (mine / "a").read_text() == "it is\n"
    assert ran(f"echo x > '{other}/a'", Walls([mine])).returncode != 0
    assert list(other.iterdir()) == []
    wrapped = ["/bin/sh", "-c", sandbox.walled_in("echo x > b", Walls([mine]))]
    assert subprocess.run(wrapped, cwd=mine, check=False, timeout=30).returncode == 0
    assert (mine / "b").read_text() == "x\n"


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


def test_a_server_and_its_clients_in_it_reach_each_other_and_nobody_outside_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as outside:
        serve = "server = socket.create_server(('127.0.0.1', 0)); print(socket.create_connection(server.getsockname()).getpeername()[0])"
        knock = f"print(socket.socket().connect_ex(('127.0.0.1', {outside.getsockname()[1]})))"
        inside = ran(f'{sys.executable} -I -S -c "import socket; {serve}; {knock}"', Walls([]))
    assert inside.stdout.split() == ["127.0.0.1", str(errno.ECONNREFUSED)]


@pytest.mark.skipif(not Path("/proc/sys").is_dir(), reason="this system has no /proc/sys")
def test_it_changes_no_setting_of_the_system() -> None:
    assert ran("find /proc/sys /proc/sysrq-trigger -type f -writable 2>/dev/null", Walls([])).stdout == ""


def test_its_exit_code_is_the_commands() -> None:
    assert ran("exit 7", Walls([])).returncode == 7


def test_it_has_no_disks_and_a_shared_memory_of_its_own(tmp_path: Path) -> None:
    names = set(ran("ls /dev", Walls([])).stdout.split())
    assert {"null", "zero", "urandom", "tty", "shm", "pts", "ptmx", "fd", "stdin", "stdout", "stderr"} <= names
    assert {name for name in names if (Path("/dev") / name).is_block_device()} == set()
    mark = Path("/dev", "shm", tmp_path.name)
    assert ran(f"echo x > {mark} && cat {mark}", Walls([])).stdout == "x\n"
    assert not mark.exists()


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not on the PATH")
@pytest.mark.parametrize("word", ["", "unshare --user --map-root-user --mount "])
def test_nobody_in_it_takes_the_walls_down(word: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a").write_text("hidden")
    for command in (f"mount -o remount,bind,rw / ; touch {tmp_path}/b", f"umount {secret}; cat {secret}/a", f"umount -l /; cat {secret}/a"):
        assert ran(f"{word}sh -c '{command}'", Walls([], hidden=[secret])).stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def read_by_nobody(pipe: Path) -> bool:
    """Whether nobody has a pipe open for reading, or soon has not."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            return error.errno == errno.ENXIO
        time.sleep(0.01)
    return False


def test_nothing_of_it_outlives_the_program_that_is_wrapped(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert ran(f"exec 3<> {pipe}; (setsid cat <&3 >/dev/null 2>&1 &); echo begun", Walls([tmp_path])).stdout == "begun\n"
    assert read_by_nobody(pipe)


def test_it_ends_when_what_wraps_it_is_killed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    wrapped = ["/bin/sh", "-c", sandbox.walled_in(f"exec 3< {pipe}; sleep 60", Walls([tmp_path]))]
    with subprocess.Popen(wrapped, stdin=subprocess.DEVNULL) as wrapper:
        written = os.open(pipe, os.O_WRONLY)  # once somebody reads
        wrapper.kill()
        assert wrapper.wait() == -signal.SIGKILL
    os.close(written)
    assert read_by_nobody(pipe)
