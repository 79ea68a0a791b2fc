"""A plan's file, read strictly: groups that hold every change once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autotune.core.codec import read_toml
from autotune.core.handover.plan import Change, Group
from autotune.errors import AutotuneError

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-]))*")
_KEYS = {"name", "title", "changes"}


def read(text: str, name: str, changes: Sequence[Change]) -> tuple[Group, ...]:
    """Read the groups of a plan's file called `name`; raises `AutotuneError` where it is no plan of just these changes."""
    try:
        found = read_toml(text)
    except ValueError as error:
        raise _no_plan(name, f"it is not TOML: {error}") from None
    listed = found.get("branch")
    if found.keys() != {"branch"} or not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _no_plan(name, "it has to hold [[branch]] tables, and nothing else")
    groups = tuple(_group(name, number, table, changes) for number, table in enumerate(listed, 1))
    _refuse_names(name, groups)
    _refuse_count(name, [place for group in groups for place in group.changes], changes)
    return groups


def _group(name: str, number: int, table: Mapping[str, Any], changes: Sequence[Change]) -> Group:
    if table.keys() != _KEYS:
        raise _no_plan(name, f"branch {number} has the keys {', '.join(sorted(table))}, not name, title and changes")
    called, title, held = table["name"], table["title"], table["changes"]
    if not isinstance(called, str) or not _NAME.fullmatch(called) or called.endswith(".lock"):
        raise _no_plan(name, f"the name of branch {number} is {called!r}: letters, figures, `-`, `_` and dots between them make one")
    if not isinstance(title, str) or not title.strip():
        raise _no_plan(name, f"the title of branch {number} is {title!r}: say in a line what it is")
    if not isinstance(held, list):
        raise _no_plan(name, f"the changes of branch {number} are {held!r}, not a list")
    places = {change.key: place for place, change in enumerate(changes)}
    for key in held:
        if isinstance(key, bool) or not isinstance(key, int | str) or key not in places:
            raise _no_plan(name, f"branch {number} holds the change {key!r}, which the session does not have")
    return Group(called, " ".join(title.split()), tuple(places[key] for key in held))


def _refuse_names(name: str, groups: Iterable[Group]) -> None:
    seen: set[str] = set()
    for group in groups:
        if group.name.lower() in seen:  # of names that differ in case alone, some file systems hold one
            raise _no_plan(name, f"two branches are called {group.name}")
        seen.add(group.name.lower())


def _refuse_count(name: str, held: Sequence[int], changes: Sequence[Change]) -> None:
    for place, change in enumerate(changes):
        if held.count(place) != 1:
            often = "in no branch" if place not in held else f"there {held.count(place)} times"
            raise _no_plan(name, f"change {change.key} is {often}, and each has to be in one branch")


def _no_plan(name: str, problem: str) -> AutotuneError:
    return AutotuneError(
        f"{name} is not a plan: {problem}.", "mend it, or delete it: then the next `autotune finalize --plan` writes it again"
    )
