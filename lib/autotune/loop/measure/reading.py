"""What a run of the benchmark left where `read` says that its metrics are, and what a run is by what can be read of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autotune.core.cases.batch_pairs import Counted
from autotune.core.config.model import Config
from autotune.core.decide import guards
from autotune.core.facts import Fact, Kind, UnreadError
from autotune.core.findings import Unread
from autotune.core.model import Outcome
from autotune.core.output.metrics import RESERVED, MetricReport
from autotune.core.output.outcome import (
    CASES,
    Executed,
    are_ratios,
    cases_of,
    classify,
    combined,
    cost_of,
    measured_samples,
    with_one_value,
)
from autotune.core.output.sources import Source, stem
from autotune.core.trust.patterns import from_top
from autotune.edges import results
from autotune.errors import AutotuneError
from autotune.readers import formats, recognising
from autotune.readers.reading import Document

KEPT_BYTES = 16 * 1024 * 1024  # of each stream, where what is printed is read
MOST_RECORDED = 200  # samples of one run: a ledger is read as a whole, and often
MOST_NAMED = 40  # names that are told of what was read
_ANOTHER = "name another file that the benchmark writes: not tracked, not carried, not made by `setup`"


@dataclass(frozen=True, slots=True)
class Results:
    """What a run is about to leave: in a file below `folder`, or in its output."""

    source: Source
    metric: str
    folder: Path

    @property
    def kept_bytes(self) -> int:
        """How much of each stream has to be held until the run is over; one more than is read, to see that there was more."""
        return 0 if self.source.file else KEPT_BYTES + 1

    def clear(self) -> None:
        """Remove what an earlier run left."""
        if self.source.file:
            results.clear(self.folder, self.source.file)

    def taken(self, finished: Executed) -> Executed:
        """The run with what it left in place of the METRIC lines that it printed."""
        return replace(finished, report=self._report(finished.printed), printed={})

    def _report(self, printed: Mapping[str, bytes]) -> MetricReport:
        name = self.source.file
        try:
            found = results.read(self.folder, name) if name else [*printed.items()]
        except UnreadError as problem:
            return MetricReport(trouble=formats.trouble(self.source, problem.why))
        if found is None:
            return MetricReport(trouble=Fact(Kind.NOT_WRITTEN, {"path": name}))
        if not name and any(len(content) > KEPT_BYTES for _, content in found):
            return MetricReport(trouble=formats.trouble(self.source, Fact(Unread.TOO_LONG, {"most": KEPT_BYTES // 2**20})))
        return formats.report(self.source, self.metric, [Document(*one) for one in found])


def refuse_unfit(top: Path, workdir: str, config: Config, held: Collection[str]) -> None:
    """Refuse to read a file that is not the benchmark's to write: what is read is removed before each run."""
    if not config.results_file:
        return
    name = from_top(config.results_file, workdir)
    if tracked := next((path for path in held if _meet(path, name)), None):
        raise AutotuneError(f"`read` names {name}, but git tracks {tracked}: what is read is removed before each run.", _ANOTHER)
    if carried := next((path for path in config.carry if _meet(from_top(path, workdir), name)), None):
        raise AutotuneError(f"`read` names {name}, but {carried} is carried: each run has to write what is read.", _ANOTHER)
    if config.in_place and os.path.lexists(top / name):
        raise AutotuneError(
            f"{name} is there, and with --in-place it would be removed in your checkout before each run.",
            "move it elsewhere if you need it, or delete it",
        )


def refuse_made(workdir: str, config: Config, settled: Collection[str]) -> None:
    """Refuse to read what stays in the measuring worktree from run to run, since `setup` made it."""
    if not config.results_file:
        return
    name = from_top(config.results_file, workdir)
    if any(_meet(path.rstrip("/"), name) for path in settled):
        raise AutotuneError(f"`read` names {name}, which is made by `setup`: each run has to write what is read.", _ANOTHER)


def how_it_could_be_read(config: Config, output: bytes) -> Fact | None:
    """Say how the output of a benchmark without METRIC lines could be read; None where it is read already, or looks like nothing known."""
    return recognising.recognised(config.benchmark, output) if config.source is None else None


def what_was_found(config: Config, report: MetricReport, output: bytes) -> Fact | None:
    """Say what a run is read as: the metric's cases, what else there is, what was left aside. Where nothing is read: how it could be."""
    if config.source is None:
        return how_it_could_be_read(config, output) if config.measured_from_outside else None
    names = [*report.printed]
    others = dict.fromkeys(one for name in names if (one := stem(name)) != config.metric)
    figures = {
        "format": config.source.format.title,
        "metric": config.metric,
        "cases": [*cases_of(report.samples, config.metric)][:MOST_NAMED] if config.metric not in names else [],
        "others": [*others][:MOST_NAMED],
        "ignored": [[what, count] for what, count in report.ignored],
    }
    return Fact(Kind.WAS_READ, figures)


def recorded(config: Config, samples: Mapping[str, float]) -> Mapping[str, float]:
    """Give which of a run's samples go on the ledger: all, or where a tool has very many, those that decide and what autotune measures."""
    if not config.read or len(samples) <= MOST_RECORDED:
        return samples
    costs = (config.cost_metric,) if config.cost_metric else ()
    deciding = (config.metric, *costs, *(guards.read_guard(text).metric for text in config.guardrails))
    return {
        name: value
        for name, value in samples.items()
        if name.startswith(RESERVED) or any(name == one or name.startswith(f"{one}[") for one in deciding)
    }


def read_as(
    config: Config, finished: Executed, cases: tuple[str, ...], *, ratios: bool | None, given: Sequence[str] = ()
) -> tuple[Outcome, Fact, Mapping[str, float]]:
    """Tell what a run of the benchmark was, and why, with its samples: the metric has to be among them, and those of guardrails.

    `cases` are those of the metric that the runs before had, if any were; `ratios` tells whether they are compared as such, None where that
    is not known yet. `given` are the cases that this run was given.
    """
    own = measured_samples(finished)
    try:
        printed: Mapping[str, float] = finished.report.samples
        if given and config.score_range is not None:
            printed = _of_scores(config, printed, finished.unscored, given)
        elif given:
            printed = _of_cases(config, printed, given, ratios=ratios)
        else:
            printed = with_one_value(config.metric, printed, cases, ratios=ratios is not False)
    except UnreadError as error:
        outcome, why = classify(finished, None)
        if cost := cost_of(finished.report.samples, config.cost_metric):
            own = {config.cost_metric: cost, **own}
        spoilt = (Outcome.UNREADABLE, Fact(Kind.BAD_SAMPLES, because=error.why), own)
        return spoilt if outcome is Outcome.OK else (outcome, why, own)
    outcome, why = classify(finished, None if CASES in printed else config.metric)
    samples = {**printed, **own}
    none_scored = config.score_range is not None and not printed.get(CASES, 1)
    unprinted = None if none_scored else guards.unprinted(config.guardrails, samples)
    if outcome is Outcome.OK and unprinted is not None:
        return Outcome.UNREADABLE, unprinted, samples
    return outcome, why, samples


def _of_cases(config: Config, printed: Mapping[str, float], given: Sequence[str], *, ratios: bool | None) -> dict[str, float]:
    """Give what a run of some cases printed, with one value of the metric and of each guardrail's. A single case need not be named."""
    names = (config.metric, *(guards.read_guard(text).metric for text in config.guardrails))
    samples = _named(names, printed, given)
    for name in names[1:]:
        if name not in printed and all(f"{name}[{case}]" in samples for case in given):
            samples[name] = combined(samples, name, given, logs=False)
    mean = combined(samples, config.metric, given, logs=False)
    if config.cases_count == Counted.TOTAL:
        value = mean * len(given)
    else:
        logs = are_ratios(samples, config.metric, given) if ratios is None else ratios
        value = combined(samples, config.metric, given, logs=True) if logs else mean
    return {**samples, config.metric: value, CASES: float(len(given))}


def _named(names: Sequence[str], printed: Mapping[str, float], given: Sequence[str]) -> dict[str, float]:
    """Give what a run printed; a single case need not be named."""
    alone = {f"{name}[{given[0]}]": printed[name] for name in names if name in printed} if len(given) == 1 else {}
    return {**alone, **printed}


def _of_scores(config: Config, printed: Mapping[str, float], unscored: Mapping[str, str], given: Sequence[str]) -> dict[str, float]:
    """Give what a run of cases that have scores printed, with the mean of the metric and of each guardrail's over the scored ones.

    Raises UnreadError where a case has neither a score nor an UNSCORED line, and where a score is out of the range.
    """
    names = (config.metric, *(guards.read_guard(text).metric for text in config.guardrails))
    samples = _named(names, printed, given)
    left = unscored_of(config, unscored, given)
    scored = [case for case in given if f"{config.metric}[{case}]" in samples]
    if missing := [case for case in given if case not in scored and case not in left]:
        raise UnreadError(Unread.CASE_MISSING, metric=config.metric, case=missing[0])
    low, high = config.score_range or (0.0, 1.0)
    for case in scored:
        if not low <= (value := samples[f"{config.metric}[{case}]"]) <= high:
            raise UnreadError(Unread.OUT_OF_RANGE, metric=config.metric, case=case, value=value, low=low, high=high)
    samples.pop(config.metric, None)
    for name in names if scored else ():
        if name == config.metric or (name not in printed and all(f"{name}[{case}]" in samples for case in scored)):
            samples[name] = combined(samples, name, scored, logs=False)
    return {**samples, CASES: float(len(scored))}


def unscored_of(config: Config, unscored: Mapping[str, str], given: Sequence[str]) -> dict[str, str]:
    """Give why cases got no score, by their ids. A single case need not be named."""
    alone = {given[0]: unscored[config.metric]} if len(given) == 1 and config.metric in unscored else {}
    named = {case: unscored[full] for case in given if (full := f"{config.metric}[{case}]") in unscored}
    return {**alone, **named}


def _meet(one: str, other: str) -> bool:
    """Whether two paths are the same, or one lies in the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def expected(config: Config, folder: Path) -> Results | None:
    """Give what a run in a folder will leave; None where it prints METRIC lines."""
    return None if config.source is None else Results(config.source, config.metric, folder)
