"""When a case that got no score is judged again."""

from __future__ import annotations

from autotune.core.asking.failing import Failure, Why
from autotune.core.judging.marks import Judgement, Unscored

FIRST_WAIT_MS = 10 * 60_000
LONGEST_WAIT_MS = 24 * 3_600_000
MOST_TRIES = 3
"""Of what a model does with the case itself: it will most likely do the same again."""

_OF_THE_CASE = frozenset({Why.DECLINED, Why.CUT_OFF, Why.MISSHAPEN})
_NEVER_ASKED = frozenset({Why.CALLS, Why.TOKENS, Why.MONEY, Why.RESTING})


def was_asked(judgement: Judgement) -> bool:
    """Whether a judge was asked at all: where a cap or a resting service held the call back, the case is as it was."""
    return judgement.failure is None or judgement.failure.why not in _NEVER_ASKED


def again_ms(judgement: Judgement, tries: int, now_ms: int) -> int | None:
    """From when on a case without a score is judged again (milliseconds) after `tries` tries; None where that would be in vain.

    Waits double from ten minutes to a day. A judge that obeyed is asked no more: the same question has the same answer.
    """
    if judgement.score is not None or judgement.unscored is Unscored.OBEYED or _is_given_up(judgement.failure, tries):
        return None
    return now_ms + min(LONGEST_WAIT_MS, FIRST_WAIT_MS << min(tries - 1, 16))


def _is_given_up(failure: Failure | None, tries: int) -> bool:
    return failure is not None and failure.why in _OF_THE_CASE and tries >= MOST_TRIES
