"""What comes next when no experiment is open: a stop rule that holds, a target to confirm, a playbook, or the next experiment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from autotune.core.figures import counted, duration, number
from autotune.core.recovery import Playbook, next_playbook
from autotune.core.state import State

CLAIM_EVERY = 10  # keeps


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
    return rule or _claim(state) or _recovery(state) or _look(state)


def _claim(state: State) -> Next | None:
    unclaimed = state.all_keeps - (state.claim.keeps if state.claim is not None else 0)
    return Next(Action.CLAIM, f"{unclaimed} keeps since the last") if unclaimed >= CLAIM_EVERY and state.claim_is_due else None


def _look(state: State) -> Next | None:
    return Next(Action.LOOK, "single runs need a fresh look at the unchanged code every ten experiments") if state.look_is_due else None


def _stop_rule(state: State, now: str) -> Next | None:  # noqa: PLR0911 - one return a rule
    config, active, failures = state.config, state.active(now), state.vitals.total_failures
    if config.target is not None and state.target_reached:
        return Next(Action.FINISH, f"the target of {number(config.target)} is reached, confirmed by fresh runs")
    if config.target is not None and state.target_in_reach:
        return Next(Action.CHECK_TARGET, f"the incumbent seems to reach the target of {number(config.target)}")
    if config.max_iterations is not None and state.count >= config.max_iterations:
        return Next(Action.FINISH, f"{counted(state.count, 'experiment')} made, of {config.max_iterations} allowed (max_iterations)")
    if config.max_wall_time_s is not None and active >= config.max_wall_time_s:
        return Next(Action.FINISH, f"active for {duration(active)}, of {duration(config.max_wall_time_s)} allowed (max_wall_time)")
    if config.max_cost_usd is not None and state.cost_usd >= config.max_cost_usd:
        return Next(Action.FINISH, f"the agent has cost ${state.cost_usd:.2f}, of ${config.max_cost_usd:.2f} allowed (max_cost_usd)")
    if config.max_tokens is not None and state.tokens >= config.max_tokens:
        return Next(Action.FINISH, f"the agent has used {state.tokens:,} tokens, of {config.max_tokens:,} allowed (max_tokens)")
    if config.max_failures is not None and failures >= config.max_failures:
        return Next(Action.PAUSE, f"{counted(failures, 'candidate')} failed, of {config.max_failures} allowed (max_failures)")
    return None


def _recovery(state: State) -> Next | None:
    if state.playbook is not None:  # begun and not ended: its process was killed, so it is run again
        return Next(Action.PLAYBOOK, state.playbook.why, Playbook(state.playbook.playbook))
    if state.asked_playbook is not None:
        return Next(Action.PLAYBOOK, "a person asked for it", Playbook(state.asked_playbook))
    recovery = state.config.recovery
    playbook = next_playbook(
        state.vitals, recovery.playbooks, recovery.max_healing_attempts, pause_when_exhausted=recovery.pause_on_exhausted_recovery
    )
    if playbook is None:
        return None
    if playbook is Playbook.PAUSE:
        return Next(Action.PAUSE, _blocker(state))
    return Next(Action.PLAYBOOK, state.vitals.why, playbook)


def _blocker(state: State) -> str:
    if state.vitals.broken:
        return f"the incumbent fails too, so no candidate can be judged: {state.vitals.why}"
    tried = counted(state.vitals.attempts, "playbook")
    exhausted = f"recovery is exhausted after {tried}" if state.vitals.attempts else "there is no playbook to try"
    return f"{state.vitals.why}, and {exhausted}"
