"""The real client on a machine of its own: nothing of whoever runs the tests is read, and nothing but loopback is spoken to."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.client.model import Asked, Call, Line, Model, bash, serving

VERSION = "2.1.329"
ROOT = Path(__file__).resolve().parents[2]
# Before anything gives the tests a cache folder of their own: what is downloaded here is worth keeping.
ENVIRONMENT = dict(os.environ)
_NAMED = Path(ENVIRONMENT.get("XDG_CACHE_HOME", ""))
CACHE = (_NAMED if _NAMED.is_absolute() else Path.home() / ".cache") / "autotune"
SOURCE = "COST = {cost}\n"
BENCHMARK = """\
#!/bin/sh
cost=$(sed -n 's/^COST = //p' src/work.py)
test "$cost" -ge 0 || exit 3
printf 'METRIC cost=%s\\n' "$cost"
"""
SETTINGS = "busy_wait_s = 0  # nobody waits here for a machine that other tests use too\n"
CHECKS = "#!/bin/sh\n! grep -q WRONG src/work.py\n"
STREAM = ("--output-format", "stream-json", "--verbose")
LONGEST_S = 240
_INSTALL = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")


def python_environment() -> Path:
    """The folder of the Python environment that the launcher makes."""
    command = [str(ROOT / "bin/autotune"), "--environment"]
    made = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout.strip()
    return Path(made).parents[1]


def program(cache: Path = CACHE) -> Path:
    """The client's program, installed into a cache folder when it is not there; skips the test where that cannot be done, but not in CI."""
    folder = cache / f"client-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _program_in(folder)
        if found is None:
            _install(folder)
            found = _program_in(folder)
    assert found is not None, f"the package of the client {VERSION} has no program for this machine"
    return found


def _program_in(folder: Path) -> Path | None:
    return next((path for path in folder.glob("node_modules/@anthropic-ai/claude-code-*/claude") if os.access(path, os.X_OK)), None)


def _install(folder: Path) -> None:
    required = os.environ.get("CI") == "true"
    if shutil.which("npm") is None and not required:
        pytest.skip("the client cannot be tested: npm is missing")
    done = subprocess.run(
        [*_INSTALL, "--prefix", str(folder), f"@anthropic-ai/claude-code@{VERSION}"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 and not required:
        pytest.skip(f"the client cannot be tested: npm could not install it: {done.stderr.strip().splitlines()[-1:]}")
    assert done.returncode == 0, done.stderr


@dataclass
class Conversation:
    """What a client and its model said to each other, by the names of the model's turns."""

    names: list[str]
    model: Model
    code: int
    events: list[dict[str, Any]]
    stderr: str

    def __getitem__(self, name: str) -> Asked:
        """What came back after a turn."""
        return self.model.asked[self.names.index(name) + 1]

    @property
    def last(self) -> str:
        """The name of the turn with which it ended."""
        return self.names[len(self.model.asked) - 1]

    @property
    def init(self) -> dict[str, Any]:
        """What the client told of itself when it began."""
        return next(event for event in self.events if event.get("subtype") == "init")


@dataclass
class Machine:
    """A user's machine with the client on it and a project to tune."""

    binary: Path
    home: Path
    cache: Path
    programs: Path
    temporary: Path
    project: Path

    def environment(self, port: int = 9) -> dict[str, str]:
        """All that the client finds in its environment."""
        return {
            "PATH": f"{self.programs}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.cache),
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
            "ANTHROPIC_API_KEY": "none",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_TMPDIR": str(self.temporary),
        }

    def talk(
        self, script: Mapping[str, Line], *arguments: str, prompt: str = "Make it better.", plugin: Path | None = ROOT
    ) -> Conversation:
        """Run the client once, without a terminal, with a model that follows a script."""
        with serving(list(script.values())) as model:
            client = self.start(model, *arguments, prompt=prompt, plugin=plugin)
            out, err = client.communicate(timeout=LONGEST_S)
        events = [json.loads(line) for line in out.splitlines()]
        return Conversation(list(script), model, client.returncode, events, err)

    def start(self, model: Model, *arguments: str, prompt: str = "Make it better.", plugin: Path | None = ROOT) -> subprocess.Popen[str]:
        """Start the client without a terminal, as a process group of its own."""
        where = () if plugin is None else ("--plugin-dir", str(plugin))
        return subprocess.Popen(
            [self.binary, "-p", prompt, *where, *STREAM, *arguments],
            cwd=self.project,
            env=self.environment(model.port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def claude(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the client's own commands."""
        return subprocess.run(
            [self.binary, *arguments],
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def autotune(self, *arguments: str, launcher: Path = ROOT / "bin/autotune") -> str:
        """Run autotune as a person does in a terminal; what it printed on stdout."""
        done = subprocess.run(
            [launcher, *arguments],
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results in the session's log, the baseline first."""
        lines = [json.loads(line) for line in (self.project / "autotune.jsonl").read_text("utf-8").splitlines()]
        return [line for line in lines if "status" in line]

    @property
    def sessions(self) -> Path:
        """Where the project's sessions are."""
        return self.project / ".git/autotune"

    @property
    def log(self) -> str:
        """The hook log."""
        path = self.cache / "autotune/hooks.log"
        return path.read_text("utf-8") if path.exists() else ""

    def git(self, *arguments: str) -> str:
        """Ask git about the project."""
        return subprocess.run(["git", *arguments], cwd=self.project, capture_output=True, text=True, check=True).stdout


def machine_in(folder: Path, binary: Path, environment: Path) -> Machine:
    """Make a machine in a folder: the client on it, the Python environment in its cache, and a project with a commit."""
    made = Machine(binary, *(folder / name for name in ("home", "cache", "programs", "tmp", "project")))
    for one in (made.home, made.temporary, made.project / "src", made.project / "tests", made.cache / "autotune"):
        one.mkdir(parents=True)
    link_programs(made.programs)
    (made.cache / "autotune" / environment.name).symlink_to(environment)
    files: Mapping[str, str] = {"src/work.py": SOURCE.format(cost=100), "tests/test_work.py": "# a test\n"}
    for name, content in files.items():
        (made.project / name).write_text(content)
    for line in ("init -q -b main", "config user.name Tester", "config user.email tester@example.org", "add .", "commit -q -m first"):
        made.git(*line.split())
    return made


def open_session(machine: Machine) -> Machine:
    """Open a session on a machine, in which one run is enough for a verdict."""
    (machine.project / "autotune.sh").write_text(BENCHMARK)
    (machine.project / "autotune.checks.sh").write_text(CHECKS)
    (machine.project / "autotune.toml").write_text(SETTINGS)
    machine.autotune("init", "--name", "speed", "--metric", "cost", "--scope", "src/**", "--once")
    return machine


def write(machine: Machine, name: str, content: str) -> Call:
    """A call that writes a file of the project."""
    return Call("Write", {"file_path": str(machine.project / name), "content": content})


def read(machine: Machine, name: str) -> Call:
    """A call that reads a file of the project."""
    return Call("Read", {"file_path": str(machine.project / name)})


def attempt(machine: Machine, name: str, content: str) -> dict[str, Line]:
    """An experiment: look, change, measure."""
    return {
        f"{name}: look": read(machine, "src/work.py"),
        f"{name}: change": write(machine, "src/work.py", content),
        name: bash(f"autotune try --description 'the {name} one'"),
    }


@dataclass
class Screen:
    """A client in a terminal: what is typed, and all that it has drawn so far, as text."""

    descriptor: int
    drawn: bytes = b""

    def wait_for(self, words: str) -> None:
        """Wait until words have been drawn since they were last waited for."""
        assert self._is_drawn(words, within_s=60), f"{words!r} was not drawn:\n{self._text()[-3000:]}"
        self.drawn = b""

    def _is_drawn(self, words: str, within_s: float) -> bool:
        end = time.monotonic() + within_s
        while words.replace(" ", "") not in self._text():
            if time.monotonic() > end:
                return False
            if select.select([self.descriptor], [], [], 0.1)[0]:
                self.drawn += os.read(self.descriptor, 1 << 16)
        return True

    def _text(self) -> str:
        """Letters alone: the client moves the cursor where other programs write a space."""
        plain = re.sub(rb"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])", b"", self.drawn)
        return re.sub(r"\s", "", plain.decode("utf-8", "replace"))

    def type(self, words: str) -> None:
        """Type a line, then return; the client takes what comes with its return at once for something pasted."""
        self.press(words)
        self.wait_for(words.rsplit(" ", maxsplit=1)[-1])
        time.sleep(0.3)
        self.press("\r")

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self.descriptor, keys.encode())

    def answer(self, key: str, words: str) -> None:
        """Press a key until words are drawn: what asks is drawn a moment before it listens."""
        for _ in range(6):
            self.press(key)
            if self._is_drawn(words, within_s=10):
                break
        self.wait_for(words)


@contextmanager
def terminal(machine: Machine, model: Model, *arguments: str) -> Iterator[Screen]:
    """A client in a terminal, past the questions that it asks on its first start."""
    settings = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["none"], "rejected": []},
        "projects": {str(machine.project): {"hasTrustDialogAccepted": True}},
    }
    path = machine.home / ".claude.json"
    path.write_text(json.dumps({**(json.loads(path.read_text()) if path.exists() else {}), **settings}))
    child, descriptor = pty.fork()
    if child == 0:
        os.chdir(machine.project)
        os.execve(machine.binary, [str(machine.binary), *arguments], machine.environment(model.port))  # noqa: S606 - a terminal of its own
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    try:
        yield Screen(descriptor)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(descriptor)


def link_programs(folder: Path) -> None:
    """Put a Python that is new enough on PATH, whatever the machine calls it."""
    folder.mkdir()
    (folder / "python3").symlink_to(os.path.realpath(sys.executable))
