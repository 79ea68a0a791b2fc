"""How the page of a long session loads and scrolls in headless Chromium.

    python tests/benchmarks/loading.py [--experiments 1000] [--loads 5]

Prints, for each load and as medians: seconds by the clock from the link to the whole table and curve, with the machine's load; the
processor's seconds of the page and of its server; frames and tasks of more than 50 ms while the table is scrolled from end to end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from tests.benchmarks.watching import processor_s, served  # noqa: E402 - found only now

WATCH_TASKS = """
window.tasks = [];
const take = (list) => window.tasks.push(...list.getEntries().map((one) => one.duration));
new PerformanceObserver(take).observe({ type: "longtask", buffered: true });
"""
IS_WHOLE = """(count) => document.querySelector(".count")?.textContent === String(count)
  && document.querySelector(".effects canvas") && document.querySelectorAll("tbody tr").length > 20"""
SCROLL = """async () => {
  const area = document.querySelector(".scroll");
  const frames = [];
  window.tasks.length = 0;
  let last = performance.now();
  for (let step = 0; step <= 120; step += 1) {
    area.scrollTop = (area.scrollHeight * step) / 120;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  await new Promise((done) => setTimeout(done, 100));
  const { top, bottom } = area.getBoundingClientRect();
  const places = [...document.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect());
  const seen = places.filter((one) => one.bottom > top && one.top < bottom && one.height < 100).length;
  return { late: frames.filter((one) => one > 50).length, worst: Math.max(...frames), tasks: window.tasks.length, seen };
}"""
FIGURES = {
    "clock_s": "seconds by the clock until all is there",
    "page_s": "processor's seconds of the page until then",
    "script_s": "  of these, script",
    "server_s": "processor's seconds of the server until then",
    "load_tasks": "tasks of more than 50 ms while it loads",
    "scroll_page_s": "processor's seconds of the page while it scrolls from end to end",
    "late": "frames of more than 50 ms while it scrolls",
    "worst_ms": "the longest of these frames, in ms",
    "tasks": "tasks of more than 50 ms while it scrolls",
    "load": "load of the machine",
}


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--loads", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = planted(Path(folder), asked.experiments)
        with served(project) as (process, _):
            found = loads(project, process, asked)
    print(f"{asked.experiments:,} experiments, medians of {len(found)} loads, the first left out ({os.cpu_count()} cores)")
    for name, words in FIGURES.items():
        values = [one[name] for one in found]
        print(f"{words}: {statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})")


def planted(folder: Path, experiments: int) -> Path:
    """A repository with a session of so many experiments."""
    from tests.core.long_session import events_of
    from tests.views.planted import plant

    project = folder / "project"
    plant(project, events_of(experiments))
    return project


def loads(project: Path, process: int, asked: argparse.Namespace) -> list[dict[str, float]]:
    """What each load took but the first, which warms the server up."""
    from autotune.loop.session import sessions
    from autotune.views.web.running import Place

    place = Place.of(sessions.repository_at(project))
    with browser() as started:
        return [one_load(started, place.link("demo-1"), process, asked.experiments) for _ in range(asked.loads + 1)][1:]


def one_load(started: Any, link: str, process: int, experiments: int) -> dict[str, float]:  # noqa: ANN401 - the driver has no types here
    """Load the page, scroll its table from end to end, and give the figures."""
    context = started.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    page.add_init_script(WATCH_TASKS)
    meter = context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})  # of the page's own thread, not by the clock
    before, begun = processor_s(process), time.perf_counter()
    page.goto(link)
    page.wait_for_function(IS_WHOLE, arg=experiments, polling=10)
    clock_s, load = time.perf_counter() - begun, os.getloadavg()[0]
    server_s, loaded, tasks = processor_s(process) - before, spent(meter), len(page.evaluate("window.tasks"))
    scrolled = page.evaluate(SCROLL)
    assert scrolled["seen"] > 5, "the end of the table has no rows"
    after = spent(meter)
    context.close()
    return {
        "clock_s": clock_s,
        "page_s": loaded["TaskDuration"],
        "script_s": loaded["ScriptDuration"],
        "server_s": server_s,
        "load_tasks": tasks,
        "scroll_page_s": after["TaskDuration"] - loaded["TaskDuration"],
        "late": scrolled["late"],
        "worst_ms": scrolled["worst"],
        "tasks": scrolled["tasks"],
        "load": load,
    }


def spent(meter: Any) -> dict[str, float]:  # noqa: ANN401
    """The processor's seconds of the page so far, by what they went into."""
    return {one["name"]: one["value"] for one in meter.send("Performance.getMetrics")["metrics"]}


def browser() -> Any:  # noqa: ANN401
    """Chromium, driven by Playwright, which is in an environment of its own."""
    from contextlib import contextmanager

    lock = ROOT / "requirements-browser.lock"
    python = subprocess.run([ROOT / "bin/autotune", "--environment", lock], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    sys.path += map(str, Path(python).parents[1].glob("lib/python*/site-packages"))
    from playwright.sync_api import sync_playwright  # type: ignore[import-not-found, unused-ignore]

    @contextmanager
    def opened() -> Any:  # noqa: ANN401
        with sync_playwright() as driver:
            started = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            yield started
            started.close()

    return opened()


if __name__ == "__main__":
    main()
