"""`skills test` and `skills baseline` on a suite in a repository, in a world whose truth is known."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.skills import world

from autotune.commands import app
from autotune.core.facts import Fact, Kind
from autotune.core.skills.probing import Measures, Probing
from autotune.core.skills.readiness import Step
from autotune.core.skills.results import Result, What
from autotune.core.skills.suite import By, Check, CheckKind, RoutingCase, Source, Suite, SuiteCase, TaskCase, Type, text_of
from autotune.core.skills.surfaces import Scope
from autotune.models.asking import FORBIDDING
from autotune.records.store import opened, usual_path
from autotune.skills import installed, measuring, preparing, publishing, results, suites, testing

SOURCE = Source(By.PERSON, "typed", "2026-11-30")
FITTING = ("write the release notes", "write a changelog of the version", "release notes for version two")
OTHERS = ("draw charts of numbers", "draw plots and diagrams", "fly me to the moon")


class Place:
    """A repository with a skill and its suite."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.project, self.programs = folder / "home", folder / "project", folder / "programs"
        self.skills = self.project / ".claude" / "skills"
        world.skill(self.skills, "notes", "Write release notes and the changelog of a version.")
        world.skill(self.skills, "charts", "Draw charts, plots and diagrams of numbers.")
        self.home.mkdir()
        for name in ("CLAUDE_CONFIG_DIR", "AUTOTUNE_DB_PATH", FORBIDDING):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(self.home))
        monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/local/bin:/usr/bin:/bin")
        monkeypatch.chdir(self.project)
        world.installed(self.programs, steady=7)
        for line in ("init -q", "add .", "commit -q -m first"):
            subprocess.run(["git", *line.split()], cwd=self.project, check=True, env={**os.environ, "HOME": str(folder)})

    def suite(self, cases: Sequence[SuiteCase]) -> None:
        path = self.project / "skill-suites" / "notes" / "suite.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(Suite("notes", tuple(cases))))

    def results(self) -> tuple[Result, ...]:
        with opened(usual_path(None), write=False, what="a test") as store:
            return results.results(store, "notes")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def queries(fitting: Sequence[str] = FITTING, others: Sequence[str] = OTHERS) -> list[SuiteCase]:
    made: list[SuiteCase] = [RoutingCase(f"p{number}", Type.IMPLICIT, text, SOURCE) for number, text in enumerate(fitting)]
    return made + [RoutingCase(f"n{number}", Type.NEGATIVE, text, SOURCE) for number, text in enumerate(others)]


def tasks(count: int) -> list[SuiteCase]:
    good = Check(CheckKind.CONTAINS, text="good", path="out.txt")
    return [TaskCase(f"t{number}", f"write the release notes {number}", SOURCE, (good,)) for number in range(count)]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = app.run(["skills", *words, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out or err)


def test_a_suite_is_run_once_and_its_result_is_kept(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.suite([*queries(), *tasks(1)])
    code, said = run(capsys, "test", "notes")
    assert code == 0, said
    routing, task = said["tests"]
    assert routing["sides"] == {"positive": [3, 3], "negative": [3, 3]}
    assert (task["right"], task["of"]) == (1, 1)
    kept = place.results()
    assert [(one.what, one.instrument, one.of) for one in kept] == [(What.TEST, "routing-host", 6), (What.TEST, "task", 1)]
    assert kept[0].usd == pytest.approx(6 * 0.00125)


def test_what_is_wrong_is_shown_but_not_of_the_cases_that_decide(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.suite(queries(fitting=[f"draw charts of numbers {chr(97 + number) * 3}" for number in range(12)], others=()))
    _, said = run(capsys, "test", "notes")
    (routing,) = said["tests"]
    assert routing["right"] == 0
    assert 0 < routing["wrong_not_shown"] < 12
    assert len(routing["wrong"]) == 12 - routing["wrong_not_shown"]
    assert {tuple(names) for one in routing["wrong"] for names in one["fired"]} == {("charts",)}


def test_probes_tell_how_far_they_are(place: Place) -> None:
    place.suite(queries())
    (bench,) = testing.benches(installed.named("notes", place.home, place.project), place.home, Probing("", ""), [Measures.ROUTING_HOST])
    said = list[Fact]()
    with measuring.telling(said.append):
        testing.once(bench)
    testing.once(bench)
    assert [(one.kind, one.figures["done"], one.figures["cases"]) for one in said] == [(Kind.PROBING, done, 6) for done in range(7)]


def test_one_instrument_can_be_run_alone(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.suite([*queries(), *tasks(1)])
    assert [one["instrument"] for one in run(capsys, "test", "notes", "--instrument", "task")[1]["tests"]] == ["task"]


def test_an_instrument_that_agrees_with_itself_shows_no_difference(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.suite(queries())
    _, said = run(capsys, "test", "notes", "--twice")
    assert said["tests"][0]["difference"]["mean"] == 0
    assert (place.results()[-1].what, place.results()[-1].passed) == (What.SAME, True)


def test_a_baseline_is_what_the_skill_changes(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.suite(tasks(4))
    code, said = run(capsys, "baseline", "notes", "--samples", "2")
    assert code == 0, said
    assert said["sides"] == {"without": [0, 4], "with": [4, 4]}
    assert said["difference"]["mean"] == 1
    assert place.results()[-1].passed is True


@pytest.mark.parametrize("words", [("test", "notes"), ("test", "notes", "--twice"), ("baseline", "notes")])
def test_a_dry_run_says_what_it_takes_and_starts_nothing(place: Place, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    place.suite([*queries(), *tasks(2)])
    (place.programs / "claude").unlink()
    code, said = run(capsys, *words, "--samples", "3", "--dry-run")
    assert code == 0, said
    probes = {("test", "notes"): [18, 6], ("test", "notes", "--twice"): [36, 12], ("baseline", "notes"): [12]}
    assert [one["probes"] for one in said["tests"]] == probes[words]


def test_a_run_that_says_nothing_is_refused_with_the_reason(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    world.installed(place.programs, failing=1.0)
    place.suite(queries())
    code, said = run(capsys, "test", "notes")
    assert code == 1
    assert "the world ends here" in json.dumps(said)


@pytest.mark.parametrize("words", [("test", "notes"), ("baseline", "notes"), ("test", "nothing")])
def test_without_a_suite_or_a_skill_it_is_refused(place: Place, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert place.project.is_dir()
    assert run(capsys, *words)[0] == 1


def test_a_suite_without_tasks_has_no_baseline(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    makes_tasks = "`autotune skills eval generate notes --from model --positives 0 --negatives 0 --tasks 10`"
    assert run(capsys, "baseline", "notes")[1]["hint"] == makes_tasks
    place.suite(queries())
    code, said = run(capsys, "baseline", "notes")
    assert (code, said["hint"]) == (1, makes_tasks)
    assert run(capsys, "baseline", "charts")[1]["hint"] == makes_tasks.replace("notes", "charts")
    place.suite(tasks(1))
    assert run(capsys, "test", "notes", "--instrument", "routing-host")[1]["hint"] == "`autotune skills eval generate notes`"


def test_what_a_task_begins_with_is_part_of_the_suite(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = tasks(1)
    assert isinstance(one, TaskCase)
    hidden = Check(CheckKind.COMMAND, command="sh tests/test.sh", path="checked")
    place.suite([replace(one, workspace="given", checks=(*one.checks, hidden))])
    beside = place.project / "skill-suites" / "notes"
    for name in ("given/in.txt", "checked/test.sh"):
        (beside / name).parent.mkdir()
        (beside / name).write_text("")

    def versions() -> set[str]:
        skill = installed.named("notes", place.home, place.project)
        at = suites.place_of(skill, place.home)
        shown = run(capsys, "eval", "show", "notes")[1]["suite"]
        planned = preparing.plan(at, suites.read(at), Scope.BODY, preparing.Wish(model="script:x"))["suite"]
        with opened(usual_path(None), write=False, what="a test") as store:
            looked = publishing.look(store, skill)
        assert looked.suite is not None
        tested.append(next(step.done for step in looked.readiness.steps if step.step is Step.TESTS))
        return {shown, planned, looked.suite.hash}

    tested, seen = list[bool](), list[set[str]]()
    assert run(capsys, "test", "notes")[0] == 0
    seen.append(versions())
    for name, mode in (("given/in.txt", 0o644), ("checked/test.sh", 0o644), ("checked/test.sh", 0o755)):
        (beside / name).write_text("true\n")
        (beside / name).chmod(mode)
        seen.append(versions())
    assert [len(one) for one in seen] == [1, 1, 1, 1]
    assert len(set[str]().union(*seen)) == 4
    assert tested == [True, False, False, False]
    assert {place.results()[0].suite} == seen[0]


def test_a_suite_whose_tasks_begin_with_nothing_is_known_by_its_lines(place: Place) -> None:
    suite = Suite("notes", (*queries(), *tasks(1)))
    assert suites.version(suite, place.project) == suite.hash


def test_people_read_the_same(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.suite([*queries(fitting=[*FITTING, "draw charts"]), *tasks(1)])
    assert app.run(["skills", "test", "notes"]) == 0
    assert app.run(["skills", "test", "notes", "--twice"]) == 0
    assert app.run(["skills", "baseline", "notes"]) == 0
    assert app.run(["skills", "test", "notes", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("recall", "specificity", "pass rate", "without it", "flipped"))
