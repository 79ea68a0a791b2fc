"""`autotune skills test` and `autotune skills baseline`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import answered
from autotune.commands.skills_create import NameOrPath
from autotune.commands.skills_seen import records
from autotune.core.codec import encode
from autotune.core.skills.probing import Client, Measures, Probing
from autotune.core.skills.results import Result, What
from autotune.core.tell import tested as words
from autotune.core.tell.lines import Line
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    from autotune.core.skills.measured import Measured
    from autotune.skills.measuring import Bench
    from autotune.skills.testing import Pair

Model = Annotated[str | None, typer.Option("--model", help="The client's model; the one that it chooses, if you name none.")]
Judge = Annotated[str | None, typer.Option("--judge", metavar="BACKEND:MODEL", help="The model that judges, for routing-judge and tasks.")]
Samples = Annotated[int, typer.Option("--samples", min=1, help="How often each case is put.")]
Calls = Annotated[int | None, typer.Option("--max-calls", min=0, help="Make no more probes than this a day.")]
Usd = Annotated[float | None, typer.Option("--max-usd", min=0, help="Make no probe once the day has cost this many US dollars.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say how many probes it would take, how long, and how much, and make none.")]


def test(  # noqa: PLR0913, PLR0917 - options
    name: NameOrPath,
    instrument: Annotated[
        Measures | None, typer.Option("--instrument", help="Run this one alone: routing-host, routing-judge or task.")
    ] = None,
    twice: Annotated[bool, typer.Option("--twice", help="Measure the same twice: does the instrument agree with itself?")] = False,
    host: Annotated[Client | None, typer.Option("--host", help="The client to probe in.")] = None,
    model: Model = None,
    judge: Judge = None,
    samples: Samples = 1,
    max_calls: Calls = None,
    max_usd: Usd = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run a skill's suite once, and say how often it fires where it should, and how well it works."""
    from autotune.commands.options import live
    from autotune.skills import measuring, testing

    settings = _settings(host, model, judge, samples, max_calls, max_usd)
    wanted = [instrument] if instrument is not None else [Measures.ROUTING_HOST, Measures.TASK]
    benches = _benches(name, settings, wanted)
    if dry_run:
        _plan(benches, 1 + twice, as_json=as_json)
        return
    lines, said = list[Line](), list[object]()
    with live() as say, measuring.telling(say):
        for bench in benches:
            if twice:
                pair = testing.twice(bench)
                lines += words.twice(bench.around.name, bench.settings.instrument, pair.before, pair.after, pair.difference)
                said.append(_pair_as_json(_kept(bench, What.SAME, pair), pair))
            else:
                found = testing.once(bench)
                lines += words.once(bench.settings.instrument, bench.around.name, found)
                said.append(_as_json(_kept(bench, What.TEST, found), found))
    answered(lines, {"tests": said}, as_json=as_json)


def baseline(
    name: NameOrPath,
    model: Model = None,
    judge: Judge = None,
    samples: Samples = 1,
    max_calls: Calls = None,
    max_usd: Usd = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have a skill's tasks done with it and without it, and say what it changes."""
    from autotune.commands.options import live
    from autotune.skills import measuring, testing

    settings = replace(_settings(None, model, judge, samples, max_calls, max_usd), host=Client.CLAUDE_CODE)
    (bench,) = _benches(name, settings, [Measures.TASK])
    if dry_run:
        _plan([bench], 2, as_json=as_json)
        return
    with live() as say, measuring.telling(say):
        pair = testing.baseline(bench)
    result = _kept(bench, What.BASELINE, pair)
    lines = words.with_and_without(bench.around.name, pair.before, pair.after, pair.difference)
    answered(list(lines), _pair_as_json(result, pair), as_json=as_json)


def _settings(
    host: Client | None, model: str | None, judge: str | None, samples: int, max_calls: int | None, max_usd: float | None
) -> Probing:
    """Give the settings that options name, and skills.toml where they do not; the skill and its suite come in later."""
    from autotune.skills import settings

    known = settings.read(settings.found(), os.environ)
    return Probing(
        "",
        "",
        host=Client(known["host"]) if host is None else host,
        model=known["client_model"] if model is None else model,
        judge=known["judge"] if judge is None else judge,
        samples=samples,
        max_calls_per_day=known["max_calls_per_day"] if max_calls is None else max_calls,
        max_usd_per_day=known["max_usd_per_day"] if max_usd is None else max_usd,
    )


def _benches(name: str, settings: Probing, wanted: Sequence[Measures]) -> list[Bench]:
    from autotune.skills import installed, testing

    skill = installed.named(name, Path.home(), Path.cwd())
    if skill.hidden_by is not None:
        raise AutotuneError(f"Your own skill {skill.hidden_by} hides this one of the same name.", "rename one of the two, or test your own")
    return testing.benches(skill, Path.home(), settings, wanted)


def _kept(bench: Bench, what: What, made: Measured | Pair) -> Result:
    from autotune.skills import testing

    with records(write=True) as store:
        return testing.keep(store, bench, what, made, now_ms())


def _plan(benches: Iterable[Bench], passes: int, *, as_json: bool) -> None:
    from autotune.skills import measuring

    lines, said = list[Line](), list[object]()
    for bench in benches:
        settings, each = bench.settings, measuring.usd_each(bench)
        cases = len(bench.cases) * passes
        together = measuring.expected_at_once(settings, bench.around.name)
        lines += words.plan(settings, cases, together, each)
        said.append({"instrument": settings.instrument, **words.figures(settings, cases, together, each)})
    answered(lines, {"dry_run": True, "tests": said}, as_json=as_json)


def _as_json(result: Result, found: Measured) -> dict[str, object]:
    wrong = [{"case": case.id, "fired": encode(one.fired), "remarks": one.remarks} for case, one in found.wrong()]
    return {**encode(result), "wrong": wrong, "wrong_not_shown": found.hidden()}


def _pair_as_json(result: Result, pair: Pair) -> dict[str, object]:
    return {**encode(result), "difference": None if pair.difference is None else encode(pair.difference)}
