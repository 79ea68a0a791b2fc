"""The candidate: what differs in scope from the incumbent, refused or taken as a commit, and brought back from one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autotune.core.facts import Fact, Kind
from autotune.core.findings import Objection
from autotune.core.ledger.events import CandidateTaken
from autotune.core.output import printing
from autotune.core.tell.figures import counted
from autotune.core.tell.words import told
from autotune.core.trust import benchmark, patterns, protection, runners
from autotune.edges import git, tree
from autotune.edges.atomic import is_unfinished
from autotune.edges.clock import now
from autotune.edges.tree import Difference
from autotune.errors import AutotuneError
from autotune.loop.session.layout import BENCHMARK_FILE, CHECKS_FILE, SESSION_FILES
from autotune.loop.session.session import Session

# These decide what git sees, stores and runs, so no candidate may bring or change one.
GIT_FILES = frozenset({".gitignore", ".gitattributes", ".gitmodules"})
_TAKE_BACK = "`autotune log --description TEXT --status discard`"
_NAMED = 8  # files that an error names
_MOST_NAMED = 1000  # files that a command line names
_LONGEST_READ = 4 * 1024 * 1024  # bytes of a file whose text is looked at


class Boundary:
    """Which paths, relative to the top, are whose: in scope, protected, the session's, or the user's own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._workdir = session.state.segment.opened.workdir
        self._in_scope = patterns.matcher(session.state.config.scope, self._workdir)
        self._narrowed = (
            patterns.matcher(session.state.segment.narrowed, self._workdir) if session.state.segment.narrowed else lambda _: True
        )
        self._protected = patterns.matcher(session.state.config.protect, self._workdir)
        self._session_files = frozenset(map(session.inside, SESSION_FILES))
        source = session.state.config.source
        self._results = session.inside(source.file) if source is not None and source.file else None

    @cached_property
    def users(self) -> frozenset[str]:
        """The files that git did not track when the session opened."""
        return frozenset(self._identified.values())

    @cached_property
    def _identified(self) -> dict[str, str]:
        """What those files are, whatever they are called, mapped to their paths then."""
        return dict(_split(entry) for entry in _held(self._session.folder.path / "untracked"))

    def moved_from(self, path: str) -> str | None:
        """The path that one of those files had, where it is at `path` now."""
        was = self._identified.get(tree.identity(self._session.top, path)) if self._identified else None
        return None if was is None or os.path.lexists(self._session.top / was) else was

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders without tracked files when the session opened."""
        return frozenset(_held(self._session.folder.path / "folders"))

    @cached_property
    def _allowed(self) -> Callable[[str], bool]:
        return patterns.matcher(self._session.state.config.allow, self._workdir)

    @cached_property
    def _roots(self) -> frozenset[str]:
        """The folders in which Python looks for modules first: its own, and those of scripts."""
        return frozenset({self._workdir, *(one.rpartition("/")[0] for one in self.pinned)})

    @cached_property
    def _commands(self) -> frozenset[str]:
        """The words of the benchmark's and the checks' scripts and command lines."""
        return runners.commands_in(self._scripts)

    @cached_property
    def _scripts(self) -> tuple[str, ...]:
        config = self._session.state.config
        scripts = (path for path in map(self._session.inside, (BENCHMARK_FILE, CHECKS_FILE)) if path in self.pinned)
        return (config.benchmark, config.checks, config.prepare, *map(self._pinned_text, scripts))

    def _pinned_text(self, path: str) -> str:
        return git.content(self._session.top, self._pins[path][1]).decode(errors="replace")

    @cached_property
    def _modules(self) -> frozenset[str]:
        """The names of Python's own modules, and of those that pinned programs load from elsewhere than the project."""
        programs = (self._pinned_text(path) for path in self.pinned if path.endswith(".py"))
        loaded = runners.modules_in([*self._scripts, *programs])
        held = git.tracked(self._session.top, self._session.state.incumbent)
        first = {patterns.from_folder(path, self._workdir).split("/", 1)[0] for path in held}
        return sys.stdlib_module_names | (loaded - {name.removesuffix(".py") for name in first})

    def is_free(self, path: str) -> bool:
        """Whether the person named this very file to be changed, so that it may be what would be refused."""
        return patterns.literal_names(self._session.state.config.scope, path, self._workdir) or self._allowed(path)

    def refusal(self, change: Difference) -> Fact | None:
        """Why a candidate may not have this in scope; None where it may."""
        if change.path.endswith("/"):
            return Fact(Objection.IS_A_REPOSITORY)
        if self.is_free(change.path):
            return None
        target = self._session.top / change.path
        if target.is_symlink() and protection.leads_out(change.path, str(target.readlink())):
            return Fact(Objection.LEADS_OUT)
        if not change.added:
            return None
        shadowed = protection.shadows(change.path, roots=self._roots, modules=self._modules, commands=self._commands, pinned=self.pinned)
        return protection.loads(change.path) or shadowed or self._joins_benchmarks(change.path) or self._taken_in(change.path)

    def _taken_in(self, path: str) -> Fact | None:
        """Why a new file would become a part of what runs the benchmark: scripts take it in where it is there."""
        alone = runners.Tree(frozenset({path}), self._workdir)
        scripts = (one for one in self.pinned if runners.is_commands(one))
        by = next((one for one in scripts if path in runners.included(alone, one, self._pinned_text(one))), None)
        return None if by is None else Fact(Objection.IS_TAKEN_IN, {"script": by})

    def _joins_benchmarks(self, path: str) -> Fact | None:
        """Why a new file would be one of the benchmarks: it lies in their folder."""
        folder = self._bench_folder(path)
        named = patterns.has_part(self._session.state.config.scope, path, folder.rpartition("/")[2], self._workdir)
        return Fact(Objection.JOINS_BENCHMARKS, {"folder": folder}) if folder in self._bench_folders and not named else None

    def _bench_folder(self, path: str) -> str:
        return benchmark.bench_folder(patterns.from_folder(path, self._workdir))

    @cached_property
    def _bench_folders(self) -> frozenset[str]:
        return frozenset(map(self._bench_folder, self.pinned)) - {""}

    @cached_property
    def pinned(self) -> frozenset[str]:
        """The files whose content was pinned when the segment opened."""
        return frozenset(self._pins)

    @cached_property
    def _pins(self) -> Mapping[str, tuple[str, str]]:
        return git.tracked(self._session.top, self._session.state.segment.opened.pins)

    def is_session_file(self, path: str) -> bool:
        """Whether autotune wrote it or reads it as its own."""
        folder, name = path.rpartition("/")[::2]
        return path in self._session_files or self._is_of_results(path) or (folder == self._workdir and is_unfinished(name))

    def _is_of_results(self, path: str) -> bool:
        """Whether it is what the benchmark leaves its results in, or lies there."""
        return self._results is not None and (path == self._results or path.startswith(f"{self._results}/"))

    def in_scope(self, path: str) -> bool:
        """Whether a candidate may change it, as far as the configuration goes."""
        return self._in_scope(path) and not self.is_protected(path)

    def in_narrowed_scope(self, path: str) -> bool:
        """Whether a candidate may change it now, while a playbook narrows the scope."""
        return self.in_scope(path) and self._narrowed(path)

    def is_protected(self, path: str) -> bool:
        """Whether it decides what is measured."""
        if path.rpartition("/")[2] in GIT_FILES or path in self.pinned or path in self._session_files or self._is_of_results(path):
            return True
        return self._protected(path)

    def spares(self, folder: str) -> bool:
        """Whether an empty folder was there before the session."""
        return folder in self.folders


def _split(entry: str) -> tuple[str, str]:
    identity, _, path = entry.partition("\t")
    return identity, path


def _held(path: Path) -> list[str]:
    """Read a list that the session's opening wrote. Without it nothing may be taken for a candidate's, so that is refused."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        raise AutotuneError(
            f"{path} is gone, by which autotune tells your own files from a candidate's.",
            "nothing was changed; `autotune clear`, then `autotune init`, begins anew: what was kept stays on its branch",
        ) from None
    return [git.decode_paths(one) for one in written.split(b"\0") if one]


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

    @property
    def paths(self) -> tuple[str, ...]:
        """The candidate's paths."""
        return tuple(one.path for one in self.candidate)

    @property
    def all(self) -> frozenset[str]:
        """Every path that differs and is not the user's own."""
        return frozenset((*self.paths, *self.refused, *self.moved, *self.outside))


def look(session: Session, boundary: Boundary, incumbent: str | None = None) -> Look:
    """Compare the working tree with the incumbent."""
    commit = incumbent or session.state.incumbent
    candidate: list[Difference] = []
    refused: dict[str, Fact] = {}
    moved: dict[str, str] = {}
    outside: list[str] = []
    _held(session.folder.path / "exclude")  # by which git was told what to ignore
    for one in tree.differences(session.view, commit):
        if boundary.is_session_file(one.path) or (one.added and one.path in boundary.users):
            continue
        if one.path in git.left_out(session.top):
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
    return Look(tuple(candidate), _without_hidden(session, refused), moved, tuple(outside))


def _changed_by_lfs(session: Session, commit: str) -> frozenset[str]:
    """Give the changed files that Git LFS keeps: only the user's own index knows without git-lfs that the others have not changed."""
    large = git.kept_by_lfs(session.top, commit)
    return large.intersection(git.unlike_index(session.top, None)) if large else large


def _outside(session: Session, commit: str, path: str) -> Fact:
    if git.tracked(session.top, commit)[path][0] == git.SUBMODULE:
        return Fact(Objection.SUBMODULE_OUTSIDE_SCOPE, {"path": path})
    return Fact(Objection.OUTSIDE_SCOPE)


def _without_hidden(session: Session, refused: dict[str, Fact]) -> dict[str, Fact]:
    """Leave out files that the person told git not to look at, but not those of a sparse checkout, which are not there otherwise."""
    if not refused:
        return refused
    hidden = frozenset(git.flagged(session.repository)) - git.left_out(session.top)
    return {path: why for path, why in refused.items() if path not in hidden}


def take(
    session: Session,
    *,
    settles: bool,
    description: str | None = None,
    asi: Mapping[str, Any] | None = None,
    discard: bool = False,
    force: bool = False,
    again: int | None = None,
) -> Look:
    """Make what differs in scope a commit under refs/autotune and put it on the ledger as the candidate, about to be measured.

    Raises `AutotuneError` where nothing differs, or where a protected file or one outside the scope was changed; then nothing has happened.
    """
    boundary = Boundary(session)
    found = look(session, boundary)
    _refuse_forbidden(session, found)
    _refuse_moved(found)
    if strange := tree.unstorable(session.top, found.paths):
        raise AutotuneError(f"Git cannot hold {', '.join(strange[:_NAMED])}: neither files nor links.", "take them away, then try again")
    if not found.candidate:
        raise AutotuneError(
            "Nothing in scope differs from the incumbent, so there is nothing to measure.",
            f"edit a file in scope ({', '.join(session.state.config.scope)}) in {session.workdir}, then try again",
        )
    _refuse_narrowed(session, found, boundary)
    _refuse_filtered(session, found.paths)
    _refuse_telling(session, found)
    number = session.state.count + 1
    commit = take_snapshot(session, found.paths, f"autotune: candidate of experiment {number}")
    if git.tree_of(session.top, commit) == git.tree_of(session.top, session.state.incumbent):
        raise AutotuneError(
            "What differs in scope is the same to git as the incumbent (line ends, say), so there is nothing to measure.",
            "change a file's content, then try again",
        )
    git.set_ref(session.top, session.folder.ref(number), commit, f"candidate of experiment {number}")
    session.append(
        CandidateTaken(
            experiment=number,
            commit=commit,
            incumbent=session.state.incumbent,
            files=found.paths[:1000],
            timestamp=now(),
            settles=settles,
            description=description,
            asi=asi,
            discard=discard,
            force=force,
            again=again,
        )
    )
    return found


def _refuse_forbidden(session: Session, found: Look) -> None:
    if not found.refused:
        return
    named = [f"{path} {told(why)}" for path, why in list(found.refused.items())[:_NAMED]]
    more = len(found.refused) - len(named)
    raise AutotuneError(
        f"The candidate changes files that it may not: {'; '.join(named)}{f'; and {more} more' if more else ''}.",
        f"take those changes back (`git restore --source={session.state.incumbent[:12]} FILE`, or delete a new file), then try again; "
        f"{_TAKE_BACK} takes back all of it",
    )


def _refuse_moved(found: Look) -> None:
    if not found.moved:
        return
    named = [f"{was} is at {path} now" for path, was in list(found.moved.items())[:_NAMED]]
    raise AutotuneError(
        f"Files that were there before the session, and that git does not track, were moved: {'; '.join(named)}.",
        "move them back; they are no part of a candidate",
    )


def _refuse_narrowed(session: Session, found: Look, boundary: Boundary) -> None:
    beyond, segment = [path for path in found.paths if not boundary.in_narrowed_scope(path)], session.state.segment
    if beyond:
        raise AutotuneError(
            f"The scope is narrowed to {', '.join(segment.narrowed)} for {counted(segment.narrowed_left, 'more experiment')}, "
            f"but the candidate changes {', '.join(beyond[:_NAMED])}.",
            f"take those changes back ({_TAKE_BACK} takes back all) and work on the files named; `autotune explain` says why",
        )


def _refuse_telling(session: Session, found: Look) -> None:
    """Refuse changes whose text says that they are meant for the measurement, and changes of METRIC lines that stay under watch."""
    held = git.tracked(session.top, session.state.incumbent)
    changed = [one.path for one in found.candidate if not one.added]
    named = changed if len(changed) <= _MOST_NAMED else ()
    printed = frozenset(git.holding(session.top, printing.WORD, session.state.incumbent, named)) if changed else frozenset()
    source, telling = session.state.config.source, []
    results = source.telling if source is not None and source.file else ""
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
            f"The candidate is refused: {'; '.join(telling[:_NAMED])}.",
            "take that out of the program, then try again; where the benchmark itself has to change, begin a new session",
        )


def _text(path: Path) -> str:
    """Give what is looked at of a file: nothing of one that is gone, that is no file, or that is very long."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LONGEST_READ:
        return ""
    return path.read_bytes().decode(errors="replace")


def _refuse_filtered(session: Session, paths: Sequence[str]) -> None:
    large = [path for path, value in git.attribute(session.top, "filter", paths).items() if value == "lfs"]
    if large:
        raise AutotuneError(
            f"Git LFS keeps {', '.join(large[:_NAMED])}, which autotune cannot measure.", "leave such files out of the scope"
        )


def take_snapshot(session: Session, paths: Sequence[str], words: str) -> str:
    """Make a commit of the incumbent with `paths` as they are in the working tree; what HEAD and the index hold stays reachable."""
    incumbent = session.state.incumbent
    content = tree.tree_with(session.view, incumbent, paths)
    others = [head] if (head := git.resolve(session.top, "HEAD")) not in (None, incumbent) else []
    staged = git.ask(session.top, "write-tree")
    if staged.code == 0 and staged.text not in (content, git.tree_of(session.top, head or incumbent)):
        others.append(git.commit_tree(session.top, staged.text, [head or incumbent], "autotune: what was staged"))
    return git.commit_tree(session.top, content, [incumbent, *(one for one in others if one)], words)


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
    boundary = Boundary(session)
    if opened := look(session, boundary).paths:
        raise AutotuneError(
            f"Other changes are open in scope: {', '.join(opened[:_NAMED])}.", "measure them with `autotune try`, or take them back, first"
        )
    base = git.parents(session.top, commit)[0]
    merged, removed = _merge(session, number, base, commit)
    scratch = session.folder.path / "scratch-index"
    git.tell(session.top, "read-tree", session.state.incumbent, index=scratch)
    git.set_entries(session.top, scratch, merged, removed)
    content = git.write_tree(session.top, scratch)
    _refuse_overwriting(session, merged)
    tree.bring(session.view, content, sorted(merged), removed, boundary.spares)
    return tuple(sorted({*merged, *removed}))


def _refuse_overwriting(session: Session, written: Iterable[str]) -> None:
    """Refuse to write where something is that neither git nor this session knows: a file that is ignored, or that was there before."""
    if lost := tree.in_the_way(session.top, written, git.tracked(session.top, session.state.incumbent)):
        raise AutotuneError(
            f"Its files would take the place of {', '.join(lost[:_NAMED])}, which git does not track.",
            "move what is there out of the way, then try again",
        )


def _merge(session: Session, number: int, base: str, theirs: str) -> tuple[dict[str, tuple[str, str]], list[str]]:
    before, ours, after = (git.tracked(session.top, one) for one in (base, session.state.incumbent, theirs))
    merged: dict[str, tuple[str, str]] = {}
    removed: list[str] = []
    for path in git.differing(session.top, base, theirs):
        entry = _merge_entry(session, number, path, before.get(path), ours.get(path), after.get(path))
        if entry is None:
            removed.append(path)
        else:
            merged[path] = entry
    return merged, removed


Entry = tuple[str, str] | None


def _merge_entry(session: Session, number: int, path: str, before: Entry, ours: Entry, theirs: Entry) -> Entry:
    if ours in (before, theirs):
        return theirs
    if before is not None and ours is not None and theirs is not None:
        merged = git.merge_contents(session.top, ours[1], before[1], theirs[1], session.folder.path)
        if merged is not None:
            return theirs[0], git.store(session.top, merged)
    raise OvertakenError(
        f"{path} was changed by a keep since, in the same place.",
        f"look at the candidate with `git show {session.folder.ref(number)}` and apply by hand what you want of it",
    )


def take_back(session: Session, commit: str, changes: Sequence[Difference], boundary: Boundary) -> None:
    """Make what differs, which a snapshot holds, what it is in a commit; what no snapshot holds and is in the way is moved aside and told.

    That is what git ignores, or the user had, in a folder that stands where there was a file.
    """
    written = [one.path for one in changes if not one.added]
    if lost := tree.in_the_way(session.top, written, {one.path for one in changes}):
        move_aside(session, lost)
    held = git.tracked(session.top, commit)
    git.forget_files(session.top, {path: held[path] for path in written})
    tree.put_back(session.view, commit, changes, boundary.spares)
    git.refresh_index(session.top)


def move_aside(session: Session, paths: Sequence[str]) -> None:
    """Move what stands where files are put to the session's folder, and tell."""
    aside = session.folder.set_aside / f"in-the-way.{now().replace(':', '')}"
    for path in paths:
        (aside / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(session.top / path, aside / path)
    session.notice(Fact(Kind.IN_THE_WAY, {"paths": list(paths[:_NAMED]), "aside": str(aside)}))


def set_aside(session: Session, why: Fact, kind: Kind = Kind.CANDIDATE_SET_ASIDE) -> None:
    """Make a snapshot of a candidate that was refused, then take back its changes: those in scope, and those that it was refused for.

    For a session without anybody who could mend it; new files out of scope are left alone.
    """
    boundary = Boundary(session)
    found = look(session, boundary)
    differences, beside = tree.differences(session.view, session.state.incumbent), git.left_out(session.top)
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
    git.set_ref(session.top, ref, commit, "a refused candidate")
    take_back(session, session.state.incumbent, changes, boundary)
    for path, sha in submodules.items():
        git.move_submodule(session.top, path, sha)
    for path, was in found.moved.items():
        (session.top / was).parent.mkdir(parents=True, exist_ok=True)
        (session.top / path).rename(session.top / was)
    session.notice(Fact(kind, {"ref": ref}, why))
