"""Contents of cases set down in a file, for a benchmark that may not open the records: a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from autotune.core.cases.split import Case
from autotune.core.records.places import Part
from autotune.edges.atomic import replace_privately
from autotune.records.store import Store

Period = tuple[int, int]  # from and until, milliseconds


def cases(store: Store, behavior: str, part: Part, without: Sequence[Period] = ()) -> tuple[Case, ...]:
    """The cases of a behaviour in a part, oldest first, each with its group: its user, else its conversation.

    `without` are times whose records are left out, such as those of a canary, which must not confirm.
    """
    return tuple(Case(case, group) for case, group, _ in _rows(store, behavior, part, without))


def freeze(store: Store, path: Path, behavior: str, part: Part, only: Collection[str] | None = None) -> None:
    """Set down the contents of the cases of a part, or `only` of some. Forgetting reaches what is set down."""
    content = "".join(
        json.dumps({"case": case, "group": group, "trace": json.loads(held)}, ensure_ascii=False) + "\n"
        for case, group, held in _rows(store, behavior, part, ())
        if only is None or case in only
    ).encode()
    with store.transaction() as connection:  # noted first: what is set down can be forgotten
        connection.execute("INSERT OR IGNORE INTO frozen (path) VALUES (?)", (str(path.absolute()),))
    replace_privately(path, [content])


def forget_in(path: Path, forgotten: Collection[str]) -> int:
    """Take the contents of cases out of a set; gives how many there were."""
    if not (count := count_in(path, forgotten)):
        return 0
    with path.open("rb") as file:
        replace_privately(path, (line for line in file if json.loads(line)["case"] not in forgotten))
    return count


def count_in(path: Path, forgotten: Collection[str]) -> int:
    """How many of these cases a set holds; none where it is gone."""
    if not path.is_file():
        return 0
    with path.open("rb") as file:
        return sum(json.loads(line)["case"] in forgotten for line in file)


def _rows(store: Store, behavior: str, part: Part, without: Sequence[Period]) -> Iterator[tuple[str, str | None, str]]:
    outside = "".join(" AND NOT at_ms BETWEEN ? AND ?" for _ in without)
    times: list[Any] = [moment for period in without for moment in period]
    yield from store.connection.execute(
        "SELECT case_id, coalesce('user ' || user, 'conversation ' || conversation), content FROM record"  # noqa: S608 - terms of ours
        f" WHERE kind = 'trace' AND part = ? AND instr(applies, ?) > 0{outside} ORDER BY at_ms, case_id",
        [str(part), json.dumps(behavior), *times],
    )
