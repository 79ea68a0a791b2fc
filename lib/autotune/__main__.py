"""Starts the command line; run isolated (`python -I`), so that nothing in the user's repository can stand in for a module."""

from __future__ import annotations

import gc
import os
import sys
from os.path import abspath, dirname


def main() -> None:
    """Run the command line; the version is told before anything heavy is imported."""
    _open_streams()
    gc.set_threshold(500_000)  # what is imported stays: looking through it again and again takes a twentieth of a short command's time
    sys.path.insert(0, dirname(dirname(abspath(__file__))))
    if sys.argv[1:2] == ["--version"]:
        from autotune.version import version

        print(f"autotune {version()}")
        return
    try:
        from autotune.commands import app
    except ModuleNotFoundError as missing:
        if str(missing.name).partition(".")[0] == "autotune":
            raise
        sys.exit(f"error: The Python environment in {sys.prefix} lacks {missing.name}.\nhint: `autotune --environment` sets it up again.")
    app.main()


def _open_streams() -> None:
    """Open what the caller has closed of the three standard streams, or the next file that is opened would take its place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - standard error
        pass
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115


if __name__ == "__main__":
    main()
