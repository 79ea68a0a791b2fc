"""The rules by which decisions are made: a segment names the newest when it opens and keeps it to its end.

If the same runs come to another decision than before, that is a new rule, and it gets the next number here. What it changes asks for the
segment's own rule (`policy.rule`). So a segment that is open goes on as it began, and `check` can make old decisions again.
"""

from __future__ import annotations

from autotune.core.facts import Fact, Kind

FIRST = 1  # of a segment that names none
OLDEST = 1  # of those that are still here
NEWEST = 6

# The rule since which:
CHECKS_BESIDE_PAIRS = 2  # the checks come after the first pair, not inside it
GUARDRAILS_BET = 2  # guardrails are judged by a bet, which holds at every look, not by an interval of a number of pairs fixed beforehand
CLAIMS_SPEND = 2  # a claim that is asked for again spends what the ones before it left
GAINS_REFILL = 2  # only keeps that had to be better refill the error budget, not those that may be worse by simplify_margin
LABELS_BUILT_ONCE = 2  # a keep is unconfirmed where each side was built once
SECOND_WITNESS = 3  # processor time bears witness too, where the metric is a time on the processor
SCALE_FOLLOWS = 3  # a comparison whose noise is more than the pool's takes its scale from its own earlier pairs
FAILS_TWICE = 3  # what fails once is run again, and a candidate is blamed for its second failure
REFUTES_BY_INTERVAL = 3  # what is not kept is refuted only where the interval leaves no room for a gain worth having
EXACT_IS_SHOWN = 3  # what repeats exactly has shown it in its baseline (`stats.repeats_exactly`), and a keep or claim takes fewer runs
KEEPS_ARE_CHECKED = 3  # what is discarded before the checks come is not checked
PREPARE_COUNTS = 3  # what a run costs, and so which mode decides, is told with `prepare`
WHOLE_IS_EXACT = 4  # a whole number of what nothing says to be a time repeats exactly, however few digits it has
FEW_TELL_NOISE = 4  # two pairs tell whether the noise is several times what it was, where that took four
SIDES_ARE_READ = 5  # what stands behind a case's second tab is its side; before, all behind the first was its group
LIMITS_ARE_REACHED = 6  # what differs from a guardrail's limit by a rounding error alone is at that limit, not beyond


def is_known(rule: int) -> bool:
    """Whether decisions by this rule can be made here."""
    return OLDEST <= rule <= NEWEST


def gone(rule: int) -> tuple[Fact, ...]:
    """Say that decisions by this rule cannot be made here, where they cannot."""
    return () if is_known(rule) else (Fact(Kind.RULE_GONE, {"rule": rule}),)
