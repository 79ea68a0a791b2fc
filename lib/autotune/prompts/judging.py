"""Answers judged: the agent's model answers each case with the pack in place, one judge marks all answers, a strong one some again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from secrets import randbits

from autotune.core.asking.costs import Cost, together
from autotune.core.asking.failing import CAPS
from autotune.core.asking.limits import Limits, daily
from autotune.core.asking.naming import BACKENDS, parse
from autotune.core.asking.prices import FREE
from autotune.core.asking.request import Message, Request, Role
from autotune.core.codec import read_json
from autotune.core.judging import besides, fencing, instrument, marks, packs, rubric, showing, stages
from autotune.core.judging.fencing import Fence
from autotune.core.judging.instrument import Instrument, Replay
from autotune.core.judging.marks import Judgement, Unscored
from autotune.core.judging.packs import Pack
from autotune.core.judging.rubric import Rubric
from autotune.core.judging.stages import Second
from autotune.core.records.behaviors import Behavior
from autotune.core.records.trace import Trace, from_mapping
from autotune.core.tell.judging import as_agent, question
from autotune.edges import named, toml
from autotune.errors import AutotuneError
from autotune.models.asking import Answer, Models, Terms, at_once

VERSION = 1
"""Of what a judge is asked and how its marks are counted: another one is another measurement."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one case. `second` is why the strong judge was asked; `answered` is what was judged.

    `obeyed` is how many judges followed what stands in the text that they judge. `silent` is what the first one gave, where that is no
    score, and the strong one was asked in its place.
    """

    case: str
    judgement: Judgement
    second: Second | None
    answered: str
    cost: Cost
    besides: Mapping[str, float] = field(default_factory=dict)  # metrics of guardrails
    obeyed: int = 0
    silent: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a run needs, read: the settings, the rubric, the pack, the cases by their ids."""

    settings: Instrument
    rubric: Rubric
    pack: Pack | None
    cases: Mapping[str, Trace]
    cases_hash: str


def opened(path: Path, pack_file: Path | None = None) -> Bench:
    """Read the settings of a judge and all the files that they name, relative to the folder of theirs; or another pack than they name.

    Raises AutotuneError.
    """
    settings = instrument.parse(toml.read(path), path.name)
    content = named.content(path.parent / settings.cases)
    rules = rubric.parse(toml.read(path.parent / settings.rubric), settings.rubric)
    place = pack_file or (path.parent / settings.pack if settings.pack else None)
    pack = None if place is None else _pack(place, settings.behavior)
    return Bench(settings, rules, pack, dict(_cases(content, settings.cases)), hashlib.sha256(content).hexdigest()[:16])


def frozen_cases(path: Path) -> Iterator[tuple[str, Trace]]:
    """Read the cases of a frozen set, each with its id. Raises AutotuneError."""
    return _cases(named.content(path), path.name)


def context(bench: Bench) -> dict[str, str]:
    """Say what has to stay the same for two runs to be comparable."""
    settings = bench.settings
    second = (
        f"{_where(settings, settings.strong)} {settings.stages.share:g} {settings.stages.unsure_below:g} {settings.stages.seed}"
        if settings.strong
        else "none"
    )
    return {
        "judge": _where(settings, settings.judge),
        "judge_second": second,
        "judge_version": f"{VERSION}",
        **({} if settings.temperature is None else {"judge_temperature": f"{settings.temperature:g}"}),
        "rubric": bench.rubric.hash,
        "agent": f"{_where(settings, settings.agent)} {settings.answer_tokens} {'fresh' if settings.fresh else 'kept'}"
        if settings.agent
        else "recorded answers",
        "replay": str(settings.replay) if settings.agent else "nothing is answered anew",
        "cases": bench.cases_hash,
    }


def _where(settings: Instrument, model: str) -> str:
    """Name a model, with the address of a service that is not where it usually is."""
    moved = settings.endpoints.get(parse(model).backend)
    return model if moved is None or moved.url == BACKENDS[parse(model).backend].url else f"{model} at {moved.url}"


def terms(bench: Bench) -> Terms:
    """On what terms the models of a run are asked."""
    settings = bench.settings
    found = Terms(
        settings.run or f"judge {settings.behavior}",
        per_run=Limits(calls=settings.max_calls_per_run, usd=settings.max_usd_per_run),
        per_day=Limits(calls=settings.max_calls_per_day),
        concurrency=settings.concurrency,
        seed=settings.stages.seed,
        endpoints=settings.endpoints,
        prices=settings.prices,
    )
    prices = [found.price(parse(one)) for one in _models(settings)]
    known = None not in prices and any(price != FREE for price in prices)
    usd = daily(settings.max_usd_per_day, instrument.USUAL_USD, known=known)
    return replace(found, per_day=replace(found.per_day, usd=usd))


def uncapped(bench: Bench) -> tuple[str, ...]:
    """The models of a run whose money nothing bounds, though nobody has said that nothing shall: no price of theirs is known."""
    settings, found = bench.settings, terms(bench)
    bounds = (settings.max_usd_per_day, settings.max_calls_per_day, settings.max_usd_per_run, settings.max_calls_per_run)
    return tuple(one for one in _models(settings) if found.price(parse(one)) is None) if bounds == (None,) * 4 else ()


def _models(settings: Instrument) -> list[str]:
    return list(dict.fromkeys(filter(None, (settings.judge, settings.strong, settings.agent))))


def judged(bench: Bench, models: Models, cases: Iterable[str]) -> Iterator[Judged]:
    """Judge cases, several at once; each is given as soon as those before it are. Raises AutotuneError for a case that is not there.

    A case may have the behaviour before it, as in `tool-calling/CASE`, so that what confirms one is not counted as confirming another.
    """
    wanted = list(cases)
    missing = next((case for case in wanted if _own_name(bench, case) not in bench.cases), None)
    if missing is not None:
        raise AutotuneError(f"There is no case {missing} in {bench.settings.cases}.", "take the ids from that file, as `case` in each line")
    yield from at_once(bench.settings.concurrency, lambda case: judge_case(bench, models, case), wanted)


def judge_case(bench: Bench, models: Models, case: str) -> Judged:
    """Judge one case: answered by the agent's model where there is one, else as it was recorded."""
    name, costs, beside = _own_name(bench, case), list[Cost](), dict[str, float]()
    settings, trace = bench.settings, bench.cases[name]
    if settings.agent:
        asked = _for_the_agent(bench, trace, name)
        answer = models.ask(asked)
        costs.append(answer.cost)
        beside = besides.metrics(trace, asked.messages[0].text, answer.text, answer.failure) if settings.besides else beside
        if answer.failure is not None:
            found = Judgement(settings.agent, None, {}, {}, unscored=Unscored.NO_ANSWER, failure=answer.failure)
            return Judged(case, found, None, "", answer.cost, beside)
        trace = _answered(trace, answer, settings.replay)
    first, cost = marked(bench, models, settings.judge, name, trace)
    costs.append(cost)
    why, strong = (stages.second(name, first, settings.stages) if settings.strong else None), None
    if why is not None and not _is_capped(first):
        strong, cost = marked(bench, models, settings.strong, name, trace)
        costs.append(cost)
    obeyed = sum(one.unscored is Unscored.OBEYED for one in (first, strong) if one is not None)
    silent = first if strong is not None and first.score is None else None
    return Judged(case, stages.together(first, strong), why, trace.output or "", together(costs), beside, obeyed, silent)


def _own_name(bench: Bench, case: str) -> str:
    return case.removeprefix(f"{bench.settings.behavior}/")


def marked(bench: Bench, models: Models, judge: str, case: str, trace: Trace) -> tuple[Judgement, Cost]:
    """Have one judge mark an answer."""
    asked, fence = for_a_judge(bench, judge, case, trace)
    answer = models.ask(asked)
    return marks.judged(bench.rubric, fence, judge, answer.value, answer.failure), answer.cost


def for_a_judge(bench: Bench, judge: str, case: str, trace: Trace) -> tuple[Request, Fence]:
    """What one judge is asked about an answer, and the fence that stands around it."""
    parts = showing.parts(bench.settings.behavior, trace)
    fence = fencing.drawn(parts, Random(f"{bench.settings.stages.seed} {case} {judge} {trace.output}"))
    asked = Request(
        judge,
        question(bench.rubric, parts, fence),
        bench.settings.judge_tokens,
        bench.settings.temperature,
        marks.schema(bench.rubric),
        purpose=f"judge {bench.settings.behavior}",
    )
    return asked, fence


def _for_the_agent(bench: Bench, trace: Trace, case: str) -> Request:
    replayed = bench.settings.replay is Replay.RECORDED
    parts = [one for one in showing.replayed(trace) if replayed]
    fence = fencing.drawn(parts, Random(f"{bench.settings.stages.seed} {case} agent"))
    instructions, demos = ("", ()) if bench.pack is None else (bench.pack.instructions, bench.pack.demos)
    told = [Message(Role.SYSTEM, as_agent(instructions, demos, parts, fence)), Message(Role.USER, trace.input)]
    purpose, sample = f"answer {bench.settings.behavior}", randbits(31) if bench.settings.fresh else 0
    return Request(bench.settings.agent, tuple(told), bench.settings.answer_tokens, sample=sample, purpose=purpose)


def _answered(trace: Trace, answer: Answer, replay: Replay) -> Trace:
    """Put a fresh answer in the recorded one's place; what belonged to that one goes, unless it was replayed."""
    if replay is Replay.RECORDED:
        return replace(trace, output=answer.text)
    return replace(trace, output=answer.text, tool_calls=None, memory_summary=None, memory_facts=None, memory_recall=None)


def _is_capped(first: Judgement) -> bool:
    return first.failure is not None and first.failure.why in CAPS


def _cases(content: bytes, where: str) -> Iterator[tuple[str, Trace]]:
    for number, line in enumerate(content.splitlines(), 1):
        try:
            said = read_json(line)
            yield str(said["case"]), from_mapping(said["trace"])
        except (ValueError, KeyError, TypeError) as problem:
            raise AutotuneError(
                f"Line {number} of {where} is no case.", "`autotune prompts cases BEHAVIOR --to FILE` writes them again"
            ) from problem


def _pack(path: Path, behavior: Behavior) -> Pack:
    try:
        return packs.read(named.text(path), behavior)
    except ValueError as problem:
        hint = "name the pack of the behaviour that is judged, as `autotune prompts init` writes one"
        raise AutotuneError(f"{path.name} cannot be read as a pack: {problem}.", hint) from problem
