"""Who does the work: a command for a moment, or a worker process of its own that outlives the command that started it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from autotune.core.codec import encode
from autotune.core.facts import GOING_ON, Fact, Kind, quoted
from autotune.core.ledger import settle
from autotune.core.ledger.events import Decided, Noticed, StopAsked, Stopped
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.state import Ending
from autotune.edges import background, commits, family, locks, process
from autotune.edges.clock import now
from autotune.edges.conditions import conditions
from autotune.edges.ledger import Position
from autotune.edges.locks import Lock
from autotune.errors import AutotuneError
from autotune.loop.candidate import candidate, lending
from autotune.loop.candidate.lending import borrowed
from autotune.loop.experiment import formatting, healing, occasions, settling
from autotune.loop.experiment.looking import moved_pins, where_the_branch_is, worker_of
from autotune.loop.measure import accounting
from autotune.loop.measure.measuring import compare, voided
from autotune.loop.measure.places import bench_for
from autotune.loop.measure.turns import Interrupted, Turn, alone
from autotune.loop.opening import opening
from autotune.loop.session import files, leftovers, sessions, settings
from autotune.loop.session.feed import PROPOSING_LOCK, WORKER_LOG, Feed
from autotune.loop.session.layout import Folder
from autotune.loop.session.session import Say, Session

COMMAND_WAITS_S = 5.0
_NOTICES = b'"type":"notice"'  # in lines of the ledger
SHORTEST_POLL_S, LONGEST_POLL_S = 0.002, 0.05  # of a short measurement nothing is waited away, a long one is left in peace


@contextmanager
def changing(session: Session, what: str) -> Iterator[Lock]:
    """Hold the session for a command that changes it, brought to where ledger and git agree; refuses while a worker has it."""
    with held(session, what) as lock:
        prepare(session)
        yield lock


@contextmanager
def held(session: Session, what: str) -> Iterator[Lock]:
    """Hold the session. Another command is waited for; a worker is not, for it may measure for hours."""
    refuse_while_measured(session.folder)
    with locks.hold(session.folder.lock, what, wait_s=COMMAND_WAITS_S, handed_on=True) as lock:
        session.refresh()
        session.mend()
        accounting.set_aside_forged(session)
        leftovers.clean_up(session)
        yield lock


def refuse_while_measured(folder: Folder) -> None:
    """Refuse while a worker has the session of a folder."""
    busy = locks.holder(folder.lock)
    if busy is not None and busy.worker:
        raise AutotuneError(
            f"Session {folder.name} is {busy.what} (process {busy.pid}, since {busy.since}).",
            "`autotune wait` waits for the result, `autotune cancel` ends it",
        )


def refuse_from_a_run(session: Session) -> None:
    """Refuse what a person or an agent may say at any time to a program that is being measured."""
    busy = worker_of(session)
    if family.within(busy.pid if busy is not None else None):
        raise AutotuneError("A run that autotune measures made this call, so it is refused.", "run it in a terminal of your own")


def prepare(session: Session) -> None:
    """Bring the session to where ledger, git and files agree, with the steps that the normal path takes. The session is held."""
    complete(session)
    files.guard(session)
    settings.take_in(session)
    agree(session)


def complete(session: Session) -> None:
    """Finish opening the session where that was cut off, and refuse to go on where its branch is not checked out."""
    if not session.state.opened:
        finished = opening.complete_opening(session.repository, session.name, session.say)
        session.repository, session.state, session.position = finished.repository, finished.state, finished.position
    lending.recover(session)
    sessions.require_branch(session)


def agree(session: Session) -> None:
    """Bring ledger and git together."""
    _put_branch_back(session)
    if (moved := moved_pins(session)) is not None:
        segment = session.state.segment.opened
        commits.set_ref(session.top, moved, segment.pins, f"what segment {segment.segment} is measured with")
        session.notice(Fact(Kind.PINS_PUT_BACK, {"ref": moved}))
    settling.finish(session)


def _put_branch_back(session: Session) -> None:
    """Where the branch is not at what is kept, put it back, with the files that nobody edited since.

    While the session stands still, commits on top of what is kept stay: a person may be about to hand the branch on.
    """
    if session.state.experiment is not None:
        return
    tip, incumbent = session.tip, session.state.incumbent
    if tip is None or tip == incumbent:
        return
    where, ahead = where_the_branch_is(session, tip), commits.is_ancestor(session.top, incumbent, tip)
    if ahead and session.state.ended is not None:
        session.say(Fact(Kind.COMMITS_STAY, because=where))
        return
    name = f"foreign-{tip[:12]}" if ahead else f"moved-{session.position.lines}"
    paths = settling.put_branch_back(session, tip, incumbent, name)
    figures = {"incumbent": incumbent[:12], "files": len(paths), "ref": session.folder.ref(name)}
    session.notice(Fact(Kind.BRANCH_PUT_BACK, figures, where))


def start(session: Session, lock: Lock, what: str) -> None:
    """Start a worker that measures what is open, settles it and does what the loop does by itself; it takes the lock over."""
    background.begin(partial(_work, session), lock, f"measuring ({what})", session.folder.path / WORKER_LOG)


def _work(session: Session) -> None:
    told: list[Fact] = []

    def asked_to_end(*_: object) -> None:
        told.append(Fact(Kind.CANCELLED))

    signal.signal(signal.SIGTERM, asked_to_end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    session.say = _say
    try:
        session.interrupted = lambda: told[0] if told else _stopped(session)
        _measure(session)
        _carry_on(session)
    except BaseException:
        traceback.print_exc()
        _bug_log(session).write_text(traceback.format_exc())
        raise
    finally:
        process.end_all()


def _bug_log(session: Session) -> Path:
    return session.folder.path / "bug.log"


def _say(fact: Fact) -> None:
    """Write a line of the worker's log, which whoever waits passes on."""
    sys.stdout.write(f"{json.dumps(encode(fact))}\n")
    sys.stdout.flush()


@contextmanager
def in_this_process(session: Session) -> Iterator[None]:
    """Let whoever looks at the session see what this command measures, and have it end where somebody stops the session meanwhile."""
    before, say = session.state.ended, session.say

    def stopped() -> Fact | None:
        why = _stopped(session)
        return why if session.state.ended != before else None

    with (session.folder.path / WORKER_LOG).open("w") as log:

        def both(fact: Fact) -> None:
            log.write(f"{json.dumps(encode(fact))}\n")
            log.flush()
            say(fact)

        session.interrupted, session.say = stopped, both
        try:
            yield
        finally:
            session.say = say


def _stopped(session: Session) -> Fact | None:
    session.refresh()
    return Fact(Kind.STOPPED_MEANWHILE) if session.state.ended is not None else None


def _measure(session: Session) -> None:
    experiment = session.state.experiment
    if experiment is None or experiment.verdict is not None:
        return
    try:
        occasions.before_experiment(session, experiment.number)
        with conditions(), alone(session, f"experiment {experiment.number}") as turn:
            verdict = formatting.rewritten(session, experiment) or _compared(session, turn)
    except Interrupted as interrupted:
        verdict = voided(session, Cause.NOT_MEASURED, Fact(Kind.NOT_MEASURED, because=interrupted.why))
    except AutotuneError as error:
        verdict = voided(session, Cause.ENVIRONMENT, Fact(Kind.NOT_MEASURED, because=quoted(error.message)))
    except Exception as bug:
        why = Fact(Kind.BUG, {"error": repr(bug), "log": str(_bug_log(session))})
        session.append(voided(session, Cause.NOT_MEASURED, Fact(Kind.NOT_MEASURED, because=why)))
        raise
    session.append(verdict)


def _compared(session: Session, turn: Turn) -> Decided:
    candidate = _candidate(session)
    with borrowed(session, *filter(None, [candidate])):
        return compare(session, bench_for(session, candidate), turn)


def _candidate(session: Session) -> str | None:
    return None if session.state.experiment is None else session.state.experiment.candidate


def _carry_on(session: Session) -> None:
    """Settle, heal and project. A refusal on the way (another branch, say) is left for the next command to tell."""
    with suppress(AutotuneError):
        sessions.require_branch(session)
        with _told():
            settling.bring_together(session)
            occasions.tell(session)
            healing.advance(session)
            occasions.tell(session)
    with suppress(AutotuneError), _told():
        files.project(session)


@contextmanager
def _told() -> Iterator[None]:
    """Say what stops a worker where that is no fault of autotune's."""
    try:
        with conditions():
            yield
    except AutotuneError as error:
        _say(Fact(Kind.WORKER_FAILED, because=quoted(error.message)))
        raise


def carry_on(session: Session, lock: Lock) -> bool:
    """Do what the loop does by itself now; gives whether a worker was started for it."""
    occasions.tell(session)
    if session.state.experiment is not None and settle.goes_on(session.state):
        start(session, lock, f"experiment {session.state.experiment.number}")
        return True
    if (what := healing.to_measure(session)) is not None:
        start(session, lock, what)
        return True
    healing.advance(session)
    occasions.tell(session)
    files.project(session)
    return False


def wait(session: Session, wait_s: float | None, progress: Say | None = None) -> bool:
    """Wait until no worker has the session, `wait_s` seconds at most; gives whether none has any more.

    What it says is passed on to `progress`; what goes on, and what it notices, is said in any case.
    """
    watched, end = Feed(session), None if wait_s is None else time.monotonic() + wait_s
    pause_s = SHORTEST_POLL_S
    if worker_of(session) is None:
        session.refresh()
        return True
    while (busy := worker_of(session)) is not None and (end is None or time.monotonic() < end):
        _pass_on(watched, session, progress)
        time.sleep(pause_s)
        pause_s = min(1.1 * pause_s, LONGEST_POLL_S)
    _pass_on(watched, session, progress)
    for event in watched.news(_NOTICES):
        if progress is None and isinstance(event, Noticed):
            session.say(event.found)
    return busy is None


def wait_for_more(session: Session, before: Position, progress: Say | None = None) -> None:
    """Wait for what the loop does by itself. Raises `AutotuneError` where the ledger has come no further than `before`."""
    wait(session, None, progress)
    if session.position == before:
        raise AutotuneError("The background worker ended without a result.", f"{session.folder.path / WORKER_LOG} has its last words")


def _pass_on(watched: Feed, session: Session, progress: Say | None) -> None:
    for fact in watched.words():
        if progress is not None:
            progress(fact)
        elif fact.kind in GOING_ON:
            session.say(fact)


def cancel(session: Session) -> bool:
    """End the running measurement; gives whether there was one."""
    busy = worker_of(session)
    if busy is None:
        return False
    if busy.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(busy.pid, signal.SIGTERM)
    return True


def stop(session: Session, reason: Fact) -> None:
    """Stop the session. A measurement ends as not measured; edits that nobody measured stay in the working tree."""
    if session.state.ended is None or session.state.ended.ending is not Ending.STOPPED:
        session.append(Stopped(reason=reason, timestamp=now()))


def stop_after_current(session: Session, reason: Fact) -> int | None:
    """Stop the session once what is under way has settled; gives after which experiment, None where it stops at once.

    Under way is what is measured, and what differs in scope or is being proposed and will be measured next.
    """
    state = session.state
    proposed = (
        state.experiment is not None
        or locks.holder(session.folder.path / PROPOSING_LOCK) is not None
        or bool(candidate.look(session).candidate)
    )
    after = state.count + proposed
    if state.ended is not None or (not proposed and worker_of(session) is None):
        stop(session, reason)
        return None
    if state.stop_asked is None:
        session.append(StopAsked(after=after, reason=reason, timestamp=now()))
    return after if state.stop_asked is None else state.stop_asked.after
