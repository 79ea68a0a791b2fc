"""Another loop's log as a session's history."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.loop.project import Project

ROWS = ("a1\t3.0\t1.0\tkeep\tbaseline", "b2\t1.0\t1.0\tkept\tnothing", "c3\t0.000000\t0.0\tcrash\ttoo wide")
LOG = "\n".join(["commit\tsize\tmemory_gb\tstatus\tdescription", *ROWS, ""])


def test_a_log_is_history_and_no_evidence(project: Project) -> None:
    log = project.outside / "results.tsv"
    log.write_text(LOG)
    assert "`autotune init --metric size`" in project.refused("import", str(log))
    project.init()
    before = project.ok("status", "--json").json
    said = project.ok("import", str(log), "--json").json
    assert (said["format"], said["taken"], [one["line"] for one in said["not_taken"]]) == ("results.tsv", 2, [3])
    after = project.ok("status", "--json").json
    assert after.pop("history") == {"experiments": 2, "statuses": {"keep": 1, "crash": 1}}
    assert {key for key in after if after[key] != before[key]} <= {"as_of", "active_s", "budget"}
    assert [one["description"] for one in project.ok("explain", "--json").json["earlier"]] == ["baseline", "too wide"]
    assert "too wide" in project.ok("explain").out
    assert "too wide" in project.ok("brief").out
    assert "history" in project.ok("dashboard").out
    assert "already" in project.refused("import", str(log))
    project.write("src/a.txt", "a")
    assert project.attempt()["status"] == "keep"
    assert project.ok("dashboard", "--json").json["rows"][0]["index"] == 1
    project.ok("check")
    project.agree()


def test_what_is_no_log_is_refused_and_changes_nothing(project: Project) -> None:
    project.init()
    before = len(project.events())
    for path in (project.write("notes.txt", "hello\n"), project.top, project.top / "none"):
        project.refused("import", str(path))
    project.write("empty.tsv", "commit\tsize\tstatus\tdescription\n")
    assert project.ok("import", "empty.tsv", "--json").json["taken"] == 0
    assert len(project.events()) == before


def test_settings_become_keys_before_there_is_a_session_and_commands_in_one(project: Project) -> None:
    path = project.write("autotune.config.json", json.dumps({"maxIterations": 7, "mode": "repair", "health": {"maxCrashStreak": 4}}))
    said = project.ok("import", str(path), "--json").json
    assert (said["keys"], said["not_taken"]) == ({"max_iterations": 7, "health.max_crash_streak": 4}, ["mode"])
    written = tomllib.loads(project.read("autotune.toml"))
    assert (written["max_iterations"], written["health"]["max_crash_streak"], written["busy_wait_s"]) == (7, 4, 0)
    project.init()
    settings = project.read("autotune.toml")
    answer = project.ok("import", str(path)).out
    assert "`autotune config set max_iterations 7`" in answer
    assert project.read("autotune.toml") == settings
    assert project.ok("config", "get", "max_iterations").out == "7\n"
