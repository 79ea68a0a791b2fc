"""`autotune prompts deploy`, `watch`, `approve`, `promote` and `rollback` as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.commands.test_seen import Home
from tests.prompts.town import BEHAVIOR, Town

WORKSHOP = "town/workshop"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_pack_is_deployed_watched_promoted_and_rolled_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home.path / ".local" / "share"))
    town = Town(home.path / "town")
    town.now_ms = 1_700_000_000_000
    variables = town.variables
    commit = town.commit("Be brief.")
    at = ("--at", str(town.top / "workshop"))

    def say(*words: str, code: int = 0) -> str:
        return home.run("prompts", *words, *at, code=code, variables=variables)

    assert home.answer("prompts", "deploy", *at, variables=variables)["behaviors"] == [
        {"behavior": BEHAVIOR, "dry_run": False, "first": False, "action": "nothing"}
    ]
    assert "would be a canary" in say("deploy", "--commit", commit, "--dry-run")
    assert not town.file(f"{BEHAVIOR}.json").exists()
    assert "+Be brief." in say("deploy", "--commit", commit)
    (town.top / "traces" / "log.jsonl").write_text(
        json.dumps({"id": "t1", "input": "How?", "prompt_pack_versions": {BEHAVIOR: town.version()}}) + "\n"
    )
    home.run("prompts", "ingest", *at, variables=variables)
    say("watch")
    canary = town.version(f"{BEHAVIOR}.canary.json")
    assert "units" in say("watch", "--dry-run")
    assert "promoted by you" in say("promote", canary)
    assert town.version() == canary
    assert "active again" in say("rollback")
    assert town.version() != canary
    listed = [line.split() for line in say("rollback", "--list").splitlines()]
    assert [[line[0], line[1], line[-1]] for line in listed] == [
        ["#4", f"{town.version()}:", "now"],
        ["#3", f"{canary}:", listed[1][-1]],
        ["#1", f"{town.version()}:", listed[2][-1]],
    ]
    assert "waits" in say("approve", code=1)


def test_where_one_behaviour_is_refused_the_others_go_on_and_the_exit_code_says_it(home: Home) -> None:
    town = Town(home.path / "town", AUTOTUNE_BEHAVIORS=f"{BEHAVIOR},tool-calling")
    town.file(f"{BEHAVIOR}.canary.json").write_text("{}")
    at = ("--at", str(town.top / "workshop"))
    said = home.run("prompts", "deploy", *at, "--behavior", BEHAVIOR, code=1, variables=town.variables)
    assert "did not put it there" in said
    assert home.run("prompts", "deploy", *at, code=1, variables=town.variables) == ""
    assert "--behavior" in home.run("prompts", "rollback", *at, code=1, variables=town.variables)
