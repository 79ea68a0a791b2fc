"""The A/A check of a run of `improve`: the skill as it is, measured twice on the cases of the search, before anything is decided."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from autotune.core.codec import encode
from autotune.core.skills.measured import Measured, compared, measured
from autotune.core.skills.surfaces import texts_of
from autotune.edges import run_folders
from autotune.skills import improve_runs as runs
from autotune.skills import searching
from autotune.skills.searching import Desk


def checked(desk: Desk) -> Mapping[str, Any]:
    """Measure the same skill twice, once a run; give what differed. `same` is false where the instrument tells it apart from itself.

    Raises AutotuneError where too many probes fail.
    """
    path = desk.folder / runs.SAME
    if not path.is_file():
        found = compared(_once(desk), _once(desk))
        run_folders.write(desk.folder, runs.SAME, {"same": False} if found is None else {**encode(found), "same": found.same})
    return json.loads(path.read_bytes())  # type: ignore[no-any-return]


def _once(desk: Desk) -> Measured:
    cases = (*desk.run.read, *desk.run.select)
    known = desk.bench.cases
    return measured([known[one] for one in cases], searching.scores(desk, texts_of(desk.base, desk.run.scope), cases))
