"""What a file says, without the blanks and comments that mean nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from autotune.core.memory.languages import Language, language_of, pattern

LONGEST = 1024 * 1024  # bytes of a file that is read piece by piece
_TELLS = re.compile(r"\s*(?:[!$@+#]|[\w-]+:)")  # in a comment that a tool reads: `#!`, `# cython:`, `//go:build`
_JOINED = frozenset("+-*/<>=&|!.:?%^~")  # two of these with a blank between are not the same as one sign of both


def said(path: str, content: bytes) -> tuple[str, ...]:
    """Give the lines of a file that say something, each without blanks and comments that mean nothing.

    Of a file that is no text, or a very long one, that is one line, which stands for all of it. Where it is not known what a blank or a
    comment means, it stays.
    """
    try:
        text = content.decode() if len(content) <= LONGEST else None
    except UnicodeDecodeError:
        text = None
    if text is None:
        return (hashlib.sha256(content).hexdigest(),)
    return tuple(_lines(text.replace("\r\n", "\n"), language_of(path)))


def _lines(text: str, language: Language) -> Iterator[str]:
    depths = [0]
    line, gap, at = "", "", 0
    for one in pattern(language).finditer(f"{text}\n"):
        piece, kind = one[0], one.lastgroup
        if kind == "end":
            if line:
                yield line
            line, gap, at = "", "", one.end()
        elif kind == "blank" or (kind == "comment" and not _tells(piece, language)):
            gap = " "
        elif line:
            line += (gap if _matters(line[-1], piece[0], language) else "") + piece
            gap = ""
        else:
            line = (_depth(text[at : one.start()], depths) if language.indents else "") + piece
            gap = ""
    if line:
        yield line


def _tells(comment: str, language: Language) -> bool:
    """Whether a comment may mean something to a tool."""
    mark = next(one for one in language.marks if comment.startswith(one))
    return _TELLS.match(comment, len(mark)) is not None


def _depth(before: str, depths: list[int]) -> str:
    """Say how many levels in a line is that has this before it."""
    width = len(before.expandtabs())
    while depths[-1] > width:
        depths.pop()
    if depths[-1] < width:
        depths.append(width)
    return "\t" * (len(depths) - 1)


def _matters(left: str, right: str, language: Language) -> bool:
    """Whether a blank between two signs means something."""
    if not language.free or "/" in (left, right):
        return True
    word = [one.isalnum() or one in "_\"'`#" for one in (left, right)]
    return all(word) or (left in _JOINED and right in _JOINED)
