"""The report that stands alone, for somebody who was not there: sections, plots and commands as values that any page can draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from autotune.core.codec import encode
from autotune.core.decide.budget import SESSIONS_FOOLED
from autotune.core.escaping import escaped, shortened
from autotune.core.ledger.events import SegmentOpened
from autotune.core.ledger.state import Row, State
from autotune.core.model import Status
from autotune.core.tell import by_case, headline, imported, limits, opened, story
from autotune.core.tell.brief import DEAD_ENDS
from autotune.core.tell.explain import HOW_TO_READ, WITH_ONE_BUILD, Advice
from autotune.core.tell.figures import counted, share_in_words
from autotune.core.tell.lines import WIDEST, Line, Tone
from autotune.core.tell.plots import EffectsPlot, SamplesPlot, effects_plot, samples_plot
from autotune.core.tell.report import TableRow, table
from autotune.core.tell.sessions import NO_CASES
from autotune.core.tell.snapshot import snapshot
from autotune.core.tell.story import Story
from autotune.core.tell.words import told

VERIFYING = "autotune verify"  # the command that verifies a report
NO_OPS = 200  # changes in each session of which `SESSIONS_FOOLED` tells
LONGEST_DIFF_LINE = 300
_OF_A_KEEP = frozenset(
    ("files", "reason", "evidence", "runs", *by_case.LABELS, "groups", "noticed", "measured", "commit")
)  # labels of a story's lines
_NOT_SHOWN = frozenset(("host",))  # of a machine's record: whose it is says nothing of a measurement


@dataclass(frozen=True, slots=True)
class Room:
    """How much a page has room for: bytes of all diffs together, of a reason and a description, kept changes, other experiments."""

    diffs: int
    text: int
    kept: int
    rows: int

    def halved(self) -> Room:
        """Half of it."""
        return Room(self.diffs // 2, self.text // 2, self.kept // 2, self.rows // 2)


A_FILE = Room(diffs=300_000, text=160, kept=150, rows=5_000)  # under 1 MB with 500 experiments
A_PULL_REQUEST = Room(diffs=10_000, text=120, kept=25, rows=60)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a report is made of besides a session's state. `stories` and `diffs` are of what was kept; `files` counts those in scope."""

    rows: tuple[Row, ...]
    segments: tuple[SegmentOpened, ...]
    stories: Mapping[int, Story]
    diffs: Mapping[int, str]
    files: int


@dataclass(frozen=True, slots=True)
class Diff:
    """The lines of a change, safe to show; `more` says how to see those that are left out, and is empty where there are none."""

    lines: tuple[str, ...]
    more: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept change: its row, how it was decided, its samples and its diff."""

    row: TableRow
    lines: tuple[Line, ...]
    samples: SamplesPlot | None
    diff: Diff | None


@dataclass(frozen=True, slots=True)
class Tried:
    """An experiment in a table, and why it became of it what it did; `why` is empty where what was kept is told elsewhere."""

    row: TableRow
    why: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report. Its name is fit for an anchor; what is empty is not drawn; the order of the fields is that on the page."""

    name: str
    title: str
    lines: tuple[Line, ...] = ()
    plot: EffectsPlot | None = None
    rows: tuple[Tried, ...] = ()
    lead: str = ""
    kept: tuple[Kept, ...] = ()
    more: str = ""
    commands: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class FullReport:
    """A report: what was to be tuned, when and with what the report was made, what was gained, and all else in sections."""

    title: str
    made: str
    gained: Line
    sections: tuple[Section, ...]


def full_report(state: State, now: str, found: Gathered, room: Room = A_FILE) -> FullReport:
    """Give the report of a session as of an ISO time, for a page with so much room."""
    return FullReport(
        title=headline.goal(state),
        made=f"{headline.moment(now)}, autotune {escaped(state.segment.opened.version)}",
        gained=_gained(state),
        sections=(
            _asked(state, found),
            _outcome(state, now, found),
            _kept(state, found, room),
            _not_kept(state, found, room),
            *_earlier(state),
            Section("cost", "What it cost", _cost(state, now)),
            Section("environment", "What it was measured on", environment(state)),
            Section("deciding", "How a keep is decided", deciding(state)),
            Section("verifying", "How to verify this", commands=_commands(state)),
        ),
    )


def _gained(state: State) -> Line:
    """Say what was gained: the claim alone, for effects of single changes do not add up."""
    for line in headline.claim_lines(state):
        return replace(line, label=headline.BY_FRESH_RUNS)
    if not state.all_keeps:
        return Line("claim", "nothing was kept, so nothing was gained", Tone.FAIR)
    return Line("claim", _NOT_CLAIMED if state.segment.can_claim else f"the whole gain is {NO_CASES}", Tone.FAIR)


_NOT_CLAIMED = "the whole gain is not measured yet; `autotune report --claim` measures it, by fresh runs of the first state and the last"


def _asked(state: State, found: Gathered) -> Section:
    first = state.segment.opened
    code = f"{escaped(first.branch)}, from {escaped(first.base[:12])} on {escaped(first.started_on)}"
    commands = [Line("benchmark", escaped(state.config.benchmark))] if state.config.benchmark else []
    lines = [Line(label, escaped(text)) for label, text in opened.understood(state, found.files) if label != "promise"]
    return Section("asked", "What was asked", (*lines, *commands, Line("branch", code)))


def _outcome(state: State, now: str, found: Gathered) -> Section:
    lines = (
        Line(shortened(state.metric.name, 30), headline.value(state)),
        Line("experiments", headline.experiment_counts(state)),
        headline.health(state),
        Line("recovery", headline.recovery(state)),
        Line("limits", limits.left(state, now)),
        Line("as of", headline.moment(now)),
    )
    return Section("gained", "What came of it", lines, plot=effects_plot(state, found.rows, found.segments))


# What was kept, and what was not


def _kept(state: State, found: Gathered, room: Room) -> Section:
    kept = [row for row in found.rows if row.status is Status.KEEP]
    shown = table(state, kept)
    each = room.diffs // max(1, min(len(kept), room.kept))
    left = len(kept) - room.kept
    return Section(
        "kept",
        "What was kept",
        rows=tuple(Tried(_short(line, room)) for line in shown[: room.rows]),
        kept=tuple(_one_kept(state, row, line, found, each) for row, line in zip(kept[: room.kept], shown, strict=False)),
        lead="" if kept else "Nothing was kept.",
        more=f"{counted(left, 'more keep')}: `autotune explain N` tells each, `git show COMMIT` its change." if left > 0 else "",
    )


def _one_kept(state: State, row: Row, line: TableRow, found: Gathered, room: int) -> Kept:
    one, text = found.stories.get(row.index), found.diffs.get(row.index)
    lines = () if one is None else tuple(said for said in story.lines(one, state, WIDEST) if said.label in _OF_A_KEEP)
    return Kept(
        row=line,
        lines=lines,
        samples=None if one is None else samples_plot(one, state),
        diff=None if text is None else diff_of(text, room, row.commit),
    )


def diff_of(text: str, room: int, commit: str) -> Diff:
    """Give as much of a change as there is room for, in bytes of HTML, a whole line at a time."""
    every = text.expandtabs(4).splitlines()
    lines: list[str] = []
    for line in every:
        said = shortened(line, LONGEST_DIFF_LINE)
        room -= len(said.encode()) + 4 * sum(map(said.count, "&<>")) + 1
        if room < 0:
            break
        lines.append(said)
    left = len(every) - len(lines)
    return Diff(tuple(lines), f"{counted(left, 'more line')}: `git show {escaped(commit[:12])}`" if left else "")


def _not_kept(state: State, found: Gathered, room: Room) -> Section:
    rows = [row for row in found.rows if row.status is not Status.KEEP]
    latest = rows[max(0, len(rows) - room.rows) :]
    tried = [Tried(_short(line, room), why(row, room.text)) for row, line in zip(latest, table(state, latest), strict=True)]
    left = len(rows) - len(latest)
    return Section(
        "not-kept",
        "What was not kept, and why",
        rows=tuple(tried),
        lead=DEAD_ENDS if rows else "Everything that was tried was kept." if found.rows else "Nothing was tried yet.",
        more=f"{counted(left, 'earlier experiment')} had no room here: `autotune dashboard --full` shows all." if left else "",
    )


def _earlier(state: State) -> tuple[Section, ...]:
    """What was imported, apart from all that was measured; no section where that is nothing."""
    lines = imported.rows(state.imports)
    return (Section("earlier", imported.TITLE, lines),) if lines else ()


def _short(line: TableRow, room: Room) -> TableRow:
    return replace(line, description=shortened(line.description, room.text))


def why(row: Row, room: int) -> str:
    """Why an experiment was not kept, with the last that it printed where it failed."""
    last = [line for line in (row.failure or "").splitlines() if line.strip()][-1:]
    return shortened("; ".join([told(row.reason), *last]), room)


# The rest


def _cost(state: State, now: str) -> tuple[Line, ...]:
    return (
        Line("time", headline.time_spent(state, now)),
        Line(
            "cost", headline.cost(state) if headline.cost_is_known(state) else "not known: nothing has said what it cost in money or tokens"
        ),
    )


def environment(state: State) -> tuple[Line, ...]:
    """Say what the segment is measured on, and how much the unchanged code differs from itself."""
    now = state.segment.opened
    names = (name for name in now.machine if name not in _NOT_SHOWN)
    return (
        *(Line(escaped(name), escaped(now.machine[name])) for name in names),
        Line("noise", headline.noise_words(state)),
        *headline.drift_lines(state),
        Line("segment", f"{now.segment}, since {headline.moment(now.timestamp)}: {told(now.reason)}"),
    )


def deciding(state: State) -> tuple[Line, ...]:
    """Say how a keep is decided, and what that promises."""
    fooled = _fooled(state)
    built = f" {WITH_ONE_BUILD}" if state.config.built_once else ""
    witness = headline.second_witness(state)
    return (
        Line("decision mode", headline.decision_mode(state)),
        Line("promise", opened.promise(state)),
        *([Line("simulated", fooled)] if fooled else []),
        *([Line("witness", told(witness))] if witness is not None else []),
        Line("to read it", f"{HOW_TO_READ}{built}"),
    )


def _fooled(state: State) -> str:
    """How often a session of changes that do nothing keeps something, in a mode that does not promise how often at most."""
    if state.decision_mode not in SESSIONS_FOOLED:
        return ""
    mean, worst = SESSIONS_FOOLED[state.decision_mode]
    at_worst = f" ({share_in_words(worst, figures=2)} with the worst kind of noise)" if worst is not None else ""
    return f"{share_in_words(mean, figures=2)} of sessions with {NO_OPS} useless changes keep something{at_worst}"


def _commands(state: State) -> tuple[Advice, ...]:
    first = state.segment.opened
    which = f" --session {escaped(first.session)}"
    return (
        Advice(
            f"{VERIFYING}{which}",
            "in this repository: compares log and commits, makes every decision again, then measures again what was gained",
        ),
        Advice(
            f"autotune bundle{which}",
            "in this repository: packs what somebody else needs to do the same on another clone, with `autotune verify FILE`",
        ),
        Advice(f"git log -p --reverse {escaped(first.base[:12])}..{escaped(first.branch)}", "shows every kept change with its evidence"),
    )


def as_json(state: State, now: str, found: Gathered) -> dict[str, Any]:
    """Give all that a report is made of as JSON values, besides a snapshot."""
    names = frozenset(found.stories)
    return {
        **snapshot(state, now),
        "report": {
            "asked": dict(opened.understood(state, found.files)),
            "claim": encode(state.claim),
            "kept": [_kept_json(one, found) for one in sorted(names)],
            "rows": [encode(row) for row in found.rows],
            "earlier": [encode(row) for row in state.imports.rows],
            "environment": {name: text for name, text in state.segment.opened.machine.items() if name not in _NOT_SHOWN},
            "deciding": {
                "mode": state.decision_mode,
                "rule": state.segment.opened.rule,
                "error_budget": state.config.error_budget,
                "fooled": encode(SESSIONS_FOOLED.get(state.decision_mode)),
            },
            "verify": [{"command": one.command, "what": one.what} for one in _commands(state)],
        },
    }


def _kept_json(number_: int, found: Gathered) -> dict[str, Any]:
    return {**found.stories[number_].as_json(), "diff": found.diffs.get(number_)}
