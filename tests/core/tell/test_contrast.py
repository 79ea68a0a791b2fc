"""Where two runs of one benchmark in two places are said to differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autotune.core.model import Outcome
from autotune.core.tell.contrast import LINES_SHOWN, METRICS_TOLD, Seen, contrast, side_by_side

HERE = Seen(Outcome.OK, "exit 0", {"t": 100.0, "n": 5.0}, "", ("/home/me/project",))
THERE = replace(HERE, folders=("/srv/measure",))


def test_runs_that_are_alike_but_for_noise_paths_times_and_addresses_do_not_differ() -> None:
    here = replace(
        HERE, output="\x1b[32mok\x1b[0m in 12.3 ms at /home/me/project/a.py:12 0xdeadbeef\r\nMETRIC t=100\n\n12 passed in 211 ms\n"
    )
    there = replace(
        THERE, output="ok in 15 ms at /srv/measure/a.py:12 0x1234\nMETRIC t=99\n12 passed in 198 ms\n", metrics={"t": 90.0, "n": 5.0}
    )
    found = contrast(here, there)
    assert (found.told, found.output, found.matters) == ((), (), False)


def test_another_end_is_a_difference() -> None:
    found = contrast(HERE, replace(THERE, outcome=Outcome.CRASHED, why="exit 3", metrics={}))
    assert found.matters
    assert "ok in the checkout (exit 0), crashed in the measuring place (exit 3)" in found.told[0]
    assert found.told[1] == "only in the checkout it prints t, n"


def test_a_metric_that_only_one_prints_is_a_difference() -> None:
    assert contrast(replace(HERE, metrics={}), THERE).told == ("only in the measuring place it prints t, n",)


@pytest.mark.parametrize(
    ("here", "there", "noise"), [(100.0, 50.0, None), (100.0, 85.0, 0.01), (100.0, 99.0, 0.0), (0.0, 1.0, None), (-1.0, 1.0, None)]
)
def test_a_value_is_a_difference_where_noise_does_not_explain_it(here: float, there: float, noise: float | None) -> None:
    found = contrast(replace(HERE, metrics={"t": here}), replace(THERE, metrics={"t": there}), noise)
    assert found.matters
    assert len(found.told) == 1


@pytest.mark.parametrize(("here", "there", "noise"), [(100.0, 85.0, None), (100.0, 60.0, 0.2), (0.0, 0.0, 0.0)])
def test_a_value_that_noise_explains_is_none(here: float, there: float, noise: float | None) -> None:
    assert not contrast(replace(HERE, metrics={"t": here}), replace(THERE, metrics={"t": there}), noise).told


def test_what_is_measured_from_outside_always_varies() -> None:
    here, there = (replace(seen, metrics={"autotune.wall_s": wall_s}) for seen, wall_s in ((HERE, 1.0), (THERE, 1.4)))
    assert not contrast(here, there, 0.0).matters
    assert contrast(here, replace(there, metrics={"autotune.wall_s": 2.0})).matters


def test_another_output_is_shown_with_a_servers_status_and_is_no_difference_in_what_is_measured() -> None:
    found = contrast(replace(HERE, output="start\nGET /a 200 in 3 ms\n"), replace(THERE, output="start\nGET /a 404 in 1 ms\n"))
    assert found.output == ("- GET /a 200 in 3 ms", "+ GET /a 404 in 1 ms")
    assert not found.matters


def test_of_much_that_differs_each_line_is_shown_once_and_the_first_of_them() -> None:
    many = "".join(f"line {chr(number)}\n" * 3 for number in range(ord("a"), ord("k")))
    found = contrast(replace(HERE, output=many), replace(THERE, output="other\n"))
    assert found.output[0] == "- line a"
    assert found.output[-2:] == (f"- … and {10 - LINES_SHOWN} more lines", "+ other")
    assert len(found.output) == LINES_SHOWN + 2


def test_the_order_of_lines_and_how_often_they_come_is_no_difference() -> None:
    assert not contrast(replace(HERE, output="a\nb\n"), replace(THERE, output="b\na\nb\n")).output


def test_side_by_side_stand_both_ends_and_the_metric_before_the_others() -> None:
    many = {f"m{number}": 1.0 for number in range(METRICS_TOLD)}
    here, there = side_by_side("t", replace(HERE, metrics={**many, "t": 100.0}), replace(THERE, outcome=Outcome.CRASHED, metrics={}))
    assert here.startswith("the checkout: ok, t=100, m0=1")
    assert here.count("=") == METRICS_TOLD
    assert there == "the measuring place: crashed (exit 0), no metric"
