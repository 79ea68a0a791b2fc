"""What the unchanged code of a session with seeds or cases shows, from its runs' lines, and the words of it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from tests.core.ledger.test_scored import ALIKE, made, opened
from tests.core.session import at, segment

from autotune.core.cases.drawing import Taken
from autotune.core.facts import quoted
from autotune.core.findings import Contradiction
from autotune.core.ledger.events import Calibrated, Ran
from autotune.core.ledger.fold import begin
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.replay import contradiction
from autotune.core.ledger.sight import by_pair, by_unit, sight
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Direction, Outcome
from autotune.core.tell import advice

Pairs = list[tuple[Ran, Ran]]


def of_scores(shared: float, pairs: int = 40, noise: float = 0.1) -> tuple[State, Pairs]:
    """A session of 200 cases, and pairs of its unchanged code's runs, eight cases each; one has no score in one run."""
    state, coin, found = opened(), random.Random(6), list[tuple[Ran, Ran]]()
    empty = made(state, Purpose.CALIBRATION, Arm.INCUMBENT, ALIKE)
    names = [f"t[{case.name}]" for case in state.segment.split.search]
    for number in range(pairs):
        some = [names[(8 * number + one) % len(names)] for one in range(8)]
        acts = [coin.gauss(0, shared) for _ in Arm]
        first, second = ({name: min(max(0.5 + act + coin.gauss(0, noise), 0.0), 1.0) for name in some} for act in acts)
        del first[some[0]]
        values = ({**one, "t": sum(one.values()) / len(one)} for one in (first, second))
        found.append((replace(empty, metrics=next(values)), replace(empty, arm=Arm.CANDIDATE, metrics=next(values))))
    return state, found


def calibrated(state: State, pairs: Pairs, cost_usd: float = 0.0) -> Calibrated:
    series = [[pair[arm].metrics["t"] for pair in pairs] for arm in (0, 1)]
    values = list(zip(*series, strict=True))[1:] if state.scores is None else []
    found = replace(sight(series, 8.0, state.metric.direction, values, timestamp=at(1)), run_cost_usd=cost_usd)
    return replace(found, by_pair=by_pair(state, pairs[1:]), by_unit=by_unit(state, pairs[1:], found))


@pytest.mark.parametrize(("shared", "taken"), [(0.0, Taken.CASE), (0.2, Taken.ONE_BY_ONE)])
def test_scores_say_what_counts_as_one_and_what_a_decision_takes(shared: float, taken: Taken) -> None:
    state, pairs = of_scores(shared)
    found = calibrated(state, pairs, cost_usd=0.5)
    assert found.by_pair is None
    assert found.by_unit is not None
    assert found.by_unit.taken is taken
    assert found.by_unit.noise == pytest.approx(0.14, abs=0.03)
    assert found.by_unit.units == len(state.segment.split.confirm)
    assert found.by_unit.size == pytest.approx(7, abs=0.1)
    assert found.by_unit.needed == pytest.approx(416.667, abs=0.01)
    told = advice.findings(found, state.metric, pairs_alone=True)
    assert any("$" in one for one in told)
    assert advice.CANCELS not in told
    runs = [run for pair in pairs for run in pair]
    assert contradiction(state, found, {Purpose.CALIBRATION: runs}, lambda state, _: state.policy) is None
    other = replace(found, by_unit=replace(found.by_unit, taken=Taken.BATCH))
    said = contradiction(state, other, {Purpose.CALIBRATION: runs}, lambda state, _: state.policy)
    assert said is not None
    assert said.kind is Contradiction.CALIBRATION_OTHERWISE


def test_a_mean_of_runs_and_cases_that_show_nothing_have_words_too() -> None:
    state, pairs = of_scores(0.0)
    found = calibrated(state, pairs)
    assert found.by_unit is not None
    of_runs = replace(found, by_unit=replace(found.by_unit, taken=Taken.BATCH, smallest=None, more_cases=None, repeats=None))
    *_, shown = (one for one in advice.findings(of_runs, state.metric, pairs_alone=True) if "four times in five" in one)
    assert shown.count("nothing") == 3


def test_few_pairs_and_runs_without_a_case_in_common_say_nothing() -> None:
    state, pairs = of_scores(0.0)
    found = calibrated(state, pairs)
    assert by_unit(state, pairs[:3], found) is None
    apart = [(replace(first, metrics={"t": 0.5}), second) for first, second in pairs]
    assert by_unit(state, apart, found) is None
    assert by_unit(begin(segment()), pairs, found) is None


def of_cases(shared: float, cases_count: str = "each alike") -> tuple[State, Pairs]:
    """A session of 30 cases of times, and pairs of its unchanged code's runs."""
    lines = [f"c{number}" for number in range(30)]
    state = opened(30)
    config = replace(state.config, score_range=None, direction=Direction.LOWER, cases_count=cases_count)
    state, coin, found = replace(state, config=config), random.Random(7), list[tuple[Ran, Ran]]()
    for number in range(40):
        some = [f"t[{lines[(8 * number + one) % 30]}]" for one in range(8)]
        runs = []
        for arm in (Arm.INCUMBENT, Arm.CANDIDATE):
            act = coin.gauss(0, shared)
            values = {name: 10.0 + act + coin.gauss(0, 0.1) for name in some}
            metrics = {**values, "t": sum(values.values()) / len(values)}
            runs.append(Ran(0, Purpose.CALIBRATION, arm, number, Outcome.OK, quoted(""), metrics, 1.0, at(1), "runs/x.log"))
        found.append((runs[0], runs[1]))
    return state, found


@pytest.mark.parametrize(("shared", "words"), [(0.0, "more cases would help: "), (0.5, "more cases would help little")])
def test_pairs_on_cases_say_whether_more_cases_would_help(shared: float, words: str) -> None:
    state, pairs = of_cases(shared)
    found = calibrated(state, pairs)
    assert found.by_unit is None
    assert found.by_pair is not None
    assert found.by_pair.cases == 8
    assert any(words in one for one in advice.findings(found, state.metric, pairs_alone=True))


def test_cases_that_count_in_total_and_pairs_that_never_differ_have_words_too() -> None:
    state, pairs = of_cases(0.1, cases_count="total")
    found = calibrated(state, pairs)
    assert found.by_pair is not None
    assert found.by_pair.more_cases is None
    few = replace(found, by_pair=replace(found.by_pair, cases=8))
    assert any("more pairs would help" in one for one in advice.findings(few, state.metric, pairs_alone=True))
    same = replace(found, by_pair=replace(found.by_pair, noise=0.0))
    assert any("never differed" in one for one in advice.findings(same, state.metric, pairs_alone=True))
    unit = replace(found, logs=False)
    assert any("standard deviation" in one for one in advice.findings(unit, state.metric, pairs_alone=True))
