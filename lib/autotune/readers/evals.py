"""Eval cases that other tools wrote, made into cases of a suite.

    prompt.md with graders/*.md, case.yaml      the client's own eval cases
    evals.json, and lists of {query, should_trigger}    those of skill makers
    task.toml with instruction.md               task packages of SkillsBench

A grader that asks whether the skill was called makes a query of its prompt; the others make checks and criteria of a task. What cannot be
kept is left out, and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from autotune.core.codec import read_json, read_toml
from autotune.core.skills.frontmatter import Unreadable, read
from autotune.core.skills.mining import type_of
from autotune.core.skills.suite import By, Check, CheckKind, Criterion, Kind, RoutingCase, Source, SuiteCase, TaskCase, Type, id_of

Files = Mapping[str, bytes]
"""A folder's files by their path in it."""
_MATCHES, _LAST = ("contains", "not_contains"), "last_message"
_NO_WORKSPACE = ("Dockerfile", "docker-compose.yaml", "docker-compose.yml", "skills/")


@dataclass(slots=True)
class Imported:
    """The cases, which files to copy beside the suite (by where they go), and what was left out, by why."""

    cases: list[SuiteCase] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def imported(skill: str, files: Files, day: str) -> Imported:
    """Make a skill's cases of all that is known in a folder."""
    found = Imported()
    for path in sorted(files):
        place = PurePosixPath(path)
        if place.name == "prompt.md":
            _of_client(skill, files, place, day, found)
        elif place.name == "case.yaml":
            _of_case_yaml(skill, files, place, day, found)
        elif place.name == "task.toml":
            _of_skillsbench(skill, files, place.parent, day, found)
        elif place.suffix == ".json":
            _of_json(skill, files, place, day, found)
    return found


def _of_client(skill: str, files: Files, place: PurePosixPath, day: str, found: Imported) -> None:
    try:
        head = read(_text(files, place))
    except Unreadable:
        fields, prompt = dict[str, Any](), _text(files, place).strip()
    else:
        fields, prompt = dict(head.fields), head.body.strip()
    graders = [one for one in sorted(files) if PurePosixPath(one).parent == place.parent / "graders" and one.endswith(".md")]
    said = list[Mapping[str, Any]]()
    for one in graders:
        try:
            grader = read(_text(files, PurePosixPath(one)))
        except Unreadable:
            found.left_out["unreadable grader"] += 1
            continue
        said.append({"criteria": grader.body.strip(), **grader.fields})
    _graded(skill, prompt, fields, said, str(place), day, found)


def _of_case_yaml(skill: str, files: Files, place: PurePosixPath, day: str, found: Imported) -> None:
    try:
        said = dict(read(f"---\n{_text(files, place)}\n---\n").fields)
    except Unreadable:
        found.left_out["unreadable case.yaml"] += 1
        return
    execution = _mapping(said.get("execution"))
    prompt, graders = str(execution.get("prompt", "")).strip(), said.get("graders")
    if _mapping(said.get("context")):
        found.left_out["context"] += 1
    listed = [_mapping(one) for one in graders] if isinstance(graders, tuple | list) else []
    flat = [{**_mapping(one.get("config")), **one} for one in listed]
    _graded(skill, prompt, {**said, **execution}, flat, str(place), day, found)


def _graded(
    skill: str, prompt: str, fields: Mapping[str, Any], graders: Sequence[Mapping[str, Any]], file: str, day: str, found: Imported
) -> None:
    """Make a query, a task or both of a prompt and what it is held against."""
    if not prompt:
        found.left_out["no prompt"] += 1
        return
    source = Source(By.IMPORT, "imported", day, file=file)
    asks = [one for one in graders if one.get("type") == "tool_used" and one.get("tool") == "Skill"]
    for one in asks[:1]:
        _query(skill, prompt, source, found, fits=_number(one.get("max")) != 0)
    made = [(one, _check(one)) for one in graders if one not in asks]
    checks = [check for _, check in made if isinstance(check, Check)]
    judge = [criterion for _, criterion in made if isinstance(criterion, Criterion)]
    found.left_out.update(f"grader {one.get('type')}" for one, check in made if check is None)
    if not checks and not judge and not asks and (outcome := str(fields.get("expected_outcome", "")).strip()):
        judge.append(Criterion(outcome))
    if checks or judge:
        limits = {"max_turns": _number(fields.get("max_turns")), "timeout_s": _number(fields.get("timeout_seconds"))}
        _task(prompt, source, found, checks, judge, limits)
    elif not asks:
        found.left_out["nothing asked"] += 1


def _check(said: Mapping[str, Any]) -> Check | Criterion | None:
    weight = _number(said.get("weight")) or 1.0
    match said.get("type"):
        case "regex" if (match := said.get("match", "contains")) in _MATCHES and said.get("target", _LAST) == _LAST:
            pattern, flags = str(said.get("pattern", "")), _text_or_none(said.get("flags"))
            return Check(CheckKind.REGEX, pattern=pattern, flags=flags, exists=match == "contains", weight=weight)
        case "file_exists" if said.get("path"):
            exists = str(said.get("exists", "true")).lower() != "false"
            return Check(CheckKind.FILE_EXISTS, path=str(said["path"]), exists=exists, weight=weight)
        case "tool_used" if said.get("tool"):
            least, most = (None if (number := _number(said.get(name))) is None else int(number) for name in ("min", "max"))
            matches = _text_or_none(said.get("input_match"))
            return Check(CheckKind.TOOL_USED, tool=str(said["tool"]), input_match=matches, min=least, max=most, weight=weight)
        case "llm" if str(said.get("criteria", "")).strip():
            return Criterion(str(said["criteria"]).strip(), weight)
    return None


def _of_json(skill: str, files: Files, place: PurePosixPath, day: str, found: Imported) -> None:
    try:
        said = read_json(files[str(place)])
    except ValueError:
        return
    source = Source(By.IMPORT, "imported", day, file=str(place))
    listed = said.get("evals", said.get("queries")) if isinstance(said, dict) else said
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            continue
        if isinstance(one.get("query"), str) and isinstance(one.get("should_trigger"), bool):
            _query(skill, one["query"], source, found, fits=one["should_trigger"])
        elif isinstance(one.get("prompt"), str) and place.name == "evals.json":
            _of_maker(files, place, one, source, found)


def _of_maker(files: Files, place: PurePosixPath, said: Mapping[str, Any], source: Source, found: Imported) -> None:
    asked = said.get("expectations") or said.get("assertions") or [said.get("expected_output")]
    texts = [one.get("text") if isinstance(one, dict) else one for one in asked]
    judge = [Criterion(one.strip()) for one in texts if isinstance(one, str) and one.strip()]
    if not judge:
        found.left_out["nothing asked"] += 1
        return
    task = _task(said["prompt"], source, found, [], judge, {})
    for name in said.get("files") or ():
        inside = [one for one in (place.parent / str(name), place.parent.parent / str(name)) if str(one) in files]
        if inside:
            _copy(found, task, PurePosixPath(str(name)).name, str(inside[0]))
        else:
            found.left_out["file gone"] += 1


def _of_skillsbench(skill: str, files: Files, folder: PurePosixPath, day: str, found: Imported) -> None:
    short, environment = skill.rpartition(":")[2], folder / "environment"
    theirs = {PurePosixPath(one).relative_to(environment / "skills").parts[0] for one in _below(files, environment / "skills")}
    prompt = _text(files, folder / "instruction.md").strip()
    if theirs and short not in theirs:
        found.left_out["other skills"] += 1
        return
    if not prompt:
        found.left_out["no prompt"] += 1
        return
    try:
        settings = read_toml(_text(files, folder / "task.toml"))
    except ValueError:
        settings = {}
    agent, verifier = _mapping(settings.get("agent")), _mapping(settings.get("verifier"))
    tests, own = sorted(_below(files, folder / "tests")), f"tasks/{id_of(Kind.TASK, prompt)}.tests"
    if not any(PurePosixPath(one).name == "test.sh" for one in tests):
        found.left_out["nothing asked"] += 1
        return
    source = Source(By.IMPORT, "imported", day, file=str(folder / "task.toml"))
    check = Check(CheckKind.COMMAND, command="bash tests/test.sh", path=own, timeout_s=_number(verifier.get("timeout_sec")))
    task = _task(prompt, source, found, [check], [], {"max_turns": 50.0, "timeout_s": _number(agent.get("timeout_sec"))})
    for one in tests:
        found.copied[f"{own}/{PurePosixPath(one).relative_to(folder / 'tests')}"] = one
    for one in _below(files, environment):
        inner = str(PurePosixPath(one).relative_to(environment))
        if not inner.startswith(_NO_WORKSPACE):
            _copy(found, task, inner, one)


def _task(
    prompt: str, source: Source, found: Imported, checks: list[Check], judge: list[Criterion], limits: Mapping[str, float | None]
) -> TaskCase:
    prompt = prompt.strip()
    turns, time_s = int(limits.get("max_turns") or 10), limits.get("timeout_s") or 300.0
    task = TaskCase(id_of(Kind.TASK, prompt), prompt, source, tuple(checks), tuple(judge), max_turns=turns, timeout_s=time_s)
    found.cases.append(task)
    return task


def _copy(found: Imported, task: TaskCase, inner: str, path: str) -> None:
    """Have a file in the folder that a task begins with."""
    folder = f"tasks/{task.id}"
    found.copied[f"{folder}/{inner}"] = path
    found.cases = [replace(one, workspace=folder) if isinstance(one, TaskCase) and one.id == task.id else one for one in found.cases]


def _query(skill: str, query: str, source: Source, found: Imported, *, fits: bool) -> None:
    if query := query.strip():
        kind = type_of(skill, query) if fits else Type.NEGATIVE
        found.cases.append(RoutingCase(id_of(Kind.ROUTING, query), kind, query, source))


def _below(files: Files, folder: PurePosixPath) -> Iterator[str]:
    yield from (one for one in files if one.startswith(f"{folder}/"))


def _text(files: Files, path: PurePosixPath) -> str:
    return files.get(str(path), b"").decode("utf-8", "replace")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(str(value))
    except ValueError:
        return None


def _text_or_none(value: object) -> str | None:
    return str(value) if value else None
