"""Bytes kept by their hash: files and folders, as they were."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autotune.errors import AutotuneError
from autotune.rollout import snapshots
from autotune.rollout.snapshots import content, hash_of, keep, take


def a_folder(top: Path) -> Path:
    (top / "scripts" / "empty").mkdir(parents=True)
    (top / "SKILL.md").write_bytes(b"---\r\nname: x\n\xff")
    (top / "scripts" / "run.sh").write_text("#!/bin/sh\n")
    (top / "scripts" / "run.sh").chmod(0o755)
    (top / "link").symlink_to("SKILL.md")
    return top


def test_a_file_and_a_folder_are_had_again_byte_for_byte(tmp_path: Path) -> None:
    folder, file = a_folder(tmp_path / "skill"), tmp_path / "pack.json"
    file.write_bytes(b'{"a": 1}\r\n')
    for path in (folder, file):
        version = take(tmp_path / "store", path)
        assert version == hash_of(path) == hash_of(content(tmp_path / "store", version))
        assert take(tmp_path / "store", path) == version
    assert keep(tmp_path / "store", file.read_bytes()) == hash_of(file)
    kept = content(tmp_path / "store", str(hash_of(folder)))
    assert (kept / "link").readlink() == Path("SKILL.md")
    assert os.access(kept / "scripts" / "run.sh", os.X_OK)
    assert (kept / "scripts" / "empty").is_dir()
    assert len(list((tmp_path / "store").iterdir())) == 2


@pytest.mark.parametrize("change", ["bytes", "name", "mode", "link", "empty"])
def test_any_change_of_a_folder_is_another_version(tmp_path: Path, change: str) -> None:
    folder = a_folder(tmp_path / "skill")
    before = hash_of(folder)
    match change:
        case "bytes":
            (folder / "SKILL.md").write_bytes(b"---\nname: x\n\xff")
        case "name":
            (folder / "SKILL.md").rename(folder / "skill.md")
        case "mode":
            (folder / "scripts" / "run.sh").chmod(0o644)
        case "link":
            (folder / "link").unlink()
            (folder / "link").symlink_to("scripts")
        case _:
            (folder / "scripts" / "empty").rmdir()
    assert hash_of(folder) != before


def test_a_link_to_a_folder_stands_for_it(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "skill")
    (tmp_path / "linked").symlink_to(folder)
    assert hash_of(tmp_path / "linked") == hash_of(folder) == take(tmp_path / "store", tmp_path / "linked")


def test_what_is_not_there_or_is_no_file_is_refused(tmp_path: Path) -> None:
    assert hash_of(tmp_path / "none") is None
    with pytest.raises(AutotuneError, match="is not there"):
        take(tmp_path / "store", tmp_path / "none")
    (tmp_path / "skill").mkdir()
    os.mkfifo(tmp_path / "skill" / "pipe")
    with pytest.raises(AutotuneError, match="neither"):
        hash_of(tmp_path / "skill")


def test_a_snapshot_that_was_changed_is_not_given_and_is_taken_anew(tmp_path: Path) -> None:
    store, file = tmp_path / "store", tmp_path / "pack.json"
    file.write_bytes(b"one")
    version = take(store, file)
    content(store, version).write_bytes(b"two")
    with pytest.raises(AutotuneError, match="was changed"):
        content(store, version)
    assert take(store, file) == version
    assert content(store, version).read_bytes() == b"one"


def test_what_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, copy = a_folder(tmp_path / "skill"), snapshots.copy

    def slow(source: Path, target: Path) -> None:
        copy(source, target)
        (source / "more").write_text("more")

    monkeypatch.setattr(snapshots, "copy", slow)
    with pytest.raises(AutotuneError, match="changed while"):
        take(tmp_path / "store", folder)


def test_what_killed_processes_left_is_cleaned_up(tmp_path: Path) -> None:
    left = tmp_path / "store" / ".unfinished-99999999"
    left.mkdir(parents=True)
    keep(tmp_path / "store", b"x")
    assert not left.exists()
