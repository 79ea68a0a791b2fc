"""Which playbook comes next, and within which budget."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from posixpath import basename, commonpath, dirname

from autotune.core.health.transitions import Health, Vitals
from autotune.core.trust.patterns import literal


class Playbook(StrEnum):
    """A recovery action."""

    REBASELINE = "rebaseline"
    SHRINK_SCOPE = "shrink_scope"
    DIAGNOSE = "diagnose"
    PAUSE = "pause"


SHRUNK_FOR = 3  # experiments that a narrowed scope lasts


def next_playbook(vitals: Vitals, playbooks: Sequence[str], max_attempts: int) -> Playbook | None:
    """Name the playbook that `vitals` calls for, or None where the loop is well, or its budget is spent and it should go on all the same.

    The playbooks are taken in order, one an attempt; a keep starts again at the first. `pause` among them follows the others. Where the
    incumbent fails too, no candidate can help: diagnose the first time (if it is configured, within the budget), then pause.
    """
    if vitals.health not in (Health.PLATEAUED, Health.CRASHING):
        return None
    if vitals.broken:
        may_diagnose = vitals.broken == 1 and Playbook.DIAGNOSE in playbooks and vitals.attempts < max_attempts
        return Playbook.DIAGNOSE if may_diagnose else Playbook.PAUSE
    steps = [one for one in playbooks if one != Playbook.PAUSE]
    if vitals.attempts < min(max_attempts, len(steps)):
        return Playbook(steps[vitals.attempts])
    return Playbook.PAUSE if Playbook.PAUSE in playbooks else None


def narrower_scope(last_kept: Sequence[str], failed: Sequence[Sequence[str]], scope: Sequence[str]) -> tuple[str, ...]:
    """Give the patterns of a narrower scope: the files of the last keep, else the smallest folder that holds the last failures' files.

    `failed` holds each failed experiment's files. Empty where nothing narrower than `scope` can be named.
    """
    narrowed = _files(last_kept) if last_kept else _around({path for files in failed for path in files})
    return () if all(_lies_in(pattern, narrowed) for pattern in scope) else narrowed


def _lies_in(pattern: str, narrowed: Sequence[str]) -> bool:
    """Whether a pattern begins with a file or folder of the narrowed scope, so that it means nothing beyond it."""
    return any(f"{pattern.removesuffix('/')}/".startswith(f"{one.removesuffix('/**')}/") for one in narrowed)


def _files(paths: Collection[str]) -> tuple[str, ...]:
    return tuple(literal(path) for path in sorted(set(paths)))


def _around(paths: Collection[str]) -> tuple[str, ...]:
    """Give the pattern of the smallest folder that holds all the files, or theirs where that is, or holds, the working directory itself."""
    folder = commonpath([dirname(path) for path in paths]) if paths else ""
    return (f"{literal(folder)}/**",) if basename(folder) not in ("", "..") else _files(paths)
