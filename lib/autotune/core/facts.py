"""Facts: why something is so, what was found or done, as values. `core/tell/words.py` makes the sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from autotune.core.findings import Amiss, Answer, Contradiction, Objection, Observation, Remedy, Unread, Verification

if TYPE_CHECKING:
    from autotune.core.model import Effect
    from autotune.core.stats.effects import Claim
    from autotune.errors import AutotuneError


class Kind(StrEnum):
    """Everything that is said of a session. The words of a kind may change at any time, its value never: ledgers hold it."""

    SAID = "said"  # words of somebody else: a person's, an error's, an older ledger's

    # What the runs of a candidate show.
    BETTER = "better"
    BETTER_CALIBRATED = "better, calibrated"
    BETTER_ONCE = "better, once"
    BETTER_BUILT_ONCE = "better, built once"
    BETTER_EXACTLY = "better, exactly"
    BETTER_BY_WITNESS = "better, by processor time"
    WITNESS = "witness"
    NO_WITNESS = "no witness"
    WORSE = "worse"
    NO_GAIN = "no gain"
    NOT_WORTH_HAVING = "not worth having"
    NOT_SHOWN = "not shown"
    LOOKS_BETTER = "looks better"
    LOOKS_BETTER_BY_WITNESS = "looks better, by witness"
    TOO_NOISY = "too noisy"
    NOT_WITHIN_MARGIN = "not within margin"
    RAN_OUT = "ran out"
    OUT_OF_REACH = "out of reach"
    LOOKS_WORSE = "looks worse"  # this and the next three are the first two rules' alone
    SMALL_GAIN = "small gain"
    LITTLE_GAIN = "little gain"
    NO_GAIN_IN_SIGHT = "no gain in sight"
    GUARDRAIL_BROKEN = "guardrail broken"
    GUARDRAIL_UNDECIDED = "guardrail undecided"
    # The same where scores on cases decide.
    SCORES_BETTER = "scores better"
    SCORES_NOT_WORTH_IT = "scores not worth it"
    SCORES_NOT_PROMISING = "scores not promising"
    SCORES_TOO_FEW = "scores too few"
    SCORES_USED_UP = "scores used up"
    SCORES_OUT_OF_REACH = "scores out of reach"
    SCORES_LESS_SPECIFIC = "scores less specific"
    SCORES_NOT_SPECIFIC = "scores not specific"
    POOL_SPENT = "pool spent"
    # What was seen besides and changes no verdict.
    BUSY = "busy"
    LEFTOVERS = "leftovers"
    TIME_ELSEWHERE = "time elsewhere"
    SEED_CHANGED = "seed changed"
    LOST_BY = "lost by"
    FLAKY = "flaky"
    ONE_NUMBER = "one number"
    BUILT_AFRESH = "built afresh"
    ON_HELD_OUT = "on held-out cases"
    # Why runs are no evidence.
    PRINTED_TWICE = "printed twice"
    CLOCK_DISAGREES = "clock disagrees"
    SEED_FIXED = "seed fixed"
    TAMPERED = "tampered"
    LEDGER_WRITTEN = "ledger written"
    INDEX_WRITTEN = "index written"
    WORKTREE_MOVED = "worktree moved"
    SESSION_TOUCHED = "session touched"
    STORE_DAMAGED = "store damaged"
    DOES_NOT_GENERALISE = "does not generalise"
    # How a run ended.
    PASSED = "passed"
    EXIT = "exit"
    TIME_LIMIT = "time limit"
    NO_METRIC = "no metric"
    NO_GUARDED_METRIC = "no guarded metric"
    MALFORMED_LINE = "malformed line"
    METRIC_WITHIN_LINE = "metric within line"
    MALFORMED_VALUE = "malformed value"
    NOT_WRITTEN = "not written"
    NOT_OF_FORMAT = "not of format"
    BAD_SAMPLES = "bad samples"
    COMMAND_FAILED = "command failed"
    CHECKS_FAILED = "checks failed"
    CHECKS_NOT_REACHED = "checks not reached"
    FAILS_AGAIN = "fails again"
    # Why a candidate cannot be judged.
    BENCHMARK_BROKEN = "benchmark broken"
    BENCHMARK_FLAKY = "benchmark flaky"
    PREPARATION_BROKEN = "preparation broken"
    CHECKS_BROKEN = "checks broken"
    HOLDOUT_BROKEN = "holdout broken"
    HOLDOUT_FLAKY = "holdout flaky"
    CUT_OFF = "cut off"
    CANCELLED = "cancelled"
    STOPPED_MEANWHILE = "stopped meanwhile"
    NOT_MEASURED = "not measured"
    BUG = "bug"
    # Why a commit did not come to be.
    COMMIT_REFUSED = "commit refused"
    FORMAT_FAILED = "format failed"
    FORMAT_BROKEN = "format broken"
    FORMATTED_OUTSIDE = "formatted outside"
    FORMATTED = "formatted"
    HOOK_CHANGED_COMMIT = "hook changed commit"
    HOOK_CHANGED_FILE = "hook changed file"
    HOOK_MOVED_BRANCH = "hook moved branch"
    HOOK_WROTE_TO_LEDGER = "hook wrote to ledger"
    # What was decided by somebody, whatever the runs showed.
    FORCED = "forced"
    ON_REQUEST = "on request"

    # What a segment and a session begin with, and a session ends with.
    SESSION_BEGAN = "session began"
    SESSION_OPENS = "session opens"
    SEGMENT_BEGINS = "segment begins"
    BY_PLAYBOOK = "by playbook"
    ACCEPTED = "accepted"
    BASELINE = "baseline"
    RESUMED = "resumed"
    REPAIR_ASKED = "repair asked"
    LIMIT_REACHED = "limit reached"
    BUDGET_SPENT = "budget spent"
    INCUMBENT_FAILS = "incumbent fails"
    RECOVERY_EXHAUSTED = "recovery exhausted"
    OUT_OF_IDEAS = "out of ideas"
    PROPOSER_FAILED = "proposer failed"
    PROPOSER_IDLE = "proposer idle"
    PROPOSER_OUT_OF_TIME = "proposer out of time"
    PROPOSAL_REFUSED = "proposal refused"
    SEARCH_OVER = "search over"
    STOPPED_BY_PERSON = "stopped by person"
    STOPPED_BY_INTERRUPT = "stopped by interrupt"
    # Streaks.
    PLATEAU = "plateau"
    FAILURES = "failures"
    # What the loop does by itself, why, and what came of it.
    ASKED_FOR = "asked for"
    PLAYBOOK = "playbook"
    PLAYBOOK_FAILED = "playbook failed"
    INCUMBENT_NOT_MEASURED = "incumbent not measured"
    NOTHING_CHANGED = "nothing changed"
    NEW_SEGMENT = "new segment"
    NOTHING_NARROWER = "nothing narrower"
    NARROWED = "narrowed"
    BENCHMARK_WORKS = "benchmark works"
    BENCHMARK_FAILS = "benchmark fails"
    CHECKS_PASS = "checks pass"  # noqa: S105 - not a password
    CHECKS_FAIL = "checks fail"
    NO_CHECKS = "no checks"
    TOOL_GONE = "tool gone"
    TOOL_CHANGED = "tool changed"
    RULE_GONE = "rule gone"
    VALUE_MOVED = "value moved"
    NOISE_CHANGED = "noise changed"
    TARGET_IN_REACH = "target in reach"
    TARGET_MEASURED = "target measured"
    RUNS_FAILED = "runs failed"
    COULD_NOT_MEASURE = "could not measure"
    LOOK_DUE = "look due"
    LOOKED = "looked"
    CLAIM_DUE = "claim due"
    CLAIM_AT_END = "claim at end"
    IMPROVED = "improved"
    NO_IMPROVEMENT = "no improvement"
    NO_CLAIM = "no claim"
    NONE_HELD_OUT = "none held out"
    NONE_SCORED = "none scored"
    FIRST_STATE_FAILED = "first state failed"
    LAST_STATE_FAILED = "last state failed"
    # What was found changed from outside, and what was done about it.
    LINE_TORN = "line torn"
    LEDGER_PUT_BACK = "ledger put back"
    LINES_SET_ASIDE = "lines set aside"
    SEEN_GONE = "seen gone"
    COPY_GONE = "copy gone"
    COPY_CHANGED = "copy changed"
    COPY_CUT = "copy cut"
    RUN_BIT_LOST = "run bit lost"
    STATE_GONE = "state gone"
    STATE_CHANGED = "state changed"
    FILE_GONE = "file gone"
    FILE_MOVED_AWAY = "file moved away"
    SCRIPT_GONE = "script gone"
    SCRIPT_CHANGED = "script changed"
    SETTINGS_EDITED = "settings edited"
    OLD_KEYS = "old keys"
    SETTINGS_PUT_BACK = "settings put back"
    PINS_PUT_BACK = "pins put back"
    BRANCH_PUT_BACK = "branch put back"
    BRANCH_MOVED = "branch moved"
    COMMITS_STAY = "commits stay"
    MOVED_MEANWHILE = "moved meanwhile"
    EDITS_OPEN = "edits open"
    FOREIGN_COMMITS = "foreign commits"
    SURROUNDINGS_CHANGED = "surroundings changed"
    SURROUNDINGS_DIFFER = "surroundings differ"
    STAYED_BUSY = "stayed busy"
    CANDIDATE_SET_ASIDE = "candidate set aside"
    CANDIDATE_GIVEN_UP = "candidate given up"
    IN_THE_WAY = "in the way"
    REPOSITORY_MOVED = "repository moved"
    OPENED_UP = "opened up"
    LATE_EDITS = "late edits"
    OVERTAKEN = "overtaken"
    KEEP_PUT_BACK = "keep put back"
    CHECKOUT_GIVEN_BACK = "checkout given back"
    EDITS_IN_PLACE = "edits in place"
    YOURS_CHANGED = "yours changed"
    OWN_HOOK_FAILED = "own hook failed"
    OWN_HOOK_CHANGED = "own hook changed"
    NOTIFY_FAILED = "notify failed"
    NO_NOTIFIER = "no notifier"
    # What is not as it should be, and is only told.
    BRANCH_ASTRAY = "branch astray"
    PINS_ASTRAY = "pins astray"
    PINS_UNREADABLE = "pins unreadable"
    BENCHMARK_EDITED = "benchmark edited"
    FILES_AMISS = "files amiss"
    OUT_OF_SCOPE = "out of scope"
    REFUSED = "refused"
    LENT_WAITS = "lent waits"
    PROTECTED = "protected"
    NOTHING_PROTECTED = "nothing protected"
    LINE_WATCHED = "line watched"
    LEFT_OPEN = "left open"
    WAS_READ = "was read"
    CAN_BE_READ = "can be read"
    SUBMODULES_EMPTY = "submodules empty"
    LFS_NAMES_ALONE = "lfs names alone"
    NOT_CARRIED = "not carried"
    # What is going on.
    WAITING_FOR_MACHINE = "waiting for machine"
    WAITING_FOR_QUIET = "waiting for quiet"
    BASELINE_RUN = "baseline run"
    PROVING = "proving"
    PROVING_WITH_READ = "proving_with_read"
    PLACE_MADE_ANEW = "place made anew"
    BUILT_OUTSIDE = "built outside"
    CALIBRATING = "calibrating"
    MIN_EFFECT_SET = "min effect set"
    SANDBOX_WORKS = "sandbox works"
    SANDBOX_FAILS = "sandbox fails"
    SEED_UNREAD = "seed unread"
    CASES_OPEN = "cases open"
    CONTEXT_CHANGED = "context changed"
    CONTEXT_CHANGED_AGAIN = "context changed again"
    CONTEXT_OF_CANDIDATE = "context of candidate"
    CONTEXT_DIFFERS = "context differs"
    DIRECTION = "direction"
    MEASURED_IN_PLACE = "measured in place"
    RUNNING = "running"
    MAKING_TREE = "making tree"
    REMOVING_PLACE = "removing place"
    MAKING_PLACE = "making place"
    SETTING_UP = "setting up"
    CHECKING = "checking"
    FORMATTING = "formatting"
    CONSULTING = "consulting"
    COMMITTING = "committing"
    PROPOSING = "proposing"
    PROBING = "probing"
    CLIENT_WORKING = "client working"
    CLIENT_WAITED_FOR = "client waited for"
    TRYING_OUT = "trying out"
    TRYING_SANDBOX = "trying sandbox"
    RESULT = "result"
    RESULT_TOLD = "result told"
    PROPOSED = "proposed"
    TRIED = "tried"
    SECOND_LOOK = "second look"
    EMPTY_HANDED = "empty handed"
    CLAIMING = "claiming"
    CLAIMED = "claimed"
    PLAYBOOK_BEGINS = "playbook begins"
    PLAYBOOK_ENDS = "playbook ends"
    PAIRS_AHEAD = "pairs ahead"
    PAIRS_OF_UNCHANGED = "pairs of unchanged"
    WORKER_FAILED = "worker failed"
    NIGHT_BEGINS = "night begins"
    CLIENT_STARTED = "client started"
    CLIENT_ENDED = "client ended"
    CLIENT_GONE = "client gone"
    FRUITLESS = "fruitless"
    AGENT_SAYS = "agent says"
    SERVICE_FAILS = "service fails"
    COMPACTED = "compacted"
    CLIENT_FOLLOWS = "client follows"
    PLUGIN_FAILED = "plugin failed"


AnyKind = Kind | Contradiction | Amiss | Objection | Observation | Remedy | Answer | Unread | Verification

NAMED = 8  # paths that a sentence names
NOT_TRUSTED = frozenset(
    (
        *(Kind.PRINTED_TWICE, Kind.CLOCK_DISAGREES, Kind.SEED_FIXED, Kind.TAMPERED, Kind.SESSION_TOUCHED, Kind.STORE_DAMAGED),
        Kind.CONTEXT_OF_CANDIDATE,
    )
)
# What is not kept for no other reason was not shown to be better.
REFUTING = frozenset((Kind.WORSE, Kind.NO_GAIN, Kind.NOT_WORTH_HAVING, Kind.SCORES_NOT_WORTH_IT, Kind.SCORES_LESS_SPECIFIC))
GOING_ON = frozenset(  # what lasts until the next of them comes; `since` says from when on
    (
        Kind.WAITING_FOR_MACHINE,
        Kind.WAITING_FOR_QUIET,
        Kind.RUNNING,
        Kind.MAKING_PLACE,
        Kind.MAKING_TREE,
        Kind.REMOVING_PLACE,
        Kind.SETTING_UP,
        Kind.CHECKING,
        Kind.FORMATTING,
        Kind.CONSULTING,
        Kind.COMMITTING,
        Kind.PROPOSING,
        Kind.PROBING,
        Kind.CLIENT_WORKING,
        Kind.CLIENT_WAITED_FOR,
        *(Kind.TRYING_OUT, Kind.TRYING_SANDBOX),
    )
)
BY_SCORES = frozenset(
    (
        *(Kind.SCORES_BETTER, Kind.SCORES_NOT_WORTH_IT, Kind.SCORES_NOT_PROMISING, Kind.SCORES_TOO_FEW),
        *(Kind.SCORES_USED_UP, Kind.SCORES_OUT_OF_REACH, Kind.POOL_SPENT),
        *(Kind.SCORES_LESS_SPECIFIC, Kind.SCORES_NOT_SPECIFIC),
    )
)
KEPT_WITHOUT_PROOF = frozenset((Kind.BETTER_CALIBRATED, Kind.BETTER_ONCE, Kind.BETTER_BUILT_ONCE, Kind.BETTER_BY_WITNESS))


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its kind, the figures that its sentence needs (JSON values), the fact that it goes back to, and what was seen besides.

    `words` are those of somebody else, shown as they are: a person's, an error's, or an older ledger's, which held sentences.
    """

    kind: AnyKind
    figures: Mapping[str, Any] = field(default_factory=dict)
    because: Fact | None = None
    besides: tuple[Fact, ...] = ()
    words: str | None = None


class UnreadError(Exception):
    """What was printed or written is no value: `why`, as a fact."""

    def __init__(self, kind: Unread, **figures: object) -> None:
        super().__init__(kind)
        self.why = Fact(kind, figures)


def quoted(words: str) -> Fact:
    """What somebody else said, as it is."""
    return Fact(Kind.SAID, words=words)


def refused(error: AutotuneError) -> Fact:
    """What an error says, where it does not end the command."""
    return Fact(Kind.REFUSED, {"message": error.message, "hint": error.hint})


def naming(kind: AnyKind, paths: Sequence[str], **figures: object) -> Fact:
    """A fact of some paths, of which the first are named and the others counted."""
    return Fact(kind, {"paths": list(paths[:NAMED]), "all": len(paths), **figures})


def joined(facts: Iterable[Fact]) -> Fact | None:
    """Several facts as one; None where there are none."""
    held = tuple(facts)
    return replace(held[0], besides=(*held[0].besides, *held[1:])) if held else None


def claimed(found: Claim) -> Fact:
    """What a claim says, without the figures that stand beside it in the ledger."""
    asked = {"look": found.look} if found.look > 1 else {}
    few = {"takes": found.fewest} if found.pairs < found.fewest else {}
    equal = {"exact": True} if found.exact else {}
    return Fact(Kind.IMPROVED if found.improved else Kind.NO_IMPROVEMENT, {**asked, **few, **equal})


def whole(fact: Fact, effect: Effect | None, evidence: float | None, needed: float | None, pairs: int, unit: str) -> Fact:
    """A verdict's fact with the figures that stand beside it in the ledger, so that it can be told alone."""
    if effect is None:
        return fact
    ends = {"effect": [effect.estimate, effect.low, effect.high], "relative": effect.relative, "unit": unit}
    counted = {"pairs": pairs} if pairs else {}  # scores on cases are counted in units
    odds = {"evidence": evidence, "needed": needed} if evidence is not None and needed is not None else {}
    inner = fact.because if fact.because is None else whole(fact.because, effect, evidence, needed, pairs, unit)
    return replace(fact, figures={**fact.figures, **ends, **counted, **odds}, because=inner)
