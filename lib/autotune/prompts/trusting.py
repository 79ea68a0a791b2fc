"""Whether the judge of a behaviour is trusted to promote a pack without a person."""

from __future__ import annotations

from typing import Any

from autotune.core.judging.trust import Doubt, doubt
from autotune.core.records.behaviors import Behavior
from autotune.core.tell.scored import agreement_values
from autotune.prompts.settings import Settings
from autotune.records import labels, scoring
from autotune.records.store import Store


def doubt_of(store: Store, settings: Settings, behavior: Behavior) -> Doubt | None:
    """Why a promotion of this behaviour needs a person's approval; None where the judge that judged last agrees with people."""
    found = labels.agreement(store, behavior, scoring.current(store, behavior))
    return doubt(found, settings["judge.min_agreement"], settings["judge.min_labels"])


def values(store: Store, settings: Settings, behavior: Behavior) -> dict[str, Any]:
    """How far judge and person agree on a behaviour, and whether that is enough, as JSON values."""
    found = labels.agreement(store, behavior, scoring.current(store, behavior))
    least, fewest = settings["judge.min_agreement"], settings["judge.min_labels"]
    said = agreement_values(found, doubt(found, least, fewest), least, fewest)
    return {"behavior": str(behavior), "labels": labels.count(store, behavior), **said}
