"""What is carried along is for every run what it was."""

from __future__ import annotations

import shutil
from pathlib import Path

from autotune.edges.place import Carried, carried_now, private, reset_carried

CARRY = ["modules", "single.bin", "missing"]


def made(tmp_path: Path) -> tuple[Path, Path]:
    source, top = tmp_path / "checkout", tmp_path / "measure"
    (source / "modules" / "deep").mkdir(parents=True)
    (source / "modules" / "deep" / "a.js").write_text("a")
    (source / "modules" / "link").symlink_to("deep/a.js")
    (source / "single.bin").write_text("one")
    shutil.copytree(source, top, symlinks=True)
    return source, top


def test_what_a_run_wrote_changed_and_deleted_is_undone(tmp_path: Path) -> None:
    source, top = made(tmp_path)
    place = private(top, (), Carried(carried_now(top, CARRY), source))
    (top / "modules" / "cache").write_text("answer")
    (top / "modules" / "deep" / "a.js").write_text("b")
    (top / "modules" / "link").unlink()
    (top / "single.bin").unlink()
    assert reset_carried(place, CARRY) == ()
    assert not (top / "modules" / "cache").exists()
    assert (top / "modules" / "deep" / "a.js").read_text() == "a"
    assert (top / "modules" / "link").is_symlink()
    assert (top / "single.bin").read_text() == "one"
    assert carried_now(top, CARRY) == dict(place.carried.stamps)


def test_what_cannot_be_had_again_is_named(tmp_path: Path) -> None:
    source, top = made(tmp_path)
    (top / "single.bin").write_text("as setup made it")
    place = private(top, (), Carried(carried_now(top, CARRY), source))
    assert reset_carried(place, CARRY) == ()
    (top / "single.bin").write_text("as a run made it")
    (top / "single.bin").touch()
    (top / "modules" / "deep" / "a.js").unlink()
    assert reset_carried(place, CARRY) == ("single.bin",)
    assert (top / "modules" / "deep" / "a.js").read_text() == "a"


def test_where_nothing_is_carried_nothing_is_looked_at(tmp_path: Path) -> None:
    assert reset_carried(private(tmp_path, ()), []) == ()
