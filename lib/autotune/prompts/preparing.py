"""A run of `optimize` prepared: why it cannot be, or what it would take; then its folder, with everything that it needs frozen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import tomli_w

from autotune.core.asking.naming import parse
from autotune.core.cases.confirming import PLANNED, Count, needed
from autotune.core.cases.listed import line_of
from autotune.core.cases.outlook import before_any
from autotune.core.cases.scores import Asked, can_decide
from autotune.core.cases.split import Case, units_in
from autotune.core.judging import condition, packs
from autotune.core.judging.instrument import Replay
from autotune.core.ledger.state import Ending
from autotune.core.records.behaviors import Behavior
from autotune.core.records.places import Part
from autotune.core.trust.patterns import matcher
from autotune.edges import git, run_folders
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.session import layout, sessions
from autotune.prompts import canaries, judging, mainline, pools, runs, standing
from autotune.prompts.ingesting import database
from autotune.prompts.runs import Run
from autotune.prompts.searching import BATCH, MERGES, MOST_CONFIRMED
from autotune.prompts.settings import Settings
from autotune.records import counting, frozen
from autotune.records.store import opened

if TYPE_CHECKING:
    from autotune.models.asking import Terms

NAME = "optimize-"
SLICED_BY = ("source", "group", "model")
FEWEST_IN_SLICE = 20
MOST_CONFIRMING = 400  # cases; more change hardly anything, and each may be asked of two packs
WAITS_S = 120.0  # for the records, while others write
_SECONDS_A_CALL = 4.0
_USUAL_UNITS = 70  # after which a pack that is no better is given up (decisions on cases)
_REPLAYED = {Behavior.MEMORY_POLICY, Behavior.MEMORY_RECALL, Behavior.TOOL_OUTCOME}
"""Behaviours whose instructions say what to do with what is given; of the others, recorded calls belong to recorded answers."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The cases of a run, and where it begins; `why` is what stands in its way, with the figures of that."""

    repository: Repository
    base: str
    pack: str
    read: tuple[Case, ...] = ()
    select: tuple[Case, ...] = ()
    confirm: tuple[Case, ...] = ()
    uses: int = 0
    why: str = ""
    figures: Mapping[str, Any] | None = None


def workshop_of(settings: Settings) -> Repository:
    """The workshop of the settings. Raises AutotuneError where there is none."""
    found = None if settings.file is None else git.discover(settings.file.parent)
    if found is None:
        raise AutotuneError("There is no workshop.", "`autotune prompts init` makes one")
    return found


def prepared(settings: Settings, behavior: Behavior, seed: int, now_ms: int) -> Prepared:
    """Look at all that a run takes, and change nothing. Raises AutotuneError where the workshop has no pack of the behaviour."""
    repository = workshop_of(settings)
    base, path = mainline.tip(repository.top), packs.path_of(behavior)
    pack = mainline.text_at(repository.top, base, behavior)
    if pack is None:
        raise AutotuneError(f"The branch main of {repository.top} has no {path}.", "commit the pack that your agent reads, on main")
    begins = Prepared(repository, base, pack)
    try:
        packs.read(begins.pack, behavior)
    except ValueError as wrong:
        raise AutotuneError(f"{path} on main is no pack: {wrong}.", "correct it there, and commit it") from None
    why = _in_the_way(settings, repository, behavior)
    return _with_cases(settings, begins, behavior, seed, now_ms, why)


def _in_the_way(settings: Settings, repository: Repository, behavior: Behavior) -> tuple[str, Mapping[str, Any]] | None:
    for name in layout.names(repository):
        if name.startswith(NAME):
            continue
        state = sessions.load(repository, name).state
        scope = matcher(state.config.scope, state.segment.opened.workdir)
        if scope(packs.path_of(behavior)) and (state.ended is None or state.ended.ending is Ending.PAUSED):
            return "session open", {"session": name}
    stand = canaries.standing_of(settings, behavior)
    if stand.running is not None:
        return "canary", {}
    if stand.waiting is not None:
        return "waiting", {"session": stand.waiting.session or stand.waiting.commit[:12]}
    for found in runs.results(runs.folder_of(repository.top, behavior)):
        if found["state"] == "kept" and found["version"] not in stand.tried and git.resolve(repository.top, found["commit"]) is not None:
            return "waiting", {"session": found["session"]}
    today = standing.spent(settings)
    if condition.budget(today["usd"], today["calls"], today["max_usd"], today["max_calls"]) is not None:
        return "day spent", {}
    return None


def _with_cases(
    settings: Settings, begins: Prepared, behavior: Behavior, seed: int, now_ms: int, why: tuple[str, Mapping[str, Any]] | None
) -> Prepared:
    with opened(database(settings)) as store:
        periods = canaries.periods(settings, behavior, now_ms)
        parts = {part: frozen.cases(store, behavior, part, periods if part is Part.CONFIRM else ()) for part in Part}
        counts = pools.together(pools.known(store, behavior), pools.counted(begins.repository, behavior))
    confirm = pools.fresh(parts[Part.CONFIRM], counts)
    kept = _sampled(confirm, MOST_CONFIRMING, f"{seed} confirm")
    read = _sampled(parts[Part.TRAIN], max(settings["optimize.sample_size"], BATCH * settings["optimize.max_candidates"]), f"{seed} read")
    select = _sampled(parts[Part.SELECT], settings["optimize.sample_size"], f"{seed} select")
    uses = pools.uses(kept, counts)
    if why is None:
        why = _too_few(parts[Part.CONFIRM], kept, read, select, uses)
    found, figures = why or ("", {})
    return Prepared(begins.repository, begins.base, begins.pack, read, select, kept, uses, found, figures)


def _too_few(
    every: Sequence[Case], confirm: Sequence[Case], read: Sequence[Case], select: Sequence[Case], uses: int
) -> tuple[str, Mapping[str, Any]] | None:
    odds = needed(Count(1), Count(min(uses + 1, PLANNED)))
    fewest = next(count for count in range(1, 10**6) if can_decide(count, Asked(odds)))
    units = units_in(confirm)
    if units >= fewest and read and select:
        return None
    if units_in(every) >= fewest > units and read and select:
        return "spent", {"uses": PLANNED, "planned_uses": PLANNED}
    return "too few", {"units": units, "fewest": fewest}


def _sampled(cases: Sequence[Case], most: int, purpose: str) -> tuple[Case, ...]:
    if len(cases) <= most:
        return tuple(cases)
    chosen = set(Random(purpose).sample([case.name for case in cases], most))
    return tuple(case for case in cases if case.name in chosen)


def plan(settings: Settings, behavior: Behavior, found: Prepared, terms: Terms) -> dict[str, Any]:
    """What a run would take: calls, minutes and money, as values."""
    values: dict[str, Any] = {"behavior": str(behavior), "state": found.why or "planned", **(found.figures or {})}
    proposals, batch = settings["optimize.max_candidates"], min(BATCH, len(found.read))
    asked = 2 + settings["judge.share"]
    search = (len(found.select) * (1 + proposals + MERGES) + 2 * batch * proposals) * asked + proposals
    confirm = 2 * len(found.confirm) * asked
    usual = 0.5 * search + 2 * min(_USUAL_UNITS, len(found.confirm)) * asked
    calls = round(search + MOST_CONFIRMED * confirm)
    usd = _usd(settings, found, terms, search, MOST_CONFIRMED * confirm)
    return values | {
        "cases": {
            "read": len(found.read),
            "select": len(found.select),
            "confirm": len(found.confirm),
            "units": units_in(found.confirm),
        },
        "shows": before_any(units_in(found.confirm), found.uses),
        "proposals": proposals,
        "uses": found.uses,
        "planned_uses": PLANNED,
        "calls": calls,
        "usual_calls": round(usual),
        "minutes": usual * _SECONDS_A_CALL / terms.concurrency / 60,
        "usd": usd,
        "max_cost_usd": settings["optimize.max_cost_usd"],
    }


def _usd(settings: Settings, found: Prepared, terms: Terms, search: float, confirm: float) -> float | None:
    """About what the calls cost: half of them answer, half judge; None where a model has no price."""
    from autotune.core.asking.prices import usd
    from autotune.core.asking.request import Usage

    models = ("optimize.predictor_model", "judge.stage1_model", "optimize.candidate_model")
    prices = [terms.price(parse(settings[key])) for key in models]
    if any(price is None for price in prices):
        return None
    answer, judge, propose = (price for price in prices if price is not None)
    with opened(database(settings)) as store:
        length = counting.mean_characters(store) // 4
    each = usd(answer, Usage(length + len(found.pack) // 4, length)) + usd(judge, Usage(length + 800, 300))
    proposals = int(settings["optimize.max_candidates"])
    return (search + confirm) / 2 * each + proposals * usd(propose, Usage(6 * length + 2000, 1500))


def lay_out(settings: Settings, behavior: Behavior, found: Prepared, seed: int, now_ms: int, terms: Terms) -> Path:
    """Make the folder of a run, whole or not begun."""
    home = runs.folder_of(found.repository.top, behavior)
    folder = run_folders.next_folder(home)
    own = {Part.TRAIN: (runs.READ, found.read), Part.SELECT: (runs.SELECT, found.select), Part.CONFIRM: (runs.CONFIRM, found.confirm)}
    with opened(database(settings), write=True, what="autotune prompts optimize", wait_s=WAITS_S) as store:
        for part, (name, cases) in own.items():
            frozen.freeze(store, folder / name, behavior, part, only={case.name for case in cases})
        counts = pools.together(pools.known(store, behavior), pools.counted(found.repository, behavior))
    pools.hand_over(found.repository, behavior, {case.name: counts[case.name] for case in found.confirm if case.name in counts})
    run = Run(
        name=f"optimize {behavior} {now_ms}",
        behavior=str(behavior),
        workshop=str(found.repository.top),
        base=found.base,
        seed=seed,
        engine=settings["optimize.engine"],
        proposer=settings["optimize.candidate_model"],
        proposals=settings["optimize.max_candidates"],
        read=tuple(case.name for case in found.read),
        select=tuple(case.name for case in found.select),
        units=units_in(found.confirm),
        confirm=len(found.confirm),
        uses=found.uses,
        max_usd=settings["optimize.max_cost_usd"],
        worth=settings["optimize.min_improvement"],
        max_calls=settings["optimize.max_calls"] or None,
        protected=_protected(found.pack),
        slices=_slices(behavior, folder / runs.CONFIRM),
        refused=_refused(home, behavior, found.pack),
    )
    (folder / runs.JUDGE).write_text(tomli_w.dumps(_judge(settings, behavior, run, terms)), "utf-8")
    _set_down(folder, behavior, found)
    run_folders.write(folder, run_folders.RUN, run)
    return folder


def _set_down(folder: Path, behavior: Behavior, found: Prepared) -> None:
    """Put the pack as it is, its rubric, and the cases that decide into the folder of a run."""
    rubric = git.query(found.repository.top, "show", f"{found.base}:rubrics/{behavior}.toml")
    if rubric is None:
        raise AutotuneError(f"The branch main of the workshop has no rubrics/{behavior}.toml.", "commit a rubric there")
    (folder / runs.RUBRIC).write_bytes(rubric.out)
    (folder / runs.BASE).write_text(found.pack, "utf-8")
    listed = (line_of(Case(f"{behavior}/{case.name}", case.group)) for case in found.confirm)
    (folder / runs.IDS).write_text("".join(f"{line}\n" for line in listed), "utf-8")


def _judge(settings: Settings, behavior: Behavior, run: Run, terms: Terms) -> dict[str, Any]:
    """The judge's settings, as its file holds them."""
    caps = {"max_usd_per_run": run.max_usd, "max_calls_per_run": run.max_calls}
    days = {"max_usd_per_day": "none" if terms.per_day.usd is None else terms.per_day.usd, "max_calls_per_day": terms.per_day.calls}
    moved = {name: _set({"url": one.url, "key": one.key, "headers": dict(one.headers)}) for name, one in terms.endpoints.items() if one.url}
    return {
        "behavior": str(behavior),
        "cases": runs.CONFIRM,
        "rubric": runs.RUBRIC,
        "pack": runs.BASE,
        "judge": settings["judge.stage1_model"],
        "agent": settings["optimize.predictor_model"],
        "strong": settings["judge.stage2_model"],
        "judge_tokens": settings["judge.max_output_tokens"],
        "temperature": settings["judge.temperature"],
        "share": settings["judge.share"],
        "unsure_below": settings["judge.unsure_below"],
        "replay": str(Replay.RECORDED if behavior in _REPLAYED else Replay.LEAVE_OUT),
        "concurrency": terms.concurrency,
        "seed": run.seed,
        "fresh": False,
        "besides": True,
        "run": run.name,
        **{name: value for name, value in (caps | days).items() if value is not None},
        "endpoints": moved,
        "prices": {name: _set(asdict(one)) for name, one in terms.prices.items()},
    }


def _set(table: Mapping[str, Any]) -> dict[str, Any]:
    """What is said in a table that goes into a file."""
    return {key: value for key, value in table.items() if value not in (None, "", {})}


def _protected(pack: str) -> tuple[str, ...]:
    """The passages that stay, as the pack names them in its metadata."""
    metadata = json.loads(pack).get("metadata")
    said = metadata.get("protected", []) if isinstance(metadata, Mapping) else []
    return tuple(str(one) for one in said) if isinstance(said, list) else (str(said),)


def _refused(home: Path, behavior: Behavior, pack: str) -> tuple[Mapping[str, str], ...]:
    """The packs that earlier runs tried on cases that decide: rejected there, or kept and taken back later; not what is on main now."""
    now = runs.texts_of(packs.read(pack, behavior))
    return tuple(texts for found in runs.results(home) for texts in found["tried"] if texts != now)


def _slices(behavior: Behavior, confirm: Path) -> dict[str, tuple[str, ...]]:
    """Parts of the cases that confirm, by what their records have in common, each large enough to say something."""
    found: dict[str, list[str]] = {}
    for case, trace in judging.frozen_cases(confirm):
        for name in SLICED_BY:
            if (value := getattr(trace, name)) is not None:
                found.setdefault(f"{name} {value}", []).append(f"{behavior}/{case}")
    per_kind = Counter(name.partition(" ")[0] for name in found)
    return {name: tuple(cases) for name, cases in found.items() if len(cases) >= FEWEST_IN_SLICE and per_kind[name.partition(" ")[0]] > 1}
