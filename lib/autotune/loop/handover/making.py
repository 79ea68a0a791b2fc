"""Branches made of a plan: all objects first, then every branch at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autotune.core.handover import messages
from autotune.core.handover.messages import Measurement
from autotune.core.handover.plan import Branch, Change, Standing, below
from autotune.edges import branches, commits, git, tree, worktrees
from autotune.edges.branches import Move
from autotune.errors import AutotuneError
from autotune.loop.candidate.merging import merge
from autotune.loop.handover.gathering import Gathered
from autotune.loop.session.session import Session

_NAMED = 5  # paths or branches that a message names


@dataclass(frozen=True, slots=True)
class Start:
    """What the branches begin at: a commit, and how a person `said` it where that is another than the one where the session opened."""

    commit: str
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A branch with the commit that it is to point at, and that one's parent; both are the same where it is `empty`."""

    branch: Branch
    name: str
    parent: str
    commit: str
    old: str | None = None

    @property
    def standing(self) -> Standing:
        """How it stands before anything is made."""
        if self.commit == self.parent:
            return Standing.EMPTY
        return Standing.THERE if self.old == self.commit else Standing.PLANNED


def trees_of(session: Session, gathered: Gathered, plan: Sequence[Branch], start: Start) -> tuple[str, ...]:
    """Give the tree of each branch of a plan; raises `AutotuneError` where changes contradict what they are put on, naming all of them.

    So it is where the branches together are not what the session has.
    """
    found: list[str] = []
    contradictions: list[tuple[Branch, Change, tuple[str, ...]]] = []
    begins = commits.tree_of(session.top, start.commit)
    for branch in plan:
        content = begins if branch.on is None else found[branch.on]
        for change in branch.changes:
            content, wrong = put_on(session, content, commits.parents(session.top, change.commit)[0], change.commit)
            contradictions += [(branch, change, wrong)] if wrong else []
        found.append(content)
    if contradictions:
        _refuse_contradictions(contradictions, start)
    _require_union(session, gathered, plan, found, start)
    return tuple(found)


def put_on(session: Session, content: str, before: str, after: str) -> tuple[str, tuple[str, ...]]:
    """Give a tree with what changed between two others, and the paths where that contradicts what is there."""
    top, (old, new) = session.top, (_tree(session, one) for one in (before, after))
    if content == old:
        return new, ()
    merged = merge(top, old, new, content, session.folder.path)
    if merged.contradicting:
        return content, merged.contradicting
    return tree.tree_having(top, content, session.folder.path / "scratch-index", merged.entries, merged.removed), ()


def _tree(session: Session, state: str) -> str:
    return git.tell(session.top, "rev-parse", "--verify", f"{state}^{{tree}}").text


def _refuse_contradictions(found: Sequence[tuple[Branch, Change, tuple[str, ...]]], start: Start) -> None:
    named = "; ".join(f"change {change.key} ({branch.name}) in {', '.join(paths[:_NAMED])}" for branch, change, paths in found[:_NAMED])
    where = (
        f"{start.commit[:12]} has other changes in the same places"
        if start.said is not None
        else "what comes before has changed the same places"
    )
    hint = (
        "merge the session's branch by hand, or leave --onto out"
        if start.said is not None
        else "put these changes on the ones they go back to, in the plan's file"
    )
    raise AutotuneError(f"Nothing was made, for {where}: {named}.", hint)


def _require_union(session: Session, gathered: Gathered, plan: Sequence[Branch], trees: Sequence[str], start: Start) -> None:
    """Refuse where all branches together are not what the session has; on another base, in what that base has not changed."""
    top, begins, wanted = session.top, _tree(session, start.commit), commits.tree_of(session.top, gathered.tip)
    tops = [trees[place] for place in range(len(plan)) if all(other.on != place for other in plan)]
    union = begins
    for one in tops:
        union, wrong = put_on(session, union, begins, one)
        if wrong:
            raise _differs(wrong)
    if start.said is None:
        if union != wanted:
            raise _differs(git.differing(top, union, wanted))
        return
    moved = {*git.differing(top, commits.tree_of(top, gathered.base), begins)}
    if others := [path for path in git.differing(top, union, wanted) if path not in moved]:
        raise _differs(others)


def _differs(paths: Sequence[str]) -> AutotuneError:
    return AutotuneError(
        f"Nothing was made: the branches together differ from what the session has, in {', '.join(paths[:_NAMED])}.",
        "leave --independent out, or put these changes into one branch in the plan's file",
    )


@dataclass(frozen=True, slots=True)
class Naming:
    """How the branches of a session are called, and what is at those names by now."""

    prefix: str
    there: Mapping[str, str]

    def of(self, branch: Branch) -> str:
        """The whole name of a branch."""
        return f"{self.prefix}/{branch.name}"


def naming(session: Session, prefix: str) -> Naming:
    """Look at what is at the names of branches to be; raises `AutotuneError` where git can have none of that name."""
    top = session.top
    if git.query(top, "check-ref-format", f"refs/heads/{prefix}/1") is None or prefix.startswith("-"):
        raise AutotuneError(f"Git can have no branches that begin with {prefix}/.", "give another beginning: --name NAME")
    parts = prefix.split("/")
    for depth in range(1, len(parts) + 1):
        if git.resolve(top, f"refs/heads/{'/'.join(parts[:depth])}") is not None:
            raise AutotuneError(
                f"There is a branch {'/'.join(parts[:depth])}, so git can have none that begins with {prefix}/.",
                "give another beginning: --name NAME",
            )
    return Naming(prefix, {name.removeprefix("refs/heads/"): sha for name, sha in commits.refs(top, f"refs/heads/{prefix}/").items()})


Measured = Mapping[int, Measurement]  # by a branch's place in the plan


def made_of(
    session: Session, plan: Sequence[Branch], trees: Sequence[str], start: Start, names: Naming, measured: Measured
) -> tuple[Made, ...]:
    """Make the commits of a plan's branches, and say what each is to point at; no branch points at them yet.

    A commit of the session that is already what a branch asks for is taken as it is, and so is what this made before, with what was
    measured then unless something else is now. Raises `AutotuneError` where something else is at a branch's name.
    """
    found: list[Made] = []
    strange = []
    for place, branch in enumerate(plan):
        name, on = names.of(branch), None if branch.on is None else found[branch.on]
        parent, before = (start.commit, None) if on is None else (on.commit, on.old)
        if trees[place] == commits.tree_of(session.top, parent):
            found.append(Made(branch, name, parent, parent, before))
            continue
        words = messages.message(branch.title, [commits.message(session.top, one.commit) for one in branch.changes], measured.get(place))
        old = names.there.get(name)
        if old is not None and not _is_ours(session, old, trees[place], {parent, before}, words):
            strange.append(name)
        elif old is not None and _stays(session, old, parent, words, as_it_is=place not in measured):
            found.append(Made(branch, name, parent, old, old))
            continue
        found.append(Made(branch, name, parent, _commit(session, branch, trees[place], parent, words), old))
    if strange:
        raise AutotuneError(
            f"These branch names are taken: {', '.join(strange[:_NAMED])}.",
            f"give another beginning, --name NAME, or delete them: `git branch -D {' '.join(strange)}`",
        )
    return tuple(found)


def _is_ours(session: Session, commit: str, content: str, parents: set[str | None], words: str) -> bool:
    """Whether a commit is what this makes, measured or not."""
    top = session.top
    same = commits.tree_of(top, commit) == content and any(one in parents for one in commits.parents(top, commit)[:1])
    return same and messages.unmeasured(commits.message(top, commit)) == messages.unmeasured(words)


def _stays(session: Session, commit: str, parent: str, words: str, *, as_it_is: bool) -> bool:
    return commits.parents(session.top, commit)[0] == parent and (as_it_is or commits.message(session.top, commit).strip() == words.strip())


def _commit(session: Session, branch: Branch, content: str, parent: str, words: str) -> str:
    top, last = session.top, branch.changes[-1].commit
    if (
        commits.tree_of(top, last) == content
        and commits.parents(top, last)[0] == parent
        and commits.message(top, last).strip() == words.strip()
    ):
        return last
    return branches.commit_like(top, content, parent, words, last, sign=session.state.config.sign)


def set_branches(session: Session, made: Sequence[Made]) -> None:
    """Point every branch at its commit, all at once; raises `AutotuneError` where one that is checked out would be moved."""
    moves = [Move(one.name, one.commit, one.old) for one in made if one.standing is Standing.PLANNED]
    checked_out = {branch: place for place, branch in worktrees.checked_out(session.repository).items()}
    for one in moves:
        if one.branch in checked_out:
            raise AutotuneError(
                f"{one.branch} is checked out in {checked_out[one.branch]}, so it stays as it is, and so do the others.",
                "check something else out there, then try again",
            )
    if moves:
        branches.move(session.top, moves, f"handed over from {session.name}")


def under(made: Sequence[Made], one: Made) -> Made | None:
    """Give what a branch stands on and is not empty; None where that is the start."""
    while one.branch.on is not None:
        one = made[one.branch.on]
        if one.standing is not Standing.EMPTY:
            return one
    return None


def stack_below(made: Sequence[Made], place: int) -> tuple[int, ...]:
    """The places of what one stands on and is not empty."""
    return tuple(one for one in below([item.branch for item in made], place) if made[one].standing is not Standing.EMPTY)
