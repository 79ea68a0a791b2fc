"""What a Config knows of itself."""

from __future__ import annotations

import pytest
from tests.core.config.configs import with_

from autotune.core.config.reading import parse


@pytest.mark.parametrize(
    ("settings", "timed"),
    [
        ({}, True),
        ({"metric": "autotune.wall_s"}, True),
        ({"unit": "ms"}, True),
        ({"unit": "MB/s"}, True),
        ({"unit": "ms per file"}, True),
        ({"metric": "lines_per_s"}, True),
        ({"metric": "score"}, True),
        ({"unit": "bytes"}, False),
        ({"unit": "kB (gzip)"}, False),
        ({"unit": "KiB"}, False),
        ({"unit": "instructions"}, False),
        ({"unit": "failing tests"}, False),
        ({"metric": "bundle_bytes"}, False),
        ({"metric": "bundle/gzip_kb"}, False),
        ({"metric": "binary.size"}, False),
        ({"metric": "size", "unit": "points"}, True),
        ({"metric": "autotune.peak_rss_mb"}, False),
        ({"unit": "bytes", "timed": True}, True),
        ({"unit": "ms", "timed": False}, False),
        ({"unit": "bytes", "guardrails": ["passed >= 10"]}, False),
        ({"unit": "bytes", "guardrails": ["autotune.wall_s <= 1.1x"]}, True),
        ({"unit": "bytes", "guardrails": ["build_ms <= 1.1x"]}, True),
        ({"unit": "bytes", "guardrails": ["requests_per_day >= 0.9x"]}, True),
        ({"unit": "bytes", "guardrails": ["latency_p95 <= 1.1x"], "timed": False}, False),
    ],
)
def test_what_is_in_bytes_or_counted_measures_no_time_unless_a_guardrail_does_or_a_person_says_otherwise(
    settings: dict[str, object],
    timed: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    assert parse(with_(**settings)).measures_time is timed


def test_what_calibration_found_is_its_own_while_nobody_has_set_another_value() -> None:
    found = parse(with_(min_effect=0.15, min_effect_found=0.15)).without_findings
    assert (found.min_effect, found.min_effect_found) == (0.0, 0.0)
    theirs = parse(with_(min_effect=0.02, min_effect_found=0.15)).without_findings
    assert (theirs.min_effect, theirs.min_effect_found) == (0.02, 0.0)
    assert parse(with_(min_effect=0.02)).without_findings.min_effect == 0.02


def test_the_command_is_what_is_tuned_where_something_else_measures_it() -> None:
    assert [parse(with_(metric=metric, read=read)).command_is_tuned for metric, read in (("t", ""), ("autotune.wall_s", ""))] == [
        False,
        True,
    ]
    assert [parse(with_(read=read)).command_is_tuned for read in ("go", "hyperfine")] == [False, True]
