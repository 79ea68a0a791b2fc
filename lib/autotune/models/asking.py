"""Language models behind one interface.

    with Models(Terms(run="eval-1", per_day=Limits(usd=5.0))) as models:
        answer = models.ask(Request("anthropic:claude-haiku-4-5", (Message(Role.USER, "Why?"),), schema=SCHEMA, purpose="judge"))
        if answer.failure is None: use(answer.value)       # or answer.text, without a schema
        else: leave it unscored, and ask again later       # answer.failure.why says why; it is never a score of 0
        many = models.ask_all(requests)                    # at once, within `concurrency`, in the order of the requests

**Names.** `openai:`, `openrouter:`, `ollama:`, `vllm:`, `lmstudio:` speak OpenAI's protocol, and `anthropic:` Anthropic's.
`Terms.endpoints` changes an address and the variable of its key, or adds others. `claude:` is Claude Code's command line, `command:` a
program of your own. `script:` is a function of `Terms.scripts`, and `cassette:FILE` what `Terms.record_to` recorded.

**What an answer says.** `text`, `value` (with a schema: JSON that fits it), `failure`, `cost` (what all its calls took, the failed ones
too; `usd` None where no price is known), `calls`, `seconds`, `hash`, `from_cache`. The same request is answered from the cache unless its
`sample` differs. A failure is never cached.

**What raises.** `AutotuneError`, and only for what a person must mend before any call can work: an unknown name, a missing key, a cap on
money for a model without a price, a cassette without the request, `AUTOTUNE_NO_REQUESTS`. Everything that a service or a model does
is a value.

**Order of one call.** cache → breaker → caps (written down before the call is made) → the backend → written down again → perhaps retried →
shape, with one request to mend it → cache. A call is retried where 408, 409, 429, 5xx or the network are to blame and the deadline
allows it.

Caps hold for a run and for a day (UTC) over all processes and restarts. Keys are read from the environment where they are used, and masked
in all that comes back.
"""

from __future__ import annotations

import os
import random
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

from autotune.core.asking import structured
from autotune.core.asking.breaking import Breaker
from autotune.core.asking.costs import Cost, Sure, assumed, cost_of, together
from autotune.core.asking.failing import CAPS, FIRST_DELAY_S, LONGEST_DELAY_S, Failure, Why, delay_s
from autotune.core.asking.limits import Admission, Limits, Most
from autotune.core.asking.masking import masked
from autotune.core.asking.naming import BACKENDS, Endpoint, Kind, Name, parse
from autotune.core.asking.prices import FREE, Price, most, price_of, table
from autotune.core.asking.request import Message, Reply, Request, Role, Stop, Usage, request_hash
from autotune.core.tell.asked import mend, no_object, shape_wanted
from autotune.errors import AutotuneError
from autotune.models import cassette, claude, command, script
from autotune.models.answers import Answers
from autotune.models.script import Script
from autotune.models.sdk import Sdk
from autotune.models.spending import Spending, Ticket
from autotune.version import PACKAGE

A = TypeVar("A")
B = TypeVar("B")
FORBIDDING = "AUTOTUNE_NO_REQUESTS"
"""An environment variable that, set to anything, forbids calls that may leave the machine or cost money: for tests."""

_LOOK_AGAIN_S = 0.02
_HELD_BACK = frozenset({*CAPS, Why.DEADLINE})


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms models are asked.

    `run` names what the calls are for, as one of the two scopes of caps. `prices` win over the table and over what a service says.
    `deadline_s` is for one question with all its tries, `try_s` for one try; the waits between
    tries double from `first_delay_s` to `longest_delay_s`. `scripts` are the functions behind `script:` names.
    """

    run: str
    per_run: Limits = field(default_factory=Limits)
    per_day: Limits = field(default_factory=Limits)
    concurrency: int = 4
    deadline_s: float = 180.0
    try_s: float = 120.0
    tries: int = 5
    first_delay_s: float = FIRST_DELAY_S
    longest_delay_s: float = LONGEST_DELAY_S
    stream: bool = False
    cached: bool = True
    seed: int = 0
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    scripts: Mapping[str, Script] = field(default_factory=dict)
    record_to: Path | None = None

    def endpoint(self, name: Name) -> Endpoint:
        """Say how a backend is spoken to."""
        return self.endpoints.get(name.backend, BACKENDS[name.backend])

    @property
    def caps_money(self) -> bool:
        """Whether there is a cap on money."""
        return (self.per_run.usd, self.per_day.usd) != (None, None)

    def price_set(self, name: Name) -> Price | None:
        """Give the price of a model that is set here."""
        return price_of(str(name), self.prices) or price_of(name.model, self.prices)

    def price(self, name: Name) -> Price | None:
        """Give the price by which calls of a model are counted; None where it is not known."""
        endpoint = self.endpoint(name)
        if (given := self.price_set(name)) is not None or endpoint.free:
            return given or FREE
        return price_of(name.model, shipped_prices()) if endpoint.url is not None else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a question; see the module's own words."""

    hash: str
    text: str
    value: Any
    failure: Failure | None
    cost: Cost
    calls: int
    seconds: float
    from_cache: bool = False


@dataclass(slots=True)
class _Question:
    """One question on its way: what its calls have taken so far, and when it has to be answered."""

    name: Name
    endpoint: Endpoint
    price: Price | None
    hash: str
    begun: float
    until: float = 0.0
    costs: list[Cost] = field(default_factory=list)


class Models:
    """The models, asked on some terms. Threads may ask at once."""

    def __init__(self, terms: Terms, spending: Spending | None = None, answers: Answers | None = None) -> None:
        self.terms = terms
        self.spending = spending or Spending()
        self._answers = answers or Answers()
        self._sdk = Sdk()
        self._breakers: dict[str, Breaker] = {}
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(terms.concurrency)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the SDKs' process and close the files."""
        self._sdk.close()
        self.spending.close()
        self._answers.close()

    def ask_all(self, requests: Iterable[Request]) -> list[Answer]:
        """Ask several questions at once; the answers are in the order of the questions."""
        try:
            return list(at_once(self.terms.concurrency, self.ask, requests))
        except BaseException:
            self._sdk.close()  # nobody waits for the rest
            raise

    def ask(self, request: Request) -> Answer:
        """Ask one question."""
        question = self._question(request)
        if self.terms.cached and (known := self._answers.find(question.hash)) is not None:
            return self._answer(question, known, _shaped(request, known), from_cache=True)
        self._begin(question)
        reply = self._tried(request, question)
        shaped = _shaped(request, reply)
        if shaped.may_be_mended and isinstance(reply, Reply) and shaped.failure is not None:
            further = Message(Role.ASSISTANT, reply.text or "…"), Message(Role.USER, mend(shaped.failure.said))
            reply = self._tried(replace(request, messages=(*request.messages, *further)), question)
            shaped = _shaped(request, reply)
        if self.terms.cached and isinstance(reply, Reply) and shaped.failure is None and reply.stop is Stop.END:
            self._answers.keep(question.hash, reply)
        return self._answer(question, reply, shaped)

    def _question(self, request: Request) -> _Question:
        name = parse(request.model)
        endpoint, price = self.terms.endpoint(name), self.terms.price(name)
        _refuse(name, endpoint)
        if self.terms.caps_money and price is None and (endpoint.url is not None or self.spending.says_no_cost(str(name))):
            raise AutotuneError(
                f"There is a cap on money, but no known price of {name}.",
                "set it in [prices] of prompts.toml or judge.toml, or cap calls in place of money",
            )
        answering = f"{name} {endpoint.url} {self.terms.seed if endpoint.kind is Kind.SCRIPT else ''}"
        return _Question(name, endpoint, price, request_hash(request, answering), time.monotonic())

    def _begin(self, question: _Question) -> None:
        """Start a question's time; the SDK that it needs is imported before."""
        if question.endpoint.kind in {Kind.CHAT, Kind.MESSAGES}:
            self._sdk.start(question.endpoint.kind)
        question.begun = time.monotonic()
        question.until = question.begun + self.terms.deadline_s

    def _tried(self, request: Request, question: _Question) -> Reply | Failure:
        """Make a call, and again where that may help."""
        tries = 0
        while True:
            tries += 1
            found = self._called(request, question)
            if isinstance(found, Reply) or tries >= self.terms.tries:
                return found
            wait = delay_s(tries, found, random.random(), self.terms.first_delay_s, self.terms.longest_delay_s)
            if wait is None or time.monotonic() + wait >= question.until:
                return found
            time.sleep(wait)

    def _called(self, request: Request, question: _Question) -> Reply | Failure:
        """Make one call, when it is its turn and the caps allow it."""
        with self._places:
            with self._lock:
                breaker = self._breakers.get(str(question.name), Breaker())
                if not breaker.lets_through(time.monotonic()):
                    return Failure(Why.RESTING)
                self._breakers[str(question.name)] = breaker.begun()
            found: Reply | Failure | None = None
            try:
                ticket = self._ticket(request, question)
                found = ticket if isinstance(ticket, Failure) else self._made(ticket, request, question)
            finally:
                with self._lock:
                    now, failure = self._breakers[str(question.name)], found if isinstance(found, Failure) else None
                    held_back = found is None or (failure is not None and failure.why in _HELD_BACK)
                    ended = replace(now, trying=False) if held_back else now.ended(failure, time.monotonic())
                    self._breakers[str(question.name)] = ended
            return found

    def _ticket(self, request: Request, question: _Question) -> Ticket | Failure:
        """Write down that a call is made, as soon as the caps let it through."""
        while True:
            bound = _most(request, question)
            if self.terms.caps_money and question.price is FREE and not self.spending.says_it_is_free(str(question.name)):
                bound = replace(bound, usd=None)  # a backend that is free may say otherwise, and what it says is counted
            found = self.spending.begin(
                self.terms.run, str(question.name), request.purpose, question.hash, bound, self.terms.per_run, self.terms.per_day
            )
            if isinstance(found, Ticket):
                return found
            answer, why = found
            if answer is Admission.NEVER:
                return Failure(why)
            if time.monotonic() >= question.until:
                return Failure(Why.DEADLINE)
            time.sleep(_LOOK_AGAIN_S)

    def _made(self, ticket: Ticket, request: Request, question: _Question) -> Reply | Failure:
        begun = time.monotonic()
        cost = assumed(_most(request, question))
        why: Why | None = Why.FAILED
        try:
            found = self._backend(request, question, max(0.05, min(self.terms.try_s, question.until - begun)))
            found = _without_keys(found, _keys(question.endpoint))
            cost = cost_of(found, question.price, _most(request, question), is_set=self.terms.price_set(question.name) is not None)
            why = found.why if isinstance(found, Failure) else None
        except (AutotuneError, OSError):
            cost = Cost(Usage(), 0.0, Sure.EXACT)  # nothing was asked
            raise
        finally:
            question.costs.append(cost)
            self.spending.end(ticket, cost, why, time.monotonic() - begun)
        if self.terms.record_to is not None and isinstance(found, Reply):
            cassette.record(self.terms.record_to, request, found, _keys(question.endpoint))
        return found

    def _backend(self, request: Request, question: _Question, timeout_s: float) -> Reply | Failure:
        model, endpoint = question.name.model, question.endpoint
        shown = request if request.schema is None or endpoint.kind is Kind.CLIENT else _with_shape(request)
        match endpoint.kind:
            case Kind.CHAT | Kind.MESSAGES:
                return self._sdk.call(endpoint, model, shown, timeout_s, stream=self.terms.stream)
            case Kind.CLIENT:
                return claude.call(model, shown, timeout_s)
            case Kind.PROGRAM:
                return command.call(model, request, timeout_s)
            case Kind.SCRIPT:
                return script.call(model, request, self.terms.scripts, self.terms.seed)
            case Kind.CASSETTE:
                return cassette.call(Path(model), request)

    def _answer(self, question: _Question, reply: Reply | Failure, shaped: _Shaped, *, from_cache: bool = False) -> Answer:
        text = reply.text if isinstance(reply, Reply) else ""
        seconds = time.monotonic() - question.begun
        return Answer(question.hash, text, shaped.value, shaped.failure, together(question.costs), len(question.costs), seconds, from_cache)


@dataclass(frozen=True, slots=True)
class _Shaped:
    """An answer in the wanted shape, or why there is none; `may_be_mended`: it is in another shape, and the failure says in what."""

    value: Any = None
    failure: Failure | None = None
    may_be_mended: bool = False


def at_once(most: int, work: Callable[[A], B], given: Iterable[A]) -> Iterator[B]:
    """Work on several at once; what comes of each is given as soon as what comes of those before it is."""
    threads = ThreadPoolExecutor(most)
    try:
        yield from threads.map(work, given)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


@cache
def shipped_prices() -> dict[str, Price]:
    """Give the table of prices that autotune comes with."""
    path = PACKAGE / "models" / "prices.toml"
    return table(tomllib.loads(path.read_text("utf-8"))["models"], path.name)


def _shaped(request: Request, reply: Reply | Failure) -> _Shaped:
    if isinstance(reply, Failure):
        return _Shaped(failure=reply)
    if reply.stop is Stop.DECLINED:
        return _Shaped(failure=Failure(Why.DECLINED, reply.text))
    if request.schema is None:
        return _Shaped(failure=None if reply.stop is Stop.END else Failure(Why.CUT_OFF))
    try:
        value = structured.value_in(reply.text) if reply.value is None else reply.value
        problem = structured.objection(request.schema, value)
    except structured.NotJson:
        value, problem = None, no_object()
    if problem is None:
        return _Shaped(value)
    return _Shaped(failure=Failure(Why.CUT_OFF if reply.stop is Stop.LENGTH else Why.MISSHAPEN, problem), may_be_mended=True)


def _with_shape(request: Request) -> Request:
    """Say the shape in words too: not every service holds a model to a schema."""
    wanted = shape_wanted(request.schema or {})
    first = request.messages[0]
    if first.role is Role.SYSTEM:
        return replace(request, messages=(Message(Role.SYSTEM, f"{first.text}\n\n{wanted}"), *request.messages[1:]))
    return replace(request, messages=(Message(Role.SYSTEM, wanted), *request.messages))


def _refuse(name: Name, endpoint: Endpoint) -> None:
    """Raise where no call can be made."""
    if endpoint.is_real and os.environ.get(FORBIDDING):
        raise AutotuneError(f"{FORBIDDING} is set, so {name} is not asked.", "unset it, or ask a script or a cassette")
    if endpoint.key is not None and not os.environ.get(endpoint.key):
        raise AutotuneError(f"{name} needs a key, and {endpoint.key} is not set.", f"put the key into the environment as {endpoint.key}")


def _keys(endpoint: Endpoint) -> dict[str, str]:
    names = {one.key for one in BACKENDS.values()} | {endpoint.key}
    return {name: os.environ[name] for name in names if name is not None and name in os.environ}


def _without_keys(found: Reply | Failure, keys: Mapping[str, str]) -> Reply | Failure:
    if isinstance(found, Failure):
        return replace(found, said=masked(found.said, keys))
    return found


def _most(request: Request, question: _Question) -> Most:
    """Give the most that a call can take: unknown for programs, which may do more than they are asked."""
    if question.endpoint.kind in {Kind.CLIENT, Kind.PROGRAM}:
        return Most()
    return most(_with_shape(request) if request.schema is not None else request, question.price)
