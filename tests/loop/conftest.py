"""A process that forks the command line, and a project for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.loop.project import Driver, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def driver(apart_from_this_machine: None) -> Iterator[Driver]:  # noqa: ARG001 - the driver inherits what that sets
    started = Driver.start()
    yield started
    started.stop()


@pytest.fixture
def project(tmp_path: Path, driver: Driver) -> Iterator[Project]:
    made = Project.make(tmp_path, driver)
    yield made
    made.end_workers()
