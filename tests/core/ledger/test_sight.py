"""What an unchanged state's values are said to show."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from autotune.core.config.model import Config
from autotune.core.config.reading import parse
from autotune.core.ledger import sight as seeing
from autotune.core.ledger.events import Calibrated
from autotune.core.ledger.sight import Blind, blind, by_spread, sight
from autotune.core.model import DecisionMode, Direction, Effect, Metric
from autotune.core.stats.drift import Drift
from autotune.core.tell import advice
from autotune.core.tell.advice import drift_words, findings

METRIC = Metric("t", "s", Direction.LOWER)
CONFIG = parse({"name": "x", "metric": "t", "direction": "lower"})


def noisy(count: int, seed: int, *, centre: float = 100.0, sd: float = 0.01) -> list[float]:
    coin = random.Random(seed)
    return [centre * math.exp(coin.gauss(0, sd)) for _ in range(count)]


def test_the_noise_floor_of_a_run_is_found_and_what_it_lets_be_seen() -> None:
    found = sight([noisy(400, 1)], 1.0, Direction.LOWER)
    assert found.noise == pytest.approx(0.01, rel=0.15)
    assert found.few > found.many > found.noise
    assert found.mode is DecisionMode.RACE
    assert findings(found, METRIC)[0].startswith("noise floor of a single run: ")
    told = findings(found, METRIC, pairs_alone=True)
    assert advice.CANCELS in told
    assert not any("a typical candidate" in line for line in told)


def test_a_benchmark_that_repeats_exactly_needs_one_run() -> None:
    found = sight([[5.0] * 8], 1.0, Direction.LOWER, exact=True)
    assert (found.noise, found.few, found.min_effect, found.warm_up, found.coarse) == (0.0, 0.0, None, None, False)
    assert findings(found, METRIC)[:2] == ("t was the same in all 8 runs, so one run tells whether a change is better", advice.REPEATS)
    assert advice.FIXED_SEED.format(seeded="a.py:1 `seed = 1`") in findings(replace(found, seeded=("a.py:1 `seed = 1`",)), METRIC)


def test_one_run_shows_no_noise_and_is_not_said_to_repeat() -> None:
    found = sight([[5.0]], 200.0, Direction.LOWER)
    assert found.mode is DecisionMode.ONCE
    assert findings(found, METRIC)[0] == "t was measured once, so its noise is not known"


def test_values_that_are_not_positive_are_compared_as_they_are() -> None:
    found = sight([[-1.0, 0.0, -1.0, 0.0, -1.0, 0.0]], 1.0, Direction.LOWER)
    assert not found.logs
    assert found.noise == pytest.approx(1.4826 / math.sqrt(2))
    assert "s (6 runs" in findings(found, METRIC)[0]


@pytest.mark.parametrize("direction", Direction)
def test_a_first_run_that_is_worse_in_every_place_is_a_warm_up(direction: Direction) -> None:
    factor = 1.3 if direction is Direction.LOWER else 1 / 1.3
    series = [[100 * factor, *noisy(20, seed)] for seed in (1, 2)]
    found = sight(series, 1.0, direction)
    assert found.warm_up == pytest.approx(0.3, abs=0.03)
    assert any("first run after a fresh build" in line for line in findings(found, METRIC))
    assert any("before it takes the time" in line for line in advice.advice(found, CONFIG))
    assert sight([series[0], noisy(21, 3)], 1.0, direction).warm_up is None


def test_a_place_that_is_faster_asks_for_an_effect_above_its_bias() -> None:
    pairs = list(zip(noisy(20, 1), noisy(20, 2, centre=97.0), strict=True))
    found = sight([[first for first, _ in pairs], [second for _, second in pairs]], 1.0, Direction.LOWER, pairs)
    assert found.bias is not None
    assert found.min_effect is not None
    assert found.min_effect >= 1 / found.bias.low - 1 > 1 / found.bias.estimate - 1
    assert found.min_effect < 0.05
    assert f"min_effect = {found.min_effect:g} is above that bias, so the bias cannot pass for a gain" in findings(found, METRIC)


def test_two_places_alike_ask_for_nothing() -> None:
    pairs = list(zip(noisy(20, 1), noisy(20, 2), strict=True))
    found = sight([[first for first, _ in pairs], [second for _, second in pairs]], 1.0, Direction.LOWER, pairs)
    assert found.min_effect is None
    assert any("no bias of a build or place was seen" in line for line in findings(found, METRIC))


def test_two_builds_that_are_compared_for_long_ask_for_more_than_they_may_differ_by() -> None:
    pairs = list(zip(noisy(20, 1), noisy(20, 2), strict=True))
    series = [[first for first, _ in pairs], [second for _, second in pairs]]
    found = sight(series, 1.0, Direction.LOWER, pairs, build_once=True)
    assert found.bias is not None
    assert found.min_effect is not None
    assert found.min_effect >= max(found.bias.high, 1 / found.bias.low) - 1
    assert any("is above the difference of these two builds (build_once)" in line for line in findings(found, METRIC))
    assert sight([[1.0] * 7, [1.0] * 7], 1.0, Direction.LOWER, [(1.0, 1.0)] * 7, build_once=True).min_effect is None
    assert "not exact" in findings(found, METRIC)[-1]
    assert "(exact)" not in findings(found, METRIC)[-1]
    unknown = sight([noisy(8, 1)], 1.0, Direction.LOWER, build_once=True)
    assert any("nothing is known about how far two builds of the same code differ" in line for line in findings(unknown, METRIC))


def test_fewer_than_six_pairs_say_nothing_of_a_bias() -> None:
    assert sight([[1.0, 2.0, 1.5]], 1.0, Direction.LOWER, [(1.0, 2.0)] * 5).bias is None


def test_long_runs_are_for_economy() -> None:
    found = sight([noisy(8, 1)], 600.0, Direction.LOWER)
    assert found.mode is DecisionMode.ECONOMY
    assert findings(found, METRIC)[-1].startswith("recommended decision mode: economy, calibrated and not exact (a run takes 10 min")


SEEN = Calibrated(logs=True, runs=40, run_s=1.0, noise=0.1, few=0.2, many=0.15, mode=DecisionMode.RACE, timestamp="")


@pytest.mark.parametrize(
    ("found", "config", "more", "words"),
    [
        (SEEN, CONFIG, {}, "several times a run"),
        (replace(SEEN, run_s=0.01), CONFIG, {}, "more to do"),
        (SEEN, replace(CONFIG, metric="autotune.wall_s"), {}, "autotune.user_s"),
        (SEEN, CONFIG, {"busy": 0.9}, "others use 90 % of all cores"),
        (SEEN, CONFIG, {"output_bytes": 3_200_000}, "print less: a run prints 3.2 MB"),
        (replace(SEEN, prepare_s=30.0), CONFIG, {}, "`prepare` takes 30 s before each run"),
    ],
)
def test_advice_follows_from_what_was_found(found: Calibrated, config: Config, more: dict[str, Any], words: str) -> None:
    assert any(words in line for line in advice.advice(replace(found, **more), config))


@pytest.mark.parametrize("run_s", [0.01, 1.0])
def test_a_command_that_is_measured_from_outside_is_not_told_to_print(run_s: float) -> None:
    outside = advice.advice(replace(SEEN, run_s=run_s), replace(CONFIG, metric="autotune.cpu_s"))
    assert not any("print" in line for line in outside)
    assert any("print the sum or the mean" in line for line in advice.advice(replace(SEEN, run_s=run_s), CONFIG))


def test_what_an_experiment_costs_includes_what_is_not_timed() -> None:
    assert "9 runs (9 s), one that is kept 16 to 26 (16 s to 26 s)" in findings(SEEN, METRIC)[2]
    assert "9 runs (5.2 min)" in findings(replace(SEEN, run_s=5.0, prepare_s=30.0), METRIC)[2]
    assert "1 run (35 s)" in findings(replace(SEEN, noise=0.0, run_s=5.0, prepare_s=30.0), METRIC)[2]


def test_no_gain_of_more_than_all_of_it_is_named() -> None:
    lower, higher = (findings(replace(SEEN, few=3.6, many=0.786), replace(METRIC, direction=way))[1] for way in Direction)
    assert "78 % with 20 pairs, 44 % with 40" in lower
    assert "a factor of 4.6 with 20 pairs, 79 % with 40" in higher


def test_who_builds_once_is_not_told_to() -> None:
    assert any("build_once" in line for line in advice.advice(replace(SEEN, prepare_s=30.0), CONFIG))
    assert not any("build_once" in line for line in advice.advice(replace(SEEN, prepare_s=30.0, build_once=True), CONFIG))


def test_the_sentences_of_an_older_version_are_told_as_they_are() -> None:
    older = replace(SEEN, findings=("quiet",), advice=("none",))
    assert (findings(older, METRIC), advice.advice(older, CONFIG)) == (("quiet",), ("none",))


def test_a_tool_that_repeats_by_itself_is_told_to_repeat_more() -> None:
    told = advice.advice(replace(SEEN, noise=0.1), replace(CONFIG, read="go"))
    assert any("let the tool repeat more often" in line for line in told)
    assert not any("print the best" in line for line in told)


def test_a_calm_benchmark_needs_no_advice() -> None:
    assert advice.advice(replace(SEEN, noise=0.005, run_s=0.01, busy=0.9, output_bytes=9_000_000), CONFIG) == ()


def test_a_drift_is_said_with_what_it_changes() -> None:
    drift = Drift(-5.04, flagged=True)
    assert str(drift_words(drift, DecisionMode.RACE)).startswith("values of the unchanged code drift (rank von Neumann test, z = -5.0), so")
    assert "every candidate begins with a pair" in str(drift_words(drift, DecisionMode.ECONOMY))
    assert "a drift can pass for a gain" in str(drift_words(drift, DecisionMode.ONCE))
    assert drift_words(Drift(-1.0, flagged=False), DecisionMode.RACE) is None
    assert drift_words(None, DecisionMode.RACE) is None


def test_a_bias_that_may_be_none_is_none() -> None:
    assert not seeing.is_seen(Effect(1.01, 0.99, 1.03))
    assert seeing.is_seen(Effect(1.02, 1.01, 1.03))
    assert seeing._above(Effect(1.02, 1.01, 1.03)) == pytest.approx(0.03)
    assert seeing._above(Effect(-2.0, -3.01, -1.0, relative=False)) == pytest.approx(3.1)


def found_of(*values: float, run_s: float = 1.0, timed: bool = True, exact: bool = False) -> Calibrated:
    return replace(sight([values], run_s, Direction.LOWER, exact=exact), timed=timed)


def test_a_noisy_metric_with_a_calm_second_witness_is_not_turned_away() -> None:
    loud = found_of(*noisy(8, 1, sd=0.5))
    assert [blind(loud, 1.0, noise) for noise in (0.05, 0.3)] == [None, Blind.NOISY]
    assert blind(found_of(*[3.0] * 8), 1.0, 0.05) is Blind.COARSE


@pytest.mark.parametrize(
    ("found", "work_s", "why"),
    [
        (found_of(*noisy(8, 1, sd=0.01)), 1.0, None),
        (found_of(*noisy(8, 1, sd=0.01)), 0.001, None),
        (found_of(*noisy(8, 1, sd=0.5)), 1.0, Blind.NOISY),
        (found_of(*noisy(8, 1, sd=0.5), timed=False), 1.0, Blind.NOISY),
        (found_of(*noisy(8, 1, sd=0.1)), 0.001, Blind.SHORT),
        (found_of(*noisy(8, 1, sd=0.1), timed=False), 0.001, None),
        (found_of(*[3.0] * 8), 1.0, Blind.COARSE),
        (found_of(*[345.0] * 8), 1.0, None),
        (found_of(*[0.0] * 8), 1.0, Blind.COARSE),
        (found_of(*[3.0] * 8, timed=False, exact=True), 1.0, None),
        (found_of(-5.0, 5.0, -5.0, 5.0), 1.0, None),
        (found_of(5.0), 1.0, None),
    ],
)
def test_a_benchmark_is_blind_that_is_coarse_or_noisy_or_too_short_to_be_calm(found: Calibrated, work_s: float, why: Blind | None) -> None:
    assert blind(found, work_s) is why
    if why is not None:
        what, hint = advice.blindness(found, METRIC, 3.0, why)
        assert what.endswith(".")
        assert "--anyway" in hint


def test_where_lower_is_better_than_nothing_a_step_that_fails_unseen_is_suspected() -> None:
    what, hint = advice.blindness(found_of(*[0.0] * 3, timed=False, exact=True), METRIC, 0.0, Blind.ZERO)
    assert "0" in what
    assert "set -e" in hint


def test_who_waits_for_nothing_is_told_of_processor_time_too() -> None:
    wall = Metric("autotune.wall_s", "s", Direction.LOWER)
    assert "autotune.user_s" in advice.blindness(found_of(*noisy(8, 1, sd=0.5)), wall, 3.0, Blind.NOISY)[1]


@pytest.mark.parametrize(("busy", "told"), [(None, False), (0.1, False), (0.9, True)])
def test_where_the_machine_is_busy_a_quieter_hour_is_proposed_first(busy: float | None, *, told: bool) -> None:
    found = replace(found_of(*noisy(8, 1, sd=0.5)), busy=busy)
    assert advice.blindness(found, METRIC, 3.0, Blind.NOISY)[1].startswith("use a quieter machine") is told


def test_the_spread_of_a_few_runs_is_told_without_the_one_that_lies_farthest_out() -> None:
    values = [*noisy(7, 1, sd=0.02), 1000.0]
    assert by_spread(found_of(*values), values).noise < 0.05
    lucky = [100.0, 100.1, 130.0, 130.1, 70.0, 70.1, 100.0, 100.1]  # whose successive values are often alike
    assert by_spread(found_of(*lucky), lucky).noise > 0.2 > found_of(*lucky).noise
    assert by_spread(found_of(*lucky), lucky).few > found_of(*lucky).few
    for few in ([100.0, 110.0, 120.0, 90.0], [1.0, -1.0, 2.0, 3.0, 4.0], [3.0] * 8):
        assert by_spread(found_of(*few), few) == found_of(*few)


def test_it_is_said_whether_time_is_measured_where_that_is_known() -> None:
    counted = found_of(*[12.0] * 3, timed=False, exact=True)
    assert advice.EXACT in findings(counted, METRIC)
    assert "a candidate costs 1 run (1 s), or 3 if it is kept" in findings(counted, METRIC)
    assert advice.UNTIMED in findings(found_of(12.0, 13.0, 12.5, timed=False), METRIC)
    assert advice.TIMED in findings(found_of(12.0, 13.0, 12.5), METRIC)
    assert advice.TIMED + advice.IF_NO_TIME in findings(found_of(12.0, 13.0, 12.5), Metric("val_loss", "", Direction.LOWER))
    assert not {advice.TIMED, advice.UNTIMED, advice.EXACT}.intersection(findings(SEEN, METRIC))
    coarse = findings(found_of(*[345.0] * 8), METRIC)
    assert advice.COARSE in coarse[0]
    assert "of the last digit" in coarse[1]
