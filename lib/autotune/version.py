"""Where autotune lies, and its version, read from the one place where it is written."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parents[1]
PROGRAM = (sys.executable, "-I", str(PACKAGE / "__main__.py"))


@cache
def version() -> str:
    """Give the plugin's version."""
    manifest = ROOT / ".claude-plugin" / "plugin.json"
    return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
