"""The words of stop rules, in one table: what is left of them, how far one was reached, and why it ends a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autotune.core.facts import Fact
from autotune.core.ledger.state import State
from autotune.core.ledger.stopping import Limit, Rule, rules
from autotune.core.tell.figures import duration, money, number, with_unit


@dataclass(frozen=True, slots=True)
class _Words:
    """How a stop rule is said; `amount` makes a figure of what it counts into words."""

    left: str
    reached: str
    ended: str
    amount: Callable[[float], str] = "{:,}".format


_WORDS: Mapping[Limit, _Words] = {
    Limit.TARGET: _Words(
        "target {allowed} {standing}",
        "the target of {allowed} is reached, confirmed by fresh runs",
        "the target is reached, and fresh runs have confirmed it",
        number,
    ),
    Limit.MAX_ITERATIONS: _Words(
        "{left} of {allowed} experiments left",
        "{reached} of {allowed} experiments made",
        "all allowed experiments have been made",
    ),
    Limit.MAX_WALL_TIME: _Words("{left} of {allowed} left", "active for {reached} of {allowed}", "the allowed time is used up", duration),
    Limit.MAX_COST_USD: _Words("{left} of {allowed} left", "{reached} of {allowed} is spent", "the allowed money is spent", money),
    Limit.MAX_TOKENS: _Words(
        "{left} of {allowed} tokens left",
        "the agent has used {reached} of {allowed} tokens",
        "the agent has used its allowed tokens",
    ),
    Limit.MAX_FAILURES: _Words(
        "{left} of {allowed} failures left", "{reached} of {allowed} failures", "all allowed failures have happened"
    ),
}


@dataclass(frozen=True, slots=True)
class Meter:
    """A stop rule that is set: its key, the share of it that is used up (None for the target), and what is left, in words."""

    limit: Limit
    used: float | None
    text: str


def meters(state: State, now: str) -> tuple[Meter, ...]:
    """Give each stop rule that is set, the first that counts first."""
    return tuple(
        Meter(limit, None if rule.counts is None else _used(rule, rule.allowed), _left(state, limit, rule, rule.allowed))
        for limit, rule in rules(state, now).items()
        if rule.allowed is not None
    )


def _used(rule: Rule, allowed: float) -> float:
    return min(1.0, (rule.reached or 0.0) / allowed) if allowed > 0 else 1.0


def left(state: State, now: str) -> str:
    """Say what is left until each stop rule that is set."""
    told = [one.text for one in meters(state, now)]
    if state.stop_asked is not None:
        told.insert(0, _asked(state, state.stop_asked.after))
    return "; ".join(told) or "none is set: the session goes on until you stop it, or until it cannot be healed"


def _asked(state: State, after: int) -> str:
    return f"stops after experiment {after}, as asked" if after > state.count else "stops when what runs is over, as asked"


def _left(state: State, limit: Limit, rule: Rule, allowed: float) -> str:
    words = _WORDS[limit]
    if rule.counts is None:
        return words.left.format(allowed=with_unit(words.amount(allowed), state.metric.unit), standing=_standing(state))
    return words.left.format(left=words.amount(rule.left), allowed=words.amount(allowed))


def _standing(state: State) -> str:
    if state.segment.target_reached:
        return "reached, confirmed by fresh runs"
    if state.target_in_reach:
        return "seems reached; fresh runs will tell"
    return "not confirmed by fresh runs" if state.segment.target_checked == state.incumbent else "not reached"


def reached(fact: Fact) -> str:
    """Say how far a stop rule was reached, from the figures of `Kind.LIMIT_REACHED`."""
    limit = Limit(fact.figures["limit"])
    amounts = {name: _WORDS[limit].amount(fact.figures[name]) for name in ("reached", "allowed")}
    return f"{_WORDS[limit].reached.format(**amounts)} ({limit})"


def ended(limit: Limit) -> str:
    """Say why a stop rule ends a session."""
    return f"{_WORDS[limit].ended} ({limit})"
