"""What must not move a score: the order of the criteria, and words that say nothing. By how much it does is a judge's bias."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from autotune.core.judging.rubric import Rubric
from autotune.core.records.trace import Trace


class Bias(StrEnum):
    """What is changed that must not count."""

    ORDER = "order"
    LENGTH = "length"


def changed(bias: Bias, rubric: Rubric, trace: Trace, filler: str) -> tuple[Rubric, Trace]:
    """The same criteria with the last one first, or the same answer with `filler` behind it."""
    if bias is Bias.ORDER:
        return Rubric(rubric.criteria[::-1]), trace
    return rubric, replace(trace, output=f"{trace.output or ''}\n\n{filler}")
