"""A session handed to other programs in their own form, by their own libraries: Parquet files, and a run in an MLflow store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from autotune.core.config.reading import to_mapping
from autotune.core.ledger.state import Row, State
from autotune.core.model import Status
from autotune.core.tell import sessions
from autotune.core.tell.fate import fate_of
from autotune.core.tell.full_report import Gathered
from autotune.core.tell.snapshot import latest
from autotune.edges import extra
from autotune.loop.inspect import reporting
from autotune.loop.session.session import Session

PARQUET, MLFLOW = "requirements-parquet.lock", "requirements-mlflow.lock"
_KINDS: Mapping[str, str] = {  # of columns that are no text
    **dict.fromkeys(("experiment", "segment", "pairs", "run"), "count"),
    **dict.fromkeys(("value", "effect", "low", "high", "evidence", "needed", "wall_s"), "number"),
    **dict.fromkeys(("relative", "confirmed", "forced"), "truth"),
    "timestamp": "time",
}
_LONGEST = 500  # characters of a parameter or a tag
_NOT_IN_A_NAME = re.compile(r"[^\w .:/-]", re.ASCII)  # what MLflow does not take
_PRIVATE = frozenset({"env", "notify", "holdout"})  # settings that are nobody else's


def write_parquet(session: Session, rows: Iterable[Row], folder: Path) -> tuple[Path, ...]:
    """Write results and samples as Parquet into a folder, with the tables of `reporting`, and give the files.

    Raises `AutotuneError` where pyarrow cannot be had, or fails.
    """
    tables = {"results": reporting.results(rows), "samples": reporting.samples(session)}
    folder.mkdir(parents=True, exist_ok=True)
    asked = [{"path": str(folder.resolve() / f"{name}.parquet"), "columns": _columns(*table)} for name, table in tables.items()]
    return tuple(Path(path) for path in extra.run("parquet_worker.py", PARQUET, {"tables": asked}))


def _columns(names: tuple[str, ...], rows: Iterable[Iterable[object]]) -> list[dict[str, object]]:
    held = [tuple(row) for row in rows]
    return [{"name": name, "kind": _KINDS.get(name, "text"), "values": [row[place] for row in held]} for place, name in enumerate(names)]


def write_mlflow(session: Session, found: Gathered, page: str, folder: Path) -> Mapping[str, Any]:
    """Write the session as a run into an MLflow store in a folder; gives `run`, `store`, and `there` where this very log was in it.

    The run has the settings as parameters, what each experiment showed as metrics (their step is its number), and page, tables and diffs
    as artefacts. Raises `AutotuneError` where MLflow cannot be had, or fails.
    """
    with TemporaryDirectory() as artifacts:
        _put_artifacts(session, found, page, Path(artifacts))
        state = session.state
        asked = {
            "folder": str(folder.resolve()),
            "experiment": f"autotune/{state.config.name}",
            "session": session.name,
            "began_ms": _milliseconds(state.started),
            "ended_ms": _milliseconds(latest(state)),
            "parameters": dict(_parameters(state)),
            "tags": {**_tags(state), "autotune.log": session.position.prev},
            "metrics": [*_metrics(found.rows, state), *_totals(state)],
            "artifacts": artifacts,
        }
        answer: Mapping[str, Any] = extra.run("mlflow_worker.py", MLFLOW, asked)
        return answer


def _put_artifacts(session: Session, found: Gathered, page: str, folder: Path) -> None:
    (folder / "report.html").write_text(page, "utf-8", errors="replace")
    reporting.write_tables(session, found.rows, folder)
    (folder / "changes").mkdir()
    for number, text in found.diffs.items():
        (folder / "changes" / f"{number}.diff").write_text(text, "utf-8", errors="replace")


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def _parameters(state: State) -> Iterator[tuple[str, str]]:
    for key, value in to_mapping(state.config).items():
        if key not in _PRIVATE:
            yield _named(key), str(value)[:_LONGEST]
    for key, value in state.segment.opened.machine.items():
        yield f"machine.{_named(key)}", str(value)[:_LONGEST]


def _tags(state: State) -> dict[str, str]:
    opened = state.segment.opened
    held = {
        "autotune.session": opened.session,
        "autotune.version": opened.version,
        "autotune.branch": opened.branch,
        "autotune.stands": sessions.standing(state),
        "mlflow.note.content": sessions.gain(state),
        "mlflow.source.git.commit": state.incumbent,
    }
    return {name: value[:_LONGEST] for name, value in held.items()}


def _metrics(rows: Iterable[Row], state: State) -> Iterator[tuple[str, float, int, int]]:
    """Give name, value, time and step of what each experiment showed."""
    for row in rows:
        effect, figures = row.effect, row.reason.figures
        shown = {
            _named(state.metric.name): row.value,
            **({} if effect is None else {"effect": effect.estimate, "effect.low": effect.low, "effect.high": effect.high}),
            "evidence": figures.get("evidence"),
            "pairs": figures.get("pairs"),
            "kept": float(row.status is Status.KEEP),
            f"fate.{_named(fate_of(row))}": 1.0,
        }
        for name, value in shown.items():
            if value is not None:
                yield name, float(value), _milliseconds(row.timestamp), row.index


def _totals(state: State) -> Iterator[tuple[str, float, int, int]]:
    """Give what the whole session came to, at its latest experiment."""
    claim, spending = state.claim, state.spending
    effect = None if claim is None else claim.effect
    gain = {} if effect is None else {"gain": effect.estimate, "gain.low": effect.low, "gain.high": effect.high}
    counts = {"experiments": state.count, "keeps": state.all_keeps, "cost_usd": spending.cost_usd, "tokens": spending.tokens}
    for name, value in {**gain, **counts, "runs_s": spending.run_s}.items():
        yield f"session.{name}", float(value), _milliseconds(latest(state)), state.count


def _named(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name)
