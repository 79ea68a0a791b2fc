from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from autotune.edges.atomic import lines_since, replace_file, replace_privately


def test_what_ends_a_line_elsewhere_ends_none_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes('{"a": "b\u2028c\x85d"}\nand \xff\r\nhalf'.encode())
    assert lines_since(log, 0) == (['{"a": "b\u2028c\x85d"}', "and \xff"], len(log.read_bytes()) - 4)


@pytest.mark.parametrize("write", [lambda path: replace_file(path, b"new"), lambda path: replace_privately(path, [b"new"])])
def test_a_write_that_fails_names_the_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], object]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space") as refused:
        write(path)
    assert refused.value.filename == str(path)
    assert [one.name for one in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == b"old"
