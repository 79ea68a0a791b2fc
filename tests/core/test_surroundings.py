"""Which programs a command runs, and how two records of machine and tools differ."""

from __future__ import annotations

import pytest

from autotune.core.surroundings import changes, programs


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
        "cpu was A, is B",
        "node was /a/node, is /b/node",
    )


def test_a_tool_that_is_gone_is_named() -> None:
    assert changes({"tool node": "/a/node", "dependencies in uv.lock": "1"}, {}) == ("node is gone", "dependencies in uv.lock is gone")


def test_what_an_older_record_does_not_name_is_no_change() -> None:
    assert changes({"cpu": "A"}, {"cpu": "A", "tool node": "/a/node"}) == ()
    assert changes({"cpu": "A", "retired": "x"}, {"cpu": "A"}) == ()


def test_the_python_that_runs_the_tool_is_not_compared() -> None:
    assert changes({"python": "3.11.1"}, {"python": "3.12.0"}) == ()
