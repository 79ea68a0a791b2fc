"""Which programs a command runs, and how two records of machine and tools differ."""

from __future__ import annotations

import random

import pytest

from autotune.core.facts import Fact, Kind
from autotune.core.stats import noise
from autotune.core.trust.surroundings import changes, noise_changed, programs, shifted


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("bash autotune.sh", ("bash",)),
        ("exec python3 bench.py", ("python3",)),
        ("TZ=UTC LANG=C env A=1 node run.js | tail -n 1", ("node", "tail")),
        ("cd sub && ./run --fast; make", ("./run", "make")),
        ("$PYTHON bench.py", ()),
        ('"$HOME/bin/x" y', ()),
        ("echo METRIC t=$(cat number)", ("cat",)),
        ('echo "METRIC t=$(show number)"', ("show",)),
        ("echo 'METRIC t=$(show number)'", ()),
        ("# python2 old\nset -e\n  if cargo bench; then\n    true\n  fi", ("cargo",)),
        ("python a.py\npython b.py", ("python",)),
        ("awk '{ print | \"sort\" }' file", ("awk",)),
        ("", ()),
    ],
)
def test_the_programs_of_a_script_are_its_commands_first_words(script: str, found: tuple[str, ...]) -> None:
    assert programs(script) == found


def test_no_more_than_twenty_programs_are_named() -> None:
    assert len(programs("\n".join(f"tool{number}" for number in range(50)))) == 20


def test_the_same_record_has_no_changes() -> None:
    record = {"cpu": "Some CPU", "tool node": "/usr/bin/node (1 bytes, of 2026-01-01T00:00:00)"}
    assert changes(record, dict(record)) == ()


def test_what_changed_is_named_with_both_values() -> None:
    assert changes({"cpu": "A", "tool node": "/a/node"}, {"cpu": "B", "tool node": "/b/node"}) == (
        Fact(Kind.TOOL_CHANGED, {"name": "cpu", "before": "A", "now": "B"}),
        Fact(Kind.TOOL_CHANGED, {"name": "node", "before": "/a/node", "now": "/b/node"}),
    )


def test_a_tool_that_is_gone_is_named() -> None:
    assert changes({"tool node": "/a/node", "dependencies in uv.lock": "1"}, {}) == (
        Fact(Kind.TOOL_GONE, {"name": "node"}),
        Fact(Kind.TOOL_GONE, {"name": "dependencies in uv.lock"}),
    )


def test_what_an_older_record_does_not_name_is_no_change() -> None:
    assert changes({"cpu": "A"}, {"cpu": "A", "tool node": "/a/node"}) == ()
    assert changes({"cpu": "A", "retired": "x"}, {"cpu": "A"}) == ()


def test_the_python_that_runs_the_tool_is_not_compared() -> None:
    assert changes({"python": "3.11.1"}, {"python": "3.12.0"}) == ()


@pytest.mark.parametrize("scale", ["ratios", "differences"])
def test_noise_that_luck_explains_is_no_change_and_ten_times_as_much_is(scale: str) -> None:
    coin, logs = random.Random(5), scale == "ratios"

    def runs(count: int, noise: float) -> tuple[float, ...]:
        return tuple(100 * (1 + noise * coin.gauss(0, 1)) for _ in range(count))

    same = [bool(noise_changed(noise.residual_pool(runs(8, 0.01), logs=logs), runs(8, 0.01), logs=logs)) for _ in range(500)]
    more = [bool(noise_changed(noise.residual_pool(runs(40, 0.001), logs=logs), runs(8, 0.02), logs=logs)) for _ in range(100)]
    assert sum(same) <= 10
    assert sum(more) >= 95
    assert noise_changed((0.0, 0.0), (1.0, 1.0, 1.0), logs=logs) is None
    assert noise_changed((0.0,), (1.0, 2.0, 3.0), logs=logs) is None


def test_values_that_luck_explains_have_not_shifted() -> None:
    before, same, other = (10.0, 10.2, 9.9, 10.1), (10.1, 10.0, 9.8, 10.2), (8.0, 8.2, 7.9, 8.1)
    assert shifted(before, same, logs=True) is None
    assert shifted(before, other, logs=True) == Fact(Kind.VALUE_MOVED, {"before": 10.05, "now": 8.05})
    assert shifted((1.0,), (2.0,), logs=True) is None  # nobody knows how much single runs differ by chance
    assert shifted((), (2.0, 2.0), logs=False) is None
    assert shifted((0.5, 0.5), (-0.5, -0.5), logs=True) is not None  # what has no logarithm is compared as it is
