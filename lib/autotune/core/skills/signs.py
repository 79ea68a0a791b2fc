"""What a client's stream of events says while it works on a query, and what a probe makes of it.

A probe asks one thing: which skills does the model call for this query? So a client is ended as soon as the response that holds the first
call is complete: by then its cost is known, and no further one is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from autotune.core.asking.request import Usage


class Failing(StrEnum):
    """Why a probe says nothing. It is neither a hit nor a miss."""

    CRASHED = "crashed"  # the client ended without a result
    SLOW = "timed out"
    SERVICE = "the service failed"
    UNLISTED = "not listed"  # the skill was not offered to the model
    CAPPED = "a cap was reached"


@dataclass(frozen=True, slots=True)
class Listed:
    """The client has begun: the skills that it knows, its version and its model, empty where it does not say."""

    skills: tuple[str, ...]
    version: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Called:
    """The model has called a skill by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Used:
    """The model has used a tool; `given` is what it gave it, as JSON."""

    tool: str
    given: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What a model response has taken so far; the last word on a response counts. `usd` is None where the client does not say it."""

    response: str
    usage: Usage
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Responded:
    """A response of the model is complete; `goes_on` where it has called a tool, so that another will follow."""

    goes_on: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """The client has come to its end by itself, or says why it cannot. `usd` is what all of it has cost, where that is said."""

    failing: Failing | None = None
    said: str = ""
    usd: float | None = None
    usage: Usage | None = None


Sign: TypeAlias = Listed | Called | Used | Spent | Responded | Finished


@dataclass(frozen=True, slots=True)
class Watched:
    """A probe under way, one sign after the other.

    `known` are the skills that were staged: a call of another name is the model's invention, and no trigger. It is None where every name
    counts. A client that does not list the `wanted` skill, though it lists others, is not asked any further. One that is `working` is let
    go on to its end, and what it uses is kept.
    """

    turns: int
    wanted: str = ""
    known: Collection[str] | None = None
    working: bool = False
    listed: Listed | None = None
    calls: tuple[str, ...] = ()
    used: tuple[Used, ...] = ()
    responses: int = 0
    spent: Mapping[str, Spent] = field(default_factory=dict)
    finished: Finished | None = None
    decided: bool = False

    def after(self, sign: Sign) -> Watched:
        """Give the probe after one more sign."""
        match sign:
            case Listed():
                return replace(self, listed=sign, decided=self.decided or self.wanted not in ("", *sign.skills))
            case Called(name):
                return self._called(name)
            case Used():
                return replace(self, used=(*self.used, sign)) if self.working else self
            case Spent(response):
                return replace(self, spent={**self.spent, response: sign})
            case Responded(goes_on):
                over = not self.working and (bool(self.calls) or not goes_on or self.responses + 1 >= self.turns)
                return replace(self, responses=self.responses + 1, decided=self.decided or over)
        return replace(self, finished=sign, decided=True)

    def _called(self, name: str) -> Watched:
        name = name.removeprefix("/")
        offered = self.listed.skills if self.known is None and self.listed is not None else self.known
        found = name if offered is None else known_as(name, offered)
        return self if found is None or found in self.calls else replace(self, calls=(*self.calls, found))

    @property
    def over(self) -> bool:
        """Whether nothing that the client may still say matters: it would say what a silent probe has cost, and spend more after a call."""
        unlisted = self.listed is not None and self.wanted not in ("", *self.listed.skills)
        return self.finished is not None or (self.decided and bool(self.calls or unlisted))

    @property
    def usage(self) -> Usage:
        """The tokens of all responses so far."""
        if self.finished is not None and self.finished.usage is not None:
            return self.finished.usage
        total = Usage()
        for one in self.spent.values():
            total = total.plus(one.usage)
        return total

    @property
    def usd(self) -> float | None:
        """What it has cost as the client says; None where it does not."""
        if self.finished is not None and self.finished.usd is not None:
            return self.finished.usd
        said = [one.usd for one in self.spent.values()]
        return None if not said or None in said else sum(one for one in said if one is not None)


def known_as(name: str, skills: Collection[str]) -> str | None:
    """Find the skill that a name means: itself, or the one plugin skill that ends like it; None for an unknown name."""
    if name in skills:
        return name
    ending = [one for one in skills if one.rpartition(":")[2] == name]
    return ending[0] if len(ending) == 1 else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one probe came to: the skills that were called, or why it says nothing."""

    called: tuple[str, ...]
    failing: Failing | None = None
    said: str = ""


def outcome(watched: Watched, failing: Failing | None, said: str) -> Outcome:
    """Give what a probe came to; `failing` and `said` are what the process itself came to, which counts where nothing was decided."""
    if watched.listed is not None and watched.wanted not in ("", *watched.listed.skills):
        return Outcome((), Failing.UNLISTED)
    if watched.calls:
        return Outcome(watched.calls)
    if watched.finished is not None and watched.finished.failing is not None:
        return Outcome((), watched.finished.failing, watched.finished.said)
    return Outcome(()) if watched.decided else Outcome((), failing or Failing.CRASHED, said)
