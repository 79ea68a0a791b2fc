"""Packs deployed, watched, promoted and taken back, in a town whose agent reads its packs through the reader library."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.prompts.town import BEHAVIOR, DAY_MS, Town
from tests.rollout.killing import end_at

from autotune.core.judging import packs
from autotune.core.records.behaviors import Behavior
from autotune.errors import AutotuneError
from autotune.prompts import builtin, canaries, reverting, settings
from autotune.prompts.deploying import approve, deploy
from autotune.prompts.watching import watch
from autotune.rollout.deploying import read
from autotune.rollout.placing import ChangedError

CANARY_FILE = f"{BEHAVIOR}.canary.json"
ACTIVE_FILE = f"{BEHAVIOR}.json"


@pytest.fixture(autouse=True)
def salted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coins of every run are the same."""
    salts = (f"{letter}altsaltsaltsalt" for letter in "stuvwxyz")
    monkeypatch.setattr(canaries, "drawn_salt", lambda: next(salts))


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return Town(tmp_path / "town", AUTOTUNE_CANARY_FRACTION="0.5", AUTOTUNE_JUDGE_MIN_AGREEMENT="0")


def deployed(town: Town, **how: Any) -> dict[str, Any]:  # noqa: ANN401
    with town.store() as store:
        return deploy(town.settings, store, BEHAVIOR, town.now_ms, **how)


def looked(town: Town, *, dry: bool = False) -> dict[str, Any]:
    with town.store() as store:
        return watch(town.settings, store, BEHAVIOR, town.now_ms, dry=dry)


def whys(town: Town) -> list[str]:
    return [one.why for one in read(canaries.target_of(town.settings, BEHAVIOR)).deployments]


def begun(town: Town, instructions: str, quality: float) -> str:
    """A canary that runs, with a pack of that quality; gives its version."""
    commit = town.commit(instructions)
    deployed(town, commit=commit)
    town.live(2)
    assert looked(town)["action"] == "began"
    version = town.version(CANARY_FILE)
    town.quality[version] = quality
    return version


def until_decided(town: Town, days: int = 30) -> dict[str, Any]:
    for _ in range(days):
        town.live()
        if (found := looked(town))["action"] not in {"wait", "on"}:
            return found
    raise AssertionError("nothing was decided")


def test_the_first_deployment_makes_the_built_in_pack_active_and_the_canary_waits_for_records(town: Town) -> None:
    commit = town.commit("Be brief.")
    found = deployed(town, commit=commit)
    assert (found["action"], found["first"], found["parent"]) == ("waits for records", True, town.version())
    assert packs.read(town.file(ACTIVE_FILE).read_text(), BEHAVIOR) == builtin.pack(Behavior(BEHAVIOR))
    assert not town.file(CANARY_FILE).exists()
    assert looked(town)["action"] == "waits for records"
    town.live()
    assert looked(town)["action"] == "began"
    canary = json.loads(town.file(CANARY_FILE).read_bytes())
    assert canary["metadata"].keys() >= {"canaryPercent", "canarySince", "parent", "content", "experiment", "salt", "expires", "unit"}
    assert (canary["metadata"]["canaryPercent"], canary["metadata"]["parent"]) == (50.0, town.version())
    assert packs.read(json.dumps(canary), BEHAVIOR).instructions == "Be brief."
    assert whys(town) == ["default", "canary"]


def test_a_better_pack_is_promoted_main_goes_forward_to_it_and_its_watch_ends(town: Town) -> None:
    version = begun(town, "Be brief.", 0.85)
    found = until_decided(town)
    assert (found["verdict"], found["because"], found["unit"], found["by_format"]) == ("promote", "better", "user-day", True)
    assert town.version() == version
    assert not town.file(CANARY_FILE).exists()
    assert town.git("rev-parse", "main") == town.git("rev-parse", "idea")
    assert town.git("status", "--short") == ""
    town.live(3)
    assert looked(town)["action"] == "on"
    town.live(6)
    assert looked(town)["action"] == "over"
    assert looked(town)["state"] == "nothing"


def test_a_worse_pack_is_rolled_back_and_never_proposed_again(town: Town) -> None:
    before = town.git("rev-parse", "main")
    version = begun(town, "Be brief.", 0.35)
    found = until_decided(town)
    assert (found["verdict"], found["because"]) == ("roll back", "worse")
    assert not town.file(CANARY_FILE).exists()
    assert town.version() != version
    assert town.git("rev-parse", "main") == before
    assert looked(town)["state"] == "nothing"
    assert version in canaries.standing(read(canaries.target_of(town.settings, BEHAVIOR))).tried


def test_failures_roll_it_back_though_its_scores_are_better(town: Town) -> None:
    version = begun(town, "Be brief.", 0.7)
    town.failing[version] = 0.3
    found = until_decided(town)
    assert (found["verdict"], found["about"]) == ("roll back", "errors")


def test_after_a_promotion_a_fall_takes_it_back_byte_for_byte(town: Town) -> None:
    version = begun(town, "Be brief.", 0.85)
    before = town.file(ACTIVE_FILE).read_bytes()
    until_decided(town)
    town.quality[version] = 0.2
    found = until_decided(town)
    assert (found["state"], found["action"], found["about"]) == ("promoted", "take back", "score")
    assert town.file(ACTIVE_FILE).read_bytes() == before
    assert json.loads(town.git("show", f"main:packs/{ACTIVE_FILE}"))["version"] == json.loads(before)["version"]
    assert town.git("status", "--short") == ""


def test_a_canary_expires_to_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town", AUTOTUNE_CANARY_FRACTION="0.5", AUTOTUNE_CANARY_MAX_DAYS="3", AUTOTUNE_JUDGE_MIN_AGREEMENT="0")
    begun(town, "Be brief.", 0.6)
    found = until_decided(town)
    assert (found["verdict"], found["because"]) == ("expire", "time up")
    assert not town.file(CANARY_FILE).exists()


def test_a_canary_that_runs_is_never_overwritten(town: Town) -> None:
    version = begun(town, "Be brief.", 0.6)
    with pytest.raises(AutotuneError, match="runs already"):
        deployed(town, commit=town.commit("Be kind.", branch="other"))
    with pytest.raises(AutotuneError, match="runs already"):
        deployed(town, commit=town.commit("Be kind.", branch="other"), dry=True)
    assert deployed(town)["action"] == deployed(town, dry=True)["action"] == "runs"
    assert town.version(CANARY_FILE) == version


def test_a_canary_of_somebody_else_is_left_alone(town: Town) -> None:
    town.file(CANARY_FILE).write_text("{}")
    with pytest.raises(ChangedError, match="did not put it there"):
        deployed(town, commit=town.commit("Be brief."))
    assert town.file(CANARY_FILE).read_text() == "{}"


def test_a_rehearsal_shows_the_changes_and_the_duration_and_writes_nothing(town: Town) -> None:
    commit = town.commit("Be brief.")
    found = deployed(town, commit=commit, dry=True)
    assert (found["action"], found["first"], found["needed"] > 400) == ("would begin", True, True)
    assert "+Be brief." in found["diff"]
    assert found["units_a_day"] == 0
    assert list(town.top.glob("prompts/*")) == []
    assert not canaries.target_of(town.settings, BEHAVIOR).folder.exists()
    deployed(town, commit=commit)
    town.live(2)
    found = deployed(town, dry=True)
    assert found["units_a_day"] >= 40
    assert 0 < found["days"]["0.2"] <= (found["days"]["0.1"] or 60)


@pytest.mark.parametrize("words", ["Ask ada@example.com.", "Look at https://example.com/x.", "Use key sk-abc123def456ghi789."])
def test_what_must_not_go_out_does_not(town: Town, words: str) -> None:
    with pytest.raises(AutotuneError, match="must not go out"):
        deployed(town, commit=town.commit(f"Be brief.\n{words}"))
    assert list(town.top.glob("prompts/*")) == []


def test_a_pack_that_a_reader_would_cut_is_refused(town: Town) -> None:
    with pytest.raises(AutotuneError, match="longer than"):
        deployed(town, commit=town.commit("x" * 7000))


def test_with_approval_required_it_waits_for_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town", AUTOTUNE_APPROVAL="required")
    commit = town.commit("Be brief.")
    assert deployed(town, commit=commit)["action"] == "waits for approval"
    town.live()
    assert looked(town)["action"] == "waits for approval"
    with town.store() as store:
        assert approve(town.settings, store, BEHAVIOR, town.now_ms, dry=True)["action"] == "would be approved"
        assert not town.file(CANARY_FILE).exists()
        found = approve(town.settings, store, BEHAVIOR, town.now_ms)
    assert found["action"] == "began"
    assert "+Be brief." in found["diff"]
    assert town.file(CANARY_FILE).exists()


def test_a_proposal_that_a_person_rejects_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town", AUTOTUNE_APPROVAL="required")
    deployed(town, commit=town.commit("Be brief."))
    with town.store() as store:
        assert approve(town.settings, store, BEHAVIOR, town.now_ms, reject=True)["action"] == "dropped"
        assert approve(town.settings, store, BEHAVIOR, town.now_ms)["action"] == "nothing"
        assert approve(town.settings, store, BEHAVIOR, town.now_ms, dry=True)["action"] == "nothing"
    assert looked(town)["state"] == "nothing"


def test_a_judge_that_nobody_checked_does_not_promote_without_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town", AUTOTUNE_CANARY_FRACTION="0.5")
    version = begun(town, "Be brief.", 0.9)
    found = until_decided(town)
    assert (found["action"], found["doubt"]) == ("waits for approval", "no labels")
    assert town.version() != version
    with town.store() as store:
        assert approve(town.settings, store, BEHAVIOR, town.now_ms)["action"] == "promotion approved"
    assert looked(town)["action"] == "promote"
    assert town.version() == version


def test_promotion_is_refused_while_main_has_moved_and_nothing_is_done(town: Town) -> None:
    version = begun(town, "Be brief.", 0.9)
    town.git("merge", "-q", "--ff-only", town.commit("Be kind.", branch="other"))
    with pytest.raises(AutotuneError, match="main has moved"):
        until_decided(town)
    assert town.version() != version
    assert town.version(CANARY_FILE) == version


def test_where_other_packs_moved_on_main_gets_both(town: Town) -> None:
    version = begun(town, "Be brief.", 0.9)
    (town.top / "workshop" / "notes.md").write_text("mine")
    town.git("add", "notes.md")
    town.git("commit", "-qm", "notes")
    until_decided(town)
    assert town.version() == version
    assert json.loads(town.git("show", f"main:packs/{ACTIVE_FILE}"))["version"] == version
    assert town.git("show", "main:notes.md") == "mine"
    assert town.git("status", "--short") == ""


def test_a_person_promotes_and_rolls_back_to_any_pack(town: Town) -> None:
    first = begun(town, "Be brief.", 0.6)
    original = town.file(ACTIVE_FILE).read_bytes()
    with town.store() as store:
        assert reverting.promote(town.settings, store, BEHAVIOR, town.now_ms, version=first[:6], dry=True)["dry_run"]
        assert town.file(CANARY_FILE).exists()
        reverting.promote(town.settings, store, BEHAVIOR, town.now_ms)
        with pytest.raises(AutotuneError, match="No canary"):
            reverting.promote(town.settings, store, BEHAVIOR, town.now_ms)
    assert town.version() == first
    brief = town.file(ACTIVE_FILE).read_bytes()
    town.live()
    deployed(town, commit=town.commit("Be kind.", branch="other"))
    town.live()
    with town.store() as store:
        reverting.promote(town.settings, store, BEHAVIOR, town.now_ms)
    assert json.loads(town.file(ACTIVE_FILE).read_bytes())["instructions"] == "Be kind."
    assert reverting.rollback(town.settings, BEHAVIOR, town.now_ms, dry=True)["to"] == first
    reverting.rollback(town.settings, BEHAVIOR, town.now_ms)
    assert town.file(ACTIVE_FILE).read_bytes() == brief
    assert packs.read(town.git("show", f"main:packs/{ACTIVE_FILE}"), BEHAVIOR).instructions == "Be brief."
    reverting.rollback(town.settings, BEHAVIOR, town.now_ms)
    assert town.file(ACTIVE_FILE).read_bytes() == original
    with pytest.raises(AutotuneError, match="no earlier pack"):
        reverting.rollback(town.settings, BEHAVIOR, town.now_ms)
    reverting.rollback(town.settings, BEHAVIOR, town.now_ms, version=first)
    assert town.file(ACTIVE_FILE).read_bytes() == brief
    assert whys(town)[-3:] == ["rolled back by hand"] * 3


def test_rollback_ends_a_canary_first(town: Town) -> None:
    version = begun(town, "Be brief.", 0.6)
    active = town.file(ACTIVE_FILE).read_bytes()
    assert reverting.rollback(town.settings, BEHAVIOR, town.now_ms, dry=True)["action"] == "ended"
    assert reverting.rollback(town.settings, BEHAVIOR, town.now_ms)["from"] == version
    assert not town.file(CANARY_FILE).exists()
    assert town.file(ACTIVE_FILE).read_bytes() == active


def test_an_active_pack_that_somebody_edits_is_never_overwritten(town: Town) -> None:
    begun(town, "Be brief.", 0.6)
    town.file(ACTIVE_FILE).write_text("{}")
    with pytest.raises(ChangedError, match="was changed"):
        looked(town)
    with pytest.raises(ChangedError):
        reverting.rollback(town.settings, BEHAVIOR, town.now_ms, version="1")
    assert town.file(ACTIVE_FILE).read_text() == "{}"
    reverting.rollback(town.settings, BEHAVIOR, town.now_ms, version="1", adopt=True)
    assert packs.read(town.file(ACTIVE_FILE).read_text(), BEHAVIOR) == builtin.pack(Behavior(BEHAVIOR))


def test_a_pack_of_the_known_reader_is_the_control_by_the_version_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    theirs = {"name": BEHAVIOR, "version": "1764000000000", "behavior": BEHAVIOR, "instructions": "Be polite.", "demos": []}
    town = Town(tmp_path / "town", theirs)
    town.live()
    found = deployed(town, commit=town.commit("Be brief."))
    assert (found["action"], found["first"], found["parent"]) == ("began", False, "1764000000000")
    assert town.file(ACTIVE_FILE).read_text() == json.dumps(theirs)
    assert whys(town) == ["found", "canary"]


def test_a_reader_that_draws_for_each_request_is_decided_by_requests(town: Town) -> None:
    version = begun(town, "Be brief.", 0.9)
    parent = town.version()
    choose = town.packs.choose

    def drawn(behavior: str, **more: object) -> object:
        name = CANARY_FILE if town.file(CANARY_FILE).exists() and town.chance.random() < 0.5 else ACTIVE_FILE
        shown = choose(behavior, **more)
        return type(shown)(behavior, town.version(name), "", (), name == CANARY_FILE)

    town.packs.choose = drawn
    found = until_decided(town)
    assert (found["verdict"], found["unit"], found["by_format"], found["parent"]) == ("promote", "request", False, parent)
    assert town.version() == version


def test_a_look_that_changes_nothing_says_what_it_would_do(town: Town) -> None:
    begun(town, "Be brief.", 0.9)
    town.live(12)
    found = looked(town, dry=True)
    assert (found["verdict"], found["state"]) == ("promote", "canary")
    assert town.file(CANARY_FILE).exists()
    low, high = found["interval"]
    assert low < found["effect"] < high
    assert found["days"] * DAY_MS > 10 * DAY_MS


def test_the_times_of_canaries_are_known_and_what_runs_is_named(town: Town) -> None:
    assert canaries.periods(town.settings, BEHAVIOR, town.now_ms) == ()
    assert canaries.standing_of(town.settings, BEHAVIOR).running is None
    version = begun(town, "Be brief.", 0.6)
    began = town.now_ms
    town.live(2)
    assert canaries.periods(town.settings, BEHAVIOR, town.now_ms) == ((began, town.now_ms),)
    found = canaries.standing_of(town.settings, BEHAVIOR).running
    assert found is not None
    assert found.version == version
    reverting.rollback(town.settings, BEHAVIOR, town.now_ms)
    assert canaries.periods(town.settings, BEHAVIOR, town.now_ms + 5) == ((began, town.now_ms),)


def test_a_share_of_all_or_nothing_is_no_canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town", AUTOTUNE_CANARY_FRACTION="1")
    with pytest.raises(AutotuneError, match="needs both sides"):
        deployed(town, commit=town.commit("Be brief."))


def test_no_harm_is_for_packs_that_a_session_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town", AUTOTUNE_CANARY_MODE="no_harm")
    with pytest.raises(AutotuneError, match="no_harm"):
        deployed(town, commit=town.commit("Be brief."))


def test_while_one_waits_another_is_not_proposed_and_a_rollback_drops_it(town: Town) -> None:
    deployed(town, commit=town.commit("Be brief."))
    with pytest.raises(AutotuneError, match="waits already"):
        deployed(town, commit=town.commit("Be kind.", branch="other"))
    assert deployed(town)["action"] == "waits for records"
    assert looked(town, dry=True)["state"] == "waiting"
    assert reverting.rollback(town.settings, BEHAVIOR, town.now_ms)["action"] == "dropped"
    assert deployed(town)["action"] == "nothing"


def test_what_is_active_or_was_before_is_not_deployed_as_a_canary(town: Town) -> None:
    with pytest.raises(AutotuneError, match="on main already"):
        deployed(town, commit="main")
    begun(town, "Be brief.", 0.9)
    until_decided(town)
    with pytest.raises(AutotuneError, match="was deployed before"):
        deployed(town, commit="main~1")


def test_a_promoted_pack_is_looked_at_without_anything_done(town: Town) -> None:
    begun(town, "Be brief.", 0.9)
    until_decided(town)
    town.live()
    found = looked(town, dry=True)
    assert (found["state"], found["action"], found["about"]) == ("promoted", "on", None)
    with pytest.raises(AutotuneError, match="runs"):
        _approve_running(town)


def _approve_running(town: Town) -> None:
    deployed(town, commit=town.commit("Be kind.", branch="other"))
    with town.store() as store:
        approve(town.settings, store, BEHAVIOR, town.now_ms, reject=True)


def test_main_that_nobody_has_checked_out_moves_too(town: Town) -> None:
    version = begun(town, "Be brief.", 0.9)
    town.git("switch", "-q", "--detach")
    until_decided(town)
    assert json.loads(town.git("show", f"main:packs/{ACTIVE_FILE}"))["version"] == version


def test_without_a_workshop_there_is_nothing_to_deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town")
    with town.store() as store, pytest.raises(AutotuneError, match="no workshop"):
        deploy(settings.read(None, town.variables), store, BEHAVIOR, town.now_ms, dry=True)


@pytest.mark.parametrize("effects", [9, 17, 25])
def test_killed_while_it_promotes_the_next_look_ends_where_it_would_have(town: Town, effects: int) -> None:
    version = begun(town, "Be brief.", 0.9)
    town.live(12)
    child = os.fork()
    if child == 0:
        end_at(effects)
        looked(town)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    looked(town)
    assert town.version() == version
    assert not town.file(CANARY_FILE).exists()
    assert sorted(path.name for path in town.top.glob("prompts/*")) == [ACTIVE_FILE]
    assert whys(town) == ["default", "canary", "promoted"]
    assert town.git("rev-parse", "main") == town.git("rev-parse", "idea")
    assert town.git("status", "--short") == ""


@pytest.mark.parametrize("begins", [True, False])
def test_a_promoted_pack_is_watched_on_while_the_next_one_waits_or_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begins: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    town = Town(tmp_path / "town", AUTOTUNE_CANARY_FRACTION="0.5", AUTOTUNE_JUDGE_MIN_AGREEMENT="0")
    version = begun(town, "Be brief.", 0.9)
    before = town.file(ACTIVE_FILE).read_bytes()
    until_decided(town)
    town.live()
    town.variables["AUTOTUNE_APPROVAL"] = "auto" if begins else "required"
    found = deployed(town, commit=town.commit("Be kind.", branch="other"))
    assert found["action"] == ("began" if begins else "waits for approval")
    town.quality |= {version: 0.1, found["version"]: 0.1}
    for _ in range(6):
        town.live()
        if (found := looked(town)).get("action") == "take back":
            break
    assert found["state"] == "promoted"
    assert town.file(ACTIVE_FILE).read_bytes() == before
    assert not town.file(CANARY_FILE).exists()
    assert looked(town)["state"] == "nothing"
    assert deployed(town)["action"] == "nothing"


def test_an_active_file_without_a_version_cannot_be_held_against(town: Town) -> None:
    town.file(ACTIVE_FILE).write_text("{}")
    with pytest.raises(AutotuneError, match="names no version"):
        deployed(town, commit=town.commit("Be brief."))
