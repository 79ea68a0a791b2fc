"""`autotune skills deploy`, `watch` and `rollback`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.test_skill_folders import run

TEXT = "---\nname: a\ndescription: {description}\n---\n# Steps\n"


def test_a_version_is_deployed_watched_and_taken_back(tmp_path: Path) -> None:
    folder, other = tmp_path / ".claude/skills/a", tmp_path / "new/a"
    for place, description in ((folder, "one"), (other, "two")):
        place.mkdir(parents=True)
        (place / "SKILL.md").write_text(TEXT.format(description=description))
    assert run(tmp_path, "watch", "a").stdout.count("nothing to watch") == 1
    assert run(tmp_path, "deploy", "a").returncode == 1
    refused = run(tmp_path, "deploy", "a", "--from", str(other), "--json")
    assert [refused.returncode, "--unproven" in json.loads(refused.stdout)["hint"]] == [1, True]
    done = run(tmp_path, "deploy", "a", "--from", str(other), "--unproven", "--json")
    said = json.loads(done.stdout)
    assert [said["done"], said["proven"], said["merged"]] == [True, False, None]
    assert "two" in (folder / "SKILL.md").read_text()
    assert "this version already" in run(tmp_path, "deploy", "a", "--from", str(other), "--unproven").stdout
    watched = json.loads(run(tmp_path, "watch", "a", "--json").stdout)
    assert [watched["state"], watched["deployment"]["version"]] == ["not seen yet", said["after"]]
    assert "unmeasured" in run(tmp_path, "watch", "a").stdout
    listed = json.loads(run(tmp_path, "rollback", "a", "--list", "--json").stdout)
    assert [[one["why"] for one in listed["versions"]], listed["now"]] == [["found", "deployed"], said["after"]]
    assert "there now" in run(tmp_path, "rollback", "a", "--list").stdout
    assert "one" not in (folder / "SKILL.md").read_text()
    assert "byte for byte" in run(tmp_path, "rollback", "a").stdout
    assert (folder / "SKILL.md").read_text() == TEXT.format(description="one")


def test_how_far_a_skill_is_and_what_a_pass_does_is_told(tmp_path: Path) -> None:
    run(tmp_path, "create", "a", "--user", "--description", "Does a thing.")
    looked = run(tmp_path, "verify", "a", "--json")
    assert [looked.returncode, json.loads(looked.stdout)["state"]] == [1, "evals"]
    assert "autotune skills eval generate a" in run(tmp_path, "verify", "a").stdout
    assert run(tmp_path, "publish", "a").returncode == 1
    assert json.loads(run(tmp_path, "publish", "a", "--unready", "--json").stdout)["done"] is True
    assert "published before" in run(tmp_path, "publish", "a", "--unready").stdout
    done = run(tmp_path, "run", "--json")
    assert [done.returncode, [one["step"] for one in json.loads(done.stdout)["steps"]]] == [0, ["sync", "status", "choose", "watch"]]
    assert "no session has shown it yet" in run(tmp_path, "run", "--dry-run", "a").stdout
    (tmp_path / ".local/share/autotune/skills.toml").write_text("revue = 1\n")
    refused = run(tmp_path, "run")
    assert [refused.returncode, "did you mean review?" in refused.stderr] == [1, True]
    (tmp_path / ".local/share/autotune/skills.toml").unlink()
    shown = json.loads(run(tmp_path, "schedule", "--cron", "--json").stdout)
    assert "autotune-skills" in json.dumps(shown) or "skills.sh" in json.dumps(shown)
