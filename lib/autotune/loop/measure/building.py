"""Builds: what `prepare` made of each arm, kept from run to run where it is made once a comparison (`build_once`)."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autotune.core.model import Arm
from autotune.edges import carried, indexes, place, tree
from autotune.edges.place import Place


@dataclass(frozen=True, slots=True)
class Made:
    """What `prepare` made: of which content, under which paths, and each file's stamp."""

    content: str
    paths: tuple[str, ...]
    stamps: Mapping[str, Sequence[int]]


@dataclass(slots=True)
class Builds:
    """A tree for each arm. They take turns at one path, which so favours neither; `here` is whose tree stands there.

    `stamps` are those of what stays, in the tree that does not stand there: a copy of a file has others.
    """

    place: Place
    here: Arm | None = None
    made: dict[Arm, Made] = field(default_factory=dict)
    stamps: dict[Arm, dict[str, Sequence[int]]] = field(default_factory=dict)

    def enter(self, arm: Arm, content: str) -> tuple[str, ...]:
        """Put an arm's tree in place; gives the paths of what was made of its content."""
        if self.here is None:
            for parked in map(self._parked, Arm):
                shutil.rmtree(parked, ignore_errors=True)
        elif arm is not self.here:
            place.exchange(self.place, self._parked(self.here), self._parked(arm))
            self.stamps[self.here] = dict(self.place.carried.stamps)
            self.place.carried.stamps.update(self.stamps.get(arm, {}))
        self.here = arm
        return self.standing(arm, content)

    def _parked(self, arm: Arm) -> Path:
        return self.place.top.with_name(f"{self.place.top.name}-{arm}")

    def standing(self, arm: Arm, content: str) -> tuple[str, ...]:
        """Give the paths of what was made of an arm's content, nothing where there is none or a run has touched it."""
        made = self.made.get(arm)
        if made is None or made.content != content or carried.carried_now(self.place.top, made.paths) != made.stamps:
            return ()
        return made.paths

    def remember(self, arm: Arm, content: str) -> None:
        """Take note of what was just made. It cannot be kept where it replaces tracked files, or lies where nobody sees it."""
        tree.point_at(self.place.view, content)
        paths = place.left_beside(self.place)
        self.made.pop(arm, None)
        if paths and not indexes.unlike_index(self.place.top, self.place.view.index):
            self.made[arm] = Made(content, paths, carried.carried_now(self.place.top, paths))
