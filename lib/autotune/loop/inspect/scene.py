"""What doctor looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from autotune.core.config import reading as configuration
from autotune.core.config.model import Config
from autotune.core.facts import Fact, quoted
from autotune.edges import git
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.opening import opening
from autotune.loop.session import layout, sessions, settings
from autotune.loop.session.layout import CHECKS_FILE, CONFIG_FILE
from autotune.loop.session.session import Say, Session


class Finding(StrEnum):
    """What a look has found: what is needed, something that may be absent, or something that a person has to mend."""

    OK = "ok"
    MISSING = "missing"
    TO_DO = "to do"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was seen, and what to do about it, where there is anything; `details` are JSON values."""

    finding: Finding
    seen: tuple[Fact, ...]
    advice: tuple[Fact, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


def ok(seen: Fact, *advice: Fact) -> Check:
    """Give what is as it has to be."""
    return Check(Finding.OK, (seen,), advice)


def missing(seen: Fact, *advice: Fact) -> Check:
    """Give what is not there, and may be absent."""
    return Check(Finding.MISSING, (seen,), advice)


def to_do(seen: Fact, *advice: Fact) -> Check:
    """Give what you have to mend."""
    return Check(Finding.TO_DO, (seen,), advice)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the diagnosis takes place. `trouble` says why the repository, or the session that is there, cannot be read.

    `settings` are those of a session to be.
    """

    folder: Path
    repository: Repository | None = None
    session: Session | None = None
    trouble: AutotuneError | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    say: Say = lambda _: None


def as_wanted(scene: Scene, wanted: Mapping[str, object]) -> Scene:
    """Look at a session to be; one that stands still is not in its way."""
    if scene.session is not None and scene.session.state.ended is None:
        raise AutotuneError(
            f"Session {scene.session.name} is measured with settings of its own.", "leave the options out, or stop it with `autotune stop`"
        )
    return replace(scene, session=None, settings=wanted)


def as_refused(error: AutotuneError) -> Check:
    """Make an error into what was found."""
    return to_do(quoted(error.message), quoted(error.hint))


def scene_at(folder: Path, name: str | None) -> Scene:
    """Give what there is to look at in a folder."""
    try:
        repository = git.discover(folder)
    except AutotuneError as error:
        return Scene(folder, trouble=error)
    if repository is None:
        return Scene(folder)
    try:
        there = name or layout.names(repository) or layout.without_ledger(repository)
        return Scene(folder, repository, sessions.find(folder, name) if there else None)
    except AutotuneError as error:
        return Scene(folder, repository, trouble=error)
    except Exception as error:  # noqa: BLE001 - the same
        return Scene(folder, repository, trouble=AutotuneError(f"The session cannot be read: {error!r}.", "`autotune check` says why"))


def config_to_be(scene: Scene) -> Config:
    """Give what `init` would have of autotune.toml and of the options, as far as it is said. Raises `AutotuneError` where that is wrong."""
    folder, held = workdir(scene), _said(scene)
    checks = {"checks": f"bash {CHECKS_FILE}"} if (folder / CHECKS_FILE).is_file() else {}
    config = configuration.parse_part({**checks, **opening.with_defaults(held)}, scene.settings)
    if "metric" in configuration.not_written(opening.with_defaults(held)) and config.source is not None and config.source.names_no_metric:
        raise AutotuneError(
            "The expression's group has no name, so the metric needs one.", "give it with --metric NAME, or name the group: (?P<NAME>...)"
        )
    if scene.repository is not None:
        configuration.refuse_beyond(config, folder.resolve().relative_to(scene.repository.top.resolve()).as_posix())
    return config


def _said(scene: Scene) -> dict[str, Any]:
    path = workdir(scene) / CONFIG_FILE
    return {**(configuration.toml_table(settings.text_of(path)) if path.is_file() else {}), **scene.settings}


def is_metric_named(scene: Scene) -> bool:
    """Whether somebody chose the metric: a session has one, and so may autotune.toml and the options."""
    return scene.session is not None or "metric" in _said(scene)


def workdir(scene: Scene) -> Path:
    """Give the session's working directory, or that of the session to be."""
    return scene.folder if scene.session is None else scene.session.workdir


def is_timed(scene: Scene, config: Config) -> bool:
    """Whether the metric is a time."""
    return config.measures_time if scene.session is None else scene.session.state.timed
