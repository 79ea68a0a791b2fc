"""The place where runs happen."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autotune.edges import git, indexes, looks, place, tree, worktrees
from autotune.edges.place import Place


@pytest.fixture
def repository(tmp_path: Path) -> git.Repository:
    top = tmp_path / "top"
    (top / "d").mkdir(parents=True)
    for name in ("a", "d/b"):
        (top / name).write_text(f"{name}\n")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run(["git", *words], cwd=top, check=True)
    found = git.discover(top)
    assert found is not None
    return found


@pytest.fixture
def built(repository: git.Repository, tmp_path: Path) -> Place:
    (repository.top / "carried").mkdir()
    (repository.top / "carried/x").write_text("x\n")
    place.build(repository, top := tmp_path / "measure", head(repository), ["carried"])
    return settled(place.private(top, ()))


def head(where: Place | git.Repository) -> str:
    """The commit that is checked out."""
    return str(git.resolve(where.top, "HEAD"))


def settled(fresh: Place) -> Place:
    """A place with what is beside the tracked files once these are there."""
    carried = replace(fresh, settled=frozenset(place.beside(fresh.view)))
    place.occupy(carried, head(carried), ())
    return replace(carried, settled=frozenset(place.beside(fresh.view)))


def other_tree(repository: git.Repository) -> str:
    """A tree in which a file has become a folder and a folder a file."""
    blob = git.store(repository.top, b"other\n")
    return indexes.make_tree(repository.top, {"a/inner": ("100644", blob), "d": ("100755", blob)}, repository.folder / "scratch")


def contents(top: Path) -> dict[str, str]:
    return {str(path.relative_to(top)): path.read_text() for path in top.rglob("*") if path.is_file() and path.name != ".git"}


def test_what_a_run_left_or_changed_is_gone_before_the_next(built: Place) -> None:
    place.occupy(built, head(built), ())
    before = contents(built.top)
    (built.top / "a").write_text("changed by a run\n")
    (built.top / "d/b").unlink()
    (built.top / "left/behind").mkdir(parents=True)
    (built.top / "left/behind/x").write_text("")
    place.occupy(built, head(built), ())
    assert contents(built.top) == before
    assert before == {"a": "a\n", "d/b": "d/b\n", "carried/x": "x\n"}


def test_both_sides_come_and_go_even_where_files_and_folders_change_places(repository: git.Repository, built: Place) -> None:
    other = other_tree(repository)
    paths = git.differing(repository.top, head(repository), other)
    for content, expected in ((other, {"a/inner": "other\n", "d": "other\n"}), (head(built), {"a": "a\n", "d/b": "d/b\n"})) * 2:
        place.occupy(built, content, paths)
        assert contents(built.top) == expected | {"carried/x": "x\n"}


def test_a_file_that_one_side_does_not_have_is_gone_from_a_folder_that_both_have(repository: git.Repository, built: Place) -> None:
    entry = git.tracked(repository.top, head(repository))["d/b"]
    fewer = indexes.make_tree(repository.top, {"d/c": entry}, repository.folder / "scratch")
    for paths in (git.differing(repository.top, head(repository), fewer), ()):
        place.occupy(built, head(built), paths)
        place.occupy(built, fewer, paths)
        assert contents(built.top) == {"d/c": "d/b\n", "carried/x": "x\n"}


def test_what_a_run_left_in_a_folder_with_tracked_files_is_gone_before_the_next(built: Place) -> None:
    (built.top / "d/left").write_text("")
    place.occupy(built, head(built), ())
    assert contents(built.top) == {"a": "a\n", "d/b": "d/b\n", "carried/x": "x\n"}


def test_a_file_that_one_side_adds_to_what_is_carried_is_gone_from_the_other(repository: git.Repository, built: Place) -> None:
    held = git.tracked(repository.top, head(repository))
    more = indexes.make_tree(repository.top, {**held, "carried/new": held["a"]}, repository.folder / "scratch")
    for content, others in ((more, {"carried/new": "a\n"}), (head(built), {})) * 2:
        place.occupy(built, content, ("carried/new",))
        assert contents(built.top) == {"a": "a\n", "d/b": "d/b\n", "carried/x": "x\n", **others}


def test_a_place_is_built_again_over_what_is_left_of_one(repository: git.Repository, built: Place) -> None:
    (built.top / ".git").unlink()
    place.build(repository, built.top, head(repository), [])
    place.occupy(place.private(built.top, ()), head(built), ())
    assert contents(built.top) == {"a": "a\n", "d/b": "d/b\n"}


def test_removing_a_place_leaves_nothing_of_it(repository: git.Repository, built: Place) -> None:
    place.take_down(repository, built.top)
    assert not built.top.exists()
    assert list(worktrees.checked_out(repository)) == [repository.top]


def test_what_ties_a_place_to_its_repository_is_known(built: Place, repository: git.Repository) -> None:
    link, *others = place.moorings(built)
    assert link == built.top / ".git"
    assert (repository.common / "worktrees/measure/commondir") in others
    assert place.moorings(place.in_checkout(repository.top, repository.folder / "index")) == ()


def test_what_git_does_not_list_is_gone_before_the_next_run_too(built: Place) -> None:
    place.occupy(built, head(built), ())
    os.mkfifo(built.top / "d" / "answer-42")
    (built.top / "new").mkdir()
    os.mkfifo(built.top / "new" / "pipe")
    place.occupy(built, head(built), ())
    assert not (built.top / "d" / "answer-42").exists()
    assert not (built.top / "new").exists()


def test_what_a_run_left_beside_tracked_files_in_their_folder_is_gone_too(repository: git.Repository, tmp_path: Path) -> None:
    place.build(repository, top := tmp_path / "measure", head(repository), ())
    place.occupy(place.private(top, place.beside(place.private(top).view)), head(repository), ())
    (top / "made").mkdir()
    (top / "d" / "made.o").write_text("by setup\n")
    assert set(place.beside(place.private(top).view)) == {"made/", "d/made.o"}
    ready = place.private(top, place.beside(place.private(top).view))
    (top / "d" / "answer").write_text("42\n")
    place.occupy(ready, head(ready), ())
    assert not (top / "d" / "answer").exists()
    assert (top / "d" / "made.o").exists()


@pytest.fixture
def emptied_tree(repository: git.Repository) -> str:
    nothing = git.store(repository.top, b"")
    held = git.tracked(repository.top, head(repository))
    return indexes.make_tree(repository.top, {path: (mode, nothing) for path, (mode, _) in held.items()}, repository.folder / "scratch")


def test_emptied_files_are_as_the_tree_has_them_and_come_back_as_just_written(
    repository: git.Repository, built: Place, emptied_tree: str, tmp_path: Path
) -> None:
    entries = git.tracked(repository.top, emptied_tree)
    os.utime(built.top / "a", (1, 1))
    moved = place.empty(built, emptied_tree, entries, tmp_path / "away")
    assert not indexes.unlike_index(built.top, built.view.index)
    assert contents(built.top) == {"a": "", "d/b": "", "carried/x": "x\n"}
    before_ns = (built.top / "d/b").stat().st_mtime_ns
    place.occupy(built, emptied_tree, ())
    place.fill(built, head(built), moved, entries)
    assert not indexes.unlike_index(built.top, built.view.index)
    assert contents(built.top) == {"a": "a\n", "d/b": "d/b\n", "carried/x": "x\n"}
    assert (built.top / "a").stat().st_mtime_ns >= before_ns


def test_files_of_a_folder_are_empty_by_themselves_where_they_cannot_be_one(
    repository: git.Repository, built: Place, emptied_tree: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    place.empty(built, emptied_tree, git.tracked(repository.top, emptied_tree), tmp_path / "away")
    assert contents(built.top) == {"a": "", "d/b": "", "carried/x": "x\n"}


def test_a_folder_that_holds_what_stays_keeps_it_while_its_files_are_empty(
    repository: git.Repository, built: Place, emptied_tree: str, tmp_path: Path
) -> None:
    (built.top / "d/stays").write_text("stays\n")
    kept = replace(built, settled=frozenset({*(built.settled or ()), "d/stays"}))
    entries = git.tracked(repository.top, emptied_tree)
    moved = place.empty(kept, emptied_tree, entries, tmp_path / "away")
    assert contents(built.top) == {"a": "", "d/b": "", "d/stays": "stays\n", "carried/x": "x\n"}
    place.fill(kept, head(kept), moved, entries)
    assert contents(built.top) == {"a": "a\n", "d/b": "d/b\n", "d/stays": "stays\n", "carried/x": "x\n"}


def test_a_file_that_is_not_to_be_empty_is_there_beside_those_that_are(repository: git.Repository, built: Place, tmp_path: Path) -> None:
    commit = head(repository)
    nothing = git.store(repository.top, b"")
    blob = git.tracked(repository.top, commit)["a"][1]
    files = dict.fromkeys(("e/whole/one", "e/whole/in/two", "e/part/three", "e/part/left"), ("100644", blob))
    content = indexes.make_tree(repository.top, files, repository.folder / "scratch")
    entries = {path: ("100644", nothing) for path in files if not path.endswith("left")}
    emptied = indexes.make_tree(repository.top, {**files, **entries}, repository.folder / "scratch")
    place.occupy(built, content, ())
    moved = place.empty(built, emptied, entries, tmp_path / "away")
    assert not indexes.unlike_index(built.top, built.view.index)
    assert "e/whole" in moved
    assert contents(built.top) == {"e/whole/one": "", "e/whole/in/two": "", "e/part/three": "", "e/part/left": "a\n", "carried/x": "x\n"}
    shutil.rmtree(built.top / "e/whole")
    place.fill(built, content, moved, entries)
    assert contents(built.top) == {**dict.fromkeys(files, "a\n"), "carried/x": "x\n"}


def test_git_reads_many_files_as_young_as_its_index_only_until_the_next_second(built: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_MANY", 1)
    (built.top / "a").unlink()
    place.occupy(built, head(built), ())
    young = built.view.index.with_name(f"{built.view.index.name}.young")
    assert young.exists()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3)
    os.utime(built.top / "a")
    place.occupy(built, head(built), ())
    assert not young.exists()
    assert contents(built.top) == {"a": "a\n", "d/b": "d/b\n", "carried/x": "x\n"}


def test_what_a_run_left_in_a_known_place_goes_without_a_look_by_git(built: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.occupy(built, head(built), ())
    monkeypatch.setattr(indexes, "unlike_index", None)
    monkeypatch.setattr(place, "beside", None)
    (built.top / "left/behind").mkdir(parents=True)
    (built.top / "left/behind/x").write_text("")
    (built.top / "d/empty").mkdir()
    os.mkfifo(built.top / "d/pipe")
    (built.top / "d/link").symlink_to("b")
    place.occupy(built, head(built), ())
    assert sorted(path.name for path in built.top.rglob("*")) == [".git", "a", "b", "carried", "d", "x"]


def test_many_files_are_written_by_several_processes_as_one_would(
    repository: git.Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "_VERY_MANY", 150)
    names = [f"d{number % 7}/{number}" for number in range(150)]
    blobs = [git.store(repository.top, b"%d\n" % number) for number in range(3)]
    entries = {name: ("100755" if number % 5 else "100644", blobs[number % 3]) for number, name in enumerate(names)}
    more = tree.tree_having(repository.top, head(repository), tmp_path / "scratch", {**entries, "link": ("120000", blobs[0])})
    place.build(repository, tmp_path / "measure", head(repository), ())
    several = place.private(tmp_path / "measure")
    place.occupy(several, more, ())
    assert contents(several.top) == {"a": "a\n", "d/b": "d/b\n", **{name: f"{number % 3}\n" for number, name in enumerate(names)}}
    assert all(os.access(several.top / name, os.X_OK) == bool(number % 5) for number, name in enumerate(names))
    assert (several.top / "link").readlink() == Path("0\n")
    assert indexes.unlike_index(several.top, several.view.index) == ()


def test_a_place_is_filled_where_git_splits_indexes(repository: git.Repository, built: Place, tmp_path: Path) -> None:
    git.tell(repository.top, "config", "core.splitIndex", "true")
    entry = "100644", git.store(repository.top, b"other\n")
    other = tree.tree_having(repository.top, head(repository), tmp_path / "scratch", {"a": entry})
    place.build(repository, built.top, head(repository), ())
    place.occupy(place.private(built.top), other, ())
    assert contents(built.top) == {"a": "other\n", "d/b": "d/b\n"}


def test_a_place_in_which_nothing_ran_is_not_looked_at_before_the_first_run(built: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.occupy(built, head(built), ())
    place.vouch(built)
    with monkeypatch.context() as patched:
        patched.setattr(looks, "look", None)
        place.occupy(built, head(built), ())
    (built.top / "a").write_text("changed by a run\n")
    place.occupy(built, head(built), ())
    assert (built.top / "a").read_text() == "a\n"


def test_another_tree_in_its_place_is_none_in_which_nothing_ran(built: Place, tmp_path: Path) -> None:
    place.occupy(built, head(built), ())
    place.vouch(built)
    place.exchange(built, tmp_path / "away", tmp_path / "other")
    (built.top / "a").write_text("another's\n")
    place.occupy(built, head(built), ())
    assert (built.top / "a").read_text() == "a\n"


def test_in_a_known_place_a_run_changes_files_as_git_would_whatever_its_index_is_of(
    repository: git.Repository, built: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "100755", git.store(repository.top, b"other\n")
    other = tree.tree_having(repository.top, head(repository), repository.folder / "scratch", {"a": entry})
    place.occupy(built, head(built), ("a",))
    index = built.view.index.read_bytes()
    for _ in range(2):
        place.occupy(built, other, ("a",))
        assert (built.top / "a").read_text() == "other\n"
        assert os.access(built.top / "a", os.X_OK)
        place.occupy(built, head(built), ("a",))
        assert (built.top / "a").read_text() == "a\n"
        assert not os.access(built.top / "a", os.X_OK)
    assert built.view.index.read_bytes() == index
    monkeypatch.setattr(looks, "look", lambda *_: None)
    (built.top / "d/b").write_text("changed by a run\n")
    place.occupy(built, other, ("a",))
    assert contents(built.top) == {"a": "other\n", "d/b": "d/b\n", "carried/x": "x\n"}


def test_a_file_rewritten_alike_in_the_second_in_which_it_was_put_there_is_put_back(built: Place) -> None:
    (built.top / "a").unlink()
    place.occupy(built, head(built), ())
    before = (built.top / "a").stat()
    (built.top / "a").write_text("b\n")
    os.utime(built.top / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    place.occupy(built, head(built), ())
    assert (built.top / "a").read_text() == "a\n"


def test_a_tracked_file_that_is_not_seen_in_its_place_leaves_the_look_to_git(repository: git.Repository, built: Place) -> None:
    held = git.tracked(repository.top, head(repository))
    more = indexes.make_tree(repository.top, {**held, "carried/new": held["a"]}, repository.folder / "scratch")
    for _ in range(2):
        place.occupy(built, more, ())
        assert (built.top / "carried/new").read_text() == "a\n"
        (built.top / "carried/new").write_text("changed by a run\n")


def test_a_tree_that_differs_from_the_one_before_in_more_than_the_arms_is_put_in_place(repository: git.Repository, built: Place) -> None:
    held = git.tracked(repository.top, head(repository))
    other = indexes.make_tree(repository.top, {**held, "a": held["d/b"]}, repository.folder / "scratch")
    for content, text in ((other, "d/b\n"), (head(built), "a\n")) * 2:
        place.occupy(built, content, ())
        assert contents(built.top) == {"a": text, "d/b": "d/b\n", "carried/x": "x\n"}


def test_what_a_run_did_among_emptied_files_is_gone_before_the_next(
    repository: git.Repository, built: Place, emptied_tree: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b").write_text("somebody's\n")
    entries = git.tracked(repository.top, emptied_tree)
    moved = place.empty(built, emptied_tree, entries, tmp_path / "away")
    (built.top / "a").unlink()
    (built.top / "a").mkdir()
    (built.top / "d/b").unlink()
    (built.top / "d").rmdir()
    (built.top / "d").symlink_to(outside)
    place.fill(built, head(built), moved, entries)
    place.occupy(built, head(built), ())
    assert contents(built.top) == {"a": "a\n", "d/b": "d/b\n", "carried/x": "x\n"}
    assert (outside / "b").read_text() == "somebody's\n"
