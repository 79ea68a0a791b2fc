"""What one run of `improve` is made of: a folder with suite and skill as they were, the probe's settings, and the search so far.

All that decides is settled when the run begins. A run that was killed goes on with the same, whatever was set or seen since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from autotune.core.codec import decode
from autotune.core.skills.surfaces import Scope
from autotune.edges.folders import data_folder
from autotune.edges.run_folders import RUN
from autotune.errors import AutotuneError

WISH, SAME = "wish.json", "same.json"
PROBE, SUITE, IDS, BASE, PROPOSAL = "probe.toml", "suite.jsonl", "ids.txt", "base", "proposal"


@dataclass(frozen=True, slots=True)
class Run:
    """What stays as it is in a run.

    All its money is counted under `name`. `top` is the repository, `inside` the skill's folder in it, `base` the commit that it begins
    from. `read` and `select` are the search's cases, `confirm` those that decide, of which a model has invented so many. `decides` is
    false where these are too few, or the instrument is not the real client: then a better text is only proposed. `refused` was tried
    before, `further` is tried next where it brings nothing.
    """

    name: str
    skill: str
    top: str
    inside: str
    base: str
    scope: Scope
    metric: str
    seed: int
    proposer: str
    proposals: int
    read: tuple[str, ...]
    select: tuple[str, ...]
    confirm: tuple[str, ...]
    invented: int
    decides: bool
    max_usd: float
    max_usd_per_day: float | None = None
    max_calls_per_day: int | None = None
    refused: tuple[Mapping[str, str], ...] = ()
    further: tuple[Scope, ...] = ()


def home_of(skill: Path) -> Path:
    """Where the runs of a skill lie, one folder each, by their numbers."""
    return data_folder() / "improve" / f"{skill.name}-{sha256(str(skill.resolve()).encode()).hexdigest()[:8]}"


def read(folder: Path) -> Run:
    """A run's settings. Raises AutotuneError where the folder is none of a run."""
    try:
        return decode(Run, json.loads((folder / RUN).read_bytes()))
    except (OSError, ValueError) as problem:
        hint = "go on with the version of autotune that made it, or move that folder away: then another run begins"
        raise AutotuneError(f"{folder} is no run of improve that this version can read: {problem}.", hint) from None
