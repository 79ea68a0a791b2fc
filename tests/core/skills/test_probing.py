"""The settings of a probe, read strictly and written."""

from __future__ import annotations

import tomllib

import pytest

from autotune.core.skills.probing import Client, Measures, Probing, parse, written
from autotune.errors import AutotuneError

LEAST = {"skill": "notes", "suite": "suite.jsonl"}


def test_what_is_not_said_is_as_by_default() -> None:
    assert parse(LEAST, "probe.toml") == Probing("notes", "suite.jsonl")
    assert parse(LEAST, "probe.toml").metric == "routing"


@pytest.mark.parametrize(
    "settings",
    [
        Probing("notes", "suite.jsonl"),
        Probing(
            "a b",
            "s",
            Measures.ROUTING_HOST,
            Client.CODEX,
            "m",
            5,
            2,
            4,
            30.5,
            1,
            0.5,
            ("~/x", "y"),
            ("A.md",),
            "c",
            max_usd_per_day=2.5,
            max_calls_per_day=100,
            transcripts=True,
        ),
        Probing("é", "s", Measures.ROUTING_JUDGE, judge="script:judge", siblings=()),
    ],
)
def test_settings_that_are_written_are_read_as_they_were(settings: Probing) -> None:
    assert parse(tomllib.loads(written(settings)), "probe.toml") == settings


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"modle": "x"}, "modle"),
        ({"skill": " "}, "skill"),
        ({"skill": 3}, "skill"),
        ({"instrument": "eye"}, "instrument"),
        ({"host": "emacs"}, "host"),
        ({"samples": 0}, "samples"),
        ({"samples": 1.5}, "samples"),
        ({"samples": True}, "samples"),
        ({"most_failed": 1.5}, "most_failed"),
        ({"timeout_s": float("inf")}, "timeout_s"),
        ({"max_usd_per_day": -1}, "max_usd_per_day"),
        ({"siblings": "x"}, "siblings"),
        ({"sees": [1]}, "sees"),
        ({"transcripts": "no"}, "transcripts"),
        ({"instrument": "routing-judge"}, "judge"),
        ({"instrument": "task", "host": "codex"}, "codex"),
        ({"judge": "nonsense"}, "nonsense"),
    ],
)
def test_what_cannot_be_is_refused_by_name(more: dict[str, object], named: str) -> None:
    with pytest.raises(AutotuneError, match=named):
        parse({**LEAST, **more}, "probe.toml")


@pytest.mark.parametrize("key", LEAST)
def test_what_is_needed_is_asked_for(key: str) -> None:
    with pytest.raises(AutotuneError, match=key):
        parse({name: value for name, value in LEAST.items() if name != key}, "probe.toml")
