"""The tables that the README publishes, held to the code: simulated afresh."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def published(name: str) -> str:
    """What the README has between the markers of a table."""
    found = (ROOT / "README.md").read_text("utf-8").partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
    assert found, f"the README has no table {name}"
    return found


@pytest.mark.slow
def test_the_table_of_error_rates_is_what_the_code_comes_to_and_every_bar_holds(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- calibration -->\nold\n<!-- /calibration -->\n", "utf-8")
    words = [sys.executable, str(ROOT / "tests/benchmarks/calibration.py"), "--write", str(page)]
    # Simulated in processes of their own that no coverage is measured in: it would take several times as long.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    told = subprocess.run(words, env=alone, capture_output=True, text=True, check=False)
    found = page.read_text("utf-8").removeprefix("<!-- calibration -->\n").removesuffix("<!-- /calibration -->\n")
    assert found == published("calibration"), "python tests/benchmarks/calibration.py --write README.md"
    assert "FAIL" not in found
    assert f"\n{found}" in told.stdout
