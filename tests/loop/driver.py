"""A process that has imported the command line and forks one process a command, so that a test pays for the imports once.

Requests come as JSON lines on standard input; answers are JSON lines: the process that was started, later how it ended. A command can be
told to kill itself at one of its effects: what it writes, renames, removes or makes, and every program and process that it starts, but
for git commands that only read. So that a command has the same effects each time, its coin falls the same way each time.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import random
import selectors
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import coverage

READING = frozenset(
    {
        *(
            "rev-parse",
            "symbolic-ref -q",
            "merge-base",
            "ls-files",
            "ls-tree",
            "diff-tree",
            "diff-files",
            "diff-index",
            "check-attr",
            "check-ref-format",
        ),
        *("cat-file", "for-each-ref", "log", "rev-list", "var", "config", "worktree list", "status", "merge-file"),
    }
)
CHANGING = {  # not times: how many are set depends on the clock
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.truncate",
    "os.chmod",
    "os.link",
    "os.symlink",
    "os.fork",
    "os.kill",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
VERBS = (
    "cancel",
    "clear",
    "config",
    "finalize",
    "init",
    "log",
    "note",
    "rebaseline",
    "repair",
    "restore",
    "resume",
    "run",
    "stop",
    "try",
    "wait",
)


class Bomb:
    """Kills this process at its n-th effect in one generation of forks; `torn` leaves half of what a write would have written."""

    def __init__(self, generation: int, at: int, *, torn: bool, report: int) -> None:
        self.generation, self.at, self.torn, self.report = generation, at, torn, report
        self.now = 0
        self.count = 0
        self.temporary = tempfile.gettempdir()
        os.register_at_fork(after_in_child=self.next_generation)
        sys.addaudithook(self.hook)

    def next_generation(self) -> None:
        self.now += 1
        self.count = 0

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.now != self.generation:
            return
        effect = self.effect(event, arguments)
        if effect is None:
            return
        if self.count == self.at:
            self.go_off(event, effect, arguments)
        self.count += 1
        os.pwrite(self.report, f"{self.count:8}".encode(), 0)

    def effect(self, event: str, arguments: tuple[Any, ...]) -> str | None:
        """Name an effect, or None where the event is not one."""
        if event == "open":
            path, mode, flags = arguments
            opened = isinstance(path, str | bytes) and (set(mode or "") & set("wax+") or (flags or 0) & WRITING)
            written = opened and os.fsdecode(path) not in (self.temporary, os.devnull)
            return f"open {os.fsdecode(path)} {mode}" if written else None
        if event == "subprocess.Popen":
            words = [os.fsdecode(word) for word in arguments[1]]
            return None if reads(words) else " ".join(words)[:200]
        return f"{event} {arguments[0] if arguments else ''}" if event in CHANGING else None

    def go_off(self, event: str, effect: str, arguments: tuple[Any, ...]) -> NoReturn:
        self.generation = -1
        os.pwrite(self.report, f"{self.count:8}{effect}".encode("utf-8", "surrogateescape"), 0)
        if self.torn and event == "open" and isinstance(arguments[0], str):
            tear(arguments[0], arguments[1] or "")
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def tear(path: str, mode: str) -> None:
    """Leave a file as a write that was cut off leaves it."""
    with contextlib.suppress(OSError):
        if "a" in mode:
            with Path(path).open("ab") as file:
                file.write(b'{"type":"run","experi')
        elif "w" in mode:
            Path(path).write_bytes(b"")


def reads(words: list[str]) -> bool:
    """Whether a program is git, told to read."""
    if words[0] != "git":
        return False
    rest = words[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "-c" else rest[1:]
    return rest[0] in READING or " ".join(rest[:2]) in READING


def command(request: dict[str, Any]) -> NoReturn:
    """Become the command."""
    code = 3
    try:
        os.setpgid(0, 0)
        for descriptor, name in ((0, "given"), (1, "out"), (2, "err")):
            opened = os.open(request[name], os.O_RDWR | os.O_CREAT | (os.O_TRUNC if descriptor else 0), 0o644)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        if request["counted"]:
            coverage.process_startup()  # here and not in the driver: a fork of what is counted counts both
        from autotune.commands import app

        if request["kill"]:
            Bomb(**request["kill"], report=os.open(request["killed"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644))
        code = app.run(request["arguments"])
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
    finally:
        os._exit(code)


def serve() -> None:
    """Start commands as they are asked for and tell how they end, until there is nobody to ask."""
    sys.path.insert(0, sys.argv[1])
    random.SystemRandom = functools.partial(random.Random, 1)  # type: ignore[misc, assignment]
    for verb in VERBS:
        importlib.import_module(f"autotune.commands.{verb}_")
    importlib.import_module("numpy")
    importlib.import_module("autotune.edges.git")._runner.__wrapped__("/")
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    pending = b""
    while True:
        for key, _ in selector.select():
            if key.fd != 0:
                _, status = os.waitpid(key.data, 0)
                selector.unregister(key.fd)
                os.close(key.fd)
                tell({"pid": key.data, "code": os.waitstatus_to_exitcode(status)})
                continue
            chunk = os.read(0, 1 << 16)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                child = os.fork()
                if child == 0:
                    command(json.loads(line))
                tell({"pid": child})
                selector.register(os.pidfd_open(child), selectors.EVENT_READ, child)


def tell(answer: dict[str, int]) -> None:
    """Write one answer."""
    os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    serve()
