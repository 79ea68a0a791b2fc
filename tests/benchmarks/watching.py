"""What it costs a measurement that its session is watched as a page: the same fixed work, alone and watched, by turns.

    python tests/benchmarks/watching.py [--pairs 40] [--experiments 1000] [--pages 1]

A session with so many experiments is served, and a watcher holds its page's stream open in every other run. Meanwhile a note is written to
the log twice a second, so that there is something to tell. The work is a fixed number of rounds in one process. Prints, for
wall and processor time, the medians of both and the median of their ratios with its interval over pairs, and the share of a core that the
server took while it was watched.
"""

from __future__ import annotations

import argparse
import http.client
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from tests.benchmarks.overhead import make, pad, timed  # noqa: E402 - found only now

if TYPE_CHECKING:
    from collections.abc import Iterator

WORK = "total = 0\nfor number in range(6_000_000):\n    total += number % 7"
NOTE_EVERY_S = 0.5


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--pages", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"XDG_CACHE_HOME": f"{folder}/cache", "AUTOTUNE_WORKTREES": f"{folder}/worktrees"}
        project = Path(folder) / "project"
        make(project, 1000, files=0)
        timed(project, "init", "--name", "watching", "--metric", "size", "--scope", "size.txt")
        pad(project, asked.experiments)
        with served(project) as (process, watch):
            alone, watched, share = measured(project, process, watch, asked)
    for place, what in enumerate(("wall time", "processor time")):
        before, after = ([one[place] for one in taken] for taken in (alone, watched))
        ratios = sorted(one / other for one, other in zip(after, before, strict=True))
        low, high = interval(len(ratios))
        print(f"{what}: alone {statistics.median(before):.3f} s, watched {statistics.median(after):.3f} s, medians of {len(ratios)} pairs;")
        print(f"  watched / alone {statistics.median(ratios):.4f} [{ratios[low]:.4f}, {ratios[high]:.4f}]")
    print(f"the server took {share:.2%} of a core while {asked.pages} page(s) watched {asked.experiments:,} experiments")


def interval(count: int) -> tuple[int, int]:
    """The places in order of the ends of a median's interval of about 95 %, by the normal approximation of the sign test."""
    half = 1.96 * count**0.5 / 2
    return max(0, round(count / 2 - half)), min(count - 1, round(count / 2 + half))


def measured(
    project: Path, process: int, watch: tuple[int, str], asked: argparse.Namespace
) -> tuple[list[tuple[float, float]], list[tuple[float, float]], float]:
    """Give wall and processor seconds of the work, alone and watched, and the server's share of a core while it was watched."""
    alone: list[tuple[float, float]] = []
    watched: list[tuple[float, float]] = []
    over = threading.Event()
    writing = threading.Thread(target=write, args=(project, over), daemon=True)
    writing.start()
    spent = took = 0.0
    for pair in range(asked.pairs):
        for is_watched in (pair % 2 == 0, pair % 2 == 1):
            with ExitStack() as stack:
                if is_watched:
                    for _ in range(asked.pages):
                        stack.enter_context(watching(*watch))
                before, own, begun = processor_s(process), of_children_s(), time.perf_counter()
                subprocess.run([sys.executable, "-I", "-S", "-c", WORK], check=True)
                seconds = time.perf_counter() - begun
                (watched if is_watched else alone).append((seconds, of_children_s() - own))
                if is_watched:
                    took += seconds
                    spent += processor_s(process) - before
    over.set()
    writing.join()
    return alone, watched, spent / took


def write(project: Path, over: threading.Event) -> None:
    """Write a note to the session's log, again and again."""
    from autotune.core.ledger.events import Noted
    from autotune.edges.clock import now
    from autotune.loop.session import sessions

    session = sessions.find(project)
    while not over.wait(NOTE_EVERY_S):
        session.append(Noted("a note", now()))


def of_children_s() -> float:
    """The processor time that all processes have used that this one waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processor_s(process: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(project: Path) -> Iterator[tuple[int, tuple[int, str]]]:
    """Serve the page; gives the server's process, and port and cookie."""
    from autotune.edges import locks
    from autotune.loop.session import sessions
    from autotune.views.web.running import Place

    timed(project, "dashboard", "--web", "--keep", "--no-open")
    place = Place.of(sessions.repository_at(project))
    gate, holder = place.gate(), locks.holder(place.lock)
    assert gate is not None
    assert holder is not None
    assert holder.pid is not None
    try:
        yield holder.pid, (gate.port, f"{gate.cookie}={gate.secret}")
    finally:
        timed(project, "dashboard", "--web", "--stop")


@contextmanager
def watching(port: int, cookie: str) -> Iterator[None]:
    """Hold a page's stream open, and read what comes; begins once the first news is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    name = next(iter(names(port, cookie)))
    connection.request("GET", f"/api/watch/{name}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    while not answer.readline().startswith(b"data: "):
        pass
    over = threading.Event()

    def read() -> None:
        while not over.is_set() and answer.readline():
            pass

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    try:
        yield
    finally:
        over.set()
        reading.join()
        answer.close()
        connection.close()


def names(port: int, cookie: str) -> list[str]:
    """The sessions' names."""
    import json

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/sessions", headers={"Cookie": cookie})
    return [one["name"] for one in json.loads(connection.getresponse().read())]


if __name__ == "__main__":
    main()
