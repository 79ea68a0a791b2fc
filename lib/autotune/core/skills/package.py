"""A skill's folder as a value, and what is wrong with it: by the open specification, by its host, by its own links.

What the specification refuses is said by its published validator, skills-ref. Fields that Claude Code knows besides are allowed by name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import PurePosixPath
from posixpath import normpath

from autotune.core.skills import frontmatter
from autotune.core.skills.frontmatter import Doubt, Frontmatter, Unreadable, lines_of

SKILL = "SKILL.md"
MOST_NAME, MOST_DESCRIPTION = 64, 1024  # characters that the specification allows
MOST_LISTED = 1536  # characters of description and when_to_use that a listing shows of one skill
PLACEHOLDER = "TODO: describe this skill"
"""The description of a new skill, until you write one."""
MOST_LINES = 500  # of the text; the specification recommends fewer
HOST_FIELDS = frozenset(
    {
        *("when_to_use", "argument-hint", "arguments", "disable-model-invocation", "user-invocable", "disallowed-tools", "model"),
        *("effort", "context", "agent", "background", "hooks", "paths", "shell", "version"),
    }
)
_TESTS = "evals/"
_OWN_FOLDERS = ("scripts", "references", "assets", "workflows")
_LINK = re.compile(r"\]\(\s*<?(?P<target>[^)\s>]+)>?(?:\s+[\"'(][^)]*)?\)|^\s{0,3}\[[^\]]+\]:\s*<?(?P<other>[^\s>]+)", re.MULTILINE)
_NAMED = re.compile(rf"`(?P<path>(?:\./)?(?:{'|'.join(_OWN_FOLDERS)})/[\w./-]*\w)`")
_FENCED = re.compile(r"^(?P<fence>\s*(?:```+|~~~+)).*?(?:^\s*(?:```+|~~~+)\s*$|\Z)", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r"`[^`\n]*`")


class Rule(StrEnum):
    """What a skill's folder breaks."""

    NO_FILE = "no SKILL.md"
    UNREADABLE = "head unreadable"
    DOUBTFUL = "head doubtful"
    SPECIFICATION = "specification"
    LONG = "long"
    CUT = "listing cut"
    LINK_LOST = "link lost"
    ANCHOR_LOST = "anchor lost"
    LINK_OUTSIDE = "link outside"
    FILE_LOST = "file lost"
    SECRET = "secret"  # noqa: S105 - a rule's name
    EMPTY = "empty"
    PLACEHOLDER = "placeholder"


_COPIED_OUT = ("templates/", "assets/")  # what lies there is filled in elsewhere, and its links are of that place
WARNINGS = frozenset({Rule.LONG, Rule.CUT, Rule.FILE_LOST, Rule.LINK_OUTSIDE, Rule.EMPTY})


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong: a rule, the file, the line where there is one, and what it is about."""

    rule: Rule
    path: str = SKILL
    line: int | None = None
    about: str = ""

    @property
    def stops(self) -> bool:
        """Whether nothing may be measured or deployed before it is mended."""
        return self.rule not in WARNINGS


@dataclass(frozen=True)
class Package:
    """A folder: its name, and its files by their path in it; `executable` names those that may be run."""

    name: str
    files: Mapping[str, bytes]
    executable: frozenset[str] = frozenset()

    @cached_property
    def head(self) -> Frontmatter | None:
        """What its SKILL.md says; None where it is not there or cannot be read."""
        try:
            return frontmatter.read(self.text(SKILL))
        except Unreadable:
            return None

    def text(self, path: str) -> str:
        """A file as text, empty where it is not there."""
        return self.files.get(path, b"").decode("utf-8", "replace")

    @property
    def fingerprint(self) -> str:
        """The first 16 hex digits of the SHA-256 of its files but its tests: names, modes and contents."""
        found = hashlib.sha256()
        for path in sorted(one for one in self.files if not one.startswith(_TESTS)):
            found.update(f"{path}\0{int(path in self.executable)}\0{len(self.files[path])}\0".encode("utf-8", "surrogateescape"))
            found.update(self.files[path])
        return found.hexdigest()[:16]

    @property
    def listed(self) -> str:
        """What a listing shows of it, uncut."""
        head = self.head
        if head is None:
            return ""
        said, when = head.text("description"), head.text("when_to_use")
        return " ".join(f"{said} - {when}".split() if when else said.split())


def flaws(package: Package) -> tuple[Flaw, ...]:
    """Everything that is wrong with a package, what stops it first."""
    found = [*_of_head(package), *_of_text(package), *_of_links(package)]
    return tuple(sorted(found, key=lambda one: (not one.stops, one.path, one.line or 0)))


def _of_head(package: Package) -> Iterator[Flaw]:
    if SKILL not in package.files:
        yield Flaw(Rule.NO_FILE)
        return
    try:
        head = frontmatter.read(package.files[SKILL].decode())
    except Unreadable as wrong:
        yield Flaw(Rule.UNREADABLE, SKILL, wrong.line, wrong.what)
        return
    except UnicodeDecodeError as wrong:
        yield Flaw(Rule.UNREADABLE, SKILL, package.files[SKILL].count(b"\n", 0, wrong.start) + 1, "not UTF-8")
        return
    yield from _of_specification(package, head)
    if head.text("description") == PLACEHOLDER:
        yield Flaw(Rule.PLACEHOLDER)


def _of_specification(package: Package, head: Frontmatter) -> Iterator[Flaw]:
    """What the validator refuses. Where it cannot read the YAML, the doubts of our own reading say why, if there are any."""
    from skills_ref.errors import ParseError
    from skills_ref.parser import parse_frontmatter
    from skills_ref.validator import validate_metadata

    if cut := next((line for doubt, line in head.doubts if doubt is Doubt.FENCE), None):
        yield Flaw(Rule.DOUBTFUL, SKILL, cut, Doubt.FENCE)
        return
    of_host = {number for key, place in head.places if key in HOST_FIELDS for number in place}
    lines = [line.rstrip("\r\n") for line in lines_of(package.text(SKILL))]
    text = "\n".join("" if number in of_host else line for number, line in enumerate(lines, 1))
    try:
        fields, _ = parse_frontmatter(text)
    except (ParseError, AttributeError) as wrong:  # what cannot be printed makes it fail
        doubts = [Flaw(Rule.DOUBTFUL, SKILL, line, str(doubt)) for doubt, line in dict.fromkeys(head.doubts) if line not in of_host]
        yield from doubts or [_refused(wrong)]
        return
    for said in validate_metadata(fields, PurePosixPath(package.name)):
        yield Flaw(Rule.SPECIFICATION, about=said)


def _refused(wrong: Exception) -> Flaw:
    """The line and the words of YAML that the validator cannot read; `wrong` was raised in handling what names them."""
    line = getattr(getattr(wrong.__context__, "problem_mark", None), "line", None)
    return Flaw(Rule.SPECIFICATION, SKILL, line if line is None else line + 1, getattr(wrong.__context__, "problem", None) or str(wrong))


def _of_text(package: Package) -> Iterator[Flaw]:
    head = package.head
    if head is None:
        return
    if not head.body.strip():
        yield Flaw(Rule.EMPTY, SKILL, head.body_line)
    if (lines := len(head.body.splitlines())) > MOST_LINES:
        yield Flaw(Rule.LONG, SKILL, None, str(lines))
    if (shown := len(package.listed)) > MOST_LISTED:
        yield Flaw(Rule.CUT, SKILL, None, str(shown))


def _of_links(package: Package) -> Iterator[Flaw]:
    pages = (one for one in package.files if one.lower().endswith(".md") and not one.startswith(_COPIED_OUT))
    for path in sorted(pages):
        text = _FENCED.sub(_blank, package.text(path))
        for found in _LINK.finditer(_QUOTED.sub(_blank, text)):
            target = found["target"] or found["other"]
            yield from _of_link(package, path, target, text.count("\n", 0, found.start()) + 1)
        for found in _NAMED.finditer(text):
            if not _is_there(package, _resolved("", found["path"])) and not _is_there(package, _resolved(path, found["path"])):
                yield Flaw(Rule.FILE_LOST, path, text.count("\n", 0, found.start()) + 1, found["path"])


def _of_link(package: Package, path: str, target: str, line: int) -> Iterator[Flaw]:
    place, _, anchor = target.partition("#")
    if re.match(r"[A-Za-z][\w+.-]*:|/|\$", place):
        return
    there = _resolved(path, place) if place else path
    if there.startswith("../"):
        yield Flaw(Rule.LINK_OUTSIDE, path, line, target)
    elif not _is_there(package, there):
        yield Flaw(Rule.LINK_LOST, path, line, target)
    elif anchor and there.lower().endswith(".md") and anchor.lower() not in anchors(package.text(there)):
        yield Flaw(Rule.ANCHOR_LOST, path, line, target)


def anchors(text: str) -> frozenset[str]:
    """The anchors that a page's headings have, as hosts of git make them."""
    found, seen = set[str](), dict[str, int]()
    for line in _FENCED.sub(_blank, text).splitlines():
        if heading := re.match(r"\s{0,3}#{1,6}\s+(.*?)\s*#*$", line):
            slug = re.sub(r"[^\w\- ]", "", heading[1].strip().lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
            seen[slug] = seen.get(slug, 0) + 1
    return frozenset(found | set(re.findall(r"<a\s+(?:id|name)=[\"']([^\"']+)", text)))


def _resolved(path: str, target: str) -> str:
    return normpath(str(PurePosixPath(path).parent / target.replace("%20", " ")))


def _is_there(package: Package, path: str) -> bool:
    return path == "." or path in package.files or any(one.startswith(f"{path}/") for one in package.files)


def _blank(found: re.Match[str]) -> str:
    """As many lines and characters of nothing."""
    return re.sub(r"[^\n]", " ", found[0])
