"""`verify`: the evidence checked, then the gain measured by runs of which the session's log knows nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.loop.project import Project, eventually

CONFIRMED, NOT_CONFIRMED, CANNOT_TELL = 0, 4, 5


def kept(project: Project, *sizes: int) -> None:
    for size in sizes:
        project.write("src/a.txt", "a" * size)
        assert project.attempt()["status"] == "keep"


def forced(project: Project) -> None:
    """Keep a change that does nothing for the metric."""
    project.write("src/a.txt", "b" * len(project.read("src/a.txt")))
    project.ok("try", "-d", "nothing", "--force")


def left(project: Project) -> tuple[bytes, dict[str, bytes], list[str]]:
    """What a verification may not change: the log, what git holds, and the measuring worktrees."""
    places = sorted(str(path) for path in (project.outside / "cache").glob("autotune/*/*"))
    return (project.session / "autotune.jsonl").read_bytes(), project.repository(), places


def test_a_gain_is_confirmed_by_fresh_runs_that_the_session_does_not_know_of(project: Project) -> None:
    project.init("--checks", "test -s src/b.txt")
    kept(project, 5, 4)
    project.ok("status")
    before = left(project)
    answer = project.run("verify", "--json")
    assert answer.code == CONFIRMED, answer
    found = answer.json
    first, last = project.events()[0]["base"], project.commits()[-1]
    assert (found["outcome"], found["first"], found["last"], found["findings"]) == ("confirmed", first, last, [])
    assert found["effect"]["low"] <= found["effect"]["estimate"] <= found["effect"]["high"] < 1
    assert found["runs"] >= 2
    assert found["checks"] is True
    assert left(project) == before
    assert len(list(project.session.parent.iterdir())) == 1 + (project.session.parent / "last-time").exists()


def test_one_keep_is_verified_against_its_parent(project: Project) -> None:
    project.init()
    kept(project, 5)
    forced(project)
    one, two = project.run("verify", "1", "--json"), project.run("verify", "2", "--json")
    assert (one.code, one.json["experiment"], one.json["last"]) == (CONFIRMED, 1, project.commits()[0])
    assert (two.code, two.json["outcome"], two.json["first"]) == (NOT_CONFIRMED, "not confirmed", project.commits()[0])
    assert "is not a keep of this session" in project.refused("verify", "7")


def test_what_was_kept_by_force_and_gains_nothing_is_not_confirmed(project: Project) -> None:
    project.init()
    forced(project)
    answer = project.run("verify")
    assert answer.code == NOT_CONFIRMED
    assert answer.out.startswith("not confirmed: ")


@pytest.mark.nightly
def test_a_verification_lifts_no_label_and_spends_no_look(project: Project) -> None:
    project.init()
    kept(project, 5)
    before = project.ok("status", "--json").json
    for _ in range(2):
        assert project.run("verify").code == CONFIRMED
    after = project.ok("status", "--json").json
    assert (after["unconfirmed"], after["claim"], after["keeps"]) == (before["unconfirmed"], before["claim"], before["keeps"])
    assert project.events("claim") == []


@pytest.mark.nightly
@pytest.mark.parametrize(
    "options", [("--seeds",), pytest.param(("--prepare", "cat src/*.txt > built.o"), marks=pytest.mark.nightly), ("--cases", "a,b")]
)
def test_with_seeds_with_builds_and_on_cases_a_stopped_session_is_verified(project: Project, options: tuple[str, ...]) -> None:
    if "--cases" in options:
        lines = 'while read -r case; do echo "METRIC size[$case]=$(cat src/*.txt | wc -c)"; done < "$AUTOTUNE_CASES"\n'
        project.write("autotune.sh", lines)
    elif "--prepare" in options:
        project.write("autotune.sh", "echo METRIC size=$(wc -c < built.o)\n")
        project.write("autotune.toml", f"build_once = true\n{project.read('autotune.toml')}")
    project.init(*options)
    kept(project, 5)
    project.ok("stop")
    assert project.run("verify").code == CONFIRMED
    project.ok("check")


def test_of_a_session_that_kept_nothing_nothing_is_verified(project: Project) -> None:
    project.init()
    project.refused("verify")


def test_where_the_checks_fail_on_the_last_state_alone_the_gain_is_not_confirmed(project: Project) -> None:
    flag = project.outside / "flag"
    project.init("--checks", f"test ! -e {flag} || grep -rq aaaa src")
    kept(project, 2)
    flag.touch()
    answer = project.run("verify", "--json")
    assert (answer.code, answer.json["checks"], answer.json["runs"]) == (NOT_CONFIRMED, False, 0)


def test_where_nothing_can_be_measured_nobody_can_tell(project: Project) -> None:
    flag = project.outside / "flag"
    project.write("autotune.sh", f"test ! -e {flag}\n{project.read('autotune.sh')}")
    project.init("--checks", f"test ! -e {flag}")
    kept(project, 2)
    flag.touch()
    assert project.run("verify").code == CANNOT_TELL


def test_with_a_log_that_was_tampered_with_nothing_runs_and_nobody_can_tell(project: Project) -> None:
    runs = project.outside / "runs"
    project.write("autotune.sh", f"echo >> {runs}\n{project.read('autotune.sh')}")
    project.init()
    kept(project, 5)
    ledger = project.session / "autotune.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"an attempt"', b'"a triumph!"'))
    made = runs.read_text()
    answer = project.run("verify", "--json")
    assert (answer.code, answer.json["outcome"]) == (CANNOT_TELL, "cannot tell")
    assert "chain broken" in [one["fact"]["kind"] for one in answer.json["findings"]]
    assert runs.read_text() == made
    told = project.run("verify")
    assert (told.code, told.out.count("finding: ")) == (CANNOT_TELL, len(answer.json["findings"]))


def test_while_a_worker_measures_nothing_is_verified(project: Project) -> None:
    project.write("autotune.sh", f"test ! -e {project.outside / 'slow'} || sleep 60\n{project.read('autotune.sh')}")
    project.init()
    kept(project, 5)
    (project.outside / "slow").touch()
    project.write("src/a.txt", "a")
    project.ok("try", "-d", "slow", "--wait", "0")
    assert "`autotune wait`" in project.refused("verify")
    project.ok("cancel")


def test_a_commit_that_the_log_does_not_know_is_a_finding(project: Project) -> None:
    project.init()
    kept(project, 5)
    project.git("commit", "-q", "--allow-empty", "-m", "by hand")
    answer = project.run("verify", "--json")
    assert (answer.code, [one["fact"]["kind"] for one in answer.json["findings"]]) == (CANNOT_TELL, ["commit of others"])


def test_commits_without_a_log_show_how_far_the_log_had_come(project: Project, tmp_path: Path) -> None:
    project.init()
    kept(project, 5, 4)
    name, chain = project.name, project.git("log", "-1", "--format=%(trailers:key=Autotune-Ledger,valueonly)", project.branch).strip()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(project.top), str(clone)], check=True)
    project.folder = clone
    project.git("config", "grep.patternType", "perl", folder=clone)
    for words in ((), ("--session", name)):  # the remote's branch, checked out as one's own or not
        answer = project.run("verify", "--json", *words)
        assert (answer.code, answer.json["outcome"], answer.json["chain"]) == (CANNOT_TELL, "cannot tell", chain)
    project.git("branch", "-q", "-f", f"autotune/{name}", "HEAD~2", folder=clone, ok=False)
    subprocess.run(["git", "-C", str(clone), "checkout", "-q", "--detach", "HEAD~2"], check=True)
    subprocess.run(["git", "-C", str(clone), "branch", "-q", "-f", f"autotune/{name}"], check=True)
    answer = project.run("verify")
    assert (answer.code, answer.out.splitlines()) == (CANNOT_TELL, ["cannot tell: no ledger", f"no commit of autotune/{name} names a log"])


def test_of_several_branches_without_a_log_one_has_to_be_named(project: Project) -> None:
    assert "no autotune session" in project.refused("verify")
    for name in ("a", "b"):
        project.git("branch", f"autotune/{name}")
    assert "--session" in project.refused("verify")
    assert project.run("verify", "--session", "b", "--json").json["session"] == "b"


def test_the_hold_out_is_not_asked_and_that_is_said(project: Project) -> None:
    asked = project.outside / "asked"
    project.init("--holdout", f"echo >> {asked}")
    kept(project, 5)
    before = asked.read_text()
    answer = project.run("verify", "--json")
    assert (answer.code, len(answer.json["notes"])) == (CONFIRMED, 1)
    assert asked.read_text() == before


def test_in_place_the_checkout_is_as_it_was(project: Project) -> None:
    project.init("--in-place")
    kept(project, 5)
    project.write("src/b.txt", "an open edit\n")
    before = project.files()
    assert project.run("verify").code == CONFIRMED
    assert project.files() == before


def test_a_checkout_that_a_killed_verification_had_is_given_back(project: Project) -> None:
    project.init("--in-place")
    kept(project, 5)
    project.write("src/b.txt", "an open edit\n")
    before = project.files()
    begun = project.begin("verify")
    eventually((project.session / "lent.json").exists)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    project.ok("resume")
    assert project.files() == before


def ended(project: Project, number: signal.Signals) -> None:
    """End a verification while it measures."""
    begun = project.begin("verify")
    eventually(lambda: any((project.outside / "cache").glob("autotune/*/*.verify-*/measure.json")))
    os.kill(begun.pid, number)
    begun.wait()


def test_a_session_is_cleared_with_what_a_killed_verification_left(project: Project) -> None:
    project.init()
    kept(project, 5)
    ended(project, signal.SIGKILL)
    assert project.git("worktree", "list").count("measure") == 2
    project.ok("clear", "--yes")
    assert "measure" not in project.git("worktree", "list")


@pytest.mark.nightly
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_verification_that_was_ended_left_is_gone_after_the_next(project: Project, number: signal.Signals) -> None:
    project.init()
    kept(project, 5)
    before = left(project)
    ended(project, number)
    if number == signal.SIGTERM:
        assert left(project) == before
    assert project.run("verify").code == CONFIRMED
    assert left(project) == before


def test_a_session_is_verified_from_another_branch(project: Project) -> None:
    project.init("--worktree")
    tree = Path(project.events()[0]["tree"])
    (tree / "src/a.txt").write_text("aa")
    project.folder = tree
    assert project.attempt()["status"] == "keep"
    project.folder = project.top
    assert project.run("verify").code == CONFIRMED
