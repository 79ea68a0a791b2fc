"""One experiment from the ledger: what was changed, every run, the verdict and why."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autotune.core.codec import encode
from autotune.core.escaping import escaped, shortened
from autotune.core.facts import Kind, whole
from autotune.core.ledger.events import CandidateTaken, Claimed, Decided, Described, Formatted, Ran, Result, SegmentOpened
from autotune.core.ledger.lines import Event
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Metric, Outcome, Status
from autotune.core.tell import by_case
from autotune.core.tell.explain import sentence
from autotune.core.tell.fate import TONES, fate_of
from autotune.core.tell.figures import duration, effect_in_words, grouped, in_odds, number, numbers
from autotune.core.tell.headline import moment, noise_of_a_run
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.verdicts import has_interval
from autotune.core.tell.words import told

LONGEST_TEXT = 2000
FILES_NAMED = 20
METRICS_NAMED = 12
LABELS = 2 + max(map(len, by_case.LABELS))  # columns that the labels of a story take, with what separates them from the texts
ARM_COLUMN = 10  # columns
LEAST_AXIS = 10  # columns
_PURPOSES = (Purpose.EXPERIMENT, Purpose.CROSS_CHECK)
LEAST_TELLING = 3.0  # evidence below which a share of luck says nothing
_MARKS = " •23456789"


@dataclass(frozen=True, slots=True)
class Story:
    """The events of one experiment. `decided` are its verdicts, the last of which holds; `result` is None while it is open."""

    number: int
    segment: SegmentOpened | None = None
    taken: CandidateTaken | None = None
    formatted: Formatted | None = None
    runs: tuple[Ran, ...] = ()
    decided: tuple[Decided, ...] = ()
    described: Described | None = None
    result: Result | None = None
    confirmed: tuple[Claimed, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Every run and sample, and all else that is on the ledger."""
        return {
            "experiment": self.number,
            "candidate": encode(self.taken),
            "formatted": encode(self.formatted),
            "runs": [encode(by_case.shown(run)) for run in self.runs],
            "verdicts": [encode(one) for one in self.decided],
            "described": encode(self.described),
            "result": encode(self.result),
            "confirmed": [encode(one) for one in self.confirmed],
        }


def story_of(events: Iterable[Event], number_: int) -> Story | None:
    """Gather an experiment's events; None where there are none."""
    return stories(events, (number_,)).get(number_)


def stories(events: Iterable[Event], numbers_: Collection[int]) -> dict[int, Story]:
    """Gather the events of some experiments in one pass, by number; those without any are left out."""
    found: dict[int, Story] = {}
    segment = None
    for event in events:
        if isinstance(event, SegmentOpened):
            segment = event
        elif (number_ := _experiment_of(event)) in numbers_ and number_ is not None:
            found[number_] = _with(found.get(number_) or Story(number_), event, segment)
    return {number_: story for number_, story in found.items() if story != Story(number_)}


def _experiment_of(event: Event) -> int | None:
    """Which experiment an event is about; None where it is about none."""
    return event.index if isinstance(event, Result) else getattr(event, "experiment", None)


def _with(story: Story, event: Event, segment: SegmentOpened | None) -> Story:  # noqa: PLR0911 - one return an event
    match event:
        case CandidateTaken():
            return replace(story, taken=event, segment=segment)
        case Formatted():
            return replace(story, formatted=event)
        case Ran() if event.purpose in _PURPOSES:
            return replace(story, runs=(*story.runs, event))
        case Decided():
            return replace(story, decided=(*story.decided, event))
        case Described():
            return replace(story, described=event)
        case Result() if not event.baseline:
            return replace(story, result=event)
        case Claimed():
            return replace(story, confirmed=(*story.confirmed, event))
        case _:
            return story


def lines(story: Story, state: State, width: int) -> tuple[Line, ...]:
    """Tell the story in labelled lines, samples and plot included, for texts of `width` columns."""
    return (
        Line("experiment", f"{story.number}{_again(story)}: {_description(story)}"),
        Line("files", _files(story)),
        *_verdict(story, state),
        *_samples(story, state, width),
        *_rest(story, state),
    )


def _description(story: Story) -> str:
    described = [one.description for one in (story.taken, story.described, story.result) if one is not None and one.description]
    return shortened(described[-1], LONGEST_TEXT) if described else "not described yet"


def _again(story: Story) -> str:
    return f", a second look at {story.taken.again}" if story.taken is not None and story.taken.again is not None else ""


def _files(story: Story) -> str:
    files = story.result.files if story.result is not None else story.taken.files if story.taken is not None else ()
    more = f" and {len(files) - FILES_NAMED} more" if len(files) > FILES_NAMED else ""
    return ", ".join(escaped(path) for path in files[:FILES_NAMED]) + more or "none"


def metric_of(story: Story, state: State) -> Metric:
    """The metric that the experiment was judged by: its segment's."""
    segment = story.segment or state.segment.opened
    return Metric(segment.metric_name, segment.metric_unit, segment.direction)


def _verdict(story: Story, state: State) -> Iterator[Line]:
    result, decided, metric = story.result, story.decided[-1] if story.decided else None, metric_of(story, state)
    found = result or decided
    if found is None:
        yield Line("verdict", "none yet: the experiment is open", Tone.FAIR)
        return
    pairs = decided.pairs if decided is not None else 0
    odds = (decided.evidence, decided.needed) if decided is not None else (None, None)
    reason = whole(found.reason, found.effect, *odds, pairs, metric.unit)
    if result is not None:
        fate = fate_of(replace(result, confirmed=result.confirmed or any(one.improved for one in story.confirmed)))
        yield Line("verdict", f"{fate}{f', outcome {result.outcome}' if result.outcome is not None else ''}", TONES[fate])
        yield Line("in words", sentence(result.index, fate, result.effect, metric, state.decision_mode, reason))
    else:
        yield Line("verdict", "measured, not settled yet", Tone.FAIR)
    yield Line("reason", shortened(told(reason), LONGEST_TEXT))
    if found.effect is not None:
        older = found.reason.words is not None and "runs" not in found.reason.figures  # a sentence, which says no more
        effect = effect_in_words(found.effect, metric.unit, between=not older and not has_interval(reason))
        yield Line("effect", f"{effect}, candidate against incumbent")
    if decided is not None and decided.evidence is not None and decided.needed is not None:
        asked, of_one_build = decided.reason.figures.get("asked", 0.0), decided.reason.kind is Kind.BETTER_BUILT_ONCE
        yield Line("evidence", _odds(decided.evidence, decided.needed, asked, of_one_build=of_one_build))


def _odds(evidence: float, needed: float, asked: float, *, of_one_build: bool) -> str:
    """Evidence for somebody who knows no statistics."""
    said = f"{in_odds(needed)} {'was' if evidence >= needed else 'would have been'} needed"
    if evidence < 1:
        return f"{in_odds(evidence)}: less than before the first run; this shows neither a gain nor harm; {said}"
    if evidence < LEAST_TELLING:
        return f"{in_odds(evidence)}: next to nothing, because luck often brings as much; {said}"
    others = _OTHERS[(asked > 0) - (asked < 0)]
    alike = ", if all builds were alike" if of_one_build else ""
    return f"{in_odds(evidence)}: at most 1 in {grouped(evidence)} {others} would ever look this good{alike}; {said}"


_OTHERS = {  # whom luck would help, where more or less is asked for than a gain
    0: "useless changes",
    1: "changes that gain no more than is asked for",
    -1: "changes that are worse by more than is allowed",
}


def _samples(story: Story, state: State, width: int) -> Iterator[Line]:
    name = metric_of(story, state).name
    if not story.runs:
        yield Line("runs", "none")
        return
    counts = [f"{len(found)} of the {arm}" for arm in Arm if (found := [run for run in story.runs if run.arm is arm])]
    took = duration(math.fsum(run.wall_s for run in story.runs))
    yield Line("runs", f"{' and '.join(counts)}, {took} together{_earlier(story, state)}")
    if seeds := [run.seed for run in story.runs if run.seed is not None]:
        yield Line("seeds", f"{min(seeds)} to {max(seeds)}, one for each pair" if min(seeds) < max(seeds) else str(seeds[0]))
    values = [run.metrics[name] for run in story.runs if _has_value(run, name)]
    texts = iter(numbers(values, noise_of_a_run(state)))
    told, arms = _with_repeats(story.runs, [next(texts) if _has_value(run, name) else run.outcome for run in story.runs])
    yield Line("in order", _in_order(told, stages_of(story, arms)))
    yield from by_case.of_cases(story.runs, metric_of(story, state), state)
    if plotted := plot(story.runs, name, width):
        yield Line("plot", "\n".join(plotted))
    if noticed := [escaped(text) for run in story.runs for text in (*run.malformed, *run.leftovers, *_several(run, name))]:
        yield Line("noticed", "\n".join(dict.fromkeys(noticed)))


def _with_repeats(runs: Sequence[Ran], found: Sequence[str]) -> tuple[list[str], list[Arm]]:
    """What each run found, and its arm; one that failed and was run again stands with the run in its place, as one."""
    told: list[str] = []
    arms: list[Arm] = []
    again = False
    for run, text in zip(runs, found, strict=True):
        said = f"{run.arm[0].upper()}:{text}"
        if again and run.arm is arms[-1]:
            told[-1] += f", again {said}"
        else:
            told.append(said)
            arms.append(run.arm)
        again = run.outcome is not Outcome.OK
    return told, arms


def _in_order(told: Sequence[str], stages: Sequence[range]) -> str:
    """Runs with what was made together standing together."""
    shown = [" ".join(told[one] for one in stage) for stage in stages]
    parts = (f"[{text}]" if len(stage) > _PAIR else text for text, stage in zip(shown, stages, strict=True))
    apart = "; | between pairs" if len(stages) > 1 else ""
    block = "; [ ] a block" if any(len(stage) > _PAIR for stage in stages) else ""
    return f"{' | '.join(parts) or ' '.join(told)} (C candidate, I incumbent{apart}{block})"


_PAIR = len(Arm)


def stages_of(story: Story, arms: Sequence[Arm]) -> list[range]:
    """The places of an experiment's runs that were made together, given the arm of each."""
    return _stages(arms, story.decided[-1].reason.figures.get("in_blocks", 0) if story.decided else 0)


def _stages(arms: Sequence[Arm], in_blocks: int) -> list[range]:
    """The places of runs that were made together, in run order: a pair, or a block, of as many runs of each arm; none of a single arm.

    A block's runs come in any order, so that it may begin as pairs do; of `in_blocks` pairs in all, those of the last block come last.
    """
    if len(set(arms)) < len(Arm):
        return []
    found, begun, ahead = [], 0, 0
    for place, arm in enumerate(arms):
        ahead += 1 if arm is Arm.CANDIDATE else -1
        if not ahead:
            found.append(range(begun, place + 1))
            begun = place + 1
    left = [range(begun, len(arms))] if begun < len(arms) else []
    first = len(arms) - _PAIR * in_blocks
    if in_blocks and not left and any(stage.start == first for stage in found):
        found = [*(stage for stage in found if stage.start < first), range(first, len(arms))]
    return found + left


def _earlier(story: Story, state: State) -> str:
    """What a candidate was held against that was run alone: the incumbent's earlier runs, as value and effect tell."""
    found, name = story.decided[-1] if story.decided else None, metric_of(story, state).name
    alone = [run.metrics[name] for run in story.runs if _has_value(run, name)]
    if found is None or found.effect is None or any(run.arm is Arm.INCUMBENT for run in story.runs) or not alone:
        return ""
    before = alone[0] / found.effect.estimate if found.effect.relative else alone[0] - found.effect.estimate
    return f", compared with {number(before, noise_of_a_run(state).at(before))}, the middle of the incumbent's earlier runs"


def _several(run: Ran, metric: str) -> Iterator[str]:
    """The metrics that a run printed with more than one value, whoever printed which; of what was read, what the metric is made of."""
    for name, said in (run.repeated or {}).items():
        if name == metric or name.startswith(f"{metric}["):
            yield f"runs of the {run.arm} have {said['count']:.0f} values of {name}; the median counts"
    for name, said in (run.earlier or {}).items():
        if said["lowest"] != said["highest"]:
            ends = " to ".join(numbers((said["lowest"], said["highest"])))
            yield f"runs of the {run.arm} print {name} with several values, {ends}; the last counts"


def _has_value(run: Ran, name: str) -> bool:
    return run.outcome is Outcome.OK and name in run.metrics


def plot(runs: Sequence[Ran], name: str, width: int) -> list[str]:
    """Values on a common axis, one line an arm, in `width` columns (20 at least); a digit stands for several in one place."""
    values = {arm: [run.metrics[name] for run in runs if run.arm is arm and _has_value(run, name)] for arm in Arm}
    every = [value for one in values.values() for value in one]
    if not every:
        return []
    low, high = min(every), max(every)
    columns = max(width - ARM_COLUMN, LEAST_AXIS)
    told = []
    for arm, held in values.items():
        places = Counter(_column(value, low, high, columns) for value in held)
        told.append(f"{arm:<{ARM_COLUMN}}" + "".join(_MARKS[min(places[one], len(_MARKS) - 1)] for one in range(columns)))
    ends = numbers((low, high))
    gap = columns - len(ends[0]) - len(ends[1])
    return [*told, " " * ARM_COLUMN + (f"{ends[0]}{' ' * gap}{ends[1]}" if gap > 0 and low < high else ends[0])]


def _column(value: float, low: float, high: float, columns: int) -> int:
    """The place of a value on an axis; halves, so that no difference is too large for a float."""
    span = high / 2 - low / 2
    return round((value / 2 - low / 2) / span * (columns - 1)) if span else columns // 2


def _rest(story: Story, state: State) -> Iterator[Line]:
    result = story.result
    for one in story.confirmed:
        yield Line(
            "measured",
            f"again on {moment(one.timestamp)}: {shortened(told(one.told(state.metric.unit)), LONGEST_TEXT)}",
            Tone.GOOD if one.improved else Tone.FAIR,
        )
    candidate = (result.snapshot if result is not None else None) or (story.taken.commit if story.taken is not None else None)
    if result is not None and result.status is Status.KEEP:
        yield Line("commit", f"{escaped(result.commit[:12])} on {escaped(state.segment.opened.branch)}")
    if candidate is not None:
        ref = f"refs/autotune/{escaped(state.segment.opened.session)}/{story.number}"
        again = f"; `autotune restore {story.number}` opens it again" if result is not None else ""
        yield Line("snapshot", f"{escaped(candidate[:12])}, kept at {ref}{again}")
    if story.formatted is not None:
        named = escaped(shortened(", ".join(story.formatted.files), LONGEST_TEXT))
        yield Line("measured as", f"{story.formatted.commit[:12]}: {story.formatted.by} rewrote {named}")
    if result is None:
        return
    own = metric_of(story, state).name
    cases_first = sorted(result.metrics.items(), key=lambda one: not one[0].startswith(f"{own}["))
    if others := [f"{escaped(name)} {number(value)}" for name, value in cases_first if name != own]:
        yield Line("metrics", f"{', '.join(others[:METRICS_NAMED])} (of the candidate's last run)")
    if result.asi is not None:
        yield Line("asi", shortened(json.dumps(result.asi, ensure_ascii=False), LONGEST_TEXT))
    if result.failure:
        yield Line("output", "\n".join(escaped(line) for line in result.failure.split("\n")), Tone.QUIET)
    yield Line("settled", moment(result.timestamp) + _health_then(story, state))


def _health_then(story: Story, state: State) -> str:
    """The session's health when the experiment had settled, while the state knows it."""
    return next((f", health then: {row.health}" for row in state.recent.rows if row.index == story.number), "")
