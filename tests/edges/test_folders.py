"""Where working trees go: no dot on the way, nobody else's folder, and no cache for what people wrote."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from autotune.edges import folders
from autotune.errors import AutotuneError


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Linux with a home folder, a temporary folder of its own, and no settings."""
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(folders, "TEMPORARY", tmp_path / "temporary")
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


@pytest.fixture
def shared(machine: Path) -> Path:
    return machine / f"temporary/autotune-{os.getuid()}"


def test_a_cache_folder_on_whose_path_no_dot_is_holds_them(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / "cache"))
    assert folders.worktrees() == machine / "cache/autotune"
    folders.make_worktrees()
    assert (machine / "cache/autotune").is_dir()


@pytest.mark.parametrize("cache", [None, "", "relative", "{}/.x/cache", "{}/link"])
def test_where_a_part_of_the_cache_folder_begins_with_a_dot_a_private_one_holds_them(
    machine: Path, shared: Path, monkeypatch: pytest.MonkeyPatch, cache: str | None
) -> None:
    (machine / ".hidden").mkdir()
    (machine / "link").symlink_to(machine / ".hidden")
    if cache is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache.format(machine))
    assert folders.worktrees() == shared
    folders.make_worktrees()
    folders.make_worktrees()
    assert shared.stat().st_mode & 0o777 == 0o700


def test_on_a_mac_its_own_cache_folder_holds_them(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert folders.worktrees() == machine / "home/Library/Caches/autotune"


@pytest.mark.parametrize("setting", ["relative", "~/x", "."])
def test_a_setting_that_is_relative_is_refused(machine: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv(folders.SETTING, setting)
    with pytest.raises(AutotuneError, match="relative"):
        folders.worktrees()
    monkeypatch.setenv(folders.SETTING, str(machine / "x/.."))
    assert folders.worktrees() == machine


def test_a_setting_inside_the_repository_is_refused(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "link").symlink_to(machine / "home")
    monkeypatch.setenv(folders.SETTING, str(machine / "link/inner"))
    with pytest.raises(AutotuneError, match="inside the repository"):
        folders.make_worktrees(machine / "elsewhere", machine / "home")
    folders.make_worktrees(machine / "elsewhere")


def test_measuring_worktrees_do_not_lie_in_those_of_sessions(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.trees() == machine / "home/autotune"
    monkeypatch.setenv(folders.SETTING, str(folders.trees()))
    assert folders.worktrees() == machine / "home/autotune/measuring"


def test_where_no_program_can_be_run_in_the_temporary_folder_the_home_folder_holds_them(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = os.statvfs(machine)
    fields = [getattr(there, name) for name in dir(there) if name.startswith("f_")]
    assert fields
    without = os.statvfs_result([*tuple(there)[:8], there.f_flag | os.ST_NOEXEC, there.f_namemax])
    monkeypatch.setattr(os, "statvfs", lambda _: without)
    assert folders.worktrees() == machine / "home/autotune/measuring"


def test_without_a_temporary_folder_the_home_folder_holds_them(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "TEMPORARY", machine / "none")
    assert folders.worktrees() == machine / "home/autotune/measuring"


@pytest.mark.parametrize("home", ["", "relative"])
def test_without_a_usable_home_folder_the_working_trees_of_sessions_are_refused(
    machine: Path, shared: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)
    if home:
        with pytest.raises(AutotuneError, match="home"):
            folders.trees()
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / ".cache"))
    assert folders.worktrees() == shared


def _link(path: Path) -> None:
    path.with_name("target").mkdir()
    path.symlink_to(path.with_name("target"))


def _open(path: Path) -> None:
    path.mkdir()
    path.chmod(0o777)


@pytest.mark.parametrize("there", [_link, _open, Path.touch], ids=["a link", "open to others", "a file"])
def test_a_private_folder_that_may_be_somebody_elses_is_refused(machine: Path, shared: Path, there: object) -> None:
    assert machine.is_dir()
    assert callable(there)
    there(shared)
    with pytest.raises(AutotuneError) as refused:
        folders.make_worktrees()
    assert str(shared) in refused.value.message
    assert folders.SETTING in refused.value.hint


def test_another_users_private_folder_is_refused(machine: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    shared.rename(machine / "temporary/autotune-4000000")
    with pytest.raises(AutotuneError, match="another user"):
        folders.make_worktrees()


def test_a_private_folder_that_others_could_only_read_is_closed(shared: Path) -> None:
    shared.mkdir()
    shared.chmod(0o755)
    folders.make_worktrees()
    assert shared.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine / "file").touch()
    monkeypatch.setenv(folders.SETTING, str(machine / "file/inner"))
    with pytest.raises(AutotuneError, match="file/inner"):
        folders.make_worktrees()
