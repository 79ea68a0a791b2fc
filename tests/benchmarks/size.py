"""What autotune costs in a large repository: init, try and status, beside what `git worktree add` takes for the same files.

    python tests/benchmarks/size.py [--files 20000] [--repeats 5]

All of the files are in scope. What the runs of the benchmark took is subtracted. Prints the least and the median of each, with their ratios
to those of `git worktree add`. Each measuring worktree goes into a folder of its own, and nothing is deleted before the end: where files
were deleted lately, some file systems take ten times as long to make others. `init` is to take at most three times `git worktree add`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.overhead import timed

COMMANDS = ("init", "try", "status")
A_FOLDER = 50  # files


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taken = measured(Path(folder), asked.files, asked.repeats)
    print(f"| {asked.files:,} files | least | ratio | median | ratio |\n|---|---|---|---|---|")
    for name, seconds in taken.items():
        least, median = ((of(seconds), of(seconds) / of(taken["git worktree add"])) for of in (min, statistics.median))
        print(f"| {name} | {least[0]:.2f} s | {least[1]:.2f} | {median[0]:.2f} s | {median[1]:.2f} |")


def measured(folder: Path, files: int, repeats: int) -> dict[str, list[float]]:
    """Give the seconds of `git worktree add`, and of each command, less what its benchmark runs took."""
    project = make(folder / "project", files)
    seconds: dict[str, list[float]] = {name: [] for name in ("git worktree add", *COMMANDS)}
    for number in range(repeats):
        os.environ["AUTOTUNE_WORKTREES"] = str(folder / f"worktrees-{number}")
        begun = time.perf_counter()
        subprocess.run(["git", "worktree", "add", "-q", "--detach", str(folder / f"tree-{number}")], cwd=project, check=True)
        seconds["git worktree add"].append(time.perf_counter() - begun)
        seconds["init"].append(timed(project, "init", "--name", f"size{number}", "--metric", "size", "--scope", "src/**"))
        (project / "src/0/0.txt").write_text("-1\n")
        seconds["try"].append(timed(project, "try", "-d", "smaller"))
        seconds["status"].append(timed(project, "status"))
        timed(project, "stop")
        subprocess.run(["git", "switch", "-q", "main"], cwd=project, check=True)
    return seconds


def make(project: Path, files: int) -> Path:
    """Make a repository of so many files, whose benchmark prints the number that one of them holds."""
    for number in range(files):
        path = project / f"src/{number // A_FOLDER}/{number % A_FOLDER}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number + 100}\n" + "a line of text\n" * 40)
    (project / "autotune.sh").write_text('echo "METRIC size=$(($(head -1 src/0/0.*) + 10))"\n')
    for words in (
        *(("init", "-q", "-b", "main"), ("config", "user.name", "size"), ("config", "user.email", "size@localhost")),
        *(("add", "src"), ("commit", "-qm", "start")),
    ):
        subprocess.run(["git", *words], cwd=project, check=True)
    return project


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
