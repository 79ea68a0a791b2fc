"""Which modules a METRIC line's value passes on its way to the commit's trailer, and a description on its way to the answer.

    python tests/benchmarks/ways.py [--lib lib]

A real `autotune try` is traced in all of its processes. A module is on a way where one of its functions is given the value, or returns
it: by itself, within a text, or in a collection or a record that holds it. Records of a whole session (State, Session and what holds
those) carry everything everywhere, so they do not count. A METRIC's way ends when the commit is made and its result is about to be
written. Each way is listed in the order in which it is gone.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import runpy
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
FACTOR = 2.5
VALUE = 4321.75  # what the candidate prints, which is no text of a file: that many times what its file holds
DESCRIPTION = "kestrels hover"
MARKS = {"metric": (VALUE, str(VALUE)), "description": (DESCRIPTION, DESCRIPTION)}
WHOLE_SESSIONS = {"Bench", "Experiment", "History", "Recent", "Segment", "Session", "State"}
DEPTH = 4  # collections and records within each other


def main() -> None:
    """Trace a `try`, and print both ways."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lib", type=Path, default=ROOT / "lib")
    asked = parser.parse_args()
    for way, modules in ways(asked.lib.resolve()).items():
        print(f"{way}: {len(modules)} modules\n  " + " → ".join(modules))


def ways(lib: Path) -> dict[str, list[str]]:
    """Give the modules on each way, in order."""
    with tempfile.TemporaryDirectory() as folder:
        project, notes = Path(folder) / "project", Path(folder) / "notes"
        make(project)
        environment = {**os.environ, "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CACHE_HOME": folder, "AUTOTUNE_WAYS": str(notes)}
        run(lib, project, environment, "init", "--name", "ways", "--metric", "size", "--scope", "size.txt")
        (project / "size.txt").write_text(f"{VALUE / FACTOR}\n")
        notes.unlink()
        run(lib, project, environment, "try", "--description", DESCRIPTION)
        seen = [line.split("\t") for line in notes.read_text().splitlines()]
    return {way: list(dict.fromkeys(module for found, module in seen if found == way)) for way in MARKS}


def make(project: Path) -> None:
    """Make a repository whose benchmark prints a number from a file."""
    project.mkdir()
    (project / "size.txt").write_text(f"{2 * VALUE / FACTOR}\n")
    (project / "autotune.sh").write_text("awk '{print \"METRIC size=\" $1 * 2.5}' size.txt\n")
    for words in (
        *(("init", "-q", "-b", "main"), ("config", "user.name", "ways"), ("config", "user.email", "ways@localhost")),
        *(("add", "size.txt"), ("commit", "-qm", "start")),
    ):
        subprocess.run(["git", *words], cwd=project, check=True)


def run(lib: Path, project: Path, environment: Mapping[str, str], *words: str) -> None:
    """Run a traced command, which has to succeed."""
    command = [sys.executable, __file__, "--traced", str(lib), *words]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"autotune {' '.join(words)}: {done.stdout}{done.stderr}")


def traced(lib: str, *words: str) -> None:
    """Run a command in this process, and note each module that a mark comes to."""
    notes = os.open(os.environ["AUTOTUNE_WAYS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    committed = Path(os.environ["AUTOTUNE_WAYS"] + ".committed")
    package = str(Path(lib) / "autotune")

    def note(frame: FrameType, event: str, returned: object) -> None:
        file = frame.f_code.co_filename
        if not file.startswith(package) or event not in ("call", "return"):
            return
        module = file[len(package) + 1 :]
        values = list(frame.f_locals.values()) if event == "call" else [returned]
        if any(getattr(value, "description", "") == DESCRIPTION for value in values if type(value).__name__ == "Result"):
            committed.touch()
        for way, marks in MARKS.items():
            if (way, module) not in noted and holds(values, marks, DEPTH) and not (way == "metric" and committed.exists()):
                noted.add((way, module))
                os.write(notes, f"{way}\t{module}\n".encode())

    noted: set[tuple[str, str]] = set()
    sys.argv = ["autotune", *words]
    threading.setprofile(note)
    sys.setprofile(note)
    runpy.run_path(str(Path(package) / "__main__.py"), run_name="__main__")


def holds(value: object, marks: tuple[object, str], depth: int) -> bool:
    """Whether a value is a mark, or has it somewhere within."""
    match value:
        case str():
            return marks[1] in value
        case bytes():
            return marks[1].encode() in value
        case float():
            return value == marks[0]
    if depth == 0 or type(value).__name__ in WHOLE_SESSIONS:
        return False
    return any(holds(one, marks, depth - 1) for one in within(value))


def within(value: object) -> Iterable[object]:
    """Give what a collection or a record holds."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    return ()


if __name__ == "__main__":
    work: Callable[..., None] = traced if sys.argv[1:2] == ["--traced"] else main
    work(*sys.argv[2:] if work is traced else ())
