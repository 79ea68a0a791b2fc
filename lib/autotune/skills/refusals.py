"""Texts of a skill that were tried in vain: what a session did not keep, and what was deployed and taken back.

What the log of deployments says is in place was put there by you, so it is none of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from autotune.core.rollout.events import Intent, State
from autotune.core.search.model import Texts, alike
from autotune.core.skills.package import Package
from autotune.core.skills.surfaces import Scope, texts_of, with_texts
from autotune.edges import run_folders
from autotune.rollout import deploying as rollouts
from autotune.rollout import snapshots
from autotune.skills import improve_runs as runs
from autotune.skills import packages
from autotune.skills.deploying import TAKEN_BACK, target_of
from autotune.skills.installed import SLOT, Skill

IN_VAIN = "not confirmed"
"""The state of a run whose text its session did not keep."""


def refused(skill: Skill, home: Path, scope: Scope) -> tuple[Texts, ...]:
    """The texts of a scope that may neither be proposed nor begun from; `home` is where the skill's runs lie."""
    state = rollouts.read(target_of(skill))
    now = state.placed.get(SLOT)
    placed = {} if now is None else texts_of(_version(skill, now), scope)
    found = [*_not_kept(home), *_taken_back(skill, state)]
    texts = [after for before, after in ((texts_of(one, scope), texts_of(other, scope)) for one, other in found) if after != before]
    return tuple(one for one in texts if not alike(one, placed))


def _not_kept(home: Path) -> Iterator[tuple[Package, Package]]:
    """What runs began from, and what their sessions did not keep."""
    for path in run_folders.numbered(home):
        said = json.loads((path / run_folders.RESULT).read_bytes()) if (path / run_folders.RESULT).is_file() else {}
        if said.get("state") == IN_VAIN and said.get("texts"):
            base = packages.read(path / runs.BASE / runs.read(path).skill)
            yield base, with_texts(base, said["texts"])


def _taken_back(skill: Skill, state: State) -> Iterator[tuple[Package, Package]]:
    """What versions were taken back to, and these."""
    for version, earlier in _back(state.deployments).items():
        yield _version(skill, earlier), _version(skill, version)


def _back(deployments: tuple[Intent, ...]) -> Mapping[str, str]:
    """The versions that were taken back and did not come again, each with what came in its place."""
    gone, row = dict[str, str](), list[str]()
    for one in deployments:
        version = str(one.changes[0].after)
        if one.why == TAKEN_BACK:
            first = row.index(version) + 1 if version in row else len(row) - 1
            gone |= dict.fromkeys(row[first:], version)
            del row[first:]
        if row[-1:] != [version]:
            row.append(version)
        gone.pop(version, None)
    return gone


def _version(skill: Skill, version: str) -> Package:
    return packages.read(snapshots.content(target_of(skill).store, version), skill.folder.name)
