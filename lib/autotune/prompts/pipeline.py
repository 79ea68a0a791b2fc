"""The parts of a pass, by the settings: which steps there are, for which behaviours, and what keeps one from being taken."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from autotune.core.asking.failing import CAPS
from autotune.core.asking.naming import BACKENDS, parse
from autotune.core.records.behaviors import Behavior
from autotune.core.scheduling.passing import Skip, Skipped, Step
from autotune.core.tell import behaving as of_numbers
from autotune.core.tell import scored, seen
from autotune.core.tell.lines import Line
from autotune.edges.clock import now_ms
from autotune.prompts import behaving, evaluating, ingesting, terms
from autotune.prompts.passing import FAILED, Part, Values
from autotune.prompts.settings import Settings


def parts(settings: Settings, behaviors: Sequence[Behavior]) -> Iterator[Part]:
    """All parts of a pass, in order."""
    yield _part(Step.INGEST, None, _ingest, settings, told=seen.ingested)
    yield _part(Step.BEHAVIOR, None, _numbers, settings, told=of_numbers.told)
    for behavior in behaviors:
        yield _part(Step.EVAL, behavior, _eval, settings, behavior, told=_eval_told)


def _part(
    step: Step, behavior: Behavior | None, work: Callable[..., Values | Skipped], *given: object, told: Callable[[Values], Sequence[Line]]
) -> Part:
    return Part(step, behavior, partial(work, *given, dry=False), partial(work, *given, dry=True), told)


def keys_missing(settings: Settings, models: Iterable[str]) -> tuple[str, ...]:
    """The variables of keys that these models need and that are not set."""
    moved = terms.endpoints(settings)
    backends = dict.fromkeys(parse(model).backend for model in models if model)
    keys = (moved.get(backend, BACKENDS[backend]).key for backend in backends)
    return tuple(dict.fromkeys(key for key in keys if key is not None and not os.environ.get(key)))


def _ingest(settings: Settings, *, dry: bool) -> Values:
    return ingesting.ingest(settings, settings.sources, (), now_ms(), dry=dry, said=lambda _: None)


def _numbers(settings: Settings, *, dry: bool) -> Values | Skipped:
    """The numbers of behavior.json: only where that is on; without a key, by figures alone."""
    if not settings["behavior.enabled"]:
        return Skipped(Skip.OFF)
    return _without_key(settings, settings["behavior.eval_model"]) or behaving.tune(settings, now_ms(), dry=dry)


def _eval(settings: Settings, behavior: Behavior, *, dry: bool) -> Values | Skipped:
    if missing := _without_key(settings, settings["judge.stage1_model"], settings["judge.stage2_model"]):
        return missing
    if dry:
        return evaluating.plan(settings, (behavior,), now_ms())
    found = evaluating.evaluate(settings, (behavior,), now_ms())
    dead = any(one["judged"] and not one["scored"] for one in found["behaviors"])
    return {**found, FAILED: dead or (found["ended"] is not None and found["ended"] not in CAPS)}


def _without_key(settings: Settings, *models: str) -> Skipped | None:
    missing = keys_missing(settings, models)
    return Skipped(Skip.NO_KEY, {"keys": list(missing)}) if missing else None


def _eval_told(found: Values) -> Sequence[Line]:
    return scored.planned(found) if found["dry_run"] else scored.evaluated(found)
