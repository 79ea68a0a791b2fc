"""What is no result, in every format: each has a reason, and nothing of it counts."""

from __future__ import annotations

import json
import math

import pytest

from autotune.core.facts import Kind
from autotune.core.findings import LeftAside
from autotune.core.model import Outcome
from autotune.core.output.metrics import LONGEST_NAME, MOST_NAMES, MetricReport
from autotune.core.output.outcome import Executed, classify
from autotune.core.output.sources import FORMATS, source
from autotune.core.tell.words import told
from autotune.readers.formats import READERS, report
from autotune.readers.reading import Document, Reading, name_for

FILES = [name for name in FORMATS if name != "regex"]
HEAVY = "[" * 100_000
BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><testsuites><testsuite name="&c;"/></testsuites>'


def read(spec: str, *contents: str | bytes, metric: str = "") -> MetricReport:
    found = source(spec)
    assert found is not None
    printed = zip(("stdout", "stderr", "more"), contents, strict=False)
    return report(found, metric, [Document(name, text.encode() if isinstance(text, str) else text) for name, text in printed])


def problem(found: MetricReport) -> str:
    assert found.trouble is not None
    assert found.trouble.kind is Kind.NOT_OF_FORMAT
    assert not found.printed
    assert found.trouble.because is not None
    return told(found.trouble.because)


def hyperfine(**fields: object) -> str:
    return json.dumps({"results": [{"command": "a", "mean": 1.0, **fields}]})


def google(**fields: object) -> str:
    return json.dumps({"benchmarks": [{"name": "a", "real_time": 2, "cpu_time": 1, "time_unit": "ns", **fields}]})


def test_every_format_has_a_reader() -> None:
    assert {*READERS, "regex"} == {*FORMATS}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"\xff\xfe\x00", b"null", b"3", b'"a"', b"[]", b"{}", b"{", HEAVY.encode(), b"<a/>", b"<a>", b"\x00" * 100]
)
def test_what_is_not_of_the_format_is_trouble_and_has_no_values(name: str, content: bytes) -> None:
    if (name, content) == ("json", b"3"):
        assert read("json:a", content).samples == {"value": 3.0}
    else:
        assert problem(read(f"{name}:a", content))


@pytest.mark.parametrize(
    ("spec", "content", "said"),
    [
        ("hyperfine", '{"results": [{"mean": 1}]}', "a benchmark in it has no command"),
        ("hyperfine", '{"results": []}', "its list of results is empty"),
        ("hyperfine", '{"results": [1]}', "it has no list of results"),
        ("pytest-benchmark:a", '{"benchmarks": [{"name": "a"}]}', "it has no stats of a benchmark"),
        ("vitest:a", '{"files": [{"groups": [{"fullName": "a"}]}]}', "a group in it has no list of benchmarks"),
        ("lighthouse", '{"categories": {}}', "it has no audits"),
        ("junit:a", "<testsuites><testsuite/></testsuites>", "it has no test"),
        ("junit:a", BOMB, "it declares a document type, which can expand to any amount of text; a list of tests needs none"),
        ("junit:a", "<testsuite><testcase name='a'><failure/></testcase></testsuite>", "1 tests failed in it, the first is a"),
        ("junit:a", "<html/>", "it begins with <html>, not with <testsuites> or <testsuite>"),
        ("go", "PASS\nok example 1s\n", "it has no line of a benchmark's result, such as BenchmarkName-8  1000  1234 ns/op"),
        ("criterion", "Benchmarking a\n", "it has no benchmark's result, such as NAME  time: [1.2 ns 1.3 ns 1.4 ns]"),
        ("regex:a=([0-9]+)", "b=1\n", "no line of it matches a=([0-9]+)"),
        ("json", '{"a": "b"}', "there is no number in it"),
    ],
)
def test_the_reason_says_what_is_missing(spec: str, content: str, said: str) -> None:
    assert problem(read(spec, content)) == said


@pytest.mark.parametrize(
    ("spec", "content", "name", "why"),
    [
        ("hyperfine", hyperfine(mean=math.nan), "mean[a]", "it is not a finite number"),
        ("hyperfine", hyperfine(mean=math.inf), "mean[a]", "it is not a finite number"),
        ("hyperfine", hyperfine(mean=10**400), "mean[a]", "it is not a finite number"),
        ("hyperfine", hyperfine(mean=-1), "mean[a]", "a time cannot be below 0"),
        ("hyperfine", hyperfine(times=[1, -1]), "times[a]", "a time cannot be below 0"),
        (
            "hyperfine",
            hyperfine(command="a" * 300),
            f"mean[{'a' * 300}]",
            f"no metric can be called that (letters, digits and _ . - / %, {LONGEST_NAME} at most)",
        ),
        (
            "hyperfine",
            '{"results": [{"command": "a b", "mean": 1}, {"command": "a_b", "mean": 2}]}',
            "mean[a_b]",
            "mean[a b] would have the same name, mean[a_b]",
        ),
        (
            "json",
            '{"autotune": {"wall_s": 1}}',
            "autotune.wall_s",
            f"no metric can be called that (letters, digits and _ . - / %, {LONGEST_NAME} at most)",
        ),
        ("google-benchmark", google(time_unit="days"), "real_time[a]", "the unit is not known"),
        ("google-benchmark", google(error_occurred=True), "cpu_time[a]", "it was skipped"),
        ("go", "BenchmarkA-2 10 NaN ns/op\n", "ns/op[BenchmarkA]", "it is not a finite number"),
        ("go", "BenchmarkA-2 10 1_000 ns/op\n", "ns/op[BenchmarkA]", "it is not a finite number"),
        ("criterion", "a  time:   [1 ns nan ns 2 ns]\n", "time[a]", "it is not a finite number"),
        ("criterion", "a  time:   [1 yr 2 yr 3 yr]\n", "time[a]", "the unit is not known"),
        ("junit:a", "<testsuite><testcase name='a' time='1,5'/></testsuite>", "time[a]", "it is not a finite number"),
        ("junit:a", "<testsuite><testcase name='a'/></testsuite>", "time", "it is not a finite number"),
        ("lighthouse", '{"categories": {"performance": {"score": null}}, "audits": {}}', "performance", "Lighthouse gave it no score"),
        (r"regex:a=(?P<a>\S+)", "a=1ms\n", "a", "it is not a finite number"),
        (r"regex:(?P<a>\d+)|(?P<b>x)", "x\n", "a", "the group took no part in the match"),
    ],
)
def test_what_is_no_value_spoils_its_name_alone(spec: str, content: str, name: str, why: str) -> None:
    found = read(spec, content)
    assert told(found.spoilt[name].why) == why
    assert name not in found.printed
    outcome, fact = classify(Executed(0, None, 1, 1, 1, 1, report=found), name)
    assert (outcome, fact.kind) == (Outcome.UNREADABLE, Kind.MALFORMED_VALUE)


def test_a_name_with_one_bad_value_among_several_has_none() -> None:
    found = read("hyperfine", hyperfine(times=[1.0, 2.0, math.nan]))
    assert (found.samples, found.malformed_count) == ({"mean": 1.0, "mean[a]": 1.0}, 1)


def test_trouble_is_told_after_how_the_run_ended() -> None:
    found = read("hyperfine", "")
    assert classify(Executed(1, None, 1, 1, 1, 1, report=found), "mean")[0] is Outcome.CRASHED
    assert classify(Executed(0, None, 1, 1, 1, 1, report=found), "mean") == (Outcome.UNREADABLE, found.trouble)


def test_the_same_name_in_two_places_is_told_apart_by_the_longer_one() -> None:
    stats = {"median": 1.0}
    names = [{"name": "test_a", "fullname": f"{file}.py::test_a", "stats": stats} for file in "xy"]
    assert [*read("pytest-benchmark:a", json.dumps({"benchmarks": names})).printed] == ["median[x.py_test_a]", "median[y.py_test_a]"]
    lines = "pkg: a/x\nBenchmarkA-2 1 1 ns/op\npkg: a/y\nBenchmarkA-2 1 2 ns/op\n"
    assert [*read("go", lines).printed] == ["ns/op[a/x.BenchmarkA]", "ns/op[a/y.BenchmarkA]"]


def test_the_number_of_processors_stays_where_it_differs() -> None:
    assert [*read("go", "BenchmarkA 1 1 ns/op\nBenchmarkA-2 1 2 ns/op\n").printed] == ["ns/op[BenchmarkA]", "ns/op[BenchmarkA-2]"]


def test_what_is_left_aside_is_counted() -> None:
    lines = "BenchmarkA-2 1 1 ns/op\n--- FAIL: BenchmarkB\n--- SKIP: BenchmarkC\n"
    assert dict(read("go", lines).ignored) == {LeftAside.FAILED_BENCHMARKS: 1, LeftAside.SKIPPED_BENCHMARKS: 1}
    empty = {"files": [{"groups": [{"fullName": "g", "benchmarks": [{"name": "a", "sampleCount": 0}, {"name": "b", "mean": 1}]}]}]}
    found = read("vitest:a", json.dumps(empty))
    assert (found.samples, dict(found.ignored)) == ({"mean": 1.0, "mean[b]": 1.0}, {LeftAside.BENCHMARKS_WITHOUT_SAMPLE: 1})
    assert dict(read("regex:a=([0-9]+)", f"{'b' * 5000}\na=1\n", metric="a").ignored) == {LeftAside.LONG_LINES: 1}


def test_no_more_names_are_taken_than_of_metric_lines() -> None:
    found = read("json", json.dumps({f"n{number}": number for number in range(MOST_NAMES + 5)}))
    assert (len(found.printed), dict(found.ignored)) == (MOST_NAMES, {LeftAside.MORE_NAMES: 5})


def test_json_is_found_in_the_last_line_of_what_is_printed() -> None:
    assert read("json", 'loading\n{"a": 1}\n{"a": 2}\n').samples == {"a": 2.0}
    assert read("json", '{"a": 1}\n{bad}\n{"b": [[1, 2], {"c": true, "d": 3}]}\n').samples == {"b": 1.5, "b[0]": 1.5, "b[1].d": 3.0}


def test_documents_are_read_from_stdout_and_lines_from_both() -> None:
    assert problem(read("json", "", '{"a": 1}'))
    assert read("go", "", "BenchmarkA-2 1 1 ns/op\n").samples == {"ns/op": 1.0, "ns/op[BenchmarkA]": 1.0}


def test_colours_and_progress_are_left_out_of_lines() -> None:
    assert read(r"regex:^total ([0-9]+)$", "50%\rtotal \x1b[1m7\x1b[0m\r\n", metric="t").samples == {"t": 7.0}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a/new/benchmark.json": '{"full_id": "a"}'}, "a/new has no estimates.json"),
        (
            {"a/new/benchmark.json": '{"full_id": "a"}', "a/new/estimates.json": "{}", "a/new/sample.json": "{}"},
            "a/new/sample.json does not have one time for each number of iterations",
        ),
        ({"a/base/benchmark.json": "{}"}, "it has no benchmark's result, such as NAME  time: [1.2 ns 1.3 ns 1.4 ns]"),
    ],
)
def test_a_folder_of_criterion_that_is_not_whole(files: dict[str, str], said: str) -> None:
    found = source("criterion:target/criterion")
    assert found is not None
    assert problem(report(found, "", [Document(name, text.encode()) for name, text in files.items()])) == said


def test_a_sample_of_no_iterations_is_no_value() -> None:
    files = {"benchmark": {"full_id": "a"}, "estimates": {"mean": {"point_estimate": 1}}, "sample": {"times": [1, 2], "iters": [0, 2]}}
    found = source("criterion:target/criterion")
    assert found is not None
    told = report(found, "", [Document(f"a/new/{name}.json", json.dumps(one).encode()) for name, one in files.items()])
    assert (told.samples, [*told.spoilt]) == ({"mean": 1.0, "mean[a]": 1.0, "time": 1.0, "time[a]": 1.0}, ["sample[a]"])


def test_names_hold_what_a_name_can() -> None:
    assert [name_for("mean", "a > b (c)"), name_for("-x"), name_for("p 95")] == ["mean[a_b_c_]", "_-x", "p_95"]


def test_a_value_is_scaled_after_it_was_looked_at() -> None:
    reading = Reading()
    reading.put("t", "", "2", 4, time=True, scale=1e3)
    assert reading.report.samples == {"t": 3000.0}


def test_a_number_of_thousands_of_digits_is_shown_as_such() -> None:
    reading = Reading()
    reading.put("t", "", 10**5000)
    assert reading.report.spoilt["t"].text == "t = a huge number"


def test_a_metric_of_one_benchmark_alone_is_no_metric_of_cases() -> None:
    assert [*read("go", "BenchmarkA-2 1 1 ns/op\nBenchmarkB-2 1 1 ns/op 3 B/op\n").printed] == [
        "B/op",
        "ns/op[BenchmarkA]",
        "ns/op[BenchmarkB]",
        "B/op[BenchmarkB]",
    ]
