"""Cases found in turns: who is positive, who is negative, and who is neither."""

from __future__ import annotations

import pytest

from autotune.core.skills.mining import group_of, mined, speaks_about, type_of
from autotune.core.skills.seen import How, Offer, Shown
from autotune.core.skills.suite import By, Type
from autotune.core.skills.turns import Fired, Turn

OFFERED = {name: Offer(name, Shown.FULL, "") for name in ("slides", "mail")}


def turn(text: str, *fired: str, session: str = "s", at: str = "2026-11-30T10:00:00Z", human: bool = True, how: How = How.MODEL) -> Turn:
    return Turn(session, "", at, text, human, OFFERED, tuple(Fired(name, how, at, ran=True) for name in fired))


def found(*turns: Turn, labels: dict[str, dict[int, bool]] | None = None) -> dict[str, tuple[bool, str]]:
    return {case.query: (case.fits, case.source.why) for case in mined("slides", turns, labels).cases}


def test_what_fired_and_what_was_missed_is_positive_and_what_another_fired_for_rightly_is_negative() -> None:
    assert found(
        turn("make me a deck", "slides"),
        turn("present the numbers"),
        turn("why didn't you use slides?"),
        turn("show it to the board"),
        turn("/slides", "slides", how=How.TYPED),
        turn("write to the board", "mail"),
        turn("what time is it"),
        turn("said by a program", "slides", human=False),
        turn("mail me a deck", "mail"),
        labels={"mail": {5: True}},
    ) == {
        "make me a deck": (True, "fired"),
        "present the numbers": (True, "correction"),
        "show it to the board": (True, "typed"),
        "write to the board": (False, "fired for another"),
    }


def test_labels_win_and_what_fired_wrongly_for_another_is_no_negative() -> None:
    turns = (turn("make me a deck", "slides"), turn("a deck by mail", "mail"), turn("tell the board", "mail"), turn("draw a chart"))
    labels = {"slides": {0: False, 3: True}, "mail": {1: False, 2: True}}
    assert found(*turns, labels=labels) == {
        "make me a deck": (False, "label against"),
        "tell the board": (False, "fired for another"),
        "draw a chart": (True, "label"),
    }
    (case,) = (one for one in mined("slides", turns, labels).cases if one.query == "tell the board")
    assert (case.instead, case.source.by, case.source.at, case.group) == ("mail", By.RECORDS, "2026-11-30", group_of("s"))


def test_a_query_counts_once_and_one_that_stands_on_both_sides_not_at_all() -> None:
    both = (turn("make a deck", "slides"), turn("Make a  deck", "mail"))
    answer = mined("slides", both, {"mail": {1: True}})
    assert (answer.cases, answer.contradictory) == ((), 1)
    assert found(*both, labels={"slides": {1: False}}) == {"Make a  deck": (False, "label against")}
    assert len(mined("slides", (turn("make a deck", "slides"), turn("make a deck", "slides", session="t"))).cases) == 1


def test_what_says_nothing_or_is_about_the_skill_itself_is_left_out() -> None:
    answer = mined("slides", (turn("go", "slides"), turn("x" * 5000, "slides"), turn("improve the slides skill", "slides")))
    assert (answer.cases, answer.about) == ((), 1)
    assert not speaks_about("slides", "improve my slides")
    assert speaks_about("slides @ /home/me/shop", "improve the slides skill")


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("use pdf-forms here", Type.EXPLICIT),
        ("/plug:pdf-forms this", Type.EXPLICIT),
        ("my pdf forms are broken", Type.EXPLICIT),
        ("fill in the application", Type.IMPLICIT),
        ("fill in application.pdf", Type.CONTEXTUAL),
        ("please fill in all of the 12 fields of this form now", Type.CONTEXTUAL),
        (" ".join(["word"] * 16), Type.CONTEXTUAL),
    ],
)
def test_a_query_speaks_of_a_skill_by_name_by_deed_or_by_situation(query: str, kind: Type) -> None:
    assert type_of("plug:pdf-forms", query) is type_of("pdf-forms @ /home/me/shop", query) is kind
