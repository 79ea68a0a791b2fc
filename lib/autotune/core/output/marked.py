"""Lines that begin with a word, read from a stream in chunks of any size."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_LINE = 4096
_OTHER = b"-"  # stands for the beginning of a line that is none


class MarkedLines:
    """Finds the lines of one stream that begin with `word` and fit `line`, a pattern of whole lines (`re.MULTILINE`)."""

    def __init__(self, word: bytes, line: re.Pattern[bytes]) -> None:
        self._word, self._line = word, line
        self._held = b""  # the beginning of a line whose end has not come yet

    def feed(self, chunk: bytes) -> Iterator[re.Match[bytes]]:
        """Read on; gives the lines that ended."""
        ended = b""
        if self._word in chunk or self._held not in (b"", _OTHER):
            text = self._held + chunk
            ended = text[: text.rfind(b"\n") + 1]
        else:
            text = chunk if b"\n" in chunk else self._held + chunk
        rest = text[text.rfind(b"\n") + 1 :]
        begins = len(rest) <= LONGEST_LINE and self._word.startswith(rest[: len(self._word)])
        self._held = rest if begins or not rest else _OTHER
        return self._line.finditer(ended)

    def close(self) -> Iterator[re.Match[bytes]]:
        """End the stream; gives a last line without an end, if it is one."""
        return self._line.finditer(self._held)
