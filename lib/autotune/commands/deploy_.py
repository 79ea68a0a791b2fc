"""`autotune deploy`."""

from __future__ import annotations

from autotune.commands.prompts_deploy import deploy as main

__all__ = ["main"]
