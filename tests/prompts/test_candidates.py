"""What a session in the workshop has kept is found: the newest that was not tried; what nobody measured is known as such."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.prompts.town import BEHAVIOR, Town

from autotune.core.facts import Fact, Kind
from autotune.core.model import Effect, Status
from autotune.errors import AutotuneError
from autotune.loop.session import feed, layout
from autotune.prompts import candidates
from autotune.prompts.candidates import at, newest


@dataclass(frozen=True)
class Kept:
    """A row of a session's log, as far as it matters here."""

    index: int
    timestamp: str
    forced: bool = False
    status: Status = Status.KEEP
    effect: Effect | None = None
    reason: Fact = Fact(Kind.SAID, words="it was better")  # noqa: RUF009 - it is frozen


class Sessions:
    """Sessions of a town's workshop, each with where it began, what it keeps and its rows."""

    def __init__(self, town: Town, patch: pytest.MonkeyPatch) -> None:
        self.top = town.top / "workshop"
        self.held: dict[str, tuple[str, str, list[Kept]]] = {}
        patch.setattr(layout, "names", lambda _: tuple(self.held))
        patch.setattr(candidates, "read_session", self._state)
        patch.setattr(feed, "rows_of", lambda path: self.held[path.parent.name][2])

    def _state(self, folder: Any) -> tuple[SimpleNamespace, None]:  # noqa: ANN401
        first, incumbent, _ = self.held[folder.path.name]
        return SimpleNamespace(first=first, incumbent=incumbent), None


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def test_the_newest_kept_pack_that_was_not_tried_is_the_candidate(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, main = Sessions(town, monkeypatch), town.git("rev-parse", "main")
    brief, kind = town.commit("Be brief.", branch="one"), town.commit("Be kind.", branch="two")
    sessions.held = {
        "one": (main, brief, [Kept(3, "2026-01-02", effect=Effect(1.1, 1.05, 1.2))]),
        "two": (main, kind, [Kept(1, "2026-01-03", forced=True), Kept(2, "2026-01-04")]),
        "idle": (main, main, []),
        "other": (brief, brief, []),
    }
    found = newest(sessions.top, BEHAVIOR, ())
    assert found is not None
    assert (found.commit, found.session, found.experiment, found.proven) == (kind, "two", 2, False)
    before = newest(sessions.top, BEHAVIOR, {found.version})
    assert before is not None
    assert (before.commit, before.proven, before.effect, before.evidence) == (brief, True, 1.1, "it was better")
    assert newest(sessions.top, BEHAVIOR, {found.version, before.version}) is None
    assert newest(sessions.top, "tool-calling", ()) is None
    assert at(sessions.top, "two", BEHAVIOR) == found


def test_a_commit_that_no_session_kept_is_not_proven(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(town, monkeypatch)
    commit = town.commit("Be brief.")
    sessions.held = {"bare": (town.git("rev-parse", "main"), commit, [])}
    found = at(sessions.top, "idea", BEHAVIOR)
    assert (found.commit, found.session, found.proven, found.evidence) == (commit, "bare", False, "")
    sessions.held = {}
    assert at(sessions.top, commit[:10], BEHAVIOR).session is None


def test_what_is_no_commit_or_holds_no_pack_is_refused(town: Town) -> None:
    with pytest.raises(AutotuneError, match="no commit"):
        at(town.top / "workshop", "none", BEHAVIOR)
    with pytest.raises(AutotuneError, match="is no pack"):
        at(town.top / "workshop", "main", "tool-calling")
