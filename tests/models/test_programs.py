"""The `command` backend, with real programs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.models.service import asked, models_in, rows

from autotune.core.asking.costs import Sure
from autotune.core.asking.failing import Why
from autotune.core.asking.limits import Limits
from autotune.core.asking.request import Usage
from autotune.errors import AutotuneError
from autotune.models.asking import FORBIDDING, Answer, Models, Terms

SCORE = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Models:
    monkeypatch.delenv(FORBIDDING)
    monkeypatch.chdir(tmp_path)
    return models_in(tmp_path, Terms("a run", tries=2, cached=False, deadline_s=20))


def answer(models: Models, script: str, schema: object = None) -> Answer:
    Path("model.sh").write_text(script)
    return models.ask(asked("command:sh model.sh", schema=schema))  # type: ignore[arg-type]


def test_a_program_reads_the_question_and_prints_the_answer(models: Models) -> None:
    found = answer(
        models,
        """cat >asked.json; echo '{"text": "Because.", "usage": {"input_tokens": 3, "output_tokens": 2}, "cost_usd": 0.5}'""",
    )
    assert (found.text, found.cost.usage, found.cost.usd, found.cost.sure) == ("Because.", Usage(3, 2), 0.5, Sure.EXACT)
    assert json.loads(Path("asked.json").read_text()) == {
        "messages": [{"role": "user", "content": "Why?"}],
        "max_tokens": 50,
        "temperature": None,
        "schema": None,
        "sample": 0,
    }


def test_a_program_may_give_the_value_itself(models: Models) -> None:
    found = answer(models, """echo '{"value": {"score": 1}}'""", SCORE)
    assert found.value == {"score": 1}
    assert (found.cost.usd, found.cost.sure) == (None, Sure.UNKNOWN)


@pytest.mark.parametrize(
    ("script", "why", "calls"),
    [
        ("echo no; exit 0", Why.GARBLED, 1),
        ("echo '{}'", Why.GARBLED, 1),
        ("echo '{\"text\": 3}'", Why.GARBLED, 1),
        ('echo \'{"text": "x", "usage": {}}\'', Why.GARBLED, 1),
        ("echo bad >&2; exit 3", Why.FAILED, 1),
        ('echo \'{"error": "none"}\'; exit 1', Why.FAILED, 1),
        ('echo \'{"error": "busy", "status": 429, "retry_after_s": 0.01}\'', Why.BUSY, 2),
        ('echo \'{"text": "x", "stop": "declined"}\'', Why.DECLINED, 1),
    ],
)
def test_what_a_program_does_otherwise_is_no_answer(models: Models, script: str, why: Why, calls: int) -> None:
    found = answer(models, script)
    assert found.failure is not None
    assert (found.failure.why, found.calls) == (why, calls)


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FORBIDDING)
    monkeypatch.chdir(tmp_path)
    with models_in(tmp_path, Terms("a run", deadline_s=0.5)) as made:
        begun = time.monotonic()
        found = answer(made, "(sleep 2; touch left) & sleep 30")
    assert found.failure is not None
    assert found.failure.why is Why.SLOW
    assert time.monotonic() - begun < 2
    time.sleep(2.2)
    assert not Path("left").exists()


def test_a_cap_on_money_is_not_held_by_a_program_that_says_no_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FORBIDDING)
    monkeypatch.chdir(tmp_path)
    with models_in(tmp_path, Terms("a run", per_run=Limits(usd=1.0), cached=False)) as made:
        assert answer(made, """echo '{"text": "x", "cost_usd": 0.1}'""").cost.usd == 0.1
        assert answer(made, """echo '{"text": "x"}'""").cost.usd is None
        with pytest.raises(AutotuneError, match="price"):
            answer(made, """echo '{"text": "x"}'""")
    assert len(rows(tmp_path, "id")) == 2
