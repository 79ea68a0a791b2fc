"""What is done at a session's occasions, outside of every measurement: your own hooks run, and a notification is sent, each once."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import Any

from autotune.core.codec import decode, encode
from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.lines import from_line
from autotune.core.ledger.occasions import ENDS, MARKS, Heard, Occasion, Told, heard
from autotune.core.tell.snapshot import notification, snapshot
from autotune.edges import ledger, locks, process
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.edges.ledger import Position
from autotune.errors import AutotuneError
from autotune.loop.experiment import own_hooks
from autotune.loop.experiment.own_hooks import OwnHook
from autotune.loop.measure.turns import alone
from autotune.loop.session.layout import HOOKS_SAID
from autotune.loop.session.session import Session

FILE = "occasions.json"  # in the session's folder: how far the log was gone through, and what hooks printed last
LOCK = "telling"
_POSTING = Path(process.__file__).with_name("posting.py")  # not imported: no other command needs what it imports
_SENT_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """How far the log was gone through, and before which experiment hooks ran last; `said` is what each hook printed last."""

    position: Position = field(default_factory=Position)
    heard: Heard = field(default_factory=Heard)
    before: int = 0
    said: tuple[tuple[str, str], ...] = ()


def before_experiment(session: Session, number: int) -> None:
    """Run the hooks that are for before an experiment, once for each."""
    with _turn(session) as hooks:
        if not hooks or (seen := _seen(session)).before >= number:
            return
        _write(session, replace(seen, before=number))
        _run(session, hooks, Told(Occasion.BEFORE_EXPERIMENT, now(), number))


def tell(session: Session) -> None:
    """Run the hooks, and send the notification, for what has come to the log since.

    That it was done is written down before it is: what a kill cuts off is not done twice. A failure is one notice, and no more.
    """
    with _turn(session) as hooks:
        if hooks is None:
            return
        for told, notifies in _news(session):
            _run(session, hooks, told)
            if notifies and told.occasion in ENDS:
                _notify(session, told.occasion)


@contextmanager
def _turn(session: Session) -> Iterator[tuple[OwnHook, ...] | None]:
    """Give the hooks of a session's repository; None where there is nothing to tell, or somebody else is at it."""
    try:
        hooks = own_hooks.pinned(session.repository)
    except AutotuneError as problem:
        _notice(session, Fact(Kind.OWN_HOOK_FAILED, {"hook": "hooks"}, quoted(problem.message)))
        hooks = ()
    if not hooks and not session.state.config.notify:
        yield None
        return
    lock = locks.taken(session.folder.path / LOCK)
    try:
        yield None if lock is None else hooks
    finally:
        if lock is not None:
            lock.release()


def _news(session: Session) -> Iterator[tuple[Told, bool]]:
    """Give the occasions that came since, each with whether a notification was set then; how far was gone is written before each."""
    seen = _seen(session)
    for line, reached in ledger.read(session.folder.ledger, seen.position, *MARKS):
        if (event := from_line(line)) is not None:
            known, occasions = heard(seen.heard, event)
            seen = replace(seen, heard=known, position=reached)
            if occasions:
                _write(session, replace(_seen(session), heard=known, position=reached))
            yield from ((told, known.notifies) for told in occasions)
    _write(session, replace(_seen(session), heard=seen.heard, position=seen.position))


def _run(session: Session, hooks: Sequence[OwnHook], told: Told) -> None:
    """Run the hooks of an occasion that were added before it."""
    for hook in hooks:
        if hook.occasion is not told.occasion or hook.since > told.timestamp:
            continue
        with _undisturbing(session):
            said, problem = own_hooks.run(session, hook, _payload(session, told))
        if problem is not None:
            _notice(session, problem)
        if said.strip():
            _remember(session, hook, told, said)


def _payload(session: Session, told: Told) -> dict[str, Any]:
    session.refresh()
    state = session.state
    row = next((one for one in state.recent.rows if one.index == told.experiment), None)
    return {
        "event": told.occasion,
        "experiment": told.experiment,
        "result": None if row is None else encode(row),
        "session": snapshot(state, now()),
    }


@contextmanager
def _undisturbing(session: Session) -> Iterator[None]:
    """Have the machine while a hook runs, wherever a measurement would be disturbed; who stops the session does not end that."""
    before, session.interrupted = session.interrupted, lambda: None
    try:
        with alone(session, "a hook"):
            yield
    finally:
        session.interrupted = before


def _remember(session: Session, hook: OwnHook, told: Told, said: str) -> None:
    """Keep what a hook printed last, for the brief."""
    where = hook.called if told.experiment is None else f"{hook.called}, experiment {told.experiment}"
    seen = _seen(session)
    kept = (*(one for one in seen.said if one[0] != hook.called), (hook.called, f"{where}:\n{said}"))
    _write(session, replace(seen, said=kept))
    replace_file(session.folder.path / HOOKS_SAID, "\n".join(text for _, text in kept).encode())


# The notification


def _notify(session: Session, occasion: Occasion) -> None:
    target, message = session.state.config.notify, notification(session.state, occasion)
    command, limit_s = _sending(target, message["text"])
    if command is None:
        _notice(session, Fact(Kind.NOTIFY_FAILED, because=Fact(Kind.NO_NOTIFIER)))
        return
    try:
        with _undisturbing(session):
            done = own_hooks.executed(session, "notify", command, message, limit_s)
        why = own_hooks.failure(done)
    except AutotuneError as problem:
        why = quoted(problem.message)
    if why is not None:
        _notice(session, Fact(Kind.NOTIFY_FAILED, because=why))


def _sending(target: str, text: str) -> tuple[str | None, float]:
    """Give the command that sends a message, which it has on its standard input too, and how long it may take, in seconds."""
    if target.startswith("https://"):
        return f"{quote(sys.executable)} -I {quote(str(_POSTING))} {quote(target)}", _SENT_WITHIN_S
    if target != "desktop":
        return f"/bin/sh -c {quote(target)}", own_hooks.LIMIT_S
    if shutil.which("notify-send"):
        return f"notify-send autotune {quote(text)}", _SENT_WITHIN_S
    if shutil.which("osascript"):
        return f"osascript -e {quote(f'display notification {json.dumps(text)}')}", _SENT_WITHIN_S
    return None, 0.0


# What is written down


def _notice(session: Session, found: Fact) -> None:
    """Say what went wrong, once: not again while it stands among the latest notices."""
    session.refresh()
    if found not in [notice.found for notice in session.state.recent.notices]:
        session.notice(found)


def _seen(session: Session) -> _Seen:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return decode(_Seen, json.loads((session.folder.path / FILE).read_bytes()))
    return _Seen()


def _write(session: Session, seen: _Seen) -> None:
    replace_file(session.folder.path / FILE, json.dumps(encode(seen)).encode())
