"""Where measuring worktrees and the working trees of sessions lie, whatever becomes of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.loop.project import Driver, Project

from autotune.loop.session import layout

CARRIED = 'carry = ["build"]\n'


def measuring(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*/measure"))


def test_a_measuring_worktree_made_elsewhere_goes_and_clear_finds_every_one(project: Project, tmp_path: Path) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    project.environment["AUTOTUNE_WORKTREES"] = str(before)
    project.init()
    assert measuring(before)
    project.environment["AUTOTUNE_WORKTREES"] = str(now)
    project.write("src/a.txt", "aaaa\n")
    assert project.attempt()["status"] == "keep"
    assert not list(before.iterdir())
    assert measuring(now)
    project.environment["AUTOTUNE_WORKTREES"] = str(tmp_path / "later")
    assert str(measuring(now)[0]) in project.ok("clear", "--yes").out
    assert not list(now.iterdir())
    assert "measure" not in project.git("worktree", "list")


@pytest.mark.parametrize("where", ["inside", ".git/x", "relative"])
def test_measuring_worktrees_inside_the_repository_or_nowhere_are_refused(project: Project, where: str) -> None:
    project.environment["AUTOTUNE_WORKTREES"] = where if where == "relative" else str(project.top / where)
    said = project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    assert "AUTOTUNE_WORKTREES" in said
    assert not (project.top / "inside").exists()
    assert project.git("status", "--porcelain", "--ignored") == "?? autotune.sh\n?? autotune.toml"


def take_a_carried_file(place: Path) -> None:
    (place / "build/x").unlink()


def take_every_copy(place: Path) -> None:
    shutil.rmtree(place.with_name("made"), ignore_errors=True)
    (place / "build/x").unlink()
    (place / "made/x").unlink()


def take_some(place: Path) -> None:
    (place / "src/a.txt").unlink()
    (place / "README").unlink()
    shutil.rmtree(place / "build")


@pytest.mark.parametrize("take", [take_a_carried_file, take_every_copy, take_some])
def test_what_a_cleaner_took_is_there_again_before_anything_is_measured(project: Project, take: Callable[[Path], None]) -> None:
    project.write("build/x", "7\n")
    project.write("autotune.sh", 'echo "METRIC size=$(($(cat src/* README | wc -c) + $(cat build/x) + $(cat made/x)))"\n')
    project.write("autotune.toml", CARRIED + 'setup = "mkdir -p made; echo 5 > made/x"\n' + (project.top / "autotune.toml").read_text())
    project.init()
    [place] = measuring(project.outside / "cache/autotune")
    take(place)
    project.write("src/a.txt", "aaaa\n")
    answer = project.attempt()
    assert (answer["status"], answer["value"]) == ("keep", len("aaaa\nbbbb bbbb bbbb\na project\n") + 12)


def test_a_session_s_own_working_tree_lies_in_no_cache_and_goes_with_it(project: Project, tmp_path: Path, driver: Driver) -> None:
    home = tmp_path / "home"
    other = Project.make(tmp_path / "elsewhere", driver)
    trees = []
    for one in (project, other):
        one.environment["HOME"] = str(home)
        one.init("--worktree")
        trees.append(Path(one.events()[0]["tree"]))
        assert trees[-1].parent.parent == home / "autotune"
        assert layout.is_own_tree(trees[-1], one.name)
    assert trees[0].name == trees[1].name
    assert trees[0] != trees[1]
    for one in (project, other):
        one.environment["HOME"] = str(tmp_path)  # what is cleared is what was opened
        one.ok("clear", "--yes")
    assert not home.joinpath("autotune").exists()


def test_a_working_tree_that_the_cache_folder_holds_from_before_is_the_session_s_own() -> None:
    old = Path("/home/x/.cache/autotune/project-0123456789/fast-20260101/tree")
    assert layout.is_own_tree(old, "fast-20260101")
    assert not layout.is_own_tree(Path("/home/x/project"), "fast-20260101")
    assert not layout.is_own_tree(Path("/home/x/fast-20260101"), "fast-20260101")


def test_a_home_folder_that_cannot_hold_a_working_tree_is_named_before_anything_is_done(project: Project, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/autotune").touch()
    project.environment["HOME"] = str(tmp_path / "home")
    said = project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--worktree")
    assert str(tmp_path / "home/autotune") in said
    assert project.git("branch", "--list", "autotune/*") == ""


def test_a_repository_whose_name_begins_with_a_dot_is_measured_below_none(tmp_path: Path, driver: Driver) -> None:
    project = Project.make(tmp_path, driver, ".dotted")
    project.init()
    [place] = measuring(project.outside / "cache/autotune")
    assert not [part for part in place.relative_to(project.outside).parts if part.startswith(".")]
    assert os.path.lexists(place / ".git")


DELETES = """if [ -e {flag} ]; then rm {flag}; rm -rf "$PWD"; {then}; fi
echo "METRIC size=$(cat src/*.txt | wc -c)"
"""


@pytest.mark.parametrize("then", ["exit 1", "echo METRIC size=1; exit 0"])
def test_a_measuring_worktree_that_is_deleted_while_something_runs_is_nobodys_crash(project: Project, tmp_path: Path, then: str) -> None:
    flag = tmp_path / "flag"
    project.write("autotune.sh", DELETES.format(flag=flag, then=then))
    project.init()
    flag.touch()
    project.write("src/a.txt", "aaaa\n")
    result = project.attempt()
    assert [result["verdict"], project.events("verdict")[-1]["cause"]] == ["void", "environment"]
    project.write("src/a.txt", "aaaa\n")
    assert project.attempt()["status"] == "keep"


def test_what_is_deleted_of_a_measuring_worktree_while_something_runs_is_put_back_and_the_run_made_again(
    project: Project, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    project.write("autotune.sh", DELETES.format(flag=flag, then="exit 1").replace('"$PWD"', "*"))
    project.init()
    flag.touch()
    project.write("src/a.txt", "aaaa\n")
    assert project.attempt()["status"] == "keep"
