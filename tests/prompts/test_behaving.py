"""behavior.json tuned by what is in the records."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.records.agent import lines, record

from autotune.core.asking.request import Request
from autotune.errors import AutotuneError
from autotune.models.asking import Models
from autotune.prompts import behaving, ingesting, settings
from autotune.prompts.settings import Settings

DAY = 86_400_000
NOW = 1_800_000_000_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"HOME": tmp_path, "XDG_DATA_HOME": tmp_path / "data", "XDG_CACHE_HOME": tmp_path / "cache"}.items():
        monkeypatch.setenv(name, str(value))
    (tmp_path / ".config" / "dotclaw" / "traces").mkdir(parents=True)
    return tmp_path / ".config" / "dotclaw"


def known(**values: Any) -> Settings:  # noqa: ANN401
    usual = settings.read(None, os.environ)
    return Settings({**usual.values, **{name.replace("__", "."): value for name, value in values.items()}}, usual.origins, None)


def seen(home: Path, name: str, at_ms: int, count: int, **more: Any) -> None:  # noqa: ANN401
    rows = (
        record(number, id=f"{name}-{number}", trace_id=f"{name}-{number}", created_at=at_ms + number, **more) for number in range(count)
    )
    (home / "traces" / f"{name}.jsonl").write_bytes(lines(*rows))
    one = known()
    ingesting.ingest(one, one.sources, (), NOW, dry=False, said=lambda _: None)


def file(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "behavior.json").read_text())
    return found


def test_without_traces_nothing_is_written(home: Path) -> None:
    found = behaving.tune(known(), NOW, dry=False)
    assert (found["changes"], found["figures"]) == ([], {})
    assert not (home / "behavior.json").exists()
    assert not (home / "reports").exists()


def test_long_answers_ask_for_short_ones_and_the_rest_of_the_file_stays(home: Path) -> None:
    (home / "behavior.json").write_text('{"caution_bias": 0.6, "notes": ["mine"]}')
    seen(home, "a", NOW - DAY, 60, output_text="x" * 3000)
    would = behaving.tune(known(), NOW, dry=True)
    assert file(home) == {"caution_bias": 0.6, "notes": ["mine"]}
    found = behaving.tune(known(), NOW, dry=False)
    assert would["changes"] == found["changes"]
    assert {(one["name"], one["after"]) for one in found["changes"]} >= {("response_style", "concise")}
    assert (file(home)["notes"], file(home)["response_style"]) == (["mine"], "concise")
    report = json.loads(Path(found["report"]).read_text())
    assert report["figures"]["characters"]["of"] == 60
    assert behaving.tune(known(), NOW + 1000, dry=False)["changes"] == []


def test_traces_from_before_the_window_and_from_before_the_last_change_do_not_count(home: Path) -> None:
    seen(home, "a", NOW - 9 * DAY, 60, output_text="x" * 3000)
    assert behaving.tune(known(), NOW, dry=False)["figures"] == {}
    seen(home, "b", NOW - DAY, 60, output_text="x" * 3000)
    assert behaving.tune(known(behavior__max_traces=50), NOW, dry=True)["figures"]["characters"]["of"] == 50
    assert behaving.tune(known(), NOW, dry=False)["changes"]
    assert behaving.tune(known(), NOW + 1000, dry=False)["figures"] == {}


def test_a_change_is_taken_back_by_hand_and_the_file_is_as_it_was(home: Path) -> None:
    before = '{"response_style":   "balanced"}'
    (home / "behavior.json").write_text(before)
    seen(home, "a", NOW - DAY, 60, output_text="x" * 3000)
    behaving.tune(known(), NOW, dry=False)
    assert behaving.undo(known(), dry=True)["after"]["response_style"] == "balanced"
    assert behaving.undo(known(), dry=False)["taken_back"]
    assert (home / "behavior.json").read_text() == before
    with pytest.raises(AutotuneError, match="No report"):
        behaving.undo(known(), dry=False)
    assert behaving.tune(known(), NOW + 2000, dry=False)["changes"] == []


def test_a_change_after_which_errors_are_more_frequent_is_taken_back_and_not_made_again(home: Path) -> None:
    seen(home, "a", NOW - DAY, 60, output_text="x" * 3000)
    assert {one["name"] for one in behaving.tune(known(), NOW, dry=False)["changes"]} >= {"response_style"}
    seen(home, "b", NOW + 1000, 60, error_code="boom")
    found = behaving.tune(known(), NOW + DAY, dry=False)
    assert ["response_style", "concise"] in found["taken_back"]
    assert not (home / "behavior.json").exists()
    again = behaving.tune(known(), NOW + DAY + 1, dry=False)
    assert "response_style" not in {one["name"] for one in again["changes"]}


def test_what_you_changed_since_is_not_taken_back(home: Path) -> None:
    seen(home, "a", NOW - DAY, 60, output_text="x" * 3000)
    behaving.tune(known(), NOW, dry=False)
    (home / "behavior.json").write_text(json.dumps({**file(home), "caution_bias": 0.9}))
    with pytest.raises(AutotuneError, match="No report"):
        behaving.undo(known(), dry=False)
    assert file(home)["caution_bias"] == 0.9


def test_a_broken_file_is_named_and_left_alone(home: Path) -> None:
    (home / "behavior.json").write_text('{"caution_bias": 7}')
    with pytest.raises(AutotuneError, match="caution_bias is 7"):
        behaving.tune(known(), NOW, dry=False)
    assert file(home) == {"caution_bias": 7}


def test_a_judge_sees_the_request_and_what_it_cannot_mark_is_no_score(home: Path) -> None:
    shown = list[str]()

    def answer(request: Request, _: Random) -> str:
        shown.append(request.messages[-1].text)
        return "no JSON at all"

    seen(home, "a", NOW - DAY, 6)
    chosen = known(behavior__eval_model="script:judge", behavior__eval_samples=4)
    found = behaving.tune(chosen, NOW, dry=False, asking=lambda terms: Models(replace(terms, scripts={"judge": answer})))
    assert "quality" not in found["figures"]
    assert {number for number in range(6) if any(f"question {number}" in one for one in shown)} == {2, 3, 4, 5}


def test_low_scores_ask_for_more_care(home: Path) -> None:
    seen(home, "a", NOW - DAY, 6)
    chosen = known(behavior__eval_model="script:echo")
    assert behaving.tune(chosen, NOW, dry=True)["changes"] == []
    found = behaving.tune(chosen, NOW, dry=False)
    assert (found["figures"]["quality"]["value"], found["figures"]["quality"]["of"]) == (0, 6)
    assert (file(home)["caution_bias"], file(home)["response_style"]) == (0.75, "detailed")
