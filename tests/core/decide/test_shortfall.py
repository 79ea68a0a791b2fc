"""What may be said of a candidate that is not kept: by its interval alone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core import rules
from autotune.core.decide.shortfall import Room, room_of_one, room_of_pairs, shortfall, times_as_noisy
from autotune.core.facts import REFUTING, Kind
from autotune.core.model import Verdict

WORTH = math.log1p(0.01)


def lower(share: float) -> float:
    """The gain of a metric that is lower by a share."""
    return -math.log1p(-share)


@pytest.mark.parametrize(
    ("room", "found"),
    [
        (Room(lower(0.017), lower(0.168)), (Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER)),
        (Room(lower(0.001), lower(0.103)), (Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER)),
        (Room(-0.01, 0.05), (Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER)),
        (Room(-0.02, 0.05), (Verdict.DISCARD, Kind.NOT_SHOWN)),
        (Room(-0.05, 0.02), (Verdict.DISCARD, Kind.NOT_SHOWN)),
        (Room(-0.05, 0.005), (Verdict.DISCARD, Kind.NOT_WORTH_HAVING)),
        (Room(0.001, 0.005), (Verdict.INCONCLUSIVE, Kind.LOOKS_BETTER)),  # small, but sure
        (Room(-0.05, -0.001), (Verdict.DISCARD, Kind.WORSE)),
        (Room(-math.inf, math.inf), (Verdict.DISCARD, Kind.NOT_SHOWN)),
    ],
)
def test_what_is_said_follows_from_the_interval(room: Room, found: tuple[Verdict, Kind]) -> None:
    assert shortfall(room, 0.0, WORTH) == found


def test_what_used_up_its_runs_while_it_looked_better_is_inconclusive_for_that() -> None:
    assert shortfall(Room(-0.01, 0.05), 0.0, WORTH, ended=Kind.RAN_OUT) == (Verdict.INCONCLUSIVE, Kind.RAN_OUT)
    assert shortfall(Room(-0.03, 0.05), 0.0, WORTH, ended=Kind.RAN_OUT, promising=True) == (Verdict.INCONCLUSIVE, Kind.RAN_OUT)
    assert shortfall(Room(-0.03, 0.05), 0.0, WORTH, ended=Kind.RAN_OUT) == (Verdict.DISCARD, Kind.NOT_SHOWN)


def test_noise_several_times_the_baselines_leaves_it_open_unless_the_runs_speak_against_it() -> None:
    assert shortfall(Room(-0.2, 0.2), 0.0, WORTH, noisier=3.0) == (Verdict.INCONCLUSIVE, Kind.TOO_NOISY)
    assert shortfall(Room(-0.2, 0.2), 0.0, WORTH, noisier=2.9) == (Verdict.DISCARD, Kind.NOT_SHOWN)
    assert shortfall(Room(-0.2, 0.04), 0.0, WORTH, noisier=9.0) == (Verdict.DISCARD, Kind.NOT_SHOWN)
    assert shortfall(Room(-0.2, -0.1), 0.0, WORTH, noisier=9.0) == (Verdict.DISCARD, Kind.WORSE)


@pytest.mark.parametrize(
    ("delta", "room", "found"),
    [
        (0.005, Room(0.001, 0.002), Kind.NOT_WORTH_HAVING),
        (0.05, Room(-0.04, -0.01), Kind.NOT_WORTH_HAVING),  # a gain, but below what is asked for
        (0.05, Room(-0.09, -0.06), Kind.WORSE),
        (0.05, Room(-0.04, 0.001), Kind.NOT_SHOWN),
        (0.005, Room(-0.04, 0.001), Kind.NOT_WORTH_HAVING),  # what is asked for is less than is worth having
        (-0.05, Room(-0.04, -0.01), Kind.WORSE),  # worse than is allowed
        (-0.05, Room(-0.04, 0.001), Kind.NOT_WITHIN_MARGIN),
    ],
)
def test_more_or_less_may_be_asked_for_than_a_gain(delta: float, room: Room, found: Kind) -> None:
    assert shortfall(room, delta, WORTH) == (Verdict.DISCARD, found)


gains = st.lists(st.one_of(st.floats(-0.5, 0.5), st.sampled_from([math.inf, -math.inf])), min_size=1, max_size=12)


@given(gains, st.floats(0, 0.2), st.floats(-0.1, 0.1), st.floats(1, 9), st.booleans())
def test_only_an_interval_that_leaves_no_room_for_a_gain_worth_having_refutes(
    found: list[float],
    sigma: float,
    delta: float,
    noisier: float,
    promising: bool,  # noqa: FBT001 - drawn
) -> None:
    room = room_of_pairs(found, sigma)
    assert room.low <= room.high
    verdict, kind = shortfall(room, delta, WORTH, noisier=noisier, promising=promising)
    no_room = room.high + delta < (max(WORTH, delta) if delta >= 0 else delta)
    assert (kind in REFUTING) == (no_room and not (room.low > 0 and delta <= 0))
    assert verdict is (Verdict.DISCARD if kind in {*REFUTING, Kind.NOT_SHOWN, Kind.NOT_WITHIN_MARGIN} else Verdict.INCONCLUSIVE)


@given(gains)
def test_where_no_noise_is_known_few_pairs_leave_room_for_anything(found: list[float]) -> None:
    room = room_of_pairs(found, 0.0)
    assert (room == Room(-math.inf, math.inf)) == (len(found) < 6)


def test_a_single_run_refutes_only_far_beyond_noise() -> None:
    assert shortfall(room_of_one(-0.3, 0.02), 0.0, WORTH) == (Verdict.DISCARD, Kind.WORSE)
    assert shortfall(room_of_one(-0.1, 0.02), 0.0, WORTH) == (Verdict.DISCARD, Kind.NOT_SHOWN)


def test_how_noisy_a_comparison_is_shows_from_two_pairs_on_and_by_older_rules_from_four() -> None:
    wild, older = [0.15, -0.12, 0.16, -0.18], rules.FEW_TELL_NOISE - 1
    assert min(times_as_noisy(wild, 0.02), times_as_noisy(wild, 0.02, older), times_as_noisy(wild[:3], 0.02)) > 3
    assert times_as_noisy(wild[:2], 0.02) == pytest.approx(0.27 / math.sqrt(2) / 0.02)
    assert times_as_noisy(wild[:3], 0.02, older) == times_as_noisy(wild[:1], 0.02) == times_as_noisy(wild, 0.0) == 1.0
    assert times_as_noisy([0.1] * 4, 0.02) == 1.0
    assert times_as_noisy([math.inf, 0.1, -0.1, 0.0], 0.02) > 3


def test_few_pairs_leave_the_room_that_their_own_noise_leaves() -> None:
    apart = [-0.4, 0.01]
    assert room_of_pairs(apart, 0.03).high == pytest.approx(-0.195 + 1.96 * 0.41 / 2)
    assert room_of_pairs(apart, 0.03, rules.FEW_TELL_NOISE - 1).high == pytest.approx(-0.195 + 5 * 1.96 * 0.03 / math.sqrt(2))
    assert room_of_pairs([-0.4, -0.399], 0.03).high == pytest.approx(-0.3995 + 5 * 1.96 * 0.03 / math.sqrt(2))
