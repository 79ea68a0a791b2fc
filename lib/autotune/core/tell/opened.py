"""What `init` understood of what it was told: a session as it opens, in labelled lines."""

from __future__ import annotations

from collections.abc import Iterator

from autotune.core.cases.confirming import first_needed
from autotune.core.cases.pool import smallest_visible
from autotune.core.cases.rounds import size_of
from autotune.core.cases.scores import FEWEST_COUPLES, MARGIN, PRIOR_SD
from autotune.core.cases.split import FEWEST_TO_SPLIT, couples_in, is_sided, units_in
from autotune.core.ledger.state import State
from autotune.core.model import DecisionMode
from autotune.core.tell.figures import counted, listed, number, share_in_words, with_unit


def understood(state: State, files: int) -> Iterator[tuple[str, str]]:
    """Give what is tuned, `files` by number, and what a keep demands, each with its name."""
    config = state.config
    unit = f" ({config.unit})" if config.unit else ""
    yield "metric", f"{config.metric}{unit}: {config.direction} is better"
    yield "scope", f"{listed(config.scope)}: {counted(files, 'file')} may be changed"
    if config.seeds:
        yield "seeds", "both runs of a pair get the same one, and each pair another (AUTOTUNE_SEED)"
    if cases := state.segment.listed:
        yield (
            "cases",
            _cases(state)
            if state.scores is not None
            else (f"{len(cases)}, of which a run gets {size_of(cases)}; they count {config.cases_count}"),
        )
    if state.segment.context:
        yield "context", ", ".join(f"{name} {value}" for name, value in state.segment.context.items())
    yield "promise", promise(state)
    yield "min_effect", _least(state)
    yield "guardrails", listed(config.guardrails) if config.guardrails else "none: no other metric has a limit (--guardrail sets one)"
    yield "checks", config.checks or "none: only the benchmark has to pass (autotune.checks.sh or --checks adds more)"


def _cases(state: State) -> str:
    """Say what cases with scores are for, and what they can show."""
    split, cases = state.segment.split, state.segment.listed
    needs = first_needed(cases, state.config.error_budget)
    if is_sided(cases):
        return _couples(state, needs)
    units = units_in(split.confirm)
    what = "group" if any(case.group is not None for case in cases) else "case"
    least = smallest_visible(units, PRIOR_SD, needs)
    scores = state.scores
    size = "" if least is None or scores is None else with_unit(number(abs(scores.effect(least)), figures=2), state.config.unit)
    shows = f"they can show a difference of about {size}" if size else "they can show no difference"
    if split.whole:
        few = f": {FEWEST_TO_SPLIT} {what}s are the fewest to split" if units < FEWEST_TO_SPLIT else ""
        groups = f" in {units} groups" if what == "group" else ""
        return f"{len(cases)}{groups}; all decide, and you see none one by one{few}; {shows} (`autotune calibrate` says more)"
    parts = f"{len(split.search)} to search with, {len(split.confirm)} that decide, {len(split.held_out)} held out for claims"
    return f"{len(cases)}: {parts}; {counted(units, what)} decide, {shows} (`autotune calibrate` says more)"


def _couples(state: State, needs: float) -> str:
    """Say of queries with sides how many couples decide, and by what."""
    split, cases = state.segment.split, state.segment.listed
    couples = couples_in(split.confirm)
    parts = f"{len(cases)}: {len(split.search)} to search with, {len(split.confirm)} that decide, in {counted(couples, 'couple')}"
    if couples < FEWEST_COUPLES:
        return f"{parts}; {FEWEST_COUPLES} couples are the fewest, so nothing is kept: this session only reports"
    least = smallest_visible(2 * couples, PRIOR_SD, needs)
    shows = "they can show no difference" if least is None else f"they can show a difference of about {number(least, figures=2)}"
    return f"{parts} of a positive and a negative query; negatives may get worse by {MARGIN:g}; {shows}"


def promise(state: State) -> str:
    """Say how sure the session's keeps are, as far as its mode promises it."""
    if state.decision_mode is not DecisionMode.RACE or state.config.built_once:
        return "none: error_budget is not promised here, and no keep is confirmed until `autotune confirm N` has measured it again"
    chance = share_in_words(state.config.error_budget)
    return f"if no idea works, the chance that this session still keeps one is at most {chance} (error_budget)"


def _least(state: State) -> str:
    least = state.config.min_effect
    if not least:
        return "0: every gain is kept that is not just luck"
    why = "above what calibration found" if state.config.min_effect_is_found else "as configured"
    found = state.segment.calibrated
    relative = state.scores is None and (found is None or found.logs)
    size = share_in_words(least) if relative else with_unit(number(least), state.config.unit)
    return f"{size}, {why}: a smaller gain is not kept"
