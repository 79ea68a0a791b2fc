from __future__ import annotations

from pathlib import Path

import pytest

from autotune.core.asking.limits import NONE
from autotune.core.asking.request import Usage
from autotune.core.skills.probing import Client, Measures, Probing
from autotune.skills import metering
from autotune.skills.metering import Meter

TOKENS = Usage(1000, 50)


@pytest.mark.parametrize(
    ("calls", "used", "said", "several"),
    [(100, TOKENS, None, True), (None, TOKENS, None, False), (100, None, None, False), (100, TOKENS, 0.01, True)],
)
def test_where_nobody_says_what_a_probe_costs_a_cap_on_calls_alone_holds_several_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int | None, used: Usage | None, said: float | None, *, several: bool
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    settings = Probing("notes", "suite.jsonl", host=Client.CODEX, max_calls_per_day=calls, max_usd_per_day=10.0)
    with Meter(settings, "notes") as meter:
        assert not meter.lets_several
        ticket = meter.begin("a")
        assert ticket is not None
        meter.end(ticket, used, said, "")
        assert meter.lets_several is several
    with Meter(settings, "notes") as later:
        assert later.lets_several is several


@pytest.mark.parametrize(
    ("settings", "cap", "unbounded"),
    [
        (Probing("notes", "s"), None, ("claude-code's own choice",)),
        (Probing("notes", "s", max_calls_per_day=9), None, ()),
        (Probing("notes", "s", max_usd_per_day=NONE), None, ()),
        (Probing("notes", "s", max_usd_per_day=3.0), 3.0, ()),
        (Probing("notes", "s", model="claude-haiku-4-5"), 10.0, ()),
        (Probing("notes", "s", Measures.ROUTING_JUDGE, judge="anthropic:claude-haiku-4-5"), 10.0, ()),
        (Probing("notes", "s", Measures.ROUTING_JUDGE, judge="openai:mine"), None, ("openai:mine",)),
        (Probing("notes", "s", Measures.TASK, judge="openai:mine"), None, ("openai:mine", "claude-code's own choice")),
    ],
)
def test_where_prices_are_known_a_day_has_a_cap(settings: Probing, cap: float | None, unbounded: tuple[str, ...]) -> None:
    assert (metering.limits_of(settings)[1].usd, metering.uncapped(settings)) == (cap, unbounded)
