"""Work held against its checks."""

from __future__ import annotations

from typing import Any

import pytest

from autotune.core.skills.signs import Used
from autotune.core.skills.suite import Check, CheckKind
from autotune.core.skills.work import Work, bad_pattern, holds

USED = (Used("Bash", '{"command": "make notes"}'), Used("Bash", '{"command": "ls"}'), Used("Skill", '{"skill": "notes"}'))
WORK = Work("All Done.\nTwo notes.", USED, {"notes.md": "- one\n- two\n", "gone.md": None})


@pytest.mark.parametrize(
    ("check", "held"),
    [
        ({"kind": "contains", "text": "Done"}, True),
        ({"kind": "contains", "text": "done"}, False),
        ({"kind": "contains", "text": "two", "path": "notes.md"}, True),
        ({"kind": "contains", "text": "two", "path": "gone.md"}, False),
        ({"kind": "not_contains", "text": "Three"}, True),
        ({"kind": "not_contains", "text": "Two"}, False),
        ({"kind": "not_contains", "text": "two", "path": "gone.md"}, True),
        ({"kind": "regex", "pattern": "^two", "flags": "gim"}, True),
        ({"kind": "regex", "pattern": "^two"}, False),
        ({"kind": "regex", "pattern": "three", "exists": False}, True),
        ({"kind": "regex", "pattern": "-", "path": "gone.md"}, False),
        ({"kind": "file_exists", "path": "notes.md"}, True),
        ({"kind": "file_exists", "path": "gone.md"}, False),
        ({"kind": "file_exists", "path": "gone.md", "exists": False}, True),
        ({"kind": "tool_used", "tool": "Bash"}, True),
        ({"kind": "tool_used", "tool": "Bash", "input_match": "make"}, True),
        ({"kind": "tool_used", "tool": "Bash", "max": 1}, False),
        ({"kind": "tool_used", "tool": "Bash", "min": 2, "max": 2}, True),
        ({"kind": "tool_used", "tool": "Edit", "max": 0}, True),
        ({"kind": "tool_used", "tool": "Edit"}, False),
    ],
)
def test_a_check_holds_or_does_not(check: dict[str, Any], *, held: bool) -> None:
    assert holds(Check(**{**check, "kind": CheckKind(check["kind"])}), WORK) is held


def test_a_pattern_that_cannot_be_read_is_told() -> None:
    assert bad_pattern(Check(CheckKind.REGEX, pattern="(")) is not None
    assert bad_pattern(Check(CheckKind.TOOL_USED, tool="Bash", input_match="a+")) is None
