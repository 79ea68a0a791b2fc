"""A candidate taken back, and brought back."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Container, Iterable, Sequence
from pathlib import PurePosixPath

from autotune.core.facts import Fact, Kind
from autotune.core.tell.words import told
from autotune.edges import commits, git, indexes, status, tree, worktrees
from autotune.edges.clock import now
from autotune.edges.tree import Difference
from autotune.errors import AutotuneError
from autotune.loop.candidate.boundary import Boundary
from autotune.loop.candidate.candidate import NAMED, look, take_snapshot
from autotune.loop.candidate.merging import merge
from autotune.loop.session.session import Session


class OvertakenError(AutotuneError):
    """A keep has changed since what an earlier candidate changes, so its changes cannot be merged."""


def bring_back(session: Session, number: int) -> tuple[str, ...]:
    """Make the changes of an earlier experiment's candidate the open ones; gives the files.

    Where the incumbent has moved on meanwhile, both sides' changes are merged. Raises `AutotuneError` where there is no such experiment,
    where changes are open already, and `OvertakenError` where the two sides contradict each other.
    """
    commit = git.resolve(session.top, session.folder.ref(number))
    if commit is None:
        raise AutotuneError(f"There is no experiment {number} with a candidate to restore.", "`autotune status` tells how many there are")
    found = look(session)
    if found.paths:
        raise AutotuneError(
            f"Other changes are open in scope: {', '.join(found.paths[:NAMED])}.",
            "measure them with `autotune try`, or take them back, first",
        )
    base = commits.parents(session.top, commit)[0]
    merged = merge(session.top, base, commit, session.state.incumbent, session.folder.path)
    if merged.contradicting:
        raise OvertakenError(
            f"{merged.contradicting[0]} was changed by a keep since, in the same place.",
            f"look at the candidate with `git show {session.folder.ref(number)}` and apply by hand the parts that you want",
        )
    scratch = session.folder.path / "scratch-index"
    content = tree.tree_having(session.top, session.state.incumbent, scratch, merged.entries, merged.removed)
    _refuse_overwriting(session, merged.entries)
    tree.bring(session.view, content, sorted(merged.entries), merged.removed, found.boundary.spares)
    return tuple(sorted({*merged.entries, *merged.removed}))


def _refuse_overwriting(session: Session, written: Iterable[str]) -> None:
    """Refuse to write where something is that neither git nor this session knows: a file that is ignored, or that was there before."""
    if lost := tree.in_the_way(session.top, written, git.tracked(session.top, session.state.incumbent)):
        raise AutotuneError(
            f"Its files would replace {', '.join(lost[:NAMED])}, which git does not track.",
            "move what is there out of the way, then try again",
        )


def take_back(session: Session, commit: str, changes: Sequence[Difference], boundary: Boundary) -> None:
    """Make what differs, which a snapshot holds, what it is in a commit; what no snapshot holds and is in the way is moved aside and told.

    That is what git ignores, or the user had, in a folder that stands where there was a file.
    """
    written = [one.path for one in changes if not one.added]
    clear_the_way(session, written, {one.path for one in changes})
    held = git.tracked(session.top, commit)
    indexes.forget_files(session.top, {path: held[path] for path in written})
    tree.put_back(session.view, commit, changes, boundary.spares)
    indexes.refresh_index(session.top)


def astray(session: Session, commit: str, spared: Container[str] = ()) -> tuple[str, ...]:
    """List what the user's index has other than a commit, as far as a candidate can have put it there and it is not spared."""
    boundary, held = Boundary(session), git.tracked(session.top, commit)
    return tuple(
        path
        for path in indexes.staged(session.top, commit)
        if path not in spared
        and (boundary.in_scope(path) or path in boundary.users or (boundary.is_session_file(path) and path not in held))
    )


def align_index(session: Session, commit: str, spared: Container[str] = ()) -> None:
    """Make the user's index agree with a commit in what a candidate can have put there; other entries, and those spared, stay."""
    _stage_as_in(session, commit, astray(session, commit, spared))


def _stage_as_in(session: Session, commit: str, paths: Collection[str]) -> None:
    """Make the user's index agree with a commit in some paths."""
    held = git.tracked(session.top, commit)
    indexes.set_entries(
        session.top, None, {path: held[path] for path in paths if path in held}, [path for path in paths if path not in held]
    )
    indexes.refresh_index(session.top)


def clear_the_way(session: Session, written: Iterable[str], known: Collection[str]) -> None:
    """Move aside what stands in the checkout where paths are about to be written, in their places or above, and is none of `known`."""
    _move_aside(session, tree.in_the_way(session.top, written, known), Kind.IN_THE_WAY)


def _move_aside(session: Session, paths: Sequence[str], kind: Kind) -> None:
    """Move what no snapshot holds out of the checkout, and tell where it is."""
    if not paths:
        return
    aside = session.folder.set_aside / f"{kind.replace(' ', '-')}.{now().replace(':', '')}"
    for path in paths:
        (aside / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(session.top / path, aside / path)
    session.notice(Fact(kind, {"paths": list(paths[:NAMED]), "aside": str(aside)}))


def set_aside(session: Session, why: Fact, kind: Kind = Kind.CANDIDATE_SET_ASIDE) -> None:
    """Make a snapshot of a candidate that was refused, then take back its changes: those in scope, and those that it was refused for.

    For a session without anybody who could mend it; new files out of scope are left alone. A repository of its own is moved aside, whole;
    one out of scope stays, but is no submodule any more where `.gitmodules` has to be taken back.
    """
    found = look(session)
    differences, beside = tree.differences(session.view, session.state.incumbent), status.left_out(session.top)
    forbidden = [
        Difference(one.path, added=one.added or one.path in beside)
        for one in differences
        if one.path in found.refused and not one.path.endswith("/")
    ]
    held = git.tracked(session.top, session.state.incumbent)
    submodules = {one.path: held[one.path][1] for one in forbidden if held.get(one.path, ("",))[0] == git.SUBMODULE}
    changes = tuple(one for one in (*found.candidate, *forbidden) if one.path not in submodules)
    commit = take_snapshot(session, [one.path for one in changes], f"autotune: taken back: {told(why)}")
    ref = session.folder.ref(f"refused-{session.position.lines}")
    commits.set_ref(session.top, ref, commit, "a refused candidate")
    take_back(session, session.state.incumbent, changes, found.boundary)
    repositories = [path.rstrip("/") for path in found.refused if path.endswith("/")]
    _move_aside(session, repositories, Kind.REPOSITORY_MOVED)
    align_index(session, session.state.incumbent)
    unnamed = [path.rstrip("/") for path in found.outside if path.endswith("/")] if ".gitmodules" in found.refused else []
    _stage_as_in(session, session.state.incumbent, [*repositories, *unnamed, *(one.path for one in forbidden)])
    if left_out := beside.intersection(one.path for one in forbidden):
        indexes.mark_apart(session.top, None, sorted(left_out))
    for path, sha in submodules.items():
        worktrees.move_submodule(session.top, path, sha)
    for path, was in found.moved.items():
        (session.top / was).parent.mkdir(parents=True, exist_ok=True)
        (session.top / path).rename(session.top / was)
    session.notice(Fact(kind, {"ref": ref}, why))
    if any(PurePosixPath(one.path).name == ".gitignore" for one in forbidden) and look(session).differs:  # what it hid
        set_aside(session, why, kind)
