from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.records.agent import DAY, NOW, Desk, lines, record

from autotune.core.cases.split import Case
from autotune.core.records.places import Part
from autotune.errors import AutotuneError
from autotune.records import exporting, frozen, older
from autotune.records.counting import counted
from autotune.records.forgetting import Choice, Forgotten, expire, forget
from autotune.records.keeping import Taken
from autotune.records.schema import MIGRATIONS, TABLES
from autotune.records.sources import Rules, Source
from autotune.records.store import opened, usual_path


def filled(folder: Path) -> Desk:
    desk = Desk(folder)
    said = [record(number, prompt_pack_versions={"tool-calling": f"v{number % 2}"}, tool_calls=[{"name": "a"}]) for number in range(30)]
    desk.log.write_bytes(lines(*said, record(90, input_text="a@example.com"), "dead u3", {"input": "later"}))
    desk.take()
    return desk


def test_everything_is_for_the_user_alone(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1)))
    desk.take()
    with opened(desk.path):
        modes = {path.name: path.stat().st_mode & 0o777 for path in desk.path.parent.iterdir() if path.suffix != ".lock"}
    assert modes["records.db"] == 0o600
    assert set(modes.values()) == {0o600}
    assert desk.path.parent.stat().st_mode & 0o777 == 0o700


def test_the_schema_has_a_version_a_write_ahead_log_and_foreign_keys(desk: Desk) -> None:
    with desk.store() as store:
        settings = [store.rows(f"PRAGMA {name}")[0][0] for name in ("user_version", "journal_mode", "foreign_keys")]
        assert settings == [len(MIGRATIONS), "wal", 1]
        made = {str(row[0]) for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert made == set(TABLES)


def test_a_database_from_before_there_were_scores_gets_their_tables_and_keeps_its_records(desk: Desk) -> None:
    desk.path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(desk.path)) as made:
        made.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        made.execute("INSERT INTO record VALUES (1, 'trace', 'o', 'a', 'c', NULL, 0, 1, NULL, NULL, 'train', '[]', '{}', '{}')")
        made.commit()
    with desk.store() as store:
        assert store.count("PRAGMA user_version") == len(MIGRATIONS)
        assert store.rows("SELECT id FROM record") == [("a",)]
        assert store.count("SELECT count(*) FROM score") == 0


def test_a_database_of_a_newer_version_and_a_file_that_is_none_are_refused(desk: Desk) -> None:
    with desk.store() as store:
        store.connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(AutotuneError, match="newer"):
        desk.take()
    desk.path.write_bytes(b"none of it" * 1000)
    with pytest.raises(AutotuneError, match="cannot be used"):
        desk.take()


def test_a_database_that_cannot_be_written_is_not_to_be_moved_away(desk: Desk) -> None:
    with desk.store() as store:
        store.connection.execute("PRAGMA user_version")

    def write(pragma: str) -> None:
        with desk.store() as store:
            store.connection.execute(f"PRAGMA {pragma}")
            store.connection.execute("INSERT INTO note VALUES ('a', ?)", ("x" * 100_000,))

    for pragma, helps in (("query_only = 1", "writable"), ("max_page_count = 1", "room")):
        with pytest.raises(AutotuneError) as refused:
            write(pragma)
        assert helps in str(refused.value.hint)
        assert "move" not in str(refused.value.hint)


def test_who_only_reads_makes_no_database(desk: Desk) -> None:
    with opened(desk.path) as store:
        assert counted(store)["records"] == 0
    assert not desk.path.exists()


def test_where_the_database_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("HOME", "/home/me")
    assert usual_path(None) == Path("/data/autotune/records.db")
    assert usual_path("~/x.db") == Path("/home/me/x.db")


def test_what_was_seen_in_figures(tmp_path: Path) -> None:
    desk = filled(tmp_path)
    with opened(desk.path) as store:
        found = counted(store)
    assert (found["records"], found["users"], found["conversations"]) == (32, 7, 11)
    assert sum(found["parts"].values()) == 32
    assert {name: sum(parts.values()) for name, parts in found["behaviors"].items()} == {
        "response-quality": 32, "task-extraction": 32, "tool-calling": 30, "tool-outcome": 30,
    }  # fmt: skip
    assert found["packs"] == [{"behavior": "tool-calling", "version": f"v{number}", "records": 15} for number in range(2)]
    assert (found["masked"], found["unread"], found["flaws"]) == ({"email": 1}, {"not an object": 1}, {})
    assert [(one["format"], one["files"], one["half_written"]) for one in found["sources"]] == [("any", 1, 0)]


@pytest.mark.parametrize(
    ("user", "more"),
    [
        ("jo@example.org", {}),
        ("J\u00f6rg", {}),
        ('a"b', {}),
        ("kim", {"input_text": "bla " * 300}),
        ("kim", {"input_text": "write to a@b.org " * 20}),
    ],
)
def test_forgetting_a_user_reaches_every_dead_letter_that_may_be_theirs(tmp_path: Path, user: str, more: dict[str, str]) -> None:
    desk = Desk(tmp_path)
    other = record(2, user_id="else")
    theirs = {"input_text": "private", **more}
    desk.log.write_bytes(lines(record(1), record(2), record(1, **theirs, user_id=user), {**other, "output_text": "new"}))
    desk.take()
    assert desk.unread() == {"id taken": 2}
    with desk.store() as store:
        assert forget(store, Choice(user=user)).dead_letters == 1
    assert "else" in desk.rows("SELECT excerpt FROM dead_letter")[0][0]


def test_an_export_read_back_is_the_same_database(tmp_path: Path) -> None:
    desk, other = filled(tmp_path / "one"), Desk(tmp_path / "two")
    with desk.store() as store:
        forget(store, Choice(user="u2"))
        frozen.freeze(store, tmp_path / "set.jsonl", "tool-calling", Part.CONFIRM)
        path = tmp_path / "export.jsonl"
        path.write_text("".join(f"{line}\n" for line in exporting.lines(store)), "utf-8")
    assert exporting.is_export(path)
    assert not exporting.is_export(desk.log)
    assert not exporting.is_export(tmp_path)
    with other.store() as store:
        assert exporting.read_back(store, path) == 28
    assert other.dump() == desk.dump()
    assert desk.take().lines == other.take(Source(desk.logs)).lines == 0
    with other.store() as store:
        assert exporting.read_back(store, path) == 0, "a second time adds nothing"
    assert other.dump() == desk.dump()


def test_an_export_read_into_another_database_adds_what_is_not_there(tmp_path: Path) -> None:
    desk, other = filled(tmp_path / "one"), Desk(tmp_path / "two")
    other.log.write_bytes(lines(record(5, prompt_pack_versions={"tool-calling": "v1"}, tool_calls=[{"name": "a"}]), record(500)))
    other.take()
    path = tmp_path / "export.jsonl"
    with desk.store() as store:
        path.write_text("".join(f"{line}\n" for line in exporting.lines(store)), "utf-8")
    with other.store() as store:
        assert exporting.read_back(store, path) == 31
        assert store.rows("PRAGMA foreign_key_check") == []
    assert set(other.ids()) == {*desk.ids(), "t500"}
    assert other.rows("SELECT count(*) FROM remark") == [(1,)]


@pytest.mark.parametrize(
    "row", ["{torn", '{"table": "record"}', '{"table": "sqlite_master"}', '{"table": "note", "name": "a", "value": null}']
)
def test_an_export_with_a_wrong_row_is_refused_whole_and_the_row_named(tmp_path: Path, row: str) -> None:
    desk = filled(tmp_path / "one")
    path = tmp_path / "export.jsonl"
    before = desk.dump()
    path.write_text(f'{{"autotune_records": 1}}\n{{"table": "note", "name": "x", "value": "y"}}\n{row}\n', "utf-8")
    with desk.store() as store, pytest.raises(AutotuneError, match="line 3"):
        exporting.read_back(store, path)
    assert desk.dump() == before
    path.write_text('{"autotune_records": 99}\n', "utf-8")
    with desk.store() as store, pytest.raises(AutotuneError, match="newer"):
        exporting.read_back(store, path)


def test_a_user_is_forgotten_everywhere_and_for_good(tmp_path: Path) -> None:
    desk = filled(tmp_path)
    held = tmp_path / "set.jsonl"
    with desk.store() as store:
        part = Part(str(store.rows("SELECT part FROM record WHERE user = 'u3'")[0][0]))
        frozen.freeze(store, held, "tool-calling", part)
        assert "user u3" in held.read_text("utf-8")
        ids = {str(row[0]) for row in store.rows("SELECT id FROM record WHERE user = 'u3'")}
    with desk.store(dry=True) as store:
        would = forget(store, Choice(user="u3"))
    assert ids <= set(desk.ids()), "a rehearsal changes nothing"
    assert "user u3" in held.read_text("utf-8")
    with desk.store() as store:
        done = forget(store, Choice(user="u3"))
    assert would == done == Forgotten(len(ids), 4, 1)
    assert "user u3" not in held.read_text("utf-8")
    assert held.stat().st_mode & 0o777 == 0o600
    assert not ids & set(desk.ids())
    (tmp_path / "logs" / "copy.jsonl").write_bytes(desk.log.read_bytes())
    taken = desk.take()
    assert (taken.forgotten, ids & set(desk.ids())) == (len(ids), set())
    content = b"".join(path.read_bytes() for path in desk.path.parent.iterdir() if path.name != "records.lock")
    assert b'question 3"' not in content


def test_an_export_does_not_bring_back_what_was_forgotten(tmp_path: Path) -> None:
    desk = filled(tmp_path)
    path = tmp_path / "export.jsonl"
    with desk.store() as store:
        path.write_text("".join(f"{line}\n" for line in exporting.lines(store)), "utf-8")
        forget(store, Choice(user="u6"))
        forget(store, Choice(before_ms=NOW - 1000 + 5))
    before = desk.ids()
    with desk.store() as store:
        assert exporting.read_back(store, path) == 0
        assert store.rows("SELECT name FROM remark") == []
    assert desk.ids() == before


def test_what_others_than_traces_are_kept_for_is_not_for_ingest_to_say(tmp_path: Path) -> None:
    desk = filled(tmp_path)
    with desk.store() as store:
        store.connection.execute("UPDATE record SET kind = 'other' WHERE id = 't1'")
        assert expire(store, Rules().earliest_ms(NOW + 91 * DAY)).records == 31
        assert store.rows("SELECT id FROM record") == [("t1",)]


def test_a_conversation_and_what_is_from_before_a_day_are_forgotten(tmp_path: Path) -> None:
    desk = filled(tmp_path)
    with desk.store() as store:
        assert forget(store, Choice(conversation="c4")).records == 3
        assert forget(store, Choice(before_ms=NOW - 1000 + 20)).records == 18
        left = [int(str(row[0])[1:]) for row in store.rows("SELECT id FROM record WHERE user IS NOT NULL")]
        assert min(left) == 20
    desk.log.write_bytes(lines(record(1, trace_id="new", chat_id="c9")))
    taken = desk.take()
    assert (taken.records, taken.expired) == (0, 1), "what is from before is not taken in again"


def test_what_was_kept_for_long_enough_goes(tmp_path: Path) -> None:
    desk = filled(tmp_path)
    later = NOW + 91 * DAY
    with desk.store() as store:
        assert expire(store, Rules().earliest_ms(NOW)) == Forgotten(0, 0, 0)
        assert expire(store, Rules().earliest_ms(later)) == Forgotten(32, 0, 1)
        assert counted(store)["records"] == 0


def test_cases_of_a_part_have_a_group_and_leave_out_the_time_of_a_canary(tmp_path: Path) -> None:
    desk = filled(tmp_path)
    with desk.store() as store:
        found = frozen.cases(store, "tool-calling", Part.CONFIRM)
        rows = store.rows("SELECT case_id, user, at_ms FROM record WHERE part = 'confirm' AND user IS NOT NULL ORDER BY at_ms, case_id")
        assert found == tuple(Case(str(case), f"user {user}") for case, user, _ in rows if case in {one.name for one in found})
        first = int(str(rows[0][2]))
        assert frozen.cases(store, "tool-calling", Part.CONFIRM, [(first, first)]) == found[1:]
        for name in ("set.jsonl", "again.jsonl"):
            frozen.freeze(store, tmp_path / name, "tool-calling", Part.CONFIRM)
    assert (tmp_path / "set.jsonl").read_bytes() == (tmp_path / "again.jsonl").read_bytes()
    said = [json.loads(line) for line in (tmp_path / "set.jsonl").read_text("utf-8").splitlines()]
    assert [one["case"] for one in said] == [case.name for case in found]
    assert all(one["trace"]["input"].startswith("question") for one in said)


def test_a_database_of_the_older_tool_is_taken_over_once_and_left_as_it_is(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "autotune.db"
    with closing(sqlite3.connect(path)) as old:
        old.execute(
            "CREATE TABLE traces (trace_id TEXT PRIMARY KEY, created_at INTEGER, timestamp TEXT, group_folder TEXT, chat_id TEXT,"
            " user_id TEXT, input_text TEXT, output_text TEXT, model_id TEXT, prompt_pack_versions_json TEXT, memory_facts_json TEXT,"
            " tool_calls_json TEXT)"
        )
        old.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        for number in range(3):
            row = (f"t{number}", NOW, "", "g", "c", "u", "q", "a", "m", '{"tool-calling": "v"}', '["f"]', '[{"name": "x", "ok": true}]')
            old.execute("INSERT INTO traces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        old.execute("INSERT INTO traces (trace_id, created_at) VALUES ('empty', 1)")
        old.commit()
    before = path.read_bytes()
    assert older.is_older(path)
    assert not older.is_older(desk.path)
    assert not older.is_older(desk.logs)
    assert older.ours_beside(path) == tmp_path / "autotune.records.db"
    taken = Taken()
    with desk.store() as store:
        for _ in range(2):
            older.take_over(store, path, Rules(), NOW, taken)
    assert (taken.records, taken.lines, dict(taken.unread)) == (3, 4, {"no request": 1})
    said = desk.contents()[0]
    assert (said["packs"], said["memory_facts"], said["tool_calls"]) == ({"tool-calling": "v"}, ["f"], [{"name": "x", "ok": True}])
    assert path.read_bytes() == before


def test_a_folder_in_the_databases_place_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    before = tmp_path.stat().st_mode
    with pytest.raises(AutotuneError, match="is a folder"), opened(tmp_path, write=True):
        pass
    assert tmp_path.stat().st_mode == before
