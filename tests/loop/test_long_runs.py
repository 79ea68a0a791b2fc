"""Measurements that outlive the command that began them."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.loop.project import BENCHMARK, Project, eventually

from autotune.core.ledger.events import Resumed
from autotune.errors import AutotuneError
from autotune.loop.session import sessions

UNTIL_TOLD = BENCHMARK + 'while [ -e src/slow ] && [ ! -e "$GO" ]; do sleep 0.02; done\n'


@pytest.fixture
def slow(project: Project) -> Project:
    """A session whose measurement of an open candidate lasts until it is let go."""
    project.write("autotune.sh", UNTIL_TOLD.replace("$GO", str(project.outside / "go")))
    project.init()
    project.write("src/a.txt", "a\n")
    project.write("src/slow", "")
    return project


def let_go(project: Project) -> None:
    (project.outside / "go").touch()


def running(project: Project) -> int:
    eventually(lambda: project.worker() is not None)
    pid = project.worker()
    assert pid is not None
    return pid


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_caller_leaves_the_measurement_intact(slow: Project) -> None:
    begun = slow.begin("try", "-d", "slow and good")
    running(slow)
    os.kill(begun.pid, signal.SIGKILL)
    assert begun.wait().code == -signal.SIGKILL
    for verb in (("try", "-d", "another"), ("run",), ("log", "-d", "x"), ("restore", "1")):
        words = slow.refused(*verb)
        assert "is measuring (experiment 1)" in words
        assert "autotune wait" in words
    assert slow.ok("wait", "--wait", "0", "--json").json["measuring"]
    let_go(slow)
    assert slow.ok("wait", "--json").json["about"]["status"] == "keep"
    assert slow.results()[0]["description"] == "slow and good"
    slow.agree()


@pytest.fixture
def at_a_terminal(slow: Project) -> Iterator[Project]:
    """That session, with commands whose standard input is a terminal."""
    ours, theirs = os.openpty()
    slow.given = os.ttyname(theirs)
    yield slow
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("verb", [("try", "-d", "slow and good"), ("run",)])
def test_ctrl_c_at_a_terminal_ends_the_measurement_too_and_the_edits_are_open_again(at_a_terminal: Project, verb: tuple[str, ...]) -> None:
    edited = at_a_terminal.files()
    begun = at_a_terminal.begin(*verb)
    running(at_a_terminal)
    os.kill(begun.pid, signal.SIGINT)
    answer = begun.wait()
    assert answer.code == 130
    assert "experiment 1" in answer.err
    assert at_a_terminal.worker() is None
    assert at_a_terminal.files() == edited
    assert [one["verdict"] for one in at_a_terminal.results()] == ["void"]
    let_go(at_a_terminal)
    assert at_a_terminal.attempt()["status"] == "keep"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_command_elsewhere_leaves_the_measurement_on_and_says_how_to_wait(slow: Project, number: signal.Signals) -> None:
    begun = slow.begin("try", "-d", "slow and good")
    running(slow)
    os.kill(begun.pid, number)
    answer = begun.wait()
    assert answer.code == 128 + number
    last = answer.err.splitlines()[-1]
    assert "`autotune wait`" in last
    assert "`autotune cancel`" in last
    let_go(slow)
    assert slow.ok("wait", "--json").json["about"]["status"] == "keep"


def test_ctrl_c_while_waiting_ends_the_waiting_alone(at_a_terminal: Project) -> None:
    at_a_terminal.ok("try", "-d", "slow and good", "--wait", "0")
    running(at_a_terminal)
    begun = at_a_terminal.begin("wait")
    time.sleep(0.5)
    os.kill(begun.pid, signal.SIGINT)
    assert begun.wait().code == 130
    let_go(at_a_terminal)
    assert at_a_terminal.ok("wait", "--json").json["about"]["status"] == "keep"


def test_no_wait_says_that_it_goes_on(slow: Project) -> None:
    answer = slow.ok("try", "-d", "x", "--wait", "0", "--json").json
    assert answer["measuring"]
    assert "autotune wait" in answer["next"]
    let_go(slow)
    assert slow.ok("wait", "--json").json["about"]["status"] == "keep"


def test_an_idea_that_is_written_down_meanwhile_is_none_of_the_measurements_business(slow: Project) -> None:
    slow.ok("try", "-d", "x", "--wait", "0")
    running(slow)
    slow.write("autotune.md", "learnt meanwhile\n")
    slow.ok("idea", "try caching")
    let_go(slow)
    assert slow.ok("wait", "--json").json["about"]["status"] == "keep"
    assert "try caching" in slow.read("autotune.ideas.md")


def test_a_note_that_is_made_meanwhile_arrives_at_once_and_is_none_of_the_measurements_business(slow: Project) -> None:
    slow.ok("try", "-d", "x", "--wait", "0")
    running(slow)
    eventually((slow.session / "door").exists)
    slow.ok("note", "look at c")
    assert [event["text"] for event in slow.events() if event["type"] == "note"] == ["look at c"]
    let_go(slow)
    assert slow.ok("wait", "--json").json["about"]["status"] == "keep"
    assert [event["text"] for event in slow.events() if event["type"] == "note"] == ["look at c"]
    slow.agree()


def test_what_is_not_for_others_to_say_is_not_taken_at_the_door(slow: Project) -> None:
    slow.ok("try", "-d", "x", "--wait", "0")
    running(slow)
    eventually((slow.session / "door").exists)
    with pytest.raises(AutotuneError, match="The log is closed"):
        sessions.find(slow.top).append(Resumed("now"))
    let_go(slow)
    assert slow.ok("wait", "--json").json["about"]["status"] == "keep"


def test_a_killed_measurement_ends_as_not_measured_and_can_be_had_again(slow: Project) -> None:
    before = slow.git("show", "HEAD:src/a.txt")
    slow.ok("try", "-d", "x", "--wait", "0")
    pid = running(slow)
    temporary = Path(tempfile.gettempdir())
    eventually(lambda: any(temporary.glob(f"autotune-*-{pid}-*")))
    os.kill(pid, signal.SIGKILL)
    answer = slow.ok("wait", "--json").json["about"]
    assert answer["verdict"] == "void"
    assert "not measured" in answer["reason"]
    assert not [*temporary.glob(f"autotune-*-{pid}-*")]
    assert slow.read("src/a.txt").strip() == before
    slow.ok("restore", "1")
    let_go(slow)
    assert slow.attempt()["status"] == "keep"
    slow.agree()


@pytest.mark.parametrize("verb", ["cancel", "stop"])
def test_a_measurement_that_is_ended_leaves_no_process_and_its_changes_can_be_had_again(slow: Project, verb: str) -> None:
    slow.ok("try", "-d", "x", "--wait", "0")
    pid = running(slow)
    slow.ok(verb)
    eventually(lambda: gone(pid) or slow.worker() is None)
    assert slow.results()[0]["verdict"] == "void"
    slow.ok("resume")
    slow.ok("restore", "1")
    let_go(slow)
    assert slow.attempt()["status"] == "keep"
    slow.agree()


def test_a_bug_in_the_measurement_is_told_with_where_its_details_are(project: Project) -> None:
    project.init()
    runs = project.session / "runs"
    shutil.rmtree(runs)
    runs.write_text("no folder\n")
    project.write("src/a.txt", "a\n")
    answer = project.attempt()
    assert (answer["verdict"], answer["status"]) == ("void", "discard")
    assert "a bug in autotune: NotADirectoryError" in answer["reason"]
    assert str(project.session / "bug.log") in answer["reason"]
    assert "Traceback" in (project.session / "bug.log").read_text()


def test_a_failure_without_output_says_its_reason_once(project: Project) -> None:
    project.write("autotune.sh", f"[ ! -e src/fatal ] || exit 3; [ ! -e src/loud ] || {{ echo why; exit 4; }}; {BENCHMARK}")
    project.init()
    project.write("src/fatal", "")
    answer = project.attempt()
    assert answer["reason"] == "failed in 2 of 2 runs: exit 3"
    assert "output_is_data" not in answer
    assert "output" not in project.ok("explain", "1").out
    project.write("src/loud", "")
    assert project.attempt()["output_is_data"] == "why"
    assert "\noutput      why\n" in project.ok("explain", "2").out


@pytest.mark.parametrize(("before", "after", "effect"), [("0", "-1e-9", -1e-9), ("1000000", "999999", 0.999999)])
def test_a_small_effect_is_not_rounded_to_none(project: Project, before: str, after: str, effect: float) -> None:
    project.write("autotune.sh", 'echo "METRIC size=$(cat src/*.txt | head -n 1)"\n')
    project.write("src/a.txt", f"{before}\n")
    project.git("commit", "-qam", "a number")
    assert f" size = {before}\n" in project.init("--anyway").err
    project.write("src/a.txt", f"{after}\n")
    assert project.attempt()["effect"] == [effect] * 3


def test_nothing_to_cancel_is_said(project: Project) -> None:
    project.init()
    assert "Nothing is being measured" in project.refused("cancel")


def test_a_second_command_waits_for_the_first_or_names_it(slow: Project) -> None:
    slow.ok("try", "-d", "x", "--wait", "0")
    pid = running(slow)
    assert f"process {pid}" in slow.refused("resume")
    let_go(slow)
    eventually(lambda: slow.worker() is None)
    assert (slow.session / "lock").read_bytes() == b"", "whoever has it next would be taken for the worker"
    begun = [slow.begin("resume") for _ in range(3)]
    assert [one.wait().code for one in begun] == [0, 0, 0]
    slow.agree()


def test_a_playbook_measures_without_waiting_for_itself(project: Project) -> None:
    project.write("autotune.toml", "busy_wait_s = 0\n[health]\nmax_no_improvement_runs = 1\n")
    project.init()
    project.write("src/a.txt", "a" * 99)
    project.ok("try", "-d", "x")
    project.ok("wait")
    assert [event["playbook"] for event in project.events("playbook_end")] == ["rebaseline"]


def test_what_cannot_be_repeated_is_run_once_for_every_baseline(project: Project) -> None:
    counter = project.outside / "runs"
    project.write("autotune.sh", f"echo >> {counter}; {BENCHMARK}")
    project.init()
    opened = counter.read_text()
    project.ok("repair", "--playbook", "rebaseline")
    project.ok("rebaseline", "--accept")
    assert [event["purpose"] for event in project.events("run")] == ["baseline", "proof"] * 2
    assert counter.read_text() == opened * 3
