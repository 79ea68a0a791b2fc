"""Looking at a working tree, and putting its files back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from autotune.edges import commits, git, indexes, tree
from autotune.edges.tree import Difference, View


def run(top: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=top, check=True, capture_output=True).stdout.decode().strip()


@pytest.fixture
def view(tmp_path: Path) -> View:
    top = tmp_path / "top"
    (top / "d").mkdir(parents=True)
    for name in ("a", "b", "d/c"):
        (top / name).write_text(f"{name}\n")
    run(top, "init", "-q")
    run(top, "add", ".")
    run(top, "commit", "-qm", "first")
    (tmp_path / "exclude").write_text("*.o\n")
    return View(top, tmp_path / "index", tmp_path / "exclude")


def head(view: View) -> str:
    return run(view.top, "rev-parse", "HEAD")


def everywhere(_: str) -> bool:
    return False


def test_what_differs_is_told_with_what_is_new(view: View) -> None:
    (view.top / "a").write_text("edited\n")
    (view.top / "b").unlink()
    (view.top / "d/c").chmod(0o755)
    (view.top / "new").write_text("")
    (view.top / "new.o").write_text("")
    found = tree.differences(view, head(view))
    assert found == (Difference("a", False), Difference("b", False), Difference("d/c", False), Difference("new", True))  # noqa: FBT003


def test_looking_does_not_touch_the_index_of_the_working_tree(view: View) -> None:
    index = view.top / ".git/index"
    before = index.read_bytes(), index.stat().st_mtime_ns
    (view.top / "a").write_text("edited\n")
    tree.tree_with(view, head(view), [one.path for one in tree.differences(view, head(view))])
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_an_index_is_that_of_a_commit_whoever_wrote_to_it_since(view: View) -> None:
    first = head(view)
    (view.top / "a").write_text("edited\n")
    run(view.top, "commit", "-qam", "second")
    second = head(view)
    for commit in (first, first, second, first, second, second):
        tree.point_at(view, commit)
        assert indexes.write_tree(view.top, view.index) == commits.tree_of(view.top, commit)
    git.tell(view.top, "read-tree", first, index=view.index)
    tree.point_at(view, second)
    assert indexes.write_tree(view.top, view.index) == commits.tree_of(view.top, second)
    view.index.unlink()
    tree.point_at(view, second)
    assert indexes.write_tree(view.top, view.index) == commits.tree_of(view.top, second)


def test_what_an_index_knows_of_other_files_is_kept_whatever_the_working_tree_has(view: View) -> None:
    first = head(view)
    (view.top / "a").write_text("second\n")
    run(view.top, "commit", "-qam", "second")
    tree.differences(view, first)
    (view.top / "a").write_text("third\n")
    tree.point_at(view, head(view))
    known = git.tell(view.top, "ls-files", "--debug", "b", index=view.index).text
    assert "mtime: " in known
    assert "mtime: 0:0" not in known


def test_an_index_that_knows_nothing_of_many_files_takes_note_of_them_once(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_MANY", 3)
    (view.top / "a").write_text("edited\n")
    tree.point_at(view, head(view))
    for _ in range(2):
        assert tree.differences(view, head(view)) == (Difference("a", False),)  # noqa: FBT003
        assert git.tell(view.top, "diff-files", "--name-only", index=view.index).text == "a"
        monkeypatch.setattr(tree, "refresh", None)


def test_another_index_knows_of_files_what_the_private_one_does(view: View, tmp_path: Path) -> None:
    first = head(view)
    (view.top / "a").write_text("edited\n")
    run(view.top, "commit", "-qam", "second")
    tree.differences(view, first)
    tree.write_index(view, head(view), tmp_path / "other")
    assert indexes.write_tree(view.top, tmp_path / "other") == run(view.top, "rev-parse", "HEAD^{tree}")
    found = git.tell(view.top, "diff-files", "--name-only", "-z", index=tmp_path / "other")  # which reads no file
    assert found.paths == ("a",)


def test_a_tree_is_written_of_another_in_which_some_paths_have_changed(view: View, tmp_path: Path) -> None:
    commit, blob = head(view), git.store(view.top, b"new\n")
    one, other = tmp_path / "one", tmp_path / "other"
    made = tree.tree_having(view.top, commit, one, {"a": ("100755", blob), "d": ("100644", blob)}, ["b"])
    assert git.tracked(view.top, made) == {"a": ("100755", blob), "d": ("100644", blob)}
    for index in (one, other):
        more = tree.tree_having(view.top, made, index, {"e/f": ("100644", blob)})
        assert run(view.top, "ls-tree", "-r", "--name-only", more).split() == ["a", "d", "e/f"]
        assert tree.tree_having(view.top, more, index, {}, ["e/f"]) == made


def test_a_tree_holds_links_folders_become_files_and_files_become_folders(view: View) -> None:
    (view.top / "d/c").unlink()
    (view.top / "d").rmdir()
    (view.top / "d").write_text("a file\n")
    (view.top / "a").unlink()
    (view.top / "a").mkdir()
    (view.top / "a/inner").write_text("in a folder\n")
    (view.top / "b").unlink()
    (view.top / "b").symlink_to("nowhere")
    made = tree.tree_with(view, head(view), [one.path for one in tree.differences(view, head(view))])
    assert [(path, mode) for path, (mode, _) in git.tracked(view.top, made).items()] == [
        ("a/inner", "100644"),
        ("b", "120000"),
        ("d", "100644"),
    ]
    tree.put_back(view, head(view), tree.differences(view, head(view)), everywhere)
    assert tree.differences(view, head(view)) == ()
    assert (view.top / "d/c").read_text() == "d/c\n"


def test_what_is_below_a_link_is_gone_for_a_tree_and_untouched_by_putting_back(view: View, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "c").write_text("not ours\n")
    (view.top / "d/c").unlink()
    (view.top / "d").rmdir()
    (view.top / "d").symlink_to(other)
    changes = tree.differences(view, head(view))
    assert list(git.tracked(view.top, tree.tree_with(view, head(view), [one.path for one in changes]))) == ["a", "b", "d"]
    tree.put_back(view, head(view), changes, everywhere)
    assert (view.top / "d/c").read_text() == "d/c\n"
    assert (other / "c").read_text() == "not ours\n"


def test_a_pipe_counts_as_missing_and_is_replaced(view: View) -> None:
    (view.top / "a").unlink()
    os.mkfifo(view.top / "a")
    assert tree.unstorable(view.top, ["a", "b", "none"]) == ("a",)
    assert list(git.tracked(view.top, tree.tree_with(view, head(view), ["a"]))) == ["b", "d/c"]
    tree.put_back(view, head(view), tree.differences(view, head(view)), everywhere)
    assert (view.top / "a").read_text() == "a\n"


def test_folders_that_are_left_empty_go_unless_they_are_spared_and_others_keep_their_mode(view: View) -> None:
    (view.top / "d").chmod(0o700)
    (view.top / "d/c").unlink()
    for name in ("d/new", "x/y/new", "spared/y/new"):
        (view.top / name).parent.mkdir(parents=True, exist_ok=True)
        (view.top / name).write_text("")
    tree.put_back(view, head(view), tree.differences(view, head(view)), lambda folder: folder == "spared")
    assert sorted(path.name for path in view.top.iterdir()) == [".git", "a", "b", "d", "spared"]
    assert (view.top / "d").stat().st_mode & 0o777 == 0o700


def test_folders_without_tracked_files_are_listed_to_the_last(view: View) -> None:
    for name in ("d/empty", "new/deep/er", "objects/empty"):
        (view.top / name).mkdir(parents=True)
    (view.top / "objects/x.o").write_text("")
    tree.point_at(view, head(view))
    assert set(tree.untracked_folders(view, git.tracked(view.top, head(view)))) == {
        "d/empty",
        "new",
        "new/deep",
        "new/deep/er",
        "objects",
        "objects/empty",
    }


def test_a_file_is_known_again_where_it_was_moved_to_and_not_when_it_was_written_to(view: View) -> None:
    before = tree.identity(view.top, "a")
    (view.top / "a").rename(view.top / "moved")
    assert tree.identity(view.top, "moved") == before
    assert tree.identity(view.top, "a") != before
    (view.top / "moved").write_text("longer than it was\n")
    assert tree.identity(view.top, "moved") != before


def test_what_is_in_the_way_of_files_is_named(view: View) -> None:
    (view.top / "file").write_text("")
    (view.top / "folder/deep").mkdir(parents=True)
    (view.top / "folder/deep/x.o").write_text("")
    assert tree.in_the_way(view.top, ["file/new", "folder", "free", "a"], {"a"}) == ("file", "folder/deep/x.o")


def test_a_private_index_that_was_damaged_is_made_anew(view: View) -> None:
    view.index.write_bytes(b"no index")
    assert tree.differences(view, head(view)) == ()
