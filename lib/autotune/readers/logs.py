"""The logs of other loops, made into history: strictly, with a word for each line that is not taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from autotune.core.codec import read_json
from autotune.core.ledger.earlier import Earlier
from autotune.core.model import Status
from autotune.readers.reading import finite, no_constant

LONGEST = 500  # characters of a description, or of side information
DECIMALS = {"0.000000"}  # what a table has for a value where a run crashed


class NotTaken(StrEnum):
    """Why a line of a log is not taken."""

    NOT_UTF8 = "not utf8"
    NOT_JSON = "not json"
    NO_OBJECT = "no object"
    TORN = "torn"
    UNKNOWN_TYPE = "unknown type"
    NO_CONFIG = "no config"
    BAD_CONFIG = "bad config"
    BAD_NUMBER = "bad number"
    UNKNOWN_STATUS = "unknown status"
    BAD_VALUE = "bad value"
    KEEP_WITHOUT_VALUE = "keep without value"
    BAD_DESCRIPTION = "bad description"
    BAD_TIME = "bad time"
    BAD_COLUMNS = "bad columns"


class UnknownLogError(ValueError):
    """What was given is no log that can be read."""


class _LineError(ValueError):
    """A line that is not taken, and what is in the way."""

    def __init__(self, why: NotTaken, found: object = "") -> None:
        super().__init__(why)
        self.why, self.found = why, str(found)[:80]


@dataclass(frozen=True, slots=True)
class Left:
    """A line that is not taken: its number, why, and what was found there."""

    line: int
    why: NotTaken
    found: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a log says of itself: `direction` is lower or higher, empty where it does not say."""

    name: str = ""
    metric: str = ""
    unit: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """A log as it was read: in which format, what it says of itself, its experiments, and what was not taken."""

    format: str
    header: Header = field(default_factory=Header)
    rows: tuple[Earlier, ...] = ()
    left: tuple[Left, ...] = ()


def read(content: bytes) -> Log:
    """Read a log; raises `UnknownLogError` where it is none of the three formats."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    first = next((line.strip() for line in lines if line.strip()), b"")
    if first.startswith(b"{"):
        return _json_lines(lines)
    if first.split(b"\t")[0] == b"commit" and b"status" in first.split(b"\t"):
        return _table(lines)
    raise UnknownLogError


# Lines of JSON


def _json_lines(lines: list[bytes]) -> Log:
    header: Header | None = None
    rows, left, older = list[Earlier](), list[Left](), False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            body = _object(line)
            if body.get("type") == "config":
                header, older = _header(body), older or "metric_name" in body
            elif body.get("type") != "hook":
                rows.append(_run(body, header))
        except _LineError as problem:
            torn = number == len(lines) and problem.why is NotTaken.NOT_JSON  # its end was never written
            left.append(Left(number, NotTaken.TORN if torn else problem.why, "" if torn else problem.found))
    return Log("autotune.jsonl" if older else "autoresearch.jsonl", header or Header(), tuple(rows), tuple(left))


def _run(body: Mapping[str, Any], header: Header | None) -> Earlier:
    """Read a line that is an experiment: a result of the one format, or one without a type of the other."""
    kind = body.get("type")
    if kind is not None and kind != "result":
        raise _LineError(NotTaken.UNKNOWN_TYPE, kind)
    if header is None:
        raise _LineError(NotTaken.NO_CONFIG)
    return _row(body, header, _whole(body.get("index" if kind == "result" else "run")))


def _object(line: bytes) -> dict[str, Any]:
    try:
        body = read_json(line.decode(), parse_constant=no_constant)
    except UnicodeDecodeError:
        raise _LineError(NotTaken.NOT_UTF8) from None
    except ValueError:
        raise _LineError(NotTaken.NOT_JSON) from None
    if not isinstance(body, dict):
        raise _LineError(NotTaken.NO_OBJECT)
    return body


def _header(body: Mapping[str, Any]) -> Header:
    older = "metric_name" in body
    names = ("name", "metric_name", "metric_unit", "direction") if older else ("name", "metricName", "metricUnit", "bestDirection")
    said = [body.get(name, "") or "" for name in names]
    if not all(isinstance(one, str) for one in said) or not said[1] or said[3] not in {"", "lower", "higher"}:
        raise _LineError(NotTaken.BAD_CONFIG)
    return Header(*(one[:LONGEST] for one in said))


def _whole(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise _LineError(NotTaken.BAD_NUMBER, number)
    return number


def _row(body: Mapping[str, Any], header: Header, number: int) -> Earlier:
    status = _status(body.get("status"))
    asi = body.get("asi")
    return Earlier(
        number=number,
        status=status,
        value=_value(body.get("metric"), status),
        description=_text(body.get("description")),
        metric=header.metric,
        unit=header.unit,
        commit=_text(body.get("commit") or "")[:40],
        timestamp=_time(body.get("timestamp")),
        note=json.dumps(asi, ensure_ascii=False)[:LONGEST] if asi else "",
    )


def _status(said: object) -> Status:
    if said not in [*map(str, Status)]:
        raise _LineError(NotTaken.UNKNOWN_STATUS, said)
    return Status(str(said))


def _value(said: object, status: Status) -> float | None:
    """A finite number, or none; a crash has none, whatever stands there, and a keep has one."""
    if said is not None and (isinstance(said, str) or finite(said) is None):
        raise _LineError(NotTaken.BAD_VALUE, said)
    if status is Status.CRASH:
        return None
    if said is None and status is Status.KEEP:
        raise _LineError(NotTaken.KEEP_WITHOUT_VALUE)
    return finite(said)


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise _LineError(NotTaken.BAD_DESCRIPTION, said)
    return said[:LONGEST]


def _time(said: object) -> str:
    """A time as ISO text in UTC, of ISO text or of milliseconds since 1970; empty where none is said."""
    try:
        if said is None:
            return ""
        if isinstance(said, str):
            found = datetime.fromisoformat(said)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        if isinstance(said, int | float) and not isinstance(said, bool):
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=said)).isoformat()
    except (ValueError, OverflowError):
        pass
    raise _LineError(NotTaken.BAD_TIME, said)


# A table


def _table(lines: list[bytes]) -> Log:
    names: list[str] = []
    rows, left = list[Earlier](), list[Left]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            cells = line.rstrip(b"\r").decode().split("\t")
            if not names:
                names = cells
                continue
            rows.append(_row_of_table(names, cells, len(rows) + 1))
        except UnicodeDecodeError:
            left.append(Left(number, NotTaken.NOT_UTF8))
        except _LineError as problem:
            left.append(Left(number, NotTaken.TORN if number == len(lines) else problem.why, problem.found))
    return Log("results.tsv", Header(metric=_metric_of(names)), tuple(rows), tuple(left))


def _metric_of(names: list[str]) -> str:
    """The column that holds the metric: the first one that is not one of the table's own."""
    return next((name for name in names if name not in {"commit", "status", "description"}), "")


def _row_of_table(names: list[str], cells: list[str], number: int) -> Earlier:
    if len(cells) != len(names):
        raise _LineError(NotTaken.BAD_COLUMNS, len(cells))
    held = dict(zip(names, cells, strict=True))
    status, text = _status(held["status"].strip()), held.get(_metric_of(names), "").strip()
    try:
        value = float(text) if text and not (status is Status.CRASH and text in DECIMALS) else None
    except ValueError:
        raise _LineError(NotTaken.BAD_VALUE, text) from None
    described = _text(held.get("description", ""))
    return Earlier(number, status, _value(value, status), described, metric=_metric_of(names), commit=held["commit"][:40])
