from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.records.agent import DAY, NOW, Desk, ids_of, lines, record

from autotune.readers.traces.logs import Log
from autotune.records import dead_letters
from autotune.records.sources import Rules, Source


def test_what_is_new_is_taken_in_once(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1), record(2)))
    assert desk.take().records == 2
    assert desk.take().lines == 0
    with desk.log.open("ab") as file:
        file.write(lines(record(3)))
    assert (desk.take().lines, desk.ids()) == (1, ids_of([1, 2, 3]))


def test_a_line_that_is_half_written_waits_for_its_rest(desk: Desk) -> None:
    whole = lines(record(1), record(2))
    desk.log.write_bytes(whole[:-5])
    taken = desk.take()
    assert (taken.records, taken.pending, desk.ids()) == (1, 1, ["t1"])
    desk.log.write_bytes(whole)
    taken = desk.take()
    assert (taken.records, taken.pending, taken.lines, desk.ids()) == (1, 0, 1, ["t1", "t2"])


def test_a_file_whose_first_line_is_half_written_waits_too(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1))[:-5])
    assert (desk.take().pending, desk.rows("SELECT * FROM file")) == (1, [])
    desk.log.write_bytes(b"")
    assert desk.take().pending == 0


@pytest.mark.parametrize("made", [record, lambda number: {"input": f"q{number}", "output": "a"}])
def test_a_last_line_that_lacks_nothing_but_its_end_is_taken_in_once(desk: Desk, made: Callable[[int], object]) -> None:
    for written in ([made(1)], [made(1), made(2)], [made(1), made(2), made(3)]):
        desk.log.write_bytes(lines(*written)[:-1])
        taken = desk.take()
        assert (taken.records, taken.pending, len(desk.ids())) == (1, 0, len(written))
    desk.log.write_bytes(lines(*written))
    assert (desk.take().records, len(desk.ids()), desk.unread()) == (0, 3, {})


@pytest.mark.parametrize("indent", [None, 2])
def test_a_file_that_is_one_document_is_read_by_its_entries(desk: Desk, indent: int | None) -> None:
    unnamed = [{"input": f"q{number}", "output": "a"} for number in range(3)]
    desk.log.write_text(json.dumps([*unnamed, record(1), {"broken": 1}, 7], indent=indent))
    taken = desk.take()
    assert (taken.records, taken.lines, taken.bytes) == (4, 6, desk.log.stat().st_size)
    assert desk.unread() == {"no request": 1, "not an object": 1}
    assert desk.take().lines == 0
    desk.log.write_text(json.dumps([*unnamed, record(1), record(2)], indent=indent))
    assert (desk.take().records, len(desk.ids())) == (1, 5)


def test_an_object_over_several_lines_is_a_record(desk: Desk) -> None:
    desk.log.write_text(json.dumps(record(1), indent=2))
    assert (desk.take().records, desk.ids(), desk.unread()) == (1, ["t1"], {})


def test_a_document_that_is_broken_is_one_dead_letter_until_it_is_whole(desk: Desk) -> None:
    whole = json.dumps([record(1), record(2)], indent=2)
    desk.log.write_text(whole[:-40])
    for _ in range(2):
        taken = desk.take()
        assert (taken.records, taken.pending, desk.unread()) == (0, 1, {"not JSON": 1})
    desk.log.write_text(whole)
    assert (desk.take().records, desk.unread()) == (2, {})


def test_a_document_that_is_too_long_is_one_dead_letter(desk: Desk) -> None:
    desk.log.write_text(json.dumps([record(1), record(2)], indent=2))
    taken = desk.take(rules=replace(desk.rules, longest_line=100))
    assert (taken.pending, taken.bytes, desk.unread()) == (0, desk.log.stat().st_size, {"too long": 1})


def test_what_cannot_be_opened_is_named_and_the_rest_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.logs / "0.jsonl").write_bytes(lines(record(1)))
    desk.log.write_bytes(lines(record(2)))
    closed = desk.logs.parent / "closed"
    listed = os.scandir

    def guarded(path: Path, how: str) -> object:
        if path.name == "0.jsonl":
            raise PermissionError(errno.EACCES, "Permission denied")
        return os.fdopen(os.open(path, os.O_RDONLY), how)

    def refused(place: Path) -> object:
        if place == closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(place)

    closed.mkdir()
    monkeypatch.setattr(Path, "open", guarded)
    monkeypatch.setattr(os, "scandir", refused)
    taken = desk.take(Source(closed), Source(desk.logs))
    assert taken.closed == {str(closed): "Permission denied", str(desk.logs / "0.jsonl"): "Permission denied"}
    assert desk.ids() == ["t2"]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take no such name")
def test_a_file_whose_name_is_no_text_is_read(desk: Desk) -> None:
    (desk.logs / os.fsdecode(b"\xff\xfe.jsonl")).write_bytes(lines("dead", record(1)))
    desk.take()
    assert (desk.ids(), desk.unread()) == (["t1"], {"not an object": 1})


def test_a_file_that_is_rotated_is_read_to_its_end_and_the_next_from_its_start(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1)))
    desk.take()
    with desk.log.open("ab") as file:
        file.write(lines(record(2)))
    desk.log.rename(desk.logs / "a.jsonl.1")
    desk.log.write_bytes(lines(record(3), record(4), record(5)))
    taken = desk.take()
    assert (taken.lines, taken.again, desk.ids()) == (4, 0, ids_of([1, 2, 3, 4, 5]))


def test_a_file_that_is_copied_and_cut_is_not_read_twice(desk: Desk) -> None:
    unnamed = [{"input": f"q{number}", "output": "a"} for number in range(3)]
    desk.log.write_bytes(lines(*unnamed))
    desk.take()
    shutil.copy(desk.log, desk.logs / "a.jsonl.1")
    desk.log.write_bytes(lines(record(9)))
    taken = desk.take(now=NOW + 5)
    assert (taken.records, taken.again, len(desk.ids())) == (1, 3, 4)


def test_a_file_that_was_cut_and_grew_past_where_it_was_is_read_from_its_start(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1), record(2), "dead"))
    desk.take()
    assert desk.unread() == {"not an object": 1}
    desk.log.write_bytes(lines(record(1), *(record(number) for number in range(20, 40))))
    taken = desk.take()
    assert (taken.records, taken.again, desk.unread()) == (20, 1, {})
    assert desk.ids() == ids_of([1, 2, *range(20, 40)])


def test_a_file_that_was_cut_short_is_read_from_its_start(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1), record(2), record(3)))
    desk.take()
    desk.log.write_bytes(lines(record(1)))
    assert (desk.take().again, desk.take().lines) == (1, 0)


def test_what_cannot_be_read_loses_nothing_else_and_is_a_dead_letter_with_its_reason(desk: Desk) -> None:
    bad = [b"{torn\n", b"\xff\xfe" * 60 + b"\n", b"[1, 2]\n", b"{}\n", b'{"input": NaN}\n', b"[" * 100_000 + b"\n"]
    mail = b'{"input": "write to a@example.com", "time": "never"}\n'
    desk.log.write_bytes(b"\xef\xbb\xbf" + lines(record(1)) + b"\n".join([b"", *bad]) + b"\r\n \n" + mail + lines(record(2)))
    taken = desk.take()
    assert desk.ids() == ["t1", "t2"]
    expected = {"not JSON": 3, "not UTF-8": 1, "not an object": 1, "no request": 1, "no time": 1}
    assert desk.unread() == dict(taken.unread) == expected
    with desk.store() as store:
        path = dead_letters.write(store)
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    said = path.read_text("utf-8").splitlines()
    assert len(said) == 7
    assert "a@example.com" not in said[-1]
    assert "[masked:email]" in said[-1]


def test_the_file_of_dead_letters_goes_with_the_last_of_them(desk: Desk) -> None:
    desk.log.write_bytes(lines("dead"))
    desk.take()
    with desk.store() as store:
        path = dead_letters.write(store)
        store.connection.execute("DELETE FROM dead_letter")
        assert dead_letters.write(store) is None
    assert path is not None
    assert not path.exists()


def test_a_line_that_is_too_long_is_passed_in_little_memory(desk: Desk) -> None:
    with desk.log.open("wb") as file:
        file.write(lines(record(1)) + b'{"input": "')
        file.seek(256 << 20, os.SEEK_CUR)  # a hole: it takes no room
        file.write(b'"}\n' + lines(record(2)))
    tracemalloc.start()
    desk.take(rules=replace(desk.rules, longest_line=1 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (desk.ids(), desk.unread()) == (["t1", "t2"], {"too long": 1})
    assert peak < 16 << 20


def test_a_long_line_without_an_end_waits(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1)) + b"x" * 5000)
    taken = desk.take(rules=replace(desk.rules, longest_line=1000))
    assert (taken.records, taken.pending, desk.unread()) == (1, 1, {})


def test_the_same_id_with_other_words_is_no_second_record(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1), record(1), record(1, output_text="other")))
    taken = desk.take()
    assert (taken.records, taken.again, desk.unread()) == (1, 1, {"id taken": 1})


def test_ids_that_look_like_numbers_or_phones_stay_apart(desk: Desk) -> None:
    desk.log.write_bytes(lines(*(record(number, trace_id=f"17643744000{number:02}") for number in range(25))))
    assert (desk.take().records, len(set(desk.ids()))) == (25, 25)


def test_two_lines_that_say_the_same_without_an_id_are_two(desk: Desk) -> None:
    desk.log.write_bytes(lines({"input": "hi"}, {"input": "hi"}))
    assert desk.take().records == 2


def test_words_are_masked_and_versions_are_not(desk: Desk) -> None:
    said = record(1, input_text="I am a@example.com", prompt_pack_versions={"tool-calling": "1764374400000"})
    desk.log.write_bytes(lines(said))
    assert desk.take().masked == {"email": 1}
    assert [(one["input"], one["packs"]) for one in desk.contents()] == [("I am [masked:email]", {"tool-calling": "1764374400000"})]
    assert desk.rows("SELECT kind, name, count FROM remark") == [("masked", "email", 1)]


def test_masking_can_be_left_out(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1, input_text="I am a@example.com"), "a@example.com"))
    desk.take(rules=Rules(mask=False))
    assert [one["input"] for one in desk.contents()] == ["I am a@example.com"]
    assert desk.rows("SELECT excerpt FROM dead_letter") == [('"a@example.com"\n',)]


def test_what_is_older_than_what_is_kept_is_left(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1), record(2, created_at=NOW - 91 * DAY)))
    taken = desk.take()
    assert (taken.records, taken.expired, desk.ids()) == (1, 1, ["t1"])


def test_halves_of_characters_and_null_bytes_do_no_harm(desk: Desk) -> None:
    desk.log.write_bytes(
        b'{"trace_id": "a", "input": "x\\ud83d y\\u0000", "chat_id": "\\udc00",'
        b' "tool_calls": [{"name": "\\ud800", "args": {"\\ud800": ["\\ud800", 1]}}]}\n'
    )
    assert desk.take().records == 1
    (said,) = desk.contents()
    assert (said["input"], said["conversation"]) == ("x\ufffd y\0", "\ufffd")


def test_a_whole_pair_written_as_escapes_stays(desk: Desk) -> None:
    desk.log.write_bytes(b'{"input": "\\ud83d\\ude00"}\n')
    desk.take()
    assert desk.contents()[0]["input"] == "\U0001f600"


def test_only_logs_are_read_and_a_place_that_is_not_there_has_none(desk: Desk) -> None:
    (desk.logs / "notes.txt").write_bytes(lines(record(1)))
    (desk.logs / "a.jsonl.gz").write_bytes(b"\x1f\x8b")
    (desk.logs / "b.jsonl").mkdir()
    assert desk.take().lines == 0
    assert desk.take(Source(desk.logs / "gone")).lines == 0
    assert desk.take(Source(desk.logs / "notes.txt")).records == 1


def test_a_rehearsal_says_what_would_be_and_changes_nothing(desk: Desk) -> None:
    desk.log.write_bytes(lines(*(record(number) for number in range(3000))))
    assert desk.take(dry=True).records == 3000
    assert not desk.path.exists()
    desk.take()
    before = desk.dump()
    with desk.log.open("ab") as file:
        file.write(lines(record(4000), "dead"))
    taken = desk.take(dry=True)
    assert (taken.records, dict(taken.unread)) == (1, {"not an object": 1})
    assert desk.dump() == before


def test_batches_make_no_difference(tmp_path: Path) -> None:
    dumps = []
    for number, rules in enumerate([Rules(), Rules(lines_at_once=1), Rules(bytes_at_once=500)]):
        desk = Desk(tmp_path / str(number))
        desk.log.write_bytes(lines(*(record(number) for number in range(20)), "dead", record(21)))
        os.utime(desk.log, (1, 1))
        desk.take(rules=rules)
        dumps.append(desk.dump('INTO "file"', 'INTO "source"'))
    assert dumps[0] == dumps[1] == dumps[2]


def turn(number: int, kind: str, said: str) -> dict[str, object]:
    time = f"2025-11-29T00:00:{number:02}Z"
    return {"type": kind, "uuid": f"m{number}", "sessionId": "s", "timestamp": time, "message": {"role": kind, "content": said}}


def test_a_transcript_grows_and_its_last_turn_with_it(desk: Desk) -> None:
    source = Source(desk.logs, Log.CLAUDE_CODE)
    folder = desk.logs / "-home-me-project"
    (folder / "s" / "subagents").mkdir(parents=True)
    (folder / "s" / "subagents" / "x.jsonl").write_bytes(lines(turn(1, "user", "sub"), turn(2, "assistant", "agent")))
    log = folder / "s.jsonl"
    log.write_bytes(lines(turn(1, "user", "one"), turn(2, "assistant", "first")))
    taken = desk.take(source)
    assert (taken.records, [one["output"] for one in desk.contents()]) == (1, ["first"])
    with log.open("ab") as file:
        file.write(lines(turn(3, "assistant", "more a@example.com")))
    taken = desk.take(source)
    assert (taken.changed, [one["output"] for one in desk.contents()]) == (1, ["more [masked:email]"])
    with log.open("ab") as file:
        file.write(lines(turn(4, "user", "two"), turn(5, "assistant", "second")))
    taken = desk.take(source)
    assert (taken.records, taken.again, taken.changed) == (1, 1, 0)
    assert [(one["id"], one["output"]) for one in desk.contents()] == [("m1", "more [masked:email]"), ("m4", "second")]
    taken = desk.take(source)
    assert (taken.lines, taken.files, taken.pending) == (0, 0, 0)
    assert (taken.again, taken.records, taken.changed, taken.unread) == (0, 0, 0, {})
    assert desk.rows("SELECT name, count FROM remark") == [("email", 1)]
    with log.open("ab") as file:
        file.write(lines(turn(6, "assistant", "third"))[:-9])
    assert desk.take(source).pending == 1
    log.write_bytes(log.read_bytes() + lines(turn(6, "assistant", "third"))[-9:])
    assert desk.take(source).changed == 1
    assert [one["output"] for one in desk.contents()][-1] == "third"


def test_a_transcript_that_was_copied_into_another_is_known(desk: Desk) -> None:
    source = Source(desk.logs, Log.CLAUDE_CODE)
    desk.log.write_bytes(lines(turn(1, "user", "one"), turn(2, "assistant", "first")))
    (desk.logs / "b.jsonl").write_bytes(
        lines({"type": "mode"}, turn(1, "user", "one"), turn(2, "assistant", "first"), turn(3, "assistant", "x"))
    )
    taken = desk.take(source)
    assert (taken.records, taken.again, taken.unread) == (1, 1, {})


def test_chat_logs_have_ids_of_their_own(desk: Desk) -> None:
    desk.log.write_bytes(lines({"id": 1, "q": "a"}))
    (desk.logs / "b.jsonl").write_bytes(lines({"id": 1, "q": "b"}))
    sources = [Source(desk.logs / f"{name}.jsonl", Log.CHAT, name, {"input": "q"}) for name in "ab"]
    assert desk.take(*sources).records == 2
    assert len(set(desk.rows("SELECT case_id FROM record"))) == 2


@pytest.mark.parametrize("kind", [Log.OTEL, None])
def test_what_has_nothing_to_do_with_traces_is_passed_over_and_counted(desk: Desk, kind: Log | None) -> None:
    desk.log.write_bytes(lines({"name": "GET /", "spanId": "s", "attributes": {}}))
    taken = desk.take(Source(desk.logs, kind))
    assert (taken.passed_over, taken.records, taken.unread) == (1, 0, {})
