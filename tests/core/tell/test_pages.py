"""What is handed over as it is: it says what it was made of."""

from __future__ import annotations

from tests.core.session import at, configured, folded, result, segment

from autotune.core.config.reading import parse
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Ran
from autotune.core.ledger.fold import begin
from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm, Outcome, Status, Verdict
from autotune.core.tell.pages import diagnosis, ideas, notes, prompt, set_up_prompt


def test_a_client_is_told_the_goal_when_it_is_new_and_to_wait_where_something_is_measured() -> None:
    assert prompt("faster", fresh=True, measuring=False, reason="").startswith("faster\n\n")
    assert "faster" not in prompt("faster", fresh=False, measuring=False, reason="x")
    assert "autotune wait" in prompt("", fresh=False, measuring=True, reason="x")
    assert "(a rate limit)" in prompt("", fresh=False, measuring=False, reason="a rate limit")
    assert prompt("", fresh=True, measuring=False, reason="").startswith("Go on")
    assert set_up_prompt("faster", fresh=True).startswith("faster\n\n")
    assert set_up_prompt("faster", fresh=False).startswith("Go on")


def test_a_sessions_own_pages_say_what_it_is_about() -> None:
    config = parse(configured(unit="ms", scope=["src/**", "lib"], checks="make test"))
    assert "a lower `t` (ms)" in notes(config)
    assert "`src/**`, `lib`" in notes(config)
    assert "`make test`" in notes(config)
    assert "too: nothing." in notes(parse(configured()))
    assert ideas(config).startswith("# Ideas for fast\n")


def test_a_diagnosis_says_how_benchmark_and_checks_end_and_what_failed_before() -> None:
    crashed = Fact(Kind.EXIT, {"code": 3, "signal": None})
    run = Ran(0, Purpose.DIAGNOSIS, Arm.INCUMBENT, 1, Outcome.CRASHED, crashed, {}, 1.0, at(1), "1.log")
    state = folded(begin(segment()), result(1, None, Status.CRASH, outcome=Outcome.CRASHED, verdict=Verdict.DISCARD))
    page = diagnosis("fast", 1, run, Fact(Kind.CHECKS_NOT_REACHED, {"command": "prepare"}), "boom\nbang", state.recent.rows)
    assert "crashed (exit 3)" in page
    assert "\n    boom\n    bang\n" in page
    assert "- experiment 1, crashed: reason 1 (files: src/a.py)" in page
    well = diagnosis("fast", 1, run, None, "", ())
    assert "Checks on the incumbent: pass" in well
    assert "Output" not in well
    assert well.endswith("- none\n")
