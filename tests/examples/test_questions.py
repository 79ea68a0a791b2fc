"""The example of questions to a model, driven as its reader would: unscored cases, and a price for each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loop.project import Project

STEPS = "Answer the question about the shop's stock list. Think step by step, then say the number.\n"
ALLOWED_USD = 0.12  # less than the second comparison would take
RUN_USD = 0.01  # more than a run costs


@pytest.mark.nightly
@pytest.mark.slow
def test_a_better_prompt_is_kept_busy_models_are_no_harm_and_money_ends_the_session(example: Callable[[str], Project]) -> None:
    project = example("questions")
    project.ok("init", "--name", "x")
    project.write("prompt.txt", STEPS)
    kept = project.attempt("let it reason")
    assert kept["verdict"] == "keep"
    runs = project.events("run")
    assert any(run.get("unscored") for run in runs)
    assert {run["context"]["model"] for run in runs if run["purpose"] != "proof"} == {"scripted-1"}
    spent = project.ok("status", "--json").json["cost"]["usd"]
    costs = [value for run in runs for name, value in run["metrics"].items() if name.startswith("cost_usd")]
    assert spent == pytest.approx(sum(costs))
    project.write("autotune.toml", project.read("autotune.toml").replace("max_cost_usd = 1.0", f"max_cost_usd = {spent + RUN_USD}"))
    project.write("prompt.txt", f"{STEPS}Be brief.\n")
    project.attempt("briefer")
    assert spent + RUN_USD <= project.ok("status", "--json").json["cost"]["usd"] < spent + 2 * RUN_USD
    (finish,) = project.events("finish")
    assert finish["reason"]["figures"]["limit"] == "max_cost_usd"
    project.ok("check")
