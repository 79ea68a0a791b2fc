"""What the loop does by itself: every stop rule, which of them comes first, and whole sessions from a plateau to a pause."""

# ruff: noqa: ANN401 - events are made here with any of their fields changed

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.session import at, configured, folded, result, segment

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.health.recovery import Playbook
from autotune.core.health.transitions import Health, Mode
from autotune.core.ledger.events import (
    CandidateTaken,
    Claimed,
    Finished,
    Opened,
    Paused,
    PlaybookBegun,
    PlaybookEnded,
    RepairAsked,
    Result,
    Resumed,
    SettingsChanged,
    Spent,
    StopAsked,
    Stopped,
    TargetChecked,
)
from autotune.core.ledger.fold import after, begin
from autotune.core.ledger.lines import Event
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import Ending, State
from autotune.core.ledger.stopping import CLAIM_EVERY, Action, Limit, Next, limits_reached, next_action, second_look
from autotune.core.model import Outcome, Status, Verdict
from autotune.core.tell.words import told

REBASELINE, SHRINK, DIAGNOSE, PAUSE = Playbook


def session(*events: Event, **changed: Any) -> State:
    """A session with a baseline of 1 that has been open since the beginning, after these events."""
    baseline = result(0, 1.0, Status.KEEP, baseline=True, commit="base", files=())
    return folded(begin(segment(**changed)), baseline, Opened(at(0)), *events)


def kept(index: int, metric: float = 0.5) -> Result:
    return result(index, metric, Status.KEEP)


def claimed(keeps: int) -> Claimed:
    return Claimed("base", "commit-1", improved=True, pairs=20, reason=quoted(""), keeps=keeps, timestamp=at(0))


def failed(index: int) -> Result:
    return result(index, None, Status.CRASH, cause=Cause.CANDIDATE, outcome=Outcome.CRASHED)


CHECKED = TargetChecked(value=0.5, reached=True, reason=quoted(""), timestamp=at(0))

# When nothing comes by itself


def test_it_is_the_proposers_turn_where_nothing_is_wrong_and_no_rule_holds() -> None:
    assert next_action(session(), at(1)) is None
    assert next_action(session(kept(1), result(2), failed(3)), at(1)) is None


def test_a_stop_that_waits_for_an_experiment_comes_before_anything_else_once_that_has_settled() -> None:
    asked = StopAsked(1, quoted("home"), at(1))
    state = session(CandidateTaken(1, "candidate", "base", (), at(0), settles=True), asked, max_iterations=1)
    assert next_action(state, at(1)) is None
    assert next_action(after(state, kept(1)), at(1)) == Next(Action.STOP, quoted("home"))
    assert next_action(session(asked), at(1)) is None
    assert next_action(session(StopAsked(0, quoted("home"), at(1))), at(1)) == Next(Action.STOP, quoted("home"))


def test_a_stop_that_waits_is_over_once_the_session_stands_still() -> None:
    asked = StopAsked(1, quoted("home"), at(1))
    for ended in (Paused(quoted(""), at(1)), Finished(quoted(""), at(1)), Stopped(quoted(""), at(1))):
        assert session(asked, ended).stop_asked is None
        assert session(ended, asked).stop_asked is None


def test_nothing_comes_by_itself_before_the_session_is_open_while_an_experiment_is_and_while_it_stands_still() -> None:
    rule: dict[str, Any] = {"max_iterations": 1}
    assert next_action(session(result(1), **rule), at(1)) is not None
    assert next_action(after(begin(segment(**rule)), result(1)), at(1)) is None
    taken = CandidateTaken(2, "candidate", "base", (), at(0), settles=True)
    assert next_action(session(result(1), taken, **rule), at(1)) is None
    for ended in (Paused(quoted(""), at(1)), Finished(quoted(""), at(1)), Stopped(quoted(""), at(1))):
        assert next_action(session(result(1), ended, **rule), at(1)) is None


# Stop rules


def test_a_target_is_checked_before_it_counts_and_then_it_ends_the_session() -> None:
    near = session(kept(1), claimed(1), target=0.5)
    assert next_action(near, at(1)) == Next(Action.CHECK_TARGET, Fact(Kind.TARGET_IN_REACH, {"target": 0.5}))
    reached = after(near, CHECKED)
    why = Fact(Kind.LIMIT_REACHED, {"limit": "target", "reached": reached.segment.best, "allowed": 0.5})
    assert next_action(reached, at(1)) == Next(Action.FINISH, why)
    assert next_action(after(near, replace(CHECKED, reached=False)), at(1)) is None


def test_a_target_is_never_rounded_into_another() -> None:
    found = next_action(session(kept(1, 0.9), claimed(1), target=0.99999999), at(1))
    assert found is not None
    assert told(found.reason) == "the incumbent seems to reach the target of 0.99999999"


def test_a_target_that_was_taken_away_or_moved_once_reached_ends_nothing() -> None:
    reached = session(kept(1), claimed(1), CHECKED, target=0.5)
    assert next_action(after(reached, SettingsChanged(configured(), ("target",), at(1))), at(1)) is None
    assert next_action(after(reached, SettingsChanged(configured(target=0.1), ("target",), at(1))), at(1)) is None


def test_as_many_experiments_are_made_as_are_allowed() -> None:
    assert next_action(session(result(1), max_iterations=2), at(1)) is None
    found = next_action(session(result(1), result(2), max_iterations=2), at(1))
    assert found == Next(Action.FINISH, Fact(Kind.LIMIT_REACHED, {"limit": "max_iterations", "reached": 2, "allowed": 2}))


def test_time_that_the_session_stood_still_is_not_counted_against_it() -> None:
    assert next_action(session(max_wall_time="1h30m"), at(5399)) is None
    found = next_action(session(max_wall_time="1h30m"), at(5400))
    assert found == Next(Action.FINISH, Fact(Kind.LIMIT_REACHED, {"limit": "max_wall_time", "reached": 5400.0, "allowed": 5400.0}))
    stopped = session(Stopped(quoted(""), at(100)), Resumed(at(10_000)), max_wall_time="1h30m")
    assert next_action(stopped, at(15_299)) is None
    assert next_action(stopped, at(15_300)) is not None


def test_an_agent_may_cost_so_much_money_and_so_many_tokens() -> None:
    spent = Spent(4.999, 1_234_567, "client", at(0))
    assert next_action(session(spent, max_cost_usd=5, max_tokens=2_000_000), at(1)) is None
    found = next_action(session(replace(spent, cost_usd=5.25), max_cost_usd=5), at(1))
    assert found == Next(Action.FINISH, Fact(Kind.LIMIT_REACHED, {"limit": "max_cost_usd", "reached": 5.25, "allowed": 5.0}))
    found = next_action(session(spent, max_tokens=1_000_000), at(1))
    assert found == Next(Action.FINISH, Fact(Kind.LIMIT_REACHED, {"limit": "max_tokens", "reached": 1_234_567, "allowed": 1_000_000}))


def test_as_many_candidates_may_fail_as_are_allowed_in_the_whole_session_and_then_it_pauses() -> None:
    failures = (failed(1), result(2), failed(3))
    assert next_action(session(*failures, max_failures=3), at(1)) is None
    found = next_action(session(*failures, max_failures=2), at(1))
    assert found == Next(Action.PAUSE, Fact(Kind.LIMIT_REACHED, {"limit": "max_failures", "reached": 2, "allowed": 2}))
    resumed = session(*failures, Paused(quoted(""), at(1)), Resumed(at(2)), max_failures=2)
    assert next_action(resumed, at(3)) == found


def test_limits_hold_across_any_resume() -> None:
    state = session(result(1), max_iterations=1)
    for number in range(3):
        found = next_action(state, at(number))
        assert found is not None
        state = folded(state, Finished(found.reason, at(number)), Resumed(at(number)))
    assert next_action(state, at(9)) == Next(
        Action.FINISH, Fact(Kind.LIMIT_REACHED, {"limit": "max_iterations", "reached": 1, "allowed": 1})
    )


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "target": ({"target": 0.5}, "target"),
    "max_iterations": ({"max_iterations": 1}, "max_iterations"),
    "max_wall_time": ({"max_wall_time": "1s"}, "max_wall_time"),
    "max_cost_usd": ({"max_cost_usd": 1}, "max_cost_usd"),
    "max_tokens": ({"max_tokens": 1}, "max_tokens"),
    "max_failures": ({"max_failures": 1}, "max_failures"),
    "a person's repair": ({}, "the user asked"),
}
EVERYTHING = (failed(1), kept(2), claimed(1), Spent(9.0, 9, "client", at(0)), RepairAsked(at(0), "rebaseline"))


@pytest.mark.parametrize("count", range(len(RULES)))
def test_where_several_rules_hold_the_first_of_this_order_is_named(count: int) -> None:
    holding = list(RULES.values())[count:]
    merged = {key: value for rule, _ in holding for key, value in rule.items()}
    found = next_action(session(*EVERYTHING, **merged), at(100))
    assert found is not None
    assert holding[0][1] in told(found.reason)


@pytest.mark.parametrize("held", Limit)
def test_the_limit_that_a_session_has_reached_is_named_with_what_moves_it_before_it_ends_and_after(held: Limit) -> None:
    state = session(*EVERYTHING[:-1], CHECKED, **RULES[held][0])
    assert [*limits_reached(state, at(100))] == [held]
    assert limits_reached(state, at(100))[held].takes.isupper()
    assert [*limits_reached(after(state, Paused(quoted(""), at(100))), at(100))] == [held]
    assert limits_reached(session(*EVERYTHING, CHECKED), at(100)) == {}


# Claims


def test_before_it_finishes_a_session_measures_what_it_may_claim() -> None:
    state = session(kept(1), max_iterations=1)
    found = next_action(state, at(1))
    assert found is not None
    assert (found.action, found.reason.kind) == (Action.CLAIM, Kind.CLAIM_AT_END)
    assert found.reason.because is not None
    assert found.reason.because.figures["limit"] == "max_iterations"
    finishing = next_action(after(state, claimed(1)), at(1))
    assert finishing is not None
    assert finishing.action is Action.FINISH


def test_before_it_pauses_a_session_claims_nothing() -> None:
    found = next_action(session(kept(1), failed(2), max_failures=1), at(1))
    assert found is not None
    assert found.action is Action.PAUSE


def test_every_ten_keeps_a_claim_is_measured() -> None:
    nine = session(*[kept(index) for index in range(1, CLAIM_EVERY)])
    assert next_action(nine, at(1)) is None
    ten = after(nine, kept(CLAIM_EVERY))
    assert next_action(ten, at(1)) == Next(Action.CLAIM, Fact(Kind.CLAIM_DUE, {"keeps": 10}))
    assert next_action(after(ten, claimed(10)), at(1)) is None


def test_a_session_without_claims_finishes_without_one() -> None:
    found = next_action(session(kept(1), max_iterations=1, decision_mode="once"), at(1))
    assert found is not None
    assert found.action is Action.FINISH


# Playbooks


def test_a_playbook_that_was_begun_and_not_ended_is_run_again() -> None:
    state = session(PlaybookBegun("shrink_scope", 1, quoted("5 experiments in a row without a keep"), at(0)))
    assert next_action(state, at(1)) == Next(Action.PLAYBOOK, quoted("5 experiments in a row without a keep"), SHRINK)


def test_a_playbook_that_a_person_asked_for_is_run_whatever_the_health() -> None:
    assert next_action(session(RepairAsked(at(0), "diagnose")), at(1)) == Next(Action.PLAYBOOK, Fact(Kind.ASKED_FOR), DIAGNOSE)


def test_a_repair_that_names_no_playbook_runs_the_first() -> None:
    assert next_action(session(RepairAsked(at(0))), at(1)) == Next(Action.PLAYBOOK, Fact(Kind.REPAIR_ASKED), REBASELINE)


PLATEAU = Fact(Kind.PLATEAU, {"experiments": 5})


def test_a_pause_names_its_blocker() -> None:
    plateau = [result(index) for index in range(1, 6)]
    none = session(*plateau, recovery={"playbooks": ["pause"]})
    assert next_action(none, at(1)) == Next(Action.PAUSE, Fact(Kind.RECOVERY_EXHAUSTED, {"playbooks": 0}, PLATEAU))
    broken = session(result(1, None, verdict=Verdict.VOID, cause=Cause.BENCHMARK, reason=quoted("exit 1")), recovery={"playbooks": []})
    assert next_action(broken, at(1)) == Next(Action.PAUSE, Fact(Kind.INCUMBENT_FAILS, because=quoted("exit 1")))
    begun = (PlaybookBegun("rebaseline", 1, quoted(""), at(0)), PlaybookEnded("rebaseline", quoted(""), at(0)))
    one = session(*plateau, *begun, failed(6), failed(7), recovery={"playbooks": ["rebaseline", "pause"]})
    assert next_action(one, at(1)) == Next(
        Action.PAUSE, Fact(Kind.RECOVERY_EXHAUSTED, {"playbooks": 1}, Fact(Kind.FAILURES, {"failures": 2}))
    )


# Whole sessions


def test_a_segment_opens_by_itself_once_a_day_where_what_is_measured_with_has_changed() -> None:
    changed = Fact(Kind.CONTEXT_CHANGED, {"changes": [["judge", "a", "b"]]})
    state = replace(session(), segment=replace(session().segment, left_behind=changed))
    assert next_action(state, at(10)) == Next(Action.RENEW, changed)
    again = replace(state, renewed=at(0))
    assert next_action(again, at(86_399)) == Next(Action.PAUSE, Fact(Kind.CONTEXT_CHANGED_AGAIN, because=changed))
    assert next_action(again, at(86_400)) == Next(Action.RENEW, changed)


@dataclass
class Loop:
    """A session whose own steps are taken as the loop takes them; `done` names each."""

    state: State
    done: list[str]

    def settle(self, kind: str) -> None:
        """Have the proposer's next experiment end in some way, then do what comes by itself."""
        index = self.state.count + 1
        ended = {
            "kept": kept(index),
            "refuted": result(index),
            "inconclusive": result(index, verdict=Verdict.INCONCLUSIVE),
            "crashed": failed(index),
            "broken": result(index, None, verdict=Verdict.VOID, cause=Cause.BENCHMARK, outcome=None),
            "not measured": result(index, None, verdict=Verdict.VOID, cause=Cause.NOT_MEASURED, outcome=None),
        }[kind]
        self.state = after(self.state, ended)
        self.advance()

    def advance(self) -> None:
        for _ in range(10):
            found = next_action(self.state, at(0))
            if found is None:
                return
            self.done.append(str(found.playbook or found.action))
            self.state = folded(self.state, *self._taken(found))
        pytest.fail(f"it goes round: {self.done}")

    def _taken(self, found: Next) -> tuple[Event, ...]:
        match found.action:
            case Action.PLAYBOOK:
                begun = () if self.state.playbook else (PlaybookBegun(str(found.playbook), 1, found.reason, at(0)),)
                narrowed = found.playbook is SHRINK
                scope, experiments = (("src/a.py",), 3) if narrowed else ((), 0)
                return (*begun, PlaybookEnded(str(found.playbook), quoted("done"), at(0), scope, experiments))
            case Action.PAUSE:
                return (Paused(found.reason, at(0)),)
            case Action.FINISH:
                return (Finished(found.reason, at(0)),)
            case Action.STOP:
                return (Stopped(found.reason, at(0)),)
            case Action.CLAIM:
                return (claimed(self.state.all_keeps),)
            case Action.CHECK_TARGET:
                return (replace(CHECKED, reached=False),)
            case Action.LOOK | Action.RENEW:
                pytest.fail("only economy looks, and nothing that is measured with has changed")


def loop(*kinds: str, **changed: Any) -> Loop:
    running = Loop(session(**changed), [])
    for kind in kinds:
        running.settle(kind)
    return running


def test_from_a_plateau_each_playbook_has_five_experiments_and_then_the_session_pauses() -> None:
    running = loop()
    seen = []
    for _ in range(20):
        running.settle("refuted")
        seen.append(running.state.vitals.health)
    assert running.done == ["rebaseline", "shrink_scope", "diagnose", "pause"]
    assert seen == [Health.RUNNING] * 4 + [Health.HEALING] * 15 + [Health.PAUSED]
    assert running.state.ended is not None
    assert running.state.ended.ending is Ending.PAUSED
    assert running.state.ended.reason == Fact(Kind.RECOVERY_EXHAUSTED, {"playbooks": 3}, Fact(Kind.PLATEAU, {"experiments": 20}))


def test_ideas_that_stay_inconclusive_are_a_plateau_too() -> None:
    assert loop(*["inconclusive", "refuted"] * 3).done == ["rebaseline"]


def test_two_failures_in_a_row_bring_the_next_playbook_and_the_proposer_has_nothing_to_repair() -> None:
    running = loop("crashed", "crashed")
    assert (running.done, running.state.vitals.mode) == (["rebaseline"], Mode.OPTIMIZE)
    for _ in range(6):
        running.settle("crashed")
    assert running.done == ["rebaseline", "shrink_scope", "diagnose", "pause"]


def test_a_failure_now_and_then_is_no_crash() -> None:
    assert loop("crashed", "refuted", "crashed", "kept", "crashed", "refuted").done == []


def test_a_keep_gives_the_whole_budget_back() -> None:
    running = loop(*["refuted"] * 10)
    assert (running.done, running.state.segment.narrowed_left) == (["rebaseline", "shrink_scope"], 3)
    running.settle("kept")
    assert (running.state.vitals.health, running.state.segment.narrowed) == (Health.IMPROVING, ())
    for _ in range(5):
        running.settle("refuted")
    assert running.done == ["rebaseline", "shrink_scope", "rebaseline"]


def test_a_narrowed_scope_is_over_before_the_next_playbook() -> None:
    running = loop(*["refuted"] * 13)
    assert (running.done, running.state.segment.narrowed) == (["rebaseline", "shrink_scope"], ())


def test_a_benchmark_that_is_broken_is_diagnosed_and_where_it_stays_broken_the_session_pauses() -> None:
    running = loop("broken")
    assert (running.done, running.state.vitals.mode) == (["diagnose"], Mode.REPAIR)
    running.settle("broken")
    assert running.done == ["diagnose", "pause"]
    assert loop("broken", "refuted", "broken", "refuted", "broken").done == ["diagnose", "diagnose", "diagnose"]


def test_experiments_that_were_not_measured_bring_nothing_about() -> None:
    assert loop(*["not measured"] * 12).done == []


def test_with_its_budget_spent_a_loop_that_is_not_to_pause_goes_on() -> None:
    running = loop(*["refuted"] * 40, recovery={"playbooks": ["rebaseline"]})
    assert (running.done, running.state.ended, running.state.vitals.health) == (["rebaseline"], None, Health.PLATEAUED)
    running.settle("not measured")
    assert running.state.vitals.why == Fact(Kind.PLATEAU, {"experiments": 40})


def test_after_a_pause_a_resume_begins_anew_and_a_repair_begins_with_its_playbook() -> None:
    running = loop(*["refuted"] * 20)
    running.state = after(running.state, Resumed(at(0)))
    running.advance()
    assert (running.done[4:], running.state.vitals.health) == ([], Health.RUNNING)
    running = loop(*["refuted"] * 20)
    running.state = after(running.state, RepairAsked(at(0), "diagnose"))
    running.advance()
    assert (running.done[4:], running.state.vitals.health) == (["diagnose"], Health.HEALING)


def test_a_finished_session_stays_finished_until_it_is_resumed() -> None:
    running = loop("refuted", max_iterations=1)
    assert running.done == ["finish"]
    running.settle("refuted")
    assert running.done == ["finish"]
    running.state = after(running.state, Resumed(at(0)))
    running.advance()
    assert running.done == ["finish", "finish"]


KINDS = ("kept", "refuted", "inconclusive", "crashed", "broken", "not measured")
persons: dict[str, Event] = {
    "stop": Stopped(quoted(""), at(0)),
    "resume": Resumed(at(0)),
    "repair": RepairAsked(at(0), "shrink_scope"),
    "move the target": SettingsChanged(configured(target=0.5, max_failures=4), ("target",), at(0)),
}


@settings(max_examples=80)
@given(
    happened=st.lists(st.sampled_from([*KINDS, *persons]), max_size=25),
    playbooks=st.lists(st.sampled_from(list(Playbook)), unique=True),
    attempts=st.integers(0, 4),
)
def test_whatever_happens_what_comes_by_itself_comes_to_an_end(happened: list[str], playbooks: list[str], attempts: int) -> None:
    recovery = {"playbooks": playbooks, "max_healing_attempts": attempts}
    running = loop(target=0.2, max_failures=6, max_iterations=20, recovery=recovery)
    for one in happened:
        if one in persons:
            running.state = after(running.state, persons[one])
            running.advance()
        else:
            running.settle(one)
        assert running.state.ended is not None or next_action(running.state, at(0)) is None


# Second looks


@pytest.mark.parametrize(
    ("keys", "events", "idle", "again"),
    [
        ({}, (), False, None),
        ({}, (), True, 1),
        ({"max_iterations": 30}, (), False, None),
        ({"max_iterations": 3}, (), False, 1),  # as many are left as wait
        ({"health": {"max_no_improvement_runs": 2}}, (), False, 1),  # nothing was kept for long
        ({"max_iterations": 3}, (RepairAsked(at(1)),), True, None),
        ({}, (PlaybookEnded("shrink_scope", Fact(Kind.ASKED_FOR), at(1), scope=("src/a.py",), experiments=2),), True, None),
    ],
)
def test_an_inconclusive_experiment_is_looked_at_again_where_nothing_better_is_to_do(
    keys: dict[str, Any],
    events: tuple[Event, ...],
    idle: bool,  # noqa: FBT001 - a case
    again: int | None,
) -> None:
    inconclusive = [replace(result(number), verdict=Verdict.INCONCLUSIVE) for number in (1, 2)]
    state = session(*inconclusive, *events, **keys)
    found = second_look(state, at(1), idle=idle)
    assert (None if found is None else found.index) == again
    assert second_look(state, at(1), idle=idle, given_up=(1, 2)) is None
    assert second_look(session(result(1), *events, **keys), at(1), idle=idle) is None
