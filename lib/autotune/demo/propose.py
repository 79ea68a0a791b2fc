"""The proposer of `autotune demo`: applies the next prepared patch, and says what it changes. Any program could stand in its place.

Run as `propose.py PATCHES NOTE` in the session's working directory; NOTE is the file that says how many were proposed before.
"""

import subprocess
import sys
from pathlib import Path


def propose(patches: Path, note: Path) -> str:
    """Apply the next patch and give its first line, which says what it does."""
    prepared = sorted(patches.glob("*.patch"))
    number = int(note.read_text("utf-8")) if note.exists() else 0
    if number == len(prepared):
        sys.exit("every prepared patch has been proposed")
    note.write_text(str(number + 1), "utf-8")
    subprocess.run(["git", "apply", "--whitespace=nowarn", prepared[number]], check=True)
    return prepared[number].read_text("utf-8").partition("\n")[0]


if __name__ == "__main__":
    print(propose(Path(sys.argv[1]), Path(sys.argv[2])))
