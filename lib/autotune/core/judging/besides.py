"""What a case shows besides its score, for guardrails: whether there is an answer at all, how short it is, and how little it takes.

All are from 0 to 1, and more is better, so that a bound on their mean holds at every look. Length and cost are held against what was
recorded for the same case: 0.5 is as long, or as dear, as that.

    metrics(trace, told, answer, failure)     the values by name
"""

from __future__ import annotations

import re

from autotune.core.asking.failing import Failure, Why
from autotune.core.records.trace import Trace

ANSWERED, BREVITY, THRIFT = "answered", "brevity", "thrift"
GUARDRAILS = (f"{ANSWERED} >= 0.9x", f"{BREVITY} >= 0.75x", f"{THRIFT} >= 0.75x")
"""At most a tenth fewer answers; two thirds longer, and two thirds dearer, are too much."""
_USUAL_LENGTH = 600  # characters, where no answer was recorded
_INSTRUCTIONS = 1500  # characters, which any agent is told
_WRITTEN = 5.0  # what a written character costs, in those that are read
_OPENING = 160  # characters of an answer, in which it refuses if it does
_CURLED = "\N{RIGHT SINGLE QUOTATION MARK}"
_REFUSES = re.compile(
    r"\bi(?:'m| am)? (?:can ?not|can't|won't|unable to|not able to|must decline|not allowed|sorry, but)\b",
    re.IGNORECASE,
)


def metrics(trace: Trace, told: str, answer: str, failure: Failure | None) -> dict[str, float]:
    """The values of one case, from what the agent was told and what it answered; none where it was not asked in earnest."""
    if failure is not None:
        return {ANSWERED: 0.0} if failure.why is Why.DECLINED else {}
    length = len(trace.output or "") or _USUAL_LENGTH
    usual = _INSTRUCTIONS + len(trace.input) + _WRITTEN * length
    took = len(told) + len(trace.input) + _WRITTEN * len(answer)
    return {ANSWERED: float(not refuses(answer)), BREVITY: length / (length + len(answer)), THRIFT: usual / (usual + took)}


def refuses(answer: str) -> bool:
    """Whether an answer is none: it is empty, or begins with a refusal in one of its usual forms."""
    return not answer.strip() or _REFUSES.search(answer.replace(_CURLED, "'")[:_OPENING]) is not None
