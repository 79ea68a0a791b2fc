"""Probes of skills with the real client: what its model decides is known, and what the probe makes of it is compared with that."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.client.client import ROOT, VERSION
from tests.client.model import Asked, Call, Fail, Line, Model, Say, Turn, after, bash, serving

if TYPE_CHECKING:
    from tests.client.client import Machine

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

MODEL = "claude-haiku-4-5"
QUERIES: dict[str, tuple[str, bool, Turn]] = {  # what is asked, whether the skill fits, and what the model then does
    "fires": ("Write the release notes.", True, Call("Skill", {"skill": "notes"})),
    "silent": ("Make it faster.", True, Say("Done.")),
    "sibling": ("Draw a chart of it.", True, Call("Skill", {"skill": "charts"})),
    "unknown": ("Fly to the moon.", False, Call("Skill", {"skill": "rockets"})),
    "slash": ("/notes are what I want", True, Call("Skill", {"skill": "notes"})),
    "looks first": ("What changed since May?", True, Call("Read", {"file_path": "/etc/hostname"})),
}


def skill(folder: Path, name: str, description: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\nRan: !`touch {folder / 'ran'}`\n")
    return folder / name


def answering(asked: Asked) -> Turn:
    """Take the turn that belongs to the query which is under way."""
    if asked.result:
        return Call("Skill", {"skill": "notes"}) if "Unknown" not in asked.result else Say("I cannot.")
    return next(turn for query, _, turn in QUERIES.values() if query in asked.user)


def prepared(machine: Machine, more: str = "", queries: Mapping[str, tuple[str, bool, Turn | None]] = QUERIES) -> Path:
    skills = machine.project / ".claude" / "skills"
    skill(skills, "notes", "Use it to write release notes.")
    skill(skills, "charts", "Use it to draw charts.")
    lines = [{"suite": 1, "skill": "notes"}]
    for name, (query, fits, _) in queries.items():
        kind = "implicit" if fits else "negative"
        lines.append(
            {
                "id": name.replace(" ", "-"),
                "kind": "routing",
                "type": kind,
                "query": query,
                "source": {"by": "person", "why": "typed", "at": "2026-11-30"},
            }
        )
    (machine.project / "suite.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    settings = f'skill = ".claude/skills/notes"\nsuite = "suite.jsonl"\nmodel = "{MODEL}"\nsamples = 1\n{more}\n'
    (machine.project / "probe.toml").write_text(settings)
    return machine.project


def probe(machine: Machine, model: Model, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**machine.environment(model.port), "XDG_DATA_HOME": str(machine.home / "data"), **more}
    environment["PATH"] = f"{machine.binary.parent}:{environment['PATH']}"
    command = [sys.executable, "-I", str(ROOT / "lib/autotune/__main__.py"), "skills", *words]
    return subprocess.run(command, cwd=machine.project, env=environment, capture_output=True, text=True, check=False)


def lines(out: str, word: str) -> dict[str, str]:
    return dict(re.findall(rf"^{word} ([^\s=]+)[= ](.*)$", out, re.MULTILINE))


def test_what_the_model_decides_is_what_the_probe_says(machine: Machine) -> None:
    project = prepared(machine)
    with serving([answering] * 40) as model:
        done = probe(machine, model, "probe")
    assert done.returncode == 0, done.stderr
    found = lines(done.stdout, "METRIC")
    cost = float(found.pop("cost_usd"))
    right = {"fires": "1", "silent": "0", "sibling": "0", "unknown": "1", "slash": "1", "looks-first": "1"}
    assert found == {f"routing[{name}]": value for name, value in right.items()}
    # Eight responses of 1,000 tokens read and 100 written, though most clients were ended before they could say what they cost.
    assert cost == pytest.approx(8 * (1000 * 1.0 + 100 * 5.0) / 1e6)
    # On a busy machine a client may ask once more before it is ended; nobody reads what it is told then.
    assert 8 <= len(model.asked) <= 8 + len(right)
    assert lines(done.stdout, "CONTEXT")["host"] == f"claude-code {VERSION}"
    # The skill was called and did not run, no use of it was counted, and no session is left.
    assert not (project / ".claude" / "skills" / "ran").exists()
    assert "skillUsage" not in json.loads((machine.home / ".claude.json").read_text())
    assert not list((machine.home / ".claude").glob("projects/**/*"))


def test_a_crash_and_a_failing_service_are_no_misses(machine: Machine) -> None:
    queries: dict[str, tuple[str, bool, Turn | None]] = {name: (name, True, None) for name in ("crash", "refuse")}
    prepared(machine, "tries = 1\nmost_failed = 1.0", queries)

    def failing(asked: Asked) -> Turn:
        if "crash" in asked.user:
            kill_client(model.port, "crash")
        return Fail(401, "authentication_error", "No.")

    with serving([failing] * 40) as model:
        done = probe(machine, model, "probe")
    assert done.returncode == 0, done.stderr
    unscored = lines(done.stdout, "UNSCORED")
    assert set(unscored) == {"routing[crash]", "routing[refuse]"}
    assert "401" in unscored["routing[refuse]"]
    assert len(set(unscored.values())) == 2


def test_a_client_that_is_too_slow_is_no_miss(machine: Machine) -> None:
    prepared(machine, "tries = 1\ntimeout_s = 3\nmost_failed = 1.0", {"hang": ("hang", True, None)})
    released = threading.Event()
    with serving([after(lambda: released.wait(30), Say("Done."))]) as model:
        done = probe(machine, model, "probe")
        released.set()
    assert lines(done.stdout, "UNSCORED") == {"routing[hang]": "its time was over"}


def test_a_skill_that_is_not_offered_makes_the_run_void(machine: Machine) -> None:
    prepared(machine)
    settings = machine.home / ".claude" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('{"skillOverrides": {"notes": "off"}}')
    with serving([answering] * 40) as model:
        done = probe(machine, model, "probe")
    assert done.returncode == 0, done.stderr
    assert len(lines(done.stdout, "UNSCORED")) == len(QUERIES)
    assert not lines(done.stdout, "METRIC").keys() & {f"routing[{name}]" for name in QUERIES}


def test_sessions_that_probes_leave_do_not_enter_the_records(machine: Machine) -> None:
    prepared(machine, "transcripts = true", {"fires": QUERIES["fires"], "sibling": QUERIES["sibling"]})
    with serving([answering] * 40) as model:
        assert probe(machine, model, "probe").returncode == 0
        assert len(list((machine.home / ".claude").glob("projects/*/*.jsonl"))) == 2
        synced = json.loads(probe(machine, model, "sync", "--json").stdout)
        status = probe(machine, model, "status", "--json")
    assert synced["sessions"] == 2
    skills = json.loads(status.stdout).get("skills", [])  # none where the clients were ended before they had written a turn
    assert [one for one in skills if one["fired"] or one["offered"]] == []


def kill_client(port: int, word: str) -> None:
    """Kill the client that has put a query to the model on a port."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().split(b"\0")
            if f"127.0.0.1:{port}".encode() in (folder / "environ").read_bytes() and word.encode() in command:
                os.kill(int(folder.name), signal.SIGKILL)


def test_a_task_is_done_by_the_real_client_within_walls(machine: Machine) -> None:
    project = prepared(machine, 'instrument = "task"')
    outside = machine.home / "outside.txt"
    checks = [
        {"kind": "contains", "text": "good", "path": "out.txt"},
        {"kind": "tool_used", "tool": "Skill", "input_match": "notes"},
        {"kind": "contains", "text": "All written."},
    ]
    about = {"source": {"by": "person", "why": "typed", "at": "2026-11-30"}, "checks": checks}
    lines_of_suite = [{"suite": 1, "skill": "notes"}, {"id": "work", "kind": "task", "prompt": "Write the notes.", **about}]
    (project / "suite.jsonl").write_text("\n".join(map(json.dumps, lines_of_suite)) + "\n")
    script: list[Line] = [Call("Skill", {"skill": "notes"}), bash(f"echo good > out.txt; echo bad > {outside}"), Say("All written.")]
    with serving(script) as model:
        done = probe(machine, model, "probe")
    assert done.returncode == 0, done.stderr
    assert lines(done.stdout, "METRIC")["task[work]"] == "1", (done.stdout, [asked.result for asked in model.asked])
    assert len(model.asked) == 3
    assert not outside.exists()
    assert not (machine.home / ".claude.json").exists()
