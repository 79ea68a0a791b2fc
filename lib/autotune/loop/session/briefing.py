"""The page that a proposer gets: the session's state, with what people and agents wrote beside it."""

from __future__ import annotations

from pathlib import Path

from autotune.core.tell.brief import brief
from autotune.edges.clock import now
from autotune.loop.session import teaching
from autotune.loop.session.layout import HOOKS_SAID, IDEAS_FILE, NOTES_FILE
from autotune.loop.session.session import Session


def page(session: Session, *, supervised: bool = False) -> str:
    """Give the brief as it stands; `supervised` is for a proposer whose changes somebody else measures."""
    ideas, memory = _text(session.workdir / IDEAS_FILE), _text(session.workdir / NOTES_FILE)
    hooks, lessons = _text(session.folder.path / HOOKS_SAID), teaching.given(session.folder)
    return brief(session.state, now(), ideas, memory, lessons, hooks=hooks, supervised=supervised)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
