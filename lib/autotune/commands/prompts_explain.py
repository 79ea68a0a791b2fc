"""`autotune prompts explain`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import answered
from autotune.commands.workshop import At, known
from autotune.core.records.behaviors import Behavior
from autotune.core.tell import standing as words
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError
from autotune.prompts import standing
from autotune.records import judged, scoring
from autotune.records.judged import Case, Verdict
from autotune.records.store import Store

_FEWEST_LETTERS = 4


def main(
    name: Annotated[str, typer.Argument(metavar="BEHAVIOR|CASE", help="A behaviour, or a case by its id or how that begins.")],
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Explain how a behaviour stands, or why a case has its score.

    Of a behaviour: scores by pack and over time, criteria, agreement with you, the judge's bias, money, what is wrong and what helps.
    """
    with known(at) as (settings, store):
        if name in set(Behavior):
            found = standing.in_full(store, settings, Behavior(name), now_ms())
            answered(words.in_full(found), found, as_json=as_json)
            return
        case = judged.case(store, name) if len(name) >= _FEWEST_LETTERS else None
        if case is None:
            hint = f"the behaviours are {', '.join(Behavior)}; `autotune prompts cases BEHAVIOR` lists cases"
            raise AutotuneError(f"{name} is no behaviour, and not the id of one case or how that begins.", hint)
        said = _values(store, case)
    answered(words.case(said), said, as_json=as_json)


def _values(store: Store, case: Case) -> Mapping[str, Any]:
    trace = case.trace
    return {
        "case": case.case,
        "part": case.part,
        "at_ms": trace.at_ms,
        "packs": dict(trace.packs),
        "request": trace.input,
        "answer": trace.output,
        "verdicts": [_verdict(one, current=one.instrument == scoring.current(store, one.behavior)) for one in case.verdicts],
        "labels": dict(case.labels),
    }


def _verdict(one: Verdict, *, current: bool) -> dict[str, Any]:
    said = {
        name: getattr(one, name) for name in ("behavior", "score", "unscored", "stage", "obeyed", "tries", "at_ms", "again_ms", "version")
    }
    return {**said, "current": current, **{name: one.content[name] for name in ("judge", "marks", "reasons", "sure")}}
