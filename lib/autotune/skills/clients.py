"""The clients that skills are probed in: how each is started so that a skill is called and does not run, and what it prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Protocol

from autotune.core.asking.request import Usage
from autotune.core.codec import read_json
from autotune.core.skills import seen
from autotune.core.skills.probing import Client, Probing
from autotune.core.skills.signs import Sign
from autotune.errors import AutotuneError
from autotune.models.claude import OF_A_SESSION, OWN_CALL
from autotune.readers.streams import claude_code, codex, opencode
from autotune.readers.transcripts import codex as rollout
from autotune.skills.installed import plugin_name
from autotune.skills.staging import Stage

MARK = "autotune-probe"
"""The name that probes of Claude Code give themselves, so that anybody can tell them from sessions of people."""

EVENTS = ("--output-format", "stream-json", "--verbose", "--include-partial-messages")
ALONE = ("--setting-sources", "project", "--strict-mcp-config")
_ASKED_FIRST = {"disableAllHooks": True, "permissions": {"ask": ["Skill"]}}
_QUIET_CODEX = ("-c", "analytics.enabled=false", "--disable", "plugins")
_OPENCODE_QUIET = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"}
_READ_ONLY = {"edit": "deny", "bash": {"*": "deny"}, "webfetch": "deny", "skill": "ask"}


class Stream(Protocol):
    """Reads one client's events, in their order."""

    def read(self, record: Mapping[str, object], /) -> Iterator[Sign]:
        """What one event says."""
        ...


@dataclass(frozen=True, slots=True)
class Launch:
    """A client that is about to be started on a query. `given` is what it gets on stdin, `own` a folder that is this probe's alone."""

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    given: str = ""
    own: Path | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A client: its program, how it is launched on a query, what reads its events, and whether these name the skills that it knows.

    `used` says what a client that was ended early has written down of its tokens.
    """

    name: str
    launch: Callable[[str, Stage, Probing, Mapping[str, object]], Launch]
    stream: Callable[[], Stream]
    lists: bool
    package: str
    used: Callable[[Launch], Usage | None] = lambda _: None


def found(client: Client) -> str:
    """Find a client's program. Raises AutotuneError where it is not on PATH."""
    known = PROGRAMS[client]
    path = shutil.which(known.name)
    if path is None:
        raise AutotuneError(f"{client} is not on PATH: there is no `{known.name}`.", f"install it: npm install -g {known.package}")
    return path


def version(client: Client) -> str:
    """Ask a client for its version; empty where it does not say."""
    done = subprocess.run([found(client), "--version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    words = [word for word in done.stdout.split() if word[:1].isdigit()]
    return words[0] if words else ""


def _claude_code(query: str, stage: Stage, settings: Probing, users: Mapping[str, object]) -> Launch:
    """A call of a skill is asked about, and nobody is there to answer: so it is seen and does not run, and no use of it is counted."""
    kept = () if settings.transcripts else ("--no-session-persistence",)
    plugin = () if stage.plugin is None else ("--plugin-dir", str(stage.plugin))
    own = {**users, **_ASKED_FIRST}
    if stage.plugin is not None and isinstance(plugins := own.get("enabledPlugins"), dict):
        own["enabledPlugins"] = {name: on for name, on in plugins.items() if name.partition("@")[0] != plugin_name(stage.plugin)}
    command = (
        *(found(Client.CLAUDE_CODE), "-p", *EVENTS, *kept, *ALONE, *plugin),
        *("--max-turns", str(settings.turns), *_model("--model", settings), "--name", MARK),
        *("--settings", json.dumps(own), "--", f" {query}" if query.startswith("/") else query),
    )
    more = {"CLAUDE_CONFIG_DIR": str(Path(settings.config).expanduser())} if settings.config else {}
    more |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "CLAUDE_CODE_MAX_RETRIES": "2", "CLAUDE_CODE_TMPDIR": str(stage.private)}
    return Launch(command, stage.project, environment(more))


def _codex(query: str, stage: Stage, settings: Probing, _: Mapping[str, object]) -> Launch:
    """Its home is one of its own with the user's settings and login, so that no skill is listed twice and no session of ours is kept."""
    own = _own_folder(stage)
    users = Path(settings.config or os.environ.get("CODEX_HOME") or Path.home() / ".codex").expanduser()
    for name in ("auth.json", "config.toml"):
        if (users / name).is_file():
            (own / name).symlink_to((users / name).resolve())
    command = (
        *(found(Client.CODEX), "exec", "--json", "-s", "read-only", *_QUIET_CODEX),
        *(*_model("-m", settings), "--", query),
    )
    return Launch(command, stage.project, environment({"CODEX_HOME": str(own), "HOME": str(stage.private)}), own=own)


def _opencode(query: str, stage: Stage, settings: Probing, _: Mapping[str, object]) -> Launch:
    """Home and sessions are its own, settings and login the user's; the query goes to stdin, where it is taken as it is."""
    command = (found(Client.OPENCODE), "run", "--format", "json", *_model("-m", settings))
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "opencode" / "opencode.json"
    users = Path(settings.config).expanduser() if settings.config else usual
    own = _own_folder(stage)
    more = {
        **_OPENCODE_QUIET,
        **({"OPENCODE_CONFIG": str(users)} if users.is_file() else {}),
        "OPENCODE_CONFIG_CONTENT": json.dumps({"permission": _READ_ONLY, "snapshot": False}),
        "OPENCODE_DB": str(own / "opencode.db"),
        "HOME": str(own),
        "XDG_CONFIG_HOME": str(own / "config"),
        "XDG_DATA_HOME": os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share"),
    }
    return Launch(command, stage.project, environment(more), query, own)


def _used_by_codex(launch: Launch) -> Usage | None:
    """Add up the tokens of each response in the session that the client has begun to write."""
    logs = () if launch.own is None else launch.own.glob("sessions/**/rollout-*.jsonl")
    found = dict[str, Usage]()
    for path in logs:
        for line in path.read_bytes().splitlines():
            with suppress(ValueError):
                for row in rollout.rows(read_json(line)):
                    if isinstance(row, seen.Usage):
                        found[row.response] = Usage(row.input + row.cached, row.output, row.cached)
    return reduce(Usage.plus, found.values()) if found else None


def _own_folder(stage: Stage) -> Path:
    return Path(tempfile.mkdtemp(dir=stage.private))


def _model(option: str, settings: Probing) -> tuple[str, ...]:
    return (option, settings.model) if settings.model else ()


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The user's environment without that of a session around us."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_A_SESSION}
    return {**kept, OWN_CALL: "1", **more}


PROGRAMS: Mapping[Client, Program] = {
    Client.CLAUDE_CODE: Program("claude", _claude_code, claude_code.Stream, lists=True, package="@anthropic-ai/claude-code"),
    Client.CODEX: Program("codex", _codex, codex.Stream, lists=False, package="@openai/codex", used=_used_by_codex),
    Client.OPENCODE: Program("opencode", _opencode, opencode.Stream, lists=False, package="opencode-ai"),
}
