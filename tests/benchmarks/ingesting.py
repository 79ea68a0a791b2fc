"""How long traces take to be taken in, in how much memory, and how long `prompts status` takes on what came of it.

    python tests/benchmarks/ingesting.py [--records 100000]

Makes logs of about a kilobyte a record (a tenth with an address and a phone number, every 25th with a password), takes them in by the
command, masked, and asks for the status five times; then again with a score for each record. Prints the seconds of the wall and of the
processor, and the peak of memory. On a machine that does other things, the processor's seconds are the ones to go by.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "lib" / "autotune" / "__main__.py"
WORDS = "the of and to in is you that it he was for on are as with his they be at one have this from or had by hot but some".split()  # noqa: SIM905
FILES = 10
LOOKS = 5
JUDGE = {"judge": "a:judge", "judge_second": "none", "judge_version": "1", "rubric": "abc"}


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        size = made(home / "traces", asked.records)
        wall, processor, answer = timed(home, "ingest", str(home / "traces"), "--json")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        found = json.loads(answer)
        print(f"{found['records']:,} records, {size / 1e6:.0f} MB, masked: {found['masked']}")
        print(f"ingest: {wall:.1f} s, {processor:.1f} s of the processor, {peak:.0f} MiB of memory at most")
        looked(home, "status")
        scored(home / "data" / "autotune" / "records.db")
        looked(home, "status with a score for each record")


def looked(home: Path, what: str) -> None:
    """Ask for the status, and print how long that takes."""
    looks = sorted(timed(home, "prompts", "status", "--json")[:2] for _ in range(LOOKS))
    print(f"{what}: {looks[LOOKS // 2][0]:.2f} s, {looks[LOOKS // 2][1]:.2f} s of the processor (median of {LOOKS})")


def scored(path: Path) -> None:
    """Give every record a score, as a judge would have."""
    content = json.dumps({"judge": "a:judge", "marks": {"correct": 3, "clear": 2}, "reasons": {"correct": "It is.", "clear": "Nearly."}})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO instrument VALUES ('abcdefghijklmnop', 'response-quality', 1, ?)", (json.dumps(JUDGE),))
        connection.execute(
            "INSERT INTO score SELECT record_id, 'response-quality', 'abcdefghijklmnop', at_ms, shown ->> '$.response-quality',"
            " 'user' || char(9) || user, abs(random() % 1000) / 1000.0, NULL, 'first', 0, 1, at_ms + 60000, NULL, 0.001, ? FROM record",
            (content,),
        )


def timed(home: Path, *words: str) -> tuple[float, float, str]:
    """Run a command; gives the seconds that passed, those of the processor, and what it printed."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    done = subprocess.run([sys.executable, "-I", str(MAIN), *words], env=environment, cwd=home, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def made(folder: Path, records: int) -> int:
    """Write logs; gives their size in bytes."""
    folder.mkdir()
    chance, now_ms = random.Random(1), round(time.time() * 1000)
    logs = [(folder / f"trace-{number}.jsonl").open("w", encoding="utf-8") for number in range(FILES)]
    for number in range(records):
        logs[number % FILES].write(json.dumps(record(number, chance, now_ms)) + "\n")
    for log in logs:
        log.close()
    return sum(path.stat().st_size for path in folder.iterdir())


def record(number: int, chance: random.Random, now_ms: int) -> dict[str, object]:
    """A record as an agent writes it."""

    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count))

    secret = " write to jane.doe@example.com or call +1 415-555-0132" if number % 10 == 0 else ""
    password = f" password: hunter{number}-x" if number % 25 == 0 else ""
    return {
        "trace_id": f"trace-{number:08}",
        "created_at": now_ms - number * 1000,
        "chat_id": f"chat-{number % 5000}",
        "user_id": f"user-{number % 2000}",
        "input_text": words(40) + secret,
        "output_text": words(60) + password,
        "model_id": "some/model",
        "prompt_pack_versions": {"task-extraction": "p-abcdefghijkl", "response-quality": "p-bcdefghijklm"},
        "memory_facts": [words(6), words(6)],
        "tool_calls": [{"name": "search", "args": {"query": words(5)}, "ok": True, "duration_ms": 12}],
        "latency_ms": 1234,
        "tokens_prompt": 100,
        "tokens_completion": 50,
    }


if __name__ == "__main__":
    main()
