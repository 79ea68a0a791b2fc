"""The tables that docs/deciding.md publishes: error rates held to the code, simulated afresh, and how the field's are counted."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.benchmarks import field, rollouts

from autotune.core import rules
from autotune.core.rollout.look import Verdict

ROOT = Path(__file__).resolve().parents[2]


def published(name: str) -> str:
    """What the page has between the markers of a table."""
    found = (ROOT / "docs/deciding.md").read_text("utf-8").partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
    assert found, f"the page has no table {name}"
    return found


@pytest.mark.slow
@pytest.mark.nightly
def test_the_table_of_error_rates_is_what_the_code_comes_to_and_every_bar_holds(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- calibration -->\nold\n<!-- /calibration -->\n", "utf-8")
    words = [sys.executable, str(ROOT / "tests/benchmarks/calibration.py"), "--write", str(page)]
    # Simulated in processes of their own that no coverage is measured in: it would take several times as long.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    told = subprocess.run(words, env=alone, capture_output=True, text=True, check=False)
    found = page.read_text("utf-8").removeprefix("<!-- calibration -->\n").removesuffix("<!-- /calibration -->\n")
    assert found == published("calibration"), "python tests/benchmarks/calibration.py --write docs/deciding.md"
    assert "FAIL" not in found
    assert f"\n{found}" in told.stdout


def test_the_table_of_rollouts_has_every_bar_and_each_holds() -> None:
    """1,000 rollouts of each kind take minutes, so the table is made by hand; tests/core/rollout/test_look.py simulates a few."""
    page = (ROOT / "docs/rollout.md").read_text("utf-8").partition("<!-- rollouts -->\n")[2].partition("<!-- /rollouts -->")[0]
    shares = {name: dict.fromkeys(Verdict, 0.0) for name in rollouts.KINDS}
    rows = rollouts.bars(rollouts.Simulated(shares, dict.fromkeys(rollouts.KINDS, 0.0)))
    told = {line.split("|")[1].strip(): line.split("|")[3].strip() for line in page.splitlines()[2:]}
    assert told == {row.what: row.cells()[2] for row in rows}
    assert "FAIL" not in page


def test_what_was_measured_in_the_field_is_found_again_and_a_torn_line_is_gone(tmp_path: Path) -> None:
    state = tmp_path / "field.jsonl"
    here = field.Field(tmp_path, state, time.monotonic() + 60)
    assert here.measured("one", lambda: [1.0]) == [1.0]
    with state.open("a") as file:
        file.write('{"key": "two", "val')
    for _ in range(2):
        again = field.Field(tmp_path, state, time.monotonic() + 60)
        again.load()
        assert again.measured("one", lambda: [2.0]) == [1.0]
        assert again.measured("two", lambda: [3.0]) == [3.0]


def test_the_field_goes_on_only_while_there_is_time_and_on_the_machine_that_it_began_on(tmp_path: Path) -> None:
    over = field.Field(tmp_path, tmp_path / "field.jsonl", 0.0)
    with pytest.raises(field.OutOfTime):
        field.measure_all(over)
    over.known["machine"] = {"cpu": "another"}
    with pytest.raises(field.AnotherMachine):
        field.measure_all(over)


@pytest.mark.parametrize(("hits", "of", "low", "high"), [(0, 1000, 0.0, 0.00368), (5, 100, 0.01643, 0.11283), (10, 10, 0.69150, 1.0)])
def test_the_interval_of_a_share_is_the_published_one(hits: int, of: int, low: float, high: float) -> None:
    assert field.exact_interval(hits, of) == pytest.approx((low, high), abs=1e-5)


def test_the_published_field_has_at_least_a_thousand_changes_that_do_nothing_and_names_its_machine() -> None:
    found = re.search(r"^Measured on .* CPUs, .*\n\n\| decided by \((\d+) no-ops\)", published("field"), re.MULTILINE)
    assert found is not None
    assert int(found[1]) >= 1000


def test_beside_a_neighbour_both_rules_are_told_side_by_side() -> None:
    runs = [["candidate", 90.0, 1.0, 1.1], ["incumbent", 100.0, 1.1, 1.2]]
    known = {
        "machine": {"cpu": "x", "cpus": "2", "system": "Linux", "python": "3"},
        "baseline": [["incumbent", 1000.0 + wall, 1.0, wall] for wall in (1.01, 1.2, 1.1)],
        f"{field.BEFORE} 0 gain trimming 9": {"verdict": "discard", "runs": runs},
        f"{rules.NEWEST} 0 gain trimming 9": {"verdict": "keep", "runs": runs * 2},
        f"{rules.NEWEST} 0 comment trimming 77": {"verdict": "discard", "runs": runs},
    }
    before, newest = field.beside_a_neighbour(known, [1.0]).splitlines()[-2:]
    assert "0 of 0 | 0 of 1 | 0 of 0 | 0 of 0 | 2.0 | 0.0 |" in before
    assert "0 of 0 | 1 of 1 | 0 of 0 | 0 of 1 | 4.0 | 2.0 |" in newest


def test_a_round_beside_a_neighbour_has_a_gain_of_each_size_and_a_no_op_by_both_rules(tmp_path: Path) -> None:
    class Fast(field.Field):
        """Runs that take as long as what they still do in vain."""

        def timed(self, files: Mapping[str, str]) -> tuple[float, float, float]:
            spent = sum(map(len, files.values())) * coin.gauss(1.0, 0.001)
            return spent, spent / 1000, spent / 1000

    coin, here = random.Random(1), Fast(tmp_path, tmp_path / "neighbour.jsonl", time.monotonic() + 60)
    field.measure_beside_a_neighbour(here, rounds=2)
    made = [key.split() for key in here.known if key not in {"machine", "baseline"}]
    assert len(made) == 2 * 2 * 4
    for rule in field.TITLES_BESIDE:
        assert sorted(turns for of, _, kind, _, turns in made if int(of) == rule and kind == "gain") == sorted(
            map(str, (*field.SHARES,) * 2)
        )
    kept = {key for key, one in here.known.items() if key not in {"machine", "baseline"} and one["verdict"] == "keep"}
    assert {key.split()[2] for key in kept} == {"gain"}


def test_the_published_gains_beside_a_neighbour_are_told_of_both_rules() -> None:
    assert all(f"| {title} |" in published("neighbour") for title in field.TITLES_BESIDE.values())


def test_a_table_takes_the_place_of_what_is_between_its_own_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- a -->\n1\n<!-- /a -->\n<!-- b -->\n2\n<!-- /b -->\n", "utf-8")
    field.write_table(page, "b", "3\n4")
    assert page.read_text("utf-8") == "<!-- a -->\n1\n<!-- /a -->\n<!-- b -->\n3\n4\n<!-- /b -->\n"
