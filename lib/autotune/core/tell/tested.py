"""What tests of a skill came to, in words."""

from __future__ import annotations

from collections.abc import Iterator

from autotune.core.skills.measured import NEGATIVE, POSITIVE, TASKS, Compared, Measured
from autotune.core.skills.probed import Probed
from autotune.core.skills.probing import Measures
from autotune.core.skills.suite import RoutingCase, SuiteCase
from autotune.core.tell.figures import counted
from autotune.core.tell.lines import Line, Tone, shortened
from autotune.core.tell.probing import why
from autotune.core.tell.skills import share, tone_of

_QUERY, _MOST = 76, 12
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
        yield Line("", f"{counted(hidden, 'more case')} wrong. Those that decide on changes are not shown")
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
    yield from _ends(found)


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
    yield from _ends(second if second.failed >= first.failed else first)


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


def _ends(found: Measured) -> Iterator[Line]:
    if found.failed:
        failed = [outcome for one in found.found.values() for outcome in one.failed]
        yield Line("no score", f"{counted(found.failed, 'case')}: {why(failed)}", Tone.FAIR)
    yield Line("cost", "not known" if found.usd is None else f"{found.usd:.3g} US dollars")
