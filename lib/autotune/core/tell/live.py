"""A session as JSON for the page that watches it: what stands above, curves, every experiment in short."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autotune.core.escaping import escaped, shortened
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Noted
from autotune.core.ledger.history import Begun, History
from autotune.core.ledger.state import Row, State
from autotune.core.model import Arm, Outcome, Status
from autotune.core.tell import full_report, headline, imported, limits, report
from autotune.core.tell.brief import DEAD_ENDS
from autotune.core.tell.explain import explain
from autotune.core.tell.lines import Line
from autotune.core.tell.plots import effects_plot, height
from autotune.core.tell.snapshot import snapshot
from autotune.core.tell.words import told

LONGEST_WHY = 400
LONGEST_IDEAS = 20_000
_REBASELINES = (Kind.BY_PLAYBOOK, Kind.ACCEPTED)
_MARKS = "{better} is better; with intervals: ● kept, ○ not kept, x failed, ┄ the first state; shaded: the noise of a run"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a session outside of its log: its worker, since when that works, all that it said, and the ideas' file."""

    worker: str | None = None
    since: str | None = None
    doing: Fact | None = None
    said: tuple[Fact, ...] = ()
    ideas: str = ""


def head(state: State, now: str, seen: Seen) -> dict[str, Any]:
    """Give how a session stands at an ISO time."""
    running = report.under_way(state, now, seen.worker, seen.since)
    above = (*headline.headline(state, now), *([] if running is None else [running]), *report.now_line(seen.doing, now))
    following = Line("next", report.following(state, now, measuring=seen.worker is not None))
    return {
        "snapshot": snapshot(state, now, measuring=seen.worker is not None, doing=seen.doing),
        "title": headline.goal(state),
        "health": headline.condition(state),
        "tone": headline.health(state).tone,
        "lines": lines_as_json((*above, following)),
        "why": lines_as_json(explain(state, now, seen.worker, seen.since).lines()),
        "meters": [{"name": one.limit, "used": one.used, "text": one.text} for one in limits.meters(state, now)],
        "evidence": evidence(seen.said),
        "samples": _open_samples(state),
        "notes": lines_as_json(map(_note, state.recent.notes)),
        "ideas": [escaped(line) for line in seen.ideas[:LONGEST_IDEAS].splitlines()],
    }


def background(state: State, history: History) -> dict[str, Any]:
    """Give what the log alone decides: health over time, playbooks, segments, what was noticed, what is measured on, how it is decided."""
    noticed = [Line(headline.moment(one.timestamp), shortened(told(one.found), LONGEST_WHY)) for one in state.recent.notices[::-1]]
    return {
        "turns": [{"after": one.after, "health": one.word, "tone": headline.tone_of(one.health, one.word)} for one in history.turns],
        "played": [{"after": one.after, "name": one.begun.playbook} for one in history.playbooks],
        "segments": [_segment(one) for one in history.segments],
        "told": {
            "health": lines_as_json(Line(_since(one.after), f"{one.word}: {_short(one.why)}") for one in history.turns[::-1]),
            "playbooks": lines_as_json(_playbooks(history)),
            "segments": lines_as_json(_segments(history)),
            "noticed": lines_as_json(noticed),
            "earlier": lines_as_json(imported.rows(state.imports)),
            "environment": lines_as_json(full_report.environment(state)),
            "deciding": lines_as_json(full_report.deciding(state)),
        },
        "dead_ends": DEAD_ENDS,
        "titles": {"earlier": imported.TITLE},
    }


def _segment(one: Begun) -> dict[str, Any]:
    """A segment's mark: a rebaseline has its own, whoever asked for it."""
    again = one.opened.reason.kind in _REBASELINES
    return {"after": one.after, "rebaseline": again, "word": "rebaseline" if again else f"segment {one.opened.segment}"}


def lines_as_json(lines: Iterable[Line]) -> list[list[str]]:
    """Give lines as label, text and tone."""
    return [[one.label, one.text, one.tone] for one in lines]


def _note(one: Noted) -> Line:
    return Line("reminder" if one.own else "note", f"{headline.moment(one.timestamp)}: {escaped(one.text)}")


def _short(why: Fact) -> str:
    return shortened(told(why), LONGEST_WHY)


def _since(after: int) -> str:
    return f"after experiment {after}" if after else "at the start"


def _playbooks(history: History) -> list[Line]:
    found = []
    for one in history.playbooks[::-1]:
        result = f"; then: {_short(one.ended.result)}" if one.ended is not None else ""
        found.append(Line(_since(one.after), f"{one.begun.playbook}, because {_short(one.begun.why)}{result}"))
    return found


def _segments(history: History) -> list[Line]:
    found = []
    for one in history.segments[::-1]:
        mark = "◆ rebaseline: " if one.opened.reason.kind in _REBASELINES else ""
        opened = f"segment {one.opened.segment}, {escaped(one.opened.metric_name)}"
        found.append(Line(_since(one.after), f"{mark}{opened}: {_short(one.opened.reason)}"))
    return found


# The running experiment


def evidence(said: Sequence[Fact]) -> dict[str, Any] | None:
    """Give how the evidence of the running experiment grew, pair by pair, as logarithms to base 10; None where none is told.

    `share` is how much of the way to what is needed is gone.
    """
    running = [one for one in said if one.kind is Kind.RUNNING]
    if not running or running[-1].figures.get("evidence") is None:
        return None
    last = running[-1].figures
    needed = _power(last["needed"])
    points = {
        one.figures["pair"]: _power(one.figures["evidence"])
        for one in running
        if one.figures["experiment"] == last["experiment"] and one.figures.get("evidence") is not None and "pair" in one.figures
    }
    reached = _power(last["evidence"])
    return {
        "experiment": last["experiment"],
        "points": [[pair, height] for pair, height in sorted(points.items())],
        "needed": needed,
        "share": min(1.0, max(0.0, reached / needed)) if needed > 0 else 1.0,
        "text": told(running[-1]),
    }


def _power(odds: float) -> float:
    return math.log10(min(max(odds, 1e-300), 1e300))


def _open_samples(state: State) -> dict[str, list[float]] | None:
    """The values of the open experiment's good runs, in order, by arm; None where there are none."""
    if state.experiment is None:
        return None
    name = state.metric.name
    good = [run for run in state.experiment.runs if run.outcome is Outcome.OK and name in run.samples]
    values = {str(arm): [run.samples[name] for run in good if run.arm is arm] for arm in Arm}
    return values if good else None


# Experiments


def rows(state: State, history: History) -> list[dict[str, Any]]:
    """Give every experiment in short, the first first. `plot` says where it stands in the curve of effects; see `curve`."""
    held = history.in_order()
    curve = _curve(state, history, held)
    return [
        {
            **asdict(line),
            "tone": line.tone,
            "kept": row.status is Status.KEEP,
            "why": full_report.why(row, LONGEST_WHY),
            "files": shortened(", ".join(row.files), LONGEST_WHY),
            "at": headline.moment(row.timestamp),
            "health": row.health,
            "size": None if row.effect is None else height(row.effect.estimate, relative=row.effect.relative),
            "plot": curve.get(row.index),
        }
        for row, line in zip(held, report.table(state, held), strict=True)
    ]


def _curve(state: State, history: History, held: Sequence[Row]) -> dict[int, dict[str, Any]]:
    """Where the experiments stand that can be held against each other, by number.

    Heights are logarithms of ratios to the first state, or differences from it. `step` is what is kept after the experiment; `at`, `low`
    and `high` are where its own effect would have led from what was kept before, None where none was measured.
    """
    plot = effects_plot(state, held, [one.opened for one in history.segments])
    if plot is None:
        return {}
    found: dict[int, dict[str, Any]] = {}
    before = 0.0
    for point, step in zip(plot.points, plot.steps, strict=True):
        step_height = height(step, relative=plot.relative)
        effect = point.effect
        ends = (None, None, None) if effect is None else (effect.low, effect.estimate, effect.high)
        low, at, high = (None if end is None else _held(before + height(end, relative=plot.relative)) for end in ends)
        found[point.number] = {"low": low, "at": step_height if point.kept else at, "high": high, "step": step_height}
        before = step_height
    return found


def chart(state: State, history: History) -> dict[str, Any] | None:
    """Say how the curve of effects is drawn: in words, on which scale, with the noise of a run around what is kept; None without one."""
    plot = effects_plot(state, history.in_order(), [one.opened for one in history.segments])
    if plot is None:
        return None
    noise = headline.noise_of_a_run(state)
    claim = plot.claim
    return {
        "words": _MARKS.format(better=state.metric.direction),
        "words_of_steps": plot.words_of_steps,
        "words_of_noise": headline.noise_words(state),
        "relative": plot.relative,
        "unit": escaped(state.metric.unit),
        "direction": state.metric.direction,
        "noise": _held(noise.sigma) if noise.relative == plot.relative else 0.0,
        "claim": None if claim is None else [height(one, relative=plot.relative) for one in (claim.low, claim.estimate, claim.high)],
    }


def _held(value: float) -> float:
    """A height that JSON has a number for."""
    return min(max(value, -1e300), 1e300)


def listed(state: State, now: str) -> dict[str, Any]:
    """Give a session in a line of the list of all sessions."""
    return {
        "name": state.segment.opened.session,
        "title": headline.goal(state),
        "health": headline.condition(state),
        "tone": headline.health(state).tone,
        "value": headline.value(state),
        "claim": headline.claim_words(state),
        "experiments": headline.experiment_counts(state),
        "limits": limits.left(state, now),
    }
