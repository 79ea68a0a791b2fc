from __future__ import annotations

from dataclasses import replace

from autotune.core.skills.namesakes import plain, told_apart
from autotune.core.skills.seen import How, Offer, Shown
from autotune.core.skills.turns import Fired, Turn


def turn(folder: str, at: str, digest: str | None = "d", *, name: str = "a", ran: str | None = None) -> Turn:
    fired = () if ran is None else (Fired(name, How.MODEL, at, ran=True, folder=ran), Fired("b", How.MODEL, at, ran=True))
    offered = {name: Offer(name, Shown.FULL, "x", digest), "b": Offer("b", Shown.FULL, "y", "e")}
    return Turn(folder, "", at, "do", human=True, offered=offered, fired=fired, folder=folder)


def names(turns: list[Turn]) -> list[str]:
    return [next(name for name in one.offered if plain(name) != "b") for one in told_apart(turns)]


def test_two_folders_that_ran_are_two_skills() -> None:
    turns = [
        turn("/h/p", "1", ran="/h/p/.claude/skills/a"),
        turn("/h/q/sub", "2", "other", ran="/h/q/.claude/skills/a"),
        turn("/h/q", "3", "other"),
        turn("/h/r", "4", "other"),  # never ran there, but shows q's description
        turn("/h/s", "5", "own"),
        Turn("s", "", "6", "no folder", human=True, offered={}, fired=()),
    ]
    found = told_apart(turns)
    assert names(turns[:5]) == ["a @ /h/p", "a @ /h/q", "a @ /h/q", "a @ /h/q", "a @ /h/s"]
    assert [one.name for one in found[0].fired] == ["a @ /h/p", "b"]
    assert found[0].offered["a @ /h/p"].name == "a @ /h/p"
    assert found[5] is turns[5]
    again = told_apart([*turns, replace(turns[0], at="7")])
    assert again[6].offered is again[0].offered


def test_one_skill_in_many_projects_is_one() -> None:
    mine = [turn("/h/p", "1", ran="/h/.claude/skills/a"), turn("/h/q", "2"), turn("/elsewhere", "3")]
    assert told_apart(mine) is mine
    plugin = [turn("/h/p", "1", name="p:a", ran="/x/skills/a"), turn("/h/q", "2", "other", name="p:a")]
    assert names(plugin) == ["p:a", "p:a"]


def test_a_description_that_changed_with_time_is_one_skill_s_and_one_that_came_back_is_not() -> None:
    changed = [turn("/h/p", "1", "old"), turn("/h/p", "2", "old"), turn("/h/q", "3", "new"), turn("/h/q", "4", None)]
    assert names(changed) == ["a"] * 4
    shared = [turn("/h/p", "1", "old"), turn("/h/q", "2", "old"), turn("/h/p", "3", "new")]
    assert names(shared) == ["a"] * 3
    two = [turn("/h/p", "1", "old"), turn("/h/q", "2", "new"), turn("/h/p", "3", "old")]
    assert names(two) == ["a @ /h/p", "a @ /h/q", "a @ /h/p"]
