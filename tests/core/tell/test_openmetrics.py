"""A session as OpenMetrics text: names, labels that cannot break out, and nothing where nothing is known."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.core.long_session import claimed, session
from tests.core.session import at, folded, segment

from autotune.core.ledger.events import Spent
from autotune.core.ledger.fold import begin
from autotune.core.model import Effect
from autotune.core.tell import openmetrics

SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+)\} (\S+)')


def read(text: str) -> dict[tuple[str, str], float]:
    """The figures by name and last label. Raises ValueError where a line is no sample."""
    *lines, end = text.splitlines()
    assert end == "# EOF"
    found = {}
    for line in lines:
        if not line.startswith(("# TYPE ", "# HELP ")):
            sample = SAMPLE.fullmatch(line)
            assert sample is not None, line
            found[sample[1], sample[2].rpartition("=")[2].strip('"')] = float(sample[3])
    return found


def test_figures_stand_by_name() -> None:
    state, _ = session(20, 0.3)
    found = read(openmetrics.text(folded(claimed(state), Spent(1.5, 900, "client", at(9))), at(10**5)))
    assert found["autotune_experiments_total", "keep"] == state.keeps
    assert found["autotune_claim_ratio", "estimate"] == 0.6
    assert (found["autotune_cost_usd_total", "lower"], found["autotune_tokens_total", "lower"]) == (1.5, 900)
    assert found["autotune_noise", "lower"] > 0


def test_what_is_not_known_is_left_out() -> None:
    names = {name for name, _ in read(openmetrics.text(begin(segment()), at(1)))}
    assert names.isdisjoint({"autotune_baseline", "autotune_noise", "autotune_cost_usd_total", "autotune_claim_ratio"})
    apart = claimed(begin(segment()), effect=Effect(-2.0, -3.0, -1.0, relative=False))
    assert ("autotune_claim_difference", "low") in read(openmetrics.text(apart, at(1)))


def test_labels_from_elsewhere_stay_labels() -> None:
    state = begin(replace(segment(), metric_name='a"} 1\nb\\'))
    assert "\nb" not in openmetrics.text(state, at(1))
    assert read(openmetrics.text(state, at(1)))
