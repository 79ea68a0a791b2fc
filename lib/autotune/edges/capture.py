"""What a command prints: read as it comes, its end kept."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from autotune.core.output.marked import CONTEXT, UNSCORED, Mark, MarkedLines
from autotune.core.output.metrics import MetricReader, MetricReport, merge
from autotune.errors import AutotuneError

LOG_END_BYTES = 4 * 1024 * 1024
TAIL_BYTES = 64 * 1024


class Output:
    """Both streams of a run on their way into the log, the report and the tail."""

    def __init__(self, log: Path, kept_bytes: int) -> None:
        self._path = log
        self._kept_bytes = kept_bytes
        self._kept = {"stdout": bytearray(), "stderr": bytearray()} if kept_bytes else {}
        self._readers = {"stdout": MetricReader("stdout"), "stderr": MetricReader("stderr")}
        self._marked = {(mark, stream): MarkedLines(mark) for mark in (CONTEXT, UNSCORED) for stream in self._readers}
        self._recent = _Ring(LOG_END_BYTES)
        self._logged = 0
        self._chunks = 0
        self.total = 0

    def __enter__(self) -> Self:
        with self._told():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb", buffering=0)
        return self

    def __exit__(self, *exception: object) -> None:
        with self._file, self._told():
            self._write_end()

    def take(self, stream: str, chunk: bytes) -> None:
        """Take the next bytes of a stream."""
        self._chunks += 1
        self._readers[stream].feed(chunk, self._chunks)
        for mark in (CONTEXT, UNSCORED):
            self._marked[mark, stream].feed(chunk)
        self.total += len(chunk)
        self._recent.add(chunk)
        if (kept := self._kept.get(stream)) is not None:
            kept += chunk[: self._kept_bytes - len(kept)]
        if self._logged < LOG_END_BYTES:
            with self._told():
                self._write(chunk[: LOG_END_BYTES - self._logged])

    def report(self) -> MetricReport:
        """What the METRIC lines of both streams say; to be asked once, at the end."""
        return merge(self._readers["stdout"].close(), self._readers["stderr"].close())

    def said(self, mark: Mark) -> dict[str, str]:
        """What the lines of a mark say in both streams; to be asked once, at the end."""
        return {**self._marked[mark, "stderr"].close(), **self._marked[mark, "stdout"].close()}

    def printed(self) -> dict[str, bytes]:
        """The beginning of each stream, as far as it is kept."""
        return {stream: bytes(kept) for stream, kept in self._kept.items()}

    def tail(self) -> bytes:
        """The end of the output, both streams as they arrived."""
        return b"".join(self._recent.last(min(self.total, TAIL_BYTES)))

    def _write_end(self) -> None:
        missing = self.total - self._logged
        if missing > LOG_END_BYTES:
            self._file.write(f"\n[autotune: {missing - LOG_END_BYTES} bytes are left out here]\n".encode())
        for piece in self._recent.last(min(missing, LOG_END_BYTES)):
            self._write(piece)

    def _write(self, content: bytes | memoryview) -> None:
        self._logged += len(content)
        while content:
            content = content[self._file.write(content) :]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            message = f"The output of the run cannot be written to {self._path}: {problem.strerror}."
            raise AutotuneError(message, "Make room on that disk or make the folder writable, then try again.") from problem


class _Ring:
    """The last bytes of a stream, in fixed memory."""

    def __init__(self, size: int) -> None:
        self._bytes = mmap.mmap(-1, size)  # takes memory as it is filled
        self._end = 0

    def add(self, chunk: bytes) -> None:
        """Add what came, not more than the ring holds."""
        room = len(self._bytes) - self._end
        self._bytes[self._end : self._end + len(chunk)] = chunk[:room]
        self._bytes[: len(chunk[room:])] = chunk[room:]
        self._end = (self._end + len(chunk)) % len(self._bytes)

    def last(self, count: int) -> tuple[memoryview, memoryview]:
        """The last `count` bytes, of as many as were added and are held, in two pieces."""
        held = memoryview(self._bytes)
        start = self._end - count
        return (held[start : self._end], held[:0]) if start >= 0 else (held[start:], held[: self._end])


def is_whole(log: bytes) -> bool:
    """Whether a log holds all of an output: one of which something was left out is longer, by the line that says so."""
    return len(log) <= 2 * LOG_END_BYTES
