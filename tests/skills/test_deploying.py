"""Skills deployed, watched and taken back, in real folders and repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from autotune.core.skills.aftermath import Fate
from autotune.core.skills.seen import How, Offer, Shown, digest_of
from autotune.core.skills.turns import Fired, Turn
from autotune.edges.clock import moment
from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.rollout.placing import ChangedError
from autotune.rollout.snapshots import hash_of
from autotune.skills import aftermath, deploying, installed
from autotune.skills.deploying import Deployment
from autotune.skills.installed import Skill
from autotune.skills.looking import Seen

NOW_MS, DAY_MS = 1_796_000_000_000, 86_400_000
TEXT = "---\nname: {name}\ndescription: {description}\n---\n# Steps\n[more](more.md)\n"
NOTHING = Seen([], 0, {})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = Somebody\nemail = somebody@example.org\n[init]\ndefaultBranch = main\n")
    return tmp_path


def write(folder: Path, description: str, name: str = "a") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SKILL.md").write_text(TEXT.format(name=name, description=description))
    (folder / "more.md").write_text(f"more of {description}\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    return folder


@pytest.fixture
def skill(home: Path) -> Skill:
    write(home / ".claude/skills/a", "one")
    return installed.named("a", home, home)


def deploy(skill: Skill, source: str | Path, at_ms: int = NOW_MS, **options: bool) -> Deployment:
    return deploying.deploy(skill, NOTHING, at_ms, said=str(source), **{"unproven": True, **options})


def version(home: Path, description: str) -> Path:
    return write(home / "versions" / description / "a", description)


def test_a_folder_is_replaced_as_a_whole_and_every_version_can_be_brought_back(home: Path, skill: Skill) -> None:
    hashes = [hash_of(skill.folder)]
    for at, description in enumerate(("two", "three", "four")):
        plan = deploy(skill, version(home, description), NOW_MS + at, dry_run=True)
        assert [plan.done, hash_of(skill.folder)] == [False, hashes[-1]]
        done = deploy(skill, version(home, description), NOW_MS + at)
        hashes.append(hash_of(skill.folder))
        assert [done.done, done.before, done.after] == [True, *hashes[-2:]]
    assert not deploy(skill, version(home, "four")).done  # it is there already
    for expected in hashes[-2::-1]:
        deploying.roll_back(skill, None, NOW_MS + 10)
        assert hash_of(skill.folder) == expected
    with pytest.raises(AutotuneError, match="no earlier version"):
        deploying.roll_back(skill, None, NOW_MS + 11)
    assert deploying.roll_back(skill, "#3", NOW_MS + 12) == (hashes[0], hashes[2])
    assert deploying.roll_back(skill, str(hashes[3])[:8], NOW_MS + 13)[1] == hash_of(skill.folder) == hashes[3]
    assert os.access(skill.folder / "run.sh", os.X_OK)
    with pytest.raises(AutotuneError, match="no version"):
        deploying.roll_back(skill, "zzz", NOW_MS)
    assert sorted(one.name for one in skill.folder.parent.iterdir()) == ["a"]
    assert [one.why for one in deploying.versions(skill)][:3] == ["found", "deployed", "deployed"]


def test_what_somebody_changed_is_never_overwritten(home: Path, skill: Skill) -> None:
    deploy(skill, version(home, "two"))
    (skill.folder / "SKILL.md").write_text(TEXT.format(name="a", description="mine"))
    mine = hash_of(skill.folder)
    with pytest.raises(ChangedError):
        deploy(skill, version(home, "three"))
    with pytest.raises(ChangedError):
        deploying.roll_back(skill, None, NOW_MS)
    assert hash_of(skill.folder) == mine
    deploy(skill, version(home, "three"), adopt=True)
    assert deploying.roll_back(skill, None, NOW_MS)[1] == mine == hash_of(skill.folder)


def test_what_may_not_be_deployed_is_refused(home: Path, skill: Skill) -> None:
    with pytest.raises(AutotuneError, match="Nothing shows"):
        deploy(skill, version(home, "two"), unproven=False)
    with pytest.raises(AutotuneError, match="No session kept"):
        deploying.deploy(skill, NOTHING, NOW_MS)
    with pytest.raises(AutotuneError, match="neither"):
        deploy(skill, home / "none")
    broken = version(home, "two")
    (broken / "more.md").unlink()
    with pytest.raises(AutotuneError, match="leads nowhere"):
        deploy(skill, broken)
    cached = write(home / ".claude/plugins/cache/m/p/1/skills/c", "one", "c")
    with pytest.raises(AutotuneError, match="cache"):
        deploy(installed.named(str(cached), home, home), version(home, "two"))
    project = home / "project"
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    write(project / ".claude/skills/a", "one")
    with pytest.raises(AutotuneError, match="hides"):
        deploy(installed.named(str(project / ".claude/skills/a"), home, project), version(home, "two"))


@pytest.mark.parametrize("call", range(1, 5))
def test_whatever_is_killed_the_next_command_finishes_and_every_byte_can_be_had_back(home: Path, skill: Skill, call: int) -> None:
    first = hash_of(skill.folder)
    deploy(skill, version(home, "two"))
    second, third = hash_of(skill.folder), version(home, "three")
    if (child := os.fork()) == 0:
        calls, rename = 0, Path.rename

        def dies(path: Path, to: Path) -> Path:
            nonlocal calls
            calls += 1
            if calls == call:
                os._exit(9)
            return rename(path, to)

        Path.rename = dies  # type: ignore[method-assign,assignment]
        deploy(skill, third)
        os._exit(0)
    os.waitpid(child, 0)
    deploy(skill, third)
    assert hash_of(skill.folder) == hash_of(third)
    assert deploying.roll_back(skill, None, NOW_MS)[1] == second == hash_of(skill.folder)
    assert deploying.roll_back(skill, None, NOW_MS)[1] == first == hash_of(skill.folder)
    assert sorted(one.name for one in skill.folder.parent.iterdir()) == ["a"]
    assert list(skill.folder.parent.parent.glob(".autotune-*")) == []


def git(top: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(top), *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def tracked(home: Path) -> Skill:
    top = home / "project"
    write(top / ".claude/skills/b", "one", "b")
    (top / "other").write_text("x\n")
    git(home, "init", "-q", str(top))
    git(top, "add", ".")
    git(top, "commit", "-qm", "start")
    git(top, "switch", "-qc", "better")
    write(top / ".claude/skills/b", "two", "b")
    (top / ".claude/skills/b/new.md").write_text("new\n")
    git(top, "add", ".")
    git(top, "commit", "-qm", "better")
    git(top, "switch", "-q", "main")
    (top / ".claude/skills/b/notes").write_text("git does not know this\n")
    return installed.named("b", home, top)


@pytest.mark.parametrize("by", ["deploy", "finish"])
def test_a_version_that_was_put_in_its_place_before_the_kill_is_deployed_by_the_next_command(home: Path, skill: Skill, by: str) -> None:
    deploy(skill, version(home, "two"))
    (log,) = home.glob("data/autotune/rollouts/skill/*/*.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]))
    assert [one.why for one in deploying.versions(skill)] == ["found"]
    if by == "finish":
        deploying.finish(skill, NOW_MS)
    else:
        assert deploy(skill, version(home, "two")).done is False
    assert [one.why for one in deploying.versions(skill)] == ["found", "deployed"]


def test_a_skill_that_a_killed_command_had_taken_out_of_its_place_is_found_by_its_name(home: Path, skill: Skill) -> None:
    aside = skill.folder.parent.parent / f".autotune-aside-skills-{skill.name}"
    skill.folder.rename(aside)
    with pytest.raises(AutotuneError, match="no skill other"):
        installed.named("other", home, home)
    assert installed.named(skill.name, home, home) == skill
    assert (skill.folder / "SKILL.md").is_file()
    assert not aside.exists()


def test_every_skill_out_of_its_place_is_put_back_unless_another_process_replaces_it_now(home: Path, skill: Skill) -> None:
    linked = write(home / "elsewhere/skills/b", "one", "b")
    (skill.folder.parent / "b").symlink_to(linked)
    for place in (skill.folder, linked):
        place.rename(place.parent.parent / f".autotune-aside-skills-{place.name}")
    with hold(deploying.target_of(skill).folder / "lock", "autotune skills deploy"):
        installed.bring_back(home, home)
        with pytest.raises(AutotuneError, match=r"is held by autotune skills deploy \(process"):
            installed.named(skill.name, home, home)
    assert [one.name for one in installed.installed(home, home)] == ["b"]
    installed.bring_back(home, home)
    assert [one.name for one in installed.installed(home, home)] == ["a", "b"]


def test_where_git_tracks_a_skill_deploying_is_a_merge_that_somebody_asks_for(home: Path, tracked: Skill) -> None:
    top = home / "project"
    (top / "other").write_text("y\n")
    git(top, "commit", "-qam", "meanwhile")
    (top / "other").write_text("not committed\n")
    with pytest.raises(AutotuneError, match="tracked in"):
        deploy(tracked, "better")
    with pytest.raises(AutotuneError, match="no commit"):
        deploy(tracked, write(home / "b", "three", "b"), merge=True)
    before = hash_of(tracked.folder)
    done = deploy(tracked, "better", merge=True)
    assert [done.branch, git(top, "log", "--format=%s", "-1")] == ["main", "Deploy b (better)"]
    assert git(top, "status", "--porcelain", "--untracked-files=no") == "M other"
    assert "two" in (tracked.folder / "SKILL.md").read_text()
    assert [(tracked.folder / name).exists() for name in ("new.md", "notes")] == [True, True]
    assert hash_of(tracked.folder) == done.after
    with pytest.raises(AutotuneError, match="already"):
        deploy(tracked, "better", merge=True)
    assert deploying.roll_back(tracked, None, NOW_MS)[1] == before == hash_of(tracked.folder)
    git(top, "checkout", "-q", ".claude")  # somebody does not want it after all
    assert hash_of(tracked.folder) == done.after
    assert deploying.roll_back(tracked, None, NOW_MS)[1] == before == hash_of(tracked.folder)


def test_a_merge_that_is_not_clean_is_refused_and_changes_nothing(home: Path, tracked: Skill) -> None:
    top, before = home / "project", hash_of(tracked.folder)
    (tracked.folder / "SKILL.md").write_text("mine\n")
    with pytest.raises(AutotuneError, match="not committed"):
        deploy(tracked, "better", merge=True)
    git(top, "checkout", "-q", "--", ".")
    (top / "other").write_text("y\n")
    git(top, "add", "other")
    with pytest.raises(AutotuneError, match="staged"):
        deploy(tracked, "better", merge=True)
    git(top, "reset", "-q", "--hard")
    assert hash_of(tracked.folder) == before
    (tracked.folder / "SKILL.md").write_text(TEXT.format(name="b", description="mine"))
    git(top, "commit", "-qam", "mine")
    with pytest.raises(AutotuneError, match="same lines"):
        deploy(tracked, "better", merge=True)
    git(top, "switch", "-q", "--detach")
    with pytest.raises(AutotuneError, match="No branch"):
        deploy(tracked, "better", merge=True)


def test_a_merge_that_was_killed_is_finished_by_the_next_command(home: Path, tracked: Skill) -> None:
    top = home / "project"
    if (child := os.fork()) == 0:
        deploying.merging.take_up = lambda _: os._exit(9)  # type: ignore[attr-defined]
        deploy(tracked, "better", merge=True)
    os.waitpid(child, 0)
    assert "one" in (tracked.folder / "SKILL.md").read_text()
    now, back = deploying.roll_back(tracked, None, NOW_MS)
    assert [git(top, "log", "--format=%s", "-1"), now == back] == ["better", False]
    assert "one" in (tracked.folder / "SKILL.md").read_text()


def turns(start_ms: int, fired: str, shown: str) -> list[Turn]:
    """Turns that the skill was offered in: `y` it fired, `n` it did not and somebody typed it then."""
    found = []
    for place, one in enumerate(fired):
        at = moment(start_ms + 1000 * place)
        call = (Fired("a", How.MODEL, at, ran=True),) if one == "y" else ()
        offered = {"a": Offer("a", Shown.FULL, "x", digest_of("a", shown))}
        found.append(Turn(f"s{start_ms}", "", at, f"do {place}", human=True, offered=offered, fired=call))
        if one == "n":
            found.append(Turn(f"s{start_ms}", "", at, "/a", human=True, offered={}, fired=(Fired("a", How.TYPED, at, ran=True),)))
    return found


def seen(*parts: list[Turn]) -> Seen:
    return Seen([turn for part in parts for turn in part], len(parts), {})


def test_a_version_is_watched_by_turns_since_then_alone(home: Path, skill: Skill) -> None:
    assert aftermath.aftermath(skill, NOTHING, NOW_MS).fate is Fate.NEVER
    old = turns(NOW_MS - DAY_MS, "y" * 20, "one")
    deploying.deploy(skill, seen(old), NOW_MS, said=str(version(home, "two")), unproven=True)
    late = turns(NOW_MS + 1000, "nnnn", "one")  # a session that has not taken it up
    assert aftermath.aftermath(skill, seen(old, late), NOW_MS + DAY_MS).fate is Fate.NOT_SEEN
    few = turns(NOW_MS + 5000, "nn", "two")
    found = aftermath.aftermath(skill, seen(old, late, few), NOW_MS + DAY_MS)
    assert [found.fate, found.shown and found.shown.at] == [Fate.UNMEASURED, few[0].at]
    good = turns(NOW_MS + 5000, "yyyyyynyyy", "two")
    assert aftermath.aftermath(skill, seen(old, late, good), NOW_MS + DAY_MS).fate is Fate.WATCHED
    assert aftermath.aftermath(skill, seen(old, late, good), NOW_MS + 8 * DAY_MS).fate is Fate.OVER
    bad = turns(NOW_MS + 5000, "n" * 12, "two")
    worse = aftermath.aftermath(skill, seen(old, late, bad), NOW_MS + DAY_MS)
    assert [worse.fate, worse.about] == [Fate.REGRESSED, "score"]
    assert worse.odds["score"] >= 20
    deploying.roll_back(skill, None, NOW_MS + 2 * DAY_MS)
    assert aftermath.aftermath(skill, seen(old, late, bad), NOW_MS + 3 * DAY_MS).fate is Fate.NOT_SEEN


def test_without_evidence_from_before_nothing_regresses(home: Path, skill: Skill) -> None:
    deploy(skill, version(home, "two"))
    bad = turns(NOW_MS + 5000, "n" * 12, "two")
    assert aftermath.aftermath(skill, seen(bad), NOW_MS + DAY_MS).fate is Fate.WATCHED


def test_a_plugin_s_skill_counts_from_when_a_session_shows_it(home: Path) -> None:
    (home / "plugin/.claude-plugin").mkdir(parents=True)
    (home / "plugin/.claude-plugin/plugin.json").write_text('{"name": "p"}')
    one = installed.named(str(write(home / "plugin/skills/a", "one")), home, home)
    assert deploy(one, version(home, "two")).reload
    assert aftermath.aftermath(one, NOTHING, NOW_MS + DAY_MS).fate is Fate.NOT_SEEN
    offered = {"p:a": Offer("p:a", Shown.FULL, "x", digest_of("p:a", "two"))}
    later = [Turn("s", "", moment(NOW_MS + 60_000), "do", human=True, offered=offered, fired=())]
    found = aftermath.aftermath(one, seen(later), NOW_MS + DAY_MS)
    assert [found.fate, found.cut] == [Fate.UNMEASURED, later[0].at]
