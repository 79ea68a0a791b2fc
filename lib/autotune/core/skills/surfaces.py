"""What of a skill a search changes, as texts: its description, how it routes its own work, its body. All else stays byte for byte.

texts_of(package, scope)          the texts of a scope
with_texts(package, texts)        the package with other texts in their places
amiss(base, texts, spoken)        why texts may not be tried, as far as that shows without the package's own rules
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from autotune.core.skills.frontmatter import lines_of
from autotune.core.skills.package import MOST_DESCRIPTION, SKILL, Package

DESCRIPTION, ROUTING, BODY = "description", "routing", "body"
HELD = "<!-- routing -->"
"""What stands in a body for its routing section, which is a text of its own."""
LEAST_TIMES, MOST_TIMES = 1 / 3, 3.0  # of the words that a text had
FEW_WORDS = 10  # of which less is no text to keep to
SPOKEN = 6  # words in a row that are a user's own
_ROUTES = re.compile(r"^#{2,}\s.*\b(?:routing|when to use|triggers?)\b", re.IGNORECASE)
_HEADING = re.compile(r"^(#{1,6})\s")


class Scope(StrEnum):
    """How much of a skill may change. `auto` takes the smallest that can help."""

    AUTO = "auto"
    DESCRIPTION = "description"
    ROUTING = "routing"
    BODY = "body"
    PACKAGE = "package"


class Amiss(StrEnum):
    """Why a text may not be tried."""

    EMPTY = "empty"
    LONG = "long"
    SIZE = "size"
    ROUTING_LOST = "routing lost"
    SPOKEN = "spoken"
    MARKUP = "markup"


_TEXTS: Mapping[Scope, tuple[str, ...]] = {
    Scope.DESCRIPTION: (DESCRIPTION,),
    Scope.ROUTING: (ROUTING,),
    Scope.BODY: (BODY,),
    Scope.PACKAGE: (BODY, ROUTING),
}


def texts_of(package: Package, scope: Scope) -> dict[str, str]:
    """The texts of a scope that a package has, by their names."""
    head = package.head
    if head is None:
        return {}
    body, routing = _parts(head.body)
    there = {DESCRIPTION: head.text(DESCRIPTION), ROUTING: routing, BODY: body}
    return {name: there[name] for name in _TEXTS[scope] if there[name]}


def with_texts(package: Package, texts: Mapping[str, str]) -> Package:
    """The package with other texts in their places. Raises ValueError where its head cannot be read."""
    lines = lines_of(package.text(SKILL))
    head = package.head
    if head is None:
        raise ValueError("the head cannot be read")
    end = lines[0][len(lines[0].rstrip("\r\n")) :]
    if BODY in texts or ROUTING in texts:
        body, routing = _parts(head.body)
        whole = texts.get(BODY, body).replace(HELD, texts.get(ROUTING, routing))
        lines = [*lines[: head.body_line - 1], f"\n{whole.strip()}\n".replace("\n", end)]
    if DESCRIPTION in texts:
        place = next(place for key, place in head.places if key == DESCRIPTION)
        lines[place.start - 1 : place.stop - 1] = [f"{DESCRIPTION}: {scalar(texts[DESCRIPTION])}{end}"]
    return replace(package, files={**package.files, SKILL: "".join(lines).encode()})


def amiss(base: Mapping[str, str], texts: Mapping[str, str], spoken: Sequence[str] = ()) -> Amiss | None:
    """Say why texts that are proposed in place of `base` may not be tried. `spoken` is what users said, which none may repeat."""
    changed = [name for name in texts if texts[name] != base[name]]
    return next((why for name in changed for why, holds in _faults(name, base[name], texts[name], spoken) if holds), None)


def _faults(name: str, before: str, text: str, spoken: Sequence[str]) -> Iterator[tuple[Amiss, bool]]:
    words, had, described = len(text.split()), len(before.split()), name == DESCRIPTION
    most = MOST_TIMES * max(had, 4 * FEW_WORDS if described else FEW_WORDS)
    yield Amiss.EMPTY, not words
    yield Amiss.LONG, described and len(text) > MOST_DESCRIPTION
    yield Amiss.MARKUP, described and re.search(r"[<>]", text) is not None
    yield Amiss.SIZE, not LEAST_TIMES * had <= words <= most
    yield Amiss.ROUTING_LOST, name == BODY and text.count(HELD) != before.count(HELD)
    yield Amiss.SPOKEN, any(_repeats(text, one) for one in spoken)


def scalar(text: str) -> str:
    """A text on one line that every reader of YAML understands."""
    plain = " ".join(text.split())
    safe = re.fullmatch(r"[A-Za-z0-9(][^#:]*", plain) and plain.lower() not in ("true", "false", "null", "yes", "no")
    return plain if safe else json.dumps(plain, ensure_ascii=False)


def _parts(body: str) -> tuple[str, str]:
    """A body with a mark for its first section on routing, and that section."""
    lines, held = body.splitlines(), [*_section(body.splitlines())]
    if not held:
        return body, ""
    first, end = held
    return "\n".join([*lines[:first], HELD, *lines[end:]]), "\n".join(lines[first:end]).strip("\n")


def _section(lines: list[str]) -> tuple[int, ...]:
    """Where the section on routing begins and ends; nothing where there is none."""
    first = next((number for number, line in enumerate(lines) if _ROUTES.match(line)), None)
    if first is None:
        return ()
    depth = len(lines[first]) - len(lines[first].lstrip("#"))
    for number in range(first + 1, len(lines)):
        found = _HEADING.match(lines[number])
        if found and len(found[1]) <= depth:
            return first, number
    return first, len(lines)


def _repeats(text: str, spoken: str) -> bool:
    """Whether a text has so many of a user's words in a row."""
    words = re.findall(r"\w+", spoken.lower())
    plain = " ".join(["", *re.findall(r"\w+", text.lower()), ""])
    return any(f" {' '.join(words[place : place + SPOKEN])} " in plain for place in range(len(words) - SPOKEN + 1))
