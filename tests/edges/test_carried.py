"""What is carried along is for every run what it was."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from autotune.edges.carried import Carried, carried_now, keep_copies, reset_carried
from autotune.edges.place import private

CARRY = ["modules", "single.bin", "missing"]


def made(tmp_path: Path) -> tuple[Path, Path]:
    source, top = tmp_path / "checkout", tmp_path / "measure"
    (source / "modules" / "deep").mkdir(parents=True)
    (source / "modules" / "empty").mkdir()
    (source / "modules" / "deep" / "a.js").write_text("a")
    (source / "modules" / "link").symlink_to("deep/a.js")
    (source / "single.bin").write_text("one")
    shutil.copytree(source, top, symlinks=True)
    return source, top


def test_what_a_run_wrote_changed_and_deleted_is_undone(tmp_path: Path) -> None:
    source, top = made(tmp_path)
    place = private(top, (), Carried(carried_now(top, CARRY), [source], CARRY))
    (top / "modules" / "cache").write_text("answer")
    (top / "modules" / "deep" / "a.js").write_text("b")
    (top / "modules" / "link").unlink()
    (top / "single.bin").unlink()
    (top / "modules" / "answer-42").mkdir()
    shutil.rmtree(top / "modules" / "empty")
    assert reset_carried(place) == ()
    assert not (top / "modules" / "cache").exists()
    assert not (top / "modules" / "answer-42").exists()
    assert (top / "modules" / "empty").is_dir()
    assert (top / "modules" / "deep" / "a.js").read_text() == "a"
    assert (top / "modules" / "link").is_symlink()
    assert (top / "single.bin").read_text() == "one"
    assert carried_now(top, CARRY) == dict(place.carried.stamps)


def test_a_changed_file_is_known_though_its_time_was_set_back(tmp_path: Path) -> None:
    source, top = made(tmp_path)
    place = private(top, (), Carried(carried_now(top, CARRY), [source], CARRY))
    seen = (top / "single.bin").stat()
    (top / "single.bin").write_text("two")
    os.utime(top / "single.bin", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert reset_carried(place) == ()
    assert (top / "single.bin").read_text() == "one"
    assert reset_carried(place) == ()


def test_a_file_in_a_folders_place_and_a_folder_in_a_files_are_put_right(tmp_path: Path) -> None:
    source, top = made(tmp_path)
    place = private(top, (), Carried(carried_now(top, CARRY), [source], CARRY))
    shutil.rmtree(top / "modules" / "deep")
    (top / "modules" / "deep").write_text("a file")
    (top / "single.bin").unlink()
    (top / "single.bin").mkdir()
    (top / "single.bin" / "in").write_text("x")
    assert reset_carried(place) == ()
    assert (top / "modules" / "deep" / "a.js").read_text() == "a"
    assert (top / "single.bin").read_text() == "one"


def test_what_setup_made_comes_from_a_copy_that_was_kept(tmp_path: Path) -> None:
    source, top = made(tmp_path)
    (top / "built").mkdir()
    (top / "built" / "list").write_text("made")
    keep_copies(top, ["built"], tmp_path / "copies")
    place = private(top, (), Carried(carried_now(top, [*CARRY, "built"]), [tmp_path / "copies", source], [*CARRY, "built"]))
    (top / "built" / "list").write_text("answer")
    assert reset_carried(place) == ()
    assert (top / "built" / "list").read_text() == "made"


def test_what_cannot_be_had_again_is_named(tmp_path: Path) -> None:
    source, top = made(tmp_path)
    (top / "single.bin").write_text("as setup made it")
    place = private(top, (), Carried(carried_now(top, CARRY), [source], CARRY))
    assert reset_carried(place) == ()
    (top / "single.bin").write_text("as a run made it")
    (top / "single.bin").touch()
    (top / "modules" / "deep" / "a.js").unlink()
    assert reset_carried(place) == ("single.bin",)
    assert (top / "modules" / "deep" / "a.js").read_text() == "a"


def test_where_nothing_is_carried_nothing_is_looked_at(tmp_path: Path) -> None:
    assert reset_carried(private(tmp_path)) == ()
