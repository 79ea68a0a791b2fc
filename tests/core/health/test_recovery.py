"""Which playbook comes next, within which budget, and to what a scope is narrowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.health.recovery import Playbook, narrower_scope, next_playbook
from autotune.core.health.transitions import Health, Vitals
from autotune.core.trust.patterns import matcher

REBASELINE, SHRINK, DIAGNOSE, PAUSE = Playbook
ORDER = tuple(Playbook)
ILL = (Health.PLATEAUED, Health.CRASHING)


def asked(vitals: Vitals, playbooks: tuple[str, ...] = ORDER, attempts: int = 3) -> Playbook | None:
    return next_playbook(vitals, playbooks, attempts)


def plateau(attempts: int) -> Vitals:
    return Vitals(health=Health.PLATEAUED, attempts=attempts)


def broken(times: int, attempts: int = 0) -> Vitals:
    return Vitals(health=Health.CRASHING, broken=times, attempts=attempts)


@pytest.mark.parametrize("health", [one for one in Health if one not in ILL])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_loop_that_is_well_or_healing_or_stands_still_needs_no_playbook(health: Health, times: int) -> None:
    assert asked(Vitals(health=health, attempts=1, broken=times)) is None


@pytest.mark.parametrize("health", ILL)
def test_playbooks_are_taken_in_order_one_an_attempt_and_after_three_it_pauses(health: Health) -> None:
    assert [asked(Vitals(health=health, attempts=count)) for count in range(5)] == [REBASELINE, SHRINK, DIAGNOSE, PAUSE, PAUSE]


def test_the_order_is_the_configured_one() -> None:
    assert [asked(plateau(count), (DIAGNOSE, REBASELINE)) for count in range(3)] == [DIAGNOSE, REBASELINE, None]


def test_the_budget_may_be_smaller_than_the_list_and_larger() -> None:
    assert [asked(plateau(count), attempts=1) for count in range(2)] == [REBASELINE, PAUSE]
    assert asked(plateau(0), attempts=0) is PAUSE
    assert [asked(plateau(count), (DIAGNOSE, PAUSE), attempts=9) for count in range(2)] == [DIAGNOSE, PAUSE]


def test_with_its_budget_spent_it_goes_on_without_where_no_pause_is_configured() -> None:
    found = [asked(plateau(count), ORDER[:3]) for count in range(5)]
    assert found == [REBASELINE, SHRINK, DIAGNOSE, None, None]
    assert asked(plateau(0), ()) is None


def test_a_pause_follows_the_others_wherever_it_stands() -> None:
    assert [asked(plateau(count), (PAUSE, REBASELINE)) for count in range(2)] == [REBASELINE, PAUSE]


def test_an_incumbent_that_fails_too_is_diagnosed_once_and_then_the_loop_pauses() -> None:
    assert asked(broken(1)) is DIAGNOSE
    assert asked(broken(2, attempts=1)) is PAUSE
    assert asked(broken(2, attempts=1), ORDER[:3]) is PAUSE


def test_other_playbooks_before_do_not_spare_an_incumbent_that_fails_its_diagnosis() -> None:
    assert asked(broken(1, attempts=2)) is DIAGNOSE
    assert asked(broken(1, attempts=3)) is PAUSE


def test_without_a_diagnosis_in_list_or_budget_an_incumbent_that_fails_pauses_at_once() -> None:
    assert asked(broken(1), (REBASELINE, SHRINK)) is PAUSE
    assert asked(broken(1), attempts=0) is PAUSE


@given(
    vitals=st.builds(Vitals, health=st.sampled_from(Health), attempts=st.integers(0, 9), broken=st.integers(0, 3)),
    playbooks=st.lists(st.sampled_from(ORDER), unique=True),
    attempts=st.integers(0, 6),
)
def test_only_playbooks_of_the_list_are_run_and_never_more_than_the_budget(
    vitals: Vitals, playbooks: list[Playbook], attempts: int
) -> None:
    found = asked(vitals, tuple(playbooks), attempts)
    if found not in (None, PAUSE):
        assert found in playbooks
        assert vitals.attempts < attempts


# A narrower scope

EVERYTHING = ("**",)


def test_the_scope_is_narrowed_to_the_files_of_the_last_keep() -> None:
    assert narrower_scope(["src/b.py", "a.py", "a.py"], [["lib/c.py"]], EVERYTHING) == ("a.py", "src/b.py")


def test_without_a_keep_it_is_narrowed_to_the_smallest_folder_that_holds_the_last_failures() -> None:
    assert narrower_scope([], [["src/core/a.py"], ["src/core/deep/b.py", "src/core/c.py"]], EVERYTHING) == ("src/core/**",)
    assert narrower_scope([], [["src/core/a.py"], ["src/edge/b.py"]], EVERYTHING) == ("src/**",)


def test_folders_whose_names_begin_alike_are_told_apart() -> None:
    assert narrower_scope([], [["a/b/1.py"], ["a/b-c/2.py"], ["a/b/c/3.py"]], EVERYTHING) == ("a/**",)
    assert narrower_scope([], [["ab/1.py"], ["a/2.py"]], EVERYTHING) == ("a/2.py", "ab/1.py")


def test_where_the_failures_share_no_folder_but_the_working_directory_their_files_are_named() -> None:
    assert narrower_scope([], [["b.py", "a.py"]], EVERYTHING) == ("a.py", "b.py")
    assert narrower_scope([], [["a.py"], ["src/b.py"], ["src/b.py"]], EVERYTHING) == ("a.py", "src/b.py")


def test_where_nothing_is_known_nothing_narrower_can_be_named() -> None:
    assert narrower_scope([], [], EVERYTHING) == ()
    assert narrower_scope([], [[], []], EVERYTHING) == ()


@pytest.mark.parametrize(
    ("kept", "failed", "scope"),
    [
        (["a.py"], [], ("a.py",)),
        (["b.py", "a.py"], [], ("a.py", "b.py")),
        ([], [["a.py"]], ("a.py",)),
        ([], [["src/a.py"]], ("src/**",)),
        ([], [["src/a.py"]], ("src",)),
        ([], [["src/a.py"]], ("src/",)),
        ([], [["src/a.py"]], ("src/*.py",)),
        ([], [["src/a/1.py"], ["src/b/1.py"]], ("src/a/**", "src/b/**")),
    ],
)
def test_what_the_scope_is_already_is_not_narrower(kept: list[str], failed: list[list[str]], scope: tuple[str, ...]) -> None:
    assert narrower_scope(kept, failed, scope) == ()


@pytest.mark.parametrize("scope", [("src/**", "a.py"), ("src*",), ("srca/b.py",), ("**/src/**",)])
def test_a_scope_that_reaches_beyond_is_narrowed(scope: tuple[str, ...]) -> None:
    assert narrower_scope([], [["src/a.py"]], scope) == ("src/**",)


names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=5).filter(lambda name: name not in (".", ".."))
odd_names = st.text("*?[]!^-\\ ab.\n", min_size=1, max_size=5).filter(lambda name: name not in (".", ".."))
paths = st.lists(names | odd_names, min_size=1, max_size=3).map("/".join)


@given(st.lists(paths, min_size=1, max_size=4), st.lists(paths, max_size=4))
def test_whatever_their_names_exactly_the_files_of_the_last_keep_are_meant(kept: list[str], others: list[str]) -> None:
    means = matcher(narrower_scope(kept, [], EVERYTHING))
    assert all(means(path) for path in kept)
    below = tuple(f"{path}/" for path in kept)  # a file that has become a folder
    assert not any(means(path) for path in others if path not in kept and not path.startswith(below))


@given(st.lists(st.lists(paths, max_size=3), min_size=1, max_size=3), st.lists(paths, max_size=4))
def test_whatever_their_names_every_failures_files_are_meant_and_nothing_outside_their_folder(
    failed: list[list[str]], others: list[str]
) -> None:
    touched = {path for files in failed for path in files}
    folder = shared_folder(touched)
    within = (f"{folder}/",) if folder else tuple(f"{path}/" for path in touched)
    means = matcher(narrower_scope([], failed, EVERYTHING))
    assert all(means(path) for path in touched)
    assert [path for path in others if means(path)] == [path for path in others if path in touched or path.startswith(within)]


def shared_folder(paths: set[str]) -> str:
    """The longest beginning of a path that is a folder of them all."""
    beginnings = {"/".join(path.split("/")[:length]) for path in paths for length in range(1, path.count("/") + 1)}
    return max((one for one in beginnings if all(path.startswith(f"{one}/") for path in paths)), key=len, default="")
