"""JSON values of foreign logs made into what a trace holds: texts, times, numbers; what is none of these is None."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from autotune.core.codec import read_json
from autotune.core.records.trace import Unread
from autotune.readers.reading import finite
from autotune.readers.traces.reading import Refused

Json = Any  # what json.loads gives

_YEAR_3000_S = 32_503_680_000
_EARLIEST_S = 631_152_000  # 1990
_ISO_HEAD = re.compile(r"\d{4}-\d\d-\d\d|\d{8}T")


def text(value: Json) -> str | None:
    """A text as it is, a number as it is written, anything structured as JSON; None for nothing."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def name(value: Json) -> str | None:
    """An id, which logs write as a text or a number; None where it is empty, zero or stands for nothing known."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not value or value == "unknown":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def number(value: Json) -> float | None:
    """A finite number."""
    return None if isinstance(value, str) or finite(value) is None else value


def time_ms(value: Json) -> int | None:
    """A time as milliseconds since 1970: of ISO text, or of a number of seconds, milliseconds, micro- or nanoseconds, known by its size.

    Raises `Refused` where a value is there and is no time between 1990 and 3000. A time without a zone is UTC.
    """
    if value is None or value == "":
        return None
    try:
        seconds = _seconds(value)
    except (ValueError, TypeError, OverflowError):
        raise Refused(Unread.BAD_TIME) from None
    if not _EARLIEST_S <= seconds < _YEAR_3000_S:
        raise Refused(Unread.BAD_TIME)
    return round(seconds * 1000)


def _seconds(value: Json) -> float:
    if isinstance(value, str) and _ISO_HEAD.match(value):
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    seconds = float(value)
    while _YEAR_3000_S <= seconds < math.inf:
        seconds /= 1000
    return seconds


def texts(value: Json) -> tuple[str, ...] | None:
    """A list of texts; None where it is no list."""
    return tuple(said for one in value if (said := text(one)) is not None) if isinstance(value, list) else None


def parsed(value: Json) -> Json:
    """What a text holds as JSON, where it is a text that holds JSON; else the value."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return read_json(value)
        except ValueError:
            return value
    return value


def at_path(value: Json, path: str) -> Json:
    """What stands at a dotted path, such as `request.messages.0.text`; keys with a dot in them are found too. None where nothing is."""
    if isinstance(value, Mapping):
        if path in value:
            return value[path]
        head, dot, rest = path.partition(".")
        while dot:
            if head in value and (found := at_path(value[head], rest)) is not None:
                return found
            more, dot, rest = rest.partition(".")
            head = f"{head}.{more}"
        return None
    if isinstance(value, Sequence) and not isinstance(value, str):
        head, dot, rest = path.partition(".")
        if re.fullmatch(r"-?\d{1,6}", head) and -len(value) <= int(head) < len(value):
            return at_path(value[int(head)], rest) if dot else value[int(head)]
    return None


def content(value: Json) -> str | None:
    """The words of a message's content: a text, or the texts of its parts, one after the other."""
    if isinstance(value, Mapping):
        return content(next((value[key] for key in ("text", "content", "parts") if value.get(key) is not None), None))
    if isinstance(value, list):
        said = [
            one
            for part in value
            if not (isinstance(part, Mapping) and str(part.get("type", "text")) not in _SPOKEN) and (one := content(part))
        ]
        return "\n".join(said) if said else None
    return value if isinstance(value, str) else None


_SPOKEN = frozenset(("text", "input_text", "output_text"))


def last_said(messages: Json, *roles: str) -> str | None:
    """What the last message of these roles says that says anything."""
    if not isinstance(messages, list):
        return None
    return next(
        (said for one in reversed(messages) if isinstance(one, Mapping) and one.get("role") in roles and (said := content(one))), None
    )
