"""The unchanged code against itself: real sessions, real git, real runs."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from autotune.core.ledger import stopping
from autotune.core.ledger.order import LOOK_RUNS
from autotune.core.model import Direction
from autotune.core.tell import advice
from autotune.edges import worktrees
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.experiment import healing, work
from autotune.loop.measure import calibrating
from autotune.loop.opening import opening
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Session

BENCHMARK = """\
test -s value || exit 1
printf x >> "$COUNT"
set -- $(wc -c < "$COUNT")
echo "METRIC t=$(($(cat value) + ($1 * 7919) % 5))"
"""
# A build that makes the second place slower: its folder's name says which place it is.
BUILD = 'case "$PWD" in */second*) echo 1200 > built ;; *) cp value built ;; esac'


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def project(tmp_path: Path, benchmark: str) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "value").write_text("1000\n")
    (folder / "autotune.sh").write_text(benchmark)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a project")
    return folder


def opened(folder: Path, tmp_path: Path, **settings: object) -> Session:
    """A session of the project; `count` is where its benchmark counts its runs."""
    given = {"name": "x", "metric": "t", "unit": "ms", "scope": ["value"], "env": {"COUNT": str(tmp_path / "count")}}
    return opening.open_session(opening.Request(folder, given | settings), lambda _: None)


def test_opening_says_what_the_baseline_shows(tmp_path: Path) -> None:
    session = opened(project(tmp_path, BENCHMARK), tmp_path)
    found = session.state.segment.calibrated
    assert found is not None
    assert found.runs == len(session.state.segment.baseline_runs)
    assert found.bias is None
    assert 0 < found.noise < 0.01
    assert found.mode == "race"


def test_calibrating_measures_the_code_set_up_twice_and_leaves_no_place_behind(tmp_path: Path) -> None:
    alike_in_pairs = BENCHMARK.replace("$1 * 7919", "($1 + 1) / 2 * 7919")  # so that no order of runs looks like a bias
    session = opened(project(tmp_path, alike_in_pairs), tmp_path)
    before = session.state
    with work.changing(session, "calibrate"):
        found = calibrating.calibrate(session, 6)
        session.append(found)
    assert found.runs == 14
    assert found.bias_pairs == 6
    assert found.min_effect is None
    assert session.state.segment.calibrated == found
    assert (session.state.segment.pool, session.state.segment.reference, session.state.count) == (
        before.segment.pool,
        before.segment.reference,
        before.count,
    )
    assert not (session.cache / "second").exists()
    assert all(tree.name != "second" for tree in worktrees.checked_out(session.repository))


def test_a_benchmark_that_prints_a_lot_is_told_to_print_less(tmp_path: Path) -> None:
    loud = BENCHMARK.replace("% 5", "% 500") + "head -c 2000000 /dev/zero\n"
    found = opened(project(tmp_path, loud), tmp_path).state.segment.calibrated
    assert found is not None
    assert found.output_bytes >= 2_000_000


@pytest.mark.nightly
def test_a_biased_build_asks_for_an_effect_above_it_and_apply_writes_it(tmp_path: Path) -> None:
    folder = project(tmp_path, BENCHMARK.replace("cat value", "cat built"))
    (folder / CONFIG_FILE).write_text('name = "x"\nmetric = "t"\ndirection = "lower"\nscope = ["value"]\nmin_effect = 0.01\n')
    with (folder / CONFIG_FILE).open("a") as file:
        file.write(f"prepare = '{BUILD.replace(chr(39), '')}'\n[env]\nCOUNT = '{tmp_path / 'count'}'\n")
    session = opened(folder, tmp_path)
    assert session.state.config.min_effect == 0.01
    with work.changing(session, "calibrate"):
        found = calibrating.calibrate(session, 6)
        session.append(found)
        assert calibrating.asks_for_more(session, found)
        assert calibrating.apply(session, found)
    assert found.min_effect == pytest.approx(0.2, abs=0.03)
    assert session.state.config.min_effect == found.min_effect
    assert f"min_effect = {found.min_effect:g}\n" in (folder / CONFIG_FILE).read_text()


def test_among_noisy_runs_no_bias_of_builds_is_looked_for(tmp_path: Path) -> None:
    noisy = BENCHMARK.replace("cat value", "cat built").replace("% 5", "% 600")
    session = opened(project(tmp_path, noisy), tmp_path, prepare=BUILD)
    found = session.state.segment.calibrated
    assert found is not None
    assert found.noise > 0.05
    assert found.bias is None
    assert session.state.config.min_effect == 0


@pytest.mark.nightly
def test_a_session_opens_with_an_effect_above_the_bias_of_its_builds(tmp_path: Path) -> None:
    session = opened(project(tmp_path, BENCHMARK.replace("cat value", "cat built")), tmp_path, prepare=BUILD)
    found = session.state.segment.calibrated
    assert found is not None
    assert found.bias is not None
    assert session.state.config.min_effect == found.min_effect
    assert session.state.policy.min_effect == pytest.approx(0.2, abs=0.03)
    assert session.state.metric.direction is Direction.LOWER


def test_in_the_checkout_there_is_no_second_place(tmp_path: Path) -> None:
    session = opened(project(tmp_path, BENCHMARK), tmp_path, in_place=True)
    with work.changing(session, "calibrate"):
        found = calibrating.calibrate(session, 6)
    assert (found.runs, found.bias) == (12, None)


def test_code_that_fails_cannot_be_calibrated(tmp_path: Path) -> None:
    folder = project(tmp_path, BENCHMARK + '[ "$1" -lt 12 ]\n')
    session = opened(folder, tmp_path)
    with work.changing(session, "calibrate"), pytest.raises(AutotuneError, match="The unchanged code fails"):
        calibrating.calibrate(session, 6)
    assert not (session.cache / "second").exists()


def after_ten(session: Session) -> None:
    """Let ten experiments have gone by."""
    session.state = replace(session.state, count=session.state.count + 10)


def test_in_economy_the_unchanged_code_is_run_afresh_every_ten_experiments(tmp_path: Path) -> None:
    session = opened(project(tmp_path, BENCHMARK), tmp_path, decision_mode="economy")
    reference = session.state.segment.reference
    assert stopping.next_action(session.state, now()) is None
    with work.held(session, "look"):
        after_ten(session)
        healing.advance(session)
    assert len(session.state.segment.reference) == len(reference) + LOOK_RUNS
    assert not session.state.look_is_due


def test_single_runs_are_compared_with_fresh_values_where_the_unchanged_code_has_moved(tmp_path: Path) -> None:
    moving = BENCHMARK.replace("cat value", 'cat value) + $(cat "$COUNT.more" || echo 0')
    session = opened(project(tmp_path, moving), tmp_path, decision_mode="economy")
    (tmp_path / "count.more").write_text("500\n")
    with work.held(session, "look"):
        after_ten(session)
        healing.advance(session)
    assert len(session.state.segment.reference) == LOOK_RUNS
    assert min(session.state.segment.reference) >= 1500


def test_a_race_needs_no_such_look(tmp_path: Path) -> None:
    session = opened(project(tmp_path, BENCHMARK), tmp_path)
    after_ten(session)
    assert not session.state.look_is_due


BY_SEED = """\
printf x >> "$COUNT"
set -- $(wc -c < "$COUNT")
echo "METRIC cost=0.5"
echo "METRIC t=$(($(cat value) + AUTOTUNE_SEED * 7919 % 313 + ($1 * 7919) % 5))"
"""
BY_CASE = """\
printf x >> "$COUNT"
set -- $(wc -c < "$COUNT")
while read -r case; do echo "METRIC t[$case]=$(($(cat value) * ${case#c} + ($1 * 7919 + ${case#c} * 31) % 5))"; done < "$AUTOTUNE_CASES"
"""


def test_with_seeds_pairs_are_held_against_each_other_and_their_price_is_told(tmp_path: Path) -> None:
    session = opened(project(tmp_path, BY_SEED), tmp_path, seeds=True, cost_metric="cost")
    with work.changing(session, "calibrate"):
        found = calibrating.calibrate(session, 8)
        session.append(found)
    assert found.by_pair is not None
    assert (found.by_pair.pairs, found.by_pair.cases, found.run_cost_usd) == (8, 0, 0.5)
    assert 0 < found.by_pair.noise < 0.01 < found.noise  # what a seed brings is in both runs of a pair
    told = advice.findings(found, session.state.metric, pairs_alone=True, most=40)
    assert any("$40" in one for one in told)
    assert advice.CANCELS not in told


def test_with_cases_it_says_whether_more_of_them_would_help(tmp_path: Path) -> None:
    cases = [f"c{number}" for number in range(1, 31)]
    session = opened(project(tmp_path, BY_CASE), tmp_path, cases=cases)
    with work.changing(session, "calibrate"):
        found = calibrating.calibrate(session, 8)
        session.append(found)
    assert found.by_pair is not None
    assert 6 <= found.by_pair.cases <= 8
    assert found.by_pair.more_cases is not None
    assert any("more cases would help" in one for one in advice.findings(found, session.state.metric, pairs_alone=True))
