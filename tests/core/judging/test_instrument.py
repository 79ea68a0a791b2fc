"""The settings of a judge are read strictly."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.asking.limits import NONE
from autotune.core.asking.prices import Price
from autotune.core.judging.instrument import Instrument, Replay, parse
from autotune.core.judging.stages import Stages
from autotune.core.records.behaviors import Behavior
from autotune.errors import AutotuneError

LEAST: dict[str, Any] = {"behavior": "response-quality", "cases": "cases.jsonl", "rubric": "quality.toml", "judge": "script:echo"}


def test_what_is_left_out_has_its_default() -> None:
    assert parse(LEAST, "judge.toml") == Instrument(Behavior.RESPONSE_QUALITY, "cases.jsonl", "quality.toml", "script:echo")


def test_all_can_be_said() -> None:
    more = {"pack": "p.json", "agent": "script:a", "strong": "script:b", "metric": "good", "replay": "recorded", "answer_tokens": 9}
    found = parse({**LEAST, **more, "share": 0.2, "seed": 3, "unsure_below": 1, "max_usd_per_day": 2, "fresh": False}, "judge.toml")
    assert (found.replay, found.stages, found.max_usd_per_day, found.fresh) == (Replay.RECORDED, Stages(0.2, 1.0, 3), 2.0, False)
    assert parse({**LEAST, "max_usd_per_day": "none"}, "judge.toml").max_usd_per_day == NONE
    mine = parse({**LEAST, "run": "r", "max_usd_per_run": 0, "max_calls_per_run": 9, "besides": True}, "judge.toml")
    assert (mine.run, mine.max_usd_per_run, mine.max_calls_per_run, mine.besides) == ("r", 0.0, 9, True)
    assert (found.pack, found.agent, found.strong, found.metric, found.answer_tokens) == ("p.json", "script:a", "script:b", "good", 9)


@pytest.mark.parametrize(
    ("differing", "named"),
    [
        ({"behaviour": "x"}, "behaviour"),
        ({"behavior": "quality"}, "behavior"),
        ({"behavior": 3}, "behavior"),
        ({"cases": ""}, "cases"),
        ({"judge": 3}, "judge"),
        ({"judge": "nobody:x"}, "nobody"),
        ({"strong": "x"}, "x"),
        ({"agent": "script:a"}, "pack"),
        ({"replay": "all"}, "replay"),
        ({"share": 1.5}, "share"),
        ({"share": -0.1}, "share"),
        ({"unsure_below": "low"}, "unsure_below"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 1.5}, "concurrency"),
        ({"seed": True}, "seed"),
        ({"max_usd_per_day": float("inf")}, "max_usd_per_day"),
        ({"max_usd_per_day": float("nan")}, "max_usd_per_day"),
        ({"max_calls_per_day": -1}, "max_calls_per_day"),
        ({"max_calls_per_day": "none"}, "max_calls_per_day"),
        ({"max_usd_per_run": "none"}, "max_usd_per_run"),
        ({"fresh": 1}, "fresh"),
        ({"besides": "yes"}, "besides"),
        ({"run": 3}, "run"),
        ({"max_usd_per_run": -1}, "max_usd_per_run"),
        ({"metric": " "}, "metric"),
        ({"endpoints": 3}, "endpoints"),
        ({"endpoints": {"openai": "http://x"}}, "endpoints.openai"),
        ({"endpoints": {"openai": {"url": 3}}}, "endpoints.openai"),
        ({"endpoints": {"openai": {"base": "x"}}}, "endpoints.openai"),
        ({"endpoints": {"openai": {"headers": "x"}}}, "endpoints.openai"),
        ({"endpoints": {"openai": {"headers": {"X-Title": 3}}}}, "endpoints.openai"),
        ({"endpoints": {"nobody": {"url": "http://x"}}}, "nobody"),
        ({"prices": 3}, "prices"),
        ({"prices": {"m": {"read": 3}}}, "written"),
    ],
)
def test_what_is_wrong_is_named(differing: dict[str, Any], named: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        parse({**LEAST, **differing}, "judge.toml")
    assert named in refused.value.message


def test_services_can_be_elsewhere_and_prices_set() -> None:
    openai = {"url": "http://x/v1", "key": "MINE", "headers": {"X-Title": "Mine"}}
    more = {"endpoints": {"openai": openai}, "prices": {"m": {"read": 1, "written": 2.5}}}
    found = parse({**LEAST, **more}, "judge.toml")
    assert (found.endpoints["openai"].url, found.endpoints["openai"].key) == ("http://x/v1", "MINE")
    assert found.endpoints["openai"].headers == (("X-Title", "Mine"),)
    assert found.prices == {"m": Price(1, 2.5)}


@pytest.mark.parametrize("key", LEAST)
def test_what_is_needed_is_asked_for(key: str) -> None:
    with pytest.raises(AutotuneError, match=key):
        parse({name: value for name, value in LEAST.items() if name != key}, "judge.toml")
