"""Plans: which changes make which branch, and on what each stands."""

from __future__ import annotations

import pytest

from autotune.core.handover.hunks import Hunk, Span
from autotune.core.handover.messages import Measurement, measured_in, message, unmeasured
from autotune.core.handover.plan import Change, Group, below, laid_out, proposed, slug
from autotune.core.handover.reading import read
from autotune.core.tell.handover import plan_file
from autotune.errors import AutotuneError


def change(number: int | None, title: str, line: int, path: str = "x", topic: str | None = None) -> Change:
    touched = {path: (Hunk(Span(line, line + 1), Span(line, line + 1)),)}
    return Change(f"{number or 99:040}", number, title, touched, topic)


def test_each_change_is_a_branch_unless_notes_or_files_say_that_it_goes_on_with_another() -> None:
    changes = [
        change(1, "Look receipts up in a set", 1),
        change(2, "Read dates at once", 10, topic="dates"),
        change(3, "Look receipts up in a set, made once", 1),  # goes on with the first
        change(4, "Look receipts up in a set", 20),  # says the same of other lines
        change(5, "Keep them as they are", 30, "y", topic="dates"),
        change(None, "Keep them as they are", 30, "y", topic="dates"),
    ]
    found = proposed(changes)
    assert [one.changes for one in found] == [(0, 2), (1, 4), (3,), (5,)]
    assert [one.title for one in found][:2] == ["Look receipts up in a set", "dates"]
    assert found[0].name == "1-look-receipts-up-in-a-set"


def test_a_change_stays_behind_what_it_touches() -> None:
    changes = [change(1, "a", 1, topic="one"), change(2, "b", 5), change(3, "c", 5, topic="one")]
    assert [one.changes for one in proposed(changes)] == [(0,), (1,), (2,)]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Look up `x` — in a set!", "look-up-x-in-a-set"),
        ("Größe", "groe"),
        ("日本", "change"),
        ("a" * 60, "a" * 40),
        ("one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight"),
    ],
)
def test_titles_end_the_names_of_branches(title: str, name: str) -> None:
    assert slug(title) == name


def test_independent_ones_stand_on_the_base_and_what_touches_is_one_stack() -> None:
    changes = [change(1, "a", 1), change(2, "b", 10), change(3, "c", 20, "y"), change(4, "d", 10), change(5, "e", 2)]
    groups = tuple(Group(one.title, one.title, (place,)) for place, one in enumerate(changes))
    assert [one.on for one in laid_out(changes, groups, independent=False)] == [None, 0, 1, 2, 3]
    apart = laid_out(changes, groups, independent=True)
    assert [one.on for one in apart] == [None, None, None, 1, 0]
    assert [one.shared for one in apart] == [(), (), (), ("x",), ("x",)]
    joined = (*changes, Change("6" * 40, 6, "f", {**change(6, "f", 1).touched, **change(6, "f", 20, "y").touched}))
    groups = (*groups, Group("f", "f", (5,)))
    joint = laid_out(joined, groups, independent=True)
    assert [one.on for one in joint] == [None, None, 0, 1, 2, 4]  # the last touches both the first and the third
    assert below(joint, 5) == (0, 2, 4)


def test_a_plan_that_is_written_is_read_as_it_was() -> None:
    changes = [change(None, 'By "hand" \x7f', 1), Change("7" * 40, None, "Another", {})]
    found = proposed(changes)
    text = plan_file(found, changes, {}, "ms")
    assert [(one.name, one.changes) for one in read(text, "plan", changes)] == [(one.name, one.changes) for one in found]


TRAILERS = "Autotune-Experiment: x/3\nAutotune-Effect: 0.9 [0.8, 0.95]"


def test_what_was_measured_is_a_trailer_more() -> None:
    said = Measurement("improved: 10 % lower", ("x/1-a", "x/2-b"), "the checks failed: exit 1")
    for whole in (f"Title\n\nWords\n\n{TRAILERS}\n", "Title alone\n", "Title\n\nno: trailers\nin this paragraph\n"):
        assert message("Other", [whole], None) == whole
        measured = message("Other", [whole], said)
        assert measured.startswith(whole.strip())
        assert measured_in(measured) == said
        assert unmeasured(measured) == whole.strip()
    assert measured_in("Title\n") is None
    assert message("Other", [f"Title\n\n{TRAILERS}\n"], said).count("\n\n") == 1


def test_several_messages_are_one_below_a_title() -> None:
    whole = message("Both", [f"One\n\nWhy one\n\n{TRAILERS}\n", "By hand\n"], None)
    assert whole == f"Both\n\nOne\n\nWhy one\n\nBy hand\n\n{TRAILERS}\n"
    assert message("Both", ["One\n", "Two\n"], None) == "Both\n\nOne\n\nTwo\n"


UPPER = '[[branch]]\nname = "A"\ntitle = "a"\n'
NAMED = '[[branch]]\nname = "a"\ntitle = "a"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = [", "not TOML"),
        ("x = 1", "[[branch]]"),
        ("branch = 1", "[[branch]]"),
        ("branch = [1]", "[[branch]]"),
        (NAMED, "the keys name, title"),
        ('[[branch]]\nname = "a/b"\ntitle = "a"\nchanges = [1]\n', "the name"),
        ('[[branch]]\nname = "a.lock"\ntitle = "a"\nchanges = [1]\n', "the name"),
        ('[[branch]]\nname = "a"\ntitle = " "\nchanges = [1]\n', "the title"),
        (f"{NAMED}changes = 1\n", "not a list"),
        (f"{NAMED}changes = [7]\n", "the change 7"),
        (f"{NAMED}changes = [true]\n", "the change True"),
        (f"{NAMED}changes = [1]\n", "change 2 is in no branch"),
        (f"{NAMED}changes = [1, 2, 2]\n", "there 2 times"),
        (f"{NAMED}changes = [1]\n{UPPER}changes = [2]\n", "two branches are called A"),
    ],
)
def test_a_file_that_is_no_plan_of_these_changes_is_refused(text: str, problem: str) -> None:
    with pytest.raises(AutotuneError) as refusal:
        read(text, "plan.toml", [change(1, "a", 1), change(2, "b", 5)])
    assert problem in refusal.value.message
    assert refusal.value.message.startswith("plan.toml is not a plan: ")
