"""The skill folders of this machine: where each host looks for them, and which of them a name means.

A user's skill hides a project's of the same name. An installed plugin's skills lie in a cache that its next update replaces.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from autotune.core.codec import read_json
from autotune.core.skills.package import SKILL
from autotune.edges import git
from autotune.errors import AutotuneError
from autotune.rollout import deploying, placing
from autotune.rollout.deploying import Target

SLOT = "skill"
_LETTERS = 8
_WHAT = "autotune skills"
_PROJECT_FOLDERS = {
    ".claude/skills": "claude-code",
    ".agents/skills": "codex",
    ".opencode/skills": "opencode",
    ".opencode/skill": "opencode",
}


class Scope(StrEnum):
    """For whom a skill is there."""

    USER = "user"
    PROJECT = "project"
    PLUGIN = "plugin"  # in the folder of a plugin's own source
    CACHE = "cache"  # of an installed plugin
    FOLDER = "folder"  # anywhere else: no host looks there


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill folder. `name` is as a listing names it; `hidden_by` is the user's folder that is taken in its place."""

    name: str
    folder: Path
    scope: Scope
    host: str
    hidden_by: Path | None = None

    @property
    def short(self) -> str:
        """Its name without the plugin's."""
        return self.name.rpartition(":")[2]


def installed(home: Path, around: Path) -> tuple[Skill, ...]:
    """Every skill that a host finds from a folder, those that are hidden too."""
    found = [*_of_user(home), *_of_projects(home, around), *_of_plugins(_claude(home))]
    users = {(one.host, one.name): one.folder for one in found if one.scope is Scope.USER}
    return tuple(_hidden(one, users) if one.scope is Scope.PROJECT else one for one in found)


def named(said: str, home: Path, around: Path) -> Skill:
    """The skill that a name or a path means. Raises AutotuneError where none does, or several do."""
    path = Path(said).expanduser()
    if ("/" in said or said in {".", ".."} or (path / SKILL).is_file()) and path.exists():
        return at((path.parent if path.name == SKILL else path).absolute(), home, around)
    known = installed(home, around)
    found = [one for one in known if one.name == said] or [one for one in known if one.short == said]
    seen = [one for one in found if one.hidden_by is None]
    if len({one.folder.resolve() for one in seen}) > 1:
        places = ", ".join(str(one.folder) for one in seen)
        raise AutotuneError(f"Several skills are named {said}: {places}.", "name the folder in place of the name")
    if not seen and _brought_back(said, home, around):
        return named(said, home, around)
    if not seen:
        raise AutotuneError(
            f"There is no skill {said} here.", "run this in its project, or name its folder; `autotune skills create` makes one"
        )
    return seen[0]


def at(folder: Path, home: Path, around: Path) -> Skill:
    """The skill in a folder. Raises AutotuneError where there is none."""
    if not (folder / SKILL).is_file():
        raise AutotuneError(f"{folder} holds no {SKILL}.", "name a skill's folder; `autotune skills create` makes one")
    for one in installed(home, around):
        if one.folder.resolve() == folder.resolve():
            return one
    plugin = next((above for above in folder.parents if (above / ".claude-plugin" / "plugin.json").is_file()), None)
    if plugin is not None and folder.parent.name == "skills":
        return Skill(
            f"{plugin_name(plugin)}:{folder.name}",
            folder,
            Scope.CACHE if "cache" in _below_plugins(folder, home) else Scope.PLUGIN,
            "claude-code",
        )
    project = next((host for inner, host in _PROJECT_FOLDERS.items() if folder.parent.as_posix().endswith(f"/{inner}")), None)
    return Skill(folder.name, folder, Scope.FOLDER if project is None else Scope.PROJECT, project or "claude-code")


def repository_of(folder: Path) -> git.Repository | None:
    """The repository that tracks a skill's folder; None where none does."""
    repository = git.discover(folder)
    if repository is None:
        return None
    listed = git.query(folder, "ls-files", "--error-unmatch", "--", SKILL, no="did not match")
    return None if listed is None else repository


def target_at(folder: Path) -> Target:
    """What is deployed to: a skill's folder, with a log of its own, whatever else has its name."""
    place = folder.resolve()
    letters = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:_LETTERS]
    return Target("skill", f"{place.name}-{letters}", {SLOT: place})


def bring_back(home: Path, around: Path) -> None:
    """Put back every skill that a command took out of its place before it was killed. One that another process replaces now is left."""
    for place, _ in (*_places_of_user(home), *_places_of_projects(home, around)):
        for folder in placing.out_of(place):
            with suppress(AutotuneError):
                deploying.bring_back(target_at(folder), _WHAT)


def _brought_back(said: str, home: Path, around: Path) -> bool:
    """Whether a skill was out of its place, where a command that replaces it was killed, and is back."""
    places = (place / said for place, _ in (*_places_of_user(home), *_places_of_projects(home, around)))
    out = [path for path in ([Path(said).expanduser().absolute()] if "/" in said else places) if placing.is_out(path)]
    for path in out:
        deploying.bring_back(target_at(path), _WHAT)
    return bool(out)


def _of_user(home: Path) -> Iterator[Skill]:
    for place, host in _places_of_user(home):
        yield from (Skill(folder.name, folder, Scope.USER, host) for folder in skills_in(place))


def _places_of_user(home: Path) -> tuple[tuple[Path, str], ...]:
    opencode = folder_at("XDG_CONFIG_HOME", home / ".config") / "opencode"
    return (
        (_claude(home) / "skills", "claude-code"),
        (home / ".agents" / "skills", "codex"),
        (folder_at("CODEX_HOME", home / ".codex") / "skills", "codex"),
        (opencode / "skills", "opencode"),
        (opencode / "skill", "opencode"),
    )


def _of_projects(home: Path, around: Path) -> Iterator[Skill]:
    for place, host in _places_of_projects(home, around):
        yield from (Skill(folder.name, folder, Scope.PROJECT, host) for folder in skills_in(place))


def _places_of_projects(home: Path, around: Path) -> Iterator[tuple[Path, str]]:
    for above in _upwards(around):
        for inner, host in _PROJECT_FOLDERS.items():
            if (above / inner) != _claude(home) / "skills" and (above / inner) != home / ".agents" / "skills":
                yield above / inner, host


def _of_plugins(claude: Path) -> Iterator[Skill]:
    """Those of the newest version of every plugin in the cache; a version that was left behind is marked."""
    for plugin in sorted(claude.glob("plugins/cache/*/*")):
        versions = [one for one in plugin.iterdir() if one.is_dir() and not (one / ".orphaned_at").exists()] if plugin.is_dir() else []
        if versions:
            newest = max(versions, key=lambda one: one.stat().st_mtime)
            yield from (Skill(f"{plugin.name}:{one.name}", one, Scope.CACHE, "claude-code") for one in skills_in(newest / "skills"))


def skills_in(place: Path) -> Iterable[Path]:
    """The folders of skills in a folder."""
    return sorted(path.parent for path in place.glob(f"*/{SKILL}") if path.is_file()) if place.is_dir() else ()


def _upwards(around: Path) -> Iterator[Path]:
    """A folder and those above it, up to the top of its repository."""
    for folder in (around, *around.parents):
        yield folder
        if (folder / ".git").exists():
            return


def _claude(home: Path) -> Path:
    return folder_at("CLAUDE_CONFIG_DIR", home / ".claude")


def folder_at(variable: str, usual: Path) -> Path:
    """Where a variable says, if it names a full path; else the usual place."""
    setting = Path(os.environ.get(variable, ""))
    return setting if setting.is_absolute() else usual


def _hidden(one: Skill, users: dict[tuple[str, str], Path]) -> Skill:
    by = users.get((one.host, one.name)) if one.host == "claude-code" else None
    return Skill(one.name, one.folder, one.scope, one.host, by)


def _below_plugins(folder: Path, home: Path) -> tuple[str, ...]:
    plugins = _claude(home) / "plugins"
    return folder.relative_to(plugins).parts if folder.is_relative_to(plugins) else ()


def plugin_name(plugin: Path) -> str:
    """What a plugin in a folder is called: as it says, else by its folder."""
    try:
        return str(read_json((plugin / ".claude-plugin" / "plugin.json").read_bytes())["name"])
    except (ValueError, KeyError, TypeError):
        return plugin.name
