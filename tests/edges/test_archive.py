"""An archive that is only data: the same each time, whole or not at all, and read within bounds."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from autotune.edges import archive
from autotune.errors import AutotuneError


def anything(name: str) -> bool:
    return ".." not in name


def test_what_is_written_is_unpacked_again_and_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 3_000_000)
    held: dict[str, bytes | Path] = {"a.json": b"{}", "runs/1/x.log": tmp_path / "big"}
    for name in ("one", "two"):
        archive.write(tmp_path / name, held, over=False)
    os.utime(tmp_path / "big", (1, 1))
    archive.write(tmp_path / "two", held, over=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert archive.unpack(tmp_path / "one", tmp_path / "there", anything) == ("a.json", "runs/1/x.log")
    assert (tmp_path / "there/runs/1/x.log").read_bytes() == b"x" * 3_000_000
    assert archive.sum_of(tmp_path / "big") == archive.sum_of(tmp_path / "there/runs/1/x.log")


def test_what_is_there_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x"
    target.write_bytes(b"mine")
    with pytest.raises(AutotuneError, match="there already"):
        archive.write(target, {"a": b"b"}, over=False)
    assert target.read_bytes() == b"mine"
    assert [*tmp_path.iterdir()] == [target]

    def without_links(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", without_links)
    with pytest.raises(AutotuneError, match="there already"):
        archive.write(target, {"a": b"b"}, over=False)
    archive.write(tmp_path / "y", {"a": b"b"}, over=False)
    assert zipfile.ZipFile(tmp_path / "y").read("a") == b"b"


@pytest.mark.parametrize("bound", ["MOST_BYTES", "MOST_FILES", "MOST_PACKED_BYTES"])
def test_an_archive_beyond_bounds_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    archive.write(tmp_path / "x", {"a": b"0" * 1000, "b": b""}, over=False)
    monkeypatch.setattr(archive, bound, 1)
    with pytest.raises(AutotuneError):
        archive.unpack(tmp_path / "x", tmp_path / "there", anything)
    assert not (tmp_path / "there").exists()


def test_other_ways_to_pack_and_nothing_at_all_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w", zipfile.ZIP_BZIP2) as made:
        made.writestr("a", b"b" * 100)
    for path in (tmp_path / "x", tmp_path / "nothing", tmp_path):
        with pytest.raises(AutotuneError):
            archive.unpack(path, tmp_path / "there", anything)


def test_a_file_whose_head_says_encrypted_is_refused(tmp_path: Path) -> None:
    archive.write(tmp_path / "x", {"a": b"b"}, over=False)
    content = bytearray((tmp_path / "x").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(AutotuneError, match="encrypted"):
        archive.unpack(tmp_path / "x", tmp_path / "there", anything)
