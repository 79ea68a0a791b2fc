"""The set-up of the environment, run as real processes on a wheel that the test itself makes: nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
import os
import pty
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from autotune import bootstrap

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "lib" / "autotune" / "bootstrap.py"
PATIENCE_S = 60

SCRIPTED_UV = """\
#!/bin/sh
# Makes an environment without packages. Where a file `gate` stands beside it, it waits until that is gone.
here=${{0%/*}}
echo "$*" >>"$here/calls"
case $1 in
--version) exit 0 ;;
venv) for folder; do :; done; exec "{python}" -I -m venv --without-pip "$folder" ;;
pip)
    echo "Fetching tiny"
    if [ -e "$here/gate" ]; then echo $$ >"$here/waiting"; fi
    while [ -e "$here/gate" ]; do sleep 0.02; done
    echo "the last words of the installer"
    [ ! -e "$here/broken" ]
    ;;
esac
"""
"""An installer that does what a test tells it to, at once: how the set-up behaves around it is what these tests ask."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A user's machine: programs on PATH, a cache folder and a lock file."""

    programs: Path
    cache: Path
    lock: Path

    def variables(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{self.programs}:/usr/bin:/bin", "XDG_CACHE_HOME": str(self.cache)}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-I", str(PROGRAM), str(self.lock), *arguments]
        return subprocess.Popen(command, env=self.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def environments(self) -> list[Path]:
        return sorted(path for path in (self.cache / "autotune").glob("*") if path.is_dir())

    def installs(self) -> int:
        return sum(line.startswith("pip ") for line in (self.programs / "calls").read_text().splitlines())

    def close_the_gate(self) -> Path:
        gate = self.programs / "gate"
        gate.touch()
        return gate

    def wait_for_the_installer(self) -> int:
        """Give the process id of the installer that stands at the gate."""
        waiting = self.programs / "waiting"
        wait_until(lambda: waiting.exists() and waiting.read_text().endswith("\n"))
        return int(waiting.read_text())


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def tiny_wheel(folder: Path) -> str:
    """Write a wheel with one module and one script into a folder; give its hash."""
    files = {
        "tiny.py": "def main():\n    print('a tiny program')\n",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "tiny-1.0.dist-info/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
    }
    record = "".join(f"{name},sha256={_short(text)},{len(text)}\n" for name, text in files.items())
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("tiny-1.0.dist-info/RECORD", record + "tiny-1.0.dist-info/RECORD,,\n")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def _short(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def lock_of(wheels: Path, digest: str) -> str:
    return f"--no-index\n--find-links {wheels.as_uri()}\ntiny==1.0 --hash=sha256:{digest}\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    programs, wheels = tmp_path / "programs", tmp_path / "my wheels"
    programs.mkdir()
    wheels.mkdir()
    scripted = programs / "uv"
    scripted.write_text(SCRIPTED_UV.format(python=sys.executable))
    scripted.chmod(0o755)
    lock = tmp_path / "my lock.txt"
    lock.write_text(lock_of(wheels, tiny_wheel(wheels)))
    return Machine(programs, tmp_path / "a cache", lock)


def take_the_real_uv(machine: Machine) -> None:
    real = shutil.which("uv")
    if real is None:
        pytest.skip("uv is not on PATH")
    (machine.programs / "uv").unlink()
    (machine.programs / "uv").write_text(f'#!/bin/sh\nPATH="{os.environ["PATH"]}" exec "{real}" "$@"\n')
    (machine.programs / "uv").chmod(0o755)


def take_a_uv_that_does_not_start(machine: Machine) -> None:
    (machine.programs / "uv").write_text("#!/bin/sh\nexit 1\n")


@pytest.mark.parametrize(
    "choose_installer", [take_the_real_uv, pytest.param(take_a_uv_that_does_not_start, marks=pytest.mark.slow)], ids=["uv", "pip"]
)
@pytest.mark.nightly
def test_what_the_lock_file_lists_is_installed_compiled_and_its_scripts_start(
    machine: Machine, choose_installer: Callable[[Machine], None]
) -> None:
    choose_installer(machine)
    done = machine.run()
    assert done.returncode == 0, done.stderr
    python = Path(done.stdout.removesuffix("\n"))
    assert python.is_relative_to(machine.cache / "autotune")
    assert list(python.parents[1].glob("lib/python*/site-packages/__pycache__/tiny.*.pyc"))
    for command in ([str(python), "-I", "-c", "import tiny; tiny.main()"], [str(python.with_name("tiny"))]):
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "a tiny program\n"


@pytest.mark.nightly
def test_a_file_with_another_hash_is_not_installed(machine: Machine) -> None:
    (take_the_real_uv if shutil.which("uv") else take_a_uv_that_does_not_start)(machine)
    machine.lock.write_text(lock_of(machine.lock.with_name("my wheels"), "0" * 64))
    done = machine.run()
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.search(
        r"error: The Python environment could not be set up: `(uv )?pip install` ended with exit code \d+\.\n  \| ", done.stderr
    )
    assert "hash" in done.stderr.lower()
    assert machine.environments() == []


def test_the_second_time_there_is_no_set_up(machine: Machine) -> None:
    first, second = machine.run(), machine.run()
    assert "setting up the Python environment in" in first.stderr
    assert "the Python environment is ready" in first.stderr
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")
    assert machine.installs() == 1


def test_another_lock_file_gets_another_environment(machine: Machine) -> None:
    first = machine.run()
    machine.lock.write_text(machine.lock.read_text() + "# changed\n")
    assert machine.run().stdout != first.stdout
    assert len(machine.environments()) == 2


def test_an_environment_that_another_python_made_is_used(machine: Machine) -> None:
    machine.run()
    (made,) = machine.environments()
    of_another = made.rename(made.with_name("env-0123456789abcdef"))
    done = machine.run()
    assert (Path(done.stdout.strip()).parents[1], done.stderr) == (of_another, "")


def test_a_failed_set_up_ends_with_the_last_words_of_what_failed_and_is_tried_again(machine: Machine) -> None:
    broken = machine.programs / "broken"
    broken.touch()
    failed = machine.run()
    assert failed.returncode == 1
    assert "ended with exit code 1.\n  | Fetching tiny\n  | the last words of the installer\nhint: " in failed.stderr
    assert machine.environments() == []
    broken.unlink()
    assert machine.run().returncode == 0


def test_of_two_at_once_the_second_waits_and_says_for_whom(machine: Machine) -> None:
    gate = machine.close_the_gate()
    first = machine.start()
    machine.wait_for_the_installer()
    second = machine.start()
    assert second.stderr is not None
    said = second.stderr.readline()
    gate.unlink()
    answers = [process.communicate(timeout=PATIENCE_S)[0] for process in (first, second)]
    assert said == f"autotune: waiting for process {first.pid}, which is setting up the Python environment\n"
    assert answers[0] == answers[1] != ""
    assert machine.installs() == 1


def test_a_set_up_that_was_killed_is_done_again_when_its_installer_has_ended_and_leaves_nothing_behind(machine: Machine) -> None:
    gate = machine.close_the_gate()
    with machine.start() as killed:
        machine.wait_for_the_installer()
        killed.kill()
        again = machine.start()
        assert again.stderr is not None
        said = again.stderr.readline()
        (left_over,) = machine.environments()
        gate.unlink()
        answer, _ = again.communicate(timeout=PATIENCE_S)
    assert said == f"autotune: waiting for process {killed.pid}, which is setting up the Python environment\n"
    assert (killed.returncode, again.returncode) == (-signal.SIGKILL, 0)
    assert left_over.name.startswith("partial-")
    assert machine.environments() == [Path(answer.strip()).parents[1]]


def test_an_interrupted_set_up_says_so_and_leaves_nothing_behind(machine: Machine) -> None:
    gate = machine.close_the_gate()
    with machine.start() as interrupted:
        machine.wait_for_the_installer()
        interrupted.send_signal(signal.SIGINT)
        gate.unlink()
        _, said = interrupted.communicate(timeout=PATIENCE_S)
    assert interrupted.returncode == 130
    assert "error: The set-up of the Python environment was interrupted.\n" in said
    assert machine.environments() == []


def lose_a_file(environment: Path) -> None:
    (environment / "pyvenv.cfg").unlink()


def lose_the_base_python(environment: Path) -> None:
    for python in (environment / "bin").glob("python*"):
        python.unlink()
        python.symlink_to("/nowhere/bin/python")


def get_a_base_python_that_does_not_start(environment: Path) -> None:
    python = environment / "bin" / "python"
    python.unlink()
    python.write_text("not a program")
    python.chmod(0o755)


@pytest.mark.parametrize("damage", [lose_a_file, lose_the_base_python, get_a_base_python_that_does_not_start])
def test_a_damaged_environment_is_made_anew(machine: Machine, damage: Callable[[Path], None]) -> None:
    first = machine.run()
    damage(machine.environments()[0])
    second = machine.run()
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert machine.installs() == 2
    assert subprocess.run([second.stdout.strip(), "-I", "-c", ""], check=False).returncode == 0


def test_the_note_for_the_launcher_is_as_old_as_the_lock_file(machine: Machine, tmp_path: Path) -> None:
    note = tmp_path / "notes" / "python"
    os.utime(machine.lock, ns=(1_600_000_000_123_456_789, 1_600_000_000_123_456_789))
    done = machine.run(str(note))
    assert note.read_text() == done.stdout
    assert note.stat().st_mtime_ns == machine.lock.stat().st_mtime_ns
    assert list(note.parent.iterdir()) == [note]


def test_a_note_that_cannot_be_written_costs_nothing_else(machine: Machine) -> None:
    done = machine.run(str(machine.lock / "python"))
    assert (done.returncode, Path(done.stdout.strip()).exists()) == (0, True)


def test_settings_that_redirect_an_installer_are_not_passed_on(machine: Machine) -> None:
    (machine.programs / "uv").write_text('#!/bin/sh\n[ "$1" = --version ] || { env; exit 1; }\n')
    variables = machine.variables() | {"PIP_TARGET": "/x", "VIRTUAL_ENV": "/x", "PYTHONHOME": "/x", "SSL_CERT_FILE": "/x"}
    variables["PATH"] = f"{machine.programs}:/usr/bin:/bin"
    variables.pop("HOME")
    command = [sys.executable, "-I", str(PROGRAM), str(machine.lock)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    shown = re.findall(r"^  \| (\w+)=", done.stderr, re.MULTILINE)
    assert shown
    assert {"PIP_TARGET", "VIRTUAL_ENV", "PYTHONHOME"}.isdisjoint(shown)


def test_a_terminal_shows_what_is_being_done_in_one_line(machine: Machine) -> None:
    terminal, end = pty.openpty()
    command = [sys.executable, "-I", str(PROGRAM), str(machine.lock)]
    with subprocess.Popen(command, env=machine.variables(), stdout=subprocess.PIPE, stderr=end) as process:
        os.close(end)
        assert process.wait(PATIENCE_S) == 0
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert "\r\x1b[K  Fetching tiny\r\x1b[K" in shown
    assert "\r\x1b[Kautotune: the Python environment is ready" in shown


def test_what_lasts_is_told_again_as_long_as_it_does(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bootstrap, "TOLD_EVERY_S", 0.01)
    said = ""
    with bootstrap._told_meanwhile("waiting"):
        while said.count("still waiting") < 2:
            said += capsys.readouterr().err
    capsys.readouterr()
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_a_missing_lock_file_is_a_broken_installation(machine: Machine) -> None:
    machine.lock.unlink()
    done = machine.run()
    assert done.returncode == 1
    assert (
        done.stderr == f"error: The lock file {machine.lock} is missing.\nhint: The installation is not complete: install autotune again.\n"
    )


def test_a_cache_folder_that_cannot_be_made_is_named(machine: Machine) -> None:
    machine.cache.write_text("a file in the way")
    done = machine.run()
    assert done.returncode == 1
    assert str(machine.cache) in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.parametrize("named", [None, "", "relative/folder"])
def test_without_a_usable_cache_setting_the_cache_is_in_the_home_folder(named: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_CACHE_HOME")
    if named is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", named)
    assert bootstrap.environments_folder() == Path("/home/somebody/.cache/autotune")


def test_without_a_home_setting_the_system_is_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert bootstrap.environments_folder() == Path(pwd.getpwuid(os.getuid()).pw_dir, ".cache", "autotune")


def test_a_user_without_a_home_is_told_which_setting_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    with pytest.raises(bootstrap.SetUpError) as refused:
        bootstrap.environments_folder()
    assert "XDG_CACHE_HOME" in refused.value.hint


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^\S+==.*?(?= \\$)", (ROOT / lock).read_text(), re.MULTILINE))


def test_development_has_the_same_packages_as_users_and_more() -> None:
    assert "typer==0.17.5" in pins("requirements.lock")
    assert pins("requirements.lock") < pins("requirements-dev.lock")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_no_place_to_fetch_from_and_a_hash_for_every_package(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^ *--(?!hash=sha256:)", text, re.MULTILINE)
    assert len(re.findall(r"^\S+==.* \\\n    --hash=sha256:", text, re.MULTILINE)) == len(pins(lock))
