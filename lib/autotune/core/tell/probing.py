"""What probes of skills came to, in words, and as the lines that a benchmark prints."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from autotune.core.skills.probed import Probed, commonest
from autotune.core.skills.probing import Measures, Probing
from autotune.core.skills.signs import Failing, Outcome
from autotune.core.tell.figures import counted
from autotune.core.tell.lines import Line, shortened

_LONGEST_WHY = 180
_USUAL_S = {Measures.ROUTING_HOST: 15.0, Measures.ROUTING_JUDGE: 4.0, Measures.TASK: 120.0}
_WHY = {
    Failing.CRASHED: "the client ended without a result",
    Failing.SLOW: "its time was over",
    Failing.SERVICE: "the model's service failed",
    Failing.UNLISTED: "the skill was not offered to the model",
    Failing.CAPPED: "a cap of the day is reached",
}


def case_line(metric: str, found: Probed) -> str:
    """One case's line: the share of right answers, or why there is none."""
    if found.score is not None:
        return f"METRIC {metric}[{found.case}]={found.score:.6g}"
    return f"UNSCORED {metric}[{found.case}] {shortened(why(found.failed), _LONGEST_WHY)}"


def void_lines(metric: str, cases: Sequence[str], failed: Sequence[Outcome], planned: int) -> list[str]:
    """The lines of a run that says nothing: each of its cases without a score, with the reason."""
    reason = shortened(void(failed, planned), _LONGEST_WHY)
    return [f"UNSCORED {metric}[{case}] {reason}" for case in cases]


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
    calls = cases * settings.samples
    minutes = ceil(calls * _USUAL_S[settings.instrument] / together / 60)
    model = f"{settings.host}, {settings.model or 'the model that it chooses itself'}"
    lines = [
        Line("cases", counted(cases, "case")),
        Line("probes", f"{calls}, each with {model}; those that fail are made again"),
        Line("time", f"about {counted(minutes, 'minute')}, {together} at once"),
    ]
    money = "not known: no probe like these has been paid for yet" if usd_each is None else f"about {calls * usd_each:.2f} US dollars"
    return [*lines, Line("money", money)]
