from __future__ import annotations

from autotune.core.skills.seen import Answer, Body, Call, Ended, How, Listing, Offer, Opened, Prompt, Shown
from autotune.core.skills.turns import turns


def offer(name: str) -> Offer:
    return Offer(name, Shown.FULL, f"About {name}.")


def asked(text: str = "do it", agent: str = "") -> Prompt:
    return Prompt(agent, "t", text, human=True)


def call(name: str, number: str = "1", how: How = How.MODEL) -> Call:
    return Call("", "t", number, name, how)


def test_a_turn_offers_what_was_listed_before_its_first_answer() -> None:
    late = Listing("", "t", (offer("late"),), whole=False)
    (turn, after) = turns([asked(), Listing("", "t", (offer("a"),), whole=True), Answer("", "t"), late, asked("again")])
    assert [list(turn.offered), list(after.offered)] == [["a"], ["a", "late"]]


def test_a_computed_listing_is_marked() -> None:
    (turn,) = turns([Listing("", "t", (offer("a"),), whole=True, computed=True), asked()])
    assert turn.computed


def test_who_is_credited_gives_the_whole_name_else_the_only_offer_that_ends_so() -> None:
    listed = Listing("", "t", (offer("p:a"), offer("q:b"), offer("r:b")), whole=True)
    (turn,) = turns(
        [
            asked(),
            listed,
            call("a"),
            Ended("1", ran=True),
            call("b", "2"),
            Ended("2", ran=True),
            Answer("", "t", "r:b"),
            Answer("", "t", "r:b"),
        ]
    )
    assert [one.name for one in turn.fired] == ["p:a", "r:b"]
    (unsure,) = turns([asked(), listed, call("b", "2"), Ended("2", ran=True), Answer("", "t", "other:x")])
    assert [one.name for one in unsure.fired] == ["b"]


def test_a_call_without_a_name_is_named_by_the_folder_that_ran() -> None:
    bodies = [Body("", "", "/x/skills/deep", "f"), Body("", "other", "/x/skills/other", "g")]
    (turn,) = turns([asked(), call("", ""), Ended("", ran=True), *bodies])
    assert [(one.name, one.fingerprint) for one in turn.fired] == [("deep", "f")]


def test_a_read_along_with_a_call_is_the_same_trigger() -> None:
    (turn,) = turns([asked(), call("a", "1", How.READ), call("a", "2"), Ended("2", ran=True), call("a", "3", How.TYPED)])
    assert [(one.name, one.how) for one in turn.fired] == [("a", How.MODEL), ("a", How.TYPED)]
    assert [turn.by_model("a"), turn.typed("a"), turn.by_model("b"), turn.typed("b")] == [True, True, False, False]


def test_a_malformed_call_fired_nothing_and_a_call_again_adds_nothing() -> None:
    (turn,) = turns([asked(), call("a"), Ended("1", ran=False, known=False), call("b", "2"), call("b", "3", How.READ)])
    assert [one.name for one in turn.fired] == ["b"]


def test_a_call_whose_end_is_not_recorded_fired_and_did_not_run() -> None:
    (turn,) = turns([asked(), call("a")])
    assert [(one.name, one.ran) for one in turn.fired] == [("a", False)]


def test_a_programs_session_has_no_human_and_a_conversation_may_begin_without_a_prompt() -> None:
    (turn,) = turns([Opened("/x", program=True), asked()])
    assert not turn.human
    (unasked,) = turns([Body("sub", "9", "/x", "f"), Ended("9", ran=True)])
    assert [unasked.agent, unasked.text, unasked.human, unasked.fired] == ["sub", "", False, ()]
    assert turns([Ended("9", ran=True), Listing("", "t", (), whole=True)]) == []
