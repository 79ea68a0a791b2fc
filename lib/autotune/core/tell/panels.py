"""Panels beside a session's page and screen, in one shape for packs and skills: lines, and a card for each thing that is tuned.

panel      name, title, lines, cards
card       title, badge (a text and a tone, or nothing), lines
           intervals   of each version: its name, value, low and high (0 to 1), and the same in words
           times       the same over time, each with the moment at which it begins (milliseconds)
           meters      how far something has come towards its boundary: a name, a share from 0 to 1, and the same in words
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import starmap
from typing import Any

from autotune.core.escaping import shortened
from autotune.core.rollout.coins import STOPPED
from autotune.core.rollout.events import Intent
from autotune.core.rollout.look import WORSE
from autotune.core.skills.rates import Share, Sign, Standing
from autotune.core.skills.turns import Turn
from autotune.core.tell import skills as told
from autotune.core.tell import standing
from autotune.core.tell.figures import counted, day, in_odds
from autotune.core.tell.lines import Line, Tone, Values
from autotune.core.tell.live import lines_as_json

_LONGEST = 120
_WORTH_SEEING = 2.0  # odds for a guardrail: below, there is nothing to see
_BADGES = {
    "canary": ("a canary runs", Tone.PLAIN),
    "waiting": ("a pack waits", Tone.FAIR),
    "promoted": ("promoted, watched", Tone.GOOD),
}
_UNSEEN = Line("seen", "no session of an agent yet; `autotune skills sync` reads them", Tone.QUIET)
NOTHING = Line("beside", "no packs and no skills in this repository", Tone.QUIET)
_OF_ALL = ("no traffic", "drifted model", "exhausted budget")


def packs(found: Sequence[Values]) -> dict[str, Any]:
    """The panel of prompt packs, of how each behaviour stands in full."""
    conditions = [one for one in found[0]["conditions"] if one["ill"] in _OF_ALL] if found else []
    lines = [Line("money", standing.spent(found[0]["money"])), *standing.conditions(conditions)] if found else []
    return _panel("packs", "Prompt packs", lines, map(_of_behavior, found))


def skills(found: Sequence[tuple[Standing, Sequence[Turn], Sequence[Intent]]], sessions: int) -> dict[str, Any]:
    """The panel of a repository's skills: how each stands in the turns of the newest sessions, and what was deployed."""
    lines = [Line("seen", f"the newest {counted(sessions, 'session')}")] if sessions else [_UNSEEN]
    return _panel("skills", "Skills", lines, starmap(_of_skill, found))


def _panel(name: str, title: str, lines: Iterable[Line], cards: Iterable[Values] = ()) -> dict[str, Any]:
    return {"name": name, "title": title, "lines": lines_as_json(lines), "cards": list(cards)}


def _of_skill(one: Standing, turns: Sequence[Turn], deployed: Sequence[Intent]) -> dict[str, Any]:
    shares = (("recall", one.recall), ("precision", one.precision), ("described", one.coverage))
    missed = sum(each.sign is not Sign.ALIKE for each in one.missed)
    drawn = {name for name, share in shares if share.value is not None} | {"skill", "recall", "precision", "coverage"}
    lines = [line for line in told.explained(one, turns) if line.label not in drawn]
    unmeasured = [name for name, share in shares[:2] if share.value is None]
    lines += [Line("unmeasured", ", ".join(unmeasured), Tone.QUIET)] if unmeasured else []
    lines += [Line("deployed", f"#{each.number}, {shortened(each.why, _LONGEST)} on {day(each.at_ms)}") for each in deployed[::-1]]
    badge = (f"{counted(missed, 'trigger')} missed", str(Tone.FAIR)) if missed else None
    return _card(shortened(one.name, _LONGEST), badge, lines, [_share(*each) for each in shares if each[1].value is not None])


def _card(
    title: str, badge: tuple[str, str] | None, lines: Iterable[Line], intervals: Sequence[Values], times: Sequence[Values] = (),
    meters: Sequence[Values] = (),
) -> dict[str, Any]:  # fmt: skip
    shown = {"intervals": list(intervals), "times": list(times), "meters": list(meters)}
    return {"title": title, "badge": badge, **shown, "lines": lines_as_json(lines)}


def _share(name: str, share: Share) -> dict[str, Any]:
    low, high = share.interval or (0.0, 1.0)
    return {"name": name, "value": share.value, "low": low, "high": high, "text": f"{told.share(share)}, {share.hits} of {share.of}"}


def broken(name: str, title: str, message: str, hint: str) -> dict[str, Any]:
    """A panel of which nothing can be shown, and why."""
    return _panel(name, title, [Line("problem", f"{message} {hint}", Tone.BAD)])


def as_lines(panel: Values) -> Iterator[Line]:
    """A panel as lines, for a terminal."""
    yield Line(panel["title"], "")
    yield from (Line(label, text, Tone(tone)) for label, text, tone in panel["lines"])
    for card in panel["cards"]:
        text, tone = card["badge"] or ("", Tone.PLAIN)
        yield Line(card["title"], text, Tone(tone))
        yield from (Line(f"  {one['name']}", one["text"]) for one in (*card["intervals"], *card["meters"]))
        yield from (Line(f"  {label}", words, Tone(tone_of)) for label, words, tone_of in card["lines"])


def in_short(found: Sequence[Values]) -> Iterator[Line]:
    """Panels as a line each, for a screen on which something else stands: each card with its badge and its first interval."""
    for panel in found:
        wrong = next((text for _, text, tone in panel["lines"] if tone == Tone.BAD), None)
        cards = "; ".join(_card_in_short(card) for card in panel["cards"])
        yield Line(panel["title"], shortened(cards or wrong or "", _LONGEST), Tone.PLAIN if wrong is None else Tone.BAD)


def _card_in_short(card: Values) -> str:
    first = [f"{one['name']} {one['text']}" for one in card["intervals"][:1]]
    badge = [card["badge"][0]] if card["badge"] else []
    return f"{card['title']}: {', '.join([*badge, *first])}" if badge or first else str(card["title"])


def _of_behavior(one: Values) -> dict[str, Any]:
    canary = one["rollout"] if one["rollout"] is not None and one["rollout"].get("state") == "canary" else None
    intervals = [_interval(_pack(each["version"]), each["mean"]) for each in one["versions"] if each["mean"] is not None]
    periods = [each for each in one.get("periods", ()) if each["mean"] is not None]
    times = [{**_interval("", each["mean"]), "from_ms": each["from_ms"]} for each in periods]
    meters = () if canary is None else tuple(_meters(canary))
    return _card(one["behavior"], _badge(one["rollout"]), _lines(one), intervals, times, meters)


def _badge(rollout: Values | None) -> tuple[str, str] | None:
    if rollout is None:
        return None
    text, tone = _BADGES.get(str(rollout.get("state")), ("broken", Tone.BAD))
    return text, str(tone)


def _pack(version: str | None) -> str:
    return "no pack shown" if version is None else shortened(version, _LONGEST)


def _interval(name: str, mean: Values) -> dict[str, Any]:
    low, high = (mean["value"] if mean[end] is None else mean[end] for end in ("low", "high"))
    return {"name": name, "value": mean["value"], "low": low, "high": high, "text": standing.mean(mean)}


def _meters(canary: Values) -> Iterator[dict[str, Any]]:
    """How far a canary has come towards each of its boundaries."""
    control, shown = canary["scored"]
    fewest, days, most = canary["fewest"], canary["days"], canary["max_days"]
    yield _odds("better", canary["evidence"], canary["needed"])
    yield _odds("worse", canary["worse"], WORSE)
    yield _meter("units", min(control, shown) / fewest, f"{shown:,} of the canary and {control:,} beside it, of {fewest:,}")
    yield _meter("time", days / most, f"day {days:.1f} of {most:g}")
    yield from (_odds(f"more {name}", odds, STOPPED) for name, odds in canary["guards"].items() if odds >= _WORTH_SEEING)


def _odds(name: str, odds: float, needed: float) -> dict[str, Any]:
    share = math.log(odds) / math.log(needed) if odds > 1 else 0.0
    return _meter(name, share, f"{in_odds(odds)} of {in_odds(needed)}")


def _meter(name: str, share: float, text: str) -> dict[str, Any]:
    return {"name": name, "share": min(1.0, max(0.0, share)), "text": text}


def _lines(one: Values) -> Iterator[Line]:
    """The rest of what there is to say: all but the scores, which are drawn."""
    drawn = {"score", "day", "week", "money", "judge", "", "wrong"}
    for line in standing.in_full(one):
        if line.label not in drawn:
            yield replace(line, label="canary") if line.label == one["behavior"] else line
    yield from standing.conditions([each for each in one["conditions"] if each["ill"] not in _OF_ALL])
