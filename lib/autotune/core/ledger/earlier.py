"""What was tried elsewhere before: imported words, which no verdict and no figure is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autotune.core.model import Status

if TYPE_CHECKING:
    from autotune.core.ledger.events import Imported

HELD = 40  # experiments whose words are held


@dataclass(frozen=True, slots=True)
class Earlier:
    """An experiment of another log. `value` is what that log says, None where it says none; `note` is its side information as text."""

    number: int
    status: Status
    value: float | None
    description: str
    metric: str = ""
    unit: str = ""
    commit: str = ""
    timestamp: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Imports:
    """All that was imported: from which files (by the hash of their content), how many experiments by status, and the latest of them."""

    files: tuple[str, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    rows: tuple[Earlier, ...] = ()

    @property
    def count(self) -> int:
        """How many experiments were imported."""
        return sum(self.statuses.values())


def with_imported(imports: Imports, event: Imported) -> Imports:
    """The history with one more file."""
    statuses = Counter(imports.statuses) + Counter(str(row.status) for row in event.rows)
    return Imports((*imports.files, event.sha256), dict(statuses), (*imports.rows, *event.rows)[-HELD:])
