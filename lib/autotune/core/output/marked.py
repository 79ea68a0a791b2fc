"""Lines of a word, a name and a text: CONTEXT (what a benchmark measures with), and UNSCORED (a case without a score, and why)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from autotune.core.output.metrics import MOST_NAMES, is_name, normalised

LONGEST_LINE = 4096
_OTHER = b"-"  # stands for the beginning of a line that is none


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that begins lines, an expression for what stands between name and text, and how much of them is read."""

    word: bytes
    between: bytes
    most_names: int
    longest_text: int = 200


CONTEXT = Mark(b"CONTEXT", b"=", most_names=20)
UNSCORED = Mark(b"UNSCORED", rb"[ \t]*", MOST_NAMES)  # the name is `name[id]`, or the name alone of a run of a single case


class MarkedLines:
    """Reads the lines of one mark from a stream in chunks of any size. The last text of a name counts; what is no such line is let be."""

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._line = re.compile(rb"^%s[ \t]+([^\s=]+)%s([^\r\n]*)" % (mark.word, mark.between), re.MULTILINE)
        self._held = b""  # the beginning of a line whose end has not come yet
        self._found: dict[str, str] = {}

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        word = self._mark.word
        ended = b""
        if word in chunk or self._held not in (b"", _OTHER):
            text = self._held + chunk
            ended = text[: text.rfind(b"\n") + 1]
        else:
            text = chunk if b"\n" in chunk else self._held + chunk
        rest = text[text.rfind(b"\n") + 1 :]
        begins = len(rest) <= LONGEST_LINE and word.startswith(rest[: len(word)])
        self._held = rest if begins or not rest else _OTHER
        self._read(self._line.finditer(ended))

    def close(self) -> Mapping[str, str]:
        """End the stream, whose last line may lack its end; gives the texts by name."""
        self._read(self._line.finditer(self._held))
        return self._found

    def _read(self, lines: Iterator[re.Match[bytes]]) -> None:
        for line in lines:
            name = normalised(line[1].decode(errors="replace"))
            if is_name(name) and (name in self._found or len(self._found) < self._mark.most_names):
                self._found[name] = line[2].decode(errors="replace").strip()[: self._mark.longest_text]


def changed(before: Mapping[str, str], now: Mapping[str, str], free: Collection[str] = ()) -> list[list[str]]:
    """Name what differs, but what is `free` to: each with what it was and what it is, empty where it was not said."""
    names = dict.fromkeys((*before, *now))
    differing = (name for name in names if name not in free and before.get(name) != now.get(name))
    return [[name, before.get(name, ""), now.get(name, "")] for name in differing]
