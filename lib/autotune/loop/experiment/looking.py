"""What a command that only looks has to know: who has the session, and what is astray in it. Nothing that measures is imported for it."""

from __future__ import annotations

from contextlib import suppress

from autotune.core.facts import Fact, Kind, quoted, refused
from autotune.edges import commits, git, locks
from autotune.edges.locks import Holder
from autotune.errors import AutotuneError
from autotune.loop.candidate import lending
from autotune.loop.experiment import own_hooks
from autotune.loop.session import files, sessions
from autotune.loop.session.session import Session


def worker_of(session: Session) -> Holder | None:
    """Tell which worker has the session, if one has."""
    holder = locks.holder(session.folder.lock)
    return holder if holder is not None and holder.worker else None


def glance(session: Session) -> None:
    """For a command that only looks: put back what of the session's files is gone, and say what became of its branch and its benchmark.

    Whoever has the session is not disturbed: then it is only said. So it is of an edit of the benchmark, which a person may be about to
    accept.
    """
    if not session.state.opened:
        return
    _name_changed_hooks(session)
    if (where := sessions.elsewhere(session)) is not None:
        session.say(where)
        if lending.is_lent(session):
            session.say(lending.waiting(session))
        return
    _look_for_lent(session)
    if session.state.experiment is None and (tip := session.tip) not in (None, session.state.incumbent):
        session.say(Fact(Kind.BRANCH_ASTRAY, {"branch": session.branch, "tip": str(tip)[:12]}, where_the_branch_is(session, str(tip))))
    if (moved := moved_pins(session)) is not None:
        session.say(Fact(Kind.PINS_ASTRAY, {"ref": moved}))
    try:
        found, edited = files.amiss(session), files.edited_scripts(session)
    except AutotuneError as error:
        session.say(Fact(Kind.PINS_UNREADABLE, because=quoted(error.message)))
        return
    if edited:
        session.say(Fact(Kind.BENCHMARK_EDITED, {"names": list(edited)}))
    if not found:
        return
    try:
        with locks.hold(session.folder.lock, "look", wait_s=0):
            session.refresh()
            files.guard(session, edits=False)
            files.project(session)
    except AutotuneError:
        session.say(Fact(Kind.FILES_AMISS, {"names": list(found)}))


def _look_for_lent(session: Session) -> None:
    """Give the checkout back where a measurement in it was cut off, and nobody has the session."""
    if not lending.is_lent(session) or locks.holder(session.folder.lock) is not None:
        return
    try:
        with locks.hold(session.folder.lock, "look", wait_s=0):
            session.refresh()
            lending.recover(session)
    except AutotuneError as error:
        session.say(refused(error))


def _name_changed_hooks(session: Session) -> None:
    changed: tuple[str, ...] = ()
    with suppress(AutotuneError):  # the list of hooks cannot be read: whoever runs one says so
        changed = own_hooks.changed(session.repository)
    for name in changed:
        session.say(Fact(Kind.OWN_HOOK_CHANGED, {"hook": name}))


def moved_pins(session: Session) -> str | None:
    """Name the ref that keeps what the segment is measured with, where it points elsewhere or is gone."""
    segment = session.state.segment.opened
    name = session.folder.ref(f"pins-{segment.segment}")
    return name if git.resolve(session.top, name) != segment.pins else None


def where_the_branch_is(session: Session, tip: str) -> Fact:
    """Say what the branch points at in place of what is kept."""
    incumbent = session.state.incumbent
    if not commits.is_ancestor(session.top, incumbent, tip):
        return Fact(Kind.BRANCH_MOVED, {"tip": tip[:12]})
    count = int(git.tell(session.top, "rev-list", "--count", f"{incumbent}..{tip}").text)
    return Fact(Kind.FOREIGN_COMMITS, {"branch": session.branch, "commits": count, "tip": tip[:12]})
