"""UNSCORED lines: the cases of a run that got no score, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from autotune.core.output.marked import MarkedLines
from autotune.core.output.metrics import MOST_NAMES, is_name, normalised

LONGEST_REASON = 200
_LINE = re.compile(rb"^UNSCORED[ \t]+([^\s=]+)[ \t]*([^\r\n]*)", re.MULTILINE)


class UnscoredReader:
    """Reads one stream in chunks of any size. A line that is no `UNSCORED name[id] reason` is let be; of several the last counts."""

    def __init__(self) -> None:
        self._lines = MarkedLines(b"UNSCORED", _LINE)
        self._found: dict[str, str] = {}

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        self._read(self._lines.feed(chunk))

    def close(self) -> Mapping[str, str]:
        """End the stream; gives the reasons by what stands before them: `name[id]`, or the name alone of a run of a single case."""
        self._read(self._lines.close())
        return self._found

    def _read(self, lines: Iterator[re.Match[bytes]]) -> None:
        for line in lines:
            name = normalised(line[1].decode(errors="replace"))
            if is_name(name) and (name in self._found or len(self._found) < MOST_NAMES):
                self._found[name] = line[2].decode(errors="replace").strip()[:LONGEST_REASON]
