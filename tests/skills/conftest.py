"""A home in which five hosts have written down sessions."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[1] / "readers" / "transcripts" / "samples"
_PLACES = {
    "transcript-skill-call": ".claude/projects/-home-dev/a.jsonl",
    "transcript-slash": ".claude/projects/-home-dev/b.jsonl",
    "transcript-subagent-main": ".claude/projects/-home-dev/c.jsonl",
    "transcript-subagent": ".claude/projects/-home-dev/c/subagents/agent-a1.jsonl",
    "codex-rollout": ".codex/sessions/2026/11/29/rollout-x.jsonl",
    "pi": ".pi/agent/sessions/--x--/x.jsonl",
    "gemini": ".gemini/tmp/p/chats/session-x.jsonl",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "PI_CODING_AGENT_DIR", "OPENCODE_DB", "AUTOTUNE_DB_PATH", "AUTOTUNE_REDACT"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local" / "share"))
    for name, place in _PLACES.items():
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / f"{name}.jsonl", home / place)
    opencode_at(home / ".local" / "share" / "opencode" / "opencode.db")
    return home


def opencode_at(path: Path) -> None:
    """A database of OpenCode's with the columns that are read."""
    path.parent.mkdir(parents=True)
    database = sqlite3.connect(path)
    database.executescript(
        """CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT);
        CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, data TEXT);
        CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, time_created INTEGER, time_updated INTEGER, data TEXT);"""
    )
    for line in (SAMPLES / "opencode.jsonl").read_text("utf-8").splitlines():
        said = json.loads(line)
        match said["table"]:
            case "session":
                database.execute("INSERT INTO session VALUES (?, NULL)", (said["id"],))
            case "message":
                database.execute("INSERT INTO message VALUES (?, ?, ?)", (said["id"], said["session_id"], json.dumps(said["data"])))
            case "part":
                times = (said["time_created"], said["time_updated"])
                database.execute(
                    "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)",
                    (said["id"], said["message_id"], said["session_id"], *times, json.dumps(said["data"])),
                )
    database.commit()
    database.close()
