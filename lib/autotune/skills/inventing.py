"""A suite filled up with cases that a model invents, marked as such, up to so many of each side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from autotune.core.asking.costs import together
from autotune.core.asking.limits import Limits
from autotune.core.asking.request import Request, Schema
from autotune.core.judging.fencing import Part, drawn
from autotune.core.skills.package import SKILL
from autotune.core.skills.suite import (
    By,
    Check,
    CheckKind,
    Criterion,
    Kind,
    RoutingCase,
    Source,
    Suite,
    SuiteCase,
    TaskCase,
    Type,
    id_of,
    with_cases,
)
from autotune.core.tell.suites import inventing
from autotune.edges.clock import now
from autotune.models.asking import Models, Terms
from autotune.skills import installed, packages
from autotune.skills.suites import Place

MOST_SIBLINGS = 12
LONGEST_SKILL = 6000  # characters
A_CALL = 15  # cases that one call is asked for
_MOST_TOKENS = 6000
_ALIKE = 0.8  # of the words that two queries have, from which they are one
_TEXT: Schema = {"type": "string", "minLength": 1}
_LIST: Schema = {"type": "array", "items": _TEXT}


def _cases_of(*required: str, **properties: Schema) -> Schema:
    """The schema of an answer that lists cases with these properties."""
    case = {"type": "object", "properties": properties, "required": list(required)}
    return {"type": "object", "properties": {"cases": {"type": "array", "items": case}}, "required": ["cases"]}


_QUERIES = _cases_of(
    *("query", "type"), query=_TEXT, type={"type": "string", "enum": [str(one) for one in Type]}, instead={"type": "string"}
)
_TASKS = _cases_of("prompt", "criteria", prompt=_TEXT, contains=_LIST, files=_LIST, criteria=_LIST)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many cases of which side a model is to invent, and what it is shown."""

    skill: str
    text: str
    siblings: Mapping[str, str]
    counts: Mapping[str, int]

    @property
    def calls(self) -> int:
        """How many calls that takes, where each gives what it is asked for."""
        return sum(-(-count // A_CALL) for count in self.counts.values())


@dataclass(frozen=True, slots=True)
class Filled:
    """What was asked of a model: how many cases of each side, in how many calls; how many calls failed, and what they cost."""

    counts: Mapping[str, int]
    calls: int
    failed: int = 0
    usd: float | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)


def with_invented(
    place: Place, suite: Suite, model: str, most: Mapping[str, int], max_usd: float, *, dry_run: bool
) -> tuple[Suite, Filled]:
    """Fill a suite up to `most` cases of each side; with `dry_run`, only say what that takes."""
    counts = {side: max(count - suite.counts[side], 0) for side, count in most.items()}
    text = packages.read(place.skill.folder).text(SKILL)[:LONGEST_SKILL]
    wanted = Wanted(place.skill.name, text, _siblings(place), counts)
    if dry_run or not wanted.calls:
        return suite, Filled(counts, wanted.calls)
    requests = list(_requests(model, wanted, [case.query for case in suite.routing]))
    with Models(Terms(f"suite {suite.skill} {now()}", per_run=Limits(usd=max_usd))) as models:
        answers = models.ask_all(request for _, request in requests)
    source, found, alike = Source(By.MODEL, "generated", now()[:10], model=model), list[SuiteCase](), 0
    for (side, _), answer in zip(requests, answers, strict=True):
        for said in answer.value["cases"] if answer.failure is None else ():
            case = _task(said, source) if side == "task" else _query(said, source, side)
            if case is None or _is_known(case, [*suite.cases, *found]):
                alike += 1
            elif Suite("", tuple(found)).counts[side] < counts[side]:
                found.append(case)
    failed = sum(one.failure is not None for one in answers)
    left_out = {why: count for why, count in {"alike": alike, "no answer": failed}.items() if count}
    usd = together([one.cost for one in answers]).usd
    return with_cases(suite, found), Filled(counts, wanted.calls, failed, usd, left_out)


def _requests(model: str, wanted: Wanted, known: Sequence[str]) -> Iterator[tuple[str, Request]]:
    parts = [Part("", wanted.text), *(Part("", text) for text in (*wanted.siblings.values(), *known))]
    for side, count in wanted.counts.items():
        for number in range(-(-count // A_CALL)):
            fence = drawn(parts, Random(f"{wanted.skill} {side} {number}"))
            asked = min(A_CALL, count - number * A_CALL)
            told = inventing(wanted.skill, wanted.text, wanted.siblings, fence, asked, side, known)
            schema = _TASKS if side == "task" else _QUERIES
            yield side, Request(model, told, _MOST_TOKENS, schema=schema, sample=number, purpose=f"suite {wanted.skill}")


def _query(said: Mapping[str, Any], source: Source, side: str) -> RoutingCase | None:
    """Take a query whose type is of the side that was asked for."""
    kind, query = Type(said["type"]), said["query"].strip()
    if (kind is Type.NEGATIVE) is not (side == "negative") or not query:
        return None
    instead = (said.get("instead") or None) if kind is Type.NEGATIVE else None
    return RoutingCase(id_of(Kind.ROUTING, query), kind, query, source, instead=instead)


def _task(said: Mapping[str, Any], source: Source) -> TaskCase | None:
    prompt, judge = said["prompt"].strip(), tuple(Criterion(one) for one in said["criteria"])
    checks = [Check(CheckKind.CONTAINS, text=one) for one in said.get("contains", ())]
    checks += [
        Check(CheckKind.FILE_EXISTS, path=one) for one in said.get("files", ()) if not one.startswith(("/", "~")) and ".." not in one
    ]
    return TaskCase(id_of(Kind.TASK, prompt), prompt, source, tuple(checks), judge) if prompt and (checks or judge) else None


def _is_known(case: SuiteCase, there: Sequence[SuiteCase]) -> bool:
    words = _words(case)
    return any(other.id == case.id or _share(words, _words(other)) >= _ALIKE for other in there if other.kind is case.kind)


def _share(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / len(some | others) if some or others else 1.0


def _words(case: SuiteCase) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", (case.query if isinstance(case, RoutingCase) else case.prompt).lower()))


def _siblings(place: Place) -> dict[str, str]:
    """What the skills that are offered next to this one say of themselves."""
    around = place.skill.folder.parent
    found = [one for one in installed.installed(Path.home(), around) if one.folder != place.skill.folder and one.host == place.skill.host]
    return {one.name: packages.read(one.folder).listed for one in found[:MOST_SIBLINGS]}
