"""What is to be read: a format, a place, and by whose ids its records are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autotune.readers.traces.logs import Log


@dataclass(frozen=True, slots=True)
class Source:
    """A place that is read. Without a format, each file's first line tells it. `name` is a chat log's own: it says whose ids those are."""

    place: Path
    log: Log | None = None
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def format(self) -> str:
        """How the database knows the format."""
        return str(self.log or "any")

    def origin(self, log: Log) -> str:
        """By whose ids the records of a log in that format are known: those of one chat log are nobody else's."""
        return f"{log}:{self.name or self.place}" if log is Log.CHAT else str(log)


@dataclass(frozen=True, slots=True)
class Rules:
    """How what is read is taken in. Lines longer than `longest_line` bytes are not."""

    mask: bool = True
    retention_days: int = 90
    longest_line: int = 16 << 20
    lines_at_once: int = 1000
    bytes_at_once: int = 4 << 20

    def earliest_ms(self, now_ms: int) -> int:
        """From when on records are kept."""
        return now_ms - self.retention_days * 86_400_000
