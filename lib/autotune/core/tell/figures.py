"""Numbers, lengths of time and exit codes as people read them: in as few characters as are honest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from autotune.core.escaping import escaped
from autotune.core.facts import NAMED
from autotune.core.model import Effect

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIGURES = 4
_TEN_CENTS = 0.1
MOST_FIGURES = 17  # a float holds no more
PLAIN_FROM, PLAIN_BELOW = 1e-4, 1e15  # beyond, powers of ten read better than zeros
ONE_SIZE = 2  # powers of ten between numbers that are written with as many decimals each
TWICE = 2.0  # a ratio from which nothing can be said as `lower` in percent: it would be lower by -100 % and more
TIMES_FROM = 10.0  # a ratio from which `12.3 times` reads better than `1130 % higher`
TIMES_BELOW = 1e-4  # and one below which it reads better than `99.9954 % lower` in a column
WIDE_DIFFERENCE = 1e9  # a difference from which decimals stand in the way
_SIGNALS = {
    1: "hangup",
    2: "interrupted",
    3: "quit",
    4: "illegal instruction",
    5: "trace trap",
    6: "aborted",
    7: "bus error",
    8: "arithmetic error",
    9: "killed",
    10: "user signal 1",
    11: "segmentation fault",
    12: "user signal 2",
    13: "broken pipe",
    14: "alarm",
    15: "terminated",
    24: "processor time limit exceeded",
    25: "file size limit exceeded",
    31: "forbidden system call",
}
SAME = "no different"  # an effect of nothing
_EXITS = {126: "the command cannot be executed", 127: "a command was not found"}


def number(value: float, step: float = 0.0, *, figures: int = FIGURES) -> str:
    """A number in as few figures as are honest: `figures`, and more where `step`, a difference that matters, needs them to be seen.

    Rounding never lifts a number to the next power of ten (0.9979 is not 1.00, 99.96 is not 100) and never makes 0 of anything else.
    Whole numbers below 1e15 are exact. `float` of the text is the value to within half a unit of the last figure.
    """
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite" if value > 0 else "-infinite"
    if value == int(value) and abs(value) < PLAIN_BELOW:
        return str(int(value))
    place = _place(repr(value))
    wanted = min(max(figures, place - _place(repr(step)) + 2 if 0 < step < math.inf else 0), MOST_FIGURES)
    if PLAIN_FROM <= abs(value) < PLAIN_BELOW:
        return _rounded(value, place, max(0, wanted - 1 - place), "f")
    return _rounded(value, place, wanted - 1, "e")


@dataclass(frozen=True, slots=True)
class Noise:
    """The spread of a single run: its standard deviation in the metric's unit, or as a share of the value where `relative`."""

    sigma: float = 0.0
    relative: bool = False

    def at(self, value: float) -> float:
        """The standard deviation at a value."""
        return self.sigma * abs(value) if self.relative else self.sigma


NO_NOISE = Noise()


def numbers(values: Sequence[float], noise: Noise = NO_NOISE) -> tuple[str, ...]:
    """Numbers to be read beside each other: what differs looks different, and what is of one size has as many decimals each.

    Where there is noise, differences far below it need not show.
    """
    ordered = sorted(set(values))
    gap = 0.0 if noise.sigma else min((later - earlier for earlier, later in pairwise(ordered)), default=0.0)
    alone = tuple(number(value, noise.at(value) or gap) for value in values)
    if any("e" in text for text in alone) or not all(map(math.isfinite, values)) or not _of_one_size(values):
        return alone
    decimals = max((len(text.partition(".")[2]) for text in alone), default=0)
    return tuple(f"{value + 0.0:.{decimals}f}" for value in values)


def _of_one_size(values: Sequence[float]) -> bool:
    places = [_place(repr(value)) for value in values if value]
    return max(places, default=0) - min(places, default=0) <= ONE_SIZE


def _place(text: str) -> int:
    """The power of ten of the first figure of a written number that is not 0."""
    digits, _, power = text.lstrip("-").partition("e")
    whole, _, decimals = digits.partition(".")
    first = len(whole) - 1 if whole.strip("0") else len(decimals.lstrip("0")) - len(decimals) - 1
    return first + int(power or 0)


def _rounded(value: float, place: int, decimals: int, style: str) -> str:
    """A number with so many decimals, more where rounding would lift it to the next power of ten; zeros that say nothing are left out."""
    text = f"{value:.{decimals}{style}}"
    while _place(text) > place or not math.isfinite(float(text)):
        decimals += 1
        text = f"{value:.{decimals}{style}}"
    digits, _, power = text.partition("e")
    short = digits.rstrip("0").rstrip(".") if "." in digits else digits
    digits = short if float(f"{short}e{power or 0}") == value else digits
    return f"{digits}e{int(power)}" if power else digits


def with_unit(text: str, unit: str) -> str:
    """A figure and its unit."""
    return f"{text} {escaped(unit)}" if unit else text


def in_percent(share: float) -> str:
    """A share as `89 %`."""
    return f"{100 * share:.0f} %"


def _percent(share: float) -> float:
    """A share in percent, without the dust of binary fractions (1.001 - 1 is a hair less than 0.001)."""
    return float(f"{100 * share:.10g}")


def share_in_words(share: float, *, figures: int = FIGURES) -> str:
    """A share that a ratio exceeds 1 by: `2 %`, and `a factor of 3` from 1 on, since nothing gets lower by 200 %."""
    return f"{number(_percent(share), figures=figures)} %" if share < 1 else f"a factor of {number(1 + share, figures=figures)}"


def effect_in_words(effect: Effect, unit: str = "", *, between: bool = False) -> str:
    """An effect with its interval: `6.1 % lower [4.8, 7.5]`; `between` words the ends as a range, where too few pairs make an interval."""
    estimate, low, high = _parts(effect, unit)
    if effect.low == effect.high:
        return estimate
    return f"{estimate} (from {low} to {high})" if between else f"{estimate} [{low}, {high}]"


def estimate_in_words(effect: Effect, unit: str = "") -> str:
    """An effect without its interval, where that would say too much: `6.1 % lower`."""
    return _parts(effect, unit)[0]


def _parts(effect: Effect, unit: str) -> tuple[str, str, str]:
    """An effect's estimate in words, and its ends; very large ones by other means, so that no line is filled with figures."""
    estimate, low, high = (number(one, figures=3) for one in (effect.estimate, effect.low, effect.high))
    beyond_percent = effect.estimate < 1 and effect.high >= TWICE
    if effect.relative and (beyond_percent or max(effect.estimate, effect.low, effect.high) >= TIMES_FROM):
        return f"{estimate} times the value", low, high
    if not effect.relative and max(map(abs, (effect.estimate, effect.low, effect.high))) >= WIDE_DIFFERENCE:
        return with_unit(estimate, unit), low, high
    return _in_percent_or_units(effect, escaped(unit))


def _in_percent_or_units(effect: Effect, unit: str) -> tuple[str, str, str]:
    """An effect as people read it: `6.1 % lower`, `4.8` and `7.5`; ends on either side of nothing say so, `2.1 higher` and `7.5 lower`.

    The estimate is rounded to at least two figures, the ends outwards, so that no end looks better than it is; ends on either side of
    nothing by how far they are apart, for the estimate may be next to nothing.
    """
    if effect.relative:
        estimate, low, high, measure = 100 * (effect.estimate - 1), 100 * (effect.low - 1), 100 * (effect.high - 1), " %"
    else:
        estimate, low, high, measure = effect.estimate, effect.low, effect.high, f" {unit}" if unit else ""
    lower = estimate < 0
    if lower:
        estimate, low, high = -estimate, -high, -low
    decimals = _decimals(estimate, low, high)
    if lower and effect.relative:
        decimals = max(decimals, _decimals(100 - estimate))  # 99.98 % lower is not 100 % lower
    way, back = ("lower", "higher") if lower else ("higher", "lower")
    said = f"{estimate:.{decimals}f}{measure} {way}" if estimate else SAME
    down, up = _outwards(low, high, _decimals((high - low) / 2) if low < 0 < high else decimals)
    return (said, down, up) if estimate and low >= 0 else (said, f"{down.removeprefix('-')} {back}", f"{up} {way}")


def _decimals(*figures: float) -> int:
    """How many decimals show two figures of the first number that is not 0: one to nine."""
    first = next((abs(figure) for figure in figures if figure), 1.0)
    return min(max(1, 1 - math.floor(math.log10(first))), 9)


def _outwards(low: float, high: float, decimals: int) -> tuple[str, str]:
    """The ends of an interval, rounded away from each other (a hair's allowance undoes the rounding of binary fractions)."""
    scale = 10**decimals
    down, up = math.floor(low * scale + 1e-6) / scale, math.ceil(high * scale - 1e-6) / scale
    return f"{down + 0.0:.{decimals}f}", f"{up + 0.0:.{decimals}f}"


def effect_in_short(effect: Effect) -> str:
    """An effect's estimate for a column: `-6.1 %`, `+0.012`; `x12.3` and `x2e-5` for ratios far from 1."""
    if effect.relative and not TIMES_BELOW < effect.estimate < TIMES_FROM:
        return f"x{number(effect.estimate, figures=3)}"
    estimate = _percent(effect.estimate - 1) if effect.relative else effect.estimate
    sign = "+" if estimate > 0 else ""
    figures = 2 if abs(estimate) < 10 else 3  # noqa: PLR2004 - one decimal at least
    return f"{sign}{number(estimate, figures=figures)}{' %' if effect.relative else ''}"


def interval_in_short(effect: Effect) -> str:
    """An effect's interval for a column, `[-7.6, -4.8]` in percent or the metric's unit, with ends rounded outwards; `x` before ratios."""
    low, high = effect.low, effect.high
    far = not TIMES_BELOW < low <= high < TIMES_FROM if effect.relative else max(abs(low), abs(high)) >= WIDE_DIFFERENCE
    if far:
        times = "x" if effect.relative else ""
        return f"[{times}{number(low, figures=3)}, {times}{number(high, figures=3)}]"
    if effect.relative:
        low, high = _percent(low - 1), _percent(high - 1)
    estimate = _percent(effect.estimate - 1) if effect.relative else effect.estimate
    down, up = _outwards(low, high, _decimals((high - low) / 2) if low < 0 < high else _decimals(estimate, low, high))
    return f"[{_signed(down)}, {_signed(up)}]"


def _signed(text: str) -> str:
    return f"+{text}" if float(text) > 0 else text


def duration(seconds: float) -> str:
    """A length of time in its two largest units, rounded down: `4.2 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`."""
    seconds = max(0.0, seconds)
    if seconds < 10:  # noqa: PLR2004 - below, the tenths matter
        return f"{math.floor(seconds * 10) / 10:.1f} s"
    days, rest = divmod(math.floor(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def about(seconds: float) -> str:
    """A length of time that is an estimate, in two figures: `40 ms`, `3.2 s`, `14 min`, `2.5 h`."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2g} ms"  # noqa: PLR2004 - two figures
    for bound, unit, size in ((60, "s", 1), (3600, "min", 60)):
        if seconds < bound:
            return f"{seconds / size:.2g} {unit}" if seconds / size < 10 else f"{seconds / size:.0f} {unit}"  # noqa: PLR2004 - two figures
    return f"{seconds / 3600:.1f} h"


def grouped(value: float) -> str:
    """A number rounded down to a whole one, in groups of three digits where it has more than four: `3400`, `442,430,437`."""
    rounded = math.floor(value)
    return f"{rounded:,}" if abs(rounded) >= 10_000 else str(rounded)  # noqa: PLR2004 - four digits are read at a glance


def in_odds(evidence: float) -> str:
    """Odds as people read them, `3400 : 1`, rounded down, so that no evidence looks like more than it is."""
    if evidence >= 10:  # noqa: PLR2004 - below, the decimals matter
        return f"{grouped(evidence)} : 1"
    return f"{math.floor(evidence * 100) / 100:.2f} : 1" if evidence >= 0.01 else "under 0.01 : 1"  # noqa: PLR2004


def money(dollars: float) -> str:
    """US dollars to the cent; less than ten cents with two figures."""
    return f"${dollars:.2f}" if dollars >= _TEN_CENTS or not dollars else f"${number(dollars, figures=2)}"


def at_most(usd: str, guessed: float) -> str:
    """What calls have cost, where a part of it is the most that it can be: `at most $0.52 ($0.40 of it guessed)`."""
    return f"at most {usd} ({money(guessed)} of it guessed)" if guessed else usd


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 run`, `2,000 runs`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], count: int | None = None) -> str:
    """The first of some names, safe to show, and how many more there are; `count` where not all are among them."""
    more = (len(names) if count is None else count) - min(len(names), NAMED)
    return ", ".join(map(escaped, names[:NAMED])) + (f" and {more} more" if more else "")


def ending(exit_code: int | None, signal: int | None) -> str:
    """How a process ended, in words: `exit 139 (segmentation fault)`."""
    if exit_code is not None and exit_code < 0:
        signal = -exit_code
    if signal is not None:
        return f"ended by signal {signal}" + _bracketed(_SIGNALS.get(signal))
    if exit_code is None:
        return "ended in an unknown way"
    return f"exit {exit_code}" + _bracketed(_EXITS.get(exit_code) or _SIGNALS.get(exit_code - 128))


def _bracketed(words: str | None) -> str:
    return f" ({words})" if words else ""


def minute(moment_ms: int) -> str:
    """A moment in milliseconds since 1970 (UTC), to the minute."""
    return f"{EPOCH + timedelta(milliseconds=moment_ms):%Y-%m-%d %H:%M}"


def day(moment_ms: int) -> str:
    """The day of a moment in milliseconds since 1970 (UTC)."""
    return (EPOCH + timedelta(milliseconds=moment_ms)).date().isoformat()
