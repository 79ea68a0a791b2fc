"""Commands: what they are given, how they are watched and measured, and that nothing of them is left."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.edges import family, process, shell
from autotune.edges.environment import as_recorded, environment_for_runs, recorded_environment
from autotune.edges.process import LOG_END_BYTES, execute
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from autotune.core.output.outcome import Executed

PYTHON = f"{shlex.quote(sys.executable)} -I -S"
LIBRARY = str(Path(process.__file__).parents[2])


class Runner(Protocol):
    def __call__(
        self,
        command: str,
        *,
        timeout_s: float = 60.0,
        grace_s: float = 2.0,
        stopped: Callable[[], bool] = lambda: False,
        environment: Mapping[str, str] | None = None,
    ) -> Executed: ...


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    def run(
        command: str,
        *,
        timeout_s: float = 60.0,
        grace_s: float = 2.0,
        stopped: Callable[[], bool] = lambda: False,
        environment: Mapping[str, str] | None = None,
    ) -> Executed:
        return execute(
            command,
            cwd=tmp_path,
            environment=environment_for_runs(os.environ) if environment is None else environment,
            timeout_s=timeout_s,
            log=tmp_path / "logs" / "run.log",
            grace_s=grace_s,
            stopped=stopped,
        )

    return run


@pytest.fixture(params=["as it is", "without adoption and descriptors of processes"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system that runs the tests, and one that lacks what only Linux has."""
    if request.param != "as it is":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
        monkeypatch.setattr(process, "adopts", lambda _: False)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up_at, "it never came to pass"
        time.sleep(0.01)


def pids(path: Path) -> list[int]:
    return [int(word) for word in path.read_text().split()] if path.exists() else []


@pytest.mark.usefixtures("system")
class TestEverySystem:
    def test_both_streams_are_read_measured_and_logged(self, run: Runner, tmp_path: Path) -> None:
        finished = run("echo METRIC a=1; echo METRIC b=2 >&2; echo METRIC a=x >&2; exit 3")
        assert (finished.exit_code, finished.signal, finished.timed_out, finished.stopped) == (3, None, False, False)
        assert finished.report.samples == {"a": 1.0, "b": 2.0}
        assert (finished.report.malformed[0].stream, finished.report.malformed[0].line_number) == ("stderr", 2)
        assert sorted((tmp_path / "logs" / "run.log").read_bytes().splitlines()) == [b"METRIC a=1", b"METRIC a=x", b"METRIC b=2"]
        assert finished.tail == (tmp_path / "logs" / "run.log").read_bytes()
        assert finished.output_bytes == len(finished.tail)
        assert finished.leftovers == ()

    def test_time_and_memory_are_measured(self, run: Runner) -> None:
        finished = run(f"{PYTHON} -c 'x = bytearray(60 << 20); sum(range(3_000_000))'; sleep 0.2")
        assert 60 < finished.peak_rss_mb < 1000
        assert finished.wall_s > 0.2
        assert 0 < finished.user_s + finished.system_s < 60

    def test_a_command_that_is_ended_by_a_signal_says_so(self, run: Runner) -> None:
        finished = run("kill -SEGV $$")
        assert (finished.exit_code, finished.signal) == (None, 11)

    def test_what_a_time_limit_ends_may_say_goodbye(self, run: Runner) -> None:
        finished = run("trap 'echo METRIC bye=1; exit 0' TERM; echo begun; while :; do sleep 0.02; done", timeout_s=0.3)
        assert (finished.timed_out, finished.exit_code) == (True, 0)
        assert finished.report.samples == {"bye": 1.0}
        assert finished.leftovers == ()

    def test_what_ignores_the_end_is_killed_with_its_children_in_the_group_and_outside(self, run: Runner, tmp_path: Path) -> None:
        stubborn = "trap '' TERM; echo $$ >>pids; while :; do sleep 0.05; done"
        command = f"sh -c {shlex.quote(stubborn)} & setsid sh -c {shlex.quote(stubborn)} & {stubborn}"
        finished = run(command, timeout_s=0.5, grace_s=0.2)
        assert (finished.timed_out, finished.signal) == (True, signal.SIGKILL)
        assert finished.wall_s >= 0.7
        assert len(pids(tmp_path / "pids")) == 3
        assert not any(map(is_alive, pids(tmp_path / "pids")))

    def test_a_daemon_that_holds_the_output_neither_stretches_the_time_nor_lives_on(self, run: Runner, tmp_path: Path) -> None:
        daemon = "echo $$ >pids; while :; do echo still here; sleep 0.05; done"
        finished = run(f"(setsid sh -c {shlex.quote(daemon)} &) ; while ! [ -s pids ]; do sleep 0.01; done; echo METRIC a=1")
        assert finished.exit_code == 0
        assert finished.report.samples == {"a": 1.0}
        assert finished.wall_s < 20
        assert any("still here" in line for line in finished.leftovers)
        assert not any(map(is_alive, pids(tmp_path / "pids")))

    def test_what_the_command_told_to_end_without_waiting_is_no_leftover(self, run: Runner) -> None:
        server = "trap 'sleep 0.1; exit' TERM; echo >ready; while :; do sleep 0.02; done"
        finished = run(f"sh -c {shlex.quote(server)} >/dev/null 2>&1 & while ! [ -e ready ]; do sleep 0.01; done; kill $!")
        assert finished.leftovers == ()

    def test_a_leftover_that_ignores_the_end_is_killed(self, run: Runner, tmp_path: Path) -> None:
        stubborn = "trap '' TERM; echo $$ >pids; while :; do sleep 0.05; done"
        finished = run(f"sh -c {shlex.quote(stubborn)} >/dev/null 2>&1 & while ! [ -s pids ]; do sleep 0.01; done", grace_s=0.1)
        assert finished.exit_code == 0
        assert finished.leftovers
        assert not any(map(is_alive, pids(tmp_path / "pids")))

    def test_a_run_that_is_stopped_ends_and_says_so(self, run: Runner, tmp_path: Path) -> None:
        finished = run("echo $$ >pids; sleep 60", stopped=(tmp_path / "pids").exists)
        assert (finished.stopped, finished.timed_out, finished.signal) == (True, False, signal.SIGTERM)
        assert not any(map(is_alive, pids(tmp_path / "pids")))

    def test_an_interruption_leaves_nothing_behind(self, run: Runner, tmp_path: Path) -> None:
        def interrupted() -> bool:
            if len(pids(tmp_path / "pids")) == 2:
                raise KeyboardInterrupt
            return False

        with pytest.raises(KeyboardInterrupt):
            run("echo before; setsid sh -c 'echo $$ >>pids; sleep 60' & echo $$ >>pids; sleep 60", stopped=interrupted)
        assert not any(map(is_alive, pids(tmp_path / "pids")))
        assert (tmp_path / "logs" / "run.log").read_text() == "before\n"
        assert shell.running == []


def test_every_command_can_be_killed_at_once(run: Runner, tmp_path: Path) -> None:
    def handler() -> bool:
        if (tmp_path / "pids").exists():
            process.end_all()
        return False

    assert run("trap '' TERM; echo $$ >pids; sleep 60; sleep 60", stopped=handler).signal == signal.SIGKILL
    assert not any(map(is_alive, pids(tmp_path / "pids")))


def test_the_input_is_empty(run: Runner) -> None:
    assert run("cat; echo end $?").tail == b"end 0\n"


def test_a_command_is_a_script_of_the_shell_with_any_characters(run: Runner) -> None:
    command = "cat <<'END'\nit's \"quoted\" \\ $HOME `x` ß\nEND\nprintf '%s|' \"$0\" \"$#\" 'a  b'"
    assert run(command).tail == 'it\'s "quoted" \\ $HOME `x` ß\n/bin/sh|0|a  b|'.encode()


def test_a_command_runs_in_its_folder_with_its_environment(run: Runner, tmp_path: Path) -> None:
    finished = run("pwd; echo $PWD; env | grep -v -e ^_= -e ^SHLVL= -e ^OLDPWD=", environment={"PATH": os.environ["PATH"], "A": "b c"})
    lines = finished.tail.decode().splitlines()
    assert lines[:2] == [str(tmp_path)] * 2
    assert {line.partition("=")[0] for line in lines[2:]} == {"A", "PATH", "PWD", "AUTOTUNE_RUN", "AUTOTUNE_FILLER"}
    assert "A=b c" in lines


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGHUP])
def test_a_command_ignores_no_signal_that_its_caller_ignores(ignored: signal.Signals, run: Runner) -> None:
    program = "import signal; print(signal.getsignal(2) is signal.default_int_handler, *(int(signal.getsignal(n)) for n in (1, 3, 13)))"
    before = signal.signal(ignored, signal.SIG_IGN)
    try:
        assert run(f"{PYTHON} -c '{program}'").tail == b"True 0 0 1\n"
        assert signal.getsignal(ignored) is signal.SIG_IGN
    finally:
        signal.signal(ignored, before)


def test_the_callers_memory_does_not_count(run: Runner) -> None:
    ballast = bytearray(120 << 20)
    finished = run("true")
    assert len(ballast) > 0
    assert 0 < finished.peak_rss_mb < 20


def test_what_is_printed_at_the_end_of_a_pipeline_that_nobody_waits_for_counts(run: Runner) -> None:
    assert run("(sleep 0.03; echo METRIC late=1) & echo METRIC soon=2").report.samples == {"late": 1.0, "soon": 2.0}


def test_what_orphans_used_is_counted(run: Runner, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "done")
    orphan = f"{PYTHON} -c 'x = bytearray(80 << 20)'; echo x >done"
    assert run(f"(sh -c {shlex.quote(orphan)} &); read x <done; sleep 0.2").peak_rss_mb > 80


def test_a_process_of_the_callers_own_is_left_alone(run: Runner) -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE) as own:
        assert own.stdout is not None
        child = int(own.stdout.readline())
        assert run("sleep 60 & true").leftovers
        assert own.poll() is None
        assert is_alive(child)
        os.kill(child, signal.SIGKILL)


def test_the_last_value_printed_counts_over_both_streams(run: Runner) -> None:
    assert run(
        "echo METRIC a=1; sleep 0.1; echo METRIC a=2 >&2; sleep 0.1; echo METRIC b=1 >&2; sleep 0.1; echo METRIC b=2"
    ).report.samples == {
        "a": 2.0,
        "b": 2.0,
    }


def test_a_command_that_closes_its_output_is_waited_for(run: Runner) -> None:
    finished = run("echo METRIC a=1; exec >&- 2>&-; sleep 0.2; exit 4")
    assert (finished.exit_code, finished.report.samples) == (4, {"a": 1.0})
    assert finished.wall_s >= 0.2


NOISE = f"{PYTHON} -c \"import sys; [sys.stdout.buffer.write(b'%07d noise\\n' % (n % 10**7) * 1000) for n in range(BLOCKS)]\""


def test_of_much_output_the_log_keeps_both_ends_and_no_line_is_lost(run: Runner, tmp_path: Path) -> None:
    part = NOISE.replace("BLOCKS", "600")
    finished = run(f"echo first; {part}; echo METRIC a=1; {part}; echo METRIC b=2 >&2; {part}; echo last")
    log = (tmp_path / "logs" / "run.log").read_bytes()
    left_out = finished.output_bytes - 2 * LOG_END_BYTES
    marker = f"\n[autotune: {left_out} bytes are left out here]\n".encode()
    assert finished.report.samples == {"a": 1.0, "b": 2.0}
    assert log.startswith(b"first\n")
    assert log.endswith(b"noise\nlast\n")
    assert log[LOG_END_BYTES : LOG_END_BYTES + len(marker)] == marker
    assert len(log) == 2 * LOG_END_BYTES + len(marker)
    assert not process.is_whole(log)
    assert finished.tail == log[-process.TAIL_BYTES :]


def test_output_up_to_twice_the_limit_is_logged_whole(run: Runner, tmp_path: Path) -> None:
    run(NOISE.replace("BLOCKS", "500"))
    log = (tmp_path / "logs" / "run.log").read_bytes()
    assert LOG_END_BYTES < len(log) < 2 * LOG_END_BYTES
    assert process.is_whole(log)
    assert log == b"".join(b"%07d noise\n" % number * 1000 for number in range(500))


MEMORY_OF_THE_CALLER = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {LIBRARY!r})
from autotune.edges.process import execute
def peak_mb(command):
    finished = execute(command, cwd=Path(sys.argv[1]), environment=os.environ, timeout_s=100, log=Path(sys.argv[1], "log"))
    assert finished.exit_code == 0 and finished.report.samples == {{"a": 1.0}}, finished
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
print(peak_mb("yes | head -c 1000000; echo; echo METRIC a=1"))
print(peak_mb("yes | head -c 100000000; echo; echo METRIC a=1; yes | head -c 100000000"))
print(peak_mb("head -c 50000000 /dev/zero; echo; echo METRIC a=1; head -c 50000000 /dev/zero >&2"))
"""


def test_two_hundred_megabytes_of_output_cost_little_more_memory_than_one(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", MEMORY_OF_THE_CALLER, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    little, *much = map(float, done.stdout.split())
    assert max(much) - little < 12


CALLER = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {LIBRARY!r})
from autotune.edges.process import end_all, execute
folder = Path(sys.argv[1])
def leave(number, frame):
    end_all()
    os._exit(7)
if sys.argv[2] == "handler":
    signal.signal(signal.SIGTERM, leave)
command = "echo $$ >>pids; sh -c 'echo $$ >>pids; sleep 60' & setsid sh -c 'echo $$ >>pids; sleep 60' & sleep 60; true"
execute(command, cwd=folder, environment=os.environ, timeout_s=100, log=folder / "log")
"""


@pytest.mark.parametrize(
    ("kind", "number", "status"),
    [("plain", signal.SIGKILL, -9), ("plain", signal.SIGTERM, -15), ("handler", signal.SIGTERM, 7), ("plain", signal.SIGINT, -2)],
)
def test_a_command_ends_with_its_caller(kind: str, number: int, status: int, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-I", "-c", CALLER, str(tmp_path), kind], stderr=subprocess.DEVNULL) as caller:
        wait_until(lambda: len(pids(tmp_path / "pids")) == 3)
        assert all(map(is_alive, pids(tmp_path / "pids")))
        caller.send_signal(number)
        assert caller.wait() == status
    wait_until(lambda: not any(map(is_alive, pids(tmp_path / "pids"))))


DYING = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {LIBRARY!r})
from autotune.edges import process, shell
told = []
tell = shell.Shell.tell
def die(self, line):
    told.append(self.pid)
    if len(told) > int(sys.argv[2]):
        print(*line.split()[:1], *told, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    tell(self, line)
shell.Shell.tell = die
folder = Path(sys.argv[1])
streams = dict(given=folder / "given", said=sys.stderr, complained=sys.stderr)
with process.started_guarded("touch begun; sleep 60", cwd=folder, environment=os.environ, **streams) as begun:
    begun.wait()
"""


@pytest.mark.parametrize("told", [0, 1])
def test_a_guarded_command_does_not_begin_when_its_caller_dies_before_it_is_guarded(told: int, tmp_path: Path) -> None:
    (tmp_path / "given").touch()
    line = [sys.executable, "-I", "-c", DYING, str(tmp_path), str(told)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as caller:
        assert caller.stdout is not None
        left = [int(word) for word in caller.stdout.read().split() if word.isdigit()]
        assert caller.wait() == -signal.SIGKILL
    assert len(left) == 2
    wait_until(lambda: not any(map(is_alive, left)))
    assert not (tmp_path / "begun").exists()


def test_a_worker_that_was_forked_adopts_for_itself(run: Runner, tmp_path: Path) -> None:
    run("true")
    worker = os.fork()
    if worker == 0:
        finished = run("setsid sleep 60 & echo METRIC a=1")
        good = finished.report.samples == {"a": 1.0} and len(finished.leftovers) == 1 and finished.peak_rss_mb < 20
        (tmp_path / "answer").write_text(repr(finished))
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 0, (tmp_path / "answer").read_text()


@pytest.mark.parametrize("command", ["true\0", "x" * 200_000])
def test_a_command_that_cannot_be_started_is_refused(command: str, run: Runner) -> None:
    with pytest.raises(AutotuneError, match="could not be started"):
        run(command)
    assert shell.running == []


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AutotuneError, match="nowhere"):
        execute("true", cwd=tmp_path / "nowhere", environment={}, timeout_s=1, log=tmp_path / "log")


def test_a_shell_that_cannot_start_processes_is_told_apart_from_the_command(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_ORPHANED", "echo sh: Cannot fork >&2; exit 2")
    with pytest.raises(AutotuneError, match="Cannot fork"):
        run("true")
    assert shell.running == []


@pytest.mark.parametrize("log", ["/dev/full", "/dev/null/run.log"])
def test_a_log_that_cannot_be_written_is_an_error_and_the_command_ends(log: str, tmp_path: Path) -> None:
    command = "echo $$ >pids; echo text; sleep 60"
    with pytest.raises(AutotuneError, match="cannot be written"):
        execute(command, cwd=tmp_path, environment=environment_for_runs(os.environ), timeout_s=60, log=Path(log))
    assert not any(map(is_alive, pids(tmp_path / "pids")))


def test_without_a_process_list_there_are_no_marked_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert family.marked("0123") == {}


def test_a_system_without_lists_of_children_does_not_adopt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert family.adopts.__wrapped__(os.getpid()) is False


@given(st.lists(st.binary(max_size=10), max_size=30), st.integers(0, 10))
def test_a_ring_holds_the_end_of_what_was_added(chunks: list[bytes], count: int) -> None:
    ring = process._Ring(10)
    for chunk in chunks:
        ring.add(chunk)
    everything = b"".join(chunks)
    count = min(count, len(everything))
    assert b"".join(ring.last(count)) == everything[len(everything) - count :]


def test_a_run_gets_the_callers_environment_without_what_is_of_the_moment() -> None:
    kept = {"PATH": "/bin", "HOME": "/home/x", "API_KEY": "s3cret", "PYTHONPATH": "src", "SSH_AUTH_SOCK": "/x"}
    of_other_tools = ("CLAUDECODE", "CLAUDE_X", "GIT_DIR", "GIT_INDEX_FILE", "AUTOTUNE_X", "COVERAGE_PROCESS_START")
    of_the_moment = ("_", "OLDPWD", "PWD", "SHLVL", "COLUMNS", "PYTHONSTARTUP")
    base = kept | dict.fromkeys((*of_other_tools, *of_the_moment), "x")
    assert environment_for_runs(base) == kept | {"PYTHONHASHSEED": "0"}
    assert environment_for_runs({"PYTHONHASHSEED": "7"}, {"GIT_DIR": "own"}) == {"PYTHONHASHSEED": "7", "GIT_DIR": "own"}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system does not show an environment as it is in memory")
def test_a_runs_environment_is_as_large_whatever_else_stands_in_the_callers(run: Runner, tmp_path: Path) -> None:
    shells: tuple[dict[str, str], ...] = ({}, {"LONG": "x" * 999}, {f"V{number}": "" for number in range(9)})
    sizes = []
    for more in shells:
        run("cat /proc/$$/environ > found", environment={"PATH": os.environ["PATH"], **more})
        found = (tmp_path / "found").read_bytes()
        sizes.append(len(found) + 8 * found.count(b"\0"))  # a pointer to each variable besides
    assert sizes == [16 * 1024] * len(shells)


def test_only_listed_variables_are_recorded() -> None:
    assert recorded_environment({"PATH": "/bin", "TZ": "UTC", "API_KEY": "s3cret", "HOME": "/home/x"}) == {"PATH": "/bin", "TZ": "UTC"}


def test_variables_that_decide_what_runs_are_what_they_were_and_others_are_not_touched() -> None:
    now = {"PATH": "/evil:/bin", "PYTHONPATH": "/evil", "LD_PRELOAD": "evil.so", "HOME": "/home/x"}
    assert as_recorded(now, {"PATH": "/bin", "TZ": "UTC"}) == {"PATH": "/bin", "TZ": "UTC", "HOME": "/home/x"}


def test_no_descriptor_and_no_child_is_left(run: Runner) -> None:
    run("true")
    before = len([*Path("/proc/self/fd").iterdir()]), set(family.children(os.getpid()))
    for _ in range(3):
        run("echo x; sleep 60 & true")
    assert (len([*Path("/proc/self/fd").iterdir()]), set(family.children(os.getpid()))) == before
