"""Each reader on what its tool really wrote or printed: names, units, several values, and what is left aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune.core.facts import Fact
from autotune.core.findings import LeftAside, Unread
from autotune.core.output.metrics import MetricReport
from autotune.core.output.sources import source
from autotune.readers.formats import report
from autotune.readers.reading import Document

SAMPLES = Path(__file__).with_name("samples")


def documents(sample: str) -> list[Document]:
    """A sample as a file, as what was printed, or as a folder's files."""
    path = SAMPLES / sample
    if path.is_dir():
        return [Document(str(file.relative_to(path)), file.read_bytes()) for file in sorted(path.rglob("*.json"))]
    return [Document("stdout", path.read_bytes())]


def read(spec: str, sample: str, metric: str = "") -> MetricReport:
    found = source(spec)
    assert found is not None
    return report(found, metric, documents(sample))


def test_hyperfine() -> None:
    found = read("hyperfine:two.json", "hyperfine/two.json")
    assert found.samples["mean[sleep_longer]"] == 0.0142482424
    assert found.samples["median[sleep_0.02]"] == 0.021230478
    times = found.printed["times[sleep_longer]"]
    assert (times.count, times.lowest, times.highest, times.last) == (5, 0.011243426, 0.016118997, 0.015571966000000001)
    assert "exit_codes[sleep_0.02]" not in found.printed
    assert found.trouble is None


def test_hyperfine_with_a_parameter_has_a_case_for_each_command() -> None:
    found = read("hyperfine", "hyperfine/parameter.json")
    assert [name for name in found.printed if name.startswith("median")] == [
        "median[sleep_0.01]",
        "median[sleep_0.02]",
        "median[sleep_0.03]",
    ]


def test_a_command_that_failed_in_hyperfine_has_no_value() -> None:
    found = read("hyperfine", "hyperfine/failing.json")
    assert not found.printed
    assert found.spoilt["mean[false]"].why == Fact(Unread.COMMAND_FAILED_IN_IT, {"runs": 3, "code": 1})


def test_pytest_benchmark() -> None:
    found = read("pytest-benchmark:out.json", "pytest-benchmark/with-data.json")
    assert {name for name in found.printed if name.startswith("median")} == {
        "median[test_fib]",
        "median[test_sort[10]]",
        "median[test_sort[1000]]",
        "median[test_join]",
    }
    assert found.printed["data[test_fib]"].count == found.samples["rounds[test_fib]"]
    assert found.printed["data[test_fib]"].last == pytest.approx(found.samples["median[test_fib]"])


def test_lighthouse() -> None:
    found = read("lighthouse", "lighthouse/plain.json")
    assert found.samples["performance"] == 1
    assert found.samples["best-practices"] == 0.93
    assert found.samples["total-blocking-time"] == 17
    assert dict(found.ignored)[LeftAside.AUDITS_WITHOUT_NUMBER] > 10


def test_lighthouse_that_could_not_load_the_page_is_no_report() -> None:
    found = read("lighthouse", "lighthouse/error.json")
    assert found.trouble is not None
    assert found.trouble.because is not None
    assert found.trouble.because.figures["said"].startswith("Chrome prevented page load")


@pytest.mark.parametrize("sample", ["criterion/printed.txt", "criterion/again.txt"])
def test_criterion_as_it_is_printed(sample: str) -> None:
    found = read("criterion", sample)
    assert [*found.printed] == [
        "time[fib_12]",
        "time[growing/fib/5]",
        "time[growing/fib/15]",
        "time[a_benchmark_whose_name_is_long_enough_to_stand_alone]",
    ]
    assert {one.count for one in found.printed.values()} == {1}


def test_a_change_that_criterion_prints_is_no_time() -> None:
    found = read("criterion", "criterion/again.txt")
    assert found.samples["time[fib_12]"] == 450.12
    assert found.samples["time[growing/fib/15]"] == 1611.9


def test_criterions_folder() -> None:
    found = read("criterion:target/criterion", "criterion/folder")
    assert found.samples["time[fib_12]"] == found.samples["slope[fib_12]"]
    sample = found.printed["sample[growing/fib/5]"]
    assert (sample.count, sample.lowest <= found.samples["median[growing/fib/5]"] <= sample.highest) == (10, True)


def test_go() -> None:
    found = read("go", "go/printed.txt")
    assert found.samples["ns/op[BenchmarkCount]"] == 20818
    assert found.samples["MB/s[BenchmarkCount]"] == 43.23
    assert found.samples["words/op[BenchmarkCount]"] == 300
    assert found.samples["allocs/op[BenchmarkCount]"] == 1
    assert found.samples["ns/op[BenchmarkSizes/n_10]"] == 756.2
    assert found.samples["ns/op[BenchmarkNothing]"] == 0.8845


def test_gos_repetitions_are_several_values_of_which_the_median_counts() -> None:
    several = read("go", "go/count3.txt").printed["ns/op[BenchmarkCount]"]
    assert (several.count, several.first, several.lowest, several.highest, several.last) == (3, 30070, 16492, 30070, 22433)


def test_gos_verbose_lines_are_no_second_value() -> None:
    assert read("go", "go/verbose.txt").printed["ns/op[BenchmarkCount]"].count == 1


def test_gos_json_is_not_what_is_read() -> None:
    found = read("go", "go/json.txt")
    assert found.trouble is not None
    assert found.trouble.figures["format"] == "Go's -bench"


def test_google_benchmark() -> None:
    found = read("google-benchmark:out.json", "google-benchmark/plain.json")
    assert found.samples["real_time[BM_Sort/512]"] == pytest.approx(6940, rel=0.01)  # printed as 6.94 us
    assert found.samples["elements[BM_Sort/8]"] == 8
    assert "bytes_per_second[BM_Copy]" in found.samples
    assert found.spoilt["real_time[BM_Bad]"].why == Fact(Unread.TOOL_SAID, {"said": "no input"})


def test_google_benchmarks_repetitions_count_and_its_aggregates_do_not() -> None:
    found = read("google-benchmark", "google-benchmark/repetitions.json")
    assert found.printed["real_time[BM_Copy]"].count == 3
    assert dict(found.ignored) == {"aggregates": 12}


def test_google_benchmarks_aggregates_alone_are_read_by_their_median() -> None:
    found = read("google-benchmark", "google-benchmark/aggregates.json")
    assert found.printed["real_time[BM_Sort/8]"].count == 1
    assert dict(found.ignored) == {"aggregates": 9}


def test_google_benchmarks_table_is_not_what_is_read() -> None:
    assert read("google-benchmark", "google-benchmark/printed.txt").trouble is not None


def test_vitest() -> None:
    found = read("vitest:out.json", "vitest/plain.json")
    assert found.samples["median[normal_array]"] == 0.00018000000000029104
    assert found.samples["hz[top]"] == 2013194.1214691428
    assert {name for name in found.printed if name.startswith("mean")} == {"mean[top]", "mean[normal_array]", "mean[reverse_it]"}
    assert "rank[top]" not in found.printed


def test_junit_of_pytest() -> None:
    found = read("junit:out.xml", "junit/pytest.xml")
    assert found.samples["time"] == 16.225
    assert found.samples["time[bench_test_sample.TestJoin.test_join]"] == 2.788
    assert (found.samples["tests"], found.samples["skipped"]) == (5, 1)
    assert dict(found.ignored) == {"skipped tests": 1}


def test_junit_of_vitest() -> None:
    found = read("junit:out.xml", "junit/vitest.xml")
    assert (found.samples["time"], found.samples["time[a.test.ts.adds]"]) == (0.0236724, 0.022138845)


def test_any_json_by_the_way_that_leads_there() -> None:
    found = read("json:out.json", "hyperfine/two.json")
    assert found.samples["results[0].mean"] == 0.0142482424
    assert found.printed["results[1].times"].count == 5


@pytest.mark.parametrize(
    ("pattern", "metric", "name", "value"),
    [
        (r"ok\s+\S+\s+([0-9.]+)s", "total", "total", 0.348),
        (r"(?P<case>Benchmark\w+)-\d+\s+\d+\s+(?P<ns>[0-9.]+) ns/op", "ns", "ns[BenchmarkNothing]", 0.8845),
    ],
)
def test_a_regular_expression_of_ones_own(pattern: str, metric: str, name: str, value: float) -> None:
    assert read(f"regex:{pattern}", "go/printed.txt", metric).samples[name] == value
