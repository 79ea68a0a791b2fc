"""What stands beside sessions: the packs of a workshop, on its page and on its screen."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest
from rich.console import Console
from tests.prompts.desk import asking, by_kindness, filled, known
from tests.records.agent import Desk
from tests.views.planted import events_of_the_demo, plant, served

from autotune.commands import app
from autotune.core.records.behaviors import Behavior
from autotune.edges.clock import now_ms
from autotune.loop.session import sessions
from autotune.prompts import evaluating
from autotune.views import live, panels


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workshop with scores of one behaviour."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    desk = filled(Desk(tmp_path / "desk"))
    evaluating.evaluate(known(desk), (Behavior.RESPONSE_QUALITY,), now_ms(), asking=asking(tmp_path, cheap=by_kindness))
    top = tmp_path / "workshop"
    top.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=top, check=True)
    (top / "prompts.toml").write_text(f'behaviors = ["response-quality"]\ndb_path = "{desk.path}"\noutput_dir = "{tmp_path}/out"\n')
    return top


def test_only_a_workshop_has_packs_beside_its_sessions(workshop: Path, tmp_path: Path) -> None:
    assert panels.gathered(tmp_path) == []
    (found,) = panels.gathered(workshop)
    assert [(card["title"], [one["value"] for one in card["intervals"]]) for card in found["cards"]] == [("response-quality", [0.625])]


def test_settings_that_are_broken_are_said_in_the_panels_place(workshop: Path) -> None:
    (workshop / "prompts.toml").write_text("behavors = 3\n")
    (found,) = panels.gathered(workshop)
    assert found["cards"] == []
    assert "behavors" in found["lines"][0][1]


def test_the_page_gets_the_panels_as_json(workshop: Path) -> None:
    with served(workshop) as here:
        (found,) = here.json("/api/panels")
        assert (found["name"], len(found["cards"])) == ("packs", 1)
        assert here.ask("/api/panels", headers={"Cookie": None})[0] == 401


def test_the_screen_has_them_with_a_session_or_without(
    workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(workshop)
    assert app.run(["dashboard"]) == 0
    assert "response-quality" in capsys.readouterr().out
    assert app.run(["dashboard", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["panels"][0]["name"] == "packs"
    other = tmp_path / "project"
    plant(other, events_of_the_demo())
    monkeypatch.chdir(other)
    assert app.run(["dashboard", "--session", "demo-1", "--json"]) == 0
    assert "panels" not in json.loads(capsys.readouterr().out)


def test_a_repository_with_skills_has_them_beside_its_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    top = tmp_path / "project"
    skill = top / ".claude" / "skills" / "deck"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: deck\ndescription: Slides.\n---\nMake slides.\n")
    (found,) = panels.gathered(top)
    assert (found["name"], [card["title"] for card in found["cards"]]) == ("skills", ["deck"])


def test_the_records_are_read_again_only_where_a_file_has_changed(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    gathered = panels.gathered

    def counted(top: Path) -> list[panels.Panel]:
        made.append(top)
        return gathered(top)

    monkeypatch.setattr(panels, "gathered", counted)
    monkeypatch.setattr(panels, "LOOK_EVERY_S", 0.0)
    beside = panels.Beside(workshop)
    assert [beside.gathered()[0]["name"] for _ in range(3)] == ["packs"] * 3
    assert len(made) == 1
    (workshop / "prompts.toml").write_text("behavors = 3\n")
    assert beside.gathered()[0]["cards"] == []
    assert len(made) == 2
    monkeypatch.setattr(panels, "LOOK_EVERY_S", 60.0)
    (workshop / "prompts.toml").unlink()
    assert beside.latest() == beside.gathered()
    assert len(made) == 2


def test_the_live_screen_has_them_in_a_line_and_at_a_key_in_full(workshop: Path) -> None:
    plant(workshop, events_of_the_demo())
    screen = live._Screen(sessions.load(sessions.repository_at(workshop), "demo-1"), panels.Beside(workshop))
    screen.beside.gathered()
    short = "Prompt packs  response-quality"
    for key, heads in (("", short), ("beside", "Prompt packs"), ("back", short)):
        console = Console(file=io.StringIO(), width=100, height=50, force_terminal=True, highlight=False)
        screen.shown = screen.shown.after(key, 8, 10)
        lines = ["".join(part.text for part in line) for line in console.render_lines(screen.drawn(console))]
        assert sum(line.startswith(heads) for line in lines) == 1
        assert (sum(line.startswith("response-quality") for line in lines) == 1) == (key == "beside")
        assert len(lines) <= 50


def test_a_workshop_of_a_skill_of_yours_has_that_skill_beside_its_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    top = tmp_path / "autotune-skills" / "deck"
    for folder in (tmp_path / ".claude/skills/deck", tmp_path / ".claude/skills/other", top / "skills/deck"):
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\nname: {folder.name}\ndescription: Slides.\n---\nMake slides.\n")
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    (found,) = panels.gathered(top)
    assert (found["name"], [card["title"] for card in found["cards"]]) == ("skills", ["deck"])
