"""The numbers of behavior.json tuned by what traces say, with a report of each change, by which it can be taken back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autotune.core.records.behaviors import Behavior
from autotune.core.records.trace import Trace, from_mapping
from autotune.core.tuning import numbers as file_of
from autotune.core.tuning import rules
from autotune.core.tuning.measured import Figure, Figures, Seen, What
from autotune.core.tuning.numbers import Numbers
from autotune.edges.atomic import replace_file
from autotune.edges.clock import moment
from autotune.errors import AutotuneError
from autotune.prompts.ingesting import database
from autotune.prompts.settings import Settings, agents_home, placed
from autotune.records.keeping import TRACE
from autotune.records.store import Store, opened

if TYPE_CHECKING:
    from autotune.models.asking import Models, Terms

_DAY_MS = 86_400_000
_REPORTS = "behavior-*.json"
Asking = Callable[["Terms"], "Models"]


@dataclass(frozen=True, slots=True)
class _Report:
    """What was written down of a change: when, the file before (None where there was none) and after it, and what was measured."""

    path: Path
    at_ms: int
    before: str | None
    after: str
    figures: Figures
    changed: tuple[tuple[str, float | str], ...]
    undone: bool


def tune(settings: Settings, now_ms: int, *, dry: bool, asking: Asking | None = None) -> dict[str, Any]:
    """Change what the figures are sure about, or take the last change back where errors have become more frequent since.

    Gives what came of it as values. Raises AutotuneError where the file is none of the kind.
    """
    path = place(settings)
    text, held, before = _file(path)
    reports = list(_reports(folder(settings)))
    last = next((one for one in reports if one.after == text and not one.undone), None)
    since_ms = max(round(now_ms - settings["behavior.window_days"] * _DAY_MS), last.at_ms if last else 0)
    figures = _measured(settings, since_ms, dry=dry, asking=asking)
    found = {"file": str(path), "dry_run": dry, "since_ms": since_ms, "figures": _as_json(figures), "before": asdict(before)}
    if last is not None and rules.is_worse(last.figures, figures):
        return {**found, **_taken_back(path, last, dry=dry)}
    refused = {change for one in reports if one.undone for change in one.changed}
    after, changes = rules.tuned(before, figures, settings["behavior.min_traces"], refused)
    found |= {"after": asdict(after), "changes": [_change(one) for one in changes], "taken_back": None, "report": None}
    if changes and not dry:
        found["report"] = str(_change_file(settings, path, text, file_of.written(after, held, moment(now_ms)), found, now_ms))
    return found


def undo(settings: Settings, *, dry: bool) -> dict[str, Any]:
    """Take the last change back. Raises AutotuneError where the file is not as a change has left it."""
    path = place(settings)
    text, _, before = _file(path)
    last = next((one for one in _reports(folder(settings)) if one.after == text and not one.undone), None)
    if last is None:
        raise AutotuneError(f"No report holds an earlier state of {path}.", "edit it by hand; it is yours")
    return {"file": str(path), "dry_run": dry, "since_ms": last.at_ms, "figures": {}, "before": asdict(before)} | _taken_back(
        path, last, dry=dry
    )


def numbers(settings: Settings) -> Numbers:
    """The numbers as the file says them now."""
    return _file(place(settings))[2]


def place(settings: Settings) -> Path:
    """The file that is tuned."""
    named = settings["behavior.config_path"]
    return placed(str(named)) if named else agents_home() / "behavior.json"


def folder(settings: Settings) -> Path:
    """Where the reports are."""
    named = settings["behavior.report_dir"]
    return placed(str(named)) if named else agents_home() / "reports"


def _file(path: Path) -> tuple[str | None, Mapping[str, Any], Numbers]:
    """The file as it is; None, and the numbers that are usual, where there is none."""
    try:
        text = path.read_text("utf-8")
        numbers, held = file_of.read(text)
    except FileNotFoundError:
        return None, {}, Numbers()
    except (OSError, ValueError) as problem:
        raise AutotuneError(f"{path} cannot be used: {problem}.", "correct it, then run the command again") from None
    return text, held, numbers


def _measured(settings: Settings, since_ms: int, *, dry: bool, asking: Asking | None) -> Figures:
    seen = Seen()
    with opened(database(settings)) as store:
        for trace in _traces(store, since_ms, settings["behavior.max_traces"]):
            seen.add(trace)
        judged = list(_traces(store, since_ms, settings["behavior.eval_samples"])) if settings["behavior.eval_samples"] else []
    if settings["behavior.eval_model"] and not dry:
        seen.judge(_scores(settings, [one for one in judged if one.output and one.error is None], asking))
    return seen.figures()


def _traces(store: Store, since_ms: int, most: int) -> Iterator[Trace]:
    """The newest traces; 0 is all of them."""
    query = "SELECT content FROM record WHERE kind = ? AND at_ms > ? ORDER BY at_ms DESC LIMIT ?"
    for (content,) in store.connection.execute(query, (TRACE, since_ms, most or -1)):
        yield from_mapping(json.loads(content))


def _scores(settings: Settings, traces: Sequence[Trace], asking: Asking | None) -> list[float]:
    """What the judge of these numbers gives: with the request beside the answer, by the rubric of response quality; no score is no 0."""
    from autotune.models.asking import Models
    from autotune.prompts import judging, live, terms

    bench = live.bench(settings, Behavior.RESPONSE_QUALITY)
    judge = replace(bench.settings, judge=str(settings["behavior.eval_model"]), strong="")
    cases = {str(number): trace for number, trace in enumerate(traces)}
    with (asking or Models)(terms.terms(settings, "behavior")) as models:
        found = list(judging.judged(replace(bench, settings=judge, cases=cases), models, cases))
    return [one.judgement.score for one in found if one.judgement.score is not None]


def _change_file(settings: Settings, path: Path, before: str | None, after: str, found: Mapping[str, Any], now_ms: int) -> Path:
    """Write the report, then the file: who is killed in between has a report of a change that was not made."""
    report = folder(settings) / f"behavior-{moment(now_ms).replace(':', '')}.json"
    content = {**found, "at_ms": now_ms, "text_before": before, "text_after": after, "undone": False}
    replace_file(report, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
    replace_file(path, after.encode())
    return report


def _taken_back(path: Path, last: _Report, *, dry: bool) -> dict[str, Any]:
    numbers = Numbers() if last.before is None else file_of.read(last.before)[0]
    if not dry:
        said = json.loads(last.path.read_bytes())
        replace_file(last.path, (json.dumps({**said, "undone": True}, ensure_ascii=False, indent=2) + "\n").encode())
        if last.before is None:
            path.unlink(missing_ok=True)
        else:
            replace_file(path, last.before.encode())
    return {"after": asdict(numbers), "changes": [], "taken_back": [list(one) for one in last.changed], "report": str(last.path)}


def _reports(place: Path) -> Iterator[_Report]:
    """The reports of ours, newest first; what is none is passed over."""
    for path in sorted(place.glob(_REPORTS), reverse=True):
        try:
            said = json.loads(path.read_bytes())
            figures = {What(name): Figure(**one) for name, one in said["figures"].items() if one["low"] is not None}
            changed = tuple((one["name"], one["after"]) for one in said["changes"])
            yield _Report(path, said["at_ms"], said["text_before"], said["text_after"], figures, changed, said["undone"])
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _as_json(figures: Figures) -> dict[str, Any]:
    return {
        str(what): {name: value if math.isfinite(value) else None for name, value in asdict(one).items()} for what, one in figures.items()
    }


def _change(one: rules.Change) -> dict[str, Any]:
    return {"name": one.name, "before": one.before, "after": one.after, "by": str(one.by)}
