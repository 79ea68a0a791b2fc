"""What one pass over a running agent's behaviours consists of, when a pack is worth tuning again, and when the next pass begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_JITTER = 0.1
_LONGEST_S = 86_400.0


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


def wait_s(interval_s: float, failures: int, coin: float) -> float:
    """Give the wait in seconds after `failures` failed passes in a row; `coin` is drawn evenly from 0 to 1.

    The wait doubles with each failure, up to a day, or to the interval where that is longer. Chance moves it by a tenth either way.
    """
    longest = max(interval_s, _LONGEST_S)
    doubled = interval_s * 2.0 ** min(failures, 60)
    return min(doubled, longest) * (1 + _JITTER * (2 * coin - 1))
