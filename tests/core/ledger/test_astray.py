"""Somebody else's log: what names no commit, or what lies elsewhere, is told before anything is looked up by it."""

# ruff: noqa: ANN401 - any event, and any field of it

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.core.session import at, configured, result, segment

from autotune.core.findings import Contradiction
from autotune.core.ledger.astray import astray
from autotune.core.ledger.events import Charged, SegmentOpened, SettingsChanged
from autotune.core.tell.words import told

COMMIT = "0123456789" * 4


def opening(**changed: Any) -> SegmentOpened:
    config = {key: changed.pop(key) for key in ("carry", "read", "scope") if key in changed}
    return replace(segment(**config), **{"base": COMMIT, "pins": COMMIT, **changed})


def test_a_log_that_names_commits_and_its_own_folders_is_let_through() -> None:
    assert astray(opening(), "fast-1") is None
    assert astray(opening(workdir="packages/app", carry=["../../node_modules"], read="json:out.json"), "fast-1") is None
    assert astray(SettingsChanged(configured(carry=["../x"]), ("max_pairs",), at(1)), "fast-1") is None
    assert astray(Charged(1.0, "proposals/1-1.stdout", at(1)), "fast-1") is None
    assert astray(result(1, commit=""), "fast-1") is None


@pytest.mark.parametrize(
    ("what", "event"),
    [
        ("base", opening(base="--output=x")),
        ("pins", opening(pins="main")),
        ("commit", result(1, commit="HEAD")),
        ("snapshot", result(1, commit=COMMIT, snapshot="-x")),
        *(("workdir", opening(workdir=folder)) for folder in ("/etc", "..", "a/../..", "a/", ".git", "a/.GIT/hooks")),
        ("session", opening(session="other")),
        ("session", opening(branch="main")),
        ("config", opening(carry=["../x"])),
        ("config", opening(config={**configured(), "read": "json:../out.json"})),
        ("config", opening(config={"name": 3})),
        ("config", opening(config={"no such key": 3})),
        ("config", SettingsChanged({"name": "x", "metric": 3}, (), at(1))),
        *(("log", Charged(1.0, log, at(1))) for log in ("/etc/passwd", "runs/../../x", "runs/.x", "x.log", "")),
    ],
)
def test_what_names_no_commit_or_lies_elsewhere_is_told(what: str, event: Any) -> None:
    found = astray(event, "fast-1")
    assert found is not None
    assert (found.kind, found.figures["what"]) == (Contradiction.ASTRAY, what)
    assert what in told(found)
