"""A project for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.loop.project import Driver, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def driver(request: pytest.FixtureRequest, driver: Driver, fast_driver: Driver) -> Driver:
    """Coverage counts the first of a test's cases alone: the others tread the same path."""
    case = getattr(request.node, "callspec", None)
    return fast_driver if case is not None and any(case.indices.values()) else driver


@pytest.fixture
def project(tmp_path: Path, driver: Driver) -> Iterator[Project]:
    made = Project.make(tmp_path, driver)
    yield made
    made.end_workers()
