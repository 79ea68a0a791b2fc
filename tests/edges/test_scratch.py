from __future__ import annotations

import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from autotune.edges.scratch import MARK, temporary

if TYPE_CHECKING:
    import pytest


def test_a_folder_goes_with_its_context_and_what_killed_processes_left_goes_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    for name, mark in (("work-left", gone.pid), ("work-lives", os.getppid()), ("other-left", gone.pid)):
        (tmp_path / name / "inside").mkdir(parents=True)
        (tmp_path / name / f"{MARK}{mark}").touch()
    (tmp_path / "work-of-somebody").mkdir()
    with temporary("work-") as folder:
        assert folder.is_dir()
        assert {one.name for one in tmp_path.iterdir()} == {folder.name, "work-lives", "work-of-somebody", "other-left"}
    assert not folder.exists()


def test_a_folder_that_goes_while_others_look_for_what_was_left_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def used(_: int) -> bool:
        with temporary("autotune-here-") as folder:
            return folder.is_dir()

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(used, range(400)))
    assert list(tmp_path.iterdir()) == []
