"""Live cases judged for monitoring: the whole of `eval`.

Each behaviour judges what applies to it and has no score by the judge of the settings yet. First comes what a person labelled, then the
newest (while a canary runs, its records first), then what got no score before and is due. Scores are written down as they come. A pass ends
early where a cap is reached or no judge answers: what was not judged then is as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from autotune.core.asking.costs import Cost, together
from autotune.core.asking.failing import CAPS, Failure, Why
from autotune.core.asking.naming import parse
from autotune.core.asking.prices import likely
from autotune.core.codec import encode
from autotune.core.judging.marks import Judgement
from autotune.core.judging.probing import Bias, changed
from autotune.core.judging.retrying import again_ms, was_asked
from autotune.core.judging.stages import is_sampled
from autotune.core.records.behaviors import Behavior
from autotune.core.tell.judging import FILLER
from autotune.edges.locks import hold
from autotune.prompts import canaries, judging, live, terms
from autotune.prompts.ingesting import database
from autotune.prompts.judging import Bench, Judged
from autotune.prompts.settings import Settings
from autotune.records import probes, scoring
from autotune.records.scoring import Given, Waiting
from autotune.records.store import opened

if TYPE_CHECKING:
    from autotune.models.asking import Models, Terms

RUN = "eval"
_AT_ONCE = 64  # cases read from the records
_WRITTEN_AT_ONCE = 16
_WAIT_S = 30.0  # for another process that writes records
SHAPELESS = 8  # answers in a row without the shape asked for, after which a judge is not paid for more
_ENDS = frozenset({*CAPS, Why.RESTING, Why.KEY})
"""What ends a pass: nothing else would be answered either."""


@dataclass(slots=True)
class Pass:
    """How far the pass of one behaviour has come."""

    behavior: Behavior
    instrument: str
    judged: int = 0
    scored: int = 0
    second: int = 0
    obeyed: int = 0
    retried: int = 0
    probed: int = 0
    total: float = 0.0
    unscored: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    costs: list[Cost] = field(default_factory=list)
    shapeless: int = 0
    ended: Failure | None = None

    def values(self) -> dict[str, Any]:
        """The pass as JSON values."""
        cost = together(self.costs)
        return {
            "behavior": str(self.behavior),
            "instrument": self.instrument,
            "judged": self.judged,
            "scored": self.scored,
            "mean": self.total / self.scored if self.scored else None,
            "second": self.second,
            "obeyed": self.obeyed,
            "retried": self.retried,
            "probed": self.probed,
            "unscored": dict(self.unscored),
            "silent": dict(self.silent),
            "usd": cost.usd,
            "sure": str(cost.sure),
            "ended": None if self.ended is None else encode(self.ended),
        }


Said = Callable[[Pass], None]
Asking = Callable[["Terms"], "Models"]


def evaluate(
    settings: Settings,
    behaviors: Sequence[Behavior],
    now_ms: int,
    *,
    probe: int = 0,
    said: Said = lambda _: None,
    asking: Asking | None = None,
) -> dict[str, Any]:
    """Judge what is waiting; `probe` is how many scored cases are judged again with what must not count changed.

    Gives what came of it as values. Raises AutotuneError where another process does the same, or a judge cannot be asked at all.
    """
    from autotune.models.asking import Models

    path = database(settings)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    passes: list[Pass] = []
    with hold(path.with_name("eval.lock"), "autotune prompts eval"), (asking or Models)(terms.terms(settings, RUN)) as models:
        for behavior in behaviors:
            bench = live.bench(settings, behavior)
            one = Pass(behavior, scoring.instrument_of(live.said_of(bench)))
            passes.append(one)
            _judge(settings, bench, models, one, now_ms, said)
            if one.ended is None and probe:
                _probe(settings, bench, models, one, probe, now_ms)
            if one.ended is not None:
                break
    return {"dry_run": False, "behaviors": [one.values() for one in passes], **_ended(passes)}


def plan(settings: Settings, behaviors: Sequence[Behavior], now_ms: int) -> dict[str, Any]:
    """What `evaluate` would do: cases, calls and about how much money, None where no price is known. It makes no call."""
    planned = [_planned(settings, behavior, now_ms) for behavior in behaviors]
    costs = [one["usd"] for one in planned if one["calls"]]
    usd = None if None in costs else sum(costs)
    caps = {"max_usd_per_day": settings["max_usd_per_day"], "max_calls_per_day": settings["max_calls_per_day"]}
    return {"dry_run": True, "behaviors": planned, "calls": sum(one["calls"] for one in planned), "usd": usd, **caps}


def _planned(settings: Settings, behavior: Behavior, now_ms: int) -> dict[str, Any]:
    bench = live.bench(settings, behavior)
    rows = _waiting(settings, bench, settings["eval_max_traces"], now_ms)
    second = [row for row in rows if bench.settings.strong and is_sampled(row.case, bench.settings.stages)]
    first_usd, second_usd = (
        _money(bench, judge, chosen) for judge, chosen in ((bench.settings.judge, rows), (bench.settings.strong, second))
    )
    unknown = [judge for judge, usd in ((bench.settings.judge, first_usd), (bench.settings.strong, second_usd)) if usd is None]
    return {
        "behavior": str(behavior),
        "cases": len(rows),
        "calls": len(rows) + len(second),
        "more": len(rows) - len(second) if bench.settings.strong else 0,
        "usd": None if first_usd is None or second_usd is None else first_usd + second_usd,
        "unknown": unknown,
        "programs": [judge for judge in unknown if judging.terms(bench).endpoint(parse(judge)).url is None],
    }


def _money(bench: Bench, judge: str, rows: Sequence[Waiting]) -> float | None:
    """About how much a judge costs for these cases; None where its price is not known."""
    price, total = judging.terms(bench).price(parse(judge)) if judge else None, 0.0
    for row in rows:
        usd = likely(judging.for_a_judge(bench, judge, row.case, row.trace)[0], price).usd
        if usd is None:
            return None
        total += usd
    return total


def _waiting(settings: Settings, bench: Bench, limit: int, now_ms: int) -> list[Waiting]:
    with opened(database(settings)) as store:
        since = canaries.standing_of(settings, bench.settings.behavior).running
        instrument = scoring.instrument_of(live.said_of(bench))
        return scoring.waiting(store, bench.settings.behavior, instrument, limit, now_ms, None if since is None else since.since_ms)


def _judge(settings: Settings, bench: Bench, models: Models, one: Pass, now_ms: int, said: Said) -> None:
    """Judge what is waiting, as many cases as one pass takes. Where nobody answers any more, the rest of what was begun costs nothing."""
    left = settings["eval_max_traces"]
    while left > 0 and one.ended is None and (rows := _waiting(settings, bench, min(_AT_ONCE, left), now_ms)):
        left -= len(rows)
        by_case = {row.case: row for row in rows}
        with_cases = replace(bench, cases={row.case: row.trace for row in rows})
        answers = judging.judged(with_cases, models, by_case)
        while found := list(islice(answers, _WRITTEN_AT_ONCE)):
            given = [_given(by_case[each.case], each, now_ms) for each in found if was_asked(each.judgement)]
            _count(one, found, by_case)
            with opened(database(settings), write=True, what="autotune prompts eval", wait_s=_WAIT_S) as store:
                scoring.keep(store, bench.settings.behavior, live.said_of(bench), given, now_ms)
            said(one)
            if one.shapeless >= SHAPELESS:
                return


def _ends(found: Judgement) -> bool:
    return found.failure is not None and found.failure.why in _ENDS


def _count(one: Pass, found: Sequence[Judged], rows: Mapping[str, Waiting]) -> None:
    for each in found:
        one.costs.append(each.cost)
        if _ends(each.judgement) and (one.ended is None or one.ended.why is Why.RESTING):  # what it rests for says more
            one.ended = each.judgement.failure
        if not was_asked(each.judgement):
            continue
        _notice_shape(one, each.judgement.failure)
        one.judged += 1
        one.retried += rows[each.case].tries > 0
        one.second += each.second is not None
        one.obeyed += each.obeyed > 0
        if each.silent is not None:
            one.silent[_why(each.silent)] += 1
        if each.judgement.score is None:
            one.unscored[_why(each.judgement)] += 1
        else:
            one.scored += 1
            one.total += each.judgement.score


def _notice_shape(one: Pass, failure: Failure | None) -> None:
    """End the pass where the judge never answers in the shape asked for: each such answer costs two calls and says nothing."""
    one.shapeless = one.shapeless + 1 if failure is not None and failure.why is Why.MISSHAPEN else 0
    if one.shapeless >= SHAPELESS and one.ended is None:
        one.ended = failure


def _given(row: Waiting, found: Judged, now_ms: int) -> Given:
    judgement = found.judgement
    content = {
        "judge": judgement.judge,
        "marks": dict(judgement.marks),
        "reasons": dict(judgement.reasons),
        "sure": judgement.sure,
        "second": found.second,
        "said": "" if judgement.failure is None else judgement.failure.said,
    }
    stage = "first" if found.second is None else "strong"
    unscored = None if judgement.score is not None else _why(judgement)
    later = again_ms(judgement, row.tries + 1, now_ms)
    return Given(row, judgement.score, unscored, stage, found.obeyed, later, found.cost.usd, content)


def _why(found: Judgement) -> str:
    """Why there is no score: what the service or model did, else that it obeyed."""
    return str(found.unscored if found.failure is None else found.failure.why)


def _probe(settings: Settings, bench: Bench, models: Models, one: Pass, count: int, now_ms: int) -> None:
    """Judge cases that have a score again, by the same judge, with what must not count changed; write down by how much the score moves."""
    with opened(database(settings)) as store:
        rows = probes.waiting(store, bench.settings.behavior, one.instrument, count)
    for row in rows:
        moved = {}
        for bias in Bias:
            rules, trace = changed(bias, bench.rubric, row.trace, FILLER)
            found, cost = judging.marked(replace(bench, rubric=rules), models, row.judge, row.case, trace)
            one.costs.append(cost)
            if found.score is not None:
                moved[str(bias)] = found.score - row.score
            elif _ends(found):
                one.ended = found.failure
        with opened(database(settings), write=True, what="autotune prompts eval", wait_s=_WAIT_S) as store:
            probes.keep(store, bench.settings.behavior, one.instrument, row, moved, now_ms)
        one.probed += bool(moved)
        if one.ended is not None:
            return


def _ended(passes: Sequence[Pass]) -> dict[str, Any]:
    """What all passes came to, and why they ended early, where they did."""
    cost = together([cost for one in passes for cost in one.costs])
    ended = next((one.ended for one in passes if one.ended is not None), None)
    return {"usd": cost.usd, "sure": str(cost.sure), "ended": None if ended is None else str(ended.why)}
