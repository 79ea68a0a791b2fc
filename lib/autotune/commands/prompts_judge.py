"""`autotune prompts judge` and `autotune prompts doctor`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.given import cases_of_the_run, keep_with_the_run
from autotune.commands.printing import answered
from autotune.commands.workshop import settled
from autotune.core.asking.costs import together
from autotune.core.asking.limits import Limits
from autotune.core.asking.naming import elsewhere, parse
from autotune.core.asking.prices import Price
from autotune.core.codec import encode
from autotune.core.tell.asked import checked, why_no_answer
from autotune.core.tell.judging import calls_planned, capped, score_line
from autotune.prompts import terms

if TYPE_CHECKING:
    from autotune.prompts.judging import Judged


def doctor(
    model: Annotated[str, typer.Argument(help="BACKEND:MODEL, for example anthropic:claude-haiku-4-5.")],
    url: Annotated[str | None, typer.Option("--url", help="The service's address, instead of the backend's own.")] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="VARIABLE", help="The environment variable that holds the key.")] = None,
    price: Annotated[
        tuple[float, float] | None, typer.Option("--price", metavar="READ WRITTEN", help="US dollars for a million tokens.")
    ] = None,
    cap: Annotated[float | None, typer.Option("--max-usd-day", metavar="USD", help="Ask only below this cost of the day.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Have the answer streamed.")] = False,
    record: Annotated[Path | None, typer.Option("--record", metavar="FILE", help="Add the answer to a cassette.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a model one small question: say whether it answers, how long that takes, and what it costs.

    Without --url and --key, it is asked where the settings of your workshop say. The exit code is 1 if it does not answer. The first use of
    a model service sets up an environment for its SDK.
    """
    from autotune.models.asking import Terms
    from autotune.models.checking import check

    backend = parse(model).backend
    known = settled(None)
    there = terms.endpoints(known).get(backend)
    endpoint = there if there is not None and url is None and key is None else elsewhere(backend, url, key)
    prices = known.prices if price is None else {model: Price(*price)}
    asked = Terms(
        "doctor", per_day=Limits(usd=cap), endpoints={backend: endpoint}, prices=prices, stream=stream, record_to=record, deadline_s=120
    )
    found = check(model, asked)
    failure = None if found.failure is None else {**encode(found.failure), "words": why_no_answer(found.failure)}
    answered(checked(found), {"ok": found.failure is None, **encode(found), "failure": failure}, as_json=as_json)
    raise typer.Exit(0 if found.failure is None else 1)


def judge(
    file: Annotated[Path, typer.Argument(metavar="[SETTINGS]", help="The judge's settings, a TOML file.")] = Path("judge.toml"),
    pack: Annotated[
        Path | None, typer.Option("--pack", metavar="FILE", help="The pack, instead of the one that the settings name.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many calls it would take, and make none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge the answers to cases: the benchmark of a session on a prompt pack.

    It prints METRIC lines, one for each case of the run, and CONTEXT lines that say what it measures with. A case without a score gets an
    UNSCORED line. `AUTOTUNE_CASES` names the cases; without it, all are judged. A session reads these lines; --json is for you.
    """
    from autotune.models.asking import Models
    from autotune.prompts import judging

    bench = judging.opened(file, pack)
    cases = cases_of_the_run() or list(bench.cases)
    usd, uncapped = judging.terms(bench).per_day.usd, judging.uncapped(bench)
    bounds = capped(usd, file.name, uncapped)
    if dry_run:
        answered, share = bool(bench.settings.agent), bench.settings.stages.share * bool(bench.settings.strong)
        planned = calls_planned(len(cases), answered=answered, share=share)
        typer.echo(json.dumps({"cases": len(cases), "words": planned, "max_usd_per_day": usd}) if as_json else f"{planned}; {bounds}")
        return
    if uncapped:
        typer.echo(bounds, err=True)
    context = judging.context(bench)
    for name, value in () if as_json else context.items():
        typer.echo(f"CONTEXT {name}={value}")
    made = []
    with Models(judging.terms(bench)) as models:
        for found in judging.judged(bench, models, cases):
            made.append(found)
            for line in () if as_json else _lines(bench.settings.metric, found):
                typer.echo(line)
            said = {"judgement": encode(found.judgement), "second": found.second, "answer": found.answered}
            keep_with_the_run(found.case, said)
    spent = together([found.cost for found in made]).usd
    if as_json:
        scores = [{"case": one.case, "judgement": encode(one.judgement), "besides": dict(one.besides)} for one in made]
        typer.echo(json.dumps({"context": context, "cases": scores, "cost_usd": spent}))
    elif spent is not None:
        typer.echo(f"METRIC cost_usd={spent:.9g}")


def _lines(metric: str, found: Judged) -> Iterator[str]:
    yield score_line(metric, found.case, found.judgement)
    for name, beside in found.besides.items():
        yield f"METRIC {name}[{found.case}]={beside:.6g}"
