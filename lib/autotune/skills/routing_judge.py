"""The instrument `routing-judge`: a model shown the listing and a query, and asked which skill it would use. Cheap, and another thing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from secrets import randbits

from autotune.core.asking.failing import CAPS
from autotune.core.asking.request import Request
from autotune.core.judging.fencing import Part, drawn
from autotune.core.skills.package import MOST_LISTED, SKILL, Package
from autotune.core.skills.probed import One, right
from autotune.core.skills.probing import Probing
from autotune.core.skills.signs import Failing, Outcome
from autotune.core.skills.suite import RoutingCase
from autotune.core.tell.asked import why_no_answer
from autotune.core.tell.judging import NO_SKILL, which_skill
from autotune.models.asking import Models, Terms
from autotune.skills.metering import limits_of, purpose_of, run_name
from autotune.skills.staging import Neighbourhood

_TOKENS = 512


@dataclass(frozen=True, slots=True)
class RoutingJudge:
    """Asks a model about queries, by one listing."""

    settings: Probing
    skill: str
    listing: Mapping[str, str]
    models: Models

    def __call__(self, case: RoutingCase) -> One:
        """Probe a query once."""
        begun, parts = time.monotonic(), [Part("query", case.query)]
        fence = drawn(parts, Random(f"{case.id} {case.query}"))
        named = {"skill": {"enum": [*self.listing, NO_SKILL]}}
        schema = {"type": "object", "properties": named, "required": ["skill"], "additionalProperties": False}
        messages, purpose = which_skill(self.listing, case.query, fence), purpose_of(self.settings, self.skill)
        # Another sample each time: a query that is put three times is three answers, and no run has the answers of the one before.
        asked = Request(self.settings.judge, messages, _TOKENS, schema=schema, sample=randbits(31), purpose=purpose)
        answer = self.models.ask(asked)
        seconds = time.monotonic() - begun
        if answer.failure is not None:
            failing = Failing.CAPPED if answer.failure.why in CAPS else Failing.SERVICE
            return One(None, Outcome((), failing, why_no_answer(answer.failure)), answer.cost.usd, seconds)
        skill = answer.value["skill"]
        found = Outcome(() if skill == NO_SKILL else (skill,))
        return One(right(self.skill, found, fits=case.fits), found, answer.cost.usd, seconds)


@contextmanager
def measuring(settings: Probing, around: Neighbourhood, together: int) -> Iterator[RoutingJudge]:
    """Have the models at hand while the context lasts."""
    run, day = limits_of(settings)
    terms = Terms(run_name(settings, around.name), per_run=run, per_day=day, concurrency=together, try_s=settings.timeout_s, cached=False)
    with Models(terms) as models:
        yield RoutingJudge(settings, around.name, listing(around), models)


def listing(around: Neighbourhood) -> Mapping[str, str]:
    """What a listing shows of the skill and its siblings, by name."""
    folders = {around.name: around.skill} | {around.listed(name): folder for name, folder in around.siblings.items()}
    return {name: _described(Package(name, {SKILL: (folder / SKILL).read_bytes()})) for name, folder in sorted(folders.items())}


def _described(package: Package) -> str:
    """What a listing shows of a skill; of one whose head cannot be read, its first line."""
    if package.head is not None:
        return package.listed[:MOST_LISTED]
    return next((line.lstrip("# ") for line in package.text(SKILL).splitlines() if line.strip("-# ")), "")[:MOST_LISTED]
