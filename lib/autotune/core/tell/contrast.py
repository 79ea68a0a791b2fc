"""Where two runs of the same benchmark differ that were made in two places: the checkout, and where autotune measures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autotune.core.escaping import escaped
from autotune.core.model import Outcome
from autotune.core.output.metrics import RESERVED
from autotune.core.tell.figures import number

HERE, THERE = "the checkout", "the measuring place"
FAR = 0.2  # the share by which one run's value may differ from another's where nothing is known of the noise
FAR_OUTSIDE = 0.5  # the same of what is measured from outside, much of which may be the start of programs
NOISE_FLOORS = 5.0  # and how many noise floors of a single run, where that is known
MOST_LINES = 20_000  # of an output that are looked at
LINES_SHOWN = 4  # of each that only one printed
LONGEST_LINE = 160
METRICS_TOLD = 8
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_METRIC = re.compile(r"\s*METRIC\b")
# What may differ from run to run: addresses, and numbers but whole ones of three digits without a unit, as a server's status is.
_VARIES = re.compile(
    r"0x[0-9a-fA-F]+|\b[0-9a-f]{7,40}\b|(?!\b[1-5]\d\d\b(?![.:,]\d|\s?(?:[nmµu]?s|sec|[kKMG]?i?B|%|ops|req)\b))\d+(?:[.:,]\d+)*"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run was in one place: how it ended and why, the metrics that it printed, its output, and the folders that are that place."""

    outcome: Outcome
    why: str
    metrics: Mapping[str, float]
    output: str
    folders: Sequence[str]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Where two runs differ: `told` says it in sentences, `output` has lines that only the checkout printed (`- `) or the other (`+ `).

    `matters` where a number of the one does not stand for the other's.
    """

    told: tuple[str, ...]
    output: tuple[str, ...]
    matters: bool


def contrast(here: Seen, there: Seen, noise: float | None = None) -> Contrast:
    """Hold a run in the checkout against one in the measuring place; `noise` is the spread of a single run as a share, None if unknown."""
    told = [*_ends(here, there), *_names(here.metrics, there.metrics), *_values(here.metrics, there.metrics, noise)]
    return Contrast(tuple(told), tuple(_lines(here, there)), matters=bool(told))


def side_by_side(metric: str, here: Seen, there: Seen) -> Iterator[str]:
    """How each of both runs ended and what it printed, the metric first; one line a place."""
    for where, seen in ((HERE, here), (THERE, there)):
        named = sorted(seen.metrics.items(), key=lambda one: one[0] != metric)[:METRICS_TOLD]
        metrics = ", ".join(f"{escaped(name)}={number(value)}" for name, value in named)
        yield f"{where}: {seen.outcome}{'' if seen.outcome is Outcome.OK else f' ({seen.why})'}, {metrics or 'no metric'}"


def _ends(here: Seen, there: Seen) -> Iterator[str]:
    if here.outcome is not there.outcome:
        yield f"it ends otherwise: {here.outcome} in {HERE} ({here.why}), {there.outcome} in {THERE} ({there.why})"


def _names(here: Mapping[str, float], there: Mapping[str, float]) -> Iterator[str]:
    for one, other, where in ((here, there, HERE), (there, here, THERE)):
        if missing := [escaped(name) for name in one if name not in other]:
            yield f"only in {where} it prints {', '.join(missing)}"


def _values(here: Mapping[str, float], there: Mapping[str, float], noise: float | None) -> Iterator[str]:
    for name, value in here.items():
        other = there.get(name, value)
        far = FAR_OUTSIDE if name.startswith(RESERVED) else FAR if noise is None else NOISE_FLOORS * noise
        if abs(value - other) > far * min(abs(value), abs(other)):
            yield f"{escaped(name)} is {number(value)} in {HERE} and {number(other)} in {THERE}"


def _lines(here: Seen, there: Seen) -> Iterator[str]:
    """The lines that only one of them printed, however often and in whatever order; the first few of each."""
    ours, theirs = (_printed(seen) for seen in (here, there))
    for sign, own, other in (("-", ours, theirs), ("+", theirs, ours)):
        found = [line for plain, line in own.items() if plain not in other]
        yield from (f"{sign} {escaped(line.strip()[:LONGEST_LINE])}" for line in found[:LINES_SHOWN])
        if len(found) > LINES_SHOWN:
            yield f"{sign} … and {len(found) - LINES_SHOWN} more lines"


def _printed(seen: Seen) -> dict[str, str]:
    """The lines of an output without colours, and without those that print a metric, each by what does not vary of it."""
    found: dict[str, str] = {}
    for line in _COLOUR.sub("", seen.output.replace("\r", "\n")).split("\n")[:MOST_LINES]:
        if line.strip() and not _METRIC.match(line):
            found.setdefault(_plain(line, seen.folders), line)
    return found


def _plain(line: str, folders: Sequence[str]) -> str:
    """A line without what differs from place to place and from run to run anyway."""
    for folder in folders:
        line = line.replace(folder, ".")
    return _VARIES.sub("#", line).strip()
