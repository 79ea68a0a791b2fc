"""Before a tool is used: what is approved without asking, what is a person's to decide, and what is refused with a reason."""

from __future__ import annotations

import os

from autotune.hooks import commands, locating, sayings, scope
from autotune.hooks.clients import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from autotune.hooks.locating import Known, WorkingTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
PERSONS_WORDS = frozenset({"stop", "resume", "repair"})
"""Verbs that a person says with a command of the plugin; that is their approval, until their next prompt."""

CLIENTS_OWN = frozenset({".claude", ".mcp.json"})
"""What decides what the client runs and may do: a person approves a change there, in scope or not."""

SET_UP_FILES = frozenset({"autotune.sh", "autotune.checks.sh", "autotune.md", "autotune.ideas.md", "autotune.toml"})


def before_tool(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Decide about a tool call; None leaves it to the client."""
    folder = str(payload["cwd"])
    place, session = locating.found_at(folder)
    client = Client(payload, place, session)
    given = payload["tool_input"]
    if payload["tool_name"] == "Bash":
        decided = _on_command(str(given["command"]), folder, place, session, client)
        if decided is _ALLOWED and given.get("dangerouslyDisableSandbox"):
            return None
    elif path := given.get("file_path") or given.get("notebook_path"):
        looks = payload["tool_name"] == "Read"
        path = os.path.join(folder, str(path))
        decided = _on_read(path, session, client) if looks else _on_edit(path, place, session, client)
    else:
        decided = None
    if decided is None:
        return None
    decision, reason = decided
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": decision, "permissionDecisionReason": reason}}


_ALLOWED = ("allow", sayings.OWN_COMMAND)


def _on_command(line: str, folder: str, place: WorkingTree | None, session: Known | None, client: Client) -> tuple[str, str] | None:
    parts = commands.parts_of(line) or []
    if len(parts) == 1 and (called := commands.verb_of(parts[0][1][0], parts[0][1][1:], ROOT)) is not None:
        return _on_call(parts[0][1], called, folder, place, session, client)
    if len(parts) > 1 and _are_ours(parts, folder, place, session, client):
        return _ALLOWED
    return _on_other_command(line, folder, session) if session is not None and client.owns else None


def _are_ours(parts: list[tuple[str, list[str]]], folder: str, place: WorkingTree | None, session: Known | None, client: Client) -> bool:
    """Whether a line of several commands holds approved calls of autotune, and beside them only what changes nothing."""
    top = place.top if place is not None else os.path.realpath(folder)
    calls = 0
    for joined, words in parts:
        if words[0] == "cd" and joined != "|":
            there = commands.led_to(words, folder)
            if there is None or place is None or not _is_same_tree(there, place) or commands.path_depends_on_folder():
                return False
            folder = there
        elif (called := commands.verb_of(words[0], words[1:], ROOT)) is not None:
            decided = None if joined == "|" else _on_call(words, called, folder, place, session, client)
            if decided is None or decided[0] != "allow" or any(commands.EXIT_CODE in word for word in words):
                return False
            calls += 1
        elif not commands.is_harmless(joined, words) or commands.is_shadowed(words[0], top, ROOT):
            return False
    return calls > 0


def _is_same_tree(folder: str, place: WorkingTree) -> bool:
    found = locating.working_tree_of(folder)
    return found is not None and found.top == place.top and os.path.isdir(folder)


def _on_call(
    words: list[str], called: tuple[str, list[str]], folder: str, place: WorkingTree | None, session: Known | None, client: Client
) -> tuple[str, str] | None:
    verb, arguments = called
    if verb.startswith("-") or "--help" in arguments:
        return None
    top = place.top if place is not None else os.path.realpath(folder)
    if not commands.is_shadowed(words[0], top, ROOT):
        if verb in _verbs_for(client, session) and not commands.unusual(verb, arguments):
            return _ALLOWED
        if verb in PERSONS_WORDS and verb == client.verb:
            return "allow", sayings.PERSON_SAID_SO
    return ("ask", _to_ask(verb, arguments)) if client.owns or client.agent else None


def _verbs_for(client: Client, session: Known | None) -> frozenset[str]:
    looks = commands.LOOKS if session is not None or client.agent or client.asked else frozenset()
    return looks | (commands.LOOP if client.owns else frozenset()) | (commands.SET_UP if client.agent else frozenset())


def _to_ask(verb: str, arguments: list[str]) -> str:
    options = commands.unusual(verb, arguments) if verb in commands.OPTIONS else []
    called = f"`autotune {verb}`" + (f" with {options[0]}" if options else "")
    return sayings.FOR_A_PERSON.format(called=called)


def _on_other_command(line: str, folder: str, session: Known) -> tuple[str, str] | None:
    """Refuse what writes where the session may not be written, or moves its branch; a person's verb in a longer line is asked about."""
    if not any(name in line for name in TELLING):
        return None
    from autotune.hooks import gitcalls, shell

    for command in shell.commands_of(line, folder):
        called = commands.verb_of(command.words[0], command.words[1:], ROOT) if command.words else None
        if called is not None and (called[0] not in commands.LOOKS | commands.LOOP or commands.FORCEFUL.intersection(called[1])):
            return "ask", _to_ask(*called)
        if session.stands_still:
            continue
        found = gitcalls.destructive(command.words, command.folder, session.workdir)
        if found is not None and any(_is_in(one, session.tree) for one in found[1]):
            return "deny", sayings.GIT_REFUSED.format(name=found[0], session=session.name)
        for path in shell.written_by(command):
            if reason := _refused_write(session, path):
                return "deny", reason
    return None


TELLING = (
    *(">", "git", "autotune", ".sh", "rm", "unlink", "shred", "truncate", "touch", "tee", "chmod", "cp", "mv", "install", "ln"),
    *("rsync", "sed", "perl", "patch", "dd", "find"),
)
"""What stands somewhere in every line that could be refused or asked about; most lines hold none of it, and are not taken apart."""


def _refused_write(session: Known, path: str) -> str | None:
    """Why the shell may not write to a path. What is new, or ignored by git, out of scope is left alone, as the loop leaves it alone."""
    written, path = path, scope.before_pattern(path)
    below = path != written or os.path.isdir(path)
    kind = scope.kind_of_all_below(session, path) if below else scope.kind_of(session, path)
    if kind == scope.OUTSIDE and (not os.path.lexists(path) or _is_ignored(session.tree, path)):
        return None
    return scope.refusal(session, path, kind)


def _is_ignored(tree: str, path: str) -> bool:
    import subprocess  # before a refusal alone, which is rare

    command = ["git", "-C", tree, "check-ignore", "-q", "--", path]
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=5).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _on_edit(path: str, place: WorkingTree | None, session: Known | None, client: Client) -> tuple[str, str] | None:
    if session is not None and client.owns and not session.stands_still:
        kind = scope.kind_of(session, path)
        if reason := scope.refusal(session, path, kind):
            return "deny", reason
        steers = CLIENTS_OWN.intersection(os.path.relpath(os.path.realpath(path), session.tree).split("/"))
        may = client.agent and kind in {scope.IN_SCOPE, scope.NOTES} and not steers
        return ("allow", sayings.FILE_OF_SESSION.format(kind=kind)) if may else None
    if session is not None and client.owns and client.agent and scope.kind_of(session, path) == scope.NOTES:
        return "allow", sayings.FILE_OF_SESSION.format(kind=scope.NOTES)
    is_over = session is None or (session.stands_still and session.now["ended"]["how"] != "paused")
    if client.agent and is_over and place is not None and _is_for_set_up(path, place.top):
        return "allow", sayings.FILE_FOR_SET_UP
    return None


def _on_read(path: str, session: Known | None, client: Client) -> tuple[str, str] | None:
    """Let the agent read the plugin's own pages, which are not in the project, the session's working tree, and what diagnoses found."""
    if session is not None and client.owns and client.agent and _is_in(path, session.tree):
        return "allow", sayings.WORKING_TREE
    if session is not None and client.owns and _is_in(path, os.path.join(os.path.realpath(session.folder), "reports")):
        return "allow", sayings.REPORT
    ours = os.path.realpath(path).startswith(os.path.join(ROOT, "skills", ""))
    return ("allow", sayings.PLUGIN_PAGE) if ours and (client.agent or client.asked or client.owns) else None


def _is_for_set_up(path: str, top: str) -> bool:
    """Whether a path is a session's file, in the working tree itself; a configuration that is there already is the person's."""
    name = os.path.basename(path)
    plain = os.path.realpath(path) == os.path.join(os.path.realpath(os.path.dirname(path)), name) and _is_in(path, top)
    return name in SET_UP_FILES and plain and not (name == "autotune.toml" and os.path.exists(path))


def _is_in(path: str, tree: str) -> bool:
    return f"{os.path.realpath(path)}/".startswith(f"{tree}/")
