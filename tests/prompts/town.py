"""A workshop, an agent that reads its packs through the reader library and writes traces, and a judge that knows how good each pack is."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autotune.core.judging import packs
from autotune.core.judging.packs import Pack
from autotune.core.records.behaviors import Behavior
from autotune.prompts import ingesting, settings, workshop
from autotune.prompts.settings import Settings
from autotune.records import scoring
from autotune.records.store import Store, opened

DAY_MS = 86_400_000
NOON = 1_764_504_000_000
BEHAVIOR = "response-quality"
_CONTENT: Mapping[str, Any] = {"judge": "town", "marks": {}, "reasons": {}, "sure": None, "second": None, "said": ""}
READERS = Path(__file__).parents[2] / "lib" / "autotune" / "rollout" / "readers"
JUDGE = {"judge": "town", "judge_second": "none", "judge_version": "1", "rubric": "town"}


def reader() -> Any:  # noqa: ANN401 - the module as an agent would have it
    """The Python reader, from its file alone."""
    spec = importlib.util.spec_from_file_location("autotune_packs", READERS / "autotune_packs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["autotune_packs"] = module
    spec.loader.exec_module(module)
    return module


class Town:
    """All of it, below one folder; `now_ms` is its clock, and `quality` says what the judge thinks of a version, .6 where it does not."""

    def __init__(self, top: Path, active: Mapping[str, Any] | None = None, **variables: str) -> None:
        self.top = top
        self.now_ms = NOON
        self.chance = random.Random(7)
        self.quality: dict[str, float] = {}
        self.failing: dict[str, float] = {}
        self.variables = {
            "AUTOTUNE_OUTPUT_DIR": str(top / "prompts"),
            "AUTOTUNE_TRACE_DIR": str(top / "traces"),
            "AUTOTUNE_BEHAVIORS": BEHAVIOR,
            **variables,
        }
        for name in ("prompts", "traces"):
            (top / name).mkdir(parents=True)
        if active is not None:
            self.file(f"{BEHAVIOR}.json").write_text(json.dumps(active))
        plan = workshop.planned(top / "workshop", settings.read(None, self.variables), {})
        workshop.make(plan)
        self.packs = reader().Packs(top / "prompts")
        self._requests = 0

    @property
    def settings(self) -> Settings:
        """As a command reads them."""
        return settings.read(self.top / "workshop" / settings.FILE, self.variables)

    @contextmanager
    def store(self, *, write: bool = False) -> Iterator[Store]:
        """The records."""
        with opened(ingesting.database(self.settings), write=write) as store:
            yield store

    def git(self, *words: str) -> str:
        """What git says in the workshop."""
        done = subprocess.run(["git", *words], cwd=self.top / "workshop", capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, instructions: str, behavior: str = BEHAVIOR, branch: str = "idea") -> str:
        """A commit on a branch of its own with another pack, from main as it is; gives its id."""
        self.git("switch", "-q", "-C", branch, "main")
        path = self.top / "workshop" / "packs" / f"{behavior}.json"
        path.write_text(packs.rendered(Pack(behavior, instructions)), "utf-8")
        self.git("commit", "-qam", instructions)
        made = self.git("rev-parse", "HEAD")
        self.git("switch", "-q", "main")
        return made

    def file(self, name: str) -> Path:
        """A file that the agent reads."""
        return self.top / "prompts" / name

    def version(self, name: str = f"{BEHAVIOR}.json") -> str:
        """The version in such a file."""
        return str(json.loads(self.file(name).read_bytes())["version"])

    def live(self, days: int = 1, users: int = 40, requests: int = 2) -> None:
        """Let days pass: each user asks a few times a day, all is taken in and judged, and it is the next noon."""
        for _ in range(days):
            start = self.now_ms - self.now_ms % DAY_MS + DAY_MS
            lines = [self._trace(start, user) for user in range(users) for _ in range(requests)]
            with (self.top / "traces" / "log.jsonl").open("a") as log:
                log.writelines(json.dumps(line) + "\n" for line in lines)
            self.now_ms = start + DAY_MS // 2 + DAY_MS
            ingesting.ingest(self.settings, self.settings.sources, (), self.now_ms, dry=False, said=lambda _: None)
            self.judge()
            self.now_ms -= DAY_MS

    def _trace(self, start: int, user: int) -> Mapping[str, Any]:
        at_ms = start + self.chance.randrange(DAY_MS // 2)
        shown = self.packs.choose(BEHAVIOR, user=f"u{user}", now=datetime.fromtimestamp(at_ms / 1000, UTC))
        self._requests += 1
        version = "none" if shown is None else shown.version
        fails = self.chance.random() < self.failing.get(version, 0.02)
        said: dict[str, Any] = {"trace_id": f"t-{self._requests}", "created_at": at_ms, "user_id": f"u{user}", "chat_id": f"c{user}"}
        said |= {
            "input_text": "How?",
            "latency_ms": 900 + self.chance.randrange(200),
            "prompt_pack_versions": {} if shown is None else {BEHAVIOR: version},
        }
        return {**said, "error_code": "down"} if fails else {**said, "output_text": "So."}

    def judge(self) -> None:
        """Have all that has no score judged."""
        with self.store(write=True) as store:
            instrument = scoring.instrument_of(JUDGE)
            waiting = scoring.waiting(store, Behavior(BEHAVIOR), instrument, 1_000_000, self.now_ms)
            scoring.keep(store, Behavior(BEHAVIOR), JUDGE, [self._judged(one) for one in waiting], self.now_ms)

    def _judged(self, one: scoring.Waiting) -> scoring.Given:
        quality = self.quality.get(one.trace.packs.get(BEHAVIOR, ""), 0.6)
        score = min(max(self.chance.gauss(quality, 0.15), 0.0), 1.0)
        return scoring.Given(one, score, None, "first", obeyed=False, again_ms=None, usd=None, content=_CONTENT)
