"""The checkout while it is measured in (`--in-place`): whatever is measured there, it is afterwards exactly as it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.loop.project import BENCHMARK, Answer, Driver, Project, eventually


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


@pytest.mark.nightly
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
    in_place(project, HOLDING)
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


HOLDING = f"{BENCHMARK}while [ -e hold ]; do touch started; sleep 0.02; done\n"


def meanwhile(project: Project, words: str, do: Callable[[], None], *, killed: bool = False) -> Answer | None:
    """Do something while a command measures in the checkout."""
    project.write("hold", "")
    begun = project.begin(*words.split())
    eventually((project.top / "started").exists)
    if killed:
        os.killpg(begun.pid, signal.SIGKILL)
    do()
    (project.top / "hold").unlink()
    answer = begun.wait()
    (project.top / "started").unlink()
    return None if killed else answer


def kept(project: Project, name: str) -> list[Path]:
    """What was moved aside."""
    return sorted(project.session.glob(f"set-aside/in-the-way.*/{name}"))


@pytest.mark.parametrize("killed", [False, True])
def test_nothing_is_written_through_a_link_in_a_folders_place(project: Project, tmp_path: Path, *, killed: bool) -> None:
    in_place(project, HOLDING)
    project.write("src/d/c.txt", "an open edit\n")
    outside = tmp_path / "not-the-repository"
    outside.mkdir()
    (outside / "c.txt").write_text("not of this repository\n")

    def link() -> None:
        shutil.rmtree(project.top / "src/d", ignore_errors=True)
        (project.top / "src/d").symlink_to(outside)

    meanwhile(project, "confirm", link, killed=killed)
    told = project.ok("resume").all
    assert (outside / "c.txt").read_text() == "not of this repository\n"
    assert project.read("src/d/c.txt") == "an open edit\n"
    assert not (project.top / "src/d").is_symlink()
    [link_kept] = kept(project, "src/d")
    assert link_kept.readlink() == outside
    assert not killed or "src/d" in told
    assert str(link_kept.parent.parent) in json.dumps(project.events())


@pytest.mark.parametrize("then", ["resume", "stop", "status", "clear --yes"])
def test_a_file_that_stands_in_a_folders_place_by_now_is_kept(project: Project, then: str) -> None:
    in_place(project, HOLDING)
    project.write("src/d/c.txt", "an open edit\n")
    aside = project.session.parent / "set-aside" if then.startswith("clear") else project.session / "set-aside"

    def replace() -> None:
        shutil.rmtree(project.top / "src/d", ignore_errors=True)
        project.write("src/d", "mine\n")

    meanwhile(project, "confirm", replace, killed=True)
    project.ok(*then.split())
    assert project.read("src/d/c.txt") == "an open edit\n"
    [found] = [path for path in aside.rglob("src/d") if path.is_file()]
    assert found.read_text() == "mine\n"


def test_a_folder_that_stands_in_a_files_place_by_now_is_kept_with_all_in_it(project: Project) -> None:
    in_place(project, HOLDING)
    edited(project)
    before = project.files()

    def replace() -> None:
        (project.top / "src/a.txt").unlink()
        project.write("src/a.txt/x.o", "ignored\n")
        project.write("src/a.txt/new.txt", "new\n")
        (project.top / "src/a.txt/nested").mkdir()
        project.git("init", "-q", "src/a.txt/nested")

    meanwhile(project, "confirm", replace)
    assert project.files() == before
    assert [path.read_text() for path in (*kept(project, "src/a.txt/x.o"), *kept(project, "src/a.txt/new.txt"))] == ["ignored\n", "new\n"]
    assert kept(project, "src/a.txt/nested/.git/HEAD")


@pytest.mark.parametrize("turn", ["file", "folder"])
def test_what_is_written_in_the_way_of_a_candidate_is_kept(project: Project, turn: str) -> None:
    in_place(project, HOLDING)
    project.write("src/d/c.txt", "c" * 30)

    def replace() -> None:
        if turn == "file":
            shutil.rmtree(project.top / "src/d", ignore_errors=True)
            project.write("src/d", "mine\n")
        else:
            (project.top / "src/d/c.txt").unlink(missing_ok=True)
            project.write("src/d/c.txt/x.o", "mine\n")

    meanwhile(project, "run", replace)
    project.ok("wait")
    [found] = kept(project, "src/d" if turn == "file" else "src/d/c.txt/x.o")
    assert found.read_text() == "mine\n"
    assert project.read("src/d/c.txt") == "c" * 30
    assert str(project.session / "set-aside") in json.dumps(project.events())


def test_a_look_gives_back_what_a_measurement_that_was_killed_had_put_away(project: Project) -> None:
    in_place(project, HOLDING)
    edited(project)
    before = project.files()
    meanwhile(project, "confirm", lambda: None, killed=True)
    assert "src/a.txt" in project.ok("status").all
    assert project.files() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_a_command_has_it_give_the_checkout_back(project: Project, number: signal.Signals) -> None:
    in_place(project, HOLDING)
    edited(project)
    before = project.files()
    project.write("hold", "")
    begun = project.begin("confirm")
    eventually((project.top / "started").exists)
    os.kill(begun.pid, number)
    assert begun.wait().code != 0
    for name in ("hold", "started"):
        (project.top / name).unlink()
    assert project.files() == before
    assert "cut off" not in project.ok("status").err


def test_a_look_leaves_a_measurement_alone(project: Project) -> None:
    in_place(project, HOLDING)
    edited(project)

    def look() -> None:
        measured = project.files()
        project.ok("status")
        assert project.files() == measured

    meanwhile(project, "confirm", look)
    assert project.read("src/a.txt") == "an open edit\n"


def test_a_record_that_cannot_be_read_is_told_and_nothing_is_lost(project: Project) -> None:
    in_place(project, HOLDING)
    edited(project)
    meanwhile(project, "confirm", lambda: None, killed=True)
    (project.session / "lent.json").write_text("{")
    for words in ("try -d x", "resume", "clear --yes"):
        told = project.refused(*words.split())
        assert str(project.session / "lent.json") in told
        assert str(project.session / "lent") in told
    assert (project.session / "lent/src/a.txt").read_text() == "an open edit\n"
    assert "lent.json" in project.ok("status").all


@pytest.mark.parametrize("witness", ["checkpoint", "none"])
def test_a_log_that_is_gone_does_not_take_what_is_put_away_with_it(project: Project, witness: str) -> None:
    in_place(project, HOLDING)
    edited(project)
    meanwhile(project, "confirm", lambda: None, killed=True)
    session = project.session
    (session / "autotune.jsonl").unlink()
    if witness == "none":
        (session / "checkpoint.json").unlink()
        (project.top / "autotune.jsonl").unlink()
    assert f"autotune clear --session {session.name}" in project.refused("status")
    project.ok("clear", "--yes")
    assert project.read("src/a.txt") == "an open edit\n"
    assert not session.exists()


@pytest.mark.parametrize("words", ["confirm", "run"])
def test_on_another_branch_nothing_is_written(project: Project, words: str) -> None:
    in_place(project, HOLDING)
    project.write("src/a.txt", "b\n")
    project.write("src/made/new.txt", "new\n")
    (project.top / "src/d").rmdir()
    before, branch = project.files(), project.branch
    at_main: dict[bytes, tuple[int, bytes]] = {}

    def switch() -> None:
        project.git("stash", "-q", "--include-untracked")
        project.git("switch", "-q", "main")
        at_main.update(project.files())

    meanwhile(project, words, switch)
    project.run("wait")
    at_main.pop(b"started", None)
    at_main.pop(b"hold", None)
    assert project.files() == at_main
    assert str(project.session / "lent") in project.ok("status").all
    project.git("switch", "-q", branch)
    assert "src/a.txt" in project.ok("status").all
    assert project.files() == before
    assert not [event for event in project.events("claim") if event["pairs"]]
    assert {event["outcome"] for event in project.events("decided")[1:]} <= {None}
