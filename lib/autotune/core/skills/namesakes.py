"""Skills of one name in several projects, told apart: by the folder that ran, else by descriptions that cannot be one skill's in turn.

A name that means several skills gets its project behind it, `deploy @ /home/me/shop`; all others stay as they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from autotune.core.skills.seen import Offer
from autotune.core.skills.turns import Turn

SEPARATOR = " @ "
_SKILLS = re.compile(r"^(?P<above>.*?)/(?:\.claude|\.agents|\.opencode|\.codex|\.config/opencode)/skills?/[^/]+/?$")
Homes = Mapping[tuple[str, str], str]
"""By a name and the folder that a session works in: the folder whose skill that is."""


def told_apart(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The turns with every name that means several skills made into several."""
    homes = _homes(turns)
    if not homes:
        return turns
    names, listings = {name for name, _ in homes}, dict[tuple[int, str], Mapping[str, Offer]]()
    return [_renamed(turn, homes, listings) if _names(turn, names) else turn for turn in turns]


def plain(name: str) -> str:
    """A name as its listing has it."""
    return name.partition(SEPARATOR)[0]


def spoken(name: str) -> str:
    """A name as people say it: without its plugin and its project."""
    return plain(name).rpartition(":")[2]


def _homes(turns: Sequence[Turn]) -> dict[tuple[str, str], str]:
    """Where each name that means several skills is at home."""
    ran, shown = _ran(turns), _shown(turns)
    found = dict[tuple[str, str], str]()
    for name, folders in shown.items():
        known = ran.get(name, set())
        if len(known) > 1 or (len(folders) > 1 and _differ(folders.values())):
            homes = {folder: _home(folder, known, folders) for folder in folders}
            found.update({(name, folder): home for folder, home in homes.items() if len(set(homes.values())) > 1})
    return found


def _ran(turns: Sequence[Turn]) -> Mapping[str, set[str]]:
    """By name, the folders above those whose skill ran."""
    found = defaultdict[str, set[str]](set)
    for turn in turns:
        for one in turn.fired:
            if one.folder and ":" not in one.name and (place := _SKILLS.match(one.folder)):
                found[one.name].add(place["above"])
    return found


def _shown(turns: Sequence[Turn]) -> Mapping[str, Mapping[str, list[tuple[str, str]]]]:
    """By name and the folder that sessions worked in: when which description was shown there. Names of plugins mean one skill each."""
    found = defaultdict[str, dict[str, list[tuple[str, str]]]](dict)
    last: tuple[object, str] = (None, "")
    for turn in turns:
        if not turn.folder or (last[0] is turn.offered and last[1] == turn.folder):
            continue
        last = (turn.offered, turn.folder)
        for name, offer in turn.offered.items():
            if ":" not in name:
                found[name].setdefault(turn.folder, []).append((turn.at, offer.digest or ""))
    return found


def _home(folder: str, known: Iterable[str], shown: Mapping[str, list[tuple[str, str]]]) -> str:
    """The nearest folder above whose skill ran; else that of a folder with the same description; else it has a skill of its own."""
    above = [one for one in known if folder == one or folder.startswith(f"{one}/")]
    if above:
        return max(above, key=len)
    mine = {digest for _, digest in shown[folder] if digest}
    alike = [other for other, times in shown.items() if other != folder and mine & {digest for _, digest in times}]
    return next((home for other in alike if (home := _home(other, known, {other: []})) != other), folder)


def _differ(shown: Iterable[Sequence[tuple[str, str]]]) -> bool:
    """Whether descriptions cannot be of one skill that changed: one was shown before and after another, in another folder."""
    spans = dict[str, tuple[str, str, int]]()
    for place, times in enumerate(shown):
        for at, digest in times:
            if digest:
                first, last, where = spans.get(digest, (at, at, place))
                if where != place:
                    return False  # the same description in two folders: they may well have one skill
                spans[digest] = (min(first, at), max(last, at), place)
    ordered = sorted(spans.values())
    return any(later[0] < earlier[1] and later[2] != earlier[2] for earlier, later in pairwise(ordered))


def _names(turn: Turn, names: set[str]) -> bool:
    return bool(turn.folder) and (not names.isdisjoint(turn.offered) or any(one.name in names for one in turn.fired))


def _renamed(turn: Turn, homes: Homes, listings: dict[tuple[int, str], Mapping[str, Offer]]) -> Turn:
    def called(name: str) -> str:
        home = homes.get((name, turn.folder))
        return name if home is None else f"{name}{SEPARATOR}{home}"

    key = (id(turn.offered), turn.folder)
    if key not in listings:
        listings[key] = {called(name): replace(offer, name=called(name)) for name, offer in turn.offered.items()}
    fired = tuple(replace(one, name=called(one.name)) for one in turn.fired)
    return replace(turn, offered=listings[key], fired=fired)
