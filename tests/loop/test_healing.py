"""Playbooks, repairs and new segments, from a command's side: what they do to the session's health, and what is said of it."""

from __future__ import annotations

from typing import Any

from tests.loop.project import BENCHMARK, PATIENT, Project

from autotune.core.tell.advice import WITHOUT_PROMISE


def status(project: Project) -> dict[str, Any]:
    return project.ok("status", "--json").json


def refuted(project: Project, path: str = "src/a.txt") -> dict[str, Any]:
    project.write(path, "longer than it was, by far\n")
    return project.attempt("longer")


def broken(project: Project) -> None:
    """A session that is paused because its benchmark fails on the unchanged code too."""
    flag = project.outside / "down"
    project.write("autotune.sh", f"test -e {flag} && exit 4; {BENCHMARK}")
    project.write("autotune.toml", f'busy_wait_s = 0\n{PATIENT}[recovery]\nplaybooks = ["rebaseline", "pause"]\n')
    project.init()
    flag.touch()
    refuted(project)
    assert status(project)["ended"]["how"] == "paused"


def test_measuring_again_in_a_healthy_session_leaves_it_healthy(project: Project) -> None:
    project.init()
    assert "nothing has changed" in project.ok("rebaseline").out
    found = status(project)
    assert (found["health"], found["mode"], found["why"]) == ("running", "optimize", "rebaseline: nothing has changed: size is still 30")
    project.ok("repair", "--playbook", "diagnose")
    found = status(project)
    assert (found["health"], found["mode"]) == ("running", "optimize")
    assert found["why"] == "diagnose: on the incumbent the benchmark works; there are no checks"


def test_a_new_segment_is_the_reason_of_the_health_from_then_on(project: Project) -> None:
    project.init()
    project.ok("rebaseline")
    project.write("autotune.sh", 'echo "METRIC size=$((80 + $(cat src/*.txt | wc -c)))"\n')
    project.ok("rebaseline", "--accept")
    found = status(project)
    assert (found["health"], found["mode"], found["why"]) == ("running", "optimize", "segment 2 begins with size = 110")


def test_a_benchmark_that_a_person_mended_lifts_the_pause_that_it_brought(project: Project) -> None:
    broken(project)
    project.write("autotune.sh", BENCHMARK)
    told = project.ok("rebaseline", "--accept").out
    assert "the unchanged code passes again, so the session goes on" in told
    found = status(project)
    assert (found["ended"], found["health"], found["why"]) == (None, "running", "segment 2 begins with size = 30")


def test_a_pause_for_another_reason_outlives_a_new_segment(project: Project) -> None:
    project.init()
    project.ok("stop")
    told = project.ok("rebaseline", "--accept").out
    assert "goes on: `autotune resume`" in told
    assert status(project)["ended"]["how"] == "stopped"


def test_unchanged_code_that_a_playbook_finds_failing_is_to_be_repaired(project: Project) -> None:
    flag = project.outside / "down"
    project.write("autotune.sh", f"test -e {flag} && exit 4; {BENCHMARK}")
    project.init()
    flag.touch()
    for playbook in ("diagnose", "rebaseline"):
        project.ok("repair", "--playbook", playbook)
        found = status(project)
        assert (found["mode"], found["why"].startswith(f"{playbook}: ")) == ("repair", True)
    flag.unlink()
    project.ok("repair", "--playbook", "diagnose")
    assert status(project)["mode"] == "optimize"


def test_the_scope_is_narrowed_around_the_last_failures_and_not_around_what_was_tried_since(project: Project) -> None:
    project.write("autotune.sh", f"test -e src/deep/broken && exit 3; {BENCHMARK}")
    for path in ("src/deep/a.txt", "src/deep/b.txt"):
        project.write(path, "deep\n")
    project.git("add", "src")
    project.git("commit", "-qm", "deep")
    project.init()
    project.write("src/deep/a.txt", "other\n")
    project.write("src/deep/broken", "")
    assert project.attempt("broken")["status"] == "crash"
    for path in ("src/a.txt", "src/b.txt", "src/a.txt"):
        refuted(project, path)
    project.ok("repair", "--playbook", "shrink_scope")
    assert project.events("playbook_end")[-1]["scope"] == ["src/deep/**"]


def test_an_answer_names_the_playbook_that_it_brought_about_and_later_ones_do_not(project: Project) -> None:
    project.write("autotune.toml", "busy_wait_s = 0\n[health]\nmax_no_improvement_runs = 2\n")
    project.init()
    assert refuted(project)["playbook"] is None
    brought = refuted(project)
    if brought["playbook"] is None or brought["playbook"]["result"] is None:  # it goes on by itself
        brought = project.ok("wait", "--json").json
    assert brought["playbook"] == {"name": "rebaseline", "result": "nothing has changed: size is still 30"}
    told = project.ok("wait").out
    assert "playbook: rebaseline: nothing has changed" in told
    assert "left: playbooks 2\n" in told
    assert refuted(project)["playbook"] is None
    project.ok("repair", "--playbook", "diagnose")
    project.write("src/a.txt", "a" * 99)
    assert project.ok("run", "--json").json["playbook"] is None


def test_the_confidence_is_told_on_the_dashboard_alone_and_in_one_shape_as_json(project: Project) -> None:
    project.init()
    refuted(project)
    project.write("src/a.txt", "")
    found = project.attempt()["confidence"]
    assert found == status(project)["confidence"]
    assert (type(found["mad_multiple"]), found["label"], found["means"]) == (float, "marginal", "the session's spread; it decides nothing")
    project.write("src/b.txt", "longer than it was, by far\n")
    told = [project.ok("try", "-d", "x").out, *(project.ok(verb).out for verb in ("status", "explain", "brief", "dashboard"))]
    assert [" high (the session's spread" in " ".join(text.split()) for text in told] == [False, False, False, False, True]


def test_opening_says_which_mode_is_in_force_and_why(project: Project) -> None:
    assert f"decision mode: once, as configured (decision_mode); {WITHOUT_PROMISE}\n" in project.init().out


def test_who_waits_settles_what_another_branch_had_left_and_waits_for_the_playbook_that_follows(project: Project) -> None:
    gate = project.outside / "gate"
    project.write("autotune.sh", f"while test -e {gate}; do sleep 0.02; done; {BENCHMARK}")
    project.write("autotune.toml", 'busy_wait_s = 0\n[health]\nmax_no_improvement_runs = 1\n[recovery]\nplaybooks = ["rebaseline"]\n')
    project.init()
    branch = project.branch
    gate.touch()
    project.write("src/a.txt", "longer than it was, by far\n")
    project.ok("try", "--wait", "0", "-d", "longer")
    project.git("switch", "-q", "main")
    gate.unlink()
    assert f"switch {branch}" in project.refused("wait")
    project.git("switch", "-q", branch)
    found = project.ok("wait", "--json").json
    assert (found["about"]["status"], found["measuring"], found["playbook"]["name"]) == ("discard", False, "rebaseline")
