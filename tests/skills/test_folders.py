"""Skill folders: found, read, made, checked."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from autotune.core.skills.package import Rule
from autotune.errors import AutotuneError
from autotune.skills import creating, installed, packages
from autotune.skills.installed import Scope

TEXT = "---\nname: {name}\ndescription: Does things.\n---\n# Steps\n"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


def skill(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(TEXT.format(name=folder.name))
    return folder


def repository(top: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    return top


def test_every_host_s_folders_are_looked_at_and_a_user_s_skill_hides_a_project_s(tmp_path: Path) -> None:
    home, project = tmp_path / "home", repository(tmp_path / "project")
    mine = skill(home / ".claude/skills/a")
    skill(project / ".claude/skills/a")
    skill(project / ".claude/skills/b")
    skill(project / "sub/.agents/skills/c")
    skill(home / ".config/opencode/skills/d")
    skill(home / ".claude/plugins/cache/m/p/1.0/skills/old")
    (home / ".claude/plugins/cache/m/p/1.0/.orphaned_at").touch()
    skill(home / ".claude/plugins/cache/m/p/1.1/skills/new")
    skill(tmp_path / ".claude/skills/above")  # above the repository: no host looks there
    found = {(one.name, one.scope, one.host): one.hidden_by for one in installed.installed(home, project / "sub")}
    assert found == {
        ("a", Scope.USER, "claude-code"): None,
        ("a", Scope.PROJECT, "claude-code"): mine,
        ("b", Scope.PROJECT, "claude-code"): None,
        ("c", Scope.PROJECT, "codex"): None,
        ("d", Scope.USER, "opencode"): None,
        ("p:new", Scope.CACHE, "claude-code"): None,
    }
    assert installed.named("a", home, project).folder == mine
    assert installed.named("new", home, project).name == "p:new"
    hidden = installed.named(str(project / ".claude/skills/a"), home, project)
    assert [hidden.scope, hidden.hidden_by] == [Scope.PROJECT, mine]


def test_a_name_that_means_nothing_or_several_is_refused(tmp_path: Path) -> None:
    project = repository(tmp_path / "project")
    skill(project / ".claude/skills/a")
    skill(project / ".agents/skills/a")
    with pytest.raises(AutotuneError, match="Several"):
        installed.named("a", tmp_path, project)
    with pytest.raises(AutotuneError, match="no skill b"):
        installed.named("b", tmp_path, project)
    with pytest.raises(AutotuneError, match=r"no SKILL\.md"):
        installed.named(str(project), tmp_path, project)


def test_a_folder_says_where_it_belongs(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    (plugin / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin/plugin.json").write_text(json.dumps({"name": "p"}))
    own = installed.at(skill(plugin / "skills/x"), tmp_path / "home", tmp_path)
    assert [own.name, own.scope] == ["p:x", Scope.PLUGIN]
    (plugin / ".claude-plugin/plugin.json").write_text("no")
    assert installed.at(plugin / "skills/x", tmp_path / "home", tmp_path).name == "plugin:x"
    assert installed.at(skill(tmp_path / "y"), tmp_path / "home", tmp_path).scope is Scope.FOLDER
    assert installed.named(str(skill(tmp_path / "other/.opencode/skill/z") / "SKILL.md"), tmp_path / "home", tmp_path).host == "opencode"


def test_whether_a_repository_tracks_a_skill_is_known(tmp_path: Path) -> None:
    assert installed.repository_of(skill(tmp_path / "x")) is None
    top = repository(tmp_path / "top")
    folder = skill(top / ".claude/skills/a")
    assert installed.repository_of(folder) is None
    subprocess.run(["git", "-C", str(top), "add", "."], check=True)
    found = installed.repository_of(folder)
    assert found is not None
    assert found.top == top


def test_a_new_skill_is_whole_and_nothing_is_wrong_with_it(tmp_path: Path) -> None:
    files = creating.scaffold("my-skill", "Do: this # now", ["a", "p:b"])
    creating.make(tmp_path / "my-skill", files)
    package = packages.read(tmp_path / "my-skill")
    assert packages.checked(package) == ()
    assert package.listed == "Do: this # now"
    assert "2. Use the skill `p:b`." in package.text("SKILL.md")
    with pytest.raises(AutotuneError, match="is there already"):
        creating.make(tmp_path / "my-skill", files)
    creating.make(tmp_path / "other", creating.scaffold("other", ""))
    assert [one.rule for one in packages.checked(packages.read(tmp_path / "other"))] == [Rule.PLACEHOLDER]


@pytest.mark.parametrize(("name", "description"), [("A", ""), ("a--b", ""), ("a/b", ""), ("a" * 65, ""), ("a", "x" * 1025)])
def test_a_name_that_no_skill_can_have_is_refused(name: str, description: str) -> None:
    with pytest.raises(AutotuneError):
        creating.scaffold(name, description)


def test_a_folder_is_read_with_its_modes_and_without_caches_and_secrets_are_found(tmp_path: Path) -> None:
    folder = skill(tmp_path / "a")
    (folder / "scripts").mkdir()
    (folder / "scripts/run.sh").write_text("#!/bin/sh\nAPI_KEY='q8w7e6r5t4z3u2i1'\nAPI_KEY=$KEY\n")
    (folder / "scripts/run.sh").chmod(0o755)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/x.pyc").touch()
    (folder / "gone").symlink_to("nowhere")
    package = packages.read(folder)
    assert [sorted(package.files), package.executable] == [["SKILL.md", "scripts/run.sh"], {"scripts/run.sh"}]
    assert [(one.rule, one.path, one.line) for one in packages.checked(package)] == [(Rule.SECRET, "scripts/run.sh", 2)]
    with (folder / "huge").open("wb") as file:
        os.truncate(file.fileno(), packages.MOST_BYTES)
    with pytest.raises(AutotuneError, match="more than"):
        packages.read(folder)


def test_a_made_up_value_in_an_example_is_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    said = "token: 'mock-token'\npassword = \"fake_password\"\ntoken: 'hunter2-token'\nexport AWS_ACCESS_KEY_ID=AKIA...\n"
    said += "http://user:pass@proxy.example.com:8080\nhttp://user:Pa55word9@proxy.example.com:8080\n"
    said += "async login(email: string, password: string) {\nrefresh_token=refresh_token,\nSHOPIFY_API_SECRET: z.string().min(12),\n"
    said += "qpdf --password=secret123\ntoken_uri='https://oauth2.googleapis.com/token'\nPASSWORD: postgres\nAPI_KEY=sk_live_abc123xyz789\n"
    (folder / "SKILL.md").write_text(f"---\nname: a\ndescription: d\n---\n{said}")
    assert [one.line for one in packages.checked(packages.read(folder)) if one.rule is Rule.SECRET] == [7, 10]
