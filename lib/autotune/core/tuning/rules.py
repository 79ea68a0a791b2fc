"""By which rules figures change the numbers of behavior.json.

A rule acts only where the whole interval of its figure lies beyond a threshold, and only on enough traces: a rate that could be luck
changes nothing. Between two thresholds a number goes back to the middle only where the whole interval lies there. So a figure near a
threshold leaves the number as it is, from either side. Thresholds and values are those of the tool that this follows.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from autotune.core.tuning.measured import Figure, Figures, What
from autotune.core.tuning.numbers import Numbers, Style

FEWEST = 50  # traces that a rule needs: below, intervals are wide and traces of one day are much alike
_OFTEN = 0.4  # of traces that call tools: below, few failures say little of more calls
_GOOD, _BAD = 0.85, 0.6  # scores


@dataclass(frozen=True, slots=True)
class Change:
    """A number that changes: from and to, and by which figure."""

    name: str
    before: float | str
    after: float | str
    by: What
    figure: Figure


@dataclass(frozen=True, slots=True)
class _Band:
    """A rule: what a number is where a figure lies below, between or above two thresholds."""

    what: What
    name: str
    low: float
    high: float
    below: float | Style
    between: float | Style
    above: float | Style


_BANDS = (
    _Band(What.TOOL_FAILURES, "tool_calling_bias", 0.05, 0.2, 0.65, 0.5, 0.35),
    _Band(What.CHARACTERS, "response_style", 400, 2000, Style.DETAILED, Style.BALANCED, Style.CONCISE),
    _Band(What.FACTS, "memory_importance_threshold", 0.6, 2.5, 0.45, 0.55, 0.7),
    _Band(What.ERRORS, "caution_bias", 0.03, 0.12, 0.45, 0.5, 0.7),
)


def tuned(
    before: Numbers, figures: Figures, fewest: int = FEWEST, refused: Collection[tuple[str, float | str]] = ()
) -> tuple[Numbers, tuple[Change, ...]]:
    """What the numbers become, and why. Without a figure that is sure, all stays; `refused` are values that were taken back before."""
    wanted = {band.name: (value, band.what) for band in _BANDS if (value := _of_band(band, figures, max(FEWEST, fewest))) is not None} | {
        name: (value, What.QUALITY) for name, value in _of_quality(figures.get(What.QUALITY)).items()
    }
    changes = tuple(
        Change(name, getattr(before, name), value, what, figures[what])
        for name, (value, what) in wanted.items()
        if value != getattr(before, name) and (name, value) not in refused
    )
    after: dict[str, Any] = {one.name: one.after for one in changes}
    return replace(before, **after), changes


def is_worse(before: Figures, since: Figures) -> bool:
    """Whether a change has made errors more frequent: both intervals apart, on enough traces."""
    old, new = before.get(What.ERRORS), since.get(What.ERRORS)
    return old is not None and new is not None and min(old.of, new.of) >= FEWEST and new.low > old.high


def _of_band(band: _Band, figures: Figures, fewest: int) -> float | Style | None:
    figure = figures.get(band.what)
    if figure is None or figure.of < fewest:
        return None
    if figure.low > band.high:
        return band.above
    if figure.high < band.low:
        return band.below if band.what is not What.TOOL_FAILURES or _is_often(figures) else band.between
    return band.between if band.low <= figure.low and figure.high <= band.high else None


def _is_often(figures: Figures) -> bool:
    use = figures.get(What.TOOL_USE)
    return use is not None and use.low > _OFTEN


def _of_quality(figure: Figure | None) -> dict[str, float | Style]:
    """What a judge's scores ask for; few scores do where they are far enough beyond."""
    if figure is None or not math.isfinite(figure.low):
        return {}
    if figure.high < _BAD:
        return {"response_style": Style.DETAILED, "caution_bias": 0.75}
    return {"response_style": Style.CONCISE} if figure.low > _GOOD else {}
