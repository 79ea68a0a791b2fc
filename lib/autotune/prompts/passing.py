"""One pass: everything that is due, step by step under one lock.

Each step finishes what was begun and does nothing that is done: a pass that was killed is made again, and comes to the same end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autotune.core.records.behaviors import Behavior
from autotune.core.scheduling.passing import Skip, Skipped, Step, money
from autotune.core.tell.lines import Line
from autotune.edges.atomic import replace_file
from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.prompts.ingesting import database
from autotune.prompts.settings import Settings

Values = Mapping[str, Any]
FAILED = "step_failed"
"""A value of a step that did what it could and did not succeed, such as judging with a judge that does not answer."""


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a pass, perhaps for one behaviour: what it does, what it would do, and how either is told.

    Both may give `Skipped` in place of values, and raise AutotuneError.
    """

    step: Step
    behavior: Behavior | None
    work: Callable[[], Values | Skipped]
    plan: Callable[[], Values | Skipped]
    told: Callable[[Values], Iterable[Line]]


@dataclass(frozen=True, slots=True)
class Did:
    """What became of a part: its values, why it did nothing, or what it refused."""

    part: Part
    found: Values | None = None
    skipped: Skipped | None = None
    error: AutotuneError | None = None

    @property
    def ok(self) -> bool:
        """Whether it did what it was there for, or had nothing to do."""
        return self.error is None and not (self.found or {}).get(FAILED)

    def values(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "step": str(self.part.step),
            "behavior": None if self.part.behavior is None else str(self.part.behavior),
            "ok": self.ok,
            "skipped": None if self.skipped is None else {"why": str(self.skipped.why), **self.skipped.about},
            "error": None if self.error is None else {"error": self.error.message, "hint": self.error.hint},
            "found": self.found,
        }


def planned(parts: Sequence[Part]) -> list[Did]:
    """What a pass would do. It makes no call and changes nothing."""
    return [_taken(part, part.plan) for part in parts]


def once(settings: Settings, parts: Sequence[Part], *, stopped: Callable[[], bool], said: Callable[[Part], None]) -> list[Did]:
    """Make a pass; `said` hears of each part when it begins, and none begins once `stopped` is true. `once.json` has the last whole one.

    Raises AutotuneError where another process makes one.
    """
    done: list[Did] = []
    with hold(database(settings).with_name("once.lock"), "autotune prompts once"):
        for part in parts:
            if stopped():
                done.append(Did(part, skipped=Skipped(Skip.STOPPED)))
                continue
            said(part)
            done.append(_taken(part, part.work))
        replace_file(database(settings).with_name("once.json"), json.dumps(values(done), ensure_ascii=False).encode())
    return done


def values(done: Sequence[Did], *, dry: bool = False) -> dict[str, Any]:
    """A pass as JSON values."""
    calls, usd = money([one.found for one in done if one.found is not None])
    steps = [one.values() for one in done]
    return {"dry_run": dry, "ok": all(one.ok for one in done), "calls": calls, "usd": usd, "steps": steps}


def _taken(part: Part, step: Callable[[], Values | Skipped]) -> Did:
    try:
        found = step()
    except AutotuneError as refusal:
        return Did(part, error=refusal)
    return Did(part, skipped=found) if isinstance(found, Skipped) else Did(part, found=found)
