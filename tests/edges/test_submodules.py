"""A submodule's files in another working tree."""

from __future__ import annotations

import subprocess
from pathlib import Path

from autotune.edges import submodules


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_file_that_lfs_keeps_is_as_in_the_checkout_and_does_not_count_as_changed(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    module = here / "libs/module"
    module.mkdir(parents=True)
    git(module, "init", "-q")
    git(module, "config", "filter.lfs.clean", "sh -c 'cat > /dev/null; echo pointer'")
    (module / ".gitattributes").write_text("*.bin filter=lfs -text\n")
    (module / "large.bin").write_text("large content\n")
    (module / "small.txt").write_text("small\n")
    git(module, "add", ".")
    git(module, "commit", "-qm", "first")
    assert git(module, "show", "HEAD:large.bin") == "pointer"
    wanted = {"libs/module": git(module, "rev-parse", "HEAD"), "libs/empty": "0" * 40}
    assert submodules.fill_submodules(here, there, wanted) == ("libs/module",)
    assert (there / "libs/module/large.bin").read_text() == "large content\n"
    assert (there / "libs/module/small.txt").read_text() == "small\n"
    assert git(there / "libs/module", "status", "--porcelain") == ""
    assert [*(there / "libs/empty").iterdir()] == []
