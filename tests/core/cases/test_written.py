"""Which case wrote a file."""

from __future__ import annotations

import pytest

from autotune.core.cases.written import case_of


@pytest.mark.parametrize(
    ("name", "case"),
    [("a", "a"), ("a.txt", "a"), ("a/b", "a/b"), ("a/b.c.json", "a/b.c"), ("a/x/y", "a"), ("ab", None), ("x/a", None), ("", None)],
)
def test_a_file_belongs_to_the_longest_id_that_it_is_called_by(name: str, case: str | None) -> None:
    assert case_of(name, {"a", "a/b", "a/b.c"}) == case
