from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.skills.rates import LEAST, Missed, Share, Sign, by_need, corrects, current, likeness, missed, standing
from autotune.core.skills.seen import How, Offer, Shown
from autotune.core.skills.turns import Fired, Turn

OFFERED = {"p:tidy-up": Offer("p:tidy-up", Shown.FULL, "Tidies.")}
NAME = "p:tidy-up"


def turn(text: str, how: How | None = None, *, human: bool = True, offered: bool = True, ran: bool = True, session: str = "s") -> Turn:
    fired = () if how is None else (Fired(NAME, how, "t", ran),)
    return Turn(session, "", "t", text, human, OFFERED if offered else {}, fired)


def test_a_complaint_a_typed_call_and_a_label_tell_of_a_missed_trigger_the_cheapest_first() -> None:
    seen = [
        turn("clean this module please"),
        turn("Why didn't you use tidy up?"),
        turn("sort the imports"),
        turn("/tidy-up", How.TYPED),
        turn("rename it all"),
        turn("what is the time"),
        turn("clean that module please", How.MODEL),
    ]
    assert list(missed(NAME, seen, {4: True, 5: False})) == [
        Missed(0, Sign.CORRECTION),
        Missed(2, Sign.TYPED),
        Missed(4, Sign.LABEL),
    ]
    assert list(missed(NAME, [*seen[5:], turn("please clean a module")])) == [Missed(2, Sign.ALIKE)]


def test_nothing_is_missed_where_it_was_not_offered_was_no_humans_or_fired() -> None:
    typed = turn("/tidy-up", How.TYPED)
    assert list(missed(NAME, [turn("x", offered=False), typed])) == []
    assert list(missed(NAME, [turn("x", human=False), typed])) == []
    assert list(missed(NAME, [turn("x", How.MODEL), typed])) == []
    assert list(missed(NAME, [turn("x", session="a"), typed])) == []


def test_a_complaint_and_what_comes_of_it_are_one_miss() -> None:
    said = (turn("do my taxes"), turn("why didn't you use tidy-up?"), turn("you should have used tidy-up"), turn("/tidy-up", How.TYPED))
    assert list(missed(NAME, said)) == [Missed(0, Sign.CORRECTION)]


@pytest.mark.parametrize(
    ("said", "complains"),
    [
        ("why didn't you use the tidy-up skill", True),
        ("Why didn\u2019t you use tidy-up?", True),
        ("why did you not use tidy-up", True),
        ("You should have used /tidy-up!", True),
        ("you forgot tidy up", True),
        ("use tidy-up on this", False),
        ("why did you not use tidying", False),
        ("why didn't you use tidy-upper", False),
    ],
)
def test_what_complains_of_a_skill(said: str, complains: bool) -> None:  # noqa: FBT001 - a table's column
    assert corrects(said, NAME) is corrects(said, f"plug:{NAME} @ /home/me/shop") is complains


def test_a_standing_counts_what_humans_saw() -> None:
    cut = {NAME: Offer(NAME, Shown.NAME, "")}
    seen = [
        *[turn(f"fits {number}", How.MODEL) for number in range(6)],
        turn("denied", How.MODEL, ran=False),
        turn("read", How.READ),
        turn("unlike anything"),
        turn("/tidy-up", How.TYPED),
        Turn("s", "", "t", "bare", human=True, offered=cut, fired=()),
        turn("a program's", How.MODEL, human=False),
    ]
    found = standing(NAME, seen, {0: False})
    assert [found.offered, found.fired, found.typed, found.denied, found.read] == [11, 7, 1, 1, 1]
    assert [found.recall.hits, found.recall.of] == [6, 7]
    assert [found.precision.hits, found.precision.of] == [6, 7]
    assert [found.coverage.hits, found.coverage.of] == [10, 11]
    assert found.shown == {Shown.FULL: 10, Shown.NAME: 1}
    assert [one.sign for one in found.missed] == [Sign.TYPED]


def test_what_is_missed_most_comes_first_then_what_fires_most() -> None:
    none = standing(NAME, [])
    found = (
        replace(none, name="charts"),
        replace(none, name="deploy", fired=2),
        replace(none, name="review", missed=(Missed(0, Sign.TYPED),)),
        replace(none, name="alike", missed=(Missed(0, Sign.ALIKE), Missed(1, Sign.ALIKE))),
    )
    assert [one.name for one in by_need(found)] == ["review", "deploy", "alike", "charts"]


def test_too_little_is_unmeasured() -> None:
    assert [Share(LEAST - 1, 0).value, Share(LEAST - 1, 0).interval] == [None, None]
    assert Share(LEAST, 0).value == 0
    assert Share(10, 5).interval == pytest.approx((0.2366, 0.7634), abs=1e-4)  # Wilson 1927, as in the tables


@given(st.integers(LEAST, 500).flatmap(lambda of: st.tuples(st.just(of), st.integers(0, of))))
def test_an_interval_holds_its_share(share: tuple[int, int]) -> None:
    one = Share(*share)
    assert one.interval is not None
    assert one.value is not None
    assert 0 <= one.interval[0] <= one.value <= one.interval[1] <= 1


def test_figures_begin_again_with_a_new_description() -> None:
    def told(digest: str | None, how: How | None = None) -> Turn:
        one = turn("x", how)
        return Turn(one.session, "", "t", "x", human=True, offered={NAME: Offer(NAME, Shown.FULL, "", digest)}, fired=one.fired)

    seen = [told("old", How.MODEL), told(None), told("new", How.MODEL), turn("no offer", offered=False)]
    assert [len(one.offered) for one in current(NAME, seen)] == [0, 1, 1, 0]
    assert standing(NAME, current(NAME, seen)).fired == 1
    assert current(NAME, seen[1:]) == seen[1:]
    assert current("other", seen) == seen


def test_how_much_of_a_text_is_in_another_is_known() -> None:
    assert [likeness("write the notes", "The notes!"), likeness("", "x"), likeness("x", "")] == [2 / 3, 0.0, 0.0]
