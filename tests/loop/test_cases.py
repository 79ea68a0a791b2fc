"""A benchmark with cases: a run gets some of them, both runs of a pair the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.loop.project import Project

pytestmark = pytest.mark.slow

BY_CASE = """\
size=$(cat src/*.txt | wc -c)
while read -r case; do echo "METRIC size[$case]=$((size * ${case#c}0))"; done < "$AUTOTUNE_CASES"
"""
COMMAND = "for one in $(seq 1 30); do printf 'c%s\\tg%s\\n' $one $((one / 2)); done"


def opened(project: Project, *options: str, benchmark: str = BY_CASE) -> None:
    project.write("autotune.sh", benchmark)
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**", *options)


def runs(project: Project, *purposes: str) -> list[dict[str, Any]]:
    return [run for run in project.events("run") if run["purpose"] in purposes]


def test_a_run_gets_a_part_of_many_cases_and_both_runs_of_a_pair_the_same(project: Project) -> None:
    opened(project, "--cases", COMMAND)
    (listed,) = project.events("cases")
    assert listed["cases"][:3] == ["c1\tg0", "c2\tg1", "c3\tg1"]
    assert len(listed["cases"]) == 30
    project.write("src/a.txt", "a\n")
    project.attempt("smaller")
    assert [one["verdict"] for one in project.events("verdict")] == ["keep"]
    measured = runs(project, "experiment")
    pairs = [(one["cases"], other["cases"]) for one, other in zip(measured[::2], measured[1::2], strict=True)]
    assert all(one == other and 6 <= len(one) <= 8 for one, other in pairs)
    assert {place for one, _ in pairs[:4] for place in one} == set(range(30))
    assert "cases" in project.ok("explain", "1").out
    project.ok("check")


def test_a_run_gets_all_of_few_cases_and_what_repeats_exactly_does(project: Project) -> None:
    opened(project, "--cases", "c1,c2")
    project.write("src/a.txt", "a\n")
    assert project.attempt("smaller")["verdict"] == "keep"
    assert len(runs(project, "experiment")) == 3
    assert {tuple(run["cases"]) for run in project.events("run")} == {(0, 1)}
    project.ok("check")


def test_a_single_case_need_not_be_named_and_a_missing_one_is_unreadable(project: Project) -> None:
    opened(project, "--cases", "c1,", benchmark='test "$AUTOTUNE_CASE" = c1 && echo "METRIC size=$(($(cat src/*.txt | wc -c)))"\n')
    assert runs(project, "baseline")[0]["metrics"]["size[c1]"] == 30
    project.write("autotune.sh", f"{BY_CASE.replace('done <', 'done | head -n 1 <')}")
    assert "size" in project.refused("rebaseline", "--accept")


@pytest.mark.parametrize(
    ("command", "part"), [("echo a b", "line 1"), ("printf 'a\\nb\\na\\n'", "line 3"), ("exit 3", "fails"), ("true", "no case")]
)
def test_what_are_no_cases_is_refused_with_the_line(project: Project, command: str, part: str) -> None:
    project.write("autotune.sh", BY_CASE)
    told = project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--cases", command)
    assert part in told


def test_cases_and_seeds_are_not_both(project: Project) -> None:
    project.write("autotune.sh", BY_CASE)
    told = project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--cases", "a,b", "--seeds")
    assert "`seeds`" in told


def test_cases_count_in_total_and_doctor_gives_some(project: Project) -> None:
    project.write("autotune.toml", f'cases_count = "total"\nguardrails = ["half <= 1.02x"]\n{project.read("autotune.toml")}')
    opened(project, "--cases", "printf 'c1\\nc2\\n'", benchmark=BY_CASE.replace('))"', '))"; echo "METRIC half[$case]=2"'))
    (first, *_) = runs(project, "baseline")
    assert (first["metrics"]["size"], first["metrics"]["half"]) == (30 * 10 + 30 * 20, 2)
    checks = {one["name"]: one for one in project.run("doctor", "--json").json["checks"]}
    assert checks["benchmark"]["finding"] == "ok"
