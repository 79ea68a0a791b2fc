"""The words of verdicts: what became of a candidate, with the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autotune.core.escaping import escaped
from autotune.core.facts import AnyKind, Fact, Kind
from autotune.core.model import Effect, Part
from autotune.core.stats.effects import FEWEST_PAIRS_FOR_INTERVAL
from autotune.core.tell.figures import (
    SAME,
    counted,
    effect_in_words,
    in_odds,
    number,
    numbers,
    share_in_words,
    with_unit,
)

BUILT_ONCE = "each side was built once, so the luck of a build is not counted"


VERDICTS: Mapping[AnyKind, str] = {  # how the sentence begins, before the figures
    Kind.BETTER: "kept: ",
    Kind.BETTER_CALIBRATED: "kept, unconfirmed: ",
    Kind.BETTER_ONCE: "kept, unconfirmed: ",
    Kind.BETTER_BUILT_ONCE: "kept, unconfirmed: ",
    Kind.BETTER_EXACTLY: "kept: ",
    Kind.BETTER_BY_WITNESS: "kept by processor time: ",
    Kind.WORSE: "discarded: worse, ",
    Kind.NO_GAIN: "discarded: no gain, ",
    Kind.NOT_WORTH_HAVING: "discarded: no gain worth having, ",
    Kind.NOT_SHOWN: "discarded: no gain is shown, ",
    Kind.LOOKS_BETTER: "inconclusive: ",
    Kind.LOOKS_BETTER_BY_WITNESS: "inconclusive: ",
    Kind.TOO_NOISY: "inconclusive: ",
    Kind.LOOKS_WORSE: "discarded: looks worse, ",
    Kind.SMALL_GAIN: "discarded: too small a gain, ",
    Kind.LITTLE_GAIN: "discarded: not enough gain in sight, ",
    Kind.NO_GAIN_IN_SIGHT: "discarded: no gain in sight, ",
    Kind.NOT_WITHIN_MARGIN: "discarded: not clearly within the margin, ",
    Kind.RAN_OUT: "inconclusive: ",
    Kind.OUT_OF_REACH: "inconclusive: ",
    Kind.SCORES_BETTER: "kept: ",
    Kind.SCORES_NOT_WORTH_IT: "discarded: no gain worth having, ",
    Kind.SCORES_NOT_PROMISING: "discarded: not better on the search cases by more than one standard error, ",
    Kind.SCORES_TOO_FEW: "inconclusive: ",
    Kind.SCORES_USED_UP: "inconclusive: ",
    Kind.SCORES_OUT_OF_REACH: "inconclusive: ",
    Kind.SCORES_LESS_SPECIFIC: "discarded: it fires where it should not, ",
    Kind.SCORES_NOT_SPECIFIC: "inconclusive: ",
    Kind.GUARDRAIL_BROKEN: "discarded for a guardrail, though ",
    Kind.GUARDRAIL_UNDECIDED: "a guardrail stays undecided: ",
}


_SAID_BY_FATE = ("kept: ", "kept, unconfirmed: ", "inconclusive: ")  # what became of an experiment tells that as well


def of_a_verdict(fact: Fact, *, lead: bool) -> str:
    """Give the words of a verdict. Without `lead`, what became of the experiment is left out."""
    opening, said = VERDICTS[fact.kind], _measured(fact)
    if fact.kind is Kind.WORSE and fact.figures.get("pairs") == 1:
        opening = "discarded: worse in the one pair that was run, "
    if not said:
        return opening.rstrip(", :")
    return said if not lead and opening in _SAID_BY_FATE else opening + said


def _measured(fact: Fact) -> str:
    """`6.1 % lower [4.8, 7.5], evidence 3400 : 1 (needed 2083 : 1), 9 pairs (7 in a block)`, as far as there are such figures."""
    figures, parts = fact.figures, []
    effect, runs, pairs = effect_in(fact), figures.get("runs"), figures.get("pairs", 0)
    if effect is not None:
        said = effect_in_words(effect, figures.get("unit", ""), between=not has_interval(fact)) + _how(runs)
        parts.append(f"the value was {said}" if said.startswith(SAME) else said)
    if (asked := figures.get("asked")) is not None:
        size = _size(abs(asked), fact)
        parts.append(f"where more than {size} is asked for" if asked > 0 else f"where up to {size} worse is allowed")
    if "evidence" in figures:
        parts.append(_evidence(figures))
    if pairs and runs is None:
        blocks = figures.get("in_blocks")
        parts.append(counted(pairs, "pair") + (f" ({blocks} in a block)" if blocks else ""))
    parts += _of_cases(figures)
    if fact.kind is Kind.BETTER_CALIBRATED:
        parts.append("calibrated and not exact")
    if fact.kind is Kind.BETTER_BUILT_ONCE:
        parts.append(BUILT_ONCE)
    parts += _of_processor_time(fact)
    end = _END[fact.kind](fact) if fact.kind in _END else ""
    return "; ".join([*filter(None, (", ".join(parts), end)), *map(_guardrail, figures.get("guardrails", ()))])


def _of_cases(figures: Mapping[str, Any]) -> list[str]:
    """`64 confirm cases (2 unscored)`, and what unscored cases did to the evidence."""
    if "units" not in figures:
        return []
    part, dropped = {Part.SEARCH: "search ", Part.CONFIRM: ""}.get(figures["part"], ""), figures.get("dropped")
    alone = "group" if figures.get("grouped") else "case"
    what = f"{part}{f'batch of {alone}s' if figures.get('in_batches') else alone}"
    count = figures["units"]
    plural = f"{part}batches of {alone}s" if figures.get("in_batches") else f"{what}s"
    said = f"{count} {what if count == 1 else plural}" + (f" ({dropped} without a score)" if dropped else "")
    unequal = "it leaves more cases without a score than before, which counts against it" if figures.get("unequal") else ""
    return [said, *filter(None, [unequal]), *_of_sides(figures)]


def _of_sides(figures: Mapping[str, Any]) -> list[str]:
    """`negative queries +0.02, no fall by more than 0.10`, where queries have sides."""
    if "specificity" not in figures:
        return []
    proven = ", no fall by more than 0.10" if figures.get("proven") else ""
    return [f"negative queries {figures['specificity']:+.2f}{proven}"]


def _of_processor_time(fact: Fact) -> list[str]:
    """What processor time says, where a verdict rests on it, or where it alone would have had enough evidence for a keep."""
    said, needed, pairs = fact.figures.get("processor"), fact.figures.get("needed"), fact.figures.get("pairs", 0)
    rests = fact.kind in (Kind.BETTER_BY_WITNESS, Kind.LOOKS_BETTER_BY_WITNESS)
    if said is None or needed is None or (not rests and (fact.kind is Kind.BETTER or said["evidence"] < needed)):
        return []
    effect = effect_in_words(Effect(said["estimate"], said["low"], said["high"]), between=pairs < FEWEST_PAIRS_FOR_INTERVAL)
    words = f"processor time was lower in {said['better']} of {counted(pairs, 'pair')}, {effect}"
    return [words if rests else f"{words}, but the metric does not confirm it"]


def _how(runs: int | None) -> str:
    if runs is None:
        return ""
    return " in a single run" if runs == 1 else f", the same in {_all_of(runs)} runs of a benchmark that repeats exactly"


def _all_of(runs: int) -> str:
    return "both" if runs == 2 else f"all {runs}"  # noqa: PLR2004 - a pair


_END: Mapping[AnyKind, Callable[[Fact], str]] = {
    Kind.NOT_WORTH_HAVING: lambda fact: "" if "asked" in fact.figures else f"any gain is below {_size(fact.figures['worth'], fact)}",
    Kind.LOOKS_BETTER: lambda _: "it looks better, and the interval is wide",
    Kind.LOOKS_BETTER_BY_WITNESS: lambda _: "the metric neither shows nor excludes that",
    Kind.TOO_NOISY: lambda fact: f"the noise was {number(fact.figures['times'], figures=2)} times what it was before",
    Kind.SCORES_NOT_WORTH_IT: lambda fact: f"a gain of {_size(fact.figures['worth'], fact)} is excluded at 5 : 1",
    Kind.SCORES_TOO_FEW: lambda _: "so few cases can decide nothing",
    Kind.SCORES_USED_UP: lambda _: "all cases that decide were used",
    Kind.SCORES_OUT_OF_REACH: lambda fact: f"{fact.figures['left']} more cannot decide it",
    Kind.SCORES_NOT_SPECIFIC: lambda _: "better on the whole, but negative queries got worse by more than is allowed",
    Kind.RAN_OUT: lambda fact: f"{counted(fact.figures.get('pairs', 0), 'pair')} were not enough",
    Kind.OUT_OF_REACH: lambda fact: f"{counted(fact.figures['left'], 'pair')} more cannot bring enough evidence",
}


def has_interval(reason: Fact) -> bool:
    """Whether the ends of a verdict's effect are an interval's: scores on cases have one, others from six pairs on."""
    figures = reason.figures
    if "runs" in figures:
        return False
    return "units" in figures or figures.get("pairs", 0) >= FEWEST_PAIRS_FOR_INTERVAL


def effect_in(fact: Fact) -> Effect | None:
    """The effect among a fact's figures."""
    ends = fact.figures.get("effect")
    if ends is None:
        return None
    estimate, low, high = ends
    return Effect(estimate, low, high, relative=fact.figures["relative"])


def _size(size: float, fact: Fact) -> str:
    """How large an effect is, as a share or in the metric's unit."""
    return share_in_words(size) if fact.figures.get("relative", True) else with_unit(number(size), fact.figures.get("unit", ""))


def _guardrail(found: Mapping[str, Any]) -> str:
    """`m <= 1.02x holds: 1.01 [1.00, 1.02] of the incumbent`; ends that few runs leave open are left out."""
    known = [name for name in ("estimate", "low", "high") if name in found]
    told = dict(zip(known, numbers([found[name] for name in known]), strict=True))
    interval = f" [{told['low']}, {told['high']}]" if {"low", "high"} <= told.keys() else ""
    against = " of the incumbent" if found["relative"] and known else ""
    odds = f", {_evidence(found)}" if "evidence" in found else ""
    return f"{escaped(found['text'])} {found['standing']}: {told.get('estimate', 'not known')}{interval}{against}{odds}"


def _evidence(figures: Mapping[str, Any]) -> str:
    return f"evidence {in_odds(figures['evidence'])} (needed {in_odds(figures['needed'])})"
