"""The candidate: what differs in scope from the incumbent, refused or taken as a commit, and brought back from one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from autotune.core.facts import Fact
from autotune.core.findings import Objection
from autotune.core.ledger.events import CandidateTaken
from autotune.core.output import printing
from autotune.core.tell.figures import counted
from autotune.core.tell.words import told
from autotune.core.trust import protection
from autotune.edges import commits, git, indexes, status, tree
from autotune.edges.clock import now
from autotune.edges.tree import Difference
from autotune.errors import AutotuneError
from autotune.loop.candidate.boundary import Boundary, held
from autotune.loop.session.session import Session

_TAKE_BACK = "`autotune log --description TEXT --status discard`"
NAMED = 8  # files that an error names
_MOST_NAMED = 1000  # files that a command line names
_LONGEST_READ = 4 * 1024 * 1024  # bytes of a file whose text is looked at


@dataclass(frozen=True, slots=True)
class Look:
    """What differs from the incumbent in the working tree.

    `candidate` is in scope; `refused` maps a path to why it may not have changed; `moved` maps a path to where the file was that git did
    not track when the session opened; `outside` are new files out of scope, left alone.
    """

    candidate: tuple[Difference, ...]
    refused: Mapping[str, Fact]
    moved: Mapping[str, str]
    outside: tuple[str, ...]
    boundary: Boundary

    @property
    def differs(self) -> bool:
        """Whether there is a candidate, or what would be refused as one."""
        return bool(self.candidate or self.refused)

    @property
    def paths(self) -> tuple[str, ...]:
        """The candidate's paths."""
        return tuple(one.path for one in self.candidate)

    @property
    def all(self) -> frozenset[str]:
        """Every path that differs and is not the user's own."""
        return frozenset((*self.paths, *self.refused, *self.moved, *self.outside))


def look(session: Session, incumbent: str | None = None) -> Look:
    """Compare the working tree with the incumbent."""
    boundary, commit = Boundary(session), incumbent or session.state.incumbent
    candidate: list[Difference] = []
    refused: dict[str, Fact] = {}
    moved: dict[str, str] = {}
    outside: list[str] = []
    held(session.folder.path / "exclude")  # by which git was told what to ignore
    for one in tree.differences(session.view, commit):
        if boundary.is_session_file(one.path) or (one.added and one.path in boundary.users):
            continue
        if one.path in status.left_out(session.top):
            refused[one.path] = Fact(Objection.SPARSE)
        elif boundary.is_protected(one.path):
            refused[one.path] = Fact(Objection.PROTECTED)
        elif not boundary.in_scope(one.path):
            if one.added:
                outside.append(one.path)
            else:
                refused[one.path] = _outside(session, commit, one.path)
        elif (why := boundary.refusal(one)) is not None:
            refused[one.path] = why
        elif one.added and (was := boundary.moved_from(one.path)) is not None:
            moved[one.path] = was
        else:
            candidate.append(one)
    refused |= dict.fromkeys(_changed_by_lfs(session, commit), Fact(Objection.OUTSIDE_SCOPE))
    return Look(tuple(candidate), _without_hidden(session, refused), moved, tuple(outside), boundary)


def _changed_by_lfs(session: Session, commit: str) -> frozenset[str]:
    """Give the changed files that Git LFS keeps: only the user's own index knows without git-lfs that the others have not changed."""
    large = status.kept_by_lfs(session.top, commit)
    return large.intersection(indexes.unlike_index(session.top, None)) if large else large


def _outside(session: Session, commit: str, path: str) -> Fact:
    if git.tracked(session.top, commit)[path][0] == git.SUBMODULE:
        return Fact(Objection.SUBMODULE_OUTSIDE_SCOPE, {"path": path})
    return Fact(Objection.OUTSIDE_SCOPE)


def _without_hidden(session: Session, refused: dict[str, Fact]) -> dict[str, Fact]:
    """Leave out files that the person told git not to look at, but not those of a sparse checkout, which are not there otherwise."""
    if not refused:
        return refused
    hidden = frozenset(status.flagged(session.repository)) - status.left_out(session.top)
    return {path: why for path, why in refused.items() if path not in hidden}


def take(
    session: Session,
    taken: Callable[..., CandidateTaken],
    weigh: Callable[[str, Sequence[str]], None] = lambda _commit, _paths: None,
) -> Look:
    """Make what differs in scope a commit under refs/autotune and put it on the ledger as the candidate, about to be measured.

    `taken` makes the event, with what was said of the candidate. `weigh` is given the commit and its paths before, and may refuse them.
    Raises `AutotuneError` where it does, where nothing differs, or where a protected file or one outside the scope was changed; then
    nothing has happened.
    """
    found = look(session)
    _refuse_forbidden(session, found)
    _refuse_moved(found)
    if strange := tree.unstorable(session.top, found.paths):
        raise AutotuneError(f"Git cannot hold {', '.join(strange[:NAMED])}: neither files nor links.", "take them away, then try again")
    if not found.candidate:
        raise AutotuneError(
            "Nothing in scope differs from the incumbent, so there is nothing to measure.",
            f"edit a file in scope ({', '.join(session.state.config.scope)}) in {session.workdir}, then try again",
        )
    _refuse_narrowed(session, found)
    _refuse_filtered(session, found.paths)
    _refuse_telling(session, found)
    number = session.state.count + 1
    commit = take_snapshot(session, found.paths, f"autotune: candidate of experiment {number}")
    if commits.tree_of(session.top, commit) == commits.tree_of(session.top, session.state.incumbent):
        raise AutotuneError(
            "To git, the edits in scope are the same as the incumbent (line ends, for instance), so there is nothing to measure.",
            "change a file's content, then try again",
        )
    weigh(commit, found.paths)
    commits.set_ref(session.top, session.folder.ref(number), commit, f"candidate of experiment {number}")
    files = found.paths[:1000]
    session.append(taken(experiment=number, commit=commit, incumbent=session.state.incumbent, files=files, timestamp=now()))
    return found


def _refuse_forbidden(session: Session, found: Look) -> None:
    if not found.refused:
        return
    named = [f"{path} {told(why)}" for path, why in list(found.refused.items())[:NAMED]]
    more = len(found.refused) - len(named)
    raise AutotuneError(
        f"The candidate changes files that it may not: {'; '.join(named)}{f'; and {more} more' if more else ''}.",
        f"take those changes back, then try again. {_TAKE_BACK} takes back all that is open, and saves it; "
        f"`git -C {quote(str(session.top))} restore --source=HEAD FILE` takes back one file, and saves nothing; delete a new file",
    )


def _refuse_moved(found: Look) -> None:
    if not found.moved:
        return
    named = [f"{was} is at {path} now" for path, was in list(found.moved.items())[:NAMED]]
    raise AutotuneError(
        f"Files that were there before the session, and that git does not track, were moved: {'; '.join(named)}.",
        "move them back; they are not part of a candidate",
    )


def _refuse_narrowed(session: Session, found: Look) -> None:
    beyond, segment = [path for path in found.paths if not found.boundary.in_narrowed_scope(path)], session.state.segment
    if beyond:
        raise AutotuneError(
            f"The scope is narrowed to {', '.join(segment.narrowed)} for {counted(segment.narrowed_left, 'more experiment')}, "
            f"but the candidate changes {', '.join(beyond[:NAMED])}.",
            f"take those changes back ({_TAKE_BACK} takes back all) and work on the files named; `autotune explain` says why",
        )


def _refuse_telling(session: Session, found: Look) -> None:
    """Refuse changes whose text says that they are meant for the measurement, and changes of METRIC lines that stay under watch."""
    held = git.tracked(session.top, session.state.incumbent)
    changed = [one.path for one in found.candidate if not one.added]
    named = changed if len(changed) <= _MOST_NAMED else ()
    printed = frozenset(git.holding(session.top, printing.WORD, session.state.incumbent, named)) if changed else frozenset()
    config, telling = session.state.config, []
    results = config.source.telling if config.source is not None and config.results_file else ""
    for path in found.paths:
        after = _text(session.top / path)
        if path not in printed and protection.tells_on_itself("", after, watched=False, results=results) is None:
            continue
        before = git.content(session.top, held[path][1]).decode(errors="replace") if path in held else ""
        watched = printing.is_run(path) and protection.part_of_tests(path) is None
        if (why := protection.tells_on_itself(before, after, watched=watched, results=results)) is not None:
            telling.append(f"{path} {told(why)}")
    if telling:
        raise AutotuneError(
            f"The candidate is refused: {'; '.join(telling[:NAMED])}.",
            "take that out of the program, then try again; if the benchmark itself has to change, begin a new session",
        )


def _text(path: Path) -> str:
    """Give what is looked at of a file: nothing of one that is gone, that is no file, or that is very long."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LONGEST_READ:
        return ""
    return path.read_bytes().decode(errors="replace")


def _refuse_filtered(session: Session, paths: Sequence[str]) -> None:
    large = [path for path, value in status.attribute(session.top, "filter", paths).items() if value == "lfs"]
    if large:
        raise AutotuneError(
            f"Git LFS keeps {', '.join(large[:NAMED])}, which autotune cannot measure.", "leave such files out of the scope"
        )


def take_snapshot(session: Session, paths: Sequence[str], words: str) -> str:
    """Make a commit of the incumbent with `paths` as they are in the working tree; what HEAD and the index hold stays reachable."""
    incumbent = session.state.incumbent
    content = tree.tree_with(session.view, incumbent, paths)
    others = [head] if (head := git.resolve(session.top, "HEAD")) not in (None, incumbent) else []
    staged = git.ask(session.top, "write-tree")
    if staged.code == 0 and staged.text not in (content, commits.tree_of(session.top, head or incumbent)):
        others.append(commits.commit_tree(session.top, staged.text, [head or incumbent], "autotune: what was staged"))
    return commits.commit_tree(session.top, content, [incumbent, *(one for one in others if one)], words)


Entry = tuple[str, str] | None
