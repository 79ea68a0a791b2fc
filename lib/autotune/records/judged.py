"""What judges gave so far, summed up: by pack version, over time, by criterion; and everything of one case."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autotune.core.judging.means import Sums
from autotune.core.records.trace import Trace, from_mapping
from autotune.records.keeping import TRACE
from autotune.records.store import Store


@dataclass(frozen=True, slots=True)
class Group:
    """The scores of one behaviour, instrument and pack version, summed; `unscored` are records without one, `version` None is unknown.

    `last_ms` is when the newest of them was seen.
    """

    behavior: str
    instrument: str
    version: str | None
    sums: Sums
    unscored: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Period:
    """The scores of a time, from `from_ms` on."""

    from_ms: int
    sums: Sums
    unscored: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one instrument gave a case for one behaviour; `content` has the marks with their reasons."""

    content: Mapping[str, Any]
    behavior: str
    instrument: str
    version: str | None
    score: float | None
    unscored: str | None
    stage: str
    obeyed: int
    tries: int
    at_ms: int
    again_ms: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """Everything of one case: the record, whose part it is in, what judges gave, what people said by behaviour."""

    case: str
    part: str
    trace: Trace
    verdicts: tuple[Verdict, ...]
    labels: Mapping[str, int]


def groups(store: Store, behavior: str | None = None) -> list[Group]:
    """All scores, summed by behaviour, instrument and version; of one behaviour, where it is named."""
    return [Group(*row) for row in _summed(store, "version", behavior)]


def over_time(store: Store, behavior: str, instrument: str, length_ms: int) -> list[Period]:
    """The scores of one instrument in periods of a length, oldest first."""
    rows = _summed(store, f"seen_ms / {length_ms:d}", behavior)
    return [Period(int(number) * length_ms, sums, gone) for _, by, number, sums, gone, _ in rows if by == instrument]


def around(store: Store, behavior: str, instrument: str, moment_ms: int) -> tuple[Sums, Sums]:
    """The scores of the pack version that was seen last, before a moment and from then on."""
    query = "SELECT version FROM score WHERE behavior = ? AND instrument = ? ORDER BY seen_ms DESC LIMIT 1"
    version = store.connection.execute(query, (behavior, instrument)).fetchone()
    found = {False: Sums(), True: Sums()}
    for _, by, part, sums, *_ in _summed(store, f"json_array(version, seen_ms >= {moment_ms:d})", behavior):
        shown, late = json.loads(part)
        if by == instrument and version is not None and shown == version[0]:
            found[bool(late)] = sums
    return found[False], found[True]


def span_ms(store: Store, behavior: str, instrument: str) -> int:
    """From the first to the last record that an instrument judged."""
    query = "SELECT max(seen_ms) - min(seen_ms) FROM score WHERE behavior = ? AND instrument = ?"
    return store.count(query, behavior, instrument)


def outcomes(store: Store, behavior: str, limit: int) -> list[tuple[int, str | None]]:
    """When a behaviour's cases were judged last, and why they got no score, None where they got one; newest first.

    Of those that were judged in one pass, those with a score come first: a judge that gives some is not dead.
    """
    query = "SELECT at_ms, unscored FROM score WHERE behavior = ? ORDER BY at_ms DESC, score IS NULL LIMIT ?"
    return [(int(at_ms), why) for at_ms, why in store.connection.execute(query, (behavior, limit))]


def unscored(store: Store, behavior: str, instrument: str) -> Counter[str]:
    """Why cases have no score, by reason."""
    query = (
        "SELECT unscored, count(*) FROM score WHERE behavior = ? AND instrument = ? AND score IS NULL GROUP BY unscored ORDER BY unscored"
    )
    return Counter({str(why): int(count) for why, count in store.connection.execute(query, (behavior, instrument))})


def obeyed(store: Store, behavior: str, instrument: str) -> int:
    """In how many cases a judge followed a planted instruction."""
    return store.count("SELECT count(*) FROM score WHERE behavior = ? AND instrument = ? AND obeyed > 0", behavior, instrument)


def marks(store: Store, behavior: str, instrument: str, limit: int) -> dict[str, tuple[int, float]]:
    """How many marks each criterion has among the newest cases, and their mean."""
    query = "SELECT content FROM score WHERE behavior = ? AND instrument = ? AND score IS NOT NULL ORDER BY seen_ms DESC LIMIT ?"
    found: dict[str, list[int]] = {}
    for (content,) in store.connection.execute(query, (behavior, instrument, limit)):
        for name, mark in json.loads(content)["marks"].items():
            found.setdefault(name, []).append(mark)
    return {name: (len(given), sum(given) / len(given)) for name, given in found.items()}


def newest(store: Store, limit: int) -> list[tuple[int, str | None]]:
    """When the newest requests were made and which model answered them; newest first."""
    query = "SELECT at_ms, json_extract(content, '$.model') FROM record WHERE kind = ? ORDER BY at_ms DESC LIMIT ?"
    return [(int(at_ms), model) for at_ms, model in store.connection.execute(query, (TRACE, limit))]


def instruments(store: Store, behavior: str) -> dict[str, Mapping[str, str]]:
    """What each instrument of a behaviour is, by its name, the newest last."""
    query = "SELECT instrument, content FROM instrument WHERE behavior = ? ORDER BY begun_ms, instrument"
    return {str(name): json.loads(content) for name, content in store.connection.execute(query, (behavior,))}


def case(store: Store, name: str) -> Case | None:
    """Everything of the case of this id, or of the one whose id begins so; None where there is none, or more than one."""
    query = "SELECT record_id, case_id, part, content FROM record WHERE kind = ? AND case_id >= ? AND case_id < ? LIMIT 2"
    rows = store.connection.execute(query, (TRACE, name, name + "\U0010ffff")).fetchall()
    if len(rows) != 1:
        return None
    record_id, case_id, part, content = rows[0]
    labels = store.connection.execute("SELECT behavior, mark FROM label WHERE record_id = ? ORDER BY behavior", (record_id,)).fetchall()
    return Case(case_id, part, from_mapping(json.loads(content)), _verdicts(store, record_id), dict(labels))


def _verdicts(store: Store, record_id: int) -> tuple[Verdict, ...]:
    query = """
        SELECT content, behavior, instrument, version, score, unscored, stage, obeyed, tries, at_ms, again_ms
        FROM score WHERE record_id = ? ORDER BY behavior, at_ms"""
    return tuple(Verdict(json.loads(content), *row) for content, *row in store.connection.execute(query, (record_id,)))


def _summed(store: Store, by: str, behavior: str | None) -> Iterator[tuple[str, str, Any, Sums, int, int]]:
    """Sums by behaviour, instrument and an expression, unit by unit, so that an interval can be given."""
    where, values = ("", ()) if behavior is None else ("WHERE behavior = ?", (behavior,))
    per_unit = (
        f"SELECT behavior, instrument, {by} AS part, count(score) AS n, total(score) AS s, count(*) - count(score) AS gone,"  # noqa: S608
        f" max(seen_ms) AS last FROM score {where} GROUP BY behavior, instrument, part, unit"
    )
    rows = store.connection.execute(
        "SELECT behavior, instrument, part, sum(n > 0), total(n), total(s), total(s * s), total(s * n), total(n * n),"  # noqa: S608
        f" sum(gone), max(last) FROM ({per_unit}) GROUP BY behavior, instrument, part",
        values,
    )
    for found, instrument, part, *sums, gone, last_ms in rows:
        yield found, instrument, part, Sums(*sums), int(gone), int(last_ms)
