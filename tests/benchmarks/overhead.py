"""What autotune costs beside the benchmark itself: init, run, log, try, status and the dashboard, with few results and with many.

    python tests/benchmarks/overhead.py [--results 10 10000] [--repeats 5] [--files 0]

Each command is a process of its own, timed whole, on a repository whose benchmark prints a number from a file; what the runs of the
benchmark took is subtracted. `--files` puts so many other files of 20 kB into the repository. Prints medians, and for each command the
ratio between many results and few. Set XDG_CACHE_HOME to a folder of its own when something else is being measured on this machine.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from autotune.core.facts import quoted  # noqa: E402 - found only now

COMMANDS = ("init", "run", "log", "try", "status", "dashboard")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, nargs=2, default=[10, 10_000], metavar=("FEW", "MANY"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--files", type=int, default=0)
    asked = parser.parse_args()
    few, many = (measured(results, asked.repeats, asked.files) for results in asked.results)
    print(f"| command | {asked.results[0]} results | {asked.results[1]:,} results | ratio |\n|---|---|---|---|")
    for name in COMMANDS:
        ratio = "" if name == "init" else f"{many[name] / few[name]:.2f}"
        print(f"| {name} | {few[name]:.2f} s | {many[name]:.2f} s | {ratio} |")
    print(f"\ninit + run + log: {few['init'] + few['run'] + few['log']:.2f} s; try: {few['try']:.2f} s")


def measured(results: int, repeats: int, files: int) -> dict[str, float]:
    """Give the median seconds of each command, less what its benchmark runs took, in a session with so many results."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
        value = 1_000_000
        for _ in range(repeats):
            shutil.rmtree(project, ignore_errors=True)
            make(project, value, files)
            seconds["init"].append(timed(project, "init", "--name", "overhead", "--metric", "size", "--scope", "size.txt"))
        pad(project, results)
        timed(project, "status")
        for _ in range(repeats):
            for name, words in (("run", ()), ("log", ("-d", "smaller")), ("try", ("-d", "smaller"))):
                if name != "log":
                    value -= 1
                    (project / "size.txt").write_text(f"{value}\n")
                seconds[name].append(timed(project, name, *words))
            seconds["status"].append(timed(project, "status"))
            seconds["dashboard"].append(timed(project, "dashboard"))
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def make(project: Path, value: int, files: int = 0) -> None:
    """Make a repository whose benchmark prints a number from a file, with so many files besides."""
    project.mkdir()
    for number in range(files):
        (project / f"{number % 100}").mkdir(exist_ok=True)
        (project / f"{number % 100}" / f"{number}.dat").write_text(f"{number}\n" * (20_000 // (len(str(number)) + 1)))
    for words in (("init", "-q", "-b", "main"), ("config", "user.name", "overhead"), ("config", "user.email", "overhead@localhost")):
        subprocess.run(["git", *words], cwd=project, check=True)
    (project / "size.txt").write_text(f"{value}\n")
    subprocess.run(["git", "add", "."], cwd=project, check=True)
    subprocess.run(["git", "commit", "-qm", "start"], cwd=project, check=True)
    (project / "autotune.sh").write_text('echo "METRIC size=$(cat size.txt)"\n')


def timed(project: Path, *words: str) -> float:
    """Run one command of autotune and give its seconds, less what its benchmark runs took."""
    before = spent(project)
    begun = time.perf_counter()
    command = [sys.executable, "-I", str(ROOT / "lib" / "autotune" / "__main__.py"), *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begun
    if done.returncode != 0:
        sys.exit(f"autotune {' '.join(words)}: {done.stderr}")
    return taken - (spent(project) - before)


def spent(project: Path) -> float:
    """Give the seconds that all runs so far took."""
    ledger = project / "autotune.jsonl"
    if not ledger.exists():
        return 0.0
    with ledger.open("rb") as file:
        file.seek(max(0, ledger.stat().st_size - 200_000))
        lines = file.read().splitlines()
    return math.fsum(json.loads(line)["wall_s"] for line in lines if line.startswith(b'{"type":"run"'))


def pad(project: Path, results: int) -> None:
    """Append so many settled experiments to the session's ledger, as they would be written."""
    from autotune.core.ledger.events import CandidateTaken, Decided, Ran, Result
    from autotune.core.ledger.lines import to_line
    from autotune.core.ledger.purposes import Cause, Purpose
    from autotune.core.model import Arm, Outcome, Status, Verdict
    from autotune.edges import ledger

    (path,) = (project / ".git" / "autotune").glob("*/autotune.jsonl")
    when, base = "2026-01-01T00:00:00.000Z", json.loads(path.read_bytes().splitlines()[0])["base"]
    lines = path.read_bytes().splitlines(keepends=True)
    prev = ledger.digest(lines[-1])
    with path.open("ab") as file:
        for number in range(1, results + 1):
            events = (
                CandidateTaken(number, base, base, ("size.txt",), when, settles=True, description="larger"),
                Ran(number, Purpose.EXPERIMENT, Arm.CANDIDATE, 1, Outcome.OK, quoted(""), {"size": 1_000_001.0}, 0.0, when, ""),
                Decided(number, Verdict.DISCARD, Outcome.OK, Cause.IDEA, quoted("worse"), when, value=1_000_001.0),
                Result(
                    index=number,
                    commit=base,
                    metric=1_000_001.0 + number % 7,
                    status=Status.DISCARD,
                    description="larger",
                    timestamp=when,
                    segment=1,
                    metrics={},
                    asi=None,
                    failure=None,
                    reason=quoted("worse"),
                    files=("size.txt",),
                    verdict=Verdict.DISCARD,
                    outcome=Outcome.OK,
                ),
            )
            for event in events:
                line = to_line(event, prev)
                prev = ledger.digest(line)
                file.write(line)
    config = project / "autotune.toml"
    config.write_text(config.read_text().replace("max_no_improvement_runs = 5", "max_no_improvement_runs = 1000000"))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
