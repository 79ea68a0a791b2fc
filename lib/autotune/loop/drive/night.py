"""A night as a client is kept at work: what is known of it, and its books."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from autotune.core.facts import GOING_ON, Fact
from autotune.core.health.supervision import (
    Books,
    Streak,
)
from autotune.core.tell.words import told
from autotune.edges.client import Transcripts
from autotune.edges.clock import now
from autotune.loop.experiment.looking import worker_of
from autotune.loop.session.feed import Feed
from autotune.loop.session.layout import CLIENT_LOG
from autotune.loop.session.session import Say, Session


@dataclass(slots=True)
class Night:
    """A supervised stretch of work. Without a session the agent sets one up first, seen from `folder`."""

    folder: Path
    session: Session | None
    goal: str
    arguments: tuple[str, ...]
    tell: Say
    client: str | None = None
    books: Books = field(default_factory=Books)
    standing: Streak = field(default_factory=Streak)
    transcripts: Transcripts = field(default_factory=Transcripts)
    feed: Feed | None = None
    fresh_at: int = 0  # experiments when the present context began
    still_since: float | None = None
    known: tuple[str, ...] = ()
    doing: Fact | None = None
    unlogged: list[str] = field(default_factory=list)

    def say(self, fact: Fact) -> None:
        """Tell the terminal, and the log in the session's folder."""
        with suppress(OSError):  # the terminal may be gone by the morning
            self.tell(fact)
        if fact.kind in GOING_ON:
            return
        self.unlogged.append(f"{now()} {told(fact)}\n")
        if self.session is not None:
            with (self.session.folder.path / CLIENT_LOG).open("a", encoding="utf-8") as log:
                log.writelines(self.unlogged)
            self.unlogged.clear()

    @property
    def begun(self) -> int:
        """How many experiments have begun."""
        if self.session is None:
            return 0
        self.session.refresh()
        return self.session.state.count + (self.session.state.experiment is not None)

    @property
    def measuring(self) -> bool:
        """Whether a worker measures."""
        return self.session is not None and worker_of(self.session) is not None
