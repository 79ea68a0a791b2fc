"""Writes tables as Parquet: a program for an environment with pyarrow, which gets JSON on its standard input.

Nothing else of autotune is imported. Each table has a path, and columns with a name, a kind and values; a file is whole or not there.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from importlib import import_module
from typing import Any


def main() -> None:
    """Write what is asked for, and answer with the paths."""
    tables = json.load(sys.stdin)["tables"]
    for table in tables:
        _write(table["path"], table["columns"])
    json.dump([table["path"] for table in tables], sys.stdout)


def _write(path: str, columns: list[dict[str, Any]]) -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    kinds = {
        "text": arrow.string(),
        "number": arrow.float64(),
        "count": arrow.int64(),
        "truth": arrow.bool_(),
        "time": arrow.timestamp("ms", tz="UTC"),
    }
    arrays = [arrow.array(_values(one), type=kinds[one["kind"]]) for one in columns]
    fresh = f"{path}.{os.getpid()}"
    parquet.write_table(arrow.Table.from_arrays(arrays, names=[one["name"] for one in columns]), fresh)
    os.replace(fresh, path)  # noqa: PTH105 - names are text here


def _values(column: dict[str, Any]) -> list[Any]:
    values: list[Any] = column["values"]
    if column["kind"] != "time":
        return values
    return [None if one is None else datetime.fromisoformat(one) for one in values]


if __name__ == "__main__":
    main()
