"""How `read` names a format and a file, and what a format says of its metrics."""

from __future__ import annotations

import re

import pytest

from autotune.core.config.reading import parse
from autotune.core.output.sources import FORMATS, File, Source, source, stem
from autotune.errors import AutotuneError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("go", Source("go")),
        ("go:bench.txt", Source("go", "bench.txt")),
        ("hyperfine:./out//a.json", Source("hyperfine", "out/a.json")),
        ("json:a:b.json", Source("json", "a:b.json")),
        ("regex:total: ([0-9.]+)", Source("regex", pattern="total: ([0-9.]+)")),
        (r"regex:(?P<case>\w+) (?P<ms>\d+)", Source("regex", pattern=r"(?P<case>\w+) (?P<ms>\d+)")),
    ],
)
def test_a_format_and_a_file(text: str, found: Source | None) -> None:
    assert source(text) == found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hyperfin:a.json", "there is no format hyperfin"),
        ("go:", "no file follows"),
        ("pytest-benchmark", "pytest-benchmark:FILE, which `--benchmark-json=FILE` writes"),
        ("json:/tmp/a.json", "working directory"),
        ("json:../a.json", "working directory"),
        ("json:~/a.json", "working directory"),
        ("json:.", "working directory"),
        ("regex:", "one group"),
        ("regex:total", "one group"),
        ("regex:(a)(b)", "one group"),
        ("regex:(", "not valid"),
    ],
)
def test_what_names_no_source_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(AutotuneError, match=re.escape(problem)):
        parse({"name": "a", "metric": "t", "direction": "lower", "read": text})


@pytest.mark.parametrize(
    ("text", "metric", "implied"),
    [
        ("hyperfine", None, {"metric": "median", "unit": "s", "direction": "lower"}),
        ("go", "allocs/op[BenchmarkA]", {"metric": "allocs/op[BenchmarkA]", "direction": "lower"}),
        ("go", "MB/s", {"metric": "MB/s", "direction": "higher"}),
        ("go", "words/s", {"metric": "words/s", "direction": "higher"}),
        ("vitest:a.json", "hz[sort]", {"metric": "hz[sort]", "unit": "ops/s", "direction": "higher"}),
        ("lighthouse", None, {"metric": "performance", "direction": "higher"}),
        ("json", None, {"direction": "lower"}),
    ],
)
def test_a_format_says_which_metric_is_meant_in_which_unit_and_which_way_it_gets_better(
    text: str, metric: str | None, implied: dict[str, str]
) -> None:
    found = source(text)
    assert found is not None
    assert found.implied(metric) == implied


def test_a_metric_without_its_case() -> None:
    assert [stem(name) for name in ("mean[test_sort[10]]", "mean", "results[0].mean")] == ["mean", "mean", "results[0].mean"]


def test_what_makes_a_file_a_benchmark() -> None:
    marks = {name: Source(name, "out/bench.json") for name in FORMATS}
    assert re.search(marks["go"].mark, "func BenchmarkA(b *testing.B) {")
    assert re.search(marks["json"].mark, "open('bench.json', 'w')")
    assert (marks["json"].held, marks["hyperfine"].mark) == ("bench.json", "")
    assert (marks["json"].telling, Source("criterion", "target/criterion").telling) == ("bench.json", "target/criterion")


def test_every_format_that_needs_a_file_can_say_what_writes_it() -> None:
    assert not [name for name, known in FORMATS.items() if known.file is File.ALWAYS and "FILE" not in known.option]


@pytest.mark.parametrize(("text", "nameless"), [("go", False), ("regex:took ([0-9.]+)", True), ("regex:took (?P<s>[0-9.]+)", False)])
def test_what_a_group_without_a_name_finds_needs_one(text: str, *, nameless: bool) -> None:
    found = source(text)
    assert found is not None
    assert found.names_no_metric is nameless
