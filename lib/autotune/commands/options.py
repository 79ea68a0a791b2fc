"""Options that several verbs share, and how a verb finds its session."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from autotune.commands import flags
from autotune.core.config.keys import BY_NAME, NOW
from autotune.core.facts import GOING_ON, Fact
from autotune.core.tell.words import filled, told
from autotune.loop.experiment import looking
from autotune.loop.session import sessions
from autotune.loop.session.session import Say, Session
from autotune.views import talk

SessionName = Annotated[str | None, typer.Option("--session", metavar="NAME", help="Which session, if the repository has several.")]
Progress = Annotated[bool, typer.Option("--progress", help="With --json: say what is going on, as lines of JSON on stderr.")]
AsJson = flags.AsJson


def _not_nan(seconds: float) -> float:
    if math.isnan(seconds):
        raise typer.BadParameter("nan is no number of seconds.")
    return seconds


WaitSeconds = Annotated[
    float,
    typer.Option(
        "--wait", metavar="SECONDS", min=0, callback=_not_nan, help="Wait this long for the measurement, then say that it goes on."
    ),
]


def live(*, as_json: bool = False, progress: bool = False) -> AbstractContextManager[Say]:
    """Give what tells news and what is going on, on stderr, while a command that may take long is at work."""
    if progress and not as_json:
        raise typer.BadParameter("--progress needs --json; without --json, progress is shown anyway.")
    return talk.live(records=progress)


def say(fact: Fact) -> None:
    """Tell news on stderr."""
    if fact.kind not in GOING_ON:
        typer.echo(told(fact), err=True)


def reply(template: str, because: Fact | None = None, /, **figures: object) -> None:
    """Answer a verb, with what its words need."""
    typer.echo(filled(template, because, **figures))


def found(name: str | None) -> Session:
    """Find the session of the current folder; what is noticed on the way is said on stderr."""
    session = sessions.find(Path.cwd(), name)
    session.say = say
    return session


def looked_at(name: str | None) -> Session:
    """Find a session that is only looked at; what was put back, or is not as it should be, is said on stderr."""
    session = found(name)
    looking.glance(session)
    return session


def given(options: Mapping[str, Any], **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - each key has its own type
    """Give the settings that were said: of a verb's options, those that bear the name of a key."""
    named = {name.removesuffix("_"): value for name, value in options.items()}
    known = {name: value for name, value in named.items() if name in BY_NAME or name in NOW}
    return {key: value for key, value in {**known, **settings}.items() if value is not None and value != []}
