"""A pass over skills, on a home with transcripts in which a skill was missed."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from autotune.edges.locks import hold
from autotune.errors import AutotuneError
from autotune.records.sources import Rules
from autotune.records.store import Store, opened
from autotune.rollout.snapshots import hash_of
from autotune.skills import candidates, deploying, handled, installed, looking, publishing, running
from autotune.skills.candidates import Candidate, Kept
from autotune.skills.installed import Skill
from autotune.skills.running import Did, Improved, Skip, Step
from autotune.skills.settings import Settings, read

NOW_MS = 1_796_000_000_000
TEXT = "---\nname: notes\ndescription: {description}\n---\n# Steps\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "OPENCODE_DB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / ".claude/skills/notes"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(TEXT.format(description="Notes."))
    logs = tmp_path / ".claude/projects/-x"
    logs.mkdir(parents=True)
    (logs / "a.jsonl").write_text("\n".join(map(json.dumps, complained())) + "\n")
    return tmp_path


def complained() -> list[dict[str, object]]:
    at = "2026-11-29T10:0{}:00.000Z"
    listing = {"type": "skill_listing", "content": "- notes: Notes.", "names": ["notes"], "isInitial": True}
    said = ("write down what changed", "why didn't you use notes")
    told: list[dict[str, object]] = []
    for turn, text in enumerate(said):
        told += [
            {"type": "user", "timestamp": at.format(turn), "turnOrigin": "human", "message": {"role": "user", "content": text}},
            {"type": "attachment", "timestamp": at.format(turn), "attachment": listing},
            {"type": "assistant", "timestamp": at.format(turn), "message": {"id": f"m{turn}", "content": [{"type": "text", "text": "ok"}]}},
        ]
    return told


def records(home: Path) -> AbstractContextManager[Store]:
    return opened(home / "records.db", write=True)


def passed(home: Path, improve: running.Improve, at_ms: int = NOW_MS, *, dry_run: bool = False, **values: object) -> dict[Step, list[Did]]:
    known = read(None, {})
    settings = Settings({**known.values, **values}, None)
    one = running.Pass(partial(records, home), settings, home, home, Rules(), improve, dry_run)
    found: dict[Step, list[Did]] = {}
    for did in running.run(one, lambda: at_ms):
        found.setdefault(did.step, []).append(did)
    return found


def better(_: Skill, __: Settings, dry: bool) -> Improved:  # noqa: FBT001
    return Improved("improve-notes-1", 1, kept=True, decided=True, why="better" if not dry else "planned")


def nothing(_: Skill, __: Settings, ___: bool) -> Skip:  # noqa: FBT001
    return Skip.NO_MODEL


def test_a_skill_that_somebody_complained_about_is_improved_and_the_complaint_handled_then_alone(home: Path) -> None:
    first = passed(home, nothing)
    assert [first[Step.SYNC][0].found["sessions"], first[Step.IMPROVE][0].skip, first[Step.WATCH][0].skip] == [
        1,
        Skip.NO_MODEL,
        Skip.NOTHING_DEPLOYED,
    ]
    with records(home) as store:
        assert [len(handled.complaints(looking.seen(store), "notes")), handled.handled(store)] == [1, frozenset()]
    undecided = passed(home, lambda *_: Improved(None, None, kept=False, decided=False, why="void"))
    assert [undecided[Step.IMPROVE][0].found[name] for name in ("complaints", "handled")] == [1, 0]
    planned = passed(home, better, dry_run=True)
    assert [planned[Step.IMPROVE][0].found["handled"], Step.SYNC in planned] == [0, False]
    done = passed(home, better)
    assert done[Step.IMPROVE][0].found["handled"] == 1
    (choice,) = passed(home, better)[Step.CHOOSE][0].found["choices"]
    assert str(choice.skip) == "recent"
    (choice,) = passed(home, better, NOW_MS + 2 * 86_400_000)[Step.CHOOSE][0].found["choices"]
    assert [choice.skip, choice.priority] == [None, 1.0]  # it was missed still, and nobody waits for an answer


def test_two_passes_at_once_are_one(home: Path) -> None:
    (home / "data/autotune").mkdir(parents=True)
    with hold(home / "data/autotune/skills-run.lock", "another"), pytest.raises(AutotuneError, match="another"):
        passed(home, nothing)


def test_what_is_refused_for_one_skill_does_not_end_the_pass(home: Path) -> None:
    def refused(_: Skill, __: Settings, ___: bool) -> Improved:  # noqa: FBT001
        raise AutotuneError("No.", "none")

    done = passed(home, refused)
    assert [str(done[Step.IMPROVE][0].error), Step.WATCH in done] == ["No.", True]
    assert running.failed([one for part in done.values() for one in part])


@pytest.fixture
def waiting(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A version that a session kept in a workshop."""
    content = home / "kept/notes"
    content.mkdir(parents=True)
    (content / "SKILL.md").write_text(TEXT.format(description="Writes release notes."))
    kept = Kept("improve-notes-1", "c" * 40, None)  # type: ignore[arg-type]

    def waits(skill: Skill) -> Kept | None:
        deployed = {one.data.get("session") for one in deploying.versions(skill)}
        return None if kept.session in deployed else kept

    monkeypatch.setattr(deploying, "waiting", waits)
    monkeypatch.setattr(candidates, "home_of", lambda _: "there")
    monkeypatch.setattr(candidates, "laid_out", lambda *_: Candidate(content, "session", kept.commit, kept.session, 1, proven=True))
    return content


def test_who_deploys_is_said_by_the_settings(home: Path, waiting: Path) -> None:
    folder = home / ".claude/skills/notes"
    asked = passed(home, nothing)
    assert [asked[Step.DEPLOY][0].skip, str(asked[Step.CHOOSE][0].found["choices"][0].skip)] == [Skip.REVIEW, "waiting"]
    planned = passed(home, nothing, review="auto", dry_run=True)
    assert [planned[Step.DEPLOY][0].skip, hash_of(folder) == hash_of(waiting)] == [None, False]
    done = passed(home, nothing, review="auto")
    assert [done[Step.DEPLOY][0].found["after"], hash_of(folder)] == [hash_of(waiting)] * 2
    again = passed(home, nothing, review="auto")
    assert [Step.DEPLOY in again, str(again[Step.WATCH][0].found["aftermath"].fate)] == [False, "not seen yet"]
    assert str(again[Step.CHOOSE][0].found["choices"][0].skip) == "watched"


@pytest.mark.usefixtures("waiting")
def test_a_version_that_was_taken_back_is_watched_no_more(home: Path) -> None:
    passed(home, nothing, review="auto")
    deploying.roll_back(installed.named("notes", home, home), None, NOW_MS)
    after = passed(home, nothing, review="auto")
    assert [after[Step.CHOOSE][0].found["choices"][0].skip, Step.IMPROVE in after] == [None, True]


def test_a_skill_is_published_when_it_is_ready_or_somebody_insists(home: Path) -> None:
    skill = installed.named("notes", home, home)
    with records(home) as store:
        looked, seen = publishing.look(store, skill), looking.seen(store)
    assert looked.suite is None
    with pytest.raises(AutotuneError, match="not ready: evals, tests, replay, baseline"):
        publishing.publish(looked, seen, NOW_MS, to=None, unready=False, dry_run=False)
    assert publishing.publish(looked, seen, NOW_MS, to=None, unready=True, dry_run=True) == (skill, True)
    assert publishing.publish(looked, seen, NOW_MS, to=None, unready=True, dry_run=False) == (skill, True)
    assert publishing.publish(looked, seen, NOW_MS, to=None, unready=True, dry_run=False) == (skill, False)
    there, done = publishing.publish(looked, seen, NOW_MS, to=home / "project/.claude/skills", unready=True, dry_run=False)
    assert [done, hash_of(there.folder)] == [True, hash_of(skill.folder)]
    other = home / "other/notes"
    other.mkdir(parents=True)
    with pytest.raises(AutotuneError, match="is there already"):
        publishing.publish(looked, seen, NOW_MS, to=home / "other", unready=True, dry_run=False)


def test_a_pass_that_was_killed_is_made_again_and_comes_to_the_same_end(home: Path) -> None:
    def killed(_: Skill, __: Settings, ___: bool) -> Improved:  # noqa: FBT001
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        passed(home, killed)
    with records(home) as store:
        assert [handled.handled(store), handled.last_tried(store)] == [frozenset(), {}]
    done = passed(home, better)
    assert [done[Step.SYNC][0].found["rows"], done[Step.IMPROVE][0].found["handled"]] == [0, 1]


def test_skills_of_projects_that_sessions_worked_in_are_looked_after_too(home: Path) -> None:
    folder = home / "project/.claude/skills/mine"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(TEXT.format(description="Mine.").replace("notes", "mine"))
    (home / "other/.claude/skills/mine").mkdir(parents=True)
    (home / "other/.claude/skills/mine/SKILL.md").write_text((folder / "SKILL.md").read_text())
    for project in ("project", "other"):
        (home / project / ".git").mkdir()
        lines = [{**line, "cwd": str(home / project)} for line in complained()]
        (home / f".claude/projects/-x/{project}.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    choices = passed(home, nothing)[Step.CHOOSE][0].found["choices"]
    assert {one.name.partition(" @ ")[0] for one in choices} == {"notes", "mine"}
    assert len(choices) == 3
