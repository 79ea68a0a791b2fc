"""The cases of a suite, as a probe takes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autotune.core.skills.probed import Query
from autotune.core.skills.probing import Measures
from autotune.errors import AutotuneError


@dataclass(frozen=True, slots=True)
class Cases:
    """The queries of a suite by their ids; `hash` tells this suite from others."""

    queries: Mapping[str, Query]
    hash: str
    name: str

    def ids(self, instrument: Measures) -> list[str]:
        """Name the cases that an instrument measures on."""
        return [] if instrument is Measures.TASK else list(self.queries)

    def query(self, case: str) -> Query:
        """Find a query. Raises AutotuneError where there is none of that id."""
        if case not in self.queries:
            raise AutotuneError(f"There is no query {case} in {self.name}.", "take the ids from that file, as `id` in each line")
        return self.queries[case]


def read(path: Path) -> Cases:
    """Read a suite. Raises AutotuneError that names the file and the line."""
    try:
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as problem:
        raise AutotuneError(f"{path} cannot be read as a suite: {problem}.", "`autotune skills eval generate` makes one") from problem
    queries = {one["id"]: Query(one["id"], one["query"], one["type"] != "negative") for one in lines[1:] if one["kind"] == "routing"}
    told = json.dumps(sorted(map(repr, lines)))
    return Cases(queries, hashlib.sha256(told.encode()).hexdigest()[:16], path.name)
