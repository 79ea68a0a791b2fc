"""What a finished run was: its outcome, its values (one for all cases, what it has cost), and what of its output tells why."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autotune.core.escaping import cut, escaped
from autotune.core.facts import Fact, Kind, UnreadError
from autotune.core.findings import Unread
from autotune.core.model import Outcome
from autotune.core.output.failing import failing_tests
from autotune.core.output.metrics import MalformedLine, MetricReport, normalised, primary_malformed

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_WITHIN = re.compile(r"\S[ \t]*METRIC[ \t]+([^\s=]+)=[+-]?\.?[0-9]")
_TROUBLE = re.compile(r"traceback \(most recent|error\b|exception\b|\bpanic|\bfatal\b|\bfailed\b|\bfailure\b|assert", re.IGNORECASE)
_NAMED_TROUBLE = re.compile(r"(?:error|exception|panic|fatal)\b[^:]*: ?\S", re.IGNORECASE)
# What ends an output and says nothing: no word at all, Node's version, that make or npm or go has ended because of what is above.
_SAYS_NOTHING = re.compile(r"[\W\d_]*|Node\.js v[\d.]+|make(\[\d+\])?: .*Error \d+|npm (ERR!|error).*|exit status \d+", re.IGNORECASE)
_LONGEST_SHOWN_LINE = 400
_MOST_NAMES_SHOWN = 5
LONGEST_SEEN_TWICE_S = 60.0
CASES = "autotune.cases"  # sampled beside a metric that was combined from cases: how many
_LINES_AFTER_TROUBLE = 3


@dataclass(frozen=True, slots=True)
class Executed:
    """A command that has ended, however it did: exactly one of `exit_code` and `signal` is a number.

    Times are seconds; memory is that of the largest process at its peak, in MiB. `tail` is the end of stdout and stderr as they arrived;
    `leftovers` describes the processes that outlived the command and were ended; `printed` is the beginning of each stream, where that was
    asked for.
    """

    exit_code: int | None
    signal: int | None
    wall_s: float
    user_s: float
    system_s: float
    peak_rss_mb: float
    timed_out: bool = False
    stopped: bool = False
    report: MetricReport = field(default_factory=MetricReport)
    context: Mapping[str, str] = field(default_factory=dict)
    unscored: Mapping[str, str] = field(default_factory=dict)
    tail: bytes = b""
    output_bytes: int = 0
    leftovers: tuple[str, ...] = ()
    printed: Mapping[str, bytes] = field(default_factory=dict)


PASSED = Fact(Kind.PASSED)
OWN_UNITS = {
    "autotune.wall_s": "s",
    "autotune.user_s": "s",
    "autotune.system_s": "s",
    "autotune.cpu_s": "s",
    "autotune.peak_rss_mb": "MiB",
}


def measured_samples(finished: Executed) -> dict[str, float]:
    """What autotune measures of every run itself; benchmarks cannot print these names."""
    cpu_s = finished.user_s + finished.system_s
    values = (finished.wall_s, finished.user_s, finished.system_s, cpu_s, finished.peak_rss_mb)
    return dict(zip(OWN_UNITS, values, strict=True))


def samples(finished: Executed) -> dict[str, float]:
    """Every sample of a run: what it printed and what was measured of it."""
    return finished.report.samples | measured_samples(finished)


def classify(finished: Executed, metric_name: str | None) -> tuple[Outcome, Fact]:
    """What a run of the benchmark was, and why; without a metric's name, what a run of the checks was.

    Raises ValueError for a run that was stopped from outside: it says nothing about what was measured.
    """
    if finished.stopped:
        raise ValueError("a run that was stopped has no outcome")
    if finished.timed_out:
        return Outcome.TIMED_OUT, Fact(Kind.TIME_LIMIT, {"after_s": round(finished.wall_s, 3)})
    if finished.exit_code != 0:
        return Outcome.CRASHED, Fact(Kind.EXIT, {"code": finished.exit_code, "signal": finished.signal, **_failing(finished.tail)})
    if finished.report.trouble is not None:
        return Outcome.UNREADABLE, finished.report.trouble
    if metric_name is None:
        return Outcome.OK, PASSED
    return _readable(finished, metric_name)


def _failing(tail: bytes) -> dict[str, object]:
    """The tests that failed, where a runner names any."""
    names = failing_tests(_SEQUENCE.sub("", tail.decode(errors="replace")).replace("\r\n", "\n"))
    return {"tests": list(names[:_MOST_NAMES_SHOWN]), "failing": len(names)} if names else {}


def is_run_again(outcome: Outcome, wall_s: float, failures: int) -> bool:
    """Whether what ended so is run again before anybody is blamed: its first failure is, unless that was a long wait for a time limit."""
    return outcome is not Outcome.OK and failures == 1 and not is_dear(outcome, wall_s)


def is_dear(outcome: Outcome, wall_s: float) -> bool:
    """Whether a failure took too long to be seen twice."""
    return outcome is Outcome.TIMED_OUT and wall_s > LONGEST_SEEN_TWICE_S


def useful_end(output: bytes, limit: int = 2000) -> str:
    """The part of an output that tells why it ended, at most `limit` characters of plain lines, safe to show.

    It is the last lines; where the last sign of trouble lies before them, the lines around that come first.
    """
    lines = _shown_lines(output, min(limit - 1, _LONGEST_SHOWN_LINE))
    tail = _fitting(lines, limit)
    trouble = max((number for number, line in enumerate(lines) if _TROUBLE.search(line)), default=-1)
    if trouble < 0 or trouble >= len(lines) - len(tail):
        return "\n".join(tail)
    turn = trouble + 1 + _LINES_AFTER_TROUBLE
    around = _fitting(lines[:turn], limit // 2)
    rest = _fitting(lines[turn:], limit - sum(len(line) + 1 for line in around) - 2)
    return "\n".join([*around, "…", *rest])


def telling_line(text: str) -> str:
    """Give the line of an output that tells best why it ended: the last one, or if that says nothing, the last that names trouble."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or not _SAYS_NOTHING.fullmatch(lines[-1]):
        return lines[-1] if lines else ""
    saying = [line for line in lines if not _SAYS_NOTHING.fullmatch(line)]
    found = ([line for line in saying if sign.search(line)] for sign in (_NAMED_TROUBLE, _TROUBLE))
    return next((each[-1] for each in found if each), saying[-1] if saying else lines[-1])


def _readable(finished: Executed, metric_name: str) -> tuple[Outcome, Fact]:
    spoilt = primary_malformed(finished.report, metric_name)
    if spoilt is not None:
        return Outcome.UNREADABLE, _complaint(spoilt)
    if normalised(metric_name) in samples(finished):
        return Outcome.OK, PASSED
    return Outcome.UNREADABLE, _without(metric_name, finished)


def _without(metric_name: str, finished: Executed) -> Fact:
    """Say that a run did not print a metric, and what it printed instead."""
    report = finished.report
    printed = [*report.printed]
    more = max(0, len(printed) - _MOST_NAMES_SHOWN)
    spoilt = _complaint(report.malformed[0]) if report.malformed and not printed else within_a_line(finished.tail, metric_name)
    return Fact(Kind.NO_METRIC, {"name": metric_name, "printed": printed[:_MOST_NAMES_SHOWN], "more": more}, spoilt)


def within_a_line(output: bytes, metric_name: str = "") -> Fact | None:
    """Say which line has a metric behind something else, a test runner's dots say: the named one, or any; None without such a line."""
    for line in _shown_lines(output, _LONGEST_SHOWN_LINE):
        found = _WITHIN.search(line)
        if found is not None and normalised(metric_name) in {"", normalised(found[1])}:
            return Fact(Kind.METRIC_WITHIN_LINE, {"text": line})
    return None


def _complaint(line: MalformedLine) -> Fact:
    if line.line_number is None:
        return Fact(Kind.MALFORMED_VALUE, {"text": line.text}, line.why)
    figures = {"line": line.line_number, "stream": str(line.stream), "text": line.text.strip()}
    return Fact(Kind.MALFORMED_LINE, figures, line.why)


def _shown_lines(output: bytes, longest: int) -> list[str]:
    """Lines as a terminal would leave them: without escape sequences and overwritten progress, never empty, each bounded."""
    text = _SEQUENCE.sub("", output.decode(errors="replace"))
    lines = (line.rstrip().rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return [cut(escaped(line.expandtabs(4)), longest) for line in lines if line]


def _fitting(lines: list[str], limit: int) -> list[str]:
    """As many of the last lines as fit into `limit` characters, line ends counted."""
    kept: list[str] = []
    for line in reversed(lines):
        limit -= len(line) + 1
        if limit < 0:
            break
        kept.append(line)
    return kept[::-1]


def with_one_value(metric: str, printed: Mapping[str, float], cases: tuple[str, ...], *, ratios: bool) -> Mapping[str, float]:
    """Give what a run printed, with one value of a metric that it printed by cases.

    How is settled by the baseline's first run, for a case that falls to 0 later must not change the scale of all others: `cases` are its
    cases, if any, and `ratios` tells whether they are compared as ratios. Raises UnreadError where what was printed says nothing.
    """
    known = cases or (() if metric in printed else cases_of(printed, metric))
    if not known:
        return printed
    logs = ratios if cases else are_ratios(printed, metric, known)
    return {**printed, metric: combined(printed, metric, known, logs=logs), CASES: float(len(known))}


def cases_of(samples: Mapping[str, float], metric: str) -> tuple[str, ...]:
    """The names of a metric's cases among a run's samples: `a` and `b` for `t[a]` and `t[b]` of metric `t`, in order."""
    opening = f"{metric}["
    return tuple(name[len(opening) : -1] for name in samples if name.startswith(opening) and name.endswith("]"))


def are_ratios(samples: Mapping[str, float], metric: str, cases: Sequence[str]) -> bool:
    """Whether a metric's cases can be compared as ratios: all of a run's are positive."""
    return all(samples[f"{metric}[{case}]"] > 0 for case in cases)


def combined(samples: Mapping[str, float], metric: str, cases: Sequence[str], *, logs: bool) -> float:
    """One value for all cases of a run: the geometric mean where `logs`, else the mean.

    The ratio of two runs is then the geometric mean of the ratios case by case, so a case counts the same whatever its size. `cases`
    are the incumbent's: raises UnreadError where one is missing, since dropping a hard case is no improvement, and where `logs` meets
    a case that is not positive, which would outweigh all others.
    """
    missing = [case for case in cases if f"{metric}[{case}]" not in samples]
    if missing:
        raise UnreadError(Unread.CASE_MISSING, metric=metric, case=missing[0])
    if not cases:
        raise UnreadError(Unread.CASES_MISSING, metric=metric)
    values = [samples[f"{metric}[{case}]"] for case in cases]
    if not logs:
        return math.fsum(values) / len(values)
    if min(values) <= 0:
        raise UnreadError(Unread.CASE_NOT_POSITIVE, metric=metric)
    return math.exp(math.fsum(math.log(value) for value in values) / len(values))


def cost_of(samples: Mapping[str, float], name: str) -> float:
    """Give what was printed under a name, of all cases together where each has its own; 0 where nothing was, or less than that."""
    said = [samples[name]] if name in samples else [value for one, value in samples.items() if name and one.startswith(f"{name}[")]
    return max(math.fsum(said), 0.0)
