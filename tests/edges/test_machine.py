"""The machine: what it says of itself."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from autotune.edges import machine

if TYPE_CHECKING:
    import pytest


def test_a_fingerprint_names_what_comparable_measurements_share() -> None:
    found = machine.fingerprint()
    assert list(found) == ["host", "system", "kernel", "machine", "cpu", "cpus", "python"]
    assert found["host"] == platform.node()
    assert found["cpu"]
    assert int(found["cpus"]) >= 1
    assert found == machine.fingerprint()


def test_the_load_is_a_number() -> None:
    load = machine.load_average()
    assert load is not None
    assert load >= 0


def test_a_system_that_does_not_say_has_no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert machine.load_average() is None


def test_only_usable_cpus_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.usable_cpus() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert machine.usable_cpus() == os.cpu_count()


def test_without_a_list_of_processors_the_architecture_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Path, *, errors: str) -> str:
        raise FileNotFoundError(errors)

    monkeypatch.setattr(Path, "read_text", missing)
    assert machine.fingerprint()["cpu"] == (platform.processor() or platform.machine())


def test_a_tool_is_the_file_that_the_path_leads_to(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("#!/bin/sh\n")
    real.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tool").symlink_to(real)
    found = machine.tools(["tool", "./real", "nowhere-to-be-found"], tmp_path, str(tmp_path / "bin"))
    assert list(found) == ["tool", "./real"]
    assert found["tool"] == found["./real"]
    assert found["tool"].startswith(f"{real.resolve()} (10 bytes, of ")
    real.write_text("#!/bin/bash\n")
    assert machine.tools(["tool"], tmp_path, str(tmp_path / "bin")) != {"tool": found["tool"]}


def test_lock_files_are_known_by_their_content(tmp_path: Path) -> None:
    assert machine.lock_files(tmp_path) == {}
    (tmp_path / "uv.lock").write_text("a")
    first = machine.lock_files(tmp_path)
    assert list(first) == ["uv.lock"]
    (tmp_path / "uv.lock").write_text("b")
    assert machine.lock_files(tmp_path)["uv.lock"] != first["uv.lock"]


def test_how_busy_the_machine_is_is_a_share() -> None:
    share = machine.busy_share(0.05)
    assert share is not None
    assert 0 <= share <= 1


def test_a_system_that_does_not_count_is_judged_by_its_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Path) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(os, "getloadavg", lambda: (1e6, 0.0, 0.0))
    assert machine.busy_share(0.05) == 1
