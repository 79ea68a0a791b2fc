"""The words of branches that are handed over: shown, in a plan's file, in a pull request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autotune.core.escaping import escaped
from autotune.core.facts import NAMED
from autotune.core.handover.messages import Measurement
from autotune.core.handover.plan import Change, Group, Standing
from autotune.core.ledger.state import Row, State
from autotune.core.tell.figures import counted, effect_in_words, listed
from autotune.core.tell.verdicts import has_interval
from autotune.core.tell.words import told

Rows = Mapping[int, Row]  # keeps by their numbers

_PLAN = """\
# Which branches `autotune finalize` makes of this session. Edit this file, then run the same command again.
# Each [[branch]] is one branch with one commit; the first is the lowest of the stack.
# Put the number of every change into one `changes`. A branch without changes is left out.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A branch as it is told: `on` is the name of the branch that it stands on, None for the base; `parent` is that commit.

    `base` is how a person named the base, None where the session opened there.
    """

    name: str
    title: str
    standing: Standing
    commit: str
    parent: str
    on: str | None
    base: str | None
    shared: tuple[str, ...]
    changes: tuple[Change, ...]
    measured: Measurement | None


def plan_file(groups: Sequence[Group], changes: Sequence[Change], rows: Rows, unit: str) -> str:
    """The groups as a file that can be edited."""
    chapters = [_PLAN]
    for group in groups:
        held = [changes[place] for place in group.changes]
        lines = [
            *(f"# {one.key}: {change_in_words(one, rows, unit)}" for one in held),
            *(f"#    files: {listed(sorted(one.touched), len(one.touched))}" for one in held),
            "[[branch]]",
            f"name = {_quoted(group.name)}",
            f"title = {_quoted(group.title)}",
            f"changes = [{', '.join(_quoted(one.key) if isinstance(one.key, str) else str(one.key) for one in held)}]",
        ]
        chapters.append("\n".join(lines) + "\n")
    return "\n".join(chapters)


def _quoted(text: str) -> str:
    return json.dumps(escaped(text), ensure_ascii=False)


def change_in_words(change: Change, rows: Rows, unit: str) -> str:
    """What a change is and gained when it was kept."""
    if change.number is None:
        return f"made by hand: {escaped(change.title)}"
    return f"{_gain(rows[change.number], unit)}: {escaped(change.title)}"


def _gain(row: Row, unit: str) -> str:
    said = "kept" if row.effect is None else effect_in_words(row.effect, unit, between=row.forced or not has_interval(row.reason))
    return f"{said}, kept by force" if row.forced else said if row.confirmed else f"{said}, unconfirmed"


def lines(part: Part, rows: Rows, unit: str) -> tuple[str, ...]:
    """One branch, as `finalize` shows it."""
    commit = "" if part.standing is Standing.EMPTY else f", {part.commit[:12]}"
    why = f"; both change {listed(part.shared, len(part.shared))}" if part.on is not None and part.shared else ""
    return (
        f"{escaped(part.name)} ({part.standing}{commit})",
        f"  on        {escaped(part.on) if part.on is not None else _base(part)}{why}",
        *(f"  change    {one.key}: {change_in_words(one, rows, unit)}" for one in part.changes),
        *(() if part.measured is None else _measured(part.measured)),
    )


def _measured(said: Measurement) -> tuple[str, ...]:
    return (
        f"  measured  {escaped(said.words)}",
        *([f"  warning   gains nothing without {listed(said.needs)}"] if said.needs else []),
        *([f"  warning   {escaped(said.checks)}"] if said.checks else []),
    )


def _base(part: Part) -> str:
    return f"{part.parent[:12]} ({'where the session began' if part.base is None else escaped(part.base)})"


def body(parts: Sequence[Part], place: int, rows: Rows, state: State) -> str:
    """The text of a branch's pull request, in Markdown. What a proposer wrote is shown as it is, and can be no markup."""
    part, metric = parts[place], state.metric
    there = [one for one in parts if one.standing is not Standing.EMPTY]
    unit = f" ({_plain(metric.unit)})" if metric.unit else ""
    paragraphs = ["## What it changes", *(_described(one, rows) for one in part.changes)]
    paragraphs += [
        "## What it gains",
        f"Measured is {_code(metric.name)}{unit}; {metric.direction} is better. In the session, on top of what was kept before:",
        "\n".join(f"- {_gained(one, rows)}" for one in part.changes),
    ]
    if part.measured is not None:
        paragraphs.append(f"Measured again on this branch, side by side with what it stands on: **{_plain(part.measured.words)}**.")
        if part.measured.needs:
            paragraphs.append(f"**Careful:** it gains nothing without {', '.join(map(_code, part.measured.needs))}.")
        if part.measured.checks:
            paragraphs.append(f"**Careful:** on this branch, {_plain(part.measured.checks)}.")
    paragraphs += ["## Where it stands", _stands(part, there), *_stack(part, there)]
    checks = f" {_code(state.config.checks)} passed too." if state.config.checks else ""
    how = f"By {_code(state.config.benchmark)}, run on both versions in turn, in a working tree of its own.{checks}"
    trailers = "The trailers of the commit name the experiment and its line of the log."
    paragraphs += ["## How it was measured", f"{how} {trailers}"]
    return "\n\n".join(paragraphs) + "\n"


def _described(change: Change, rows: Rows) -> str:
    words = change.title if change.number is None else rows[change.number].description.strip()
    paths = sorted(change.touched)
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return f"{' '.join(_plain(line) for line in words.splitlines())} ({', '.join(map(_code, paths[:NAMED]))}{more})"


def _gained(change: Change, rows: Rows) -> str:
    if change.number is None:
        return f"{_plain(change.title)}: made by hand, not measured by itself"
    return f"experiment {change.number}: {_plain(told(rows[change.number].reason))}"


def _stands(part: Part, there: Sequence[Part]) -> str:
    stacked = any(one.on == part.name for one in there)
    if part.on is None:
        return "It stands on the base" + ("; others stand on it." if stacked else " alone, and can be merged whenever you like.")
    why = f" Both change {', '.join(map(_code, part.shared[:NAMED]))}." if part.shared else ""
    return f"It stands on {_code(part.on)}: merge that first.{why}"


def _stack(part: Part, there: Sequence[Part]) -> tuple[str, ...]:
    if len(there) == 1:
        return ()
    rows = [f"{number}. {'**' if one is part else ''}{_code(one.name)}{'**' if one is part else ''}" for number, one in enumerate(there, 1)]
    return (f"One of {counted(len(there), 'branch', 'branches')} of this session:", "\n".join(rows))


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no mention, no HTML."""
    safe = escaped(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]#|~!])", r"\\\1", safe).replace("@", "&#64;")


def _code(text: str) -> str:
    """Text as code, whatever backticks it holds."""
    shown = escaped(text)
    fence = "`" * (max((len(one) for one in re.findall(r"`+", shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"
