"""The coin of a unit: a format that stays, as fair as its share; and what threw the coins behind what was shown."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.rollout.assigning import Shown, Subject, UnitKind, coin, drawn_by, gets_canary

DAY, CONVERSATION, REQUEST = UnitKind.USER_DAY, UnitKind.CONVERSATION, UnitKind.REQUEST


@pytest.mark.parametrize(
    ("subject", "where"),
    [
        (Subject(DAY, "ada", "2026-01-31"), 0.9717093700731887),
        (Subject(CONVERSATION, "c-7"), 0.9518798242508306),
        (Subject(DAY, "J\u00fcrgen \U0001f600", "2026-02-01"), 0.8732223783070403),
    ],
)
def test_the_format_stays_as_it_is(subject: Subject, where: float) -> None:
    assert coin("s4lt", subject) == pytest.approx(where, abs=1e-12)


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(UnitKind))
def test_a_coin_is_a_share_and_is_thrown_once(salt: str, name: str, kind: UnitKind) -> None:
    subject = Subject(kind, name, "2026-01-31" if kind is DAY else "")
    assert 0 <= coin(salt, subject) < 1
    assert gets_canary(salt, subject, 1.0)
    assert not gets_canary(salt, subject, 0.0)


def test_a_share_of_units_gets_the_canary_and_salts_and_days_throw_anew() -> None:
    drawn = {
        (salt, day): [gets_canary(salt, Subject(DAY, f"u{number}", day), 0.3) for number in range(4000)]
        for salt in ("a", "b")
        for day in ("2026-01-01", "2026-01-02")
    }
    for one in drawn.values():
        assert sum(one) / 4000 == pytest.approx(0.3, abs=0.03)
    first, *others = drawn.values()
    for other in others:
        assert sum(x and y for x, y in zip(first, other, strict=True)) / 4000 == pytest.approx(0.09, abs=0.02)


def shown(draw: Callable[[Subject, Subject], bool], *, users: bool = True, seed: int = 1) -> list[Shown]:
    chance, found = random.Random(seed), []
    for number in range(600):
        user = Subject(DAY, f"u{chance.randrange(60)}", f"2026-01-{1 + chance.randrange(5):02}")
        talk = Subject(CONVERSATION, f"{user.id} {user.day} {chance.randrange(3)}")
        subjects = {CONVERSATION: talk, REQUEST: Subject(REQUEST, str(number))} | ({DAY: user} if users else {})
        found.append(Shown(draw(user, talk), subjects))
    return found


def test_who_keeps_to_the_format_is_known_by_it() -> None:
    assert drawn_by("s", shown(lambda user, _: gets_canary("s", user, 0.3)), 0.3) == (DAY, True)
    assert drawn_by("s", shown(lambda _, talk: gets_canary("s", talk, 0.3), users=False), 0.3) == (CONVERSATION, True)


def test_who_throws_coins_of_their_own_is_known_by_units_that_show_one_version() -> None:
    once: dict[Subject, bool] = {}
    chance = random.Random(2)
    assert drawn_by("s", shown(lambda user, _: once.setdefault(user, chance.random() < 0.3)), 0.3) == (DAY, False)
    assert drawn_by("s", shown(lambda _, talk: once.setdefault(talk, chance.random() < 0.3)), 0.3) == (CONVERSATION, False)


def test_who_draws_for_each_request_is_known_by_units_that_show_both() -> None:
    chance = random.Random(3)
    assert drawn_by("s", shown(lambda *_: chance.random() < 0.3), 0.3) == (REQUEST, False)
    assert drawn_by("s", shown(lambda *_: chance.random() < 0.1), 0.1) == (REQUEST, False)
    assert drawn_by("s", [], 0.3) == (REQUEST, False)


def test_a_few_records_that_a_reader_was_late_for_do_not_matter() -> None:
    chance = random.Random(4)
    late = shown(lambda user, _: gets_canary("s", user, 0.3) and chance.random() < 0.95)
    assert drawn_by("s", late, 0.3) == (DAY, True)
