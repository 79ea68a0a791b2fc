"""`autotune prompts doctor`, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from autotune.commands import app
from autotune.core.asking.costs import Cost, Sure
from autotune.core.asking.limits import Spent
from autotune.core.asking.naming import Endpoint
from autotune.core.asking.prices import Price
from autotune.core.tell.asked import Checked
from autotune.models.asking import Terms


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


def test_a_model_is_asked_where_the_workshop_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "k" * 20)
    monkeypatch.setenv("MY_KEY", "k" * 20)
    monkeypatch.chdir(tmp_path)
    Path("prompts.toml").write_text(
        '[openrouter]\nbase_url = "http://127.0.0.1:9/v1"\n[endpoints.vllm]\nurl = "http://127.0.0.1:8/v1"\nkey = "MY_KEY"\n'
        '[prices."openrouter:some/model"]\nread = 3.0\nwritten = 4.0\n',
        encoding="utf-8",
    )
    asked: dict[str, Endpoint] = {}
    priced: dict[str, Mapping[str, Price]] = {}

    def check(model: str, terms: Terms) -> Checked:
        asked[model], priced[model] = terms.endpoints[model.partition(":")[0]], terms.prices
        return Checked(model, asked[model], None, None, Cost(None, None, Sure.UNKNOWN), 1, 0.1, Spent())

    monkeypatch.setattr("autotune.models.checking.check", check)
    for arguments in (["openrouter:some/model"], ["vllm:mine"], ["openrouter:other", "--url", "http://127.0.0.1:7/v1"]):
        assert app.run(["prompts", "doctor", *arguments, "--json"]) == 0
    capsys.readouterr()
    assert [one.url for one in asked.values()] == ["http://127.0.0.1:9/v1", "http://127.0.0.1:8/v1", "http://127.0.0.1:7/v1"]
    assert asked["vllm:mine"].key == "MY_KEY"
    assert priced["openrouter:some/model"]["openrouter:some/model"].read == 3.0
