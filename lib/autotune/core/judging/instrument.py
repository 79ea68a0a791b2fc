"""What a judge's run measures with: the file that says it, read strictly. Another instrument is another measurement."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from autotune.core.asking import naming, prices
from autotune.core.asking.naming import Endpoint
from autotune.core.asking.prices import Price
from autotune.core.judging.stages import Stages
from autotune.core.records.behaviors import Behavior
from autotune.errors import AutotuneError


class Replay(StrEnum):
    """What becomes of recorded tool calls and memory where the agent's model answers anew."""

    LEAVE_OUT = "leave out"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Instrument:
    """The settings of a judge. Paths are as they are written. `strong` and `agent` may be empty: no second stage, recorded answers.

    `concurrency` is how many cases are worked at once; the caps hold for a day (UTC). Where `fresh`, the agent gives another answer in each
    run, so that its luck with one answer does not stay. `run` names the run whose caps its calls share, such as that of a search. Where
    `besides`, guardrails' metrics are printed too. `temperature` is the judges', None what they have by themselves.
    """

    behavior: Behavior
    cases: str
    rubric: str
    judge: str
    pack: str = ""
    agent: str = ""
    strong: str = ""
    metric: str = "quality"
    replay: Replay = Replay.LEAVE_OUT
    answer_tokens: int = 1024
    judge_tokens: int = 4096
    concurrency: int = 4
    stages: Stages = field(default_factory=Stages)
    fresh: bool = True
    temperature: float | None = None
    max_usd_per_day: float | None = None
    max_calls_per_day: int | None = None
    run: str = ""
    max_usd_per_run: float | None = None
    max_calls_per_run: int | None = None
    besides: bool = False
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)


_TEXTS = ("cases", "rubric", "judge", "pack", "agent", "strong", "metric", "run")
_NEEDED = ("behavior", "cases", "rubric", "judge")
_WHOLE = ("answer_tokens", "judge_tokens", "concurrency", "max_calls_per_day", "max_calls_per_run", "seed")
_FLAGS = ("fresh", "besides")
_MAY_BE_0 = ("seed", "temperature", "max_usd_per_day", "max_calls_per_day", "max_usd_per_run", "max_calls_per_run")
_SHARES = ("share", "unsure_below")
_RUN = ("run", "max_usd_per_run")
_KEYS = (
    *_NEEDED,
    "pack",
    "agent",
    "strong",
    "metric",
    "replay",
    *_WHOLE,
    *_SHARES,
    "max_usd_per_day",
    *_FLAGS,
    *_RUN,
    "temperature",
    "endpoints",
    "prices",
)


def parse(table: Mapping[str, Any], where: str) -> Instrument:
    """Read the settings of a judge. Raises AutotuneError that names the file and the key."""
    unknown = next((key for key in table if key not in _KEYS), None)
    if unknown is not None:
        raise AutotuneError(f"{where} has an unknown key {unknown}.", f"the keys are {', '.join(_KEYS)}")
    for key in _NEEDED:
        if key not in table:
            raise AutotuneError(f"{where} lacks {key}.", f"it needs {', '.join(_NEEDED)}")
    values: dict[str, Any] = {key: _checked(key, value, where) for key, value in table.items()}
    stages = Stages(**{key: values.pop(key) for key in ("share", "unsure_below", "seed") if key in values})
    found = Instrument(**values, stages=stages)
    for name in filter(None, (found.judge, found.strong, found.agent)):
        naming.parse(name)
    if found.agent and not found.pack:
        raise AutotuneError(f"{where} names an agent and no pack.", "say in pack which file the agent is to go by")
    return found


def _checked(key: str, value: object, where: str) -> object:
    match key:
        case "behavior":
            return _one_of(Behavior, value, key, where)
        case "replay":
            return _one_of(Replay, value, key, where)
        case "endpoints":
            return dict(endpoints(value, where))
        case "prices":
            return prices.table({"models": value if isinstance(value, Mapping) else {"prices": value}}, where)
    return _plain(key, value, where)


def _plain(key: str, value: object, where: str) -> object:
    """Read a text, a number, or true and false."""
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise AutotuneError(f"{key} in {where} is neither true nor false.", "write true or false")
        return value
    if key in _TEXTS:
        if not isinstance(value, str) or (key in {*_NEEDED, "metric"} and not value.strip()):
            raise AutotuneError(f"{key} in {where} is no text.", "write it in quotes")
        return value
    return _number(key, value, where)


def _number(key: str, value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int if key in _WHOLE else int | float):
        raise AutotuneError(f"{key} in {where} is no number.", "write a whole number" if key in _WHOLE else "write a number")
    least, most = (0.0, 1.0) if key in _SHARES else (0.0 if key in _MAY_BE_0 else 1.0, math.inf)
    if not least <= value <= most or math.isinf(value):
        bounds = f"from {least:g} to {most:g}" if most < math.inf else f"at least {least:g}"
        raise AutotuneError(f"{key} in {where} is {value}.", f"it has to be {bounds}")
    return value if key in _WHOLE else float(value)


def endpoints(value: object, where: str) -> Iterator[tuple[str, Endpoint]]:
    """Read where services are: a table for each backend, with `url`, `key` or both."""
    for backend, entry in (value if isinstance(value, Mapping) else {"endpoints": value}).items():
        texts = list(entry.values()) if isinstance(entry, Mapping) else [None]
        if not isinstance(entry, Mapping) or not set(entry) <= {"url", "key"} or not all(isinstance(one, str) for one in texts):
            raise AutotuneError(
                f"endpoints.{backend} in {where} is no table of url and key.", 'write { url = "https://…", key = "VARIABLE" }'
            )
        yield backend, naming.elsewhere(backend, entry.get("url"), entry.get("key"))


def _one_of(kind: type[StrEnum], value: object, key: str, where: str) -> StrEnum:
    if value not in {str(one) for one in kind}:
        raise AutotuneError(f"{key} in {where} is `{value}`.", f"it can be {', '.join(kind)}")
    return kind(str(value))
