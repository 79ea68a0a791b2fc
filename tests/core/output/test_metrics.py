"""METRIC lines: what is read, what is reported, and that neither depends on how the bytes arrive."""

from __future__ import annotations

import math
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autotune.core.facts import Fact
from autotune.core.findings import Unread
from autotune.core.output import metrics
from autotune.core.output.metrics import MetricReader, MetricReport, Printed, is_name, merge, normalised, primary_malformed
from autotune.core.tell.words import told

if TYPE_CHECKING:
    from collections.abc import Iterable


def read(*chunks: bytes, stream: str = "output") -> MetricReport:
    reader = MetricReader(stream)
    for chunk in chunks:
        reader.feed(chunk)
    return reader.close()


def read_arriving(*chunks: tuple[int, bytes]) -> MetricReport:
    reader = MetricReader()
    for arrival, chunk in chunks:
        reader.feed(chunk, arrival)
    return reader.close()


@pytest.mark.parametrize(
    ("line", "samples"),
    [
        (b"METRIC a=1\n", {"a": 1.0}),
        (b"METRIC a=1", {"a": 1.0}),
        (b"METRIC a=1\r\n", {"a": 1.0}),
        (b"METRIC a=1\r", {"a": 1.0}),
        (b"METRIC \t a=-1.5e-3\n", {"a": -0.0015}),
        (b"METRIC\ta=+7.\n", {"a": 7.0}),
        (b"METRIC a=.5\n", {"a": 0.5}),
        (b"METRIC a=0e9\n", {"a": 0.0}),
        (b"METRIC a=-0.0\n", {"a": 0.0}),
        (b"METRIC a=1e-320\n", {"a": 1e-320}),
        (b"METRIC a=1 \t\x0b\x0c \n", {"a": 1.0}),
        ("METRIC a=1\u00a0\n".encode(), {"a": 1.0}),
        (b"50%\rMETRIC a=1\n", {"a": 1.0}),
        (b"\x1b[2K\rMETRIC a=1\n", {"a": 1.0}),
        (b"10%\r20%\r\x1b[32mMETRIC a=1\x1b[0m\r\n", {"a": 1.0}),
        (b"\x1b[1;32mMETRIC a=1\x1b[39;22m\x1b[m\x1b[K \x1b(B\n", {"a": 1.0}),
        (b"METRIC a=1\rMETRIC b=2\rdone\n", {"a": 1.0, "b": 2.0}),
        ("METRIC µs=1\nMETRIC \u03bcs=2\n".encode(), {"\u03bcs": 2.0}),
        ("METRIC ﬁt.größe/速度-2%=1\n".encode(), {"fit.größe/速度-2%": 1.0}),
        (b"METRIC _p[99]=1\n", {"_p[99]": 1.0}),
        (b"METRIC 99th=1\n", {"99th": 1.0}),
        (b"METRIC " + b"n" * 200 + b"=1\n", {"n" * 200: 1.0}),
    ],
)
def test_a_line_of_the_grammar_is_a_sample(line: bytes, samples: dict[str, float]) -> None:
    report = read(line)
    assert report.samples == samples
    assert report.malformed == ()


@pytest.mark.parametrize(
    "value",
    [
        *(
            "nan",
            "inf",
            "-inf",
            "Infinity",
            "1e999",
            "-1e999",
            "1e-999",
            "-0.00001e-400",
            "1_000",
            "0x1F",
            "1,234",
            "1ms",
            "1 ms",
            "1.2.3",
            "1e",
        ),
        *(
            "",
            " 1",
            "--1",
            "+-1",
            "1e5.0",
            "e5",
            ".",
            "\uff11\uff12",
            "\u0663",
            "1%",
            "1/2",
            "1 2",
            "1=2",
            "1\x1b[31m",
            "1\x1b[0mx",
            "1\0",
            "1\u200b",
            "\ufeff1",
        ),
    ],
)
def test_what_is_not_one_finite_decimal_number_is_malformed(value: str) -> None:
    report = read(f"METRIC a={value}\nMETRIC b=2\n".encode())
    assert report.samples == {"b": 2.0}
    assert report.malformed_count == 1
    (line,) = report.malformed
    assert (line.line_number, line.name, line.text) == (1, "a", f"METRIC a={value}")
    assert told(line.why)
    assert primary_malformed(report, "a") == line
    assert primary_malformed(report, "b") is None


@pytest.mark.parametrize(
    ("line", "name", "why"),
    [
        (b"METRIC", None, "no space"),
        (b"METRIC ", None, "no ="),
        (b"METRIC: a=1", None, "no space"),
        (b"METRIC a", "a", "no ="),
        (b"METRIC a 1", "a", "no ="),
        (b"METRIC a =1", "a", "a name has only"),
        (b"METRIC =1", None, "a name has only"),
        (b"METRIC .a=1", None, "a name has only"),
        (b"METRIC a b=1", "a", "a name has only"),
        (b"METRIC a$=1", None, "a name has only"),
        ("METRIC a\u202e=1".encode(), None, "a name has only"),
        ("METRIC \u00a0a=1".encode(), "a", "a name has only"),
        (b"METRIC " + b"n" * 201 + b"=1", None, "longer than 200 characters"),
        (b"METRIC autotune.wall_s=1", "autotune.wall_s", "reserved"),
        ("METRIC \uff41utotune.x=1".encode(), "autotune.x", "reserved"),
        (b"METRIC a=\xff1", "a", "UTF-8"),
        (b"METRIC \xffa=1", None, "UTF-8"),
        (b"METRIC a=1" + b" " * 4096, "a", "longer than 4,096 bytes"),
        (b"\xef\xbb\xbfMETRIC a=1", "a", "byte-order mark"),
        (b"\x00METRIC a=1", "a", "NUL"),
        (b"\x1b[0m\xef\xbb\xbfMETRIC a=1", "a", "byte-order mark"),
        (b"METRIC\x00 a=1", None, "no space"),
    ],
)
def test_a_malformed_line_is_reported_with_its_name_and_reason(line: bytes, name: str | None, why: str) -> None:
    report = read(b"first\n" + line + b"\nMETRIC z=3\n", stream="stderr")
    assert report.samples == {"z": 3.0}
    (malformed,) = report.malformed
    assert (malformed.line_number, malformed.name, malformed.stream) == (2, name, "stderr")
    assert why in told(malformed.why)
    assert malformed.text == line.decode(errors="replace")[:200]


@pytest.mark.parametrize(
    "line",
    [b"METRICS a=1", b"METRIC_a=1", b" METRIC a=1", b"the METRIC a=1", b"metric a=1", b"x\xff\x00METRIC a=1", b"\x1b[31mx METRIC a=1"],
)
def test_a_line_that_does_not_begin_with_the_word_is_nobodys_business(line: bytes) -> None:
    assert read(line + b"\nMETRIC b=2\n") == read(b"\nMETRIC b=2\n")


def test_a_name_on_the_next_line_does_not_count() -> None:
    report = read(b"METRIC\na=1\nMETRIC a\n=1\n")
    assert report.samples == {}
    assert [line.line_number for line in report.malformed] == [1, 3]


def test_the_last_value_of_a_name_counts_and_the_others_are_recorded() -> None:
    report = read_arriving((1, b"METRIC loss=3\nMETRIC loss=5\n"), (2, b"METRIC loss=1\nMETRIC once=9\n"), (3, b"METRIC loss=2\n"))
    assert report.samples == {"loss": 2.0, "once": 9.0}
    assert report.earlier == {"loss": Printed(last=2.0, count=4, first=3.0, lowest=1.0, highest=5.0, began=1, ended=3)}


def test_of_two_streams_the_value_that_arrived_later_counts() -> None:
    stdout = read_arriving((1, b"METRIC a=1\nMETRIC c=5\n"), (4, b"METRIC b=4\n"))
    stderr = read_arriving((2, b"METRIC b=2\n"), (3, b"METRIC a=3\nMETRIC d=6\n"))
    merged = merge(stdout, stderr)
    assert merged.samples == {"a": 3.0, "b": 4.0, "c": 5.0, "d": 6.0}
    assert merged.earlier == {
        "a": Printed(last=3.0, count=2, first=1.0, lowest=1.0, highest=3.0, began=1, ended=3),
        "b": Printed(last=4.0, count=2, first=2.0, lowest=2.0, highest=4.0, began=2, ended=4),
    }


def test_of_two_streams_that_arrive_together_stdout_counts() -> None:
    assert merge(read(b"METRIC a=1\n"), read(b"METRIC a=2\n")).samples == {"a": 1.0}


def test_a_line_arrives_when_its_end_does() -> None:
    stdout = read_arriving((1, b"METRIC a=1"), (4, b"0\n"))
    stderr = read_arriving((3, b"METRIC a=2\n"))
    assert merge(stdout, stderr).samples == {"a": 10.0}


def test_malformed_lines_of_both_streams_are_reported_up_to_twenty() -> None:
    stdout = read(*(b"METRIC a=x\n" for _ in range(15)), stream="stdout")
    stderr = read(*(b"METRIC b=x\n" for _ in range(15)), stream="stderr")
    merged = merge(stdout, stderr)
    assert len(merged.malformed) == 20
    assert merged.malformed_count == 30
    found = primary_malformed(merged, "b")
    assert found is not None
    assert (found.stream, found.line_number) == ("stderr", 1)


def test_the_primary_is_found_among_malformed_lines_however_late_and_by_either_micro_sign() -> None:
    report = read(*(b"METRIC a=x\n" for _ in range(100)), "METRIC µs=1ms\nMETRIC \u03bcs=5\n".encode())
    assert report.malformed_count == 101
    assert report.samples == {"\u03bcs": 5.0}
    found = primary_malformed(report, "\u00b5s")
    assert found is not None
    assert found.line_number == 101


def test_too_many_malformed_names_leave_every_other_name_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_SPOILT_NAMES", 3)
    report = read(*(f"METRIC a{number}=x\n".encode() for number in range(4)))
    assert report.crowded
    found = primary_malformed(report, "zzz")
    assert found is not None
    assert found.name == "zzz"
    assert found.why == Fact(Unread.TOO_MANY_SPOILT, {"most": 3})


def test_too_many_names_are_reported_instead_of_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MOST_NAMES", 3)
    report = read(*(f"METRIC a{number}=1\n".encode() for number in range(4)), b"METRIC a0=2\n")
    assert report.samples == {"a0": 2.0, "a1": 1.0, "a2": 1.0}
    assert primary_malformed(report, "a3") is not None


def test_a_chunk_without_bytes_changes_nothing() -> None:
    assert read(b"METRIC a", b"", b"=1") == read(b"METRIC a=1")


def test_a_line_ends_where_a_chunk_does_or_the_next_begins() -> None:
    assert read(b"METRIC a=1", b"\nMETRIC b=2", b"\r", b"\nMETRIC c=x").samples == {"a": 1.0, "b": 2.0}
    assert read(b"METRIC a=1", b"\nMETRIC b=2", b"\r", b"\nMETRIC c=x").malformed[0].line_number == 3


def test_a_name_that_is_known_is_still_read_strictly() -> None:
    known = b"METRIC a=1\n"
    assert read(known + b"METRIC a=1e999\n").malformed_count == 1
    assert read(known + b"METRIC a=1e-999\n").malformed_count == 1
    assert read(known + b"METRIC a=" + b"1" * 4096 + b"\n").malformed_count == 1
    assert read(known + b"METRIC a=0\n").samples == {"a": 0.0}


def test_a_long_line_neither_counts_nor_costs_memory() -> None:
    reader = MetricReader()
    chunk = b"x METRIC a=1" * 5000
    reader.feed(chunk)
    tracemalloc.start()
    for _ in range(200):
        reader.feed(chunk)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reader.feed(b"\nMETRIC b=2\n")
    assert held < 200_000
    assert reader.close().samples == {"b": 2.0}


PIECES = st.sampled_from(
    [
        *(
            b"METRIC a=1",
            b"METRIC b=2.5e3",
            b"METRIC a=nan",
            b"METRIC b=7\x00",
            b"METRIC ",
            b"METRIC",
            b"a",
            b"=",
            b"3",
            b" ",
            b"\t",
            b"\n",
            b"\r",
        ),
        *(
            b"\r\n",
            b"\x1b[32m",
            b"\x1b[0m",
            b"\xef\xbb\xbf",
            b"\x00",
            b"\xff",
            "µ".encode(),
            b"x" * 4000,
            b"\n\n\n",
            b"text METRIC a=5",
            b"=",
        ),
    ]
)
OUTPUT = st.lists(PIECES, max_size=30).map(b"".join)


def cut(output: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(output), *(place % (len(output) + 1) for place in cuts)})
    return [output[start:end] for start, end in pairwise(places)]


@given(OUTPUT, st.lists(st.integers(0, 10_000), max_size=20))
@example(b"METRIC b=1\nMETRIC a=1\r\n", [11, 22])
def test_any_chunking_gives_the_same_report(output: bytes, cuts: list[int]) -> None:
    assert read(*cut(output, cuts)) == read(output)


@given(OUTPUT)
def test_byte_by_byte_gives_the_same_report(output: bytes) -> None:
    assert read(*(output[place : place + 1] for place in range(len(output)))) == read(output)


@given(st.binary(max_size=300), st.binary(max_size=300), st.floats(allow_nan=False, allow_infinity=False))
def test_a_line_of_its_own_counts_whatever_stands_around_it(before: bytes, after: bytes, value: float) -> None:
    before, after = (text.replace(b"METRIC", b"") for text in (before, after))
    report = read(before + b"\nMETRIC speed=" + repr(value).encode() + b"\n" + after)
    assert report.samples == {"speed": value}
    assert report.malformed_count == 0


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_survives_its_spelling(value: float) -> None:
    for spelling in (repr(value), f"{value:.17e}", f"{value:+.17E}"):
        read_back = read(f"METRIC a={spelling}\n".encode()).samples["a"]
        assert read_back == value
        assert math.copysign(1, read_back) == math.copysign(1, value)


@given(st.text(max_size=30))
def test_a_name_is_read_if_and_only_if_it_is_one(name: str) -> None:
    report = read(f"METRIC {name}=1".encode(errors="replace") + b"\n")
    expected = is_name(normalised(name)) and not normalised(name).startswith("autotune.")
    assert (normalised(name) in report.samples) == expected


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_and_numbers_are_always_finite(output: bytes) -> None:
    report = read(b"METRIC a=" + output)
    assert all(math.isfinite(value) for value in report.samples.values())
    assert report.malformed_count >= len(report.malformed)


def test_a_run_of_one_case_need_not_name_it() -> None:
    report = read(b"METRIC loss[7]=1\nMETRIC loss[17]=2\nMETRIC top[7]=3\nMETRIC top=4\n").of_one("7")
    assert report.samples == {"loss": 1.0, "loss[17]": 2.0, "top": 4.0}
