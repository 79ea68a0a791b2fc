"""A small project with a session, on which cheats are tried as somebody at the command line would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.loop.project import Answer, Driver

MAIN = Path(__file__).resolve().parents[2] / "lib" / "autotune" / "__main__.py"
PYTHON = os.path.realpath(sys.executable)
QUICK = f"{PYTHON} -S -E"

COUNT = '''\
"""Adds up numbers. What it costs is how often it ticks."""


def total(numbers, tick):
    result = 0
    for number in numbers:
        tick()
        tick()
        result += number
    return result
'''
BENCH = """\
from pathlib import Path

from app.count import total

cost = 0


def tick():
    global cost
    cost += 1


total(map(int, Path("data.txt").read_text().split()), tick)
print(f"METRIC cost={cost}")
"""
CHECK = """\
from app.count import total

assert total([1, 2, 3], lambda: None) == 6
assert total(range(500), lambda: None) == 124750
"""
SLOW = '''\
"""Takes its time."""

import time

LIMIT_S = 0.4


def work():
    time.sleep(LIMIT_S)
    return 42
'''
BUSY = '''\
"""Computes for a while."""

import hashlib
import time


def work():
    end = time.thread_time() + 0.6  # as long on a processor whose speed varies
    while time.thread_time() < end:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 10_000)
'''
TIMED = """\
import time

begun = time.perf_counter()
from app.slow import work

begun = time.perf_counter()
work()
elapsed = time.perf_counter() - begun
print(f"METRIC time_s={elapsed}")
print(f"METRIC latency={elapsed}")
print(f"METRIC rate={1 / elapsed}")
"""
COMPUTED = """\
import time

from app.busy import work

begun = time.process_time()
work()
print(f"METRIC cpu_s={time.process_time() - begun}")
"""
SEVERAL = """\
from pathlib import Path

from app.count import total

cost = 0


def tick():
    global cost
    cost += 1


for name, count in ("few", 10), ("many", 1000):
    cost = 0
    total(range(count), tick)
    print(f"METRIC cost[{name}]={cost}")
print("METRIC lines=%d" % Path("app/count.py").read_text().count("\\n"))
"""
WRITES = BENCH.replace('print(f"METRIC cost={cost}")', """Path("out.json").write_text('{"cost": %d}' % cost)""")
SAYS = BENCH.replace("METRIC cost={cost}", "it costs {cost}")
SUITE = BENCH.replace("from pathlib", "import os\nfrom pathlib").replace("{cost}", "{cost + os.urandom(1)[0] / 64}")
FILES = {
    "benchmarks/reader.py": "def numbers():\n    return map(int, open('data.txt').read().split())\n",
    "benchmarks/run.py": BENCH.replace('map(int, Path("data.txt").read_text().split())', "numbers()").replace(
        "from pathlib import Path", "from benchmarks.reader import numbers"
    ),
    "app/__init__.py": "",
    "app/count.py": COUNT,
    "app/slow.py": SLOW,
    "app/busy.py": BUSY,
    "bench.py": BENCH,
    "timed.py": TIMED,
    "computed.py": COMPUTED,
    "noisy.py": "import suite\n",
    "several.py": SEVERAL,
    "writes.py": WRITES,
    "says.py": SAYS,
    "suite.py": SUITE,
    "check.py": CHECK,
    "data.txt": " ".join(map(str, range(100))) + "\n",
    "tests/test_count.py": "def test_it():\n    assert True\n",
    "pyproject.toml": "[project]\nname = 'app'\nversion = '1'\n",
    "autotune.checks.sh": f"exec {QUICK} check.py\n",
}
# Many experiments of one session bring nothing here, which is not what is tested.
SETTINGS = """\
name = "cheats"
busy_wait_s = 0
[health]
max_no_improvement_runs = 1000
max_crash_streak = 1000
[recovery]
playbooks = ["pause"]
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A checkout with a session. `variables` are set besides where a command is called; it is a fork of `driver` where there is one."""

    top: Path
    driver: Driver | None = None
    variables: dict[str, str] = field(default_factory=dict)

    def autotune(self, *arguments: str) -> Answer:
        if self.driver is not None:
            return self.driver.begin(arguments, self.top, {**os.environ, **self.variables}, self.top.with_name("said")).wait()
        command, variables = [sys.executable, "-I", str(MAIN), *arguments], {**os.environ, **self.variables}
        done = subprocess.run(command, cwd=self.top, env=variables, capture_output=True, text=True, check=False, timeout=120)
        return Answer(done.returncode, done.stdout, done.stderr)

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.top, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    def write(self, path: str, text: str) -> None:
        target = self.top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def replace(self, path: str, old: str, new: str) -> None:
        text = (self.top / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    @property
    def folder(self) -> Path:
        [found] = (self.top / ".git" / "autotune").glob("cheats-*")
        return found

    @property
    def holdout(self) -> Path:
        """Where the session's hold-out is, outside the repository."""
        [found] = Path(os.environ["XDG_DATA_HOME"]).glob(f"autotune/{self.top.name}-*/{self.folder.name}/holdout")
        return found

    @property
    def ledger(self) -> Path:
        return self.folder / "autotune.jsonl"

    @property
    def branch(self) -> str:
        return f"autotune/{self.folder.name}"

    def lines(self, kind: str) -> list[dict[str, Any]]:
        found = (json.loads(line) for line in self.ledger.read_bytes().splitlines())
        return [line for line in found if line["type"] == kind]

    def tidy(self) -> None:
        """Take back what a cheat that was refused left, so that the next one begins from what was kept."""
        self.variables.clear()
        if self.git("rev-parse", "HEAD") != (kept := self.kept()):
            self.git("reset", "-q", "--hard", kept)
        self.git("checkout", "-q", "--", ".")
        self.git("clean", "-fdq")
        self.git("update-ref", f"refs/autotune/{self.folder.name}/pins-1", str(self.lines("config")[0]["pins"]))

    def kept(self) -> str:
        results = self.lines("result")
        return str(results[-1]["commit"]) if results else self.git("rev-parse", "HEAD")


def opened(
    top: Path,
    *,
    benchmark: str = "bench.py",
    metric: str = "cost",
    direction: str = "lower",
    unit: str = "steps",
    settings: str = "",
    interpreter: str = QUICK,
    driver: Driver | None = None,
) -> Project:
    """Make the project and open a session in it."""
    project = Project(top, driver)
    top.mkdir(parents=True)
    for path, text in FILES.items():
        project.write(path, text)
    project.write("autotune.sh", f"exec {interpreter} {benchmark}\n")
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Somebody")
    project.git("config", "user.email", "somebody@localhost")
    project.git("add", ".")
    project.git("commit", "-q", "-m", "The project")
    measured = f'metric = "{metric}"\ndirection = "{direction}"\nunit = "{unit}"\n'
    project.write("autotune.toml", f'{measured}checks = "bash autotune.checks.sh"\n{settings}{SETTINGS}')
    said = project.autotune("init")
    assert said.code == 0, said.all
    return project
