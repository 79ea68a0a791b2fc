"""Two sessions on one machine: whose turn it is, whoever is killed on the way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from tests.loop.project import PATIENCE_S, Begun, Driver, Project

from autotune.edges import locks, tickets

pytestmark = pytest.mark.slow

# Each run of either project says when it begins and ends, and how large the files are, which tells the arms apart.
BENCHMARK = """\
echo "$(basename "$PROJECT") $(cat src/*.txt | wc -c) begins" >> "$DIARY"
echo "$(basename "$PROJECT") $(cat src/*.txt | wc -c) ends" >> "$DIARY"
while test -e "$GATE"; do sleep 0.02; done
echo "METRIC size=$(cat src/*.txt | wc -c).$(date +%N)"
"""


@pytest.fixture
def two(tmp_path: Path, driver: Driver) -> tuple[Project, Project]:
    """Two repositories, a session in each, and a small gain in both: the first is in a run that does not end, the other waits."""
    made = [Project.make(tmp_path, driver, name) for name in ("one", "other")]
    for project in made:
        project.write("autotune.sh", BENCHMARK)
        variables = {"DIARY": tmp_path / "diary", "PROJECT": project.top, "GATE": tmp_path / "gate"}
        project.write("autotune.toml", "busy_wait_s = 0\n[env]\n" + "".join(f'{name} = "{path}"\n' for name, path in variables.items()))
        project.ok("init", "--name", project.top.name, "--metric", "size", "--timed", "--scope", "src/**")
        project.write("src/b.txt", "bbbb bbbb bbb\n")
    (tmp_path / "diary").unlink()
    (tmp_path / "gate").touch()
    return made[0], made[1]


def begun(two: tuple[Project, Project]) -> tuple[Begun, Begun, Path]:
    """Both measure, the first is in its first run, the other waits for the machine, whose lock this gives too."""
    lock = Path(two[0].variables["XDG_CACHE_HOME"]) / "autotune" / "measuring.lock"
    first = two[0].begin("try", "-d", "a small gain")
    until(lambda: bool(diary(two[0])))
    other = two[1].begin("try", "-d", "a small gain")
    until(lambda: tickets.is_waited_for(lock))
    return first, other, lock


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def diary(project: Project) -> list[list[str]]:
    path = project.top.parent / "diary"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def test_two_sessions_share_the_machine_and_no_stage_is_split(two: tuple[Project, Project]) -> None:
    first, other, _ = begun(two)
    (two[0].top.parent / "gate").unlink()
    assert [first.wait().code, other.wait().code] == [0, 0]
    lines = diary(two[0])
    assert [word for _, _, word in lines] == ["begins", "ends"] * (len(lines) // 2)
    turns = [[size for _, size, word in runs if word == "ends"] for _, runs in groupby(lines, key=lambda line: line[0])]
    assert len(turns) > 3
    for sizes in turns:
        assert len(sizes) == 2 * sizes.count("29") == 2 * sizes.count("30")


@pytest.mark.parametrize("killed", ["holder", "waiter"])
def test_who_is_killed_does_not_keep_the_other_from_the_machine(killed: str, two: tuple[Project, Project]) -> None:
    first, other, lock = begun(two)
    pid = (found.pid if (found := locks.holder(lock)) is not None else None) if killed == "holder" else next(tickets._waiting(lock)).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    (two[0].top.parent / "gate").unlink()
    assert [first.wait().code, other.wait().code] == [0, 0]
    verdicts = [project.events("verdict")[-1]["verdict"] for project in two]
    assert [verdict == "void" for verdict in verdicts] == [killed == "holder", killed == "waiter"]


@pytest.mark.nightly
def test_a_session_in_which_no_time_is_measured_waits_for_nobody(two: tuple[Project, Project], tmp_path: Path, driver: Driver) -> None:
    first, waiting, _ = begun(two)
    counting = Project.make(tmp_path, driver, "counting")
    counting.ok("init", "--name", "counting", "--metric", "size", "--unit", "bytes", "--scope", "src/**")
    counting.write("src/b.txt", "bbbb bbbb bbb\n")
    assert counting.ok("try", "-d", "a small gain", "--json").json["about"]["status"] == "keep"
    assert [project.ok("status", "--json").json["measuring"] for project in two] == [True, True]
    (tmp_path / "gate").unlink()
    assert [first.wait().code, waiting.wait().code] == [0, 0]


@pytest.mark.nightly
def test_who_waits_is_told_about_how_long_the_others_stage_takes(two: tuple[Project, Project]) -> None:
    first, other, lock = begun(two)
    holder = locks.holder(lock)
    assert holder is not None
    assert holder.until is not None
    until(lambda: (two[1].ok("status", "--json").json["doing"] or {}).get("kind") == "waiting for machine")
    doing = two[1].ok("status", "--json").json["doing"]
    assert (doing["process"], doing["until"]) == (holder.pid, holder.until)
    assert doing["what"] == f"experiment 1 of {two[0].ok('status', '--json').json['session']} in one"
    (two[0].top.parent / "gate").unlink()
    assert [first.wait().code, other.wait().code] == [0, 0]
