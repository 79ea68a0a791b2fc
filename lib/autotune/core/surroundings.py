"""What a segment is measured on and with, besides the code: which programs its commands run, and how two records of it differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

TOOL, DEPENDENCIES = "tool ", "dependencies "  # what their names begin with in a record
NOT_COMPARED = frozenset({"python"})  # the Python that runs autotune; a benchmark's own is one of its tools
MOST_TOOLS = 20

_SEPARATOR = re.compile(r"&&|\|\||[;&|\n(){}`]|\$\(")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PROGRAM = re.compile(r"[A-Za-z0-9_./+-]+")
# What a shell does itself, and words that another command follows.
_WORD = re.compile(r"\S+")
_BUILT_IN = frozenset(
    _WORD.findall(
        """. : [ [[ alias bg bind break builtin case cd continue declare dirs do done echo elif else esac eval exit export false fg fi for
        function getopts hash help if in jobs kill let local popd printf pushd pwd read readonly return select set shift source test then
        times trap true type typeset ulimit umask unalias unset until wait while ]] ]"""
    )
)
_BEFORE_A_COMMAND = frozenset(_WORD.findall("! command do elif else env exec if nice nohup then time until while"))


def programs(script: str) -> tuple[str, ...]:
    """The programs that a shell command or script runs, as far as its first words tell: no variables, no functions, twenty at most."""
    found = dict.fromkeys(program for line in _lines(script) for part in _SEPARATOR.split(line) if (program := _first_word(part)))
    return tuple(found)[:MOST_TOOLS]


def _lines(script: str) -> Iterator[str]:
    for line in script.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield _QUOTED.sub(_unquoted, stripped).partition(" #")[0]


def _unquoted(quoted: re.Match[str]) -> str:
    """What runs of a quoted text: in double quotes, the commands whose output it takes."""
    text = quoted.group()
    return text[1:-1] if text.startswith('"') and ("$(" in text or "`" in text) else "''"


def _first_word(part: str) -> str | None:
    for word in part.split():
        if word in _BEFORE_A_COMMAND or _ASSIGNMENT.match(word):
            continue
        return word if _PROGRAM.fullmatch(word) and word not in _BUILT_IN else None
    return None


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """What differs between two records, in words.

    Only what both name is compared: a record of an older version names less. A tool or a dependency that is gone is named too, since
    its name stays in the commands.
    """
    told = []
    for name, was in before.items():
        shown = name.removeprefix(TOOL)
        if name in NOT_COMPARED or (name not in now and not name.startswith((TOOL, DEPENDENCIES))):
            continue
        if name not in now:
            told.append(f"{shown} is gone")
        elif now[name] != was:
            told.append(f"{shown} was {was}, is {now[name]}")
    return tuple(told)
