"""A machine with the client on it; client and Python environment are installed once, into the cache folder of whoever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.client.client import Machine, machine_in, open_session, program, python_environment


@pytest.fixture(scope="session")
def binary() -> Path:
    return program()


@pytest.fixture(scope="session")
def environment() -> Path:
    return python_environment()


@pytest.fixture
def machine(tmp_path: Path, binary: Path, environment: Path) -> Machine:
    return machine_in(tmp_path, binary, environment)


@pytest.fixture
def session(machine: Machine) -> Machine:
    return open_session(machine)
