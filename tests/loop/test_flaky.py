"""What fails once is run again, and blames nobody; what fails twice, while the unchanged code does not, is the candidate's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.loop.project import Driver, Project

# The n-th run (or check) of an arm fails where the file for it says so. The arms are told apart by the size of the files.
FAILS = """\
size=$(cat src/*.txt | wc -c)
arm=incumbent; test "$size" = 29 && arm=candidate
echo run >> "$LOG/{name}-$arm"
for n in $(cat "$LOG/fails-{name}-$arm" 2>/dev/null); do
  if test "$n" = "$(wc -l < "$LOG/{name}-$arm" | tr -d ' ')"; then echo "FAILED tests/test_a.py::test_b - AssertionError"; exit 1; fi
done
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where runs are counted, and where it is said which of them fail."""
    made = tmp_path / "log"
    made.mkdir()
    return made


@pytest.fixture
def project(tmp_path: Path, driver: Driver, log: Path) -> Project:
    """A project whose benchmark is noisy, and whose runs and checks fail as they are told to."""
    made = Project.make(tmp_path, driver)
    made.write("autotune.sh", FAILS.format(name="run") + 'echo "METRIC size=$size.$(date +%N)"\n')
    made.write("autotune.checks.sh", FAILS.format(name="check"))
    made.write("autotune.toml", f'busy_wait_s = 0\n[env]\nLOG = "{log}"\n')
    return made


def fails(log: Path, **which: str) -> None:
    """Begin to count anew, and have runs fail: `run_candidate="1 2"`."""
    for path in log.iterdir():
        path.unlink()
    for name, numbers in which.items():
        (log / f"fails-{name.replace('_', '-')}").write_text(numbers)


def init(project: Project) -> str:
    return project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**").all


def attempt(project: Project) -> dict[str, Any]:
    project.write("src/b.txt", "bbbb bbbb bbb\n")
    return project.attempt("one less")


def ran(project: Project) -> list[tuple[str, str, str]]:
    """The runs of the experiment on the ledger that failed, and those that are no ordinary runs."""
    made = [(run["purpose"], run["arm"], run["outcome"]) for run in project.events("run") if run["experiment"] == 1]
    return [one for one in made if one[2] != "ok" or one[0] != "experiment"]


CHECK = ("checks", "candidate", "ok")


@pytest.mark.parametrize(
    ("which", "failed"),
    [
        ({"run_candidate": "1"}, ("experiment", "candidate", "crashed")),
        ({"run_candidate": "3"}, ("experiment", "candidate", "crashed")),
        ({"run_incumbent": "2"}, ("experiment", "incumbent", "crashed")),
        ({"check_candidate": "1"}, ("checks", "candidate", "crashed")),
    ],
)
def test_what_fails_once_is_run_again_and_a_keep_names_it(
    which: dict[str, str], failed: tuple[str, str, str], project: Project, log: Path
) -> None:
    init(project)
    fails(log, **which)
    found = attempt(project)
    assert found["status"] == "keep"
    assert [one for one in ran(project) if one != CHECK] == [failed]
    assert "failed in 1 of" in found["reason"]
    assert "tests/test_a.py::test_b" in found["reason"]
    assert project.ok("check").code == 0


@pytest.mark.parametrize("second", [2, 4])
def test_a_second_failure_is_the_candidates_while_the_incumbent_has_none(second: int, project: Project, log: Path) -> None:
    init(project)
    fails(log, run_candidate=f"1 {second}")
    found = attempt(project)
    assert (found["status"], found["outcome"]) == ("crash", "crashed")
    assert f"failed in 2 of {second} runs" in found["reason"]
    assert "tests/test_a.py::test_b" in found["reason"]
    assert "tests/test_a.py::test_b" in project.ok("brief").out
    assert project.ok("check").code == 0


def test_checks_that_fail_twice_on_the_candidate_alone_are_its_failure(project: Project, log: Path) -> None:
    init(project)
    fails(log, check_candidate="1 2")
    found = attempt(project)
    assert (found["status"], found["verdict"]) == ("checks_failed", "discard")
    assert "failed in 2 of 2 runs" in found["reason"]
    assert ran(project) == [("checks", "candidate", "crashed")] * 2 + [("checks", "incumbent", "ok")]
    assert project.ok("check").code == 0


FLAKY = (
    {"run_candidate": "1 2", "run_incumbent": "1"},
    {"check_candidate": "1 2", "check_incumbent": "1"},
    {"run_incumbent": "1 4"},
)


@pytest.mark.nightly
@pytest.mark.parametrize("which", [*FLAKY, {"run_incumbent": "1 2"}, {"check_candidate": "1 2", "check_incumbent": "1 2"}])
def test_what_the_incumbent_fails_of_too_accuses_nobody(which: dict[str, str], project: Project, log: Path) -> None:
    init(project)
    fails(log, **which)
    found = attempt(project)
    assert (found["status"], found["verdict"]) == ("discard", "void")
    verdict = project.events("verdict")[-1]
    assert (verdict["cause"], verdict["reason"]["kind"] == "benchmark flaky") == ("benchmark", which in FLAKY)
    assert project.ok("check").code == 0


@pytest.mark.parametrize("which", [{"run_incumbent": "2"}, {"check_incumbent": "1"}])
def test_init_says_what_failed_once_and_goes_on(which: dict[str, str], project: Project, log: Path) -> None:
    fails(log, **which)
    said = init(project)
    assert "flaky" in said
    assert "failed in 1 of " in said


@pytest.mark.parametrize("second", [3, 4])
def test_init_refuses_what_fails_twice_and_says_that_it_is_flaky(second: int, project: Project, log: Path) -> None:
    fails(log, run_incumbent=f"2 {second}")
    said = project.refused("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    assert [part for part in ("tests/test_a.py::test_b", f"failed in 2 of {second} runs", "flaky") if part not in said] == []
