"""`skills probe` in a world whose truth is known, with a client that is a program of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.commands.test_demo import UNCOUNTED
from tests.skills import world

from autotune.commands import app
from autotune.core.skills.probing import Client, Probing
from autotune.errors import AutotuneError
from autotune.models.asking import FORBIDDING
from autotune.models.spending import Spending
from autotune.skills import staging

SOURCE = {"by": "person", "why": "typed", "at": "2026-11-30"}
NOTES = "Write release notes and the changelog of a version."
CHARTS = "Draw charts, plots and diagrams of numbers."
QUERIES = {
    "wanted": ("implicit", "write the release notes"),
    "other": ("negative", "draw charts of numbers"),
    "far": ("negative", "fly me"),
}


class Place:
    """A project with two skills, on a machine with the client of the world."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.project, self.programs = folder / "home", folder / "project", folder / "programs"
        self.skills = self.project / ".claude" / "skills"
        world.skill(self.skills, "notes", NOTES)
        world.skill(self.skills, "charts", CHARTS)
        self.home.mkdir()
        for name in ("CLAUDE_CONFIG_DIR", "AUTOTUNE_CASES", "AUTOTUNE_CASE", FORBIDDING):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(self.home))
        monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/local/bin:/usr/bin:/bin")
        monkeypatch.chdir(self.project)
        self.suite(QUERIES)
        self.world()

    def world(self, **settings: float | None) -> None:
        world.installed(self.programs, **{"steady": 1, **settings})  # by chance, 1 in 70 answers would be another

    def suite(self, queries: Mapping[str, tuple[str, str]]) -> None:
        lines: list[dict[str, object]] = [{"suite": 1, "skill": "notes"}]
        lines += [
            {"id": name, "kind": "routing", "type": kind, "query": query, "source": SOURCE} for name, (kind, query) in queries.items()
        ]
        (self.project / "suite.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")

    def settings(self, more: str = "") -> None:
        (self.project / "probe.toml").write_text(f'skill = ".claude/skills/notes"\nsuite = "suite.jsonl"\nsamples = 2\n{more}\n')


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def probe(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = app.run(["skills", "probe", *words])
    out, err = capsys.readouterr()
    return code, out + err


def lines(out: str, word: str) -> dict[str, str]:
    return dict(re.findall(rf"^{word} ([^\s=]+)[= ](.*)$", out, re.MULTILINE))


def test_each_case_gets_its_share_of_right_answers(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.settings()
    code, out = probe(capsys)
    assert code == 0
    assert lines(out, "METRIC") == {"routing[wanted]": "1", "routing[other]": "1", "routing[far]": "1", "cost_usd": "0.0075"}
    said = lines(out, "CONTEXT")
    assert said["host"] == "claude-code 9.9.9"
    assert said["instrument"] == "routing-host 1"
    assert said["siblings"].endswith("(1)")


def test_a_worse_description_is_seen(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.skills / "notes" / "SKILL.md").write_text("---\nname: notes\ndescription: Draw charts of numbers.\n---\n")
    place.suite({"wanted": ("implicit", "write the release notes"), "far": ("negative", "fly me")})
    place.settings()
    assert lines(probe(capsys)[1], "METRIC")["routing[wanted]"] == "0"


def test_the_cases_of_a_run_are_those_that_it_names(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.project / "ids").write_text("other\tgroup\tnegative\n")
    monkeypatch.setenv("AUTOTUNE_CASES", "ids")
    kept = place.project / "kept"
    kept.mkdir()
    monkeypatch.setenv("AUTOTUNE_CASE_OUTPUT", str(kept))
    place.settings()
    assert set(lines(probe(capsys)[1], "METRIC")) == {"routing[other]", "cost_usd"}
    assert json.loads((kept / "other.json").read_text())["fired"] == [["charts"], ["charts"]]


def test_a_run_with_too_many_failures_says_nothing_of_any_case(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.world(failing=1.0)
    place.settings("tries = 1")
    code, out = probe(capsys)
    assert code == 0
    assert not [name for name in lines(out, "METRIC") if name.startswith("routing")]
    unscored = lines(out, "UNSCORED")
    assert set(unscored) == {"routing[wanted]", "routing[other]", "routing[far]"}
    assert "the world ends here" in unscored["routing[far]"]


def test_a_probe_that_is_too_slow_is_an_error_and_no_miss(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.world(slow_s=30.0)
    place.settings("tries = 1\ntimeout_s = 1\nmost_failed = 1.0")
    out = probe(capsys)[1]
    assert set(lines(out, "UNSCORED")) == {"routing[wanted]", "routing[other]", "routing[far]"}


def test_a_failed_probe_is_made_again(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.world(failing=0.3, steady=None)
    place.settings("tries = 30")
    assert len(lines(probe(capsys)[1], "METRIC")) == 4


def test_what_probes_cost_is_written_down_and_capped(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.settings("max_calls_per_day = 4\nmost_failed = 1.0\ntogether = 1")
    out = probe(capsys)[1]
    assert len(lines(out, "UNSCORED")) == 1
    spending = Spending()
    assert spending.spent("run probe routing-host notes").calls == 4
    assert spending.spent("run probe routing-host notes").usd == pytest.approx(0.005)
    spending.close()


def test_a_dry_run_starts_no_client(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.settings()
    (place.programs / "claude").unlink()
    code, out = probe(capsys, "--dry-run", "--json")
    assert (code, json.loads(out)) == (0, {"cases": 3, "probes": 6, "minutes": 1, "usd": None, "max_usd_per_day": None})


def test_without_the_client_it_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.settings()
    (place.programs / "claude").unlink()
    assert probe(capsys)[0] == 1


def test_no_client_is_started_where_requests_are_forbidden(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.settings()
    monkeypatch.setenv(FORBIDDING, "1")
    assert probe(capsys)[0] == 1


def test_a_users_own_skill_that_hides_the_projects_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    world.skill(place.home / ".claude" / "skills", "notes", "Mine.")
    place.settings()
    code, out = probe(capsys)
    assert code == 1
    assert str(place.home / ".claude" / "skills" / "notes") in out


def around(place: Place, folder: Path, host: Client = Client.CLAUDE_CODE, **more: object) -> staging.Neighbourhood:
    return staging.neighbourhood(Probing(str(folder), "suite.jsonl", host=host, **more), place.project, place.home)  # type: ignore[arg-type]


def test_a_workshop_copy_takes_the_place_of_the_users_own(place: Place) -> None:
    own = place.home / ".claude" / "skills"
    world.skill(own, "notes", "Mine.")
    world.skill(own, "mail", "Mine too.")
    copy = world.skill(place.project / "workshop", "notes", NOTES)
    found = around(place, copy)
    assert (found.name, set(found.siblings)) == ("notes", {"mail"})


def test_the_users_own_of_a_name_comes_before_the_projects(place: Place) -> None:
    own = world.skill(place.home / ".claude" / "skills", "charts", "Mine.")
    assert around(place, place.skills / "notes").siblings == {"charts": own}


def test_a_plugins_skill_is_probed_under_the_plugins_name(place: Place) -> None:
    plugin = place.project / "plugin"
    folder = world.skill(plugin / "skills", "notes", NOTES)
    (plugin / ".claude-plugin").mkdir()
    (plugin / ".claude-plugin" / "plugin.json").write_text('{"name": "desk"}')
    world.skill(plugin / "skills", "ink", "It writes.")
    world.skill(place.home / ".claude" / "skills", "mail", "Mine.")
    found = around(place, folder)
    assert (found.name, found.names) == ("desk:notes", frozenset({"desk:notes", "desk:ink", "mail"}))
    with staging.staged(found, Probing(str(folder), ""), place.project) as stage:
        assert stage.plugin is not None
        assert sorted(path.name for path in (stage.plugin / "skills").iterdir()) == ["ink", "notes"]
        assert [path.name for path in (stage.project / ".claude" / "skills").iterdir()] == ["mail"]


@pytest.mark.parametrize("host", [Client.CODEX, Client.OPENCODE])
def test_other_hosts_find_all_skills_in_one_folder(place: Place, host: Client) -> None:
    world.skill(place.home / ".agents" / "skills", "mail", "Mine.")
    found = around(place, place.skills / "notes", host)
    assert set(found.siblings) == {"charts", "mail"}
    (place.project / "AGENTS.md").write_text("Be kind.\n")
    with staging.staged(found, Probing("", "", host=host, sees=("AGENTS.md",)), place.project) as stage:
        assert sorted(path.parent.name for path in stage.project.glob(".agents/skills/*/SKILL.md")) == ["charts", "mail", "notes"]
        assert (stage.project / "AGENTS.md").read_text() == "Be kind.\n"
    assert not stage.project.exists()


def test_named_folders_of_siblings_are_the_only_ones(place: Place) -> None:
    world.skill(place.project / "frozen", "mail", "Set down.")
    found = around(place, place.skills / "notes", siblings=("frozen",))
    assert set(found.siblings) == {"mail"}


def test_another_description_of_a_sibling_makes_another_neighbourhood(place: Place) -> None:
    before = around(place, place.skills / "notes").hash
    (place.skills / "charts" / "SKILL.md").write_text("---\nname: charts\ndescription: Other.\n---\n")
    assert around(place, place.skills / "notes").hash != before


@pytest.mark.parametrize(
    "change", [lambda skill: skill.unlink(), lambda skill: skill.write_text("---\ndisable-model-invocation: true\n---\n")]
)
def test_what_the_model_can_never_call_is_refused(place: Place, change: Callable[[Path], object]) -> None:
    change(place.skills / "notes" / "SKILL.md")
    with pytest.raises(AutotuneError):
        around(place, place.skills / "notes")


def test_what_the_user_has_set_of_plugins_and_skills_holds_for_probes(place: Place) -> None:
    settings = place.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"skillOverrides": {"charts": "off"}, "enabledPlugins": {"a@b": true}, "model": "opus"}')
    found = staging.users_settings(Probing("", ""), place.home)
    assert found == {"skillOverrides": {"charts": "off"}, "enabledPlugins": {"a@b": True}}


def task(place: Place, monkeypatch: pytest.MonkeyPatch, more: str = "", **case: Any) -> None:  # noqa: ANN401 - JSON
    """A suite with one task, which is done well where the skill fires."""
    check = {"kind": "contains", "text": "good", "path": "out.txt"}
    said = {"id": "work", "kind": "task", "prompt": "write the release notes", "checks": [check], "source": SOURCE, **case}
    (place.project / "suite.jsonl").write_text(json.dumps({"suite": 1, "skill": "notes"}) + "\n" + json.dumps(said) + "\n")
    place.settings(f'instrument = "task"\n{more}')
    monkeypatch.setenv("AUTOTUNE_CASE_OUTPUT", str(place.project))


def said_of_the_task(place: Place) -> dict[str, list[object]]:
    found: dict[str, list[object]] = json.loads((place.project / "work.json").read_text())
    return found


def test_a_task_is_done_in_a_project_of_its_own_and_checked(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.project / "tasks" / "work").mkdir(parents=True)
    (place.project / "tasks" / "work" / "given.txt").write_text("given\n")
    (place.project / "tasks" / "work.tests").mkdir()
    (place.project / "tasks" / "work.tests" / "test.sh").write_text("grep -q given given.txt && grep -q good out.txt\n")
    checks = [
        {"kind": "command", "command": "sh tests/test.sh", "path": "tasks/work.tests"},
        {"kind": "tool_used", "tool": "Write"},
        {"kind": "contains", "text": "never there", "weight": 0},
    ]
    task(place, monkeypatch, workspace="tasks/work", checks=checks)
    code, out = probe(capsys)
    assert code == 0, out
    assert lines(out, "METRIC") == {"task[work]": "1", "cost_usd": "0.02"}
    assert said_of_the_task(place)["fired"] == [["notes"], ["notes"]]
    assert not (place.project / "out.txt").exists()
    assert "workspaces" in lines(out, "CONTEXT")


def test_work_that_fails_a_check_says_which(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    task(place, monkeypatch, prompt="fly me")
    assert lines(probe(capsys)[1], "METRIC")["task[work]"] == "0"
    assert said_of_the_task(place)["remarks"] == ["contains: good"] * 2


def test_work_is_kept_within_walls(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    outside = place.project / "outside.txt"
    task(place, monkeypatch, prompt=f"write the release notes outside {outside}", checks=[{"kind": "contains", "text": "The walls hold."}])
    assert lines(probe(capsys)[1], "METRIC")["task[work]"] == "1"
    assert not outside.exists()


def judge(folder: Path, name: str, body: str) -> str:
    """A judge that is a function in a file."""
    (folder / "judge.py").write_text(f"import json\n\ndef {name}(request, chance):\n    asked = request.messages[-1].text\n    {body}\n")
    return f'judge = "script:{folder}/judge.py:{name}"'


def test_what_passes_its_checks_is_judged(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    body = "return json.dumps({'reason': 'so', 'passes': 'good' in asked and 'kind' in request.messages[0].text, 'remark': ''})"
    task(place, monkeypatch, judge(place.project, "strict", body), judge=[{"criteria": "It is kind."}, {"criteria": "It is short."}])
    assert lines(probe(capsys)[1], "METRIC")["task[work]"] == "0"
    assert said_of_the_task(place)["remarks"] == ["It is short.: so"] * 2


def test_a_judge_that_obeys_the_work_gives_no_score(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "import re; return json.dumps({'reason': '', 'passes': True, 'remark': re.findall(r'write (\\w+) in the remark', asked)[0]})"
    task(place, monkeypatch, judge(place.project, "obedient", body) + "\nmost_failed = 1.0", judge=[{"criteria": "It is kind."}])
    assert set(lines(probe(capsys)[1], "UNSCORED")) == {"task[work]"}


@pytest.mark.parametrize(
    "case",
    [
        {"judge": [{"criteria": "It is kind."}]},
        {"checks": [{"kind": "regex", "pattern": "("}]},
        {"workspace": "tasks/gone"},
        {"checks": [{"kind": "command", "command": "true", "path": "tasks/gone"}]},
    ],
)
def test_a_task_that_cannot_be_done_as_it_is_written_is_refused(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, case: dict[str, Any]
) -> None:
    task(place, monkeypatch, **case)
    assert probe(capsys)[0] == 1


def test_an_interrupt_ends_the_clients_too(place: Place) -> None:
    place.world(slow_s=60.0)
    place.settings()
    command = [sys.executable, "-I", str(Path(__file__).parents[2] / "lib" / "autotune" / "__main__.py"), "skills", "probe"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "WORLD": str(place.project), **UNCOUNTED}
    ) as process:
        while not clients_of(place):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert not clients_of(place)


def clients_of(place: Place) -> list[str]:
    """The clients that run for a place, by their environment."""
    found = list[str]()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            mine = f"WORLD={place.project}".encode() in (folder / "environ").read_bytes()
            found += [folder.name] if mine and b"--output-format" in (folder / "cmdline").read_bytes() else []
    return found


def test_a_judge_of_routing_sees_the_listing_and_has_a_metric_of_its_own(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    body = "return json.dumps({'skill': 'notes' if 'release' in asked else '(none)'}) if 'Draw charts' in request.messages[0].text else 1"
    place.settings('instrument = "routing-judge"\n' + judge(place.project, "router", body))
    (place.programs / "claude").unlink()
    code, out = probe(capsys)
    assert code == 0, out
    found = lines(out, "METRIC")
    assert {name: value for name, value in found.items() if name != "cost_usd"} == {
        "routing_judge[wanted]": "1",
        "routing_judge[other]": "1",
        "routing_judge[far]": "1",
    }
    assert lines(out, "CONTEXT")["host"] == "none"


def test_a_judge_of_routing_that_answers_nothing_makes_the_run_void(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.settings('tries = 1\ninstrument = "routing-judge"\n' + judge(place.project, "mute", "return 'no idea'"))
    assert len(lines(probe(capsys)[1], "UNSCORED")) == 3
