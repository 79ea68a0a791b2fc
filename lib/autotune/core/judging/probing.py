"""What must not move a score: the order of the criteria, and words that say nothing. By how much it does is a judge's bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum

from autotune.core.judging.rubric import Rubric
from autotune.core.records.trace import Trace

_FILLER = (
    "In short, that is the answer to the question that was asked. I hope that this is of use, and I am glad to go into any part of it. "
    "As was said above, all of this has to be seen as a whole, and each part of it has its place in the answer that was given here."
)


class Bias(StrEnum):
    """What is changed that must not count."""

    ORDER = "order"
    LENGTH = "length"


def _reversed(rubric: Rubric, trace: Trace) -> tuple[Rubric, Trace]:
    """The same criteria, the last one first."""
    return Rubric(rubric.criteria[::-1]), trace


def _padded(rubric: Rubric, trace: Trace) -> tuple[Rubric, Trace]:
    """The same answer with three sentences more that say nothing."""
    return rubric, replace(trace, output=f"{trace.output or ''}\n\n{_FILLER}")


CHANGES: Mapping[Bias, Callable[[Rubric, Trace], tuple[Rubric, Trace]]] = {Bias.ORDER: _reversed, Bias.LENGTH: _padded}
