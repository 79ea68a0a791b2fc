"""A model asked one small question: whether it answers in a wanted shape, how long that takes, and what it costs."""

from __future__ import annotations

from dataclasses import replace

from autotune.core.asking.naming import parse
from autotune.core.asking.request import Message, Request, Role
from autotune.core.tell.asked import CHECK_QUESTION, Checked
from autotune.models.asking import Models, Terms
from autotune.models.spending import today

SHAPE = {"type": "object", "properties": {"works": {"type": "boolean"}}, "required": ["works"], "additionalProperties": False}
MOST_TOKENS = 2000
"""What the answer may take: ten tokens, and what a model thinks before."""


def check(model: str, terms: Terms) -> Checked:
    """Ask a model. Raises AutotuneError where it cannot be asked at all."""
    request = Request(model, (Message(Role.USER, CHECK_QUESTION),), MOST_TOKENS, schema=SHAPE, purpose="doctor")
    with Models(replace(terms, cached=False)) as models:
        answer = models.ask(request)
        day = models.spending.spent(today())
    name = parse(model)
    return Checked(model, terms.endpoint(name), terms.price(name), answer.failure, answer.cost, answer.calls, answer.seconds, day)
