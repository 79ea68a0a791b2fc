"""What a session hands over: the commits of its branch, each with what the log knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autotune.core.facts import Fact
from autotune.core.findings import Answer
from autotune.core.handover.hunks import Hunks, hunks_of
from autotune.core.handover.plan import Change
from autotune.core.ledger.state import Row
from autotune.core.model import Status
from autotune.edges import branches, commits, git
from autotune.errors import AutotuneError
from autotune.loop.session import feed
from autotune.loop.session.session import Session

_TRAILER = "Autotune-Experiment: "


@dataclass(frozen=True, slots=True)
class Gathered:
    """The session's commits from `base`, where it opened, to `tip`, as changes in order; `rows` are its keeps by their numbers."""

    base: str
    tip: str
    changes: tuple[Change, ...]
    rows: Mapping[int, Row]


def gather(session: Session) -> Gathered:
    """Give what there is to hand over; raises `AutotuneError` where that is nothing, or does not go back to where the session opened."""
    base, tip = session.state.first, _tip(session)
    rows = {row.index: row for row in feed.rows(session) if row.status is Status.KEEP}
    by_commit = {row.commit: number for number, row in rows.items()}
    changes: list[Change] = []
    for commit in branches.history(session.top, base, tip):
        number = by_commit.get(commit, _number_said(session, commit))
        known = number is not None and all(one.number != number for one in changes)
        changes.append(_change(session, commit, rows.get(number) if known and number is not None else None))
    if not changes:
        raise AutotuneError("Nothing has been kept, so there is nothing to hand over.", "`autotune explain` says how the session stands")
    return Gathered(base, tip, tuple(changes), rows)


def _tip(session: Session) -> str:
    """Give what the session's branch is at: of a session that stands still as a person left it, else what is kept."""
    kept, first, tip = session.state.incumbent, session.state.first, session.tip
    if tip is None or tip == kept:
        return kept
    if session.state.ended is None:
        session.say(Fact(Answer.ONLY_WHAT_IS_KEPT, {"branch": session.branch, "tip": tip[:12]}))
        return kept
    if not commits.is_ancestor(session.top, first, tip):
        raise AutotuneError(
            f"{session.branch} no longer goes back to {first[:12]}, where the session opened.",
            f"point it at what is kept: `git update-ref refs/heads/{session.branch} {kept}`, or hand the branch over as it is",
        )
    return tip


def _number_said(session: Session, commit: str) -> int | None:
    """Give the experiment that a commit's own trailer names, where somebody made it anew (a rebase, say)."""
    said = next((line for line in commits.message(session.top, commit).splitlines() if line.startswith(_TRAILER)), "")
    name, _, number = said.removeprefix(_TRAILER).rpartition("/")
    return int(number) if name == session.name and number.isdecimal() else None


def _change(session: Session, commit: str, row: Row | None) -> Change:
    before = commits.parents(session.top, commit)[0]
    touched = {path: _hunks(session, *sides) for path, sides in git.changed(session.top, before, commit).items()}
    title = commits.message(session.top, commit).strip().partition("\n")[0] if row is None else row.description.strip().partition("\n")[0]
    topic = (row.asi or {}).get("topic") if row is not None else None
    return Change(commit, None if row is None else row.index, title, touched, topic if isinstance(topic, str) and topic.strip() else None)


def _hunks(session: Session, before: tuple[str, str] | None, after: tuple[str, str] | None) -> Hunks:
    if before is None or after is None or before[0] != after[0] or not before[0].startswith("100"):
        return None
    return hunks_of(branches.lines_changed(session.top, before[1], after[1]))
