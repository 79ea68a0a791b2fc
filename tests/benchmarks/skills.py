"""How long reading agents' sessions takes: `python tests/benchmarks/skills.py [--transcripts 1000] [--megabytes 500]`.

It writes transcripts of that size, reads them, reads them again with nothing new, and asks for the status. Bars, on two idle cores:
60 s, 2 s and 0.5 s, in 300 MB of memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAIN = Path(__file__).parents[2] / "lib" / "autotune" / "__main__.py"
SKILLS = [f"skill-{number}" for number in range(30)]


def transcript(path: Path, size: int, chance: random.Random) -> None:
    """A session of about `size` bytes: a listing, prompts, calls of skills, and much output of tools."""
    names = json.dumps(SKILLS)
    content = "\n".join(f"- {name}: Use when the user asks for {name} things." for name in SKILLS)
    with path.open("w") as file:
        at = 0

        def line(**said: object) -> None:
            nonlocal at
            at += 1
            moment = f"2026-11-{1 + at // 86400 % 28:02}T{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}.000Z"
            file.write(json.dumps({**said, "timestamp": moment, "entrypoint": "cli"}, separators=(",", ":")) + "\n")

        listed = {"type": "skill_listing", "content": content, "names": json.loads(names), "isInitial": True}
        turn = 0
        while file.tell() < size:
            turn += 1
            words = " ".join(chance.choices(("tidy", "rename", "explain", "the", "module", "tests", "please"), k=8))
            line(type="user", turnOrigin="human", promptSource="typed", message={"role": "user", "content": words})
            if turn == 1:
                line(type="attachment", attachment=listed)
            for step in range(6):
                called = chance.random() < 0.05
                given = {"skill": chance.choice(SKILLS)} if called else {"command": "ls -l"}
                use = {"type": "tool_use", "id": f"t{turn}.{step}", "name": "Skill" if called else "Bash", "input": given}
                usage = {"input_tokens": 9, "output_tokens": 9}
                line(type="assistant", message={"id": f"m{turn}.{step}", "role": "assistant", "content": [use], "usage": usage})
                result = {"type": "tool_result", "tool_use_id": use["id"], "content": "" if called else chance.randbytes(4000).hex()}
                outcome = {"success": True, "commandName": given.get("skill")} if called else {"stdout": ""}
                line(type="user", message={"role": "user", "content": [result]}, toolUseResult=outcome)


def timed(home: Path, *arguments: str) -> tuple[float, float, float]:
    """Seconds by the clock, of processors, and the largest memory of any child so far in MB."""
    environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-I", str(MAIN), "skills", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, used, after.ru_maxrss / 1024


def main() -> None:
    """Write, read, read again, ask."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--transcripts", type=int, default=1000)
    asked.add_argument("--megabytes", type=int, default=500)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / ".claude" / "projects" / "-x"
        logs.mkdir(parents=True)
        for number in range(given.transcripts):
            transcript(logs / f"{number}.jsonl", given.megabytes * 1_000_000 // given.transcripts, random.Random(number))
        for name, arguments in (("sync", ["sync"]), ("sync again", ["sync"]), ("status", ["status"])):
            wall, used, memory = timed(Path(folder), *arguments)
            print(f"{name:12}{wall:8.2f} s{used:8.2f} s of processors{memory:8.0f} MB")


if __name__ == "__main__":
    main()
