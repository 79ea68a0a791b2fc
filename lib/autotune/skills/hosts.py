"""Where the hosts of agents write down their sessions on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autotune.core.skills.seen import Row
from autotune.readers.transcripts import claude_code, codex, gemini, opencode, pi
from autotune.skills.installed import folder_at

Read = Callable[[Mapping[str, object]], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Host:
    """A host whose sessions are JSON lines below a folder. A line without any of the `marks` says nothing of skills."""

    name: str
    folder: Path
    pattern: str
    read: Read
    marks: tuple[bytes, ...] = ()

    def logs(self) -> list[Path]:
        """Each session's file, by name."""
        return sorted(path for path in self.folder.glob(self.pattern) if path.is_file())


OPENCODE = "opencode"
read_part = opencode.rows


def hosts(home: Path) -> tuple[Host, ...]:
    """The hosts that write files, each where its own variable or its default says."""
    claude = folder_at("CLAUDE_CONFIG_DIR", home / ".claude")
    return (
        Host("claude-code", claude / "projects", "*/**/*.jsonl", claude_code.rows, claude_code.MARKS),
        Host("codex", folder_at("CODEX_HOME", home / ".codex") / "sessions", "**/rollout-*.jsonl", codex.rows, codex.MARKS),
        Host("pi", folder_at("PI_CODING_AGENT_DIR", home / ".pi" / "agent") / "sessions", "*/*.jsonl", pi.rows),
        Host("gemini", home / ".gemini" / "tmp", "*/chats/session-*.jsonl", gemini.rows),
    )


def opencode_database(home: Path) -> Path:
    """Where OpenCode keeps its sessions."""
    return folder_at("OPENCODE_DB", folder_at("XDG_DATA_HOME", home / ".local" / "share") / "opencode" / "opencode.db")
