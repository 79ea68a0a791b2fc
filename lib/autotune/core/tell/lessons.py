"""What was tried before, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from autotune.core.escaping import shortened
from autotune.core.facts import Fact
from autotune.core.memory.lessons import Lesson, Likeness, Taught
from autotune.core.tell.figures import effect_in_short, listed
from autotune.core.tell.lines import Line

_SHOWN = 200  # characters of a description


def tried(fact: Fact) -> str:
    """Say that something like the candidate was tried before, and is measured all the same."""
    figures = fact.figures
    number = figures["experiment"]
    like = "the same change" if figures["likeness"] == Likeness.CHANGE else "its description says the same"
    where = ", in an earlier segment" if figures["earlier"] else ""
    look = f"; `autotune again {number}` takes a second look at that one" if figures["waits"] else ""
    return f"tried in {number}: {figures['fate']}{where} ({like}); it is measured again{look}"


def lines(taught: Sequence[Taught]) -> list[Line]:
    """Give lessons kind by kind, those of a kind by their sessions, in the order of their experiments."""
    order = [*Lesson]
    held = sorted(taught, key=lambda one: (order.index(one.lesson), one.metric.name, one.session, one.experiment))
    found = []
    for lesson, of_kind in groupby(held, key=lambda one: one.lesson):
        told = [_line(one) for one in of_kind]
        found += [Line(str(lesson), told[0]), *(Line("", one) for one in told[1:])]
    return found


def _line(one: Taught) -> str:
    effect = f" ({effect_in_short(one.effect)})" if one.effect is not None else ""
    files = f" [{shortened(listed(one.files), _SHOWN)}]" if one.files else ""
    where = f"{shortened(one.session, _SHOWN)}/{one.experiment}, {shortened(one.metric.name, _SHOWN)}{effect}"
    return f"{where}: {shortened(one.description, _SHOWN)}{files}"
