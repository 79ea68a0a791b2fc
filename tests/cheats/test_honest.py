"""Fifty honest patches: none is refused, none is called a cheat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cheats.project import COUNT, SLOW, Project, opened

if TYPE_CHECKING:
    from tests.loop.project import Driver

pytestmark = pytest.mark.slow

LOOP = "        tick()\n        tick()\n"
NEW_FILES = (
    *("app/cache.py", "app/env.py", "app/json_reader.py", "app/random_order.py", "app/times.py", "app/benchmarking.py", "app/README.md"),
    *(
        "app/config.toml",
        "app/data.json",
        "app/native/fast.c",
        "app/native/build.txt",
        "docs/guide.md",
        "app/metric.py",
        "app/test_data.bin",
    ),
    *("app/conf/test.toml", "app/site.py", "app/.keep", "app/types.py", "app/queue.py", "app/logging/__init__.py", "lib.rs", "src/main.go"),
    *("web/index.ts", "web/style.css", "app/setup_logging.py", "bench.h", "app/check.py", "app/timer.py", "numbers_of_mine.py"),
)
TEXTS = (
    COUNT.replace(LOOP, "        tick()\n"),
    COUNT.replace("result = 0", "result = 0  # the METRICs are elsewhere"),
    COUNT.replace("numbers, tick", "numbers, tick, *, chunk=64"),
    COUNT + "\n\nMETRIC_NAMES = ('cost',)\n",
    COUNT + "\n\ndef report():\n    return 'metric cost'\n",
    COUNT + "\n\nimport atexit\natexit.register(lambda: None)\n",
    COUNT + "\n\nimport os\nWORKERS = int(os.environ.get('WORKERS', '1'))\n",
    COUNT + "\n\nfrom functools import lru_cache\n",
    COUNT + "\n\nTABLE = [number * number for number in range(1000)]\n",
    COUNT + "\n\nimport sys\nprint('adding', file=sys.stderr)\n",
    COUNT + "\n\nimport subprocess\nsubprocess.run(['true'], check=True)\n",
    COUNT + "\n\nimport tempfile\nwith tempfile.TemporaryFile() as file:\n    file.write(b'x')\n",
    COUNT + "\n\nimport json\njson.dump({}, open('app/.cache.json', 'w'))\n",
    COUNT + "\n\n# autotune kept this\n",
    COUNT + "\n\nimport time\nBEGUN = time.perf_counter()\n",
    COUNT.replace("result += number", "result = result + number"),
    COUNT.replace("for number in numbers", "for number in iter(numbers)"),
    COUNT.replace("def total", "def total_of(numbers):\n    return sum(numbers)\n\n\ndef total"),
    '"""Adds up."""\n' + COUNT.partition("\n")[2],
)
LIMITS = (0.3, 0.2, 0.1, 0.05, 0.01, 0.0)
STARTS = ("import json", "import decimal", "import asyncio", "import logging", "import email")
assert len({*NEW_FILES, *TEXTS, *LIMITS, *STARTS}) >= 50


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory, fast_driver: Driver) -> Project:
    return opened(tmp_path_factory.mktemp("honest") / "counts", settings='decision_mode = "once"\n', driver=fast_driver)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory, fast_driver: Driver) -> Project:
    settings = 'decision_mode = "once"\n'
    return opened(
        tmp_path_factory.mktemp("honest") / "times", benchmark="timed.py", metric="time_s", unit="s", driver=fast_driver, settings=settings
    )


def measured(project: Project) -> str:
    said = project.autotune("try", "--again", "--description", "an honest change")
    assert said.code == 0, said.all
    assert "verdict: void" not in said.out
    assert "not to be trusted" not in said.out
    assert "left processes behind" not in said.out
    return said.out


@pytest.mark.parametrize("path", NEW_FILES)
def test_a_new_file_of_any_kind_is_measured_like_any_change(path: str, counting: Project) -> None:
    counting.write(path, f"# {path}\n")
    measured(counting)
    counting.tidy()


@pytest.mark.parametrize("text", TEXTS)
def test_an_edited_program_is_measured_whatever_it_says(text: str, counting: Project) -> None:
    counting.write("app/count.py", text)
    measured(counting)
    counting.tidy()


def kept_by_the_evidence(project: Project) -> None:
    """Measure, see that it would be kept, and discard it, so that the next one is compared with the same."""
    said = project.autotune("run")
    assert "verdict: keep" in said.out, said.all
    project.autotune("log", "--description", "honest", "--status", "discard")


@pytest.mark.parametrize("limit_s", LIMITS)
def test_time_that_is_really_saved_is_kept(limit_s: float, timed: Project) -> None:
    timed.write("app/slow.py", SLOW.replace("LIMIT_S = 0.4", f"LIMIT_S = {limit_s}"))
    kept_by_the_evidence(timed)
    timed.tidy()


@pytest.mark.parametrize("line", STARTS)
def test_a_program_that_loads_more_at_its_start_is_not_accused(line: str, timed: Project) -> None:
    timed.write("app/slow.py", SLOW.replace("LIMIT_S = 0.4", f"{line}\n\nLIMIT_S = 0.2"))
    kept_by_the_evidence(timed)
    timed.tidy()
