"""No key is left in a text, whether we know it or it looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.asking.masking import LEAST, masked

KEYS = st.text(st.characters(categories=["L", "N"]), min_size=LEAST, max_size=40)


@given(st.text(), KEYS, st.text())
def test_a_known_key_is_never_left(before: str, key: str, after: str) -> None:
    assert key not in masked(f"{before}{key}{after}", {"A": key}).replace("[A]", "").replace("[a key]", "")


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcdefgh12345678. Find yours",
        "Bearer abcdefgh12345678",
        '"x-api-key": "abcdefgh12345678"',
        "api_key=abcdefgh12345678",
        "AIzaSyabcdefgh12345678abcdefgh",
        "gsk_abcdefgh12345678",
    ],
)
def test_what_looks_like_a_key_is_masked(text: str) -> None:
    assert "abcdefgh12345678" not in masked(text, {})


def test_other_words_stay_and_too_short_a_value_is_no_key() -> None:
    text = "The model is overloaded; the key metric of request req_011 is none."
    assert masked(text, {"A": "none", "B": ""}) == text


def test_the_longer_of_two_keys_goes_first() -> None:
    assert masked("abcdefgh", {"SHORT": "abcdef", "LONG": "abcdefgh"}) == "[LONG]"
