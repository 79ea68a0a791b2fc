"""The checkout lent to a measurement in place: what is there is put away first, and given back as it was, whatever happens meanwhile."""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autotune.core.codec import decode, encode
from autotune.core.facts import Fact, Kind
from autotune.core.tell.words import told
from autotune.edges import commits, git, tree
from autotune.edges.atomic import replace_file
from autotune.edges.signals import ended_in_order
from autotune.edges.tree import View
from autotune.errors import AutotuneError
from autotune.loop.candidate.candidate import look
from autotune.loop.candidate.returning import clear_the_way
from autotune.loop.session.session import Session
from autotune.loop.session.sessions import require_branch

RECORD = "lent.json"
_NAMED = 5  # files that a message names


@dataclass(frozen=True, slots=True)
class Lent:
    """What the checkout holds while it is not lent: files that are put away, paths where nothing is, and the folders around them.

    `states` are the commits that take turns there meanwhile.
    """

    files: tuple[str, ...]
    nothing: tuple[str, ...]
    folders: tuple[str, ...]
    states: tuple[str, ...]


@contextmanager
def borrowed(session: Session, *states: str) -> Iterator[None]:
    """Have the checkout of a session that measures in place hold the incumbent, for some commits to take turns there; then give it back.

    Where a measuring worktree holds them, nothing happens. Raises `AutotuneError` where the session's branch is not checked out, also when
    that is so only at the end: then what is put away stays so, for the next command.
    """
    if not session.state.config.in_place:
        yield
        return
    session = session.beside or session  # whose next command would give the checkout back, if this one is killed
    with ended_in_order():
        _put_away(session, (session.state.incumbent, *states))
        try:
            yield
        finally:
            give_back(session)


def _put_away(session: Session, states: tuple[str, ...]) -> None:
    """Copy what differs from the incumbent, or will, to where it is given back from; the record comes last, and then the incumbent."""
    require_branch(session)
    top, found = session.top, look(session)
    paths = {*found.paths, *(path for state in states for path in git.differing(top, session.state.incumbent, state))}
    present = tree.in_the_way(top, sorted(paths), frozenset())
    if strange := tree.unstorable(top, present):
        raise AutotuneError(
            f"While autotune measures in the checkout, it cannot put {', '.join(strange[:_NAMED])} away: neither files nor links.",
            "take them away, then try again",
        )
    files = tuple(path for path in present if tree.is_storable(top, path))
    shutil.rmtree(session.folder.lent, ignore_errors=True)
    for path in files:
        _copy(top / path, session.folder.lent / path)
    lent = Lent(files, tuple(sorted(paths - {*files})), tuple(sorted(_folders(top, paths))), states)
    replace_file(session.folder.path / RECORD, json.dumps(encode(lent)).encode())
    tree.put_back(session.view, session.state.incumbent, found.candidate, found.boundary.spares)


def _folders(top: Path, paths: Iterable[str]) -> set[str]:
    """Give the folders above some paths, at them and below them, as far as there are any."""
    above = (top / folder for path in paths for folder in Path(path).parents[:-1])
    below = (one for path in paths if _is_folder(top / path) for one in (top / path, *(top / path).rglob("*")))
    found = {str(one.relative_to(top)) for one in (*above, *below) if _is_folder(one)}
    return {one for one in found if not tree.is_out_of_reach(top, one)}


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if _is_folder(target):
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _are_same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def is_lent(session: Session) -> bool:
    """Whether a measurement has the checkout: one that is going on or, where nobody has the session, one that was cut off."""
    return (session.folder.path / RECORD).exists()


def recover(session: Session) -> None:
    """Give back what a measurement that was cut off had put away, and tell."""
    if files := give_back(session, cut_off=True):
        session.notice(Fact(Kind.CHECKOUT_GIVEN_BACK, {"paths": list(files[:_NAMED])}))


def give_back(session: Session, *, cut_off: bool = False) -> tuple[str, ...]:
    """Make the checkout what it was before it was lent, where it still is; gives the files that were put away and are there again.

    What somebody wrote there meanwhile is kept; where the measurement was `cut_off` it stays there, unless that would lose an open edit.
    Safe to repeat after being cut off anywhere. Raises `AutotuneError` where the session's branch is not checked out, or the record cannot
    be read; then everything stays as it is.
    """
    top, record, away = session.top, session.folder.path / RECORD, session.folder.lent
    if not is_lent(session):
        return ()
    lent = _read(record, away)
    try:
        require_branch(session)
    except AutotuneError as found:
        raise AutotuneError(f"{found.message} {told(waiting(session))}", found.hint) from None
    written = [path for path in (*lent.files, *lent.nothing) if not _are_same(top / path, away / path)]
    edited = keep_edits(session, session.view, lent.states, written)
    if cut_off:
        lent = _without_written(session, lent, edited)
    clear_the_way(session, (*lent.files, *(one for one in lent.folders if not _is_folder(top / one))), (*lent.files, *lent.nothing))
    gone = [path for path in lent.nothing if not _is_folder(top / path)]
    tree.bring(session.view, session.state.incumbent, (), gone, lent.folders.__contains__)
    for path in lent.files:
        _copy(away / path, top / path)
    for folder in lent.folders:
        (top / folder).mkdir(parents=True, exist_ok=True)
    record.unlink()
    shutil.rmtree(away, ignore_errors=True)
    return lent.files


def _without_written(session: Session, lent: Lent, edited: Iterable[str]) -> Lent:
    """Leave out what would take the place of what somebody wrote there since, as far as that is in one of the states too."""
    strange = tree.in_the_way(session.top, lent.files, (*lent.files, *lent.nothing))
    held = [git.tracked(session.top, state) for state in lent.states]

    def is_safe(path: str) -> bool:
        entry = git.entry_of(session.top, path, session.folder.lent / path)
        return any(entry == one.get(path) for one in held)

    staying = [one for one in (*edited, *strange) if all(is_safe(path) for path in lent.files if _are_kin(path, one))]
    files, nothing = (
        tuple(path for path in paths if not any(_are_kin(path, one) for one in staying)) for paths in (lent.files, lent.nothing)
    )
    folders = tuple(path for path in lent.folders if not any(Path(path).is_relative_to(one) for one in staying))
    return replace(lent, files=files, nothing=nothing, folders=folders)


def _are_kin(one: str, other: str) -> bool:
    """Whether two paths are the same, or one is a folder above the other."""
    return Path(one).is_relative_to(other) or Path(other).is_relative_to(one)


def waiting(session: Session) -> Fact:
    """Say where what is put away is until it can be given back."""
    return Fact(Kind.LENT_WAITS, {"folder": str(session.folder.lent)})


def _read(record: Path, away: Path) -> Lent:
    try:
        return decode(Lent, json.loads(record.read_bytes()))
    except ValueError as error:
        raise AutotuneError(
            f"{record} cannot be read ({error}). It says where your open files belong; they are in {away}.",
            f"move {away} to a place of your own, delete {record}, then copy back the files that you want",
        ) from None


def keep_edits(session: Session, view: View, states: Iterable[str], paths: Iterable[str]) -> list[str]:
    """Keep what somebody wrote into files of the checkout while it was lent: what is in none of the states that take turns there.

    Gives those files.
    """
    session = session.beside or session
    top, incumbent = session.top, session.state.incumbent
    content = tree.tree_with(view, incumbent, sorted(paths))
    now_there, held = git.tracked(top, content), [git.tracked(top, state) for state in states]
    edited = [path for path in sorted(paths) if path in now_there and all(now_there[path] != one.get(path) for one in held)]
    if edited:
        number = session.state.experiment.number if session.state.experiment else 0
        ref = session.folder.ref(f"{number}.late-{session.position.lines}")
        commits.set_ref(top, ref, commits.commit_tree(top, content, [incumbent], "autotune: edits during a run in place"), "late")
        session.notice(Fact(Kind.EDITS_IN_PLACE, {"ref": ref, "paths": list(edited[:_NAMED])}))
    return edited
