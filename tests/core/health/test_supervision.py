"""What a client's stream says, how its end is named, what follows, and what it has cost."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.facts import Fact, Kind
from autotune.core.health.supervision import (
    AFTER_RESET_S,
    DEAREST_USD,
    FIRST_WAIT_S,
    LONGEST_LINE,
    LONGEST_RESET_S,
    LONGEST_WAIT_S,
    RULES,
    Books,
    ClientEnding,
    Heard,
    How,
    Move,
    Streak,
    Usage,
    client_gone,
    cost_state,
    ending_of,
    hear,
    heard_words,
    next_step,
    over_budget,
    usages,
)
from autotune.core.tell.words import told

NOW = 1_000_000.0
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.sampled_from(["content", "status", "resetsAt", "usage"]), PLAIN, max_size=2)
FIELDS = ("session_id", "error", "retry_delay_ms", "rate_limit_info", "result", "errors", "api_error_status", "total_cost_usd", "message")
MESSAGES = st.fixed_dictionaries(
    {"type": st.sampled_from(["system", "assistant", "result", "rate_limit_event", "user"])},
    optional={
        "subtype": st.sampled_from(["init", "api_retry", "success", "compact_boundary"]) | JSON,
        "is_error": st.booleans(),
        "plugin_errors": JSON,
        **dict.fromkeys(FIELDS, JSON),
    },
)
USAGES = st.builds(Usage, *[st.integers(0, 10**9)] * 4)


def result(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - what a client says
    return {"type": "result", "subtype": "success", "is_error": True, "session_id": "a", "total_cost_usd": 0.5, **more}


def ending(*messages: dict[str, Any], complaint: str = "", exit_code: int = 1) -> ClientEnding:
    heard = Heard()
    for message in messages:
        heard = hear(heard, message)
    return ending_of(heard, exit_code, complaint, NOW)


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (result(is_error=False, result="done"), How.DONE),
        (result(subtype="error_max_budget_usd", errors=["Reached maximum budget ($0.5)"]), How.BUDGET),
        (result(terminal_reason="prompt_too_long", result="Prompt is too long", api_error_status=400), How.EXHAUSTED),
        (result(result="Prompt is too long · automatic compaction failed"), How.EXHAUSTED),
        (result(stop_reason="refusal", result="API Error: safeguards"), How.REFUSED),
        (result(api_error_status=429, result="API Error: Request rejected (429)"), How.LIMITED),
        (result(api_error_status=529, result="API Error: Overloaded"), How.OVERLOADED),
        (result(api_error_status=None, result="API Error: Connection error."), How.OVERLOADED),
        (result(subtype="error_during_execution", errors=["No conversation found with session ID: a"]), How.CRASHED),
        (result(api_error_status=400, result="API Error: tool_use ids were found without tool_result"), How.CRASHED),
    ],
)
def test_the_last_word_of_a_client_names_its_end(message: dict[str, Any], how: How) -> None:
    assert ending(message).how is how


@pytest.mark.parametrize(
    ("error", "how"),
    [
        ("authentication_failed", How.REJECTED),
        ("billing_error", How.REJECTED),
        ("rate_limit", How.LIMITED),
        ("server_error", How.OVERLOADED),
    ],
)
def test_where_the_last_word_has_no_status_the_error_beside_it_tells(error: str, how: How) -> None:
    assert ending({"type": "assistant", "error": error}, result(result="Not logged in")).how is how


def test_an_error_that_passed_does_not_name_the_end() -> None:
    assert ending({"type": "assistant", "error": "authentication_failed"}, {"type": "assistant"}, result(result="x")).how is How.CRASHED


def test_a_client_that_is_gone_without_a_last_word_has_crashed_and_its_complaint_is_the_reason() -> None:
    assert ending(exit_code=-9) == ClientEnding(How.CRASHED, "exit -9")
    assert ending(complaint="out of memory") == ClientEnding(How.CRASHED, "out of memory")


def test_a_client_that_does_not_know_the_agent_is_no_crash() -> None:
    assert ending(complaint="--agent 'x' not found. Available agents: claude").how is How.REJECTED


def test_the_last_of_several_last_words_counts() -> None:
    assert ending(result(api_error_status=529), result(is_error=False)).how is How.DONE


@given(st.lists(MESSAGES, max_size=3), st.integers(-64, 255), st.text(max_size=20))
def test_whatever_is_heard_is_taken_in(messages: list[dict[str, Any]], code: int, complaint: str) -> None:
    found = ending(*messages, complaint=complaint, exit_code=code)
    assert found.how in RULES
    assert math.isfinite(found.not_before)
    for message in messages:
        news = heard_words(message)
        assert news is None or "\n" not in told(news)


def test_what_the_agent_says_is_told_on_one_short_line() -> None:
    news = heard_words(
        {"type": "assistant", "message": {"content": [{"type": "text", "text": "a\n\x1b[31mb " * 200}, {"type": "tool_use"}]}}
    )
    assert news is not None
    text = news.figures["text"]
    assert (news.kind, text[:2], len(text)) == (Kind.AGENT_SAYS, "a ", LONGEST_LINE)
    assert "\x1b" not in text


def test_a_retry_and_a_compaction_are_told_and_a_call_is_not() -> None:
    retry = heard_words({"type": "system", "subtype": "api_retry", "error": "overloaded", "retry_delay_ms": 2000})
    assert retry == Fact(Kind.SERVICE_FAILS, {"error": "overloaded", "wait_s": 2.0})
    assert heard_words({"type": "system", "subtype": "compact_boundary"}) == Fact(Kind.COMPACTED)
    assert heard_words({"type": "assistant", "message": {"content": [{"type": "tool_use"}]}}) is None
    assert heard_words({"type": "user"}) is None


def test_a_plugin_that_did_not_load_is_remembered() -> None:
    assert "bad" in hear(Heard(), {"type": "system", "subtype": "init", "plugin_errors": ["bad"]}).plugin_errors
    assert not hear(Heard(), {"type": "system", "subtype": "init"}).plugin_errors


def follow(how: How, standing: Streak = Streak(), *, progressed: bool = False, **more: Any) -> Any:  # noqa: ANN401, B008
    return next_step(ClientEnding(how, **more), standing, 3, NOW, progressed=progressed)


@pytest.mark.parametrize(
    ("how", "move"),
    [
        (How.DONE, Move.RESUME),
        (How.RENEWED, Move.FRESH),
        (How.EXHAUSTED, Move.FRESH),
        (How.REFUSED, Move.FRESH),
        (How.LIMITED, Move.RESUME),
        (How.OVERLOADED, Move.RESUME),
        (How.CRASHED, Move.RESUME),
        (How.STANDS_STILL, Move.STOP),
        (How.BUDGET, Move.STOP),
        (How.REJECTED, Move.STOP),
    ],
)
def test_each_end_has_its_next_move(how: How, move: Move) -> None:
    assert follow(how)[0].move is move


def test_after_a_second_crash_in_a_row_the_conversation_is_left() -> None:
    _, standing = follow(How.CRASHED)
    assert follow(How.CRASHED, standing)[0].move is Move.FRESH
    assert follow(How.CRASHED, standing, progressed=True)[0].move is Move.RESUME


@given(st.lists(st.sampled_from([How.DONE, How.EXHAUSTED, How.REFUSED, How.CRASHED]), min_size=4, max_size=12), st.integers(1, 3))
def test_without_progress_it_gives_up_whatever_the_ends_are(ends: list[How], patience: int) -> None:
    standing, steps = Streak(), []
    for how in ends:
        step, standing = next_step(ClientEnding(how), standing, patience, NOW, progressed=False)
        steps.append(step.gives_up)
    assert steps.index(True) == patience


@given(st.lists(st.sampled_from([How.DONE, How.EXHAUSTED, How.REFUSED, How.CRASHED]), max_size=20))
def test_with_progress_it_never_gives_up(ends: list[How]) -> None:
    standing = Streak()
    for how in ends:
        step, standing = next_step(ClientEnding(how), standing, 1, NOW, progressed=True)
        assert not step.gives_up


@given(st.sampled_from([How.LIMITED, How.OVERLOADED]), st.integers(1, 60))
def test_waits_grow_up_to_a_bound_and_never_end_the_night(how: How, times: int) -> None:
    standing, waits = Streak(), []
    for _ in range(times):
        step, standing = next_step(ClientEnding(how), standing, 1, NOW, progressed=False)
        assert step.move is Move.RESUME
        waits.append(step.wait_s)
    assert waits == sorted(waits)
    assert waits[0] == FIRST_WAIT_S
    assert max(waits) <= LONGEST_WAIT_S


def test_what_is_given_up_says_why() -> None:
    step, _ = follow(How.CRASHED, Streak(fruitless=3), words="out of memory")
    assert step.reason == Fact(Kind.FRUITLESS, {"times": 4}, client_gone(How.CRASHED, "out of memory"))


@given(st.floats(1, LONGEST_RESET_S))
def test_a_reset_time_is_waited_for(ahead: float) -> None:
    limit = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": NOW + ahead}}
    step, _ = next_step(ending(limit, result(api_error_status=429)), Streak(), 3, NOW, progressed=False)
    assert step.wait_s == pytest.approx(max(FIRST_WAIT_S, ahead + AFTER_RESET_S))


@pytest.mark.parametrize("at", [NOW - 5, NOW + 2 * LONGEST_RESET_S, math.inf, "soon", None, True, 10**400])
def test_a_reset_time_that_cannot_be_is_not(at: object) -> None:
    limit = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": at}}
    assert ending(limit, result(api_error_status=429)).not_before == NOW


def test_a_limit_that_lets_through_resets_nothing() -> None:
    limit = {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed", "resetsAt": NOW + 99}}
    assert ending(limit, result(api_error_status=429)).not_before == NOW


def test_as_long_as_the_service_asked_for_is_waited() -> None:
    retry = {"type": "system", "subtype": "api_retry", "retry_delay_ms": 90_000, "error": "rate_limit"}
    assert ending(retry, result(api_error_status=429)).not_before == NOW + 90


def assistant(identity: str, output: int, **more: int) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": output, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 4, **more}
    return {"type": "assistant", "message": {"id": identity, "usage": usage}}


def test_a_transcript_is_read_by_message() -> None:
    records = [assistant("a", 1), {"type": "user", "message": {"usage": {}}}, assistant("a", 20), {"type": "assistant"}, assistant("", 9)]
    assert list(usages(records)) == [("a", Usage(10, 1, 3, 4)), ("a", Usage(10, 20, 3, 4))]


def test_the_money_in_a_transcript_is_the_last_that_the_client_noted() -> None:
    assert cost_state([{"type": "cost-state", "totalCostUSD": 1.0}, {"type": "user"}, {"type": "cost-state", "totalCostUSD": 2.5}]) == 2.5
    assert cost_state([{"type": "user"}]) is None


@given(USAGES, USAGES)
def test_the_larger_of_two_usages_is_no_less_than_either(one: Usage, other: Usage) -> None:
    assert one.largest(other).tokens >= max(one.tokens, other.tokens)
    assert one.plus(other).minus(other) == one
    assert one.plus(other).tokens == one.tokens + other.tokens


@given(USAGES, st.integers(-5, 10**11))
def test_a_part_of_a_usage_has_about_so_many_tokens_and_never_more_than_all(usage: Usage, tokens: int) -> None:
    part = usage.part(tokens)
    assert abs(part.tokens - min(usage.tokens, max(0, tokens))) <= 2 + usage.tokens * 1e-9
    assert part.weight <= usage.weight + 10


@given(st.lists(st.tuples(USAGES, st.floats(0, 100)), min_size=1, max_size=8))
def test_a_conversation_resumed_any_number_of_times_costs_what_it_said_last(runs: list[tuple[Usage, float]]) -> None:
    books, told = Books(), 0.0
    for number, (used, cost) in enumerate(runs):
        told += cost
        books = Books(
            books.spent_usd, books.tokens, books.estimated, books.beginning(fresh=number == 0).told_usd, books.rate_usd, used
        ).closed(told)
    assert books.spent_usd == pytest.approx(told)
    assert books.all_tokens == sum(used.tokens for used, _ in runs)
    assert not books.estimated


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_fresh_conversations_add_up(costs: list[float]) -> None:
    books = Books()
    for cost in costs:
        books = books.beginning(fresh=True).closed(cost)
    assert books.spent_usd == pytest.approx(sum(costs))


def test_a_killed_client_is_estimated_at_the_price_that_its_figures_have_shown() -> None:
    known = Books(used=Usage(input=1000)).closed(0.02)
    killed = Books(known.spent_usd, known.tokens, used=Usage(output=200), rate_usd=known.rate_usd).closed(None)
    assert killed.spent_usd == pytest.approx(0.04)
    assert killed.estimated


def test_a_killed_client_of_unknown_price_is_estimated_at_the_dearest() -> None:
    killed = Books(used=Usage(input=1000)).closed(None)
    assert killed.spent_usd == pytest.approx(1000 * DEAREST_USD)
    assert killed.estimated


def test_a_client_that_did_nothing_costs_nothing_whatever_it_says() -> None:
    books = Books(spent_usd=1.0, told_usd=0.7)
    assert books.closed(0.0) == books
    assert not books.closed(None).estimated


def test_books_begin_with_what_was_spent_before() -> None:
    books = Books(spent_usd=0.5, tokens=10).beside(1.0, 100, estimated=True)
    assert (books.spent_usd, books.all_tokens, books.estimated) == (1.5, 110, True)


@given(USAGES, st.integers(1, 10**10))
def test_a_limit_of_tokens_holds_while_the_client_runs(used: Usage, limit: int) -> None:
    assert over_budget(Books(tokens=5, used=used), None, limit) is (used.tokens + 5 >= limit)


def test_a_limit_of_money_holds_by_the_clients_own_figures() -> None:
    assert over_budget(Books(spent_usd=2.0), 2.0, None)
    assert not over_budget(Books(spent_usd=1.9, rate_usd=1.0, used=Usage(input=10**6)), 2.0, None)
    assert not over_budget(Books(spent_usd=9.0), None, None)
