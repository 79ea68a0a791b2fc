"""The proposer of a run: the search driven by models, and its finalists handed out as packs, one at a time.

After each step the search is written down. What a killed step had asked is answered from the kept answers, so it costs nothing again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from autotune.core.asking.failing import CAPS
from autotune.core.asking.limits import Limits, affords
from autotune.core.asking.request import Request
from autotune.core.judging import fencing, packs
from autotune.core.judging.admissible import Flaw, flaws
from autotune.core.judging.fencing import Part
from autotune.core.judging.packs import LONGEST_READ, Pack
from autotune.core.ledger.state import Row
from autotune.core.model import Verdict
from autotune.core.search import search as steps
from autotune.core.search.model import Evaluate, Plan, Reflect, Search
from autotune.core.tell import tuning
from autotune.core.tell.tuning import INSTRUCTIONS, Shown
from autotune.edges import run_folders
from autotune.models.asking import Models
from autotune.prompts import engines, judging, runs
from autotune.prompts.judging import Bench, Judged
from autotune.prompts.runs import Run

MOST_CONFIRMED = 2  # finalists of a run: the first is the best, and each one tried spends a use of the cases that decide
MOST_ROWS = 8  # of a session, after which nothing is tried that was cut off
SHARE = 0.5  # of a run's caps, which the search may spend; the rest is for the cases that decide
PROPOSAL_TOKENS = 6000
BATCH, MERGES = 3, 2
GEPA = "gepa"


@dataclass(slots=True)
class Desk:
    """All that a search works with. `spoken` is what people and agents wrote, none of which may reach a pack."""

    folder: Path
    run: Run
    bench: Bench
    base: Pack
    models: Models
    spoken: tuple[str, ...]
    exhausted: bool = False

    def may_go_on(self, calls: int) -> bool:
        """Whether the search may make so many further calls."""
        most, usd = self.run.max_calls, self.run.max_usd
        limits = Limits(calls=None if most is None else int(most * SHARE), usd=None if usd is None else usd * SHARE)
        return not self.exhausted and affords(limits, self.models.spending.spent(f"run {self.run.name}"), calls)


def opened(folder: Path) -> tuple[Run, Bench]:
    """A run, and the bench of its search: the cases to read and to select by. Raises AutotuneError."""
    run = runs.read_run(folder)
    bench = judging.opened(folder / runs.JUDGE, folder / runs.BASE)
    known = {name: trace for part in (runs.READ, runs.SELECT) for name, trace in judging.frozen_cases(folder / part)}
    return run, replace(bench, settings=replace(bench.settings, besides=False), cases=known)


def desk(folder: Path, models: Models, run: Run, bench: Bench) -> Desk:
    """What a search works with."""
    base = packs.read((folder / runs.BASE).read_text("utf-8"), run.behavior)
    return Desk(folder, run, bench, base, models, spoken(folder))


def spoken(folder: Path) -> tuple[str, ...]:
    """All that people and agents wrote in a run's cases."""
    found = dict[str, None]()
    for part in (runs.READ, runs.SELECT, runs.CONFIRM):
        for _, trace in judging.frozen_cases(folder / part):
            found.update(dict.fromkeys(filter(None, (trace.input, trace.output))))
    return tuple(found)


def searched(desk: Desk) -> Search:
    """Drive the search to its end, or until its part of the caps is spent."""
    search = run_folders.read_search(desk.folder) or (_by_gepa(desk) if desk.run.engine == GEPA else _begun(desk))
    while (step := steps.due(search)) is not None and desk.may_go_on(_calls(desk, step)):
        further = _taken(desk, search, step)
        if not desk.exhausted:
            search = further
            run_folders.write(desk.folder, run_folders.SEARCH, search)
    return search


def handed_out(search: Search, number: int) -> tuple[Mapping[str, str], str] | None:
    """The texts of the finalist of this number from 0 on, and a line on it; None where there is none, or enough were tried."""
    final = steps.finalists(search)
    if number >= min(len(final), MOST_CONFIRMED):
        return None
    candidate, base = search.candidates[final[number]], search.candidates[0]
    kinds = [name for name in sorted(candidate.texts, reverse=True) if candidate.texts[name] != base.texts[name]]
    return candidate.texts, tuning.described(final[number], kinds, *steps.gain_of(search, final[number]))


def decided(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The experiments of a session that came to an answer: not its baseline, nor what was cut off."""
    return tuple(row for row in rows if row.description != "baseline" and row.verdict is not Verdict.VOID)


def tried(search: Search, count: int) -> list[dict[str, str]]:
    """The texts of the first finalists, as many as were handed out."""
    found = (handed_out(search, number) for number in range(count))
    return [dict(texts) for texts, _ in filter(None, found)]


def rendered(path: Path, behavior: str, texts: Mapping[str, str]) -> str:
    """A pack's file with these texts in place of its own; what else it says of itself stays."""
    metadata = json.loads(path.read_text("utf-8")).get("metadata")
    return packs.rendered(runs.pack_of(behavior, texts), metadata)


def amiss(folder: Path, run: Run, text: str) -> tuple[Flaw, ...]:
    """What is wrong with a pack's file as a proposal of this run. Raises ValueError where it is no pack."""
    base = packs.read((folder / runs.BASE).read_text("utf-8"), run.behavior)
    found = packs.read(text, run.behavior)
    return flaws(found, base, run.protected, spoken(folder))


def worse_slices(folder: Path, run: Run, candidate: Path, limits: Limits) -> Iterator[str]:
    """The slices in which a pack is worse, by what was measured of both already: with no call allowed, only kept answers come back."""
    from autotune.core.cases.mean_bet import evidence

    base, other = (judging.opened(folder / runs.JUDGE, path) for path in (folder / runs.BASE, candidate))
    with Models(replace(judging.terms(base), per_run=limits)) as models:
        for name, cases in run.slices.items():
            pairs = zip(judging.judged(base, models, cases), judging.judged(other, models, cases), strict=True)
            found = [(before.judgement.score, after.judgement.score) for before, after in pairs]
            losses = [before - after for before, after in found if before is not None and after is not None]
            if losses and (evidence(losses) >= WORSE or (len(losses) >= FEWEST and sum(losses) / len(losses) > MARGIN)):
                yield name


WORSE, MARGIN, FEWEST = 10.0, 0.05, 10
"""Odds at which a slice is worse; the mean loss that is too much where so many cases show it."""


def _by_gepa(desk: Desk) -> Search:
    """Have gepa search, within the same caps, and write down what it found; what it leaves undone is not gone on with."""

    def evaluate(texts: Mapping[str, str], cases: tuple[str, ...]) -> Mapping[str, float | None] | None:
        if not desk.may_go_on(_calls(desk, Evaluate(0, cases))):
            return None
        found = {one.case: one.judgement.score for one in _judged(desk, texts, cases)}
        return found if desk.may_go_on(0) else None

    def reflect(texts: Mapping[str, str], cases: tuple[str, ...], name: str) -> str | None:
        asked.append(name)
        return _written(desk, texts, cases, name, len(asked))

    asked = list[str]()
    begun = _begun(desk)
    found = engines.by_gepa(begun.plan, begun.candidates[0].texts, begun.refused, evaluate, reflect)
    search = replace(found, proposals=begun.plan.proposals)
    run_folders.write(desk.folder, run_folders.SEARCH, search)
    return search


def _begun(desk: Desk) -> Search:
    plan = Plan(desk.run.seed, desk.run.read, desk.run.select, BATCH, desk.run.proposals, MERGES)
    return steps.begun(plan, runs.texts_of(desk.base), desk.run.refused)


def _calls(desk: Desk, step: Evaluate | Reflect) -> int:
    return 1 if isinstance(step, Reflect) else len(step.cases) * (3 if desk.bench.settings.strong else 2)


def _taken(desk: Desk, search: Search, step: Evaluate | Reflect) -> Search:
    if isinstance(step, Evaluate):
        found = _judged(desk, search.candidates[step.candidate].texts, step.cases)
        return steps.scored(search, step.candidate, {one.case: one.judgement.score for one in found})
    texts = search.candidates[step.candidate].texts
    return steps.proposed(search, _written(desk, texts, step.cases, step.text, search.proposals))


def _judged(desk: Desk, texts: Mapping[str, str], cases: tuple[str, ...]) -> list[Judged]:
    bench = replace(desk.bench, pack=runs.pack_of(desk.run.behavior, texts))
    found = list(judging.judged(bench, desk.models, cases))
    failures = (one.judgement.failure for one in found)
    desk.exhausted = desk.exhausted or any(failure is not None and failure.why in CAPS for failure in failures)
    return found


def _written(desk: Desk, texts: Mapping[str, str], cases: tuple[str, ...], name: str, number: int) -> str | None:
    """Have one text written anew; None where no answer came, or it may not be used. `number` tells proposals of the same apart."""
    judged = _judged(desk, texts, cases)
    shown = [Shown(desk.bench.cases[one.case].input, one.answered, one.judgement) for one in judged if one.judgement.score is not None]
    parts = [Part("", text) for one in shown for text in (one.request, one.answer, *one.judgement.reasons.values())]
    fence = fencing.drawn([*parts, *(Part("", text) for text in texts.values())], Random(f"{desk.run.seed} reflection {number}"))
    messages = tuning.reflection(name, texts, desk.bench.rubric, shown, desk.run.protected, LONGEST_READ, fence)
    asked = Request(
        desk.run.proposer,
        messages,
        PROPOSAL_TOKENS,
        schema=tuning.schema(name),
        sample=desk.run.seed + number,
        purpose=f"propose {desk.run.behavior}",
    )
    answer = desk.models.ask(asked)
    if answer.failure is not None:
        desk.exhausted = desk.exhausted or answer.failure.why in CAPS
        return None
    if fencing.obeyed(fence, str(answer.value["remark"])):
        return None
    text = _text(name, answer.value[name])
    return text if _may_be_used(desk, {**texts, name: text}) else None


def _text(kind: str, value: Any) -> str:  # noqa: ANN401 - any JSON
    if kind == INSTRUCTIONS:
        return str(value).strip()
    return json.dumps(value, ensure_ascii=False) if value else ""


def _may_be_used(desk: Desk, texts: Mapping[str, str]) -> bool:
    return not flaws(runs.pack_of(desk.run.behavior, texts), desk.base, desk.run.protected, desk.spoken)
