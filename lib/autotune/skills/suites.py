"""Where a skill's suite lies, read and written: in the repository that holds the skill, else in a workshop copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from autotune.core.skills.suite import FILE, FOLDER, Suite, parse, text_of
from autotune.edges import git
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError
from autotune.skills.installed import Skill

WORKSHOPS = "autotune-skills"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a skill is worked on: `top` is the repository, `inside` the skill's folder in it, `suite` the suite's file.

    In a workshop, `inside` is a copy, and neither it nor the repository may be there yet.
    """

    skill: Skill
    top: Path
    inside: str
    suite: Path
    workshop: bool


def place_of(skill: Skill, home: Path) -> Place:
    """Find where a skill is worked on: the repository that tracks its files, else its workshop."""
    found = git.discover(skill.folder)
    folder = skill.folder.resolve()
    top = folder if found is None else found.top.resolve()
    if top != folder and git.ask(top, "ls-files", "--", str(folder)).text.strip():
        return Place(skill, top, folder.relative_to(top).as_posix(), top / FOLDER / skill.short / FILE, workshop=False)
    top = home / WORKSHOPS / skill.short
    return Place(skill, top, f"skills/{skill.short}", top / FOLDER / skill.short / FILE, workshop=True)


def read(place: Place) -> Suite:
    """Read a skill's suite, empty where there is none. Raises AutotuneError that names file and line."""
    return read_file(place.suite) if place.suite.is_file() else Suite(place.skill.short)


def read_file(path: Path) -> Suite:
    """Read a suite's file. Raises AutotuneError that names file and line."""
    try:
        return parse(path.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise AutotuneError(f"{path} is no suite: {wrong}.", "mend that line, or take it out: each line is a case of its own") from wrong


def version(suite: Suite, folder: Path) -> str:
    """By what a suite in a folder is known: its hash, and where tasks begin with files or are tested by some, what these hold."""
    found = sorted(set(_files_of_tasks(suite, folder)))
    return sha256(suite.hash.encode() + b"".join(found)).hexdigest()[:16] if found else suite.hash


def workspaces_hash(suite: Suite, folder: Path) -> str:
    """Tell what tasks begin with, and are tested by, from what they did at another time."""
    return sha256(b"".join(_files_of_tasks(suite, folder))).hexdigest()[:16]


def _files_of_tasks(suite: Suite, folder: Path) -> Iterator[bytes]:
    """The name and hash of each file that tasks begin with or are tested by, and whether it may be run."""
    for name in (name for case in suite.tasks for name in case.folders):
        for path in sorted(path for path in (folder / name).rglob("*") if path.is_file()):
            program = b"program\0" if os.access(path, os.X_OK) else b""
            yield f"{path.relative_to(folder)}\0".encode() + program + sha256(path.read_bytes()).digest()


def copy_workspaces(suite: Suite, source: Path, target: Path) -> None:
    """Copy what tasks begin with and are tested by from beside one suite's file to beside another's."""
    for name in {name for case in suite.tasks for name in case.folders}:
        if (source / name).is_dir() and (target / name).resolve().is_relative_to(target.resolve()):
            shutil.copytree(source / name, target / name, symlinks=True, dirs_exist_ok=True)


def write(place: Place, suite: Suite) -> None:
    """Write a skill's suite."""
    place.suite.parent.mkdir(parents=True, exist_ok=True)
    replace_file(place.suite, text_of(suite).encode())


def copy_beside(place: Place, folder: Path, copied: Mapping[str, str]) -> None:
    """Copy files of a folder that was imported beside the suite."""
    for into, origin in copied.items():
        path = place.suite.parent / into
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / origin, path)
