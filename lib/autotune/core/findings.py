"""What a look at a session can find, as closed sets beside `facts.Kind`; `core/tell` has their words, which may change at any time."""

from __future__ import annotations

from enum import StrEnum


class Contradiction(StrEnum):
    """Why a line of the log cannot be what it says: what it lacks before it, or what the lines before it give otherwise.

    Ledgers hold these values.
    """

    UNFIT = "unfit"  # it fits nothing that was before it
    # What was not to come.
    OPENED_TWICE = "opened twice"
    WENT_ON_UNSTOPPED = "went on unstopped"
    SEGMENT_ASTRAY = "segment astray"
    RUN_ASTRAY = "run astray"
    RUN_MEANWHILE = "run meanwhile"
    RUN_AFTER_BASELINE = "run after baseline"
    CANDIDATE_ASTRAY = "candidate astray"
    CANDIDATE_TOO_SOON = "candidate too soon"
    DESCRIBED_UNASKED = "described unasked"
    RESTORED_NOTHING = "restored nothing"
    BASELINE_ASTRAY = "baseline astray"
    PLAYBOOK_WITHOUT_CAUSE = "playbook without cause"
    PLAYBOOK_NOT_BEGUN = "playbook not begun"
    TARGET_OUT_OF_REACH = "target out of reach"
    LOOK_NOT_DUE = "look not due"
    REPAIRED_AT_END = "repaired at end"
    VERDICT_NOT_OPEN = "verdict not open"
    VERDICT_TWICE = "verdict twice"
    RESULT_NOT_DECIDED = "result not decided"
    FINISHED_WITHOUT_RULE = "finished without rule"
    # What is made of nothing.
    BASELINE_OF_NO_RUNS = "baseline of no runs"
    TARGET_WITHOUT_VALUE = "target without value"
    LOOK_WITHOUT_RUNS = "look without runs"
    WORKS_UNSEEN = "works unseen"
    CLAIM_OF_NO_RUNS = "claim of no runs"
    CLAIM_OF_MISSING_PAIRS = "claim of missing pairs"
    CLAIM_OF_NO_KEEP = "claim of no keep"
    # What is said otherwise.
    COST_FELL = "cost fell"
    SCOPE_FROM_PLAYBOOK = "scope from playbook"
    PLAYBOOK_UNKNOWN = "playbook unknown"
    TARGET_OTHERWISE = "target otherwise"
    LOOK_OTHERWISE = "look otherwise"
    KEEPS_OTHERWISE = "keeps otherwise"
    STATES_OTHERWISE = "states otherwise"
    OUTCOME_OTHERWISE = "outcome otherwise"
    VERDICT_OTHERWISE = "verdict otherwise"
    RESULT_OTHERWISE = "result otherwise"
    CLAIM_OTHERWISE = "claim otherwise"
    CALIBRATION_OTHERWISE = "calibration otherwise"
    SETTINGS_FIXED = "settings fixed"
    SETTINGS_OTHERWISE = "settings otherwise"


class Amiss(StrEnum):
    """What does not agree about a session: ledger, branch, refs, pins and copies, held against each other."""

    # The ledger and its copies.
    LINE_CONTRADICTED = "line contradicted"
    LAST_LINE_TORN = "last line torn"
    CHAIN_BROKEN = "chain broken"
    LINE_UNREADABLE = "line unreadable"
    NO_OPENING = "no opening"
    POSITION_GONE = "position gone"
    LEDGER_CUT = "ledger cut"
    COPY_ENDS_EARLY = "copy ends early"
    COPY_DIFFERS = "copy differs"
    CHECKPOINT_DIFFERS = "checkpoint differs"
    STATE_DIFFERS = "state differs"
    RULE_UNKNOWN = "rule unknown"
    # Results, and what is behind them.
    RESULT_TWICE = "result twice"
    RESULT_WITHOUT_CANDIDATE = "result without candidate"
    RESULT_WITHOUT_VERDICT = "result without verdict"
    RESULT_MISSING = "result missing"
    KEEP_WITHOUT_RUNS = "keep without runs"
    KEEP_AGAINST_RUNS = "keep against runs"
    KEEP_AGAINST_VERDICT = "keep against verdict"
    BASELINE_AGAINST_RUNS = "baseline against runs"
    OUTPUT_OF_UNKNOWN = "output of unknown"
    OUTPUTS_UNTOLD = "outputs untold"
    OUTPUT_SHARED = "output shared"
    OUTPUT_GONE = "output gone"
    VALUE_NOT_PRINTED = "value not printed"
    COST_OF_NOBODY = "cost of nobody"
    # Git.
    BRANCH_GONE = "branch gone"
    BRANCH_ELSEWHERE = "branch elsewhere"
    COMMIT_OF_OTHERS = "commit of others"
    KEEP_OFF_BRANCH = "keep off branch"
    COMMIT_AGAINST_LEDGER = "commit against ledger"
    COMMIT_OF_OTHER_LEDGER = "commit of other ledger"
    CANDIDATE_GONE = "candidate gone"
    CANDIDATE_ELSEWHERE = "candidate elsewhere"
    PINS_ELSEWHERE = "pins elsewhere"
    PINS_NOT_READ = "pins not read"
    PIN_GONE = "pin gone"
    PIN_CHANGED = "pin changed"
    # The working tree.
    TREE_GONE = "tree gone"
    TREE_CUT_OFF = "tree cut off"
    OWN_FILES_GONE = "own files gone"
    SCRIPT_DIFFERS = "script differs"
    NOT_EXECUTABLE = "not executable"
    SETTING_DIFFERS = "setting differs"


class Remedy(StrEnum):
    """What can be done about something that was found, or what is done by itself."""

    TRUST_ANOTHER_COPY = "trust another copy"
    COMPARE_COPIES = "compare copies"
    SET_ASIDE_NEXT = "set aside next"
    WRITTEN_ANEW_NEXT = "written anew next"
    NOTED_ANEW_NEXT = "noted anew next"
    PUT_BACK_NEXT = "put back next"
    PUT_BACK_OR_ACCEPTED = "put back or accepted"
    BRANCH_PUT_BACK_NEXT = "branch put back next"
    DELETE = "delete"
    REVERT = "revert"
    LINES_ARE_LOST = "lines are lost"
    NOT_TO_BE_HELD = "not to be held"
    SETTING_BACK = "setting back"
    BRANCH_BACK = "branch back"
    REF_BACK = "ref back"
    COMMIT_ELSEWHERE = "commit elsewhere"
    BEGIN_AFRESH = "begin afresh"
