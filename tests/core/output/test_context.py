"""CONTEXT lines."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from autotune.core.output.marked import CONTEXT, LONGEST_LINE, MarkedLines, changed


def read(*chunks: bytes) -> dict[str, str]:
    reader = MarkedLines(CONTEXT)
    for chunk in chunks:
        reader.feed(chunk)
    return dict(reader.close())


OUTPUT = b"""talk
CONTEXT data=0
CONTEXT judge=model 3\r
 CONTEXT no=1
METRIC t=1
CONTEXT data=b
not CONTEXT a=b
CONTEXT 9!=1
CONTEXT end=1"""


def test_the_last_value_of_each_name_counts() -> None:
    assert read(OUTPUT) == {"judge": "model 3", "data": "b", "end": "1"}


@given(st.lists(st.integers(0, len(OUTPUT)), max_size=6))
def test_any_chunking_reads_the_same(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(OUTPUT)]
    assert read(*(OUTPUT[begin:end] for begin, end in pairwise(places))) == read(OUTPUT)


def test_what_is_read_is_bounded() -> None:
    assert len(read(b"".join(b"CONTEXT n%d=1\n" % number for number in range(2 * CONTEXT.most_names)))) == CONTEXT.most_names
    assert len(read(b"CONTEXT a=" + b"x" * 500 + b"\n")["a"]) == CONTEXT.longest_text
    assert read(b"CONTEXT a=" + b"x" * LONGEST_LINE, b"CONTEXT b=1\n") == {}


def test_what_differs_is_named_with_both_values() -> None:
    before, now = {"judge": "a", "data": "1", "seen": "5"}, {"judge": "b", "data": "1", "seen": "6", "new": "x"}
    assert changed(before, now, ["seen"]) == [["judge", "a", "b"], ["new", "", "x"]]
    assert changed(before, before) == []
