"""Records made into units: what one coin decided, in the order of closing, up to the first that waits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from autotune.core.rollout.assigning import Subject, UnitKind, gets_canary
from autotune.core.rollout.exposures import DAY_MS, Drawn, Exposure, Judged, LeftOut, day_of, since, subject_of, unit_of, units
from autotune.core.rollout.look import Unit

START = 20_000 * DAY_MS
DRAWN = Drawn("new", "old", "salt", 0.5)
LATER = START + 40 * DAY_MS


def version(user: str, at_ms: int) -> str:
    return "new" if gets_canary("salt", Subject(UnitKind.USER_DAY, user, day_of(at_ms)), 0.5) else "old"


def exposure(number: int, user: str, day: int, **more: object) -> Exposure:
    at_ms = START + day * DAY_MS + number
    found = Exposure(f"r{number}", at_ms, user, f"c{number}", version(user, at_ms), judged=Judged.SCORED, score=0.5)
    return replace(found, **more)  # type: ignore[arg-type]


def test_a_users_day_is_one_unit_with_the_mean_of_its_scores_and_all_that_failed() -> None:
    records = [exposure(1, "ada", 0, score=0.2), exposure(2, "ada", 0, score=0.6, failed=frozenset({"errors"})), exposure(3, "ada", 1)]
    found = units(records, DRAWN, LATER)
    assert (found.kind, found.by_format, found.open) == (UnitKind.USER_DAY, True, 0)
    sides = [one.version == "new" for one in (records[0], records[2])]
    assert found.closed == (Unit(sides[0], 0.5, 0.4, frozenset({"errors"})), Unit(sides[1], 0.5, 0.5))
    assert units(list(reversed(records)), DRAWN, LATER) == found


def test_a_day_that_is_not_over_is_no_unit_yet() -> None:
    found = units([exposure(1, "ada", 0), exposure(2, "ada", 1)], DRAWN, START + DAY_MS)
    assert (len(found.closed), found.open) == (1, 1)


def test_units_count_up_to_the_first_that_waits_for_its_judge_for_three_days_at_most() -> None:
    records = [exposure(1, "ada", 0), exposure(2, "bob", 1, judged=Judged.PENDING, score=None), exposure(3, "ada", 2)]
    found = units(records, DRAWN, START + 3 * DAY_MS)
    assert (len(found.closed), found.waiting) == (1, 2)
    late = units(records, DRAWN, START + 6 * DAY_MS)
    assert (len(late.closed), late.waiting) == (3, 0)
    assert late.closed[1].judged is False


def test_records_that_show_neither_version_are_left_out_and_counted() -> None:
    records = [exposure(1, "ada", 0), exposure(2, "bob", 0, version=None), exposure(3, "cyd", 0, version="older")]
    found = units(records, DRAWN, LATER)
    assert found.left_out == {LeftOut.NO_VERSION: 1, LeftOut.ANOTHER_VERSION: 1}
    assert len(found.closed) == 1


def test_a_record_that_shows_another_side_than_its_coin_is_left_out() -> None:
    records = [exposure(number, f"u{number}", 0) for number in range(40)]
    records[7] = replace(records[7], version="new" if records[7].version == "old" else "old")
    found = units(records, DRAWN, LATER)
    assert found.by_format
    assert found.left_out == {LeftOut.ASTRAY: 1}
    assert len(found.closed) == 39


def by_conversation(records: Sequence[Exposure]) -> list[Exposure]:
    return [
        replace(
            one,
            user=None,
            version="new" if gets_canary("salt", Subject(UnitKind.CONVERSATION, str(one.conversation)), 0.5) else "old",
        )
        for one in records
    ]


def test_a_conversation_closes_a_day_after_it_began_and_what_comes_later_is_left_out() -> None:
    records = by_conversation([exposure(1, "", 0), exposure(2, "", 0, conversation="c1"), exposure(3, "", 1, conversation="c1")])
    found = units(records, DRAWN, LATER)
    assert found.kind is UnitKind.CONVERSATION
    assert (len(found.closed), found.left_out) == (1, {LeftOut.LATE: 1})


def test_where_each_request_is_drawn_each_is_a_unit() -> None:
    chance = random.Random(1)
    records = [exposure(number, f"u{number % 9}", 0, version=chance.choice(["old", "new"])) for number in range(60)]
    found = units(records, DRAWN, LATER)
    assert (found.kind, len(found.closed)) == (UnitKind.REQUEST, 60)


def test_a_person_settles_what_a_unit_is() -> None:
    records = [exposure(number, f"u{number}", 0) for number in range(30)] + [replace(exposure(99, "x", 0), user=None)]
    assert units(records, replace(DRAWN, kind=UnitKind.USER_DAY), LATER).by_format
    found = units(records, replace(DRAWN, kind=UnitKind.CONVERSATION), LATER)
    assert (found.kind, found.by_format, len(found.closed)) == (UnitKind.CONVERSATION, False, 31)
    assert units(records, replace(DRAWN, kind=UnitKind.USER_DAY), LATER).left_out == {LeftOut.NO_UNIT: 1}
    mixed = [exposure(number, f"u{number % 3}", 0, version=("old", "new")[number % 2]) for number in range(60)]
    found = units(mixed, replace(DRAWN, kind=UnitKind.USER_DAY), LATER)
    assert (found.by_format, found.left_out, len(found.closed)) == (False, {LeftOut.ASTRAY: 30}, 3)


def test_a_unit_counts_what_was_judged_and_what_the_judge_left() -> None:
    some = [exposure(1, "ada", 0, score=0.4), exposure(2, "ada", 0, judged=Judged.UNSCORED, score=None)]
    some.append(exposure(3, "ada", 0, judged=Judged.NOT_MEANT, score=None))
    assert unit_of(some, 0.5, canary=True) == Unit(canary=True, share=0.5, score=0.4, unscored=0.5)
    assert unit_of(some[1:2], 0.5, canary=False) == Unit(canary=False, share=0.5, score=None, unscored=1.0)
    assert unit_of(some[2:], 0.5, canary=False).judged is False
    assert unit_of(some, 0.5, canary=True).worst == pytest.approx(0.2)
    assert unit_of(some, 0.5, canary=False).worst == pytest.approx(0.7)


def test_after_a_promotion_all_get_the_version() -> None:
    records = [exposure(1, "ada", 0, version="new"), exposure(2, "ada", 0, version="new", score=0.9), exposure(3, "bob", 0, version="old")]
    records += [replace(exposure(4, "x", 0), version="new", user=None)]
    records += [replace(exposure(5, "x", 0), version="new", user=None, conversation=None)]
    found = since(records, "new", LATER)
    assert sorted(unit.score or 0 for unit in found) == pytest.approx([0.5, 0.5, 0.7])
    assert since(records, "new", START) == ()
    assert subject_of(records[4], UnitKind.CONVERSATION) is None


def test_a_users_day_and_a_conversation_of_one_name_may_close_at_once() -> None:
    records = [exposure(1, "x", 0, version="new"), replace(exposure(0, "x", 0), version="new", user=None, conversation="x")]
    assert len(since(records, "new", LATER)) == 2
