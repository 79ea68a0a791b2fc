"""What comes next when no experiment is open: a stop rule that holds, a target to confirm, a playbook, or the next experiment."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from autotune.core.facts import Fact, Kind
from autotune.core.health.recovery import Playbook, next_playbook
from autotune.core.health.transitions import Health, Mode
from autotune.core.ledger.state import Row, State, seconds_between

CLAIM_EVERY = 10  # keeps
RENEWED_EVERY_S = 86_400.0  # at most once, a segment opens by itself


class Limit(StrEnum):
    """A stop rule, by the key that sets it."""

    TARGET = "target"
    MAX_ITERATIONS = "max_iterations"
    MAX_WALL_TIME = "max_wall_time"
    MAX_COST_USD = "max_cost_usd"
    MAX_TOKENS = "max_tokens"
    MAX_FAILURES = "max_failures"


@dataclass(frozen=True, slots=True)
class Rule:
    """A stop rule: what is allowed (None where it is not set), what was reached of it, and whether it holds.

    `takes` is what `autotune config set` takes to move it; `counts` names what is used up of it, None for the target.
    """

    allowed: float | None
    reached: float | None
    holds: bool
    takes: str
    counts: str | None

    @property
    def left(self) -> float:
        """What is left of what it counts; time in whole seconds, rounded down."""
        rest = max(0, (self.allowed or 0) - (self.reached or 0))
        return math.floor(rest) if self.counts == "seconds" else rest


def rules(state: State, now: str) -> Mapping[Limit, Rule]:
    """Give every stop rule, the first that counts first. A target holds once fresh runs have confirmed it."""
    config = state.config
    return {
        Limit.TARGET: Rule(config.target, state.segment.best, state.segment.target_reached and config.target is not None, "VALUE", None),
        Limit.MAX_ITERATIONS: _rule(config.max_iterations, state.count, "NUMBER", "experiments"),
        Limit.MAX_WALL_TIME: _rule(config.max_wall_time_s, state.spending.active(now), "DURATION", "seconds"),
        Limit.MAX_COST_USD: _rule(config.max_cost_usd, state.spending.cost_usd, "DOLLARS", "cost_usd"),
        Limit.MAX_TOKENS: _rule(config.max_tokens, state.spending.tokens, "NUMBER", "tokens"),
        Limit.MAX_FAILURES: _rule(config.max_failures, state.vitals.total_failures, "NUMBER", "failures"),
    }


def _rule(allowed: float | None, reached: float, takes: str, counts: str) -> Rule:
    return Rule(allowed, reached, allowed is not None and reached >= allowed, takes, counts)


class Action(StrEnum):
    """What the loop does by itself before the next experiment."""

    CHECK_TARGET = "check target"
    CLAIM = "claim"
    LOOK = "look"
    RENEW = "renew"
    PLAYBOOK = "playbook"
    PAUSE = "pause"
    FINISH = "finish"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Next:
    """An action, the reason for it, and which playbook it is."""

    action: Action
    reason: Fact
    playbook: Playbook | None = None


def next_action(state: State, now: str) -> Next | None:
    """Say what the loop does next by itself; None where the proposer is to make the next candidate, or the session stands still."""
    if state.ended is not None or not state.opened or state.experiment is not None:
        return None
    asked = state.stop_asked
    if asked is not None and state.count >= asked.after:
        return Next(Action.STOP, asked.reason)
    rule = _stop_rule(state, now)
    if rule is not None and rule.action is Action.FINISH and state.claim_is_due:
        return Next(Action.CLAIM, Fact(Kind.CLAIM_AT_END, because=rule.reason))
    return rule or _renewal(state, now) or _spent(state) or _claim(state) or recovery_due(state) or _look(state)


def _renewal(state: State, now: str) -> Next | None:
    """Open a new segment where the benchmark measures with something else by now; a pause where that was done less than a day ago."""
    changed = state.segment.left_behind
    if changed is None:
        return None
    again = state.renewed is not None and seconds_between(state.renewed, now) < RENEWED_EVERY_S
    return Next(Action.PAUSE, Fact(Kind.CONTEXT_CHANGED_AGAIN, because=changed)) if again else Next(Action.RENEW, changed)


def _spent(state: State) -> Next | None:
    """Pause where the cases that confirm are used up, for no candidate can be kept until there are others."""
    return None if state.segment.spent is None else Next(Action.PAUSE, state.segment.spent)


def _claim(state: State) -> Next | None:
    unclaimed = state.all_keeps - (state.claim.keeps if state.claim is not None else 0)
    return Next(Action.CLAIM, Fact(Kind.CLAIM_DUE, {"keeps": unclaimed})) if unclaimed >= CLAIM_EVERY and state.claim_is_due else None


def _look(state: State) -> Next | None:
    return Next(Action.LOOK, Fact(Kind.LOOK_DUE)) if state.look_is_due else None


def second_look(state: State, now: str, *, idle: bool, given_up: Collection[int] = ()) -> Row | None:
    """Give the inconclusive experiment that is looked at again by itself, where nothing better is to do; None where there is none.

    That is where the proposer has nothing (`idle`), where nothing was kept for long, and where as many experiments are left as wait.
    """
    waiting = [row for row in state.recent.second_looks if row.index not in given_up]
    limit = rules(state, now)[Limit.MAX_ITERATIONS]
    if not waiting or state.vitals.mode is Mode.REPAIR or state.segment.narrowed:
        return None
    last_ones = limit.allowed is not None and limit.left <= len(waiting)
    return waiting[0] if idle or last_ones or state.vitals.health in (Health.PLATEAUED, Health.HEALING) else None


def limits_reached(state: State, now: str) -> Mapping[Limit, Rule]:
    """Give the stop rules that hold, the first that counts first; they hold for a session that stands still too."""
    return {limit: rule for limit, rule in rules(state, now).items() if rule.holds}


def _stop_rule(state: State, now: str) -> Next | None:
    held = limits_reached(state, now)
    if Limit.TARGET not in held and state.target_in_reach:
        return Next(Action.CHECK_TARGET, Fact(Kind.TARGET_IN_REACH, {"target": state.config.target}))
    if not held:
        return None
    limit, rule = next(iter(held.items()))
    why = Fact(Kind.LIMIT_REACHED, {"limit": limit, "reached": rule.reached, "allowed": rule.allowed})
    return Next(Action.PAUSE if limit is Limit.MAX_FAILURES else Action.FINISH, why)


def recovery_due(state: State) -> Next | None:
    """Name the playbook that comes next, or the pause where there is none left; None where the loop is well."""
    if state.playbook is not None:  # begun and not ended: its process was killed, so it is run again
        return Next(Action.PLAYBOOK, state.playbook.why, Playbook(state.playbook.playbook))
    if state.asked_playbook is not None:
        return Next(Action.PLAYBOOK, state.asked_why or Fact(Kind.ASKED_FOR), Playbook(state.asked_playbook))
    playbook = due_playbook(state)
    if playbook is None:
        return None
    if playbook is Playbook.PAUSE:
        return Next(Action.PAUSE, _blocker(state))
    return Next(Action.PLAYBOOK, state.vitals.why, playbook)


def due_playbook(state: State) -> Playbook | None:
    """Name the playbook that the session's health calls for, within its configured budget."""
    recovery = state.config.recovery
    return next_playbook(state.vitals, recovery.playbooks, recovery.max_healing_attempts)


def _blocker(state: State) -> Fact:
    why = state.vitals.why
    if state.vitals.broken:
        return Fact(Kind.INCUMBENT_FAILS, because=why)
    return Fact(Kind.RECOVERY_EXHAUSTED, {"playbooks": state.vitals.attempts}, why)
