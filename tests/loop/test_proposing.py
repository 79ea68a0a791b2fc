"""The loop by itself, with a program that proposes."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path

import pytest
from tests.loop.project import Project, eventually

from autotune.commands import app
from autotune.edges import locks

SHORTER = "cat >/dev/null; [ -s src/a.txt ] && printf '%s' \"$(head -c -1 src/a.txt)\" > src/a.txt; echo talk; echo 'one byte less'"


@pytest.fixture
def open_project(project: Project) -> Project:
    project.init()
    return project


def test_a_proposer_works_until_a_stop_rule_holds_across_a_resume(open_project: Project) -> None:
    open_project.ok("config", "set", "max_iterations", "2")
    assert "finished: 2 of 2 experiments made" in open_project.ok("start", "--proposer", SHORTER).out
    assert [one["description"] for one in open_project.results()] == ["one byte less"] * 2
    assert "finished again at once" in open_project.ok("resume").out
    assert len(open_project.results()) == len(open_project.commits()) == 2
    open_project.agree()


def test_a_proposer_gets_the_brief_on_its_input_and_in_a_file(open_project: Project) -> None:
    kept = open_project.outside
    open_project.ok("start", "--proposer", f'cat > {kept}/input; cp "$AUTOTUNE_BRIEF" {kept}/file; exit 1')
    assert (kept / "input").read_text().startswith(f"# Brief of session {open_project.name}\n")
    assert (kept / "input").read_text() == (kept / "file").read_text()


@pytest.mark.parametrize(
    ("proposer", "why"), [("true", "proposer idle"), ("exit 7", "proposer failed"), ("echo x >> README", "proposal refused")]
)
def test_a_proposer_without_a_usable_change_three_times_in_a_row_pauses_the_session(open_project: Project, proposer: str, why: str) -> None:
    before = open_project.files()
    answer = open_project.ok("start", "--proposer", proposer)
    assert [event["reason"]["because"]["kind"] for event in open_project.events("pause")] == [why]
    assert "(3 of 3)" in answer.err
    assert open_project.files() == before
    assert open_project.results() == []


def test_what_a_proposer_that_failed_had_changed_is_taken_back_and_kept(open_project: Project) -> None:
    before = open_project.files()
    answer = open_project.ok("start", "--proposer", "test -s src/b.txt && echo half > src/b.txt; exit 7")
    assert "paused: the proposer failed with exit 7" in answer.out
    assert open_project.files() == before
    refs = open_project.git("for-each-ref", "--format=%(refname)", f"refs/autotune/{open_project.name}/").split()
    assert "half" in [open_project.git("show", f"{ref}:src/b.txt") for ref in refs if "refused-" in ref]


def test_what_a_proposer_printed_is_kept_shown_where_it_failed_and_named_by_explain(open_project: Project) -> None:
    fails = f"[ -e {open_project.outside}/asked ] || {{ touch {open_project.outside}/asked; echo no key for the model >&2; exit 3; }}"
    answer = open_project.ok("start", "--proposer", f"{fails}; [ -s src/b.txt ] && echo thinking && printf '' > src/b.txt")
    assert "no key for the model" in answer.err
    [first, second] = [open_project.session / f"proposals/1-{name}" for name in ("1.stderr", "2.stdout")]
    assert first.read_text() == "no key for the model\n"
    assert second.read_text() == "thinking\n"
    assert open_project.results()[0]["status"] == "keep"
    assert open_project.ok("explain", "1", "--json").json["proposer"] == [str(first), str(second)]
    assert "no key" not in open_project.ok("explain", "1").out
    assert "1-2.stdout" in open_project.ok("explain", "1").out.replace("\n", "").replace(" ", "")


def test_why_a_proposal_was_refused_is_said_once(open_project: Project) -> None:
    answer = open_project.ok("start", "--proposer", "echo x >> README")
    assert answer.err.count("README is outside the scope") == 3
    assert "the proposal was refused (3 of 3)" in answer.err
    assert "README is outside the scope" in answer.out


@pytest.mark.parametrize("stream", ["1", "2"])
@pytest.mark.parametrize("changes", ["", "echo half > src/b.txt; "])
def test_why_a_proposer_failed_is_said_once_each_time(open_project: Project, stream: str, changes: str) -> None:
    answer = open_project.ok("start", "--proposer", f"{changes}echo no key for the model >&{stream}; exit 3")
    assert answer.err.count("no key for the model") == 3
    assert "no key for the model" in answer.out


def test_a_new_file_out_of_scope_is_named_once(open_project: Project) -> None:
    open_project.ok("config", "set", "max_iterations", "3")
    turn = f"echo >> {open_project.outside}/turns; touch left-$(grep -c '' {open_project.outside}/turns)"
    answer = open_project.ok("start", "--proposer", f"{turn}; echo x >> notes; {SHORTER}")
    assert len(open_project.results()) == 3
    assert [line for line in answer.err.splitlines() if "left alone" in line] == [
        "left alone, out of scope: left-1, notes",
        "left alone, out of scope: left-2",
        "left alone, out of scope: left-3",
    ]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read and change everything")
@pytest.mark.parametrize(
    "leaves",
    [
        "touch src/new; chmod 000 src/new; ",
        "chmod 000 src/a.txt; ",
        "mkdir -p src/sub; echo x > src/sub/new; chmod 444 src/sub; ",
        "mkdir -p src/sub; echo x > src/sub/new; chmod 555 src/sub; ",
        "mkdir -p src/sub; echo x > src/sub/new; chmod 000 src/sub; ",
        "chmod 444 src; ",
    ],
)
@pytest.mark.parametrize("ends", ["", "; exit 3"])
def test_a_proposer_that_leaves_files_or_folders_that_may_not_be_read_does_not_end_the_loop(
    open_project: Project, leaves: str, ends: str
) -> None:
    open_project.ok("config", "set", "max_iterations", "1")
    open_project.ok("start", "--proposer", f"chmod -R u+rwX src; {SHORTER}; {leaves}echo words{ends}")
    assert len(open_project.results()) == (0 if ends else 1)


def test_an_interrupt_stops_the_session_ends_the_proposer_and_says_how_to_go_on(open_project: Project) -> None:
    told = open_project.outside / "proposer"
    begun = open_project.begin("start", "--proposer", f"echo $$ > {told}.new; mv {told}.new {told}; exec sleep 600")
    eventually(told.exists)
    os.kill(begun.pid, signal.SIGINT)
    answer = begun.wait()
    assert answer.code == 130
    assert "is stopped: interrupted by the user" in answer.out
    assert answer.err.endswith("error: Interrupted.\nhint: the next command finishes what was begun\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
    assert "goes on" in open_project.ok("resume").out


def test_a_proposer_that_hangs_ends_with_the_time_of_the_session_and_what_it_began_is_kept(open_project: Project) -> None:
    before = open_project.files()
    open_project.ok("config", "set", "max_wall_time", "4s")
    answer = open_project.ok("start", "--proposer", "printf half > src/b.txt; exec sleep 600")
    assert [event["reason"]["kind"] for event in open_project.events("finish")] == ["limit reached"]
    assert "still at work when max_wall_time was over" in answer.err
    assert "of 3)" not in answer.err
    assert open_project.files() == before
    refs = open_project.git("for-each-ref", "--format=%(refname)", f"refs/autotune/{open_project.name}/").split()
    assert "half" in [open_project.git("show", f"{ref}:src/b.txt") for ref in refs if "refused-" in ref]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_only_one_loop_at_a_time_has_a_program_propose_and_another_may_once_it_is_killed(open_project: Project) -> None:
    told = open_project.outside / "proposer"
    begun = open_project.begin("start", "--proposer", f"touch {told}; sleep 600")
    eventually(told.exists)
    answer = open_project.refused("start", "--proposer", "true")
    assert f"proposes in session {open_project.name} already: autotune start (process {begun.pid}" in answer
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    assert "3 proposals in a row" in open_project.ok("start", "--proposer", "true").out


def test_a_loop_of_an_older_version_which_has_no_lock_of_its_own_is_seen_while_its_program_proposes(open_project: Project) -> None:
    with locks.hold(open_project.session / "proposing", "proposing"):
        answer = open_project.refused("start", "--proposer", "echo changed > src/a.txt")
    assert f"proposes in session {open_project.name} already: proposing (process {os.getpid()}" in answer
    assert not open_project.results()


def test_a_proposer_does_not_outlive_a_loop_that_is_killed(open_project: Project) -> None:
    told = open_project.outside / "proposer"
    begun = open_project.begin("start", "--proposer", f"echo $$ > {told}.new; mv {told}.new {told}; sleep 600; echo late > src/a.txt")
    eventually(told.exists)
    os.kill(begun.pid, signal.SIGKILL)
    assert begun.wait().code == -signal.SIGKILL
    eventually(lambda: gone(int(told.read_text())))
    assert "running" in open_project.ok("status").out


def test_what_a_proposer_leaves_running_ends_with_it(open_project: Project) -> None:
    told = open_project.outside / "left"
    open_project.ok("config", "set", "max_iterations", "1")
    left = f"(echo $BASHPID >> {told}; exec sleep 600) & setsid sh -c 'echo $$ >> {told}; exec sleep 600' &"
    open_project.ok("start", "--proposer", f"bash -c {shlex.quote(f'{left} sleep 0.2; : > src/a.txt')}")
    assert len(open_project.results()) == 1
    left_running = told.read_text().split()
    assert len(left_running) == 2
    eventually(lambda: all(gone(int(pid)) for pid in left_running))


def test_what_a_proposer_says_is_stored_exactly_and_shown_escaped(open_project: Project) -> None:
    open_project.ok("config", "set", "max_iterations", "1")
    open_project.ok("start", "--proposer", r"cat >/dev/null; : > src/a.txt; printf 'less \000\033[31m of it\n'")
    (result,) = open_project.results()
    assert (result["status"], result["description"]) == ("keep", "less \0\x1b[31m of it")
    assert open_project.git("log", "-1", "--format=%s", open_project.branch) == r"less \x00\x1b[31m of it"


def test_a_proposer_may_note_what_it_learns(open_project: Project) -> None:
    open_project.ok("config", "set", "max_iterations", "1")
    main = Path(app.__file__).parents[1] / "__main__.py"
    note = f"{sys.executable} -I {main} note 'seen: a' && {sys.executable} -I {main} idea 'try b'"
    open_project.ok("start", "--proposer", f"{note} && {SHORTER}")
    assert [event["text"] for event in open_project.events("note")] == ["seen: a"]
    assert "- try b" in open_project.read("autotune.ideas.md")


# Second looks

NOISY = "echo METRIC size=$(($(cat src/*.txt | wc -c) * 100000 + 1$(date +%N | cut -c 1-4)))\n"


@pytest.fixture
def promising(project: Project) -> Project:
    """A session whose first experiment is promising when its pairs are used up."""
    project.write("autotune.sh", NOISY)
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    project.ok("config", "set", "max_pairs", "2")
    project.write("src/a.txt", "aaaa aaaa\n")
    assert project.attempt("shorter")["verdict"] == "inconclusive"
    project.ok("config", "set", "max_pairs", "40")
    return project


def test_an_inconclusive_change_waits_for_a_second_look_that_one_command_takes(promising: Project) -> None:
    assert "experiment 1 waits for a second look, best at a quieter time: `autotune again`" in " ".join(promising.ok("status").out.split())
    found = promising.ok("again", "--json").json
    assert (found["about"]["experiment"], found["about"]["status"], found["second_looks"]) == (2, "keep", [])
    assert [one["description"] for one in promising.results()] == ["shorter", "shorter"]
    assert promising.events("candidate")[-1]["again"] == 1
    assert promising.read("src/a.txt") == "aaaa aaaa\n"
    promising.agree()
    assert promising.ok("check").out.endswith(": no findings\n")
    assert "autotune again" not in promising.ok("status").out
    assert "No experiment waits for a second look." in promising.refused("again")
    assert "Experiment 1 does not wait for a second look." in promising.refused("again", "1")


def test_a_second_look_is_refused_for_what_does_not_wait_and_names_what_does(promising: Project) -> None:
    assert "hint: 1 wait" in promising.refused("again", "7")
    promising.write("src/b.txt", "mine\n")
    assert "Other changes are open in scope: src/b.txt." in promising.refused("again")
    assert promising.read("src/b.txt") == "mine\n"


def test_a_proposer_that_has_nothing_leaves_the_turn_to_a_second_look(promising: Project) -> None:
    told = promising.ok("start", "--proposer", "true")
    assert "experiment 2, a second look at 1: shorter" in told.err
    assert [one["status"] for one in promising.results()] == ["discard", "keep"]
    assert "paused" in told.out
    promising.agree()


def test_a_second_look_that_a_keep_contradicts_is_given_up_and_the_loop_goes_on(promising: Project) -> None:
    promising.write("src/a.txt", "a\n")
    assert promising.attempt("much shorter")["status"] == "keep"
    told = promising.ok("start", "--proposer", "true")
    assert told.err.count("src/a.txt was changed by a keep since, in the same place") == 1
    assert "(3 of 3)" in told.err
    assert len(promising.results()) == 2
    assert promising.ok("status", "--json").json["second_looks"] == []
    assert "no longer waits for a second look" in " ".join(promising.ok("explain").out.split())


def test_without_a_number_what_a_keep_has_overtaken_is_passed_over(promising: Project) -> None:
    promising.ok("config", "set", "max_pairs", "2")
    promising.write("src/b.txt", "bbbb bbbb\n")
    assert promising.attempt("shorter too")["verdict"] == "inconclusive"
    promising.ok("config", "set", "max_pairs", "40")
    promising.write("src/a.txt", "a\n")
    assert promising.attempt("much shorter")["status"] == "keep"
    found = promising.ok("again", "--json").json
    assert (found["about"]["experiment"], found["about"]["status"], found["second_looks"]) == (4, "keep", [])
    assert promising.events("candidate")[-1]["again"] == 2
    promising.agree()


def test_what_a_proposer_does_to_files_that_git_does_not_track_is_told_and_they_are_copied(project: Project) -> None:
    project.write("notes.txt", "mine\r\n")
    project.write("plans.txt", "too\n")
    project.init()
    project.ok("config", "set", "max_iterations", "1")
    project.ok("start", "--proposer", f"echo his > notes.txt; rm plans.txt; {SHORTER}")
    (told,) = [event["found"] for event in project.events("notice") if event["found"]["kind"] == "yours changed"]
    assert told["figures"]["paths"] == ["notes.txt", "plans.txt"]
    copied = f"refs/autotune/{project.name}/untracked"
    assert project.git("show", f"{copied}:plans.txt") == "too"
    assert project.git("cat-file", "-s", f"{copied}:notes.txt") == "6"
    assert len(project.commits()) == 1


def test_a_proposer_that_switches_the_branch_pauses_the_session(open_project: Project) -> None:
    answer = open_project.ok("start", "--proposer", f"{SHORTER}; git switch -q --detach")
    (paused,) = open_project.events("pause")
    assert open_project.name in paused["reason"]["figures"]["hint"]
    assert "paused" in answer.out
    open_project.git("switch", "-q", f"autotune/{open_project.name}")
    open_project.ok("resume")
    open_project.ok("try", "-d", "one byte less")
    open_project.agree()
