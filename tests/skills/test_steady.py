"""The A/A check of a run of `improve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from autotune.core.skills.probed import Probed
from autotune.core.skills.suite import By, RoutingCase, Source, Type
from autotune.skills import searching, steady
from autotune.skills.searching import Desk

if TYPE_CHECKING:
    import pytest

NAMES = tuple(f"r-{number}" for number in range(30))
CASES = {name: RoutingCase(name, Type.IMPLICIT, name, Source(By.PERSON, "written", "2026-11-30")) for name in NAMES}


def measured_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Sequence[float]) -> tuple[dict[str, Any], int]:
    """Check twice with an instrument that gives one share a measurement; give what was found, and how often it measured."""
    run = SimpleNamespace(read=NAMES[:10], select=NAMES[10:], scope=None)
    desk = cast("Desk", SimpleNamespace(folder=tmp_path, run=run, bench=SimpleNamespace(cases=CASES), base=None))
    left, asked = list(answers), list[int]()

    def scores(_: Desk, __: object, cases: Sequence[str]) -> list[Probed]:
        asked.append(len(cases))
        share = left.pop(0)
        return [Probed(name, (float(number < share * len(cases)),)) for number, name in enumerate(cases)]

    monkeypatch.setattr(searching, "scores", scores)
    monkeypatch.setattr(steady, "texts_of", lambda *_: {})
    found = dict(steady.checked(desk))
    assert dict(steady.checked(desk)) == found
    assert set(asked) == {30}
    return found, len(asked)


def test_one_that_answers_alike_is_steady_and_is_measured_once_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, measurements = measured_twice(tmp_path, monkeypatch, (0.5, 0.5))
    assert (found["same"], found["mean"], found["cases"], measurements) == (True, 0, 30, 2)


def test_one_that_answers_otherwise_the_second_time_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, measurements = measured_twice(tmp_path, monkeypatch, (0.1, 0.9))
    assert (found["same"], found["flipped"], measurements) == (False, 24, 2)
