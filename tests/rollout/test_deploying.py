"""Deployments: nothing of anybody else's is overwritten, every version can be had again, and a kill at any effect changes no end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.rollout.killing import end_at

from autotune.core.rollout.events import Intent
from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.rollout import placing
from autotune.rollout.deploying import JOURNAL, LOCK, Besides, Rollout, Target, opened, read
from autotune.rollout.placing import ChangedError
from autotune.rollout.snapshots import hash_of

pytestmark = pytest.mark.slow


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return at(tmp_path)


def at(top: Path) -> Target:
    (top / "prompts").mkdir(parents=True, exist_ok=True)
    (top / "home" / "skills").mkdir(parents=True, exist_ok=True)
    places = {
        "active": top / "prompts" / "a.json",
        "canary": top / "prompts" / "a.canary.json",
        "skill": top / "home" / "skills" / "mine",
    }
    return Target("pack", "a", places)


def skill(top: Path, words: str) -> Path:
    (top / "scripts").mkdir(parents=True, exist_ok=True)
    (top / "SKILL.md").write_text(words)
    (top / "scripts" / f"{words}.py").write_text(words)
    return top


def held(target: Target) -> dict[str, bytes]:
    """Everything below the folder that the target lies in, but the log."""
    top = target.places["active"].parents[1]
    paths = [path for path in top.rglob("*") if path.is_file() and "data" not in path.relative_to(top).parts]
    return {str(path.relative_to(top)): path.read_bytes() for path in paths}


def test_slots_get_what_is_deployed_and_the_log_says_why(target: Target) -> None:
    with opened(target, "test", 1) as rollout:
        one, two = rollout.keep(b"one"), rollout.keep(b"two")
        rollout.change({"active": one, "canary": two}, "canary", 2, {"share": 0.1})
        rollout.change({"active": two, "canary": None}, "promoted", 3)
    assert target.places["active"].read_bytes() == b"two"
    assert not target.places["canary"].exists()
    state = read(target)
    assert [(one.number, one.why, one.data) for one in state.deployments] == [(1, "canary", {"share": 0.1}), (2, "promoted", {})]
    assert state.placed == {"active": two, "canary": None}
    assert [json.loads(line)["type"] for line in (target.folder / JOURNAL).read_bytes().splitlines()] == ["intent", "done"] * 2


def test_any_earlier_version_of_a_folder_comes_back_byte_for_byte_after_two_more(target: Target, tmp_path: Path) -> None:
    place = skill(target.places["skill"], "first")
    (place / "link").symlink_to("SKILL.md")
    with opened(target, "test", 1) as rollout:
        first = rollout.adopt("skill", 1)
        for words in ("second", "third"):
            rollout.change({"skill": rollout.take(skill(tmp_path / words, words))}, "deployed", 2)
        assert sorted(path.name for path in place.rglob("*")) == ["SKILL.md", "scripts", "third.py"]
        rollout.change({"skill": first}, "rolled back", 4)
    assert hash_of(place) == first
    assert (place / "link").readlink() == Path("SKILL.md")
    assert list(place.parent.iterdir()) == [place]
    assert [one for one in place.parents[1].iterdir() if one.name.startswith(".autotune")] == []


def test_what_somebody_changed_is_never_overwritten_unless_it_is_adopted_first(target: Target) -> None:
    with opened(target, "test", 1) as rollout:
        one, two = rollout.keep(b"one"), rollout.keep(b"two")
        rollout.change({"active": one}, "deployed", 1)
    target.places["active"].write_bytes(b"mine")
    with opened(target, "test", 2) as rollout:
        assert rollout.changed() == ("active",)
        with pytest.raises(ChangedError, match="was changed"):
            rollout.change({"active": two}, "deployed", 2)
        assert target.places["active"].read_bytes() == b"mine"
        mine = rollout.adopt("active", 3)
        assert rollout.adopt("active", 3) == mine
        rollout.change({"active": two}, "deployed", 4)
        rollout.change({"active": mine}, "rolled back", 5)
    assert target.places["active"].read_bytes() == b"mine"
    assert [one.why for one in read(target).deployments] == ["deployed", "adopted", "deployed", "rolled back"]


def test_what_was_there_before_the_first_deployment_is_refused_too(target: Target) -> None:
    target.places["active"].write_bytes(b"theirs")
    with opened(target, "test", 1) as rollout, pytest.raises(ChangedError):
        rollout.change({"active": rollout.keep(b"one")}, "deployed", 1)
    with opened(target, "test", 1, adopt=True) as rollout:
        assert rollout.changed() == ()
    assert [one.why for one in read(target).deployments] == ["found"]


def test_a_version_that_is_not_kept_is_refused_before_anything_is_written(target: Target) -> None:
    with opened(target, "test", 1) as rollout, pytest.raises(AutotuneError, match="is gone"):
        rollout.change({"active": "0" * 24}, "deployed", 1)
    assert read(target).deployments == ()
    assert not (target.folder / JOURNAL).exists()


def test_a_refusal_of_what_is_done_besides_abandons_the_deployment(target: Target) -> None:
    def refuse(intent: Intent) -> None:
        raise AutotuneError(f"Main has moved under {intent.why}.", "run it again")

    with opened(target, "test", 1, refuse) as rollout, pytest.raises(AutotuneError, match="Main has moved"):
        rollout.change({"active": rollout.keep(b"one")}, "deployed", 1)
    assert not target.places["active"].exists()
    state = read(target)
    assert (state.pending, state.deployments, state.numbered) == (None, (), 1)
    with opened(target, "test", 2) as rollout:
        assert rollout.change({"active": rollout.keep(b"one")}, "deployed", 1).number == 2


def test_one_process_has_a_target_and_the_other_names_it(target: Target) -> None:
    with (
        hold(target.folder / LOCK, "autotune prompts watch"),
        pytest.raises(AutotuneError, match="autotune prompts watch"),
        opened(target, "x", 1),
    ):
        pass


def test_a_log_that_was_changed_is_not_believed(target: Target) -> None:
    with opened(target, "test", 1) as rollout:
        rollout.note("looked", 1, {"units": 3})
        rollout.note("looked", 2)
    path = target.folder / JOURNAL
    path.write_bytes(path.read_bytes().replace(b'"units":3', b'"units":4'))
    with pytest.raises(AutotuneError, match="does not follow"):
        read(target)


def test_a_line_of_a_newer_autotune_is_refused_by_its_number(target: Target) -> None:
    target.folder.mkdir(parents=True)
    (target.folder / JOURNAL).write_text('{"type":"dance","prev":"' + "0" * 64 + '"}\n')
    with pytest.raises(AutotuneError, match="Line 1 of"):
        read(target)


Scenario = Callable[[Rollout], object]


def killed_at(number: int, target: Target, scenario: Scenario, besides: Besides | None) -> bool:
    """Do it in a process that ends at its effect of this number; whether it ended there."""
    child = os.fork()
    if child == 0:
        end_at(number)
        with opened(target, "test", 5, besides) as rollout:
            scenario(rollout)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def deploy(rollout: Rollout) -> object:
    place = rollout.target.places["skill"]
    to: Mapping[str, str | None] = {
        "active": rollout.keep(b"new"),
        "canary": None,
        "skill": rollout.take(skill(place.parents[2] / "made", "new")),
    }
    is_done = [one.why for one in rollout.state.deployments[-1:]] == ["promoted"]
    return is_done or rollout.change(to, "promoted", 5)


def test_killed_at_any_effect_the_next_command_ends_where_it_would_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends, kills, number = set(), 0, 0
    while True:
        top = tmp_path / str(number)
        monkeypatch.setenv("XDG_DATA_HOME", str(top / "data"))
        target = at(top)
        skill(target.places["skill"], "old")
        with opened(target, "test", 1) as rollout:
            rollout.adopt("skill", 1)
            rollout.change({"active": rollout.keep(b"old"), "canary": rollout.keep(b"new")}, "canary", 1)
        moved = top / "moved"

        def besides(_: Intent, moved: Path = moved) -> None:
            moved.mkdir(exist_ok=True)

        killed = killed_at(number, target, deploy, besides)
        kills += killed
        with opened(target, "test", 6, besides) as rollout:
            deploy(rollout)
        ends.add(json.dumps({name: content.decode() for name, content in sorted(held(target).items())}))
        assert moved.is_dir()
        assert [one.why for one in read(target).deployments] == ["found", "canary", "promoted"]
        assert not list(target.store.glob(".unfinished*"))
        assert not list(top.glob("home/.autotune*"))
        shutil.rmtree(top)
        if not killed:
            break
        number += 2
    assert len(ends) == 1
    assert kills > 12


def test_what_somebody_changed_while_it_was_killed_is_kept_as_a_version_when_adopted(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(target, "test", 1) as rollout:
        rollout.change({"active": rollout.keep(b"old"), "canary": rollout.keep(b"new")}, "canary", 1)
    put = placing.put

    def interrupted(store: Path, snapshot: str | None, place: Path, before: str | None) -> None:
        if place == target.places["canary"]:
            raise KeyboardInterrupt
        put(store, snapshot, place, before)

    monkeypatch.setattr(placing, "put", interrupted)
    with opened(target, "test", 2) as rollout, pytest.raises(KeyboardInterrupt):
        rollout.change({"active": rollout.keep(b"new"), "canary": None}, "promoted", 2)
    monkeypatch.setattr(placing, "put", put)
    target.places["canary"].write_bytes(b"mine")
    with pytest.raises(ChangedError), opened(target, "test", 3):
        pass
    with opened(target, "test", 4, adopt=True) as rollout:
        kept = rollout.state.notes[-1].data["snapshot"]
        assert rollout.state.placed["canary"] is None
        rollout.change({"active": kept}, "rolled back", 5)
    assert target.places["active"].read_bytes() == b"mine"
