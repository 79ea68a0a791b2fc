from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from autotune.core.skills.rates import Sign
from autotune.core.skills.stored import KIND
from autotune.records.forgetting import Choice, forget
from autotune.records.sources import Rules
from autotune.records.store import opened
from autotune.skills import labelling, looking, syncing
from autotune.skills.hosts import hosts, opencode_database

NOW_MS = 1_796_000_000_000  # a day after the samples
ALPHA = '{"type":"user","timestamp":"2026-11-29T05:00:00.000Z","turnOrigin":"human","message":{"role":"user","content":"%s"}}\n'


def sync(home: Path, rules: Rules | None = None) -> syncing.Synced:
    with opened(home / "records.db", write=True) as store:
        return syncing.sync(store, hosts(home), opencode_database(home), rules or Rules(), NOW_MS)


def rows(home: Path) -> list[tuple[str, str]]:
    with opened(home / "records.db") as store:
        return store.connection.execute("SELECT id, content FROM record WHERE kind = ? ORDER BY id", (KIND,)).fetchall()


def seen(home: Path) -> looking.Seen:
    with opened(home / "records.db") as store:
        return looking.seen(store)


def test_every_host_is_read_once_and_a_second_look_changes_nothing(home: Path) -> None:
    first = sync(home)
    assert len(first.sessions) == 7  # a subagent is part of its session
    before = rows(home)
    assert first.rows == len(before)
    again = sync(home)
    assert [again.rows, again.lines, again.sessions] == [0, 0, set()]
    assert rows(home) == before
    found = seen(home)
    assert found.sessions == 7  # a subagent is part of its session
    fired = {(turn.session.partition(" ")[0], one.name) for turn in found.turns for one in turn.fired}
    assert {("claude-code", "alpha"), ("codex", "release-notes"), ("opencode", "release-notes"), ("pi", "proj-agents")} <= fired


def test_a_transcript_that_has_grown_adds_exactly_its_new_rows(home: Path) -> None:
    sync(home)
    path = home / ".claude/projects/-home-dev/a.jsonl"
    before = rows(home)
    with path.open("a") as file:
        file.write(ALPHA % "more" + '{"type":"user","turnOrigin":"hum')
    grown = sync(home)
    assert [grown.rows, grown.lines] == [1, 1]
    assert len(rows(home)) == len(before) + 1
    with path.open("a") as file:
        file.write('an","message":{"role":"user","content":"and more"}}\n')
    assert sync(home).rows == 1
    assert [turn.text for turn in seen(home).turns if turn.session == "claude-code a"][-2:] == ["more", "and more"]


def test_a_file_that_was_written_over_is_read_from_its_start(home: Path) -> None:
    sync(home)
    path = home / ".claude/projects/-home-dev/a.jsonl"
    head = path.read_text().splitlines(keepends=True)[0]
    path.write_text(head + ALPHA % "quite another")
    assert sync(home).rows > 0
    assert "quite another" in [turn.text for turn in seen(home).turns]


def test_what_a_person_wrote_is_masked_unless_that_is_off_and_garbage_is_counted(home: Path) -> None:
    path = home / ".claude/projects/-home-dev/d.jsonl"
    path.write_text(ALPHA % "mail jo@example.org please" + '{"turnOrigin"\n[1, "turnOrigin"]\n\n')
    found = sync(home)
    assert sum(found.masked.values()) == 1
    assert found.unread == {"claude-code": 2}
    assert "example.org" not in "".join(content for _, content in rows(home))
    (home / "records.db").unlink()
    assert not sync(home, Rules(mask=False)).masked
    assert "jo@example.org" in "".join(content for _, content in rows(home))


def test_what_is_older_than_is_kept_is_not_taken_in(home: Path) -> None:
    with opened(home / "records.db", write=True) as store:
        found = syncing.sync(store, hosts(home), home / "none", Rules(retention_days=1), NOW_MS + 90 * 86_400_000)
    assert found.expired > 0
    assert all('"prompt"' not in content for _, content in rows(home))


def test_a_part_that_has_changed_takes_the_place_of_what_it_was(home: Path) -> None:
    sync(home)
    before = rows(home)
    database = sqlite3.connect(opencode_database(home))
    database.execute(
        "UPDATE part SET data = replace(data, 'Please write', 'Do write'), time_updated = 1795928700000 WHERE data LIKE '%Please%'"
    )
    database.commit()
    database.close()
    assert sync(home).rows == 1
    assert len(rows(home)) == len(before)
    assert "Do write release notes" in [turn.text for turn in seen(home).turns]


@pytest.mark.parametrize("batches", [1, 3])
def test_a_look_that_is_killed_goes_on_where_its_last_batch_ended(home: Path, batches: int) -> None:
    small = Rules(bytes_at_once=2000)
    child = os.fork()
    if child == 0:
        count = 0
        note = syncing._File._note  # the place to be killed at

        def noting(self: syncing._File, *given: object) -> None:
            nonlocal count
            count += 1
            if count > batches:
                os.kill(os.getpid(), signal.SIGKILL)
            note(self, *given)  # type: ignore[arg-type]

        syncing._File._note = noting  # type: ignore[method-assign, assignment]
        sync(home, small)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    sync(home, small)
    interrupted = rows(home)
    (home / "records.db").unlink()
    sync(home)
    assert rows(home) == interrupted


def test_a_label_counts_in_the_next_look_and_a_newer_one_takes_its_place(home: Path) -> None:
    lines = [ALPHA % text for text in ("tidy the old module", "tidy the new module")]
    listed = '{"type":"attachment","attachment":{"type":"skill_listing","content":"- tidy: T.","names":["tidy"]}}\n'
    called = (
        '{"type":"assistant","timestamp":"2026-11-29T05:00:01.000Z","message":{"role":"assistant","id":"m","content":'
        '[{"type":"tool_use","id":"t","name":"Skill","input":{"skill":"tidy"}}]}}\n'
    )
    second = lines[1].replace("05:00:00", "05:00:09")
    (home / ".claude/projects/-home-dev/d.jsonl").write_text(lines[0] + listed + called + second)
    sync(home)
    found = seen(home)
    assert [one.sign for one in found.standing("tidy").missed] == [Sign.ALIKE]
    silent, fired = labelling.worth_asking(found, "tidy")
    for fits in (False, True):
        with opened(home / "records.db", write=True) as store:
            labelling.keep(store, found, "tidy", {silent: fits, fired: fits}, NOW_MS)
        labelled = seen(home).standing("tidy")
        assert [one.sign for one in labelled.missed] == ([Sign.LABEL] if fits else [])
        assert [labelled.recall.hits, labelled.recall.of] == ([1, 2] if fits else [0, 0])
        assert [labelled.precision.hits, labelled.precision.of] == [int(fits), 1]
    assert labelling.worth_asking(seen(home), "tidy") == []


def test_what_is_forgotten_leaves_no_turn_behind_and_does_not_come_back(home: Path) -> None:
    sync(home)
    with opened(home / "records.db", write=True) as store:
        forget(store, Choice(conversation="claude-code a"))
    assert "do alpha" not in (home / "records.db").read_bytes().decode("utf-8", "replace")
    path = home / ".claude/projects/-home-dev/a.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:-1], ALPHA % "new"]))  # as long a head, another end: it is read from its start
    sync(home)
    assert [turn.text for turn in seen(home).turns if turn.session == "claude-code a"] == ["new"]


def test_what_has_been_kept_for_long_enough_goes(home: Path) -> None:
    sync(home)
    with opened(home / "records.db", write=True) as store:
        syncing.sync(store, (), home / "none", Rules(), NOW_MS + 91 * 86_400_000)
    assert rows(home) == []
    assert seen(home).turns == []
