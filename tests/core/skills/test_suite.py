"""A suite: its lines, its hash, its parts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autotune.core.cases.listed import line_of
from autotune.core.skills.suite import (
    By,
    Check,
    CheckKind,
    Criterion,
    Kind,
    RoutingCase,
    Source,
    Suite,
    SuitePart,
    TaskCase,
    Type,
    id_of,
    listed_case,
    parse,
    part_of,
    text_of,
    with_cases,
)

BY_HAND = Source(By.PERSON, "written", "2026-11-30")
QUERY = RoutingCase("r-1", Type.IMPLICIT, "make slides", BY_HAND, group="c-1")
NEGATIVE = RoutingCase("r-2", Type.NEGATIVE, "make tea", BY_HAND, instead="kitchen")
TASK = TaskCase("t-1", "do it", BY_HAND, (Check(CheckKind.FILE_EXISTS, path="a.txt"),), (Criterion("it is short"),), workspace="tasks/t-1")
SUITE = Suite("slides", (QUERY, NEGATIVE, TASK))


def line(**changed: Any) -> str:  # noqa: ANN401 - any JSON
    said = {"id": "r-1", "kind": "routing", "type": "implicit", "query": "q", "source": {"by": "person", "why": "w", "at": "2026-11-30"}}
    return json.dumps({key: value for key, value in {**said, **changed}.items() if value is not None})


def test_a_suite_that_is_written_is_read_alike() -> None:
    assert parse(text_of(SUITE)) == SUITE
    assert (SUITE.routing, SUITE.tasks) == ((QUERY, NEGATIVE), (TASK,))
    assert SUITE.counts == {"positive": 1, "negative": 1, "task": 1}
    assert '"kind": "task"' in text_of(SUITE)


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\r", "\x0c"])
def test_what_ends_a_line_elsewhere_ends_none_of_a_suite(end: str) -> None:
    suite = Suite("slides", (RoutingCase("r-1", Type.IMPLICIT, f"make{end}slides", BY_HAND),))
    assert parse(text_of(suite)) == suite


def test_its_hash_is_that_of_its_contents_whatever_their_order() -> None:
    assert Suite("slides", (TASK, NEGATIVE, QUERY)).hash == SUITE.hash
    assert Suite("slides", (QUERY, NEGATIVE)).hash != SUITE.hash


HEAD = '{"suite": 1, "skill": "x"}'
OF_TASK = {"kind": "task", "type": None, "query": None, "prompt": "p"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("[]", "line 1: it is no JSON object"),
        ("{", "line 1: it is no JSON:"),
        ('{"suite": 2, "skill": "x"}', "line 1: it does not begin"),
        (f"{HEAD}\n\n{line(kind='other')}", "line 3: kind"),
        (f"{HEAD}\n{line()}\n{line()}", "line 3: r-1 stands in it twice"),
        (f"{HEAD}\n{line(more=1)}", "line 2: unknown key more"),
        (f"{HEAD}\n{line(source={'by': 'person', 'why': 'w', 'at': 'x', 'who': 'y'})}", "line 2: unknown key who"),
        (f"{HEAD}\n{line(type='maybe')}", "expected one of explicit"),
        (f"{HEAD}\n{line(query=' ')}", "line 2: it asks nothing"),
        (f"{HEAD}\n{line(**OF_TASK, checks=[{'kind': 'regex'}])}", "needs pattern"),
        (f"{HEAD}\n{line(**OF_TASK, checks=[{'kind': 'regex', 'size': 1}])}", "unknown key size"),
        (f"{HEAD}\n{line(**OF_TASK, checks=[1])}", "line 2"),
    ],
)
def test_what_is_no_suite_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("(", "\\(")):
        parse(text)


def test_a_conversation_has_one_part_and_six_of_ten_confirm() -> None:
    cases = [RoutingCase(f"r-{number}", Type.IMPLICIT, "q", BY_HAND, group=f"c-{number // 2}") for number in range(4000)]
    suite = Suite("x", tuple(cases))
    shares = [len(suite.of(part)) / 4000 for part in SuitePart]
    assert shares == pytest.approx([0.2, 0.2, 0.6], abs=0.03)
    assert all(part_of(one) is part_of(other) for one, other in zip(cases[::2], cases[1::2], strict=True))


def test_a_query_is_listed_with_its_side_and_a_task_without() -> None:
    assert [line_of(listed_case(case)) for case in SUITE.cases] == ["r-1\tc-1\tpositive", "r-2\t\tnegative", "t-1"]


def test_a_case_that_is_there_stays_as_it_is() -> None:
    other = RoutingCase("r-1", Type.NEGATIVE, "make slides", BY_HAND)
    assert with_cases(Suite("x", (QUERY,)), (other, NEGATIVE)).cases == (QUERY, NEGATIVE)


def test_an_id_is_that_of_the_words() -> None:
    assert id_of(Kind.ROUTING, "Make  slides\n") == id_of(Kind.ROUTING, "make slides")
    assert id_of(Kind.TASK, "make slides").startswith("t-")


def test_a_task_names_the_folders_that_it_begins_with_and_is_tested_by() -> None:
    hidden = (Check(CheckKind.COMMAND, command="sh t", path="t-1.tests"), Check(CheckKind.COMMAND, command="true"))
    assert TaskCase("t", "do it", BY_HAND, (*TASK.checks, *hidden), workspace="t-1").folders == ("t-1", "t-1.tests")
    assert TaskCase("t", "do it", BY_HAND).folders == ()
