"""The proof that the files in scope are what is measured: where they are many, those that the runs read are emptied first."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Ran
from autotune.core.ledger.purposes import Purpose
from autotune.edges import place
from autotune.errors import AutotuneError
from autotune.loop.candidate import seeding
from autotune.loop.opening import opening, proving
from autotune.loop.session import feed
from autotune.loop.session.session import Session

BENCHMARK = 'n=$(cat src/[ab].txt | wc -c)\necho "METRIC size=$((n + 1))"\n'


def project(folder: Path, benchmark: str) -> Path:
    (folder / "src").mkdir(parents=True)
    for name in ("a", "b", "c", "d", "e"):
        (folder / f"src/{name}.txt").write_text(f"seed = {ord(name)}\n")
    (folder / "autotune.toml").write_text("busy_wait_s = 0\n")
    (folder / "autotune.sh").write_text(benchmark)
    for words in (("init", "-q"), ("add", "src"), ("commit", "-q", "-m", "a project")):
        subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)
    return folder


def opened(folder: Path, said: list[Fact]) -> Session:
    settings = {"name": "x", "metric": "size", "scope": ["src/**"]}
    return opening.open_session(opening.Request(folder, settings), said.append)


def notes_reading(folder: Path) -> bool:
    """Whether the file system notes when a file is read."""
    (folder / "probe").write_text("x")
    os.utime(folder / "probe", (1, 2))
    (folder / "probe").read_text()
    return (folder / "probe").stat().st_atime != 1


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "MANY_FILES", 5)


def proofs(said: list[Fact]) -> list[Fact]:
    return [fact for fact in said if fact.kind in (Kind.PROVING, Kind.PROVING_WITH_READ)]


def test_of_many_files_those_that_are_read_prove_it_and_are_looked_through_for_seeds(tmp_path: Path) -> None:
    if not notes_reading(tmp_path):
        pytest.skip("this file system does not note when a file is read")
    said: list[Fact] = []
    session = opened(project(tmp_path / "project", BENCHMARK), said)
    assert proofs(said) == [Fact(Kind.PROVING_WITH_READ, {"files": 2})]
    runs = [event for event in feed.events(session.folder.ledger) if isinstance(event, Ran)]
    assert [run.metrics["size"] for run in runs if run.purpose is Purpose.PROOF] == [1.0]
    found = session.state.segment.calibrated
    assert found is not None
    assert found.seeded == ("src/a.txt:1 `seed = 97`", "src/b.txt:1 `seed = 98`")
    assert len(seeding.fixed_in_scope(session)) == 5


def test_where_what_is_read_changes_nothing_all_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "read_by_runs", lambda _: frozenset({"src/c.txt", "autotune.sh"}))
    said: list[Fact] = []
    opened(project(tmp_path / "project", BENCHMARK), said)
    assert proofs(said) == [Fact(Kind.PROVING_WITH_READ, {"files": 1}), Fact(Kind.PROVING)]


@pytest.mark.parametrize("most", [0, 500], ids=["too many are read", "nothing is seen to be read"])
def test_where_it_is_not_known_what_is_read_all_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(proving, "MOST_READ", most)
    monkeypatch.setattr(place, "read_by_runs", lambda _: frozenset({"src/a.txt"} if not most else ()))
    said: list[Fact] = []
    session = opened(project(tmp_path / "project", BENCHMARK), said)
    assert proofs(said) == [Fact(Kind.PROVING)]
    assert session.state.segment.calibrated is not None
    assert len(session.state.segment.calibrated.seeded) == 5


def test_a_benchmark_of_something_else_is_refused_whatever_it_reads(tmp_path: Path) -> None:
    said: list[Fact] = []
    folder = project(tmp_path / "project", "cat src/[a].txt >/dev/null; echo METRIC size=1\n")
    with pytest.raises(AutotuneError, match="does not measure this code"):
        opened(folder, said)
    assert proofs(said)[-1] == Fact(Kind.PROVING)
