"""Standard streams that are closed, broken or full: nothing else takes their place, and what was to be done is done."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.loop.project import LIBRARY, Project

AUTOTUNE = shlex.join([sys.executable, "-I", str(Path(LIBRARY, "autotune/__main__.py"))])


def called(project: Project, line: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which `autotune` is the command line."""
    line = line.replace("autotune", AUTOTUNE, 1)
    return subprocess.run(["bash", "-c", line], cwd=project.top, env=project.variables, capture_output=True, text=True, check=False)


@pytest.mark.nightly
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_with_a_closed_stream_everything_is_measured_as_ever(project: Project, closed: str) -> None:
    project.init()
    project.write("src/a.txt", "a\n")
    assert called(project, f"autotune try -d shorter {closed}").returncode == 0
    assert [one["status"] for one in project.results()] == ["keep"]
    assert called(project, f"autotune dashboard {closed}").returncode == 0


@pytest.mark.parametrize("verb", ["status", "status --json", "dashboard", "config show", "--help"])
def test_a_reader_that_has_gone_is_no_error(project: Project, verb: str) -> None:
    project.init()
    done = called(project, f"autotune {verb} | true; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("verb", ["status", "status --json", "dashboard", "config show", "--help"])
def test_an_answer_that_cannot_be_printed_is_one_error(project: Project, verb: str) -> None:
    project.init()
    done = called(project, f"autotune {verb} >/dev/full")
    assert done.returncode == 1
    assert done.stderr in {
        "",  # where the error goes where the answer goes
        "error: The answer cannot be printed: No space left on device.\nhint: send it elsewhere, or make room there\n",
    }
    assert ("--json" in verb) == (not done.stderr)


def test_where_nothing_can_be_printed_what_was_asked_for_is_done(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "a\n")
    assert called(project, "autotune try -d shorter >/dev/full 2>/dev/full").returncode == 1
    assert called(project, "autotune wait --json").returncode == 0
    assert [one["status"] for one in project.results()] == ["keep"]


def test_an_error_in_json_goes_to_standard_output(project: Project) -> None:
    done = called(project, "autotune status --json")
    assert done.returncode == 1
    assert set(json.loads(done.stdout)) == {"error", "hint"}
