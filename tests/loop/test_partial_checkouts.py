"""Sessions where git holds what is tracked elsewhere: in submodules, with Git LFS, outside of a sparse checkout, on another machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.loop.project import Driver, Project

FILE_ALLOWED = ("-c", "protocol.file.allow=always")
SCOPED = ("init", "--name", "x", "--metric", "size", "--once")


def submodule(project: Project, base: Path, path: str) -> Project:
    """Give a project a submodule; gives that as a project."""
    other = Project.make(base, project.driver, path.rpartition("/")[2])
    project.git(*FILE_ALLOWED, "submodule", "add", "-q", str(other.top), path)
    project.git("commit", "-qm", f"submodule {path}")
    return other


def values(project: Project) -> list[float]:
    runs = (event for event in project.events("run") if event["arm"] == "incumbent" and event["purpose"] != "checks")
    return [event["metrics"]["size"] for event in runs]


# Submodules.


def test_a_submodule_and_one_within_it_are_filled_offline_and_are_for_every_run_what_they_were(project: Project, tmp_path: Path) -> None:
    inner = Project.make(tmp_path / "inner", project.driver, "inner")
    outer = Project.make(tmp_path / "outer", project.driver, "outer")
    outer.git(*FILE_ALLOWED, "submodule", "add", "-q", str(inner.top), "deep/inner")
    outer.git("commit", "-qm", "inner")
    project.git(*FILE_ALLOWED, "submodule", "add", "-q", str(outer.top), "libs/outer")
    project.git(*FILE_ALLOWED, "submodule", "update", "-q", "--init", "--recursive")
    project.git("commit", "-qm", "outer")
    for one in (inner, outer):
        shutil.rmtree(one.top)
    (project.top / "libs/outer/README").write_text("edited within, which is not what is recorded\n")
    counted = "cat src/*.txt libs/outer/README libs/outer/deep/inner/README libs/outer/left* 2>/dev/null | wc -c"
    writing = "echo more >> libs/outer/README; echo left > libs/outer/left.txt; rm libs/outer/deep/inner/README;"
    asking = "git -C libs/outer describe --always > /dev/null || exit 1"
    project.write("autotune.sh", f'{asking}; size=$({counted}); {writing} > /dev/null; echo "METRIC size=$size"\n')
    project.init("--checks", "test -e libs/outer/deep/inner/README")
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    expected = 2 * len("a project\n") + 2 * len("aaaa aaaa aaaa\n")
    assert values(project) == [expected] * len(values(project))
    assert project.read("libs/outer/README").startswith("edited within")
    project.agree()


def test_a_submodule_without_files_stays_without_them(project: Project, tmp_path: Path) -> None:
    submodule(project, tmp_path / "base", "libs/other")
    project.git("submodule", "deinit", "-q", "-f", "libs/other")
    project.write("autotune.sh", project.read("autotune.sh") + 'test -d libs/other && test -z "$(ls -A libs/other)"\n')
    assert "submodules without files: libs/other" in project.ok(*SCOPED, "--protect", "libs/other").err
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"


def test_a_session_with_a_tree_of_its_own_has_the_submodules_files_there_too(project: Project, tmp_path: Path) -> None:
    submodule(project, tmp_path / "base", "libs/other")
    project.write("autotune.sh", project.read("autotune.sh") + "cat libs/other/README > /dev/null\n")
    folder = project.ok(*SCOPED, "--scope", "src/**", "--worktree", "--json").json["folder"]
    project.top = project.folder = Path(folder)
    assert project.git("status", "--porcelain") == ""
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"


# Sparse checkouts and partial clones.


@pytest.mark.nightly
@pytest.mark.parametrize("cone", [True, False])
def test_a_sparse_checkout_of_a_partial_clone_is_measured_as_it_is_and_nothing_is_fetched(
    project: Project, tmp_path: Path, driver: Driver, *, cone: bool
) -> None:
    for number in range(3):
        project.write(f"docs/page-{number}.txt", f"page {number}\n")
    project.write("src/c.txt", "cccc\n")
    project.git("add", "docs", "src")
    project.git("commit", "-qm", "docs")
    project.git("config", "uploadpack.allowFilter", "true")
    project.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{project.top}", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", tmp_path / "outside", driver, tmp_path / "clone")
    clone.git("sparse-checkout", "set", *(("--cone", "--sparse-index", "src") if cone else ("--no-cone", "/*", "!/docs/")))
    clone.git("checkout", "-q", "main")
    for name in ("autotune.sh", "autotune.toml"):
        shutil.copy(project.top / name, clone.top / name)
    clone.write("autotune.sh", clone.read("autotune.sh") + "test ! -e docs\n")
    shutil.move(project.top, tmp_path / "gone")
    missing = clone.git("rev-list", "--objects", "--missing=print", "HEAD").count("\n?")
    assert missing >= 3
    clone.ok(*SCOPED)
    clone.write("src/a.txt", "a\n")
    assert clone.attempt()["status"] == "keep"
    (clone.top / "src/c.txt").unlink()
    assert clone.attempt()["status"] == "keep"
    clone.write("src/b.txt", "b" * 99)
    assert clone.attempt()["status"] == "discard"
    clone.ok("restore", "3")
    clone.ok("stop")
    assert clone.git("rev-list", "--objects", "--missing=print", "HEAD").count("\n?") == missing
    assert clone.git("ls-tree", "-r", "--name-only", "HEAD", "docs").count("docs/") == 3
    assert not (clone.top / "docs").exists()
    assert clone.git("ls-files", "-v", "docs").count("S docs/") == 3
    clone.agree()
    clone.end_workers()


@pytest.mark.nightly
def test_what_a_sparse_checkout_leaves_out_is_no_candidate_and_follows_when_it_is_taken_in(project: Project) -> None:
    project.write("docs/page.txt", "page\n")
    project.git("add", "docs")
    project.git("commit", "-qm", "docs")
    project.git("sparse-checkout", "set", "--no-cone", "/*", "!/docs/")
    project.ok(*SCOPED)
    project.write("docs/page.txt", "written all the same\n")
    project.write("src/a.txt", "a\n")
    assert "docs/page.txt is left out by the sparse checkout" in project.refused("try", "-d", "x")
    shutil.rmtree(project.top / "docs")
    project.git("sparse-checkout", "disable")
    (project.top / "docs/page.txt").unlink()
    assert project.attempt()["status"] == "keep"
    assert project.results()[-1]["files"] == ["docs/page.txt", "src/a.txt"]


def test_what_a_proposer_writes_where_the_sparse_checkout_leaves_out_is_taken_away_again(project: Project) -> None:
    project.write("docs/page.txt", "page\n")
    project.git("add", "docs")
    project.git("commit", "-qm", "docs")
    project.git("sparse-checkout", "set", "--no-cone", "/*", "!/docs/")
    project.write("autotune.toml", "busy_wait_s = 0\nmax_iterations = 1\n")
    project.ok(*SCOPED)
    writing = "if mkdir build; then mkdir docs; echo more > docs/page.txt; fi"  # the first time
    answer = project.ok("start", "--proposer", f"{writing}; echo a > src/a.txt")
    assert "is left out by the sparse checkout" in answer.all
    assert [one["status"] for one in project.results()] == ["keep"]
    assert not (project.top / "docs").exists()
    assert project.git("status", "--porcelain") == ""


# Git LFS.


def lfs(project: Project, *, works: bool = True) -> None:
    """Set up a filter that keeps `*.bin` as Git LFS does: what git holds is only a name of the content, which lies in a folder."""
    store = project.outside / "store"
    store.mkdir()
    clean = (
        f"sh -c 'cat > {store}/fresh; name=$(sha256sum < {store}/fresh | cut -c -64); mv {store}/fresh {store}/$name; echo pointer $name'"
    )
    smudge = f"sh -c 'read _ name; cat {store}/$name'"
    project.git("config", "filter.lfs.clean", clean)
    project.git("config", "filter.lfs.smudge", smudge)
    project.git("config", "filter.lfs.required", "true")
    project.write(".gitattributes", "*.bin filter=lfs -text\n")
    large = project.write("data/large.bin", "large content\n")
    os.utime(large, (1e9, 1e9))  # git need not look at its content again
    project.git("add", ".gitattributes", "data")
    project.git("commit", "-qm", "large")
    assert project.git("show", "HEAD:data/large.bin").startswith("pointer ")
    if not works:
        for name in ("clean", "smudge"):
            project.git("config", f"filter.lfs.{name}", "git-lfs-that-is-nowhere")


@pytest.mark.parametrize("works", [True, False])
def test_a_file_of_lfs_is_measured_as_it_is_in_the_checkout_and_is_for_every_run_what_it_was(project: Project, *, works: bool) -> None:
    lfs(project, works=works)
    project.write("autotune.sh", 'size=$(cat src/*.txt data/* | wc -c); echo more >> data/large.bin; echo "METRIC size=$size"\n')
    project.init()
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    expected = len("large content\n") + 2 * len("aaaa aaaa aaaa\n")
    assert values(project) == [expected] * len(values(project))
    assert project.read("data/large.bin") == "large content\n"


def test_a_file_of_lfs_is_no_candidate_unless_it_is_the_same_again(project: Project) -> None:
    lfs(project)
    project.ok(*SCOPED, "--protect", "data/**", "--scope", "**")
    project.write("src/a.txt", "a\n")
    project.write("data/large.bin", "other content\n")
    assert "data/large.bin is outside the scope" in project.refused("try", "-d", "x")
    project.write("data/large.bin", "large content\n")
    assert project.attempt()["status"] == "keep"


def test_a_file_that_lfs_has_not_brought_is_told(project: Project) -> None:
    project.write(".gitattributes", "*.bin filter=lfs -text\n")
    project.write("data/large.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    project.git("add", ".gitattributes", "data")
    project.git("commit", "-qm", "large")
    said = project.run(*SCOPED, "--scope", "src/**", "--command", "false").err
    assert "data/large.bin" in said
    assert "`git lfs pull`" in said


def test_where_git_lfs_is_needed_and_missing_it_is_named(project: Project) -> None:
    lfs(project, works=False)
    (project.top / "data/large.bin").touch()
    project.git("update-index", "-q", "--refresh", ok=False)
    for options in ((), ("--worktree",)):
        said = project.refused(*SCOPED, "--scope", "src/**", *options)
        assert "git-lfs" in said
        assert "data/large.bin" in said
        assert "install git-lfs" in said
