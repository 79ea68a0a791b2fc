"""`autotune eval`."""

from __future__ import annotations

from autotune.commands.prompts_eval import main

__all__ = ["main"]
