"""A candidate held against what was tried before, so that nothing is measured twice without anybody's knowing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from autotune.core.escaping import escaped, shortened
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Result
from autotune.core.memory.changes import Sides, is_same, mark_of
from autotune.core.memory.descriptions import alike
from autotune.core.memory.lessons import Likeness, settles
from autotune.core.tell.fate import fate_of
from autotune.edges import git
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError
from autotune.loop.candidate.merging import merge
from autotune.loop.session import feed
from autotune.loop.session.session import Session

MARKS = "marks.json"  # in the session's folder: the marks of changes by their commits; made again when it is gone
_MOST_READ = 60  # files of a change that are read; of a larger one, contents stand for themselves
_SHOWN = 120  # characters of a description
_PLAIN = "100644"


class Repeats(StrEnum):
    """What becomes of a candidate that was tried before."""

    REFUSED = "refused"
    SAME_CHANGE_REFUSED = "same change refused"  # of a program, whose descriptions may all be the same
    MEASURED = "measured"


class TriedError(AutotuneError):
    """The same was tried before, and it is known what came of it."""


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier experiment, and by what a candidate is like it."""

    result: Result
    likeness: Likeness


def weigh(session: Session, repeats: Repeats, description: str | None, commit: str, paths: Sequence[str]) -> None:
    """Refuse a candidate that was tried before, where it is known what came of it; else say what is known.

    Raises `TriedError`; then nothing has happened.
    """
    if repeats is Repeats.MEASURED:
        return
    known = _known(session, description, commit, paths)
    if known is None:
        return
    found, state = known.result, session.state
    settled = settles(found, known.likeness, state.segment.opened.segment, state.recent.restored)
    if not settled or (known.likeness is Likeness.WORDS and repeats is Repeats.SAME_CHANGE_REFUSED):
        waits = any(row.index == found.index for row in state.recent.second_looks)
        earlier = found.segment != state.segment.opened.segment
        figures = {"experiment": found.index, "fate": fate_of(found), "likeness": known.likeness, "waits": waits, "earlier": earlier}
        session.say(Fact(Kind.TRIED, figures))
        return
    how = (
        "The change is the same"
        if known.likeness is Likeness.CHANGE
        else f"Its description says the same: “{shortened(escaped(found.description), _SHOWN)}”"
    )
    raise TriedError(
        f"Tried in {found.index}: {fate_of(found)}. {how}.",
        f"your edits stay: change them further, or measure them all the same with --again; `autotune explain {found.index}` says "
        "what came of it",
    )


def _known(session: Session, description: str | None, commit: str, paths: Sequence[str]) -> Known | None:
    """Give the latest experiment of the same change; else, the latest whose words settle it in at least one of the same files."""
    wanted, results = {*paths}, [one for one in _results(session) if not {*one.files}.isdisjoint(paths)]
    by_change = _of_same_change(session, results, commit)
    if by_change is not None or description is None:
        return None if by_change is None else Known(by_change, Likeness.CHANGE)
    segment, restored = session.state.segment.opened.segment, session.state.recent.restored
    candidates = (one for one in reversed(results) if settles(one, Likeness.WORDS, segment, restored) and wanted & {*one.files})
    found = next((one for one in candidates if alike(description, one.description)), None)
    return None if found is None else Known(found, Likeness.WORDS)


def _results(session: Session) -> Iterator[Result]:
    events = feed.events(session.folder.ledger, b'"type":"result"')
    return (one for one in events if isinstance(one, Result) and not one.baseline)


def _of_same_change(session: Session, results: Sequence[Result], commit: str) -> Result | None:
    path = session.folder.path / MARKS
    marks, incumbent = _read(path), session.state.incumbent
    before = dict(marks)
    change = _change(session.top, incumbent, commit)
    marks[commit] = mark_of(change)
    found = None
    for one in reversed(results):
        if one.snapshot is None or (base := git.resolve(session.top, f"{one.snapshot}^")) is None:
            continue
        if one.snapshot not in marks:
            marks[one.snapshot] = mark_of(_change(session.top, base, one.snapshot))
        if marks[one.snapshot] == marks[commit] and _leads_to(session, base, one.snapshot, change):
            found = one
            break
    if marks != before:
        replace_file(path, json.dumps(marks).encode())
    return found


def _read(path: Path) -> dict[str, str]:
    try:
        held = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(name): str(mark) for name, mark in held.items()} if isinstance(held, dict) else {}


def _change(top: Path, before: str, after: str) -> Mapping[str, Sides]:
    changed = git.changed(top, before, after)
    reads = len(changed) <= _MOST_READ
    return {path: (_content(top, was, reads=reads), _content(top, now, reads=reads)) for path, (was, now) in changed.items()}


def _content(top: Path, entry: tuple[str, str] | None, *, reads: bool) -> bytes | None:
    """Give what a path has in a commit; what is no plain file has its mode in it."""
    if entry is None:
        return None
    mode, sha = entry
    content = git.content(top, sha) if reads and mode != git.SUBMODULE else sha.encode()
    return content if mode == _PLAIN else f"{mode}\n".encode() + content


def _leads_to(session: Session, base: str, commit: str, change: Mapping[str, Sides]) -> bool:
    """Whether an earlier change, brought to the incumbent, leads to the same files as this one."""
    top, incumbent = session.top, session.state.incumbent
    merged = merge(top, base, commit, incumbent, session.folder.path)
    if merged.contradicting:
        return False
    reads = len(change) <= _MOST_READ
    held = git.tracked(top, incumbent)
    before = {path: _content(top, held.get(path), reads=reads) for path in {*change, *merged.entries, *merged.removed}}
    theirs = {path: _content(top, entry, reads=reads) for path, entry in merged.entries.items()} | dict.fromkeys(merged.removed)
    return is_same({**before, **{path: after for path, (_, after) in change.items()}}, {**before, **theirs}, before)
