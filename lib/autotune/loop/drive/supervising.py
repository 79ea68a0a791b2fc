"""A client kept at work through a night: started, listened to, started again, within money, tokens and whatever stop rule holds."""

from __future__ import annotations

import queue
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from autotune.core.codec import mapping_in
from autotune.core.facts import Fact, Kind
from autotune.core.health.supervision import (
    PATIENCE,
    ClientEnding,
    Follow,
    Heard,
    How,
    Move,
    Usage,
    client_gone,
    ending_of,
    hear,
    heard_words,
    next_step,
    over_budget,
)
from autotune.core.ledger.events import Finished, Paused, Result, Spent
from autotune.core.ledger.stopping import Action, next_action
from autotune.core.tell import pages
from autotune.core.tell.words import told
from autotune.edges.client import AGENT, ENDS_WITHIN_S, Transcripts, client_command, end, end_of, lines, not_outliving, pipe
from autotune.edges.clock import now
from autotune.edges.signals import not_hung_up
from autotune.errors import AutotuneError
from autotune.loop.drive import proposing
from autotune.loop.drive.night import Night
from autotune.loop.experiment import experiment, occasions
from autotune.loop.measure import calibrating
from autotune.loop.session import files, layout, sessions
from autotune.loop.session.feed import Feed, going_on
from autotune.loop.session.layout import CLIENT_LOG
from autotune.loop.session.session import Say, Session
from autotune.version import ROOT

_POLL_S = 0.2
_LOOK_EVERY_S = 0.5
_OBEYS_WITHIN_S = 30.0  # so long may the agent take to end by itself when its session stands still
_GRACE_S = 3.0


def supervise(folder: Path, session: Session | None, goal: str, arguments: tuple[str, ...], tell: Say) -> Session | None:
    """Keep the client at work until the session stands still; gives the session, or None where the agent did not open one.

    Raises `AutotuneError` where the client is not there, or the session stands still already or waits for a person each time.
    """
    command = client_command()
    night = Night(folder, None, goal, arguments, tell, known=layout.names(sessions.repository_at(folder)))
    if session is not None:
        experiment.refuse_ended(session)
        _refuse_prompt(session)
        calibrating.warn(session)
        _adopt(night, session)
    with not_hung_up():
        try:
            _work(night, command)
        except KeyboardInterrupt:
            if night.session is not None:
                proposing.interrupted(night.session)
            raise
    return night.session


def _refuse_prompt(session: Session) -> None:
    """Refuse where every client of the session is told to wait for a person."""
    if session.state.config.auto_resume == "prompt":
        raise AutotuneError(
            "Nothing goes on by itself in this session (auto_resume is prompt).",
            "`autotune config set auto_resume headless`, then start again",
        )


def _adopt(night: Night, session: Session) -> None:
    """Make a session the one that is worked on; what it has cost so far counts."""
    state = session.state
    night.session, night.folder = session, session.workdir
    night.books = night.books.beside(state.spending.agent_usd, state.spending.tokens, estimated=state.spending.cost_estimated)
    _catch_up(night, session)
    night.feed, night.fresh_at = Feed(session), state.count
    session.say = night.say
    figures = {"session": session.name, "tree": str(session.top), "log": str(session.folder.path / CLIENT_LOG)}
    night.say(Fact(Kind.NIGHT_BEGINS, figures))


def _catch_up(night: Night, session: Session) -> None:
    """Take in what the last conversation has cost since it was put on the ledger: the supervisor of then was killed."""
    spent = session.state.spending.spent
    if spent is None:
        return
    seen = Transcripts()
    seen.look(spent.client)
    missing = seen.used.part(seen.used.tokens - spent.client_tokens)
    if not missing.tokens:
        return
    told = seen.cost_usd if seen.cost_usd is not None and seen.cost_usd > spent.client_usd else None
    night.books = replace(night.books, told_usd=spent.client_usd, used=missing).closed(told)
    night.client, night.transcripts = spent.client, seen
    _book(night)


def _work(night: Night, command: str) -> None:
    fresh, reason = True, ""
    while _may_begin(night):
        began_with = night.begun
        ending = _run(night, command, fresh=fresh, reason=reason)
        step, night.standing = next_step(ending, night.standing, _patience(night), time.time(), progressed=night.begun > began_with)
        _tell_results(night)
        if step.move is Move.STOP:
            _finish(night, ending, step)
            return
        night.say(Fact(Kind.CLIENT_FOLLOWS, {"fresh": step.move is Move.FRESH, "wait_s": step.wait_s}, step.reason))
        night.say(Fact(Kind.CLIENT_WAITED_FOR, {"wait_s": step.wait_s, "since": now()}))
        fresh, reason = step.move is Move.FRESH, told(step.reason)
        _wait(night, step.wait_s)


def _patience(night: Night) -> int:
    return PATIENCE if night.session is not None else 1


def _may_begin(night: Night) -> bool:
    """Do what the loop does by itself, unless a measurement is the agent's to wait for; gives whether it is the agent's turn."""
    session = night.session
    if session is None:
        return True
    session.refresh()
    if not night.measuring:
        proposing.stop_if_asked(session)
    if session.state.ended is None and night.measuring and not over_budget(night.books, *_limits(night)):
        return True
    return proposing.bring_on(session, night.say)


def _limits(night: Night) -> tuple[float | None, int | None]:
    """What the agent may cost yet, besides what runs and proposers have, and how many tokens it may use."""
    if night.session is None:
        return None, None
    config, printed_usd = night.session.state.config, night.session.state.spending.printed_usd
    return None if config.max_cost_usd is None else config.max_cost_usd - printed_usd, config.max_tokens


def _run(night: Night, command: str, *, fresh: bool, reason: str) -> ClientEnding:
    """Start the client and listen until it is gone; its cost is on the ledger then."""
    if night.session is not None:
        night.folder = night.session.workdir
    if fresh:
        night.client, night.fresh_at = None, night.session.state.count if night.session is not None else 0
        night.transcripts = Transcripts()
    night.books, night.still_since, night.transcripts.cost_usd = night.books.beginning(fresh=fresh), None, None
    used_before = night.transcripts.used
    process, complaints = _started(night, command, fresh=fresh)
    heard, because = Heard(), None
    try:
        with not_outliving(process):
            with suppress(BrokenPipeError), pipe(process.stdin) as given:
                given.write(_prompt(night, fresh=fresh, reason=reason).encode())
            heard, because = _listen(night, process, used_before)
    finally:
        end(process)
        night.client = heard.client or night.client
        _close_books(night, heard, used_before)
    complaint = end_of(complaints.read_bytes())
    if because is not How.BUDGET and night.session is not None and night.session.state.ended is not None:
        because = How.STANDS_STILL
    if because is not None:
        return ClientEnding(because)
    if heard.plugin_errors:
        night.say(Fact(Kind.PLUGIN_FAILED, {"problem": heard.plugin_errors}))
    return ending_of(heard, process.returncode, complaint, time.time())


def _prompt(night: Night, *, fresh: bool, reason: str) -> str:
    if night.session is None:
        return pages.set_up_prompt(night.goal, fresh=fresh)
    return pages.prompt(night.goal, fresh=fresh, measuring=night.measuring, reason=reason)


def _started(night: Night, command: str, *, fresh: bool) -> tuple[subprocess.Popen[bytes], Path]:
    """Start the client, which waits for its prompt on standard input; gives it, and the file of its complaints."""
    line = [command, "-p", "--agent", AGENT, "--plugin-dir", str(ROOT), "--output-format", "stream-json", "--verbose"]
    if not fresh and night.client is not None:
        line += ["--resume", night.client]
    if (limit := _limits(night)[0]) is not None:
        line += ["--max-budget-usd", repr(limit - night.books.spent_usd)]
    complaints = (night.session.folder.path if night.session is not None else _scratch(night)) / "client.err"
    with complaints.open("wb") as errors:
        process = subprocess.Popen(
            [*line, *night.arguments],
            cwd=night.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    night.say(Fact(Kind.CLIENT_STARTED, {"fresh": fresh}))
    night.doing = None
    return process, complaints


def _scratch(night: Night) -> Path:
    folder = layout.root(sessions.repository_at(night.folder))
    folder.mkdir(exist_ok=True)
    return folder


def _listen(night: Night, process: subprocess.Popen[bytes], used_before: Usage) -> tuple[Heard, How | None]:
    """Take in what the client says until it is gone; gives that, and why it was told to end, if it was."""
    said = lines(pipe(process.stdout))
    heard, because, looked = Heard(), None, 0.0
    while True:
        try:
            line = said.get(timeout=_POLL_S)
        except queue.Empty:
            line = ""
        if line is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_WITHIN_S)
            return heard, because
        if message := mapping_in(line):
            heard = hear(heard, message)
            if (news := heard_words(message)) is not None:
                night.say(news)
        if because is None and (message or time.monotonic() > looked + _LOOK_EVERY_S):
            looked = time.monotonic()
            night.client = heard.client or night.client
            because = _look(night, used_before)
            _tell_doing(night)
            if because is not None:
                night.say(Fact(Kind.CLIENT_ENDED, because=client_gone(because)))
                end(process)


def _look(night: Night, used_before: Usage) -> How | None:
    """Look at transcripts and ledger; gives why the client has to end, if it has to."""
    night.transcripts.look(night.client)
    _count(night, used_before)
    _find_session(night)
    session = night.session
    if session is None:
        return None
    _tell_results(night)
    if session.state.spending.spent is None or session.state.spending.spent.client != night.client:
        _book(night)  # from now on whoever comes after this process knows which conversation to look at
    if night.folder != session.workdir:
        return How.RENEWED
    if over_budget(night.books, *_limits(night)):
        return How.BUDGET
    return _due(night, session)


def _tell_doing(night: Night) -> None:
    """Tell what goes on: what a measurement says, else that it is the client's turn, and since when."""
    session = night.session
    measured = going_on(session) if session is not None and night.measuring else None
    its_turn = night.doing is not None and night.doing.kind is Kind.CLIENT_WORKING
    if measured == night.doing if measured is not None else its_turn:
        return
    number = None if session is None else session.state.count + 1
    night.doing = measured or Fact(Kind.CLIENT_WORKING, {"experiment": number, "since": now()})
    night.say(night.doing)


def _count(night: Night, used_before: Usage) -> None:
    night.books = replace(night.books, used=night.transcripts.used.minus(used_before))


def _due(night: Night, session: Session) -> How | None:
    state = session.state
    if night.measuring and state.ended is None:
        return None
    due = next_action(state, now())
    if state.ended is not None or (due is not None and due.action in {Action.FINISH, Action.PAUSE}):
        night.still_since = night.still_since or time.monotonic()
        within = _OBEYS_WITHIN_S if state.ended is not None else _GRACE_S
        return How.STANDS_STILL if time.monotonic() > night.still_since + within else None
    night.still_since = None
    every = state.config.fresh_context
    return How.RENEWED if every is not None and state.experiment is None and state.count - night.fresh_at >= every else None


def _find_session(night: Night) -> None:
    """Where the agent has opened a session by now, work on that."""
    if night.session is not None:
        return
    repository = sessions.repository_at(night.folder)
    for name in layout.names(repository):
        if name not in night.known:
            with suppress(AutotuneError):
                found = sessions.load(repository, name)
                if found.state.opened:
                    folder = night.folder
                    _adopt(night, found)
                    # The client goes on where it is if that is the session's own place; else `_look` sees that it is not.
                    night.folder = folder if found.top != repository.top else found.workdir
                    return


def _tell_results(night: Night) -> None:
    """Tell what has settled since, and put the cost beside it on the ledger."""
    if night.feed is None:
        return
    settled = {event.index for event in night.feed.news() if isinstance(event, Result) and not event.baseline}
    for row in night.feed.state.recent.rows:
        if row.index in settled:
            figures = {"experiment": row.index, "status": row.status, "description": row.description}
            night.say(Fact(Kind.RESULT_TOLD, figures, row.reason))
    if settled:
        _book(night)


def _close_books(night: Night, heard: Heard, used_before: Usage) -> None:
    """Take in what the client says that it has cost, or estimate it where it was killed before it could."""
    night.transcripts.look(night.client)
    _count(night, used_before)
    last = heard.last_word.cost_usd if heard.last_word is not None else None
    told = max((one for one in (last, night.transcripts.cost_usd) if one is not None), default=None)
    if heard.last_word is None and told is not None and told <= night.books.told_usd:
        told = None
    night.books = night.books.closed(told)
    _book(night)


def _book(night: Night) -> None:
    session, books = night.session, night.books
    if session is None or night.client is None:
        return
    spent = session.state.spending.spent
    if spent is not None and (spent.client, spent.tokens, spent.cost_usd) == (night.client, books.all_tokens, books.spent_usd):
        return
    session.append(
        Spent(books.spent_usd, books.all_tokens, night.client, now(), books.estimated, books.told_usd, night.transcripts.used.tokens)
    )


def _wait(night: Night, wait_s: float) -> None:
    """Wait, unless the session ends meanwhile or a stop rule comes to hold."""
    until = time.time() + wait_s
    while (left := until - time.time()) > 0:
        time.sleep(min(_LOOK_EVERY_S, left))
        if night.session is None:
            continue
        _tell_results(night)
        if night.session.state.ended is not None or next_action(night.session.state, now()) is not None:
            return


def _finish(night: Night, ending: ClientEnding, step: Follow) -> None:
    """Leave the session in order: settled, and with the reason why it stands still."""
    session = night.session
    if session is None:
        raise AutotuneError(f"The agent did not open a session: {told(step.reason)}.", "open one with `autotune init`, then start again")
    session.refresh()
    if step.gives_up and session.state.ended is None:
        experiment.finish(session, None)
        session.append(Paused(reason=step.reason, timestamp=now()))
    if session.state.ended is None:
        proposing.bring_on(session, night.say)
    if session.state.ended is None and ending.how is How.BUDGET:
        session.append(Finished(reason=Fact(Kind.BUDGET_SPENT), timestamp=now()))
    experiment.finish(session, None)
    _tell_results(night)
    occasions.tell(session)
    files.project(session)
