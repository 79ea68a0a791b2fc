"""What goes on is told to whoever waits, and to whoever looks meanwhile."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.loop.project import PATIENCE_S, Driver, Project


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """While this file is there, runs do not end."""
    return tmp_path / "gate"


@pytest.fixture
def project(tmp_path: Path, driver: Driver, gate: Path) -> Project:
    made = Project.make(tmp_path, driver)
    made.write("autotune.sh", f'while test -e "{gate}"; do sleep 0.02; done\necho "METRIC size=$(cat src/*.txt | wc -c).$(date +%N)"\n')
    made.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    return made


def doing(project: Project, verb: str = "status") -> dict[str, Any]:
    """What goes on, as soon as something does."""
    ends = time.monotonic() + PATIENCE_S
    while (found := project.ok(verb, "--json").json["doing"]) is None or found["kind"] in ("making place", "waiting for quiet"):
        assert time.monotonic() < ends
    return dict(found)


@pytest.mark.parametrize("verb", ["try", "calibrate"])
def test_who_looks_sees_what_goes_on(verb: str, project: Project, gate: Path) -> None:
    gate.touch()
    project.write("src/a.txt", "")
    begun = project.begin(verb, *(("-d", "shorter") if verb == "try" else ("--pairs", "6")))
    found = doing(project)
    assert (found["kind"], found["purpose"], found["pair"]) == ("running", "experiment" if verb == "try" else "calibration", 1)
    assert found["text"].split(",")[0] in " ".join(project.ok("status").out.split())
    assert "now" in project.ok("dashboard").out
    assert doing(project, "dashboard") == found
    gate.unlink()
    assert begun.wait().code == 0
    assert project.ok("status", "--json").json["doing"] is None


def test_a_program_is_told_in_json(project: Project) -> None:
    project.write("src/a.txt", "")
    answer = project.ok("try", "-d", "shorter", "--json", "--progress")
    told = [json.loads(line) for line in answer.err.splitlines()]
    runs = [one for one in told if one["kind"] == "running"]
    assert [one["pair"] for one in runs][:2] == [1, 1]
    assert {"experiment", "of", "up_to", "arm", "since", "text", "at"} <= runs[0].keys()
    assert {"estimate", "evidence", "needed", "most_s"} <= runs[-1].keys()
    assert answer.json["about"]["status"] == "keep"
    assert project.run("try", "-d", "x", "--progress").code == 2


def test_who_looks_sees_that_a_proposer_is_at_work(project: Project, gate: Path) -> None:
    gate.touch()
    begun = project.begin("start", "--proposer", f'while test -e "{gate}"; do sleep 0.02; done; exit 1')
    assert {name: value for name, value in doing(project).items() if name in ("kind", "experiment")} == {
        "kind": "proposing",
        "experiment": 1,
    }
    project.ok("stop")
    gate.unlink()
    begun.wait()
    assert project.ok("status", "--json").json["doing"] is None
