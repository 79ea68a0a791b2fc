"""`autotune prompts demo`, as a stranger runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.commands.test_seen import Home


@pytest.mark.nightly
def test_one_pack_is_promoted_and_another_one_rolled_back_with_no_key_and_nothing_outside_its_folder(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    found = home.answer("prompts", "demo", "--folder", str(tmp_path / "demo"))
    assert set(found["ends"]) == {"promote", "roll back"}
    assert found["ends"]["promote"] != found["ends"]["roll back"]
    steps = [step for day in found["days"] for step in day["steps"]]
    assert all(step["ok"] for step in steps)
    kept = [step["found"] for step in steps if step["step"] == "optimize" and (step["found"] or {}).get("state") == "kept"]
    assert [one["usd"] for one in kept] == [0, 0]
    active = json.loads((tmp_path / "demo" / "agent" / "prompts" / "response-quality.json").read_text())
    assert active["version"] == found["ends"]["promote"]
    assert not (tmp_path / "demo" / "agent" / "prompts" / "response-quality.canary.json").exists()
    assert [path.name for path in home.path.iterdir() if path.name != ".cache"] == []


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert "is not empty" in Home(tmp_path).run("prompts", "demo", "--folder", str(tmp_path), code=1)
