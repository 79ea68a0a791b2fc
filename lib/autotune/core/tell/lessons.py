"""What was tried before, in words."""

from __future__ import annotations

from autotune.core.facts import Fact
from autotune.core.memory.lessons import Likeness


def tried(fact: Fact) -> str:
    """Say that something like the candidate was tried before, and is measured all the same."""
    figures = fact.figures
    number = figures["experiment"]
    like = "the same change" if figures["likeness"] == Likeness.CHANGE else "its description says the same"
    where = ", in an earlier segment" if figures["earlier"] else ""
    look = f"; `autotune again {number}` takes a second look at that one" if figures["waits"] else ""
    return f"tried in {number}: {figures['fate']}{where} ({like}); it is measured again{look}"
