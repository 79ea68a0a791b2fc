"""What a person has measured again from the command line: the unchanged code, the session, one keep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.loop.project import eventually

if TYPE_CHECKING:
    from tests.loop.project import Project


def opened(project: Project) -> None:
    """A session that decides from pairs, with a keep."""
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"


def test_calibrate_says_what_the_benchmark_can_see_and_writes_it_down(project: Project) -> None:
    opened(project)
    told = project.ok("calibrate", "--pairs", "6")
    assert "7 pairs of runs of the unchanged code" in told.err
    assert "size was the same in all 14 runs" in told.out
    found = project.ok("calibrate", "--pairs", "6", "--no-apply", "--json").json
    assert (found["runs"], found["applied"]) == (14, False)
    assert len(project.events("calibration")) == len(("at the opening", "told", "as JSON"))


def test_without_a_keep_there_is_nothing_to_confirm_and_nothing_runs(project: Project) -> None:
    project.init()
    ran = len(project.events("run"))
    assert "Nothing has been kept" in project.refused("confirm")
    assert len(project.events("run")) == ran


def test_confirm_claims_what_was_gained_and_confirms_one_keep(project: Project) -> None:
    opened(project)
    assert "% lower" in project.ok("confirm").out
    (claimed,) = project.events("claim")
    assert claimed["improved"]
    one = project.ok("confirm", "1", "--json").json
    assert one["improved"]
    assert project.events("claim")[-1]["experiment"] == 1
    assert "`autotune dashboard --full` names every keep" in project.refused("confirm", "2")
    assert "claim, by fresh runs of the first state and the last: improved" in " ".join(project.ok("explain").out.split())


def test_where_single_runs_decide_a_claim_is_made_when_a_person_asks_and_of_twenty_pairs(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "a\n")
    assert project.attempt()["verdict"] == "keep"
    project.ok("config", "set", "max_iterations", "1")
    assert project.ok("wait", "--json").json["health"] == "finished"
    assert project.events("claim") == []
    assert project.ok("confirm", "--json").json["pairs"] == 20
    project.ok("check")


@pytest.mark.nightly
def test_a_check_finds_the_output_of_a_build_that_failed(project: Project) -> None:
    project.init("--prepare", "! grep -h broken src/*.txt")
    project.write("src/a.txt", "broken\n")
    assert "`prepare` failed: exit 1" in project.attempt()["reason"]
    run = next(event for event in project.events("run") if event["outcome"] == "crashed" and event["experiment"] == 1)
    assert (project.session / run["log"]).read_text() == "broken\n"
    assert project.ok("check").out.endswith(": no findings\n")


def test_what_autotune_measures_itself_has_its_unit_where_none_is_given(project: Project) -> None:
    project.ok("init", "--name", "x", "--metric", "autotune.wall_s", "--command", "grep -q a src/a.txt", "--scope", "src/**", "--once")
    assert project.events()[0]["metric_unit"] == "s"
    assert 'unit = "s"' in project.read("autotune.toml")


def test_where_nothing_is_found_to_protect_init_says_how_to(project: Project) -> None:
    (project.top / "autotune.sh").unlink()
    told = project.init("--command", "echo METRIC size=$(cat src/*.txt | wc -c)").err
    assert "--protect PATTERN" in told


def test_waiting_has_the_loop_do_what_it_does_by_itself(project: Project) -> None:
    opened(project)
    project.ok("config", "set", "max_iterations", "1")
    assert "`autotune wait`" in project.ok("status").out
    assert project.ok("wait", "--json").json["health"] == "finished"
    assert [claimed["improved"] for claimed in project.events("claim")] == [True]


def test_waiting_tells_what_is_measured_where_it_takes_longer(project: Project) -> None:
    closed = project.outside / "closed"
    project.write("autotune.sh", f"while [ -e {closed} ]; do sleep 0.01; done\n" + project.read("autotune.sh"))
    opened(project)
    project.ok("config", "set", "max_iterations", "1")
    closed.touch()
    assert project.ok("wait", "--wait", "0", "--json").json["measuring"]
    assert "measuring (a claim)" in project.ok("status").out
    closed.unlink()
    assert project.ok("wait", "--json").json["health"] == "finished"
    assert len(project.events("claim")) == 1


def test_what_is_restored_while_the_session_stands_still_is_measured_after_a_resume(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "longer than it was\n")
    assert project.attempt()["status"] == "discard"
    project.ok("stop")
    assert project.ok("restore", "1").out.endswith("next: `autotune resume`, then `autotune try --description TEXT` measures them\n")


def test_a_metric_that_crosses_zero_goes_on_to_be_compared_and_can_be_measured_again(project: Project) -> None:
    project.write("autotune.sh", "echo METRIC size=$(cat src/a.txt)\n")
    project.write("src/a.txt", "5\n")
    project.git("commit", "-qam", "five")
    refused = project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    assert "if it measures src/a.txt, which is protected, name it: --scope src/a.txt" in refused
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--scope", "src/a.txt")
    statuses = []
    for value in ("1", "0", "-2", "-1", "-3"):
        project.write("src/a.txt", f"{value}\n")
        statuses.append(project.attempt()["status"])
    assert statuses == ["keep", "keep", "keep", "discard", "keep"]
    project.ok("rebaseline")
    assert project.events("playbook_end")[-1]["result"]["kind"] == "nothing changed"
    project.ok("check")


@pytest.mark.nightly
def test_sources_that_a_compiler_is_given_can_be_tuned_and_what_the_scope_names_too(project: Project) -> None:
    project.write("src/main.c", "/* long */ int main(void) { return 0; }\n")
    project.write("src/gen.sh", "cat src/main.c\n")
    project.write("autotune.sh", "echo METRIC size=$(wc -c < built)\n")
    project.git("add", "src")
    project.git("commit", "-qm", "sources")
    words = ("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once", "--prepare", "cp src/main.c built && sh src/gen.sh")
    told = project.ok(*words).err
    assert "protected, because they decide what is measured: autotune.sh, src/gen.sh;" in told
    project.ok("clear", "--yes")
    project.git("switch", "-q", "main")
    assert "protected, because they decide what is measured: autotune.sh;" in project.ok(*words, "--scope", "src/gen.sh").err
    project.ok("clear", "--yes")
    project.git("switch", "-q", "main")
    assert "protected, because they decide what is measured: autotune.sh;" in project.ok(*words, "--allow", "src/gen.sh").err


def test_a_benchmark_that_became_noisy_gets_a_new_segment(project: Project) -> None:
    project.write("autotune.sh", "echo METRIC size=$(($(cat src/*.txt | wc -c) * 100 + $(cat ../noise) * ($(date +%N | cut -c 3) - 4)))\n")
    (project.top.parent / "noise").write_text("0\n")
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--in-place")
    project.ok("rebaseline")
    assert project.events("playbook_end")[-1]["result"] == {"kind": "nothing changed", "figures": {"metric": "size", "value": 3000.0}}
    (project.top.parent / "noise").write_text("9\n")
    project.ok("rebaseline")
    assert "noise changed" in json.dumps(project.events("playbook_end")[-1]["result"])
    assert len(project.events("config")) == 2
    project.ok("check")


def test_a_finished_session_is_not_repaired_and_one_that_goes_on_is_not_resumed(project: Project) -> None:
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--max-iterations", "1")
    assert "was not stopped, and goes on as before" in project.ok("resume").out
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    assert "is finished: " in project.refused("repair")
    assert "there are no checks" not in project.run("explain").out


def test_diagnose_says_that_there_are_no_checks(project: Project) -> None:
    project.init()
    project.ok("repair")
    assert [one["kind"] for one in project.events("playbook_end")[-1]["result"]["besides"]] == ["no checks"]


def test_a_number_of_seconds_that_is_none_is_refused(project: Project) -> None:
    project.init()
    assert "nan is no number of seconds" in project.run("wait", "--wait", "nan").err


def test_a_keep_that_was_made_for_another_metric_is_not_confirmed_in_this_one(project: Project) -> None:
    project.write(
        "autotune.sh",
        "echo METRIC size=$(cat src/*.txt | wc -c) METRIC2\necho METRIC other=$(cat src/*.txt | wc -c)\n".replace(" METRIC2", ""),
    )
    opened(project)
    project.write("autotune.toml", project.read("autotune.toml").replace('metric = "size"', 'metric = "other"'))
    project.ok("rebaseline", "--accept")
    assert "Experiment 1 was kept for size (lower is better), and now other" in project.refused("confirm", "1")
    project.ok("confirm")
    project.ok("check")


def test_a_stop_ends_what_a_command_measures_in_front(project: Project) -> None:
    project.write("autotune.sh", "sleep 0.2\necho METRIC size=$(cat src/*.txt | wc -c)\n")
    opened(project)
    for verb, purpose in (("confirm", "claim"), ("calibrate", "calibration")):
        begun = project.begin(verb)
        eventually(lambda purpose=purpose: any(event["purpose"] == purpose for event in project.events("run")))  # type: ignore[misc]
        project.ok("stop")
        answer = begun.wait()
        assert "the session was stopped" in answer.out + answer.err
        project.ok("resume")
    project.ok("check")
