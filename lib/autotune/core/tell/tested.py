"""What tests of a skill take, what came of their probes, and what they came to, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

from autotune.core.escaping import shortened
from autotune.core.skills.measured import NEGATIVE, POSITIVE, TASKS, Compared, Measured
from autotune.core.skills.probed import Probed, commonest, total
from autotune.core.skills.probing import Measures, Probing
from autotune.core.skills.signs import Failing, Outcome
from autotune.core.skills.suite import Check, Criterion, RoutingCase, SuiteCase
from autotune.core.tell.figures import counted, money
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.skills import share, tone_of

OBEYED = "the judge did what the work told it to do"
"""Why a judge's answer does not count."""
_QUERY, _MOST = 76, 12
_LONGEST_WHY = 180
_USUAL_S = {Measures.ROUTING_HOST: 15.0, Measures.ROUTING_JUDGE: 4.0, Measures.TASK: 120.0}
_WHY = {
    Failing.CRASHED: "the client ended without a result",
    Failing.SLOW: "its time was over",
    Failing.SERVICE: "the model's service failed",
    Failing.UNLISTED: "the skill was not offered to the model",
    Failing.CAPPED: "a cap of the day is reached",
}
_LABELS = {POSITIVE: "recall", NEGATIVE: "specificity", TASKS: "pass rate"}
_MEANS = {
    POSITIVE: "of the queries that fit, it fired for",
    NEGATIVE: "of those that do not, it stayed silent for",
    TASKS: "of the tasks, it did well in",
}
_BY = {
    Measures.ROUTING_HOST: "in the real client",
    Measures.ROUTING_JUDGE: "by a judge, which is not the client: no ground to deploy",
    Measures.TASK: "at real work, checked and then judged",
}


def once(instrument: Measures, skill: str, found: Measured) -> Iterator[Line]:
    """Tell what one run of a suite came to."""
    yield Line("skill", f"{shortened(skill, 60)}, {_BY[instrument]}")
    for side, one in found.by_side().items():
        yield Line(_LABELS[side], f"{share(one)}: {_MEANS[side]} {one.hits} of {one.of}", tone_of(one))
    types = found.by_type()
    if len(types) > 1:
        yield Line("by kind", ", ".join(f"{name} {one.hits} of {one.of}" for name, one in types.items()))
    for case, probed in found.wrong()[:_MOST]:
        yield Line("wrong", _wrong(case, probed))
    if hidden := found.hidden() + max(0, len(found.wrong()) - _MOST):
        yield Line("", f"{counted(hidden, 'more case' if found.wrong() else 'case')} wrong. Those that decide on changes are not shown")
    yield from _ends(found)


def with_and_without(skill: str, without: Measured, found: Measured, difference: Compared | None) -> Iterator[Line]:
    """Tell what the skill changes."""
    yield Line("skill", f"{shortened(skill, 60)}, {_BY[Measures.TASK]}")
    yield Line("without it", _passed(without))
    yield Line("with it", _passed(found))
    if difference is not None:
        better = difference.mean > 0
        yield Line("difference", f"{_points(difference)}; odds against luck {difference.odds:,.0f} : 1", Tone.GOOD if better else Tone.FAIR)
        if difference.same:
            yield Line("", f"{counted(difference.cases, 'task')} cannot tell it from nothing{_visible(difference)}")
    yield from _ends(found, without)


def twice(skill: str, instrument: Measures, first: Measured, second: Measured, difference: Compared | None) -> Iterator[Line]:
    """Tell whether an instrument agrees with itself."""
    yield Line("skill", f"{shortened(skill, 60)}, measured twice {_BY[instrument]}")
    if difference is None:
        yield Line("difference", "no case has a score both times", Tone.BAD)
    else:
        said = "none was found" if difference.same else "there is one, though nothing was changed: do not decide by this"
        yield Line("difference", f"{said} ({_points(difference)})", Tone.GOOD if difference.same else Tone.BAD)
        yield Line("flipped", f"{difference.flipped} of {counted(difference.cases, 'case')} were right once and wrong once")
        if difference.visible is not None:
            yield Line("can show", f"a change of {100 * difference.visible:.0f} points or more, with all of these cases")
    yield from _ends(*((second, first) if second.failed >= first.failed else (first, second)))


def _wrong(case: SuiteCase, found: Probed) -> str:
    said = case.query if isinstance(case, RoutingCase) else case.prompt
    fired = sorted({name for names in found.fired for name in names})
    if isinstance(case, RoutingCase):
        then = f"{', '.join(fired)} fired" if fired else "nothing fired"
    else:
        then = "; ".join(dict.fromkeys(found.remarks)) or "it did not pass"
    return f"“{shortened(said, _QUERY)}”: {shortened(then, _QUERY)}"


def _passed(found: Measured) -> str:
    one = found.share(found.cases.values())
    return f"{share(one)}: {one.hits} of {counted(one.of, 'task')}"


def _points(one: Compared) -> str:
    return f"{100 * one.mean:+.0f} points, 95 % interval {100 * one.low:+.0f} to {100 * one.high:+.0f}"


def _visible(one: Compared) -> str:
    return "" if one.visible is None else f"; they show {100 * one.visible:.0f} points or more"


def _ends(found: Measured, *others: Measured) -> Iterator[Line]:
    usd = total(one.usd for one in (found, *others))
    if found.failed:
        failed = [outcome for one in found.found.values() for outcome in one.failed]
        yield Line("no score", f"{counted(found.failed, 'case')}: {why(failed)}", Tone.FAIR)
    yield Line("cost", "not known" if usd is None else money(usd))


def check_failed(check: Check) -> str:
    """Which check a piece of work did not pass."""
    said = next(filter(None, (check.text, check.pattern, check.tool, check.command, check.path)), "")
    return f"{check.kind}: {shortened(said, _LONGEST_WHY)}"


def judged_failed(criterion: Criterion, reason: str) -> str:
    """Which criterion a piece of work did not meet, and why."""
    return f"{shortened(criterion.criteria, _LONGEST_WHY)}: {shortened(reason, _LONGEST_WHY)}"


def void(failed: Sequence[Outcome], planned: int) -> str:
    """Why a run says nothing."""
    return f"void: {len(failed)} of {counted(planned, 'probe')} failed: {why(failed)}"


def why(failed: Sequence[Outcome]) -> str:
    """Why probes have failed, each reason with its number, and what the client said of the commonest."""
    kinds, said = commonest(failed)
    told = ", ".join(_WHY[kind] + (f" ({number} times)" if number > 1 else "") for kind, number in kinds.items())
    return f"{told}: {said}" if said else told


def plan(settings: Probing, cases: int, together: int, usd_each: float | None) -> list[Line]:
    """Say what a run of so many cases takes: calls, time, and money where probes like these were paid for before."""
    found = figures(settings, cases, together, usd_each)
    who = settings.judge if settings.instrument is Measures.ROUTING_JUDGE else f"{settings.host}, {settings.model or 'its own model'}"
    cost = "not known: no probe like these has been paid for yet" if usd_each is None else f"about {money(found['usd'])}"
    return [
        Line("instrument", f"{settings.instrument}: {counted(cases, 'case')}, {counted(found['probes'], 'probe')} ({who})"),
        Line("time", f"about {counted(found['minutes'], 'minute')}, {together} at once; probes that fail are made again"),
        Line("money", cost),
    ]


def figures(settings: Probing, cases: int, together: int, usd_each: float | None) -> dict[str, Any]:
    """The figures of that plan."""
    calls = cases * settings.samples
    minutes = ceil(calls * _USUAL_S[settings.instrument] / together / 60)
    return {"cases": cases, "probes": calls, "minutes": minutes, "usd": None if usd_each is None else calls * usd_each}
