"""Rights that are given back: real files and modes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from autotune.edges import rights


@pytest.fixture(autouse=True)
def owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests has the owner's rights and no more, root too."""
    monkeypatch.setattr(os, "access", lambda path, need: path.exists() and path.stat().st_mode >> 6 & need == need)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for path in ("top/a/b/c", "top/d/e", "elsewhere/f"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("")
    (tmp_path / "top/link").symlink_to("../elsewhere")
    return tmp_path / "top"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_opened_as_far_as_needed_outer_ones_first_and_others_left_alone(top: Path) -> None:
    (top / "a/b").chmod(0o000)
    (top / "a").chmod(0o444)
    (top / "d").chmod(0o555)
    (top.parent / "elsewhere").chmod(0o500)
    assert rights.open_folders(top, ["a/b/c", "d/e", "link/f", "gone/x", "top-level", "d/nested/"]) == ("a", "a/b")
    assert (mode(top / "a"), mode(top / "a/b"), mode(top / "d")) == (0o544, 0o500, 0o555)
    assert rights.open_folders(top, ["d/e", "link/f"], changed=True) == ("d",)
    assert (mode(top / "d"), mode(top.parent / "elsewhere")) == (0o755, 0o500)


def test_files_that_cannot_be_read_can_be_edited_again_but_neither_pipes_nor_what_lies_behind_a_link(top: Path) -> None:
    (top / "d/e").chmod(0o020)
    (top.parent / "elsewhere/f").chmod(0o000)
    (top / "to-file").symlink_to("../elsewhere/f")
    os.mkfifo(top / "pipe", 0o000)
    assert rights.open_files(top, ["a/b/c", "d/e", "link/f", "to-file", "pipe", "gone", "d"]) == ("d/e",)
    assert (mode(top / "d/e"), mode(top.parent / "elsewhere/f"), mode(top / "pipe")) == (0o620, 0, 0)


def test_what_belongs_to_somebody_else_stays_as_it_is(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    (top / "d").chmod(0o000)
    monkeypatch.setattr(Path, "chmod", refuse)
    assert rights.open_folders(top, ["d/e"]) == ()
