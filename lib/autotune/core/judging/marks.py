"""What a judge gives: a mark for each criterion, made into a score from 0 to 1, or no score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from autotune.core.asking.failing import Failure
from autotune.core.judging.fencing import Fence, obeyed
from autotune.core.judging.rubric import Rubric

BEST_MARK = 4
"""Marks are 0 to 4: five steps are as many as an anchor at each end and one between can tell apart."""
_LONGEST_REASON = 500


class Unscored(StrEnum):
    """Why there is no score. It is not 0: the case is left out, and asked again later."""

    NO_ANSWER = "no answer"  # the judge gave none; why is in `failure`
    OBEYED = "obeyed"  # the judge followed what stands in the text that it was to judge


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of judging one answer. `score` is 0 to 1, None where it is `unscored`.

    `marks` are 0 to 4 by criterion, `reasons` the judge's words. `sure` is how sure the judge says that it is, 0 to 1. `judge` is the
    model.
    """

    judge: str
    score: float | None
    marks: Mapping[str, int]
    reasons: Mapping[str, str]
    sure: float | None = None
    unscored: Unscored | None = None
    failure: Failure | None = None


def schema(rubric: Rubric) -> dict[str, Any]:
    """The shape that a judge's answer has to have: for each criterion a reason, then a mark; at the end how sure it is."""
    one = {
        "type": "object",
        "properties": {"reason": {"type": "string"}, "mark": {"type": "integer", "enum": list(range(BEST_MARK + 1))}},
        "required": ["reason", "mark"],
        "additionalProperties": False,
    }
    names = [criterion.name for criterion in rubric.criteria]
    marks = {"type": "object", "properties": dict.fromkeys(names, one), "required": names, "additionalProperties": False}
    sure = {"type": "integer", "enum": list(range(BEST_MARK + 1))}
    properties = {"criteria": marks, "remark": {"type": "string"}, "sure": sure}
    return {"type": "object", "properties": properties, "required": ["criteria", "remark", "sure"], "additionalProperties": False}


def judged(rubric: Rubric, fence: Fence, judge: str, value: Any, failure: Failure | None) -> Judgement:  # noqa: ANN401 - any JSON
    """Make a judge's answer, which fits `schema`, a judgement."""
    if failure is not None:
        return Judgement(judge, None, {}, {}, unscored=Unscored.NO_ANSWER, failure=failure)
    if obeyed(fence, str(value["remark"])):
        return Judgement(judge, None, {}, {}, unscored=Unscored.OBEYED)
    marks = {name: int(one["mark"]) for name, one in value["criteria"].items()}
    reasons = {name: str(one["reason"])[:_LONGEST_REASON] for name, one in value["criteria"].items()}
    return Judgement(judge, score(rubric, marks), marks, reasons, value["sure"] / BEST_MARK)


def score(rubric: Rubric, marks: Mapping[str, int]) -> float:
    """The weighted mean of marks, 0 to 1. Raises KeyError where a criterion has none."""
    weights = math.fsum(one.weight for one in rubric.criteria)
    return min(1.0, max(0.0, math.fsum(one.weight / weights * marks[one.name] for one in rubric.criteria) / BEST_MARK))
