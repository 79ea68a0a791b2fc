"""A session handed over as branches: planned, made, measured where that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autotune.core.handover import reading
from autotune.core.handover.messages import measured_in
from autotune.core.handover.plan import Group, Standing, laid_out, proposed
from autotune.core.tell import handover as words
from autotune.core.tell.handover import Part
from autotune.edges import commits, git, named
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError
from autotune.loop.experiment import work
from autotune.loop.handover import making, weighing
from autotune.loop.handover.gathering import Gathered, gather
from autotune.loop.handover.making import Made, Naming, Start
from autotune.loop.session import sessions
from autotune.loop.session.session import Session


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for: `onto` is another base, `prefix` what the branches' names begin with, `plan` a file with their groups."""

    independent: bool = False
    onto: str | None = None
    prefix: str | None = None
    plan: Path | None = None


@dataclass(frozen=True, slots=True)
class Handover:
    """The branches of a session, as their commits are made; no branch points at them yet."""

    gathered: Gathered
    start: Start
    names: Naming
    trees: tuple[str, ...]
    made: tuple[Made, ...]


def settle(session: Session) -> None:
    """Bring a session that goes on to where ledger and git agree, where its branch is checked out; the session is held."""
    if session.state.ended is None and sessions.elsewhere(session) is None:
        work.prepare(session)


def write_plan(session: Session, path: Path) -> bool:
    """Write the proposed groups to a file, if it is not there; gives whether it was not."""
    if path.exists():
        return False
    found = gather(session)
    text = words.plan_file(proposed(found.changes), found.changes, found.rows, session.state.metric.unit)
    replace_file(path, text.encode("utf-8", "replace"))
    return True


def make(session: Session, asked: Asked) -> Handover:
    """Make the commits of the branches that are asked for; raises `AutotuneError` where they cannot be what the session has."""
    gathered = gather(session)
    start = _start(session, gathered, asked.onto)
    plan = laid_out(gathered.changes, _groups(gathered, asked.plan), independent=asked.independent)
    trees = making.trees_of(session, gathered, plan, start)
    names = making.naming(session, asked.prefix or session.name)
    return Handover(gathered, start, names, trees, making.made_of(session, plan, trees, start, names, {}))


def _groups(gathered: Gathered, path: Path | None) -> tuple[Group, ...]:
    if path is None:
        return proposed(gathered.changes)
    return reading.read(named.text(path), str(path), gathered.changes)


def _start(session: Session, gathered: Gathered, onto: str | None) -> Start:
    if onto is None:
        return Start(gathered.base)
    commit = None if onto.startswith("-") else git.resolve(session.top, f"{onto}^{{commit}}")
    if commit is None:
        raise AutotuneError(f"There is no commit {onto}.", "name a branch, a tag or a commit: --onto main")
    return Start(commit, onto if commit != gathered.base else None)


def measured(session: Session, found: Handover) -> Handover:
    """Measure what each branch gains, and have its commit say so; raises `AutotuneError` where an experiment is open."""
    if session.state.experiment is not None:
        raise AutotuneError(
            f"Experiment {session.state.experiment.number} is open, so nothing else can be measured.",
            "settle it first: `autotune log --description TEXT`",
        )
    with work.in_this_process(session):
        said = weighing.weigh(session, found.made, found.start)
    plan = [one.branch for one in found.made]
    made = making.made_of(session, plan, found.trees, found.start, found.names, said)
    return Handover(found.gathered, found.start, found.names, found.trees, made)


def parts(session: Session, found: Handover, *, made: bool) -> tuple[Part, ...]:
    """Give the branches as they are told: planned, or `made`."""
    return tuple(_part(session, found, one, made=made) for one in found.made)


def _part(session: Session, found: Handover, one: Made, *, made: bool) -> Part:
    standing = Standing.MADE if made and one.standing is Standing.PLANNED else one.standing
    below = making.under(found.made, one)
    return Part(
        name=one.name,
        title=one.branch.title,
        standing=standing,
        commit=one.commit,
        parent=one.parent,
        on=None if below is None else below.name,
        base=found.start.said,
        shared=one.branch.shared,
        changes=one.branch.changes,
        measured=None if standing is Standing.EMPTY else measured_in(commits.message(session.top, one.commit)),
    )
