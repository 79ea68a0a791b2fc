"""The words of what is not as it should be: what `check` finds, with what to do about it, and why a file is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from shlex import quote

from autotune.core.escaping import escaped
from autotune.core.facts import AnyKind, Fact
from autotune.core.findings import Amiss, Contradiction, Objection, Remedy

_CALLED = {"metric": "value", "snapshot": "candidate"}  # of fields of a line, those that people call otherwise


def fields(names: Sequence[str]) -> str:
    """Name fields of a line as people call them."""
    return " and ".join(_CALLED.get(name, name) for name in names) or "nothing"


def _run(fact: Fact) -> str:
    """`run 3 of experiment 2`, or of what else it was a run of."""
    purpose, experiment = fact.figures["purpose"], fact.figures["experiment"]
    of = f"experiment {experiment}" if experiment else {"baseline": "the baseline", "claim": "a claim"}.get(purpose, f"a {purpose}")
    return f"run {fact.figures['run']} of {of}"


def _where(fact: Fact) -> str:
    line = fact.figures["line"]
    return "because the copy has more lines" if line is None else f"from line {line} on"


def _pin(fact: Fact) -> str:
    what = escaped(fact.figures["path"]) or "the list itself"
    return f"{what}, which segment {fact.figures['segment']} is measured with,"


_CONTRADICTIONS: Mapping[AnyKind, str | Callable[[Fact], str]] = {  # each goes on where "Line 7 of the ledger" ends
    Contradiction.NEWER: "cannot be read by this version: {problem}",
    Contradiction.UNFIT: "does not fit what came before it: {problem}",
    Contradiction.ASTRAY: "names what is no commit, or lies elsewhere: {what} {value}",
    Contradiction.OPENED_TWICE: "opens a session that is open already",
    Contradiction.WENT_ON_UNSTOPPED: "resumes a session that was not stopped",
    Contradiction.SEGMENT_ASTRAY: "has segment {segment}, which does not follow from segment {before}",
    Contradiction.RUN_ASTRAY: "has a run of experiment {experiment} while that was not measured",
    Contradiction.RUN_MEANWHILE: "has a run of a {purpose} while experiment {experiment} was measured",
    Contradiction.CASES_OTHERWISE: "has a run with other cases than were next",
    Contradiction.DRAW_ASTRAY: "begins on cases as nothing before it does, in experiment {experiment}",
    Contradiction.CASES_ASTRAY: "names cases that are not the segment's",
    Contradiction.SEED_OTHERWISE: "has a run with the seed {said}, where {found} was next",
    Contradiction.RUN_AFTER_BASELINE: "has a run of a {purpose} after the segment's baseline",
    Contradiction.CANDIDATE_ASTRAY: "has a candidate of experiment {experiment}, which does not follow from what was kept",
    Contradiction.FORMATTED_ASTRAY: "has a hook rewrite experiment {experiment}, which was not due for measuring",
    Contradiction.CANDIDATE_TOO_SOON: "has a candidate in a segment that has no baseline",
    Contradiction.DESCRIBED_UNASKED: "has a description of experiment {experiment}, which did not wait for one",
    Contradiction.RESTORED_NOTHING: "brings back the changes of experiment {experiment} when that was not possible",
    Contradiction.BASELINE_ASTRAY: "has a baseline of segment {segment}, which was not due for one",
    Contradiction.PLAYBOOK_WITHOUT_CAUSE: "has a playbook, {playbook}, without a cause",
    Contradiction.PLAYBOOK_NOT_BEGUN: "ends a playbook, {playbook}, that had not begun",
    Contradiction.TARGET_OUT_OF_REACH: "has a check of a target that was not in reach",
    Contradiction.LOOK_NOT_DUE: "has a look at the unchanged code that was not due",
    Contradiction.REPAIRED_AT_END: "has a repair of a session that is finished",
    Contradiction.VERDICT_NOT_OPEN: "has a verdict on experiment {experiment}, which is not open",
    Contradiction.VERDICT_TWICE: "has a second verdict on experiment {experiment}",
    Contradiction.RESULT_NOT_DECIDED: "has a result of experiment {experiment}, which is not open and decided",
    Contradiction.FINISHED_WITHOUT_RULE: "ends the session although no stop rule holds",
    Contradiction.BASELINE_OF_NO_RUNS: "has a baseline that is made of no runs",
    Contradiction.TARGET_WITHOUT_VALUE: "has a target that is reached without a value",
    Contradiction.LOOK_WITHOUT_RUNS: "has a look that found another value without any run",
    Contradiction.WORKS_UNSEEN: "has a benchmark that works, which no run before it shows",
    Contradiction.CLAIM_OF_NO_RUNS: "has a claim that is made of no runs",
    Contradiction.CLAIM_OF_MISSING_PAIRS: "has a claim made of {pairs} pairs, which are not before it",
    Contradiction.CLAIM_OF_NO_KEEP: "has a claim of experiment {experiment}, which is no keep",
    Contradiction.COST_FELL: "has a cost of the agent that is less than before",
    Contradiction.SCOPE_FROM_PLAYBOOK: "has a new scope from a playbook, {playbook}, that sets no scope",
    Contradiction.PLAYBOOK_UNKNOWN: "has a repair by a playbook that does not exist, {playbook}",
    Contradiction.TARGET_OTHERWISE: "has a check of the target that differs from its runs",
    Contradiction.LOOK_OTHERWISE: "has a look at the unchanged code that differs from its runs",
    Contradiction.KEEPS_OTHERWISE: "has a claim that counts {said} keeps, but there are {found}",
    Contradiction.STATES_OTHERWISE: "has a claim that does not compare the session's first and last state",
    Contradiction.OUTCOME_OTHERWISE: "has an outcome of experiment {experiment} that differs from its runs",
    Contradiction.VERDICT_OTHERWISE: "has {names:fields} of experiment {experiment} that differs from its runs",
    Contradiction.RESULT_OTHERWISE: "has a result of experiment {experiment} whose {names:fields} differs from what was decided before it",
    Contradiction.CLAIM_OTHERWISE: "has a claim that differs from its runs, which have an effect of {estimate:.6g}",
    Contradiction.CALIBRATION_OTHERWISE: "has {names:fields} of a calibration that differs from its runs",
    Contradiction.SETTINGS_FIXED: "changes {names:fields} inside a segment, where it is fixed",
    Contradiction.SETTINGS_OTHERWISE: "says that {said:fields} changed, but {found:fields} did",
}
_AMISS: Mapping[AnyKind, str | Callable[[Fact], str]] = {
    Amiss.LINE_CONTRADICTED: "Line {line} of the ledger {because}.",
    Amiss.LAST_LINE_TORN: "Line {line}, the ledger's last, is incomplete.",
    Amiss.CHAIN_BROKEN: "Line {line} of the ledger does not follow from the line before it: one was changed, removed or added.",
    Amiss.LINE_UNREADABLE: "Line {line} of the ledger cannot be read: {problem}.",
    Amiss.NO_OPENING: "{ledger} does not open a session.",
    Amiss.POSITION_GONE: "{path} is gone; it told autotune how far the ledger had come.",
    Amiss.LEDGER_CUT: "The ledger was rewritten or cut off: its line {line} is not the one that autotune last saw there.",
    Amiss.COPY_ENDS_EARLY: "The ledger's copy {copy} has lost its end.",
    Amiss.COPY_DIFFERS: lambda fact: (
        f"The ledger and its copy {escaped(fact.figures['copy'])} differ, {_where(fact)}: one of them was rewritten."
    ),
    Amiss.CHECKPOINT_DIFFERS: "{path} does not have the state that the ledger gives.",
    Amiss.STATE_DIFFERS: "{path} differs from the ledger: {names:fields}.",
    Amiss.RULE_UNKNOWN: lambda fact: (
        f"segment {fact.figures['segment']}: decided by {'a newer' if fact.figures['newer'] else 'an older'} rule "
        f"({fact.figures['rule']}), not made again"
    ),
    Amiss.RESULT_TWICE: "Experiment {experiment} has two results.",
    Amiss.RESULT_WITHOUT_CANDIDATE: "Experiment {experiment} has a result and no candidate before it.",
    Amiss.RESULT_WITHOUT_VERDICT: "Experiment {experiment} has a result and no verdict before it.",
    Amiss.RESULT_MISSING: "Experiment {experiment} is missing among the results.",
    Amiss.KEEP_WITHOUT_RUNS: "Experiment {experiment} is a keep, and no run of its candidate is on the ledger.",
    Amiss.KEEP_AGAINST_RUNS: "Experiment {experiment} is a keep at {said:g}, but its runs give {found:g}.",
    Amiss.KEEP_AGAINST_VERDICT: "Experiment {experiment} is a keep, but its verdict is {verdict}.",
    Amiss.BASELINE_AGAINST_RUNS: "Segment {segment} has a baseline of {said:g}, but its runs give {found:g}.",
    Amiss.OUTPUT_OF_UNKNOWN: "There is output of runs of experiment {experiment} that the ledger does not have.",
    Amiss.OUTPUTS_UNTOLD: "There is output of {runs} runs in {folder} that the ledger does not have.",
    Amiss.OUTPUT_SHARED: "Line {line} of the ledger has a run with the output of another run, {log}.",
    Amiss.OUTPUT_GONE: lambda fact: f"The output of {_run(fact)} is gone.",
    Amiss.VALUE_NOT_PRINTED: lambda fact: (
        f"The ledger has {escaped(fact.figures['metric'])}={fact.figures['value']:g} of {_run(fact)}, but its output does not."
    ),
    Amiss.COST_OF_NOBODY: "The ledger says what an agent cost, but no client was kept at work here.",
    Amiss.BRANCH_GONE: "The branch {branch} is gone.",
    Amiss.BRANCH_ELSEWHERE: "The branch {branch} was moved to {tip:.12}, which does not follow from the session's beginning.",
    Amiss.COMMIT_OF_OTHERS: "Commit {commit:.12} ({subject:.60}) is on the branch, but autotune did not make it like that.",
    Amiss.KEPT_BEYOND_SCOPE: "What was kept changes files that no scope has: {paths}.",
    Amiss.KEEP_OFF_BRANCH: "Experiment {experiment} was kept as {commit:.12}, which is not on the branch.",
    Amiss.COMMIT_AGAINST_LEDGER: "Commit {commit:.12} (experiment {experiment}) says {said}, the ledger {found:.12g}.",
    Amiss.COMMIT_OF_OTHER_LEDGER: "Commit {commit:.12} (experiment {experiment}) was made from a ledger with a line that is gone "
    "now: the ledger was rewritten.",
    Amiss.CANDIDATE_GONE: "{ref} is gone, but experiment {experiment} measured {commit:.12}.",
    Amiss.CANDIDATE_ELSEWHERE: "{ref} is {found:.12}, but experiment {experiment} measured {commit:.12}.",
    Amiss.PINS_ELSEWHERE: "{ref} does not point at what segment {segment} was measured with.",
    Amiss.PINS_NOT_READ: "{commit:.12}, the list of what segment {segment} is measured with, cannot be read.",
    Amiss.PIN_GONE: lambda fact: f"{_pin(fact)} is gone.",
    Amiss.PIN_CHANGED: lambda fact: f"{_pin(fact)} was changed since.",
    Amiss.TREE_GONE: "The working tree {tree} is gone.",
    Amiss.TREE_CUT_OFF: "The working tree {tree} no longer knows where the repository is.",
    Amiss.OWN_FILES_GONE: lambda fact: (
        f"In {escaped(fact.figures['folder'])}, {', '.join(fact.figures['names'])} {'is' if len(fact.figures['names']) == 1 else 'are'} "
        "gone."
    ),
    Amiss.SCRIPT_DIFFERS: "{path} is not what the segment is measured with.",
    Amiss.NOT_EXECUTABLE: "{path} is no longer executable.",
    Amiss.SETTING_DIFFERS: "{key} in {path} is not the value in force.",
}
_REMEDIES: Mapping[AnyKind, str | Callable[[Fact], str]] = {
    Remedy.TRUST_ANOTHER_COPY: "the ledger cannot be trusted from there on: put back a copy that you trust, or begin a new session after "
    "`autotune clear`",
    Remedy.USE_NEWER: "if a newer version of autotune wrote it, look with that version, and go on with it",
    Remedy.COMPARE_COPIES: "compare them (`diff {copy} {ledger}`); the next command writes the copy again and keeps this one in {aside}",
    Remedy.SET_ASIDE_NEXT: "the next command moves it aside; its event counts as never written",
    Remedy.WRITTEN_ANEW_NEXT: "the next command writes it again",
    Remedy.NOTED_ANEW_NEXT: "the next command writes it again and says so; it can no longer show whether the ledger was cut off before",
    Remedy.PUT_BACK_NEXT: "the next command puts it back",
    Remedy.PUT_BACK_OR_ACCEPTED: "the next command puts it back and keeps this one; the user accepts it with "
    "`autotune rebaseline --accept`",
    Remedy.BRANCH_PUT_BACK_NEXT: "the next command that measures puts {branch} back to what was kept, says so, and keeps what it finds "
    "under refs/autotune",
    Remedy.DELETE: "delete it; the next command writes it again",
    Remedy.REVERT: "take its commit back with `git revert`",
    Remedy.LINES_ARE_LOST: "their lines were removed, or lost in a power failure; if they were evidence against a claim, that is lost too",
    Remedy.NOT_TO_BE_HELD: "nobody can compare the ledger with what that run printed any more",
    Remedy.SETTING_BACK: "put it back (`autotune config get {key}` has it), or let the user accept it with `{command}`",
    Remedy.BRANCH_BACK: "`git branch {branch} COMMIT`, with the last keep's commit",
    Remedy.REF_BACK: "`git update-ref {ref} {commit}` if that commit is still there",
    Remedy.COMMIT_ELSEWHERE: "if it is yours, keep it elsewhere: `git branch mine {commit:.12}`; {because}",
    Remedy.BEGIN_AFRESH: "autotune itself never changes it; `git fsck` may say more. A new segment starts over: "
    "`autotune rebaseline --accept`",
    Remedy.ANOTHER_BUNDLE: "do not trust this bundle; ask for another one",
}
_OBJECTIONS: Mapping[AnyKind, str | Callable[[Fact], str]] = {  # each goes on where a file's path ends
    Objection.PROTECTED: "is protected",
    Objection.OUTSIDE_SCOPE: "is outside the scope",
    Objection.SUBMODULE_OUTSIDE_SCOPE: lambda fact: (
        f"is a submodule outside the scope (`git submodule update {escaped(quote(fact.figures['path']))}` takes it back)"
    ),
    Objection.SPARSE: "is left out by the sparse checkout (`git sparse-checkout add FOLDER` takes it in)",
    Objection.IS_A_REPOSITORY: "is a repository of its own",
    Objection.LEADS_OUT: "is a link that leads out of the repository",
    Objection.IS_LOADED: "would change what the benchmark loads",
    Objection.CHOOSES_PACKAGES: "would change which packages the benchmark gets",
    Objection.HIDES_A_MODULE: "would be loaded instead of the module {module}, which is not the project's",
    Objection.HIDES_A_FILE: "would be loaded instead of {path}",
    Objection.HIDES_A_COMMAND: "has the name of a command that the benchmark runs",
    Objection.JOINS_BENCHMARKS: "lies in {folder}, with the benchmark",
    Objection.IS_TAKEN_IN: "would be loaded by {script}",
    Objection.PRINTS_METRICS: "prints METRIC lines, and only the benchmark may",
    Objection.CHANGES_A_METRIC_LINE: "changes a METRIC line, and that has to stay: {line}",
    Objection.ASKS_WHO_RUNS_IT: "reads autotune's variables, so it could act differently while it is measured",
    Objection.NAMES_THE_RESULTS: "names {path}, and only the benchmark may write that",
}
WORDS = {**_CONTRADICTIONS, **_AMISS, **_OBJECTIONS, **_REMEDIES}
