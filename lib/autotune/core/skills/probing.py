"""What a probe of a skill measures with: the file that says it, read strictly. Another instrument is another measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import partial
from typing import Any

from autotune.core.asking import naming
from autotune.core.config import instruments
from autotune.errors import AutotuneError

USUAL_USD = 10.0


class Measures(StrEnum):
    """The instruments. No comparison mixes two of them."""

    ROUTING_HOST = "routing-host"
    ROUTING_JUDGE = "routing-judge"
    TASK = "task"


METRICS = {Measures.ROUTING_HOST: "routing", Measures.ROUTING_JUDGE: "routing_judge", Measures.TASK: "task"}
"""What each instrument's metric is called."""


class Client(StrEnum):
    """The clients that a skill can be probed in."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    OPENCODE = "opencode"


@dataclass(frozen=True, slots=True)
class Probing:
    """The settings of a probe. Paths are as they are written, and relative to the folder of the file.

    `skill` is the skill's folder, `suite` the file of its cases. `model` may be empty: the client's own choice. `samples` is how often each
    query is put, `turns` after how many responses of the model a query counts as silent, `tries` how often a probe that failed is made.
    More than `most_failed` of all probes failing make a run void. `siblings` are folders that hold skills; None is the folder that the
    skill lies in and the user's own. `sees` are files of the user's that the model finds in the project. `config` is where the client's
    own settings are, `judge` the model that judges. Tasks are done in a `sandbox`. The caps hold for a day (UTC),
    and `max_usd_per_run` for all that is written down under the name `run`. Where no cap on money is said, `USUAL_USD` holds, if prices
    are known.
    """

    skill: str
    suite: str
    instrument: Measures = Measures.ROUTING_HOST
    host: Client = Client.CLAUDE_CODE
    model: str = ""
    samples: int = 3
    turns: int = 3
    together: int | None = None
    timeout_s: float = 120.0
    tries: int = 2
    most_failed: float = 0.2
    siblings: tuple[str, ...] | None = None
    sees: tuple[str, ...] = ()
    config: str = ""
    judge: str = ""
    transcripts: bool = False
    sandbox: bool = True
    max_usd_per_day: float | None = None
    max_calls_per_day: int | None = None
    run: str = ""
    max_usd_per_run: float | None = None

    @property
    def metric(self) -> str:
        """The name of the metric."""
        return METRICS[self.instrument]


def parse(table: Mapping[str, Any], where: str) -> Probing:
    """Read the settings of a probe. Raises AutotuneError that names the file and the key."""
    own = {key: partial(_listed, key) for key in ("siblings", "sees")}
    return checked(Probing(**instruments.values(table, where, Probing, **own)), where)


def checked(found: Probing, where: str) -> Probing:
    """Give settings that go together. Raises AutotuneError where they do not."""
    if found.instrument is Measures.ROUTING_JUDGE and not found.judge:
        raise AutotuneError(f"{where} names no judge.", 'name the model that judges, as judge = "anthropic:claude-haiku-4-5"')
    if found.instrument is Measures.TASK and found.host is not Client.CLAUDE_CODE:
        raise AutotuneError(f"{where} has tasks done in {found.host}.", 'say host = "claude-code": tasks are done in no other client yet')
    if found.judge:
        naming.parse(found.judge)
    return found


def written(settings: Probing) -> str:
    """Write settings as TOML; what is as by default is left out."""
    usual = Probing(settings.skill, "")
    lines = [f"skill = {json.dumps(settings.skill, ensure_ascii=False)}"]
    for one in fields(Probing)[1:]:
        value = getattr(settings, one.name)
        if value != getattr(usual, one.name):
            lines.append(f"{one.name} = {json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _listed(key: str, value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise AutotuneError(f"{key} in {where} is no list of texts.", 'write it as ["~/.claude/skills"]')
    return tuple(value)
