"""What a report is made of, gathered from ledger and git; and results and samples as tables for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from autotune.core.ledger.events import Ran, SegmentOpened
from autotune.core.ledger.lines import Event
from autotune.core.ledger.state import Row
from autotune.core.model import Status
from autotune.core.tell.fate import fate_of
from autotune.core.tell.full_report import Gathered
from autotune.core.tell.story import Story, stories
from autotune.core.tell.words import told
from autotune.edges import git
from autotune.edges.atomic import replace_file
from autotune.loop.opening.opening import count_in_scope
from autotune.loop.session import feed
from autotune.loop.session.session import Session

MOST_DIFFS = 500  # keeps whose change is looked up
_PLAIN_DIFF = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--src-prefix=a/", "--dst-prefix=b/")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula, where a cell begins with it
RESULTS = (
    *("experiment", "segment", "status", "verdict", "outcome", "fate", "value", "effect", "low", "high", "relative", "evidence"),
    *("needed", "pairs", "confirmed", "forced", "commit", "timestamp", "files", "description", "reason"),
)
_OF_SAMPLES = (b'"type":"config"', b'"type":"run"')
SAMPLES = ("segment", "experiment", "purpose", "arm", "run", "outcome", "metric", "value", "wall_s", "timestamp")


def gathered(session: Session) -> Gathered:
    """Gather all of a session that its state does not hold: every row, and the story and change of each keep."""
    rows = feed.rows(session)
    kept = [row for row in rows if row.status is Status.KEEP]
    changes = ((row.index, _diff(session, row)) for row in kept[:MOST_DIFFS])
    events = tuple(feed.events(session.folder.ledger))
    return Gathered(
        rows=rows,
        segments=tuple(event for event in events if isinstance(event, SegmentOpened)),
        stories=stories(events, {row.index for row in kept}),
        diffs={number: text for number, text in changes if text is not None},
        files=count_in_scope(session),
    )


def change_of(session: Session, story: Story) -> str | None:
    """Give what an experiment's candidate changed, kept or not; None where nothing was taken, or git no longer has it."""
    taken = story.taken
    if taken is None:
        return None
    return _between(session, taken.incumbent, taken.commit if story.formatted is None else story.formatted.commit)


def _diff(session: Session, row: Row) -> str | None:
    """Give what a keep changed; None where git no longer has it."""
    return _between(session, f"{row.commit}^", row.commit)


def _between(session: Session, before: str, after: str) -> str | None:
    found = git.ask(session.top, "diff-tree", "-p", "-r", *_PLAIN_DIFF, before, after, "--")
    return found.out.decode(errors="replace") if found.code == 0 else None


def write_tables(session: Session, rows: Iterable[Row], folder: Path) -> tuple[Path, Path]:
    """Write results and samples as CSV into a folder, and give the files."""
    results, samples = folder / "results.csv", folder / "samples.csv"
    replace_file(results, _table(RESULTS, map(_result, rows)))
    replace_file(samples, samples_table(feed.events(session.folder.ledger, *_OF_SAMPLES)))
    return results, samples


def results(rows: Iterable[Row]) -> tuple[tuple[str, ...], Iterator[Iterable[object]]]:
    """Give the names of the columns, and a line for each experiment."""
    return RESULTS, map(_result, rows)


def samples(session: Session) -> tuple[tuple[str, ...], Iterator[Iterable[object]]]:
    """Give the names of the columns, and a line for each value of each run."""
    return SAMPLES, _samples(feed.events(session.folder.ledger, *_OF_SAMPLES))


def samples_table(events: Iterable[Event]) -> bytes:
    """Give a line for each value of each run, as CSV."""
    return _table(SAMPLES, _samples(events))


def _table(names: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(one) for one in row] for row in rows)
    return written.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    """A value as a cell: empty where there is none, and text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _result(row: Row) -> Iterator[object]:
    effect, figures = row.effect, row.reason.figures
    yield from (row.index, row.segment, row.status, row.verdict, row.outcome, fate_of(row), row.value)
    yield from (None,) * 4 if effect is None else (effect.estimate, effect.low, effect.high, effect.relative)
    yield from (figures.get("evidence"), figures.get("needed"), figures.get("pairs"), row.confirmed, row.forced, row.commit, row.timestamp)
    yield from (" ".join(row.files), row.description, told(row.reason))


def _samples(events: Iterable[Event]) -> Iterator[tuple[object, ...]]:
    segment = 0
    for event in events:
        if isinstance(event, SegmentOpened):
            segment = event.segment
        elif isinstance(event, Ran):
            about = (segment, event.experiment, event.purpose, event.arm, event.number, event.outcome)
            for name, value in event.metrics.items():
                yield (*about, name, value, event.wall_s, event.timestamp)
