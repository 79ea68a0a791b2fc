"""What was found in a tool's results: values by metric and case, what is no value, and what was left aside."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from autotune.core.codec import TooDeep, read_json
from autotune.core.facts import Fact, UnreadError
from autotune.core.findings import LeftAside, Unread
from autotune.core.output.metrics import (
    LONGEST_NAME,
    LONGEST_QUOTE,
    MOST_MALFORMED,
    MOST_NAMES,
    RESERVED,
    MalformedLine,
    MetricReport,
    Printed,
    is_name,
    normalised,
)
from autotune.core.output.sources import stem
from autotune.core.stats.noise import median

_OTHERS = re.compile(r"[^\w.\-/%\[\]]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that was written or printed: `stdout`, `stderr`, or a file's path."""

    name: str
    content: bytes

    @property
    def text(self) -> str:
        """The content as text. Raises UnreadError where it is none."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            raise UnreadError(Unread.NOT_UTF8, byte=wrong.start, file=self.name) from None

    @property
    def lines(self) -> Iterator[str]:
        """What was printed, line by line, without colours and overwritten progress; what is no text is replaced."""
        for line in self.content.decode("utf-8", "replace").split("\n"):
            yield COLOURS.sub("", line.rstrip("\r").rpartition("\r")[2])

    def json(self) -> object:
        """The content as JSON. Raises UnreadError where it is none."""
        try:
            found: object = read_json(self.text)
        except TooDeep:
            raise UnreadError(Unread.NESTED_TOO_DEEPLY) from None
        except ValueError as wrong:
            raise (UnreadError(Unread.NOT_JSON, error=str(wrong)) if self.content.strip() else UnreadError(Unread.EMPTY)) from None
        return found


@dataclass(slots=True)
class Reading:
    """What the documents say. A name may have several values; of these the median counts.

    `put` takes a value under the tool's own names. `ignored` counts, by what it is, what was left aside on purpose.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    malformed: list[MalformedLine] = field(default_factory=list)
    ignored: Counter[LeftAside] = field(default_factory=Counter)
    _called: dict[str, str] = field(default_factory=dict)

    def put(self, metric: str, case: str, *values: object, time: bool = False, scale: float = 1.0) -> None:
        """Take the values of a metric, of one case or of none, each times `scale`. What is no value is malformed.

        A value is a number, or text that is one. `time` is what cannot be below 0.
        """
        said, name = f"{metric}[{case}]" if case else metric, name_for(metric, case)
        for value in values:
            number = finite(value)
            if number is None:
                self.reject(metric, case, f"{said} = {_shown(value)}", Fact(Unread.NOT_FINITE))
            elif time and number < 0:
                self.reject(metric, case, f"{said} = {number:g}", Fact(Unread.TIME_BELOW_ZERO))
            elif (other := self._called.setdefault(name, said)) != said:
                self.reject(metric, case, said, Fact(Unread.NAME_TAKEN, {"other": other, "name": name}))
            elif not is_name(name) or name.startswith(RESERVED):
                self.reject(metric, case, said, Fact(Unread.NO_METRIC_NAME, {"most": LONGEST_NAME}))
            elif name not in self.values and len(self.values) >= MOST_NAMES:
                self.ignored[LeftAside.MORE_NAMES] += 1
            else:
                self.values.setdefault(name, []).append(number * scale)

    def reject(self, metric: str, case: str, text: str, why: Fact) -> None:
        """Take note of something that should be a value of this name and is none: the name has none then."""
        self.malformed.append(MalformedLine(None, text[:LONGEST_QUOTE], name_for(metric, case), why))

    @property
    def report(self) -> MetricReport:
        """The same as what METRIC lines are made into: the median of a name's values counts, number and range of all are known.

        A metric of one benchmark alone has its plain name too: it is no metric of cases.
        """
        spoilt: dict[str, MalformedLine] = {}
        for line in self.malformed:
            spoilt.setdefault(line.name or "", line)
        printed = {name: _printed(values) for name, values in self.values.items() if name not in spoilt}
        cases = Counter(stem(name) for name in printed)
        alone = {stem(name): one for name, one in printed.items() if cases[stem(name)] == 1 and stem(name) not in spoilt}
        malformed = tuple(self.malformed[:MOST_MALFORMED])
        return MetricReport({**alone, **printed}, malformed, len(self.malformed), spoilt, ignored=tuple(self.ignored.items()))


def name_for(metric: str, case: str = "") -> str:
    """A metric's name, of a case or of none, with `_` for what a name cannot hold."""
    said = f"{_OTHERS.sub('_', normalised(metric))}[{_OTHERS.sub('_', normalised(case))}]" if case else _OTHERS.sub("_", normalised(metric))
    return said if said[:1].isalnum() or said.startswith("_") else f"_{said}"


def labels(named: Iterable[tuple[str, str]]) -> list[str]:
    """What each of some benchmarks is called: by its short name, or where that means several, by its long one."""
    pairs = list(named)
    meant: dict[str, set[str]] = {}
    for short, long in pairs:
        meant.setdefault(short, set()).add(long)
    return [short if len(meant[short]) == 1 else long for short, long in pairs]


def numbers_of(entry: Mapping[str, object]) -> Iterator[tuple[str, Sequence[object]]]:
    """The fields of a JSON object that are numbers or lists of numbers; what is a flag, text or null is none."""
    for key, value in entry.items():
        if _is_numeric(value):
            yield key, (value,)
        elif isinstance(value, list) and value and all(map(_is_numeric, value)):
            yield key, value


def objects(value: object, what: str) -> list[Mapping[str, object]]:
    """A list of JSON objects, at least one. Raises UnreadError that names what it should be."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UnreadError(Unread.NO_LIST, what=what)
    if not value:
        raise UnreadError(Unread.EMPTY_LIST, what=what)
    return value


def object_of(value: object, what: str) -> Mapping[str, object]:
    """A JSON object. Raises UnreadError that names what it should be."""
    if not isinstance(value, dict):
        raise UnreadError(Unread.LACKS, what=what)
    return value


def text_of(entry: Mapping[str, object], *keys: str) -> str:
    """The first of these fields that is text. Raises UnreadError where there is none."""
    for key in keys:
        if isinstance(value := entry.get(key), str) and value:
            return value
    raise UnreadError(Unread.BENCHMARK_LACKS, what=keys[0])


def _is_numeric(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def finite(value: object) -> float | None:
    """A number, or what text says in plain digits, as a float; None for what is neither, or not finite."""
    if not (_is_numeric(value) or (isinstance(value, str) and _DECIMAL.fullmatch(value))):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def no_constant(name: str) -> NoReturn:
    """Refuse NaN and infinities where JSON is read: they are none of it."""
    raise ValueError(name)


def _shown(value: object) -> str:
    try:
        text = str(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return "a huge number"
    return text[:80]


def _printed(values: Sequence[float]) -> Printed:
    return Printed(median(values), len(values), values[0], min(values), max(values))
