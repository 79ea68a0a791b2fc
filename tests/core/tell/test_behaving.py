"""What became of behavior.json, in words."""

from __future__ import annotations

from typing import Any

from autotune.core.tell.behaving import told

FIGURES = {
    "errors": {"value": 0.25, "low": 0.2, "high": 0.3, "of": 100},
    "characters": {"value": 3000, "low": 2900, "high": 3100, "of": 90},
    "latency": {"value": 5, "low": None, "high": None, "of": 1},
}
BASE: dict[str, Any] = {"dry_run": False, "figures": FIGURES, "changes": [], "taken_back": None, "report": None, "file": "/b.json"}


def text(**more: Any) -> str:  # noqa: ANN401
    return "\n".join(f"{line.label}: {line.text}" for line in told({**BASE, **more}))


def test_figures_are_shown_with_their_intervals_where_they_have_one() -> None:
    said = text()
    assert "errors in 25 % of 100 traces (20 % to 30 %)" in said
    assert "3000 in 90 traces (2900 to 3100)" in said
    assert "5 in 1 trace\n" in said
    assert "nothing" in said


def test_a_change_says_from_what_to_what_and_by_which_figure() -> None:
    said = text(changes=[{"name": "caution_bias", "before": 0.5, "after": 0.7, "by": "errors"}], report="/r.json", dry_run=True)
    assert "caution_bias would be 0.7, was 0.5: errors in 25 %" in said
    assert "/r.json" in said


def test_what_was_taken_back_and_packs_are_named() -> None:
    said = text(
        taken_back=[["caution_bias", 0.7]], packs=[{"behavior": "a", "action": "began", "version": "p-x"}, {"behavior": "b", "action": "y"}]
    )
    assert "taken back: caution_bias no longer 0.7" in said
    assert "pack: a: began p-x\npack: b: y\n" in said
