"""A session handed over as branches: every kind of change, whole or not at all, and nothing of the user's touched."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.loop.project import BENCHMARK, Driver, Project

ALL = os.environ.get("AUTOTUNE_TEST_EVERY_EFFECT") == "1"
SAMPLE = 5  # effects at which it is killed, unless all are asked for
LONG = "".join(f"line {number}, which is rather long\n" for number in range(12))


@pytest.fixture
def project(tmp_path: Path, driver: Driver) -> Iterator[Project]:
    """A project with a longer file, whose lines can be changed apart from each other."""
    made = Project.make(tmp_path, driver)
    made.write("src/long.txt", LONG)
    made.git("add", "src/long.txt")
    made.git("commit", "-qm", "a longer file")
    yield made
    made.end_workers()


def line(project: Project, number: int, text: str, description: str, *options: str) -> None:
    """Keep a change of one line."""
    lines = project.read("src/long.txt").splitlines(keepends=True)
    lines[number] = f"{text}\n"
    project.write("src/long.txt", "".join(lines))
    assert project.attempt(description, *options)["status"] == "keep"


def keep(project: Project, description: str, *options: str) -> None:
    assert project.attempt(description, *options)["status"] == "keep"


def finalize(project: Project, *options: str) -> dict[str, Any]:
    return project.ok("finalize", "--json", *options).json


def exactly(project: Project) -> None:
    """Open a session whose benchmark has shown that it repeats exactly, so that a claim takes two runs a side."""
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")


def tree(project: Project, name: str) -> str:
    return project.git("rev-parse", f"{name}^{{tree}}")


def union(project: Project, branches: list[dict[str, Any]]) -> str:
    """Merge branches as a maintainer would; gives the tree."""
    place = project.top.parent / "merged"
    project.git("worktree", "add", "-q", "--detach", str(place), "main")
    for one in branches:
        project.git("merge", "-q", "--no-edit", one["name"], folder=place)
    found = project.git("rev-parse", "HEAD^{tree}", folder=place)
    project.git("worktree", "remove", "--force", str(place))
    return found


def test_each_keep_is_a_branch_on_the_one_before_and_the_checkout_is_as_it_was(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Shorten line 5")
    project.write("src/mine.txt", "an open edit\n")
    project.git("add", "src/mine.txt")
    before, files = project.repository(), project.files()
    project.folder = project.top / "src"
    found = finalize(project)["branches"]
    assert [(one["name"], one["changes"], one["standing"]) for one in found] == [
        (f"{project.name}/1-shorten-line-1", [1], "made"),
        (f"{project.name}/2-shorten-line-5", [2], "made"),
    ]
    assert found[1]["on"] == found[0]["name"]
    assert [one["commit"] for one in found] == project.commits()  # they are what a branch asks for already
    assert tree(project, found[1]["name"]) == tree(project, project.branch)
    after = project.repository()
    assert {key: value for key, value in after.items() if key != "refs"} == {key: value for key, value in before.items() if key != "refs"}
    assert project.files() == files
    again = finalize(project)["branches"]
    assert {one["standing"] for one in again} == {"already there"}
    assert project.repository() == after
    line(project, 9, "z", "Shorten line 9")
    assert [one["standing"] for one in finalize(project)["branches"]] == ["already there", "already there", "made"]


@pytest.mark.nightly
def test_what_touches_stands_on_each_other_and_the_rest_on_the_base(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 9, "nine", "Rewrite the ninth")
    line(project, 2, "y", "Drop words of line 2")  # beside line 1
    project.write("src/a.txt", "a\n")
    keep(project, "Say less in a")
    base = project.git("rev-parse", "main")
    found = finalize(project, "--independent")["branches"]
    assert [one["on"] for one in found] == [base, base, found[0]["name"], base]
    assert found[2]["shared"] == ["src/long.txt"]
    assert [project.git("rev-parse", f"{one['name']}^") for one in found] == [base, base, found[0]["commit"], base]
    assert union(project, [found[one] for one in (1, 3, 2)]) == tree(project, project.branch)
    assert finalize(project, "--independent")["branches"][1]["standing"] == "already there"
    assert "These branch names are taken" in project.refused("finalize")


def test_every_kind_of_change_is_handed_over(project: Project) -> None:
    project.write("src/folder/f.txt", "a file in a folder, long enough\n")
    project.write('src/odd \t"name".txt', "odd odd odd odd odd\n")
    project.write("src/run.txt", "#!/bin/sh\n" + LONG)
    project.write("src/moved.txt", LONG)
    (project.top / "src/link.txt").symlink_to("a.txt")
    project.git("add", "src")
    project.git("commit", "-qm", "all kinds of files")
    project.init()
    (project.top / "src/b.txt").unlink()
    keep(project, "Delete b")
    (project.top / "src/moved.txt").rename(project.top / "src/away.log")
    keep(project, "Move a file out of what counts")
    (project.top / "src/run.txt").chmod(0o755)
    line(project, 3, "short", "Make it a program and shorten a line")
    (project.top / "src/link.txt").unlink()
    (project.top / "src/link.txt").symlink_to("folder/f.txt")
    project.write('src/odd \t"name".txt', b"\0\xff")
    keep(project, "Lead the link elsewhere, and make a file binary")
    shutil.rmtree(project.top / "src/folder")
    project.write("src/folder", "no folder any more\n")
    (project.top / "src/link.txt").unlink()
    project.write("src/link.txt", "")
    keep(project, "Put a file in the place of a folder, and one in that of a link")
    line(project, 8, "eight", "Rewrite line 8")
    for options in ((), ("--independent", "--name", "apart")):
        found = finalize(project, *options)["branches"]
        assert len(found) == 6
        assert union(project, found) == tree(project, project.branch)


@pytest.mark.nightly
def test_commits_by_hand_between_and_after_keeps_are_branches_of_their_own(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Shorten line 5")
    project.ok("stop")
    first, second = project.commits()
    project.git("reset", "-q", "--hard", first)
    project.write("README", "by hand\n")
    project.git("commit", "-qam", "Say it by hand")
    project.git("cherry-pick", second)
    project.write("notes", "more by hand\n")
    project.git("add", "notes")
    project.git("commit", "-qm", "Add notes")
    found = finalize(project)["branches"]
    hand = project.git("rev-parse", "HEAD~2")[:12]
    assert [one["changes"] for one in found] == [[1], [hand], [2], [project.git("rev-parse", "HEAD")[:12]]]
    assert [one["name"].partition("/")[2] for one in found][1::2] == ["2-say-it-by-hand", "4-add-notes"]
    assert tree(project, found[-1]["name"]) == tree(project, "HEAD")
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""


def test_a_merge_by_hand_is_one_change_and_nothing_of_it_is_left_on_what_was_merged(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    project.ok("stop")
    moved_base(project, "README", "main goes on\n")
    project.git("merge", "-q", "--no-edit", "main")
    found = finalize(project)["branches"]
    assert [one["commit"] for one in found] == [project.git("rev-parse", "HEAD~"), project.git("rev-parse", "HEAD")]
    onto = finalize(project, "--onto", "main", "--name", "onto")["branches"]
    assert [one["standing"] for one in onto] == ["made", "empty"]
    assert tree(project, onto[0]["name"]) == tree(project, "HEAD")


def test_commits_by_hand_do_not_count_while_the_session_goes_on(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    place = project.top.parent / "elsewhere"
    kept = project.git("rev-parse", "HEAD")
    project.git("switch", "-q", "main")
    project.git("worktree", "add", "-q", str(place), project.branch)
    (place / "README").write_text("by hand\n")
    project.git("commit", "-qam", "by hand", folder=place)
    project.git("switch", "-q", "--detach", folder=place)
    answer = project.ok("finalize", "--json", "--session", project.name)
    assert [one["commit"] for one in answer.json["branches"]] == [kept]
    assert "only what is kept" in answer.err


def test_a_plan_is_written_edited_and_made(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Rewrite the fifth", "--asi", json.dumps({"topic": "Line five"}))
    line(project, 9, "z", "Say less at the end")
    line(project, 5, "", "Empty what was rewritten", "--asi", json.dumps({"topic": "Line five"}))
    plan = project.outside / "plan.toml"
    before = project.repository()
    assert "edit it" in project.ok("finalize", "--plan", str(plan)).out
    assert project.repository() == before
    text = plan.read_text()
    assert 'name = "2-line-five"' in text
    assert "changes = [2, 4]" in text
    shown = project.ok("finalize", "--plan", str(plan), "--dry-run").out
    assert "nothing is made yet" in shown
    assert project.repository() == before
    plan.write_text(
        '[[branch]]\nname = "last"\ntitle = "The last first"\nchanges = [3]\n[[branch]]\nname = "none"\ntitle = "None"\nchanges = []\n'
        '[[branch]]\nname = "rest"\ntitle = "The rest"\nchanges = [1, 2, 4]\n'
    )
    found = finalize(project, "--plan", str(plan))["branches"]
    assert [one["standing"] for one in found] == ["made", "empty", "made"]
    assert found[2]["on"] == found[0]["name"]
    words = project.git("log", "-1", "--format=%B", found[2]["name"])
    assert words.startswith("The rest\n\nShorten line 1\n")
    assert [one for one in words.splitlines() if one.startswith("Autotune-Experiment: ")] == [
        f"Autotune-Experiment: {project.name}/{number}" for number in (1, 2, 4)
    ]
    assert tree(project, found[2]["name"]) == tree(project, project.branch)
    assert {one["standing"] for one in finalize(project, "--plan", str(plan))["branches"]} == {"already there", "empty"}


def test_a_plan_that_is_none_or_puts_a_change_before_what_it_needs_is_refused_and_nothing_is_made(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 1, "", "Empty line 1")
    plan = project.write("../outside/plan.toml", "[[branch]]\nname = 1\n")
    before = project.repository()
    assert "is not a plan" in project.refused("finalize", "--plan", str(plan))
    plan.write_text("".join(f'[[branch]]\nname = "{one}"\ntitle = "it"\nchanges = [{one}]\n' for one in (2, 1)))
    assert "changed the same places" in project.refused("finalize", "--plan", str(plan))
    plan.write_bytes(b"\xff")
    assert "plan.toml" in project.refused("finalize", "--plan", str(plan))
    assert project.repository() == before


def moved_base(project: Project, path: str, text: str) -> None:
    """Have main go on without the session."""
    place = project.top.parent / "other"
    project.git("worktree", "add", "-q", "-f", str(place), "main")
    (place / path).write_text(text)
    project.git("add", path, folder=place)
    project.git("commit", "-qm", "main goes on", folder=place)
    project.git("worktree", "remove", "--force", str(place))


def test_a_base_that_has_moved_is_what_the_branches_begin_at(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Shorten line 5")
    moved_base(project, "src/long.txt", LONG + "one more\n")
    found = finalize(project, "--onto", "main")["branches"]
    assert project.git("rev-parse", f"{found[0]['name']}^") == project.git("rev-parse", "main")
    lines = project.git("show", f"{found[1]['name']}:src/long.txt").splitlines()
    assert (lines[1], lines[5], lines[-1], len(lines)) == ("x", "y", "one more", 13)
    assert project.git("log", "-1", "--format=%an %ad %cd", found[1]["name"]) == project.git("log", "-1", "--format=%an %ad %cd")
    assert {one["standing"] for one in finalize(project, "--onto", "main")["branches"]} == {"already there"}


def test_what_the_base_has_by_now_is_left_out(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 1, "", "Empty line 1")
    moved_base(project, "src/long.txt", project.git("show", f"{project.branch}~:src/long.txt") + "\n")
    found = finalize(project, "--onto", "main")["branches"]
    assert [one["standing"] for one in found] == ["empty", "made"]
    assert project.git("rev-parse", f"{found[1]['name']}^") == project.git("rev-parse", "main")
    assert found[1]["on"] == project.git("rev-parse", "main")


def test_a_base_with_other_changes_in_the_same_places_is_refused_by_name(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Shorten line 5")
    moved_base(project, "src/long.txt", LONG.replace("line 5,", "LINE FIVE,"))
    before = project.repository()
    said = project.refused("finalize", "--onto", "main")
    assert "change 2" in said
    assert "src/long.txt" in said
    assert "change 1" not in said
    assert project.repository() == before
    assert "no commit nowhere" in project.refused("finalize", "--onto", "nowhere")


def test_names_that_git_cannot_have_are_refused(project: Project) -> None:
    project.init()
    assert "Nothing has been kept" in project.refused("finalize")
    line(project, 1, "x", "Shorten line 1")
    project.git("branch", "taken")
    assert "There is a branch taken" in project.refused("finalize", "--name", "taken")
    assert "can have no branches" in project.refused("finalize", "--name", "a..b")
    project.git("branch", "other/1-shorten-line-1", "main")
    assert "git branch -D other/1-shorten-line-1" in project.refused("finalize", "--name", "other")
    assert project.run("finalize", "--dry-run", "--push").code == 2


@pytest.mark.nightly
def test_each_branch_is_measured_where_that_is_asked_for_and_says_so(project: Project) -> None:
    exactly(project)
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Shorten line 5")
    plain = finalize(project)["branches"]
    found = finalize(project, "--measure")["branches"]
    assert [one["standing"] for one in found] == ["made", "made"]
    assert [one["measured"].startswith("improved: ") and one["needs"] == [] for one in found] == [True, True]
    assert [tree(project, one["name"]) for one in found] == [tree(project, one["commit"]) for one in plain]
    assert f"Autotune-Measured: {found[1]['measured']}" in project.git("log", "-1", "--format=%B", found[1]["name"])
    assert project.git("rev-parse", f"{found[1]['name']}^") == found[0]["commit"]
    claims = project.events("claim")
    assert [one["branch"] for one in claims] == [found[0]["name"], found[1]["name"], found[1]["name"]]
    again = finalize(project, "--measure")["branches"]
    assert {one["standing"] for one in again} == {"already there"}
    assert project.events("claim") == claims
    assert {one["standing"] for one in finalize(project)["branches"]} == {"already there"}
    assert project.run("check").code == 0


@pytest.mark.nightly
def test_a_change_that_gains_nothing_without_another_is_warned_of(project: Project) -> None:
    on, off = "cat src/*.txt | wc -c", "cat src/a.* | wc -c"
    project.write("autotune.sh", f'if [ -e src/on ]; then echo "METRIC size=$({on})"; else echo "METRIC size=$((100 * $({off})))"; fi\n')
    exactly(project)
    project.write("src/a.txt", "aaaa aaaa\n")
    keep(project, "Say less in a")
    project.write("src/on", "on\n")
    keep(project, "Turn it on")
    line(project, 5, "y", "Shorten line 5")
    found = finalize(project, "--measure", "--independent")["branches"]
    assert found[2]["needs"] == []  # they stand apart, where it gains nothing
    assert found[2]["measured"].startswith("no measurable improvement")
    found = finalize(project, "--measure", "--name", "stacked")["branches"]
    assert [one["needs"] for one in found] == [[], [], [found[1]["name"]]]
    assert "gains nothing without" in project.ok("finalize", "--name", "stacked", "--pr-body").out
    assert project.run("check").code == 0


@pytest.mark.nightly
def test_a_branch_on_which_the_checks_or_the_benchmark_fail_says_so(project: Project) -> None:
    project.write("autotune.sh", f"[ ! -e src/needs ] || [ -e src/on ] || exit 7\n{BENCHMARK}")
    project.write("autotune.checks.sh", "! cat src/l*.txt | grep -q y || [ -e src/on ]\n")
    exactly(project)
    project.write("src/on", "on\n")
    line(project, 1, "x", "Turn it on and shorten line 1")
    line(project, 5, "y", "Shorten line 5, which needs it")
    project.write("src/needs", "")
    line(project, 9, "z", "Shorten line 9, which needs it more")
    found = finalize(project, "--measure", "--independent")["branches"]
    assert [one["checks"] for one in found] == [None, "the checks failed: exit 1", None]
    assert [one["measured"].startswith("improved") for one in found] == [True, True, False]
    assert "exit 7" in found[2]["measured"]
    assert "warning   the checks failed" in project.ok("finalize", "--independent").out
    assert project.run("check").code == 0


def test_a_measurement_that_goes_on_refuses_it(project: Project) -> None:
    project.write("autotune.sh", f"[ ! -e src/slow.txt ] || sleep 30\n{BENCHMARK}")
    project.init()
    line(project, 1, "x", "Shorten line 1")
    project.write("src/slow.txt", "")
    project.ok("try", "-d", "slow", "--wait", "0")
    before = project.repository()
    assert "autotune cancel" in project.refused("finalize")
    assert project.repository() == before
    project.ok("cancel")


GH = """\
#!/bin/sh
echo "$@" >>"$GH_LOG"
cat >>"$GH_LOG.bodies"
case "$2" in
list) if grep -q "create --head $4 " "$GH_LOG"; then echo '[{"url": "https://example.org/'$4'"}]'; else echo '[]'; fi ;;
create) [ ! -e "$GH_LOG.broken" ] || { echo 'no rights' >&2; exit 1; }; echo "https://example.org/$4" ;;
esac
"""


def test_branches_are_pushed_and_pull_requests_opened_only_where_that_is_asked_for(project: Project) -> None:
    remote = project.top.parent / "remote.git"
    project.git("init", "-q", "--bare", str(remote))
    project.init()
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Shorten <b>line</b> 5 for @everybody")
    assert "which remote" in project.refused("finalize", "--push")
    project.git("remote", "add", "origin", str(remote))
    project.git("push", "-q", "origin", "main")
    found = finalize(project)["branches"]
    assert project.git("branch", "-r") == "  origin/main"
    assert "could not push" in project.refused("finalize", "--push", "--remote", str(remote.with_name("nowhere")))
    assert finalize(project, "--push")["pushed_to"] == "origin"
    assert project.git("rev-parse", f"refs/heads/{found[1]['name']}", folder=remote) == found[1]["commit"]
    tools = project.outside / "bin"
    tools.mkdir()
    for name in ("git", "sh", "cat", "wc", "grep"):
        (tools / name).symlink_to(str(shutil.which(name)))
    path = project.variables["PATH"]
    project.environment |= {"PATH": str(tools), "GH_LOG": str(project.outside / "gh.log")}
    assert "`gh`, which opens pull requests, is not on the PATH" in project.refused("finalize", "--pr")
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    project.environment["PATH"] = f"{tools}{os.pathsep}{path}"
    (project.outside / "gh.log.broken").touch()
    assert "no rights" in project.refused("finalize", "--pr")
    (project.outside / "gh.log.broken").unlink()
    (project.outside / "gh.log").unlink()
    opened = finalize(project, "--pr", "--pr-body")["branches"]
    assert [one["pull_request"] for one in opened] == [f"https://example.org/{one['name']}" for one in found]
    asked = (project.outside / "gh.log").read_text().splitlines()
    assert f"--head {found[0]['name']} --base main" in asked[1]
    assert f"--head {found[1]['name']} --base {found[0]['name']}" in asked[3]
    assert "&lt;b&gt;" in opened[1]["body"]
    assert "@" not in opened[1]["body"].replace("&#64;", "")
    assert opened[1]["body"] in (project.outside / "gh.log.bodies").read_text()
    assert "there already" in project.ok("finalize", "--pr", "--onto", "origin/main").out
    assert sum("create" in one for one in (project.outside / "gh.log").read_text().splitlines()) == 2


def test_a_branch_that_is_checked_out_is_never_moved(project: Project) -> None:
    project.init()
    line(project, 1, "x", "Shorten line 1")
    name = finalize(project)["branches"][0]["name"]
    project.git("worktree", "add", "-q", str(project.top.parent / "reviewed"), name)
    before = project.repository()
    assert "is checked out" in project.refused("finalize", "--measure")
    assert project.repository() == before


@pytest.mark.parametrize(
    "options",
    [("--onto", "main", "--independent"), pytest.param(("--measure",), marks=pytest.mark.nightly)],
    ids=" ".join,
)
def test_killed_at_any_effect_it_leaves_the_repository_as_it_was_or_all_branches(
    tmp_path: Path, fast_driver: Driver, options: tuple[str, ...]
) -> None:
    base, words = tmp_path / "live", ("finalize", "--json", *options)
    project = Project.make(base, fast_driver)
    project.write("src/long.txt", LONG)
    project.git("add", "src/long.txt")
    project.git("commit", "-qm", "a longer file")
    exactly(project)
    line(project, 1, "x", "Shorten line 1")
    line(project, 5, "y", "Shorten line 5")
    line(project, 2, "z", "Shorten line 2")
    moved_base(project, "README", "main goes on\n")
    shutil.copytree(base, tmp_path / "saved", symlinks=True)

    def begin_again() -> dict[str, bytes]:
        shutil.rmtree(base)
        shutil.copytree(tmp_path / "saved", base, symlinks=True)
        return project.repository()

    untouched = begin_again()
    whole = project.run(*words, kill=(0, 1_000_000))
    made = [one["commit"] for one in whole.json["branches"]]
    assert len(made) == 3
    for number in range(whole.effects) if ALL else sorted(random.Random(1).sample(range(whole.effects), SAMPLE)):
        begin_again()
        killed = project.run(*words, kill=(0, number))
        assert killed.killed
        after = project.repository()
        there = after["refs"] != untouched["refs"]
        assert {**after, "refs": b""} == {**untouched, "refs": b""}, killed.killed
        again = project.ok(*words).json["branches"]
        assert {one["standing"] for one in again} == {"already there" if there else "made"}, killed.killed
        assert [project.git("rev-parse", one["name"]) for one in again] == made
        assert project.git("status", "--porcelain", "--untracked-files=no") == ""
