"""JSON values of a form that nobody promises: what is not there, or is something else, is empty."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

_SKILL_FILE = re.compile(r"([\w .:@+~/-]*?)/?([\w .:@+~-]+)/SKILL\.md\b")
_INJECTED = re.compile(r"\A\s*<skill(?:\s+name=\"([^\"]+)\"[^>]*)?>\s*(?:<name>([^<]+)</name>)?")


def entry(value: object, *names: str) -> object:
    """The value under names, one inside the other; None where any is absent."""
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text(value: object, *names: str) -> str:
    """The text under names, empty where there is none."""
    found = entry(value, *names)
    return found if isinstance(found, str) else ""


def count(value: object, *names: str) -> int:
    """The whole number under names, 0 where there is none."""
    found = entry(value, *names)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def entries(value: object, *names: str) -> Iterator[Mapping[str, object]]:
    """Each object of a list under names."""
    found = entry(value, *names)
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping):
            yield one


def words(content: object) -> str:
    """A message's text: as it is, or the text parts of a list, a line each."""
    if isinstance(content, str):
        return content
    return "\n".join(text(one, "text") for one in entries({"content": content}, "content") if text(one, "text"))


def fingerprint(body: str) -> str:
    """The first 16 hex digits of a text's SHA-256."""
    return hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:16]


def skill_read(said: str) -> str | None:
    """The skill whose SKILL.md a path or a command names: its folder's name."""
    found = _SKILL_FILE.search(said)
    return found[2].strip() if found else None


def injected(said: str) -> str | None:
    """The skill whose instructions a host has put into the conversation as `<skill>`, None where it is something else."""
    found = _INJECTED.match(said)
    return (found[1] or found[2]) if found else None


def moment(milliseconds: object) -> str:
    """A time in milliseconds since 1970 as ISO 8601 in UTC; empty for what is none."""
    if not isinstance(milliseconds, int) or not 0 <= milliseconds < 1 << 48:
        return ""
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
