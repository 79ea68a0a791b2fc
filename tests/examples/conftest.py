"""An example's files in a repository of their own, with the Python that has numpy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.loop.project import PATIENT, Driver, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parent
OWN = ("autotune.sh", "autotune.toml")  # what a session has, and no commit


@pytest.fixture
def example(tmp_path: Path, driver: Driver) -> Iterator[Callable[[str], Project]]:
    """Give a function that makes a project of an example by its name."""
    made = list[Project]()

    def make(name: str) -> Project:
        top, programs = tmp_path / "project", tmp_path / "outside" / "bin"
        shutil.copytree(EXAMPLES / name, top, ignore=shutil.ignore_patterns(*OWN, "__pycache__"))
        programs.mkdir(parents=True)
        python = programs / "python3"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        project = Project(top, tmp_path / "outside", driver, top)
        project.environment |= {"PATH": f"{programs}:{project.variables['PATH']}", "OPENBLAS_NUM_THREADS": "1"}
        made.append(project)
        project.git("init", "-q", "-b", "main")
        project.git("add", ".")
        project.git("commit", "-qm", "an example")
        project.write("autotune.sh", (EXAMPLES / name / "autotune.sh").read_text())
        project.write("autotune.toml", f"{(EXAMPLES / name / 'autotune.toml').read_text()}busy_wait_s = 0\n{PATIENT}")
        return project

    yield make
    for project in made:
        project.end_workers()


def edited(project: Project, path: str, *changes: tuple[str, str]) -> None:
    """Replace what stands once in a file."""
    text = project.read(path)
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    project.write(path, text)
