"""What a command or its output is recognised as."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune.readers.recognising import recognised

SAMPLES = Path(__file__).with_name("samples")


@pytest.mark.parametrize(
    ("sample", "read"),
    [
        ("hyperfine/printed.txt", "hyperfine:bench.json"),
        ("hyperfine/two.json", "hyperfine"),
        ("pytest-benchmark/printed.txt", "pytest-benchmark:bench.json"),
        ("go/printed.txt", "go"),
        ("criterion/printed.txt", "criterion"),
        ("vitest/printed.txt", "vitest:bench.json"),
        ("google-benchmark/printed.txt", "google-benchmark:bench.json"),
        ("google-benchmark/plain.json", "google-benchmark"),
        ("lighthouse/plain.json", "lighthouse"),
    ],
)
def test_every_tool_is_known_by_what_it_prints(sample: str, read: str) -> None:
    found = recognised("sh run.sh", (SAMPLES / sample).read_bytes())
    assert found is not None
    assert found.figures["read"] == read


@pytest.mark.parametrize(
    ("command", "read", "option"),
    [
        ("hyperfine 'sleep 1'", "hyperfine:bench.json", "--export-json bench.json"),
        ("go test -run '^$' -bench . ./...", "go", ""),
        ("cargo +nightly bench --bench fib", "criterion", ""),
        ("npx vitest bench --run", "vitest:bench.json", "--outputJson=bench.json"),
        ("python -m pytest tests/benchmarks", "pytest-benchmark:bench.json", "--benchmark-json=bench.json"),
        ("./run --benchmark_filter=a", "google-benchmark:bench.json", "--benchmark_out=bench.json --benchmark_out_format=json"),
    ],
)
def test_every_tool_is_known_by_its_call(command: str, read: str, option: str) -> None:
    found = recognised(command)
    assert found is not None
    assert (found.figures["read"], found.figures["option"]) == (read, option)


def test_json_that_nobody_knows_is_any_json() -> None:
    found = recognised("sh run.sh", b'loading\n{"p95": 3}\n')
    assert found is not None
    assert found.figures["read"] == "json"


@pytest.mark.parametrize(
    ("command", "output"), [("python bench.py", b"done in 3 s\n"), ("make", b""), ("pytest -q", b"3 passed in 0.1s\n")]
)
def test_nothing_else_is_recognised(command: str, output: bytes) -> None:
    assert recognised(command, output) is None
