"""Which ignored paths are proposed."""

from __future__ import annotations

from autotune.core.carrying import proposed


def test_what_is_installed_or_kept_between_builds_is_proposed_at_any_depth() -> None:
    assert proposed(["node_modules/", "web/node_modules/", ".venv/", "a.log", "src/__pycache__/"], []) == (
        *("node_modules", "web/node_modules", ".venv"),
    )


def test_what_is_carried_is_not_proposed_again() -> None:
    assert proposed(["node_modules/", "data"], ["node_modules/"]) == ("data",)
