"""Before the first command: the Python environment is set up while the client says what it waits for, not in the command's own time."""

from __future__ import annotations

import os

from autotune.hooks import journal
from autotune.hooks.tools import ROOT, before_tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LONGEST_S = 280  # the client waits for 300


def before_command(payload: Mapping[str, Any]) -> None:
    """Set the environment up if it is missing and the command is one that will run; what goes wrong, the command itself will say."""
    if _is_there():
        return
    decided = before_tool(payload)
    if decided is None or decided["hookSpecificOutput"]["permissionDecision"] != "allow":
        return
    import subprocess

    launcher = os.path.join(ROOT, "bin", "autotune")
    done = subprocess.run([launcher, "--environment"], check=False, timeout=LONGEST_S, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"the Python environment was not set up: {done.stderr[-200:].decode(errors='replace')}")


def _is_there() -> bool:
    """Whether the launcher has a note of a Python, as old as the lock file, that can be started: what it looks at itself."""
    lock, note = os.path.join(ROOT, "requirements.lock"), os.path.join(os.path.dirname(journal.path()), f"launcher{ROOT}", "python")
    try:
        with open(note, encoding="utf-8") as file:
            python = file.readline().rstrip("\n")
        return os.stat(note).st_mtime_ns == os.stat(lock).st_mtime_ns and os.access(python, os.X_OK)
    except OSError:
        return False
