"""The file in which a benchmark leaves its results, on a real disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autotune.core.facts import UnreadError
from autotune.edges import results
from autotune.errors import AutotuneError


def test_what_was_there_is_gone_and_its_folder_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    results.clear(tmp_path, "a.json")
    results.clear(tmp_path, "out/deep/b.json")
    assert not (tmp_path / "a.json").exists()
    assert (tmp_path / "out/deep").is_dir()
    assert results.read(tmp_path, "a.json") is None


def test_a_folder_goes_with_all_that_is_in_it_and_a_link_goes_alone(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/kept").touch()
    (tmp_path / "folder/in").mkdir(parents=True)
    (tmp_path / "link").symlink_to("far")
    results.clear(tmp_path, "folder")
    results.clear(tmp_path, "link")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["far", "kept"]


def test_nothing_is_removed_or_read_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/a.json").write_text("1")
    (tmp_path / "out").symlink_to("far")
    for step in (results.clear, results.read):
        with pytest.raises(AutotuneError, match="out is a link"):
            step(tmp_path, "out/a.json")
    assert (tmp_path / "far/a.json").exists()


def test_a_file_and_a_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("1")
    (tmp_path / "folder/in").mkdir(parents=True)
    (tmp_path / "folder/in/b.json").write_text("2")
    (tmp_path / "folder/c.xml").write_text("3")
    (tmp_path / "folder/report.html").write_text("4")
    assert results.read(tmp_path, "a.json") == [("a.json", b"1")]
    assert results.read(tmp_path, "folder") == [("c.xml", b"3"), ("in/b.json", b"2")]


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "closed").write_text("1")
    for name, said in (("pipe", "no plain file"), ("link", "a link")):
        with pytest.raises(UnreadError, match=said):
            results.read(tmp_path, name)


def test_there_is_an_end_to_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_BYTES", 3)
    monkeypatch.setattr(results, "MOST_FILES", 2)
    (tmp_path / "a.json").write_text("1234")
    with pytest.raises(UnreadError, match="too large"):
        results.read(tmp_path, "a.json")
    (tmp_path / "folder").mkdir()
    for name in ("a.json", "b.json"):
        (tmp_path / "folder" / name).write_text("12")
    with pytest.raises(UnreadError, match="too large"):
        results.read(tmp_path, "folder")
    for name in ("a.json", "b.json", "c.json"):
        (tmp_path / "folder" / name).write_text("")
    with pytest.raises(UnreadError, match="too many files"):
        results.read(tmp_path, "folder")


@pytest.mark.parametrize("written", [True, False])
def test_what_is_set_aside_comes_back_unless_something_new_is_there(tmp_path: Path, *, written: bool) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.json").write_text("old")
    with results.set_aside(tmp_path, "out/a.json", tmp_path / "beside"):
        assert not (tmp_path / "out/a.json").exists()
        if written:
            (tmp_path / "out/a.json").write_text("new")
        else:
            (tmp_path / "out").rmdir()
    assert (tmp_path / "out/a.json").read_text() == ("new" if written else "old")


def test_nothing_is_set_aside_where_nothing_is(tmp_path: Path) -> None:
    with results.set_aside(tmp_path, "a.json", tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
