from __future__ import annotations

import pytest

from autotune.core.skills.renamed import LEFT_OUT, VERBS, LeftOut, Today, today


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("eval unit-test --skill a", "test a"),
        ("grade baseline --skill-path x/SKILL.md --skill a", "baseline x/SKILL.md"),
        ("create status --skill-path=x", "verify x"),
        ("create init --name a --output-dir x", "create --name a --in x"),
        ("evolve --skill a --dry-run", "improve a --scope description --dry-run"),
        ("evolve body a", "improve --scope body a"),
        ("orchestrate --max-skills 2 --review-required", "run --max-skills 2"),
        ("cron setup", "schedule --cron --install"),
        ("ingest codex --review-required", "sync"),
        ("watch --skill a --auto-rollback", "watch a --rollback"),
        ("eval generate --skill a --json", "eval generate a --json"),
        ("eval --skill a", "eval a"),
        ("verify --skill", "verify"),
    ],
)
def test_old_words_mean_those_of_today(typed: str, words: str) -> None:
    found = today(typed.split())
    assert isinstance(found, Today)
    assert sorted(found.words) == sorted(words.split())
    assert found.words[0] == words.split(maxsplit=1)[0]
    assert found.said == ("" if found.words[0] == typed.split(maxsplit=1)[0] and not found.name else found.said)


@pytest.mark.parametrize("typed", ["", "status", "create a", "create --name status", "watch a --rollback", "run", "eval show a"])
def test_words_of_today_stay(typed: str) -> None:
    assert today(typed.split()) is None


def test_what_was_left_out_says_why() -> None:
    assert today(["badge", "--skill", "a"]) is LeftOut.BADGES
    assert today(["evolve", "apply-proposal"]) is LeftOut.CLOUD
    assert not VERBS.keys() & LEFT_OUT.keys()
