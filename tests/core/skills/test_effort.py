from __future__ import annotations

from autotune.core.skills.effort import Effort, effort
from autotune.core.skills.seen import Answer, Body, Call, Ended, Failure, How, Listing, Offer, Opened, Prompt, Row, Shown, Usage
from autotune.core.skills.turns import turns

LISTING = Listing("", "t", (Offer("a", Shown.FULL, "x"),), whole=True, folder="/p")


def test_tokens_count_once_a_response_and_failures_where_they_were() -> None:
    rows: list[Row] = [
        Usage("early", 1, 1),
        Failure("", "t"),
        Opened("/opened", program=False),
        Prompt("", "1", "do", human=True),
        LISTING,
        Answer("", "1"),
        Usage("m1", 10, 1, 500),
        Call("", "1", "c", "a", How.MODEL),
        Answer("", "1"),
        Usage("m1", 10, 5, 500),
        Ended("c", ran=True),
        Body("", "c", "/p/.claude/skills/a", "f"),
        Answer("", "1"),
        Usage("m2", 20, 5),
        Failure("", "1"),
        Failure("", "1"),
        Prompt("", "2", "and", human=True),
        Answer("", "2"),
        Usage("m3", 7, 1),
    ]
    found = turns(rows)
    assert [(one.folder, one.tokens, one.failures) for one in found] == [("/p", 40, 2), ("/p", 8, 0)]
    assert found[0].fired[0].folder == "/p/.claude/skills/a"
    assert effort("a", found) == (Effort(1, 1, 40, 2, 1), Effort(1, 1, 8, 0, 0))
    assert [one.each for one in (*effort("a", found), *effort("none", found))] == [40, 8, None, None]


def test_a_session_that_says_where_it_works_but_once_works_there() -> None:
    (one,) = turns([Opened("/p", program=False), Prompt("", "1", "do", human=True), Answer("", "1")])
    assert one.folder == "/p"
