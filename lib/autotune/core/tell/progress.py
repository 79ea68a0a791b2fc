"""What is going on, in words: the sentence of each of these facts, and how long it has lasted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autotune.core.escaping import escaped
from autotune.core.facts import Fact
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.state import seconds_between
from autotune.core.model import Effect
from autotune.core.tell.figures import about, counted, duration, estimate_in_words, in_odds, in_percent

LASTS_S = 5.0  # from when it is said how long something has lasted
_ESTIMATES = ("left_s", "most_s", "wait_s")  # seconds that are left when something begins
_MEASURED: Mapping[Purpose, str] = {
    Purpose.BASELINE: "the baseline",
    Purpose.PROOF: "proof that the files in scope are what is measured",
    Purpose.DIAGNOSIS: "the diagnosis of the unchanged code",
    Purpose.TARGET: "fresh runs for the target",
    Purpose.CLAIM: "the claim",
    Purpose.CALIBRATION: "the calibration",
    Purpose.LOOK: "a look at the unchanged code",
}


def running(fact: Fact) -> str:
    """`experiment 3: pair 12 of up to 40, about 40 s more, at most 5 min; 2.1 % lower so far, odds 34 : 1 of 2083 : 1`."""
    figures, purpose = fact.figures, Purpose(fact.figures["purpose"])
    what = _MEASURED.get(purpose) or f"experiment {figures['experiment']}"
    place = ["a look whether the unchanged code fails too"] if purpose is Purpose.CROSS_CHECK else _place(figures)
    command = [f"`{escaped(figures['command'])}` runs first"] if "command" in figures else []
    about_it = ", ".join([*place, *command, *_left(figures)])
    return "; ".join([f"{what}: {about_it}" if about_it else what, *_found(figures)])


def _place(figures: Mapping[str, Any]) -> list[str]:
    unit = next((one for one in ("pair", "run") if one in figures), None)
    if unit is None:
        return []
    return [f"{unit} {figures[unit]} of {'up to ' if figures['up_to'] else ''}{figures['of']}"]


def _left(figures: Mapping[str, Any]) -> list[str]:
    usual, most = figures.get("left_s"), figures.get("most_s")
    if usual is None:
        return [] if most is None else [f"at most {about(most)} more"]
    return [f"about {about(usual)} more"] + ([f"at most {about(most)}"] if most is not None and most > usual else [])


def _found(figures: Mapping[str, Any]) -> list[str]:
    if "estimate" not in figures:
        return []
    effect = Effect(figures["estimate"], figures["estimate"], figures["estimate"], relative=figures["relative"])
    odds = f", odds {in_odds(figures['evidence'])} of {in_odds(figures['needed'])}" if "evidence" in figures else ""
    return [f"{estimate_in_words(effect, figures['unit'])} so far{odds}"]


def as_of(fact: Fact, now: str) -> Fact:
    """Give what goes on with what is left at an ISO time of what it was estimated to take; an estimate that is over is not there."""
    elapsed, until = seconds_between(fact.figures["since"], now), fact.figures.get("until")
    left = {name: fact.figures[name] - elapsed for name in _ESTIMATES if name in fact.figures}
    left |= {} if until is None else {"left_s": seconds_between(now, until)}
    kept = {name: value for name, value in fact.figures.items() if name not in left}
    return replace(fact, figures=kept | {name: round(value, 3) for name, value in left.items() if value > 0})


def waiting(fact: Fact) -> str:
    """`waiting for experiment 3 of tests-20261129 in parser, which uses the machine (process 12), about 40 s more`."""
    figures = fact.figures
    whom = escaped(figures["what"]) if figures["what"] else "another process"
    process = f" (process {figures['process']})" if figures["process"] is not None else ""
    left = f", about {about(figures['left_s'])} more" if "left_s" in figures else ""
    others = f", and for {counted(figures['more'], 'other')} after that" if figures["more"] else ""
    return f"waiting for {whom}, which uses the machine{process}{left}{others}"


def waiting_for_quiet(fact: Fact) -> str:
    """`waiting for quiet, at most 30 s more: others use 98 % of all cores`."""
    most = f", at most {about(fact.figures['wait_s'])} more" if "wait_s" in fact.figures else ""
    return f"waiting for quiet{most}: others use {in_percent(fact.figures['share'])} of all cores"


def lasting(words: str, seconds: float) -> str:
    """Words of something that has lasted so many seconds."""
    return f"{words} ({duration(seconds)} so far)" if seconds >= LASTS_S else words
