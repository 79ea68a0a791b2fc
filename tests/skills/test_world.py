"""The world of skills: its client does what its function says, and tuning in it gets right what it should."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from tests.benchmarks import skills_world
from tests.skills import world

DOCS = Path(__file__).resolve().parents[2] / "docs" / "skills.md"
LISTING = {"notes": "Write release notes.", "charts": "Draw charts of numbers. Not for notes."}


def test_a_description_draws_the_queries_whose_words_it_has() -> None:
    assert world.chances(LISTING, "release notes")["notes"] > 0.99
    assert world.chances(LISTING, "charts of numbers")["charts"] > 0.99
    assert sum(world.chances(LISTING, "fly me").values()) < 0.05


def test_words_that_are_sent_away_count_against_a_skill() -> None:
    assert world.pull(LISTING["charts"], "charts notes") < world.pull("Draw charts of numbers.", "charts notes")


def test_blind_answers_are_alike_for_all() -> None:
    blind = world.chances(LISTING, "release notes", noise=1.0)
    assert blind["notes"] == blind["charts"] == pytest.approx(1 / 3)


def test_what_is_drawn_follows_the_chances() -> None:
    coin, query = Random(1), "release of charts"
    drawn = [world.fired(LISTING, query, coin, noise=0.2) for _ in range(4000)]
    for name, chance in world.chances(LISTING, query, noise=0.2).items():
        assert drawn.count(name) / 4000 == pytest.approx(chance, abs=0.03)


def test_tuning_in_the_world_gets_right_what_it_should() -> None:
    assert skills_world.share_kept("same", skills_world.SAME, 0.1, 12) == 0
    assert skills_world.keeps("better", [skills_world.SAME[0], skills_world.BETTER], 0.0) == skills_world.BETTER
    assert skills_world.keeps("worse", [skills_world.WORSE] * 3, 0.1) is None
    found = skills_world.mining(60)
    assert found.found >= 0.8
    assert found.signed_negative == found.silent_negative == 0


def test_every_bar_that_is_published_holds() -> None:
    start, end = skills_world.MARKERS
    table = DOCS.read_text("utf-8").partition(start)[2].partition(end)[0]
    assert table.count("PASS") == 11
    assert "FAIL" not in table
    assert "| 1000 simulated sessions" in table
