"""A new skill: the folder that it begins with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from autotune.core.skills.package import MOST_DESCRIPTION, MOST_NAME, PLACEHOLDER, SKILL
from autotune.core.skills.surfaces import scalar
from autotune.edges.atomic import replace_file
from autotune.errors import AutotuneError

_OVERVIEW = "references/overview.md"


def scaffold(name: str, description: str, steps: Sequence[str] = ()) -> dict[str, str]:
    """The files of a new skill, by path; `steps` are the skills of a workflow. Raises AutotuneError for a wrong name."""
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name) or len(name) > MOST_NAME:
        raise AutotuneError(
            f"{name} is no name of a skill.", f"write at most {MOST_NAME} small letters and digits, with single hyphens between words"
        )
    if len(description) > MOST_DESCRIPTION:
        raise AutotuneError(f"The description has {len(description)} characters.", f"write at most {MOST_DESCRIPTION}")
    title = name.replace("-", " ").capitalize()
    lines = ["---", f"name: {name}", f"description: {scalar(description or PLACEHOLDER)}", "---", "", f"# {title}", "", *_body(steps)]
    return {
        SKILL: "\n".join(lines) + "\n",
        _OVERVIEW: f"# {title}: background\n\nWrite here what is needed now and then, and would make SKILL.md long.\n",
    }


def make(folder: Path, files: dict[str, str]) -> None:
    """Write a new skill's files. Raises AutotuneError where the folder is there."""
    if folder.exists():
        raise AutotuneError(f"{folder} is there already.", "take another name, or change what is there")
    for path, text in sorted(files.items(), reverse=True):  # SKILL.md is last: hosts see a whole skill, or none
        replace_file(folder / path, text.encode())


def usual_place(home: Path, top: Path | None) -> Path:
    """Where a new skill goes: into the repository around you, else to your own."""
    return (top if top is not None else home) / ".claude" / "skills"


def _body(steps: Sequence[str]) -> list[str]:
    if steps:
        told = [f"{number}. Use the skill `{step}`." for number, step in enumerate(steps, 1)]
        return ["## Steps", "", *told, "", "Give the result of each step to the next one.", "", f"More is in [the overview]({_OVERVIEW})."]
    return ["## Steps", "", "1. Say what to do first.", "", f"More is in [the overview]({_OVERVIEW})."]
