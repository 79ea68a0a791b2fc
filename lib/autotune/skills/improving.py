"""A better skill looked for: the whole of `improve`.

A search proposes, and a session of the loop decides by the cases that confirm. Where these are too few, or no real client is asked, what
the search found is only proposed. A run that was killed is gone on with by the next call.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autotune import version
from autotune.core.asking.limits import Limits
from autotune.core.ledger.events import Resumed
from autotune.core.ledger.scored import is_undecided
from autotune.core.ledger.state import Row
from autotune.core.model import Verdict
from autotune.core.skills.package import SKILL
from autotune.core.skills.probing import Client
from autotune.core.skills.surfaces import texts_of
from autotune.core.tell.words import told
from autotune.edges import locks, run_folders
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.loop.drive import proposing
from autotune.loop.opening import opening
from autotune.loop.session import layout, sessions
from autotune.loop.session.session import Say, Session
from autotune.models.asking import FORBIDDING, Models, Terms
from autotune.models.spending import taken
from autotune.skills import improve_runs as runs
from autotune.skills import preparing, searching, steady, suites
from autotune.skills.candidates import BEGINS
from autotune.skills.improve_runs import Run
from autotune.skills.installed import Skill
from autotune.skills.preparing import Wish
from autotune.skills.running import Improved, Skip
from autotune.skills.settings import Settings

PROGRAM = (*version.PROGRAM, "skills")
_LONGEST_RUN_S = 6 * 3600
_IN_VAIN = ("nothing", "not confirmed")  # after which a larger scope is tried
_TAKEN = ("calls", "usd", "guessed")
_AT_ONCE = 20  # cases, on which both versions are probed before the next

Agreed = Callable[[Mapping[str, Any]], bool]


def improve(
    skill: Skill, wish: Wish, now_ms: int, *, dry: bool = False, agreed: Agreed = lambda _: True, say: Say = lambda _: None
) -> dict[str, Any]:
    """Look for a better version of a skill, or go on with the run that does; with `dry`, say what that would take. Gives values.

    `state` is `kept`, `nothing`, `not confirmed`, `proposed`, `unsteady`, `planned`, `declined`, `busy`, `spent`, `undecided`
    or `stopped`. Raises AutotuneError where something has to be mended first.
    """
    home = runs.home_of(skill.folder)
    if locks.holder(home / "lock") is not None:
        return {"skill": skill.short, "state": "busy"}
    with locks.hold(home / "lock", "autotune skills improve"):
        place = suites.place_of(skill, Path.home())
        folder = run_folders.unfinished(home)
        if folder is not None and wish.restart and not dry:
            run_folders.write(folder, run_folders.RESULT, {"skill": skill.short, "state": "given up"})
            folder = None
        if folder is None or dry:
            suite = suites.read(place)
            scope = preparing.scope_of(place, suite, wish)
            plan = preparing.plan(place, suite, scope, wish)
            if dry or not agreed(plan):
                return plan | {"state": "planned" if dry else "declined"}
            preparing.base_of(place)  # before anything is paid for
            suite, wish = preparing.filled(place, suite, scope, wish)
            folder = preparing.laid_out(place, suite, scope, wish, home, now_ms)
        return _through(place, folder, now_ms, say)


def wished(known: Settings, **said: Any) -> Wish:  # noqa: ANN401 - each has its own type
    """The wish as it is said; what is left out, as None or as no text, is as skills.toml has it."""
    usual = {name: known[name] for name in ("model", "judge", "client_model", "max_usd_per_day", "max_calls_per_day")}
    usual |= {"host": Client(known["host"]), "max_usd": known["max_usd_per_run"]}
    return Wish(**usual | {name: value for name, value in said.items() if value is not None and value != ""})


def in_a_pass(skill: Skill, known: Settings, now_ms: int, *, dry: bool) -> Improved | Skip:
    """Improve one skill of a pass over all, for its part of the pass's money."""
    wish = wished(known)
    if not wish.model:
        return Skip.NO_MODEL
    found = improve(skill, replace(wish, max_usd=wish.max_usd / max(known["max_skills"], 1)), now_ms, dry=dry)
    state = found["state"]
    if state == "busy":
        return Skip.NO_WORK
    why = str(found.get("reason") or found.get("description") or state)
    decided = state in ("kept", "not confirmed", "nothing")
    return Improved(found.get("session"), found.get("experiment"), state == "kept", decided, why, found["calls"], found["usd"])


def _through(place: suites.Place, folder: Path, now_ms: int, say: Say) -> dict[str, Any]:
    """Carry a run on, and those of the larger scopes after it, until one brings something or the money is spent."""
    tried = list[dict[str, Any]]()
    while True:
        values = _ended(folder, _carried_on(folder, say))
        tried.append({name: values[name] for name in ("scope", "state", *_TAKEN)})
        further = preparing.next_one(place, folder, values["usd"], now_ms) if values["state"] in _IN_VAIN else None
        if further is None:
            return {**values, "workshop": place.workshop, "tried": tried, **{name: sum(one[name] for one in tried) for name in _TAKEN}}
        folder = further


def _carried_on(folder: Path, say: Say) -> dict[str, Any]:
    """Search, then have a session decide, or report."""
    run = runs.read(folder)
    with Models(terms(run)) as models:
        desk = searching.desk(folder, run, models)
        found = searching.best(searching.searched(desk))
        if found is None:
            return {"state": "nothing"}
        texts, line = found
        values = {"texts": dict(texts), "description": line, "text": "\n\n".join(texts.values())}
        desk = searching.after_search(desk)
        if not run.decides:
            return values | _proposed(desk, texts)
        try:
            same = steady.checked(desk)["same"]
        except searching.OutOfMoneyError:
            return values | {"state": "spent"}
        if not same:
            return values | {"state": "unsteady"}
        usd = desk.spent
    values |= _decided(folder, run, usd, say)
    return values | ({"state": "spent"} if values["state"] == "stopped" and taken(run.name)["usd"] >= run.max_usd else {})


def terms(run: Run) -> Terms:
    """On what terms a run's models are asked."""
    per_day = Limits(calls=run.max_calls_per_day, usd=run.max_usd_per_day)
    return Terms(run.name, per_run=Limits(usd=run.max_usd * searching.SHARE), per_day=per_day, seed=run.seed)


def _proposed(desk: searching.Desk, texts: Mapping[str, str]) -> dict[str, Any]:
    """Write the better version down, and report how both do on all cases."""
    run, before = desk.run, texts_of(desk.base, desk.run.scope)
    cases = (*run.read, *run.select, *run.confirm)
    means = _means(desk, (before, texts), cases)
    place = desk.folder / runs.PROPOSAL / run.skill
    shutil.rmtree(place, ignore_errors=True)
    searching.put(desk, texts, place)
    return {"state": "proposed", "proposal": str(place), "before": means[0], "after": means[1]}


def _means(desk: searching.Desk, versions: Sequence[Mapping[str, str]], cases: Sequence[str]) -> list[float | None]:
    """How versions do, on the cases that all of them were probed on before the money was spent."""
    found: list[dict[str, float]] = [{} for _ in versions]
    try:
        for first in range(0, len(cases), _AT_ONCE):
            for scored, version in zip(found, versions, strict=True):
                probed = searching.scores(desk, version, cases[first : first + _AT_ONCE])
                scored |= {one.case: one.score for one in probed if one.score is not None}
    except searching.OutOfMoneyError:
        pass
    both = set.intersection(*map(set, found))
    return [sum(scored[case] for case in both) / len(both) if both else None for scored in found]


def _decided(folder: Path, run: Run, usd: float, say: Say) -> dict[str, Any]:
    """Have a session of the loop decide by the cases that confirm."""
    session = _session(folder, run, usd, say)
    if session.state.ended is not None and not _rows(session):
        session.append(Resumed(timestamp=now()))
    if session.state.ended is None:
        try:
            proposing.propose_until_done(session, _command("propose-text", folder), say)
        except KeyboardInterrupt:
            proposing.interrupted(session)
            raise
    state = session.state
    values: dict[str, Any] = {"session": session.name, "branch": session.branch}
    if not (rows := _rows(session)):
        return values | {"state": "stopped", "reason": "" if state.ended is None else told(state.ended.reason)}
    kept = next((row for row in rows if row.verdict is Verdict.KEEP), None)
    failed = is_undecided(rows[0].verdict, rows[0].reason)
    values |= {
        "state": "kept" if kept is not None else "undecided" if failed else "not confirmed",
        "experiment": (kept or rows[0]).index,
        "reason": told((kept or rows[0]).reason),
    }
    if kept is not None:
        values |= {"commit": kept.commit}
        if kept.effect is not None:
            values |= {"effect": kept.effect.estimate, "low": kept.effect.low, "high": kept.effect.high}
    return values


def _rows(session: Session) -> list[Row]:
    """What was decided of the run's text."""
    return [row for row in session.state.recent.rows if row.index and row.verdict is not Verdict.VOID]


def _session(folder: Path, run: Run, usd: float, say: Say) -> Session:
    """The run's session: the one that is there, brought to where it is open, or a new one in a working tree of its own."""
    repository = sessions.repository_at(Path(run.top))
    name = next(
        (one for one in layout.names(repository) if one.startswith(f"{BEGINS}{run.skill}") and _is_ours(repository, one, folder)), None
    )
    if name is not None:
        return opening.complete_opening(repository, name, say)
    return opening.open_session(opening.Request(Path(run.top), _settings(folder, run, usd), worktree=True, anyway=True), say)


def _is_ours(repository: Repository, name: str, folder: Path) -> bool:
    return str(folder / runs.PROBE) in sessions.load_beginning(repository, name, repository.top).state.config.benchmark


def _settings(folder: Path, run: Run, usd: float) -> dict[str, object]:
    """The session's configuration, made of the run's."""
    kept = {FORBIDDING: os.environ[FORBIDDING]} if os.environ.get(FORBIDDING) else {}
    return {
        "name": f"{BEGINS}{run.skill}",
        "metric": run.metric,
        "direction": "higher",
        "timed": False,
        "benchmark": f"{_command('probe', folder / runs.PROBE)} --skill {shlex.quote(run.inside)}",
        "cases": f"cat {shlex.quote(str(folder / runs.IDS))}",
        "score_range": [0, 1],
        "holdout_share": 0.0,
        "search_share": 0.0,
        "scope": [f"{run.inside}/{SKILL}"],
        "checks": _command("check-text", folder),
        "cost_metric": "cost_usd",
        "hooks": False,
        "max_iterations": 1,
        "timeout_s": float(_LONGEST_RUN_S),
        "recovery": {"playbooks": []},
        "env": kept,
        "max_cost_usd": max(run.max_usd - usd, 0.01),
    }


def _command(verb: str, path: Path) -> str:
    return shlex.join([*PROGRAM, verb, str(path)])


def _ended(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    """What came of a run, written down where it is over."""
    run = runs.read(folder)
    values = {
        "skill": run.skill,
        "scope": str(run.scope),
        "invented": run.invented,
        "confirm": len(run.confirm),
        "folder": str(folder),
        **values,
        **taken(run.name),
    }
    if values["state"] != "stopped":
        run_folders.write(folder, run_folders.RESULT, values)
    return values
