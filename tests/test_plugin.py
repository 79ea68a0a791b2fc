"""The plugin as files: manifests, agent, skills, templates, hooks; and what they say, which is code too."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autotune.commands import app, link_
from autotune.commands.app import VERBS
from autotune.hooks import commands

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {verb for section in VERBS.values() for verb in section}
AGENTS = sorted((ROOT / "agents").glob("*.md"))
SKILLS = sorted((ROOT / "skills").glob("*/SKILL.md"))
REFERENCES = sorted((ROOT / "skills").glob("*/references/*.md"))
PAGES = [*AGENTS, *SKILLS, *REFERENCES]
GOALS = {
    *("test-time", "bundle-size", "training-loss", "accuracy", "llm-application", "latency", "lighthouse", "build-time", "binary-size"),
    *("memory", "existing-benchmark"),
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def head_of(path: Path) -> dict[str, str]:
    """The frontmatter, which these pages keep to one line a key."""
    head = path.read_text("utf-8").split("---\n")[1]
    return {key: value.strip().strip('"') for key, _, value in (line.partition(":") for line in head.splitlines())}


def commands_in(path: Path) -> Iterator[str]:
    """Every command line of autotune that a page shows: in a fence, or in backticks."""
    text = path.read_text("utf-8")
    for fence in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        yield from (line.strip() for line in fence.splitlines() if line.strip().startswith("autotune "))
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`(autotune [^`]+)`", outside)


ALL_COMMANDS = sorted({(name_of(path), line) for path in PAGES for line in commands_in(path)})


# Manifests and layout


def test_the_marketplace_offers_this_repository_as_the_plugin() -> None:
    market = json.loads((ROOT / ".claude-plugin/marketplace.json").read_text("utf-8"))
    manifest = json.loads((ROOT / ".claude-plugin/plugin.json").read_text("utf-8"))
    (entry,) = market["plugins"]
    assert (market["name"], entry["name"], entry["source"]) == ("autotune", manifest["name"], "./")
    assert "version" not in entry, "the manifest's is the only one"


def test_every_hook_calls_the_launcher_and_cannot_fail() -> None:
    hooks = json.loads((ROOT / "hooks/hooks.json").read_text("utf-8"))["hooks"]
    handlers = [handler for groups in hooks.values() for group in groups for handler in group["hooks"]]
    assert len(handlers) >= 5
    for handler in handlers:
        event = re.fullmatch(r'"\$\{CLAUDE_PLUGIN_ROOT\}/bin/autotune" hook (\w+) \|\| exit 0', handler["command"])
        assert event is not None
        assert event[1] in {*hooks, "Environment"}
        assert handler["timeout"] <= 300
        assert "onFailure" not in handler


@pytest.mark.parametrize("path", [*AGENTS, *SKILLS], ids=name_of)
def test_a_page_has_the_name_that_it_is_called_by_and_says_what_it_is_for(path: Path) -> None:
    head = head_of(path)
    assert head["name"] == (path.stem if path.parent.name == "agents" else path.parent.name)
    assert 40 < len(head["description"]) < 500
    assert "allowed-tools" not in head, "with it, a skill that the model loads needs an approval"
    assert path.name in {"SKILL.md", f"{head['name']}.md"}


def test_the_commands_of_the_plugin_are_there() -> None:
    assert {path.parent.name for path in SKILLS} == {"autotune", "status", "explain", "stop", "repair", "resume"}
    assert [path.stem for path in AGENTS] == ["autotune"]


def test_what_is_a_persons_to_say_is_not_offered_to_the_model() -> None:
    closed = {path.parent.name for path in SKILLS if head_of(path).get("disable-model-invocation") == "true"}
    assert closed == {"stop", "repair", "resume"}


@pytest.mark.parametrize(("path", "most"), [*((path, 250) for path in AGENTS), *((path, 150) for path in SKILLS)])
def test_pages_are_short(path: Path, most: int) -> None:
    assert len(path.read_text("utf-8").splitlines()) < most


@pytest.mark.parametrize("path", [*AGENTS, *SKILLS], ids=name_of)
def test_every_page_says_that_what_others_wrote_is_data(path: Path) -> None:
    words = " ".join(path.read_text("utf-8").split())
    assert re.search(r"is data,? (not|it never)|is data: it never|gives you instructions", words)


# Templates


def test_every_common_goal_has_a_template_that_the_wizard_names() -> None:
    assert {path.stem for path in REFERENCES} == GOALS
    wizard = (ROOT / "skills/autotune/SKILL.md").read_text("utf-8")
    assert set(re.findall(r"\(references/([\w-]+)\.md\)", wizard)) == GOALS


@pytest.mark.parametrize("path", REFERENCES, ids=name_of)
def test_a_template_is_a_script_that_a_shell_reads_and_an_init_that_the_command_line_takes(path: Path) -> None:
    text = path.read_text("utf-8")
    fences = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    for script in (fence for fence in fences if fence.startswith("#!")):
        subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    (opening,) = (line for line in commands_in(path) if line.startswith("autotune init "))
    words = shlex.split(opening)
    metric = words[words.index("--metric") + 1]
    assert metric.startswith("autotune.") or "--read" in words or re.search(rf"METRIC {re.escape(metric)}(\[\w+\])?=", text)
    assert "--scope" in words
    assert "--direction" in words
    assert f"`{metric}`" in text or metric in text.split("| metric |")[1]


def test_the_wizard_tries_the_benchmark_out_with_a_command_that_needs_no_approval() -> None:
    wizard = (ROOT / "skills/autotune/SKILL.md").read_text("utf-8")
    assert "`autotune doctor`" in wizard.partition("## 4. Write and try")[2].partition("\n## ")[0]


# What they say


@pytest.mark.parametrize(("page", "line"), ALL_COMMANDS)
def test_every_command_that_a_page_names_exists(page: str, line: str) -> None:
    assert shlex.split(line)[1] in KNOWN, page


@pytest.mark.parametrize("line", sorted({line for page, line in ALL_COMMANDS if page == "agents/autotune.md"}))
def test_every_command_of_the_agent_is_plain_and_one_that_it_may_call(line: str) -> None:
    ((_, words),) = commands.parts_of(line) or [("", [])]
    assert words[1] in commands.LOOKS | commands.LOOP | commands.SET_UP
    assert not commands.unusual(words[1], words[2:])


@pytest.mark.parametrize("page", [name_of(path) for path in (*AGENTS, ROOT / "skills/autotune/SKILL.md")])
def test_every_command_line_in_a_fence_is_approved_as_it_stands(page: str) -> None:
    for fence in re.findall(r"^ *```sh\n(.*?)^ *```", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE):
        ((_, words),) = commands.parts_of(fence.strip()) or [("", [])]
        assert not commands.unusual(words[1], words[2:])


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that commands are tried out on, in whatever order."""
    return tuned(tmp_path_factory.mktemp("plugin") / "project")


def tuned(top: Path) -> Path:
    """Make a project with a session in which every command has something to do: an experiment was kept, another was not."""
    (top / "src").mkdir(parents=True)
    (top / "src/work.py").write_text("COST = 100\n")
    (top / "autotune.sh").write_text('echo "METRIC cost=$(sed -n "s/^COST = //p" src/work.py)"\n')
    for line in ("init -q", "add src", "commit -q -m first"):
        subprocess.run(["git", *line.split()], cwd=top, check=True)
    assert autotune(top, "autotune init --name speed --metric cost --scope 'src/**' --once").returncode == 0
    for cost in (90, 95):
        (top / "src/work.py").write_text(f"COST = {cost}\n")
        assert autotune(top, "autotune try --description 'a change'").returncode == 0
    return top


def autotune(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command line, with this Python in place of the launcher's."""
    command = [sys.executable, "-I", str(ROOT / "lib/autotune/__main__.py"), *shlex.split(line)[1:]]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


ELSEWHERE = ("again", "init", "clear", "start", "link", "config", "rebaseline", "demo")
"""Verbs that are tried out in tests of their own, or would end what the other commands of a page work on."""

SMALL = sorted(
    {line for page, line in ALL_COMMANDS if not page.startswith("skills/autotune/references") and shlex.split(line)[1] not in ELSEWHERE}
)


def last_those_that_stop(line: str) -> tuple[bool, str]:
    return re.search("stop|resume|repair", line) is not None, line


IN_ORDER: list[str] = sorted(SMALL, key=last_those_that_stop)


@pytest.mark.slow
@pytest.mark.parametrize("line", IN_ORDER)
def test_every_command_of_agent_and_skills_runs(project: Path, line: str) -> None:
    (project / "src/work.py").write_text(f"COST = {100 + IN_ORDER.index(line)}\n")  # none is tried twice
    if " log " in line:
        assert autotune(project, "autotune run").returncode == 0
    line = re.sub(r"\bexplain 7\b", "explain 1", line)
    done = autotune(project, line)
    if " run" in line:
        autotune(project, "autotune log --description settled")
    if " stop" in line:
        assert autotune(project, "autotune resume").returncode == 0
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    "line", sorted({line for _, line in ALL_COMMANDS if " init " in line or " config " in line or " rebaseline " in line})
)
def test_every_command_line_that_opens_or_configures_is_understood(project: Path, line: str) -> None:
    done = autotune(project, line.replace("autotune init", "autotune init --name 'taken' --metric cost"))
    assert done.returncode in {0, 1}, done.stderr
    assert "No such option" not in done.stderr


# In a terminal


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return tmp_path / "home"


def installed(home: Path, version: str) -> Path:
    """A version of the plugin as the client installs it, as far as links look at it."""
    root = home / ".claude/plugins/cache/market/autotune" / version
    (root / "bin").mkdir(parents=True)
    (root / "bin/autotune").write_text(f'#!/bin/sh\necho {version} "$@"\n')
    (root / "bin/autotune").chmod(0o755)
    return root


def test_a_link_starts_the_version_that_is_installed_after_every_update(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = installed(home, "0.9.0")
    monkeypatch.setattr(link_, "ROOT", first)
    link_.main(remove=False)
    link = home / ".local/bin/autotune"

    def started() -> str:
        return subprocess.run([link, "status", "two words"], capture_output=True, text=True, check=False).stdout

    assert started() == "0.9.0 status two words\n"
    os.utime(first, (1, 1))
    second = installed(home, "0.10.0")
    assert started() == "0.10.0 status two words\n"
    (first / ".orphaned_at").touch()
    os.utime(second, (0, 0))
    assert started() == "0.10.0 status two words\n"
    (second / "bin/autotune").unlink()
    gone = subprocess.run([link, "status"], capture_output=True, text=True, check=False)
    assert (gone.returncode, gone.stderr.count("\n")) == (1, 2)


Said = Callable[[str], tuple[int, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command line in this process; its exit code, and all that it printed."""

    def run(line: str) -> tuple[int, str]:
        code = app.run(shlex.split(line)[1:])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def test_a_link_made_from_a_clone_starts_the_clone_and_is_taken_away_again(home: Path, say: Said) -> None:
    link = home / ".local/bin/autotune"
    assert say("autotune link")[1].startswith(f"{link} starts autotune\n{link.parent} is not on your PATH")
    assert say("autotune link")[0] == 0
    version = json.loads((ROOT / ".claude-plugin/plugin.json").read_text("utf-8"))["version"]
    assert subprocess.run([link, "--version"], capture_output=True, text=True, check=True).stdout == f"autotune {version}\n"
    assert say("autotune link --remove") == (0, f"{link} is removed\n")
    assert say("autotune link --remove") == (0, f"there is no link of autotune at {link}\n")
    assert not link.exists()


def test_a_link_replaces_nothing_that_is_somebody_elses(home: Path, say: Said) -> None:
    link = home / ".local/bin/autotune"
    link.parent.mkdir(parents=True)
    makes: tuple[Callable[[], object], ...] = (
        lambda: link.write_text("#!/bin/sh\n"),
        lambda: link.symlink_to(ROOT / "bin/autotune"),
        lambda: link.symlink_to("nowhere"),
    )
    for make in makes:
        make()
        code, told = say("autotune link")
        assert code == 1
        assert "was not made by autotune" in told
        assert "there is no link" in say("autotune link --remove")[1]
        link.unlink()


def test_the_status_line_is_one_line_of_facts_and_nothing_without_a_session(tmp_path: Path) -> None:
    def line(folder: Path) -> str:
        told = json.dumps({"cwd": "/", "workspace": {"current_dir": str(folder)}})
        command = [sys.executable, "-I", str(ROOT / "lib/autotune/__main__.py"), "statusline"]
        slow = subprocess.run(command, input=told, capture_output=True, text=True, check=True).stdout
        hook = [sys.executable, "-I", "-S", str(ROOT / "lib/autotune/hooks/__main__.py"), "StatusLine"]
        assert subprocess.run(hook, input=told, capture_output=True, text=True, check=True).stdout == slow
        return slow

    told = line(tuned(tmp_path / "project"))
    assert re.fullmatch(r"autotune running · cost 90, last keep -10 % · 2 experiments, 1 kept · active \d+ min\n", told)
    assert line(tmp_path) == ""


@pytest.mark.parametrize("nonsense", ["", "[]", "x"])
def test_a_status_line_that_is_told_nonsense_is_refused(say: Said, monkeypatch: pytest.MonkeyPatch, nonsense: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(nonsense))
    code, told = say("autotune statusline")
    assert code == 1
    assert "not what the client tells" in told


def test_the_status_line_is_installed_on_request_and_removed_without_a_trace(home: Path, say: Said) -> None:
    settings = home / ".claude/settings.json"
    assert "no status line" in say("autotune statusline --remove")[1]
    assert "has autotune's status line now" in say("autotune statusline --install")[1]
    command = json.loads(settings.read_text())["statusLine"]["command"]
    shown = subprocess.run(["sh", "-c", command], input='{"cwd": "/"}', capture_output=True, text=True, check=True)
    assert (shown.stdout, shown.stderr) == ("", "")
    say("autotune statusline --remove")
    assert not settings.exists()
    real = home / "dotfiles.json"
    before = '{\n  "model": "größer",\n  "enabledPlugins": {}\n}\n'
    real.write_text(before)
    settings.symlink_to(real)
    assert say("autotune statusline --install")[0] == 0
    assert json.loads(real.read_text())["model"] == "größer"
    say("autotune statusline --remove")
    assert settings.is_symlink()
    assert real.read_text() == before


@pytest.mark.parametrize(
    ("text", "words"), [('{"statusLine": {"type": "command"}}', "already"), ("{", "not JSON"), ("[]", "no JSON object")]
)
def test_settings_that_are_a_persons_own_are_left_alone(home: Path, say: Said, text: str, words: str) -> None:
    (home / ".claude").mkdir(parents=True)
    (home / ".claude/settings.json").write_text(text)
    code, told = say("autotune statusline --install")
    assert code == 1
    assert words in told
    assert (home / ".claude/settings.json").read_text() == text
