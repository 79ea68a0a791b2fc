"""What a benchmark says that it measures with: a change of that is no gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loop.project import Project

JUDGED = """eval "echo \\"CONTEXT judge=$(cat {judge})\\""
echo "CONTEXT style=$(cat src/*.txt | tail -c 2)"
echo "METRIC size=$(($(cat src/*.txt | wc -c)))"
"""


def judged(project: Project) -> Path:
    judge = project.outside / "judge"
    judge.write_text("first")
    project.write("autotune.sh", JUDGED.format(judge=judge))
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    return judge


@pytest.mark.nightly
def test_where_both_arms_measure_with_something_else_a_new_segment_opens_by_itself_once_a_day(project: Project) -> None:
    judge = judged(project)
    judge.write_text("second")
    project.write("src/a.txt", "a\n")
    tried = project.attempt("smaller")
    assert tried["verdict"] == "void"
    changes = [["judge", "first", "second"]]
    opened = project.events("config")
    assert [one["reason"]["kind"] for one in opened] == ["session opens", "context changed"]
    assert opened[1]["reason"]["figures"] == {"changes": changes}
    project.ok("restore", "1")
    assert project.attempt("smaller, once more")["verdict"] == "keep"
    judge.write_text("third")
    project.write("src/a.txt", "")
    project.attempt("smaller still")
    assert len(project.events("config")) == 2
    (pause,) = project.events("pause")
    assert pause["reason"]["kind"] == "context changed again"
    project.ok("rebaseline", "--accept")
    project.ok("check")


def test_a_candidate_that_alone_measures_with_something_else_is_void(project: Project) -> None:
    judged(project)
    project.write("src/b.txt", "c\n")
    tried = project.attempt("another style")
    assert tried["verdict"] == "void"
    assert project.events("verdict")[0]["reason"]["kind"] == "context of candidate"
    assert len(project.events("config")) == 1
    assert {tuple(run["context"].items()) for run in project.events("run") if run["purpose"] == "baseline"} == {
        (("judge", "first"), ("style", "b"))
    }
    project.ok("check")


def test_a_name_that_is_free_may_say_anything(project: Project) -> None:
    project.write("autotune.toml", f'context_free = ["style"]\n{project.read("autotune.toml")}')
    judged(project)
    project.write("src/b.txt", "c\n")
    assert project.attempt("another style")["verdict"] == "keep"
    project.ok("confirm", "1")
    assert project.events("claim")[0]["improved"]


def test_a_context_that_differs_from_run_to_run_is_refused_with_its_name(project: Project) -> None:
    project.write("autotune.sh", 'echo "CONTEXT at=$(date +%N)"\necho "METRIC size=$(($(cat src/*.txt | wc -c)))"\n')
    assert "context_free" in project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**")


def test_nothing_is_claimed_of_two_states_that_measure_with_different_things(project: Project) -> None:
    judge = judged(project)
    project.write("src/a.txt", "a\n")
    assert project.attempt("smaller")["verdict"] == "keep"
    judge.write_text("$(head -c 3 src/a*)")  # each state's own
    project.ok("confirm", "1")
    (claim,) = project.events("claim")
    assert claim["reason"]["because"]["kind"] == "context differs"
    assert not claim["improved"]
