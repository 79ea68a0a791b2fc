"""Probes with the real Codex and the real OpenCode, each told by its own signs."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.client.client import CACHE, ROOT
from tests.client.model import Call, Fail, Say
from tests.client.openai_model import Service, Turn, serving_openai

from autotune.models.spending import Spending

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

_INSTALL = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
QUERIES = {
    "fires": ("Write the release notes.", "implicit"),
    "silent": ("Make it faster.", "implicit"),
    "sibling": ("Draw a chart of it.", "negative"),
    "fails": ("Be refused.", "implicit"),
}


@dataclass(frozen=True)
class Kind:
    """A host: its package, its program in there, and how its model calls a skill."""

    host: str
    package: str
    pattern: str
    call: Callable[[str], Call]
    asked: tuple[str, ...]


CODEX = Kind(
    "codex",
    "@openai/codex@0.171.0",
    "node_modules/@openai/codex-*/vendor/*/bin/codex",
    lambda name: Call("exec_command", {"cmd": f"cat .agents/skills/{name}/SKILL.md"}),
    tuple(QUERIES),
)
OPENCODE = Kind(  # four seconds of a processor for each
    "opencode",
    "opencode-ai@1.18.33",
    "node_modules/opencode-linux-x64/bin/opencode",
    lambda name: Call("skill", {"name": name}),
    ("fires", "sibling"),
)
RIGHT = {"fires": "1", "silent": "0", "sibling": "1"}


def program(kind: Kind) -> Path:
    """The host's program, installed once into the cache folder."""
    folder = CACHE / f"{kind.host}-{kind.package.rpartition('@')[2]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob(kind.pattern)):
            if shutil.which("npm") is None:
                pytest.skip(f"{kind.host} cannot be tested: npm is missing")
            done = subprocess.run([*_INSTALL, "--prefix", str(folder), kind.package], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"{kind.host} cannot be tested: npm could not install it")
    return next(path for path in folder.glob(kind.pattern) if os.access(path, os.X_OK))


def settings_of(kind: Kind, port: int) -> Mapping[str, str]:
    """The user's settings of a host, by the file's place in the home: a model on loopback."""
    if kind is CODEX:
        about = f'name = "S"\nbase_url = "http://127.0.0.1:{port}/v1"\nwire_api = "responses"\nenv_key = "KEY"\n'
        about += "request_max_retries = 0\nstream_max_retries = 0\n"
        return {".codex/config.toml": f'model = "scripted"\nmodel_provider = "scripted"\n\n[model_providers.scripted]\n{about}'}
    models = {"scripted": {"name": "S", "limit": {"context": 200000, "output": 8000}, "cost": {"input": 1, "output": 5}}}
    options = {"baseURL": f"http://127.0.0.1:{port}/v1", "apiKey": "none"}
    provider = {"scripted": {"npm": "@ai-sdk/openai-compatible", "name": "S", "options": options, "models": models}}
    said = {"model": "scripted/scripted", "small_model": "scripted/scripted", "enabled_providers": ["scripted"], "provider": provider}
    return {".config/opencode/opencode.json": json.dumps(said)}


def skill(folder: Path, name: str, description: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\n# {name}\n\nDo it.\n")


def probe(folder: Path, kind: Kind, service: Service) -> subprocess.CompletedProcess[str]:
    home, project, programs = folder / "home", folder / "project", folder / "programs"
    for name, text in settings_of(kind, service.port).items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    skill(project / ".agents" / "skills", "notes", "Use it to write release notes.")
    skill(home / ".agents" / "skills", "charts", "Use it to draw charts.")
    programs.mkdir()
    (programs / kind.host).symlink_to(program(kind))
    (programs / "rg").write_text("#!/bin/sh\nexit 1\n")  # OpenCode downloads one where there is none
    (programs / "rg").chmod(0o755)
    source = {"by": "person", "why": "typed", "at": "2026-11-30"}
    lines: list[dict[str, object]] = [{"suite": 1, "skill": "notes"}]
    lines += [
        {"id": name, "kind": "routing", "type": sort, "query": query, "source": source}
        for name, (query, sort) in QUERIES.items()
        if name in kind.asked
    ]
    (project / "suite.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    about = f'skill = ".agents/skills/notes"\nsuite = "suite.jsonl"\nhost = "{kind.host}"\nsamples = 1\ntries = 1\n'
    about += "most_failed = 1.0\ntimeout_s = 150\n"
    (project / "probe.toml").write_text(about)
    environment = {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "KEY": "none",
        "XDG_DATA_HOME": str(home / "data"),
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
    }
    command = [sys.executable, "-I", str(ROOT / "lib/autotune/__main__.py"), "skills", "probe"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=400)


@pytest.mark.parametrize("kind", [CODEX, OPENCODE], ids=lambda kind: kind.host)
def test_another_host_is_probed_by_its_own_signs(tmp_path: Path, kind: Kind) -> None:
    def answer(text: str) -> Turn:
        if "Be refused." in text:
            return Fail(401, "invalid_request_error", "No.")
        if "Write the release notes." in text:
            return kind.call("notes")
        return kind.call("charts") if "Draw a chart of it." in text else Say("Done.")

    with serving_openai(answer) as service:
        done = probe(tmp_path, kind, service)
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r"^METRIC ([^=]+)=(.*)$", done.stdout, re.MULTILINE))
    cost = found.pop("cost_usd", None)
    assert found == {f"routing[{name}]": RIGHT[name] for name in kind.asked if name in RIGHT}, done.stdout
    assert ("UNSCORED routing[fails]" in done.stdout) == ("fails" in kind.asked)
    with closing(Spending(tmp_path / "home" / "data" / "autotune" / "models.db")) as spending:
        spent = spending.spent("run probe routing-host notes")
    # Clients that were ended early count too; of Codex the session that it had begun to write tells.
    assert (spent.calls, spent.tokens) == (len(kind.asked), len(found) * 1100)
    if kind is OPENCODE:  # Codex says nothing of money, and nobody sells this model
        assert float(cost or 0) == pytest.approx(len(found) * (1000 * 1 + 100 * 5) / 1e6)
    assert all("Use it to draw charts." in text and "Use it to write release notes." in text for text in service.asked)
    assert len(service.asked) <= 2 * len(kind.asked)  # OpenCode tells of a call once it has ended, and may ask once more meanwhile
    # No session of ours is left with the user's own.
    assert not list((tmp_path / "home" / ".codex").glob("sessions/**/*.jsonl"))
    assert not list((tmp_path / "home").rglob("opencode.db"))
