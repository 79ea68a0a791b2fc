"""The training example, driven as its reader would: real runs, each pair with a seed of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.examples.conftest import edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loop.project import Project

LUCKY = 95  # of the first hundred seeds, the best: 41 % better than the middle one


@pytest.mark.nightly
@pytest.mark.slow
def test_a_lucky_seed_is_not_kept_nor_what_diverges_and_a_gain_is(example: Callable[[str], Project]) -> None:
    project = example("training")
    project.write("autotune.toml", f"max_pairs = 12\nmax_iterations = 3\n{project.read('autotune.toml')}")
    project.ok("init", "--name", "x")
    edited(project, "train.py", ("default_rng(parser.parse_args().seed)", f"default_rng({LUCKY})"))
    lucky = project.attempt("a seed that works well")
    assert lucky["verdict"] == "void"
    assert project.events("verdict")[-1]["reason"]["kind"] == "seed fixed"
    edited(project, "train.py", ("LEARNING_RATE = 0.03", "LEARNING_RATE = 0.42"), ("STEPS = 60", "STEPS = 200"))
    assert project.attempt("learn much faster, for longer")["verdict"] in {"discard", "inconclusive"}
    diverged = [run["metrics"]["diverged"] for run in project.events("run") if run["experiment"] == 2 and run["arm"] == "candidate"]
    assert sum(diverged)
    edited(project, "train.py", ("LEARNING_RATE = 0.03", "LEARNING_RATE = 0.1"))
    assert project.attempt("learn faster")["verdict"] == "keep"
    project.ok("check")
    project.agree()
