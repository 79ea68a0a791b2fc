"""The reader libraries: alone in an agent, they show the same packs to the same users, and as the core says."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.prompts.town import READERS, reader

from autotune.core.rollout.assigning import Subject, UnitKind, coin, gets_canary

NODE = shutil.which("node")
BEHAVIOR = "response-quality"
START = datetime(2026, 1, 30, 23, 0, tzinfo=UTC)
PROGRAM = """
import { readFileSync } from "node:fs";
import { Packs, coin, versions } from "%s";
const packs = new Packs(process.argv[2]);
for (const line of readFileSync(0, "utf8").split("\\n").filter(Boolean)) {
  const { now, ...who } = JSON.parse(line);
  const shown = packs.choose("response-quality", { ...who, now: new Date(now) });
  console.log(JSON.stringify([shown?.version ?? null, shown?.canary ?? null, versions(shown), coin("s", "d", "user", who.user ?? "")]));
}
"""


def written(folder: Path, unit: str = "auto", percent: float = 30.0, **more: Any) -> Any:  # noqa: ANN401
    """A folder with both packs, and the Python reader of it."""
    pack = {"name": BEHAVIOR, "behavior": BEHAVIOR, "version": "old", "instructions": "Old.", "demos": [{"input": "a", "output": "b"}]}
    metadata = {"canaryPercent": percent, "salt": "s4lt", "unit": unit, "expires": "2026-03-01T00:00:00Z", **more}
    (folder / f"{BEHAVIOR}.json").write_text(json.dumps(pack))
    (folder / f"{BEHAVIOR}.canary.json").write_text(json.dumps({**pack, "version": "new", "instructions": "New.", "metadata": metadata}))
    return reader().Packs(folder)


def requests(count: int) -> list[dict[str, Any]]:
    chance, found = random.Random(3), []
    for number in range(count):
        who: dict[str, Any] = {"request": f"r{number}", "now": (START + timedelta(minutes=7 * number)).isoformat()}
        who |= {"user": chance.choice(["ada", "J\u00fcrgen \U0001f600", "\u79d8\u5bc6", f"u{number}", ""])} if chance.random() < 0.7 else {}
        who |= {"conversation": f"c{number % 50}"} if chance.random() < 0.7 else {}
        found.append(who)
    return found


@pytest.mark.skipif(NODE is None, reason="there is no Node here")
@pytest.mark.parametrize("unit", ["auto", "conversation"])
def test_both_show_the_same_pack_in_a_thousand_requests(tmp_path: Path, unit: str) -> None:
    packs, module, asked = written(tmp_path, unit), reader(), requests(1000)
    if unit == "conversation":
        asked = [{**who, "conversation": who.get("conversation", "c")} for who in asked]
    program = tmp_path / "agent.mjs"
    program.write_text(PROGRAM % (READERS / "autotune_packs.mjs"))
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    done = subprocess.run([str(NODE), str(program), str(tmp_path)], input=lines, capture_output=True, text=True, check=True)
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    ours = []
    for one in asked:
        shown = packs.choose(BEHAVIOR, **{**one, "now": datetime.fromisoformat(one["now"])})
        ours.append([shown.version, shown.canary, dict(module.versions(shown)), module.coin("s", "d", "user", one.get("user") or "")])
    assert ours == theirs
    assert 200 < sum(one[1] for one in ours) < 400


def test_the_python_reader_throws_the_coins_of_the_core(tmp_path: Path) -> None:
    packs, module = written(tmp_path), reader()
    assert module.coin("s4lt", "2026-01-31", "user", "ada") == coin("s4lt", Subject(UnitKind.USER_DAY, "ada", "2026-01-31"))
    for who in requests(200):
        now = datetime.fromisoformat(who["now"])
        user, conversation = who.get("user"), who.get("conversation")
        if user is not None:
            subject = Subject(UnitKind.USER_DAY, user, now.date().isoformat())
        elif conversation is not None:
            subject = Subject(UnitKind.CONVERSATION, conversation)
        else:
            subject = Subject(UnitKind.REQUEST, who["request"])
        assert packs.choose(BEHAVIOR, **{**who, "now": now}).canary is gets_canary("s4lt", subject, 0.3)


def test_a_canary_is_shown_neither_alone_nor_after_its_end_nor_broken(tmp_path: Path) -> None:
    packs = written(tmp_path, percent=100)
    assert packs.choose(BEHAVIOR, user="ada", now=START).version == "new"
    assert packs.choose(BEHAVIOR, user="ada", now=START + timedelta(days=60)).version == "old"
    (tmp_path / f"{BEHAVIOR}.canary.json").write_text("{")
    assert packs.choose(BEHAVIOR, user="ada", now=START).version == "old"
    written(tmp_path, percent=100)
    (tmp_path / f"{BEHAVIOR}.json").unlink()
    assert packs.choose(BEHAVIOR, user="ada", now=START) is None
    assert packs.choose("tool-calling", user="ada") is None


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    packs = written(tmp_path, percent=0)
    assert packs.choose(BEHAVIOR).instructions == "Old."
    assert packs.choose(BEHAVIOR).demos == (("a", "b"),)
    path = tmp_path / f"{BEHAVIOR}.json"
    path.write_text(path.read_text().replace("Old.", "Now."))
    os.utime(path, ns=(1, 1))
    assert packs.choose(BEHAVIOR).instructions == "Now."


def test_without_anybody_each_request_is_drawn(tmp_path: Path) -> None:
    packs = written(tmp_path, percent=50)
    assert 60 < sum(packs.choose(BEHAVIOR, now=START).canary for _ in range(200)) < 140


def test_the_python_reader_needs_the_standard_library_alone() -> None:
    done = subprocess.run([sys.executable, "-I", "-S", str(READERS / "autotune_packs.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
