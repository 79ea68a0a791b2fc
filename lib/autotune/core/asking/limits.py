"""Caps on calls, tokens and money, and whether one more call may be made.

A cap is passed by no more than one call, however many are made at once. Proof: a call is let through only while what is spent, and the
most that the calls under way can add, stays below the cap. So when the last call is let through, everything before it ends below the cap,
and only that one call can pass it. A call of which nobody can say the most is under way alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.asking.failing import Why

NONE = math.inf
"""A cap that somebody has set to none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps; None is no cap."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Most:
    """The most that a call can take. None is unknown."""

    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls have taken, and what those under way can take at most.

    `calls` counts those under way too. `usd` counts the most where a call's cost is not known exactly; `usd_guessed` is that part of it.
    `unknown` are calls of whose cost nothing is known. Of those under way, `open_tokens` and `open_usd` are None where the most of one is
    unknown.
    """

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    usd_guessed: float = 0.0
    unknown: int = 0
    under_way: int = 0
    open_tokens: int | None = 0
    open_usd: float | None = 0.0


def affords(limits: Limits, spent: Spent, calls: int) -> bool:
    """Whether so many further calls fit: by their number exactly, by tokens and money as the calls so far cost on average.

    It says beforehand whether several calls that belong together would be cut off in the middle, so that no money goes into half of them.
    """
    mean = 1 / spent.calls if spent.calls else 0.0
    asked = (
        (limits.calls, spent.calls, float(calls)),
        (limits.tokens, spent.tokens, calls * spent.tokens * mean),
        (limits.usd, spent.usd, calls * spent.usd * mean),
    )
    return all(cap is None or (taken < cap and taken + more <= cap) for cap, taken, more in asked)


def daily(said: float | None, usual: float, *, known: bool) -> float | None:
    """The cap on a day's money, None for none: what is `said` (`NONE` for none), else the usual one, where prices are `known`."""
    if said is None:
        return usual if known else None
    return None if said == NONE else said


class Admission(StrEnum):
    """Whether a call may be made."""

    NOW = "now"
    LATER = "later"  # when calls that are under way have ended
    NEVER = "never"


def admitted(limits: Limits, spent: Spent, most: Most) -> tuple[Admission, Why | None]:
    """Say whether one more call may be made, and which cap holds it back."""
    if limits.calls is not None and spent.calls >= limits.calls:
        return Admission.NEVER, Why.CALLS
    held = (
        (Why.TOKENS, limits.tokens, spent.tokens, spent.open_tokens, most.tokens),
        (Why.MONEY, limits.usd, spent.usd, spent.open_usd, most.usd),
    )
    answers = [(why, _one(cap, taken, open_most, own, spent.under_way)) for why, cap, taken, open_most, own in held]
    for wanted in (Admission.NEVER, Admission.LATER):
        for why, answer in answers:
            if answer is wanted:
                return wanted, why
    return Admission.NOW, None


def _one(cap: float | None, taken: float, open_most: float | None, own: float | None, under_way: int) -> Admission:
    if cap is None:
        return Admission.NOW
    if taken >= cap:
        return Admission.NEVER
    if under_way and (own is None or open_most is None or taken + open_most >= cap):
        return Admission.LATER
    return Admission.NOW
