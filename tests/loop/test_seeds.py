"""A session with seeds: both runs of a pair get the same one, and nothing else in the session gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.loop.project import Project

NOISY = """\
seed=$AUTOTUNE_SEED
test "$(cat "$AUTOTUNE_CASES")" = "$seed" && test "$AUTOTUNE_CASE" = "$seed" || exit 1
echo "METRIC size[$seed]=$(($(cat src/*.txt | wc -c) * 100 + seed * 7919 % 313))"
"""


def seeded(project: Project, *options: str) -> None:
    project.write("autotune.sh", NOISY)
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--seeds", *options)


def runs(project: Project, purpose: str) -> list[dict[str, Any]]:
    return [run for run in project.events("run") if run["purpose"] == purpose]


def test_both_runs_of_a_pair_have_one_seed_and_all_else_has_others(project: Project) -> None:
    seeded(project)
    project.write("src/a.txt", "a\n")
    assert project.attempt("smaller")["verdict"] == "keep"
    project.write("src/b.txt", "b\n")
    assert project.attempt("smaller still")["verdict"] == "keep"
    project.ok("confirm", "2")
    measured = [*runs(project, "experiment"), *runs(project, "claim")]
    pairs = [(one["seed"], other["seed"]) for one, other in zip(measured[::2], measured[1::2], strict=True)]
    assert all(one == other for one, other in pairs)
    alone = [run["seed"] for run in project.events("run") if run["purpose"] in {"baseline", "proof"}]
    seeds = [*alone, *(seed for seed, _ in pairs)]
    assert seeds == list(range(1, len(seeds) + 1))
    project.ok("check")


def test_what_is_the_same_with_every_seed_is_not_taken_for_exact(project: Project) -> None:
    project.write("autotune.sh", 'echo "METRIC size=$(($(cat src/*.txt | wc -c)))"\n')
    told = project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--seeds", "--anyway")
    assert "AUTOTUNE_SEED" in told.err
    project.write("src/a.txt", "a\n")
    assert project.attempt("smaller")["verdict"] == "keep"
    assert len(runs(project, "experiment")) > 8
    project.ok("check")


def test_a_calibration_is_made_of_pairs_and_is_checked(project: Project) -> None:
    seeded(project)
    found = project.ok("calibrate", "--pairs", "6", "--json").json
    assert (found["by_pair"]["pairs"], found["by_pair"]["cases"]) == (6, 0)
    assert 0 == found["by_pair"]["noise"] < found["noise"]  # the seed alone makes runs differ
    pairs = [run["seed"] for run in runs(project, "calibration")]
    assert pairs[::2] == pairs[1::2]
    project.ok("check")


def test_a_new_segment_goes_on_with_fresh_seeds(project: Project) -> None:
    seeded(project)
    before = max(run["seed"] for run in project.events("run"))
    project.write("autotune.sh", f"{NOISY}# as before\n")
    project.ok("rebaseline", "--accept")
    later = [run["seed"] for run in runs(project, "baseline")]
    assert later[-1] > before
    assert len(set(later)) == len(later)
    project.ok("check")
