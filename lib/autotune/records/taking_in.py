"""New lines of logs taken in: each exactly once, whenever this is killed, in little memory.

A batch of lines, what became of them, and how far the file has now been read are written in one transaction. What is killed in between is
read again. What cannot be read is a dead letter, with its reason and its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from autotune.core.codec import read_json
from autotune.core.records.masking import masked
from autotune.core.records.trace import Trace, Unread
from autotune.readers.reading import no_constant
from autotune.readers.traces import logs
from autotune.readers.traces.logs import Log
from autotune.readers.traces.reading import Reader, Refused
from autotune.records import bookmarks, files
from autotune.records.dead_letters import EXCERPT
from autotune.records.files import Line
from autotune.records.keeping import Limits, Spot, Taken, keep, limits_of
from autotune.records.sources import Rules, Source
from autotune.records.store import Store

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ID_DIGITS = 32


def take_in(store: Store, sources: Sequence[Source], rules: Rules, now_ms: int, said: Callable[[Taken], None] = lambda _: None) -> Taken:
    """Read what is new in every file of the sources; `said` hears how far it is after every batch."""
    taken = Taken()
    limits = limits_of(store, rules, now_ms)
    for source in sources:
        deep = source.log is Log.CLAUDE_CODE
        try:
            paths, others = files.logs_in(source.place, deep=deep), files.others_in(source.place, deep=deep)
        except OSError as broken:
            taken.closed[files.shown(source.place)] = broken.strerror or str(broken)
            continue
        if others:
            taken.others[files.shown(source.place)] = others
        for path in paths:
            try:
                file = path.open("rb")
            except OSError as broken:
                taken.closed[files.shown(path)] = broken.strerror or str(broken)
                continue
            with file:
                _Reading(store, source, rules, limits, taken, said).read(path, file)
    return taken


@dataclass(slots=True)
class _Reading:
    """One file being read."""

    store: Store
    source: Source
    rules: Rules
    limits: Limits
    taken: Taken
    said: Callable[[Taken], None]
    file_id: int = 0
    head: str = ""
    reader: Reader | None = None
    log: Log = Log.DOTCLAW

    def read(self, path: Path, file: BinaryIO) -> None:
        """Read what is new in it."""
        size = path.stat().st_size
        identified = files.known(file)
        if identified is None:
            self.taken.pending += size > 0
            return
        self.store.begin()
        source = (self.source.format, files.shown(self.source.place))
        self.file_id, position, cut, held = bookmarks.found(self.store, source, path, file, identified, self.limits.now_ms)
        self.head = identified.head
        if cut:
            self.store.connection.execute("DELETE FROM dead_letter WHERE file_id = ?", (self.file_id,))
        self.store.commit()
        if position < size and not held:
            self.taken.files += 1
            position = self._through(file, position)
        self.taken.pending += not held and position < file.seek(0, 2)

    def _through(self, file: BinaryIO, position: int) -> int:
        """Read from a place to the last whole line, in batches; gives where that ends."""
        if not position and (parts := files.document(file, self.rules.longest_line)) is not None:
            return self._through_document(file, parts)
        count = size = 0
        self.store.begin()
        for line in files.lines(file, position, self.rules.longest_line):
            self._line(line)
            position = line.position + line.size
            count, size = count + 1, size + line.size
            if count >= self.rules.lines_at_once or size >= self.rules.bytes_at_once:
                self._note(file, position)
                self.said(self.taken)
                count = size = 0
                file.seek(position)
                self.store.begin()
        if self.reader is not None:
            self._keep_all(self.reader.end(), None)
        self._note(file, position, ends=True)
        return position

    def _through_document(self, file: BinaryIO, parts: Sequence[Line]) -> int:
        """Read a file that is one JSON document, in one batch; gives where it has been read to. One that is broken is tried again."""
        size, self.head = file.seek(0, 2), ""  # how it begins is all of it, where it is one line
        self.store.begin()
        self.store.connection.execute("DELETE FROM dead_letter WHERE file_id = ?", (self.file_id,))
        for part in parts:
            self._line(part)
        if not parts:
            file.seek(0)
            self._dead(Line(0, size, file.read(4 * EXCERPT)), Unread.NOT_JSON)
        self.taken.bytes += size if all(part.size == 0 for part in parts) else 0
        position = size if parts else 0
        self._note(file, position)
        return position

    def _note(self, file: BinaryIO, position: int, *, ends: bool = False) -> None:
        """Write down how far the file has been read, with all that was found until there; where it `ends` there, how much of it is held.

        What is pending is above 0 where it was not read yet, and below 0 where it is held.
        """
        held = None if self.reader is None else self.reader.held_from
        until, end = position if held is None else held, file.seek(0, 2)
        pending = until - end if ends and position == end else end - position
        values = (until, files.tail(file, until), pending, self.limits.now_ms, self.file_id)
        self.store.connection.execute("UPDATE file SET position = ?, tail = ?, pending = ?, read_ms = ? WHERE file_id = ?", values)
        self.store.commit()

    def _line(self, line: Line) -> None:
        self.taken.lines += 1
        self.taken.bytes += line.size
        if line.raw is None:
            self._dead(line, Unread.TOO_LONG)
            return
        try:
            said = _parsed(line.raw)
            if said is None:
                return
            if self.reader is None:
                self.log = self.source.log or logs.recognised(said)
                self.reader = logs.READERS[self.log](self.source.fields)
            self._keep_all(self.reader.take(said, line.position), line)
        except Refused as refused:
            self._dead(line, refused.why)

    def _keep_all(self, traces: Iterable[Trace], line: Line | None) -> None:
        """Keep the traces that a line gives, or those that were held until the file's end."""
        number = 0
        for number, trace in enumerate(traces, 1):
            position = line.position if line is not None and self.log is not Log.CLAUDE_CODE else -1
            named = trace if trace.id is not None else replace(trace, id=self._id_of(line, number))
            why = keep(self.store.connection, named, Spot(self.source.origin(self.log), self.file_id, position), self.limits, self.taken)
            if why is not None and line is not None:
                self._dead(line, why)
        self.taken.passed_over += number == 0 and line is not None and self.log is not Log.CLAUDE_CODE

    def _id_of(self, line: Line | None, number: int) -> str:
        """An id for a trace that has none: by how its file begins, where it stands in it and what it says, so that a copy has the same."""
        where = f"{self.head}\n{line.position if line else 0}\n{number}\n".encode()
        return sha256(where + (line.raw or b"" if line else b"")).hexdigest()[:_ID_DIGITS]

    def _dead(self, line: Line, why: Unread) -> None:
        self.taken.unread[str(why)] += 1
        excerpt = "" if line.raw is None else line.raw[: 4 * EXCERPT].decode("utf-8", "replace")
        shown = (masked(excerpt)[0] if self.rules.mask else excerpt)[:EXCERPT]
        values = (self.file_id, line.position, line.size, str(why), self.limits.now_ms, shown)
        self.store.connection.execute("INSERT OR REPLACE INTO dead_letter VALUES (?, ?, ?, ?, ?, ?)", values)


def _parsed(raw: bytes) -> Mapping[str, Any] | None:
    """What a line says, as JSON; None where it is empty. Raises `Refused`."""
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff").strip()
    except UnicodeDecodeError:
        raise Refused(Unread.NOT_UTF8) from None
    if not text:
        return None
    try:
        said = read_json(text, parse_constant=no_constant)
    except ValueError:
        raise Refused(Unread.NOT_JSON) from None
    if not isinstance(said, dict):
        raise Refused(Unread.NOT_AN_OBJECT)
    return _without_halves(said) if _ESCAPED_SURROGATE.search(raw) else said


def _without_halves(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A JSON value without halves of characters, which no database and no file takes."""
    match value:
        case str():
            return _LONE_SURROGATE.sub("\ufffd", value)
        case list():
            return [_without_halves(one) for one in value]
        case dict():
            return {_without_halves(key): _without_halves(one) for key, one in value.items()}
        case _:
            return value
