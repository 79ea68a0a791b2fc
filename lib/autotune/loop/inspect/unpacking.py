"""A bundle, looked at in a repository of its own; nothing in it is executed here."""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autotune.core.config import reading as configuration
from autotune.core.config.commands import benchmark_of, checks_of, prepare_of
from autotune.core.escaping import escaped
from autotune.core.facts import Fact
from autotune.core.findings import Amiss, Answer, Remedy
from autotune.core.handover import manifest
from autotune.core.handover.manifest import Manifest
from autotune.core.ledger import withheld
from autotune.core.ledger.astray import astray
from autotune.core.ledger.events import SegmentOpened, SettingsChanged
from autotune.core.ledger.lines import Event
from autotune.core.tell import answers
from autotune.core.tell.words import filled, told
from autotune.core.trust import patterns
from autotune.edges import archive, borrowed, copies, git, ledger, submodules, worktrees
from autotune.edges.git import Repository
from autotune.edges.signals import ended_in_order
from autotune.errors import AutotuneError
from autotune.loop.inspect import auditing, bundling, reporting
from autotune.loop.measure.accounting import Account, Disagreement, amiss, chain, state_at
from autotune.loop.session import layout, sessions
from autotune.loop.session.layout import BENCHMARK_FILE, CHECKS_FILE, Folder
from autotune.loop.session.session import Session, lines_of
from autotune.version import version

_DISTRUST = "do not trust this bundle; ask for another one"
_SHOWN_LINES = 60  # of a script
_REPOSITORY, _UNPACKED = "project", "unpacked"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was looked at. `lender` is the repository that it is looked at from, `repository` that in which its commits are.

    `findings` are what does not agree, `notes` what could not be looked at.
    """

    lender: Repository
    repository: Repository
    folder: Folder
    manifest: Manifest
    story: Account
    findings: tuple[Disagreement, ...]
    notes: tuple[Fact, ...]


@contextmanager
def opened(here: Path, path: Path) -> Iterator[Bundle]:
    """Look at a bundle from a clone, as long as the context lasts; nothing of it stays.

    Raises `AutotuneError` where it is no bundle, where something in it leads elsewhere, or where this clone lacks the commit it stands on.
    """
    lender = sessions.repository_at(here)
    for left in layout.rooms_left():
        _remove(left)
    room = layout.made_room(lender)
    with ended_in_order():
        try:
            _remove(room)
            yield _looked_at(lender, path, room)
        finally:
            _remove(room)


def _remove(room: Path) -> None:
    """Remove a folder for a bundle, with the measuring worktrees of the repository in it."""
    top = room / _REPOSITORY
    measured = layout.session_cache(Repository(top, top / ".git", top / ".git"), _UNPACKED).parent
    for folder in (measured, room):
        shutil.rmtree(folder, ignore_errors=True)


def _looked_at(lender: Repository, path: Path, room: Path) -> Bundle:
    unpacked = room / _UNPACKED
    names = archive.unpack(path, unpacked, manifest.is_member)
    if manifest.NAME not in names:
        raise AutotuneError(f"{path} is no bundle: it has no {manifest.NAME}.", "`autotune bundle` makes one")
    held = manifest.read((unpacked / manifest.NAME).read_bytes(), str(path))
    _refuse_other_files(path, unpacked, names, held)
    repository = borrowed.make(room / _REPOSITORY, lender)
    folder = layout.folder_of(repository, held.session)
    folder.path.parent.mkdir()
    unpacked.rename(folder.path)
    _refuse_astray(folder, held)
    borrowed.take_in(repository, folder.path / manifest.COMMITS, held.refs, held.base)
    story = Account()
    found = auditing.audit_elsewhere(repository, folder, story, held.hashes)
    if not found:
        _refuse_other_tables(path, folder, story, held)
    found = (*found, *_beyond_scope(repository, story, held))
    findings = tuple(replace(one, do=Fact(Remedy.ANOTHER_BUNDLE)) for one in found)
    return Bundle(lender, repository, folder, held, story, findings, (*auditing.unknown_rules(story), *_unchecked(folder, held)))


def _refuse_other_files(path: Path, folder: Path, names: tuple[str, ...], held: Manifest) -> None:
    """Refuse where the files are not those that the bundle says."""
    if {*names} - {manifest.NAME} != {*held.files}:
        raise AutotuneError(f"{path} does not hold the files that it says.", "get it from its maker once more")
    for name, said in held.files.items():
        file = folder / name
        if (file.stat().st_size, archive.sum_of(file)) != (said.size, said.sha256):
            raise AutotuneError(f"In {path}, {name} is not as it was packed.", "get it from its maker once more")


def _refuse_astray(folder: Folder, held: Manifest) -> None:
    """Refuse a log that names what is no commit or lies elsewhere, before anything is looked up by it."""
    story = Account()
    deque(chain(folder, story, held.hashes), maxlen=0)
    for number, event in story.events:
        if (why := astray(event, held.session)) is not None:
            raise AutotuneError(f"Line {number} of the bundle's log {told(why)}.", _DISTRUST)


def _refuse_other_tables(path: Path, folder: Folder, story: Account, held: Manifest) -> None:
    """Refuse where samples and environment, or what the bundle says of its log, are not what the log says."""
    events = [event for _, event in story.events]
    first = next(story.of(SegmentOpened))
    state = state_at(story, len(story.hashes))
    said = (held.base, held.chain, held.refs[f"refs/heads/{held.branch}"])
    same = state is not None and said == (first.base, list(story.hashes)[-1], state.incumbent)
    if held.version == version():
        tables = {manifest.SAMPLES: reporting.samples_table(events), manifest.ENVIRONMENT: bundling.environment_of(events)}
        same = same and all((folder.path / name).read_bytes() == made for name, made in tables.items())
    if not same:
        raise AutotuneError(f"What {path} says of its log is not what the log says.", _DISTRUST)


def _beyond_scope(repository: Repository, story: Account, held: Manifest) -> Iterator[Disagreement]:
    """Name what the kept changes touch and no candidate may: it is in no segment's scope."""
    scopes, folder = list[Callable[[str], bool]](), ""
    for _, event in story.events:
        if isinstance(event, SegmentOpened | SettingsChanged):
            folder = event.workdir if isinstance(event, SegmentOpened) else folder
            scopes.append(patterns.matcher(configuration.of_log(event.config).scope, folder))
    changed = git.differing(repository.top, held.base, held.refs[f"refs/heads/{held.branch}"])
    beyond = [path for path in changed if not any(scope(path) for scope in scopes)]
    if beyond:
        yield amiss(Amiss.KEPT_BEYOND_SCOPE, paths=beyond[:5])


def _unchecked(folder: Folder, held: Manifest) -> Iterator[Fact]:
    """Say of which lines the hash could not be checked: values are left out of them, and are not known here."""
    values, unchecked, names = dict(os.environ), 0, set[str]()
    lines = folder.ledger.read_bytes().splitlines(keepends=True)
    for number, said in held.hashes.items():
        line = lines[number - 1] if number <= len(lines) else b""
        if not any(withheld.mark(name).encode() in line for name in held.variables):
            raise AutotuneError(f"Line {number} of the bundle's log lacks no value, as the bundle says it does.", _DISTRUST)
        known = {name: values[name] for name in held.variables if name in values}
        if ledger.digest(withheld.restored(line, known)) != said:
            unchecked, names = unchecked + 1, names | {*held.variables}
    if unchecked:
        yield Fact(Answer.HASHES_OF_BUNDLE, {"lines": unchecked, "names": sorted(names)})


def session_of(bundle: Bundle, *, sandbox: bool) -> Session:
    """Make the session of a bundle one that can be measured: with a log that follows from itself, and values of this environment.

    With `sandbox`, runs are in one whether the session had one or not.
    """
    events = [_here(event, bundle.repository, sandbox=sandbox) for _, event in bundle.story.events]
    bundle.folder.ledger.write_bytes(lines_of(events, ledger.FIRST))
    worktrees.switch_to_new(bundle.repository, bundle.manifest.branch)
    return sessions.load(bundle.repository, bundle.manifest.session)


def bring_carried(bundle: Bundle, session: Session) -> None:
    """Copy what `carry` names and the files of submodules, as far as they are in the clone, to where runs are measured from."""
    submodules.fill_submodules(bundle.lender.top, session.top, submodules.commits_recorded(session.top, session.state.incumbent))
    for name in carried_here(session, bundle.lender):
        target = session.top / session.inside(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        copies.bring_copies(bundle.lender.top, session.top, session.inside(name))


def _here(event: Event, repository: Repository, *, sandbox: bool) -> Event:
    """Give a line as it is measured by here: in worktrees, in this environment."""
    if not isinstance(event, SegmentOpened | SettingsChanged):
        return event
    config = _config_here({**event.config, **({"sandbox": True} if sandbox else {})})
    if isinstance(event, SettingsChanged):
        return replace(event, config=config)
    return replace(event, tree=str(repository.top), in_place=False, environment={}, config=config)


def _config_here(config: Mapping[str, object]) -> dict[str, object]:
    lacking, env = withheld.lacking(config), config.get("env")
    if not isinstance(env, Mapping):
        return {**config, "in_place": False}
    known = {name: os.environ.get(name) if name in lacking else value for name, value in env.items()}
    return {**config, "in_place": False, "env": {name: value for name, value in known.items() if value is not None}}


def carried_here(session: Session, lender: Repository) -> tuple[str, ...]:
    """Name what `carry` names and is in the clone from which the bundle is looked at."""
    return tuple(name for name in session.state.config.carry if os.path.lexists(lender.top / session.inside(name)))


def would_run(session: Session) -> tuple[tuple[str, str], ...]:
    """Name the commands that a verification runs, in order."""
    config = session.state.config
    named = (prepare_of(config), benchmark_of(config), checks_of(config))
    setup = (("setup", config.setup),) if config.setup else ()
    return (*setup, *((one.name, one.text) for one in named if one is not None))


def offer(bundle: Bundle, session: Session) -> Iterator[str]:
    """Say what a verification runs and with what, with the text of scripts."""
    state, config = session.state, session.state.config
    metric, base = {"metric": state.metric.name, "direction": state.metric.direction}, bundle.manifest.base
    yield filled(answers.BUNDLE_OF, session=session.name, keeps=state.all_keeps, base=base, **metric)
    yield answers.would_run(sandbox=config.sandbox)
    for name, command in would_run(session):
        yield filled(answers.RUNS_COMMAND, name=name, command=command)
    opened = state.segment.opened
    pinned = git.tracked(session.top, opened.pins)
    for script in (session.inside(BENCHMARK_FILE), session.inside(CHECKS_FILE)):
        if script in pinned:
            yield filled(answers.RUNS_FILE, path=script)
            lines = git.content(session.top, pinned[script][1]).decode(errors="replace").splitlines()
            shown = [*lines[:_SHOWN_LINES], *(["…"] if len(lines) > _SHOWN_LINES else [])]
            yield from (f"  | {escaped(line)}" for line in shown or [""])
    if pinned:
        yield filled(answers.RUNS_FILES, paths=[*pinned][:20])
    yield from _brought(bundle, session)


def _brought(bundle: Bundle, session: Session) -> Iterator[str]:
    env, wanted = session.state.config.env, {*bundle.manifest.variables}
    for template, key, found in (
        (answers.BRINGS_VALUES, "set", [f"{name}={value}" for name, value in env.items() if name not in wanted]),
        (answers.GIVES_VALUES, "names", sorted(wanted & {*env})),
        (answers.MISSING_VALUES, "names", missing_values(bundle, session)),
        (answers.BRINGS_CARRIED, "paths", carried_here(session, bundle.lender)),
        (answers.MISSING_CARRIED, "paths", missing_carried(bundle, session)),
        (answers.MISSING_SUBMODULES, "paths", missing_submodules(bundle, session)),
    ):
        if found:
            yield filled(template, **{key: [*found]})


def missing_values(bundle: Bundle, session: Session) -> tuple[str, ...]:
    """Name the variables whose values were left out, and are not set here."""
    return tuple(sorted({*bundle.manifest.variables} - {*session.state.config.env}))


def missing_submodules(bundle: Bundle, session: Session) -> tuple[str, ...]:
    """Name the submodules that have no files in this clone."""
    recorded = submodules.commits_recorded(session.top, session.state.incumbent)
    return tuple(path for path in recorded if not (bundle.lender.top / path / ".git").exists())


def missing_carried(bundle: Bundle, session: Session) -> tuple[str, ...]:
    """Name what `carry` names and is not in this clone."""
    there = carried_here(session, bundle.lender)
    return tuple(name for name in session.state.config.carry if name not in there)
