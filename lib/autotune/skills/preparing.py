"""What a run of `improve` measures, what it takes, and what it begins from: settled and set down before it begins."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autotune.core.asking.naming import parse
from autotune.core.cases.confirming import first_needed, planned_for
from autotune.core.cases.listed import line_of
from autotune.core.cases.scores import MARGIN, Asked, can_decide
from autotune.core.cases.split import couples_in, is_sided, units_in
from autotune.core.codec import decode
from autotune.core.search.model import alike
from autotune.core.skills import probing
from autotune.core.skills.probing import Client, Measures, Probing
from autotune.core.skills.suite import By, Suite, SuiteCase, SuitePart, listed_case, part_of
from autotune.core.skills.surfaces import Scope, texts_of
from autotune.core.tell.improving import COPIED
from autotune.edges import commits, git, run_folders
from autotune.errors import AutotuneError
from autotune.loop.measure import confirmations
from autotune.loop.opening import opening
from autotune.skills import improve_runs as runs
from autotune.skills import inventing, measuring, packages, refusals, searching, suites
from autotune.skills.improve_runs import Run
from autotune.skills.staging import user_folders
from autotune.skills.suites import Place

ENOUGH = 67  # queries of each side, of which 40 decide
FOR_CASES = 0.25  # of the money, which the invention of cases may take
BASELINE = 4 * 8  # cases that are run before a session begins to decide
PROBE_S = 10.0  # where nothing is known
_LARGER = (Scope.DESCRIPTION, Scope.ROUTING, Scope.BODY, Scope.PACKAGE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a run. `model` proposes, and invents what cases are lacking; `client_model` is the client's.

    `restart` gives a run up that is not finished.
    """

    scope: Scope = Scope.AUTO
    model: str = ""
    host: Client = Client.CLAUDE_CODE
    client_model: str = ""
    judge: str = ""
    instrument: Measures | None = None
    proposals: int = 4
    samples: int = 3
    max_usd: float = 5.0
    max_usd_per_day: float | None = None
    max_calls_per_day: int | None = None
    invent: bool = True
    seed: int = 0
    restart: bool = False


def scope_of(place: Place, suite: Suite, wish: Wish) -> Scope:
    """The smallest scope that can help, by the cases that there are. Raises AutotuneError where nothing can be changed or measured."""
    package = packages.read(place.skill.folder)
    stopping = next((one for one in packages.checked(package) if one.stops), None)
    if stopping is not None:
        raise AutotuneError(
            f"{place.skill.folder} has to be mended first: {stopping.rule}.", f"`autotune skills check {place.skill.name}` says more"
        )
    if not wish.model:
        raise AutotuneError("No model is named to propose a text.", "name one: --model anthropic:claude-haiku-4-5")
    parse(wish.model)
    if wish.instrument is Measures.TASK:
        raise AutotuneError("A description is measured by queries.", "leave --instrument out; the other scopes are measured by tasks")
    scope = wish.scope
    if scope is Scope.AUTO:
        by_tasks = Scope.ROUTING if texts_of(package, Scope.ROUTING) else Scope.BODY
        scope = by_tasks if suite.tasks and not suite.routing else Scope.DESCRIPTION
    there = texts_of(package, scope)
    if not there:
        raise AutotuneError(f"The skill has no {scope} that could change.", "take another scope: --scope description")
    if _is_refused(place, scope, there):
        raise AutotuneError(
            f"The {scope} of {place.skill.name} as it is now was tried before: it was not kept, or it was taken back.",
            f"write it otherwise, or bring an earlier version back: `autotune skills rollback {place.skill.name} --list`",
        )
    lacks = not suite.tasks if scope is not Scope.DESCRIPTION else not (suite.routing or wish.invent)
    if lacks:
        kind = "queries" if scope is Scope.DESCRIPTION else "tasks"
        more = "" if scope is Scope.DESCRIPTION else " --from model --tasks 30"
        raise AutotuneError(f"The suite has no {kind}.", f"`autotune skills eval generate {place.skill.name}{more}` makes some")
    return scope


def _is_refused(place: Place, scope: Scope, texts: Mapping[str, str]) -> bool:
    return any(alike(texts, one) for one in refusals.refused(place.skill, runs.home_of(place.skill.folder), scope))


def further_scopes(place: Place, suite: Suite, wish: Wish, first: Scope) -> tuple[Scope, ...]:
    """What is tried after the first, where that brings nothing: the larger ones, as far as there are tasks that can measure them."""
    searched = {SuitePart.TRAIN, SuitePart.SELECT} <= {part_of(case) for case in suite.tasks}
    if wish.scope is not Scope.AUTO or wish.host is not Client.CLAUDE_CODE or not searched:
        return ()
    package = packages.read(place.skill.folder)
    texts = {scope: texts_of(package, scope) for scope in _LARGER[_LARGER.index(first) + 1 :]}
    new = {one: there for one, there in texts.items() if there and not _is_refused(place, one, there)}
    return tuple(scope for scope, there in new.items() if scope is not Scope.PACKAGE or len(there) > 1)


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
    return {side: ENOUGH - suite.counts[side] for side in ("positive", "negative") if suite.counts[side] < ENOUGH}


def plan(place: Place, suite: Suite, scope: Scope, wish: Wish) -> dict[str, Any]:
    """What a run takes: cases, calls, probes, minutes, money."""
    lacking, cases = _lacking(suite, scope, wish), _cases(suite, scope)
    shares = {part: sum(part_of(case) is part for case in cases) for part in SuitePart}
    more = sum(lacking.values())
    read, select = (shares[part] + round(0.2 * more) for part in (SuitePart.TRAIN, SuitePart.SELECT))
    instrument, settings = _instrument(scope, wish), _probing(place, wish, scope)
    deciding = deciding_of(place, cases)
    confirm = len(deciding) + round(0.6 * more)
    decides = _can_decide(deciding, instrument) or (more > 0 and instrument is not Measures.ROUTING_JUDGE)
    search = select + wish.proposals * (2 * searching.BATCH + select)
    probes = wish.samples * (search + (2 * (read + select) + BASELINE + 2 * confirm if decides else 2 * len(cases)))
    each = measuring.usd_each(measuring.bench_of(settings, Path("/"))) if place.suite.is_file() else None
    calls = wish.proposals + sum(-(-count // 15) for count in lacking.values())
    return {
        "skill": place.skill.short,
        "scope": str(scope),
        "surfaces": [str(one) for one in (scope, *further_scopes(place, suite, wish, scope))],
        "instrument": str(instrument),
        "repository": str(place.top),
        "workshop": place.workshop,
        "suite": suites.version(suite, place.suite.parent),
        "read": read,
        "select": select,
        "confirm": confirm,
        "spent": shares[SuitePart.CONFIRM] - len(deciding),
        "generate": more,
        "calls": calls,
        "probes": probes,
        "minutes": probes * PROBE_S / measuring.expected_at_once(settings, place.skill.short) / 60,
        "usd": None if each is None else each * probes,
        "max_usd": wish.max_usd,
        "decides": decides,
    }


def deciding_of(place: Place, cases: Sequence[SuiteCase]) -> list[SuiteCase]:
    """The cases that may decide: those that confirm, without those that did so as often as is planned, or that somebody looked at."""
    found = [case for case in cases if part_of(case) is SuitePart.CONFIRM]
    repository = git.discover(place.top) if place.top.is_dir() else None
    uses = {} if repository is None else confirmations.held(repository)
    most = planned_for([listed_case(case) for case in found])
    return [case for case in found if (held := uses.get(case.id)) is None or (held[0] < most and not any(held[2:]))]


def _can_decide(deciding: Sequence[SuiteCase], instrument: Measures) -> bool:
    """Whether a session could keep anything: by the real client or at real work, on enough cases."""
    cases = [listed_case(case) for case in deciding]
    if instrument is Measures.ROUTING_JUDGE or not cases:
        return False
    units = 2 * couples_in(cases) if is_sided(cases) else units_in(cases)
    return can_decide(units, Asked(first_needed(cases), margin=MARGIN if is_sided(cases) else None))


def filled(place: Place, suite: Suite, scope: Scope, wish: Wish) -> tuple[Suite, Wish]:
    """The suite with the cases that it lacks, invented and marked, and the wish with the money that is left."""
    lacking = _lacking(suite, scope, wish)
    if not lacking:
        return suite, wish
    suite, found = inventing.with_invented(
        place, suite, wish.model, dict.fromkeys(lacking, ENOUGH), wish.max_usd * FOR_CASES, dry_run=False
    )
    if found.failed == found.calls:
        raise AutotuneError(
            f"{wish.model} invented no cases: {found.failed} calls went without an answer.", "see what it answers; --no-invent goes without"
        )
    suites.write(place, suite)
    return suite, replace(wish, max_usd=max(wish.max_usd - (found.usd or 0.0), 0.0))


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
        max_usd_per_day=wish.max_usd_per_day,
        max_calls_per_day=wish.max_calls_per_day,
        judge=wish.judge or (wish.model if _instrument(scope, wish) is not Measures.ROUTING_HOST else ""),
    )
    around = [place.skill.folder.resolve().parent, *user_folders(settings, Path.home())]
    return replace(settings, siblings=tuple(dict.fromkeys(map(str, around))))


def laid_out(place: Place, suite: Suite, scope: Scope, wish: Wish, home: Path, now_ms: int, beside: Path | None = None) -> Path:
    """Set down all that a run is made of; its settings last, so that one that was not set down whole is none.

    What tasks begin with lies `beside`; usually it is the folder of the suite's file.
    """
    cases = _cases(suite, scope)
    by_part = {part: tuple(case.id for case in cases if part_of(case) is part) for part in SuitePart}
    if not by_part[SuitePart.TRAIN] or not by_part[SuitePart.SELECT]:
        raise AutotuneError(
            f"{len(cases)} cases are too few to search with.", f"make more: `autotune skills eval generate {place.skill.name}`"
        )
    base = base_of(place)
    folder, short = run_folders.next_folder(home), place.skill.short
    name = f"improve {short} {scope} {now_ms}"
    settings = replace(_probing(place, wish, scope, runs.SUITE), skill=f"{runs.BASE}/{short}", run=name, max_usd_per_run=wish.max_usd)
    deciding = deciding_of(place, cases)
    _set_down(folder, place, suite, settings, deciding)
    suites.copy_workspaces(suite, beside or place.suite.parent, folder)
    run = Run(
        name=name,
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
        confirm=tuple(case.id for case in deciding),
        invented=sum(case.source.by is By.MODEL for case in deciding),
        decides=_can_decide(deciding, settings.instrument),
        max_usd=wish.max_usd,
        max_usd_per_day=wish.max_usd_per_day,
        max_calls_per_day=wish.max_calls_per_day,
        refused=refusals.refused(place.skill, home, scope),
        further=further_scopes(place, suite, wish, scope),
    )
    run_folders.write(folder, runs.WISH, wish)
    run_folders.write(folder, run_folders.RUN, run)
    return folder


def _set_down(folder: Path, place: Place, suite: Suite, settings: Probing, deciding: Sequence[SuiteCase]) -> None:
    """Put the skill as it is, its suite, and what measures it into the folder of a run."""
    shutil.copytree(place.skill.folder, folder / runs.BASE / place.skill.short, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    suites.write(replace(place, suite=folder / runs.SUITE), suite)
    (folder / runs.PROBE).write_text(probing.written(settings), "utf-8")
    (folder / runs.IDS).write_text("".join(f"{line_of(listed_case(case))}\n" for case in deciding), "utf-8")


def next_one(place: Place, folder: Path, spent: float, now_ms: int) -> Path | None:
    """Set down what comes after a run that brought nothing, for what is left of its money; None where there is nothing or no money."""
    run = runs.read(folder)
    left = run.max_usd - spent
    if not run.further or left <= 0:
        return None
    wish = replace(decode(Wish, json.loads((folder / runs.WISH).read_bytes())), max_usd=left)
    return laid_out(place, suites.read_file(folder / runs.SUITE), run.further[0], wish, folder.parent, now_ms, folder)


def base_of(place: Place) -> str:
    """The commit that a run begins from: the repository's as it is checked out, or the workshop's, with the skill as it is now.

    Raises AutotuneError where no session could be opened there.
    """
    base = _copied(place) if place.workshop else git.resolve(place.top, "HEAD")
    if base is None:
        raise AutotuneError(f"{place.top} has no commit yet.", "commit the skill, then run the command again")
    if (repository := git.discover(place.top)) is not None:
        opening.refuse_unfit(repository, clean=False)
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
    found = git.tell(place.top, "status", "--porcelain", "--ignored", "--untracked-files=all", "--", place.inside).text.splitlines()
    if changed := [line[3:] for line in found if "__pycache__/" not in line]:
        raise AutotuneError(f"{copy} has changes of yours that are not committed: {changed[0]}.", "commit them there, or move them away")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place.skill.folder, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    git.tell(place.top, "add", "--all", "--force", "--", place.inside)
    if git.tell(place.top, "status", "--porcelain", "--", place.inside).text.strip():
        git.tell(place.top, *commits.author(place.top), "commit", "-q", "--no-verify", "-m", COPIED, "--", place.inside)
    base = git.resolve(place.top, "HEAD")
    if base is None:
        raise AutotuneError(f"{place.top} has no commit.", "delete that folder; the next command makes it again")
    return base
