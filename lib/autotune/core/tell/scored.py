"""The words of scores: what `eval` did or would do, what a person is asked, and how far judge and person agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autotune.core.asking.failing import Failure, Why
from autotune.core.escaping import escaped
from autotune.core.judging.fencing import Part, shortened
from autotune.core.judging.marks import BEST_MARK, Unscored
from autotune.core.judging.trust import Agreement, Doubt
from autotune.core.tell.asked import why_no_answer
from autotune.core.tell.figures import counted, in_percent, money
from autotune.core.tell.lines import Line, Tone, Values

MARKS = f"0 to {BEST_MARK}, {BEST_MARK} is the best"
_LONGEST_SHOWN = 4000
_SMALL_SHARE = 0.005
_NEXT_TO_NOTHING = "less than a cent"


def evaluated(found: Values) -> Iterator[Line]:
    """What `eval` did."""
    for one in found["behaviors"]:
        yield Line(one["behavior"], "; ".join(_passed(one)))
        if one["silent"]:
            yield Line("first judge", f"gave no score, so the second was asked: {unscored(one['silent'])}", Tone.BAD)
            yield Line("", "`autotune prompts doctor MODEL` asks it one small question")
        if one["unscored"]:
            yield Line("no score", unscored(one["unscored"]), Tone.FAIR)
        if one["obeyed"]:
            yield Line("obeyed", obeyed(one["obeyed"]), Tone.BAD)
    yield Line("cost", _cost(found["usd"], found["sure"]))
    if found["ended"] is not None:
        yield Line("ended early", f"{_ended(found['ended'])}; the rest waits for the next pass", Tone.BAD)


def _passed(one: Values) -> Iterator[str]:
    yield f"{counted(one['judged'], 'case')} judged" if one["judged"] else "nothing new to judge"
    if one["retried"]:
        yield f"{one['retried']:,} of them again"
    if one["second"]:
        yield f"{one['second']:,} by the second judge"
    if one["mean"] is not None:
        yield f"mean {score(one['mean'])}"
    if one["probed"]:
        yield f"{counted(one['probed'], 'case')} tried for bias"


def going_on(behavior: str, judged: int) -> str:
    """How far a pass has come."""
    return f"{behavior}: {counted(judged, 'case')} judged so far"


def planned(found: Values) -> Iterator[Line]:
    """What `eval` would do."""
    for one in found["behaviors"]:
        more = f", up to {one['more']:,} more if the judge is unsure" if one["more"] else ""
        cost = f", {_about(one['usd'])}" if one["usd"] is not None and one["calls"] else ""
        yield Line(one["behavior"], f"{counted(one['cases'], 'case')}, {counted(one['calls'], 'call')}{cost}{more}")
    yield Line("in all", f"{counted(found['calls'], 'call')}, {_about(found['usd'])}" if found["usd"] is not None else "cost unknown")
    unknown = dict.fromkeys(model for one in found["behaviors"] for model in one["unknown"])
    programs = {model for one in found["behaviors"] for model in one["programs"]}
    for are_programs in (False, True):
        models = [model for model in unknown if (model in programs) == are_programs]
        if models and found["calls"]:
            yield Line("price", no_price(models, capped=found["max_usd_per_day"] is not None, are_programs=are_programs), Tone.FAIR)
    yield Line("a day", day_caps(found["max_usd_per_day"], found["max_calls_per_day"]))


def day_caps(usd: float | None, calls: int) -> str:
    """What models may take in a day."""
    return f"at most {money(usd)} and {counted(calls, 'call')}" if usd is not None else f"at most {counted(calls, 'call')}, no cap on money"


def no_price(models: Sequence[str], *, capped: bool, are_programs: bool) -> str:
    """What it means that a model's price is not known. A program may say what each answer costs."""
    names = ", ".join(escaped(name) for name in models)
    table = f'write [prices."{escaped(models[0])}"] with read and written into prompts.toml'
    if capped and are_programs:
        return f"no known price of {names}: each of its answers has to say what it cost. After one that does not, it is not asked. {table}."
    if capped:
        return f"no known price of {names}: a cap on money cannot hold, so it is not asked. {table}, or set max_usd_per_day to none."
    return f"no known price of {names}: its calls count, its cost does not, unless the service says it. {table}."


def _about(usd: float) -> str:
    said = money_of(usd)
    return said if said == _NEXT_TO_NOTHING else f"about {said}"


def money_of(usd: float) -> str:
    """An amount of money, never more exact than it is."""
    return money(usd) if usd >= _SMALL_SHARE or usd == 0 else _NEXT_TO_NOTHING


def score(value: float) -> str:
    """A score from 0 to 1."""
    return f"{value:.3f}"


def unscored(counts: Mapping[str, int]) -> str:
    """Why cases have no score, by reason."""
    return "; ".join(f"{count:,}: {why_unscored(why)}" for why, count in counts.items())


def why_unscored(why: str) -> str:
    """Why one case has no score."""
    if why == Unscored.OBEYED:
        return "the judge obeyed what it was to judge"
    return why_no_answer(Failure(Why(why))) if why in set(Why) else escaped(why)


def obeyed(count: int) -> str:
    """How often a judge followed a planted instruction."""
    return f"a judge followed the planted instruction in {counted(count, 'case')}: its marks there do not count. Take another judge."


def _ended(why: str) -> str:
    return {
        Why.MONEY: "the day's money is spent",
        Why.CALLS: "the day's calls are made",
        Why.TOKENS: "the day's tokens are used",
        Why.KEY: "the service refuses the key",
        Why.MISSHAPEN: "the judge does not answer in the shape it is asked for; take another judge",
    }.get(Why(why), "the judge does not answer")


def _cost(usd: float | None, sure: str) -> str:
    if usd is None:
        return "unknown: neither the service nor a table says it"
    return money_of(usd) if sure == "exact" else f"at most {money_of(usd)}"


def question(behavior: str, parts: Sequence[Part], number: int, of: int) -> str:
    """A case as a person is asked about it; what it says cannot write anything else on the terminal."""
    shown = "\n\n".join(f"[{part.label}]\n{_safe(part.text)}" for part in parts)
    return f"--- {number} of {of}, {behavior} ---\n\n{shown}\n"


def _safe(text: str) -> str:
    return "\n".join(escaped(line) for line in shortened(text, _LONGEST_SHOWN).split("\n"))


def asked(rubric: Sequence[str]) -> str:
    """What a person is asked for."""
    return f"How good is the answer ({', '.join(rubric)})? {MARKS}; s skips, q ends."


def labelled(found: Values) -> Iterator[Line]:
    """How many labels there are, and how far judge and person agree."""
    for one in found["behaviors"]:
        added = f", {one['added']:,} of them new" if one["added"] else ""
        yield Line(one["behavior"], f"{counted(one['labels'], 'label')}{added}")
        yield Line("agreement", agreement(one), Tone.GOOD if one["doubt"] is None else Tone.FAIR)
        if one["doubt"] is not None:
            yield Line("promotion", f"needs your approval: {why_doubted(one['doubt'], one)}", Tone.FAIR)


def agreement_values(found: Agreement, doubt: Doubt | None, least: float, fewest: int) -> dict[str, Any]:
    """How far judge and person agree, as JSON values."""
    accuracy = found.accuracy
    interval = None if accuracy is None else {"pairs": accuracy.pairs, "share": accuracy.share, "low": accuracy.low, "high": accuracy.high}
    return {
        "compared": found.labels,
        "kappa": found.kappa,
        "paired": interval,
        "doubt": None if doubt is None else str(doubt),
        "min_agreement": least,
        "min_labels": fewest,
    }


def agreement(one: Values) -> str:
    """How far judge and person agree."""
    if not one["compared"]:
        return "nothing to compare yet: no case has a label of yours and a score"
    kappa = "no kappa yet" if one["kappa"] is None else f"kappa {one['kappa']:.2f}"
    paired = one["paired"]
    pairs = "" if paired is None else f"; of two answers it prefers the one that you do in {_share(paired)}"
    return f"{kappa} over {counted(one['compared'], 'case')}{pairs}"


def _share(paired: Values) -> str:
    return f"{in_percent(paired['share'])} ({100 * paired['low']:.0f} to {in_percent(paired['high'])})"


def why_doubted(doubt: str, one: Values) -> str:
    """Why a promotion needs approval."""
    return {
        Doubt.NO_LABELS: f"no case has a score and a label of yours; `autotune prompts label` asks you for {one['min_labels']}",
        Doubt.FEW_LABELS: f"{one['compared']} of {one['min_labels']} labels are there; `autotune prompts label` asks for more",
        Doubt.DISAGREES: f"the judge agrees with you less than {one['min_agreement']:g}; edit its rubric, or take another judge",
    }[Doubt(doubt)]
