"""What a segment is measured on and with, besides the code: which programs its commands run, and how two records of it differ.

So do two measurements of the unchanged code: in value, or in noise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from autotune.core.facts import Fact, Kind
from autotune.core.model import Direction
from autotune.core.stats import effects, noise

TOOL, DEPENDENCIES = "tool ", "dependencies "  # what their names begin with in a record
NOT_COMPARED = frozenset({"python"})  # the Python that runs autotune; a benchmark's own is one of its tools
MOST_TOOLS = 20
SHIFTED_BY = 3.0  # standard errors between two medians, or noise floors, from which the machine counts as changed
FEWEST_RESIDUALS = 2  # from which anything is said of noise

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


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[Fact, ...]:
    """What differs between two records.

    Only what both name is compared: a record of an older version names less. A tool or a dependency that is gone is named too, since
    its name stays in the commands.
    """
    found = []
    for name, was in before.items():
        shown = name.removeprefix(TOOL)
        if name in NOT_COMPARED or (name not in now and not name.startswith((TOOL, DEPENDENCIES))):
            continue
        if name not in now:
            found.append(Fact(Kind.TOOL_GONE, {"name": shown}))
        elif now[name] != was:
            found.append(Fact(Kind.TOOL_CHANGED, {"name": shown, "before": was, "now": now[name]}))
    return tuple(found)


def shifted(before: tuple[float, ...], fresh: tuple[float, ...], *, logs: bool) -> Fact | None:
    """Give how an unchanged state's values have moved since they were taken; None where they have not.

    Two medians of n and m values lie apart by chance by about sigma sqrt(pi/2 (1/n + 1/m)), sigma from their residuals.
    """
    if not before or not fresh or len(before) == len(fresh) == 1:  # of single runs nobody knows how much they differ by chance
        return None
    logs = logs and min(*before, *fresh) > 0
    sigma = noise.noise_floor((*noise.residual_pool(before, logs=logs), *noise.residual_pool(fresh, logs=logs))) / effects.SQRT2
    scale = (1.5708 * (1 / len(before) + 1 / len(fresh))) ** 0.5
    one, other = (noise.median(effects.on_scale(values, Direction.HIGHER, logs=logs)) for values in (before, fresh))
    if abs(one - other) <= SHIFTED_BY * sigma * scale:
        return None
    return Fact(Kind.VALUE_MOVED, {"before": noise.median(before), "now": noise.median(fresh)})


def noise_changed(pool: tuple[float, ...], fresh: tuple[float, ...], *, logs: bool) -> Fact | None:
    """Give how the noise differs from what the session knows of it; None where luck may differ as much, or too little is known.

    The logarithm of a noise floor that comes from n residuals has a standard error of about sqrt(1.9 / n), by simulation of normal noise.
    """
    if len(pool) < FEWEST_RESIDUALS or len(fresh) <= FEWEST_RESIDUALS or (logs and min(fresh) <= 0):
        return None
    now_there = noise.residual_pool(fresh, logs=logs)
    was, now_is = (noise.noise_floor(one) if noise.median(one) else 0.0 for one in (pool, now_there))
    error = (1.9 * (1 / len(pool) + 1 / len(now_there))) ** 0.5
    if was == now_is or (was and now_is and abs(math.log(now_is / was)) <= SHIFTED_BY * error):
        return None
    return Fact(Kind.NOISE_CHANGED, {"before": was / effects.SQRT2, "now": now_is / effects.SQRT2, "logs": logs})
