"""What others get of a session: a proposer its page, hooks and the status line JSON that they read without this package."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from autotune.core.health.supervision import PATIENCE
from autotune.core.ledger.state import State
from autotune.core.tell.brief import brief
from autotune.core.tell.figures import effect_in_short, number, with_unit
from autotune.core.tell.snapshot import of_the_log
from autotune.core.trust.patterns import expression
from autotune.edges import git
from autotune.edges.clock import now
from autotune.loop.session import teaching
from autotune.loop.session.layout import HOOKS_SAID, IDEAS_FILE, NOTES_FILE, SESSION_FILES
from autotune.loop.session.session import Session

FILE = "hook.json"


def projection(session: Session) -> dict[str, Any]:
    """Give the session's snapshot as of its latest experiment (`as_of_s` is that time in seconds since 1970), and what hooks need besides.

    `tree` and `records` are absolute, `workdir` and `pinned` relative to `tree`, and `scope`, `narrowed` and `protect` match whole paths
    relative to `tree`.
    """
    state, config = session.state, session.state.config
    workdir, held = state.segment.opened.workdir, of_the_log(state)
    return {
        **held,
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
        "as_of_s": datetime.fromisoformat(held["as_of"]).timestamp(),
        "value": _value(state),
        "auto_resume": config.auto_resume,
        "stop_patience": PATIENCE,
        "brief": page(session),
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


def page(session: Session, *, supervised: bool = False) -> str:
    """Give the brief as it stands; `supervised` is for a proposer whose changes somebody else measures."""
    ideas, memory = _text(session.workdir / IDEAS_FILE), _text(session.workdir / NOTES_FILE)
    hooks, lessons = _text(session.folder.path / HOOKS_SAID), teaching.given(session.folder)
    return brief(session.state, now(), ideas, memory, lessons, hooks=hooks, supervised=supervised)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
