"""`autotune skills label`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from autotune.commands.skills_create import answer
from autotune.core.tell import misses as words
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError
from autotune.records.store import SETTING, opened, usual_path
from autotune.skills.looking import Seen

Judge = Annotated[bool, typer.Option("--judge", help="Have a model look for prompts that the skill missed, within a budget.")]
JudgeModel = Annotated[str | None, typer.Option("--model", metavar="BACKEND:MODEL", help="The judge; usually that of skills.toml.")]
MaxUsd = Annotated[float | None, typer.Option("--max-usd", min=0, metavar="USD", help="The most that the judge may cost.")]


def by_judge(seen: Seen, skill: str, most: int, model: str | None, max_usd: float | None, *, dry_run: bool, as_json: bool) -> None:
    """Have a judge look for missed triggers of a skill, and say what it found."""
    from autotune.core.asking.limits import Limits
    from autotune.models.asking import Models, Terms
    from autotune.skills import misses, settings

    known = settings.read(settings.found(), os.environ)
    places, chosen = misses.worth_judging(seen, skill, most), model or known["judge"]
    if dry_run:
        answer([words.planned(skill, chosen, len(places))], {"skill": skill, "model": chosen, "calls": len(places)}, as_json=as_json)
        return
    if not chosen:
        raise AutotuneError("No judge is named.", "name one with --model, or `judge` in skills.toml")
    per_run = Limits(calls=2 * most, usd=known["max_usd_per_run"] if max_usd is None else max_usd)
    per_day = Limits(calls=known["max_calls_per_day"], usd=known["max_usd_per_day"])
    run = f"skills label {now_ms()}"
    with Models(Terms(run, per_run=per_run, per_day=per_day)) as models:
        found = misses.judge(models, chosen, seen, skill, places)
    with opened(usual_path(os.environ.get(SETTING)), write=True, what="autotune skills") as store:
        misses.keep(store, seen, skill, found, chosen, now_ms())
    fitting = sum(found.fits.values())
    figures = {"fitting": fitting, "others": len(found.fits) - fitting, "failed": found.failed, "capped": found.capped}
    said = {"skill": skill, "model": chosen, **figures, "usd": found.cost.usd}
    told = words.judged(
        skill, chosen, fitting=fitting, others=len(found.fits) - fitting, failed=found.failed, capped=found.capped, cost=found.cost
    )
    answer(told, said, as_json=as_json)


def refuse_without_terminal(name: str) -> None:
    """Raise AutotuneError where nobody can answer."""
    if not sys.stdin.isatty():
        hint = f"run `autotune skills label {name}` in a terminal of yours; --judge asks a model"
        raise AutotuneError("Labels are a person's: this needs a terminal.", hint)
