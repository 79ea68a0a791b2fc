"""UNSCORED lines, however they come."""

from __future__ import annotations

import pytest

from autotune.core.output.marked import UNSCORED, MarkedLines


def read(*chunks: bytes) -> dict[str, str]:
    reader = MarkedLines(UNSCORED)
    for chunk in chunks:
        reader.feed(chunk)
    return dict(reader.close())


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_line_is_read_wherever_it_is_cut(cut: int) -> None:
    text = b"hello\nUNSCORED right[a] the service is busy\r\nUNSCORED right[b]\nUNSCOREDx c\n UNSCORED d\nUNSCORED (e) f"
    assert read(text[:cut], text[cut:]) == {"right[a]": "the service is busy", "right[b]": ""}


def test_the_last_reason_counts_and_is_cut() -> None:
    assert read(b"UNSCORED a[1] one\nUNSCORED a[1] " + b"x" * 500) == {"a[1]": "x" * UNSCORED.longest_text}


def test_names_are_bounded() -> None:
    lines = b"".join(b"UNSCORED a[%d] no\n" % number for number in range(UNSCORED.most_names + 5))
    assert len(read(lines)) == UNSCORED.most_names
