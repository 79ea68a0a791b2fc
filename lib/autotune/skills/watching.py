"""One probe: a client put on a query, listened to, and ended as soon as it is known which skill fires."""

from __future__ import annotations

import queue
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

from autotune.core.codec import mapping_in
from autotune.core.skills.signs import Failing, Sign, Watched
from autotune.edges.client import end, end_of, lines, not_outliving, pipe
from autotune.skills.clients import Launch, Stream

_LOOK_AGAIN_S = 0.2
GRACE_S = 10.0
"""How long a client may take, once it is known what fires, to say what that has cost."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A client that was ended, or has ended: what was seen, and why it says nothing where it came to its end undecided."""

    watched: Watched
    failing: Failing | None
    said: str
    seconds: float


def watch(launch: Launch, stream: Stream, watched: Watched, timeout_s: float, stopped: Event) -> Ran:
    """Start a client and listen until it is decided, its time is over, it has ended, or nobody wants to know any more."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as complaints:
        given, out = subprocess.PIPE, subprocess.PIPE
        with (
            subprocess.Popen(
                launch.command,
                cwd=launch.folder,
                env=launch.environment,
                stdin=given,
                stdout=out,
                stderr=complaints,
                start_new_session=True,
            ) as process,
            not_outliving(process),
        ):
            try:
                with pipe(process.stdin) as stdin:
                    stdin.write(launch.given.encode())
            except BrokenPipeError:
                pass  # it has ended already; what it said tells why
            try:
                watched, failing = _listened(process, stream, watched, begun + timeout_s, stopped)
            finally:
                end(process)
        complaints.seek(0)
        return Ran(watched, failing, end_of(complaints.read()), time.monotonic() - begun)


def _listened(
    process: subprocess.Popen[bytes], stream: Stream, watched: Watched, until: float, stopped: Event
) -> tuple[Watched, Failing | None]:
    """Take in what a client prints; gives why it says nothing where it ended, or was too slow, undecided."""
    printed = lines(pipe(process.stdout))
    while not watched.over:
        left = until - time.monotonic()
        try:
            line = printed.get(timeout=min(max(left, 0.001), _LOOK_AGAIN_S))
        except queue.Empty:
            if left > 0 and not stopped.is_set():
                continue
            return watched, None if watched.decided else Failing.SLOW
        if line is None:
            return watched, None if watched.decided else Failing.CRASHED
        before = watched
        for sign in _signs(stream, line):
            watched = watched.after(sign)
        if (watched.calls and not before.calls) or (watched.decided and not before.decided):
            until = min(until, time.monotonic() + GRACE_S)
    if watched.finished is None:
        process.kill()  # at once: a client that may clean up asks its model once more meanwhile
    return watched, None


def _signs(stream: Stream, line: str) -> Iterator[Sign]:
    if (record := mapping_in(line)) is not None:
        yield from stream.read(record)
