"""What a run is told of its cases: the variables, the file and the folder that two of them name."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

WRITTEN = "output"  # the folder in which cases may write, in the run's own


def told(folder: Path, cases: Sequence[str], *, seeded: bool) -> dict[str, str]:
    """Give the variables of a run of these cases; nothing where there are none.

    Writes the file of their ids into a folder, and makes there the one in which they may write. `seeded` tells that the case is a seed.
    """
    if not cases:
        return {}
    path, written = folder / "cases", folder / WRITTEN
    path.write_text("".join(f"{case}\n" for case in cases), "utf-8")
    shutil.rmtree(written, ignore_errors=True)
    written.mkdir(exist_ok=True)
    alone = {"AUTOTUNE_CASE": cases[0]} if len(cases) == 1 else {}
    seed = {"AUTOTUNE_SEED": cases[0]} if seeded else {}
    return {"AUTOTUNE_CASES": str(path), "AUTOTUNE_CASE_OUTPUT": str(written), **alone, **seed}
