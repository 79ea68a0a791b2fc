"""What a skill's texts were tried in vain: remembered, never proposed and never begun from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.skills.test_deploying import deploy, version, write

from autotune.core.search import search as steps
from autotune.core.search.model import Plan, Reflect
from autotune.core.skills.package import SKILL
from autotune.core.skills.suite import By, RoutingCase, Source, Suite, Type
from autotune.core.skills.surfaces import Scope
from autotune.edges import run_folders
from autotune.errors import AutotuneError
from autotune.skills import deploying, improve_runs, installed, preparing, refusals, suites
from autotune.skills.improve_runs import Run
from autotune.skills.installed import Skill
from autotune.skills.preparing import Wish

WISH = Wish(Scope.DESCRIPTION, model="anthropic:claude-haiku-4-5")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def skill(home: Path) -> Skill:
    write(home / ".claude/skills/a", "one")
    return installed.named("a", home, home)


def descriptions(skill: Skill) -> list[str]:
    found = refusals.refused(skill, improve_runs.home_of(skill.folder), Scope.DESCRIPTION)
    return [one["description"] for one in found]


def ran(skill: Skill, state: str, text: str) -> Path:
    """A run that has ended."""
    folder = run_folders.next_folder(improve_runs.home_of(skill.folder))
    base = folder / improve_runs.BASE / "a"
    base.mkdir(parents=True)
    (base / SKILL).write_bytes((skill.folder / SKILL).read_bytes())
    run = Run("r", "a", "/", "skills/a", "0", Scope.DESCRIPTION, "routing", 0, "m", 1, (), (), (), 0, decides=True, max_usd=1.0)
    run_folders.write(folder, run_folders.RUN, run)
    run_folders.write(folder, run_folders.RESULT, {"state": state, "texts": {"description": text}})
    return folder


def test_what_a_session_did_not_keep_is_remembered(skill: Skill) -> None:
    ran(skill, "not confirmed", "two")
    ran(skill, "kept", "three")
    ran(skill, "not confirmed", "one")  # what it began from
    assert descriptions(skill) == ["two"]
    assert refusals.refused(skill, improve_runs.home_of(skill.folder), Scope.BODY) == ()


def test_what_was_taken_back_is_remembered_until_you_deploy_it_again(skill: Skill, home: Path) -> None:
    deploy(skill, version(home, "two"))
    deploy(skill, version(home, "three"))
    assert descriptions(skill) == []
    deploying.roll_back(skill, None, 1)
    assert descriptions(skill) == ["three"]
    deploying.roll_back(skill, "1", 2)
    assert sorted(descriptions(skill)) == ["three", "two"]
    deploy(skill, version(home, "three"))
    assert descriptions(skill) == ["two"]


def test_it_is_never_proposed_whatever_its_blanks(skill: Skill) -> None:
    ran(skill, "not confirmed", "two words")
    search = steps.begun(
        Plan(0, ("r",), ("s",)), {"description": "one"}, refusals.refused(skill, improve_runs.home_of(skill.folder), Scope.DESCRIPTION)
    )
    search = steps.scored(steps.scored(search, 0, {"s": 0.0}), 0, {"r": 0.0})
    assert isinstance(steps.due(search), Reflect)
    assert len(steps.proposed(search, "two\n  words ").candidates) == 1
    assert len(steps.proposed(search, "other words").candidates) == 2


def test_it_is_never_begun_from_unless_you_deployed_it(skill: Skill, home: Path) -> None:
    place = suites.place_of(skill, home)
    source = Source(By.PERSON, "written", "2026-11-30")
    suite = Suite("a", (RoutingCase("r", Type.IMPLICIT, "asked", source),))
    assert preparing.scope_of(place, suite, WISH) is Scope.DESCRIPTION
    ran(skill, "not confirmed", "two")
    path = skill.folder / SKILL
    before = path.read_text()
    path.write_text(before.replace("one", "two"))
    with pytest.raises(AutotuneError, match="tried before"):
        preparing.scope_of(place, suite, WISH)
    path.write_text(before)
    deploy(skill, version(home, "two"))
    assert preparing.scope_of(place, suite, WISH) is Scope.DESCRIPTION
