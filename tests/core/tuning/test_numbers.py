"""behavior.json read and written back."""

from __future__ import annotations

import json

import pytest

from autotune.core.tuning.numbers import Numbers, Style, read, written


def test_what_is_left_out_is_as_usual_and_what_is_not_ours_stays() -> None:
    numbers, held = read('{"caution_bias": 1, "response_style": "concise", "notes": ["mine"], "other": {"a": 1}}')
    assert numbers == Numbers(0.5, 0.55, Style.CONCISE, 1.0)
    again = json.loads(written(Numbers(caution_bias=0.7), held, "2026-01-02T03:04:05Z"))
    assert (again["notes"], again["other"], again["caution_bias"], again["last_updated"]) == (
        ["mine"],
        {"a": 1},
        0.7,
        "2026-01-02T03:04:05Z",
    )
    assert read(json.dumps(again))[0] == Numbers(caution_bias=0.7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"caution_bias": 2}',
        '{"caution_bias": true}',
        '{"tool_calling_bias": "0.5"}',
        '{"response_style": "long"}',
        '{"response_style": 1}',
    ],
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)
