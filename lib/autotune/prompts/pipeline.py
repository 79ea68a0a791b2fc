"""The parts of a pass, by the settings: which steps there are, for which behaviours, and what keeps one from being taken."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from autotune.core.asking.failing import CAPS
from autotune.core.asking.naming import BACKENDS, parse
from autotune.core.codec import encode
from autotune.core.records.behaviors import Behavior
from autotune.core.scheduling.passing import Evidence, Skip, Skipped, Step, worth_tuning
from autotune.core.tell import behaving as of_numbers
from autotune.core.tell import rollouts, scored, seen, tuning
from autotune.core.tell.lines import Line
from autotune.edges import run_folders
from autotune.edges.clock import now_ms
from autotune.loop.session.session import Say
from autotune.prompts import (
    behaving,
    canaries,
    deploying,
    evaluating,
    ingesting,
    live,
    mainline,
    optimizing,
    phrasing,
    remembering,
    runs,
    terms,
    watching,
)
from autotune.prompts.passing import FAILED, Part, Values
from autotune.prompts.settings import Settings
from autotune.records.store import Store, opened

_MODELS = {
    Step.EVAL: ("judge.stage1_model", "judge.stage2_model"),
    Step.OPTIMIZE: ("judge.stage1_model", "judge.stage2_model", "optimize.candidate_model", "optimize.predictor_model"),
}
_DONE, _FAILED, _PLANNED = ("kept", "nothing"), ("stopped", "undecided"), "planned"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the parts of a pass work with: settings, the time, and who hears how a session goes."""

    settings: Settings
    clock: Callable[[], int] = now_ms
    say: Say = lambda _: None


def parts(desk: Desk, behaviors: Sequence[Behavior]) -> Iterator[Part]:
    """All parts of a pass, in order."""
    yield _part(Step.INGEST, None, _ingest, desk, told=seen.ingested)
    yield _part(Step.BEHAVIOR, None, _numbers, desk, told=of_numbers.told)
    for behavior in behaviors:
        yield _part(Step.EVAL, behavior, _eval, desk, behavior, told=_eval_told)
    for behavior in behaviors:
        yield _part(Step.OPTIMIZE, behavior, _optimize, desk, behavior, told=_optimize_told)
        yield _part(Step.DEPLOY, behavior, _deploy, desk, behavior, told=rollouts.deployed)
        yield _part(Step.WATCH, behavior, _watch, desk, behavior, told=rollouts.watched)


def _part(
    step: Step, behavior: Behavior | None, work: Callable[..., Values | Skipped], *given: object, told: Callable[[Values], Iterable[Line]]
) -> Part:
    return Part(step, behavior, partial(work, *given, dry=False), partial(work, *given, dry=True), told)


def keys_missing(settings: Settings, models: Iterable[str]) -> tuple[str, ...]:
    """The variables of keys that these models need and that are not set."""
    moved = terms.endpoints(settings)
    backends = dict.fromkeys(parse(model).backend for model in models if model)
    keys = (moved.get(backend, BACKENDS[backend]).key for backend in backends)
    return tuple(dict.fromkeys(key for key in keys if key is not None and not os.environ.get(key)))


def _ingest(desk: Desk, *, dry: bool) -> Values:
    return ingesting.ingest(desk.settings, desk.settings.sources, (), desk.clock(), dry=dry, said=lambda _: None)


def _numbers(desk: Desk, *, dry: bool) -> Values | Skipped:
    if not desk.settings["behavior.enabled"]:
        return Skipped(Skip.OFF)
    if missing := _without_key(desk.settings, desk.settings["behavior.eval_model"]):
        return missing
    found = behaving.tune(desk.settings, desk.clock(), dry=dry)
    if desk.settings["behavior.prompt_packs"] and desk.settings.file is not None:
        with _records(desk) as store:
            found["packs"] = phrasing.propose(desk.settings, store, desk.clock(), dry=dry)
    return found


def _eval(desk: Desk, behavior: Behavior, *, dry: bool) -> Values | Skipped:
    if missing := _without_key(desk.settings, *(desk.settings[name] for name in _MODELS[Step.EVAL])):
        return missing
    if dry:
        return evaluating.plan(desk.settings, (behavior,), desk.clock())
    found = evaluating.evaluate(desk.settings, (behavior,), desk.clock())
    dead = any(one["judged"] and not one["scored"] for one in found["behaviors"])
    return {**found, FAILED: dead or (found["ended"] is not None and found["ended"] not in CAPS)}


def _optimize(desk: Desk, behavior: Behavior, *, dry: bool) -> Values | Skipped:
    """Look for a better pack, where that is worth while: on enough new cases, as something else, or where a run was begun."""
    settings = desk.settings
    if settings.file is None:
        return Skipped(Skip.NO_WORKSHOP)
    if missing := _without_key(settings, *(settings[name] for name in _MODELS[Step.OPTIMIZE])):
        return missing
    with _records(desk) as store:
        before, now = remembering.tuned(store, behavior), _evidence(settings, store, behavior)
    begun = run_folders.unfinished(runs.folder_of(settings.file.parent, behavior)) is not None
    if not begun and not worth_tuning(before, now, settings["optimize.new_cases"]):
        new = now.cases - before.cases if before is not None else now.cases
        return Skipped(Skip.NOTHING_NEW, {"new": max(0, new), "fewest": settings["optimize.new_cases"]})
    found = optimizing.optimize(settings, behavior, desk.clock(), dry=dry, say=desk.say)
    if found["state"] in _DONE:
        with _records(desk, write=True) as store:
            remembering.remember(store, behavior, now)
    none = {} if found["state"] in {*_DONE, *_FAILED, _PLANNED} else {"calls": 0, "usd": 0.0}
    return {**found, **none, FAILED: found["state"] in _FAILED}


def _evidence(settings: Settings, store: Store, behavior: Behavior) -> Evidence:
    """What a behaviour could be tuned on now: its cases, and a hash of the pack, the judge and the models."""
    top = canaries.workshop_of(settings)
    parts = [str(settings[name]) for name in _MODELS[Step.OPTIMIZE]]
    parts += [str(encode(live.said_of(live.bench(settings, behavior)))), mainline.text_at(top, mainline.tip(top), behavior) or ""]
    return Evidence(remembering.cases(store, behavior), hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16])


def _deploy(desk: Desk, behavior: Behavior, *, dry: bool) -> Values | Skipped:
    if desk.settings.file is None:
        return Skipped(Skip.NO_WORKSHOP)
    if canaries.standing_of(desk.settings, behavior).running is not None:
        return Skipped(Skip.CANARY)
    with _records(desk) as store:
        found = deploying.deploy(desk.settings, store, behavior, desk.clock(), dry=dry)
    return Skipped(Skip.NOTHING_KEPT) if found["action"] == "nothing" else found


def _watch(desk: Desk, behavior: Behavior, *, dry: bool) -> Values | Skipped:
    if desk.settings.file is None:
        return Skipped(Skip.NO_WORKSHOP)
    with _records(desk) as store:
        found = watching.watch(desk.settings, store, behavior, desk.clock(), dry=dry)
    return Skipped(Skip.NOTHING_RUNS) if found["state"] == "nothing" else found


def _records(desk: Desk, *, write: bool = False) -> Any:  # noqa: ANN401 - a context manager of the store
    return opened(ingesting.database(desk.settings), write=write, what="autotune prompts once")


def _without_key(settings: Settings, *models: str) -> Skipped | None:
    missing = keys_missing(settings, models)
    return Skipped(Skip.NO_KEY, {"keys": list(missing)}) if missing else None


def _eval_told(found: Values) -> Iterable[Line]:
    return scored.planned(found) if found["dry_run"] else scored.evaluated(found)


def _optimize_told(found: Values) -> Iterable[Line]:
    return (tuning.finished if found["state"] in {*_DONE, "undecided"} else tuning.planned)(found)
