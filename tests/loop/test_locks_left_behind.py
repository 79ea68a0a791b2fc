"""Locks that git left behind when it was killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.loop.project import Project


def test_locks_of_the_session_s_own_indexes_are_taken_away(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "a\n")
    for name in ("index.lock", "scratch-index.lock", "commit-index.lock"):
        (project.session / name).write_text("")
    for measure in (project.outside / "cache").rglob("measure"):
        measure.with_name("measure.index.lock").write_text("")
    assert project.attempt()["status"] == "keep"
    project.agree()


def test_a_lock_of_the_user_s_index_is_named_and_nothing_is_lost(project: Project) -> None:
    project.init()
    before = project.files()
    project.write("src/a.txt", "a" * 99)
    project.git("add", "src/a.txt")
    lock = project.top / ".git/index.lock"
    lock.write_text("")
    assert "index.lock': File exists" in project.refused("try", "-d", "x")
    assert "index.lock': File exists" in project.refused("resume")
    lock.unlink()
    project.ok("resume")
    assert project.files() == before
    assert project.git("status", "--porcelain") == ""
    project.agree()
