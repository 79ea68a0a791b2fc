"""One pass over all skills: sync, status, choose, improve, deploy, watch; under one lock, and made again where it was killed.

Each step finishes what was begun and does nothing that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from autotune.core.skills.aftermath import Aftermath, Fate
from autotune.core.skills.choosing import Condition, choose, chosen
from autotune.core.skills.namesakes import SEPARATOR
from autotune.edges.folders import data_folder
from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.records.sources import Rules
from autotune.records.store import Store
from autotune.skills import aftermath, deploying, handled, hosts, installed, looking, syncing
from autotune.skills.installed import Scope, Skill
from autotune.skills.looking import Seen
from autotune.skills.settings import AUTO, Settings

_DAY_MS = 86_400_000
_WATCHED = frozenset({Fate.NOT_SEEN, Fate.UNMEASURED, Fate.WATCHED})


class Step(StrEnum):
    """A step of a pass, in this order; from `IMPROVE` on each is one skill's."""

    SYNC = "sync"
    STATUS = "status"
    CHOOSE = "choose"
    IMPROVE = "improve"
    DEPLOY = "deploy"
    WATCH = "watch"


class Skip(StrEnum):
    """Why a step does nothing."""

    NOBODY_CHOSEN = "nobody chosen"
    NO_MODEL = "no model"
    NOTHING_KEPT = "nothing kept"
    REVIEW = "review"  # a version waits for you
    TRACKED = "tracked"  # a version waits for a merge that you make
    NOTHING_DEPLOYED = "nothing deployed"
    NO_WORK = "no work"  # what improves says so itself


@dataclass(frozen=True, slots=True)
class Did:
    """What became of a step: what it found, or why it did nothing, or what was refused."""

    step: Step
    skill: str | None = None
    found: Mapping[str, Any] = field(default_factory=dict)
    skip: Skip | None = None
    error: AutotuneError | None = None


@dataclass(frozen=True, slots=True)
class Improved:
    """What an improvement came to. `decided` says that it was measured to the end, whether it was kept or not."""

    session: str | None
    experiment: int | None
    kept: bool
    decided: bool
    why: str
    calls: int = 0
    usd: float | None = None


Improve = Callable[[Skill, Settings, bool], "Improved | Skip"]
"""Improves one skill within the caps of the settings; the last argument says that it is only to be planned."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass works with. `records` opens them for a moment: other commands write there while a skill is improved."""

    records: Callable[[], AbstractContextManager[Store]]
    settings: Settings
    home: Path
    around: Path
    rules: Rules
    improve: Improve
    dry_run: bool = False


def run(one: Pass, clock: Callable[[], int]) -> Iterator[Did]:
    """Make a pass, telling each step when it is done. Raises AutotuneError where another process makes one."""
    if one.dry_run:
        yield from _steps(one, clock)
        return
    data_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with hold(data_folder() / "skills-run.lock", "autotune skills run"):
        yield from _steps(one, clock)


def _steps(one: Pass, clock: Callable[[], int]) -> Iterator[Did]:
    if not one.dry_run:
        yield _synced(one, clock())
    with one.records() as store:
        seen, done, tries = looking.seen(store), handled.handled(store), handled.last_tried(store)
    skills = _skills(one, seen)
    yield Did(Step.STATUS, None, {"sessions": seen.sessions, "skills": len(skills)})
    before = {name: aftermath.aftermath(skill, seen, clock()) for name, skill in skills.items()}
    conditions = _conditions(one, seen, skills, before, _Past(done, tries, clock()))
    choices = choose(conditions, one.settings["max_skills"], one.settings["cooldown_days"])
    yield Did(Step.CHOOSE, None, {"choices": choices}, None if chosen(choices) else Skip.NOBODY_CHOSEN)
    for name in chosen(choices):
        yield _caught(Step.IMPROVE, name, lambda name=name: _improved(one, seen, skills[name], clock))  # type: ignore[misc]
    for name, skill in skills.items():
        did = _caught(Step.DEPLOY, name, lambda skill=skill: _deployed(one, seen, skill, clock()))  # type: ignore[misc]
        if did.skip is not Skip.NOTHING_KEPT:
            yield did
    watched = [name for name, found in before.items() if found.fate is not Fate.NEVER]
    for name in watched:
        yield _caught(Step.WATCH, name, lambda name=name: _watched(one, seen, skills[name], clock()))  # type: ignore[misc]
    if not watched:
        yield Did(Step.WATCH, None, skip=Skip.NOTHING_DEPLOYED)


def _synced(one: Pass, now_ms: int) -> Did:
    with one.records() as store:
        found = syncing.sync(store, hosts.hosts(one.home), hosts.opencode_database(one.home), one.rules, now_ms)
    return Did(Step.SYNC, None, {"sessions": len(found.sessions), "rows": found.rows})


def _skills(one: Pass, seen: Seen) -> dict[str, Skill]:
    """Every skill that is found from here, or from where sessions worked; one of a name that is taken gets its project behind it."""
    found, places = dict[str, Skill](), set[Path]()
    for around in dict.fromkeys([one.around, *(Path(turn.folder) for turn in seen.turns if turn.folder)]):
        if not one.dry_run:
            installed.bring_back(one.home, around)
        for skill in installed.installed(one.home, around) if around.is_dir() else ():
            place = skill.folder.resolve()
            if skill.hidden_by is None and place not in places:
                places.add(place)
                name = f"{skill.name}{SEPARATOR}{place.parents[2]}" if skill.name in found else skill.name
                found[name] = skill
    return found


@dataclass(frozen=True, slots=True)
class _Past:
    """What was done before: which complaints were handled, when each skill was tried, and what time it is."""

    handled: frozenset[handled.Complaint]
    tries: Mapping[str, int]
    now_ms: int


def _conditions(one: Pass, seen: Seen, skills: Mapping[str, Skill], before: Mapping[str, Aftermath], past: _Past) -> Iterator[Condition]:
    known, wanted = set(seen.skills()), one.settings["skills"]
    for name, skill in skills.items():
        called = seen.called(skill.name, skill.folder)
        standing = seen.standing(called, alike=False) if called in known else None
        yield Condition(
            name,
            standing,
            signals=0 if standing is None else len(set(handled.complaints(seen, called)) - past.handled),
            cache=skill.scope is Scope.CACHE,
            watched=_on_trial(before[name]),
            waiting=deploying.waiting(skill) is not None,
            wanted=not wanted or not {name, skill.name, skill.short}.isdisjoint(wanted),
            tried_days_ago=(past.now_ms - past.tries[skill.name]) / _DAY_MS if skill.name in past.tries else None,
        )


def _on_trial(found: Aftermath) -> bool:
    """Whether a new version is watched; one that came back was there before, and has nothing to be held against."""
    return found.fate in _WATCHED and found.deployment is not None and found.deployment.why != deploying.TAKEN_BACK


def _improved(one: Pass, seen: Seen, skill: Skill, clock: Callable[[], int]) -> Did:
    with one.records() as store:
        open_ones = set(handled.complaints(seen, seen.called(skill.name, skill.folder))) - handled.handled(store)
    found = one.improve(skill, one.settings, one.dry_run)
    if isinstance(found, Skip):
        return Did(Step.IMPROVE, skill.name, skip=found)
    marked = 0
    if not one.dry_run:
        with one.records() as store:
            handled.tried(store, skill.name, found.session, found.why, clock())
            marked = handled.mark(store, open_ones, found.session, clock()) if found.decided else 0
    return Did(Step.IMPROVE, skill.name, {"improved": found, "complaints": len(open_ones), "handled": marked})


def _deployed(one: Pass, seen: Seen, skill: Skill, now_ms: int) -> Did:
    waits = deploying.waiting(skill)
    if waits is None:
        return Did(Step.DEPLOY, skill.name, skip=Skip.NOTHING_KEPT)
    about = {"session": waits.session, "commit": waits.commit}
    skip = _held_back(one, skill)
    if skip is not None or one.dry_run:
        return Did(Step.DEPLOY, skill.name, about, skip)
    done = deploying.deploy(skill, seen, now_ms)
    return Did(Step.DEPLOY, skill.name, {**about, "before": done.before, "after": done.after})


def _held_back(one: Pass, skill: Skill) -> Skip | None:
    """Why a pass leaves it to you to deploy a version, or to take one back."""
    if installed.repository_of(skill.folder) is not None:
        return Skip.TRACKED
    return None if one.settings["review"] == AUTO else Skip.REVIEW


def _watched(one: Pass, seen: Seen, skill: Skill, now_ms: int) -> Did:
    found = aftermath.aftermath(skill, seen, now_ms)
    said: dict[str, Any] = {"aftermath": found, "back": None}
    if found.fate is Fate.REGRESSED and not one.dry_run and _held_back(one, skill) is None:
        said["back"] = deploying.roll_back(skill, None, now_ms)
    return Did(Step.WATCH, skill.name, said)


def _caught(step: Step, name: str, work: Callable[[], Did]) -> Did:
    """What a skill's step came to; what is refused for one skill is no reason to leave the others."""
    try:
        return work()
    except AutotuneError as refused:
        return Did(step, name, error=refused)


def failed(done: Sequence[Did]) -> bool:
    """Whether anything was refused."""
    return any(one.error is not None for one in done)


def narrowed(settings: Settings, names: Sequence[str], most: int | None) -> Settings:
    """Settings for a pass over some skills alone."""
    more = {"skills": tuple(names)} if names else {}
    return replace(settings, values={**settings.values, **more, **({} if most is None else {"max_skills": most})})
