"""What keys show of a session, and that it fits."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.views.test_dashboard import NOW, folded, settled, with_baseline

from autotune.core.tell.lines import Line
from autotune.core.tell.report import LIVE_KEYS
from autotune.views import dashboard
from autotune.views.live import Shown, keys_of

KEYS = ("up", "down", "left", "right", "page up", "page down", "first", "last", "open", "back", "full")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("q", ["quit"]),
        ("\x1b[A\x1bOB", ["up", "down"]),
        ("\x1b[5~\x1b[6~G", ["page up", "page down", "last"]),
        ("\x1b", ["back"]),
        ("x\x1b[15~é", []),
        ("\rf", ["open", "full"]),
    ],
)
def test_what_a_terminal_sends_is_read_as_keys(text: str, keys: list[str]) -> None:
    assert keys_of(text) == keys


def shown(*keys: str, latest: int = 30, page: int = 10) -> Shown:
    found = Shown()
    for key in keys:
        found = found.after(key, latest, page)
    return found


def test_the_latest_is_followed_until_another_is_chosen_and_again_from_the_last_on() -> None:
    assert shown().chosen is None
    assert shown("up").chosen == 29
    assert shown("up", "down").chosen is None
    assert shown("page up").chosen == 20
    assert shown("first").chosen == 1
    assert shown("first", "up").chosen == 1
    assert shown("first", "last").chosen is None
    assert shown("up", "back") == Shown()


def test_one_experiment_is_scrolled_and_left_for_its_neighbours() -> None:
    assert shown("up", "open", "down", "page down").down == 11
    assert shown("up", "open", "page down", "up", "first").down == 0
    assert shown("up", "open", "left") == Shown(28, down=0)
    assert shown("open", "right") == Shown(30, down=0)
    assert shown("full", "up", "open", "back") == Shown(29, full=True)
    assert shown("open", latest=0) == Shown()


@given(st.lists(st.sampled_from(KEYS), max_size=30), st.integers(0, 40), st.integers(1, 50))
def test_keys_never_lead_out_of_the_list(keys: list[str], latest: int, page: int) -> None:
    found = shown(*keys, latest=latest, page=page)
    assert found.chosen is None or 1 <= found.chosen <= max(1, latest)
    assert found.down is None or found.down >= 0


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("chosen", [None, 1, 20, 40])
@pytest.mark.parametrize(("width", "height"), [(80, 40), (60, 15), (200, 24), (40, 10)])
def test_the_chosen_experiment_is_on_a_screen_that_fits(width: int, height: int, chosen: int | None, *, full: bool) -> None:
    state = folded(*with_baseline(10.0), *(settled(number, 10.0, segment=1 + number // 15) for number in range(1, 41)))
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, highlight=False)
    drawn = dashboard.fitting(state, console, NOW, (None, None, None), state.recent.rows, chosen=chosen, full=full, keys=LIVE_KEYS)
    lines = console.render_lines(drawn)
    texts = ["".join(part.text for part in line) for line in lines]
    if full or chosen is not None or height >= 30:
        assert len(lines) <= height
        assert any(re.match(rf" *{chosen or 40} ", text) for text in texts)
        assert texts[-1].startswith("q quit")
    reversed_ = ["".join(part.text for part in line) for line in lines if any(part.style and part.style.reverse for part in line)]
    assert len(reversed_) == (chosen is not None)


def test_details_are_scrolled_no_further_than_to_their_end() -> None:
    console = Console(file=io.StringIO(), width=40, height=10, force_terminal=True, highlight=False)
    lines = [Line(f"line {number}", "text") for number in range(30)]
    for down, first in ((0, 0), (5, 5), (99, 21)):
        drawn, reached = dashboard.scrolled(lines, console, down, "keys")
        texts = ["".join(part.text for part in line) for line in console.render_lines(drawn)]
        assert (reached, texts[0].split("  ")[0], texts[-1].strip()) == (first, f"line {first}", "keys")
        assert len(texts) == 10
