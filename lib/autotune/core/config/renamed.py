"""What keys of older versions say, by today's keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from autotune.core.config.keys import Default, Key
from autotune.core.config.shapes import PATTERNS, Shape, flag, list_of, number, pattern, seconds
from autotune.core.health.recovery import Playbook
from autotune.core.trust.patterns import literal

_ANY = Shape("anything", lambda value: value)
OLD = tuple(
    Key(name, shape, Default.ABSENT, example)
    for name, shape, example in (
        ("allow", list_of(PATTERNS, pattern), ["pyproject.toml"]),
        ("audit", flag(), True),
        ("busy_above", number("a number", above=0, at_most=1), 0.75),
        ("claim_pairs", _ANY, 20),
        ("hook_timeout_s", seconds(), 120),
        ("recovery.pause_on_exhausted_recovery", flag(), True),
        ("stop_patience", _ANY, 3),
    )
)
"""Keys of older versions, as they were; `keys.NOW` has what they are called."""


def by_todays_keys(old: Mapping[str, Any], held: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """What old keys say, by the names of today's; `held` is what those say themselves, `given` the names of those that are written down.

    Of `allow`, a file's own name is taken over: a pattern in `scope` frees nothing. Who never waited for a quiet machine does not now.
    """
    now: dict[str, Any] = {}
    if "allow" in old:
        now["scope"] = tuple(dict.fromkeys((*held["scope"], *(one for one in old["allow"] if one == literal(one)))))
    if "audit" in old and "void_implausible" not in given:
        now["void_implausible"] = old["audit"]
    if old.get("busy_above") == 1:
        now["busy_wait_s"] = 0.0
    if "hook_timeout_s" in old:
        now["checks_timeout_s"] = max(held["checks_timeout_s"], old["hook_timeout_s"])
    if (pauses := old.get("recovery.pause_on_exhausted_recovery")) is not None:
        now["recovery.playbooks"] = _playbooks(held["recovery.playbooks"], held["recovery.max_healing_attempts"], pauses=pauses)
    return now


def _playbooks(playbooks: tuple[str, ...], tries: int, *, pauses: bool) -> tuple[str, ...]:
    """The playbooks with a pause at their end where there was one: in the list, within the budget, or when that was spent."""
    pauses = pauses or Playbook.PAUSE in playbooks[:tries]
    return (*(one for one in playbooks if one != Playbook.PAUSE), *([str(Playbook.PAUSE)] if pauses else []))
