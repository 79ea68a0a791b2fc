"""`autotune skills label`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered, print_lines, width
from autotune.commands.skills_seen import Name, records, seen_so_far, skill_named
from autotune.core.tell import skills as words
from autotune.core.tell.lines import laid_out
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError
from autotune.skills import labelling
from autotune.skills.looking import Seen

_Case = TypeVar("_Case")


def label(
    name: Name,
    most: Annotated[int, typer.Option("--most", min=1, help="How many prompts to ask about.")] = 20,
    judge: Annotated[bool, typer.Option("--judge", help="Have a model look for prompts that the skill missed, within a budget.")] = False,
    model: Annotated[str | None, typer.Option("--model", metavar="BACKEND:MODEL", help="The judge; usually that of skills.toml.")] = None,
    max_usd: Annotated[float | None, typer.Option("--max-usd", min=0, metavar="USD", help="The most that the judge may cost.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Ask you which prompts a skill fits. Answer y (it fits), n (it does not), s (skip) or q (enough).

    With --judge, a model is asked. What it finds is named as judged, and your own labels come before it.
    """
    if judge or dry_run:
        seen = seen_so_far()
        _by_judge(seen, skill_named(name, seen), most, model, max_usd, dry_run=dry_run, as_json=as_json)
        return
    _refuse_without_terminal(name)
    seen = seen_so_far()
    skill = skill_named(name, seen)
    lines = {place: words.question(seen.turns[place], skill) for place in labelling.worth_asking(seen, skill)[:most]}
    given = asked({place: laid_out([line], width()) + "fits" for place, line in lines.items()})
    with records(write=True) as store:
        labelling.keep(store, seen, skill, given, now_ms())
    print_lines([words.labelled(given, skill)])


def asked(questions: Mapping[_Case, str]) -> dict[_Case, bool]:
    """Ask about each case whether it fits, until a person has enough; what is skipped is left out."""
    given = dict[_Case, bool]()
    for case, question in questions.items():
        key = typer.prompt(question, prompt_suffix=" [y/n/s/q] ", default="s", show_default=False).strip().lower()[:1]
        if key == "q":
            break
        if key in ("y", "n"):
            given[case] = key == "y"
    return given


def _by_judge(seen: Seen, skill: str, most: int, model: str | None, max_usd: float | None, *, dry_run: bool, as_json: bool) -> None:
    from autotune.core.asking.limits import Limits
    from autotune.models.asking import Models, Terms
    from autotune.skills import misses, settings

    known = settings.read(settings.found(), os.environ)
    places, chosen = misses.worth_judging(seen, skill, most), model or known["judge"]
    if dry_run:
        answered([words.planned(skill, chosen, len(places))], {"skill": skill, "model": chosen, "calls": len(places)}, as_json=as_json)
        return
    if not chosen:
        raise AutotuneError("No judge is named.", "name one with --model, or `judge` in skills.toml")
    per_run = Limits(calls=2 * most, usd=known["max_usd_per_run"] if max_usd is None else max_usd)
    per_day = Limits(calls=known["max_calls_per_day"], usd=known["max_usd_per_day"])
    run = f"skills label {now_ms()}"
    with Models(Terms(run, per_run=per_run, per_day=per_day)) as models:
        found = misses.judge(models, chosen, seen, skill, places)
    with records(write=True) as store:
        labelling.keep(store, seen, skill, found.fits, now_ms(), chosen)
    fitting = sum(found.fits.values())
    figures: dict[str, Any] = {"fitting": fitting, "others": len(found.fits) - fitting, "failed": found.failed, "capped": found.capped}
    said = {"skill": skill, "model": chosen, **figures, "usd": found.cost.usd}
    answered(words.judged(skill, chosen, **figures, cost=found.cost), said, as_json=as_json)


def _refuse_without_terminal(name: str) -> None:
    if not sys.stdin.isatty():
        hint = f"run `autotune skills label {name}` in a terminal of yours; --judge asks a model"
        raise AutotuneError("Only you can give labels, and this is no terminal.", hint)
