"""`autotune prompts doctor`, as it is typed."""

from __future__ import annotations

import json

import pytest

from autotune.commands import app


def test_a_model_that_answers_is_shown_with_its_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["prompts", "doctor", "script:echo", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["failure"], found["cost"]["usd"], found["calls"]) == (True, None, 0.0, 1)
    assert app.run(["prompts", "doctor", "script:echo"]) == 0
    assert "script:echo" in capsys.readouterr().out


def test_a_model_that_does_not_answer_ends_with_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOTUNE_NO_REQUESTS")
    assert app.run(["prompts", "doctor", "command:exit 3", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["failure"]["why"], found["cost"]["sure"]) == (False, "failed", "unknown")
    assert "exit 3" in found["failure"]["words"]


@pytest.mark.parametrize(
    "arguments",
    [["doctor", "nobody:x"], ["doctor", "script:echo", "--url", "http://127.0.0.1:9"], ["doctor", "openai:x"], ["doctor", "script:none"]],
)
def test_what_cannot_be_asked_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["prompts", *arguments]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_cap_of_the_day_holds_the_check_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["prompts", "doctor", "script:echo", "--json", "--max-usd-day", "0"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["failure"]["why"], found["calls"]) == ("money", 0)
