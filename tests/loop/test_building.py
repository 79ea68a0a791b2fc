"""What is built once a comparison: real sessions, real git, real runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from autotune.core import rules
from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm
from autotune.core.tell import advice, headline
from autotune.core.tell import explain as explaining
from autotune.core.tell.advice import NOT_BY_BUILDS
from autotune.core.tell.verdicts import BUILT_ONCE
from autotune.core.tell.words import told
from autotune.edges import commits
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.experiment import experiment, work
from autotune.loop.inspect import auditing
from autotune.loop.measure import calibrating, claiming
from autotune.loop.measure.places import bench_for
from autotune.loop.opening import opening
from autotune.loop.session.session import Session

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

BUILD = 'printf x >> "$COUNT"; mkdir -p out; cp value out/built'
BENCHMARK = 'test -s value || exit 1\necho "METRIC t=$(cat out/built)"\n'


def run_git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


@pytest.fixture
def count(tmp_path: Path) -> Path:
    """A file with a letter for each build."""
    return tmp_path / "count"


def opened(tmp_path: Path, benchmark: str = BENCHMARK, prepare: str = BUILD, **settings: object) -> Session:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "autotune.toml").write_text("busy_wait_s = 0\n")
    run_git(folder, "init", "-q")
    (folder / "value").write_text("100\n")
    (folder / "autotune.sh").write_text(benchmark)
    run_git(folder, "add", ".")
    run_git(folder, "commit", "-q", "-m", "a project")
    given = {"name": "x", "metric": "t", "scope": ["value"], "env": {"COUNT": str(tmp_path / "count")}, "prepare": prepare, "timed": False}
    said = given | {"build_once": True} | settings
    return opening.open_session(opening.Request(folder, {key: value for key, value in said.items() if value is not None}), lambda _: None)


def tried(session: Session, value: str) -> Fact:
    """The reason of the verdict on a value."""
    (session.workdir / "value").write_text(value)
    experiment.measure(session, 60.0, settles=True, description="another value")
    session.refresh()
    return session.state.recent.rows[-1].reason


def test_each_side_is_built_once_a_comparison_and_a_keep_waits_for_fresh_builds(tmp_path: Path, count: Path) -> None:
    session = opened(tmp_path)
    before = len(count.read_text())
    said = "10.0 % lower, the same in both runs of a benchmark that repeats exactly"
    assert told(tried(session, "90\n")) == f"kept, unconfirmed: {said}, {BUILT_ONCE}"
    assert len(count.read_text()) == before + 2
    assert (session.state.keeps, session.state.confirmed) == (1, 0)
    assert "Autotune-Confirmed: no" in commits.message(session.top, session.state.incumbent).splitlines()
    assert BUILT_ONCE in str(explaining.explain(session.state, now()).decision)
    assert tried(session, "95\n").kind is Kind.WORSE

    before = len(count.read_text())
    with work.changing(session, "confirm"):
        session.append(claiming.confirm(session, 1))
    assert len(count.read_text()) == before + 4
    assert session.state.recent.kept[-1].confirmed
    assert session.state.calibration.keeps == 0
    assert not auditing.audit(session.repository, session.folder)


def test_a_long_prepare_goes_on_before_every_run_unless_a_person_says_otherwise(tmp_path: Path, count: Path) -> None:
    session = opened(tmp_path, prepare=f"{BUILD}; sleep 1.1", build_once=None, decision_mode="once")
    assert not session.state.config.build_once
    found = session.state.segment.calibrated
    assert found is not None
    assert found.prepare_s > found.run_s
    assert any("build_once = true" in line for line in advice.advice(found, session.state.config))
    before = len(count.read_text())
    assert tried(session, "90\n").kind is Kind.BETTER_ONCE
    assert len(count.read_text()) == before + 1


def test_a_segment_that_is_older_than_the_label_goes_on_without_it_and_still_agrees_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(rules, "NEWEST", rules.LABELS_BUILT_ONCE - 1)
        session = opened(tmp_path)
    assert told(tried(session, "90\n")) == "kept: 10.0 % lower, the same in all 3 runs of a benchmark that repeats exactly"
    assert not auditing.audit(session.repository, session.folder)
    assert NOT_BY_BUILDS in headline.decision_mode(session.state)


def test_a_target_is_checked_with_fresh_builds(tmp_path: Path, count: Path) -> None:
    session = opened(tmp_path, target=90)
    before = len(count.read_text())
    tried(session, "90\n")
    assert len(count.read_text()) == before + 2 + 3 + 4  # and a claim
    assert session.state.segment.target_reached


@pytest.mark.parametrize("build_once", [True, False])
def test_checks_find_what_prepare_has_built(tmp_path: Path, *, build_once: bool) -> None:
    settings: dict[str, object] = {"checks": "cmp value out/x", "build_once": build_once}
    session = opened(tmp_path, 'echo "METRIC t=$(cat value)"\n', "mkdir -p out; cp value out/x", **settings)
    tried(session, "90\n")
    assert session.state.keeps == 1


def test_without_it_every_run_is_built_anew(tmp_path: Path, count: Path) -> None:
    session = opened(tmp_path, prepare=f"{BUILD}; sleep 0.02", build_once=False)
    before = len(count.read_text())
    tried(session, "90\n")
    assert len(count.read_text()) == before + 3


def test_a_build_that_a_run_has_touched_is_made_anew(tmp_path: Path, count: Path) -> None:
    session = opened(tmp_path, BENCHMARK + "echo 1 > out/built; touch -t 200101010000 out/built\n")
    before = len(count.read_text())
    assert tried(session, "90\n").kind is Kind.BETTER_BUILT_ONCE
    assert len(count.read_text()) == before + 3


def test_a_build_that_replaces_tracked_files_is_made_anew(tmp_path: Path, count: Path) -> None:
    session = opened(tmp_path, prepare=f"{BUILD}; echo built >> autotune.md; echo >> value")
    before = len(count.read_text())
    tried(session, "90\n")
    assert len(count.read_text()) == before + 3


def test_a_build_that_lies_outside_of_the_working_tree_is_refused_when_the_session_opens(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    benchmark = f'echo "METRIC t=$(wc -c < {outside})"\n'
    with pytest.raises(AutotuneError, match="the build of the unchanged code is no longer right") as refused:
        opened(tmp_path, benchmark, f"mkdir -p out; touch out/x; cp value {outside}")
    assert "take build_once out" in refused.value.hint


def test_two_builds_of_the_same_code_are_measured_against_each_other_when_it_is_calibrated(tmp_path: Path, count: Path) -> None:
    session = opened(tmp_path, BENCHMARK.replace("cat out/built", "($(cat out/built) + $$ % 5)"))
    before = len(count.read_text())
    with work.changing(session, "calibrate"):
        found = calibrating.calibrate(session, 6)
    assert len(count.read_text()) == before + 2
    assert found.bias is not None
    assert found.min_effect is not None
    assert not (session.cache / "second").exists()


def test_a_tree_that_was_left_behind_is_not_taken_for_a_build(tmp_path: Path) -> None:
    session = opened(tmp_path)
    stale = session.cache / f"measure-{Arm.CANDIDATE}"
    stale.mkdir(exist_ok=True)
    (stale / "value").write_text("1\n")
    assert tried(session, "110\n").kind is Kind.WORSE


def test_a_kill_between_two_trees_costs_nothing_but_a_new_place(tmp_path: Path) -> None:
    session = opened(tmp_path)
    (session.cache / "measure").rename(session.cache / f"measure-{Arm.INCUMBENT}")
    assert tried(session, "90\n").kind is Kind.BETTER_BUILT_ONCE


def test_in_the_checkout_nothing_is_kept(tmp_path: Path) -> None:
    session = opened(tmp_path, in_place=True)
    with work.changing(session, "test"):
        assert bench_for(session, None).builds is None
