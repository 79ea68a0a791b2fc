"""What must not go on for a moment: failures of a canary's requests far beyond a cap, or beyond the control's and a step.

Caps are those of an older tool's settings. A raw rate above a cap says little after a few requests, so a mean bet has to say it at 20 : 1;
where all requests fail, that takes seven of them. Where the control is above the cap too, the trouble is not the canary's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autotune.core.cases.mean_bet import evidence

CERTAIN = 20.0


@dataclass(frozen=True, slots=True)
class Cap:
    """The share of requests that may fail, and by how much it may be above the control's."""

    most: float
    above: float


def emergency(canary: Sequence[frozenset[str]], control: Sequence[frozenset[str]], caps: Mapping[str, Cap]) -> str | None:
    """The first kind of failure that is one, by what failed in each request of both sides; None: none is."""
    return next((name for name, cap in caps.items() if _is_one(name, cap, canary, control)), None)


def _is_one(name: str, cap: Cap, canary: Sequence[frozenset[str]], control: Sequence[frozenset[str]]) -> bool:
    failed = [float(name in one) for one in canary]
    beside = sum(name in one for one in control) / len(control) if control else None
    bounds = [cap.most] if beside is None or beside <= cap.most else []
    bounds += [] if beside is None else [beside + cap.above]
    return any(bound < 1 and evidence(failed, bound) >= CERTAIN for bound in bounds)
