"""The logs of other loops: what is taken, and what is not, line by line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.model import Status
from autotune.core.tell.imported import WHY, item, not_taken
from autotune.readers.logs import Log, NotTaken, UnknownLogError, read

CONFIG = {"type": "config", "name": "n", "metric_name": "t", "metric_unit": "s", "direction": "lower", "segment": 1, "mode": "optimize"}
RESULT: dict[str, Any] = {
    "type": "result",
    "index": 3,
    "commit": "abc",
    "metric": 1.5,
    "status": "keep",
    "description": "an idea",
    "timestamp": "2026-01-02T03:04:05Z",
    "segment": 1,
    "metrics": {"t": 1.5},
    "asi": {"next": "more"},
    "failure": None,
}
OLDER = {"type": "config", "name": "n", "metricName": "loss", "metricUnit": "", "bestDirection": "higher"}
RUN = {"run": 7, "commit": "def", "metric": 2, "metrics": {}, "status": "discard", "description": "d", "timestamp": 1_767_323_045_000}
TABLE = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"


def log_of(*lines: object) -> Log:
    return read("".join(f"{json.dumps(line) if isinstance(line, dict) else line}\n" for line in lines).encode())


def why(log: Log) -> list[tuple[int, str]]:
    return [(one.line, one.why) for one in log.left]


def test_a_log_of_autotune_0_3_is_taken_with_what_it_says_of_its_metric() -> None:
    log = log_of(CONFIG, RESULT, {**RESULT, "index": 4, "metric": None, "status": "checks_failed", "asi": None})
    assert (log.format, log.header.metric, log.header.unit, log.header.direction) == ("autotune.jsonl", "t", "s", "lower")
    first, second = log.rows
    assert (first.number, first.status, first.value, first.commit, first.metric) == (3, Status.KEEP, 1.5, "abc", "t")
    assert (first.timestamp, first.note) == ("2026-01-02T03:04:05+00:00", '{"next": "more"}')
    assert (second.status, second.value) == (Status.CHECKS_FAILED, None)
    assert log.left == ()


def test_a_log_of_autoresearch_has_hooks_that_are_no_runs_and_times_in_milliseconds() -> None:
    log = log_of(OLDER, {"type": "hook", "name": "x"}, RUN, {**RUN, "run": 8, "status": "crash", "metric": 0})
    assert (log.format, log.header.metric, log.header.direction) == ("autoresearch.jsonl", "loss", "higher")
    assert [(one.number, one.value) for one in log.rows] == [(7, 2.0), (8, None)]
    assert log.rows[0].timestamp == "2026-01-02T03:04:05+00:00"
    assert log.left == ()


def test_a_run_without_a_time_or_a_commit_is_taken() -> None:
    (row,) = log_of(CONFIG, {key: value for key, value in RESULT.items() if key not in {"timestamp", "commit"}}).rows
    assert (row.timestamp, row.commit) == ("", "")


def test_a_table_has_no_value_where_a_run_crashed() -> None:
    log = read(
        f"{TABLE}a1\t0.997900\t44.0\tkeep\tbaseline\nb2\t0.000000\t0.0\tcrash\ttoo wide\r\nc3\t1.005000\t44.0\tdiscard\tGeLU\n".encode()
    )
    assert (log.format, log.header.metric) == ("results.tsv", "val_bpb")
    assert [(one.number, one.status, one.value, one.description) for one in log.rows] == [
        (1, "keep", 0.9979, "baseline"),
        (2, "crash", None, "too wide"),
        (3, "discard", 1.005, "GeLU"),
    ]
    assert log.left == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({**RESULT, "status": "win"}, "unknown status"),
        ({**RESULT, "status": None}, "unknown status"),
        ({**RESULT, "status": ["keep"]}, "unknown status"),
        ({**RESULT, "metric": None}, "keep without value"),
        ({**RESULT, "metric": "1.5"}, "bad value"),
        ({**RESULT, "metric": True}, "bad value"),
        (json.dumps(RESULT).replace("1.5", "1e999"), "bad value"),
        (json.dumps(RESULT).replace("1.5", "9" * 400), "bad value"),
        (json.dumps(RESULT).replace("1.5", "NaN"), "not json"),
        ({**RESULT, "index": "3"}, "bad number"),
        ({**RESULT, "index": -1}, "bad number"),
        ({**RESULT, "description": None}, "bad description"),
        ({**RESULT, "commit": 7}, "bad description"),
        ({**RESULT, "timestamp": "yesterday"}, "bad time"),
        ({**RESULT, "timestamp": 1e300}, "bad time"),
        ({**RESULT, "timestamp": []}, "bad time"),
        ({**RESULT, "type": "magic"}, "unknown type"),
        ({**RESULT, "type": ["result"]}, "unknown type"),
        ("[1]", "no object"),
        ("{", "not json"),
        ("[" * 100_000, "not json"),
        ({**CONFIG, "metric_name": ""}, "bad config"),
        ({**CONFIG, "direction": "up"}, "bad config"),
        ({**CONFIG, "name": 7}, "bad config"),
    ],
)
def test_a_line_that_is_not_as_it_should_be_is_named_and_the_others_are_taken(line: object, reason: str) -> None:
    log = log_of(CONFIG, RESULT, line, RESULT)
    assert len(log.rows) == 2
    assert why(log) == [(3, reason)]


def test_a_line_before_any_config_or_of_other_text_is_named() -> None:
    assert why(log_of(RESULT, CONFIG, RESULT)) == [(1, "no config")]
    assert why(read(json.dumps(CONFIG).encode() + b"\n\xff\n")) == [(2, "not utf8")]


def test_a_torn_last_line_is_forgiven_and_told() -> None:
    whole = json.dumps(CONFIG) + "\n" + json.dumps(RESULT) + "\n"
    log = read((whole + json.dumps(RESULT)[:40]).encode())
    assert (len(log.rows), why(log)) == (1, [(3, "torn")])
    assert why(read(f"{TABLE}a1\t1.0\t4.0\tke".encode())) == [(2, "torn")]
    assert len(read(whole.strip().encode()).rows) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"a1\t1.0\tkeep\tx", "bad columns"),
        (b"a1\tfast\t1.0\tkeep\tx", "bad value"),
        (b"a1\tnan\t1.0\tkeep\tx", "bad value"),
        (b"a1\t\t1.0\tkeep\tx", "keep without value"),
        (b"a1\t1.0\t1.0\tkept\tx", "unknown status"),
        (b"a1\t1.0\t1.0\tkeep\t\xff", "not utf8"),
    ],
)
def test_a_row_of_a_table_that_is_not_as_it_should_be_is_named(row: bytes, reason: str) -> None:
    log = read(TABLE.encode() + row + b"\n\na2\t1.0\t1.0\tdiscard\ty\n")
    assert (len(log.rows), why(log)) == (1, [(2, reason)])


@pytest.mark.parametrize("content", [b"", b"hello\n", b"a,b\n1,2\n", b"commit\tother\n"])
def test_what_is_no_log_is_refused(content: bytes) -> None:
    with pytest.raises(UnknownLogError):
        read(content)


@given(st.binary(max_size=200), st.sampled_from([b"", json.dumps(CONFIG).encode() + b"\n", TABLE.encode()]))
def test_whatever_a_file_holds_it_is_read_or_refused(content: bytes, before: bytes) -> None:
    try:
        log = read(before + content)
    except UnknownLogError:
        return
    assert all(one.status in Status for one in log.rows)


def test_every_reason_has_words_and_text_from_elsewhere_is_safe_to_show() -> None:
    assert {*WHY} == {*map(str, NotTaken)}
    assert "\x1b" not in not_taken(3, NotTaken.UNKNOWN_STATUS, "\x1b[31m")
    (row,) = log_of(CONFIG, {**RESULT, "description": "a\x1b[31m\nb"}).rows
    assert not {"\x1b", "\n"} & {*item(row)}
