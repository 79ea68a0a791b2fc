"""A project for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.loop.project import Driver, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, driver: Driver) -> Iterator[Project]:
    made = Project.make(tmp_path, driver)
    yield made
    made.end_workers()
