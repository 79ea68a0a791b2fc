"""Commits from elsewhere, in a repository that borrows: checked, bounded, and without a trace in the one that lends."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from autotune.edges import borrowed, git, worktrees
from autotune.edges.git import Repository
from autotune.errors import AutotuneError


def run(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def maker(tmp_path: Path) -> Path:
    top = tmp_path / "maker"
    top.mkdir()
    run(top, "init", "-q", "-b", "main")
    (top / "a").write_text("one\n")
    run(top, "add", ".")
    run(top, "commit", "-qm", "first")
    return top


def lender_of(maker: Path, name: str = "lender") -> Repository:
    run(maker.parent, "clone", "-q", "--no-local", "--single-branch", "-b", "main", str(maker), name)
    found = git.discover(maker.parent / name)
    assert found is not None
    return found


def packed(maker: Path, content: str) -> tuple[Path, dict[str, str], str]:
    base = run(maker, "rev-parse", "main")
    run(maker, "switch", "-qc", "work")
    (maker / "a").write_text(content)
    run(maker, "commit", "-qam", "second")
    file = maker.parent / "bundle"
    borrowed.pack(maker, file, ["refs/heads/work"], base)
    return file, {"refs/heads/work": run(maker, "rev-parse", "work")}, base


def test_commits_are_taken_in_and_the_lender_stays_as_it_was(maker: Path, tmp_path: Path) -> None:
    lender = lender_of(maker)
    run(lender.top, "config", "core.autocrlf", "input")
    run(lender.top, "config", "filter.x.clean", "cat\n# two lines")
    run(lender.top, "config", "alias.x", "!touch evil")
    file, refs, base = packed(maker, "two\n")
    objects = sorted((lender.common / "objects").rglob("*"))
    made = borrowed.make(tmp_path / "room" / "x", lender)
    borrowed.take_in(made, file, refs, base)
    worktrees.switch_to_new(made, "work")
    assert run(made.top, "show", "HEAD:a") == "two"
    assert run(made.top, "symbolic-ref", "HEAD") == "refs/heads/work"
    assert run(made.top, "config", "filter.x.clean") == "cat\n# two lines"
    assert subprocess.run(["git", "config", "alias.x"], cwd=made.top, check=False).returncode == 1
    assert sorted((lender.common / "objects").rglob("*")) == objects
    assert [path.name for path in made.top.iterdir()] == [".git"]


def test_a_shallow_clone_lends_what_it_has(maker: Path, tmp_path: Path) -> None:
    run(maker, "commit", "-q", "--allow-empty", "-m", "later")
    run(tmp_path, "clone", "-q", "--depth=1", f"file://{maker}", "shallow")
    lender = git.discover(tmp_path / "shallow")
    assert lender is not None
    file, refs, base = packed(maker, "two\n")
    made = borrowed.make(tmp_path / "x", lender)
    borrowed.take_in(made, file, refs, base)
    assert run(made.top, "log", "--format=%s", "work").splitlines() == ["second", "later"]


def test_a_partial_clone_fetches_what_it_lacks(maker: Path, tmp_path: Path) -> None:
    (maker / "a").write_text("".join(f"line {one}\n" for one in range(2000)))
    run(maker, "commit", "-qam", "long")
    run(maker, "config", "uploadpack.allowfilter", "true")
    run(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", "--single-branch", "-b", "main", f"file://{maker}", "partial")
    lender = git.discover(tmp_path / "partial")
    assert lender is not None
    file, refs, base = packed(maker, (maker / "a").read_text() + "more\n")
    made = borrowed.make(tmp_path / "x", lender)
    borrowed.take_in(made, file, refs, base)
    assert run(made.top, "show", "work:a").endswith("more")
    plain = borrowed.make(tmp_path / "y", lender_of(maker, "whole"))
    assert subprocess.run(["git", "config", "remote.origin.url"], cwd=plain.top, check=False).returncode == 1


def test_other_refs_another_base_and_what_is_no_bundle_are_refused(maker: Path, tmp_path: Path) -> None:
    file, refs, base = packed(maker, "two\n")
    run(maker, "switch", "-q", "main")
    made = borrowed.make(tmp_path / "x", lender_of(maker))
    with pytest.raises(AutotuneError, match="does not have"):
        borrowed.take_in(made, file, refs, "1" * 40)
    with pytest.raises(AutotuneError, match="said to hold"):
        borrowed.take_in(made, file, {**refs, "refs/heads/other": base}, base)
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(AutotuneError, match="git does not take it"):
        borrowed.take_in(made, file, refs, base)
    file.write_bytes(b"none")
    with pytest.raises(AutotuneError, match="no git bundle"):
        borrowed.take_in(made, file, refs, base)


def test_commits_that_unpack_to_too_much_are_refused(maker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, refs, base = packed(maker, "x" * 100_000)
    run(maker, "switch", "-q", "main")
    made = borrowed.make(tmp_path / "x", lender_of(maker))
    monkeypatch.setattr(borrowed, "MOST_BYTES", 50_000)
    with pytest.raises(AutotuneError, match="more than"):
        borrowed.take_in(made, file, refs, base)


def test_the_contents_of_what_is_packed_are_told_with_their_names(maker: Path) -> None:
    _, refs, base = packed(maker, "a secret\n")
    found = dict(borrowed.contents(maker, [*refs], base))
    assert found["a"] == b"a secret\n"
    assert any(name.startswith("commit ") and b"second" in content for name, content in found.items())
