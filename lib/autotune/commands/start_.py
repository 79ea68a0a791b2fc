"""`autotune start`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.options import SessionName, found, given, live, reply
from autotune.core.ledger.state import Ending
from autotune.core.tell import answers
from autotune.core.tell.words import filled
from autotune.edges import client
from autotune.errors import AutotuneError
from autotune.loop.drive import proposing, supervising
from autotune.loop.opening import opening
from autotune.loop.session import layout, sessions
from autotune.loop.session.session import Session


def main(  # noqa: PLR0913, PLR0917 - an option table
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[GOAL] [-- CLIENT OPTIONS]", show_default=False, help="What you tell the agent; then options for the client."
        ),
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Keep the agent at work without you, until a stop rule holds.")] = False,
    proposer: Annotated[
        str | None,
        typer.Option("--proposer", metavar="COMMAND", help="A program instead of the agent: it reads the brief and edits files in scope."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Open a session of this name first, in a working tree of its own.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="The metric to move.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="The metric's unit, for people.")] = None,
    direction: Annotated[str | None, typer.Option("--direction", help="lower (the default) or higher is better.")] = None,
    benchmark: Annotated[str | None, typer.Option("--command", help="The benchmark, instead of autotune.sh.")] = None,
    checks: Annotated[str | None, typer.Option("--checks", help="What must pass too.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", metavar="PATTERN", help="What may be changed; several times.")] = None,
    protect: Annotated[list[str] | None, typer.Option("--protect", metavar="PATTERN", help="What may not; several times.")] = None,
    prepare: Annotated[str | None, typer.Option("--prepare", help="Runs untimed before every run, a build for instance.")] = None,
    setup: Annotated[str | None, typer.Option("--setup", help="Runs once in a new measuring worktree.")] = None,
    carry: Annotated[list[str] | None, typer.Option("--carry", metavar="PATH", help="What the benchmark needs and git ignores.")] = None,
    max_iterations: Annotated[int | None, typer.Option("--max-iterations", help="Finish after this many experiments.")] = None,
    max_wall_time: Annotated[
        str | None, typer.Option("--max-wall-time", metavar="DURATION", help="Finish after this long, such as 8h.")
    ] = None,
    max_cost_usd: Annotated[
        float | None, typer.Option("--max-cost-usd", metavar="DOLLARS", help="Finish when the agent has cost this much.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", help="Finish when the agent has used this many.")] = None,
    target: Annotated[float | None, typer.Option("--target", help="Finish when the metric has reached this value.")] = None,
    here: Annotated[bool, typer.Option("--here", help="Open the session in this working tree, not in one of its own.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Open it even if the benchmark is too noisy or too short to see much.")] = False,
    session: SessionName = None,
) -> None:
    """Have an agent, or any program, work on the session until a stop rule holds.

    It goes on with the session of this folder; with --name and --metric (or an autotune.toml) it opens one first, in a working tree of its
    own. Without one, the agent sets it up for GOAL.

    By itself, `start` opens the client with the agent. With --headless it keeps the client at work without anybody there: it goes on after
    a full context, a rate limit, a crash or a refusal, within max_cost_usd and max_tokens. What follows `--` are options of the client,
    which gets no rights but what the plugin approves.

    With --proposer any program proposes. It runs in the session's working directory; it gets `autotune brief` on standard input and in the
    file that the variable AUTOTUNE_BRIEF names, and the last line that it prints describes its change.

    Ctrl-C stops the session; nothing is lost.
    """
    settings = given(locals())
    goal, options = _split(words or [])
    if proposer is None:
        _with_the_client(settings, session, goal, options, here=here, headless=headless, anyway=anyway)
        return
    if goal or options or headless:
        raise AutotuneError(
            "A proposer takes neither a goal nor options of the client, and is not started with --headless.",
            "leave them out; a proposer reads its brief (`autotune note TEXT` adds to it)",
        )
    running = _session(settings, session, here=here, anyway=anyway)
    typer.echo(filled(answers.SESSION_FOUND, session=running.name, folder=str(running.workdir)), err=True)
    try:
        with live() as tell:
            proposing.propose_until_done(running, proposer, tell)
    except KeyboardInterrupt:
        with live() as running.say:
            proposing.interrupted(running)
        _tell_end(running)
        raise
    _tell_end(running)


def _split(words: list[str]) -> tuple[str, tuple[str, ...]]:
    """Tell the goal from the client's options: the first word with a dash came after `--`."""
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:first]), tuple(words[first:])


def _with_the_client(
    settings: dict[str, object], name: str | None, goal: str, options: tuple[str, ...], *, here: bool, headless: bool, anyway: bool
) -> None:
    client.client_command()
    known = layout.names(sessions.repository_at(Path.cwd()))
    running = _session(settings, name, here=here, anyway=anyway) if known or settings else None
    over = running is not None and running.state.ended is not None and running.state.ended.ending is not Ending.PAUSED
    if headless and goal and over:
        running = None  # the goal is one for a new session
    if not headless:
        client.open_client(Path.cwd() if running is None else running.workdir, goal, options)
    if running is None and not goal:
        raise AutotuneError("There is no session, and no goal to set one up for.", "say what to optimise: `autotune start --headless GOAL`")
    with live() as tell:
        done = supervising.supervise(Path.cwd(), running, goal, options, tell)
    if done is not None:
        _tell_end(done)


def _tell_end(running: Session) -> None:
    ended = running.state.ended
    if ended is not None:
        reply(answers.SESSION_ENDED, ended.reason, session=running.name, condition=ended.ending)
    if running.state.claim is not None:
        reply(answers.CLAIM_MADE, running.state.claim.told(running.state.metric.unit))
    spent = running.state.spending
    if spent.tokens:
        typer.echo(answers.agent_cost(spent.agent_usd, spent.tokens, estimated=spent.cost_estimated))
    reply(answers.MADE, experiments=running.state.count, kept=running.state.all_keeps, branch=running.branch)


def _session(settings: dict[str, object], name: str | None, *, here: bool, anyway: bool) -> Session:
    known = layout.names(sessions.repository_at(Path.cwd()))
    if known and not settings:
        return found(name)
    if known and "name" not in settings:
        raise AutotuneError(
            "There is a session already, but you gave options for a new one.",
            "leave them out to go on with it (`autotune config set` changes its limits), or add --name to open another",
        )
    with live() as tell:
        return opening.open_session(opening.Request(Path.cwd(), settings, worktree=not here, anyway=anyway), tell)
