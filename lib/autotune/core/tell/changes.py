"""What each line of a change is, as git shows it: a file's name, a place in it, added, removed, or as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

_IN_A_FILE = {"+": "added", "-": "removed", "@": "place"}


def parts(lines: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Give lines that are of one kind together: `file`, `place`, `added`, `removed` or `same`."""
    for kind, held in groupby(_kinds(lines), key=lambda one: one[0]):
        yield kind, [line for _, line in held]


def _kinds(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each line with its kind: what begins like a file's name is one only before the first place of a file."""
    before_a_place = True
    for line in lines:
        if line.startswith("diff "):
            before_a_place = True
        elif line.startswith("@@"):
            before_a_place = False
        yield ("file" if before_a_place else _IN_A_FILE.get(line[:1], "same")), line
