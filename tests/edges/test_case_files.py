"""What cases wrote, kept: real files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from autotune.edges import case_files
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def written(tmp_path: Path) -> Path:
    folder = tmp_path / "written"
    folder.mkdir()
    return folder


def kept(written: Path, *ids: str) -> dict[str, str]:
    target = written.parent / "kept"
    case_files.keep(written, target, ids)
    return {name: (target / name).read_text() for name in case_files.found(target)}


def test_what_stands_under_an_id_is_kept_and_nothing_else(written: Path) -> None:
    (written / "a").write_text("1")
    (written / "b.json").write_text("2")
    (written / "c" / "deep").mkdir(parents=True)
    (written / "c" / "deep" / "x.txt").write_text("3")
    (written / "d").mkdir()
    (written / "d" / "e.txt").write_text("4")
    (written / "d" / "f.txt").write_text("5")
    (written / "ab").write_text("6")
    assert kept(written, "a", "b", "c", "d/e") == {"a": "1", "b.json": "2", "c/deep/x.txt": "3", "d/e.txt": "4"}


def test_no_link_is_followed_and_nothing_but_plain_files_is_read(written: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("hidden")
    (written / "a").symlink_to(secret / "key")
    (written / "b").symlink_to(secret)
    os.mkfifo(written / "c")
    (written / "d").write_text("1")
    assert kept(written, "a", "b", "c", "d") == {"d": "1"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.symlink_to(written)
    assert kept(elsewhere, "d") == {}


def test_a_case_and_a_run_are_bounded_and_the_beginning_is_kept(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_files, "MOST_OF_A_CASE", 4)
    monkeypatch.setattr(case_files, "MOST_OF_A_RUN", 9)
    (written / "a").mkdir()
    (written / "a" / "1").write_text("abc")
    (written / "a" / "2").write_text("def")
    (written / "a" / "3").write_text("g")
    for case in "bcd":
        (written / case).write_text("hijkl")
    assert kept(written, "a", "d", "b", "c") == {"a/1": "abc", "a/2": "d", "d": "hijk", "b": "h"}
    monkeypatch.setattr(case_files, "MOST_FILES", 3)
    assert len(kept(written, "a", "b", "c", "d")) <= 3


def test_what_an_earlier_run_left_by_the_same_name_is_gone(written: Path) -> None:
    (written / "a").write_text("1")
    assert kept(written, "a") == {"a": "1"}
    (written / "a").unlink()
    (written / "b").write_text("2")
    assert kept(written, "a", "b") == {"b": "2"}


def test_where_nothing_can_be_written_it_is_refused(written: Path, tmp_path: Path) -> None:
    (written / "a").write_text("1")
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(AutotuneError, match="cannot be kept"):
        case_files.keep(written, tmp_path / "kept", ["a"])
