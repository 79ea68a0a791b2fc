"""CONTEXT lines: what a benchmark says of what it measures with, such as a judge's model or the hash of a data set."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from autotune.core.output.metrics import is_name, normalised

MOST_NAMES, LONGEST_VALUE, LONGEST_LINE = 20, 200, 1000
_WORD = b"CONTEXT"
_LINE = re.compile(rb"^CONTEXT[ \t]+([^\s=]+)=([^\r\n]*)", re.MULTILINE)
_OTHER = b"-"  # stands for the beginning of a line that is none


class ContextReader:
    """Reads one stream in chunks of any size. The last value of a name counts; a line that is no `CONTEXT name=value` is let be."""

    def __init__(self) -> None:
        self._held = b""  # the beginning of a line whose end has not come yet
        self._found: dict[str, str] = {}

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        if _WORD in chunk or self._held not in (b"", _OTHER):
            text = self._held + chunk
            self._read(text[: text.rfind(b"\n") + 1])
        else:
            text = chunk if b"\n" in chunk else self._held + chunk
        rest = text[text.rfind(b"\n") + 1 :]
        begins = len(rest) <= LONGEST_LINE and _WORD.startswith(rest[: len(_WORD)])
        self._held = rest if begins or not rest else _OTHER

    def close(self) -> Mapping[str, str]:
        """End the stream; gives what was read, by name."""
        self._read(self._held)
        return self._found

    def _read(self, text: bytes) -> None:
        for line in _LINE.finditer(text):
            name = normalised(line[1].decode(errors="replace"))
            known = name in self._found or len(self._found) < MOST_NAMES
            if known and is_name(name):
                self._found[name] = line[2].decode(errors="replace").strip()[:LONGEST_VALUE]


def changed(before: Mapping[str, str], now: Mapping[str, str], free: Collection[str] = ()) -> list[list[str]]:
    """Name what differs, but what is `free` to: each with what it was and what it is, empty where it was not said."""
    names = dict.fromkeys((*before, *now))
    differing = (name for name in names if name not in free and before.get(name) != now.get(name))
    return [[name, before.get(name, ""), now.get(name, "")] for name in differing]
