"""`autotune skills eval`: the cases that a skill is measured on."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.skills_create import NameOrPath
from autotune.commands.skills_label import asked
from autotune.commands.skills_seen import all_seen
from autotune.core.codec import encode, read_json
from autotune.core.skills.mining import Mined, mined, type_of
from autotune.core.skills.namesakes import spoken
from autotune.core.skills.suite import By, RoutingCase, Source, Suite, SuiteCase, TaskCase, Type, part_of, with_cases
from autotune.core.tell import suites as words
from autotune.core.tell.lines import Line
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.skills import installed, packages, settings, suites
from autotune.skills.suites import Place

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Make the cases that a skill is measured on.")
POSITIVES = NEGATIVES = 67  # of which 40 decide


class Origin(StrEnum):
    """Where cases come from."""

    RECORDS = "records"
    MODEL = "model"
    BOTH = "both"


@app.command()
def generate(  # noqa: PLR0913, PLR0917 - an option table
    name: NameOrPath,
    origin: Annotated[Origin, typer.Option("--from", help="Your records, a model, or both.")] = Origin.RECORDS,
    model: Annotated[str | None, typer.Option("--model", metavar="BACKEND:MODEL", help="The model; usually that of skills.toml.")] = None,
    positives: Annotated[
        int, typer.Option("--positives", min=0, metavar="N", help="Queries that should fire; a model invents what is missing.")
    ] = POSITIVES,
    negatives: Annotated[int, typer.Option("--negatives", min=0, metavar="N", help="Queries that should not fire, likewise.")] = NEGATIVES,
    tasks: Annotated[int, typer.Option("--tasks", min=0, metavar="N", help="Tasks that a model invents.")] = 0,
    max_usd: Annotated[float, typer.Option("--max-usd", metavar="USD", help="The most that models may cost in this run.")] = 1.0,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make cases out of what your agents did, or have a model invent some.

    From records: what the skill fired for or missed should fire. What you labelled as not fitting, or as fitting another that fired,
    should not. Invented cases are marked as such.
    """
    place = _place(name)
    before, left_out = suites.read(place), Counter[str]()
    suite = before
    if origin is not Origin.MODEL:
        found = _from_records(place)
        suite = with_cases(suite, found.cases)
        left_out += Counter({"both sides": found.contradictory, "about the skill": found.about})
    lines, said = [], dict[str, Any]()
    if origin is not Origin.RECORDS:
        from autotune.skills.inventing import with_invented

        lacking = {"positive": positives, "negative": negatives, "task": tasks}
        suite, invented = with_invented(place, suite, _named(model), lacking, max_usd, dry_run=dry_run)
        lines.append(words.to_invent(invented.counts, invented.calls, max_usd))
        said = {"invented": {"counts": dict(invented.counts), "calls": invented.calls, "failed": invented.failed, "usd": invented.usd}}
        left_out += Counter(invented.left_out)
    _done(place, before, suite, left_out, lines, said, dry_run=dry_run, as_json=as_json)


@app.command("import")
def import_(
    name: NameOrPath,
    folder: Annotated[Path, typer.Argument(exists=True, help="The folder with the cases, or a file of them.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take eval cases of other tools: prompt.md with graders, case.yaml, evals.json, task packages of SkillsBench."""
    from autotune.readers.evals import imported

    place = _place(name)
    before = suites.read(place)
    found = imported(place.skill.name, packages.imported(folder), now()[:10])
    suite = with_cases(before, found.cases)
    if not dry_run:
        fresh = {case.id for case in suite.cases} - {case.id for case in before.cases}
        suites.copy_beside(
            place,
            folder.parent if folder.is_file() else folder,
            {into: path for into, path in found.copied.items() if into.split("/")[1].partition(".")[0] in fresh},
        )
    _done(place, before, suite, found.left_out, [], {}, dry_run=dry_run, as_json=as_json)


@app.command()
def label(
    name: NameOrPath,
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="How many cases to ask about.")] = 20,
    file: Annotated[
        Path | None, typer.Option("--from", exists=True, dir_okay=False, metavar="FILE", help='Lines of JSON: {"id": …, "fits": true}.')
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask you whether queries fit the skill, those that no person has seen first. Answer y, n, s (skip) or q (enough)."""
    if file is None and not sys.stdin.isatty():
        raise AutotuneError(
            "Only you can give labels, and this is no terminal.", "run it in a terminal, or give them in a file: --from FILE"
        )
    place = _place(name)
    suite = suites.read(place)
    given = _labels_in(file, suite) if file is not None else _asked(suite, most)
    cases = tuple(_with_label(case, given, place.skill.name) for case in suite.cases)
    moved = [
        now.id
        for was, now in zip(suite.routing, (one for one in cases if isinstance(one, RoutingCase)), strict=True)
        if was.fits is not now.fits
    ]
    suites.write(place, replace(suite, cases=cases))
    answered([words.labelled(given, moved)], {"labelled": given, "moved": moved}, as_json=as_json)


@app.command()
def show(
    name: NameOrPath,
    cases: Annotated[bool, typer.Option("--cases", help="Show each case.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a skill's suite holds, and what it can decide."""
    place = _place(name)
    suite = suites.read(place)
    said = _as_json(suite, place)
    lines = [*words.shown(suite, said["suite"], str(place.suite)), *([words.case(one) for one in suite.cases] if cases else [])]
    answered(lines, said, as_json=as_json)


def _done(
    place: Place,
    before: Suite,
    suite: Suite,
    left_out: Mapping[str, int],
    lines: Sequence[Line],
    said: Mapping[str, Any],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    fresh = suite.cases[len(before.cases) :]
    if not dry_run and fresh:
        suites.write(place, suite)
    told = [*lines, words.added(fresh, len(before.cases), dry_run=dry_run), *words.left_out(left_out), words.decides(suite)]
    answered(
        told,
        {**_as_json(suite, place), **said, "added": [encode(one) for one in fresh], "left_out": dict(left_out), "dry_run": dry_run},
        as_json=as_json,
    )


def _as_json(suite: Suite, place: Place) -> dict[str, Any]:
    cases = [{**encode(case), "part": str(part_of(case))} for case in suite.cases]
    from autotune.skills import suites

    version = suites.version(suite, place.suite.parent)
    return {"skill": suite.skill, "suite": version, "file": str(place.suite), "couples": words.couples_of(suite), "cases": cases}


def _from_records(place: Place) -> Mined:
    seen = all_seen()
    if not seen.sessions:
        raise AutotuneError(
            "No session that holds a prompt has been read yet.", "run `autotune skills sync`, or have a model invent cases: --from model"
        )
    called = seen.called(place.skill.name, place.skill.folder)
    return mined(called if called in seen.skills() else spoken(called), seen.turns, seen.labels)


def _asked(suite: Suite, most: int) -> dict[str, bool]:
    unseen = sorted((case for case in suite.routing if case.source.by is not By.PERSON), key=lambda one: one.source.by is not By.MODEL)
    lines = {case.id: words.question(case, suite.skill) for case in unseen[:most]}
    return asked({one: f"{line.label}: {line.text}" for one, line in lines.items()})


def _labels_in(file: Path, suite: Suite) -> dict[str, bool]:
    known, given = {case.id for case in suite.routing}, dict[str, bool]()
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = read_json(line)
            case, fits = said["id"], said["fits"]
        except (ValueError, KeyError, TypeError):
            case, fits = None, None
        if case not in known or not isinstance(fits, bool):
            raise AutotuneError(
                f"Line {number} of {file.name} is no label of a query.", 'write {"id": "r-…", "fits": true}, with an id of the suite'
            )
        given[case] = fits
    return given


def _with_label(case: SuiteCase, given: Mapping[str, bool], skill: str) -> SuiteCase:
    if isinstance(case, TaskCase) or case.id not in given:
        return case
    fits = given[case.id]
    kind = Type.NEGATIVE if not fits else case.type if case.fits else type_of(skill, case.query)
    why = "label" if fits else "label against"
    return replace(case, type=kind, source=Source(By.PERSON, why, now()[:10], model=case.source.model, file=case.source.file))


def _place(name: str) -> Place:
    return suites.place_of(installed.named(name, Path.home(), Path.cwd()), Path.home())


def _named(model: str | None) -> str:
    named: str = model or settings.read(settings.found(), os.environ)["model"]
    if not named:
        raise AutotuneError("No model is named to invent cases.", "name one: --model anthropic:claude-haiku-4-5")
    return named
