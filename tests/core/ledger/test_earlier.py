"""What was imported: words beside the state, of which nothing else is made."""

from __future__ import annotations

from dataclasses import replace

from tests.core.session import at, folded, result, segment

from autotune.core.ledger.earlier import HELD, Earlier
from autotune.core.ledger.events import Imported, Opened
from autotune.core.ledger.fold import begin
from autotune.core.ledger.history import History
from autotune.core.model import Status
from autotune.core.tell import full_report, headline, imported, live
from autotune.core.tell.brief import brief
from autotune.core.tell.full_report import Gathered
from autotune.core.tell.snapshot import snapshot

STATE = folded(begin(segment()), result(0, 1.0, Status.KEEP, baseline=True, commit="base"), Opened(at(0)))


def rows(first: int, last: int) -> tuple[Earlier, ...]:
    return tuple(
        Earlier(
            number,
            Status.KEEP if number % 3 == 0 else Status.CHECKS_FAILED,
            0.1 * number,
            f"idea {number}",
            "t",
            "s",
            note="{}" * (number == 1),
        )
        for number in range(first, last + 1)
    )


def test_the_latest_are_held_and_all_are_counted_and_nothing_else_changes() -> None:
    state = folded(STATE, Imported("a", "results.tsv", "1", rows(1, 50), at(1)), Imported("b", "results.tsv", "2", rows(51, 52), at(2)))
    assert state.imports.files == ("1", "2")
    assert (state.imports.count, len(state.imports.rows), state.imports.rows[-1].number) == (52, HELD, 52)
    assert state.imports.statuses == {"keep": 17, "checks_failed": 35}
    assert replace(state, imports=STATE.imports) == STATE


def test_it_is_shown_apart_and_only_where_there_is_any() -> None:
    state = folded(STATE, Imported("a", "results.tsv", "1", rows(1, 9), at(1)))
    assert [one.label for one in headline.headline(STATE, at(2))].count("history") == 0
    assert [one.label for one in headline.headline(state, at(2))].count("history") == 1
    assert imported.lines(STATE.imports) == []
    assert [line.text.split()[0] for line in imported.lines(state.imports)[1:]] == ["5", "6", "7", "8", "9"]
    assert (snapshot(STATE, at(2))["history"], snapshot(state, at(2))["history"]) == (
        None,
        {"experiments": 9, "statuses": {"keep": 3, "checks_failed": 6}},
    )
    kept, _, elsewhere = brief(state, at(2)).partition("## Tried elsewhere")
    assert "idea 9" in elsewhere
    assert "idea" not in kept
    assert "{}" in elsewhere
    assert "Tried elsewhere" not in brief(STATE, at(2))


def test_page_and_report_show_the_same_rows_apart_from_all_that_was_measured() -> None:
    state = folded(STATE, Imported("a", "results.tsv", "1", rows(1, 50), at(1)))
    told = imported.rows(state.imports)
    assert imported.rows(STATE.imports) == ()
    assert [line.label.split()[0] for line in told[1:-1]] == [str(number) for number in range(50, 10, -1)]
    assert "10" in told[-1].text
    of_page = live.background(state, History(state))["told"]["earlier"]
    assert of_page == live.lines_as_json(told)
    found = Gathered((), (), {}, {}, 1)
    (section,) = [one for one in full_report.full_report(state, at(2), found).sections if one.name == "earlier"]
    assert section.lines == told
    assert [one.name for one in full_report.full_report(STATE, at(2), found).sections].count("earlier") == 0


def test_a_value_that_is_not_there_is_not_shown() -> None:
    assert imported.item(Earlier(1, Status.CRASH, None, "x")) == "1 crash: x"
