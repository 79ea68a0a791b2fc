"""What a run is told of its cases: the variables, and the file that one of them names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def told(folder: Path, cases: Sequence[str], *, seeded: bool) -> dict[str, str]:
    """Give the variables of a run of these cases, and write the file of their ids into a folder; nothing where there are none.

    `seeded` tells that the case is a seed.
    """
    if not cases:
        return {}
    path = folder / "cases"
    path.write_text("".join(f"{case}\n" for case in cases), "utf-8")
    alone = {"AUTOTUNE_CASE": cases[0]} if len(cases) == 1 else {}
    return {"AUTOTUNE_CASES": str(path), **alone, **({"AUTOTUNE_SEED": cases[0]} if seeded else {})}
