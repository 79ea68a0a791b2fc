"""What hooks and the status line have to know of a session, as JSON values: written after every change, read without this package."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from autotune.core import report
from autotune.core.figures import effect_in_short, number, with_unit
from autotune.core.patterns import expression
from autotune.core.state import State
from autotune.core.tell.words import told
from autotune.edges import git
from autotune.loop import briefing
from autotune.loop.session import SESSION_FILES, Session, now

FILE = "hook.json"


def projection(session: Session) -> dict[str, Any]:
    """Give the values, as JSON can hold them.

    `tree` and `records` are absolute, `workdir` and `pinned` relative to `tree`, and `scope`, `narrowed` and `protect` match whole paths
    relative to `tree`. `begun` counts experiments, the open one included; `begun_at` is ISO text, `active_since` and `deadline`
    are seconds since 1970.
    """
    state, config = session.state, session.state.config
    workdir = state.segment.opened.workdir
    left = report.budget(state, now())
    return {
        "tree": str(session.top),
        "workdir": workdir,
        "files": list(SESSION_FILES),
        "scope": expression(config.scope, workdir),
        "scope_in_words": ", ".join(config.scope),
        "narrowed": expression(state.segment.narrowed, workdir) if state.segment.narrowed else None,
        "narrowed_in_words": ", ".join(state.segment.narrowed),
        "protect": expression(config.protect, workdir),
        "pins": state.segment.opened.pins,
        "pinned": _pinned(session),
        "records": [str(session.folder.path), str((session.cache / "measure").resolve())],
        "health": state.vitals.health,
        "ended": None if state.ended is None else {"how": state.ended.ending, "reason": told(state.ended.reason)},
        "experiments": state.count,
        "begun": state.count + (state.experiment is not None),
        "begun_at": _begun_at(state),
        "kept": state.keeps + state.forced,
        "active_s": state.spending.active_s,
        "active_since": None if state.spending.active_since is None else _seconds(state.spending.active_since),
        "left": left.get("experiments"),
        "usd_left": left.get("cost_usd"),
        "tokens_left": left.get("tokens"),
        "deadline": _deadline(state),
        "value": _value(state),
        "auto_resume": config.auto_resume,
        "stop_patience": config.stop_patience,
        "next": report.following(state, now()),
        "brief": briefing.page(session),
    }


def _pinned(session: Session) -> list[str]:
    """The files whose content was pinned, as they were listed for the same pins before, else as git lists them."""
    pins = session.state.segment.opened.pins
    try:
        held = json.loads((session.folder.path / FILE).read_bytes())
        if held["pins"] == pins:
            return [str(path) for path in held["pinned"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return sorted(git.tracked(session.top, pins))


def _begun_at(state: State) -> str:
    """When the latest experiment began or ended, or the session began or went on, as ISO text in UTC."""
    experiment = state.experiment.started if state.experiment is not None else state.recent.rows[-1].timestamp if state.recent.rows else ""
    return max(state.started, state.spending.active_since or "", experiment)


def _deadline(state: State) -> float | None:
    """When the wall time is used up, as far as the session stays active."""
    limit, since = state.config.max_wall_time_s, state.spending.active_since
    return None if limit is None or since is None else _seconds(since) + limit - state.spending.active_s


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def _value(state: State) -> str:
    """The incumbent's value with an effect: what the claim says was gained in all, else what the last keep brought.

    `time_ms 82.1 ms, claimed -17.3 %`, `time_ms 82.1 ms, last keep -6.1 %`.
    """
    if state.segment.best is None or state.segment.baseline is None:
        return ""
    told = f"{state.metric.name} {with_unit(number(state.segment.best), state.metric.unit)}"
    claim, last = state.claim, state.recent.kept[-1] if state.recent.kept else None
    if claim is not None and claim.improved and claim.effect is not None and claim.keeps == state.all_keeps:
        return f"{told}, claimed {effect_in_short(claim.effect)}"
    return f"{told}, last keep {effect_in_short(last.effect)}" if last is not None and last.effect is not None else told
