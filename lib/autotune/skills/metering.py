"""What probes in clients cost: written down with all other calls of models, and held to the caps."""

from __future__ import annotations

import time
from typing import Self

from autotune.core.asking.costs import Cost, Sure
from autotune.core.asking.failing import Why
from autotune.core.asking.limits import Admission, Limits, Most, daily
from autotune.core.asking.naming import parse
from autotune.core.asking.prices import price_of, usd
from autotune.core.asking.request import Usage
from autotune.core.skills.probing import USUAL_USD, Measures, Probing
from autotune.models.asking import Terms, shipped_prices
from autotune.models.spending import Spending, Ticket

_LOOK_AGAIN_S = 0.05
_UNTOLD = Most(usd=0.0)  # of a probe whose cost nobody says: it counts nothing against a cap on money, and a cap on calls alone holds it
_TIMES = 4.0  # the dearest probe so far, which none is expected to pass
_READ, _WRITTEN = 100_000, 32_000  # tokens of one turn at most: the listing has some 10,000, what a tool gives 25,000


def run_name(settings: Probing, skill: str) -> str:
    """Under which name a skill's probes are written down, and held to the cap of a run."""
    return settings.run or purpose_of(settings, skill)


def purpose_of(settings: Probing, skill: str) -> str:
    """By what a skill's probes are known, whatever run they are of."""
    return f"probe {settings.instrument} {skill}"


def limits_of(settings: Probing) -> tuple[Limits, Limits]:
    """The caps of a run, and of a day."""
    usd = daily(settings.max_usd_per_day, USUAL_USD, known=not unpriced(settings))
    return Limits(usd=settings.max_usd_per_run), Limits(calls=settings.max_calls_per_day, usd=usd)


def unpriced(settings: Probing) -> tuple[str, ...]:
    """The models of a probe of which no price is known."""
    judge = settings.judge if settings.instrument is not Measures.ROUTING_HOST else ""
    asked = [judge] if judge and Terms("").price(parse(judge)) is None else []
    if settings.instrument is not Measures.ROUTING_JUDGE and price_of(settings.model, shipped_prices()) is None:
        asked.append(settings.model or f"{settings.host}'s own choice")
    return tuple(asked)


def uncapped(settings: Probing) -> tuple[str, ...]:
    """Those of them whose money nothing bounds, though nobody has said that nothing shall."""
    bounds = (settings.max_usd_per_day, settings.max_calls_per_day, settings.max_usd_per_run)
    return unpriced(settings) if bounds == (None,) * 3 else ()


class Meter:
    """The probes of one skill, counted."""

    def __init__(self, settings: Probing, skill: str) -> None:
        self._name = f"{settings.host}:{settings.model or 'default'}"
        self._run, self._purpose = run_name(settings, skill), purpose_of(settings, skill)
        self._limits = limits_of(settings)
        self._model, self._prices, self._spending = settings.model, shipped_prices(), Spending()
        self._begun = dict[int, float]()
        self._most = self._bound(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spending.close()

    @property
    def lets_several(self) -> bool:
        """Whether the caps let several through at once: none is on money, or it is known what a probe takes at most."""
        return self._most.usd is not None or all(one.usd is None for one in self._limits)

    def each(self) -> float | None:
        """Give the mean cost of the probes so far; None where none was paid for, or nobody knows."""
        return self._spending.paid(self._purpose)[0]

    def _bound(self, settings: Probing) -> Most:
        """Give the most that a probe can take, so that a cap on money lets several through.

        Where nobody can say it, of work on a task or of the client's own model, it is a multiple of the dearest so far. Where none has said
        what it cost, a cap on money holds none of them, and they are held to a cap on calls.
        """
        price = price_of(settings.model, self._prices)
        if price is None or settings.instrument is Measures.TASK:
            dearest = self._spending.paid(self._purpose)[1]
            if dearest:
                return Most(usd=_TIMES * dearest)
            return self._untold() if self._spending.says_no_cost(self._name) else Most()
        used = Usage(settings.turns * _READ, settings.turns * _WRITTEN)
        return Most(used.total, usd(price, used))

    def _untold(self) -> Most:
        return _UNTOLD if self._limits[1].calls is not None else Most()

    def begin(self, case: str) -> Ticket | None:
        """Let a probe through as soon as the caps allow it; None where they never will today."""
        while True:
            found = self._spending.begin(self._run, self._name, self._purpose, case, self._most, *self._limits)
            if isinstance(found, Ticket):
                self._begun[found.number] = time.monotonic()
                return found
            if found[0] is Admission.NEVER:
                return None
            time.sleep(_LOOK_AGAIN_S)

    def end(self, ticket: Ticket, used: Usage | None, said: float | None, model: str) -> float | None:
        """Write down what a probe has cost: as the client says, else by its tokens and the list price; None where that is not known."""
        if said is None and used is not None and used.total:
            price = price_of(model or self._model, self._prices)
            said = None if price is None else usd(price, used)
        ran = used is not None and used.total > 0
        cost = Cost(used, said, Sure.UNKNOWN if said is None else Sure.EXACT)
        if said is not None and (self._most.usd is None or (self._most.tokens is None and _TIMES * said > self._most.usd)):
            self._most = Most(usd=_TIMES * said) if said else Most()
        elif said is None and ran and self._most.usd is None:
            self._most = self._untold()
        self._spending.end(ticket, cost, None if ran or said is not None else Why.FAILED, time.monotonic() - self._begun.pop(ticket.number))
        return said
