"""A suite filled up with cases that a model invents, up to so many of each side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autotune.core.asking.limits import Limits
from autotune.core.skills.package import SKILL
from autotune.core.skills.suite import Suite, with_cases
from autotune.edges.clock import now
from autotune.models.asking import Models, Terms
from autotune.skills import installed, packages
from autotune.skills.inventing import Wanted, invented
from autotune.skills.suites import Place

MOST_SIBLINGS = 12
LONGEST_SKILL = 6000  # characters


@dataclass(frozen=True, slots=True)
class Filled:
    """What was asked of a model: how many cases of each side, in how many calls; how many calls failed, and what they cost."""

    counts: Mapping[str, int]
    calls: int
    failed: int
    usd: float | None
    left_out: Mapping[str, int]


def with_invented(
    place: Place, suite: Suite, model: str, most: Mapping[str, int], max_usd: float, *, dry_run: bool
) -> tuple[Suite, Filled]:
    """Fill a suite up to `most` cases of each side; with `dry_run`, only say what that takes."""
    there = {
        "positive": sum(case.fits for case in suite.routing),
        "negative": sum(not case.fits for case in suite.routing),
        "task": len(suite.tasks),
    }
    counts = {side: max(count - there[side], 0) for side, count in most.items()}
    package = packages.read(place.skill.folder)
    wanted = Wanted(place.skill.name, package.text(SKILL)[:LONGEST_SKILL], _siblings(place), counts)
    if dry_run or not wanted.calls:
        return suite, Filled(counts, wanted.calls, 0, None, {})
    with Models(Terms(f"suite {suite.skill} {now()}", per_run=Limits(usd=max_usd))) as models:
        found = invented(models, model, wanted, suite.cases, now()[:10])
    left_out = {"alike": found.alike, "no answer": found.failed}
    told = {why: count for why, count in left_out.items() if count}
    return with_cases(suite, found.cases), Filled(counts, wanted.calls, found.failed, found.cost.usd, told)


def _siblings(place: Place) -> dict[str, str]:
    """What the skills that are offered next to this one say of themselves."""
    around = place.skill.folder.parent
    found = [one for one in installed.installed(Path.home(), around) if one.folder != place.skill.folder and one.host == place.skill.host]
    return {one.name: packages.read(one.folder).listed for one in found[:MOST_SIBLINGS]}
