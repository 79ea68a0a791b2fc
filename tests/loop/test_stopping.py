"""A stop that lets what is under way settle first."""

from __future__ import annotations

import pytest
from tests.loop.project import Project, eventually

from autotune.commands.app import INTERRUPTED


@pytest.fixture
def open_project(project: Project) -> Project:
    hold = project.outside / "hold"
    project.write("autotune.sh", f'while [ -e {hold} ]; do sleep 0.05; done; echo "METRIC size=$(($(cat src/*.txt | wc -c)))"\n')
    project.init()
    return project


def test_a_stop_after_the_current_experiment_lets_it_be_measured_and_kept(open_project: Project) -> None:
    hold = open_project.outside / "hold"
    hold.touch()
    open_project.write("src/a.txt", "a\n")
    open_project.run("try", "-d", "shorter", "--wait", "0")
    eventually(lambda: open_project.worker() is not None)
    answer = open_project.ok("stop", "--after-current", "--reason", "home", "--json").json
    assert (answer["stops_after"], answer["ended"], answer["measuring"]) == (1, None, True)
    assert open_project.ok("stop", "--after-current", "--json").json["stops_after"] == 1
    assert len(open_project.events("stop_asked")) == 1
    hold.unlink()
    open_project.ok("wait")
    assert [one["status"] for one in open_project.results()] == ["keep"]
    said = open_project.ok("status", "--json").json
    assert (said["ended"], said["stops_after"]) == ({"how": "stopped", "reason": "home"}, None)
    open_project.agree()
    open_project.ok("check")
    assert open_project.ok("resume", "--json").json["ended"] is None


def test_edits_that_nobody_has_measured_yet_are_the_current_experiment(open_project: Project) -> None:
    open_project.write("src/a.txt", "a\n")
    assert open_project.ok("stop", "--after-current", "--json").json["stops_after"] == 1
    told = open_project.ok("brief").out
    assert "stops after experiment 1" in told
    assert "begin nothing else" in told
    assert open_project.attempt()["ended"]["how"] == "stopped"
    assert len(open_project.results()) == 1
    open_project.refused("try", "-d", "one more")


def test_it_stops_at_once_where_nothing_is_under_way(open_project: Project) -> None:
    assert open_project.ok("stop", "--after-current", "--json").json["ended"]["how"] == "stopped"
    assert open_project.ok("stop", "--after-current", "--json").json["ended"]["how"] == "stopped"
    assert open_project.events("stop_asked") == []
    assert len(open_project.events("stop")) == 1


@pytest.mark.parametrize("proposes", [True, False])
def test_a_loop_with_a_proposer_ends_once_its_proposal_is_settled_or_it_has_none(open_project: Project, *, proposes: bool) -> None:
    asked = open_project.outside / "asked"
    edit = "printf a > src/a.txt" if proposes else "true"
    begun = open_project.begin("start", "--proposer", f"touch {asked}; while [ -e {asked} ]; do sleep 0.05; done; {edit}; echo shorter")
    eventually(asked.exists)
    assert open_project.ok("stop", "--after-current", "--json").json["stops_after"] == 1
    asked.unlink()
    answer = begun.wait()
    assert answer.code not in (INTERRUPTED, 3)
    assert [one["status"] for one in open_project.results()] == ["keep"] * proposes
    assert open_project.ok("status", "--json").json["ended"]["how"] == "stopped"
    open_project.agree()
