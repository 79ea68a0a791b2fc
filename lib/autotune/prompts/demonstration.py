"""The life of two packs in a small shop of its own: `autotune prompts demo`. No model and no key; the days pass on a clock of its own.

The shop's agent, its judge and its proposer are functions of `demo/prompts/shop.py`, whose truth is known. All else is the real thing:
the same passes, sessions, canaries and records that `once` makes.
"""

from __future__ import annotations

import json
import os
import runpy
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from autotune.core.asking.request import Message, Request, Role
from autotune.core.records.behaviors import Behavior
from autotune.core.rollout.look import Verdict
from autotune.core.scheduling.passing import Step
from autotune.edges import git
from autotune.edges.clock import now_ms
from autotune.edges.folders import SETTING as WORKTREES
from autotune.errors import AutotuneError
from autotune.loop.session.session import Say
from autotune.models.asking import FORBIDDING
from autotune.prompts import passing, pipeline, settings, workshop
from autotune.prompts.passing import Did
from autotune.prompts.settings import Settings
from autotune.version import PACKAGE

BEHAVIOR = Behavior.RESPONSE_QUALITY
SHIPPED = PACKAGE / "demo" / "prompts"
READER = PACKAGE / "rollout" / "readers" / "autotune_packs.py"
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
DAYS = 21  # how long ago it begins; it ends before today
CUSTOMERS = 120  # that write on each day
TOOL_FAILS = 0.5  # of the lookups in the order system, which is what no answer shows beforehand
PROMOTED, ROLLED_BACK = str(Verdict.PROMOTE), str(Verdict.ROLL_BACK)
_PROPOSER = "AUTOTUNE_CANDIDATE_MODEL"


@dataclass(slots=True)
class Shop:
    """The shop: its folder, its clock, and the functions that stand for its models."""

    folder: Path
    now_ms: int
    world: Mapping[str, Any]
    packs: Any
    chance: Random = field(default_factory=lambda: Random(16))
    day: int = 0
    ends: dict[str, str] = field(default_factory=dict)
    takes_over: bool = False

    @property
    def is_over(self) -> bool:
        """Whether one pack is promoted and another one rolled back."""
        return len(self.ends) == len((PROMOTED, ROLLED_BACK))

    @property
    def settings(self) -> Settings:
        """The workshop's settings."""
        return settings.read(self.folder / "workshop" / settings.FILE, os.environ)

    def customers(self) -> None:
        """Let a day pass: customers write, the agent answers with the packs that it reads, and writes its traces."""
        start = self.now_ms - self.now_ms % DAY_MS
        self.day += 1
        lines = [self._answered(start + 8 * HOUR_MS + self.chance.randrange(12 * HOUR_MS), number) for number in range(CUSTOMERS)]
        path = self.folder / "agent" / "traces" / f"day-{self.day:02}.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in sorted(lines, key=lambda one: str(one["created_at"]))), "utf-8")
        self.now_ms = start + DAY_MS + HOUR_MS

    def make_pass(self, say: Say = lambda _: None) -> list[Did]:
        """Make a pass, as `once` does."""
        desk = pipeline.Desk(self.settings, lambda: self.now_ms, say)
        return passing.once(desk.settings, list(pipeline.parts(desk, (BEHAVIOR,))), stopped=lambda: False, said=lambda _: None)

    def _answered(self, at_ms: int, number: int) -> dict[str, Any]:
        user = f"customer-{number:03}"
        shown = self.packs.choose(str(BEHAVIOR), user=user, now=datetime.fromtimestamp(at_ms / 1000, UTC))
        asked = self.chance.choice(self.world["REQUESTS"])
        told = "" if shown is None else shown.instructions
        answer = self.world["agent"](Request("", (Message(Role.SYSTEM, told), Message(Role.USER, asked))), self.chance)
        said = {
            "trace_id": f"day-{self.day}-{number}",
            "created_at": at_ms,
            "user_id": user,
            "chat_id": f"{user}-{self.day}",
            "input_text": asked,
            "output_text": answer,
            "model_id": "shop-agent",
            "latency_ms": self.chance.randrange(600, 1800),
            "prompt_pack_versions": {} if shown is None else {str(BEHAVIOR): shown.version},
        }
        if self.world["LOOKED"].strip() in answer:
            said["tool_calls"] = [{"name": "order_system", "ok": self.chance.random() >= TOOL_FAILS}]
        return said


def opened(folder: Path | None) -> Shop:
    """Make the shop in a new folder, with everything of it inside; this process works in there from now on."""
    place = Path(tempfile.mkdtemp(prefix="autotune-prompts-demo-")) if folder is None else folder.absolute()
    if place.exists() and any(place.iterdir()):
        raise AutotuneError(f"{place} is not empty.", "name a folder that is new or empty")
    for name in ("home", "agent/traces", "agent/prompts"):
        (place / name).mkdir(parents=True, exist_ok=True)
    os.environ.update(_surroundings(place))
    for name in [name for name in os.environ if name.startswith("AUTOTUNE_") and name not in _surroundings(place)]:
        del os.environ[name]
    _write_entrance(place)
    own = git.OWN_IDENTITY
    identity = f"[user]\n    name = {own['GIT_AUTHOR_NAME']}\n    email = {own['GIT_AUTHOR_EMAIL']}\n"
    (place / "home" / ".gitconfig").write_text(identity, "utf-8")
    shutil.copy(SHIPPED / "shop.py", place / "shop.py")
    start = now_ms() - now_ms() % DAY_MS - DAYS * DAY_MS
    rows = [json.loads(line) for line in (SHIPPED / "traces.jsonl").read_text("utf-8").splitlines()]
    lines = [{**row, "created_at": start + row["minutes"] * 60_000} for row in rows]
    (place / "agent" / "traces" / "before.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    usual = settings.read(None, {})
    written = _written(place)
    workshop.make(workshop.planned(place / "workshop", Settings({**usual.values, **written}, usual.origins, None), written))
    world = runpy.run_path(str(place / "shop.py"))
    world["REQUESTS"] = sorted({row["input_text"] for row in rows})
    return Shop(place, start + HOUR_MS, world, runpy.run_path(str(READER))["Packs"](place / "agent" / "prompts"))


def _surroundings(place: Path) -> dict[str, str]:
    """Variables by which all that is written stays in the folder, and no request leaves the machine."""
    home = place / "home"
    folders = {"HOME": home, "XDG_DATA_HOME": home / "data", "XDG_CACHE_HOME": home / "cache", "XDG_CONFIG_HOME": home / "config"}
    named = {**folders, "AUTOTUNE_HOME": place / "agent", WORKTREES: place / "worktrees"}
    return {**{name: str(value) for name, value in named.items()}, FORBIDDING: "1"}


def _write_entrance(place: Path) -> None:
    """Write the file that puts a shell into the shop, where the Python environment of this process serves too: no other is set up."""
    environments = place / "home" / "cache" / "autotune"
    environments.mkdir(parents=True)
    (environments / Path(sys.prefix).name).symlink_to(sys.prefix)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in _surroundings(place).items()]
    (place / "enter.sh").write_text("\n".join([*lines, f"cd {shlex.quote(str(place / 'workshop'))}", ""]), "utf-8")


def _written(place: Path) -> dict[str, object]:
    """What the shop's prompts.toml says."""
    world = f"script:{place / 'shop.py'}"
    return {
        "behaviors": (str(BEHAVIOR),),
        "trace_dir": str(place / "agent" / "traces"),
        "output_dir": str(place / "agent" / "prompts"),
        "eval_max_traces": 500,
        "judge.stage1_model": f"{world}:judge",
        "judge.stage2_model": f"{world}:judge",
        "judge.min_agreement": 0.0,
        "optimize.candidate_model": f"{world}:careful",
        "optimize.predictor_model": f"{world}:agent",
        "canary.fraction": 0.5,
        "optimize.new_cases": 5000,
    }


def lived(shop: Shop, say: Say) -> Iterator[tuple[int, list[Did]]]:
    """Days and the pass of each, until one pack is promoted and another one is rolled back, or the days are over.

    After the promotion another proposer takes over, which promises more than it keeps.
    """
    yield shop.day, shop.make_pass(say)
    while shop.day < DAYS - 1 and not shop.is_over:
        shop.customers()
        done = shop.make_pass(say)
        shop.ends |= (ended := _ends(done))
        shop.takes_over = PROMOTED in ended
        yield shop.day, done
        if shop.takes_over:
            os.environ[_PROPOSER] = f"script:{shop.folder / 'shop.py'}:eager"


def _ends(done: list[Did]) -> dict[str, str]:
    """How canaries ended in a pass: the version by what became of it."""
    found = [one.found for one in done if one.part.step is Step.WATCH and one.found is not None]
    return {one["action"]: one["version"] for one in found if one["state"] == "canary" and one["action"] in (PROMOTED, ROLLED_BACK)}
