"""What runs and proposers say that they cost: added up, and never passed by more than one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.loop.project import Project

DEAR = 'echo "METRIC cost_usd=0.25"\necho "METRIC size=$(($(cat src/*.txt | wc -c)))"\n'
PROPOSER = "cat >/dev/null; printf '%s' \"$(head -c -1 src/a.txt)\" > src/a.txt; echo 'one byte less'; echo 'METRIC cost_usd=0.125'"


def opened(project: Project, allowed: float) -> None:
    project.write("autotune.sh", DEAR)
    settings = project.read("autotune.toml")
    project.write("autotune.toml", f'cost_metric = "cost_usd"\nmax_cost_usd = {allowed}\n{settings}')
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")


def spent(project: Project) -> float:
    runs = sum(run["metrics"].get("cost_usd", 0.0) for run in project.events("run"))
    return float(runs + sum(one["cost_usd"] for one in project.events("charge")))


@pytest.mark.parametrize("allowed", [1.3, 3.0])
def test_a_session_ends_at_its_cost_and_passes_it_by_less_than_a_run(project: Project, allowed: float) -> None:
    opened(project, allowed)
    project.ok("start", "--proposer", PROPOSER)
    told = project.ok("status", "--json").json
    assert told["cost"]["usd"] == pytest.approx(spent(project))
    assert allowed <= spent(project) < allowed + 0.25
    (finish,) = project.events("finish")
    assert finish["reason"]["figures"]["limit"] == "max_cost_usd"
    assert {one["description"] for one in project.results() if one["status"] == "keep"} <= {"one byte less"}
    project.ok("check")
    project.agree()


def test_a_baseline_that_costs_too_much_opens_nothing(project: Project) -> None:
    project.write("autotune.sh", DEAR)
    project.write("autotune.toml", 'cost_metric = "cost_usd"\nmax_cost_usd = 0.5\n')
    assert "max_cost_usd" in project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    assert project.git("branch", "--list", "autotune/*") == ""
