"""Other engines for a search: gepa, in a process of its own that asks us for scores and texts.

So caps, fences and checks are ours whichever engine is at work, and what it finds is confirmed like anything else. gepa keeps nothing: a
search that was killed begins again, and what it asks then is answered from the kept answers.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import IO, Any

from autotune.core.search import search as steps
from autotune.core.search.model import Candidate, Plan, Search, Standing, Texts
from autotune.edges.client import pipe
from autotune.edges.extra import python_of
from autotune.errors import AutotuneError
from autotune.version import ROOT

LOCK = ROOT / "requirements-gepa.lock"
WORKER = Path(__file__).with_name("gepa_worker.py")
UNKNOWN = 0.5  # what stands for the score of a case without one, where no other case of the batch has any: gepa knows no missing scores

Evaluate = Callable[[Texts, tuple[str, ...]], Mapping[str, float | None] | None]
Reflect = Callable[[Texts, tuple[str, ...], str], str | None]


@dataclass(slots=True)
class _Known:
    """What the engine was told: scores by texts, in the order in which it came up with them."""

    plan: Plan
    refused: tuple[Texts, ...]
    scores: dict[str, dict[str, float | None]] = field(default_factory=dict)
    proposals: int = 0


def by_gepa(
    plan: Plan, texts: Texts, refused: tuple[Texts, ...], evaluate: Evaluate, reflect: Reflect, python: str | None = None
) -> Search:
    """Let gepa search, and give what it tried as a search of ours. `evaluate` gives None where no more may be spent."""
    known = _Known(plan, refused)
    python = python or python_of(LOCK, hint='mend what the lines above name, or set optimize.engine = "own"')
    with subprocess.Popen(
        [python, "-I", str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        to, back = pipe(process.stdin), pipe(process.stdout)
        _tell(to, _settings(plan, texts))
        while (asked := json.loads(back.readline() or '"gone"')) is not None:
            if asked == "gone":
                raise AutotuneError("The engine gepa has ended before its search was over.", 'set optimize.engine = "own", or run it again')
            _tell(to, _answer(known, asked, evaluate, reflect))
    return _search(known, texts)


def _settings(plan: Plan, texts: Texts) -> dict[str, Any]:
    most = (plan.proposals + plan.merges + 1) * (len(plan.select) + 4 * plan.batch)
    given = {"texts": dict(texts), "read": list(plan.read), "select": list(plan.select), "most": most}
    return given | {"batch": min(plan.batch, len(plan.read)), "merges": plan.merges, "perfect": plan.perfect, "seed": plan.seed}


def _answer(known: _Known, asked: Mapping[str, Any], evaluate: Evaluate, reflect: Reflect) -> dict[str, Any] | None:
    cases = tuple(asked["cases"])
    if "evaluate" in asked:
        return _scored(known, asked["evaluate"], cases, evaluate)
    if known.proposals >= known.plan.proposals:
        return None
    known.proposals += 1
    texts, name = asked["reflect"], asked["text"]
    found = reflect(texts, cases, name)
    return {"text": texts[name] if found is None or {**texts, name: found} in known.refused else found}


def _scored(known: _Known, texts: Texts, cases: tuple[str, ...], evaluate: Evaluate) -> dict[str, Any] | None:
    mine = known.scores.setdefault(json.dumps(texts, sort_keys=True), {})
    if lacking := tuple(case for case in cases if case not in mine):
        found = evaluate(texts, lacking)
        if found is None:
            return None
        mine.update({case: found.get(case) for case in lacking})
    scores = [mine[case] for case in cases]
    usual = fmean(given) if (given := [score for score in scores if score is not None]) else UNKNOWN
    return {"scores": [usual if score is None else score for score in scores]}


def _search(known: _Known, texts: Texts) -> Search:
    search = steps.begun(known.plan, texts, known.refused)
    found = [Candidate(texts, Standing.POOLED, scores=known.scores.get(json.dumps(dict(texts), sort_keys=True), {}))]
    for name, scores in known.scores.items():
        other = json.loads(name)
        standing = Standing.POOLED if set(known.plan.select) <= set(scores) else Standing.DROPPED
        found += [Candidate(other, standing, (0,), scores=scores)] if other != dict(texts) else []
    return Search(search.plan, tuple(found), proposals=known.proposals, refused=known.refused)


def _tell(to: IO[str], value: object) -> None:
    to.write(json.dumps(value) + "\n")
    to.flush()
