"""Messages of commits: what was said of a change, as a first line and the rest."""

from __future__ import annotations

import pytest

from autotune.core.handover.messages import LONGEST_SUBJECT, subject_and_body


@pytest.mark.parametrize("words", ["Cache the header", "x" * LONGEST_SUBJECT])
def test_a_first_line_stays_as_it_was_said(words: str) -> None:
    assert subject_and_body(words, 76) == (words, "")
    assert subject_and_body(f"{words}\n\nBecause it is read twice.\n", 76) == (words, "Because it is read twice.")


def test_a_first_line_that_is_much_too_long_is_cut_between_words_and_all_of_it_stands_below() -> None:
    said = " ".join(f"word{number}" for number in range(60))
    subject, body = subject_and_body(f"{said}\n\nAnd more.", 76)
    assert len(subject) <= 76
    assert subject.endswith(" …")
    assert said.startswith(f"{subject.removesuffix(' …')} ")
    assert body.replace("\n\nAnd more.", "").replace("\n", " ") == said
    assert body.endswith("\n\nAnd more.")
    assert max(map(len, body.splitlines())) <= 76


def test_a_single_word_that_is_much_too_long_is_cut_within() -> None:
    subject, body = subject_and_body("H" * 2000, 76)
    assert subject == "H" * 74 + " …"
    assert body == "H" * 2000
