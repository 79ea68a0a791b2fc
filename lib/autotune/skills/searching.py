"""The search of a run of `improve`: candidates are probed, a model reads what fired instead and writes one text anew.

After each step the search is written down, so that a run that was killed goes on from there.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from autotune.core.asking.request import Request
from autotune.core.judging.fencing import Part, drawn
from autotune.core.search import search as steps
from autotune.core.search.model import Evaluate, Plan, Reflect, Search
from autotune.core.skills.package import SKILL, Package
from autotune.core.skills.probed import Probed
from autotune.core.skills.suite import RoutingCase, SuiteCase
from autotune.core.skills.surfaces import amiss, texts_of, with_texts
from autotune.core.tell import improving as words
from autotune.core.tell.improving import Shown
from autotune.edges import run_folders
from autotune.edges.scratch import temporary
from autotune.errors import AutotuneError
from autotune.models.asking import Models
from autotune.skills import improve_runs as runs
from autotune.skills import measuring, packages
from autotune.skills.improve_runs import Run
from autotune.skills.measuring import Bench

SHARE = 0.5  # of a run's money, which the search may spend; the rest is for the cases that decide
BATCH, MERGES = 4, 2
PROPOSAL_TOKENS = 6000


@dataclass
class OutOfMoneyError(Exception):
    """No probe is made any more, for the run's money is spent; with what had been probed by then."""

    found: tuple[Probed, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a search works with."""

    folder: Path
    run: Run
    bench: Bench
    base: Package
    models: Models

    @property
    def spoken(self) -> tuple[str, ...]:
        """What users said, which no text may repeat."""
        return tuple(case.query for case in self.bench.suite.routing)

    @property
    def spent(self) -> float:
        """What the run has spent, probes included."""
        return self.models.spending.spent(f"run {self.run.name}").usd

    def affords(self, step: Evaluate | Reflect) -> bool:
        """Whether a step fits what the search may spend, at what a probe has cost on average."""
        probes = len(step.cases) * self.bench.settings.samples
        return self.spent + probes * (measuring.usd_each(self.bench) or 0.0) < SHARE * self.run.max_usd


def desk(folder: Path, run: Run, models: Models) -> Desk:
    """Read what a search works with: probes that may spend its part of the money."""
    base, bench = folder / runs.BASE / run.skill, measuring.opened(folder / runs.PROBE)
    settings = replace(bench.settings, max_usd_per_run=SHARE * run.max_usd)
    return Desk(folder, run, replace(bench, settings=settings), packages.read(base), models)


def after_search(desk: Desk) -> Desk:
    """What works with all of the run's money."""
    settings = replace(desk.bench.settings, max_usd_per_run=desk.run.max_usd)
    return replace(desk, bench=replace(desk.bench, settings=settings))


def searched(desk: Desk) -> Search:
    """Drive the search to its end, or until its part of the money is spent."""
    search = run_folders.read_search(desk.folder) or _begun(desk)
    while (step := steps.due(search)) is not None and desk.affords(step):
        try:
            search = _taken(desk, search, step)
        except OutOfMoneyError:
            break
        run_folders.write(desk.folder, run_folders.SEARCH, search)
    return search


def _taken(desk: Desk, search: Search, step: Evaluate | Reflect) -> Search:
    if isinstance(step, Reflect):
        return steps.proposed(search, _reflected(desk, search, step))
    found = scores(desk, search.candidates[step.candidate].texts, step.cases)
    return steps.scored(search, step.candidate, {one.case: one.score for one in found})


def best(search: Search) -> tuple[Mapping[str, str], str] | None:
    """The texts of the best finalist, and a line on it; None where nothing was better by more than its standard error."""
    final = steps.finalists(search)
    if not final:
        return None
    candidate, base = search.candidates[final[0]], search.candidates[0]
    changed = " and ".join(name for name in candidate.texts if candidate.texts[name] != base.texts[name])
    return candidate.texts, words.described(changed, *steps.gain_of(search, final[0]))


def scores(desk: Desk, texts: Mapping[str, str], cases: Sequence[str]) -> list[Probed]:
    """Probe the skill with these texts on cases. Raises OutOfMoneyError, or AutotuneError where too many probes fail."""
    found = list[Probed]()
    with _staged(desk, texts) as bench:
        try:
            found.extend(measuring.probed(bench, cases))
        except measuring.Void as void:
            if desk.spent >= (desk.bench.settings.max_usd_per_run or math.inf):
                raise OutOfMoneyError(tuple(found)) from None
            raise AutotuneError(
                f"{len(void.failed)} of {void.planned} probes have failed: {void.failed[-1].said or void.failed[-1].failing}.",
                "see to it that the client works by itself, then run the command again: it goes on where it was",
            ) from None
    return found


def flaw_of(base: Package, texts: Mapping[str, str], before: Mapping[str, str], spoken: Sequence[str]) -> str | None:
    """Say why texts may not be tried: what they say, or what they make of the package; None where they may."""
    if (why := amiss(before, texts, spoken)) is not None:
        return words.AMISS[why]
    known = {(one.rule, one.about) for one in packages.checked(base)}
    fresh = [one for one in packages.checked(with_texts(base, texts)) if (one.rule, one.about) not in known]
    return str(fresh[0].rule) if fresh else None


def put(desk: Desk, texts: Mapping[str, str], folder: Path) -> None:
    """Put the skill with texts of a search into a folder that is not there yet."""
    shutil.copytree(desk.folder / runs.BASE / desk.run.skill, folder, symlinks=True)
    (folder / SKILL).write_bytes(with_texts(desk.base, texts).files[SKILL])


@contextmanager
def _staged(desk: Desk, texts: Mapping[str, str]) -> Iterator[Bench]:
    with temporary("autotune-skill-") as top:
        folder = top / "candidate" / desk.run.skill
        put(desk, texts, folder)
        yield measuring.bench_of(replace(desk.bench.settings, skill=str(folder)), desk.folder)


def _begun(desk: Desk) -> Search:
    run = desk.run
    plan = Plan(run.seed, run.read, run.select, min(BATCH, len(run.read)), run.proposals, MERGES)
    return steps.begun(plan, texts_of(desk.base, run.scope), run.refused)


def _reflected(desk: Desk, search: Search, step: Reflect) -> str | None:
    """Have one text written anew; None where no answer came, or it may not be tried."""
    texts = search.candidates[step.candidate].texts
    cases = desk.bench.cases
    shown = [_shown(cases[one.case], one) for one in scores(desk, texts, step.cases)]
    listing = "\n".join(f"{name}: {packages.read(folder).listed}" for name, folder in desk.bench.around.siblings.items())
    parts = [Part("", text) for text in (listing, *texts.values(), *(one.asked for one in shown), *(one.happened for one in shown))]
    fence = drawn(parts, Random(f"{desk.run.seed} reflection {search.round}"))
    asked = Request(
        desk.run.proposer,
        words.reflection(step.text, desk.run.skill, texts, listing, shown, fence),
        PROPOSAL_TOKENS,
        schema=words.SCHEMA,
        sample=desk.run.seed + search.proposals,
        purpose=f"propose {desk.run.skill}",
    )
    answer = desk.models.ask(asked)
    if answer.failure is not None:
        return None
    text = str(answer.value["text"]).strip()
    fresh = {**texts, step.text: text}
    return None if flaw_of(desk.base, fresh, texts_of(desk.base, desk.run.scope), desk.spoken) else text


def _shown(case: SuiteCase, found: Probed) -> Shown:
    if isinstance(case, RoutingCase):
        return Shown(case.query, words.wanted(fits=case.fits, instead=case.instead), words.happened(found.fired))
    wanted = "; ".join([*(str(one.kind) for one in case.checks), *(one.criteria for one in case.judge)])
    score = "no score" if found.score is None else f"{found.score:.2f}"
    return Shown(case.prompt, wanted, "; ".join([score, *found.remarks]))
