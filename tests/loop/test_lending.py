"""The checkout while it is measured in (`--in-place`): whatever is measured there, it is afterwards exactly as it was."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest
from tests.loop.project import BENCHMARK, Driver, Project, eventually


@pytest.fixture
def driver(fast_driver: Driver) -> Driver:
    """Every test here treads the same path."""
    return fast_driver


def in_place(project: Project, benchmark: str = BENCHMARK) -> None:
    """Open a session in which one change is kept."""
    project.write("src/d/c.txt", "c" * 60)
    project.write(".gitignore", "*.o\nbuild/\nhold\nstarted\n")
    project.git("add", "src", ".gitignore")
    project.git("commit", "-qm", "second")
    project.write("autotune.sh", benchmark)
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once", "--in-place")
    project.write("src/a.txt", "a\n")
    project.write("src/new.txt", "")
    (project.top / "src/d/c.txt").unlink()
    assert project.attempt()["status"] == "keep"


def edited(project: Project) -> None:
    project.write("src/a.txt", "an open edit\n", 0o600)
    os.utime(project.top / "src/a.txt", (1_000_000_000, 1_000_000_000))


def edited_aside(project: Project) -> None:
    project.write("src/b.txt", "an open edit\n")
    project.write("src/made/new.txt", "new\n", 0o755)


def deleted(project: Project) -> None:
    (project.top / "src/a.txt").unlink()
    (project.top / "src/new.txt").unlink()


def turned(project: Project) -> None:
    (project.top / "src/a.txt").unlink()
    project.write("src/a.txt/inner/x.o", "ignored\n")
    project.write("src/a.txt/y.txt", "y\n")
    (project.top / "src/a.txt/empty").mkdir()
    project.write("src/d", "a file\n")
    (project.top / "src/new.txt").unlink()
    (project.top / "src/new.txt").symlink_to("a.txt")


def nothing(_: Project) -> None:
    pass


EDITS = [edited, edited_aside, deleted, turned, nothing]


CASES = [
    *((edit, "confirm") for edit in EDITS),
    *((edited_aside, words) for words in ("confirm 1", "calibrate --pairs 6", "repair", "rebaseline")),
]


@pytest.mark.parametrize(("edit", "words"), CASES)
def test_whatever_is_measured_in_place_open_edits_stay_as_they_are(project: Project, edit: Callable[[Project], None], words: str) -> None:
    in_place(project)
    if edit is turned:
        (project.top / "src/d").rmdir()
    edit(project)
    before, times = project.files(), {path: path.lstat().st_mtime_ns for path in project.top.glob("src/*.txt") if path.is_file()}
    project.ok(*words.split())
    assert project.files() == before
    assert {path: path.lstat().st_mtime_ns for path in times} == times
    assert not [ref for ref in project.git("for-each-ref", "--format=%(refname)", "refs/autotune").split() if "late" in ref]
    assert not (project.session / "lent.json").exists()
    runs = [event for event in project.events("run") if event["experiment"] == 0 and event["purpose"] != "claim"]
    assert {event["metrics"]["size"] for event in runs[1:]} <= {17.0}  # the incumbent, without what is open


def test_a_measured_candidate_that_waits_for_its_words_is_there_as_it_was(project: Project) -> None:
    in_place(project)
    edited(project)
    before = project.files()
    project.ok("run")
    assert project.files() == before
    project.ok("log", "-d", "worse")
    assert project.read("src/a.txt") == "a\n"


KILLED = [*((edit, "confirm", "resume") for edit in EDITS), (edited_aside, "calibrate", "resume"), (edited, "confirm", "stop")]


@pytest.mark.parametrize(("edit", "words", "then"), KILLED)
def test_what_was_open_is_there_again_after_a_measurement_in_place_was_killed(
    project: Project, edit: Callable[[Project], None], words: str, then: str
) -> None:
    in_place(project, f"{BENCHMARK}while [ -e hold ]; do touch started; sleep 0.02; done\n")
    if edit is turned:
        (project.top / "src/d").rmdir()
    edit(project)
    before = project.files()
    project.write("hold", "")
    begun = project.begin(words)
    eventually((project.top / "started").exists)
    project.write("src/b.txt", "written meanwhile\n")
    os.killpg(begun.pid, signal.SIGKILL)
    begun.wait()
    (project.top / "hold").unlink()
    eventually(lambda: project.run(then).code == 0)
    (project.top / "started").unlink()
    if edit is edited_aside:  # both edits are to be had
        refs = project.git("for-each-ref", "--format=%(refname)", "refs/autotune").split()
        [late] = [ref for ref in refs if ".late-" in ref]
        assert project.git("show", f"{late}:src/b.txt") == "written meanwhile"
        assert late in json.dumps(project.events())
    else:
        before[b"src/b.txt"] = (before[b"src/b.txt"][0], b"written meanwhile\n")
    assert project.files() == before
