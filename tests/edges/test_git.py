"""The one way to git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autotune.edges import commits, git, indexes, status
from autotune.errors import AutotuneError


@pytest.fixture(params=["sha1", "sha256"])
def top(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    for words in (("init", "-q", "-b", "main", f"--object-format={request.param}"), ("commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def test_entries_are_set_and_removed_under_any_name_with_hashes_of_either_length(top: Path) -> None:
    names = ["plain", "with space", "two\nlines", 'quo"te', "ünï", b"\xff\xfe".decode("utf-8", "surrogateescape"), "deep/er"]
    blob = git.store(top, b"content")
    made = indexes.make_tree(top, dict.fromkeys(names, ("100644", blob)), top / ".git/scratch")
    assert set(git.tracked(top, made)) == set(names)
    git.tell(top, "read-tree", made, index=top / ".git/scratch")
    indexes.set_entries(top, top / ".git/scratch", {"new": ("100755", blob)}, names[1:])
    assert git.tracked(top, indexes.write_tree(top, top / ".git/scratch")) == {"plain": ("100644", blob), "new": ("100755", blob)}


def test_what_a_tree_holds_is_the_same_told_by_how_it_differs_from_another(top: Path) -> None:
    blobs = [git.store(top, content) for content in (b"one", b"two")]
    one = {"a": ("100644", blobs[0]), "b/c": ("100644", blobs[0]), "d": ("100644", blobs[0]), "sub": ("160000", "1" * len(blobs[0]))}
    other = {"a": ("100755", blobs[1]), "b": ("120000", blobs[0]), "e/f": ("100644", blobs[1]), "sub": ("160000", "2" * len(blobs[0]))}
    first, second = (indexes.make_tree(top, entries, top / ".git/scratch") for entries in (one, other))
    git.tell(top, "config", "submodule.sub.ignore", "all")
    assert git.tracked(top, second, like=first) == other
    assert git.tracked(top, first) == one


def test_a_commit_of_its_own_has_no_hook_no_signature_and_moves_no_branch(top: Path) -> None:
    git.tell(top, "config", "commit.gpgSign", "true")
    head = git.resolve(top, "HEAD")
    assert head is not None
    made = commits.commit_tree(top, commits.tree_of(top, head), [head], "words")
    assert commits.parents(top, made) == (head,)
    assert commits.message(top, made) == "words"
    assert git.resolve(top, "HEAD") == head
    assert "gpgsig" not in git.tell(top, "cat-file", "commit", made).text


def test_a_ref_that_cannot_be_set_is_an_error(top: Path) -> None:
    head = git.resolve(top, "HEAD") or ""
    commits.set_ref(top, "refs/autotune/x", head, "why")
    assert commits.refs(top, "refs/autotune") == {"refs/autotune/x": head}
    with pytest.raises(AutotuneError, match="update-ref failed"):
        commits.set_ref(top, "refs/autotune/x/y", head, "why")
    with pytest.raises(AutotuneError, match="update-ref failed"):
        commits.set_ref(top, "refs/autotune/x", head, "why", old="1" * len(head))


def test_the_hash_of_an_objects_content_is_its_name_and_replacements_are_not_looked_at(top: Path) -> None:
    one, other = git.store(top, b"one"), git.store(top, b"other")
    subprocess.run(["git", "replace", one, other], cwd=top, check=True)
    assert git.content(top, one) == b"one"
    assert git.damaged(top, [("a", one), ("b", other), ("c", "1" * len(one))]) == [("c", None)]
    path = top / ".git/objects" / one[:2] / one[2:]
    path.chmod(0o644)
    path.write_bytes((top / ".git/objects" / other[:2] / other[2:]).read_bytes())
    assert git.damaged(top, [("a", one), ("b", other)]) == [("a", other)]


def test_files_only_intended_to_be_added_count_as_staged(top: Path) -> None:
    (top / "new").write_text("")
    git.tell(top, "add", "-N", "new")
    assert indexes.staged(top, "HEAD") == ("new",)


def test_a_folder_outside_any_repository_has_none(tmp_path: Path) -> None:
    assert git.discover(tmp_path) is None


def test_a_repository_that_git_refuses_is_no_folder_without_one(top: Path) -> None:
    head = git.resolve(top, "HEAD")
    assert head is not None
    found = git.Repository(top, top / ".git", top / ".git")
    with (top / ".git/config").open("a", encoding="utf-8") as file:
        file.write("[broken\n")
    asked: list[Callable[[], object]] = [
        lambda: git.discover(top),
        lambda: git.resolve(top, "HEAD"),
        lambda: git.current_branch(found),
        lambda: commits.is_ancestor(top, head, head),
        lambda: commits.merge_base(top, head, head),
        lambda: status.mentioning(top, "x"),
        lambda: git.holding(top, "x"),
        lambda: commits.has_identity(found),
    ]
    for ask in asked:
        with pytest.raises(AutotuneError, match="bad config line") as caught:
            ask()
        assert "config in an editor" in caught.value.hint


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_the_command_that_git_names_for_a_folder_of_another_user_is_the_hint(top: Path) -> None:
    os.chown(top, 65534, 65534)
    os.chown(top / ".git", 65534, 65534)
    with pytest.raises(AutotuneError, match="dubious ownership") as caught:
        git.discover(top)
    assert f"`git config --global --add safe.directory {top}`" in caught.value.hint


def test_a_bare_repository_is_told_from_none(top: Path) -> None:
    with pytest.raises(AutotuneError, match="work tree"):
        git.discover(top / ".git")


def test_what_is_not_there_is_answered_with_no(top: Path) -> None:
    head = git.resolve(top, "HEAD") or ""
    gone = "1" * len(head)
    assert git.resolve(top, "refs/heads/gone") is None
    assert not commits.is_ancestor(top, gone, head)
    assert commits.merge_base(top, gone, head) is None
    assert git.holding(top, "x") == status.mentioning(top, "x") == ()


def test_nobody_known_to_git_is_told_from_a_git_that_cannot_say(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{role}_EMAIL", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git.tell(top, "config", "user.useConfigOnly", "true")
    assert not commits.has_identity(git.Repository(top, top / ".git", top / ".git"))


def test_a_repository_is_found_whatever_its_folder_is_called(tmp_path: Path) -> None:
    top = tmp_path / "two\nlines" / 'and "more"'
    (top / "deep").mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    assert git.discover(top / "deep") == git.Repository(top, top / ".git", top / ".git")


def test_nothing_runs_elsewhere_in_place_of_a_folder_that_is_gone(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(top)
    assert git.discover(top / "gone") is None
    with pytest.raises(AutotuneError, match="gone is not there"):
        git.ask(top / "gone", "status")


def test_a_failing_command_says_what_git_said(top: Path) -> None:
    with pytest.raises(AutotuneError, match=r"git read-tree failed in .*: fatal: Not a valid object name nothing"):
        git.tell(top, "read-tree", "nothing")
    assert git.ask(top, "read-tree", "nothing").code != 0
