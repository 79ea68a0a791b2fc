"""What a finished run was, and what of its output is worth showing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.escaping import escaped
from autotune.core.facts import Fact, Kind
from autotune.core.model import Outcome
from autotune.core.output.metrics import MetricReader, MetricReport
from autotune.core.output.outcome import (
    OWN_UNITS,
    PASSED,
    Executed,
    classify,
    is_run_again,
    measured_samples,
    samples,
    telling_line,
    useful_end,
)
from autotune.core.tell.words import told


def report(output: bytes) -> MetricReport:
    reader = MetricReader("stdout")
    reader.feed(output)
    return reader.close()


def finished(
    output: bytes = b"", *, exit_code: int | None = 0, signal: int | None = None, timed_out: bool = False, stopped: bool = False
) -> Executed:
    return Executed(
        exit_code=exit_code,
        signal=signal,
        wall_s=1.5,
        user_s=0.75,
        system_s=0.5,
        peak_rss_mb=12.0,
        timed_out=timed_out,
        stopped=stopped,
        report=report(output),
        tail=output,
    )


def test_a_run_that_exits_0_with_its_primary_metric_is_ok() -> None:
    assert classify(finished(b"METRIC t=1\n"), "t") == (Outcome.OK, PASSED)


def test_the_primary_is_found_by_its_normalised_name() -> None:
    assert classify(finished("METRIC \u03bcs=1\n".encode()), "\u00b5s")[0] is Outcome.OK


def test_what_autotune_measures_itself_can_be_the_primary() -> None:
    assert classify(finished(), "autotune.wall_s")[0] is Outcome.OK
    assert classify(finished(), "autotune.colour")[0] is Outcome.UNREADABLE


def test_checks_need_no_metric() -> None:
    assert classify(finished(), None) == (Outcome.OK, PASSED)
    assert classify(finished(exit_code=1), None) == (Outcome.CRASHED, Fact(Kind.EXIT, {"code": 1, "signal": None}))


@pytest.mark.parametrize(
    ("output", "why"),
    [
        (b"", "exit 0 without a line METRIC t=…; it printed no metric at all"),
        (b"METRIC a=1\nMETRIC b=2\n", "exit 0 without a line METRIC t=…; it printed a, b"),
        (b"".join(b"METRIC m%d=1\n" % n for n in range(8)), "exit 0 without a line METRIC t=…; it printed m0, m1, m2, m3, m4 and 3 more"),
        (b".METRIC t=1\n", "exit 0 without a line METRIC t=…; METRIC does not begin its line, so print a line end before it: .METRIC t=1"),
        (b"..METRIC u=1 .\nso METRIC is a word\n", "exit 0 without a line METRIC t=…; it printed no metric at all"),
        (b"METRIC: t=1\n", "exit 0 without a line METRIC t=…; line 1 of stdout is malformed, no space follows METRIC: METRIC: t=1"),
        (b"METRIC t=1\n\nMETRIC t=\x1bnan\n", "line 3 of stdout is malformed, no number comes directly after =: METRIC t=\\x1bnan"),
    ],
)
def test_a_run_that_exits_0_without_its_primary_metric_is_unreadable_and_says_why(output: bytes, why: str) -> None:
    outcome, found = classify(finished(output), "t")
    assert (outcome, told(found)) == (Outcome.UNREADABLE, why)


def test_a_malformed_line_of_another_metric_spoils_nothing() -> None:
    assert classify(finished(b"METRIC t=1\nMETRIC other=nan\n"), "t")[0] is Outcome.OK


def test_a_crash_is_a_crash_whatever_was_printed() -> None:
    named = classify(replace(finished(exit_code=1), tail=b"F..\r\n\x1b[31mFAILED\x1b[0m tests/test_a.py::test_b[x y] - assert 0\r\n"), None)
    assert named[1].figures == {"code": 1, "signal": None, "tests": ["tests/test_a.py::test_b[x y]"], "failing": 1}
    assert told(named[1]) == "tests/test_a.py::test_b[x y] failed (exit 1)"
    assert classify(finished(b"METRIC t=1\n", exit_code=3), "t") == (Outcome.CRASHED, Fact(Kind.EXIT, {"code": 3, "signal": None}))


def test_a_time_limit_counts_even_if_the_command_then_ends_well() -> None:
    assert classify(finished(b"METRIC t=1\n", timed_out=True), "t") == (Outcome.TIMED_OUT, Fact(Kind.TIME_LIMIT, {"after_s": 1.5}))


def test_a_run_that_was_stopped_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        classify(finished(stopped=True), "t")


def test_every_run_has_the_samples_that_are_measured_of_it() -> None:
    measured = {
        "autotune.wall_s": 1.5,
        "autotune.user_s": 0.75,
        "autotune.system_s": 0.5,
        "autotune.cpu_s": 1.25,
        "autotune.peak_rss_mb": 12.0,
    }
    assert measured_samples(finished()) == measured
    assert OWN_UNITS.keys() == measured.keys()
    assert samples(finished(b"METRIC t=1\n")) == {"t": 1.0, **measured}


def test_the_useful_end_is_the_last_lines() -> None:
    output = b"".join(b"line %d\n" % number for number in range(1000))
    shown = useful_end(output, 50)
    assert shown == "\n".join(f"line {number}" for number in range(995, 1000))


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("", ""),
        ("one\n  ValueError: 3 is odd\n\n", "ValueError: 3 is odd"),
        ("fatal: gone\nsh: 1: tool: not found\n", "sh: 1: tool: not found"),
        ("AssertionError [X]: 0 == 1\n  at f (a.mjs:7:8) {\n  code: 'ERR_ASSERTION',\n}\nNode.js v20.20.2\n", "AssertionError [X]: 0 == 1"),
        ("[ERROR] Two exports are alike\n  a.js:4:13:\n  4 | export\n    ╵   ~~~~\n", "[ERROR] Two exports are alike"),
        ("a.c:3:5: error: expected ';'\n  3 | x\nmake[1]: *** [Makefile:2: all] Error 1\n", "a.c:3:5: error: expected ';'"),
        ("panic: index 3 is out of range\ngoroutine 1 [running]:\nexit status 2\n", "panic: index 3 is out of range"),
        ("it was not there\n}\n", "it was not there"),
        ("---\n}\n", "}"),
    ],
)
def test_of_an_output_the_line_is_shown_that_tells_why_it_ended(output: str, line: str) -> None:
    assert telling_line(output) == line


def test_the_useful_end_of_nothing_is_nothing() -> None:
    assert useful_end(b"") == ""
    assert useful_end(b"\n\x1b[0m\n \r\n") == ""


def test_trouble_before_a_long_tail_comes_first() -> None:
    output = b"begin\nTraceback (most recent call last):\n  File x\nValueError: no\nafter\n" + b"cleaning up\n" * 500
    shown = useful_end(output, 400)
    assert shown.startswith("begin\nTraceback (most recent call last):\n  File x\nValueError: no\nafter\ncleaning up\ncleaning up\n…\n")
    assert shown.endswith("cleaning up")


def test_trouble_in_the_last_lines_needs_no_gap() -> None:
    assert useful_end(b"error: one\nerror: two\nbye\n") == "error: one\nerror: two\nbye"


def test_colours_and_overwritten_progress_are_not_shown_and_other_controls_are_spelt_out() -> None:
    output = b"10%\r20%\r\x1b[31mfailed\x1b[0m\r\n\x1b]0;title\x07a\tb\x08\xff\n\x1b(Bend\x1b"
    assert useful_end(output) == "failed\na   b\\x08\ufffd\nend\\x1b"


def test_a_line_of_any_length_is_cut() -> None:
    assert useful_end(b"x" * 100_000) == "x" * 399 + "…"
    assert useful_end(b"x" * 100_000, 20) == "x" * 18 + "…"


@given(st.binary(max_size=3000), st.integers(20, 300))
def test_the_useful_end_is_bounded_and_safe(output: bytes, limit: int) -> None:
    shown = useful_end(output, limit)
    assert len(shown) <= limit
    assert all(line == escaped(line) for line in shown.split("\n"))


@pytest.mark.parametrize(
    ("outcome", "wall_s", "failures", "again"),
    [
        (Outcome.CRASHED, 600.0, 1, True),
        (Outcome.UNREADABLE, 1.0, 1, True),
        (Outcome.TIMED_OUT, 60.0, 1, True),
        (Outcome.TIMED_OUT, 60.1, 1, False),
        (Outcome.CRASHED, 1.0, 2, False),
        (Outcome.OK, 1.0, 1, False),
    ],
)
def test_what_fails_first_is_run_again_unless_that_was_a_long_wait(outcome: Outcome, wall_s: float, failures: int, *, again: bool) -> None:
    assert is_run_again(outcome, wall_s, failures) is again
