"""The user's work: whatever a proposer does, and whatever becomes of it, it is byte for byte as it was."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.loop.project import Driver, Project, eventually

if TYPE_CHECKING:
    from tests.loop.project import Files

pytestmark = pytest.mark.slow

EXAMPLES = 12 if os.environ.get("CI") == "true" else 4
SCORE = 'echo "METRIC size=$(cat src/z*.txt)"\n'
USERS = (
    "src/mine.txt",
    'src/the user\'s "own" file.txt',
    "src/two\nlines.txt",
    os.fsdecode(b"src/\xff\xfe.txt"),
    "src/naïve ünïcode.txt",
    "src/d/mine too.txt",
    "src/mine/deep/er.txt",
    "notes at the top.txt",
)


def furnish(project: Project) -> None:
    """Give a project files of every kind, the user's own among them."""
    for path in ("src/d/c.txt", "src/d/e/f.txt", "src/t/g.txt", "src/t/h/i.txt", "src/sp ace.txt", "src/ü\n.txt", "lib/out.txt"):
        project.write(path, f"{path}\n")
    project.write("src/run.sh", "#!/bin/sh\n", 0o755)
    project.write("src/m.py", "x = 1\n")
    project.write("src/z.txt", "10000\n")
    (project.top / "src/link").symlink_to("a.txt")
    project.git("add", "src", "lib")
    project.git("commit", "-qm", "second")
    project.write("autotune.sh", SCORE)
    for path in USERS:
        project.write(path, f"the user's {path}\n".encode("utf-8", "surrogateescape"))
    project.write("src/mine.sh", "#!/bin/sh\n", 0o755)
    (project.top / "src/to nowhere").symlink_to("nowhere at all")
    (project.top / "src/to mine").symlink_to("mine.txt")
    (project.top / "src/empty/and/deep").mkdir(parents=True)
    (project.top / "src/d/empty").mkdir()
    project.write("src/mine.o", "ignored\n")
    project.write("build/out/thing", "ignored\n")
    (project.top / "src/objects/empty").mkdir(parents=True)
    project.write("src/objects/one.o", "ignored\n")
    project.write("src/__pycache__/m.cpython-311.pyc", b"\0" * 16)
    project.write(".git/info/exclude", "__pycache__/\n")
    project.write("README", "stashed\n")
    project.git("stash")
    project.git("branch", "other")
    project.git("tag", "v1")


@pytest.fixture
def furnished(project: Project) -> Project:
    furnish(project)
    return project


def apart_from_autotune(project: Project) -> dict[str, bytes]:
    """What git holds, without the session's own refs and worktree."""
    held = project.repository()
    del held["worktrees"]
    held["refs"] = b"\n".join(line for line in held["refs"].splitlines() if b"refs/autotune/" not in line)
    return held


def test_opening_a_session_changes_no_file_no_ref_and_no_index_entry(furnished: Project) -> None:
    before, held = furnished.files(), furnished.repository()
    furnished.init()
    after = furnished.repository()
    assert furnished.files() == before
    assert {name: after[name] for name in ("index", "stash", "config")} == {name: held[name] for name in ("index", "stash", "config")}
    ours = {line for line in after["refs"].splitlines() if b"refs/autotune/" in line or b"refs/heads/autotune/" in line}
    assert set(after["refs"].splitlines()) - ours == set(held["refs"].splitlines())


def lose(project: Project) -> None:
    project.write("src/z.txt", "20000\n")


def crash(project: Project) -> None:
    (project.top / "src/z.txt").unlink()


def fail_checks(project: Project) -> None:
    project.write("src/z.txt", "9000\n")
    project.write("src/a.txt", "bad\n")


@pytest.mark.parametrize(("ends_as", "change"), [("discard", lose), ("crash", crash), ("checks_failed", fail_checks)])
def test_what_a_candidate_did_is_taken_back_and_nothing_else(furnished: Project, ends_as: str, change: Callable[[Project], None]) -> None:
    furnished.write("autotune.checks.sh", "! grep -q bad src/a*.txt\n")
    furnished.init()
    before, held = furnished.files(), apart_from_autotune(furnished)
    change(furnished)
    furnished.write("src/empty/and/deep/new.txt", "new\n")
    furnished.write("src/objects/empty/new.txt", "new\n")
    furnished.write("src/mine/deep/new/er.txt", "new\n")
    furnished.write("src/m.py", "x = 2\n")
    (furnished.top / "src/b.txt").chmod(0o755)
    (furnished.top / "src/run.sh").unlink()
    (furnished.top / "src/run.sh").symlink_to("mine.sh")
    furnished.git("rm", "-q", "--cached", "src/sp ace.txt")
    furnished.git("add", "src/m.py", "src/run.sh")
    furnished.git("add", "-N", "src/empty/and/deep/new.txt")
    assert furnished.attempt()["status"] == ends_as
    assert furnished.files() == before
    assert apart_from_autotune(furnished) == held
    furnished.agree()


def test_what_a_keep_commits_is_the_candidate_alone(furnished: Project) -> None:
    furnished.init()
    users = {path: content for path, content in furnished.files().items() if os.fsdecode(path) in USERS}
    incumbent = furnished.git("rev-parse", "HEAD")
    furnished.write("src/z.txt", "9000\n")
    furnished.write("src/new/file.txt", "new\n")
    (furnished.top / "src/d/c.txt").unlink()
    furnished.git("add", "-A")
    furnished.git("add", "-f", "src")
    answer = furnished.attempt("better\n\nbecause it is so")
    assert answer["status"] == "keep"
    commit = furnished.git("rev-parse", "HEAD")
    assert furnished.git("rev-parse", "HEAD~1") == incumbent
    changed = furnished.git("diff-tree", "-r", "--name-status", "--no-commit-id", commit).splitlines()
    assert changed == ["D\tsrc/d/c.txt", "A\tsrc/new/file.txt", "M\tsrc/z.txt"]
    message = furnished.git("log", "-1", "--format=%B", commit).splitlines()
    assert message[:3] == ["better", "", "because it is so"]
    assert f"Autotune-Experiment: {furnished.name}/1" in message
    assert "Autotune-Metric: size=9000" in message
    assert "Autotune-Effect: 0.9" in message  # without ends: a single run has no interval
    assert {path: content for path, content in furnished.files().items() if os.fsdecode(path) in USERS} == users
    assert furnished.git("status", "--porcelain", "--untracked-files=no") == ""
    furnished.agree()


def test_a_folder_that_takes_the_place_and_name_of_a_file_is_measured_and_kept(furnished: Project) -> None:
    furnished.init()
    (furnished.top / "src/sp ace.txt").unlink()
    (furnished.top / "src/t/h").rename(furnished.top / "src/sp ace.txt")
    furnished.write("src/z.txt", "9000\n")
    assert furnished.attempt()["status"] == "keep"
    assert furnished.git("diff", "--name-status", "--no-renames", "HEAD~1", "HEAD").splitlines() == [
        "D\tsrc/sp ace.txt",
        "A\tsrc/sp ace.txt/i.txt",
        "D\tsrc/t/h/i.txt",
        "M\tsrc/z.txt",
    ]


def folder_becomes_file(top: Path) -> None:
    shutil.rmtree(top / "src/d")
    (top / "src/d").write_text("a file\n")


def folder_becomes_link(top: Path) -> None:
    shutil.rmtree(top / "src/d")
    (top / "src/d").symlink_to("t")


def folder_becomes_loop(top: Path) -> None:
    """Of what is behind a link that leads to itself git says nothing but on stderr."""
    shutil.rmtree(top / "src/d")
    (top / "src/d").symlink_to("d/c.txt")


def file_becomes_loop(top: Path) -> None:
    (top / "src/b.txt").unlink()
    (top / "src/b.txt").symlink_to("b.txt")


def file_becomes_folder(top: Path) -> None:
    (top / "src/b.txt").unlink()
    (top / "src/b.txt/deep").mkdir(parents=True)
    (top / "src/b.txt/deep/one.txt").write_text("one\n")


def link_becomes_folder(top: Path) -> None:
    (top / "src/to").unlink()
    (top / "src/to").mkdir()
    (top / "src/to/one.txt").write_text("one\n")


@pytest.mark.parametrize("place", [(), ("--in-place",)], ids=["worktree", "in place"])
@pytest.mark.parametrize(
    "change", [folder_becomes_file, folder_becomes_link, folder_becomes_loop, file_becomes_loop, file_becomes_folder, link_becomes_folder]
)
def test_what_becomes_of_another_kind_is_measured_taken_back_restored_and_kept(
    project: Project, change: Callable[[Path], None], place: tuple[str, ...]
) -> None:
    for path in ("src/d/c.txt", "src/d/e/f.txt", "src/t/g.txt", "src/z.txt"):
        project.write(path, "10000\n")
    (project.top / "src/to").symlink_to("t")
    project.git("add", "src")
    project.git("commit", "-qm", "second")
    project.write("autotune.sh", SCORE)
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", *place)
    before = project.files()
    change(project.top)
    lose(project)
    changed = project.files()
    answer = project.attempt()
    assert (answer["verdict"], answer["status"]) == ("discard", "discard"), answer
    assert project.files() == before
    project.ok("restore", "1")
    assert project.files() == changed
    project.write("src/z.txt", "9000\n")
    changed = project.files()
    assert project.attempt()["status"] == "keep"
    assert project.files() == changed
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    project.agree()


def test_a_user_s_file_that_a_proposer_committed_is_out_of_the_branch_and_still_there(furnished: Project) -> None:
    furnished.init()
    before, held = furnished.files(), apart_from_autotune(furnished)
    furnished.git("add", "-f", "src", "autotune.md", ".autotune.state", "notes at the top.txt")
    furnished.git("commit", "-qm", "all of it")
    lose(furnished)
    assert furnished.attempt()["status"] == "discard"
    assert furnished.files() == before
    assert apart_from_autotune(furnished) == held


def test_a_user_s_file_that_was_committed_over_a_keep_stays_when_the_branch_is_put_back(furnished: Project) -> None:
    furnished.init()
    furnished.write("src/z.txt", "9000\n")
    assert furnished.attempt()["status"] == "keep"
    before, held = furnished.files(), apart_from_autotune(furnished)
    furnished.git("add", "-f", "src", "autotune.md", ".autotune.state", "notes at the top.txt")
    furnished.git("commit", "-q", "--amend", "-m", "all of it")
    answer = furnished.ok("resume")
    assert "The branch had been moved" in answer.err
    assert furnished.files() == before
    assert apart_from_autotune(furnished) == held


def test_a_user_s_file_that_moved_with_its_folder_is_no_candidate(furnished: Project) -> None:
    furnished.init()
    before = furnished.files()
    furnished.git("mv", "src/d", "src/moved")
    lose(furnished)
    words = furnished.refused("try", "-d", "x")
    assert "src/d/mine too.txt is at src/moved/mine too.txt now" in words
    (furnished.top / "src/d").mkdir()
    (furnished.top / "src/moved/mine too.txt").rename(furnished.top / "src/d/mine too.txt")
    (furnished.top / "src/moved/empty").rename(furnished.top / "src/d/empty")
    assert furnished.attempt()["status"] == "discard"
    assert furnished.files() == before


def test_what_is_staged_out_of_scope_stays_staged(furnished: Project) -> None:
    furnished.init()
    furnished.write("notes/idea.txt", "staged\n")
    furnished.git("add", "notes/idea.txt")
    held = apart_from_autotune(furnished)
    lose(furnished)
    assert furnished.attempt()["status"] == "discard"
    assert apart_from_autotune(furnished) == held
    furnished.write("src/z.txt", "9000\n")
    assert furnished.attempt()["status"] == "keep"
    assert furnished.git("status", "--porcelain", "--untracked-files=no") == "A  notes/idea.txt"


def test_entries_that_a_failed_merge_left_in_the_index_are_settled(furnished: Project) -> None:
    furnished.init()
    before, held = furnished.files(), apart_from_autotune(furnished)
    furnished.write("src/a.txt", "one\n")
    furnished.git("stash")
    furnished.write("src/a.txt", "another\n")
    furnished.git("commit", "-qam", "another")
    furnished.git("stash", "pop", ok=False)
    assert b"UU src/a.txt" in furnished.git_bytes("status", "--porcelain")
    furnished.git("stash", "drop", "-q")
    lose(furnished)
    assert furnished.attempt()["status"] == "discard"
    assert furnished.files() == before
    assert apart_from_autotune(furnished) == held


def test_what_git_cannot_hold_is_refused_and_does_not_stop_taking_back(furnished: Project) -> None:
    furnished.write("autotune.sh", SCORE + "sleep 0.5\n")
    furnished.init()
    before = furnished.files()
    (furnished.top / "src/a.txt").unlink()
    os.mkfifo(furnished.top / "src/a.txt")
    assert "Git cannot hold src/a.txt" in furnished.refused("try", "-d", "x")
    furnished.git("checkout", "src/a.txt")
    lose(furnished)
    begun = furnished.begin("try", "-d", "x")
    eventually(lambda: furnished.worker() is not None)
    (furnished.top / "src/b.txt").unlink()
    os.mkfifo(furnished.top / "src/b.txt")
    assert begun.wait().code == 0
    assert furnished.files() == before


def test_a_stop_leaves_open_edits_and_a_clear_everything_but_the_log(furnished: Project) -> None:
    furnished.init()
    lose(furnished)
    furnished.write("src/new.txt", "new\n")
    before, held = furnished.files(), furnished.repository()
    furnished.ok("stop")
    assert furnished.files() == before
    assert furnished.repository() == held
    furnished.ok("clear", "--yes")
    assert furnished.files(without=()).keys() - before.keys() == {b"autotune.sh", b"autotune.toml", b"autotune.md", b"autotune.ideas.md"}
    assert furnished.files() == before
    assert {name: furnished.repository()[name] for name in ("head", "refs", "index", "stash", "config")} == {
        name: held[name] for name in ("head", "refs", "index", "stash", "config")
    }


def test_a_cancelled_measurement_takes_its_changes_back_and_they_can_be_had_again(furnished: Project) -> None:
    furnished.write("autotune.sh", SCORE + "[ ! -e src/slow ] || sleep 60\n")
    furnished.init()
    before, held = furnished.files(), apart_from_autotune(furnished)
    furnished.write("src/z.txt", "9000\n")
    furnished.write("src/slow", "slow\n")
    changed = furnished.files()
    assert furnished.ok("try", "-d", "x", "--wait", "0", "--json").json["measuring"]
    assert "`autotune restore 1`" in furnished.ok("cancel").out
    assert furnished.files() == before
    assert apart_from_autotune(furnished) == held
    furnished.ok("restore", "1")
    assert furnished.files() == changed


def test_restore_does_not_write_over_what_git_does_not_track(furnished: Project) -> None:
    furnished.init()
    shutil.rmtree(furnished.top / "src/t")
    furnished.write("src/t", "a file now\n")
    furnished.write("src/new", "new\n")
    lose(furnished)
    assert furnished.attempt()["status"] == "discard"
    furnished.write("src/t/kept.o", "ignored\n")
    before = furnished.files()
    assert "src/t/kept.o" in furnished.refused("restore", "1")
    assert furnished.files() == before
    (furnished.top / "src/t/kept.o").unlink()
    furnished.ok("restore", "1")
    assert furnished.read("src/t") == "a file now\n"


def compiled(project: Project, name: str, second: int, size: int) -> Path:
    """Write what Python would have compiled from a source file of that time and size."""
    return project.write(f"src/__pycache__/{name}.pyc", b"\0" * 8 + second.to_bytes(4, "little") + size.to_bytes(4, "little"))


def test_compiled_python_is_left_alone_unless_it_would_be_taken_for_what_is_there_now(furnished: Project) -> None:
    furnished.init()
    second = int((furnished.top / "src/m.py").stat().st_mtime)
    claims = {second + later: compiled(furnished, f"m.at-{later}", second + later, 6) for later in range(300)}
    other = compiled(furnished, "m.other", second, 7)
    furnished.write("src/m.py", "x = 2\n")
    made = furnished.write("src/new.py", "x = 3\n")
    gone, stale = (compiled(furnished, f"new.{size}", int(made.stat().st_mtime), size) for size in (6, 7))
    lose(furnished)
    assert furnished.attempt()["status"] == "discard"
    now = int((furnished.top / "src/m.py").stat().st_mtime)
    assert [claimed for claimed, path in claims.items() if not path.exists()] == [now]
    assert other.exists()
    assert not gone.exists()
    assert stale.exists()


def test_a_branch_that_was_reset_softly_is_put_back_and_the_edits_stay(furnished: Project) -> None:
    furnished.init()
    furnished.write("src/z.txt", "9000\n")
    assert furnished.attempt()["status"] == "keep"
    furnished.git("reset", "-q", "--soft", "HEAD~2")
    furnished.write("src/a.txt", "edited since\n")
    furnished.write("src/z.txt", "8000\n")
    answer = furnished.ok("try", "-d", "x")
    assert "The branch had been moved" in answer.err
    assert furnished.git("diff-tree", "-r", "--name-only", "HEAD~1", "HEAD").splitlines() == ["src/a.txt", "src/z.txt"]
    assert furnished.git("status", "--porcelain", "--untracked-files=no") == ""
    furnished.agree()


def test_a_commit_of_somebody_else_is_off_the_branch_at_once_and_its_edits_stay_open(furnished: Project) -> None:
    furnished.init()
    incumbent = furnished.git("rev-parse", "HEAD")
    held = apart_from_autotune(furnished)
    furnished.write("README", "mine\n")
    furnished.write("src/z.txt", "9000\n")
    furnished.git("add", "-f", "src/mine.txt")
    furnished.git("commit", "-qam", "mine")
    foreign, files = furnished.git("rev-parse", "HEAD"), furnished.files()
    assert foreign[:12] in furnished.ok("status").err
    assert "README is outside the scope" in furnished.refused("try", "-d", "x")
    assert furnished.files() == files
    assert apart_from_autotune(furnished) == held
    [kept] = furnished.git("for-each-ref", "--format=%(refname)", "--points-at", foreign).split()
    assert kept in json.dumps(furnished.events("notice"))
    furnished.git("restore", "README")
    assert furnished.attempt()["status"] == "keep"
    assert furnished.git("rev-parse", "HEAD~1") == incumbent
    assert furnished.git("status", "--porcelain", "--untracked-files=no") == ""
    furnished.agree()


def test_a_commit_made_while_it_is_measured_goes_back_and_is_named(furnished: Project) -> None:
    furnished.write("autotune.sh", SCORE + "sleep 0.5\n")
    furnished.init()
    incumbent = furnished.git("rev-parse", "HEAD")
    lose(furnished)
    begun = furnished.begin("try", "-d", "x")
    eventually(lambda: furnished.worker() is not None)
    furnished.git("commit", "-qam", "mine")
    foreign = furnished.git("rev-parse", "HEAD")
    begun.wait()
    assert furnished.git("rev-parse", "HEAD") == incumbent
    assert furnished.git("rev-parse", f"refs/autotune/{furnished.name}/1.head") == foreign
    assert f"{furnished.name}/1.head" in json.dumps(furnished.events("notice"))


def test_commits_on_top_of_a_session_that_was_stopped_stay_and_are_told_until_it_goes_on(furnished: Project) -> None:
    furnished.init()
    furnished.write("src/z.txt", "9000\n")
    assert furnished.attempt()["status"] == "keep"
    kept = furnished.git("rev-parse", "HEAD")
    furnished.ok("stop")
    furnished.write("README", "polished\n")
    furnished.git("commit", "-qam", "polish")
    polished = furnished.git("rev-parse", "HEAD")
    for words in ("status", "stop", "confirm", "resume"):
        assert f"holds 1 commit that autotune did not make, up to {polished[:12]}" in furnished.ok(*words.split()).err
        assert furnished.git("rev-parse", "HEAD") == polished
    furnished.refused("try", "-d", "x")
    assert furnished.git("rev-parse", "HEAD") == kept
    assert furnished.read("README") == "polished\n"


# Edits after a measurement was killed.


def edit(project: Project) -> None:
    project.write("src/z.txt", "7\n")
    project.write("src/new/one more.txt", "later\n")
    project.git("add", "src/z.txt")
    project.write("src/z.txt", "8\n")


def file_for_the_folder(project: Project) -> None:
    shutil.rmtree(project.top / "src/new", ignore_errors=True)
    project.write("src/new", "a file now\n")


def file_in_the_place_of_what_was_deleted(project: Project) -> None:
    shutil.rmtree(project.top / "src/t", ignore_errors=True)
    project.write("src/t", "a file where the candidate deleted a folder\n")


def folder_for_a_file(project: Project) -> None:
    (project.top / "src/m.py").unlink()
    project.write("src/m.py/inside.txt", "later\n")


LATER = [edit, file_for_the_folder, file_in_the_place_of_what_was_deleted, folder_for_a_file]


@pytest.mark.parametrize("place", [(), ("--in-place",)], ids=["worktree", "in place"])
@pytest.mark.parametrize("later", LATER)
def test_what_is_done_after_a_measurement_was_killed_stays(
    furnished: Project, later: Callable[[Project], None], place: tuple[str, ...]
) -> None:
    furnished.write("autotune.sh", SCORE + "[ ! -e src/slow ] || sleep 60\n")
    furnished.init(*place)
    before = plain(furnished.files())
    for path, content in {"src/z.txt": "20000\n", "src/slow": "", "src/new/one.txt": "new\n", "src/m.py": "x = 2\n"}.items():
        furnished.write(path, content)
    shutil.rmtree(furnished.top / "src/t")
    assert furnished.ok("try", "-d", "x", "--wait", "0", "--json").json["measuring"]
    eventually(lambda: bool(furnished.worker()) and (not place or (furnished.session / "lent.json").exists()))
    furnished.end_workers()
    eventually(lambda: furnished.worker() is None)
    killed = plain(furnished.files())
    later(furnished)
    done = {path: found for path, found in plain(furnished.files()).items() if killed.get(path) != found}
    staged = furnished.git("ls-files", "--stage", "src/z.txt")
    answer = furnished.ok("resume")
    assert "Edited since experiment 1 began, and still open" in answer.err
    after = plain(furnished.files())
    assert {path: after.get(path) for path in done} == done
    around = {*done, *(str(folder) for path in done for folder in Path(path).parents)}
    assert {path: found for path, found in after.items() if path not in done} == {
        path: found for path, found in before.items() if path not in around and not below(path, done)
    }
    assert furnished.git("ls-files", "--stage", "src/z.txt") == staged
    assert furnished.results()[0]["verdict"] == "void"
    furnished.agree()


# Anything at all that a proposer may do, one step after another.

PLACES = (
    *("src/a.txt", "src/b.txt", "src/d/c.txt", "src/d/e/f.txt", "src/t/g.txt", "src/t/h/i.txt", "src/t", "src/t/h", "src/run.sh"),
    *("src/link", "src/m.py", "src/sp ace.txt", "src/ü\n.txt", "src/new.txt", "src/new", "src/new/er.txt", "src/new/er", "src/q\"uo'te\t"),
    *(os.fsdecode(b"src/\xfd\xfc"), "src/empty/and/new", "src/mine/new", "src/objects/empty/n"),
)


class Step(NamedTuple):
    """One thing done: what, where, where to, and with what content."""

    what: str
    place: str
    other: str
    content: bytes


def clear_way(project: Project, place: str) -> None:
    """Make room for a file, but never where the user's files are."""
    target = project.top / place
    for parent in reversed(Path(place).parents[:-1]):
        if (project.top / parent).is_symlink() or (project.top / parent).is_file():
            (project.top / parent).unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif os.path.lexists(target):
        target.unlink()


def write(project: Project, step: Step) -> None:
    clear_way(project, step.place)
    project.write(step.place, step.content)


def overwrite(project: Project, step: Step) -> None:
    if (project.top / step.place).is_file() and not (project.top / step.place).is_symlink():
        project.write(step.place, step.content)


def delete(project: Project, step: Step) -> None:
    clear_way(project, step.place)


def change_mode(project: Project, step: Step) -> None:
    target = project.top / step.place
    if target.is_file() and not target.is_symlink():
        target.chmod(target.stat().st_mode ^ stat.S_IXUSR ^ stat.S_IXGRP)


def link(project: Project, step: Step) -> None:
    clear_way(project, step.place)
    (project.top / step.place).symlink_to(os.path.relpath(project.top / step.other, (project.top / step.place).parent))


def rename(project: Project, step: Step) -> None:
    source = project.top / step.place
    if os.path.lexists(source) and not Path(step.other).is_relative_to(step.place) and not Path(step.place).is_relative_to(step.other):
        clear_way(project, step.other)
        source.rename(project.top / step.other)


def other_case(project: Project, step: Step) -> None:
    source = project.top / step.place
    if os.path.lexists(source):
        source.rename(source.with_name(source.name.swapcase()))


def hard_link(project: Project, step: Step) -> None:
    clear_way(project, step.place)
    source = project.top / step.other
    if source.is_file() and not source.is_symlink():
        os.link(source, project.top / step.place)


def same_size_and_time(project: Project, step: Step) -> None:
    target = project.top / step.place
    if target.is_file() and not target.is_symlink():
        found = target.stat()
        target.write_bytes(bytes(found.st_size))
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))


def ignored(project: Project, step: Step) -> None:
    if (project.top / step.place).parent.is_dir():
        target = project.top / f"{step.place}.o"
        if not target.is_dir():
            project.write(f"{step.place}.o", step.content)


def outside(project: Project, step: Step) -> None:
    project.write("notes/" + Path(step.place).name, step.content)
    project.git("add", "notes")


def told(*arguments: str) -> Callable[[Project, Step], None]:
    """Git, told something of the step's place (`@`) and the other (`%`)."""

    def tell(project: Project, step: Step) -> None:
        words = [{"@": step.place, "%": step.other}.get(word, word) for word in arguments]
        project.git("--literal-pathspecs", *words, ok=False)

    return tell


STEPS: dict[str, Callable[[Project, Step], None]] = {
    "write": write,
    "overwrite": overwrite,
    "delete": delete,
    "chmod": change_mode,
    "link": link,
    "rename": rename,
    "other case": other_case,
    "hard link": hard_link,
    "same size and time": same_size_and_time,
    "ignored": ignored,
    "outside": outside,
    "add": told("add", "--", "@"),
    "add -A": told("add", "-A"),
    "add -A -f": told("add", "-A", "-f"),
    "add -N": told("add", "-N", "--", "@"),
    "rm": told("rm", "-r", "-q", "-f", "--", "@"),
    "rm --cached": told("rm", "-r", "-q", "--cached", "--", "@"),
    "mv": told("mv", "-k", "--", "@", "%"),
    "reset": told("reset", "-q", "--", "@"),
    "commit": told("commit", "-q", "--no-verify", "-m", "the proposer's"),
    "commit -a": told("commit", "-q", "--no-verify", "-am", "the proposer's"),
    "commit the user's": told("add", "-f", "src/mine.txt", "src/d"),
    "amend": told("commit", "-q", "--amend", "--allow-empty", "-m", "another's"),
}
proposals = st.lists(
    st.builds(Step, st.sampled_from(sorted(STEPS)), st.sampled_from(PLACES), st.sampled_from(PLACES), st.binary(max_size=12)),
    min_size=1,
    max_size=9,
)
fuzzed = settings(
    deadline=None,
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=True,
)


class Bench:
    """A furnished project with an open session; made anew when a proposal has shown that something does not hold."""

    def __init__(self, base: Path, driver: Driver) -> None:
        self.base, self.driver = base, driver
        self.made = 0
        self.sound = False

    def project(self) -> Project:
        if not self.sound:
            self.made += 1
            self._project = Project.make(self.base / str(self.made), self.driver)
            furnish(self._project)
            tracked = self._project.git("ls-files", "-z").split("\0")
            self.users = frozenset(plain(self._project.files())) - set(tracked)
            self._project.init()
        self.sound = False
        return self._project


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, fast_driver: Driver) -> Bench:
    return Bench(tmp_path_factory.mktemp("proposals"), fast_driver)


def plain(files: Files) -> dict[str, tuple[int, bytes]]:
    """What git would hold of files: whether it is a link or can be executed, and the content; no folders."""
    return {
        os.fsdecode(path): (stat.S_IFMT(mode) | (mode & stat.S_IXUSR if stat.S_ISREG(mode) else 0), content)
        for path, (mode, content) in files.items()
        if not stat.S_ISDIR(mode)
    }


def left_alone(path: str, before: Files) -> bool:
    """Whether a path that was not there before is none of autotune's business."""
    return os.fsencode(path) not in before and (path.endswith(".o") or path.startswith("notes/"))


def below(path: str, files: dict[str, tuple[int, bytes]]) -> bool:
    return any(str(parent) in files for parent in Path(path).parents)


def propose(project: Project, steps: list[Step]) -> None:
    for step in steps:
        STEPS[step.what](project, step)
    for path in (project.top / "src").rglob("*"):  # a link that was moved may lead out of the repository, which is refused
        if path.is_symlink() and not Path(os.path.normpath(path.parent / path.readlink())).is_relative_to(project.top):
            path.unlink()


def entries(project: Project) -> list[str]:
    """The index without what is staged out of scope."""
    lines = project.git("ls-files", "--stage", "-v", "-z").split("\0")
    return [line for line in lines if not line.partition("\t")[2].startswith(("notes/", "build/"))]


def as_before(project: Project, before: Files, tried: Files) -> None:
    """Check that the tree is what it was, but for what a candidate never is."""
    expected = plain(before)
    expected |= {path: found for path, found in plain(tried).items() if left_alone(path, before) and not below(path, expected)}
    assert plain(project.files()) == expected
    folders = {path: mode for path, (mode, _) in before.items() if stat.S_ISDIR(mode)}
    assert {path: mode for path, (mode, _) in project.files().items() if path in folders} == folders
    for path in USERS:
        assert project.files()[os.fsencode(path)] == before[os.fsencode(path)]


def candidate_of(files: Files, users: frozenset[str]) -> dict[str, tuple[int, bytes]]:
    """What is in scope and neither ignored nor the user's."""
    return {
        path: found for path, found in plain(files).items() if path.startswith("src/") and path not in users and not path.endswith(".o")
    }


def start_over(project: Project, incumbent: str) -> None:
    """Take back by hand what came to nothing."""
    project.git("reset", "-q", "--soft", incumbent)
    project.git("reset", "-q")


@fuzzed
@given(steps=proposals)
def test_after_a_discard_every_byte_is_the_incumbents_and_the_candidate_can_be_had_again(bench: Bench, steps: list[Step]) -> None:
    project = bench.project()
    before, held, incumbent = project.files(), entries(project), project.git("rev-parse", "HEAD")
    refs = {line for line in apart_from_autotune(project)["refs"].splitlines() if project.branch.encode() not in line}
    propose(project, steps)
    tried = project.files()
    if candidate_of(tried, bench.users) != candidate_of(before, bench.users):
        answer = project.attempt()
        assert answer["status"] == "discard", json.dumps(answer)
        as_before(project, before, tried)
        assert entries(project) == held
        assert project.git("rev-parse", project.branch, "HEAD").split() == [incumbent, incumbent]
        project.ok("restore", str(answer["experiment"]))
        assert candidate_of(project.files(), bench.users) == candidate_of(tried, bench.users)
        assert project.attempt()["status"] == "discard"
    else:
        project.refused("try", "-d", "nothing")
        start_over(project, incumbent)
    as_before(project, before, tried)
    assert entries(project) == held
    assert {line for line in apart_from_autotune(project)["refs"].splitlines() if project.branch.encode() not in line} == refs
    tidy(project, before)
    bench.sound = True


@fuzzed
@given(steps=proposals)
def test_after_a_keep_there_is_one_commit_with_exactly_the_candidate(bench: Bench, steps: list[Step]) -> None:
    project = bench.project()
    before, incumbent = project.files(), project.git("rev-parse", "HEAD")
    propose(project, steps)
    score = int(project.read("src/z.txt"))
    project.write("src/z.txt", f"{score - 1}\n")
    tried = project.files()
    answer = project.attempt()
    assert answer["status"] == "keep", json.dumps(answer)
    assert plain(project.files()) == plain(tried)
    assert project.git("rev-parse", f"{project.branch}~1", "HEAD~1").split() == [incumbent, incumbent]
    assert held_by(project, "HEAD") == candidate_of(tried, bench.users)
    message = project.git("log", "-1", "--format=%B").splitlines()
    assert f"Autotune-Experiment: {project.name}/{answer['experiment']}" in message
    assert [line for line in message if len(line) > 76 and not line.startswith("Autotune-")] == []
    assert project.git("diff", "--name-only", "HEAD", "--", "src") == ""
    assert project.git("diff", "--name-only", "--cached", "HEAD", "--", "src") == ""
    for path in bench.users:
        assert project.files()[os.fsencode(path)] == before[os.fsencode(path)]
    bench.sound = True


def held_by(project: Project, commit: str) -> dict[str, tuple[int, bytes]]:
    """What a commit holds in scope."""
    found = {}
    for line in project.git_bytes("ls-tree", "-r", "-z", commit, "--", "src").split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        mode, _, sha = head.decode().split()
        found[os.fsdecode(path)] = (stat.S_IFMT(int(mode, 8)) | (int(mode, 8) & stat.S_IXUSR), project.git_bytes("cat-file", "blob", sha))
    return found


def tidy(project: Project, before: Files) -> None:
    """Delete what one proposal left and the next should not find: ignored files, and what is out of scope."""
    project.git("rm", "-r", "-q", "-f", "--cached", "--ignore-unmatch", "notes", "build")
    shutil.rmtree(project.top / "notes", ignore_errors=True)
    for path in sorted(project.files().keys() - before.keys(), reverse=True):
        target = project.top / os.fsdecode(path)
        if target.is_dir() and not target.is_symlink():
            target.rmdir()
        else:
            target.unlink()


def test_every_step_of_a_proposal_is_taken_at_least_once(project: Project) -> None:
    furnish(project)
    for name, take in STEPS.items():
        take(project, Step(name, "src/a.txt", "src/new.txt", b"x"))
    assert project.git("log", "--format=%s").splitlines()[:2] == ["another's", "the proposer's"]


@pytest.mark.parametrize("rules", ["!*.o\n", ".gitignore\n!*.o\n"])
def test_what_a_proposers_rules_uncover_is_still_the_users(project: Project, rules: str) -> None:
    project.write("src/mine.o", "precious\n")
    project.write("src/deep/mine.o", "precious\n")
    project.init()
    before = project.files()
    project.write("src/.gitignore", rules)
    project.write("src/b.txt", "b\n")
    project.ok("log", "-d", "x", "--status", "discard")
    assert {path: found for path, found in project.files().items() if path != b"src/.gitignore"} == before


def test_what_a_proposers_rules_hide_is_taken_back_with_them_and_can_be_had_again(project: Project) -> None:
    project.init()
    before = project.files()
    project.write("src/.gitignore", "*.tmp\n")
    project.write("src/new.tmp", "new\n")
    project.ok("log", "-d", "x", "--status", "discard")
    assert project.files() == before
    refs = project.git("for-each-ref", "--format=%(refname)", "refs/autotune/*/refused-*").splitlines()
    kept = zip(refs, ("src/.gitignore", "src/new.tmp"), strict=True)
    assert [project.git("show", f"{ref}:{path}") for ref, path in kept] == ["*.tmp", "new"]


def test_what_git_ignores_in_a_folder_at_a_files_place_is_moved_aside_and_told(project: Project) -> None:
    project.write(".gitignore", "*.o\n")
    project.git("add", ".gitignore")
    project.git("commit", "-qm", "ignore")
    project.init()
    (project.top / "src/b.txt").unlink()
    project.write("src/b.txt/data.o", "precious\n")
    project.write("src/b.txt/new.txt", "n" * 99)
    project.write("src/a.txt", "a" * 999)
    answer = project.ok("try", "-d", "a folder for a file")
    assert project.results()[-1]["status"] == "discard"
    assert "src/b.txt/data.o stood where a file was put back. git does not track it" in answer.err
    [kept] = (project.session / "set-aside").glob("in-the-way.*/src/b.txt/*")
    assert kept.read_text() == "precious\n"
    assert project.git("status", "--porcelain") == ""
    assert project.git("show", f"refs/autotune/{project.name}/1:src/b.txt/new.txt") == "n" * 99


@pytest.mark.parametrize(
    "staged", [("add", "-A"), ("add", "-N", "src/new.txt"), ("commit", "-qam", "the proposer's"), ("rm", "-q", "--cached", "src/b.txt")]
)
def test_of_a_candidate_that_is_given_up_nothing_stays_staged(furnished: Project, staged: tuple[str, ...]) -> None:
    furnished.init()
    furnished.write("notes.txt", "the user's\n")
    if "commit" not in staged:
        furnished.git("add", "notes.txt")
    before, index, tip = furnished.files(), entries(furnished), furnished.git("rev-parse", "HEAD")
    furnished.write("src/b.txt", "b\n")
    furnished.write("src/new.txt", "new\n")
    (furnished.top / "src/a.txt").unlink()
    furnished.git(*staged)
    furnished.ok("log", "-d", "x", "--status", "discard")
    assert furnished.files() == before
    assert entries(furnished) == index
    assert furnished.git("rev-parse", "HEAD") == tip
