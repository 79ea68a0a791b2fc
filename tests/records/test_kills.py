"""Taking in is killed at any instant, again and again: in the end the database is as if it never had been."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.records.agent import Desk, ids_of, lines, record

from autotune.edges.locks import hold
from autotune.errors import AutotuneError

LIBRARY = Path(__file__).resolve().parents[2] / "lib"
PROGRAM = """
import sys
from pathlib import Path
from autotune.records.sources import Rules, Source
from autotune.records.store import opened
from autotune.records.taking_in import take_in
with opened(Path(sys.argv[1]), write=True) as store:
    print("begun", flush=True)
    take_in(store, [Source(Path(sys.argv[2]))], Rules(lines_at_once=7), 1764460800000, lambda _: None)
"""
RECORDS = 2500


def begun(desk: Desk) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, str(desk.path), str(desk.logs)]
    process = subprocess.Popen(command, env={"PYTHONPATH": str(LIBRARY)}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_killed_at_any_instant_it_takes_in_everything_exactly_once(tmp_path: Path) -> None:
    whole, killed = Desk(tmp_path / "whole"), Desk(tmp_path / "killed")
    for desk in (whole, killed):
        said = [record(number, input_text=f"a{number}@example.com") if number % 50 else "dead" for number in range(RECORDS)]
        desk.log.write_bytes(lines(*said))
    chance, kills = random.Random(5), 0
    for _ in range(8):
        with begun(killed) as process:
            time.sleep(chance.uniform(0.0, 0.12))
            process.kill()
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 3
    killed.take()
    whole.take()
    assert killed.ids() == ids_of([number for number in range(RECORDS) if number % 50])
    assert killed.dump('INTO "file"', 'INTO "source"') == whole.dump('INTO "file"', 'INTO "source"')
    assert killed.take().lines == 0


def test_of_two_at_once_one_works_and_one_names_the_other(desk: Desk) -> None:
    desk.log.write_bytes(lines(record(1)))
    with hold(desk.path.with_name("records.lock"), "autotune ingest"), pytest.raises(AutotuneError, match="autotune ingest"):
        desk.take()
    assert desk.take().records == 1
