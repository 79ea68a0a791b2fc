"""`autotune init`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.answer import calibration
from autotune.commands.options import AsJson, Progress, given, live, reply
from autotune.core.stats import noise
from autotune.core.tell import answers
from autotune.core.tell.opened import understood
from autotune.loop.opening import opening


def main(  # noqa: PLR0913, PLR0917 - an option table
    name: Annotated[str | None, typer.Option("--name", help="The session's name; the branch is autotune/NAME-DATE.")] = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", help="The metric to improve, as the benchmark prints it, or autotune.wall_s, autotune.user_s, …"),
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="The metric's unit, for people.")] = None,
    timed: Annotated[
        bool | None,
        typer.Option(
            "--timed/--untimed", help="Whether the metric is a time. By default: yes, except bytes, counts and what repeats exactly."
        ),
    ] = None,
    direction: Annotated[str | None, typer.Option("--direction", help="lower (the default) or higher is better.")] = None,
    benchmark: Annotated[str | None, typer.Option("--command", help="The benchmark, instead of autotune.sh.")] = None,
    read: Annotated[
        str | None,
        typer.Option("--read", metavar="FORMAT[:FILE]", help="Read another tool's results, such as go or pytest-benchmark:bench.json."),
    ] = None,
    seeds: Annotated[
        bool | None, typer.Option("--seeds", help="Give both runs of a pair the same seed in AUTOTUNE_SEED, and each pair another one.")
    ] = None,
    cases: Annotated[
        str | None,
        typer.Option("--cases", metavar="IDS", help="What is measured on: ids with commas between, or a command that prints one a line."),
    ] = None,
    score_range: Annotated[
        tuple[float, float] | None,
        typer.Option("--score-range", metavar="LOW HIGH", help="The cases' values are scores in this range, and their mean counts: 0 1."),
    ] = None,
    checks: Annotated[str | None, typer.Option("--checks", help="What must pass too, instead of autotune.checks.sh.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="PATTERN", help="What may be changed; a file's own path allows it even if it prints the metric."),
    ] = None,
    protect: Annotated[list[str] | None, typer.Option("--protect", metavar="PATTERN", help="What may not; several times.")] = None,
    allow: Annotated[list[str] | None, typer.Option("--allow", hidden=True)] = None,
    holdout: Annotated[str | None, typer.Option("--holdout", metavar="COMMAND", help="What a keep must pass and no proposer sees.")] = None,
    guardrails: Annotated[
        list[str] | None, typer.Option("--guardrail", metavar="BOUND", help="A limit for another metric: 'memory_mb <= 1.02x'.")
    ] = None,
    min_effect: Annotated[
        float | None, typer.Option("--min-effect", metavar="SHARE", help="The smallest gain that is kept: 0.01 is 1 %.")
    ] = None,
    sandbox: Annotated[str | None, typer.Option("--sandbox", help="on: no network, writing only in the measuring worktree.")] = None,
    carry: Annotated[list[str] | None, typer.Option("--carry", metavar="PATH", help="What the benchmark needs and git ignores.")] = None,
    prepare: Annotated[str | None, typer.Option("--prepare", help="Runs untimed before every run, a build for instance.")] = None,
    setup: Annotated[str | None, typer.Option("--setup", help="Runs once in a new measuring worktree.")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="COMMAND", help="Rewrites a candidate before it is measured: a formatter.")
    ] = None,
    no_hooks: Annotated[bool, typer.Option("--no-hooks", help="Run the pre-commit hook only when a keep is committed.")] = False,
    max_iterations: Annotated[int | None, typer.Option("--max-iterations", help="Finish after this many experiments.")] = None,
    max_wall_time: Annotated[
        str | None, typer.Option("--max-wall-time", metavar="DURATION", help="Finish after this long, such as 8h.")
    ] = None,
    target: Annotated[
        float | None, typer.Option("--target", help="Finish when the metric has reached this value, confirmed by fresh runs.")
    ] = None,
    timeout_s: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="A run's time limit.")] = None,
    checks_timeout_s: Annotated[float | None, typer.Option("--checks-timeout", metavar="SECONDS", help="The checks' time limit.")] = None,
    in_place: Annotated[bool | None, typer.Option("--in-place", help="Measure in the checkout: for code that works nowhere else.")] = None,
    once: Annotated[bool, typer.Option("--once", help="One run a measurement: for what cannot be repeated. No keep is confirmed.")] = False,
    worktree: Annotated[bool, typer.Option("--worktree", help="Give the session a working tree of its own.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Go on even if the benchmark is too noisy or too short to see much.")] = False,
    as_json: AsJson = False,
    progress: Progress = False,
) -> None:
    """Open a session here: check that it can work, make its branch, measure the baseline.

    The benchmark prints `METRIC name=value`; it is autotune.sh, or any command with --command. With --read it may be one you have: its
    results are read as hyperfine, pytest-benchmark, lighthouse, criterion, go, google-benchmark, vitest, junit, json or regex:PATTERN.
    Settings are kept in autotune.toml; a file that is there already is read, and these options win over it.
    """
    settings = given(
        locals(),
        cases=cases.split(",") if cases and "," in cases and " " not in cases else cases,
        score_range=list(score_range) if score_range else None,
        hooks=False if no_hooks else None,
    )
    request = opening.Request(Path.cwd(), settings, once=once, worktree=worktree, anyway=anyway)
    with live(as_json=as_json, progress=progress) as say:
        session = opening.open_session(request, say)
    state, found = session.state, calibration(session)
    understood_lines = dict(understood(state, opening.count_in_scope(session)))
    if as_json:
        answer = {
            "session": session.name,
            "branch": session.branch,
            "folder": str(session.workdir),
            "baseline": state.segment.baseline,
            "runs": list(state.segment.baseline_runs),
            "decision_mode": state.decision_mode,
            "understood": understood_lines,
            "timed": state.timed,
            "exact": state.exact,
            "findings": found,
        }
        typer.echo(json.dumps(answer))
        return
    reply(answers.SESSION_OPENED, session=session.name, branch=session.branch, folder=str(session.workdir))
    runs = state.segment.baseline_runs
    mean = state.segment.baseline if state.scores is not None else None
    value = noise.median(runs) if mean is None else mean
    typer.echo(answers.baseline(state.config.metric, state.config.unit, value, len(runs), scores=mean is not None))
    for label, text in understood_lines.items():
        typer.echo(f"{label}: {text}")
    for line in found:
        typer.echo(line)
    reply(answers.NEXT_EDIT)
