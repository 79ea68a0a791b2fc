"""`autotune prompts optimize`, and the parts of it that its session runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import width
from autotune.commands.workshop import At, chosen, settled
from autotune.core.asking.limits import Limits
from autotune.core.records.behaviors import Behavior
from autotune.core.tell import tuning
from autotune.core.tell.lines import laid_out
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.prompts.settings import Settings

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
_FAILED = "failed"


def optimize(
    behavior: Annotated[
        list[Behavior] | None, typer.Option("--behavior", metavar="NAME", help="Which behaviour; can be repeated. Without it: all.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="What chance begins from, instead of the number of the run.")] = None,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Look for a better pack: one session a run, decided on cases that no proposer sees.

    It ends with one better pack at most, which `prompts deploy` takes, or with nothing. A run that was killed goes on when you call it
    again. Several behaviours are worked at side by side.
    """
    known = settled(at)
    behaviors = chosen(known, behavior)
    found = [_one(known, behaviors[0], seed, dry=dry_run)] if len(behaviors) == 1 else _all(known, behaviors, seed, dry=dry_run)
    if as_json:
        typer.echo(json.dumps(found if len(behaviors) > 1 else found[0], ensure_ascii=False))
    else:
        for one in found:
            typer.echo(laid_out((tuning.planned if dry_run else tuning.finished)(one), width()))
    raise typer.Exit(1 if any(one["state"] in {"busy", _FAILED} for one in found) else 0)


def _one(known: Settings, behavior: Behavior, seed: int | None, *, dry: bool) -> dict[str, Any]:
    from autotune.commands.options import live
    from autotune.prompts import optimizing

    with live() as say:
        return optimizing.optimize(known, behavior, round(time.time() * 1000), seed=seed, dry=dry, say=say)


def _all(known: Settings, behaviors: Sequence[Behavior], seed: int | None, *, dry: bool) -> list[dict[str, Any]]:
    """Each behaviour in a process of its own; one that fails leaves the others alone."""
    from autotune.prompts import preparing

    preparing.workshop_of(known)
    with ThreadPoolExecutor(len(behaviors)) as threads:
        return list(threads.map(lambda one: _apart(known, one, seed, dry=dry), behaviors))


def _apart(known: Settings, behavior: Behavior, seed: int | None, *, dry: bool) -> dict[str, Any]:
    from autotune.prompts.optimizing import PROGRAM

    place = () if known.file is None else ("--at", str(known.file.parent))
    more = [*(() if seed is None else ("--seed", str(seed))), *(["--dry-run"] if dry else [])]
    words = [*PROGRAM, "optimize", "--behavior", behavior, *place, "--json", *more]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(f"{behavior}: {done.stderr}")
        return {"behavior": str(behavior), "state": _FAILED, "reason": done.stderr.strip().splitlines()[-1:]}
    if "error" in found:
        return {"behavior": str(behavior), "state": _FAILED, "reason": str(found["error"])}
    return found


def propose(folder: RunFolder) -> None:
    """Put the next pack of a run's search into place: the proposer of its session."""
    from autotune.core.facts import Fact, Kind
    from autotune.core.ledger.events import Stopped
    from autotune.loop.session import sessions
    from autotune.models.asking import Models
    from autotune.prompts import judging, searching

    session = sessions.find(Path.cwd(), os.environ.get("AUTOTUNE_SESSION"))
    run, bench = searching.opened(folder)
    rows = searching.decided(session.state.recent.rows)
    again = len(session.state.recent.rows) >= searching.MOST_ROWS
    with Models(judging.terms(bench)) as models:
        search = searching.searched(searching.desk(folder, models, run, bench))
        spent = models.spending.spent(f"run {run.name}").usd
    kept = session.state.keeps > 0
    handed = None if kept or again else searching.handed_out(search, len(rows))
    if (owed := spent - session.state.spending.cost_usd) > 0:
        typer.echo(f"METRIC cost_usd={owed:.9g}")
    if handed is None:
        session.refresh()
        session.append(Stopped(reason=Fact(Kind.SEARCH_OVER, {"kept": kept}), timestamp=now()))
        return
    texts, line = handed
    path = Path.cwd() / run.pack
    path.write_text(searching.rendered(path, run.behavior, texts), "utf-8")
    typer.echo(line)


def check_pack(folder: RunFolder) -> None:
    """Check a run's pack: what it may not say. The checks of its session."""
    from autotune.prompts import runs, searching

    run = runs.read_run(folder)
    try:
        found = searching.amiss(folder, run, Path(run.pack).read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise AutotuneError(f"{run.pack} is no pack: {wrong}.", "mend the file") from None
    for flaw in found:
        typer.echo(tuning.FLAWS[flaw])
    raise typer.Exit(1 if found else 0)


def check_slices(folder: RunFolder) -> None:
    """Check that a pack is not worse in any slice of the cases: what a keep of its session has to pass."""
    from autotune.prompts import runs, searching

    run = runs.read_run(folder)
    found = tuple(searching.worse_slices(folder, run, Path(run.pack), Limits(calls=0)))
    for name in found:
        typer.echo(name)
    raise typer.Exit(1 if found else 0)
