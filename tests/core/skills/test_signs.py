"""What a probe makes of the signs that it sees."""

from __future__ import annotations

import pytest

from autotune.core.asking.request import Usage
from autotune.core.skills.probed import One, Probed, again, commonest, is_void, right, together, total
from autotune.core.skills.signs import Called, Failing, Finished, Listed, Outcome, Responded, Sign, Spent, Used, Watched, known_as, outcome

LISTED = Listed(("notes", "desk:ink"))


def after(*signs: Sign, turns: int = 2) -> Watched:
    watched = Watched(turns, "notes")
    for sign in signs:
        watched = watched.after(sign)
    return watched


@pytest.mark.parametrize(
    ("signs", "decided", "called"),
    [
        ((LISTED,), False, ()),
        ((LISTED, Called("notes")), False, ("notes",)),
        ((LISTED, Called("notes"), Responded(goes_on=True)), True, ("notes",)),
        ((LISTED, Called("/notes"), Called("ink"), Called("notes")), False, ("notes", "desk:ink")),
        ((LISTED, Called("rockets"), Responded(goes_on=True)), False, ()),
        ((LISTED, Responded(goes_on=True), Responded(goes_on=True)), True, ()),
        ((LISTED, Responded(goes_on=False)), True, ()),
        ((LISTED, Finished()), True, ()),
    ],
)
def test_a_probe_is_decided_by_a_known_call_the_end_or_the_last_turn(
    signs: tuple[Sign, ...], *, decided: bool, called: tuple[str, ...]
) -> None:
    found = after(*signs)
    assert (found.decided, found.calls) == (decided, called)


@pytest.mark.parametrize(
    ("signs", "over"),
    [
        ((LISTED, Responded(goes_on=False)), False),  # it will say what it has cost
        ((LISTED, Responded(goes_on=False), Finished()), True),
        ((LISTED, Called("notes"), Responded(goes_on=True)), True),
        ((Listed(("other",)),), True),
    ],
)
def test_a_client_is_ended_when_it_can_only_spend_more(signs: tuple[Sign, ...], *, over: bool) -> None:
    assert after(*signs).over is over


def test_where_no_list_is_printed_those_count_that_were_staged() -> None:
    staged = Watched(2, known=frozenset({"notes"}))
    assert staged.after(Called("other")).calls == ()
    assert staged.after(Called("notes")).calls == ("notes",)
    assert Watched(2).after(Called("other")).calls == ("other",)


def test_what_it_cost_is_summed_over_responses_unless_the_end_says_it() -> None:
    found = after(Spent("a", Usage(10, 1), 0.5), Spent("a", Usage(10, 5), 1.0), Spent("b", Usage(20, 2), 2.0))
    assert (found.usage, found.usd) == (Usage(30, 7), 3.0)
    assert found.after(Spent("c", Usage(1))).usd is None
    ended = found.after(Finished(usd=4.0, usage=Usage(1)))
    assert (ended.usage, ended.usd) == (Usage(1), 4.0)
    assert (after().usage, after().usd) == (Usage(), None)


@pytest.mark.parametrize(
    ("signs", "failing", "expected"),
    [
        ((LISTED, Called("notes")), None, Outcome(("notes",))),
        ((LISTED, Responded(goes_on=False)), None, Outcome(())),
        ((LISTED,), Failing.SLOW, Outcome((), Failing.SLOW, "words")),
        ((LISTED,), None, Outcome((), Failing.CRASHED, "words")),
        ((Listed(("other",)), Responded(goes_on=False)), None, Outcome((), Failing.UNLISTED)),
        ((LISTED, Finished(Failing.SERVICE, "500")), None, Outcome((), Failing.SERVICE, "500")),
        ((), Failing.CRASHED, Outcome((), Failing.CRASHED, "words")),
        ((Called("notes"), Finished(Failing.SERVICE, "500")), None, Outcome(("notes",))),
    ],
)
def test_only_what_was_decided_says_something(signs: tuple[Sign, ...], failing: Failing | None, expected: Outcome) -> None:
    assert outcome(after(*signs), failing, "words") == expected


def test_a_name_that_two_plugins_have_means_neither() -> None:
    assert known_as("ink", ("desk:ink", "shop:ink")) is None
    assert known_as("desk:ink", ("desk:ink", "shop:ink")) == "desk:ink"


@pytest.mark.parametrize(
    ("fits", "called", "score"),
    [
        (True, ("notes",), 1.0),
        (True, (), 0.0),
        (True, ("mail", "notes"), 1.0),
        (True, ("mail",), 0.0),
        (False, ("mail",), 1.0),
        (False, ("notes",), 0.0),
    ],
)
def test_a_query_that_fits_wants_the_skill_and_another_does_not(*, fits: bool, called: tuple[str, ...], score: float) -> None:
    assert right("notes", Outcome(called), fits=fits) == score


def test_a_case_with_a_failed_sample_has_no_score() -> None:
    assert Probed("a", (1.0, 0.0, 1.0)).score == pytest.approx(2 / 3)
    assert Probed("a", (1.0, 1.0), (Outcome((), Failing.SLOW),)).score is None
    assert Probed("a", ()).score is None


@pytest.mark.parametrize(("failed", "planned", "void"), [(1, 2, False), (2, 2, True), (2, 10, False), (3, 10, True), (0, 1, False)])
def test_a_run_is_void_above_a_share_of_failures(failed: int, planned: int, *, void: bool) -> None:
    assert is_void(failed, planned, 0.2) is void


def test_a_client_at_work_is_let_go_on_and_what_it_uses_is_kept() -> None:
    work = Watched(1, "notes", working=True)
    for sign in (LISTED, Used("Skill", "{}"), Called("notes"), Responded(goes_on=True), Used("Bash", "{}"), Responded(goes_on=True)):
        work = work.after(sign)
    assert (work.decided, work.over, work.calls, [one.tool for one in work.used]) == (False, False, ("notes",), ["Skill", "Bash"])
    assert work.after(Finished()).over
    assert after(Used("Bash", "{}")).used == ()


def test_the_samples_of_a_case_come_together() -> None:
    made = [
        One(1.0, Outcome(("notes",)), 0.5, 2.0, ("fine",)),
        One(None, Outcome((), Failing.SLOW), None, 3.0),
        One(0.0, Outcome(()), 0.25, 1.0),
    ]
    found = together("a", made)
    assert found == Probed("a", (1.0, 0.0), (Outcome((), Failing.SLOW),), (("notes",), ()), 0.75, 6.0, ("fine",))
    assert again(made[:2]) == One(None, Outcome((), Failing.SLOW), 0.5, 5.0)
    assert total([None]) is None


def test_failures_are_counted_the_commonest_first() -> None:
    slow, crashed = Outcome((), Failing.SLOW), Outcome((), Failing.CRASHED, "gone")
    assert commonest([slow, crashed, Outcome((), Failing.CRASHED)]) == ({Failing.CRASHED: 2, Failing.SLOW: 1}, "gone")
    assert commonest([]) == ({}, "")
