"""`autotune bundle`: what somebody else needs to verify a session, in one archive."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autotune.core.codec import encode, mapping_in
from autotune.core.handover import manifest
from autotune.core.handover.manifest import Manifest, Member
from autotune.core.ledger import withheld
from autotune.core.ledger.events import CandidateTaken, Formatted, Ran, SegmentOpened
from autotune.core.ledger.lines import Event
from autotune.core.tell import answers
from autotune.core.tell.words import filled
from autotune.edges import archive, borrowed, commits, git, ledger, status, submodules
from autotune.edges.signals import ended_in_order
from autotune.errors import AutotuneError
from autotune.loop.experiment import work
from autotune.loop.inspect import auditing, reporting
from autotune.loop.measure import claiming
from autotune.loop.measure.accounting import Account
from autotune.loop.session import layout, logs
from autotune.loop.session.layout import Folder
from autotune.loop.session.session import Session
from autotune.version import version

ENDING = ".autotune.zip"


@dataclass(frozen=True, slots=True)
class Packing:
    """What is about to be written: the archive's files, what it holds, and what it lacks."""

    manifest: Manifest
    files: Mapping[str, Path]
    holds: tuple[str, ...]
    lacks: tuple[str, ...]

    def write(self, target: Path, *, over: bool) -> None:
        """Write the archive; raises `AutotuneError` where there is something already, unless it may be written `over`."""
        archive.write(target, {manifest.NAME: manifest.written(self.manifest), **self.files}, over=over)


def usual(session: Session) -> Path:
    """Give where a bundle is written if no other place is named: in the session's folder, where it is no part of a candidate."""
    return session.folder.path / f"{session.name}{ENDING}"


@contextmanager
def gathered(session: Session, *, with_output: bool, public: Sequence[str] = ()) -> Iterator[Packing]:
    """Gather what a bundle holds, as long as the context lasts.

    `public` names variables below `[env]` whose values are no secret. Raises `AutotuneError` where nothing was kept, where something does
    not agree, or where a value that is to be left out stands in what is packed as it is.
    """
    claiming.states(session, None)
    scratch = layout.root(session.repository) / f"{layout.OPENING}bundle-{os.getpid()}"
    with work.held(session, "bundle"), ended_in_order():
        try:
            yield _packing(session, Folder(scratch / session.name), with_output=with_output, public=public)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _packing(session: Session, folder: Folder, *, with_output: bool, public: Sequence[str]) -> Packing:
    lines = session.folder.ledger.read_bytes().splitlines(keepends=True)
    values = _secret(lines, public)
    packed = [withheld.without(line, values) for line in lines]
    hashes = {number: ledger.digest(line) for number, (line, now) in enumerate(zip(lines, packed, strict=True), 1) if line != now}
    folder.path.mkdir(parents=True)
    folder.ledger.write_bytes(b"".join(packed))
    story = Account()
    if with_output:
        _copy_output(session, folder, values)
    moved = session.tip != session.state.incumbent
    if auditing.audit_elsewhere(session.repository, folder, story, hashes) or moved:
        raise AutotuneError(
            f"Something about session {session.name} does not agree, so nobody could verify a bundle of it.",
            "`autotune check` says what; where it finds nothing, name variables of [env] that are no secret with --public",
        )
    events = [event for _, event in story.events]
    refs, base = _refs(session, events), next(story.of(SegmentOpened)).base
    _refuse_values(session, refs, base, values)
    borrowed.pack(session.top, folder.path / manifest.COMMITS, sorted(refs), base)
    (folder.path / manifest.SAMPLES).write_bytes(reporting.samples_table(events))
    (folder.path / manifest.ENVIRONMENT).write_bytes(environment_of(events))
    files = {name: folder.path / name for name in (*manifest.PARTS, *_outputs(folder))}
    config = session.state.config
    made = Manifest(
        form=manifest.FORM,
        version=version(),
        session=session.name,
        branch=session.branch,
        base=base,
        chain=list(story.hashes)[-1],
        refs=refs,
        files={name: Member(path.stat().st_size, archive.sum_of(path)) for name, path in files.items()},
        withheld={str(number): said for number, said in hashes.items()},
        carried=config.carry,
        variables=tuple(sorted(values)),
    )
    return Packing(made, files, tuple(_held(session, made, events)), tuple(_lacked(session, made)))


def _secret(lines: Iterable[bytes], public: Sequence[str]) -> dict[str, set[str]]:
    """Map the variables below `[env]` whose values are left out to all that they have had."""
    values = withheld.values_of(body for body in map(mapping_in, lines) if body is not None)
    if unknown := [name for name in public if name not in values]:
        raise AutotuneError(f"[env] has no variable {', '.join(unknown)}.", "`autotune config show` lists those of [env]")
    return {name: held for name, held in values.items() if name not in public}


def _copy_output(session: Session, folder: Folder, values: Mapping[str, set[str]]) -> None:
    """Copy what runs have printed, without the values of variables."""
    here = session.folder.path
    for path in sorted((here / logs.RUNS).rglob("*")):
        name = path.relative_to(here).as_posix()
        if path.is_file() and not path.is_symlink() and manifest.is_member(name) and path != here / logs.UNSEEN:
            copy = folder.path / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(withheld.in_text(path.read_bytes(), values))


def _outputs(folder: Folder) -> list[str]:
    found = (folder.path / logs.RUNS).rglob("*")
    return sorted(path.relative_to(folder.path).as_posix() for path in found if path.is_file())


def _refs(session: Session, events: Sequence[Event]) -> dict[str, str]:
    """Map the refs that the log names to their commits: the branch, every candidate, and what each segment is measured with."""
    names = {f"refs/heads/{session.branch}"}
    for event in events:
        match event:
            case CandidateTaken():
                names.add(session.folder.ref(event.experiment))
            case Formatted():
                names.add(session.folder.ref(f"{event.experiment}.formatted"))
            case SegmentOpened():
                names.add(session.folder.ref(f"pins-{event.segment}"))
    there = commits.refs(session.top, "refs")
    return {name: there[name] for name in sorted(names) if name in there}


def _refuse_values(session: Session, refs: Mapping[str, str], base: str, values: Mapping[str, set[str]]) -> None:
    """Refuse where a commit that is packed holds a value that is left out."""
    if not any(len(one) >= withheld.SHORTEST for held in values.values() for one in held):
        return
    for path, content in borrowed.contents(session.top, sorted(refs), base):
        if (name := withheld.holds(content, values)) is not None:
            raise AutotuneError(
                f"{path}, which is packed as git has it, holds the value of {name} below [env].",
                f"if that value is no secret, add --public {name}",
            )


def environment_of(events: Iterable[Event]) -> bytes:
    """Give machine and environment of each segment, as JSON."""
    opened = (event for event in events if isinstance(event, SegmentOpened))
    said = [{"segment": one.segment, "machine": encode(one.machine), "environment": encode(one.environment)} for one in opened]
    return json.dumps({"segments": said}, indent=1, sort_keys=True).encode() + b"\n"


def _held(session: Session, made: Manifest, events: Sequence[Event]) -> Iterator[str]:
    """Say what is in it."""
    runs = [event for event in events if isinstance(event, Ran)]
    pins = session.state.segment.opened.pins
    lines = sum(1 for _ in session.folder.ledger.open("rb"))
    yield answers.holds_log(lines, made.variables)
    if public := sorted({*session.state.config.env} - {*made.variables}):
        yield filled(answers.HOLDS_VALUES, names=public)
    yield filled(answers.HOLDS_SAMPLES, count=sum(len(run.metrics) for run in runs))
    yield answers.HOLDS_ENVIRONMENT
    snapshots = sum(isinstance(event, CandidateTaken) for event in events)
    pinned = len(git.tracked(session.top, pins))
    yield answers.holds_commits(session.state.all_keeps, snapshots, pinned)
    if made.outputs:
        yield filled(answers.HOLDS_OUTPUT, count=len(made.outputs))


def _lacked(session: Session, made: Manifest) -> Iterator[str]:
    """Say what is not in it."""
    yield filled(answers.LACKS_BASE, base=made.base)
    top, incumbent = session.top, session.state.incumbent
    large = status.kept_by_lfs(top, incumbent)
    for template, key, found in (
        (answers.LACKS_CARRIED, "paths", [*made.carried]),
        (answers.LACKS_SUBMODULES, "paths", [*submodules.commits_recorded(top, incumbent)]),
        (answers.LACKS_LARGE, "count", len(large)),
        (answers.LACKS_VALUES, "names", [*made.variables]),
    ):
        if found:
            yield filled(template, **{key: found})
    if session.state.config.holdout:
        yield answers.LACKS_HOLDOUT
    if not made.outputs:
        yield answers.LACKS_OUTPUT
