"""One experiment from a command's side: take the candidate, have it measured, wait, settle."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import CandidateTaken, Described, Restored
from autotune.core.ledger.purposes import Cause
from autotune.core.ledger.settle import goes_on
from autotune.core.ledger.stopping import next_action
from autotune.core.model import Outcome
from autotune.core.tell.words import told
from autotune.edges import signals
from autotune.edges.clock import now
from autotune.errors import AutotuneError, EndedError
from autotune.loop.candidate import candidate, lending, returning
from autotune.loop.candidate.tried import Repeats, weigh
from autotune.loop.experiment import work
from autotune.loop.experiment.looking import worker_of
from autotune.loop.measure import recording
from autotune.loop.session import files
from autotune.loop.session.session import Say, Session

Progress = Say | None
_CANCELLED_WITHIN_S = 30.0


def measure(  # noqa: PLR0913 - what a person says of an experiment, each by itself
    session: Session,
    wait_s: float | None,
    *,
    settles: bool,
    description: str | None = None,
    asi: Mapping[str, Any] | None = None,
    force: bool = False,
    again: int | None = None,
    repeats: Repeats = Repeats.MEASURED,
    progress: Progress = None,
) -> int:
    """Take what differs in scope as the candidate and have it measured; waits up to `wait_s` seconds and gives the experiment's number.

    With `again`, the changes of that experiment are brought back first. Raises `AutotuneError` where the session stands still, where an
    experiment is open, or where there is nothing to measure; `TriedError` where the same was tried before and `repeats` refuses that.
    """
    weighed = partial(weigh, session, repeats, description)
    taken = partial(CandidateTaken, settles=settles, description=description, asi=asi, force=force, again=again)
    edited = files.edited_scripts(session)
    while True:
        with work.changing(session, "measure") as lock:
            refuse_ended(session)
            if edited:
                raise AutotuneError(
                    f"The candidate is refused: {' and '.join(edited)} decide{'s' if len(edited) == 1 else ''} what is measured.",
                    "it was put back: try again to measure the rest. The user changes it with `autotune rebaseline --accept`",
                )
            if session.state.experiment is not None and session.state.experiment.verdict is not None:
                raise AutotuneError(
                    f"Experiment {session.state.experiment.number} is measured and waits for its description.",
                    "settle it first: `autotune log --description TEXT`",
                )
            if not work.carry_on(session, lock):
                refuse_ended(session)
                recording.refuse_changed(session)
                if again is not None:
                    returning.bring_back(session, again)
                found = candidate.take(session, taken, weighed)
                if found.outside:
                    session.say(Fact(Kind.OUT_OF_SCOPE, {"paths": list(found.outside[:1000]), "all": len(found.outside)}))
                work.start(session, lock, f"experiment {session.state.count + 1}")
                break
        work.wait_for_more(session, session.position, progress)
    number = session.state.count + 1
    finish(session, wait_s, progress)
    return number


def look_again(session: Session, number: int | None, wait_s: float | None, progress: Progress = None) -> int:
    """Measure an inconclusive experiment's changes afresh, the first that waits where none is named; gives the second look's own number.

    What a keep has overtaken does not wait any more. Raises `AutotuneError` where an experiment does not wait for a second look, and as
    `measure` does.
    """
    waiting = {row.index: row for row in session.state.recent.second_looks}
    first = next(iter(waiting), None) if number is None else number
    if first not in waiting:
        which = "No experiment waits" if number is None else f"Experiment {number} does not wait"
        once = "inconclusive experiments wait for one, once each" if session.state.scores is None else "the same cases would say the same"
        others = f"{', '.join(map(str, waiting))} wait for one" if waiting else once
        raise AutotuneError(f"{which} for a second look.", f"{others}; `autotune restore N` opens the changes of any")
    found = waiting[first]
    try:
        return measure(session, wait_s, settles=True, description=found.description, asi=found.asi, again=found.index, progress=progress)
    except returning.OvertakenError as error:
        with work.changing(session, "look again"):
            session.notice(Fact(Kind.OVERTAKEN, {"experiment": found.index}, quoted(error.message)))
        if number is not None or len(waiting) == 1:
            raise
    return look_again(session, None, wait_s, progress)


def describe(session: Session, wait_s: float | None, description: str, asi: Mapping[str, Any] | None, *, discard: bool, force: bool) -> int:
    """Give the measured experiment its words and settle it; gives its number."""
    with work.changing(session, "log") as lock:
        experiment = session.state.experiment
        if experiment is None or experiment.verdict is None:
            raise AutotuneError(
                "No measured experiment waits to be logged.", "measure one with `autotune run`, or both at once with `autotune try`"
            )
        if force and experiment.verdict.outcome is not Outcome.OK:
            raise AutotuneError(
                f"Experiment {experiment.number} ended as {experiment.verdict.outcome or 'not measured'}; only what passed can be forced.",
                "log it without --force",
            )
        words = Described(experiment.number, description, now(), asi, discard=discard, force=force)
        session.append(words)
        work.agree(session)
        work.carry_on(session, lock)
    work.wait(session, wait_s)
    return experiment.number


def wait_and_settle(session: Session, wait_s: float | None) -> int | None:
    """Wait for whatever is running, then settle what can be, and have the loop do what it does by itself.

    Gives the number of the experiment that was open, or settled last.
    """
    open_before = session.state.experiment
    until = None if wait_s is None else time.monotonic() + wait_s
    if finish(session, wait_s) and next_action(session.state, now()) is not None:
        with work.changing(session, "carry on") as lock:
            work.carry_on(session, lock)
        work.wait(session, _left_s(until))
    if open_before is not None:
        return open_before.number
    return session.state.count or None


@contextmanager
def attended(session: Session, *, cancels: bool = False) -> Iterator[None]:
    """While a command waits for a measurement: what ends the command leaves that on. With `cancels`, Ctrl-C at a terminal ends it as well.

    Raises `EndedError`, which says what became of it.
    """
    try:
        with signals.told_to_end():
            yield
    except signals.ToldToEndError as told_to:
        session.refresh()
        if cancels and told_to.number == signal.SIGINT and sys.stdin.isatty() and session.state.experiment is not None:
            raise EndedError(*_cancelled(session, session.state.experiment.number), told_to.number) from None
        if worker_of(session) is None:
            raise EndedError("Interrupted.", "the next command finishes what was begun", told_to.number) from None
        waiting = "`autotune wait` waits for the result, `autotune cancel` ends it"
        raise EndedError("This command has ended; the measurement goes on by itself.", waiting, told_to.number) from None


def _cancelled(session: Session, number: int) -> tuple[str, str]:
    """End the measurement and have its edits in the checkout again; says what became of it."""
    work.cancel(session)
    wait_and_settle(session, _CANCELLED_WITHIN_S)
    experiment = session.state.experiment
    if experiment is not None and experiment.verdict is not None and not experiment.may_settle:
        describe(session, _CANCELLED_WITHIN_S, experiment.called, None, discard=True, force=False)
    row = next((one for one in session.state.recent.rows if one.index == number), None)
    if row is None:
        return f"Experiment {number} could not be ended yet.", "`autotune wait` waits for it, `autotune status` says how the session stands"
    if row.cause is not Cause.NOT_MEASURED:
        return f"Experiment {number} was measured before it could be cancelled: {row.status}.", f"`autotune explain {number}` says why"
    bring_back(session, number)
    return (
        f"Cancelled: experiment {number} was not measured, and its changes are open again.",
        "`autotune try --description TEXT` measures them",
    )


def bring_back(session: Session, number: int) -> tuple[str, ...]:
    """Make the changes of an earlier experiment the open candidate; gives the files."""
    with work.changing(session, "restore"):
        if session.state.experiment is not None:
            opened = session.state.experiment.number
            raise AutotuneError(f"Experiment {opened} is open.", "settle it first: `autotune log --description TEXT`")
        paths = returning.bring_back(session, number)
        session.append(Restored(experiment=number, timestamp=now()))
    return paths


def finish(session: Session, wait_s: float | None, progress: Progress = None) -> bool:
    """Wait for whoever works on the session, take the steps that are left, as any command does first, and wait for what follows of them.

    A comparison on cases that goes on is waited for to its end. Gives whether nobody works on the session any more.
    """
    until = None if wait_s is None else time.monotonic() + wait_s
    if not work.wait(session, wait_s, progress):
        return False
    if worker_of(session) is not None or not _unsettled(session):
        return True
    with work.changing(session, "settle") as lock:
        went_on = goes_on(session.state)
        begun = work.carry_on(session, lock)
    return not begun or work.wait(session, None if went_on else _left_s(until), progress)


def _left_s(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - time.monotonic())


def _unsettled(session: Session) -> bool:
    experiment = session.state.experiment
    if not session.state.opened or lending.is_lent(session):
        return True
    return experiment is not None and (experiment.verdict is None or experiment.may_settle)


def refuse_ended(session: Session) -> None:
    """Refuse to begin an experiment while the session stands still."""
    ended = session.state.ended
    if ended is not None:
        raise AutotuneError(
            f"Session {session.name} is {ended.ending}: {told(ended.reason).removesuffix('.')}.",
            "the user goes on with `autotune resume` (or `autotune repair`); `autotune explain` says more",
        )


def drop(session: Session, why: str) -> bool:
    """Take back what is open and was not measured, kept under refs/autotune first; gives whether there was anything."""
    with work.changing(session, "log"):
        if session.state.experiment is not None or not candidate.look(session).differs:
            return False
        returning.set_aside(session, quoted(why.removesuffix(".")), Kind.CANDIDATE_GIVEN_UP)
        files.project(session)
        return True


def put_aside(session: Session, why: Fact) -> None:
    """Take back what differs, out of scope too as far as it was not the user's, with all of it kept under refs/autotune first."""
    with work.changing(session, "set aside"):
        returning.set_aside(session, why)
