"""`autotune prompts`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated

import typer

from autotune.commands.options import AsJson
from autotune.core.asking.limits import Limits
from autotune.core.asking.naming import BACKENDS, parse
from autotune.core.asking.prices import Price
from autotune.core.codec import encode
from autotune.core.tell.asked import Checked, checked, why_no_answer
from autotune.core.tell.lines import WIDEST, laid_out
from autotune.errors import AutotuneError

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Tune what a running agent says.")


@app.callback()
def group() -> None:
    """Tune what a running agent says."""


@app.command()
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

    The exit code is 1 if it does not answer. The first use of a model service sets up an environment for its SDK.
    """
    from autotune.models.asking import Terms
    from autotune.models.checking import check

    backend = parse(model).backend
    endpoint = BACKENDS[backend]
    if endpoint.url is None and (url is not None or key is not None):
        raise AutotuneError(f"{backend} is no service: it has no address and no key.", "leave --url and --key out")
    if url is not None:
        endpoint = replace(endpoint, url=url, free=False)
    if key is not None:
        endpoint = replace(endpoint, key=key)
    prices = {} if price is None else {model: Price(*price)}
    terms = Terms(
        "doctor", per_day=Limits(usd=cap), endpoints={backend: endpoint}, prices=prices, stream=stream, record_to=record, deadline_s=120
    )
    found = check(model, terms)
    typer.echo(_as_json(found) if as_json else laid_out(checked(found), min(get_terminal_size().columns, WIDEST)), nl=as_json)
    raise typer.Exit(0 if found.failure is None else 1)


def _as_json(found: Checked) -> str:
    failure = None if found.failure is None else {**encode(found.failure), "words": why_no_answer(found.failure)}
    return json.dumps({"ok": found.failure is None, **encode(found), "failure": failure})
