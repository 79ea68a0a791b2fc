"""Cases with scores: split into those to search with and those that decide, which are asked once the others look good."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from autotune.commands.terminal import AGENTS

if TYPE_CHECKING:
    from tests.loop.project import Project

CASES = "for one in $(seq 1 100); do echo c$one; done"
BENCHMARK = """\
awk -v skill="$(sed -n s/^skill.//p src/*.txt)" '
  { right = (substr($1, 2) * 37) % 100 < skill + 0; print "METRIC right[" $1 "]=" right }
' "$AUTOTUNE_CASES"
"""
OPTIONS = ("--name", "x", "--metric", "right", "--direction", "higher", "--scope", "src/**", "--score-range", "0", "1")


def opened(project: Project, *options: str, benchmark: str = BENCHMARK, cases: str = CASES, settings: str = "") -> None:
    project.write("src/skill.txt", "skill 40\n")
    project.git("add", "src")
    project.git("commit", "-qm", "skill")
    project.write("autotune.sh", benchmark)
    project.write("autotune.toml", f"{settings}\n{project.read('autotune.toml')}")
    project.ok("init", *OPTIONS, "--cases", cases, *options)


def parts_of(project: Project) -> dict[str, set[int]]:
    """The places of cases, by what these are for."""
    (listed,) = project.events("cases")
    names = {"s": "search", "c": "confirm", "h": "held out"}
    return {part: {place for place, one in enumerate(listed["parts"]) if one == letter} for letter, part in names.items()}


def ran(project: Project, **said: str) -> list[dict[str, Any]]:
    return [run for run in project.events("run") if all(run.get(name) == value for name, value in said.items())]


def test_a_gain_is_kept_by_the_cases_that_decide_and_what_is_none_never_comes_to_them(project: Project) -> None:
    opened(project)
    parts = parts_of(project)
    baseline = ran(project, purpose="baseline")
    assert {place for run in baseline for place in run["cases"]} == parts["search"]
    assert len(ran(project, purpose="proof")) == 1

    project.write("src/note.txt", "nothing\n")
    assert project.attempt("a no-op")["verdict"] == "discard"
    project.write("src/skill.txt", "skill 10\n")
    assert project.attempt("harm")["verdict"] == "discard"
    assert not ran(project, part="confirm")
    kinds = [one["reason"]["kind"] for one in project.events("verdict")]
    assert kinds == ["scores not promising", "scores not worth it"]

    project.write("src/skill.txt", "skill 95\n")
    assert project.attempt("a gain")["verdict"] == "keep"
    verdict = project.events("verdict")[-1]
    assert verdict["reason"]["kind"] == "scores better"
    assert verdict["evidence"] >= verdict["needed"] == pytest.approx(1 / (0.05 * 0.96 / 20))
    search, confirm = project.events("draw")[-2:]
    assert (search["part"], confirm["part"], confirm["number"], confirm["pool_number"]) == ("search", "confirm", 1, 1)
    decided = ran(project, part="confirm")
    assert {place for run in decided for place in run["cases"]} <= parts["confirm"]
    assert all("right[" not in name for name in project.results()[-1]["metrics"])
    project.ok("check")
    project.agree()

    project.ok("confirm", "3")
    (claim,) = project.events("claim")
    assert {place for run in ran(project, purpose="claim") for place in run["cases"]} == parts["held out"]
    assert claim["effect"]["estimate"] > 0.3
    assert claim["reason"]["besides"] == [{"kind": "on held-out cases", "figures": {"cases": len(parts["held out"])}}]
    project.ok("check")


def shown_of(project: Project, *parts: str) -> list[dict[str, Any]]:
    """The runs on some parts of the cases, as the log's copy in the working directory has them."""
    lines = map(json.loads, project.read("autotune.jsonl").splitlines())
    return [one for one in lines if one["type"] == "run" and one.get("part") in parts]


def test_the_copy_has_no_case_that_decides_before_the_session_has_finished(project: Project) -> None:
    unscored = '$1 ~ /0$/ { print "UNSCORED right[" $1 "] seen by nobody"; next }\n  { right'
    opened(project, benchmark=BENCHMARK.replace("{ right", unscored))
    project.write("src/skill.txt", "skill 95\n")
    assert project.attempt("a gain")["verdict"] == "keep"
    project.ok("confirm", "1")
    hidden = shown_of(project, "confirm", "held out")
    assert {one["part"] for one in hidden} == {"confirm", "held out"}
    assert all(one["metrics"] == {} and "unscored" not in one for one in hidden)
    assert all(one["metrics"]["right"] >= 0 for one in shown_of(project, "search"))
    for file in (".autotune.state", "autotune.md", "autotune.ideas.md"):
        assert "right[" not in project.read(file)
        assert "seen by nobody" not in project.read(file)
    assert all("unscored" not in run for run in project.run("explain", "1", "--json").json["runs"] if run["part"] == "confirm")
    copy = project.read("autotune.jsonl")
    project.ok("check")
    project.ok("status")
    assert project.read("autotune.jsonl") == copy

    project.write("autotune.jsonl", copy.replace("a gain", "a loss"))
    assert project.run("check").code != 0
    project.ok("note", "a note")
    assert project.read("autotune.jsonl").startswith(copy)
    assert [one["found"]["kind"] for one in project.events("notice")][-1] == "copy changed"

    project.ok("config", "set", "max_iterations", "1")
    project.run("try", "-d", "one more")
    assert project.events("finish")
    assert project.read("autotune.jsonl") == (project.session / "autotune.jsonl").read_text()
    project.ok("check")


def test_cases_without_a_score_are_asked_for_once_more_and_never_count_as_0(project: Project) -> None:
    benchmark = BENCHMARK.replace("{ right", '$1 ~ /0$/ { print "UNSCORED right[" $1 "] the service is busy"; next }\n  { right')
    opened(project, benchmark=benchmark)
    assert all(value > 0 for run in ran(project, purpose="baseline") for value in [run["metrics"]["right"]])
    project.write("src/skill.txt", "skill 99\n")
    assert project.attempt("a gain")["verdict"] == "keep"
    runs = ran(project, purpose="experiment", part="search", arm="candidate")
    places = [place for run in runs for place in run["cases"]]
    left = {int(place) for run in runs for place in run["unscored"]}
    assert left
    assert {places.count(place) for place in left} == {2}
    assert {reason for run in runs for reason in run["unscored"].values()} == {"the service is busy"}
    assert project.events("verdict")[-1]["reason"]["figures"]["dropped"] > 0
    project.ok("check")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--cases", "a,b,c"), "can decide nothing"),
        (("--cases", CASES, "--score-range", "1", "0"), "two numbers"),
        ((), "no `cases`"),
    ],
)
def test_what_can_decide_nothing_is_refused_before_it_costs(project: Project, options: tuple[str, ...], part: str) -> None:
    project.write("autotune.sh", 'echo x >> "$HOME/runs"\n')
    assert part in project.refused("init", *OPTIONS, *options)


def test_a_score_out_of_its_range_is_unreadable_and_named(project: Project) -> None:
    opened(project)
    project.write("autotune.sh", BENCHMARK.replace('"]=" right', '"]=" 2 * right'))
    assert "outside score_range" in project.refused("rebaseline", "--accept")


def test_a_pool_counts_through_sessions_and_is_spent_in_the_end(project: Project) -> None:
    opened(project)
    project.write("src/skill.txt", "skill 70\n")
    assert project.attempt("a gain")["verdict"] == "keep"
    project.ok("stop")
    project.git("switch", "-q", "main")
    project.ok("init", "--name", "y", *OPTIONS[2:], "--cases", CASES)
    project.write("src/skill.txt", "skill 99\n")
    project.ok("try", "-d", "a gain")
    common = project.top / ".git" / "autotune"
    (second,) = (path for path in common.glob("y-*/autotune.jsonl"))
    draws = [one for one in map(json.loads, second.read_text().splitlines()) if one["type"] == "draw" and one["part"] == "confirm"]
    assert [(one["number"], one["pool_number"], one["pool_keeps"]) for one in draws] == [(1, 2, 1)]

    held = json.loads((common / "confirmations.json").read_text())
    (common / "confirmations.json").write_text(json.dumps({"": {name: [20, 2] for name in held[""]}}))
    (project.top / "src/note.txt").write_text("x")
    project.write("src/more.txt", "nothing")
    project.ok("stop")
    project.git("stash", "-qu")
    project.git("switch", "-q", "main")
    assert "20 were planned" in project.refused("init", "--name", "z", *OPTIONS[2:], "--cases", CASES)


def test_a_pool_that_you_looked_at_decides_no_more(project: Project) -> None:
    main, side = os.openpty()
    project.environment |= dict.fromkeys(AGENTS, "")
    opened(project)
    project.write("src/skill.txt", "skill 95\n")
    assert project.attempt("a gain")["verdict"] == "keep"
    assert "Only you decide" in project.refused("explain", "1", "--cases")
    project.given = os.ttyname(side)
    project.environment["CLAUDECODE"] = "1"
    assert "Only you decide" in project.refused("explain", "1", "--cases")
    project.environment["CLAUDECODE"] = ""
    assert "about one experiment" in project.refused("explain", "--cases")
    assert "others are needed" not in project.ok("status").out
    found = json.loads(project.ok("explain", "1", "--cases", "--json").out)["decided_on"]
    assert "with the change" in project.ok("explain", "1", "--cases").out
    os.close(main)
    os.close(side)
    project.given = os.devnull
    held = json.loads((project.top / ".git/autotune/confirmations.json").read_text())[""]
    assert {name for name, (_, _, *seen) in held.items() if seen} == set(found) <= set(held)
    assert {tuple(one[:2]) for one in held.values()} == {(1, 1)}
    assert "others are needed" in project.ok("status").out
    project.write("src/skill.txt", "skill 99\n")
    project.run("try", "-d", "more")
    verdict = project.events("verdict")[-1]
    assert (verdict["verdict"], verdict["reason"]["kind"]) != ("keep", "scores better")
    assert len([one for one in project.events("draw") if one["part"] == "confirm"]) == 1
    project.ok("check")
    project.ok("stop")
    project.git("switch", "-q", "main")
    assert "decide no more" in project.refused("init", "--name", "z", *OPTIONS[2:], "--cases", CASES)


def test_a_comparison_that_was_killed_goes_on_at_its_first_unfinished_batch(project: Project) -> None:
    slow = f'[ "$(cat src/*.txt | grep -c 95)" = 0 ] || sleep 0.2\n{BENCHMARK}'
    opened(project, benchmark=slow)
    project.write("src/skill.txt", "skill 95\n")
    begun = project.begin("try", "-d", "a gain")
    while len(ran(project, purpose="experiment")) < 3 or (worker := project.worker()) is None:
        time.sleep(0.05)
    os.kill(begun.pid, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    begun.wait()
    before = ran(project, purpose="experiment")
    assert not project.events("verdict")
    project.ok("wait")
    assert [one["verdict"] for one in project.events("verdict")] == ["keep"]
    runs = ran(project, purpose="experiment")
    assert runs[: len(before)] == before
    search = [place for run in runs if run["part"] == "search" and run["arm"] == "candidate" for place in run["cases"]]
    assert len(search) == len(set(search))
    project.ok("check")
    project.agree()


def test_batches_cost_what_they_print_and_the_session_passes_its_limit_by_one_at_most(project: Project) -> None:
    opened(project, benchmark=f'echo "METRIC cost_usd=0.25"\n{BENCHMARK}', settings='cost_metric = "cost_usd"\nmax_cost_usd = 4.0')
    project.write("src/skill.txt", "skill 95\n")
    project.run("try", "-d", "a gain")
    spent = sum(run["metrics"]["cost_usd"] for run in project.events("run"))
    assert 4.0 <= spent < 4.25 + 0.01
    assert [one["verdict"] for one in project.events("verdict")] == ["void"]
    project.ok("check")


@pytest.mark.nightly
def test_doctor_shows_no_case_that_decides_and_verify_measures_those_held_out(project: Project) -> None:
    opened(project)
    parts = parts_of(project)
    checks = {one["name"]: one for one in project.run("doctor", "--json").json["checks"]}
    assert checks["benchmark"]["finding"] == "ok"
    project.write("src/skill.txt", "skill 95\n")
    assert project.attempt("a gain")["verdict"] == "keep"
    told = project.run("verify", "--json")
    assert told.code in (0, 5), told.all
    assert parts["held out"]
    assert project.ok("calibrate", "--pairs", "6", "--no-apply").out
    project.ok("report")
    project.ok("dashboard", "--full")
    project.ok("check")


def test_init_says_which_files_name_the_cases_that_decide(project: Project) -> None:
    ids = "".join(f"case{number}\n" for number in range(100))
    project.write("eval/ids.txt", ids)
    project.write("src/skill.txt", "skill 40\n")
    project.git("add", "src", "eval")
    project.git("commit", "-qm", "cases")
    project.write("autotune.sh", BENCHMARK.replace("substr($1, 2)", "substr($1, 5)"))
    told = project.ok("init", *OPTIONS, "--cases", "cat eval/ids.txt")
    assert "eval/ids.txt" in told.err
