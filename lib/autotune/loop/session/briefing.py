"""The page that a proposer gets: the session's state, with what people and agents wrote beside it."""

from __future__ import annotations

from autotune.core.tell.brief import brief
from autotune.edges.clock import now
from autotune.loop.session.layout import IDEAS_FILE, NOTES_FILE
from autotune.loop.session.session import Session


def page(session: Session, *, supervised: bool = False) -> str:
    """Give the brief as it stands; `supervised` is for a proposer whose changes somebody else measures."""
    return brief(session.state, now(), _text(session, IDEAS_FILE), _text(session, NOTES_FILE), supervised=supervised)


def _text(session: Session, name: str) -> str:
    path = session.workdir / name
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
