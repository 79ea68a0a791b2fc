"""What is measured on and with, besides the code: recorded when a segment opens, and compared before a candidate is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autotune.core import rules
from autotune.core.config.model import Config
from autotune.core.config.reading import to_mapping
from autotune.core.facts import Fact, Kind, joined
from autotune.core.health.recovery import Playbook
from autotune.core.ledger.events import RepairAsked
from autotune.core.tell.words import told
from autotune.core.trust import patterns
from autotune.core.trust.surroundings import DEPENDENCIES, TOOL, changes, programs
from autotune.edges import machine
from autotune.edges.clock import now
from autotune.edges.environment import as_recorded, environment_for_runs, recorded_environment
from autotune.errors import AutotuneError
from autotune.loop.session.session import Session
from autotune.version import version

LONGEST_SCRIPT = 100_000  # bytes of a script that are looked through for the programs it runs


def recorded(config: Config, top: Path, workdir: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What has to be the same for two measurements to be comparable, by name: the machine, programs, lock files of dependencies.

    `workdir` is the working directory, relative to `top`; lock files count there and in the folders above it, but one in scope is left
    out: it is the candidate's to change. Programs are looked for as `environment` says. One of the project's own files is left out too.
    """
    folder = top / workdir
    path = environment_for_runs(environment, config.env).get("PATH", os.defpath)
    named = [program for program in dict.fromkeys(_programs(config, folder)) if not _is_own(program, config, top, workdir)]
    tools = machine.tools(named, folder, path)
    in_scope, protected = patterns.matcher(config.scope, workdir), patterns.matcher(config.protect, workdir)
    held = {path: digest for path, digest in _lock_files(top, workdir) if protected(path) or not in_scope(path)}
    locks = {patterns.from_folder(path, workdir): digest for path, digest in held.items()}
    return {
        **machine.fingerprint(),
        **{f"{TOOL}{name}": known for name, known in tools.items()},
        **{f"{DEPENDENCIES}in {name}": digest for name, digest in locks.items()},
    }


def of_segment(config: Config, top: Path, workdir: str, reason: Fact) -> dict[str, Any]:
    """Give what a segment that opens now, and why it does, says of what is measured and by which rules."""
    return {
        "metric_name": config.metric,
        "metric_unit": config.unit,
        "direction": config.direction,
        "in_place": config.in_place,
        "config": to_mapping(config),
        "machine": recorded(config, top, workdir),
        "environment": recorded_environment(environment_for_runs(os.environ, config.env)),
        "reason": reason,
        "rule": rules.NEWEST,
        "version": version(),
        "timestamp": now(),
    }


def _lock_files(top: Path, workdir: str) -> Iterator[tuple[str, str]]:
    """Give the path, relative to the top, and a digest of every lock file of dependencies in the working directory and above it."""
    for folder in (Path(workdir), *Path(workdir).parents) if workdir else (Path(),):
        yield from (((folder / name).as_posix(), digest) for name, digest in machine.lock_files(top / folder).items())


def _programs(config: Config, folder: Path) -> Iterator[str]:
    """The programs that benchmark and preparation run, and those of the scripts that they name."""
    for command in (config.benchmark, config.prepare):
        named = programs(command)
        yield from named
        for word in command.split():
            script = folder / word
            if word not in named and word.endswith(".sh") and script.is_file():
                yield from programs(script.read_bytes()[:LONGEST_SCRIPT].decode(errors="replace"))


def _is_own(program: str, config: Config, top: Path, workdir: str) -> bool:
    """Whether a program is a file of the project: where runs happen it is what git holds, or is built. What is carried is as it is here."""
    if "/" not in program or program.startswith("/"):
        return False
    own, real = top.resolve(), (top / workdir / program).resolve()
    carried = (top / workdir / name for name in config.carry)
    return real.is_relative_to(own) and not any(real.is_relative_to(one.resolve()) for one in carried)


def what_changed(session: Session) -> tuple[Fact, ...]:
    """What is not as it was when the segment opened."""
    segment, config = session.state.segment.opened, session.state.config
    environment = as_recorded(os.environ, segment.environment)
    compared = {  # an older version recorded the project's own programs too
        name: known
        for name, known in segment.machine.items()
        if not (name.startswith(TOOL) and _is_own(name.removeprefix(TOOL), config, session.top, segment.workdir))
    }
    return (*rules.gone(segment.rule), *changes(compared, recorded(config, session.top, segment.workdir, environment)))


def refuse_changed(session: Session) -> None:
    """Refuse to compare where machine, programs, dependencies or autotune's own rules are not what the segment was measured with."""
    if found := what_changed(session):
        raise AutotuneError(
            f"The machine, its tools or autotune have changed since the segment opened: {'; '.join(map(told, found))}.",
            "`autotune rebaseline` measures the unchanged code again and begins a new segment; your changes stay as they are",
        )


def ask_for_rebaseline(session: Session) -> None:
    """Ask for what `refuse_changed` hints at, in a session that nobody watches."""
    if found := what_changed(session):
        session.notice(Fact(Kind.SURROUNDINGS_CHANGED, because=joined(found)))
        session.append(RepairAsked(timestamp=now(), playbook=Playbook.REBASELINE, why=Fact(Kind.SURROUNDINGS_DIFFER)))
