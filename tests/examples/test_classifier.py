"""The classifier example, driven as its reader would: 200 cases in groups, each with a score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.examples.conftest import edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loop.project import Project


@pytest.mark.nightly
@pytest.mark.slow
def test_a_gain_on_cases_is_kept_and_what_gains_on_few_is_not(example: Callable[[str], Project]) -> None:
    project = example("classifier")
    project.ok("init", "--name", "x")
    edited(project, "model.py", ("keepdims=True)) / 2)", "keepdims=True)) / 2000)"))
    assert project.attempt("distances count less")["verdict"] == "discard"
    assert {run["part"] for run in project.events("run") if run["experiment"] == 1} == {"search"}
    scaled = ("    middles = ", "    spread = seen.std(axis=0)\n    seen, asked = seen / spread, asked / spread\n    middles = ")
    edited(project, "model.py", scaled)
    kept = project.attempt("measures in units of their spread")
    assert kept["verdict"] == "keep"
    assert kept["effect"][0] > 0.2
    told = project.ok("explain", "2", "--json").json
    (first, *_) = told["case_output"]
    assert " it is " in Path(first["folder"], first["files"][0]).read_text()
    (listed,) = project.events("cases")
    groups = {line.partition("\t")[0]: line.partition("\t")[2] for line in listed["cases"]}
    assert (len(groups), len(set(groups.values()))) == (200, 100)
    names = [*groups]
    for run in project.events("run"):  # cases of one person are run together
        together = [groups[names[place]] for place in run.get("cases", ())]
        assert all(together.count(one) == 2 for one in together)
    project.ok("check")
    project.agree()
