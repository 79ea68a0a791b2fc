"""Emergencies: caps that a bet has to say are passed."""

from __future__ import annotations

from autotune.core.rollout.emergencies import Cap, emergency

CAPS = {"errors": Cap(0.12, 0.05), "tool failures": Cap(0.25, 0.12)}
FAILED, FINE = frozenset({"errors"}), frozenset[str]()


def test_seven_errors_of_seven_stop_it() -> None:
    assert emergency([FAILED] * 7, [FINE] * 50, CAPS) == "errors"
    assert emergency([FAILED] * 3, [FINE] * 50, CAPS) is None
    assert emergency([FAILED] * 7, [], CAPS) == "errors"


def test_a_rate_below_its_cap_goes_on() -> None:
    assert emergency(([FAILED] + [FINE] * 9) * 20, [], CAPS) is None


def test_where_the_control_fails_too_it_is_not_the_canarys() -> None:
    assert emergency([FAILED] * 20, [FAILED] * 40, CAPS) is None
    assert emergency([FAILED] * 40, [FAILED, FINE] * 20, CAPS) == "errors"


def test_a_step_above_the_control_stops_it_below_the_cap() -> None:
    tools = frozenset({"tool failures"})
    assert emergency(([tools] + [FINE] * 4) * 60, [FINE] * 100, CAPS) == "tool failures"
