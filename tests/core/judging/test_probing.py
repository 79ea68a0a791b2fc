from __future__ import annotations

from autotune.core.judging.probing import Bias, changed
from autotune.core.judging.rubric import Criterion, Rubric
from autotune.core.records.trace import Trace

RUBRIC = Rubric((Criterion("a", 1.0, "A?", "Yes.", "No."), Criterion("b", 1.0, "B?", "Yes.", "No.")))
TRACE = Trace("t", 1, "Why?", "Because.")


def test_each_bias_is_of_one_change_that_must_not_count() -> None:
    rubric, trace = changed(Bias.ORDER, RUBRIC, TRACE, "Well.")
    assert ([one.name for one in rubric.criteria], trace) == (["b", "a"], TRACE)
    rubric, trace = changed(Bias.LENGTH, RUBRIC, TRACE, "Well.")
    assert (rubric, trace.output) == (RUBRIC, "Because.\n\nWell.")
    assert changed(Bias.LENGTH, RUBRIC, Trace("t", 1, "Why?"), "Well.")[1].output == "\n\nWell."
