"""Hunks: where changes touch each other, whatever moved the lines between."""

from __future__ import annotations

from hypothesis import given
from hypothesis.strategies import integers, lists

from autotune.core.handover.hunks import Hunk, Span, Touched, hunks_of, touching

DIFF = """\
diff --git a/x b/x
--- a/x
+++ b/x
@@ -3 +3 @@ a heading
-old
+@@ -9,9 +9,9 @@
@@ -5,0 +6,2 @@
+one
+two
@@ -8,2 +10,0 @@
-gone
-gone
"""


def test_hunks_are_read_with_places_counted_from_0() -> None:
    found = hunks_of(DIFF)
    assert found is not None
    assert found == (Hunk(Span(2, 3), Span(2, 3)), Hunk(Span(5, 5), Span(5, 7)), Hunk(Span(7, 9), Span(10, 10)))
    assert [one.growth for one in found] == [0, 2, -2]
    assert hunks_of("Binary files a/x and b/x differ\n") is None


def at(start: int, end: int, grown: int = 0) -> tuple[Hunk, ...]:
    return (Hunk(Span(start, end), Span(start, end + grown)),)


def test_changes_touch_where_no_line_lies_between() -> None:
    changes = [{"x": at(2, 3)}, {"x": at(3, 4)}, {"x": at(5, 6)}, {"y": at(2, 3)}]
    assert touching(changes) == ({}, {0: ("x",)}, {}, {})


def test_lines_are_followed_through_the_changes_between() -> None:
    grown = [{"x": at(5, 6)}, {"x": at(0, 0, 10)}, {"x": at(15, 16)}, {"x": at(5, 6)}]
    assert touching(grown) == ({}, {}, {0: ("x",)}, {1: ("x",)})
    shrunk = [{"x": at(15, 16)}, {"x": at(0, 10, -10)}, {"x": at(5, 6)}]
    assert touching(shrunk) == ({}, {}, {0: ("x",)})
    among = [{"x": at(5, 7)}, {"x": at(6, 6, 3)}, {"x": at(9, 10)}, {"x": at(11, 12)}]
    assert touching(among) == ({}, {0: ("x",)}, {0: ("x",), 1: ("x",)}, {})


def test_what_is_changed_as_a_whole_touches_all_of_it_and_what_is_in_its_place() -> None:
    changes: list[Touched] = [{"x": at(2, 3), "d/e": at(0, 1)}, {"x": None}, {"x": at(9, 10)}, {"d": None}, {"d2": None}]
    assert touching(changes) == ({}, {0: ("x",)}, {0: ("x",), 1: ("x",)}, {0: ("d",)}, {})
    assert touching([{"d": None}, {"d/e/f": None}]) == ({}, {0: ("d/e/f",)})


@given(lists(lists(integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_line_that_is_changed_again_is_always_seen(edits: list[list[int]]) -> None:
    """A mark is put in by the first change and taken out by the last; whatever others insert and delete elsewhere, they touch."""
    lines = [*"abcdefghij", "here", *"klmnopqrst"]
    place = lines.index("here")
    changes: list[Touched] = [{"x": at(place, place + 1)}]
    lines[place] = "mark"
    for before, removed, added in edits:
        start = min(before, lines.index("mark") - 1)
        end = max(start, min(start + removed, lines.index("mark") - 1))
        lines[start:end] = ["new"] * added
        changes.append({"x": (Hunk(Span(start, end), Span(start, start + added)),)})
    changes.append({"x": at(lines.index("mark"), lines.index("mark") + 1)})
    assert 0 in touching(changes)[-1]
