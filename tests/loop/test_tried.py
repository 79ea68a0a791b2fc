"""What was tried before is not measured again without anybody's knowing."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.loop.project import Project

pytestmark = pytest.mark.slow

LONGER = "x = 1\nyy = 22\n"


@pytest.fixture
def open_project(project: Project) -> Project:
    project.write("src/a.py", "x = 1\n")
    project.write("autotune.sh", 'if grep -q boom src/a.py; then exit 7; fi; echo "METRIC size=$(cat src/* | wc -c)"\n')
    project.git("add", "src")
    project.git("commit", "-qm", "a program")
    project.init()
    project.write("src/a.py", LONGER)
    attempt(project, "put yy behind the first line")
    return project


def attempt(project: Project, description: str) -> dict[str, object]:
    found: dict[str, object] = project.ok("try", "--json", "-d", description).json["about"]
    return found


def refused(project: Project, *options: str) -> dict[str, str]:
    before, events = project.files(), project.events()
    answer = project.run("try", "--json", *options)
    assert answer.code == 1
    assert (project.files(), project.events()) == (before, events)
    found: dict[str, str] = answer.json
    return found


def test_the_same_change_is_refused_before_a_run_whatever_its_blanks_and_comments(open_project: Project) -> None:
    assert open_project.results()[-1]["status"] == "discard"
    open_project.write("src/a.py", "x = 1\n\nyy=22   # other words\n")
    assert refused(open_project, "-d", "nothing like it")["error"].startswith("Tried in 1: not shown.")
    assert open_project.run("run").code == 1
    assert len(open_project.results()) == 1
    open_project.ok("try", "-d", "nothing like it", "--again")
    assert len(open_project.results()) == 2
    open_project.write("src/a.py", LONGER)
    assert refused(open_project, "-d", "once more")["error"].startswith("Tried in 2: not shown.")
    (open_project.session / "marks.json").write_text("[]")
    assert refused(open_project, "-d", "once more")["error"].startswith("Tried in 2: not shown.")
    open_project.agree()


def test_the_same_change_is_known_again_after_a_keep_in_another_place_and_not_where_it_does_something_else(open_project: Project) -> None:
    open_project.write("src/a.txt", "")
    assert attempt(open_project, "empty")["status"] == "keep"
    open_project.write("src/a.py", LONGER)
    assert refused(open_project, "-d", "once more")["error"].startswith("Tried in 1: not shown.")
    open_project.write("src/a.py", "yy = 22\nx = 1\n")
    attempt(open_project, "the same line elsewhere")
    assert len(open_project.results()) == 3


def test_words_that_say_the_same_are_refused_for_the_same_files_alone(open_project: Project) -> None:
    open_project.write("src/a.py", "x = 1\nyyy = 333\n")
    assert "Its description says the same" in refused(open_project, "-d", "Putting yy behind first line.")["error"]
    attempt(open_project, "Putting zz behind first lines.")
    open_project.write("src/b.txt", "longer than it was before")
    attempt(open_project, "Putting yy behind first line.")
    assert len(open_project.results()) == 3


def test_what_broke_answers_for_the_same_change_and_not_for_the_same_words(open_project: Project) -> None:
    open_project.write("src/a.py", "boom\n")
    assert attempt(open_project, "leave out the whole program")["status"] == "crash"
    open_project.write("src/a.py", "boom\n")
    assert refused(open_project, "-d", "once more")["error"].startswith("Tried in 2: crashed.")
    open_project.write("src/a.py", "x\n")
    assert attempt(open_project, "leave out the whole program")["status"] == "keep"


def test_what_was_brought_back_or_tells_nothing_or_is_undone_is_measured(open_project: Project) -> None:
    open_project.ok("restore", "1")
    attempt(open_project, "as it was")
    assert len(open_project.results()) == 2
    open_project.write("src/a.py", "x\n")
    assert attempt(open_project, "shorter")["status"] == "keep"
    open_project.write("src/a.py", "x = 1\n")
    assert attempt(open_project, "as it was at first")["status"] == "discard"
    open_project.write("src/a.py", "")
    open_project.ok("run")
    open_project.ok("log", "-d", "not wanted", "--status", "discard")
    open_project.write("src/a.py", "")
    answer = open_project.ok("try", "-d", "wanted after all")
    assert "tried in 5: discarded on request (the same change); it is measured again" in answer.err
    assert len(open_project.results()) == 6


def test_another_segment_asks_again_and_says_so(open_project: Project) -> None:
    open_project.ok("rebaseline", "--accept")
    open_project.write("src/a.py", LONGER)
    assert "tried in 1: not shown, in an earlier segment" in open_project.ok("try", "-d", "once more").err


def test_a_program_that_repeats_itself_is_told_and_pays_nothing(open_project: Project) -> None:
    kept = open_project.outside
    runs = len(open_project.events("run"))
    writes = f"cat > {kept}/brief-$(ls {kept} | grep -c brief-); printf {shlex.quote(LONGER)} > src/a.py; echo put yy behind the first line"
    open_project.ok("start", "--proposer", writes)
    assert (len(open_project.results()), len(open_project.events("run"))) == (1, runs)
    assert open_project.events("pause")[-1]["reason"]["kind"] == "out of ideas"
    assert "Tried in 1: not shown." not in (kept / "brief-0").read_text()
    assert "Tried in 1: not shown. The change is the same" in (kept / "brief-1").read_text()
    open_project.agree()


def test_a_program_whose_descriptions_are_all_the_same_goes_on(open_project: Project) -> None:
    open_project.ok("config", "set", "max_iterations", "3")
    numbered = f"n=$(ls {open_project.outside} | grep -c turn-); touch {open_project.outside}/turn-$n; echo more$n >> src/a.py"
    answer = open_project.ok("start", "--proposer", f"{numbered}; echo put yy behind the first line")
    assert len(open_project.results()) == 3
    assert "tried in 1: not shown (its description says the same); it is measured again" in answer.err


def test_the_marks_of_changes_are_read_again_from_git_where_they_are_gone(open_project: Project) -> None:
    (open_project.session / "marks.json").unlink()
    open_project.write("src/a.py", LONGER)
    refused(open_project, "-d", "once more")
    assert len(json.loads((open_project.session / "marks.json").read_text())) == 2
