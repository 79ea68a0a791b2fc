"""The official SDKs, in their own environment, against a service on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.models.service import KEY, Drop, Fail, Say, Send, Service, Turn, asked, models_in, rows, serving

from autotune.core.asking.costs import Sure
from autotune.core.asking.failing import Why
from autotune.core.asking.limits import Limits
from autotune.core.asking.naming import Kind
from autotune.core.asking.prices import Price
from autotune.core.asking.request import Message, Request, Role, Usage
from autotune.errors import AutotuneError
from autotune.models import sdk
from autotune.models.asking import FORBIDDING, Answer, Models, Terms

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# Before anything gives the tests a cache folder of their own: the environment is worth keeping.
ENVIRONMENT = dict(os.environ)
SCORE = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"], "additionalProperties": False}
PRICE = Price(1.0, 10.0, cached=0.5)
COST = (60 * 1.0 + 40 * 0.5 + 20 * 10.0) / 1_000_000
ENVIRONMENT_PYTHON = sdk.environment_python
BOTH = ["openai", "anthropic"]
BACKENDS = {"openai": Kind.CHAT, "anthropic": Kind.MESSAGES}


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """Have the SDKs' environment where whoever runs the tests keeps it."""
    command = [str(ROOT / "bin" / "autotune"), "--environment", str(sdk.LOCK)]
    made = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sdk, "environment_python", lambda: made)
        yield


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FORBIDDING)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def process() -> Iterator[sdk.Sdk]:
    """One process for all tests: to import both SDKs takes seconds."""
    one = sdk.Sdk()
    yield one
    one.close()


@pytest.fixture
def ask(tmp_path: Path, process: sdk.Sdk) -> Iterator[Asking]:
    asking = Asking(tmp_path, process)
    yield asking
    for one in asking.made:
        one.spending.close()
        one._answers.close()


class Asking:
    """Asks a service on loopback."""

    def __init__(self, folder: Path, process: sdk.Sdk) -> None:
        self.folder, self.process = folder, process
        self.made: list[Models] = []

    def models(self, service: Service, **terms: object) -> Models:
        endpoints = {name: service.endpoint(kind) for name, kind in BACKENDS.items()}
        made = models_in(self.folder, replace(Terms("a run", endpoints=endpoints, prices={"small": PRICE}), **terms))  # type: ignore[arg-type]
        made._sdk = self.process
        self.made.append(made)
        return made

    def __call__(self, backend: str, *turns: Turn, schema: Mapping[str, Any] | None = None, **terms: object) -> tuple[Answer, Service]:
        with serving(*turns) as service:
            return self.models(service, **terms).ask(asked(f"{backend}:small", schema=schema)), service


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("backend", BOTH)
def test_an_answer_comes_with_its_tokens_and_its_cost(ask: Asking, backend: str, stream: bool) -> None:  # noqa: FBT001
    answer, service = ask(backend, Say("Because."), stream=stream)
    assert (answer.text, answer.failure, answer.calls) == ("Because.", None, 1)
    assert answer.cost.usage == Usage(100, 20, 40)
    assert answer.cost.usd == pytest.approx(COST)
    assert answer.cost.sure is Sure.EXACT
    assert bool(service.asked[0].get("stream")) is stream
    assert service.asked[0]["model"] == "small"


@pytest.mark.parametrize("backend", BOTH)
def test_the_question_arrives_whole(ask: Asking, backend: str) -> None:
    said = (Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Why?"), Message(Role.ASSISTANT, "How?"), Message(Role.USER, "Zoë, 猫"))
    with serving(Say("x")) as service:
        ask.models(service).ask(Request(f"{backend}:small", said, 77, 0.25))
    body = service.asked[0]
    texts = [one["content"] for one in body["messages"]]
    assert [*([body["system"]] if "system" in body else []), *texts] == ["Be brief.", "Why?", "How?", "Zoë, 猫"]
    assert (body["temperature"], body["max_tokens"]) == (0.25, 77)
    assert KEY in {service.headers[0].get("x-api-key"), service.headers[0].get("authorization", "").removeprefix("Bearer ")}


@pytest.mark.parametrize("backend", BOTH)
def test_headers_of_a_service_go_with_each_request(ask: Asking, backend: str) -> None:
    with serving(Say("x")) as service:
        endpoint = replace(service.endpoint(BACKENDS[backend]), headers=(("X-Title", "a shop"),))
        ask.models(service, endpoints={backend: endpoint}).ask(asked(f"{backend}:small"))
    assert service.headers[0]["x-title"] == "a shop"


@pytest.mark.parametrize("backend", BOTH)
def test_a_shape_is_asked_for_in_the_services_own_way_and_in_words(ask: Asking, backend: str) -> None:
    answer, service = ask(backend, Say('```json\n{"score": 0.5}\n```'), schema=SCORE)
    assert answer.value == {"score": 0.5}
    body = service.asked[0]
    given = body["response_format"]["json_schema"]["schema"] if backend == "openai" else body["output_config"]["format"]["schema"]
    assert given == SCORE
    assert "additionalProperties" in json.dumps(body.get("system") or body["messages"][0])


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_what_may_pass_is_tried_again(ask: Asking, backend: str, status: int) -> None:
    answer, service = ask(backend, Fail(status), Say("yes"))
    assert (answer.text, answer.calls, len(service.asked)) == ("yes", 2, 2)


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize(("status", "why"), [(400, Why.REFUSED), (401, Why.KEY), (403, Why.KEY), (404, Why.REFUSED), (422, Why.REFUSED)])
def test_what_does_not_pass_is_tried_once(ask: Asking, backend: str, status: int, why: Why) -> None:
    answer, service = ask(backend, Fail(status, message=f"Incorrect key {KEY} provided"), Say("yes"))
    assert answer.failure is not None
    assert (answer.failure.why, answer.failure.status, len(service.asked)) == (why, status, 1)
    assert "Incorrect key" in answer.failure.said
    assert KEY not in answer.failure.said
    assert answer.cost.usd == 0


@pytest.mark.parametrize("backend", BOTH)
def test_retry_after_is_honoured(ask: Asking, backend: str) -> None:
    begun = time.monotonic()
    answer, _ = ask(backend, Fail(429, {"retry-after": "1"}), Say("yes"))
    assert answer.text == "yes"
    assert time.monotonic() - begun >= 1
    answer, service = ask(backend, Fail(429, {"retry-after": "600"}), Say("yes"), cached=False)
    assert answer.failure is not None
    assert (answer.failure.retry_after_s, len(service.asked)) == (600, 1)
    answer, service = ask(backend, Fail(429, {"x-should-retry": "false"}), Say("yes"), cached=False)
    assert len(service.asked) == 1


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("turn", [Send(b"{not json"), Send(b"<html>", "text/html"), Send(b'{"choices": []}'), Send(b"[1]"), Send(b"")])
def test_what_is_no_answer_is_none_and_is_not_tried_again(ask: Asking, backend: str, turn: Send) -> None:
    answer, service = ask(backend, turn, Say("yes"))
    assert answer.failure is not None
    assert (answer.failure.why, len(service.asked)) == (Why.GARBLED, 1)
    assert answer.cost.sure is Sure.AT_MOST
    assert answer.cost.usd is not None
    assert answer.cost.usd > 0


@pytest.mark.parametrize("backend", BOTH)
@pytest.mark.parametrize("turn", [Drop(), Drop(within=True)])
def test_a_dropped_connection_is_tried_again_and_counts(ask: Asking, backend: str, turn: Drop) -> None:
    answer, service = ask(backend, turn, Say("yes"))
    assert (answer.text, len(service.asked)) == ("yes", 2)
    assert answer.cost.sure is Sure.AT_MOST
    assert [row[0] for row in rows(ask.folder, "why")] == [Why.NETWORK, None]


@pytest.mark.parametrize(("backend", "stop"), [("openai", "never"), ("anthropic", "never"), ("anthropic", "overloaded")])
def test_a_stream_that_ends_early_is_tried_again(ask: Asking, backend: str, stop: str) -> None:
    answer, service = ask(backend, Say("Bec", stop), Say("yes"), stream=True)
    assert (answer.text, len(service.asked)) == ("yes", 2)


@pytest.mark.parametrize("backend", BOTH)
def test_nobody_there_is_tried_again_and_costs_nothing(ask: Asking, backend: str) -> None:
    with serving(Say("x")) as service:
        made = ask.models(service, tries=2)
    answer = made.ask(asked(f"{backend}:small"))
    assert answer.failure is not None
    assert (answer.failure.why, answer.calls, answer.cost.usd) == (Why.NETWORK, 2, 0)


@pytest.mark.parametrize("turn", [Say("x", after_s=30), Say("x" * 2000, piece_s=0.2)], ids=["silent", "dripping"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("backend", BOTH)
def test_a_slow_answer_is_given_up_in_time(ask: Asking, backend: str, stream: bool, turn: Say) -> None:  # noqa: FBT001
    with serving(turn) as service:
        begun = time.monotonic()
        answer = ask.models(service, deadline_s=0.7, stream=stream).ask(asked(f"{backend}:small"))
        took = time.monotonic() - begun
    assert answer.failure is not None
    assert answer.failure.why is Why.SLOW
    assert took < 5
    assert answer.cost.sure is Sure.AT_MOST


@pytest.mark.parametrize(("stop", "why"), [("length", Why.CUT_OFF), ("declined", Why.DECLINED)])
@pytest.mark.parametrize("backend", BOTH)
def test_why_a_model_stopped_is_told(ask: Asking, backend: str, stop: str, why: Why) -> None:
    answer, _ = ask(backend, Say("Bec", stop))
    assert answer.failure is not None
    assert answer.failure.why is why
    assert answer.cost.usd == pytest.approx(COST)


def test_an_error_within_a_success_is_an_error(ask: Asking) -> None:
    answer, service = ask("openai", Send(json.dumps({"error": {"code": 429, "message": "busy"}}).encode()), Say("yes"))
    assert (answer.text, len(service.asked)) == ("yes", 2)


def test_what_a_service_says_that_it_cost_counts_where_no_price_was_set(ask: Asking) -> None:
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "small",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11, "cost": 0.25},
    }
    answer, _ = ask("openai", Send(json.dumps(body).encode()), prices={})
    assert answer.cost.usd == 0.25
    answer, _ = ask("openai", Say("x"), prices={}, cached=False)
    assert (answer.cost.usd, answer.cost.sure) == (None, Sure.UNKNOWN)


def test_no_more_calls_are_at_once_than_allowed(ask: Asking) -> None:
    with serving(Say("x", after_s=0.1)) as service:
        answers = ask.models(service, concurrency=3).ask_all(asked("openai:small", f"{number}") for number in range(9))
    assert service.most_at_once == 3
    assert {one.text for one in answers} == {"x"}


def test_a_cap_on_money_holds_for_real_calls(ask: Asking) -> None:
    with serving(Say("x", after_s=0.02)) as service:
        made = ask.models(service, concurrency=6, per_run=Limits(usd=10 * COST))
        made.ask_all(asked("openai:small", f"{number}") for number in range(30))
        spent = made.spending.spent("run a run")
    assert spent.usd + 1e-12 >= 10 * COST
    assert spent.usd < 11 * COST + 1e-12
    assert len(service.asked) == spent.calls


def test_a_process_that_dies_fails_its_calls_and_is_started_again(tmp_path: Path, process: sdk.Sdk) -> None:
    with serving(Say("x")) as service:
        made = Asking(tmp_path, sdk.Sdk()).models(service, tries=1)
        assert made.ask(asked("openai:small", "1")).text == "x"
        assert made._sdk._process is not None
        made._sdk._process.kill()
        made._sdk._process.wait()
        assert made.ask(asked("openai:small", "2")).text == "x"
        made.close()
    assert process is not made._sdk


def test_no_key_is_written_anywhere(ask: Asking) -> None:
    ask("openai", Fail(401, message=f"Incorrect API key provided: {KEY}"), record_to=None)
    ask("anthropic", Fail(400, message=f"header x-api-key: {KEY}"))
    for one in ask.made:
        one.spending.close()
    written = b"".join(path.read_bytes() for path in ask.folder.iterdir())
    assert KEY.encode() not in written


def test_where_the_environment_cannot_be_made_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ENVIRONMENT_PYTHON.cache_clear()
    monkeypatch.setattr(sdk, "LOCK", tmp_path / "none.lock")
    with pytest.raises(AutotuneError, match="SDKs"):
        ENVIRONMENT_PYTHON()


def test_where_an_sdk_cannot_be_imported_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setattr(sdk, "environment_python", lambda: sys.executable)  # without the SDKs
    made = sdk.Sdk()
    with pytest.raises(AutotuneError, match="do not start"):
        made.start(Kind.CHAT)
    made.close()
