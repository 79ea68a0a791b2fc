"""A machine with the client on it; client and Python environment are installed once, into the cache folder of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.client.client import ROOT, Machine, link_programs, program

if TYPE_CHECKING:
    from collections.abc import Mapping

# Before any fixture gives the tests a cache folder of their own: what is downloaded here is worth keeping.
ENVIRONMENT = dict(os.environ)
_NAMED = Path(ENVIRONMENT.get("XDG_CACHE_HOME", ""))
CACHE = (_NAMED if _NAMED.is_absolute() else Path.home() / ".cache") / "autotune"

SOURCE = "COST = {cost}\n"
BENCHMARK = """\
#!/bin/sh
cost=$(sed -n 's/^COST = //p' src/work.py)
test "$cost" -ge 0 || exit 3
printf 'METRIC cost=%s\\n' "$cost"
"""
SETTINGS = "busy_above = 1.0  # nobody waits here for a machine that other tests use too\n"
CHECKS = "#!/bin/sh\n! grep -q WRONG src/work.py\n"


@pytest.fixture(scope="session")
def binary() -> Path:
    return program(CACHE)


@pytest.fixture(scope="session")
def environment() -> Path:
    """The folder of the Python environment that the launcher makes."""
    command = [str(ROOT / "bin/autotune"), "--environment"]
    made = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout.strip()
    return Path(made).parents[1]


@pytest.fixture
def machine(tmp_path: Path, binary: Path, environment: Path) -> Machine:
    made = Machine(binary, *(tmp_path / name for name in ("home", "cache", "programs", "tmp", "project")))
    for folder in (made.home, made.temporary, made.project / "src", made.project / "tests", made.cache / "autotune"):
        folder.mkdir(parents=True)
    link_programs(made.programs)
    (made.cache / "autotune" / environment.name).symlink_to(environment)
    files: Mapping[str, str] = {"src/work.py": SOURCE.format(cost=100), "tests/test_work.py": "# a test\n"}
    for name, content in files.items():
        (made.project / name).write_text(content)
    for line in ("init -q -b main", "config user.name Tester", "config user.email tester@example.org", "add .", "commit -q -m first"):
        made.git(*line.split())
    return made


@pytest.fixture
def session(machine: Machine) -> Machine:
    """The machine with a session open, in which one run is enough for a verdict."""
    (machine.project / "autotune.sh").write_text(BENCHMARK)
    (machine.project / "autotune.checks.sh").write_text(CHECKS)
    (machine.project / "autotune.toml").write_text(SETTINGS)
    machine.autotune("init", "--name", "speed", "--metric", "cost", "--scope", "src/**", "--once")
    return machine
