"""Installed as users install it: checked, from a marketplace, into a session that is running, updated, taken away, broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.client.client import ROOT, Machine, terminal
from tests.client.model import Line, Say, bash, on_loopback, serving

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

PLUGIN = ("autotune@autotune", "--scope", "user")


def test_the_clients_own_checks_pass(machine: Machine) -> None:
    done = machine.claude("plugin", "validate", "--strict", "--profile", "directory", str(ROOT))
    assert done.returncode == 0, done.stdout
    assert machine.claude("plugin", "validate", "--strict", str(ROOT)).returncode == 0


class Served:
    """A repository that is served on loopback, with a clone to make new versions in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clone = folder / "clone"
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/autotune.git"

    def publish(self, version: str) -> None:
        """Publish the plugin as it is here, under a version."""
        manifest = self.clone / ".claude-plugin/plugin.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": version}))
        git = ["git", "-C", str(self.clone), "-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", version], check=True)
        subprocess.run([*git, "push", "-q", str(self.folder / "autotune.git"), "HEAD:main"], check=True)


def copy_of_the_plugin(folder: Path) -> None:
    """Copy what git tracks, but for the tests: what else is in the clone may come and go while it is copied."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached"], capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and not name.startswith("tests/") and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Served]:
    """A marketplace: this repository with what git tracks, served as git's hosts serve it."""
    served = Served(tmp_path / "served")
    copy_of_the_plugin(served.clone)
    subprocess.run(["git", "init", "-q", "-b", "main", str(served.clone)], check=True)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(served.folder / "autotune.git")], check=True)
    served.publish("0.9.0")
    with serving_git(served.folder) as port:
        served.port = port
        yield served


@contextmanager
def serving_git(folder: Path) -> Iterator[int]:
    """Serve the repositories in a folder over HTTP while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            variables = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            }
            answer = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True, check=True).stdout
            head, _, content = answer.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with on_loopback(Handler) as port:
        yield port


def installed(machine: Machine) -> dict[str, Path]:
    """The versions that are installed and in use, with their folders."""
    folder = machine.home / ".claude/plugins/cache/autotune/autotune"
    return {path.name: path for path in folder.glob("*") if not (path / ".orphaned_at").exists()}


def test_it_is_installed_from_a_marketplace_used_updated_and_taken_away(machine: Machine, market: Served) -> None:
    assert machine.claude("plugin", "marketplace", "add", market.url).returncode == 0
    assert machine.claude("plugin", "install", "autotune@autotune").returncode == 0
    first = installed(machine)["0.9.0"]
    used = machine.talk({"look": bash("autotune brief"), "end": Say("There is none.")}, "--agent", "autotune", plugin=None)
    assert used.init["plugins"][0]["path"] == str(first)
    assert "There is no autotune session in this repository." in used["look"].result
    assert used.last == "end"

    machine.autotune("link", launcher=first / "bin/autotune")
    link = machine.home / ".local/bin/autotune"
    assert machine.autotune("--version", launcher=link) == "autotune 0.9.0\n"

    market.publish("0.10.0")
    assert machine.claude("plugin", "marketplace", "update", "autotune").returncode == 0
    assert machine.claude("plugin", "update", "autotune@autotune").returncode == 0
    assert machine.autotune("--version", launcher=link) == "autotune 0.10.0\n"
    again = machine.talk({"look": bash("autotune doctor"), "end": Say("Fine.")}, "--agent", "autotune", plugin=None)
    assert again.init["plugins"][0]["path"] == str(installed(machine)["0.10.0"])
    assert "requires approval" not in again["look"].result

    machine.autotune("link", "--remove", launcher=link)
    assert machine.claude("plugin", "uninstall", "autotune@autotune").returncode == 0
    assert installed(machine) == {}
    assert not link.exists()
    assert {path.name.partition("-")[0] for path in (machine.cache / "autotune").iterdir()} == {"env", "launcher"}
    assert machine.git("status", "--porcelain", "--ignored") == ""
    assert "autotune@autotune" not in (machine.home / ".claude/settings.json").read_text()
    assert not list((machine.home / ".claude/plugins").glob("data/autotune*"))
    assert machine.log == ""


def test_it_works_in_the_very_session_that_installed_it(machine: Machine, market: Served) -> None:
    script: list[Line] = [
        *(bash("autotune doctor"), Say("Shall I optimise the cost?")),
        *(bash("autotune brief"), Say("Reloaded and there.")),
    ]
    with serving(script) as model, terminal(machine, model) as screen:
        screen.wait_for("auto mode")
        screen.type(f"/plugin install autotune --marketplace {market.url}")
        screen.wait_for("Only add marketplaces you trust")
        screen.answer("y", "(user scope)")
        screen.answer("\r", "now active")
        assert model.asked == []
        screen.type("/autotune:autotune cost")
        screen.wait_for("Shall I optimise the cost?")
        screen.type("/reload-plugins")
        screen.wait_for("Reloaded")
        screen.type("/autotune:status")
        screen.wait_for("Reloaded and there.")
    assert "There is no autotune session" in model.asked[3].result
    assert "The goal, if one was given: cost" in model.asked[0].user
    assert model.asked[1].result != ""
    assert "approval" not in model.asked[1].result
    assert machine.log == ""


@pytest.mark.parametrize("damage", ["launcher gone", "launcher broken", "hooks gone", "hooks broken", "Python gone"])
def test_a_broken_installation_never_stands_in_the_way(machine: Machine, tmp_path: Path, damage: str) -> None:
    plugin = tmp_path / "plugin"
    copy_of_the_plugin(plugin)
    launcher, hooks = plugin / "bin/autotune", plugin / "lib/autotune/hooks"
    match damage:
        case "launcher gone":
            launcher.unlink()
        case "launcher broken":
            launcher.write_text("#!/bin/sh\nif then (\n")
        case "hooks gone":
            shutil.rmtree(hooks)
        case "hooks broken":
            (hooks / "routes.py").write_text("not_python\n")
        case _:
            (machine.programs / "python3").unlink()
            for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
                (machine.programs / name).write_text("#!/bin/sh\nexit 2\n")
                (machine.programs / name).chmod(0o755)
    script: dict[str, Line] = {"work": bash("echo still working"), "end": Say("Done.")}
    talk = machine.talk(script, "--agent", "autotune", "--allowedTools", "Bash", plugin=plugin)
    assert (talk.code, talk["work"].result, talk.last) == (0, "still working", "end")
    assert ("NameError" in machine.log) is (damage == "hooks broken")
