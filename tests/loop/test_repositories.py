"""Repositories of every kind, with settings and hooks of every kind: sessions work in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.loop.project import BENCHMARK, Driver, Project


@pytest.fixture
def driver(fast_driver: Driver) -> Driver:
    """Every test here treads the same path."""
    return fast_driver


def lives_through(project: Project) -> None:
    """Check a keep, a discard and a restore."""
    project.write("src/a.txt", "a\n")
    project.write("src/new.txt", "")
    assert project.attempt()["status"] == "keep"
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    before = project.files()
    project.write("src/b.txt", "b" * 99)
    (project.top / "src/a.txt").unlink()
    project.git("add", "-A")
    assert project.attempt()["status"] == "discard"
    assert project.files() == before
    project.ok("restore", "2")
    assert project.read("src/b.txt") == "b" * 99
    project.write("src/b.txt", "")
    assert project.attempt()["status"] == "keep"
    project.agree()


def setting(*pairs: str) -> Callable[[Project], None]:
    def prepare(project: Project) -> None:
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            project.git("config", key, value)

    return prepare


SETTINGS = {
    "plain": setting(),
    "autocrlf input": setting("core.autocrlf", "input"),
    "no file modes": setting("core.fileMode", "false"),
    "signing without a key": setting("commit.gpgSign", "true", "user.signingKey", "nobody"),
    "an editor that waits": setting("core.editor", "sleep 600", "commit.verbose", "true"),
    "names quoted": setting("core.quotePath", "true", "status.relativePaths", "false"),
    "many files": setting("feature.manyFiles", "true", "core.splitIndex", "true"),
    "renames": setting("diff.renames", "copies", "status.renames", "copies"),
    "hooks elsewhere": setting("core.hooksPath", "none/such"),
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", SETTINGS)
def test_a_session_lives_under_any_setting(project: Project, name: str) -> None:
    SETTINGS[name](project)
    project.init()
    lives_through(project)


def test_what_a_candidate_deletes_is_not_there_when_it_is_measured(project: Project) -> None:
    project.init()
    (project.top / "src/b.txt").unlink()
    answer = project.attempt()
    assert (answer["status"], answer["value"]) == ("keep", len("aaaa aaaa aaaa\n"))
    project.write("src/c.txt", "a longer one")
    (project.top / "src/a.txt").rename(project.top / "src/d.txt")
    assert project.attempt()["value"] == len("aaaa aaaa aaaa\na longer one")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "all of it": shutil.rmtree,
    "the measuring worktree": lambda cache: shutil.rmtree(cache / "measure"),
    "its link to the repository": lambda cache: (cache / "measure/.git").unlink(),
    "what is known of it": lambda cache: (cache / "measure.json").unlink(),
    "part of what is known of it": lambda cache: (cache / "measure.json").write_text("{"),
    "its index": lambda cache: (cache / "measure.index").unlink(),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_gone_from_the_cache_folder_is_made_anew_and_the_checkout_left_alone(project: Project, name: str) -> None:
    project.write("src/mine.txt", "mine\n")
    project.init()
    (cache,) = (project.outside / "cache/autotune").glob(f"project-*/{project.name}")
    subprocess.run(["git", "init", "-q", project.outside], check=True)  # so that a lost folder would be taken for a part of this
    for content in ("a\n", "a" * 99):
        DAMAGE[name](cache)
        project.write("src/a.txt", content)
        answer = project.attempt()
        assert answer["outcome"] == "ok"
        assert answer["value"] == len(content) + len("bbbb bbbb bbbb\n")
    assert project.read("src/mine.txt") == "mine\n"
    project.agree()


def test_what_git_prunes_while_it_is_measured_is_not_missed(project: Project) -> None:
    project.write("autotune.sh", f"if rmdir {project.top}/build 2>&-; then git -C {project.top} prune --expire=now; fi\n{BENCHMARK}")
    project.write("autotune.toml", "busy_wait_s = 0\n")
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    (project.top / "build").mkdir()
    project.write("src/a.txt", "a\n")
    assert project.attempt()["verdict"] == "keep"
    assert not (project.top / "build").exists()
    project.ok("check")
    project.agree()


def test_line_ends_are_converted_as_git_is_set_up_to(project: Project) -> None:
    project.git("config", "core.autocrlf", "true")
    project.init()
    project.write("src/a.txt", "a\r\n")
    assert project.attempt()["status"] == "keep"
    assert project.git("show", "HEAD:src/a.txt") == "a"
    project.write("src/a.txt", "a\r\n" * 99)
    assert project.attempt()["status"] == "discard"
    assert (project.top / "src/a.txt").read_bytes() == b"a\r\n"
    project.write("src/b.txt", "bbbb bbbb bbbb\r\n")
    assert "nothing to measure" in project.refused("try", "-d", "x")


@pytest.mark.parametrize("attributes", ["", "* text eol=crlf\n"], ids=["configured", "attributes"])
def test_what_is_measured_with_has_the_bytes_that_it_has_in_the_checkout_whatever_git_would_make_of_line_ends(
    project: Project, attributes: str
) -> None:
    project.write("tests/fixed.sh", "set -e\ntrue\n")
    project.write(".gitattributes", attributes)
    project.git("add", "tests", ".gitattributes")
    project.git("commit", "-qm", "second")
    project.git("config", "core.autocrlf", "true")
    assert project.git("status", "--porcelain", "-uno") == ""
    script = 'set -e\nif true; then\n  . tests/fixed.sh\nfi\n[ "$(wc -c < tests/fixed.sh)" -eq 12 ]\n'
    project.write("autotune.sh", script + BENCHMARK, 0o755)
    project.init("--protect", "tests/**")
    [place] = (project.outside / "cache/autotune").glob("*/*/measure")
    for _ in range(2):
        assert (place / "autotune.sh").read_bytes() == (project.top / "autotune.sh").read_bytes()
        assert (place / "autotune.sh").stat().st_mode & 0o111
        assert (place / "tests/fixed.sh").read_bytes() == b"set -e\ntrue\n"
        project.write("src/a.txt", "a\r\n" * 99)
        assert project.attempt()["status"] == "discard"
    project.write("src/a.txt", "a\r\n")
    assert project.attempt()["status"] == "keep"


def test_a_session_lives_in_a_repository_with_longer_hashes(tmp_path: Path, driver: Driver) -> None:
    project = Project.make(tmp_path, driver, "project", "--object-format=sha256")
    project.init()
    lives_through(project)


def test_a_session_lives_in_a_linked_worktree_and_is_found_from_others(project: Project) -> None:
    main = project.top
    project.git("worktree", "add", "-q", "-b", "linked", "../linked")
    for name in ("autotune.sh", "autotune.toml"):
        (main / name).rename(main.parent / "linked" / name)
    project.top = project.folder = main.parent / "linked"
    project.init()
    lives_through(project)
    project.folder = main
    assert project.ok("status", "--json").json


def test_a_session_lives_beside_a_git_folder_that_is_elsewhere_and_is_found_from_other_worktrees(tmp_path: Path, driver: Driver) -> None:
    project = Project.make(tmp_path, driver, "project", f"--separate-git-dir={tmp_path}/apart.git")
    project.git("worktree", "add", "-q", "-b", "linked", "../linked")
    project.init()
    lives_through(project)
    project.folder = tmp_path / "linked"
    assert project.ok("status", "--json").json
    project.write("src/a.txt", "a")
    assert project.attempt()["outcome"] == "ok"
    project.folder = project.top
    project.ok("clear", "--yes")


def test_a_session_lives_in_a_submodule(tmp_path: Path, driver: Driver) -> None:
    whole = Project.make(tmp_path, driver, "whole")
    project = Project.make(tmp_path, driver, "part")
    whole.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(project.top), "part")
    for name in ("autotune.sh", "autotune.toml"):
        (project.top / name).rename(whole.top / "part" / name)
    project.top = project.folder = whole.top / "part"
    project.init()
    lives_through(project)


NAMES = [
    'two\nlines, "é" [x]* ',
    "$HOME `touch pwned` $(touch pwned) ${PATH}",
    "~",
    "-rf 'it is' %s %(asctime)s {0} ; & | < > # \\",
    os.fsdecode(b"\xff\xfe\n"),
]


@pytest.mark.nightly
@pytest.mark.parametrize("name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.nightly) for name in NAMES[1:])])
def test_a_session_lives_in_a_folder_of_any_name(tmp_path: Path, driver: Driver, name: str) -> None:
    project = Project.make(tmp_path, driver, name)
    project.write(f"{name}/x.txt", "a folder in scope, named alike\n")
    project.git("add", "--", f":(literal){name}")
    project.git("commit", "-qm", "named")
    project.init()
    lives_through(project)
    project.ok("check")
    project.ok("clear", "--yes")
    project.git("switch", "-q", "main")
    project.init("--worktree")
    project.top = project.folder = Path(project.events()[0]["tree"])
    lives_through(project)
    assert not list(tmp_path.rglob("pwned"))


def test_a_session_in_a_folder_with_the_signs_of_patterns_lists_its_files_where_git_looks(project: Project) -> None:
    project.write("p[x]*/src/a.txt", "a\n")
    project.write("p[x]*/autotune.sh", BENCHMARK)
    project.git("add", ".")
    project.git("commit", "-qm", "inside")
    project.folder = project.top / "p[x]*"
    project.init()
    assert project.git("status", "--porcelain", ".", folder=project.folder) == ""


def test_a_session_lives_in_a_shallow_clone(project: Project) -> None:
    project.write("README", "more\n")
    project.git("commit", "-qam", "second")
    project.git("clone", "-q", "--depth", "1", f"file://{project.top}", "../clone")
    for name in ("autotune.sh", "autotune.toml"):
        (project.top / name).rename(project.top.parent / "clone" / name)
    project.top = project.folder = project.top.parent / "clone"
    project.init()
    lives_through(project)


def test_a_session_has_a_worktree_of_its_own(project: Project) -> None:
    before, held = project.files(), project.git("rev-parse", "HEAD")
    folder = project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once", "--worktree", "--json").json["folder"]
    project.write("src/a.txt", "the user edits beside it\n")
    beside, project.top = project.top, Path(folder)
    project.folder = project.top
    lives_through(project)
    project.top = beside
    assert project.files() == before | {b"src/a.txt": project.files()[b"src/a.txt"]}
    assert project.git("rev-parse", "HEAD") == held


def test_a_session_in_a_folder_of_the_repository_stays_there(project: Project) -> None:
    (project.top / "part").mkdir()
    project.git("mv", "src", "part/src")
    project.git("commit", "-qm", "moved")
    for name in ("autotune.sh", "autotune.toml"):
        (project.top / name).rename(project.top / "part" / name)
    project.folder = project.top / "part"
    project.init()
    project.write("part/src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    project.write("README", "edited\n")
    project.write("part/src/a.txt", "")
    assert "README is outside the scope" in project.refused("try", "-d", "x")
    project.git("checkout", "README")
    project.write("part/src/a.txt", "a" * 99)
    project.folder = project.top / "part/src"
    assert project.attempt()["status"] == "discard"
    assert project.read("part/src/a.txt") == "a\n"
    project.agree()


def test_a_session_lives_beside_a_sparse_checkout(project: Project) -> None:
    project.write("docs/page.txt", "page\n")
    project.git("add", "docs")
    project.git("commit", "-qm", "docs")
    project.git("sparse-checkout", "set", "--no-cone", "/*", "!/docs/")
    assert not (project.top / "docs").exists()
    project.init()
    lives_through(project)
    assert not (project.top / "docs").exists()
    assert "docs/page.txt" in project.git("ls-tree", "-r", "--name-only", "HEAD")


def test_edits_in_the_checkout_while_a_run_is_in_place_there_are_kept(project: Project) -> None:
    edit = 'name=a; if [ -e edit ]; then rm edit; echo "an edit" > "src/$name.txt"; fi\n'
    project.write("autotune.sh", project.read("autotune.sh") + edit)
    project.write(".gitignore", project.read(".gitignore") + "edit\n")
    project.git("commit", "-qam", "edits")
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--in-place")
    project.write("src/a.txt", "a\n")
    project.write("edit", "")
    project.attempt()
    refs = project.git("for-each-ref", "--format=%(refname)", "refs/autotune").split()
    [late] = [ref for ref in refs if ".late-" in ref]
    assert project.git("show", f"{late}:src/a.txt") == "an edit"
    assert late in json.dumps(project.events())


def test_measuring_in_place_leaves_what_is_kept_in_the_checkout(project: Project) -> None:
    answer = project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--in-place")
    assert "measured in the checkout itself" in answer.err
    assert "no proof that these files are what is measured" in answer.err
    (project.top / "src/empty").mkdir()
    lives_through(project)


CONVERTED = {
    "line ends by attribute": ("src/a.txt text eol=crlf", {}),
    "line ends by setting": ("", {"core.autocrlf": "true"}),
    "an encoding": ("src/a.txt text working-tree-encoding=UTF-16LE", {}),
    "an identity": ("src/a.txt ident", {}),
    "a filter": ("src/a.txt filter=twice", {"filter.twice.clean": "sed 's/^..//'", "filter.twice.smudge": "sed 's/^/> /'"}),
}


@pytest.mark.parametrize("place", [(), ("--in-place",)], ids=["worktree", "in place"])
@pytest.mark.parametrize("how", CONVERTED)
def test_what_git_converts_is_taken_back_as_git_checks_it_out_and_the_branch_can_be_left(
    project: Project, how: str, place: tuple[str, ...]
) -> None:
    attributes, settings = CONVERTED[how]
    for name, value in settings.items():
        project.git("config", name, value)
    project.write("src/a.txt", "$Id$\naaaa aaaa\n".encode("utf-16-le") if how == "an encoding" else "> $Id$\n> aaaa aaaa\n")
    project.write(".gitattributes", f"{attributes}\n")
    project.git("add", "src", ".gitattributes")
    project.git("commit", "-qm", "converted")
    (project.top / "src/a.txt").unlink()
    project.git("checkout", "src/a.txt")
    project.init(*place)
    (project.top / "src/a.txt").write_bytes("aaa\n".encode("utf-16-le") if how == "an encoding" else b"> aaa\n")
    assert project.attempt()["status"] == "keep"
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    for content in ("worse " * 30, "two\nlines\n" * 9):
        (project.top / "src/a.txt").write_bytes(content.encode("utf-16-le") if how == "an encoding" else content.encode())
        assert project.attempt()["status"] == "discard"
        assert project.git("status", "--porcelain", "--untracked-files=no") == ""
        (project.top / "src/a.txt").write_bytes((project.top / "src/a.txt").read_bytes())
    ours = project.files()[b"src/a.txt"]
    (project.top / "src/a.txt").unlink()
    project.git("checkout", "src/a.txt")
    assert project.files()[b"src/a.txt"] == ours
    project.git("switch", "-q", "main")


@pytest.mark.parametrize("options", [(), ("--worktree",)])
@pytest.mark.nightly
def test_a_session_lives_beside_a_tag_with_the_name_of_its_branch(project: Project, options: tuple[str, ...]) -> None:
    project.git("tag", "main")
    project.init(*options)
    project.git("tag", project.branch, "main")
    project.top = project.folder = Path(project.events()[0]["tree"])
    lives_through(project)
    for words in ("status", "check", "confirm", "stop", "resume"):
        project.ok(words)


def test_a_repository_that_was_moved_finds_its_session_in_a_tree_of_its_own_as_the_hint_says(project: Project) -> None:
    project.init("--worktree")
    tree, moved = Path(project.events()[0]["tree"]), project.top.with_name("mo ved")
    project.top.rename(moved)
    project.top = project.folder = moved
    command = f"git -C '{moved}' worktree repair {tree}"
    assert command in project.refused("status")
    assert command in project.run("check").out
    project.folder = tree
    assert f"git worktree repair {tree}" in project.refused("status")
    subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602 - as a person would
    project.ok("status")
    project.top = tree
    lives_through(project)


# The user's hooks.


def hook(project: Project, name: str, script: str) -> None:
    path = project.top / ".git/hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


REJECTING = {
    "failing": ("pre-commit", "echo the linter says no; exit 1"),
    "changing a measured file": ("pre-commit", "echo x >> src/a.txt"),
    "formatting and adding": ("pre-commit", "echo x >> src/a.txt; git add src/a.txt"),
    "adding another file": ("pre-commit", "echo x > src/made.txt; git add src/made.txt"),
    "refusing the message": ("commit-msg", "exit 1"),
    "rewriting the message": ("commit-msg", 'echo "all mine" > "$1"'),
    "too slow": ("pre-commit", "sleep 60"),
    "failing afterwards": ("post-commit", "sleep 60"),
}


@pytest.mark.nightly
@pytest.mark.parametrize("case", REJECTING)
def test_a_hook_that_does_not_let_the_candidate_through_takes_it_back(project: Project, case: str) -> None:
    project.write("autotune.toml", "busy_wait_s = 0\nchecks_timeout_s = 1\n")
    project.init()
    before, incumbent = project.files(), project.git("rev-parse", "HEAD")
    name, script = REJECTING[case]
    hook(project, name, script)
    project.write("src/a.txt", "a\n")
    project.write("src/c.txt", "")
    answer = project.attempt()
    assert answer["status"] == "checks_failed", answer
    assert project.files() == before
    assert project.git("rev-parse", "HEAD") == incumbent
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    if case == "failing":
        assert "the linter says no" in str(answer)
    project.agree()


def lock_of_the_branch(project: Project) -> Path:
    return project.write(f".git/refs/heads/{project.branch}.lock", "")


def lock_of_head(project: Project) -> Path:
    return project.write(".git/HEAD.lock", "")


def log_of_the_branch(project: Project) -> Path:
    log = project.top / ".git/logs/refs/heads" / project.branch
    log.unlink()
    return project.write(str(log.relative_to(project.top) / "in the way"), "").parent


def nobody(project: Project) -> Path:
    project.environment["GIT_AUTHOR_NAME"] = ""
    return project.top / "nothing"


def hook_without_its_program(project: Project) -> Path:
    hook(project, "pre-commit", "")
    return project.write(".git/hooks/pre-commit", "#!/no/such/program\n")


def signature(project: Project) -> Path:
    project.ok("config", "set", "sign", "true")
    project.git("config", "gpg.program", str(project.write(".git/gpg", "#!/bin/sh\nsleep 60\n", 0o755)))
    return project.top / ".git/config"


def hook_whose_failure_is_none(project: Project) -> Path:
    hook(project, "post-index-change", "exit 1")
    return lock_of_the_branch(project)


BREAKING = [lock_of_the_branch, lock_of_head, log_of_the_branch, nobody, hook_without_its_program, signature, hook_whose_failure_is_none]


@pytest.mark.parametrize("break_it", BREAKING)
def test_a_keep_that_git_cannot_commit_is_an_error_and_the_next_command_commits_it(
    project: Project, break_it: Callable[[Project], Path]
) -> None:
    project.write("autotune.toml", "busy_wait_s = 0\nchecks_timeout_s = 1\n")
    project.init()
    config = project.read(".git/config")
    broken = break_it(project)
    project.write("src/a.txt", "a\n")
    assert "git could not commit it" in project.refused("try", "-d", "better")
    assert (project.results(), project.read("src/a.txt"), project.commits()) == ([], "a\n", [])
    project.write("src/b.txt", "later\n")
    project.environment.clear()
    if broken.is_dir():
        shutil.rmtree(broken)
    broken.unlink(missing_ok=True)
    project.write(".git/config", config)
    if break_it is signature:
        project.ok("config", "set", "sign", "false")
    project.ok("resume")
    assert [one["status"] for one in project.results()] == ["keep"]
    assert project.git("diff", "--name-only") == "src/b.txt"
    project.agree()


def test_a_hook_that_adds_to_the_message_is_welcome(project: Project) -> None:
    project.init()
    hook(project, "commit-msg", 'echo "Change-Id: I0123" >> "$1"')
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    assert "Change-Id: I0123" in project.git("log", "-1", "--format=%B")
    project.agree()
