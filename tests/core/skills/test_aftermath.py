from __future__ import annotations

from autotune.core.skills.aftermath import Fitting, after, stood, taken_up
from autotune.core.skills.seen import How, Offer, Shown, digest_of
from autotune.core.skills.turns import Fired, Turn

NEW, OLD = digest_of("a", "new"), digest_of("a", "old")


def turn(at: str, shown: str | None = NEW, *, fired: bool = True, offered: bool = True) -> Turn:
    offers = {"a": Offer("a", Shown.FULL, "x", shown), "b": Offer("b", Shown.FULL, "y")} if offered else {}
    calls = (Fired("a", How.MODEL, at, ran=True),) if fired else ()
    return Turn("s", "", at, f"do {at}", human=True, offered=offers, fired=(*calls, Fired("b", How.MODEL, at, ran=True)))


def test_a_digest_is_the_one_that_the_client_writes_into_its_listing() -> None:
    assert digest_of("alpha", "Use when the user asks for alpha things.") == "988ceeef6df295de"  # as observed


def test_only_turns_from_the_cut_on_under_the_new_description_count() -> None:
    turns = [turn("1"), turn("2", OLD), turn("3"), turn("4", None), turn("5", offered=False), turn("6")]
    kept = after("a", turns, "2", NEW)
    assert [one.called("a") for one in kept] == [False, False, True, True, True, True]
    assert ["a" in one.offered for one in kept] == [False, False, True, True, False, True]
    assert all(one.called("b") for one in kept)
    assert [one.called("a") for one in after("a", turns, "2", "")] == [False, True, True, True, True, True]


def test_the_first_turn_that_shows_it_is_found() -> None:
    turns = [turn("1"), turn("2", OLD), turn("3", fired=False), turn("4")]
    found = taken_up("a", turns, "2", NEW)
    assert found is not None
    assert found.at == "3"
    assert taken_up("a", turns, "5", NEW) is None
    assert taken_up("none", turns, "1", NEW) is None


def test_what_a_standing_is_made_of_is_given_turn_by_turn() -> None:
    turns = [turn("1"), turn("2"), turn("3", fired=False), turn("4", fired=False)]
    one, made_of = stood("a", turns, {0: False, 2: True})
    assert made_of == Fitting(fired=(True, False), wrong=(True, False))
    assert [one.recall.of, one.recall.hits, one.precision.of] == [2, 1, 2]
