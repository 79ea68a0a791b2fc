"""The loop by itself: any program that edits the working tree proposes, until a stop rule holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from autotune.core.facts import Fact, Kind, naming, quoted, refused
from autotune.core.ledger.events import Charged, Paused, Stopped
from autotune.core.ledger.state import unnamed
from autotune.core.ledger.stopping import Limit, limits_reached, second_look
from autotune.core.output.metrics import MetricReader
from autotune.core.output.outcome import cost_of, useful_end
from autotune.edges import git, locks, process, rights, tree
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.candidate.candidate import look
from autotune.loop.candidate.copied import Copied
from autotune.loop.candidate.returning import OvertakenError
from autotune.loop.candidate.tried import Repeats
from autotune.loop.experiment import experiment, occasions, work
from autotune.loop.measure import calibrating, quiet, recording
from autotune.loop.session import feed, files, logs, projection, sessions
from autotune.loop.session.session import Say, Session

LONGEST_DESCRIPTION = 2000
LOOP_LOCK = "loop"  # in the session's folder: held by whoever has a program propose
EMPTY_HANDED = 3  # proposals in a row without a change, after which the proposer counts as out of ideas
_POLL_S = 0.2
_GRACE_S = 5.0
_SAID_KEPT = 600  # characters of what a proposer printed that a reason repeats


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a proposer said, and how it ended: `log` has all that it printed, `said` what of that may tell why it failed.

    `heard` is whether it complained on stderr, which was passed on. `in_time` is false where it was still at work when the time of the
    session was up, and was ended.
    """

    description: str
    exit_code: int
    log: str
    said: str
    heard: bool
    in_time: bool = True


def propose_until_done(session: Session, command: str, say: Say) -> None:
    """Have `command` propose, and measure, until the session stands still.

    The proposer runs in the session's working directory with the brief on its standard input and in the file that AUTOTUNE_BRIEF names;
    the last line that it prints describes its change. One that fails, or changes nothing, three times in a row pauses the session. One that
    is at work when `max_wall_time` is over is ended.
    Where nothing better is to do, and the machine is quiet, inconclusive experiments are looked at again. Raises `AutotuneError` where
    another process does the same: two proposers would edit the same files.
    """
    with _alone(session, LOOP_LOCK, "autotune start"):
        _refuse_another(session, feed.PROPOSING_LOCK)  # a loop of an older version holds no other
        _propose_until_done(session, command, say)


@contextmanager
def _alone(session: Session, lock: str, what: str) -> Iterator[None]:
    """Hold a lock of the session. Raises `AutotuneError` where another process does."""
    _refuse_another(session, lock)
    with locks.hold(session.folder.path / lock, what):
        yield


def _refuse_another(session: Session, lock: str) -> None:
    if (other := locks.holder(session.folder.path / lock)) is not None:
        raise AutotuneError(
            f"Another program proposes in session {session.name} already: {other}.",
            "`autotune dashboard --watch` shows it and `autotune stop` ends it; two at once would mix their edits",
        )


def _propose_until_done(session: Session, command: str, say: Say) -> None:
    empty_handed = 0
    given_up: set[int] = set()
    copied = Copied(session)
    say = session.say = _only_new(say)
    calibrating.warn(session)
    while bring_on(session, say):
        if _look_again(session, say, given_up, idle=empty_handed > 0):
            continue
        problem, unsaid = _turn(session, command, say, copied) or (None, None)
        empty_handed = empty_handed + 1 if problem else 0
        if problem:
            say(Fact(Kind.EMPTY_HANDED, {"times": empty_handed, "most": EMPTY_HANDED}, unsaid))
            stop_if_asked(session)
        if empty_handed == EMPTY_HANDED and session.state.ended is None:
            session.append(Paused(reason=Fact(Kind.OUT_OF_IDEAS, {"proposals": EMPTY_HANDED}, problem), timestamp=now()))
        _pause_elsewhere(session)
    occasions.tell(session)
    if sessions.elsewhere(session) is None:
        files.project(session)


def _turn(session: Session, command: str, say: Say, copied: Copied) -> tuple[Fact, Fact] | None:
    """Have the program propose once, and measure that; gives what was wrong with it, and what of that was not said yet."""
    session.going_on(Kind.PROPOSING, experiment=session.state.count + 1)
    copied.bring_up()
    with _alone(session, feed.PROPOSING_LOCK, "proposing"):  # seen by whoever looks
        proposal = _propose(session, command)
    session.refresh()
    copied.tell()
    _pause_elsewhere(session)
    if session.state.ended is not None:
        return None
    _open_up(session)
    if not proposal.in_time:
        if look(session).differs:
            experiment.put_aside(session, Fact(Kind.PROPOSER_OUT_OF_TIME))
        return None
    problem = _problem(session, proposal) or _try(session, proposal.description, say)
    if problem is None:
        return None
    said = ("said", "log") if proposal.heard else ()
    return problem, Fact(problem.kind, {name: value for name, value in problem.figures.items() if name not in said})


def _pause_elsewhere(session: Session) -> None:
    """Pause where the session's branch is not checked out any more, whoever did that: nobody is there to put it right."""
    if session.state.ended is None and (where := sessions.elsewhere(session)) is not None:
        session.append(Paused(reason=where, timestamp=now()))


def _only_new(say: Say) -> Say:
    """Say of the files that are left alone only those not named before, and once that the machine is busy: verdicts say it too."""
    named: set[str] = set()
    busy = False

    def say_new(fact: Fact) -> None:
        nonlocal busy
        if fact.kind is Kind.STAYED_BUSY:
            if busy:
                return
            busy = True
        if fact.kind is Kind.OUT_OF_SCOPE:
            new = [path for path in fact.figures["paths"] if path not in named]
            named.update(new)
            if not new:
                return
            fact = naming(fact.kind, new)
        say(fact)

    return say_new


def stop_if_asked(session: Session) -> None:
    """Stop where a stop waits for an experiment that nobody works on any more."""
    session.refresh()
    asked = session.state.stop_asked
    if asked is not None and session.state.experiment is None:
        session.append(Stopped(reason=asked.reason, timestamp=now()))


def _look_again(session: Session, say: Say, given_up: set[int], *, idle: bool) -> bool:
    """Take the second look that is due, if one is; what cannot be brought back any more is added to `given_up`."""
    found = second_look(session.state, now(), idle=idle, given_up=given_up)
    if found is None or look(session).differs or not quiet.is_quiet(session):
        return False
    say(Fact(Kind.SECOND_LOOK, {"experiment": session.state.count + 1, "again": found.index, "description": found.description}))
    try:
        experiment.look_again(session, found.index, None, say)
    except OvertakenError:
        session.refresh()  # it does not wait any more, which was said
    except AutotuneError as error:
        given_up.add(found.index)
        session.refresh()
        if look(session).differs:
            experiment.put_aside(session, quoted(error.message.removesuffix(".")))
        say(refused(error))
    return True


def _open_up(session: Session) -> None:
    """Give back the rights that a proposer took away, where what differs could not be looked at, or not be taken back."""
    seen = (*git.tracked(session.top, session.state.incumbent), *tree.untracked(session.view))
    opened = rights.open_folders(session.top, seen)
    found = look(session)
    paths = (*found.paths, *found.refused)
    opened += (*rights.open_folders(session.top, paths, changed=True), *rights.open_files(session.top, paths))
    if opened:
        session.notice(naming(Kind.OPENED_UP, opened))


def _problem(session: Session, proposal: Proposal) -> Fact | None:
    """Say why there is nothing to measure; what a proposer that failed has changed is half a change, and is put aside."""
    printed = {"said": proposal.said, "log": proposal.log}
    if proposal.exit_code != 0:
        failed = {"code": proposal.exit_code}
        if look(session).differs:
            experiment.put_aside(session, Fact(Kind.PROPOSER_FAILED, failed))
        return Fact(Kind.PROPOSER_FAILED, {**failed, **printed})
    return None if look(session).differs else Fact(Kind.PROPOSER_IDLE, printed)


def bring_on(session: Session, say: Say) -> bool:
    """Wait for what is being measured, do what the loop does by itself, and give whether it is the proposer's turn."""
    compared = False
    while session.state.ended is None:
        work.wait(session, None, say)
        with work.changing(session, "carry on") as lock:
            if not compared and session.state.experiment is None and session.state.ended is None:
                recording.ask_for_rebaseline(session)
            compared = True
            before = session.position
            if not work.carry_on(session, lock):
                return session.state.ended is None
        work.wait_for_more(session, before, say)
    return False


def _try(session: Session, description: str, say: Say) -> Fact | None:
    """Measure the proposal; gives what was wrong with it where it was refused: nobody is there to mend it, so it is put aside."""
    say(Fact(Kind.PROPOSED, {"experiment": session.state.count + 1, "description": description}))
    try:
        experiment.measure(session, None, settles=True, description=description, repeats=Repeats.SAME_CHANGE_REFUSED, progress=say)
    except AutotuneError as refused:
        session.refresh()
        if session.state.ended is not None:
            return None
        why = quoted(refused.message.removesuffix("."))
        experiment.put_aside(session, why)
        return Fact(Kind.PROPOSAL_REFUSED, because=why)
    return None


def _propose(session: Session, command: str) -> Proposal:
    """Run the proposer; a stop of the session ends it, and so do the end of its time, an interrupt and the end of this process."""
    page = projection.page(session, supervised=True)
    path = session.folder.path / "brief.md"
    replace_file(path, page.encode())
    environment = {**os.environ, "AUTOTUNE_BRIEF": str(path), "AUTOTUNE_SESSION": session.name}
    number = session.state.count + 1
    base = session.folder.path / logs.of_proposer(number, logs.turns(session.folder.path, number) + 1)
    base.parent.mkdir(exist_ok=True)
    said, complained = base.with_suffix(".stdout"), base.with_suffix(".stderr")
    with said.open("wb") as output, complained.open("wb") as complaints, complained.open("rb") as heard:
        begun = process.started_guarded(
            command, cwd=session.workdir, environment=environment, given=path, said=output, complained=complaints
        )
        with begun as proposer, _ended_on_interrupt(proposer):
            code, in_time = _watched(session, proposer, heard)
    printed = said.read_bytes()
    _charge(session, printed, f"{base.relative_to(session.folder.path)}.stdout")
    kept = useful_end(printed + complained.read_bytes(), _SAID_KEPT)
    return Proposal(_last_line(printed) or unnamed(number), code, f"{base}.*", kept, bool(complained.stat().st_size), in_time)


def _charge(session: Session, printed: bytes, log: str) -> None:
    """Write down what a proposer printed as its cost."""
    reader = MetricReader()
    reader.feed(printed)
    cost_usd = cost_of(reader.close().samples, session.state.config.cost_metric)
    if cost_usd:
        session.refresh()
        session.append(Charged(cost_usd=cost_usd, log=log, timestamp=now()))


def _watched(session: Session, proposer: subprocess.Popen[bytes], heard: IO[bytes]) -> tuple[int, bool]:
    """Wait for a proposer's end, passing on what it complains of; gives its exit code, and whether it came before the time was up.

    A stop of the session ends it, and so does `max_wall_time`.
    """
    in_time = True
    while True:
        try:
            code = proposer.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            _pass_on(heard)
            session.refresh()
            in_time = Limit.MAX_WALL_TIME not in limits_reached(session.state, now())
            if session.state.ended is not None or not in_time:
                _end(proposer)
        else:
            _pass_on(heard)
            return code, in_time


def _pass_on(heard: IO[bytes]) -> None:
    sys.stderr.write(heard.read().decode(errors="replace"))
    sys.stderr.flush()


def _end(proposer: subprocess.Popen[bytes]) -> None:
    for one in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(proposer.pid, one)
            proposer.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            pass
        return


@contextmanager
def _ended_on_interrupt(proposer: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        _end(proposer)
        raise


def _last_line(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip() and not line.startswith("METRIC ")]
    return lines[-1][:LONGEST_DESCRIPTION] if lines else ""


def interrupted(session: Session) -> None:
    """Note that the person interrupted the loop: it stops, and nothing is lost."""
    session.refresh()
    if session.state.ended is None:
        session.append(Stopped(reason=Fact(Kind.STOPPED_BY_INTERRUPT), timestamp=now()))
    experiment.finish(session, 30.0)
    files.project(session)
