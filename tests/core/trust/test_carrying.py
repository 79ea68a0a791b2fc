"""Which ignored paths are proposed."""

from __future__ import annotations

from autotune.core.trust.carrying import proposed


def test_what_is_installed_or_kept_between_builds_is_proposed_at_any_depth() -> None:
    assert proposed(["node_modules/", "web/node_modules/", ".venv/", "a.log", "src/__pycache__/"], [], ["src/**"], "") == (
        *("node_modules", "web/node_modules", ".venv"),
    )


def test_what_is_carried_is_not_proposed_again() -> None:
    assert proposed(["node_modules/", "data"], ["node_modules/"], ["**"], "") == ("data",)
    assert proposed(["node_modules/", "packages/app/data"], ["../../node_modules/"], ["**"], "packages/app") == ("data",)


def test_what_lies_above_the_session_and_where_the_scope_leads_is_proposed_and_what_other_packages_have_is_not() -> None:
    ignored = [".venv/", "node_modules/", "packages/.cache", *(f"packages/{one}/node_modules/" for one in ("app", "apple", "lib", "web"))]
    found = proposed(ignored, [], ["**", "../lib/src/**"], "packages/app")
    assert found == ("../../.venv", "../../node_modules", "../.cache", "node_modules", "../lib/node_modules")


def test_what_packages_have_to_which_a_hoisted_folder_links_is_proposed() -> None:
    ignored = ["node_modules/", "packages/lib/node_modules/", "packages/web/node_modules/", "packages/web/build/"]
    links = {"node_modules": ["packages/app", "packages/lib"], "packages/web/node_modules": ["packages/web"]}
    found = proposed(ignored, ["../../node_modules"], ["**"], "packages/app", lambda path: links.get(path, []))
    assert found == ("../lib/node_modules",)


def test_a_scope_from_the_top_on_has_all_proposed() -> None:
    assert proposed(["packages/web/node_modules/"], [], ["../../**"], "packages/app") == ("../web/node_modules",)
