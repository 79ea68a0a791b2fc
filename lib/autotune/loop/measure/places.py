"""Where a session's runs happen: its measuring worktree, built, known again, or made anew."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from autotune.core.config.commands import Command
from autotune.core.config.model import Config
from autotune.core.facts import Fact, Kind
from autotune.core.model import Arm, Outcome
from autotune.core.output.outcome import classify, useful_end
from autotune.core.tell.words import told
from autotune.core.trust import carrying, patterns
from autotune.edges import carried, copies, git, place, status, tree, worktrees
from autotune.edges.atomic import replace_file
from autotune.edges.carried import Carried
from autotune.edges.place import Brought, Place
from autotune.errors import AutotuneError
from autotune.loop.measure.bench import Bench
from autotune.loop.measure.ground import Ground
from autotune.loop.session import layout, logs
from autotune.loop.session.session import Session

_FORM = 2  # of the note of a place: one in an older form is no note


def content_of(session: Session, commit: str) -> str:
    """Give the tree that is measured for a commit: its own, with the pinned files as they were when the segment opened."""
    given = (session.top, commit, session.state.segment.opened.pins, session.folder.path / "scratch-index")
    if git.resolve(session.top, f"{_overlaid(*given)}^{{tree}}") is None:  # nothing points at it, so `git prune` may have taken it
        _overlaid.cache_clear()
    return _overlaid(*given)


@lru_cache(maxsize=8)
def _overlaid(top: Path, commit: str, pins: str, scratch: Path) -> str:
    """Give the tree of a commit with the files of another in their places: objects all three, so that it is made once."""
    return tree.tree_having(top, commit, scratch, git.tracked(top, pins))


def place_of(session: Session) -> Place:
    """Give the place where this session's runs happen, built first where it is missing or of another segment."""
    state, config = session.state, session.state.config
    if config.in_place:
        return place.in_checkout(session.top, session.folder.path / "place-index", _note(session))
    cache = layout.made_cache(session.repository, session.state.segment.opened.session)
    top, known = cache / "measure", cache / "measure.json"
    wanted = {
        "segment": state.segment.opened.segment,
        "pins": state.segment.opened.pins,
        "opened": state.segment.opened.timestamp,
        "form": _FORM,
    }
    built = _known(known) if _is_worktree(session, top) else {}
    if {key: built.get(key) for key in wanted} == wanted:
        found = _with_what_stays(session, top, built)
        if not (lost := carried.reset_carried(found)):
            return found
        session.say(Fact(Kind.PLACE_MADE_ANEW, {"paths": list(lost[:3])}))
    known.unlink(missing_ok=True)
    for other in caches(session):
        if other.resolve() != cache.resolve():
            remove_places(session.repository, other)
    settled, brought = _build(session, top)
    made = (*_made(session, settled), *brought.submodules)
    carried.keep_copies(top, [path for path in (*made, *brought.mended) if os.path.lexists(top / path)], cache / "made")
    names = (*brought.copies, *made)
    built = {**wanted, "settled": settled, "names": names, "carried": carried.carried_now(top, names)}
    replace_file(known, json.dumps(built).encode())
    return _with_what_stays(session, top, built)


def _with_what_stays(session: Session, top: Path, built: Mapping[str, Any]) -> Place:
    return _private(session, top, built["settled"], Carried(built["carried"], (session.cache / "made", session.top), built["names"]))


def _private(session: Session, top: Path, settled: Sequence[str] = (), carried: Carried | None = None) -> Place:
    """Give a measuring worktree of the session as a place."""
    state = session.state
    pins, apart = git.tracked(session.top, state.segment.opened.pins), tree.apart(session.top, state.incumbent)
    return place.private(top, settled, carried, pins, apart, _note(session))


def _note(session: Session) -> Path:
    """Name where the time of what was put in place last is kept: not with the place, for caches of its files stay when that goes."""
    return layout.root(session.repository) / "last-time"


def lacking(top: Path, config: Config, workdir: str) -> tuple[str, ...]:
    """Name what git ignores, is not carried, and may be needed in a measuring worktree."""
    return carrying.proposed(status.ignored(top), config.carry, config.scope, workdir, lambda path: copies.linked(top, path))


def _made(session: Session, settled: Iterable[str]) -> tuple[str, ...]:
    """List what stays and is not carried, without what is within something that is."""
    carried = patterns.matcher(patterns.literal(session.inside(path)) for path in session.state.config.carry)
    return tuple(path.rstrip("/") for path in settled if not carried(path.rstrip("/")))


def _known(record: Path) -> dict[str, Any]:
    """Read what was noted of a place; empty where that is gone or damaged, so that the place is made anew."""
    with suppress(OSError, ValueError):
        return dict(json.loads(record.read_bytes()))
    return {}


def _is_worktree(session: Session, top: Path) -> bool:
    """Whether a folder is a working tree of the session's repository, and not just a folder in somebody else's."""
    found = git.discover(top)
    return found is not None and found.common == session.repository.common and found.top.samefile(top)


def caches(session: Session) -> tuple[Path, ...]:
    """List the folders with measuring worktrees of a session: its own, then those of older versions, other settings, killed commands."""
    common = session.repository.common
    trees = worktrees.checked_out(git.Repository(common, common, common))
    others = (tree.parent for tree, branch in trees.items() if branch is None and tree.name in ("measure", "second"))
    return (
        session.cache,
        *(one for one in others if layout.is_cache(one, session.state.segment.opened.session) and one != session.cache),
    )


def remove_places(repository: git.Repository, cache: Path) -> None:
    """Remove a session's measuring worktree and what belongs to it, but not a working tree that lies beside."""
    for name in ("measure", "second"):
        place.take_down(repository, cache / name)
    for one in cache.iterdir() if cache.is_dir() else ():
        if one.name != "tree":
            shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
    remove_empty(cache, cache.parent)


def remove_empty(*folders: Path) -> None:
    """Remove folders in which nothing is left, up to the first in which something is."""
    with suppress(OSError):
        for one in folders:
            one.rmdir()


@contextmanager
def second_place(session: Session) -> Iterator[Place]:
    """Give a second measuring worktree, built like the first, for as long as the context lasts."""
    top = layout.made_cache(session.repository, session.state.segment.opened.session) / "second"
    try:
        yield _private(session, top, _build(session, top)[0])
    finally:
        place.take_down(session.repository, top)


def _build(session: Session, top: Path) -> tuple[Sequence[str], Brought]:
    """Build a measuring worktree; gives what lies there beside tracked files, and what came from the checkout."""
    config = session.state.config
    session.going_on(Kind.MAKING_PLACE)
    brought = place.build(session.repository, top, session.state.incumbent, [session.inside(path) for path in config.carry])
    empty = _private(session, top)
    fresh = replace(empty, settled=frozenset(place.beside(empty.view)))
    place.occupy(fresh, content_of(session, session.state.incumbent), (), compared=bool(config.setup))
    if not config.setup:
        place.vouch(fresh)
    else:
        session.going_on(Kind.SETTING_UP)
        finished = Ground(session, fresh).one(Command("setup", config.setup, config.timeout_s), logs.SETUP)
        outcome, why = classify(finished, None)
        if outcome is not Outcome.OK:
            raise AutotuneError(
                f"`setup` failed in the measuring worktree: {told(why)}\n{useful_end(finished.tail, 1000)}",
                f"mend `setup`; it ran in {top}",
            )
    return place.beside(fresh.view) if fresh.settled or config.setup else (), brought


def bench_for(session: Session, candidate: str | None) -> Bench:
    """Give what a measurement of the incumbent, and of a candidate beside it, needs."""
    if candidate is not None:
        return bench_between(session, session.state.incumbent, candidate)
    content = {Arm.INCUMBENT: content_of(session, session.state.incumbent)}
    return Bench(session, place_of(session), content, (), _open_number(session))


def bench_between(session: Session, incumbent: str, candidate: str) -> Bench:
    """Give what a measurement of two commits side by side needs."""
    content = {Arm.INCUMBENT: content_of(session, incumbent), Arm.CANDIDATE: content_of(session, candidate)}
    alternating = {*git.differing(session.top, content[Arm.INCUMBENT], content[Arm.CANDIDATE])}
    if session.state.config.in_place:  # the checkout holds what is kept by now, which may be neither of the two
        alternating |= {*git.differing(session.top, content_of(session, session.state.incumbent), content[Arm.CANDIDATE])}
    return Bench(session, place_of(session), content, tuple(sorted(alternating)), _open_number(session))


def _open_number(session: Session) -> int:
    return session.state.experiment.number if session.state.experiment else 0
