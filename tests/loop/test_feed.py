"""What comes to a session, as whoever watches it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autotune.core.facts import Fact, Kind, quoted
from autotune.core.ledger.events import CandidateTaken, Decided, Noted, Noticed, Result, SegmentOpened
from autotune.core.model import Status
from autotune.errors import AutotuneError
from autotune.loop.session import feed, sessions
from autotune.loop.session.feed import Feed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loop.project import Project


def test_a_watcher_gets_what_came_since_once_with_the_state_and_what_the_worker_said(project: Project) -> None:
    project.init()
    watched, other = Feed(sessions.find(project.top)), Feed(sessions.find(project.top))
    assert (watched.news(), watched.words(), watched.state.count) == ((), (), 0)
    project.write("src/a.txt", "")
    project.attempt("shorter")
    came = watched.news()
    assert [type(event) for event in came if isinstance(event, (CandidateTaken, Decided, Result))] == [CandidateTaken, Decided, Result]
    assert (watched.state.count, watched.state.segment.best, watched.position) == (1, 15, watched.session.position)
    assert Kind.RUNNING in [fact.kind for fact in watched.words()]
    assert (watched.news(), watched.words()) == ((), ())
    project.ok("note", "hello")
    assert [event.text for event in watched.news() if isinstance(event, Noted)] == ["hello"]
    other.session.refresh()  # whoever else has the session read on takes nothing from a watcher
    assert len([event for event in other.news() if isinstance(event, (Result, Noted))]) == 2
    assert [(row.index, row.status, row.description) for row in feed.rows(watched.session)] == [(1, Status.KEEP, "shorter")]


def test_every_experiment_is_told_with_the_figures_that_it_was_decided_by(project: Project) -> None:
    project.write("autotune.sh", 'echo "METRIC size=$(($(cat src/*.txt | wc -c))).$(date +%N)"\n')
    project.ok("init", "--name", "x", "--metric", "size", "--scope", "src/**")
    project.write("src/a.txt", "")
    project.attempt("shorter")
    session = sessions.find(project.top)
    (row,) = feed.rows(session)
    assert (row,) == session.state.recent.rows
    assert row.reason.figures["evidence"] >= row.reason.figures["needed"]


def test_events_are_sought_by_marks_and_between_two_positions(project: Project) -> None:
    project.init()
    watched = Feed(sessions.find(project.top))
    opened, path = watched.position, watched.session.folder.ledger
    project.ok("note", "hello")
    watched.news()
    project.ok("note", "again")
    assert [type(event) for event in feed.events(path, b'"type":"config"')] == [SegmentOpened]
    assert [event.text for event in feed.events(path, since=opened, until=watched.position) if isinstance(event, Noted)] == ["hello"]
    assert [event.text for event in watched.news() if isinstance(event, Noted)] == ["again"]


def test_a_watcher_outlives_lines_that_are_set_aside_and_is_told_where_the_log_is_gone(project: Project) -> None:
    project.init()
    session = sessions.find(project.top)
    watched = Feed(session)
    project.ok("note", "hello")
    assert watched.news()
    session.take_back(session.position.lines - 1, quoted("has what a test wrote"))
    assert watched.news() == ()
    session.notice(Fact(Kind.SEEN_GONE))
    assert [event.found.kind for event in watched.news() if isinstance(event, Noticed)] == [Kind.SEEN_GONE]
    session.folder.ledger.unlink()
    with pytest.raises(AutotuneError, match="its log was deleted"):
        watched.news()


def test_what_is_no_word_of_a_worker_is_passed_on_as_it_is_once_its_line_is_whole(project: Project) -> None:
    project.init()
    watched = Feed(sessions.find(project.top))
    log: Path = watched.session.folder.path / feed.WORKER_LOG
    log.write_text('Traceback\n{"kind": "cancel')
    assert [fact.words for fact in watched.words()] == ["Traceback"]
    with log.open("a") as file:
        file.write('led"}\n')
    assert watched.words() == (Fact(Kind.CANCELLED),)
