"""The ledger's file: what was written whole is read whole, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.edges import ledger
from autotune.edges.ledger import FIRST, Position
from autotune.errors import AutotuneError


def add(path: Path, text: str) -> bytes | None:
    return ledger.append(path, lambda prev: json.dumps({"text": text, "prev": prev}, separators=(",", ":")).encode() + b"\n")


def texts(path: Path, position: Position | None = None) -> list[str]:
    return [json.loads(line)["text"] for line, _ in ledger.read(path, position or Position())]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for number in range(4):
        add(tmp_path / "log.jsonl", f"line {number}")
    return tmp_path / "log.jsonl"


def test_lines_follow_from_each_other_and_are_read_from_any_position(path: Path) -> None:
    positions = [position for _, position in ledger.read(path, Position())]
    assert json.loads(path.read_bytes().splitlines()[0])["prev"] == FIRST
    assert [position.lines for position in positions] == [1, 2, 3, 4]
    assert texts(path, positions[1]) == ["line 2", "line 3"]


@pytest.mark.parametrize("cut", [1, 5, 80])
def test_a_torn_last_line_is_not_read_and_is_set_aside_by_the_next(path: Path, cut: int) -> None:
    whole = path.read_bytes()
    os.truncate(path, len(whole) - cut)
    assert texts(path) == ["line 0", "line 1", "line 2"]
    torn = add(path, "after")
    assert torn == whole.splitlines(keepends=True)[3][:-cut]
    assert texts(path) == ["line 0", "line 1", "line 2", "after"]
    assert path.with_name("log.jsonl.torn-1").read_bytes() == torn


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_changed_line_is_an_error_that_names_the_line_after_it(path: Path, number: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = lines[number].replace(b"line", b"lime")
    path.write_bytes(b"".join(lines))
    with pytest.raises(AutotuneError, match=f"Line {number + 2} of .* does not follow"):
        texts(path)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_missing_line_is_an_error_that_names_its_place(path: Path, number: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[number]
    path.write_bytes(b"".join(lines))
    with pytest.raises(AutotuneError, match=f"Line {number + 1} of"):
        texts(path)


def test_lines_added_by_several_processes_at_once_all_follow(path: Path) -> None:
    children = []
    for child in range(4):
        pid = os.fork()
        if pid == 0:
            for number in range(10):
                add(path, f"{child}.{number}")
            os._exit(0)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0, 0]
    assert sorted(texts(path)[4:]) == sorted(f"{child}.{number}" for child in range(4) for number in range(10))


@given(st.lists(st.text(), min_size=1, max_size=6), st.integers(min_value=0, max_value=60))
def test_whatever_is_cut_off_the_whole_lines_stay(tmp_path_factory: pytest.TempPathFactory, said: list[str], cut: int) -> None:
    path = tmp_path_factory.mktemp("ledger") / "log.jsonl"
    for text in said:
        add(path, text)
    os.truncate(path, max(0, path.stat().st_size - cut))
    left = texts(path)
    assert left == said[: len(left)]
    add(path, "after")
    assert texts(path) == [*left, "after"]


def test_lines_longer_than_any_buffer_are_held(path: Path) -> None:
    add(path, "x" * 300_000)
    add(path, "y")
    assert texts(path)[-2:] == ["x" * 300_000, "y"]
