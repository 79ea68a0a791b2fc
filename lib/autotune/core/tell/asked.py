"""The words about calls of language models: what a model is told of the shape of its answer, and why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from autotune.core.asking.costs import Cost, Sure
from autotune.core.asking.failing import Failure, Why
from autotune.core.asking.limits import Spent
from autotune.core.asking.naming import Endpoint
from autotune.core.asking.prices import Price
from autotune.core.asking.request import Schema
from autotune.core.escaping import escaped, shortened
from autotune.core.tell.figures import about, at_most, counted, money
from autotune.core.tell.lines import Line, Tone

_SAID = 200
CENT = 0.01
CHECK_QUESTION = "This is a check that you can be reached. Answer that it works."
_WHY: Mapping[Why, str] = {
    Why.KEY: "the service does not accept the key",
    Why.REFUSED: "the service refuses the request",
    Why.SLOW: "no answer came in time",
    Why.CONFLICT: "the service reports a conflict",
    Why.BUSY: "the service asks for fewer calls",
    Why.BROKEN: "the service failed",
    Why.NETWORK: "the service could not be reached, or the connection broke",
    Why.GARBLED: "what came back is not an answer",
    Why.FAILED: "the program failed",
    Why.DECLINED: "the model declined to answer",
    Why.CUT_OFF: "the answer was cut off at the most tokens it may have",
    Why.MISSHAPEN: "the answer does not have the wanted shape, even after it was asked to mend it",
    Why.CALLS: "the cap on calls is reached",
    Why.TOKENS: "the cap on tokens is reached",
    Why.MONEY: "the cap on money is reached",
    Why.DEADLINE: "the time for this question was over",
    Why.RESTING: "the model failed too often, so it is left alone for a while",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A model that was asked one small question: where, and what came of it. `day` is what all calls of the day have taken."""

    model: str
    endpoint: Endpoint
    price: Price | None
    failure: Failure | None
    cost: Cost
    calls: int
    seconds: float
    day: Spent


def why_no_answer(failure: Failure) -> str:
    """Say why a model gave no answer, with the service's own word for it, safe to show."""
    status = f" (status {failure.status})" if failure.status is not None else ""
    said = f": {shortened(failure.said, _SAID)}" if failure.said else ""
    return f"{_WHY[failure.why]}{status}{said}"


def shape_wanted(schema: Schema) -> str:
    """Tell a model which shape its answer has to have."""
    return f"Answer with one JSON object and nothing else. It has to fit this JSON schema:\n{json.dumps(schema, ensure_ascii=False)}"


def mend(problem: str) -> str:
    """Tell a model what is wrong with the shape of its answer, and ask for it again."""
    return f"That answer cannot be read: {problem}. Give the same answer again as one JSON object that fits the schema, and nothing else."


def no_object() -> str:
    """Say that a text holds no JSON object."""
    return "it is not one JSON object"


def cost(taken: Cost) -> str:
    """Say what calls cost."""
    if taken.usd is None:
        return "unknown: neither the service nor a table says what this model costs"
    return _money(taken.usd) if taken.sure is Sure.EXACT else f"at most {_money(taken.usd)}"


def checked(found: Checked) -> list[Line]:
    """Say how a model answered one small question."""
    answer = Line("answer", "came in the wanted shape", Tone.GOOD)
    if found.failure is not None:
        answer = Line("answer", why_no_answer(found.failure), Tone.BAD)
    usage = found.cost.usage
    tokens = "unknown" if usage is None else f"{usage.read} read, {usage.written} written"
    lines = [
        Line("model", escaped(found.model)),
        Line("where", "on this machine" if found.endpoint.url is None else escaped(found.endpoint.url)),
        Line("key", "needs none" if found.endpoint.key is None else f"from {escaped(found.endpoint.key)}"),
        answer,
        Line("time", f"{about(found.seconds)} in {counted(found.calls, 'call')}"),
        Line("tokens", tokens),
        Line("cost", cost(found.cost)),
        Line("price", _price(found.price)),
        Line("today", _day(found.day)),
    ]
    return [line for line in lines if line.label != "key" or found.endpoint.url is not None]


def _money(dollars: float) -> str:
    """US dollars; less than a cent without powers of ten, for calls cost so little."""
    return money(dollars) if dollars == 0 or dollars >= CENT else f"${dollars:.7f}".rstrip("0")


def _price(price: Price | None) -> str:
    if price is None:
        return "not known"
    if price.read == price.written == 0:
        return "no money"
    where = f", {price.source} on {price.date}" if price.source else ", as you set it"
    return f"{money(price.read)} read and {money(price.written)} written for a million tokens{where}"


def _day(spent: Spent) -> str:
    unknown = f", and {counted(spent.unknown, 'call')} of unknown cost" if spent.unknown else ""
    return f"{counted(spent.calls, 'call')}, {at_most(_money(spent.usd), spent.usd_guessed)}{unknown}"
