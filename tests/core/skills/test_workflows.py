from __future__ import annotations

from autotune.core.skills.seen import How
from autotune.core.skills.turns import Fired, Turn
from autotune.core.skills.workflows import workflows


def session(name: str, *skills: str, human: bool = True, how: How = How.MODEL) -> list[Turn]:
    return [Turn(name, "", "", f"{name}: {one}", human, {}, (Fired(one, how, "", ran=True),)) for one in skills]


def test_what_recurs_in_the_same_order_is_a_workflow_and_its_parts_are_not() -> None:
    turns = [turn for number in range(3) for turn in session(str(number), "a", "a", "b", "c")]
    turns += session("3", "c", "b", "a")
    (one,) = workflows(turns)
    assert [one.skills, one.sessions, one.together, one.consistency, one.example] == [("a", "b", "c"), 3, 4, 0.75, "0: a"]


def test_a_part_that_is_seen_more_often_than_the_whole_is_one_too() -> None:
    turns = [turn for number in range(3) for turn in session(str(number), "a", "b", "c")] + session("3", "b", "c") + session("4", "b", "c")
    assert [one.skills for one in workflows(turns)] == [("b", "c"), ("a", "b", "c")]


def test_programs_and_reads_make_no_workflow_and_a_session_counts_once() -> None:
    turns = [
        turn for number in range(3) for turn in session(str(number), "a", "b", human=False) + session(f"r{number}", "a", "b", how=How.READ)
    ]
    assert workflows(turns) == []
    assert workflows(session("0", *"abxabyab")) == []
    assert workflows(session("0", "a", "b"), least=1)[0].skills == ("a", "b")
