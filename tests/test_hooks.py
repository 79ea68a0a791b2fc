"""Hooks, given the payloads that the client gives them, beside a real repository with a session as the loop leaves it on disk."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans, dictionaries, floats, integers, none, recursive, text

from autotune.commands.app import VERBS
from autotune.core.tell.snapshot import of_the_log
from autotune.core.trust.patterns import expression
from autotune.edges import locks
from autotune.errors import AutotuneError
from autotune.hooks import clients, commands, journal, locating, routes, shell, tools, values
from autotune.hooks.__main__ import main
from autotune.hooks.values import read_object
from autotune.loop.opening import opening
from autotune.loop.session import projection
from autotune.loop.session.session import Session
from autotune.models.claude import OWN_CALL

ROOT = Path(__file__).resolve().parents[1]
HOOKS = ROOT / "lib/autotune/hooks/__main__.py"
OWNER, OTHER = "11111111-aaaa", "22222222-bbbb"

NOW: dict[str, Any] = {
    "workdir": "",
    "files": [
        "autotune.sh",
        "autotune.checks.sh",
        "autotune.md",
        "autotune.ideas.md",
        "autotune.toml",
        "autotune.jsonl",
        ".autotune.state",
    ],
    "scope": expression(["src/**"]),
    "scope_in_words": "src/**",
    "narrowed": None,
    "narrowed_in_words": "",
    "protect": expression(["src/vendor/**"]),
    "pins": "0" * 40,
    "pinned": ["autotune.sh", "bench/run.py"],
    "health": "running",
    "stops_after": None,
    "ended": None,
    "experiments": 3,
    "experiment": None,
    "as_of": "2026-01-01T00:00:00.000Z",
    "as_of_s": 1767225600.0,
    "keeps": 1,
    "forced": 0,
    "active_s": 60.0,
    "budget": {"healing": 3},
    "value": "time_ms 82.1 ms, claimed -17.3 %",
    "auto_resume": "continue",
    "stop_patience": 3,
    "next": "edit files in scope, then `autotune try --description TEXT`",
    "brief": "# Brief of session speed\n",
}


@dataclass
class World:
    """A repository with files, maybe with a session on its branch, and a client that works there."""

    top: Path

    @property
    def sessions(self) -> Path:
        return self.top / ".git/autotune"

    @property
    def folder(self) -> Path:
        return self.sessions / "speed"

    def open(self, owner: str | None = OWNER, *, agent: bool = False, **changes: object) -> World:
        """Leave a session on disk, owned by a client session."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / locating.LEDGER).write_text("{}\n")
        here = {"tree": str(self.top), "records": [str(self.folder), str(self.top.parent / "cache/measure")]}
        (self.folder / locating.PROJECTION).write_text(json.dumps({**NOW, **here, **changes}))
        (self.top / ".git/HEAD").write_text("ref: refs/heads/autotune/speed\n")
        if owner is not None:
            (self.folder / locating.OWNER).write_text(json.dumps({"client": owner, "agent": agent, "process": None}))
        return self

    def owner(self) -> str | None:
        return read_object(str(self.folder / locating.OWNER)).get("client")

    def tell(self, event: str, client: str = OWNER, **fields: object) -> dict[str, Any]:
        """Give an event to the hooks; the answer, empty where there is none."""
        common = {"session_id": client, "cwd": str(self.top), "hook_event_name": event, "transcript_path": str(self.top.parent / "t.jsonl")}
        answer = routes.answer_to(event, json.dumps({**common, "prompt_id": "p1", **fields}).encode())
        found: dict[str, Any] = json.loads(answer) if answer else {}
        return found

    def decide(self, tool: str, given: dict[str, object], client: str = OWNER, **fields: object) -> tuple[str, str]:
        """What is decided about a tool call, and why."""
        answer = self.tell("PreToolUse", client, tool_name=tool, tool_input=given, **fields).get("hookSpecificOutput", {})
        return answer.get("permissionDecision", ""), answer.get("permissionDecisionReason", "")

    def bash(self, command: str, client: str = OWNER, **fields: object) -> str:
        return self.decide("Bash", {"command": command}, client, **fields)[0]

    def edit(self, path: str, client: str = OWNER, tool: str = "Edit", **fields: object) -> str:
        return self.decide(tool, {"file_path": str(self.top / path)}, client, **fields)[0]

    def stop(self, message: str = "I am done.", client: str = OWNER, **fields: object) -> str:
        """What the agent is told when it stops; empty where it is let go."""
        answer = self.let_go(message, client, **fields).get("hookSpecificOutput", {"additionalContext": ""})
        return str(answer["additionalContext"])

    def let_go(self, message: str = "I am done.", client: str = OWNER, **fields: object) -> dict[str, Any]:
        said = {"stop_hook_active": False, "last_assistant_message": message, "background_tasks": [], "session_crons": []}
        return self.tell("Stop", client, **{**said, **fields})


AGENT = {"agent_type": clients.AGENT}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    top = tmp_path / "project"
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    for name in ("src/a.py", "src/vendor/b.py", "tests/test_a.py", "bench/run.py", "autotune.sh", "autotune.toml", "README.md"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("\n")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("CLAUDE_PLUGIN_ROOT", raising=False)
    monkeypatch.delenv("CLAUDE_PID", raising=False)
    return World(Path(os.path.realpath(top)))


# What is approved

TABLE = json.loads((ROOT / "tests/client/command_lines.json").read_text("utf-8"))
APPROVED, NOT_APPROVED = ([line.replace("ROOT", str(ROOT)) for line in TABLE[key]] for key in ("approved", "not approved"))


@pytest.mark.parametrize("command", APPROVED)
def test_a_plain_call_is_approved_in_the_owning_session(world: World, command: str) -> None:
    assert world.open().bash(command) == "allow"


@pytest.mark.parametrize("command", NOT_APPROVED)
def test_anything_else_is_left_to_a_person_in_the_owning_session(world: World, command: str) -> None:
    assert world.open().bash(command) in {"", "ask"}


def test_a_folder_of_the_same_working_tree_may_be_changed_to_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.open()
    (world.top / "out").symlink_to(world.top.parent)
    (world.top / "deep").symlink_to("src/vendor")
    subprocess.run(["git", "init", "-q", str(world.top / "nested")], check=True)
    for folder in ("src", "./src/vendor", "src/vendor/..", str(world.top), "deep"):
        assert world.bash(f"cd {folder} && autotune status") == "allow", folder
    assert world.bash("cd src && cd vendor && autotune try -d x") == "allow"
    assert world.bash("cd src && autotune status", cwd=str(world.top / "src/..")) == "allow"
    for folder in ("out", "deep/..", "nested", "nowhere", str(world.top.parent), "..", "README.md"):
        assert world.bash(f"cd {folder} && autotune status") == "", folder
    monkeypatch.setenv("PATH", "bin:/usr/bin:/bin")
    assert world.bash("cd src && autotune status") == ""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("CDPATH", str(world.top))
    assert world.bash("cd src && autotune status") == ""


@pytest.mark.parametrize("line", ["cd . && echo x", "echo autotune status", "tail -5 autotune.jsonl", "echo x | cat"])
def test_a_line_without_a_call_of_ours_is_the_clients_to_decide(world: World, line: str) -> None:
    assert world.open().bash(line) == ""


def test_a_filter_that_the_project_brings_is_not_harmless(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.open()
    (world.top / "bin").mkdir()
    (world.top / "bin/tail").write_text("#!/bin/sh\n")
    (world.top / "bin/tail").chmod(0o755)
    monkeypatch.setenv("PATH", f"{world.top / 'bin'}:/usr/bin")
    assert world.bash("autotune status | tail -5") == ""
    assert world.bash("autotune status | head -5") == "allow"


def test_the_table_of_command_lines_is_long_enough_to_mean_something() -> None:
    assert len({*APPROVED, *NOT_APPROVED}) >= 60


@pytest.mark.parametrize("command", [*APPROVED, *NOT_APPROVED])
def test_a_client_beside_the_owning_one_may_only_look(world: World, command: str) -> None:
    verbs = set(re.findall(r"autotune (\w+)", command)) or ({"dashboard"} if command == "dashboard.sh" else {""})
    looks = command in APPROVED and verbs <= commands.LOOKS
    assert world.open().bash(command, OTHER) == ("allow" if looks else "")


@pytest.mark.parametrize("command", [*APPROVED, *NOT_APPROVED])
def test_where_there_is_no_session_nothing_is_said(world: World, command: str) -> None:
    assert world.bash(command) == ""


def test_what_a_person_has_to_decide_is_asked_whatever_the_client_would_do_by_itself(world: World) -> None:
    world.open()
    for command in ("autotune resume", "autotune try -d x --force", "autotune start --proposer x", "cd . && autotune config set target 1"):
        decision, reason = world.decide("Bash", {"command": command})
        assert decision == "ask"
        assert "for the user to decide" in reason
    for command, words in {
        "autotune try -d x --force": "`autotune try` with --force is for the user",
        "autotune dashboard --watch": "`autotune dashboard` with --watch is for the user",
        "autotune wait --session=other": "`autotune wait` with --session is for the user",
        "autotune rebaseline --accept": "`autotune rebaseline` is for the user",
    }.items():
        assert words in world.decide("Bash", {"command": command})[1]
    assert world.bash("timeout 9 bash -c 'cd . && autotune resume'") == "ask"
    assert world.bash("make; autotune finalize --push") == "ask"
    assert world.bash("autotune finalize --pr") == "ask"
    for line in (
        "report --claim",
        "report --output x",
        "report --csv d",
        "bundle",
        "bundle x --public A",
        "verify",
        "verify 3",
        "verify x --yes",
    ):
        assert world.bash(f"autotune {line}") == "ask", line
    assert world.bash("make; autotune verify x --yes") == "ask"
    assert world.bash("autotune explain 1 --cases") == "ask"
    assert world.bash("autotune explain 1") == "allow"
    assert world.bash("autotune report --markdown | head -5") == "allow"
    assert world.bash("autotune finalize") == "allow"
    assert world.bash("echo autotune resume") == ""
    assert world.bash("autotune resume --help") == ""


def test_a_person_who_says_a_command_of_the_plugin_is_not_asked_again_for_that_prompt(world: World) -> None:
    world.open()
    world.tell("UserPromptExpansion", command_name="autotune:stop", prompt_id="p2")
    assert world.bash("autotune stop", prompt_id="p2") == "allow"
    assert world.bash("autotune stop --reason 'enough'", prompt_id="p2") == "allow"
    assert world.bash("autotune resume", prompt_id="p2") == "ask"
    assert world.bash("autotune stop; ls", prompt_id="p2") == "ask"
    assert world.bash("autotune stop", prompt_id="p3") == "ask"
    world.tell("UserPromptExpansion", command_name="autotune:stop", prompt_id=None)
    assert world.bash("autotune stop", prompt_id=None) == "ask"


def test_saying_stop_in_another_client_stops_the_session_and_does_not_take_it(world: World) -> None:
    world.open()
    world.tell("UserPromptExpansion", OTHER, command_name="autotune:stop")
    assert world.bash("autotune stop", OTHER) == "allow"
    assert world.owner() == OWNER
    assert world.bash("autotune try -d x", OTHER) == ""


def test_init_is_approved_in_a_client_that_was_started_with_the_agent(world: World) -> None:
    command = "autotune init --name n --metric m --scope 'src/**' --command 'pytest -q' --max-wall-time 8h --read hyperfine --untimed"
    assert world.bash(command) == ""
    assert world.bash(command, **AGENT) == "allow"
    for words in ("--sandbox on", "--sandbox=on"):
        assert world.bash(f"{command} {words}", **AGENT) == "allow"
    for words in ("--in-place", "--sandbox off", "--sandbox", "--sandbox=off --sandbox on", "--allow 'tests/**'", "--holdout x"):
        assert world.bash(f"{command} {words}", **AGENT) == "ask"
    assert world.bash("autotune doctor", **AGENT) == "allow"
    assert world.bash("autotune doctor --compare", **AGENT) == "allow"
    assert world.bash("autotune try -d x", **AGENT) == "ask"
    assert world.bash(command, agent_type="autotune") == ""
    assert world.bash(command, agent_id="a1", **AGENT) == ""


def test_outside_of_a_repository_the_agent_can_look_what_is_missing(world: World, tmp_path: Path) -> None:
    assert world.bash("autotune doctor", cwd=str(tmp_path), **AGENT) == "allow"
    assert world.bash("autotune doctor", cwd=str(tmp_path)) == ""


def test_a_program_of_the_project_that_is_called_autotune_is_not_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.open()
    for folder in (world.top / "venv", world.top.parent / "bin"):
        folder.mkdir()
        (folder / "autotune").write_text("#!/bin/sh\n")
        (folder / "autotune").chmod(0o755)
    monkeypatch.setenv("PATH", f"{world.top.parent / 'bin'}:/usr/bin")
    assert world.bash("autotune status") == "allow"
    monkeypatch.setenv("PATH", f"{world.top / 'venv'}:/usr/bin")
    assert world.bash("autotune status") == "ask"
    (world.top.parent / "opt/autotune").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{world.top.parent / 'opt'}:{world.top / 'venv'}")
    assert world.bash("autotune status") == "ask"
    monkeypatch.chdir(world.top / "venv")
    monkeypatch.setenv("PATH", ".:/usr/bin")
    assert world.bash("autotune status") == "ask"


def test_a_call_that_leaves_the_clients_sandbox_is_not_approved(world: World) -> None:
    assert world.open().decide("Bash", {"command": "autotune status", "dangerouslyDisableSandbox": True})[0] == ""


def test_every_option_that_is_approved_is_one_of_the_command_lines() -> None:
    from importlib import import_module

    known = {verb for section in VERBS.values() for verb in section}
    assert set(commands.OPTIONS) == commands.LOOKS | commands.LOOP | commands.SET_UP
    assert set(commands.OPTIONS) <= known
    for verb in sorted(commands.OPTIONS):
        source = Path(str(import_module(f"autotune.commands.{verb}_").__file__)).read_text("utf-8")
        source += (ROOT / "lib/autotune/commands/options.py").read_text("utf-8")
        assert [option for option in commands.OPTIONS[verb] - {"--json"} if not re.search(rf'["/]{option}["/]', source)] == []


# Whose session it is


def test_a_client_started_with_the_agent_owns_the_session_that_it_finds_or_opens(world: World) -> None:
    world.open(owner=None)
    assert world.bash("ls", OTHER) == ""
    assert world.owner() is None
    world.bash("ls", **AGENT)
    assert world.owner() == OWNER
    world.tell("SessionStart", OTHER, source="startup", **AGENT)
    assert world.owner() == OTHER
    world.bash("ls", **AGENT)
    assert world.owner() == OTHER
    assert world.stop(**AGENT) == ""


def test_a_conversation_of_the_agent_that_is_taken_up_again_owns_the_session_once_its_client_says_so(world: World) -> None:
    world.open()
    assert world.tell("SessionStart", OTHER, source="fork") == {}
    assert world.bash("autotune try -d x", OTHER) == ""
    assert world.owner() == OWNER
    assert world.bash("autotune try -d x", OTHER, **AGENT) == "allow"
    assert world.owner() == OTHER
    assert world.bash("autotune try -d x", **AGENT) == "ask"
    world.tell("SessionStart", source="resume")
    assert world.bash("autotune try -d x", **AGENT) == "allow"
    assert world.bash("autotune try -d x", OTHER, **AGENT) == "ask"
    assert world.owner() == OWNER


def test_a_client_in_which_a_person_says_autotune_owns_the_session(world: World) -> None:
    world.tell("UserPromptExpansion", OTHER, command_name="autotune:autotune")
    assert world.bash("autotune doctor", OTHER) == "allow"
    assert world.bash("autotune init --name n --metric m", OTHER) == ""
    world.open(owner=None)
    assert world.bash("autotune try -d x", OTHER) == "allow"
    world.tell("UserPromptExpansion", OWNER, command_name="autotune:resume")
    assert world.owner() == OWNER
    world.tell("UserPromptExpansion", OTHER, command_name="other:autotune")
    assert world.owner() == OWNER


def test_what_a_person_said_long_ago_is_forgotten(world: World) -> None:
    world.tell("UserPromptExpansion", OTHER, command_name="autotune:autotune")
    (old,) = (world.sessions / locating.CLIENTS).iterdir()
    os.utime(old, (0, 0))
    world.tell("UserPromptExpansion", OWNER, command_name="autotune:autotune")
    assert not old.exists()


def test_after_clear_the_same_process_still_owns_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_PID", "77")
    world.open(owner=None)
    world.tell("UserPromptExpansion", OWNER, command_name="autotune:autotune")
    monkeypatch.setenv("CLAUDE_PID", "78")
    assert world.tell("SessionStart", OTHER, source="clear") == {}
    monkeypatch.setenv("CLAUDE_PID", "77")
    assert "Brief" in json.dumps(world.tell("SessionStart", OTHER, source="clear"))
    assert world.owner() == OTHER


def test_a_worktree_has_its_own_session(world: World) -> None:
    world.open()
    git = ["git", "-C", str(world.top), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", "-b", "autotune/other", str(world.top.parent / "beside")], check=True)
    beside = World(world.top.parent / "beside")
    place = locating.working_tree_of(str(beside.top))
    assert place is not None
    assert (place.top, place.branch, place.sessions) == (str(beside.top), "refs/heads/autotune/other", str(world.sessions))
    shutil.copytree(world.folder, world.sessions / "other")
    held = json.loads((world.folder / locating.PROJECTION).read_text())
    (world.sessions / "other" / locating.PROJECTION).write_text(json.dumps({**held, "tree": str(beside.top)}))
    assert beside.edit("tests/test_a.py") == "deny"
    assert beside.edit("src/a.py") == ""
    assert beside.edit(str(world.top / "tests/test_a.py")) == ""
    (world.top / ".git/HEAD").write_text("ref: refs/heads/main\n")
    assert world.edit("tests/test_a.py") == "deny"


def test_the_only_session_is_found_from_a_branch_that_is_nobodys(world: World) -> None:
    world.open(tree=str(world.top.parent / "elsewhere"))
    (world.top / ".git/HEAD").write_text("ref: refs/heads/main\n")
    assert world.bash("autotune try -d x") == "allow"


# Edits


@pytest.mark.parametrize(
    ("path", "decision"),
    [
        ("src/a.py", ""),
        ("src/new.py", ""),
        ("autotune.md", ""),
        ("autotune.ideas.md", ""),
        ("/tmp/scratch.py", ""),  # noqa: S108 - nothing is written
        ("tests/test_a.py", "deny"),
        ("tests/new.py", "deny"),
        ("README.md", "deny"),
        ("src/vendor/b.py", "deny"),
        ("src/.gitignore", "deny"),
        ("src/sub/.git/config", "deny"),
        ("src/../bench/run.py", "deny"),
        ("bench/run.py", "deny"),
        ("autotune.sh", "deny"),
        ("autotune.checks.sh", "deny"),
        ("autotune.toml", "deny"),
        ("autotune.jsonl", "deny"),
        (".autotune.state", "deny"),
        (".git/config", "deny"),
        (".git/autotune/speed/autotune.jsonl", "deny"),
        ("../cache/measure/src/a.py", "deny"),
    ],
)
def test_edits_of_what_may_not_change_are_refused_in_the_owning_session(world: World, path: str, decision: str) -> None:
    world.open()
    for tool in ("Edit", "Write", "MultiEdit"):
        assert world.edit(path, tool=tool) == decision
    assert world.decide("NotebookEdit", {"notebook_path": str(world.top / path)})[0] == decision
    assert world.edit(path, OTHER) == ""


def test_the_agent_needs_no_approval_for_files_in_scope_and_its_notes(world: World) -> None:
    world.open(agent=True)
    assert [world.edit(path) for path in ("src/a.py", "src/new.py", "autotune.md", "autotune.ideas.md")] == ["allow"] * 4
    assert world.edit("/tmp/scratch.py") == ""  # noqa: S108 - nothing is written
    assert world.edit("tests/test_a.py") == "deny"
    assert world.edit("src/a.py", agent_type="general-purpose", agent_id="a1") == "allow"


def test_what_git_ignores_may_be_deleted_out_of_scope_and_nothing_else_that_is_there(world: World) -> None:
    world.open()
    (world.top / ".gitignore").write_text("build/\n")
    for name in ("build", "other"):
        (world.top / name).mkdir()
        (world.top / name / "one.o").write_text("")
    assert [world.bash(f"rm -rf {name}") for name in ("build", "build/one.o", "other", "other/one.o")] == ["", "", "deny", "deny"]


def test_the_agent_may_read_the_sessions_working_tree_wherever_it_was_opened(world: World) -> None:
    for agent, expected in ((True, "allow"), (False, "")):
        world.open(agent=agent)
        assert world.edit("src/a.py", tool="Read") == expected
    assert world.edit("../elsewhere", tool="Read") == ""
    assert world.decide("Read", {"file_path": f"{world.folder}/reports/diagnosis-9.md"})[0] == "allow"
    assert world.decide("Read", {"file_path": f"{world.folder}/autotune.jsonl"})[0] == ""


def test_what_decides_what_the_client_may_do_is_not_approved_though_it_is_in_scope(world: World) -> None:
    world.open(agent=True, scope=expression(["**"]), scope_in_words="**")
    assert world.edit("docs/guide.md") == "allow"
    (world.top / "link").symlink_to(".claude")
    for path in (".claude/settings.json", "src/.claude/settings.local.json", ".mcp.json", ".claude/skills/x/SKILL.md", "link/x"):
        assert world.edit(path) == ""


def test_a_refusal_says_what_to_do_instead(world: World) -> None:
    world.open(narrowed=expression(["src/b.py"]), narrowed_in_words="src/b.py")
    reasons = [
        world.decide("Edit", {"file_path": str(world.top / path)})[1]
        for path in ("autotune.sh", "README.md", "src/a.py", ".git/autotune/speed/x")
    ]
    for reason, words in zip(
        reasons, ("Change files in scope (src/**)", "put scratch files outside", "Work on those files", "records"), strict=True
    ):
        assert words in reason
    assert world.edit("src/b.py") == ""


def test_a_link_is_what_it_leads_to(world: World) -> None:
    world.open(agent=True)
    (world.top / "src/link.py").symlink_to(world.top / "bench/run.py")
    (world.top / "out").symlink_to(world.top.parent)
    assert world.edit("src/link.py") == "deny"
    (world.top / "src/away.py").symlink_to("/etc/hostname")
    assert world.edit("src/away.py") == ""


def test_in_a_subfolder_patterns_are_relative_to_the_sessions_folder(world: World) -> None:
    scope, protect = (expression(one, "packages/one") for one in (["src/**", "../two/**"], ["src/vendor/**", "../two/lib/**"]))
    world.open(workdir="packages/one", pinned=["packages/one/autotune.sh"], scope=scope, protect=protect)
    assert [world.edit(path) for path in ("packages/one/src/a.py", "packages/two/a.py")] == ["", ""]
    refused = ("src/a.py", "packages/one/b.py", "packages/one/autotune.sh", "packages/two/lib/a.py", "packages/one/src/vendor/a.py")
    assert [world.edit(path) for path in refused] == ["deny"] * len(refused)


def test_before_init_the_agent_may_write_the_sessions_files_and_no_others(world: World) -> None:
    for path in ("autotune.sh", "autotune.checks.sh", "sub/autotune.md", "autotune.ideas.md"):
        assert world.edit(path, tool="Write", **AGENT) == "allow"
        assert world.edit(path, tool="Write") == ""
    assert world.edit("autotune.toml", tool="Write", **AGENT) == ""
    (world.top / "autotune.toml").unlink()
    assert world.edit("autotune.toml", tool="Write", **AGENT) == "allow"
    for path in ("src/a.py", "autotune.jsonl", "/tmp/autotune.sh", "../autotune.sh"):  # noqa: S108 - nothing is written
        assert world.edit(path, tool="Write", **AGENT) == ""
    (world.top / "autotune.sh").unlink()
    (world.top / "autotune.sh").symlink_to("README.md")
    assert world.edit("autotune.sh", tool="Write", **AGENT) == ""


@pytest.mark.parametrize("how", ["paused", "stopped", "finished"])
def test_a_session_that_stands_still_refuses_nothing_and_approves_no_edit(world: World, how: str) -> None:
    world.open(agent=True, ended={"how": how, "reason": "enough"})
    assert world.edit("src/a.py") == ""
    assert world.edit("tests/test_a.py") == ""
    assert world.edit("autotune.md") == "allow"
    assert world.bash("git reset --hard") == ""
    assert world.bash("ls && autotune resume") == "ask"
    assert world.edit("autotune.sh", tool="Write") == ("" if how == "paused" else "allow")


def test_a_tool_call_without_a_path_is_none_of_ours(world: World) -> None:
    assert world.open().decide("Edit", {})[0] == ""


# The shell


@pytest.mark.parametrize(
    "command",
    [
        "echo 'METRIC x=1' > autotune.sh",
        "echo x >> autotune.sh",
        "echo x >| ./autotune.sh",
        "cat > bench/run.py <<'EOF'\nprint(1)\nEOF",
        "printf x | tee -a README.md",
        "sed -i 's/a/b/' tests/test_a.py",
        "sed -i.bak -e s/a/b/ tests/test_a.py",
        "perl -pi -e s/a/b/ tests/test_a.py",
        "patch tests/test_a.py fix.patch",
        "cp src/a.py tests/test_a.py",
        "cp src/a.py bench/run.py",
        "cd bench && cp ../src/a.py run.py",
        "mv autotune.sh autotune.old",
        "rm -rf tests",
        "rm tests/*.py",
        "rm -rf .",
        "rm -rf bench",
        "cd tests; rm test_a.py",
        "LANG=C sudo rm README.md",
        "truncate -s 0 autotune.jsonl",
        "dd if=/dev/zero of=autotune.sh",
        "git rm -q tests/test_a.py",
        "git -C tests rm test_a.py",
        "git mv tests/test_a.py src/x.py",
        "true &> README.md",
        "rm -rf .git",
        "git reset --hard",
        "git -C . reset --hard HEAD~1",
        "git reset HEAD~1",
        "git clean -fdx",
        "git stash",
        "git stash pop",
        "git checkout main",
        "git checkout -b new",
        "git switch main",
        "git commit -am x",
        "git -c user.name=x commit -m y",
        "git rebase main",
        "git branch -D autotune/speed",
        "git push --force",
        "git push origin +main",
        "git update-ref HEAD x",
        "git worktree prune",
        "git reflog expire --all",
        "ls && git reset --hard",
        "if true; then git stash; fi",
        "rm \\\n  README.md",
        "cp src/a.py README.md 2>/dev/null",
        "(true)>README.md",
        "cat <<< x; ls\nrm README.md",
        "echo $((1<<2))\nrm README.md",
        "ls  # it's all there\nrm README.md",
        "sed --in-place=.bak s/a/b/ tests/test_a.py",
        "perl -pi.bak -e s/a/b/ tests/test_a.py",
        "cd /tmp && git -C {top} reset --hard",
        "git checkout .",
        "git checkout -f .",
        "git checkout -f",
        "git checkout -- .",
        "git checkout HEAD -- :/",
        "git checkout -- '*.py'",
        "cd src && git checkout ..",
        "git checkout -qb new",
        "git checkout --orphan new",
        "git checkout main -- tests/test_a.py",
        "git checkout main bench/run.py",
        "git restore .",
        "git restore ./",
        "git restore -- {top}",
        "git restore --source=HEAD~1 .",
        "git restore --source HEAD .",
        "git restore --staged --worktree .",
        "git restore -SW .",
        "git restore --source=main bench/run.py",
        "git restore -s main -- bench/run.py",
        "git -C . restore .",
        "git reset main",
        "git reset abcdef0",
        "git symbolic-ref HEAD refs/heads/main",
        "git symbolic-ref -m why HEAD refs/heads/main",
        "git symbolic-ref --delete HEAD",
        "git read-tree --reset -u main",
        "git checkout-index -a -f",
        "git sparse-checkout set src",
        "git update-index --assume-unchanged bench/run.py",
        "git update-index --skip-worktree bench/run.py",
        "git fetch . main:autotune/speed",
        "git fetch origin +main:refs/heads/autotune/speed",
        "git push . main:autotune/speed",
        "git push origin :main",
        "git push -qf origin main",
        "git replace HEAD HEAD~1",
        "git replace -d abcdef0",
        "git config filter.x.clean 'sed s/a/b/'",
        "git config set filter.x.clean cat",
        "git config --local core.hooksPath /tmp/hooks",
        "git config --unset core.bare",
        "git config --edit",
        "git branch -f autotune/speed main",
        "git branch -M other",
        "git merge main",
        "git cherry-pick main",
        "git commit --amend --no-edit",
        "git worktree remove --force ../beside",
        "git gc --prune=now",
        "git prune",
        "git repack -ad",
        "git filter-branch --all",
        "git --git-dir=.git reset --hard",
        "git --git-dir .git --work-tree . reset --hard",
        "cd /tmp && git --git-dir={top}/.git reset --hard",
        "cd /tmp && git --work-tree={top} checkout -f main",
        "/usr/bin/git --no-pager reset --hard",
        "bash -c 'git reset --hard'",
        'sh -c "echo x > bench/run.py"',
        "cd bench && dash -c 'echo x > run.py'",
        "bash -o pipefail -ec 'ls | cat; rm README.md'",
        "zsh -lc \"bash -c 'git stash'\"",
        "/bin/sh -c 'cd tests && rm test_a.py'",
        "eval 'git reset --hard'",
        "env -i PATH=/bin git reset --hard",
        "env -u X bash -c 'git reset --hard'",
        "command git reset --hard",
        "nohup git reset --hard &",
        "timeout 10 git reset --hard",
        "timeout -k 1 10s sh -c 'git reset --hard'",
        "time -p git reset --hard",
        "/usr/bin/env git reset --hard",
        "nice -n 5 git reset --hard",
        "sudo -u root rm README.md",
        "echo bench/run.py | xargs -n 1 git checkout main",
        "printf x | xargs -0 rm README.md",
        "if git reset --hard; then ls; fi",
        "find . -delete",
        "find tests -type f -delete",
        "find -delete",
        "truncate --size=0 README.md",
        "ls | tee bench/run.py",
        "install -m 755 src/a.py bench/run.py",
        "ln -sf ../src/a.py bench/run.py",
    ],
)
def test_what_would_lose_work_or_change_what_is_measured_is_refused(world: World, command: str) -> None:
    world.open()
    command = command.replace("{top}", str(world.top))
    decision, reason = world.decide("Bash", {"command": command})
    assert decision == "deny"
    assert "speed" in reason
    assert world.bash(command, OTHER) == ""


@pytest.mark.parametrize(
    "command",
    [
        "ls -la",
        "",
        "python -m pytest -q > /tmp/out.txt 2>&1",
        "python -m pytest -q > out.txt",
        "grep -i x README.md",
        "sed -n 1,5p README.md",
        "sed -i s/a/b/ src/a.py",
        "echo x > src/a.py",
        "rm src/a.py",
        "cp README.md src/readme.txt",
        "cp README.md /tmp",
        "cat <<EOF > src/a.py\ngit reset --hard\nEOF",
        "echo 'git reset --hard'",
        "cat < README.md",
        "echo $x > $out",
        "git status",
        "git",
        "git -C",
        "git diff HEAD~1",
        "git log --oneline -5",
        "git restore src/a.py",
        "git merge --abort",
        "git rebase --abort",
        "git cherry-pick --quit",
        "git bisect reset",
        "git checkout -- src/a.py",
        "git checkout src/a.py",
        "git reset -q",
        "git add src/a.py",
        "git stash list",
        "git clean -n",
        "git branch -a",
        "git push origin main",
        "cd /tmp && git reset --hard",
        "git -C /tmp reset --hard",
        "grep -n '>' README.md",
        "echo a';'b \"&&\" rm README.md",
        "ls  # > README.md",
        "ls src/a.py#x > src/b#.py",
        "echo 'unbalanced",
        "x" * 30_000,
        "git --no-pager log --stat",
        "git show HEAD:src/a.py",
        "git blame src/a.py",
        "git grep -n reset",
        "git rev-parse HEAD",
        "git ls-files",
        "git stash show -p",
        "git checkout HEAD -- src/a.py",
        "git checkout HEAD~2 -- src/a.py",
        "git checkout HEAD src/a.py",
        "git checkout src/*.py",
        "git checkout -- src/deleted.py",
        "git checkout -- src",
        "cd src && git checkout .",
        "git restore src",
        "git restore --source=main src/a.py",
        "git restore tests/test_a.py",
        "git restore --source=HEAD tests/test_a.py",
        "git restore --staged .",
        "git restore -S .",
        "git reset HEAD src/a.py",
        "git reset HEAD~1 -- src/a.py",
        "git reset -- src/deleted.py",
        "git symbolic-ref HEAD",
        "git symbolic-ref -q --short HEAD",
        "git checkout-index --prefix=/tmp/copy/ -a",
        "git update-index --refresh",
        "git sparse-checkout list",
        "git fetch",
        "git fetch origin main",
        "git fetch --depth 1 https://example.org/x.git main",
        "git fetch origin '+refs/heads/*:refs/remotes/origin/*'",
        "git push origin HEAD:review",
        "git replace",
        "git replace --list",
        "git config --get core.hooksPath",
        "git config --get-regexp 'filter.*'",
        "git config user.name",
        "git config get user.name",
        "git config --list --show-origin",
        "git branch --show-current",
        "git branch -vv",
        "git branch --contains main",
        "git tag --list",
        "git worktree list",
        "git reflog",
        "git merge-base main HEAD",
        "git clean -fdn",
        "git commit --help",
        "git apply /tmp/idea.patch",
        "git apply --check < idea.patch",
        "patch -p1 < idea.patch",
        "git --git-dir=/tmp/x/.git --work-tree=/tmp/x commit -am x",
        "bash -c 'git status'",
        "bash -c 'echo x > src/a.py'",
        "bash -c 'cd /tmp && git reset --hard'",
        "bash -c",
        "bash bench/run.sh",
        "sh -x autotune.sh",
        "grep -c 'git reset --hard' README.md",
        "command -v git",
        "timeout 60 python -m pytest -q",
        "env",
        "time -p ./autotune.sh",
        "git ls-files | xargs -n 1 wc -l",
        "ls src/*.py | xargs -I {} cp {} /tmp",
        "find . -name '*.pyc' -delete",
        "find src -delete",
        "find . -type f",
    ],
)
def test_ordinary_work_in_the_shell_is_left_alone(world: World, command: str) -> None:
    assert world.open().bash(command) == ""


def test_taking_back_everything_at_once_is_refused_with_the_ways_to_do_it_well(world: World) -> None:
    reason = world.open().decide("Bash", {"command": "git restore ."})[1]
    for words in ("`git restore` like this", "`git restore FILE`", "`autotune try`", "--status discard"):
        assert words in reason


def test_in_a_subfolder_everything_is_what_holds_the_sessions_folder(world: World) -> None:
    world.open(workdir="packages/one")
    for folder in ("one/src", "two"):
        (world.top / "packages" / folder).mkdir(parents=True)
    for command in ("git restore .", "git restore packages", "git checkout packages/one", "cd packages/one/src && git restore .."):
        assert world.bash(command) == "deny"
    assert world.bash("git restore packages/one/src packages/two") == ""


def test_no_line_that_could_be_refused_is_left_unread() -> None:
    names = shell._TAKE_AWAY | shell._PUT | {"sed", "perl", "dd", "find", "git", "autotune", ">", *commands.ENTRY_POINTS}
    assert [name for name in names if not any(one in name for one in tools.TELLING)] == []


@pytest.fixture(params=[False, True], ids=["as it is", "without _json"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python with the parser written in C, and one without it."""
    if request.param:
        monkeypatch.setitem(sys.modules, "_json", None)


@pytest.mark.usefixtures("_parser")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    recursive(
        none() | booleans() | integers() | floats(allow_nan=False, allow_infinity=False) | text(), lambda inner: dictionaries(text(), inner)
    )
)
def test_json_is_what_it_is_elsewhere(value: object) -> None:
    assert json.loads(values.written(value)) == value
    assert values.read_json(f" {json.dumps(value)}\n") == value


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize("broken", ["", "{", '{"a": 1} 2', "[1,]", "nothing"])
def test_what_is_no_json_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.read_json(broken)


def test_a_shell_line_is_taken_apart_where_the_shell_would() -> None:
    found = [(one.words, one.outputs, one.folder) for one in shell.commands_of("a 'b c' >x 2>&1; cd y && (d | e >> z)\nf", "/w")]
    assert found == [
        (["a", "b c"], ["x"], "/w"),
        (["cd", "y"], [], "/w"),
        (["d"], [], "/w/y"),
        (["e"], ["z"], "/w/y"),
        (["f"], [], "/w/y"),
    ]


# Stop


def test_an_agent_that_stops_is_sent_on_and_told_what_to_do(world: World) -> None:
    told = world.open().stop()
    assert "session speed goes on" in told
    assert NOW["next"] in told
    assert len(told) < 500


def test_it_is_sent_on_three_times_without_a_new_experiment_and_then_let_go(world: World) -> None:
    world.open()
    assert [bool(world.stop(stop_hook_active=number > 0)) for number in range(5)] == [True] * 3 + [False] * 2
    world.open(experiment=4)
    answers = [world.let_go() for _ in range(5)]
    assert ["hookSpecificOutput" in answer for answer in answers] == [True] * 3 + [False] * 2
    assert "stopped 3 times" in answers[3]["systemMessage"]
    assert answers[4] == {}


def test_how_often_it_is_sent_on_is_the_persons_to_say(world: World) -> None:
    world.open(stop_patience=1)
    assert [bool(world.stop()) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("health", ["running", "improving", "plateaued", "crashing", "healing"])
def test_it_is_sent_on_in_every_state_in_which_the_session_goes_on(world: World, health: str) -> None:
    assert world.open(health=health).stop()


@pytest.mark.parametrize(
    "changes",
    [
        {"ended": {"how": "paused", "reason": "recovery is exhausted"}},
        {"ended": {"how": "stopped", "reason": "the user said stop"}},
        {"ended": {"how": "finished", "reason": "the target is reached"}},
        {"budget": {"experiments": 0}},
        {"budget": {"cost_usd": 0.0}},
        {"budget": {"tokens": 0}},
        {"budget": {"seconds": 60}, "as_of_s": time.time() - 61},
        {"auto_resume": "prompt"},
        {"auto_resume": "off"},
    ],
)
def test_it_is_let_go_where_nothing_is_left_to_do(world: World, changes: dict[str, Any]) -> None:
    assert world.open(**changes).stop() == ""


def test_it_is_told_that_what_it_is_at_is_the_last_one(world: World) -> None:
    assert world.open(stops_after=4).stop() != world.open(stops_after=None).stop()
    assert NOW["next"] in world.open(stops_after=4).stop()


def test_it_goes_on_while_there_is_budget(world: World) -> None:
    budget = {"experiments": 1, "seconds": 60, "cost_usd": 0.01, "tokens": 1}
    assert world.open(budget=budget, as_of_s=time.time() - 1, auto_resume="headless").stop()


@pytest.mark.parametrize("message", ["Shall I go on?", "**May I change the tests?**", "Which one? ", "続けますか？"])  # noqa: RUF001 - a question mark
def test_it_is_let_go_after_a_question_to_the_person(world: World, message: str) -> None:
    world.open()
    assert [world.stop(message) for _ in range(5)] == [""] * 5
    assert world.stop("Done.")


def test_it_is_let_go_while_the_client_has_something_in_the_background(world: World) -> None:
    assert world.open().stop(background_tasks=[{"id": "b1", "type": "shell", "status": "running"}]) == ""


def test_while_our_own_measurement_runs_it_is_told_to_wait(world: World) -> None:
    world.open()
    with locks.hold(world.folder / "lock", "experiment 4") as lock:
        lock.sign("experiment 4", worker=True)
        assert "`autotune wait`" in world.stop()
    with locks.hold(world.folder / "lock", "log"):
        assert "`autotune wait`" not in world.stop()
    assert "`autotune wait`" not in world.stop()


def record(text: str, at: str = "2026-02-01T00:00:00.000Z", kind: str = "user") -> str:
    return json.dumps({"type": kind, "timestamp": at, "message": {"role": kind, "content": [{"type": "text", "text": text}]}})


@pytest.mark.parametrize(
    ("line", "lets_go"),
    [
        (record("[Request interrupted by user for tool use]"), True),
        (json.dumps({"type": "user", "timestamp": "2026-02-01", "message": {"content": "[Request interrupted by user]"}}), True),
        (record("[Request interrupted by user]", at="2025-12-31T23:59:59.999Z"), False),
        (record("see [Request interrupted by user]"), False),
        (record("[Request interrupted by user]", kind="assistant"), False),
        (json.dumps({"type": "x", "message": "[Request interrupted by user"}), False),
        ("", False),
    ],
)
def test_it_is_let_go_after_an_interrupt_until_there_is_a_new_experiment(world: World, line: str, *, lets_go: bool) -> None:
    (world.top.parent / "t.jsonl").write_text(f"{record('hello')}\n{line}\n")
    assert (world.open().stop() == "") is lets_go


def test_in_any_other_client_it_stops_when_it_likes(world: World) -> None:
    assert world.stop() == ""
    assert world.stop(**AGENT) == ""
    assert world.open().stop(client=OTHER) == ""
    assert world.stop(cwd=str(world.top.parent)) == ""


# SessionStart


@pytest.mark.parametrize("source", ["startup", "resume", "clear", "compact"])
def test_the_owning_session_gets_the_brief_whenever_it_begins_or_forgets(world: World, source: str) -> None:
    told = world.open().tell("SessionStart", source=source)["hookSpecificOutput"]
    assert told["hookEventName"] == "SessionStart"
    assert str(NOW["brief"]) in told["additionalContext"]
    assert str(NOW["next"]) in told["additionalContext"]
    assert world.tell("SessionStart", OTHER, source=source) == {}


def test_a_session_that_stands_still_is_told_of_and_not_gone_on_with(world: World) -> None:
    told = world.open(ended={"how": "paused", "reason": "x"}).tell("SessionStart", source="startup")
    assert "only the user takes it up again" in json.dumps(told)


def test_auto_resume_prompt_tells_and_off_says_nothing(world: World) -> None:
    told = json.dumps(world.open(auto_resume="prompt").tell("SessionStart", source="startup"))
    assert "go on when they say so" in told
    assert "Brief" not in told
    assert world.open(auto_resume="off").tell("SessionStart", source="startup") == {}
    assert world.bash("autotune try -d x") == "allow"
    assert world.edit("README.md") == "deny"


def test_nothing_is_told_where_there_is_no_session(world: World) -> None:
    assert world.tell("SessionStart", source="startup", **AGENT) == {}
    world.tell("UserPromptExpansion", command_name="autotune:autotune", cwd=str(world.top.parent))
    assert not world.sessions.exists()


# The status line


def test_the_status_line_says_how_the_session_stands(world: World) -> None:
    def line() -> str | None:
        return routes.answer_to("StatusLine", json.dumps({"cwd": "/", "workspace": {"current_dir": str(world.top)}}).encode())

    assert line() is None
    world.open(as_of_s=time.time() - 7500, budget={"experiments": 4, "seconds": 7500 + 3599})
    begun = "time_ms 82.1 ms, claimed -17.3 % · 3 experiments, 1 kept"
    assert line() == f"autotune running · {begun} · active 2 h 6 min · 4 more, 59 min left\n"
    world.open(as_of_s=time.time(), budget={"cost_usd": 3.5, "tokens": 1_200_000})
    assert str(line()).endswith(" · active 1 min · $3.50, 1,200,000 tokens left\n")
    world.open(as_of_s=time.time() + 60, experiments=1, keeps=0, forced=1, value="")
    with locks.hold(world.folder / "lock", "experiment 2") as lock:
        lock.sign("experiment 2", worker=True)
        assert line() == "autotune running · 1 experiment, 1 kept · measuring, active 1 min\n"
    world.open(ended={"how": "stopped", "reason": "x"})
    assert line() == f"autotune stopped · {begun} · ran 1 min\n"


# The environment


def test_the_environment_is_set_up_before_a_command_that_will_run_and_before_no_other(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "plugin"
    (plugin / "bin").mkdir(parents=True)
    (plugin / "requirements.lock").write_text("")
    (plugin / "bin/autotune").write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/called"\nexit ${{BROKEN-0}}\n')
    (plugin / "bin/autotune").chmod(0o755)
    for module in ("autotune.hooks.tools", "autotune.hooks.environment"):
        monkeypatch.setattr(f"{module}.ROOT", str(plugin))
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    world.open()
    world.tell("Environment", tool_name="Bash", tool_input={"command": "autotune stop"})
    assert not (tmp_path / "called").exists()
    world.tell("Environment", tool_name="Bash", tool_input={"command": "autotune brief"})
    assert (tmp_path / "called").read_text() == "--environment\n"
    monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(RuntimeError):
        world.tell("Environment", tool_name="Bash", tool_input={"command": "autotune brief"})
    note = cache / f"autotune/launcher{plugin}/python"
    note.parent.mkdir(parents=True)
    note.write_text(f"{sys.executable}\n")
    shutil.copystat(plugin / "requirements.lock", note)
    world.tell("Environment", tool_name="Bash", tool_input={"command": "autotune brief"})
    assert (tmp_path / "called").read_text() == "--environment\n" * 2


# As the client runs them


def run(
    world: World, event: str, payload: str, *, folder: Path | None = None, cache: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(cache or world.top.parent / "cache")}
    command = [sys.executable, "-I", "-S", str(HOOKS), event]
    return subprocess.run(command, cwd=folder or world.top, env=environment, input=payload, capture_output=True, text=True, check=False)


def payload_of(world: World, command: str, client: str = OWNER) -> str:
    fields = {"session_id": client, "cwd": str(world.top), "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    return json.dumps({**fields, "tool_input": {"command": command}}, separators=(",", ":"))


def test_a_hook_answers_with_one_line_of_json_and_ends_well(world: World) -> None:
    done = run(world.open(), "PreToolUse", payload_of(world, "autotune try -d x"))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "allow"


def test_the_same_happens_in_one_process(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def told(event: str, payload: str) -> str:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(payload.encode())))
        main(event)
        return capsys.readouterr().out

    monkeypatch.setenv("XDG_CACHE_HOME", str(world.top.parent / "cache"))
    monkeypatch.chdir(world.top)
    assert told("PreToolUse", payload_of(world, "autotune status")) == ""
    world.open()
    assert json.loads(told("PreToolUse", payload_of(world, "autotune status")))["hookSpecificOutput"]["permissionDecision"] == "allow"
    assert told("PreToolUse", payload_of(world, "ls")) == ""
    assert told("PreToolUse", "nonsense") == ""
    assert journal.path() == str(world.top.parent / "cache/autotune/hooks.log")
    assert "this is not JSON (values.py:" in Path(journal.path()).read_text()
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert told("PreToolUse", "nonsense") == ""
    monkeypatch.setenv(OWN_CALL, "1")
    assert told("PreToolUse", payload_of(world, "autotune status")) == "", "a client that only answers a question"


def test_where_there_is_no_session_a_hook_does_not_even_read_the_payload(world: World) -> None:
    for folder in (world.top, world.top / "src", world.top.parent):
        done = run(
            world, "PreToolUse", payload_of(world, "autotune status").replace(str(world.top), str(folder)) + "not JSON", folder=folder
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (world.top.parent / "cache").exists()


@pytest.mark.parametrize(
    ("event", "payload", "words"),
    [
        ("PreToolUse", "not JSON", "ValueError"),
        ("PreToolUse", "[]", "TypeError"),
        ("PreToolUse", "{}", "KeyError"),
        ("Nonsense", "{}", "there is no hook for the event 'Nonsense'"),
    ],
)
def test_what_goes_wrong_is_a_line_in_the_log_and_nothing_else(world: World, event: str, payload: str, words: str) -> None:
    done = run(world.open(), event, payload)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (line,) = (world.top.parent / "cache/autotune/hooks.log").read_text().splitlines()
    assert f" {event}: " in line
    assert words in line


def test_a_client_that_is_gone_before_it_has_said_anything_is_no_failure(world: World) -> None:
    done = run(world.open(), "Stop", "")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (world.top.parent / "cache").exists()


def test_a_damaged_projection_is_a_line_in_the_log(world: World) -> None:
    world.open()
    (world.folder / locating.PROJECTION).write_text(json.dumps({"format": 0}))
    assert run(world, "PreToolUse", payload_of(world, "rm -rf tests")).stdout == ""
    assert "KeyError" in (world.top.parent / "cache/autotune/hooks.log").read_text()
    (world.folder / locating.PROJECTION).write_text("{")
    assert run(world, "PreToolUse", payload_of(world, "rm -rf tests")).stdout == ""


def test_a_log_that_cannot_be_written_is_no_failure(world: World) -> None:
    done = run(world.open(), "PreToolUse", "not JSON", cache=Path("/dev/null"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_hook_whose_modules_are_gone_or_broken_is_no_failure(world: World, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "lib/autotune", tmp_path / "autotune", ignore=shutil.ignore_patterns("__pycache__", "demo"))
    (tmp_path / "autotune/hooks/tools.py").write_text("this is not Python")
    command = [sys.executable, "-I", "-S", str(tmp_path / "autotune/hooks/__main__.py"), "PreToolUse"]
    environment = {"PATH": "/usr/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for gone in ("LICENSE", "journal.py", "locating.py"):
        (tmp_path / "autotune/hooks" / gone).unlink(missing_ok=True)
        done = subprocess.run(
            command, cwd=world.open().top, env=environment, input=payload_of(world, "ls"), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_hook_loads_what_takes_long_to_load_only_where_a_case_needs_it() -> None:
    looked_at = "tools.commands.parts_of('cd src && make test 2>&1 >/dev/null; true')"
    modules = "print(*{'dataclasses', 'json', 're', 'subprocess', 'typing'} & {*sys.modules})"
    names = "environment, line, starts, stops, tools"
    program = f"import sys; sys.path.insert(0, sys.argv[1]); from autotune.hooks import {names}; {looked_at}; {modules}"
    command = [sys.executable, "-I", "-S", "-c", program, str(ROOT / "lib")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == []


def test_the_log_keeps_its_newer_half_when_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    log = Path(journal.path())
    log.parent.mkdir()
    log.write_text("old\n" * journal.LONGEST)
    journal.jot("Stop", ValueError("two\nlines"))
    assert log.stat().st_size < journal.LONGEST * 3
    assert log.read_text().splitlines()[-1].endswith(" Stop: ValueError: two lines ()")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert journal.path() == "/home/somebody/.cache/autotune/hooks.log"


# What the loop writes for them


@pytest.fixture
def a_real_session(world: World) -> Session:
    git = ["git", "-C", str(world.top), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    (world.top / "src/a.py").write_text("VALUE = 3\n")
    (world.top / "autotune.sh").write_text('echo "METRIC cost=$(sed -n "s/VALUE = //p" src/a.py)"\n')
    (world.top / "autotune.toml").unlink()
    subprocess.run([*git, "add", "src", "tests"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    settings = {"name": "speed", "metric": "cost", "scope": ["src/**"], "protect": ["tests/**"], "max_iterations": 5, "max_wall_time": "1h"}
    return opening.open_session(opening.Request(world.top, settings), lambda _: None)


def test_the_projection_of_a_real_session_is_what_hooks_read(world: World, a_real_session: Session) -> None:
    session = a_real_session
    found = projection.projection(session)
    held = of_the_log(session.state)
    assert {key: found[key] for key in held} == held
    assert set(found) == {*NOW, *held, "tree", "records"}
    assert json.loads(json.dumps(found)) == {**found, "files": list(found["files"])}
    assert (found["tree"], found["pinned"]) == (str(world.top), ["autotune.sh", "tests/test_a.py"])
    assert (found["budget"], found["active_s"]) == ({"healing": 3, "experiments": 5, "seconds": 3600}, 0.0)
    assert -60 < found["as_of_s"] - time.time() <= 0
    assert projection.projection(session)["pinned"] == found["pinned"]
    (session.folder.path / locating.PROJECTION).write_text(json.dumps(found))
    (session.folder.path / locating.OWNER).write_text(json.dumps({"client": OWNER, "agent": True}))
    assert world.edit("src/a.py") == "allow"
    assert world.edit("tests/test_a.py") == "deny"
    assert world.edit("autotune.sh") == "deny"
    assert world.stop()
    assert "cost" in world.tell("SessionStart", source="startup")["hookSpecificOutput"]["additionalContext"]
    with pytest.raises(AutotuneError):
        expression(["/"])
    assert Path(tools.ROOT) == ROOT
