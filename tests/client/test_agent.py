"""The agent in the real client: from a bare repository to kept commits, with the permissions that the client gives by default."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.client.client import BENCHMARK, CHECKS, ROOT, SETTINGS, SOURCE, Machine, attempt, read, terminal, write
from tests.client.model import Call, Line, Say, bash, serving

pytestmark = pytest.mark.slow

AGENT = ("--agent", "autotune")


def test_from_nothing_to_kept_commits_with_default_permissions(machine: Machine) -> None:
    script: dict[str, Line] = {
        "begin": bash("autotune brief"),
        "wizard": Call("Skill", {"skill": "autotune:autotune", "args": "cost"}),
        "template": Call("Read", {"file_path": str(ROOT / "skills/autotune/references/latency.md")}),
        "benchmark": write(machine, "autotune.sh", BENCHMARK),
        "checks": write(machine, "autotune.checks.sh", CHECKS),
        "tried out": bash("autotune doctor"),
        "init": bash("autotune init --name speed --metric cost --direction lower --scope 'src/**'"),
        **attempt(machine, "better", SOURCE.format(cost=90)),
        **attempt(machine, "worse", SOURCE.format(cost=95)),
        **attempt(machine, "crashing", SOURCE.format(cost="oops")),
        **attempt(machine, "wrong", SOURCE.format(cost=10) + "# WRONG\n"),
        "edit of the benchmark": Call(
            "Edit", {"file_path": str(machine.project / "autotune.sh"), "old_string": "exit 3", "new_string": "exit 0"}
        ),
        "write out of scope": write(machine, "tests/new.py", "\n"),
        "reset": bash("git reset --hard"),
        "a person's word": bash("autotune config set max_iterations 1000"),
        "note": write(machine, "autotune.md", "Noted.\n"),
        "stop 1": Say("I think that this is enough."),
        "stop 2": Say("Really."),
        "work between": bash("autotune status"),
        "stop 3": Say("Still enough."),
        "stop 4": Say("And that is it."),
    }
    talk = machine.talk(script, *AGENT)
    assert (talk.code, talk.last) == (0, "stop 4")
    assert [plugin["name"] for plugin in talk.init["plugins"] if plugin["source"] == "autotune@inline"] == ["autotune"]
    assert "plugin_errors" not in talk.init
    assert "autotune:autotune" in talk.init["agents"]
    assert {f"autotune:{name}" for name in ("autotune", "status", "explain", "stop", "repair", "resume")} <= set(
        talk.init["slash_commands"]
    )

    assert "There is no autotune session" in talk["begin"].result
    assert "# Set up autotune" in talk["wizard"].user
    for name in ("template", "benchmark", "checks", "tried out", "init"):
        assert not talk[name].refused, talk[name].result
    assert "and gives cost=100" in talk["tried out"].result
    assert [(one["status"], one["metric"]) for one in machine.results] == [
        ("keep", 100.0),
        ("keep", 90.0),
        ("discard", 95.0),
        ("crash", None),
        ("checks_failed", 10.0),
    ]
    assert "status: keep" in talk["better"].result
    assert "output_is_data" in talk["crashing"].result
    assert machine.git("log", "--format=%s", "main..") == "the better one\n"
    assert (machine.project / "src/work.py").read_text() == SOURCE.format(cost=90)

    for name, words in {
        "edit of the benchmark": "decides what is measured",
        "write out of scope": "is outside the scope",
        "reset": "autotune itself commits what is kept",
        "a person's word": "is for the user to decide",
    }.items():
        assert talk[name].refused
        assert words in talk[name].result
    assert not talk["note"].refused
    for name in ("stop 1", "stop 2", "stop 3"):
        assert "Next: edit files in scope, then `autotune try --description TEXT`" in talk[name].user
    assert machine.log == ""


@pytest.mark.nightly
def test_every_command_line_of_the_table_is_decided_as_it_should_be(session: Machine) -> None:
    table = json.loads((Path(__file__).parent / "command_lines.json").read_text("utf-8"))
    approved, others = ([line.replace("ROOT", str(ROOT)) for line in table[key]] for key in ("approved", "not approved"))
    script: dict[str, Line] = {**{line: bash(line) for line in (*others, *approved)}, "end": Say("Is that all?")}
    talk = session.talk(script, *AGENT)
    assert talk.last == "end"
    assert {line for line in approved if not talk[line].ran} == set()
    the_agents = {f"{init} --name n --metric m" for init in ("autotune init", "init-experiment.sh")}
    assert {line for line in others if talk[line].ran} == the_agents


@pytest.mark.nightly
def test_a_loop_that_is_stuck_heals_pauses_and_is_let_go(session: Machine) -> None:
    for key, value in {"health.max_no_improvement_runs": "1"}.items():
        session.autotune("config", "set", key, value)
    script: dict[str, Line] = {}
    for number in range(1, 5):
        script |= attempt(session, f"worse {number}", SOURCE.format(cost=100 + number))
    talk = session.talk({**script, "brief": bash("autotune brief"), "end": Say("It is paused.")}, *AGENT)
    assert talk.last == "end"
    events = [json.loads(line) for line in (session.project / "autotune.jsonl").read_text().splitlines()]
    begun = [event["playbook"] for event in events if event.get("type") == "playbook"]
    assert begun == ["rebaseline", "shrink_scope", "diagnose"]
    assert "paused" in talk["worse 4"].result
    assert "until the user" in talk["brief"].result


@pytest.mark.nightly
def test_a_candidate_that_is_refused_is_given_up_with_default_permissions(session: Machine) -> None:
    script: dict[str, Line] = {
        "new": write(session, "src/conftest.py", "import time\n"),
        "refused": bash("autotune try --description 'a hook'"),
        "given up": bash("autotune log --description 'it may not be' --status discard"),
        **attempt(session, "better", SOURCE.format(cost=90)),
        "end": Say("Is that all?"),
    }
    talk = session.talk(script, *AGENT)
    assert talk.last == "end"
    assert "would change what the benchmark loads" in talk["refused"].result
    assert "`autotune log --description TEXT --status discard` takes back all that is open, and saves it" in talk["refused"].result
    assert talk["given up"].ran
    assert [one["status"] for one in session.results][1:] == ["keep"]
    assert not (session.project / "src/conftest.py").exists()


@pytest.mark.nightly
def test_a_budget_that_is_used_up_ends_the_loop(session: Machine) -> None:
    session.autotune("config", "set", "max_iterations", "1")
    talk = session.talk({**attempt(session, "better", SOURCE.format(cost=90)), "end": Say("One was allowed.")}, *AGENT)
    assert talk.last == "end"
    assert "finished" in talk["better"].result


@pytest.mark.nightly
def test_after_a_question_it_is_let_go(session: Machine) -> None:
    talk = session.talk({"look": bash("autotune status"), "end": Say("May I change the tests too?")}, *AGENT)
    assert talk.last == "end"


@pytest.mark.nightly
def test_a_fresh_agent_and_one_that_has_forgotten_get_the_brief(session: Machine) -> None:
    too_much = bash("autotune status", context=990_000)
    script: dict[str, Line] = {"look": bash("autotune status"), "too much": too_much, "end": Say("What now?")}
    talk = session.talk(script, *AGENT, "--session-id", "11111111-2222-4333-8444-555555555555")
    assert "# Brief of session speed" in talk.model.asked[0].reminders
    assert len(talk.model.compactions) == 1
    after = [asked for asked in talk.model.asked[1:] if "# Brief of session speed" in asked.reminders]
    assert len(after) == 1
    session.autotune("config", "set", "max_iterations", "7")  # the client leaves out what it has told before, word for word
    again = session.talk({"end": Say("What now?")}, "--resume", "11111111-2222-4333-8444-555555555555")
    assert "# Brief of session speed" in again.model.asked[0].all
    session.autotune("config", "set", "auto_resume", "prompt")
    told = session.talk({"end": Say("There is a session.")}, *AGENT)
    assert "go on when they say so" in told.model.asked[0].reminders
    assert told.last == "end"


@pytest.mark.nightly
def test_a_conversation_that_is_forked_goes_on_with_the_session(session: Machine) -> None:
    identity = "11111111-2222-4333-8444-555555555557"
    session.talk({"end": Say("Shall I begin?")}, *AGENT, "--session-id", identity)
    script = {**attempt(session, "better", SOURCE.format(cost=90)), "end": Say("What next?")}
    talk = session.talk(script, "--resume", identity, "--fork-session")
    assert talk.last == "end"
    assert "status: keep" in talk["better"].result


@pytest.fixture
def slow_session(machine: Machine) -> Machine:
    """A session whose measurement takes a while."""
    (machine.project / "autotune.sh").write_text(f"sleep 1\n{BENCHMARK}")
    (machine.project / "autotune.toml").write_text(SETTINGS)
    machine.autotune("init", "--name", "slow", "--metric", "cost", "--scope", "src/**", "--once")
    return machine


@pytest.mark.nightly
def test_while_something_is_measured_the_agent_waits_and_is_woken(slow_session: Machine) -> None:
    script: dict[str, Line] = {
        "look": read(slow_session, "src/work.py"),
        "change": write(slow_session, "src/work.py", SOURCE.format(cost=90)),
        "try": bash("autotune try --description 'a slow one' --wait 0"),
        "stop": Say("It is being measured."),
        "wait": bash("autotune wait --wait 600", run_in_background=True),
        "end of turn": Say("I will be woken."),
        "end": Say("Kept. What next?"),
    }
    talk = slow_session.talk(script, *AGENT)
    assert "measuring: True" in talk["try"].result
    assert "Call `autotune wait`" in talk["stop"].user
    assert "Stop hook" not in talk["end of turn"].all
    assert talk.last == "end"
    assert [one["status"] for one in slow_session.results] == ["keep", "keep"]


@pytest.mark.nightly
def test_a_client_that_is_killed_in_a_measurement_is_resumed_and_nothing_is_lost(slow_session: Machine) -> None:
    identity = "11111111-2222-4333-8444-555555555556"
    script = [
        read(slow_session, "src/work.py"),
        write(slow_session, "src/work.py", SOURCE.format(cost=90)),
        bash("autotune try --description 'killed in between'"),
    ]
    with serving(script) as model:
        client = slow_session.start(model, *AGENT, "--session-id", identity)
        end = time.monotonic() + 60
        while not any(b"measuring" in lock.read_bytes() for lock in slow_session.sessions.glob("slow*/lock")) and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(client.pid, signal.SIGKILL)
        client.communicate()
    talk = slow_session.talk({"wait": bash("autotune wait"), "end": Say("Kept, was it not?")}, "--resume", identity, prompt="Go on.")
    assert talk.last == "end"
    assert "status: keep" in talk["wait"].result
    assert [(one["status"], one["description"]) for one in slow_session.results][1:] == [("keep", "killed in between")]
    assert slow_session.git("log", "--format=%s", "main..") == "killed in between\n"


@pytest.mark.nightly
def test_a_client_beside_the_owning_one_is_left_alone(session: Machine) -> None:
    session.talk({"end": Say("Shall I begin?")}, *AGENT)
    (owner,) = session.sessions.glob("speed*/owner.json")
    before = owner.read_text()
    script: dict[str, Line] = {
        "look": bash("autotune status"),
        "try": bash("autotune try --description 'not mine'"),
        "edit out of scope": write(session, "tests/new.py", "\n"),
        "git": bash("git stash list"),
        "end": Say("I am done."),
    }
    talk = session.talk(script, "--permission-mode", "acceptEdits")
    assert talk.last == "end"
    assert "belongs to this client" not in talk.model.asked[0].reminders
    assert not talk["look"].refused
    assert not talk["try"].ran
    assert not talk["edit out of scope"].refused
    assert "Stop hook" not in talk["git"].all
    assert owner.read_text() == before


@pytest.mark.nightly
def test_a_person_who_says_a_command_of_the_plugin_is_not_asked_for_it(session: Machine) -> None:
    script: dict[str, Line] = {"stop": bash("autotune stop"), "resume": bash("autotune resume"), "end": Say("It is stopped.")}
    talk = session.talk(script, prompt="/autotune:stop")
    assert not talk["stop"].refused
    assert not talk["resume"].ran
    assert talk.last == "end"
    again = session.talk({"resume": bash("autotune resume"), "end": Say("May I begin?")}, prompt="/autotune:resume")
    assert not again["resume"].refused
    assert "goes on" in again["resume"].result


@pytest.mark.nightly
def test_what_a_person_notes_reaches_the_agent_with_the_next_result(session: Machine) -> None:
    session.autotune("note", "leave the parser alone")
    talk = session.talk({**attempt(session, "better", SOURCE.format(cost=90)), "end": Say("Noted?")}, *AGENT)
    assert "leave the parser alone" in talk["better"].result


@pytest.mark.nightly
def test_in_a_terminal_an_interrupt_lets_it_go_and_clear_hands_the_brief_over_again(slow_session: Machine) -> None:
    script: list[Line] = [
        read(slow_session, "src/work.py"),
        write(slow_session, "src/work.py", SOURCE.format(cost=90)),
        bash("autotune try --description 'interrupted'"),
        Say("That was an experiment."),
        Say("It begins anew?"),
    ]
    with serving(script) as model, terminal(slow_session, model, "--plugin-dir", str(ROOT), "--agent", "autotune") as screen:
        screen.wait_for("shift+tab")
        screen.type("begin")
        screen.wait_for("autotune try")
        screen.press("\x1b")
        screen.wait_for("Interrupted")
        screen.type("whatwasthat")
        screen.wait_for("That was an experiment.")
        screen.type("/clear")
        screen.type("andnow")
        screen.wait_for("It begins anew?")
    before, after = model.asked[3:]
    assert "whatwasthat" in before.user
    assert "Stop hook" not in after.all
    assert "# Brief of session slow" in after.reminders
