"""`autotune doctor`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import AsJson, SessionName, given, reply
from autotune.commands.printing import width
from autotune.core.codec import encode
from autotune.core.escaping import escaped
from autotune.core.facts import Fact
from autotune.core.tell import answers
from autotune.core.tell.lines import Line, laid_out
from autotune.core.tell.words import told
from autotune.loop.inspect import diagnosis
from autotune.loop.inspect.scene import Check, Finding
from autotune.views import talk

_COLOURS = {Finding.OK: typer.colors.GREEN, Finding.MISSING: typer.colors.YELLOW, Finding.TO_DO: typer.colors.RED}


def main(  # noqa: PLR0913, PLR0917 - an option table
    run: Annotated[bool, typer.Option("--run/--no-run", help="Run the benchmark once, or do not run it.")] = True,
    compare: Annotated[bool, typer.Option("--compare", help="Run it once in the checkout too, and say where the two differ.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="The name of the new session.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Its metric.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="The metric's unit.")] = None,
    direction: Annotated[str | None, typer.Option("--direction", help="lower or higher is better.")] = None,
    benchmark: Annotated[str | None, typer.Option("--command", help="Its benchmark, instead of autotune.sh.")] = None,
    read: Annotated[str | None, typer.Option("--read", metavar="FORMAT[:FILE]", help="Read another tool's results.")] = None,
    seeds: Annotated[bool | None, typer.Option("--seeds", help="Give runs a seed, in AUTOTUNE_SEED.")] = None,
    checks: Annotated[str | None, typer.Option("--checks", help="What has to pass too.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", metavar="PATTERN", help="What may be changed.")] = None,
    prepare: Annotated[str | None, typer.Option("--prepare", help="What runs before every run.")] = None,
    setup: Annotated[str | None, typer.Option("--setup", help="What runs once in a new measuring worktree.")] = None,
    carry: Annotated[list[str] | None, typer.Option("--carry", metavar="PATH", help="What the benchmark needs and git ignores.")] = None,
    guardrails: Annotated[list[str] | None, typer.Option("--guardrail", metavar="BOUND", help="A limit for another metric.")] = None,
    min_effect: Annotated[float | None, typer.Option("--min-effect", metavar="SHARE", help="The smallest gain that is kept.")] = None,
    as_json: AsJson = False,
    session: SessionName = None,
) -> None:
    """Say what is there, what is missing, and what to do; the exit code is 1 if something has to be done.

    The benchmark is run once where it is measured, and nothing in the checkout changes. With --compare, `prepare` and the benchmark are run
    in the checkout as well, as you would run them: what they write there stays. Then the checks are not run. Before there is a session, the
    options of `autotune init` say what to run.
    """
    wanted = given(locals())
    with talk.live(rewritten=False) as say:
        found = diagnosis.examine(Path.cwd(), session, benchmark=run, compare=compare, wanted=wanted, say=say)
        looked_at = tuple(_telling(found, as_json=as_json))
    left = sum(check.finding is Finding.TO_DO for check in looked_at)
    if as_json:
        looks = [
            {
                "name": one.name,
                "finding": one.finding,
                "facts": encode(one.seen),
                "found": _lines(one.seen),
                "advice": _lines(one.advice) or None,
                **one.details,
            }
            for one in looked_at
        ]
        typer.echo(json.dumps({"ok": not left, "checks": looks}))
    else:
        missing = {check.name for check in looked_at if check.finding is Finding.MISSING}
        typer.echo()
        if left:
            typer.echo(answers.things_to_do(left))
        else:
            is_new = {"session", "comparison" if compare else "benchmark"} <= missing
            reply(answers.ONLY_INIT_TO_DO if is_new else answers.NOTHING_TO_DO)
    raise typer.Exit(1 if left else 0)


def _lines(facts: Iterable[Fact]) -> str:
    """Facts in words, each on lines of its own, safe to show."""
    return "\n".join(escaped(line) for fact in facts for line in told(fact).splitlines())


def _telling(checks: Iterator[Check], *, as_json: bool) -> Iterator[Check]:
    """Tell each check when it is known, for some take long."""
    for check in checks:
        if not as_json:
            text = "\n→ ".join([_lines(check.seen), *_lines(check.advice).splitlines()])
            lines = laid_out([Line(f"{check.finding:<9}{check.name:<13}", text)], width())
            typer.echo(typer.style(check.finding, fg=_COLOURS[check.finding]) + lines.removeprefix(check.finding), nl=False)
        yield check
