"""What traces say of how an agent behaves: figures with intervals, over the traces that each can be told from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, stdev

from autotune.core.records.trace import Trace
from autotune.core.stats.shares import wilson

_Z = 1.96  # 95 % of a normal distribution lie within so many deviations


class What(StrEnum):
    """What is measured."""

    TOOL_FAILURES = "tool failures"  # of the traces that call tools: the share in which one failed
    TOOL_USE = "tool use"  # of the traces that speak of tools: the share that calls one
    CHARACTERS = "characters"  # of the answers: how long they are
    FACTS = "facts"  # of the traces that speak of memory: how many facts they have
    ERRORS = "errors"  # of all traces: the share that ended in an error
    LATENCY = "latency"  # of the traces that have one: milliseconds
    QUALITY = "quality"  # of the judged ones: the score, from 0 to 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean or a share, its interval (95 %), and how many traces it is of."""

    value: float
    low: float
    high: float
    of: int


Figures = dict[What, Figure]


class Seen:
    """Traces, taken in one by one."""

    def __init__(self) -> None:
        self._values: dict[What, list[float]] = {what: [] for what in What}

    def add(self, trace: Trace) -> None:
        """Take in one trace: for each figure that it says something about."""
        values = self._values
        values[What.ERRORS].append(float(trace.error is not None))
        if trace.tool_calls is not None:
            values[What.TOOL_USE].append(float(bool(trace.tool_calls)))
        if trace.tool_calls:
            values[What.TOOL_FAILURES].append(float(any(call.ok is False for call in trace.tool_calls)))
        if trace.output and trace.error is None:
            values[What.CHARACTERS].append(float(len(trace.output)))
        if trace.memory_facts is not None:
            values[What.FACTS].append(float(len(trace.memory_facts)))
        if (latency := trace.figures.get("latency_ms")) is not None:
            values[What.LATENCY].append(latency)

    def judge(self, scores: Iterable[float]) -> None:
        """Take in scores from 0 to 1."""
        self._values[What.QUALITY] += scores

    def figures(self) -> Figures:
        """What can be told: no figure where nothing says anything about it."""
        return {what: _figure(what, values) for what, values in self._values.items() if values}


def _figure(what: What, values: Sequence[float]) -> Figure:
    mean, of = fmean(values), len(values)
    if what in {What.ERRORS, What.TOOL_FAILURES, What.TOOL_USE}:
        return Figure(mean, *wilson(mean, of, _Z), of)
    half = _Z * stdev(values) / math.sqrt(of) if of > 1 else math.inf
    return Figure(mean, mean - half, mean + half, of)
