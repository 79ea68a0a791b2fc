"""Extra environments, set up on first use, and programs of autotune's own that run in one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from autotune.errors import AutotuneError
from autotune.version import PACKAGE, ROOT

HINT = "mend what the lines above name, then run the command again"


def python_of(lock: Path, problem: str = "", hint: str = HINT) -> str:
    """The Python of a lock file's environment, which is set up where it is not there. Raises AutotuneError where that fails."""
    command = [str(ROOT / "bin" / "autotune"), "--environment", str(lock)]
    made = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        raise AutotuneError(problem or f"What {lock.name} lists could not be installed.", hint)
    return made.stdout.strip()


def run(program: str, lock: str, given: object) -> Any:  # noqa: ANN401 - any JSON
    """Run a program of this folder with the Python of a lock file's environment; what it gets and answers are JSON values.

    Raises `AutotuneError` where the environment cannot be set up, or the program fails.
    """
    words = [python_of(ROOT / lock), "-I", str(PACKAGE / "edges" / program)]
    done = subprocess.run(words, check=False, input=json.dumps(given).encode("utf-8", "replace"), capture_output=True, cwd=Path("/"))
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise AutotuneError(f"{program} failed: {said}", "mend what it names; nothing of the session has changed")
    return json.loads(done.stdout)
