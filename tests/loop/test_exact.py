"""What repeats exactly, what is not timed, and what is too blind to be opened: builds are counted, and so is who waits."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autotune.core.config.reading import parse_toml
from autotune.core.facts import AnyKind, Fact, Kind, quoted
from autotune.core.ledger.sight import NOISY
from autotune.core.model import Verdict
from autotune.edges import locks
from autotune.errors import AutotuneError
from autotune.loop.experiment import experiment, healing, segments, work
from autotune.loop.inspect import auditing
from autotune.loop.measure import calibrating, claiming
from autotune.loop.opening import clearing, opening, rehearsing
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Session

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

BENCHMARK = 'printf x >> "$COUNT"\necho "METRIC size=$(cat built)"\n'
BUILD = 'printf b >> "$COUNT"; cat value other > built'


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def project(tmp_path: Path, benchmark: str = BENCHMARK, **files: str) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q")
    for name, text in {"value": "12", "other": "345\n", "autotune.sh": benchmark, **files}.items():
        (folder / name).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a project")
    return folder


def opened(folder: Path, said: list[Fact] | None = None, **settings: Any) -> Session:  # noqa: ANN401 - each key has its own type
    """A session; `anyway` among the settings opens one on a benchmark that sees next to nothing."""
    anyway = settings.pop("anyway", False)
    given = {"name": "x", "metric": "size", "unit": "bytes", "scope": ["value"], "prepare": BUILD, "busy_wait_s": 0}
    given |= {"env": {"COUNT": str(folder.parent / "count")}}
    kept = {key: value for key, value in (given | settings).items() if value is not None}
    return opening.open_session(opening.Request(folder, kept, anyway=anyway), (said if said is not None else list[Fact]()).append)


def builds(folder: Path) -> int:
    """How many builds there were since this was asked last."""
    path = folder.parent / "count"
    made = path.read_text().count("b") if path.exists() else 0
    path.write_text("")
    return made


def tried(session: Session, value: str) -> AnyKind:
    (session.workdir / "value").write_text(value)
    experiment.measure(session, 60.0, settles=True, description="another value")
    session.refresh()
    return session.state.recent.rows[-1].reason.kind


@pytest.mark.parametrize("checks", ["", "test -s built"])
def test_a_bundle_costs_a_handful_of_builds_from_its_opening_to_its_claim(tmp_path: Path, checks: str) -> None:
    folder, checked = project(tmp_path), 1 if checks else 0
    session = opened(folder, checks=checks)
    assert builds(folder) == 3 + 1 + checked  # the sandbox, which is offered by one more where there are no checks, writes nothing there
    assert (session.state.exact, session.state.timed) == (True, False)
    assert session.state.segment.calibrated is not None
    assert session.state.segment.calibrated.exact

    assert tried(session, "13") is Kind.WORSE
    assert tried(session, "012") is Kind.NO_GAIN
    assert builds(folder) == 2
    assert tried(session, "11") is Kind.BETTER_EXACTLY
    assert builds(folder) == 3 + checked
    assert session.state.recent.kept[-1].confirmed

    with work.changing(session, "confirm"):
        for claim in (claiming.claim, lambda here: claiming.confirm(here, 3)):
            claimed = claim(session)
            session.append(claimed)
            assert (claimed.improved, claimed.pairs) == (True, 2)
            assert claimed.reason.figures["exact"]
            assert builds(folder) == 4
    assert not auditing.audit(session.repository, session.folder)


def test_a_claim_whose_runs_differ_takes_the_usual_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "PAIRS", 6)
    folder = project(tmp_path)
    session = opened(folder)
    tried(session, "11")
    noisy = replace(session.state.config, env={"COUNT": str(tmp_path / "count"), "NOISE": "on"})
    session.state = replace(session.state, config=replace(noisy, benchmark=f"{BENCHMARK}echo METRIC size=$(($(cat built) + $$ % 7))"))
    with work.held(session, "confirm"):
        claimed = claiming.claim(session)
    assert claimed.pairs == 6
    assert "exact" not in claimed.reason.figures


def test_of_an_exact_benchmark_any_difference_proves_that_the_files_are_measured(tmp_path: Path) -> None:
    folder = project(tmp_path, 'echo "METRIC size=$((100000 + $(cat value | wc -c)))"\n', value="x" * 50)
    assert opened(folder, prepare=None).state.segment.baseline == 100050


def test_what_is_not_timed_does_not_take_the_machine(tmp_path: Path) -> None:
    folder = project(tmp_path)
    with locks.hold(locks.measuring_lock(), "another session"):
        session = opened(folder)
        assert tried(session, "11") is Kind.BETTER_EXACTLY
        with work.changing(session, "confirm"):
            assert claiming.claim(session).improved
        healing._diagnose(session)


def test_a_benchmark_that_becomes_a_time_takes_the_machine_to_be_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = opened(project(tmp_path), timed=False)
    held: list[object] = []

    def rehearsed(*_: object) -> Fact:
        held.append(locks.holder(locks.measuring_lock()))
        return quoted("no")

    monkeypatch.setattr(rehearsing, "rehearse_again", rehearsed)
    path = session.workdir / CONFIG_FILE
    path.write_text(path.read_text().replace("timed = false", "timed = true"))
    with pytest.raises(AutotuneError):
        segments.accept(session)
    assert held[0] is not None


# What is found too blind

TIMED = 'printf x >> "$COUNT"\nset -- $(wc -c < "$COUNT")\n'


@pytest.mark.parametrize(
    ("benchmark", "unit", "said"),
    [
        (f'{TIMED}echo "METRIC size=0.$((1 + $1 % 2))00$(cat value)"\n', "s", "too noisy"),
        (f'{TIMED}echo "METRIC size=0.0$((10 + 2 * ($1 % 2)))$(cat value)"\n', "s", "too short a time"),
        ('echo "METRIC size=$(($(cat value) / 4))"\n', "ms", "too few digits"),
        ('echo "METRIC size=0.0"\n', "s", "too few digits"),
        ('echo "METRIC size=0"\n', "bytes", "nothing to gain"),
        ('echo "METRIC size=0"\n', "", "nothing to gain"),
    ],
)
def test_a_benchmark_that_sees_next_to_nothing_is_opened_only_when_told_to(tmp_path: Path, benchmark: str, unit: str, said: str) -> None:
    folder = project(tmp_path, f"test -s value || exit 1\n{benchmark}")
    with pytest.raises(AutotuneError, match=said) as refused:
        opened(folder, unit=unit, prepare=None)
    assert "--anyway" in refused.value.hint
    assert not (folder / CONFIG_FILE).exists()
    assert opened(folder, unit=unit, prepare=None, anyway=True).state.opened


def test_the_mean_of_many_times_may_be_as_short_as_it_is(tmp_path: Path) -> None:
    """A run that prints it has timed all of them."""
    benchmark = f'test -s value || exit 1\nsleep 0.1\n{TIMED}echo "METRIC mean_ms=0.0$((100 + 20 * ($1 % 2)))$(cat value)"\n'
    session = opened(project(tmp_path, benchmark), metric="mean_ms", unit="ms", prepare=None)
    found = session.state.segment.calibrated
    assert found is not None
    assert found.noise > NOISY


@pytest.mark.parametrize(("unit", "exact"), [("points", False), ("", True)])
def test_a_number_that_is_not_said_to_be_a_time_is_not_turned_away_for_its_digits(tmp_path: Path, unit: str, *, exact: bool) -> None:
    text = 'test -s value || exit 1\necho "METRIC score=$(cat value)000"\n'  # a time of 12 s would not fit into a run
    found = opened(project(tmp_path, text), metric="score", unit=unit, prepare=None).state.segment.calibrated
    assert found is not None
    assert (found.coarse, found.exact, found.timed) == (not exact, exact, not exact)


# What calibration found

SLOWER = 'case "$PWD" in */second*) echo 1200 > built ;; *) cp value built ;; esac'
VARYING = 'test -s value || exit 1\nprintf x >> "$COUNT"\nset -- $(wc -c < "$COUNT")\necho "METRIC t=$(($(cat built) + ($1 * 7919) % 5))"\n'


def biased(tmp_path: Path, said: list[Fact] | None = None, **settings: Any) -> Session:  # noqa: ANN401 - the same
    """A session whose second build of the same code is slower."""
    return opened(project(tmp_path, VARYING, value="1000\n"), said, metric="t", unit="ms", prepare=SLOWER, **settings)


def loud(said: list[Fact]) -> list[float]:
    return [fact.figures["min_effect"] for fact in said if fact.kind is Kind.MIN_EFFECT_SET]


def test_what_calibration_writes_is_its_own_said_loudly_and_does_not_outlive_its_benchmark(tmp_path: Path) -> None:
    said: list[Fact] = []
    session = biased(tmp_path, said)
    least = session.state.config.min_effect
    assert least == pytest.approx(0.2, abs=0.03)
    assert session.state.config.min_effect_is_found
    assert loud(said) == [least]
    path = session.workdir / CONFIG_FILE
    written = parse_toml(path.read_text())
    assert (written.min_effect, written.min_effect_found) == (least, least)

    calibrating.warn(session)
    assert loud(said) == [least, least]

    path.write_text(path.read_text().replace("*/second*) echo 1200 > built", "*/second*) cp value built"))
    segments.accept(session)
    session.refresh()
    assert session.state.config.min_effect == parse_toml(path.read_text()).min_effect < 0.05
    with work.changing(session, "note"):
        pass  # the file is in force as it is


def test_what_calibration_wrote_is_not_read_by_the_next_session_and_what_a_person_wrote_is(tmp_path: Path) -> None:
    session = biased(tmp_path)
    folder = session.workdir
    for mine in (False, True):
        path = folder / CONFIG_FILE
        if mine:
            with work.held(session, "config set"):
                text = path.read_text().replace(f"min_effect = {session.state.config.min_effect:g}\n", "min_effect = 0.03\n")
                path.write_text(text)
        clearing.clear(session, clearing.doomed(session, refs=True))
        git(folder, "switch", "-q", session.state.segment.opened.started_on)
        git(folder, "branch", "-D", session.branch)
        text = path.read_text().replace("*/second*) echo 1200 > built", "*/second*) cp value built")
        path.write_text(text)
        session = opening.open_session(opening.Request(folder, {}), lambda _: None)
        assert session.state.config.min_effect == pytest.approx(0.03 if mine else 0.0, abs=0.02 if not mine else 0)


def test_a_person_who_asks_for_less_is_not_overruled_at_the_opening(tmp_path: Path) -> None:
    session = biased(tmp_path, min_effect=0.01)
    assert session.state.config.min_effect == 0.01
    assert not session.state.config.min_effect_is_found


def test_calibrating_anew_takes_back_what_it_wrote(tmp_path: Path) -> None:
    session = biased(tmp_path)
    found = session.state.segment.calibrated
    assert found is not None
    with work.changing(session, "calibrate"):
        assert not calibrating.apply(session, found)
        assert calibrating.apply(session, replace(found, min_effect=None))
    assert session.state.config.min_effect == 0.0
    assert session.state.config.min_effect_is_found


def test_a_keep_of_an_exact_benchmark_stands_against_the_log(tmp_path: Path) -> None:
    folder = project(tmp_path, 'test -s value || exit 1\necho "METRIC ratio=0.12$(cat value)"\n')
    session = opened(folder, metric="ratio", unit="", prepare=None)
    assert session.state.exact
    assert not session.state.timed
    assert tried(session, "11") is Kind.BETTER_EXACTLY
    assert session.state.recent.rows[-1].verdict is Verdict.KEEP
    assert not auditing.audit(session.repository, session.folder)
