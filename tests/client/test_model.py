"""The client as a backend for questions: what it asks of its model, what it costs, and what its failures are taken for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.client.model import Call, Fail, Line, Model, Refuse, Say, serving
from tests.models.service import models_in

from autotune.core.asking.failing import Why
from autotune.core.asking.limits import Limits
from autotune.core.asking.request import Message, Request, Role
from autotune.errors import AutotuneError
from autotune.models.asking import FORBIDDING, Answer, Terms
from autotune.models.claude import OWN_CALL

if TYPE_CHECKING:
    from tests.client.client import Machine

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

SCORE = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}
GOOD = Call("StructuredOutput", {"score": 0.5})


@contextmanager
def asking(machine: Machine, monkeypatch: pytest.MonkeyPatch, *script: Line) -> Iterator[Model]:
    """Have this process be where the client is, its model following a script."""
    with serving(list(script)) as model:
        for name, value in machine.environment(model.port).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CLAUDECODE", "1")
        monkeypatch.setenv("PATH", f"{machine.binary.parent}:{machine.programs}:/usr/local/bin:/usr/bin:/bin")
        monkeypatch.delenv(FORBIDDING)
        yield model


def ask(folder: Path, schema: object = SCORE, **terms: object) -> Answer:
    said = (Message(Role.SYSTEM, "Judge what you are shown."), Message(Role.USER, "How good is it?"))
    asked = Request("claude:claude-haiku-4-5", said, 300, schema=schema)  # type: ignore[arg-type]
    with models_in(folder, Terms("a run", **{"cached": False, "tries": 1, **terms})) as models:  # type: ignore[arg-type]
        return models.ask(asked)


def test_an_answer_in_its_shape_costs_one_request(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with asking(machine, monkeypatch, GOOD) as model:
        answer = ask(tmp_path, per_run=Limits(usd=5.0))
    assert answer.failure is None
    assert answer.value == {"score": 0.5}
    assert len(model.asked) == 1
    assert "How good is it?" in model.asked[0].user
    assert answer.cost.usage is not None
    assert answer.cost.usage.read >= 1000
    assert answer.cost.usd is not None
    assert answer.cost.usd > 0


def test_hooks_of_the_user_are_not_run(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = machine.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    ran = tmp_path / "ran"
    settings.write_text(json.dumps({"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": f"touch {ran}"}]}]}}))
    with asking(machine, monkeypatch, GOOD):
        assert ask(tmp_path).value == {"score": 0.5}
    assert not ran.exists()


def test_a_shape_that_never_comes_is_no_answer(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with asking(machine, monkeypatch, Say("It is good.", lasts=True)):
        answer = ask(tmp_path)
    assert answer.failure is not None
    assert (answer.failure.why, answer.calls) == (Why.MISSHAPEN, 2)


@pytest.mark.parametrize(
    ("turn", "why", "status"),
    [
        (Fail(401, "authentication_error", "invalid x-api-key", lasts=True), Why.KEY, 401),
        (Fail(429, "rate_limit_error", "slow down", lasts=True), Why.BUSY, 429),
        (Fail(500, "api_error", "broken", lasts=True), Why.BROKEN, 500),
        (Fail(404, "not_found_error", "no such model", lasts=True), Why.REFUSED, 404),
    ],
)
def test_failures_are_told_apart(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, turn: Fail, why: Why, status: int
) -> None:
    with asking(machine, monkeypatch, turn):
        answer = ask(tmp_path)
    assert answer.failure is not None
    assert (answer.failure.why, answer.failure.status) == (why, status)


def test_a_service_that_recovers_is_asked_again_by_us(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with asking(machine, monkeypatch, Fail(429, "rate_limit_error", "slow down"), GOOD):
        answer = ask(tmp_path, tries=3)
    assert (answer.value, answer.calls) == ({"score": 0.5}, 2)


def test_a_model_that_declines_gives_no_answer(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with asking(machine, monkeypatch, Refuse(lasts=True)):
        answer = ask(tmp_path)
    assert answer.failure is not None
    assert answer.failure.why is Why.DECLINED


def test_without_a_login_the_key_is_what_is_missing(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with asking(machine, monkeypatch, GOOD) as model:
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        answer = ask(tmp_path)
    assert answer.failure is not None
    assert (answer.failure.why, len(model.asked)) == (Why.KEY, 0)


def test_a_call_within_a_call_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with asking(machine, monkeypatch, GOOD):
        monkeypatch.setenv(OWN_CALL, "1")
        with pytest.raises(AutotuneError, match="asking one itself"):
            ask(tmp_path)
