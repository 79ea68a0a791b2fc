"""`autotune ingest`."""

from __future__ import annotations

from autotune.commands.workshop import ingest as main

__all__ = ["main"]
