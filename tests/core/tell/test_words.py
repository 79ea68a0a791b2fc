"""The words of facts: every kind has some, with any figures, and nothing of a template is left in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest

from autotune.core.codec import decode
from autotune.core.decide.witness import Unfit
from autotune.core.facts import BY_SCORES, AnyKind, Fact, Kind, joined, naming, quoted, refused, whole
from autotune.core.findings import Amiss, Answer, Contradiction, Objection, Observation, Remedy, Unread, Verification
from autotune.core.ledger.lines import as_today, from_sentence
from autotune.core.model import Effect
from autotune.core.tell import answers
from autotune.core.tell.figures import in_odds
from autotune.core.tell.words import EXACT_CLAIM, filled, told
from autotune.errors import AutotuneError

EFFECT = Effect(0.939, 0.925, 0.952)
INNER = quoted("exit 1")
# What facts of a kind hold; a kind that is not named holds nothing.
FIGURES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.LIMIT_REACHED: {"limit": "max_wall_time", "reached": 60.0, "allowed": 60.0},
    **{kind: {"before": 10.05, "now": 8.05, "moved": True} for kind in (Kind.VALUE_MOVED, Kind.LOOKED)},
    **{kind: {"playbook": "diagnose"} for kind in (Kind.PLAYBOOK, Kind.PLAYBOOK_BEGINS, Kind.PLAYBOOK_ENDS)},
    Kind.TARGET_IN_REACH: {"target": 0.99999999},
    **{kind: {"name": "autotune.sh", "aside": "/a"} for kind in (Kind.SCRIPT_CHANGED, Kind.FILE_MOVED_AWAY)},
    **{kind: {"name": "node"} for kind in (Kind.SCRIPT_GONE, Kind.FILE_GONE, Kind.PRINTED_TWICE, Kind.NO_GUARDED_METRIC, Kind.TOOL_GONE)},
    **{kind: {"aside": "/a"} for kind in (Kind.COPY_CHANGED, Kind.STATE_CHANGED, Kind.SETTINGS_PUT_BACK)},
    **{kind: {"ref": "refs/autotune/a/pins-1"} for kind in (Kind.PINS_PUT_BACK, Kind.PINS_ASTRAY)},
    **{kind: {"names": ["autotune.sh", "autotune.checks.sh"]} for kind in (Kind.BENCHMARK_EDITED, Kind.FILES_AMISS)},
    **{kind: {"paths": ["a", "b"]} for kind in (Kind.OUT_OF_SCOPE, Kind.CHECKOUT_GIVEN_BACK, Kind.SESSION_TOUCHED)},
    **{kind: {"command": "prepare"} for kind in (Kind.COMMAND_FAILED, Kind.CHECKS_NOT_REACHED)},
    **{
        kind: {"metric": "t", "rate": False, "clock": "wall", "value_s": 0.01, "whole_s": 1.0, "value_before_s": 0.9, "whole_before_s": 1.0}
        for kind in (Kind.TIME_ELSEWHERE, Kind.CLOCK_DISAGREES)
    },
    **{kind: {"experiment": 3, "run": 2, "arm": "candidate", "metric": "t", "value": 1.5} for kind in (Kind.BASELINE_RUN,)},
    **{
        kind: {"what": "checks", "arm": "candidate", "failed": 1, "runs": 10, "failed_before": 1, "runs_before": 9}
        for kind in (Kind.FLAKY, Kind.FAILS_AGAIN, Kind.BENCHMARK_FLAKY)
    },
    Kind.RUNNING: {"purpose": "experiment", "experiment": 3, "arm": "candidate"},
    **{kind: {"arm": "candidate"} for kind in (Kind.CHECKING, Kind.CONSULTING)},
    **{kind: {"experiment": 3} for kind in (Kind.COMMITTING, Kind.PROPOSING)},
    Kind.PROBING: {"skill": "notes", "done": 3, "cases": 20, "since": "2026-11-30T00:00:00Z"},
    **{
        kind: {"experiment": 3, "status": "keep", "description": "d", "last": "e"}
        for kind in (Kind.RESULT, Kind.RESULT_TOLD, Kind.PROPOSED)
    },
    Kind.WITNESS: {"noise": 0.02},
    Kind.NO_WITNESS: {"why": "waits", "share": 0.4},
    Kind.BUSY: {"share": 0.9, "above": 0.5},
    Kind.PROVING_WITH_READ: {"files": 2},
    Kind.LEFTOVERS: {"first": "sleep 9", "more": True},
    **{kind: {"seed": "a.py:3"} for kind in (Kind.SEED_CHANGED, Kind.SEED_FIXED)},
    Kind.STORE_DAMAGED: {"path": "a.py"},
    Kind.EXIT: {"code": 139, "signal": None},
    Kind.TIME_LIMIT: {"after_s": 1.5},
    Kind.NO_METRIC: {"name": "t", "printed": [], "more": 0},
    Kind.MALFORMED_LINE: {"line": 3, "stream": "stdout", "problem": "no number follows", "text": "METRIC t=nan"},
    Kind.METRIC_WITHIN_LINE: {"text": ".METRIC t=1"},
    Kind.MALFORMED_VALUE: {"text": "mean[a] = nan", "problem": "it is no finite number"},
    Kind.WAS_READ: {"format": "hyperfine", "metric": "median", "cases": ["a", "b"], "others": ["mean"], "ignored": [["aggregates", 2]]},
    Kind.CAN_BE_READ: {"format": "hyperfine", "read": "hyperfine:bench.json", "option": "--export-json bench.json"},
    Kind.NOT_WRITTEN: {"path": "out.json"},
    Kind.NOT_OF_FORMAT: {"format": "hyperfine", "where": "out.json", "problem": "it is empty"},
    Kind.BAD_SAMPLES: {"problem": "t has no case a"},
    Kind.BUG: {"error": "KeyError(1)", "log": "/bug.log"},
    Kind.SEGMENT_BEGINS: {"segment": 2, "metric": "t", "value": 1.0},
    Kind.BASELINE: {"runs": 3},
    Kind.RECOVERY_EXHAUSTED: {"playbooks": 2},
    Kind.OUT_OF_IDEAS: {"proposals": 3},
    Kind.PROPOSER_FAILED: {"code": 2},
    Kind.PROPOSER_OUT_OF_TIME: {},
    Kind.PLATEAU: {"experiments": 5},
    Kind.FAILURES: {"failures": 2},
    Kind.NOTHING_CHANGED: {"metric": "t", "value": 1.5},
    Kind.NARROWED: {"experiments": 3, "patterns": ["src/**"]},
    Kind.TOOL_CHANGED: {"name": "node", "before": "1", "now": "2"},
    Kind.RULE_GONE: {"rule": 9},
    Kind.NOISE_CHANGED: {"before": 0.01, "now": 0.1, "logs": True},
    Kind.TARGET_MEASURED: {"runs": 3, "value": 1.5},
    Kind.CLAIM_DUE: {"keeps": 10},
    Kind.ON_HELD_OUT: {"cases": 40},
    Kind.LINE_TORN: {"bytes": 7},
    Kind.LEDGER_PUT_BACK: {"lines": 1, "aside": "/a"},
    Kind.LINES_SET_ASIDE: {"line": 7, "aside": "/a"},
    Kind.INDEX_WRITTEN: {"path": "/a/index"},
    Kind.PLACE_MADE_ANEW: {"paths": ["a"]},
    Kind.BUILT_OUTSIDE: {"variable": "CARGO_TARGET_DIR"},
    Kind.RUN_BIT_LOST: {"name": "autotune.sh"},
    Kind.OLD_KEYS: {"keys": ["allow", "claim_pairs"]},
    **{kind: {"hook": "keep/a.sh"} for kind in (Kind.OWN_HOOK_FAILED, Kind.OWN_HOOK_CHANGED)},
    Kind.SETTINGS_EDITED: {"changes": ["max_pairs = 20 (was 40)"]},
    Kind.BRANCH_PUT_BACK: {"incumbent": "b", "files": 1, "ref": "r"},
    Kind.MOVED_MEANWHILE: {"tip": "a", "experiment": 3, "ref": "r"},
    Kind.EDITS_OPEN: {"experiment": 3, "paths": ["a"]},
    Kind.BRANCH_MOVED: {"tip": "a"},
    Kind.COMMIT_REFUSED: {"hook": "pre-commit"},
    **{
        kind: {"by": "pre-commit", "paths": ["a"]}
        for kind in (Kind.FORMAT_FAILED, Kind.FORMAT_BROKEN, Kind.FORMATTED, Kind.FORMATTED_OUTSIDE)
    },
    Kind.FOREIGN_COMMITS: {"branch": "b", "commits": 2, "tip": "a"},
    Kind.STAYED_BUSY: {"waited_s": 60.0},
    **{kind: {"ref": "r"} for kind in (Kind.CANDIDATE_SET_ASIDE, Kind.CANDIDATE_GIVEN_UP)},
    Kind.REFUSED: {"message": "It is not so.", "hint": "do this"},
    Kind.LENT_WAITS: {"folder": "/a"},
    **{kind: {"paths": ["a", "b"], "all": 3} for kind in (Kind.PROTECTED, Kind.LEFT_OPEN, Kind.SUBMODULES_EMPTY)},
    Kind.LINE_WATCHED: {"path": "a", "line": 2, "text": "print(1)"},
    Kind.LFS_NAMES_ALONE: {"paths": ["a"], "all": 1, "installed": False},
    Kind.CLIENT_GONE: {"how": "crashed"},
    Kind.FRUITLESS: {"times": 3},
    Kind.AGENT_SAYS: {"text": "done"},
    Kind.SERVICE_FAILS: {"error": "", "wait_s": 3.0},
    Kind.NOT_CARRIED: {"paths": ["node_modules"]},
    Kind.IN_THE_WAY: {"paths": ["a"], "aside": "/a"},
    Kind.REPOSITORY_MOVED: {"paths": ["a"], "aside": "/a"},
    Kind.OPENED_UP: {"paths": ["a"], "all": 1},
    Kind.LATE_EDITS: {"experiment": 3, "ref": "r"},
    Kind.KEEP_PUT_BACK: {"experiment": 3, "paths": ["a"]},
    Kind.EDITS_IN_PLACE: {"ref": "r", "paths": ["a"]},
    Kind.YOURS_CHANGED: {"paths": ["a"], "command": "git show 1f:a"},
    Kind.BRANCH_ASTRAY: {"branch": "b", "tip": "a"},
    Kind.WAITING_FOR_QUIET: {"share": 0.9, "wait_s": 60.0},
    Kind.WAITING_FOR_MACHINE: {
        "what": "experiment 3 of tests",
        "process": 5,
        "more": 1,
        "until": None,
        "since": "2026-11-29T10:00:00.000Z",
    },
    Kind.CALIBRATING: {"pairs": 6, "takes_s": 40.0},
    Kind.MIN_EFFECT_SET: {"min_effect": 0.02, "logs": True, "short": False},
    **{kind: {"changes": [["judge", "", "b"]]} for kind in (Kind.CONTEXT_CHANGED, Kind.CONTEXT_OF_CANDIDATE, Kind.CONTEXT_DIFFERS)},
    Kind.LOST_BY: {"cases": ["a", "b"]},
    **{kind: {"part": "confirm", "units": 30, "dropped": 1, "left": 9, "worth": 0.05} for kind in BY_SCORES},
    Kind.POOL_SPENT: {"used": 20, "planned": 20, "seen": 2},
    Kind.CASES_OPEN: {"paths": ["eval/ids.txt"], "all": 1},
    Kind.SEED_UNREAD: {"script": "autotune.sh"},
    Kind.MEASURED_IN_PLACE: {"top": "/p"},
    Kind.DIRECTION: {"metric": "accuracy", "direction": "lower", "said": False, "speaks_for": "higher"},
    Kind.EMPTY_HANDED: {"times": 1, "most": 3},
    **{kind: {"pairs": 20, "takes_s": 60.0} for kind in (Kind.PAIRS_AHEAD, Kind.PAIRS_OF_UNCHANGED)},
    Kind.NIGHT_BEGINS: {"session": "s", "tree": "/t", "log": "/l"},
    Kind.CLIENT_STARTED: {"fresh": False},
    Kind.CLIENT_WORKING: {"experiment": 3},
    Kind.CLIENT_WAITED_FOR: {"wait_s": 60.0},
    Kind.FORMATTING: {"by": "pre-commit"},
    Kind.CLIENT_FOLLOWS: {"fresh": True, "wait_s": 60.0},
    Kind.PLUGIN_FAILED: {"problem": "p"},
    Kind.OUT_OF_REACH: {"left": 4},
    Kind.NOT_WORTH_HAVING: {"worth": 0.01},
    Kind.TOO_NOISY: {"times": 4.2},
    Kind.OVERTAKEN: {"experiment": 4},
    Kind.SECOND_LOOK: {"experiment": 9, "again": 4, "description": "d"},
    Kind.TRIED: {"experiment": 4, "fate": "kept", "likeness": "change", "waits": True, "earlier": True},
}


# What is found holds figures of the same names, whatever was found.
FOUND: Mapping[str, Any] = {
    "withheld": ["TOKEN"],
    "snapshots": 3,
    "pinned": 2,
    "sandbox": True,
    "set": ["TZ=UTC"],
    "most": 4096,
    "last": "3" * 40,
    "store": "sqlite:///d/mlflow.db",
    "chain": "4" * 64,
    "keeps": 2,
    "reserved": "autotune.",
    "case": "a",
    "low": 0.0,
    "high": 1.0,
    "other": "mean[a b]",
    "code": 1,
    "byte": 3,
    "file": "out.json",
    "what": "results",
    "example": "NAME 1 ns",
    "pattern": "a=(.*)",
    "tag": "html",
    "first": "test_a",
    "files": ["a.pth"],
    "line": 7,
    "problem": "it is odd",
    "segment": 2,
    "before": 1,
    "experiment": 3,
    "purpose": "claim",
    "playbook": "diagnose",
    "pairs": 9,
    "names": ["metric", "files"],
    "estimate": 0.5,
    "said": 2.0,
    "found": 3.0,
    "ledger": "/l",
    "path": "/p",
    "copy": "/c",
    "aside": "/a",
    "rule": 9,
    "newer": True,
    "verdict": "discard",
    "runs": 2,
    "folder": "/f",
    "log": "1.log",
    "run": 4,
    "metric": "t",
    "value": 1.5,
    "branch": "b",
    "tip": "1" * 40,
    "address": "http://127.0.0.1:1/#enter=a",
    "commit": "2" * 40,
    "subject": "Mine",
    "ref": "refs/a",
    "tree": "/t",
    "module": "json",
    "count": 2,
    "unit": "ms",
    "estimated": True,
    "cost_usd": 1.5,
    "tokens": 1200,
    "min_effect": 0.02,
    "link": "/bin/autotune",
    "operation": "rebase",
    "script": "a.sh",
    "key": "unit",
    "command": "autotune config set unit ms",
    "error": "KeyError",
    "version": "3.11",
    "name": "n",
    "lock": "a.lock",
    "free_bytes": 2**31,
    "launcher_ms": 20.0,
    "verb_ms": 200.0,
    "starts": 3,
    "cpu": "c",
    "cpus": "2",
    "system": "Linux",
    "kernel": "6",
    "host": "h",
    "python": "3.11",
    "load": 0.5,
    "holder": "try",
    "top": "/t",
    "modified": 1,
    "session": "s",
    "condition": "running",
    "experiments": 2,
    "kept": 1,
    "direction": "lower",
    "keys": ["unit"],
    "wall_s": 0.5,
    "metrics": {"t": 1.0},
    "text": "make",
    "paths": ["a", "b"],
    "all": 3,
    "folders": [*"abcdef"],
    "oldest": "2.36",
    "program": "/bin/autotune",
    "hook": "keep/a.sh",
    "quoted": "7",
    "sha256": "5" * 64,
    "setting": "X",
    "lines": ["METRIC t"],
    "processes": ["sleep 9"],
    "made": 2,
    "there": 1,
    "prefix": "fast",
    "base": "2" * 12,
    "remote": "origin",
    "url": "https://example.org/1",
}
OTHERWISE: Mapping[AnyKind, Mapping[str, Any]] = {
    Answer.HASHES_OF_BUNDLE: {"lines": 3},
    Contradiction.SETTINGS_OTHERWISE: {"said": ["unit"], "found": []},
    Amiss.CANDIDATE_ELSEWHERE: {"found": "3" * 40},
}


def test_worse_by_one_pair_is_said_to_be_of_one_pair() -> None:
    figures = {"effect": [1.1, 1.1, 1.1], "relative": True, "pairs": 1}
    assert "the one pair" in told(Fact(Kind.WORSE, figures))
    assert "the one pair" not in told(Fact(Kind.WORSE, {**figures, "pairs": 9}))


def test_what_a_proposer_printed_is_told_on_one_line() -> None:
    figures = {"code": 2, "said": "one\n\n  two", "log": "/l"}
    assert "one | two" in told(Fact(Kind.PROPOSER_FAILED, figures))
    assert "/l" in told(Fact(Kind.PROPOSER_IDLE, figures))
    assert "nothing" in told(Fact(Kind.PROPOSER_IDLE, {**figures, "said": ""}))


def test_a_direction_that_the_name_does_not_speak_for_is_a_warning() -> None:
    figures = {"metric": "accuracy", "direction": "lower", "said": False, "speaks_for": "higher"}
    assert told(Fact(Kind.DIRECTION, figures)).startswith("warning: ")
    for fine in ({"direction": "higher", "said": True}, {"speaks_for": None}, {"speaks_for": "lower", "said": True}):
        assert not told(Fact(Kind.DIRECTION, {**figures, **fine})).startswith("warning: ")
    assert "; it prints a, b" in told(Fact(Kind.NO_GUARDED_METRIC, {"name": "c", "printed": ["a", "b"]}))


@pytest.mark.parametrize("kind", [*Contradiction, *Amiss, *Objection, *Observation, *Remedy, *Answer, *Unread])
def test_everything_that_can_be_found_has_words(kind: AnyKind) -> None:
    said = told(Fact(kind, {**FOUND, **OTHERWISE.get(kind, {})}, INNER))
    assert said
    assert not {*"{}"} & {*said}
    assert "Fact(" not in said
    assert "None" not in said


@pytest.mark.parametrize(
    ("kind", "figures", "words"),
    [
        (Amiss.OUTPUT_GONE, {"run": 1, "experiment": 2, "purpose": "experiment"}, "The output of run 1 of experiment 2 is gone."),
        (Amiss.OUTPUT_GONE, {"run": 1, "experiment": 0, "purpose": "look"}, "The output of run 1 of a look is gone."),
        (Amiss.OUTPUT_GONE, {"run": 1, "experiment": 0, "purpose": "baseline"}, "The output of run 1 of the baseline is gone."),
        (
            Amiss.COPY_DIFFERS,
            {"copy": "c", "line": None},
            "The ledger and its copy c differ, because the copy has more lines: one of them was rewritten.",
        ),
        (Observation.FOLDERS_LEFT, {"folders": ["a"]}, "1 folder of sessions that are gone:\na"),
        (Observation.REPOSITORY, {"top": "/t", "branch": None, "modified": 0}, "/t, on a detached HEAD, nothing tracked is modified"),
        (Observation.PASSES, {"wall_s": 0.5, "metrics": {}}, "passes in 0.50 s and gives no metric"),
        (
            Answer.HASHES_OF_BUNDLE,
            {"lines": 1, "names": ["A"]},
            (
                "1 line of the log is without the values of A, so the bundle's word is taken for its hash; "
                "set these variables as they were to check that too"
            ),
        ),
        (Answer.FINDINGS, {"session": "s", "count": 0}, "s: no findings"),
        (Answer.FINDINGS, {"session": "s", "count": 1}, "s: 1 finding"),
        (Amiss.OWN_FILES_GONE, {"folder": "f", "names": ["a"]}, "In f, a is gone."),
        (Amiss.PIN_GONE, {"segment": 1, "path": ""}, "the list itself, which segment 1 is measured with, is gone."),
        (Amiss.RULE_UNKNOWN, {"segment": 1, "rule": 0, "newer": False}, "segment 1: decided by an older rule (0), not made again"),
        (
            Contradiction.SETTINGS_FIXED,
            {"names": ["metric", "unit"]},
            "changes value and unit inside a segment, where it is fixed",
        ),
    ],
)
def test_what_was_found_is_told_with_its_figures(kind: AnyKind, figures: Mapping[str, Any], words: str) -> None:
    assert told(Fact(kind, figures)) == words


@pytest.mark.parametrize("name", [name for name, value in vars(answers).items() if name.isupper() and isinstance(value, str)])
def test_the_answer_of_a_command_takes_its_figures(name: str) -> None:
    said = filled(getattr(answers, name), INNER, **FOUND)
    assert not {*"{}"} & {*said}
    assert "None" not in said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answers.imported("s", "results.tsv", 1, 1, 0), "1 experiment of results.tsv is in the history of s"),
        (
            answers.imported("s", "results.tsv", 2, 3, 1),
            "2 experiments, the latest of 3 of results.tsv are in the history of s; 1 line not taken",
        ),
        (
            answers.holds_commits(1, 2, 1),
            "  commits.bundle: 1 kept commit, 2 candidates (rejected ones too), and the file that decides what is measured",
        ),
        (
            answers.holds_commits(2, 1, 3),
            "  commits.bundle: 2 kept commits, 1 candidate (rejected ones too), and the 3 files that decide what is measured",
        ),
        (answers.holds_log(9, ()), "  autotune.jsonl: the log, 9 lines"),
        (answers.holds_log(1, ("A", "B")), "  autotune.jsonl: the log, 1 line, without the values of A, B"),
        (answers.would_run(sandbox=True), "This would run code of the bundle, in a new worktree, in the sandbox:"),
        (
            answers.would_run(sandbox=False),
            "This would run code of the bundle, in a new worktree, without a sandbox, with all your rights:",
        ),
        (answers.log_lost("s", "/l", None, damaged=False), "The log of session s is gone."),
        (
            answers.log_lost("s", "/l", "/c d", damaged=True),
            "The log of session s is damaged; /c d may still be whole, and `cp '/c d' /l` puts it back.",
        ),
        (answers.things_to_do(1), "One thing is left to do."),
        (answers.things_to_do(2), "2 things are left to do."),
        (answers.baseline("t", "", 2.0, 1, scores=False), "baseline: t = 2 (one run)"),
        (answers.baseline("t", "ms", 2.0, 3, scores=False), "baseline: t (ms) = 2 (median of 3 runs)"),
        (answers.baseline("t", "", 0.5, 3, scores=True), "baseline: t = 0.5 (mean of all scores in 3 runs)"),
        (answers.agent_cost(1.5, 1200, estimated=False), "the agent has cost $1.50, 1,200 tokens"),
        (answers.agent_cost(1.5, 1200, estimated=True), "the agent has cost about $1.50, 1,200 tokens"),
        (
            answers.branches_made(1, 1, "fast", "2" * 12),
            "1 branch made, 1 there already; `git log -p --reverse --branches='fast/*' --not 222222222222` shows what a reviewer sees",
        ),
    ],
)
def test_an_answer_says_what_its_figures_say(said: str, words: str) -> None:
    assert said == words


def test_a_verification_is_told_with_the_figures_of_its_claim_or_with_why_there_are_none() -> None:
    claim = whole(Fact(Kind.IMPROVED), EFFECT, None, None, 20, "ms")
    said = [told(replace(claim, kind=kind)) for kind in (Kind.IMPROVED, Verification.CONFIRMED, Verification.NOT_CONFIRMED)]
    assert [one.partition(": ")[0] for one in said] == ["improved", "confirmed", "not confirmed"]
    assert len({one.partition(": ")[2] for one in said}) == 1
    reasons = [told(Fact(kind, because=INNER)) for kind in (Verification.NOT_CONFIRMED, Verification.CANNOT_TELL)]
    assert reasons == ["not confirmed: exit 1", "cannot tell: exit 1"]


def test_no_two_closed_sets_share_a_value_so_that_a_ledger_names_one_kind() -> None:
    values = [str(one) for kinds in get_args(AnyKind) for one in kinds]
    assert len(values) == len({*values})
    assert decode(Fact, {"kind": "run astray"}).kind is Contradiction.RUN_ASTRAY


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SAID])
def test_every_kind_has_words_whatever_it_goes_back_to(kind: Kind) -> None:
    for because in (None, INNER):
        said = told(whole(Fact(kind, FIGURES.get(kind, {}), because), EFFECT, 3400.5, 2083.0, 9, "ms"))
        assert said
        assert not {*"{}"} & {*said}
        assert "Fact(" not in said
        assert "None" not in said


def test_what_somebody_else_said_is_told_as_it_is_with_what_was_seen_besides() -> None:
    assert told(Fact(Kind.SAID, besides=(quoted("b"),), words="{a}")) == "{a}; b"
    assert joined([quoted("a"), quoted("b")]) == Fact(Kind.SAID, words="a", besides=(quoted("b"),))
    assert joined([]) is None


@pytest.mark.parametrize(("kind", "runs", "words"), [(Kind.BETTER_ONCE, 1, "in a single run"), (Kind.BETTER_EXACTLY, 3, "in all 3 runs")])
def test_a_verdict_of_few_runs_says_how_many(kind: Kind, runs: int, words: str) -> None:
    assert words in told(whole(Fact(kind, {"runs": runs}), EFFECT, None, None, 1, ""))


def test_an_error_that_ends_nothing_is_told_with_its_hint() -> None:
    assert told(refused(AutotuneError("It is not so.", "do this"))) == "It is not so. Do this."


def test_of_many_paths_a_fact_names_the_first_and_counts_all() -> None:
    fact = naming(Kind.LFS_NAMES_ALONE, [*"abcdefghij"], installed=True)
    assert fact.figures == {"paths": [*"abcdefgh"], "all": 10, "installed": True}
    assert "a, b, c, d, e, f, g, h and 2 more" in told(fact)


def test_texts_from_elsewhere_are_safe_to_show() -> None:
    assert told(Fact(Kind.TOOL_GONE, {"name": "\x1b[2J"})) == "\\x1b[2J is gone"


def test_a_verdict_is_told_with_the_figures_that_it_has() -> None:
    kept = Fact(Kind.BETTER, {"in_blocks": 7, "asked": 0.02})
    figures = "6.1 % lower [4.8, 7.5], where more than 2 % is asked for, evidence 3400 : 1 (needed 2083 : 1), 9 pairs (7 in a block)"
    assert told(whole(kept, EFFECT, 3400.9, 2083.0, 9, "ms")) == f"kept: {figures}"
    assert told(whole(kept, EFFECT, 3400.9, 2083.0, 9, "ms"), lead=False) == figures
    assert told(kept) == "kept: where more than 2 % is asked for"
    assert told(Fact(Kind.NO_GAIN_IN_SIGHT)) == "discarded: no gain in sight"
    assert told(whole(Fact(Kind.FORCED, because=kept), EFFECT, None, None, 1, "")).endswith("is asked for, 1 pair (7 in a block)")
    assert told(Fact(Kind.NOT_MEASURED, because=INNER), lead=False) == "exit 1"


def test_guardrails_are_told_with_a_verdict_and_what_is_not_known_as_such() -> None:
    held = {"text": "m <= 1.02x", "standing": "holds", "relative": True, "estimate": 1.01, "low": 1.0, "high": 1.02}
    unknown = {"text": "m <= 3", "standing": "undecided", "relative": False}
    fact = whole(Fact(Kind.GUARDRAIL_BROKEN, {"guardrails": [held, unknown]}), EFFECT, None, None, 6, "")
    assert told(fact) == (
        "discarded for a guardrail, though 6.1 % lower [4.8, 7.5], 6 pairs; m <= 1.02x holds: 1.01 [1.00, 1.02] of the incumbent; "
        "m <= 3 undecided: not known"
    )


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("target", "the target of 1 is reached, confirmed by fresh runs (target)"),
        ("max_iterations", "1 of 1 experiments made (max_iterations)"),
        ("max_wall_time", "active for 1.0 s of 1.0 s (max_wall_time)"),
        ("max_cost_usd", "$1.00 of $1.00 is spent (max_cost_usd)"),
        ("max_tokens", "the agent has used 1 of 1 tokens (max_tokens)"),
        ("max_failures", "1 of 1 failures (max_failures)"),
    ],
)
def test_a_limit_is_told_with_its_key(limit: str, words: str) -> None:
    assert told(Fact(Kind.LIMIT_REACHED, {"limit": limit, "reached": 1, "allowed": 1})) == words


@pytest.mark.parametrize(
    ("kind", "figures", "words"),
    [
        (Kind.LOOKED, {"before": 1.0, "now": 1.0, "moved": False}, "the unchanged code measured 1 before and 1 now: within noise"),
        (Kind.NOISE_CHANGED, {"before": 0.5, "now": 0.0, "logs": False}, "the unchanged incumbent's noise was 0.5 and is 0"),
        (Kind.RECOVERY_EXHAUSTED, {"playbooks": 0}, ", and there is no playbook to try"),
        (Kind.SEGMENT_BEGINS, {"segment": 2, "metric": "t", "value": None}, "segment 2 begins"),
        (Kind.BASELINE, {"runs": 1}, "one run"),
        (Kind.BUG, {"error": "x"}, "because of a bug in autotune: x"),
        (Kind.LEFTOVERS, {"first": "a", "more": False}, "the candidate's runs left processes behind, which were ended: a"),
        (Kind.NO_METRIC, {"name": "t", "printed": ["a"], "more": 2}, "exit 0 without a line METRIC t=…; it printed a and 2 more"),
        (Kind.RESULT, {"experiment": 1, "status": "keep"}, "experiment 1: keep: "),
        (Kind.PAIRS_AHEAD, {"pairs": 6, "takes_s": 60.0}, "6 pairs of runs, about 1 min; Ctrl-C stops, nothing is lost"),
        (Kind.CLIENT_STARTED, {"fresh": True}, "the client is started"),
        (
            Kind.LEDGER_PUT_BACK,
            {"lines": None, "aside": "/a"},
            (
                "Something other than autotune wrote to the ledger during a run: it was rewritten or cut off. "
                "It was put back; what was there is at /a."
            ),
        ),
        (Kind.CLIENT_FOLLOWS, {"fresh": False, "wait_s": 0.0}, "; it goes on"),
        (Kind.NO_IMPROVEMENT, {"pairs": 1}, "no measurable improvement: 1 pair"),
        (Kind.IMPROVED, {"pairs": 2, "exact": True}, f"improved: {EXACT_CLAIM.format(runs=2)}"),
        (Kind.IMPROVED, {"pairs": 6, "look": 2}, "improved: 6 pairs, asked 2 times"),
        (Kind.IMPROVED, {"pairs": 6, "look": 2, "takes": 8}, "improved: 6 pairs, asked 2 times, which takes 8 pairs"),
    ],
)
def test_words_follow_the_figures(kind: Kind, figures: Mapping[str, Any], words: str) -> None:
    assert told(Fact(kind, figures)) == words


@pytest.mark.parametrize(("kind", "saved"), [(Kind.CUT_OFF, True), (Kind.CANCELLED, False)])
def test_the_result_of_a_measurement_that_was_cut_off_says_how_its_changes_are_opened_again(kind: Kind, *, saved: bool) -> None:
    result = Fact(Kind.RESULT, {"experiment": 9, "status": "discard"}, Fact(Kind.NOT_MEASURED, because=Fact(kind)))
    assert told(result).endswith("; `autotune restore 9` opens its changes again") is saved


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (3400.9, "3400 : 1"),
        (10.0, "10 : 1"),
        (9999.9, "9999 : 1"),
        (10000.0, "10,000 : 1"),
        (9.999, "9.99 : 1"),
        (0.029, "0.02 : 1"),
        (0.0099, "under 0.01 : 1"),
        (2.5e7, "25,000,000 : 1"),
    ],
)
def test_odds_are_rounded_down(evidence: float, said: str) -> None:
    assert in_odds(evidence) == said


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("kept: 6.1 % lower [4.8, 7.5], evidence 3400 : 1 (needed 2083 : 1), 9 pairs", Kind.BETTER),
        ("kept, unconfirmed: 10.0 % lower (from 9.0 to 10.9) in a single run", Kind.BETTER_ONCE),
        ("kept, unconfirmed: 10.0 % lower, 3 pairs, calibrated and not exact", Kind.BETTER_CALIBRATED),
        ("kept: 5.0 % lower, the same in all 3 runs of a benchmark that repeats exactly", Kind.BETTER_EXACTLY),
        ("discarded for a guardrail, though 5 % lower", Kind.GUARDRAIL_BROKEN),
        ("discarded: too small a gain to show, 0.6 % lower", Kind.SMALL_GAIN),
        ("not to be trusted: a run wrote to the ledger", Kind.TAMPERED),
        ("does not generalise", Kind.DOES_NOT_GENERALISE),
        ("2 candidates failed, of 2 allowed (max_failures)", Kind.LIMIT_REACHED),
        ("exit 1", Kind.SAID),
    ],
)
def test_the_sentences_of_older_ledgers_are_shown_as_they_are_and_tell_their_kind(sentence: str, kind: Kind) -> None:
    fact = decode(Fact, from_sentence(sentence))
    assert (fact.kind, told(fact)) == (kind, sentence)


def test_what_the_sentences_of_older_ledgers_told_a_reader_are_figures() -> None:
    assert decode(Fact, from_sentence("x, where up to 5 % worse is allowed")).figures == {"asked": -1.0}
    assert decode(Fact, from_sentence("x (from 1 to 2), where more than 5 % is asked for")).figures == {"asked": 1.0, "runs": 1}
    assert decode(Fact, from_sentence("2 candidates failed, of 2 allowed (max_failures)")).figures == {"limit": "max_failures"}
    assert decode(Fact, from_sentence("not measured: it was cancelled")) == Fact(Kind.NOT_MEASURED, because=quoted("it was cancelled"))
    assert as_today({"type": "notice", "text": "t"})["found"] == {"kind": Kind.SAID, "figures": {}, "words": "t"}
    assert as_today({"type": "note", "text": "t"}) == {"type": "note", "text": "t"}


@pytest.mark.parametrize("why", list(Unfit))
def test_every_reason_why_processor_time_is_no_witness_has_words(why: Unfit) -> None:
    assert told(Fact(Kind.NO_WITNESS, {"why": str(why), "share": 1.5}))


def test_a_keep_by_processor_time_gives_both_intervals_and_another_verdict_says_where_the_metric_did_not_follow() -> None:
    figures = {"estimate": 0.95, "low": 0.94, "high": 0.96, "better": 11, "evidence": 5000.0, "metric_evidence": 2.0, "believed": True}
    effect = Effect(0.96, 0.9, 1.02)

    def said(kind: Kind, **others: float) -> str:
        return told(whole(Fact(kind, {"processor": {**figures, **others}, "left": 3}), effect, 2500.0, 2083.0, 11, ""))

    both = ("4.0 % lower [2.0 higher, 10.0 lower]", "5.0 % lower [4.0, 6.0]", "in 11 of 11 pairs")
    assert all(part in said(Kind.BETTER_BY_WITNESS) for part in both)
    assert all(part in said(Kind.RAN_OUT) for part in both)
    assert said(Kind.RAN_OUT) != said(Kind.RAN_OUT, evidence=10.0)
    assert both[1] not in said(Kind.RAN_OUT, evidence=10.0)
    assert both[1] not in said(Kind.BETTER)
