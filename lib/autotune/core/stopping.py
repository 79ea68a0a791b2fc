"""What comes next when no experiment is open: a stop rule that holds, a target to confirm, a playbook, or the next experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from autotune.core.figures import counted, duration, number
from autotune.core.recovery import Playbook, next_playbook
from autotune.core.state import State

CLAIM_EVERY = 10  # keeps


class Limit(StrEnum):
    """A stop rule, by the key that sets it."""

    TARGET = "target"
    MAX_ITERATIONS = "max_iterations"
    MAX_WALL_TIME = "max_wall_time"
    MAX_COST_USD = "max_cost_usd"
    MAX_TOKENS = "max_tokens"
    MAX_FAILURES = "max_failures"


HOW_TO_MOVE: Mapping[Limit, str] = {  # what `autotune config set` takes
    Limit.TARGET: "target VALUE",
    Limit.MAX_ITERATIONS: "max_iterations NUMBER",
    Limit.MAX_WALL_TIME: "max_wall_time DURATION",
    Limit.MAX_COST_USD: "max_cost_usd DOLLARS",
    Limit.MAX_TOKENS: "max_tokens NUMBER",
    Limit.MAX_FAILURES: "max_failures NUMBER",
}


class Action(StrEnum):
    """What the loop does by itself before the next experiment."""

    CHECK_TARGET = "check target"
    CLAIM = "claim"
    LOOK = "look"
    PLAYBOOK = "playbook"
    PAUSE = "pause"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Next:
    """An action, the reason for it, and which playbook it is."""

    action: Action
    reason: str
    playbook: Playbook | None = None


def next_action(state: State, now: str) -> Next | None:
    """Say what the loop does next by itself; None where the proposer is to make the next candidate, or the session stands still."""
    if state.ended is not None or not state.opened or state.experiment is not None:
        return None
    rule = _stop_rule(state, now)
    if rule is not None and rule.action is Action.FINISH and state.claim_is_due:
        return Next(Action.CLAIM, f"before the session finishes ({rule.reason})")
    return rule or _claim(state) or recovery_due(state) or _look(state)


def _claim(state: State) -> Next | None:
    unclaimed = state.all_keeps - (state.claim.keeps if state.claim is not None else 0)
    return Next(Action.CLAIM, f"{unclaimed} keeps since the last") if unclaimed >= CLAIM_EVERY and state.claim_is_due else None


def _look(state: State) -> Next | None:
    return Next(Action.LOOK, "single runs need a fresh look at the unchanged code every ten experiments") if state.look_is_due else None


def limits_reached(state: State, now: str) -> tuple[Limit, ...]:
    """Name the stop rules that hold, the first that counts first; they hold for a session that stands still too."""
    config = state.config
    reached = {
        Limit.TARGET: config.target is not None and state.target_reached,
        Limit.MAX_ITERATIONS: config.max_iterations is not None and state.count >= config.max_iterations,
        Limit.MAX_WALL_TIME: config.max_wall_time_s is not None and state.active(now) >= config.max_wall_time_s,
        Limit.MAX_COST_USD: config.max_cost_usd is not None and state.cost_usd >= config.max_cost_usd,
        Limit.MAX_TOKENS: config.max_tokens is not None and state.tokens >= config.max_tokens,
        Limit.MAX_FAILURES: config.max_failures is not None and state.vitals.total_failures >= config.max_failures,
    }
    return tuple(limit for limit, holds in reached.items() if holds)


def _stop_rule(state: State, now: str) -> Next | None:
    limits = limits_reached(state, now)
    if Limit.TARGET not in limits and state.target_in_reach:
        return Next(Action.CHECK_TARGET, f"the incumbent seems to reach the target of {number(state.config.target or 0.0)}")
    if not limits:
        return None
    limit = limits[0]
    return Next(Action.PAUSE if limit is Limit.MAX_FAILURES else Action.FINISH, _held(limit, state, now))


def _held(limit: Limit, state: State, now: str) -> str:
    """Say that a stop rule holds."""
    config = state.config
    match limit:
        case Limit.TARGET:
            return f"the target of {number(config.target or 0.0)} is reached, confirmed by fresh runs"
        case Limit.MAX_ITERATIONS:
            told = f"{counted(state.count, 'experiment')} made, of {config.max_iterations}"
        case Limit.MAX_WALL_TIME:
            told = f"active for {duration(state.active(now))}, of {duration(config.max_wall_time_s or 0.0)}"
        case Limit.MAX_COST_USD:
            told = f"the agent has cost ${state.cost_usd:.2f}, of ${config.max_cost_usd:.2f}"
        case Limit.MAX_TOKENS:
            told = f"the agent has used {state.tokens:,} tokens, of {config.max_tokens:,}"
        case Limit.MAX_FAILURES:
            told = f"{counted(state.vitals.total_failures, 'candidate')} failed, of {config.max_failures}"
        case never:
            assert_never(never)
    return f"{told} allowed ({limit})"


def recovery_due(state: State) -> Next | None:
    """Name the playbook that comes next, or the pause where there is none left; None where the loop is well."""
    if state.playbook is not None:  # begun and not ended: its process was killed, so it is run again
        return Next(Action.PLAYBOOK, state.playbook.why, Playbook(state.playbook.playbook))
    if state.asked_playbook is not None:
        return Next(Action.PLAYBOOK, "a person asked for it", Playbook(state.asked_playbook))
    playbook = due_playbook(state)
    if playbook is None:
        return None
    if playbook is Playbook.PAUSE:
        return Next(Action.PAUSE, _blocker(state))
    return Next(Action.PLAYBOOK, state.vitals.why, playbook)


def due_playbook(state: State) -> Playbook | None:
    """Name the playbook that the session's health calls for, within its configured budget."""
    recovery = state.config.recovery
    return next_playbook(
        state.vitals, recovery.playbooks, recovery.max_healing_attempts, pause_when_exhausted=recovery.pause_on_exhausted_recovery
    )


def _blocker(state: State) -> str:
    if state.vitals.broken:
        return f"the incumbent fails too, so no candidate can be judged: {state.vitals.why}"
    tried = counted(state.vitals.attempts, "playbook")
    exhausted = f"recovery is exhausted after {tried}" if state.vitals.attempts else "there is no playbook to try"
    return f"{state.vitals.why}, and {exhausted}"
