"""`autotune once`."""

from __future__ import annotations

from autotune.commands.prompts_once import main

__all__ = ["main"]
