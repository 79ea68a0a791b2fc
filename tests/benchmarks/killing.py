"""A whole pass of `prompts once`, session included, killed with -9 at times spread over it and run again: does it come to the same end?

Run as `python tests/benchmarks/killing.py [HOW_OFTEN]`. It uses the shop of `autotune prompts demo`, so it asks no model.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root / "lib"), str(root)]

from autotune.prompts import demonstration
from autotune.version import PACKAGE

ONCE = (sys.executable, "-I", str(PACKAGE / "__main__.py"), "prompts", "once", "--json")


def end(place: Path) -> dict[str, Any]:
    """What a pass leaves, but what is drawn by chance."""
    from autotune.prompts import canaries, ingesting, settings
    from autotune.records.store import opened
    from autotune.rollout.deploying import read

    known = settings.read(place / "workshop" / settings.FILE, os.environ)
    with opened(ingesting.database(known)) as store:
        rows = store.rows("SELECT record.id, score FROM record LEFT JOIN score USING (record_id) ORDER BY record.id")
    state = read(canaries.target_of(known, demonstration.BEHAVIOR))
    waiting = canaries.standing(state).waiting
    results = sorted((place / "home" / "data" / "autotune" / "optimize").rglob("result.json"))
    found = [json.loads(path.read_bytes()) for path in results]
    return {
        "scored": sum(score is not None for _, score in rows),
        "records": len(rows),
        "runs": [(one["state"], one.get("version"), one["uses"]) for one in found],
        "waiting": None if waiting is None else (waiting.version, waiting.proven),
        "deployed": [one.why for one in state.deployments],
        "active": json.loads((place / "agent" / "prompts" / f"{demonstration.BEHAVIOR}.json").read_bytes())["version"],
    }


def shop(place: Path) -> None:
    """Make the shop anew at a place."""
    shutil.rmtree(place, ignore_errors=True)
    demonstration.opened(place)


def main(often: int) -> int:
    """Print a line for each kill; gives how many ended otherwise."""
    place = Path(tempfile.mkdtemp(prefix="autotune-killing-")) / "shop"
    shop(place)
    began = time.monotonic()
    subprocess.run(ONCE, cwd=place / "workshop", check=True, capture_output=True)
    whole, wanted = time.monotonic() - began, end(place)
    print(f"not killed: {whole:.1f} s, {wanted}", flush=True)
    wrong = 0
    for number in range(often):
        shop(place)
        process = subprocess.Popen(ONCE, cwd=place / "workshop", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * (number + 0.5) / often)
        process.send_signal(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        done = subprocess.run(ONCE, cwd=place / "workshop", check=False, capture_output=True, text=True)
        found = end(place)
        wrong += found != wanted
        said = "same end" if found == wanted else f"OTHERWISE {found} {done.stderr[-300:]}"
        print(f"{'killed' if killed else 'had ended'} after {whole * (number + 0.5) / often:.1f} s: {said}", flush=True)
    shutil.rmtree(place.parent)
    return wrong


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8))
