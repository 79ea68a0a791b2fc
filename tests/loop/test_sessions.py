"""Several sessions of one repository: what earlier ones teach, taken up again, compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.loop.project import Project


def opened(project: Project, name: str, *options: str) -> str:
    project.ok("init", "--name", name, "--metric", "size", "--scope", "src/**", "--once", *options)
    return project.git("branch", "--show-current").removeprefix("autotune/")


@pytest.fixture
def two(project: Project) -> Project:
    """A session that has ended with a keep, a discard and a crash, and one that began after it in the same working tree."""
    project.write("autotune.sh", 'test -e src/boom && exit 7; echo "METRIC size=$(($(cat src/*.txt | wc -c)))"\n')
    opened(project, "one")
    project.write("src/b.txt", "")
    assert project.ok("try", "-d", "leave out all of b", "--json").json["about"]["status"] == "keep"
    project.write("src/a.txt", "a" * 99)
    project.ok("try", "-d", "a longer a is better")
    project.write("src/boom", "")
    project.ok("try", "-d", "a file more")
    project.ok("stop")
    for name in ("autotune.toml", "autotune.md", "autotune.ideas.md"):
        (project.top / name).unlink()
    project.write("autotune.toml", "busy_wait_s = 0\nmin_effect = 0.01\n")
    opened(project, "two")
    return project


def named(project: Project, name: str) -> str:
    return next(str(one["session"]) for one in project.ok("sessions", "--json").json["sessions"] if one["session"].startswith(f"{name}-"))


def test_a_new_session_gets_what_one_that_has_ended_teaches(two: Project) -> None:
    one = named(two, "one")
    page = two.ok("brief").out
    assert f"{one}/2 not shown (+560 %): a longer a is better [src/a.txt]\n{one}/3 broke: a file more [src/boom]\n" in page
    assert "leave out all of b" not in page
    taught = two.ok("lessons", "--json").json["lessons"]
    assert [(found["experiment"], found["lesson"]) for found in taught] == [(2, "not shown"), (3, "broke")]
    assert "a longer a is better" in two.ok("lessons").out
    two.ok("stop")
    assert two.ok("brief").out.count("a longer a is better") == 1


def test_a_session_that_goes_on_or_is_for_another_metric_teaches_nothing(project: Project) -> None:
    assert project.ok("lessons").out == "no session that has ended teaches anything here\n"
    opened(project, "one")
    project.write("src/a.txt", "a" * 99)
    project.ok("try", "-d", "a longer a is better")
    assert project.ok("lessons", "--json").json == {"lessons": []}
    project.ok("stop")
    (project.top / "autotune.toml").unlink()
    project.ok("init", "--name", "up", "--metric", "size", "--direction", "higher", "--scope", "src/**", "--once")
    assert "a longer a" not in project.ok("brief").out
    assert len(project.ok("lessons", "--json").json["lessons"]) == 1


def test_sessions_are_listed_and_compared(two: Project) -> None:
    one, other = named(two, "one"), named(two, "two")
    listed = two.ok("sessions", "--json").json["sessions"]
    assert [(found["session"], found["standing"], found["experiments"], found["keeps"], found["meant"]) for found in listed] == [
        (one, "stopped", 3, 1, False),
        (other, "open", 0, 0, True),
    ]
    assert (listed[0]["tree"], listed[1]["tree"]) == (None, str(two.top))
    assert f"* {other}" in two.ok("sessions").out
    assert two.ok("sessions", "list", "--json").json["sessions"][0]["session"] == one
    found = two.ok("sessions", "compare", one, other, "--json").json
    assert found["mind"] == ["the two began at different commits, so each gain is against another code"]
    assert "1: 3 experiments, 1 kept" in two.ok("sessions", "compare", one, other).out
    two.refused("sessions", "compare", one, "nothing")


def test_a_session_is_taken_up_with_its_own_files_and_the_other_one_again(two: Project) -> None:
    one, other = named(two, "one"), named(two, "two")
    two.write("autotune.md", "what two knows\n")
    ours = two.read("autotune.toml")
    assert "commands here mean" in two.ok("sessions", "use", one).out
    assert two.git("branch", "--show-current") == f"autotune/{one}"
    assert two.ok("sessions", "use", one).out.endswith("in this working tree already\n")
    assert "min_effect = 0.01" not in two.read("autotune.toml")
    assert json.loads(two.read(".autotune.state"))["session"] == one
    assert two.ok("status", "--json").json["session"] == one
    assert two.ok("check").err == ""
    assert two.ok("resume").err == ""
    two.write("src/a.txt", "")
    assert two.ok("try", "-d", "no a at all", "--json").json["about"]["status"] == "keep"
    assert two.ok("sessions", "use", other).err == ""
    assert (two.read("autotune.toml"), two.read("autotune.md")) == (ours, "what two knows\n")
    assert two.ok("check").err == ""
    assert two.ok("status", "--json").json["session"] == other


def test_a_session_is_not_taken_up_over_open_edits_or_a_settings_file_that_is_wrong(two: Project) -> None:
    one = named(two, "one")
    two.write("src/a.txt", "edited")
    assert "src/a.txt" in two.refused("sessions", "use", one)
    two.git("restore", "src/a.txt")
    two.write("src/new.txt", "new")
    assert "src/new.txt" in two.refused("sessions", "use", one)
    (two.top / "src/new.txt").unlink()
    two.refused("sessions", "use", "nothing")
    two.ok("sessions", "use", one)


def test_where_git_refuses_all_is_as_it_was(two: Project) -> None:
    one, before = named(two, "one"), two.files(without=(".autotune.state", "autotune.jsonl"))
    two.git("rm", "-q", "--cached", "README")
    assert "README" in two.refused("sessions", "use", one)
    two.git("add", "README")
    two.write(".git/index.lock", "")
    assert "index.lock" in two.refused("sessions", "use", one)
    (two.top / ".git/index.lock").unlink()
    assert {path: held for path, held in two.files(without=(".autotune.state", "autotune.jsonl")).items() if b".git/" not in path} == {
        path: held for path, held in before.items() if b".git/" not in path
    }
    assert two.ok("check").err == ""


def test_a_session_with_a_working_tree_of_its_own_is_named_and_left_there(project: Project) -> None:
    project.environment["HOME"] = str(project.outside)
    project.ok("init", "--name", "apart", "--metric", "size", "--scope", "src/**", "--once", "--worktree")
    answer = project.ok("sessions", "use", named(project, "apart")).out
    assert "go there: cd " in answer
    assert project.git("branch", "--show-current") == "main"


def test_a_session_is_taken_up_from_the_users_own_branch(two: Project) -> None:
    other = named(two, "two")
    two.git("switch", "-q", "main")
    two.ok("sessions", "use", named(two, "one"))
    assert "min_effect = 0.01" not in two.read("autotune.toml")
    two.ok("sessions", "use", other)
    assert "min_effect = 0.01" in two.read("autotune.toml")
