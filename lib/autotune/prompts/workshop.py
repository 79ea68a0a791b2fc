"""A workshop made: a git repository of its own, with a pack and a rubric for each behaviour, and the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autotune.core.judging import packs
from autotune.core.records.behaviors import Behavior
from autotune.core.tell.seen import FIRST_COMMIT
from autotune.edges import commits, git
from autotune.errors import AutotuneError
from autotune.prompts import builtin
from autotune.prompts.settings import FILE, Settings, rendered

_KEYS = (".env", ".env.*", "*.pem", "*.key", "id_rsa*", "id_ed25519*", "credentials*", ".netrc", "autotune.json")
_TRACES = ("*.jsonl", "*.db")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a workshop will hold: each file's text by its path, and which packs are those that the agent reads now."""

    place: Path
    files: Mapping[str, str]
    deployed: tuple[str, ...]


def planned(place: Path, settings: Settings, written: Mapping[str, object]) -> Plan:
    """Plan a workshop; `written` is what its prompts.toml says. Raises AutotuneError where the place will not do, or a pack is broken."""
    _check(place, settings)
    files, deployed = {FILE: rendered(written)}, []
    for name in settings["behaviors"]:
        behavior = Behavior(name)
        now = settings.output_dir / f"{behavior}.json"
        if now.is_file():
            deployed.append(str(behavior))
        files[packs.path_of(behavior)] = _as_deployed(now, behavior) if now.is_file() else packs.rendered(builtin.pack(behavior))
        files[f"rubrics/{behavior}.toml"] = builtin.rubric(behavior)
    return Plan(place, files, tuple(deployed))


def make(plan: Plan) -> None:
    """Make the workshop: all of it, with one commit on the branch main. A folder that was begun and not finished is empty again."""
    plan.place.mkdir(parents=True, exist_ok=True)
    git.tell(plan.place, "init", "-q", "--template=", "-b", "main")
    for name, text in plan.files.items():
        path = plan.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git.tell(plan.place, "add", "--all")
    git.tell(plan.place, *commits.author(plan.place), "commit", "-q", "--no-verify", "-m", FIRST_COMMIT)


def _as_deployed(path: Path, behavior: Behavior) -> str:
    """The pack that the agent reads now, as it is."""
    text = path.read_text("utf-8")
    try:
        packs.read(text, behavior)
    except ValueError as wrong:
        raise AutotuneError(f"{path} is no pack: {wrong}.", "correct it or move it away, then run the command again") from None
    return text


def _check(place: Path, settings: Settings) -> None:
    """Refuse a place that holds something, or lies where it must not."""
    hint = "name a folder that is new or empty, with --at"
    if place.exists() and not place.is_dir():
        raise AutotuneError(f"{place} is a file.", hint)
    if (place / FILE).is_file():
        raise AutotuneError(f"{place} is a workshop already.", f"`autotune prompts status` shows it; {hint} for another")
    for found in _in_the_way(place):
        raise AutotuneError(f"{place} holds {found}.", hint)
    above = next(folder for folder in (place, *place.parents) if folder.is_dir())
    if (around := git.discover(above)) is not None:
        raise AutotuneError(f"{place} lies in another repository, {around.top}.", hint)
    for what, folder in (("traces", settings.trace_dir), ("packs", settings.output_dir)):
        if place == folder or place in folder.parents or folder in place.parents:
            raise AutotuneError(f"{place} and the folder of the agent's {what}, {folder}, lie within each other.", hint)


def _in_the_way(place: Path) -> Iterator[str]:
    if not place.is_dir():
        return
    if (place / ".git").exists():
        yield "another repository"
    for what, patterns in (("keys", _KEYS), ("traces", _TRACES)):
        for path in (path for pattern in patterns for path in place.glob(pattern)):
            yield f"{what}: {path.name}"
    for path in place.iterdir():
        yield f"other files: {path.name}"
