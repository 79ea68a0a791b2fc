"""What calls cost, by a table of prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from autotune.core.asking.limits import Most
from autotune.core.asking.request import Request, Usage, contents
from autotune.errors import AutotuneError

MILLION = 1_000_000
_NUMBERS = ("read", "written", "cached", "stored", "long_from", "long_read", "long_written")
_DATE = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$")
_PER_MESSAGE = 64
"""Tokens that a service may add to a message for itself: role, separators, the wrapping of a schema."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens that a model reads and writes; `source` and `date` say where that stood, and when.

    `cached` and `stored` are those of tokens that come from the provider's cache or go into it; None is as `read`. Where more than
    `long_from` tokens are read, `long_read` and `long_written` hold for all tokens of the call.
    """

    read: float
    written: float
    cached: float | None = None
    stored: float | None = None
    long_from: int | None = None
    long_read: float | None = None
    long_written: float | None = None
    source: str = ""
    date: str = ""


FREE = Price(0.0, 0.0)


def usd(price: Price, usage: Usage) -> float:
    """Give what a call costs, in US dollars."""
    is_long = price.long_from is not None and usage.read > price.long_from
    read = price.long_read if is_long and price.long_read is not None else price.read
    written = price.long_written if is_long and price.long_written is not None else price.written
    more = read / price.read if price.read else 1.0
    cached = read if price.cached is None else price.cached * more
    stored = read if price.stored is None else price.stored * more
    plain = max(0, usage.read - usage.cached - usage.stored)
    return (plain * read + usage.cached * cached + usage.stored * stored + usage.written * written) / MILLION


def most(request: Request, price: Price | None) -> Most:
    """Give the most that a call can take: no token is shorter than a byte, and no more is written than is allowed."""
    found = contents(request)
    texts = [one.text for one in request.messages] + ([] if request.schema is None else [repr(found["schema"])] * 2)
    read = sum(len(text.encode()) for text in texts) + _PER_MESSAGE * (len(texts) + 1)
    usage = Usage(read, request.max_tokens)
    if price is None:
        return Most(usage.total)
    dearest = max(price.read, price.long_read or 0.0, price.stored or 0.0, price.cached or 0.0)
    dearest_long = (
        dearest if price.long_read is None or not price.read else max(dearest, (price.stored or 0.0) * price.long_read / price.read)
    )
    writing = max(price.written, price.long_written or 0.0)
    return Most(usage.total, (read * dearest_long + request.max_tokens * writing) / MILLION)


def likely(request: Request, price: Price | None) -> Most:
    """About what a call takes: four bytes a token, and a third of what may be written, for most answers are shorter."""
    found = most(request, None).tokens or 0
    read, written = (found - request.max_tokens) // 4, request.max_tokens // 3
    return Most(read + written, None if price is None else usd(price, Usage(read, written)))


def price_of(model: str, *tables: Mapping[str, Price]) -> Price | None:
    """Find a model's price in the first table that has it, by its name, then without a maker's name before it and a date behind it."""
    short = model.rpartition("/")[2]
    names = (model, short, _DATE.sub("", short))
    return next((table[name] for table in tables for name in names if name in table), None)


def table(found: object, where: str) -> dict[str, Price]:
    """Read prices by model: a table each with numbers, `source` and `date`. Raises AutotuneError naming file, model and key."""
    entries = found if isinstance(found, Mapping) else {"prices": found}
    return {str(name): _price(str(name), entry, where) for name, entry in entries.items()}


def _price(name: str, entry: object, where: str) -> Price:
    if not isinstance(entry, Mapping):
        raise _unreadable(where, name, "is no table", "write `[models.NAME]` and the prices under it")
    unknown = sorted(set(entry) - set(_NUMBERS) - {"source", "date"})
    if unknown:
        raise _unreadable(where, name, f"has an unknown key {unknown[0]}", f"the keys are {', '.join((*_NUMBERS, 'source', 'date'))}")
    for key in _NUMBERS:
        value = entry.get(key, None if key not in {"read", "written"} else "missing")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf")):
            raise _unreadable(where, name, f"has no number of US dollars in {key}", "write what a million tokens cost, as 3 or 0.25")
    return Price(**entry)


def _unreadable(where: str, name: str, what: str, hint: str) -> AutotuneError:
    return AutotuneError(f"The price of {name} in {where} {what}.", hint)
