"""A block of ours in a crontab that is somebody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.scheduling.crontab import has_block, times, with_block, without_block
from autotune.errors import AutotuneError

LINES = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20))


@given(LINES)
def test_what_was_there_is_there_again_after_our_block_is_gone(lines: list[str]) -> None:
    before = "".join(f"{line}\n" for line in lines)
    ours = with_block(before, "autotune-x", "1 * * * * /bin/sh x")
    assert ours.startswith(before)
    assert has_block(ours, "autotune-x")
    assert without_block(ours, "autotune-x") == before


def test_a_second_time_replaces_the_block() -> None:
    once = with_block("MAILTO=me\n", "autotune-x", "1 * * * * a")
    assert with_block(once, "autotune-x", "2 * * * * b") == "MAILTO=me\n# autotune-x: begin\n2 * * * * b\n# autotune-x: end\n"


def test_a_last_line_without_an_end_keeps_its_own_line() -> None:
    assert with_block("0 1 * * * job", "x", "1 * * * * a").splitlines() == ["0 1 * * * job", "# x: begin", "1 * * * * a", "# x: end"]


def test_two_jobs_have_blocks_of_their_own() -> None:
    both = with_block(with_block("", "autotune-a", "1 * * * * a"), "autotune-b", "2 * * * * b")
    assert without_block(both, "autotune-a") == with_block("", "autotune-b", "2 * * * * b")


@pytest.mark.parametrize(
    "edited",
    ["# x: begin\n1 * * * * a\n", "# x: end\n", "# x: end\n# x: begin\n", "# x: begin\n# x: begin\n# x: end\n"],
)
def test_a_block_that_was_edited_is_left_alone(edited: str) -> None:
    with pytest.raises(AutotuneError, match="edited"):
        with_block(edited, "x", "1 * * * * a")


@pytest.mark.parametrize(
    ("wanted", "comes"),
    [(1, 1), (0.5, 1), (7, 10), (30, 30), (45, 60), (60, 60), (61, 120), (300, 360), (1440, 1440), (2000, 10_080), (1e6, 10_080)],
)
def test_a_line_comes_as_often_as_a_crontab_can_say_and_never_more_often(wanted: float, comes: int) -> None:
    assert times(wanted, "x")[1] == comes


@given(st.floats(1, 20_000), st.text())
def test_the_fields_of_a_line_make_what_is_said(wanted: float, name: str) -> None:
    when, minutes = times(wanted, name)
    fields = when.split()
    assert len(fields) == 5
    sizes = [1 if field == "*" else len(field.split(",")) for field in fields]
    a_week = (60 if fields[0] == "*" else sizes[0]) * (24 if fields[1] == "*" else sizes[1]) * (7 if fields[4] == "*" else 1)
    assert a_week == 10_080 / minutes
