"""A better skill looked for: the whole of `improve`.

A search proposes, and a session of the loop decides by the cases that confirm. Where these are too few, or no real client is asked, what
the search found is only proposed. A run that was killed is gone on with by the next call.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autotune.core.asking.limits import Limits
from autotune.core.asking.naming import parse
from autotune.core.cases.confirming import first_needed
from autotune.core.cases.listed import line_of
from autotune.core.cases.scores import MARGIN, Asked, can_decide
from autotune.core.cases.split import couples_in, is_sided, units_in
from autotune.core.model import Verdict
from autotune.core.skills import probing
from autotune.core.skills.package import SKILL
from autotune.core.skills.probing import Client, Measures, Probing
from autotune.core.skills.suite import By, Suite, SuiteCase, SuitePart, listed_case, part_of
from autotune.core.skills.surfaces import Scope, texts_of
from autotune.core.tell.improving import COPIED
from autotune.core.tell.words import told
from autotune.edges import git, locks
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.drive import proposing
from autotune.loop.opening import opening
from autotune.loop.session import layout, sessions
from autotune.loop.session.session import Say, Session
from autotune.models.asking import FORBIDDING, Models, Terms
from autotune.skills import generating, measuring, packages, searching, suites
from autotune.skills import improve_runs as runs
from autotune.skills.candidates import BEGINS
from autotune.skills.improve_runs import Run
from autotune.skills.installed import Skill
from autotune.skills.running import Improved, Skip
from autotune.skills.settings import Settings
from autotune.skills.staging import user_folders
from autotune.skills.suites import Place
from autotune.version import PACKAGE

PROGRAM = (sys.executable, "-I", str(PACKAGE / "__main__.py"), "skills")
ENOUGH = 67  # queries of each side, of which 40 decide
BASELINE = 4 * 8  # cases that are run before a session begins to decide
PROBE_S = 10.0  # where nothing is known
_LONGEST_RUN_S = 6 * 3600


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a run. `model` proposes, and invents what cases are lacking; `client_model` is the client's."""

    scope: Scope = Scope.AUTO
    model: str = ""
    host: Client = Client.CLAUDE_CODE
    client_model: str = ""
    judge: str = ""
    instrument: Measures | None = None
    proposals: int = 4
    samples: int = 3
    max_usd: float = 5.0
    invent: bool = True
    seed: int = 0


Agreed = Callable[[Mapping[str, Any]], bool]


def improve(
    skill: Skill, wish: Wish, now_ms: int, *, dry: bool = False, agreed: Agreed = lambda _: True, say: Say = lambda _: None
) -> dict[str, Any]:
    """Look for a better version of a skill, or go on with the run that does; with `dry`, say what that would take. Gives values.

    `state` is `kept`, `nothing`, `not confirmed`, `proposed`, `planned`, `declined`, `busy` or `stopped`. Raises AutotuneError where
    something has to be mended first.
    """
    home = runs.home_of(skill.folder)
    short = skill.name.rpartition(":")[2]
    if locks.holder(home / "lock") is not None:
        return {"skill": short, "state": "busy"}
    with locks.hold(home / "lock", "autotune skills improve"):
        place = suites.place_of(skill, Path.home())
        folder = runs.unfinished(home)
        if folder is None or dry:
            suite = suites.read(place)
            scope = _scope(place, suite, wish)
            plan = _plan(place, suite, scope, wish)
            if dry or not agreed(plan):
                return plan | {"state": "planned" if dry else "declined"}
            folder = _laid_out(place, _filled(place, suite, scope, wish), scope, wish, home, now_ms)
        return _ended(folder, _carried_on(folder, say))


def as_settled(wish: Wish, known: Settings) -> Wish:
    """The wish as skills.toml has it."""
    return replace(
        wish,
        model=known["model"],
        judge=known["judge"],
        host=Client(known["host"]),
        client_model=known["client_model"],
        max_usd=known["max_usd_per_run"],
    )


def in_a_pass(skill: Skill, known: Settings, now_ms: int, *, dry: bool) -> Improved | Skip:
    """Improve one skill of a pass over all, for its part of the pass's money."""
    wish = as_settled(Wish(), known)
    if not wish.model:
        return Skip.NO_MODEL
    found = improve(skill, replace(wish, max_usd=wish.max_usd / max(known["max_skills"], 1)), now_ms, dry=dry)
    state = found["state"]
    if state == "busy":
        return Skip.NO_WORK
    why = str(found.get("reason") or found.get("description") or state)
    decided = state in ("kept", "not confirmed", "nothing")
    return Improved(found.get("session"), found.get("experiment"), state == "kept", decided, why, found.get("calls", 0), found.get("usd"))


def _scope(place: Place, suite: Suite, wish: Wish) -> Scope:
    """The smallest scope that can help, by the cases that there are. Raises AutotuneError where nothing can be changed or measured."""
    package = packages.read(place.skill.folder)
    stopping = next((one for one in packages.checked(package) if one.stops), None)
    if stopping is not None:
        raise AutotuneError(
            f"{place.skill.folder} has to be mended first: {stopping.rule}.", f"`autotune skills check {place.skill.name}` says more"
        )
    if not wish.model:
        raise AutotuneError("No model is named that proposes.", "name one: --model anthropic:claude-haiku-4-5")
    parse(wish.model)
    scope = wish.scope
    if scope is Scope.AUTO:
        scope = Scope.BODY if suite.tasks and not suite.routing else Scope.DESCRIPTION
    if not texts_of(package, scope):
        raise AutotuneError(f"The skill has no {scope} that could change.", "take another scope: --scope description")
    lacks = not suite.tasks if scope is not Scope.DESCRIPTION else not (suite.routing or wish.invent)
    if lacks:
        kind = "queries" if scope is Scope.DESCRIPTION else "tasks"
        more = "" if scope is Scope.DESCRIPTION else " --from model --tasks 30"
        raise AutotuneError(f"The suite has no {kind}.", f"`autotune skills eval generate {place.skill.name}{more}` makes some")
    return scope


def _instrument(scope: Scope, wish: Wish) -> Measures:
    if scope is not Scope.DESCRIPTION:
        return Measures.TASK
    return wish.instrument or Measures.ROUTING_HOST


def _cases(suite: Suite, scope: Scope) -> Sequence[SuiteCase]:
    return suite.routing if scope is Scope.DESCRIPTION else suite.tasks


def _lacking(suite: Suite, scope: Scope, wish: Wish) -> dict[str, int]:
    """How many queries of each side are lacking."""
    if scope is not Scope.DESCRIPTION or not wish.invent:
        return {}
    fits = sum(case.fits for case in suite.routing)
    found = {"positive": ENOUGH - fits, "negative": ENOUGH - (len(suite.routing) - fits)}
    return {side: count for side, count in found.items() if count > 0}


def _plan(place: Place, suite: Suite, scope: Scope, wish: Wish) -> dict[str, Any]:
    """What a run takes: cases, calls, probes, minutes, money."""
    lacking, cases = _lacking(suite, scope, wish), _cases(suite, scope)
    shares = {part: sum(part_of(case) is part for case in cases) for part in SuitePart}
    more = sum(lacking.values())
    read, select = (shares[part] + round(0.2 * more) for part in (SuitePart.TRAIN, SuitePart.SELECT))
    confirm = shares[SuitePart.CONFIRM] + round(0.6 * more)
    instrument, settings = _instrument(scope, wish), _probing(place, wish, scope)
    decides = _can_decide(cases, instrument) or (more > 0 and instrument is not Measures.ROUTING_JUDGE)
    search = select + wish.proposals * (2 * searching.BATCH + select)
    probes = wish.samples * (search + (BASELINE + 2 * confirm if decides else 2 * len(cases)))
    each = measuring.usd_each(measuring.bench_of(settings, Path("/"))) if place.suite.is_file() else None
    calls = wish.proposals + sum(-(-count // 15) for count in lacking.values())
    return {
        "skill": place.skill.name.rpartition(":")[2],
        "scope": str(scope),
        "instrument": str(instrument),
        "repository": str(place.top),
        "workshop": place.workshop,
        "suite": suite.hash,
        "read": read,
        "select": select,
        "confirm": confirm,
        "generate": more,
        "calls": calls,
        "probes": probes,
        "minutes": probes * PROBE_S / measuring.at_once(settings) / 60,
        "usd": None if each is None else each * probes,
        "max_usd": wish.max_usd,
        "decides": decides,
    }


def _can_decide(cases: Sequence[SuiteCase], instrument: Measures) -> bool:
    """Whether a session could keep anything: by the real client or at real work, on enough cases."""
    if instrument is Measures.ROUTING_JUDGE:
        return False
    deciding = [listed_case(case) for case in cases if part_of(case) is SuitePart.CONFIRM]
    if not deciding:
        return False
    sided = is_sided(deciding)
    units = 2 * couples_in(deciding) if sided else units_in(deciding)
    return can_decide(units, Asked(first_needed(deciding), margin=MARGIN if sided else None))


def _filled(place: Place, suite: Suite, scope: Scope, wish: Wish) -> Suite:
    """The suite with the cases that it lacks, invented and marked."""
    lacking = _lacking(suite, scope, wish)
    if lacking:
        there = dict.fromkeys(lacking, ENOUGH)
        suite, _ = generating.with_invented(place, suite, wish.model, there, wish.max_usd / 4, dry_run=False)
        suites.write(place, suite)
    return suite


def _probing(place: Place, wish: Wish, scope: Scope, suite: str = "") -> Probing:
    """What is measured with; the neighbours are those of the skill as it is installed, wherever a candidate lies."""
    settings = Probing(
        str(place.skill.folder.resolve()),
        suite or str(place.suite),
        _instrument(scope, wish),
        wish.host,
        wish.client_model,
        samples=wish.samples,
        config=os.environ.get("CLAUDE_CONFIG_DIR", "") if wish.host is Client.CLAUDE_CODE else "",
        judge=wish.judge or (wish.model if _instrument(scope, wish) is not Measures.ROUTING_HOST else ""),
    )
    around = [place.skill.folder.resolve().parent, *user_folders(settings, Path.home())]
    return replace(settings, siblings=tuple(dict.fromkeys(map(str, around))))


def _laid_out(place: Place, suite: Suite, scope: Scope, wish: Wish, home: Path, now_ms: int) -> Path:
    """Set down all that a run is made of; its settings last, so that one that was not set down whole is none."""
    cases = _cases(suite, scope)
    by_part = {part: tuple(case.id for case in cases if part_of(case) is part) for part in SuitePart}
    if not by_part[SuitePart.TRAIN] or not by_part[SuitePart.SELECT]:
        raise AutotuneError(
            f"{len(cases)} cases are too few to search with.", f"make more: `autotune skills eval generate {place.skill.name}`"
        )
    base = _base(place)
    folder, short = runs.next_folder(home), place.skill.name.rpartition(":")[2]
    shutil.copytree(place.skill.folder, folder / runs.BASE / short, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    suites.write(replace(place, suite=folder / runs.SUITE), suite)
    if (tasks := place.suite.parent / "tasks").is_dir():
        shutil.copytree(tasks, folder / "tasks")
    settings = _probing(place, wish, scope, runs.SUITE)
    (folder / runs.PROBE).write_text(probing.written(replace(settings, skill=f"{runs.BASE}/{short}")), "utf-8")
    deciding = [case for case in cases if part_of(case) is SuitePart.CONFIRM]
    (folder / runs.IDS).write_text("".join(f"{line_of(listed_case(case))}\n" for case in deciding), "utf-8")
    with Models(Terms("improve")) as models:
        probed_usd = models.spending.spent(f"run probe {short}").usd
    run = Run(
        name=f"improve {short} {now_ms}",
        skill=short,
        top=str(place.top),
        inside=place.inside,
        base=base,
        scope=scope,
        metric=settings.metric,
        seed=wish.seed,
        proposer=wish.model,
        proposals=wish.proposals,
        read=by_part[SuitePart.TRAIN],
        select=by_part[SuitePart.SELECT],
        confirm=by_part[SuitePart.CONFIRM],
        invented=sum(case.source.by is By.MODEL for case in deciding),
        decides=_can_decide(cases, settings.instrument),
        max_usd=wish.max_usd,
        probed_usd=probed_usd,
        refused=runs.refused(home),
    )
    runs.write(folder, runs.RUN, run)
    return folder


def _base(place: Place) -> str:
    """The commit that a run begins from: the repository's as it is checked out, or the workshop's, with the skill as it is now."""
    if place.workshop:
        return _copied(place)
    base = git.resolve(place.top, "HEAD")
    if base is None:
        raise AutotuneError(f"{place.top} has no commit yet.", "commit the skill, then say it again")
    if git.tell(place.top, "status", "--porcelain", "--", place.inside).text.strip():
        raise AutotuneError(
            f"{place.inside} has changes that are not committed.", "commit or undo them: the session begins from the commit"
        )
    return base


def _copied(place: Place) -> str:
    """Bring the workshop's copy of a skill to what the skill is now, as a commit of its main branch."""
    place.top.mkdir(parents=True, exist_ok=True)
    if not (place.top / ".git").exists():
        git.tell(place.top, "init", "-q", "--template=", "-b", "main")
    copy = place.top / place.inside
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place.skill.folder, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    git.tell(place.top, "add", "--all", "--force", "--", place.inside)
    if git.tell(place.top, "status", "--porcelain", "--", place.inside).text.strip():
        own = git.OWN_IDENTITY
        known = git.query(place.top, "config", "user.email") is not None
        who = () if known else ("-c", f"user.name={own['GIT_AUTHOR_NAME']}", "-c", f"user.email={own['GIT_AUTHOR_EMAIL']}")
        git.tell(place.top, *who, "commit", "-q", "--no-verify", "-m", COPIED, "--", place.inside)
    base = git.resolve(place.top, "HEAD")
    if base is None:
        raise AutotuneError(f"{place.top} has no commit.", "delete that folder; the next command makes it again")
    return base


def _carried_on(folder: Path, say: Say) -> dict[str, Any]:
    """Search, then have a session decide, or report."""
    run = runs.read(folder)
    with Models(terms(run)) as models:
        desk = searching.desk(folder, run, models)
        found = searching.best(searching.searched(desk))
        usd = desk.spent
        if found is None:
            return {"state": "nothing", "usd": usd}
        texts, line = found
        values = {"texts": dict(texts), "description": line, "text": "\n\n".join(texts.values()), "usd": usd}
        if not run.decides:
            return values | _proposed(desk, texts)
    return values | _decided(folder, run, usd, say)


def terms(run: Run) -> Terms:
    """On what terms a run's models are asked."""
    return Terms(run.name, per_run=Limits(usd=run.max_usd * searching.SHARE), seed=run.seed)


def _proposed(desk: searching.Desk, texts: Mapping[str, str]) -> dict[str, Any]:
    """Write the better version down, and report how both do on all cases."""
    run, before = desk.run, texts_of(desk.base, desk.run.scope)
    cases = (*run.read, *run.select, *run.confirm)
    means = []
    for version in (before, texts):
        scores = [one.score for one in searching.scores(desk, version, cases) if one.score is not None]
        means.append(sum(scores) / len(scores) if scores else 0.0)
    place = desk.folder / runs.PROPOSAL / run.skill
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(desk.folder / runs.BASE / run.skill, place, symlinks=True)
    (place / SKILL).write_bytes(searching.made(desk.base, texts).files[SKILL])
    return {"state": "proposed", "proposal": str(place), "before": means[0], "after": means[1], "usd": desk.spent}


def _decided(folder: Path, run: Run, usd: float, say: Say) -> dict[str, Any]:
    """Have a session of the loop decide by the cases that confirm."""
    session = _session(folder, run, usd, say)
    if session.state.ended is None:
        try:
            proposing.propose_until_done(session, _command("propose-text", folder), say)
        except KeyboardInterrupt:
            proposing.interrupted(session)
            raise
    state = session.state
    values: dict[str, Any] = {"session": session.name, "branch": session.branch}
    rows = [row for row in state.recent.rows if row.index and row.verdict is not Verdict.VOID]
    if not rows:
        return values | {"state": "stopped", "reason": "" if state.ended is None else told(state.ended.reason)}
    kept = next((row for row in rows if row.verdict is Verdict.KEEP), None)
    values |= {
        "state": "not confirmed" if kept is None else "kept",
        "experiment": (kept or rows[0]).index,
        "reason": told((kept or rows[0]).reason),
    }
    if kept is not None:
        values |= {"commit": kept.commit}
        if kept.effect is not None:
            values |= {"effect": kept.effect.estimate, "low": kept.effect.low, "high": kept.effect.high}
    return values


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
    }
    if values["state"] != "stopped":
        runs.write(folder, runs.RESULT, values)
    return values
