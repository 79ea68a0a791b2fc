"""What a client that works through a night has said, how it ended, and what comes next.

How it works: each line of the client's stream makes the next `Heard` out of the one before (`hear`). When the client is gone, `ending_of`
says what became of it. `following` looks that up in `RULES`: whether to go on in the same conversation, in a fresh one, or not at all,
after which wait, and how often without progress. Progress is a new experiment. What the client's figures leave open, because it was killed
before it could say them, `Books` estimates from the tokens of its transcript.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from autotune.core.escaping import cut, escaped
from autotune.core.facts import Fact, Kind, quoted

FIRST_WAIT_S = 2.0  # the client itself has waited and tried again before it gives up
LONGEST_WAIT_S = 600.0
PATIENCE = 3  # how often an agent that stops without a new experiment is sent on
LONGEST_RESET_S = 8 * 86_400.0  # the longest limit is one of a week; a reset time beyond that is not believed
AFTER_RESET_S = 5.0
LONGEST_LINE = 160  # characters of the client's text that are repeated
# What tokens of a kind cost, in those of plain input, by the list prices of all of the client's models.
OUTPUT, CACHE_WRITE, CACHE_READ = 5.0, 1.25, 0.1
DEAREST_USD = 15e-6  # a token of plain input where no figure of the client's is known yet: no model's list price is above it


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one message, or of several."""

    input: int = 0
    output: int = 0
    cache_write: int = 0
    cache_read: int = 0

    @property
    def tokens(self) -> int:
        """All that the model read and wrote."""
        return self.input + self.output + self.cache_write + self.cache_read

    @property
    def weight(self) -> float:
        """The same in tokens of plain input, by price."""
        return self.input + OUTPUT * self.output + CACHE_WRITE * self.cache_write + CACHE_READ * self.cache_read

    def largest(self, other: Usage) -> Usage:
        """The larger of each kind: of a message told several times while it comes in, the last is the whole."""
        return Usage(*map(max, _parts(self), _parts(other)))

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(*(one + another for one, another in zip(_parts(self), _parts(other), strict=True)))

    def part(self, tokens: int) -> Usage:
        """So many tokens of this usage, of each kind its share."""
        share = min(1.0, max(0, tokens) / self.tokens) if self.tokens else 0.0
        return Usage(*(round(one * share) for one in _parts(self)))

    def minus(self, other: Usage) -> Usage:
        """What this has beyond the other."""
        return Usage(*(one - another for one, another in zip(_parts(self), _parts(other), strict=True)))


def _parts(usage: Usage) -> tuple[int, int, int, int]:
    return usage.input, usage.output, usage.cache_write, usage.cache_read


@dataclass(frozen=True, slots=True)
class LastWord:
    """The client's last word: a `result` message of its stream. `cost_usd` is of the whole conversation, every resume included."""

    subtype: str
    is_error: bool
    text: str
    terminal: str
    stop: str
    status: int | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a client has said so far. `retry_s` is the wait it told before its last try, `resets_at` seconds since 1970."""

    client: str | None = None
    last_word: LastWord | None = None
    error: str = ""
    retry_s: float = 0.0
    resets_at: float | None = None
    plugin_errors: str = ""


def hear(heard: Heard, message: Mapping[str, Any]) -> Heard:
    """Give what is known after one more message of the client's stream. Unknown types and missing fields teach nothing."""
    client = _text(message.get("session_id")) or heard.client
    heard = replace(heard, client=client)
    match message.get("type"), message.get("subtype"):
        case "system", "init":
            return replace(heard, plugin_errors=_text(json.dumps(message.get("plugin_errors"))) if message.get("plugin_errors") else "")
        case "system", "api_retry":
            return replace(heard, retry_s=_number(message.get("retry_delay_ms")) / 1000, error=_text(message.get("error")))
        case "rate_limit_event", _:
            return replace(heard, resets_at=_reset(message.get("rate_limit_info")))
        case "assistant", _:
            return replace(heard, error=_text(message.get("error")))
        case "result", _:
            return replace(heard, last_word=_last_word(message))
    return heard


def _reset(info: object) -> float | None:
    """When a limit that refuses is lifted; a limit that lets through is none."""
    if not isinstance(info, dict) or info.get("status") != "rejected":
        return None
    at = _number(info.get("resetsAt"))
    return at or None


def _last_word(message: Mapping[str, Any]) -> LastWord:
    errors, status = message.get("errors"), message.get("api_error_status")
    listed = "; ".join(_text(one) for one in errors) if isinstance(errors, list) else ""
    return LastWord(
        subtype=_text(message.get("subtype")),
        is_error=message.get("is_error") is True,
        text=_text(message.get("result")) or listed,
        terminal=_text(message.get("terminal_reason")),
        stop=_text(message.get("stop_reason")),
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
        cost_usd=_number(message["total_cost_usd"]) if "total_cost_usd" in message else None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    """A finite number from zero on; anything else is zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def heard_words(message: Mapping[str, Any]) -> Fact | None:
    """What a message of the stream tells somebody who looks on; None for nothing."""
    match message.get("type"), message.get("subtype"):
        case "assistant", _:
            texts = [_text(block.get("text")) for block in _blocks(message) if block.get("type") == "text"]
            text = _shortened(" ".join(texts))
            return Fact(Kind.AGENT_SAYS, {"text": text}) if text else None
        case "system", "api_retry":
            wait_s = _number(message.get("retry_delay_ms")) / 1000
            return Fact(Kind.SERVICE_FAILS, {"error": _text(message.get("error")), "wait_s": wait_s})
        case "system", "compact_boundary":
            return Fact(Kind.COMPACTED)
    return None


def _blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    body = message.get("message")
    content = body.get("content") if isinstance(body, dict) else None
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _shortened(text: str) -> str:
    return cut(escaped(" ".join(text.split())), LONGEST_LINE)


def usages(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Usage]]:
    """Read the usage of each of the model's messages from a transcript; one that stands there several times comes several times."""
    for record in records:
        body = record.get("message")
        if record.get("type") != "assistant" or not isinstance(body, dict):
            continue
        usage, identity = body.get("usage"), _text(body.get("id"))
        if isinstance(usage, dict) and identity:
            kinds = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
            yield identity, Usage(*(int(_number(usage.get(kind))) for kind in kinds))


def cost_state(records: Iterable[Mapping[str, Any]]) -> float | None:
    """Read what a conversation has cost in US dollars from its transcript, where the client noted it when it ended."""
    found = [_number(record.get("totalCostUSD")) for record in records if record.get("type") == "cost-state"]
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Books:
    """What the session's agent has cost up to the present client's start (`spent_usd`, `tokens`), and what this client has, on top.

    `told_usd` is what the client has said of its conversation when it began, `rate_usd` the price of a token of plain input that the
    client's figures have shown.
    """

    spent_usd: float = 0.0
    tokens: int = 0
    estimated: bool = False
    told_usd: float = 0.0
    rate_usd: float | None = None
    used: Usage = Usage()

    @property
    def all_tokens(self) -> int:
        """All tokens up to now."""
        return self.tokens + self.used.tokens

    def beginning(self, *, fresh: bool) -> Books:
        """The books when a client is started; in a fresh conversation nothing has been told yet."""
        return replace(self, told_usd=0.0 if fresh else self.told_usd)

    def beside(self, cost_usd: float, tokens: int, *, estimated: bool) -> Books:
        """The books with what was spent before they were begun."""
        return replace(self, spent_usd=self.spent_usd + cost_usd, tokens=self.tokens + tokens, estimated=self.estimated or estimated)

    def closed(self, told_usd: float | None) -> Books:
        """The books when a client is gone and has said what its conversation cost, or (None) has not."""
        weight = self.used.weight
        if told_usd is not None and told_usd >= self.told_usd:
            cost = told_usd - self.told_usd
            rate = cost / weight if weight else self.rate_usd
            return Books(self.spent_usd + cost, self.all_tokens, self.estimated, told_usd, rate)
        cost = weight * (self.rate_usd if self.rate_usd is not None else DEAREST_USD)
        return Books(self.spent_usd + cost, self.all_tokens, self.estimated or weight > 0, self.told_usd, self.rate_usd)


def over_budget(books: Books, max_cost_usd: float | None, max_tokens: int | None) -> bool:
    """Whether the client has to end because a limit is reached. While it runs, it watches its money itself: it gets what is left."""
    return (max_cost_usd is not None and books.spent_usd >= max_cost_usd) or (max_tokens is not None and books.all_tokens >= max_tokens)


class How(StrEnum):
    """What became of a client."""

    DONE = "done"
    STANDS_STILL = "stands still"
    RENEWED = "renewed"
    BUDGET = "budget"
    EXHAUSTED = "exhausted"
    REFUSED = "refused"
    LIMITED = "limited"
    OVERLOADED = "overloaded"
    REJECTED = "rejected"
    CRASHED = "crashed"


class Move(StrEnum):
    """What the supervisor does next."""

    RESUME = "resume"
    FRESH = "fresh"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ClientEnding:
    """How a client ended, in the words of whoever said so; the earliest time to try again is in seconds since 1970."""

    how: How
    words: str = ""
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class MoveRule:
    """What follows an ending: a move, another one from the second time in a row, whether to wait, and whether it counts as fruitless."""

    move: Move
    again: Move
    waits: bool = False
    counts: bool = True


RULES: Mapping[How, MoveRule] = {
    #                      the first time  and again     waits         counts
    How.DONE:         MoveRule(Move.RESUME,    Move.RESUME),
    How.STANDS_STILL: MoveRule(Move.STOP,      Move.STOP),
    How.RENEWED:      MoveRule(Move.FRESH,     Move.FRESH,   counts=False),
    How.BUDGET:       MoveRule(Move.STOP,      Move.STOP),
    How.EXHAUSTED:    MoveRule(Move.FRESH,     Move.FRESH),
    How.REFUSED:      MoveRule(Move.FRESH,     Move.FRESH),
    How.LIMITED:      MoveRule(Move.RESUME,    Move.RESUME,  waits=True, counts=False),
    How.OVERLOADED:   MoveRule(Move.RESUME,    Move.RESUME,  waits=True, counts=False),
    How.REJECTED:     MoveRule(Move.STOP,      Move.STOP),
    How.CRASHED:      MoveRule(Move.RESUME,    Move.FRESH,   waits=True),
}  # fmt: skip

_ENDS_BY_ERROR = {
    "rate_limit": How.LIMITED,
    "overloaded": How.OVERLOADED,
    "server_error": How.OVERLOADED,
    "authentication_failed": How.REJECTED,
    "oauth_org_not_allowed": How.REJECTED,
    "billing_error": How.REJECTED,
    "model_not_found": How.REJECTED,
}
_OUT_OF_REACH = ("Connection error", "Request timed out", "Unable to connect", "fetch failed")


def ending_of(heard: Heard, exit_code: int, complaint: str, now: float) -> ClientEnding:
    """Say what became of a client that ended by itself. `complaint` is the end of its error stream; `now` is in seconds since 1970."""
    last = heard.last_word
    if last is None:
        words = _shortened(complaint) or f"exit {exit_code}"
        return ClientEnding(How.REJECTED if "not found. Available agents" in complaint else How.CRASHED, words)
    how = _how(heard, last)
    words = _shortened(last.text) or last.subtype
    return ClientEnding(how, words, _not_before(heard, now) if RULES[how].waits else 0.0)


def _how(heard: Heard, last: LastWord) -> How:  # noqa: PLR0911 - one return a kind, in the order in which they win
    if last.subtype == "error_max_budget_usd":
        return How.BUDGET
    if not last.is_error:
        return How.DONE
    if last.terminal == "prompt_too_long" or last.text.startswith("Prompt is too long"):
        return How.EXHAUSTED
    if last.stop == "refusal":
        return How.REFUSED
    if last.status == 429:  # noqa: PLR2004 - too many requests
        return How.LIMITED
    if last.status is not None and last.status >= 500:  # noqa: PLR2004 - the server's fault
        return How.OVERLOADED
    if heard.error in _ENDS_BY_ERROR:
        return _ENDS_BY_ERROR[heard.error]
    return How.OVERLOADED if any(words in last.text for words in _OUT_OF_REACH) else How.CRASHED


def _not_before(heard: Heard, now: float) -> float:
    """When trying again makes sense: at the reset that was told, if it lies ahead, else after as long as the service asked for."""
    if heard.resets_at is not None and now < heard.resets_at <= now + LONGEST_RESET_S:
        return heard.resets_at + AFTER_RESET_S
    return now + heard.retry_s


@dataclass(frozen=True, slots=True)
class Streak:
    """What is remembered from one client to the next: endings in a row without progress that count, and that are waited after."""

    fruitless: int = 0
    waits: int = 0
    last: How | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """What the supervisor does next: a move, the seconds to wait before it, and the reason. `gives_up` says that a person is needed."""

    move: Move
    wait_s: float
    reason: Fact
    gives_up: bool = False


def client_gone(how: How, words: str = "") -> Fact:
    """What became of a client, as a reason."""
    return Fact(Kind.CLIENT_GONE, {"how": str(how)}, quoted(words) if words else None)


def next_step(ending: ClientEnding, standing: Streak, patience: int, now: float, *, progressed: bool) -> tuple[Follow, Streak]:
    """Say what follows an ending. `patience` is how often in a row an ending without a new experiment is borne; `now` as in `ending_of`."""
    rule, before = RULES[ending.how], Streak() if progressed else standing
    again = before.last is ending.how
    after = Streak(before.fruitless + rule.counts, before.waits + rule.waits, ending.how)
    reason = client_gone(ending.how, ending.words if ending.how is not How.DONE else "")
    if ending.how is How.REJECTED:
        return Follow(Move.STOP, 0.0, reason, gives_up=True), after
    if rule.move is Move.STOP:
        return Follow(Move.STOP, 0.0, reason), after
    if rule.counts and after.fruitless > patience:
        return Follow(Move.STOP, 0.0, Fact(Kind.FRUITLESS, {"times": after.fruitless}, reason), gives_up=True), after
    wait_s = max(_back_off(after.waits), ending.not_before - now) if rule.waits else 0.0
    return Follow(rule.again if again else rule.move, wait_s, reason), after


def _back_off(times: int) -> float:
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(times - 1, 30))
