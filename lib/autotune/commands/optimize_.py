"""`autotune optimize`."""

from __future__ import annotations

from autotune.commands.prompts_optimize import optimize as main

__all__ = ["main"]
