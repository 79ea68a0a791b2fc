"""The version, read from the one place where it is written."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path


@cache
def version() -> str:
    """Give the plugin's version."""
    manifest = Path(__file__).resolve().parents[2] / ".claude-plugin" / "plugin.json"
    return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
