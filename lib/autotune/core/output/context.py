"""CONTEXT lines: what a benchmark says of what it measures with, such as a judge's model or the hash of a data set."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from autotune.core.output.marked import MarkedLines
from autotune.core.output.metrics import is_name, normalised

MOST_NAMES, LONGEST_VALUE = 20, 200
_LINE = re.compile(rb"^CONTEXT[ \t]+([^\s=]+)=([^\r\n]*)", re.MULTILINE)


class ContextReader:
    """Reads one stream in chunks of any size. The last value of a name counts; a line that is no `CONTEXT name=value` is let be."""

    def __init__(self) -> None:
        self._lines = MarkedLines(b"CONTEXT", _LINE)
        self._found: dict[str, str] = {}

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        self._read(self._lines.feed(chunk))

    def close(self) -> Mapping[str, str]:
        """End the stream; gives what was read, by name."""
        self._read(self._lines.close())
        return self._found

    def _read(self, lines: Iterator[re.Match[bytes]]) -> None:
        for line in lines:
            name = normalised(line[1].decode(errors="replace"))
            known = name in self._found or len(self._found) < MOST_NAMES
            if known and is_name(name):
                self._found[name] = line[2].decode(errors="replace").strip()[:LONGEST_VALUE]


def changed(before: Mapping[str, str], now: Mapping[str, str], free: Collection[str] = ()) -> list[list[str]]:
    """Name what differs, but what is `free` to: each with what it was and what it is, empty where it was not said."""
    names = dict.fromkeys((*before, *now))
    differing = (name for name in names if name not in free and before.get(name) != now.get(name))
    return [[name, before.get(name, ""), now.get(name, "")] for name in differing]
