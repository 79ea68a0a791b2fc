"""`skills improve` in a world whose truth is known: a description that misses, a proposer that knows better, a session that decides."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.commands.test_eval import Here
from tests.skills import world

from autotune.core.skills.suite import By, Check, CheckKind, RoutingCase, Source, Suite, SuitePart, TaskCase, Type, part_of, text_of
from autotune.core.skills.surfaces import Scope
from autotune.edges import locks, run_folders
from autotune.loop.session.session import Say
from autotune.models.spending import Spending
from autotune.skills import improve_runs, improving, installed, preparing, settings, suites
from autotune.skills.running import Improved, Skip

MODEL = """\
import json

def better(request, chance):
    text = "Write release notes, changelog of version, what changed since the last tag."
    return json.dumps({"diagnosis": "it misses the changelog", "text": text})

def both(request, chance):
    asked = request.messages[1].text
    if "diagnosis" in request.schema["properties"]:
        return better(request, chance)
    count = int(asked.rsplit("Write ", 1)[1].split()[0])
    kind, said = ("negative", "plots") if "must NOT use" in asked else ("implicit", "changelog")
    return json.dumps({"cases": [{"query": f"{said} {chance.random()}", "type": kind} for _ in range(count)]})

def judge(request, chance):
    listed, asked = request.messages[0].text, request.messages[1].text
    names = request.schema["properties"]["skill"]["enum"]
    fits = "what changed" in listed or "Write release" in listed and "release" in asked
    return json.dumps({"skill": "notes" if fits and any(one in asked for one in ("release", "changelog", "what changed")) else names[-1]})

def careful(request, chance):
    routing = "section on routing" in request.messages[1].text
    text = "## When to use\\n\\nFor notes, twice over." if routing else "Do it. Then check it.\\n\\n<!-- routing -->"
    return json.dumps({"diagnosis": "it does not check", "text": text})

def no_better(request, chance):
    return json.dumps({"diagnosis": "so it is", "text": f"Writes the words that nobody says, number {chance.randrange(10**6)}."})
"""
SOURCE = Source(By.PERSON, "written", "2026-11-30")
OPTIONS = ("--no-invent", "--samples", "1", "--proposals", "2", "--yes")
FITS = ("release notes", "changelog version", "what changed since last tag")
OTHERS = ("draw charts numbers", "plots diagrams numbers", "fly me there")


def suite(count: int) -> Suite:
    made = []
    for kind, said in ((Type.IMPLICIT, FITS), (Type.NEGATIVE, OTHERS)):
        made += [RoutingCase(f"r-{kind[0]}{number}", kind, f"{said[number % len(said)]}", SOURCE) for number in range(count)]
    return Suite("notes", tuple(made))


def few(confirm: int, others: int) -> Suite:
    """A suite of queries of which so many of each side decide, and so many are read and selected by."""
    left = {(fits, part): confirm if part is SuitePart.CONFIRM else others for fits in (True, False) for part in SuitePart}
    kept = []
    for case in suite(200).routing:
        side = case.fits, part_of(case)
        left[side] -= 1
        kept += [case] if left[side] >= 0 else []
    return Suite("notes", tuple(kept))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AUTOTUNE_WORKTREES", str(tmp_path / "worktrees"))
    for name in ("AUTOTUNE_NO_REQUESTS", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "AUTOTUNE_DB_PATH"):
        monkeypatch.delenv(name, raising=False)
    world.installed(tmp_path / "programs", steady=7)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}:/usr/local/bin:/usr/bin:/bin")
    skills = tmp_path / ".claude/skills"
    world.skill(skills, "notes", "Write release notes.")
    world.skill(skills, "charts", "Draw charts, plots and diagrams of numbers.")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return Here(tmp_path, capsys)


def with_suite(home: Here, cases: int | Suite) -> None:
    path = home.path / "autotune-skills/notes/skill-suites/notes/suite.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(text_of(suite(cases) if isinstance(cases, int) else cases))


def improve(home: Here, function: str, *more: str) -> dict[str, Any]:
    model = f"script:{home.path}/model.py:{function}"
    return home.answer("skills", "improve", "notes", "--model", model, *OPTIONS, *more)


def test_a_better_description_is_found_decided_and_kept_on_a_branch(home: Here) -> None:
    with_suite(home, few(21, 3))
    path = home.path / ".claude/skills/notes/SKILL.md"
    path.write_text(path.read_text().replace("Write release notes.", "Put words on paper."))
    planned = improve(home, "better", "--dry-run")
    assert (planned["state"], planned["scope"], planned["decides"], planned["generate"]) == ("planned", "description", True, 0)
    found = improve(home, "better", "--proposals", "1")
    assert found["state"] == "kept", found
    top = home.path / "autotune-skills/notes"
    text = subprocess.run(
        ["git", "show", f"{found['branch']}:skills/notes/SKILL.md"], cwd=top, capture_output=True, text=True, check=True
    ).stdout
    assert "what changed since the last tag" in text
    assert "Put words on paper.\n" in path.read_text()
    assert "improve-notes" in found["session"]
    assert home.answer("skills", "deploy", "notes", "--dry-run")


def test_where_nothing_is_better_nothing_is_kept_and_the_text_is_not_tried_again(home: Here) -> None:
    with_suite(home, 12)
    found = improve(home, "no_better")
    assert (found["state"], "session" in found) == ("nothing", False)
    assert not list((home.path / "autotune-skills/notes/.git/autotune").glob("*/autotune.jsonl"))


@pytest.mark.nightly
def test_with_few_cases_it_only_proposes_and_says_how_both_do(home: Here) -> None:
    with_suite(home, few(4, 8))
    assert improve(home, "better", "--dry-run")["decides"] is False
    found = improve(home, "better")
    assert found["state"] == "proposed", found
    assert found["after"] > found["before"]
    text = Path(found["proposal"], "SKILL.md").read_text()
    assert "what changed since the last tag" in text
    assert json.loads(home.run("skills", "check", found["proposal"], "--json"))["flaws"] == []
    told = home.run("skills", "deploy", "notes", "--from", found["proposal"], "--unproven", "--dry-run")
    assert told


@pytest.mark.parametrize(("cases", "usd", "states"), [(24, 0.01, {"nothing"}), (24, 0.1, {"proposed"})])
def test_no_more_than_one_probe_passes_the_cap(home: Here, cases: int, usd: float, states: set[str]) -> None:
    with_suite(home, cases)
    found = improve(home, "better", "--max-usd", str(usd), "--proposals", "1")
    assert found["state"] in states, found
    assert found["usd"] < usd + 0.00125


def test_no_more_calls_are_made_than_a_day_may_have(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOTUNE_SKILLS_MAX_CALLS_PER_DAY", "7")
    with_suite(home, 12)
    model = f"script:{home.path}/model.py:better"
    assert "goes on where it was" in home.run("skills", "improve", "notes", "--model", model, *OPTIONS, code=1)
    with closing(Spending()) as spending:
        assert spending.spent(f"day {datetime.now(UTC).date().isoformat()}").calls == 7


@pytest.mark.nightly
def test_where_too_many_probes_fail_nothing_is_decided_and_the_text_may_be_proposed_again(
    home: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_suite(home, few(21, 3))
    path = home.path / ".claude/skills/notes/SKILL.md"
    path.write_text(path.read_text().replace("Write release notes.", "Put words on paper."))
    decided = improving._decided

    def capped(folder: Path, run: improve_runs.Run, usd: float, say: Say) -> dict[str, Any]:
        with closing(Spending()) as spending:
            most = spending.spent(f"day {datetime.now(UTC).date().isoformat()}").calls + 10
        probe = folder / improve_runs.PROBE
        probe.write_text(re.sub("max_calls_per_day = .*", f"max_calls_per_day = {most}", probe.read_text()))
        return decided(folder, run, usd, say)

    with monkeypatch.context() as patched:
        patched.setattr(improving, "_decided", capped)
        found = improve(home, "better", "--proposals", "1")
    assert (found["state"], "without a score" in found["reason"]) == ("undecided", True)
    assert improve(home, "better", "--proposals", "1")["state"] == "kept"


def test_a_run_that_was_killed_is_gone_on_with(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    with_suite(home, few(4, 8))
    real, steps = run_folders.write, []

    def dies(folder: Path, name: str, value: object) -> None:
        real(folder, name, value)
        steps.append(name)
        if steps.count(run_folders.SEARCH) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run_folders, "write", dies)
        home.run("skills", "improve", "notes", "--model", f"script:{home.path}/model.py:better", *OPTIONS, code=130)
    (folder,) = next((home.path / "data/autotune/improve").iterdir()).glob("[0-9]*")
    before = run_folders.read_search(folder)
    assert before is not None
    assert improve(home, "no_better")["state"] == "proposed"  # with the model that it began with
    after = run_folders.read_search(folder)
    assert after is not None
    assert after.candidates[0].scores.items() >= before.candidates[0].scores.items()


def test_what_cannot_be_improved_is_refused_before_anything_is_spent(home: Here) -> None:
    model = ("--model", f"script:{home.path}/model.py:better")
    assert "No model" in home.run("skills", "improve", "notes", "--yes", code=1)
    assert "no queries" in home.run("skills", "improve", "notes", *model, "--no-invent", "--yes", code=1)
    assert "no tasks" in home.run("skills", "improve", "notes", *model, "--scope", "body", "--yes", code=1)
    assert "no routing" in home.run("skills", "improve", "notes", *model, "--scope", "routing", "--yes", code=1)
    assert "--yes" in home.run("skills", "improve", "notes", *model, code=1)
    assert "invented no cases" in home.run("skills", "improve", "notes", *model, "--yes", code=1)
    (home.path / ".claude/skills/notes/SKILL.md").write_text("no head\n")
    assert "mended first" in home.run("skills", "improve", "notes", *model, "--yes", code=1)


def test_in_a_repository_a_change_that_is_not_committed_is_refused(home: Here) -> None:
    top = home.path / "project"
    folder = world.skill(top / ".claude/skills", "mine", "Write release notes.")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "one")):
        subprocess.run(["git", *words], cwd=top, check=True)
    path = top / "skill-suites/mine/suite.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(text_of(suite(24)).replace('"notes"', '"mine"'))
    (folder / "SKILL.md").write_text((folder / "SKILL.md").read_text() + "More.\n")
    model = f"script:{home.path}/model.py:better"
    assert "not committed" in home.run("skills", "improve", str(folder), "--model", model, *OPTIONS, code=1)
    uses = {f"r-{side}{number}": [5, 0] for side in "in" for number in range(60)}
    (top / ".git/autotune").mkdir()
    (top / ".git/autotune/confirmations.json").write_text(json.dumps({"": uses}))
    path.write_text(text_of(suite(60)).replace('"notes"', '"mine"'))
    planned = home.answer("skills", "improve", str(folder), "--model", model, *OPTIONS, "--dry-run")
    assert (planned["decides"], planned["confirm"]) == (False, 0)
    assert planned["spent"] > 60


@pytest.mark.nightly
def test_in_a_repository_the_suite_need_not_be_committed_and_nothing_is_paid_for_where_no_session_can_be(home: Here) -> None:
    top = home.path / "project"
    folder = world.skill(top / ".claude/skills", "mine", "Put words on paper.")
    path = top / "skill-suites/mine/suite.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"suite": 1, "skill": "mine"}\n')
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "one"), ("checkout", "-q", "--detach")):
        subprocess.run(["git", *words], cwd=top, check=True)
    path.write_text(text_of(few(21, 3)).replace('"notes"', '"mine"'))
    given = ("skills", "improve", str(folder), "--model", f"script:{home.path}/model.py:better", *OPTIONS, "--proposals", "1")
    assert "detached" in home.run(*given, code=1)
    with closing(Spending()) as spending:
        assert spending.spent(f"day {datetime.now(UTC).date().isoformat()}").calls == 0
    subprocess.run(["git", "switch", "-qc", "work"], cwd=top, check=True)
    assert home.answer(*given)["state"] == "kept"


def test_a_body_is_measured_by_tasks(home: Here) -> None:
    tasks = [
        TaskCase(f"t-{number}", f"release notes {number}", SOURCE, (Check(CheckKind.FILE_EXISTS, path="out.txt"),)) for number in range(9)
    ]
    path = home.path / "autotune-skills/notes/skill-suites/notes/suite.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(text_of(Suite("notes", tuple(tasks))))
    planned = improve(home, "no_better", "--dry-run")
    assert (planned["scope"], planned["instrument"], planned["decides"]) == ("body", "task", False)
    assert improve(home, "no_better")["state"] == "nothing"


def test_a_run_keeps_what_its_tasks_begin_with_and_so_does_the_one_after_it(home: Here) -> None:
    cases = notes_tasks(9, "check").tasks
    with_suite(home, Suite("notes", (*suite(9).cases, *(replace(one, workspace="given") for one in cases))))
    place = suites.place_of(installed.named("notes", home.path, home.path), home.path)
    given = place.suite.parent / "given" / "in.txt"
    given.parent.mkdir()
    given.write_text("before\n")
    wish, runs = preparing.Wish(model="script:x", invent=False), improve_runs.home_of(place.skill.folder)
    folder = preparing.laid_out(place, suites.read(place), Scope.DESCRIPTION, wish, runs, 1)
    given.write_text("after\n")
    after = preparing.next_one(place, folder, 0.0, 2)
    assert after is not None
    assert [(one / "given" / "in.txt").read_text() for one in (folder, after)] == ["before\n", "before\n"]


def test_where_the_description_brings_nothing_the_body_is_tried_for_the_same_money(home: Here) -> None:
    tasks = tuple(
        TaskCase(f"t-{number}", f"release notes {number}", SOURCE, (Check(CheckKind.FILE_EXISTS, path="out.txt"),)) for number in range(9)
    )
    path = home.path / "autotune-skills/notes/skill-suites/notes/suite.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(text_of(Suite("notes", (*suite(9).cases, *tasks))))
    planned = improve(home, "no_better", "--dry-run")
    assert (planned["scope"], planned["surfaces"]) == ("description", ["description", "body"])
    found = improve(home, "no_better", "--proposals", "1")
    assert [(one["scope"], one["state"]) for one in found["tried"]] == [("description", "nothing"), ("body", "nothing")]
    assert found["scope"] == "body"
    assert found["usd"] == pytest.approx(sum(one["usd"] for one in found["tried"]))


def test_a_judge_of_routing_only_proposes_however_many_cases_there_are(home: Here) -> None:
    with_suite(home, 60)
    (home.path / "programs/claude").unlink()
    judged = ("--instrument", "routing-judge", "--judge", f"script:{home.path}/model.py:judge")
    found = improve(home, "better", *judged, "--proposals", "1")
    assert (found["state"], found["after"]) == ("proposed", 1.0), found
    assert found["before"] < 0.9


def test_a_run_that_is_not_finished_can_be_given_up(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    with_suite(home, 12)
    with monkeypatch.context() as patched:
        patched.setattr("autotune.skills.searching.searched", lambda _: 1 / 0)
        home.run("skills", "improve", "notes", "--model", f"script:{home.path}/model.py:better", *OPTIONS, code=3)
    assert improve(home, "no_better", "--restart")["state"] == "nothing"
    folders = sorted(path.name for path in next((home.path / "data/autotune/improve").iterdir()).glob("[0-9]*"))
    assert folders == ["1", "2"]


def test_what_is_lacking_is_invented_and_the_answer_counts_it(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "ENOUGH", 14)
    with_suite(home, 2)
    words = ("skills", "improve", "notes", "--model", f"script:{home.path}/model.py:both", "--samples", "1", "--proposals", "1", "--yes")
    planned = home.answer(*words, "--dry-run")
    assert (planned["generate"], planned["calls"]) == (24, 3)
    found = home.answer(*words)
    assert (found["state"], found["invented"] > 0) == ("proposed", True), found
    suite = home.answer("skills", "eval", "show", "notes")
    assert sum(one["source"]["by"] == "model" for one in suite["cases"]) == 24

    # What its session would check: the text as it is, and one that repeats a user.
    top = home.path / "autotune-skills/notes"
    monkeypatch.chdir(top)
    home.run("skills", "check-text", found["folder"])
    path = top / "skills/notes/SKILL.md"
    path.write_text(path.read_text().replace("Write release notes.", "Use it to <do>."))
    assert "markup" in home.run("skills", "check-text", found["folder"], code=1)


def test_a_pass_improves_for_its_part_of_the_money(home: Here) -> None:
    with_suite(home, 12)
    skill = installed.named("notes", home.path, home.path)
    known = settings.read(None, {})
    assert improving.in_a_pass(skill, known, 0, dry=True) is Skip.NO_MODEL
    known = settings.read(None, {"AUTOTUNE_SKILLS_MODEL": f"script:{home.path}/model.py:no_better"})
    planned = improving.in_a_pass(skill, known, 0, dry=True)
    assert isinstance(planned, Improved)
    assert (planned.kept, planned.decided, planned.why) == (False, False, "planned")
    with locks.hold(improve_runs.home_of(skill.folder) / "lock", "another"):
        assert improving.in_a_pass(skill, known, 0, dry=False) is Skip.NO_WORK


def test_git_is_asked_for_your_name_before_anything_is_spent(home: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    with_suite(home, 45)
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{who}_{what}", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    model = f"script:{home.path}/model.py:better"
    assert "git" in home.run("skills", "improve", "notes", "--model", model, *OPTIONS, code=1)
    assert not list((home.path / "data/autotune/improve").glob("*/*/run.json"))


def test_what_you_changed_in_the_copy_of_a_skill_is_not_written_over(home: Here) -> None:
    with_suite(home, 20)
    assert improve(home, "no_better")["state"] == "nothing"
    copy = home.path / "autotune-skills/notes/skills/notes"
    (copy / "scripts/__pycache__").mkdir(parents=True)
    (copy / "scripts/__pycache__/x.pyc").write_bytes(b"")
    assert improve(home, "no_better")["state"] == "nothing"
    mine = copy / "ideas.md"
    mine.write_text("mine")
    model = f"script:{home.path}/model.py:no_better"
    assert "ideas.md" in home.run("skills", "improve", "notes", "--model", model, *OPTIONS, code=1)
    assert mine.read_text() == "mine"


def notes_tasks(count: int, *done: str) -> Suite:
    """Tasks of which each asks for one thing that the skill's text may say."""
    wanted = [Check(CheckKind.CONTAINS, path="out.txt", text=f"{done[number % len(done)]} done") for number in range(count)]
    return Suite("notes", tuple(TaskCase(f"t-{number}", f"release notes {number}", SOURCE, (one,)) for number, one in enumerate(wanted)))


@pytest.mark.nightly
def test_what_is_better_in_body_and_routing_is_put_together_and_kept_for_the_work_that_it_makes_better(home: Here) -> None:
    path = home.path / ".claude/skills/notes/SKILL.md"
    path.write_text(path.read_text() + "\n## When to use\n\nFor notes.\n")
    suite_path = home.path / "autotune-skills/notes/skill-suites/notes/suite.jsonl"
    suite_path.parent.mkdir(parents=True)
    suite_path.write_text(text_of(notes_tasks(60, "check", "twice")))
    found = improve(home, "careful", "--scope", "package", "--proposals", "4")
    assert found["state"] == "kept", found
    top = home.path / "autotune-skills/notes"
    told = subprocess.run(
        ["git", "show", f"{found['branch']}:skills/notes/SKILL.md"], cwd=top, capture_output=True, text=True, check=True
    ).stdout
    assert [word for word in ("check", "twice") if word in told] == ["check", "twice"]
