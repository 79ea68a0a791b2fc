r"""`METRIC name=value` lines made into samples.

A line ends with a line feed, a carriage return or both, so that `50%\rMETRIC a=1` is progress followed by a metric, and Windows line ends
need nothing special. Lines are numbered by their line feeds. A line that begins with `METRIC`, terminal sequences before it left aside, is
either a sample or malformed; every other line is no business of ours.

    METRIC        first on its line, or preceded by terminal sequences alone
    blank         one or more spaces or tabs
    name          Unicode letters, digits and _ . - / % µ [ ]; begins with a letter, digit or underscore; 200 characters; read as NFKC
    =             nothing around it
    number        decimal or scientific, signed or not, in ASCII digits; neither infinite nor too small to tell from 0
    end           white space and colour resets

A byte-order mark or a NUL byte spoils the line it stands in, at the very start of a stream too: the line is reported, the next one counts.
Memory is bounded whatever is printed. What lies past `LONGEST_LINE` bytes of a line is not kept; a metric line that long is malformed.
`MOST_NAMES` names are sampled. Of malformed lines the first few are kept, and the first of every name.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from autotune.core.facts import Fact, UnreadError
from autotune.core.findings import LeftAside, Unread

LONGEST_LINE = 4096
LONGEST_NAME = 200
MOST_NAMES = 10_000
MOST_MALFORMED = 20
MOST_SPOILT_NAMES = 1_000
LONGEST_QUOTE = 200
RESERVED = "autotune."

_WORD = b"METRIC"
_HEAD = re.compile(rb"((?:\x1b\[[0-?]*[ -/]*[@-~]|\x1b\(B|\x00|\xef\xbb\xbf)*)METRIC(?![0-9A-Za-z_])")
_NAME = re.compile(r"\w[\w.\-/%\[\]]*")
_PLAIN = re.compile(rb"METRIC[ \t]+([0-9A-Za-z_.\-/%\[\]]+)=([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?=[\r\n])")
_VALUE = re.compile(r"([^\s\x1b]*)(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RESET = r"\x1b\[(?:0+|2[2-9]|39|49)?(?:;(?:0+|2[2-9]|39|49)?)*m|\x1b\[0?K|\x1b\(B"
_END = re.compile(rf"(?:\s|{_RESET})*")


@dataclass(slots=True)
class Printed:
    """All that a run printed for one name so far: the last value counts, the others are recorded by number and range.

    `began` and `ended` say when the first and the last value arrived, on the caller's count.
    """

    last: float
    count: int
    first: float
    lowest: float
    highest: float
    began: int = 0
    ended: int = 0

    def add(self, value: float, arrival: int) -> None:
        """Take in one value more."""
        self.last = value
        self.ended = arrival
        self.count += 1
        if value < self.lowest:
            self.lowest = value
        elif value > self.highest:
            self.highest = value


@dataclass(frozen=True, slots=True)
class MalformedLine:
    """A line that begins with METRIC and is no sample. `text` is as printed, cut to `LONGEST_QUOTE`: escape it before it is shown.

    What should be a value in a tool's results and is none has no line's number.
    """

    line_number: int | None
    text: str
    name: str | None
    why: Fact
    stream: str = "output"


@dataclass(frozen=True, slots=True)
class MetricReport:
    """What the METRIC lines of a run say.

    `malformed` holds the first few of `malformed_count` lines, `spoilt` the first malformed line of each name; `crowded` is true when there
    were more such names than are kept. Where the results of another tool were read, `trouble` says why nothing was found in them, and
    `ignored` counts what was left aside, by what it is.
    """

    printed: Mapping[str, Printed] = field(default_factory=dict)
    malformed: tuple[MalformedLine, ...] = ()
    malformed_count: int = 0
    spoilt: Mapping[str, MalformedLine] = field(default_factory=dict)
    crowded: bool = False
    trouble: Fact | None = None
    ignored: tuple[tuple[LeftAside, int], ...] = ()

    @property
    def samples(self) -> dict[str, float]:
        """The last value of every name."""
        return {name: printed.last for name, printed in self.printed.items()}

    @property
    def earlier(self) -> dict[str, Printed]:
        """What is recorded of names that were printed more than once."""
        return {name: printed for name, printed in self.printed.items() if printed.count > 1}

    def of_one(self, case: str) -> MetricReport:
        """The same for a run of a single case, whose name says nothing: `t[a]` is `t`, unless that was printed too."""
        said = {name.removesuffix(f"[{case}]"): printed for name, printed in self.printed.items() if name.endswith(f"[{case}]")}
        others = {name: printed for name, printed in self.printed.items() if not name.endswith(f"[{case}]")}
        return replace(self, printed={**said, **others})


class MetricReader:
    """Reads one stream in chunks of any size; `close` gives the report."""

    def __init__(self, stream: str = "output") -> None:
        self._stream = stream
        self._held = b""  # what is known of a line whose end has not come yet
        self._held_cut = False
        self._unfinished = False
        self._arrival = 0
        self._lines = 0
        self._printed: dict[str, Printed] = {}
        self._plain: dict[bytes, Printed] = {}
        self._malformed: list[MalformedLine] = []
        self._malformed_count = 0
        self._spoilt: dict[str, MalformedLine] = {}
        self._crowded = False

    def feed(self, chunk: bytes, arrival: int = 0) -> None:
        """Read on. `arrival` rises from chunk to chunk of a run, over its streams, so that `merge` knows what was printed last."""
        if not chunk:
            return
        self._arrival = arrival
        begin = self._finish_held(chunk) if self._unfinished else 0
        if begin >= 0:
            counted = self._read_lines(chunk, begin)
            self._lines += chunk.count(b"\n", counted)

    def close(self) -> MetricReport:
        """End the stream: a last line without an end counts like any other."""
        if self._unfinished:
            self._read_line(self._held, self._lines + 1, cut=self._held_cut)
            self._unfinished = False
        return MetricReport(
            printed=self._printed,
            malformed=tuple(self._malformed),
            malformed_count=self._malformed_count,
            spoilt=dict(self._spoilt),
            crowded=self._crowded,
        )

    def _finish_held(self, chunk: bytes) -> int:
        """Where the line that was begun before ends in this chunk, or -1."""
        end = _line_end(chunk, 0)
        self._hold(chunk, 0, len(chunk) if end < 0 else end)
        if end >= 0:
            self._read_line(self._held, self._lines + 1, cut=self._held_cut)
            self._held, self._held_cut, self._unfinished = b"", False, False
        return end

    def _read_lines(self, chunk: bytes, begin: int) -> int:
        """Read every line of the chunk in which the word occurs, hold the unfinished one; say up to where line feeds were counted."""
        counted = 0
        position = chunk.find(_WORD, begin)
        while position >= 0:
            start = position if chunk[position - 1 : position] == b"\n" else _line_start(chunk, begin, position)
            plain = _PLAIN.match(chunk, start)
            if plain is not None and self._count_again(plain):
                begin = plain.end()
            else:
                begin = _line_end(chunk, position)
                if begin < 0:
                    break
                if _HEAD.match(chunk, start, begin):
                    self._lines += chunk.count(b"\n", counted, start)
                    counted = start
                    self._read_line(chunk[start : min(begin, start + LONGEST_LINE)], self._lines + 1, cut=begin - start > LONGEST_LINE)
            position = chunk.find(_WORD, begin)
        self._hold(chunk, _line_start(chunk, max(begin, 0), len(chunk)), len(chunk))
        return counted

    def _count_again(self, plain: re.Match[bytes]) -> bool:
        """Count a line of plain ASCII whose name is known; whatever is out of the ordinary is left to `_read_line`."""
        tally = self._plain.get(plain[1])
        value = float(plain[2])
        if tally is None or not value or math.isinf(value) or plain.end() - plain.start() > LONGEST_LINE:
            return False
        tally.add(value, self._arrival)
        return True

    def _hold(self, chunk: bytes, start: int, end: int) -> None:
        if start == end:
            return
        room = LONGEST_LINE - len(self._held)
        self._held += chunk[start : min(end, start + room)]
        self._held_cut |= end - start > room
        self._unfinished = True

    def _read_line(self, raw: bytes, number: int, *, cut: bool) -> None:
        head = _HEAD.match(raw)
        if head is None:
            return
        try:
            name, value = _read(raw, head, cut=cut)
            self._count(name, value)
        except UnreadError as problem:
            self._report(raw, head.end(), number, problem.why)

    def _count(self, name: str, value: float) -> None:
        tally = self._printed.get(name)
        if tally is not None:
            tally.add(value, self._arrival)
        elif len(self._printed) < MOST_NAMES:
            self._printed[name] = self._plain[name.encode()] = Printed(value, 1, value, value, value, self._arrival, self._arrival)
        else:
            raise UnreadError(Unread.TOO_MANY_NAMES, most=MOST_NAMES)

    def _report(self, raw: bytes, after_word: int, number: int, why: Fact) -> None:
        name = _name_carried(raw[after_word:].decode(errors="replace"))
        line = MalformedLine(number, raw.decode(errors="replace")[:LONGEST_QUOTE], name, why, self._stream)
        self._malformed_count += 1
        if len(self._malformed) < MOST_MALFORMED:
            self._malformed.append(line)
        if name is None or name in self._spoilt:
            return
        if len(self._spoilt) < MOST_SPOILT_NAMES:
            self._spoilt[name] = line
        else:
            self._crowded = True


def normalised(name: str) -> str:
    """A metric's name as it is compared: NFKC, so that both micro signs are one."""
    return unicodedata.normalize("NFKC", name)


def is_name(name: str) -> bool:
    """Whether a normalised name is one that a benchmark can print (reserved names included)."""
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None


def merge(stdout: MetricReport, stderr: MetricReport) -> MetricReport:
    """The report of both streams together.

    Of a name printed on both, the value that arrived later counts. Two pipes do not tell which of two lines that arrive together was
    printed first: then it is the one on stdout that counts.
    """
    printed = dict(stderr.printed)
    for name, mine in stdout.printed.items():
        other = printed.get(name)
        printed[name] = mine if other is None else _joined(mine, other)
    spoilt = dict(chain(stderr.spoilt.items(), stdout.spoilt.items()))
    return MetricReport(
        printed=printed,
        malformed=(stdout.malformed + stderr.malformed)[:MOST_MALFORMED],
        malformed_count=stdout.malformed_count + stderr.malformed_count,
        spoilt=spoilt,
        crowded=stdout.crowded or stderr.crowded,
    )


def primary_malformed(report: MetricReport, name: str) -> MalformedLine | None:
    """The malformed line that carries this name, which makes a run unreadable when the name is the primary metric's."""
    name = normalised(name)
    if name in report.spoilt or not report.crowded:
        return report.spoilt.get(name)
    why = Fact(Unread.TOO_MANY_SPOILT, {"most": MOST_SPOILT_NAMES})
    return replace(report.malformed[0], name=name, why=why)


def _line_end(chunk: bytes, start: int) -> int:
    """Where the line that covers `start` ends, or -1 if its end has not come yet."""
    feed = chunk.find(b"\n", start)
    back = chunk.find(b"\r", start) if feed < 0 else chunk.find(b"\r", start, feed)
    return feed if back < 0 else back


def _line_start(chunk: bytes, floor: int, position: int) -> int:
    """Where the line that covers `position` starts, at `floor` or after it."""
    feed = chunk.rfind(b"\n", floor, position)
    back = chunk.rfind(b"\r", max(feed, floor), position)
    return max(feed, back, floor - 1) + 1


def _read(raw: bytes, head: re.Match[bytes], *, cut: bool) -> tuple[str, float]:
    """Name and value of a line that begins with METRIC; raises UnreadError."""
    if b"\x00" in head[1] or b"\xef" in head[1]:
        raise UnreadError(Unread.MARK_BEFORE_METRIC)
    if cut:
        raise UnreadError(Unread.LINE_TOO_LONG, most=LONGEST_LINE)
    try:
        text = raw[head.end() :].decode()
    except UnicodeDecodeError:
        raise UnreadError(Unread.LINE_NOT_UTF8) from None
    if not text.startswith((" ", "\t")):
        raise UnreadError(Unread.NO_SPACE)
    name, equals, value = text.lstrip(" \t").partition("=")
    if not equals:
        raise UnreadError(Unread.NO_EQUALS)
    return _read_name(name), _read_number(value)


def _read_name(text: str) -> str:
    name = normalised(text)
    if len(name) > LONGEST_NAME:
        raise UnreadError(Unread.NAME_TOO_LONG, most=LONGEST_NAME)
    if not is_name(name):
        raise UnreadError(Unread.BAD_NAME)
    if name.startswith(RESERVED):
        raise UnreadError(Unread.RESERVED_NAME, reserved=RESERVED)
    return name


def _read_number(text: str) -> float:
    literal, rest = _VALUE.fullmatch(text).groups()  # type: ignore[union-attr]  # the pattern matches any text
    number = _NUMBER.fullmatch(literal)
    if number is None:
        raise UnreadError(Unread.NOT_DECIMAL if literal else Unread.NO_NUMBER)
    if not _END.fullmatch(rest):
        raise UnreadError(Unread.SOMETHING_FOLLOWS)
    value = float(literal)
    if math.isinf(value):
        raise UnreadError(Unread.NUMBER_TOO_LARGE)
    if value == 0 and number[1].strip("0."):
        raise UnreadError(Unread.NUMBER_TOO_SMALL)
    return value


def _joined(stdout: Printed, stderr: Printed) -> Printed:
    last = stdout if stdout.ended >= stderr.ended else stderr
    first = stderr if stderr.began <= stdout.began else stdout
    return Printed(
        last=last.last,
        count=stdout.count + stderr.count,
        first=first.first,
        lowest=min(stdout.lowest, stderr.lowest),
        highest=max(stdout.highest, stderr.highest),
        began=first.began,
        ended=last.ended,
    )


def _name_carried(text: str) -> str | None:
    """The name that a malformed line is about, as far as it can be told: what stands before `=`, else its first word."""
    for candidate in (text.partition("=")[0].strip(), (text.split() or [""])[0]):
        name = normalised(candidate)
        if is_name(name):
            return name
    return None
