"""What an agent's work on a task has come to, held against its checks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autotune.core.skills.signs import Used
from autotune.core.skills.suite import Check, CheckKind

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


@dataclass(frozen=True, slots=True)
class Work:
    """What was done: the last answer, the tools that were used, and what lies in the files that checks name, None where there is none."""

    answer: str
    used: Sequence[Used] = ()
    files: Mapping[str, str | None] = field(default_factory=dict)


def holds(check: Check, work: Work) -> bool:
    """Whether a check holds. One of a command is not decided here."""
    said = work.answer if check.path is None else work.files.get(check.path)
    match check.kind:
        case CheckKind.CONTAINS:
            return said is not None and (check.text or "") in said
        case CheckKind.NOT_CONTAINS:
            return said is None or (check.text or "") not in said
        case CheckKind.REGEX:
            found = said is not None and re.search(check.pattern or "", said, flags(check.flags)) is not None
            return found == check.exists
        case CheckKind.FILE_EXISTS:
            return (said is not None) == check.exists
        case _:
            return _used(check, work.used)


def flags(letters: str | None) -> re.RegexFlag:
    """Give the flags that letters stand for; unknown ones, such as `g`, change nothing."""
    found = re.RegexFlag(0)
    for letter in letters or "":
        found |= _FLAGS.get(letter, re.RegexFlag(0))
    return found


def _used(check: Check, used: Sequence[Used]) -> bool:
    """Count calls of a tool: at least one, where nothing else is said."""
    wanted = re.compile(check.input_match or "")
    count = sum(one.tool == check.tool and wanted.search(one.given) is not None for one in used)
    least = check.min if check.min is not None else 0 if check.max is not None else 1
    return least <= count and (check.max is None or count <= check.max)


def bad_pattern(check: Check) -> str | None:
    """Say what is wrong with a check's patterns; None where nothing is."""
    for pattern in filter(None, (check.pattern, check.input_match)):
        try:
            re.compile(pattern, flags(check.flags))
        except re.error as wrong:
            return f"{pattern}: {wrong}"
    return None
