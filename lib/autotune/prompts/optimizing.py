"""A better pack looked for: the whole of `optimize`, one session a run, in a session tree of its own.

The session is one of the loop's: its proposer is our search, its benchmark our judge, and the cases that decide are those that confirm. A
run that was killed is gone on with by the next call, to the same end.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autotune import version
from autotune.core.cases.confirming import PLANNED
from autotune.core.cases.outlook import before_any
from autotune.core.cases.split import Case
from autotune.core.facts import Kind
from autotune.core.judging import packs
from autotune.core.judging.besides import GUARDRAILS
from autotune.core.ledger.events import Resumed
from autotune.core.ledger.scored import is_undecided
from autotune.core.ledger.state import Ending
from autotune.core.model import Verdict
from autotune.core.records.behaviors import Behavior
from autotune.core.tell.words import told
from autotune.edges import git, locks, run_folders, worktrees
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.drive import proposing
from autotune.loop.measure import places
from autotune.loop.opening import opening
from autotune.loop.session import layout, sessions
from autotune.loop.session.session import Say, Session
from autotune.models.asking import FORBIDDING
from autotune.models.spending import taken
from autotune.prompts import judging, pools, preparing, runs, searching
from autotune.prompts.ingesting import database
from autotune.prompts.preparing import NAME, WAITS_S
from autotune.prompts.runs import Run
from autotune.prompts.settings import Settings
from autotune.prompts.terms import terms
from autotune.records.store import opened

PROGRAM = (*version.PROGRAM, "prompts")
_LONGEST_RUN_S = 6 * 3600
LOCK, OPENING = "lock", "opening.lock"  # of one behaviour; of all of a workshop, whose sessions open one at a time


def optimize(
    settings: Settings, behavior: Behavior, now_ms: int, *, seed: int | None = None, dry: bool = False, say: Say = lambda _: None
) -> dict[str, Any]:
    """Look for a better pack, or go on with the run that does; with `dry`, say what that would take. Gives what came of it as values.

    `state` is `kept`, `nothing`, `planned`, or why nothing was done: `session open`, `canary`, `waiting`, `spent`, `too few`, `busy`,
    `stopped`. Raises AutotuneError where something has to be mended first.
    """
    repository = preparing.workshop_of(settings)
    home = runs.folder_of(repository.top, behavior)
    try:
        with locks.hold(home / LOCK, "autotune prompts optimize"):
            return _optimized(settings, behavior, home, now_ms, seed, dry=dry, say=say)
    except AutotuneError:
        if locks.holder(home / LOCK) is None:
            raise
        return {"behavior": str(behavior), "state": "busy"}


def _optimized(settings: Settings, behavior: Behavior, home: Path, now_ms: int, seed: int | None, *, dry: bool, say: Say) -> dict[str, Any]:
    folder = run_folders.unfinished(home)
    if folder is not None and _found(folder) is None:  # nothing was measured yet: begin again with what is set now
        shutil.rmtree(folder)
        folder = None
    if folder is None or dry:
        if seed is None:
            seed = len(run_folders.numbered(home))  # another one for each run, and the same again for the same history
        found = preparing.prepared(settings, behavior, seed, now_ms)
        on = terms(settings, f"optimize {behavior}")
        if dry or found.why:
            return preparing.plan(settings, behavior, found, on)
        folder = preparing.lay_out(settings, behavior, found, seed, now_ms, on)
    run = runs.read_run(folder)
    session = _session(folder, run, say)
    try:
        proposing.propose_until_done(session, _command("propose", folder), say)
    except KeyboardInterrupt:
        proposing.interrupted(session)
        raise
    finally:
        _remember(settings, run)
    return _ended(folder, run, session)


def _session(folder: Path, run: Run, say: Say) -> Session:
    """The run's session: the one that is there, brought to where it is open, or a new one."""
    repository = sessions.repository_at(Path(run.workshop))
    if (name := _found(folder)) is not None:
        session = opening.complete_opening(repository, name, say)
        if session.state.ended is not None and not _is_over(session):
            session.append(Resumed(timestamp=now()))
        return session
    alone = locks.hold(folder.parents[1] / OPENING, "autotune prompts optimize", _LONGEST_RUN_S)
    with alone, _checked_out(repository, run, folder) as tree:
        return opening.open_session(opening.Request(tree, _settings(folder, run), worktree=True, anyway=True), say)


def _found(folder: Path) -> str | None:
    """Name the session of a run, known by its benchmark; None where it has none."""
    run = runs.read_run(folder)
    repository = sessions.repository_at(Path(run.workshop))
    named = (name for name in layout.names(repository) if name.startswith(f"{NAME}{run.behavior}"))
    return next((name for name in named if str(folder / runs.JUDGE) in _benchmark_of(repository, name)), None)


def _benchmark_of(repository: Repository, name: str) -> str:
    return sessions.load_beginning(repository, name, repository.top).state.config.benchmark


@contextmanager
def _checked_out(repository: Repository, run: Run, folder: Path) -> Iterator[Path]:
    """Main, checked out in a place of its own while the session opens, so that what you have checked out does not matter."""
    tree = folder / "main"
    worktrees.remove_worktree(repository, tree)
    shutil.rmtree(tree, ignore_errors=True)
    git.tell(repository.top, "worktree", "add", "-q", "--force", str(tree), "main")
    if git.resolve(tree, "HEAD") != run.base:
        git.tell(tree, "checkout", "-q", run.base)
    try:
        yield tree
    finally:
        worktrees.remove_worktree(repository, tree)


def _settings(folder: Path, run: Run) -> dict[str, object]:
    """The session's configuration, made of the run's."""
    kept = {FORBIDDING: os.environ[FORBIDDING]} if os.environ.get(FORBIDDING) else {}
    return {
        "name": f"{NAME}{run.behavior}",
        "metric": "quality",
        "direction": "higher",
        "timed": False,
        "benchmark": f"{_command('judge', folder / runs.JUDGE)} --pack {run.pack}",
        "cases": f"cat {shlex.quote(str(folder / runs.IDS))}",
        "score_range": [0, 1],
        "holdout_share": 0.0,
        "search_share": 0.0,
        "worth": min(max(run.worth, 0.01), 0.99),
        "order_seed": run.seed,
        "scope": [run.pack],
        "checks": _command("check-pack", folder),
        "guardrails": list(GUARDRAILS),
        "holdout": _command("check-slices", folder) if run.slices else "",
        "cost_metric": "cost_usd",
        "hooks": False,
        "timeout_s": float(_LONGEST_RUN_S),
        "recovery": {"playbooks": []},
        "env": kept,
        **({"max_cost_usd": run.max_usd} if run.max_usd else {}),
    }


def _command(verb: str, path: Path) -> str:
    return shlex.join([*PROGRAM, verb, str(path)])


def _remember(settings: Settings, run: Run) -> None:
    """Write into the records how often the cases have confirmed by now."""
    repository = sessions.repository_at(Path(run.workshop))
    with opened(database(settings), write=True, what="autotune prompts optimize", wait_s=WAITS_S) as store:
        pools.remember(store, run.behavior, pools.counted(repository, run.behavior))


def _ended(folder: Path, run: Run, session: Session) -> dict[str, Any]:
    """What came of a run, written down where it is over."""
    state, search = session.state, run_folders.read_search(folder)
    values: dict[str, Any] = {"behavior": run.behavior, "session": session.name, "branch": session.branch, **taken(run.name)}
    if not _is_over(session):
        reason = "" if state.ended is None else told(state.ended.reason)
        return values | {"state": "stopped", "reason": reason}
    rows = searching.decided(state.recent.rows)
    kept = next((row for row in rows if row.verdict is Verdict.KEEP), None)
    handed = searching.tried(search, len(rows)) if search is not None else []
    undecided = [is_undecided(row.verdict, row.reason) for row in rows]
    values |= {
        "state": "kept" if kept is not None else "undecided" if any(undecided) else "nothing",
        "proposals": 0 if search is None else search.proposals,
        "confirmed": len(handed),
        "units": run.units,
        "shows": before_any(run.units, run.uses),
        "planned_uses": PLANNED,
        "uses": _uses(folder, run, session),
        "tried": [texts for texts, left in zip(handed, undecided, strict=False) if not left],
        "folder": str(folder),
    }
    if kept is not None and kept.effect is not None:
        ends = {"effect": kept.effect.estimate, "low": kept.effect.low, "high": kept.effect.high}
        version = packs.version_of(runs.pack_of(run.behavior, handed[-1]))
        values |= {"version": version, "experiment": kept.index, "commit": kept.commit, "description": kept.description, **ends}
    places.remove_places(session.repository, session.cache)
    run_folders.write(folder, run_folders.RESULT, values)
    return values


def _uses(folder: Path, run: Run, session: Session) -> int:
    """How often the run's cases have confirmed by now."""
    cases = [Case(name) for name, _ in judging.frozen_cases(folder / runs.CONFIRM)]
    return pools.uses(cases, pools.counted(session.repository, run.behavior))


def _is_over(session: Session) -> bool:
    """Whether a run has come to its end: the search is done, or a limit is reached; not where it was stopped, or its proposer failed."""
    ended = session.state.ended
    if ended is None:
        return False
    failed = ended.reason.because is not None and ended.reason.because.kind is Kind.PROPOSER_FAILED
    return (
        ended.ending is Ending.FINISHED or ended.reason.kind is Kind.SEARCH_OVER or (ended.reason.kind is Kind.OUT_OF_IDEAS and not failed)
    )
