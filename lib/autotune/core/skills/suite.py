"""A suite: the cases that a skill is measured on, as lines of JSON in a file.

The first line names the skill. Each other line is a case: a query that has to fire the skill or must not (`routing`), or a piece of work
that the skill has to do (`task`). Every case says where it is from. A suite is known by a hash of its contents, whatever their order.

    parse(text), text_of(suite)     read strictly, and written
    part_of(case)                   train, select or confirm: by a hash of the conversation, so that later cases move no other
    listed_case(case)               as a session lists it
    with_cases(suite, cases)        with further cases, each once
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from autotune.core.cases.split import Case, Side, place
from autotune.core.codec import Malformed, decode, encode, read_json

VERSION = 1
CONFIRMS, SELECTS = 0.6, 0.5  # of the conversations; of what is left, those that a search selects by
LONGEST_QUERY = 4000  # characters
FOLDER, FILE = "skill-suites", "suite.jsonl"


class Kind(StrEnum):
    """What a case asks of a skill."""

    ROUTING = "routing"
    TASK = "task"


class Type(StrEnum):
    """How a query speaks of a skill: by its name, by what it does, by a situation; or it is one that must not fire it."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"
    CONTEXTUAL = "contextual"
    NEGATIVE = "negative"


class By(StrEnum):
    """Who made a case."""

    RECORDS = "records"
    MODEL = "model"
    PERSON = "person"
    IMPORT = "import"


class SuitePart(StrEnum):
    """What a case is for: a proposer reads train, a search selects by select, and confirm decides."""

    TRAIN = "train"
    SELECT = "select"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a case is from: who made it, why it is one, when (a day), the model or the file."""

    by: By
    why: str
    at: str
    model: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class RoutingCase:
    """A query. `group` is the conversation that it is from, `instead` the skill that rightly fired for it."""

    id: str
    type: Type
    query: str
    source: Source
    group: str | None = None
    instead: str | None = None
    kind: Kind = Kind.ROUTING

    @property
    def fits(self) -> bool:
        """Whether the skill has to fire."""
        return self.type is not Type.NEGATIVE


class CheckKind(StrEnum):
    """What a check looks at."""

    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    REGEX = "regex"
    FILE_EXISTS = "file_exists"
    TOOL_USED = "tool_used"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion on what a task has come to.

    `contains`, `not_contains` and `regex` look at the last answer, or into the file `path`. `file_exists` looks for `path`. With `exists`
    false, a pattern or file must not be there. `tool_used` counts calls of `tool` whose input matches `input_match`. `command` passes where
    it ends with 0; a folder `path` beside the suite is put into the workspace for it, as `tests`, once the work is done.
    """

    kind: CheckKind
    text: str | None = None
    pattern: str | None = None
    flags: str | None = None
    path: str | None = None
    exists: bool = True
    tool: str | None = None
    input_match: str | None = None
    min: int | None = None
    max: int | None = None
    command: str | None = None
    timeout_s: float | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a judge holds a task's result against."""

    criteria: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TaskCase:
    """A piece of work: the prompt, checks first and a judge last. `workspace` is a folder beside the suite's file that it begins with."""

    id: str
    prompt: str
    source: Source
    checks: tuple[Check, ...] = ()
    judge: tuple[Criterion, ...] = ()
    group: str | None = None
    workspace: str | None = None
    max_turns: int = 10
    timeout_s: float = 300.0
    kind: Kind = Kind.TASK

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders beside the suite's file that it begins with and is tested by."""
        tested_by = (check.path for check in self.checks if check.kind is CheckKind.COMMAND)
        return tuple(name for name in (self.workspace, *tested_by) if name)


SuiteCase: TypeAlias = RoutingCase | TaskCase
_NEEDS = {
    CheckKind.CONTAINS: "text",
    CheckKind.NOT_CONTAINS: "text",
    CheckKind.REGEX: "pattern",
    CheckKind.FILE_EXISTS: "path",
    CheckKind.TOOL_USED: "tool",
    CheckKind.COMMAND: "command",
}


@dataclass(frozen=True, slots=True)
class Suite:
    """A skill's cases."""

    skill: str
    cases: tuple[SuiteCase, ...] = ()

    @property
    def routing(self) -> tuple[RoutingCase, ...]:
        """The queries."""
        return tuple(case for case in self.cases if isinstance(case, RoutingCase))

    @property
    def tasks(self) -> tuple[TaskCase, ...]:
        """The pieces of work."""
        return tuple(case for case in self.cases if isinstance(case, TaskCase))

    @property
    def counts(self) -> dict[str, int]:
        """How many cases it has of each kind: queries that fit, queries that do not, and tasks."""
        fits = sum(case.fits for case in self.routing)
        return {"positive": fits, "negative": len(self.routing) - fits, "task": len(self.tasks)}

    @property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of its lines in order. What tasks begin with is not in it."""
        return hashlib.sha256("\n".join(sorted(_line(case) for case in self.cases)).encode()).hexdigest()[:16]

    def of(self, part: SuitePart) -> tuple[SuiteCase, ...]:
        """The cases of a part."""
        return tuple(case for case in self.cases if part_of(case) is part)


def parse(text: str) -> Suite:
    """Read a suite. Raises ValueError with the line that is wrong."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise ValueError("it is empty")
    head = _object(*lines[0])
    if head.get("suite") != VERSION or not isinstance(head.get("skill"), str):
        raise ValueError(f'line {lines[0][0]}: it does not begin with {{"suite": {VERSION}, "skill": "NAME"}}')
    cases = dict[str, SuiteCase]()
    for number, line in lines[1:]:
        case = _case(number, _object(number, line))
        if case.id in cases:
            raise ValueError(f"line {number}: {case.id} stands in it twice")
        cases[case.id] = case
    return Suite(head["skill"], tuple(cases.values()))


def text_of(suite: Suite) -> str:
    """Write a suite."""
    return "\n".join([json.dumps({"suite": VERSION, "skill": suite.skill}), *map(_line, suite.cases)]) + "\n"


def part_of(case: SuiteCase) -> SuitePart:
    """What a case is for."""
    lot = Case(case.id, case.group).lot
    if place(lot, "suite confirms") < CONFIRMS:
        return SuitePart.CONFIRM
    return SuitePart.SELECT if place(lot, "suite selects") < SELECTS else SuitePart.TRAIN


def listed_case(case: SuiteCase) -> Case:
    """A case as a session lists it: a query with its side."""
    if isinstance(case, TaskCase):
        return Case(case.id, case.group)
    return Case(case.id, case.group, Side.POSITIVE if case.fits else Side.NEGATIVE)


def with_cases(suite: Suite, cases: Iterable[SuiteCase]) -> Suite:
    """The suite with further cases; one whose id is there already leaves what is there."""
    known = {case.id: case for case in suite.cases}
    for case in cases:
        known.setdefault(case.id, case)
    return replace(suite, cases=tuple(known.values()))


def id_of(kind: Kind, text: str) -> str:
    """A case's id: the same for texts that differ by blanks and capitals alone."""
    plain = " ".join(text.lower().split())
    return f"{kind[0]}-{hashlib.sha256(plain.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _line(case: SuiteCase) -> str:
    said = encode(case)
    return json.dumps({"id": said.pop("id"), "kind": said.pop("kind"), **said}, ensure_ascii=False)


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        said = read_json(line)
    except ValueError as wrong:
        raise ValueError(f"line {number}: it is no JSON: {wrong}") from None
    if not isinstance(said, dict):
        raise ValueError(f"line {number}: it is no JSON object")  # noqa: TRY004 - what a reader of the file has to mend
    return said


def _case(number: int, said: dict[str, Any]) -> SuiteCase:
    kinds: Mapping[object, type[SuiteCase]] = {"routing": RoutingCase, "task": TaskCase}
    if (kind := kinds.get(said.get("kind"))) is None:
        raise ValueError(f"line {number}: kind is neither routing nor task")
    try:
        _no_others(kind, said)
        case: SuiteCase = decode(kind, said)
    except Malformed as wrong:
        raise ValueError(f"line {number}: {wrong}") from None
    for check in case.checks if isinstance(case, TaskCase) else ():
        if getattr(check, _NEEDS[check.kind]) is None:
            raise ValueError(f"line {number}: a check of kind {check.kind} needs {_NEEDS[check.kind]}")
    if not (case.query if isinstance(case, RoutingCase) else case.prompt).strip():
        raise ValueError(f"line {number}: it asks nothing")
    return case


def _no_others(kind: type[object], said: object) -> None:
    """Refuse keys that are none of a dataclass's, nor of those within."""
    if not isinstance(said, dict) or not is_dataclass(kind):
        return
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)]
    for key, value in said.items():
        if key not in names:
            raise Malformed(f"unknown key {key}")
        inner = get_args(hints[key])[0] if get_origin(hints[key]) is tuple else hints[key]
        for one in value if isinstance(value, list) else (value,):
            _no_others(inner, one)
