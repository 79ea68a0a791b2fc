"""Where a change touches files, and which changes touch each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a file from `start` on, before `end`, counted from 0; an empty one is a place between two lines."""

    start: int
    end: int

    def meets(self, other: Span) -> bool:
        """Whether no line lies between the two: git merges only what has one between."""
        return self.start <= other.end and other.start <= self.end


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of a file that a change puts in the place of others: where those were, and where they are."""

    before: Span
    after: Span

    @property
    def growth(self) -> int:
        """By how many lines the file gets longer."""
        return (self.after.end - self.after.start) - (self.before.end - self.before.start)


Hunks = tuple[Hunk, ...] | None  # of one file; None where it is changed as a whole: made, deleted, retyped, not text
Touched = Mapping[str, Hunks]  # by path


def hunks_of(diff: str) -> Hunks:
    """Read what `git diff -U0` prints of two contents of a file."""
    found = tuple(Hunk(_span(one[1], one[2]), _span(one[3], one[4])) for one in _HUNK.finditer(diff))
    return found or None


def _span(first: str, count: str | None) -> Span:
    """Git names the first line of some, counted from 1; of none, the line before."""
    lines = 1 if count is None else int(count)
    start = int(first) - 1 if lines else int(first)
    return Span(start, start + lines)


def touching(changes: Sequence[Touched]) -> tuple[Mapping[int, tuple[str, ...]], ...]:
    """For each of some changes in order, the earlier ones that it touches, each with the paths where it does."""
    found: list[dict[int, tuple[str, ...]]] = [{} for _ in changes]
    for earlier, change in enumerate(changes):
        left = {path: None if hunks is None else tuple(one.after for one in hunks) for path, hunks in change.items()}
        for later in range(earlier + 1, len(changes)):
            other = changes[later]
            if paths := tuple(sorted(path for path in other if _meets(left, path, other[path]))):
                found[later][earlier] = paths
            left = {path: _moved(spans, other[path]) if path in other else spans for path, spans in left.items()}
    return tuple(found)


def _meets(left: Mapping[str, tuple[Span, ...] | None], path: str, hunks: Hunks) -> bool:
    if any(one.startswith(f"{path}/") or path.startswith(f"{one}/") for one in left):
        return True  # a file in the place of a folder
    if path not in left:
        return False
    spans = left[path]
    return spans is None or hunks is None or any(span.meets(hunk.before) for span in spans for hunk in hunks)


def _moved(spans: tuple[Span, ...] | None, hunks: Hunks) -> tuple[Span, ...] | None:
    """Where lines are after a change that may have moved them; with what it put among them, they are one span."""
    return None if spans is None or hunks is None else tuple(_moved_span(span, hunks) for span in spans)


def _moved_span(span: Span, hunks: tuple[Hunk, ...]) -> Span:
    shift = sum(one.growth for one in hunks if one.before.end < span.start)
    among = [one for one in hunks if one.before.meets(span)]
    grown = sum(one.growth for one in among)
    starts, ends = [one.after.start for one in among], [one.after.end for one in among]
    return Span(min([span.start + shift, *starts]), max([span.end + shift + grown, *ends]))
