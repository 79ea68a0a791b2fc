"""Another engine asks us for scores and texts, within our caps; what it tried comes back as a search of ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autotune.core.search import search as steps
from autotune.core.search.model import Plan, Standing, Texts
from autotune.errors import AutotuneError
from autotune.prompts import engines

PLAN = Plan(3, ("r0", "r1", "r2"), ("s0", "s1", "s2", "s3"), proposals=4)
BASE = {"a": "", "b": ""}
PROGRAM = """
import json, sys
def ask(line):
    print(json.dumps(line), flush=True)
    found = json.loads(sys.stdin.readline())
    if found is None:
        print("null", flush=True)
        sys.exit()
    return found
plan = json.loads(sys.stdin.readline())
texts = plan["texts"]
ask({"evaluate": texts, "cases": plan["select"]})
while True:
    ask({"evaluate": texts, "cases": plan["read"]})
    made = {**texts, "a": ask({"reflect": texts, "cases": plan["read"], "text": "a"})["text"]}
    ask({"evaluate": made, "cases": plan["read"]})
    scores = ask({"evaluate": made, "cases": plan["select"]})["scores"]
    assert len(scores) == len(plan["select"]) and None not in scores
    texts = made
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "worker.py"
    path.write_text(PROGRAM)
    monkeypatch.setattr(engines, "WORKER", path)
    return path


def better(texts: Texts, cases: tuple[str, ...]) -> dict[str, float | None]:
    return {case: None if case == "s3" else 0.1 * len(texts["a"]) + 0.01 * place for place, case in enumerate(cases)}


def longer(texts: Texts, _: tuple[str, ...], name: str) -> str:
    return f"{texts[name]}x"


@pytest.mark.usefixtures("worker")
def test_what_it_tried_comes_back_and_no_more_is_proposed_than_planned() -> None:
    asked: list[tuple[str, str]] = []

    def evaluate(texts: Texts, cases: tuple[str, ...]) -> dict[str, float | None]:
        asked.extend((str(sorted(texts.items())), case) for case in cases)
        return better(texts, cases)

    search = engines.by_gepa(PLAN, BASE, (), evaluate, longer, sys.executable)
    assert search.proposals == PLAN.proposals
    assert [one.texts["a"] for one in search.candidates] == ["", "x", "xx", "xxx", "xxxx"]
    assert search.candidates[0].scores["s3"] is None
    assert steps.finalists(search)[0] == 4
    assert len(asked) == len(set(asked))


@pytest.mark.usefixtures("worker")
def test_where_no_more_may_be_spent_it_ends_with_what_there_is() -> None:
    def evaluate(texts: Texts, cases: tuple[str, ...]) -> dict[str, float | None] | None:
        return None if texts["a"] == "xx" and "s0" in cases else better(texts, cases)

    search = engines.by_gepa(PLAN, BASE, (), evaluate, longer, sys.executable)
    assert [one.standing for one in search.candidates] == [Standing.POOLED, Standing.POOLED, Standing.DROPPED]


@pytest.mark.usefixtures("worker")
def test_a_refused_text_is_not_tried() -> None:
    search = engines.by_gepa(PLAN, BASE, ({**BASE, "a": "x"},), better, longer, sys.executable)
    assert [one.texts["a"] for one in search.candidates] == [""]


def test_an_engine_that_dies_is_said(worker: Path) -> None:
    worker.write_text("raise SystemExit(3)")
    with pytest.raises((AutotuneError, BrokenPipeError)):
        engines.by_gepa(PLAN, BASE, (), better, longer, sys.executable)


@pytest.mark.nightly
def test_gepa_itself_finds_a_better_text() -> None:
    search = engines.by_gepa(PLAN, BASE, (), better, longer)
    assert steps.finalists(search)
