"""A project to tune, in a folder of its own: real git, and the command line as a process."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "lib"
SESSION_FILES = (
    "autotune.sh",
    "autotune.checks.sh",
    "autotune.md",
    "autotune.ideas.md",
    "autotune.toml",
    "autotune.jsonl",
    ".autotune.state",
)
BENCHMARK = 'echo "METRIC size=$(($(cat src/*.txt | wc -c)))"\n'
PATIENT = "[health]\nmax_no_improvement_runs = 1000000\nmax_crash_streak = 1000000\n"  # nothing heals by itself
PATIENCE_S = 60.0
Files = dict[bytes, tuple[int, bytes]]  # a path's mode and content


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left. `killed` names the effect at which it killed itself, `effects` counts those before."""

    code: int
    out: str
    err: str
    killed: str = ""
    effects: int = 0

    @property
    def json(self) -> dict[str, Any]:
        """The answer on standard output, where it was asked for as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def all(self) -> str:
        """The answer and the talk."""
        return f"{self.out}\n{self.err}"


@dataclass(slots=True)
class Driver:
    """The process that forks one process a command; what is not `counted` is three times as fast, and not in coverage's figures."""

    process: subprocess.Popen[bytes]
    counted: bool
    ended: dict[int, int] = field(default_factory=dict)

    @classmethod
    def start(cls, *, counted: bool = True) -> Driver:
        """Start it; it ends with its standard input."""
        words = [sys.executable, "-I", str(Path(__file__).with_name("driver.py")), str(LIBRARY)]
        variables = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        return cls(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=variables), counted)

    def begin(
        self,
        arguments: tuple[str, ...],
        folder: Path,
        environment: Mapping[str, str],
        out: Path,
        kill: Mapping[str, object] | None = None,
        given: str = os.devnull,
    ) -> Begun:
        """Start a command in a folder, with its standard input; what it says goes to `out` and beside it."""
        request = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": dict(environment),
            **dict(zip(("out", "err", "killed"), map(str, paths_of(out)), strict=True)),
            "kill": kill,
            "given": given,
            "counted": self.counted,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        while "code" in (answer := self._answer()):
            self.ended[answer["pid"]] = answer["code"]
        return Begun(self, answer["pid"], out)

    def wait(self, pid: int) -> int:
        """Wait for a command's end; gives its exit code, negative for a signal."""
        while pid not in self.ended:
            answer = self._answer()
            self.ended[answer["pid"]] = answer["code"]
        return self.ended.pop(pid)

    def _answer(self) -> dict[str, int]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the driver is gone"
        found: dict[str, int] = json.loads(line)
        return found

    def stop(self) -> None:
        """End it."""
        self.process.communicate()


@dataclass(frozen=True, slots=True)
class Begun:
    """A command that was started."""

    driver: Driver
    pid: int
    out: Path

    def wait(self) -> Answer:
        """Wait for its end."""
        code = self.driver.wait(self.pid)
        texts = [path.read_text("utf-8", "surrogateescape") if path.exists() else "" for path in paths_of(self.out)]
        for path in paths_of(self.out):
            path.unlink(missing_ok=True)
        return Answer(code, texts[0], texts[1], texts[2][8:], int(texts[2][:8] or 0))


def paths_of(out: Path) -> tuple[Path, Path, Path]:
    return out, out.with_suffix(".err"), out.with_suffix(".killed")


@dataclass(slots=True)
class Project:
    """A repository in `top`, and what is told of it. `folder` is where commands run, `outside` where their output and the cache go."""

    top: Path
    outside: Path
    driver: Driver
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    given: str = os.devnull  # what commands have as standard input
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def make(cls, base: Path, driver: Driver, name: str = "project", *options: str) -> Project:
        """Make a repository with two text files, whose size is the metric, and a commit."""
        top = base / name
        top.mkdir(parents=True)
        (base / "outside").mkdir(exist_ok=True)
        made = cls(top, base / "outside", driver, top)
        made.git("init", "-q", "-b", "main", *options)
        made.write("src/a.txt", "aaaa aaaa aaaa\n")
        made.write("src/b.txt", "bbbb bbbb bbbb\n")
        made.write("README", "a project\n")
        made.write(".gitignore", "*.o\nbuild/\n")
        made.git("add", ".")
        made.git("commit", "-qm", "first")
        made.write("autotune.sh", BENCHMARK)
        made.write("autotune.toml", f"busy_wait_s = 0\n{PATIENT}")
        return made

    @property
    def variables(self) -> dict[str, str]:
        """The environment of its commands."""
        return {**os.environ, "XDG_CACHE_HOME": str(self.outside / "cache"), **self.environment}

    def git(self, *arguments: str, ok: bool = True, folder: Path | None = None) -> str:
        """Run git as the user; gives its output."""
        return self.git_bytes(*arguments, ok=ok, folder=folder).decode("utf-8", "surrogateescape").rstrip("\n")

    def git_bytes(self, *arguments: str, ok: bool = True, folder: Path | None = None, stdin: bytes = b"") -> bytes:
        """Run git as the user; gives its output as it is."""
        done = subprocess.run(
            ["git", *arguments], cwd=folder or self.top, env=self.variables, capture_output=True, check=False, input=stdin
        )
        assert done.returncode == 0 or not ok, (arguments, done.stderr)
        return done.stdout

    def write(self, path: str | bytes, content: str | bytes, mode: int | None = None) -> Path:
        """Write a file of the working tree."""
        target = self.top / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            target.chmod(mode)
        return target

    def read(self, path: str) -> str:
        """Read a file of the working tree."""
        return (self.top / path).read_text("utf-8")

    def begin(self, *arguments: str, kill: tuple[int, int] | None = None, torn: bool = False) -> Begun:
        """Start a command; with `kill`, it kills itself at an effect (the second number) of a generation of forks (the first)."""
        out = self.outside / f"{next(self._numbers)}.out"
        bomb = {"generation": kill[0], "at": kill[1], "torn": torn} if kill else None
        return self.driver.begin(arguments, self.folder, self.variables, out, bomb, self.given)

    def run(self, *arguments: str, kill: tuple[int, int] | None = None, torn: bool = False) -> Answer:
        """Run a command to its end."""
        return self.begin(*arguments, kill=kill, torn=torn).wait()

    def ok(self, *arguments: str) -> Answer:
        """Run a command that has to succeed."""
        answer = self.run(*arguments)
        assert answer.code == 0, (arguments, answer)
        return answer

    def refused(self, *arguments: str) -> str:
        """Run a command that has to be refused, with a hint; gives what it says."""
        answer = self.run(*arguments)
        assert answer.code == 1, (arguments, answer)
        assert answer.err.startswith("error: ") or "\nerror: " in answer.err, answer
        assert "\nhint: " in answer.err, answer
        return answer.err

    def init(self, *options: str) -> Answer:
        """Open a session whose measurements take one run each."""
        return self.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once", *options)

    def attempt(self, description: str = "an attempt", *options: str) -> dict[str, Any]:
        """Try what differs, also where the same was tried before; gives the answer, with what it says of the experiment beside the rest."""
        answer = self.ok("try", "--json", "--again", "-d", description, *options).json
        return {**answer, **(answer["about"] or {})}

    @property
    def session(self) -> Path:
        """The folder of the only session."""
        common = self.git("rev-parse", "--path-format=absolute", "--git-common-dir")
        (found,) = (path.parent for path in Path(common).glob("autotune/[!.]*/autotune.jsonl"))
        return found

    @property
    def name(self) -> str:
        """The only session's name."""
        return self.session.name

    @property
    def branch(self) -> str:
        """The only session's branch."""
        return f"autotune/{self.name}"

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The ledger's lines, of one type or all, each following from the line before."""
        prev = "0" * 64
        found = []
        for line in (self.session / "autotune.jsonl").read_bytes().splitlines(keepends=True):
            event = json.loads(line)
            assert event["prev"] == prev, event
            prev = hashlib.sha256(line).hexdigest()
            found.append(event)
        return [event for event in found if kind in (None, event["type"])]

    def results(self) -> list[dict[str, Any]]:
        """The settled experiments."""
        return [event for event in self.events("result") if not event["baseline"]]

    def commits(self) -> list[str]:
        """The commits of the session's branch since the session opened, oldest first."""
        return self.git("rev-list", "--reverse", f"{self.events()[0]['base']}..refs/heads/{self.branch}").split()

    def files(self, folder: Path | None = None, *, without: tuple[str, ...] = SESSION_FILES) -> Files:
        """Every file, link and folder below the top with its mode and content, but git's own and those named."""
        top = folder or self.top
        return {path: content for path, content in walk(os.fsencode(top)) if os.fsdecode(path) not in without}

    def repository(self) -> dict[str, bytes]:
        """What git holds: HEAD, refs, index, stashes, configuration."""
        questions = {
            "head": ("symbolic-ref", "-q", "HEAD"),
            "refs": ("for-each-ref",),
            "index": ("ls-files", "--stage", "-v", "-z"),
            "stash": ("stash", "list"),
            "config": ("config", "--list", "--local"),
            "worktrees": ("worktree", "list", "--porcelain"),
        }
        return {name: self.git_bytes(*words, ok=False) for name, words in questions.items()}

    def agree(self) -> None:
        """Check that ledger and git say the same."""
        results = self.results()
        assert [one["index"] for one in results] == list(range(1, len(results) + 1))
        kept = [one for one in results if one["status"] == "keep"]
        commits = self.commits()
        assert [one["commit"] for one in kept] == commits
        for one, commit in zip(kept, commits, strict=True):
            assert f"Autotune-Experiment: {self.name}/{one['index']}" in self.git("log", "-1", "--format=%B", commit).splitlines()
        for one in results:
            assert one["snapshot"] == self.git("rev-parse", f"refs/autotune/{self.name}/{one['index']}")

    def end_workers(self) -> None:
        """Kill what still measures, so that a test that failed leaves nothing behind."""
        for lock in (self.top / ".git").glob("autotune/*/lock"):
            for pid in holders(lock):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def worker(self) -> int | None:
        """The process that measures, once it has put its name to the session's lock; what it leaves in the file says nothing."""
        try:
            held = json.loads((self.session / "lock").read_text())
            state = Path(f"/proc/{held['pid']}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return None
        return int(held["pid"]) if held["worker"] and state != "Z" else None


def holders(lock: Path) -> list[int]:
    """The processes that have a lock's file open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.path.samestat(one.stat(), lock.stat()) for one in (process / "fd").iterdir() if one.exists()):
                found.append(int(process.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def walk(top: bytes, inside: bytes = b"") -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    """Give every path below a folder with its mode and content, git's own left out."""
    folder = os.fsdecode(top) + "/" + os.fsdecode(inside)
    for entry in sorted(os.scandir(os.fsencode(folder)), key=lambda one: one.name):
        path = inside + b"/" + entry.name if inside else entry.name
        if entry.name == b".git":
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            yield path, (mode, os.fsencode(Path(os.fsdecode(entry.path)).readlink()))
        elif stat.S_ISDIR(mode):
            yield path, (mode, b"")
            yield from walk(top, path)
        elif stat.S_ISREG(mode):
            yield path, (mode, Path(os.fsdecode(entry.path)).read_bytes())
        else:
            yield path, (mode, b"")


def eventually(holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds."""
    until = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < until, "it never held"
        time.sleep(0.01)
