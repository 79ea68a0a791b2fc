"""A project made for probes: the skill under test, and beside it the skills that it really has for neighbours."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autotune.core.codec import mapping_in
from autotune.core.skills.probing import Client, Probing
from autotune.edges.scratch import temporary
from autotune.errors import AutotuneError
from autotune.skills.installed import skills_in

_FILE = "SKILL.md"
_HIDDEN = re.compile(r"\A---\n(?:.*\n)*?disable-model-invocation:[ \t]*true\b", re.IGNORECASE)
_PLACES: Mapping[Client, str] = {Client.CLAUDE_CODE: ".claude/skills", Client.CODEX: ".agents/skills", Client.OPENCODE: ".agents/skills"}


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A skill's folder with its neighbours, each by its folder's name. `name` is what the client calls the skill, unless `left_out`."""

    skill: Path
    name: str
    siblings: Mapping[str, Path]
    plugin: str = ""
    left_out: bool = False

    @property
    def hash(self) -> str:
        """Tell this set of siblings from others, by what a client lists of them."""
        told = hashlib.sha256()
        for name, folder in sorted(self.siblings.items()):
            told.update(f"{name}\0".encode() + hashlib.sha256((folder / _FILE).read_bytes()).digest())
        return told.hexdigest()[:16]

    @property
    def names(self) -> frozenset[str]:
        """What the client calls the skill and its siblings."""
        return frozenset({self.name, *map(self.listed, self.siblings)})

    def listed(self, sibling: str) -> str:
        """What the client calls a sibling."""
        return f"{self.plugin}:{sibling}" if self.is_fellow(sibling) else sibling

    def is_fellow(self, sibling: str) -> bool:
        """Whether a sibling comes with the same plugin."""
        return bool(self.plugin) and self.siblings[sibling].parent == self.skill.parent


@dataclass(frozen=True, slots=True)
class Stage:
    """A project for probes; `plugin` is a plugin that the client is to load, `private` a folder that only the probes use."""

    project: Path
    private: Path
    plugin: Path | None = None


def neighbourhood(settings: Probing, base: Path, home: Path) -> Neighbourhood:
    """Find a skill and its siblings. Raises AutotuneError where it is none, or where it is not what would run."""
    folder = (base / Path(settings.skill).expanduser()).resolve()
    if not (folder / _FILE).is_file():
        raise AutotuneError(f"There is no skill in {folder}: it has no {_FILE}.", "name the skill's folder")
    if _HIDDEN.search((folder / _FILE).read_text("utf-8", "replace")):
        raise AutotuneError(
            f"The model is never offered {folder.name}: it says disable-model-invocation.",
            "take that line out, or leave the skill to be typed",
        )
    plugin = _plugin_of(folder) if settings.host is Client.CLAUDE_CODE else ""
    own = user_folders(settings, home)
    named = settings.siblings
    places = [*own, folder.parent] if named is None else [(base / Path(one).expanduser()).resolve() for one in named]
    if not plugin:
        _refuse_hidden(folder, own)
    siblings = {found.name: found for place in reversed(places) for found in skills_in(place) if found.name != folder.name}
    return Neighbourhood(folder, f"{plugin}:{folder.name}" if plugin else folder.name, siblings, plugin)


def user_folders(settings: Probing, home: Path) -> list[Path]:
    """Where a client looks for the user's own skills."""
    claude = claude_folder(settings, home) / "skills"
    codex = Path(settings.config or os.environ.get("CODEX_HOME") or home / ".codex") / "skills"
    agents = home / ".agents" / "skills"
    opencode = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "opencode"
    match settings.host:
        case Client.CLAUDE_CODE:
            return [claude]
        case Client.CODEX:
            return [agents, codex]
        case Client.OPENCODE:
            return [agents, home / ".claude" / "skills", opencode / "skill", opencode / "skills"]


def users_settings(settings: Probing, home: Path) -> dict[str, object]:
    """What the user has set of which skills are offered: plugins that are on, and skills that are turned off."""
    with suppress(OSError):
        found = mapping_in((claude_folder(settings, home) / "settings.json").read_bytes()) or {}
        return {key: found[key] for key in ("enabledPlugins", "skillOverrides") if isinstance(found.get(key), dict)}
    return {}


@contextmanager
def staged(around: Neighbourhood, settings: Probing, base: Path, *, whole: bool = False) -> Iterator[Stage]:
    """Lay the project out while the context lasts. Of siblings, a client lists SKILL.md alone; where they are to work, all is there."""
    with temporary("work-") as top:
        stage = Stage(top / "project", top / "private", top / "plugin" if around.plugin else None)
        stage.private.mkdir()
        stage.project.mkdir()
        _copy_skills(around, stage, stage.project / _PLACES[settings.host], whole=whole)
        if stage.plugin is not None:
            (stage.plugin / ".claude-plugin").mkdir()
            (stage.plugin / ".claude-plugin" / "plugin.json").write_text(json.dumps({"name": around.plugin, "version": "0.0.0"}))
        for name in settings.sees:
            shutil.copy(base / Path(name).expanduser(), stage.project / Path(name).name)
        subprocess.run(["git", "init", "-q"], cwd=stage.project, check=True, capture_output=True)
        yield stage


def _copy_skills(around: Neighbourhood, stage: Stage, place: Path, *, whole: bool) -> None:
    with_it = place if stage.plugin is None else stage.plugin / "skills"
    if not around.left_out:
        shutil.copytree(around.skill, with_it / around.skill.name, symlinks=True)
    for name, folder in around.siblings.items():
        into = (with_it if around.is_fellow(name) else place) / name
        if whole:
            shutil.copytree(folder, into, symlinks=True)
        else:
            into.mkdir(parents=True)
            shutil.copy(folder / _FILE, into / _FILE)


def _refuse_hidden(folder: Path, own: list[Path]) -> None:
    """Refuse a project's skill that the client would not take, because the user has one of that name."""
    in_project = folder.parent.name == "skills" and folder.parent.parent.name in {".claude", ".agents"}
    hiding = next((place / folder.name for place in own if (place / folder.name / _FILE).is_file()), None)
    if in_project and hiding is not None and hiding.resolve() != folder and folder.parent not in [one.resolve() for one in own]:
        raise AutotuneError(
            f"Your own skill {hiding} hides the project's of the same name, so a probe would not test what runs.",
            "rename one of the two, or probe your own",
        )


def _plugin_of(folder: Path) -> str:
    """Give the name of the plugin that a skill belongs to, empty where it belongs to none."""
    with suppress(OSError):
        found = mapping_in((folder.parent.parent / ".claude-plugin" / "plugin.json").read_bytes()) or {}
        return str(found.get("name", "")) if folder.parent.name == "skills" else ""
    return ""


def claude_folder(settings: Probing, home: Path) -> Path:
    """Where Claude Code has its settings and sessions."""
    return Path(settings.config or os.environ.get("CLAUDE_CONFIG_DIR") or home / ".claude").expanduser()
