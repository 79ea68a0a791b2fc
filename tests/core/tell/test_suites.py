"""A suite in words: what it holds, what it decides, what a model is told."""

from __future__ import annotations

from random import Random

from autotune.core.judging.fencing import Part, drawn
from autotune.core.skills.suite import By, Criterion, RoutingCase, Source, Suite, SuitePart, TaskCase, Type, part_of
from autotune.core.tell import suites as words

MODEL = Source(By.MODEL, "generated", "2026-11-30", model="script:x")


def suite(count: int) -> Suite:
    """So many queries of each side."""
    kinds = (Type.IMPLICIT, Type.NEGATIVE)
    return Suite("x", tuple(RoutingCase(f"r-{kind}-{number}", kind, f"q {number}", MODEL) for kind in kinds for number in range(count)))


def test_what_a_suite_holds_is_counted_by_part_and_side() -> None:
    told = {line.label: line.text for line in words.shown(suite(100), "v1", "/there")}
    confirm = [case for case in suite(100).routing if part_of(case) is SuitePart.CONFIRM]
    fits = sum(case.fits for case in confirm)
    assert told["confirm"].startswith(f"{fits} + {len(confirm) - fits} ")
    assert told["queries"] == "0 explicit, 100 implicit, 0 contextual, 100 negative"
    assert (told["tasks"], told["in"]) == ("none", "/there")
    assert "200 invented by a model" in told["made"]
    task = TaskCase("t-1", "do it", MODEL, judge=(Criterion("done"),))
    assert f"1 {part_of(task)}" in {line.label: line.text for line in words.shown(Suite("x", (task,)), "", "")}["tasks"]
    assert {line.label: line.text for line in words.shown(Suite("x"), "", "")}["made"] == "no case yet"


def test_what_it_decides_depends_on_its_couples() -> None:
    few, some, many = suite(20), suite(45), suite(120)
    assert words.couples_of(few) < 20 <= words.couples_of(some) < 40 <= words.couples_of(many)
    tones = [words.decides(one).tone for one in (few, some, many)]
    assert tones == ["fair", "good", "good"]
    assert "40 find" in words.decides(some).text
    assert "40 find" not in words.decides(many).text


def test_what_came_and_what_was_left_out_is_counted() -> None:
    task = TaskCase("t-1", "do it", MODEL, judge=(Criterion("done"),))
    query, negative = RoutingCase("r-1", Type.EXPLICIT, "q", MODEL), RoutingCase("r-2", Type.NEGATIVE, "n", MODEL, instead="tea")
    assert words.added((query, negative, task), 3, dry_run=False).text.startswith("1 + 1 queries")
    assert words.added((), 0, dry_run=True).label == "would add"
    assert [line.text for line in words.left_out({"b": 1, "a": 2})] == ["2: a", "1: b"]
    assert words.to_invent({"positive": 3, "task": 2}, 1, 0.5).text == "3 positive, 2 tasks, in 1 call, for at most $0.50"
    assert words.to_invent({}, 0, None).text.startswith("nothing")
    assert "tea fits" in words.case(negative).text
    assert "task" in words.case(task).text
    assert "does x fit" in words.question(query, "x").text
    assert words.labelled({"r-1": True}, ["r-1"]).text == "1 case; 1 case changed sides"


def test_a_model_is_told_what_is_there_within_fences() -> None:
    fence = drawn([Part("", "x")], Random(1))
    system, user = words.inventing("x", "the skill", {"tea": "Makes tea."}, fence, 3, "negative", ["known"])
    assert "must NOT use" in user.text
    assert user.text.count(fence.name) == 6
    assert "tea: Makes tea." in user.text
    assert "no two prompts" in system.text.lower()
    assert words.inventing("x", "", {}, fence, 1, "task", [])[1].text.count(fence.name) == 4
