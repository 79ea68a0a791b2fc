"""What a judge's run measures with: the file that says it, read strictly. Another instrument is another measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from autotune.core.asking import naming, prices
from autotune.core.asking.naming import Endpoint
from autotune.core.asking.prices import Price
from autotune.core.config import instruments
from autotune.core.judging.stages import Stages
from autotune.core.records.behaviors import Behavior
from autotune.errors import AutotuneError

USUAL_USD = 5.0


class Replay(StrEnum):
    """What becomes of recorded tool calls and memory where the agent's model answers anew."""

    LEAVE_OUT = "leave out"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Instrument:
    """The settings of a judge. Paths are as they are written. `strong` and `agent` may be empty: no second stage, recorded answers.

    `concurrency` is how many cases are worked at once; the caps hold for a day (UTC). Where none on money is said, `USUAL_USD` holds, if
    prices are known. Where `fresh`, the agent gives another answer in each run, so that its luck with one answer does not stay. `run`
    names the run whose caps its calls share, such as that of a search. Where `besides`, guardrails' metrics are printed too.
    `temperature` is the judges', None what they have by themselves.
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


def parse(table: Mapping[str, Any], where: str) -> Instrument:
    """Read the settings of a judge. Raises AutotuneError that names the file and the key."""
    values = instruments.values(table, where, Instrument, Stages, endpoints=endpoints, prices=prices.table)
    stages = Stages(**{one.name: values.pop(one.name) for one in fields(Stages) if one.name in values})
    found = Instrument(**values, stages=stages)
    for name in filter(None, (found.judge, found.strong, found.agent)):
        naming.parse(name)
    if found.agent and not found.pack:
        raise AutotuneError(f"{where} names an agent and no pack.", "set `pack` to the file of the pack that the agent gets")
    return found


def endpoints(value: object, where: str) -> dict[str, Endpoint]:
    """Read where services are: a table for each backend, with `url`, `key` and a table of `headers`, or some of them."""
    found = {}
    for backend, entry in (value if isinstance(value, Mapping) else {"endpoints": value}).items():
        if not isinstance(entry, Mapping) or not set(entry) <= {"url", "key", "headers"} or not _is_text({**entry, "headers": ""}):
            raise AutotuneError(
                f"endpoints.{backend} in {where} is no table of url and key.", 'write { url = "https://…", key = "VARIABLE" }'
            )
        headers = entry.get("headers", {})
        if not _is_text(headers):
            raise AutotuneError(f"headers of endpoints.{backend} in {where} are no table of texts.", 'write { X-Title = "…" }')
        found[backend] = replace(naming.elsewhere(backend, entry.get("url"), entry.get("key")), headers=tuple(headers.items()))
    return found


def _is_text(table: object) -> bool:
    return isinstance(table, Mapping) and all(isinstance(one, str) for one in table.values())
