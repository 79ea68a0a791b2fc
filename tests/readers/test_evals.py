"""Eval cases of other tools, made into cases of a suite."""

from __future__ import annotations

import json

import pytest

from autotune.core.skills.suite import CheckKind, RoutingCase, TaskCase, Type
from autotune.readers.evals import Imported, imported


def folder(files: dict[str, str]) -> Imported:
    return imported("plug:gamma", {path: text.encode() for path, text in files.items()}, "2026-11-30")


PROMPT = "---\nname: trig\nmax_turns: 4\ntimeout_seconds: 60\n---\nPlease do the gamma thing.\n"


def test_a_prompt_with_graders_becomes_a_query_and_a_task() -> None:
    found = folder(
        {
            "evals/trig/prompt.md": PROMPT,
            "evals/trig/graders/fired.md": "---\ntype: tool_used\ntool: Skill\ninput_match: gamma\nmin: 1\n---\n",
            "evals/trig/graders/judge.md": "---\ntype: llm\nweight: 2\n---\nThe answer is polite.\n",
            "evals/trig/graders/says.md": "---\ntype: regex\npattern: HELLO\nmatch: not_contains\n---\n",
            "evals/trig/graders/count.md": "---\ntype: regex\npattern: HELLO\nmatch: 'count:2'\n---\n",
            "evals/trig/graders/made.md": "---\ntype: file_exists\npath: out.txt\nexists: false\n---\n",
            "evals/trig/graders/ran.md": "---\ntype: tool_used\ntool: Bash\nmin: 0\nmax: 2\n---\n",
            "evals/trig/graders/broken.md": "type: regex\n",
        }
    )
    query, task = found.cases
    assert isinstance(query, RoutingCase)
    assert isinstance(task, TaskCase)
    assert (query.type, query.query, query.source.file) == (Type.EXPLICIT, "Please do the gamma thing.", "evals/trig/prompt.md")
    assert (task.max_turns, task.timeout_s, [(one.criteria, one.weight) for one in task.judge]) == (
        4,
        60.0,
        [("The answer is polite.", 2.0)],
    )
    assert [(one.kind, one.exists) for one in task.checks] == [
        (CheckKind.FILE_EXISTS, False),
        (CheckKind.TOOL_USED, True),
        (CheckKind.REGEX, False),
    ]
    assert (task.checks[1].min, task.checks[1].max) == (0, 2)
    assert found.left_out == {"grader regex": 1, "unreadable grader": 1}


def test_a_skill_that_must_not_be_called_makes_a_negative() -> None:
    (case,) = folder({"t/prompt.md": "Do tea.", "t/graders/not.md": "---\ntype: tool_used\ntool: Skill\nmin: 0\nmax: 0\n---\n"}).cases
    assert isinstance(case, RoutingCase)
    assert case.type is Type.NEGATIVE


CASE = """\
schema_version: "1.0"
name: trig
context:
  scaffold_script: make.sh
execution:
  prompt: Fill it in
  max_turns: 7
graders:
  - name: says
    type: regex
    config:
      pattern: DONE
  - type: tool_order
    before: Read
    after: Write
"""


def test_a_case_yaml_is_read_and_what_cannot_be_kept_is_named() -> None:
    found = folder({"a/case.yaml": CASE, "b/case.yaml": "x: [unclosed\n\ty"})
    (task,) = found.cases
    assert isinstance(task, TaskCase)
    assert (task.prompt, task.max_turns, task.checks[0].pattern) == ("Fill it in", 7, "DONE")
    assert found.left_out == {
        "context": 1,
        "grader tool_order": 1,
        "unreadable case.yaml": 1,
    }


def test_what_is_expected_is_a_criterion_where_there_is_no_grader() -> None:
    (task,) = folder({"a/prompt.md": "---\nexpected_outcome: A short answer.\n---\nSay it.\n"}).cases
    assert isinstance(task, TaskCase)
    assert task.judge[0].criteria == "A short answer."
    assert folder({"a/prompt.md": "Say it.\n"}).left_out == {"nothing asked": 1}
    assert folder({"a/prompt.md": "---\nname: x\n---\n"}).left_out == {"no prompt": 1}


def test_lists_of_skill_makers_are_read() -> None:
    evals = {
        "evals": [
            {"id": 1, "prompt": "Do it", "expected_output": "It is done", "files": ["files/in.csv", "gone.csv"]},
            {"id": 2, "prompt": "Do more", "expectations": ["first", {"text": "second"}, 3]},
            {"id": 3, "prompt": "Do nothing"},
            "no case",
        ]
    }
    queries = [
        {"query": "gamma this", "should_trigger": True},
        {"query": "tea", "should_trigger": False},
        {"query": " ", "should_trigger": True},
    ]
    found = folder(
        {
            "skill/evals/evals.json": json.dumps(evals),
            "skill/evals/files/in.csv": "1",
            "skill/trigger.json": json.dumps(queries),
            "skill/other.json": "{",
            "skill/package.json": '{"name": "x"}',
        }
    )
    tasks = [one for one in found.cases if isinstance(one, TaskCase)]
    assert [[criterion.criteria for criterion in one.judge] for one in tasks] == [["It is done"], ["first", "second"]]
    assert found.copied == {f"{tasks[0].workspace}/in.csv": "skill/evals/files/in.csv"}
    assert [one.type for one in found.cases if isinstance(one, RoutingCase)] == [Type.EXPLICIT, Type.NEGATIVE]
    assert found.left_out == {"file gone": 1, "nothing asked": 1}


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"t/task.toml": "", "t/instruction.md": "x", "t/environment/skills/other/SKILL.md": ""}, "other skills"),
        ({"t/task.toml": "", "t/environment/skills/gamma/SKILL.md": ""}, "no prompt"),
        ({"t/task.toml": "no toml", "t/instruction.md": "x"}, "nothing asked"),
    ],
)
def test_a_task_package_that_is_of_no_use_is_left_out(files: dict[str, str], why: str) -> None:
    assert folder(files).left_out == {why: 1}
