"""What every test stands on: a git without anybody's settings, a cache folder of its own, and a process that forks the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from tests.loop.project import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes says more about what else the machine does, and about coverage, than about what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

GIT_SETTINGS = """\
[user]
    name = A. Tester
    email = tester@example.org
[init]
    defaultBranch = main
[commit]
    gpgSign = false
[gc]
    auto = 0
[maintenance]
    auto = false
"""


@pytest.fixture(scope="session", autouse=True)
def apart_from_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads the settings of whoever runs it, or leaves anything in their cache folder, or asks a model; children inherit it."""
    folder = tmp_path_factory.mktemp("apart")
    settings = folder / "gitconfig"
    settings.write_text(GIT_SETTINGS, "utf-8")
    (folder / "home").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        # Set where a hook of git runs the tests: they would point every git command at that repository.
        for name in [name for name in os.environ if name.startswith(("GIT_", "AUTOTUNE_", "CLAUDE"))]:
            patch.delenv(name)
        patch.setenv("GIT_CONFIG_GLOBAL", str(settings))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp()))
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setenv("LC_ALL", "C.UTF-8")
        patch.setenv("AUTOTUNE_NO_REQUESTS", "1")
        yield


@pytest.fixture(scope="session")
def driver(apart_from_this_machine: None) -> Iterator[Driver]:  # noqa: ARG001 - the driver inherits what that sets
    started = Driver.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def fast_driver(apart_from_this_machine: None) -> Iterator[Driver]:  # noqa: ARG001
    """For tests that tread the same path many times: coverage does not count there."""
    started = Driver.start(counted=False)
    yield started
    started.stop()
