"""What every reader of a log of traces gives: the traces of its lines, and what of them was not read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from autotune.core.records.trace import Trace, Unread


class Refused(ValueError):  # noqa: N818 - says it of the line
    """A line that holds no trace, though it should."""

    def __init__(self, why: Unread) -> None:
        super().__init__(str(why))
        self.why = why


class Reader(Protocol):
    """Reads the lines of one file, in their order.

    Where a trace goes over several lines, the reader holds what it has of it. `held_from` is then where the first of these lines begins, in
    bytes from the file's start: reading can begin there again at any time. Else `held_from` is None.
    """

    @property
    def held_from(self) -> int | None:
        """Where the first line begins that is held."""
        ...

    def take(self, line: Mapping[str, Any], position: int) -> Iterable[Trace]:
        """Give the traces that a line completes. A line that has nothing to do with traces gives none. Raises `Refused`."""
        ...

    def end(self) -> Iterable[Trace]:
        """Give what is held at the file's present end, as far as it has come; `held_from` stays."""
        ...


@dataclass(frozen=True, slots=True)
class LineByLine:
    """A reader of a log in which each line stands alone."""

    read: Callable[[Mapping[str, Any]], Iterable[Trace]]
    held_from: int | None = None

    def take(self, line: Mapping[str, Any], position: int) -> Iterable[Trace]:  # noqa: ARG002 - each line is the same to it wherever it stands
        """Give the traces of a line."""
        return self.read(line)

    def end(self) -> Iterable[Trace]:
        """Give nothing: nothing is held."""
        return ()
