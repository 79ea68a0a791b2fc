"""A pass as it is made of its parts, in the shop of the demo: what is skipped and why, and what a kill at any effect leaves."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from autotune.core.judging import packs
from autotune.core.judging.packs import Pack
from autotune.core.scheduling.passing import Skip, Step, money
from autotune.core.tuning.numbers import Style
from autotune.edges import atomic
from autotune.prompts import canaries, demonstration, ingesting, phrasing, pipeline, remembering, reverting
from autotune.prompts.demonstration import BEHAVIOR, Shop
from autotune.prompts.passing import Did, once
from autotune.records.store import opened
from autotune.rollout.deploying import read

WORDS = "Answer in at most three sentences: no greeting, no thanks. End with the next step that the user can take."


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop whose canaries are drawn alike each time: by others one in some hundreds shows too little in a day to be promoted."""
    chance = Random(1)
    monkeypatch.setattr(secrets, "choice", chance.choice)
    before = dict(os.environ)
    yield demonstration.opened(tmp_path / "shop")
    os.environ.clear()
    os.environ.update(before)


def by_step(done: list[Did]) -> dict[str, dict[str, Any]]:
    return {one["step"]: one for one in (each.values() for each in done)}


def tuned_already(shop: Shop) -> None:
    """Note that the pack was tuned on what there is, so that a pass opens no session."""
    with opened(ingesting.database(shop.settings), write=True) as store:
        remembering.remember(store, BEHAVIOR, pipeline._evidence(shop.settings, store, BEHAVIOR))


def keep_better(shop: Shop) -> str:
    """A better pack at a commit beside main; gives the commit."""
    top = shop.folder / "workshop"

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=top, check=True, capture_output=True, text=True).stdout.strip()

    git("switch", "-qc", "better")
    (top / "packs" / f"{BEHAVIOR}.json").write_text(packs.rendered(Pack(BEHAVIOR, WORDS)))
    git("commit", "-qam", "better")
    git("switch", "-q", "main")
    return git("rev-parse", "better")


def begun(shop: Shop) -> str:
    """A canary that has begun, and a day of traces since; gives its version."""
    from autotune.prompts import deploying

    tuned_already(shop)
    shop.make_pass()
    commit = keep_better(shop)
    with opened(ingesting.database(shop.settings)) as store:
        deploying.deploy(shop.settings, store, BEHAVIOR, shop.now_ms, commit=commit)
    shop.customers()
    shop.make_pass()
    running = canaries.standing_of(shop.settings, BEHAVIOR).running
    assert running is not None
    shop.customers()
    return running.version


def test_who_enters_the_shop_finds_its_python_environment(shop: Shop) -> None:
    found = shop.folder / "home" / "cache" / "autotune" / Path(sys.prefix).name
    assert found.samefile(sys.prefix)


def test_a_pack_is_tuned_again_only_on_new_evidence(shop: Shop) -> None:
    tuned_already(shop)
    first = by_step(shop.make_pass())
    assert first["optimize"]["skipped"] == {"why": Skip.NOTHING_NEW, "new": 400, "fewest": 5000}
    assert first["deploy"]["skipped"] == {"why": Skip.NOTHING_KEPT}
    os.environ["AUTOTUNE_OPTIMIZE_NEW_CASES"] = "400"
    desk = pipeline.Desk(shop.settings, lambda: shop.now_ms)
    (part,) = [one for one in pipeline.parts(desk, (BEHAVIOR,)) if one.step is Step.OPTIMIZE]
    planned = part.plan()
    assert isinstance(planned, dict)
    assert planned["state"] == "planned"
    assert planned["calls"] > 0


def test_while_a_canary_runs_nothing_is_tuned_or_deployed(shop: Shop) -> None:
    version = begun(shop)
    os.environ["AUTOTUNE_OPTIMIZE_NEW_CASES"] = "1"
    done = by_step(shop.make_pass())
    assert done["optimize"]["found"]["state"] == "canary"
    assert money([done["optimize"]["found"]]) == (0, 0.0)
    assert [name for name, one in done.items() if not one["ok"]] == []
    assert done["deploy"]["skipped"] == {"why": Skip.CANARY}
    assert (done["watch"]["found"]["version"], done["watch"]["found"]["action"]) == (version, "promote")


def test_packs_say_what_the_numbers_say_and_are_canaries_as_every_other(shop: Shop) -> None:
    tuned_already(shop)
    shop.make_pass()
    on = {"AUTOTUNE_BEHAVIOR_ENABLED": "1", "AUTOTUNE_BEHAVIOR_PROMPT_PACKS": "1", "AUTOTUNE_BEHAVIOR_CANARY_PERCENT": "30"}
    os.environ.update(on)
    shop.customers()
    (pack,) = by_step(shop.make_pass())["behavior"]["found"]["packs"]
    assert (pack["behavior"], pack["action"], pack["share"], pack["proven"]) == (BEHAVIOR, "waits for records", 0.3, False)
    assert any(line.endswith(phrasing.STYLES[Style.DETAILED]) for line in pack["diff"])
    shop.customers()
    assert by_step(shop.make_pass())["behavior"]["found"]["packs"] == []
    running = canaries.standing_of(shop.settings, BEHAVIOR).running
    assert running is not None
    assert running.version == pack["version"]
    reverting.rollback(shop.settings, BEHAVIOR, shop.now_ms)
    assert by_step(shop.make_pass())["behavior"]["found"]["packs"] == []


def test_without_a_workshop_there_is_nothing_to_tune(shop: Shop) -> None:
    shutil.rmtree(shop.folder / "workshop")
    from autotune.prompts import settings

    desk = pipeline.Desk(
        settings.read(None, os.environ | {"AUTOTUNE_TRACE_DIR": str(shop.folder / "agent" / "traces")}), lambda: shop.now_ms
    )
    done = once(desk.settings, list(pipeline.parts(desk, (BEHAVIOR,))), stopped=lambda: False, said=lambda _: None)
    assert [one.skipped.why for one in done if one.skipped is not None] == [Skip.OFF, Skip.NO_KEY, *[Skip.NO_WORKSHOP] * 3]


def test_after_a_signal_no_further_step_begins(shop: Shop) -> None:
    asked = list[bool]()
    desk = pipeline.Desk(shop.settings, lambda: shop.now_ms)
    parts = list(pipeline.parts(desk, (BEHAVIOR,)))
    done = once(desk.settings, parts, stopped=lambda: len(asked) > 0, said=lambda _: asked.append(True))
    assert [one.found is not None for one in done] == [True, *[False] * 5]
    assert {one.skipped.why for one in done[1:] if one.skipped is not None} == {Skip.STOPPED}


class Killer:
    """Kills this process at an effect of a number: a file put in place, a transaction kept, a program begun."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0
        self._patch(os, "replace")
        self._patch(os, "rename")
        self._patch(os, "write")
        self._patch(subprocess.Popen, "__init__")
        self._patch(atomic, "replace_file")
        connect = sqlite3.connect

        class Connection(sqlite3.Connection):
            def execute(inner, sql: str, *values: Any) -> Any:  # noqa: N805, ANN401
                if sql.startswith(("COMMIT", "INSERT OR REPLACE INTO note")):
                    self.effect()
                return super().execute(sql, *values)

        sqlite3.connect = lambda *given, **named: connect(*given, **{"factory": Connection, **named})

    def _patch(self, place: Any, name: str) -> None:  # noqa: ANN401
        work = getattr(place, name)

        def counted(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            self.effect()
            return work(*given, **named)

        setattr(place, name, counted)

    def effect(self) -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def killed_at(shop: Shop, number: int) -> int:
    """A pass in a process that is killed at this effect; gives how many there were, where it lived."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            killer = Killer(number)
            shop.make_pass()
            at = killer.count
            killer.at = -1
            os.write(writing, json.dumps(at).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return int(pipe.read() or 0)


def end_state(shop: Shop) -> dict[str, Any]:
    """All that a pass leaves, but what it is called by chance or says of the time."""
    with opened(ingesting.database(shop.settings)) as store:
        rows = store.rows("SELECT record.id, part, score, unscored FROM record LEFT JOIN score USING (record_id) ORDER BY record.id")
        notes = store.rows("SELECT name, value FROM note WHERE name LIKE 'tuned%'")
    state = read(canaries.target_of(shop.settings, BEHAVIOR))
    folder = shop.folder / "agent" / "prompts"
    shown = {path.name: json.loads(path.read_text())["instructions"] for path in folder.glob("*.json")}
    done = subprocess.run(["git", "ls-tree", "-r", "main"], cwd=shop.folder / "workshop", check=True, capture_output=True, text=True)
    why = [one.why for one in state.deployments]
    left = [path.name for path in folder.iterdir() if path.suffix != ".json"]
    return {"rows": rows, "notes": notes, "shown": shown, "main": done.stdout, "why": why, "left": left}


@pytest.mark.nightly
def test_killed_anywhere_and_run_again_it_comes_to_the_same_end(shop: Shop, tmp_path: Path) -> None:
    begun(shop)
    pristine = tmp_path / "pristine"
    shutil.copytree(shop.folder, pristine, symlinks=True)
    effects = killed_at(shop, -1)
    wanted = end_state(shop)
    assert wanted["why"][-1] == "promoted"
    assert effects > 20
    for number in (1, *(round(effects * share) for share in (0.5, 0.9)), effects):
        shutil.rmtree(shop.folder)
        shutil.copytree(pristine, shop.folder, symlinks=True)
        assert killed_at(shop, number) == 0
        shop.make_pass()
        assert end_state(shop) == wanted, number
