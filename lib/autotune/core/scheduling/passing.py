"""What one pass over a running agent's behaviours consists of, and when a pack is worth tuning again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Step(StrEnum):
    """A step of a pass, in this order; from `OPTIMIZE` on each is one behaviour's."""

    INGEST = "ingest"
    BEHAVIOR = "behavior"
    EVAL = "eval"
    OPTIMIZE = "optimize"
    DEPLOY = "deploy"
    WATCH = "watch"


class Skip(StrEnum):
    """Why a step does nothing."""

    OFF = "off"
    NO_KEY = "no key"
    NO_WORKSHOP = "no workshop"
    CANARY = "canary"
    NOTHING_NEW = "nothing new"
    NOTHING_KEPT = "nothing kept"
    NOTHING_RUNS = "nothing runs"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A step that does nothing: why, and the figures or names that go with that."""

    why: Skip
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a behaviour's pack was tuned on, or could be: how many cases there are, and a hash of pack, rubric and settings."""

    cases: int
    hash: str


def worth_tuning(before: Evidence | None, now: Evidence, fewest_new: int) -> bool:
    """Whether a pack is worth tuning again: never tuned before, tuned as something else, or on so many cases fewer."""
    return before is None or before.hash != now.hash or now.cases - before.cases >= fewest_new


def money(found: Sequence[Mapping[str, Any]]) -> tuple[int, float | None]:
    """The calls that steps would make or made, and about how many US dollars; None where one of them does not know."""
    calls = sum(one.get("calls") or 0 for one in found)
    costs = [one.get("usd", 0.0) for one in found]
    return calls, None if None in costs else sum(costs)
