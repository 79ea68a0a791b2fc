"""`autotune check`: ledger, branch, refs, pins and copies held against each other; it finds, and mends nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from autotune.core import rules
from autotune.core.codec import mapping_in
from autotune.core.config import keys
from autotune.core.config import reading as configuration
from autotune.core.facts import Fact, quoted
from autotune.core.findings import Amiss, Contradiction, Remedy
from autotune.core.ledger import kept_back, replay
from autotune.core.ledger.events import CandidateTaken, Decided, Ran, Result, SegmentOpened, Spent
from autotune.core.ledger.purposes import Purpose
from autotune.core.ledger.scored import mean_of
from autotune.core.model import Arm, Outcome, Status, Verdict
from autotune.core.output.metrics import MetricReader
from autotune.core.stats.noise import median
from autotune.core.tell.snapshot import of_the_log
from autotune.edges import git, ledger, process, worktrees
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.inspect import committed
from autotune.loop.measure.accounting import Account, Disagreement, amiss, chain, contradictions, state_at
from autotune.loop.session import files, folding, logs, sessions, settings
from autotune.loop.session.folding import last_seen
from autotune.loop.session.layout import (
    BENCHMARK_FILE,
    CHECKS_FILE,
    CLIENT_LOG,
    CONFIG_FILE,
    IDEAS_FILE,
    LEDGER,
    NOTES_FILE,
    STATE_FILE,
    Folder,
)


def audit(repository: Repository, folder: Folder) -> tuple[Disagreement, ...]:
    """Give everything that does not agree about a session, the ledger's own findings first; reads, and writes nothing."""
    story = Account()
    found = [*chain(folder, story), *_seen(folder)]
    segments = list(story.of(SegmentOpened))
    if not segments:
        return (*found, amiss(Amiss.NO_OPENING, ledger=str(folder.ledger)))
    tree = _tree(repository, segments[0])
    for look in (_keeps, _baselines, _logs, _unknown_runs, _costs):
        found += look(folder, story)
    for search in (_replayed, *committed.LOOKS):
        found += search(repository, folder, story)
    if git.discover(tree) is None:
        lost = Amiss.TREE_CUT_OFF if tree.is_dir() else Amiss.TREE_GONE
        _, back = sessions.out_of_reach(repository, folder.name, tree, segments[0].branch)
        return (*found, amiss(lost, quoted(back), tree=str(tree)))
    home = tree / segments[0].workdir
    return (
        *found,
        *_gone(home),
        *_copy(folder, home),
        *_scripts(repository, home, segments[-1]),
        *_settings_file(folder, home),
        *_state(folder, home),
    )


def audit_elsewhere(repository: Repository, folder: Folder, story: Account, hashes: Mapping[int, str]) -> tuple[Disagreement, ...]:
    """Give everything that does not agree about a session of which only log, commits and perhaps output are here; `story` is filled.

    `hashes` are those of lines of which something was taken out, by their numbers.
    """
    found = [*chain(folder, story, hashes)]
    if not any(story.of(SegmentOpened)):
        return (*found, amiss(Amiss.NO_OPENING, ledger=LEDGER))
    for look in (_keeps, _baselines, *((_logs,) if (folder.path / logs.RUNS).is_dir() else ())):
        found += look(folder, story)
    for search in (_replayed, *committed.LOOKS):
        found += search(repository, folder, story)
    return tuple(found)


def decided_by_unknown_rules(folder: Folder) -> tuple[Fact, ...]:
    """Give a fact of each segment of which no verdict and no claim was made again, since the rule that it was decided by is not here."""
    story = Account()
    deque(chain(folder, story), maxlen=0)
    return unknown_rules(story)


def unknown_rules(story: Account) -> tuple[Fact, ...]:
    """Give the same of what was read already."""
    unknown = (one for one in story.of(SegmentOpened) if not rules.is_known(one.rule))
    return tuple(Fact(Amiss.RULE_UNKNOWN, {"segment": one.segment, "rule": one.rule, "newer": one.rule > rules.NEWEST}) for one in unknown)


def _tree(repository: Repository, segment: SegmentOpened) -> Path:
    """Give the working tree that has the session's branch checked out, else the one where it was opened."""
    trees = worktrees.checked_out(repository).items()
    return next((tree for tree, branch in trees if branch == segment.branch), Path(segment.tree))


def _seen(folder: Folder) -> Iterator[Disagreement]:
    if last_seen(folder) is None:
        yield amiss(Amiss.POSITION_GONE, Fact(Remedy.NOTED_ANEW_NEXT), path=str(folder.path / "seen.json"))
    for name in ("seen.json", "checkpoint.json"):
        position = last_seen(folder, name)
        if position is None:
            continue
        try:
            ledger.require(folder.ledger, position)
        except AutotuneError:
            yield amiss(Amiss.LEDGER_CUT, line=position.lines)
            return


def _gone(home: Path) -> Iterator[Disagreement]:
    """Name the session's files in the working directory that are not there."""
    names = (LEDGER, STATE_FILE, CONFIG_FILE, NOTES_FILE, IDEAS_FILE)
    if missing := [name for name in names if not (home / name).exists()]:
        yield amiss(Amiss.OWN_FILES_GONE, Fact(Remedy.PUT_BACK_NEXT), folder=str(home), names=missing)


def _copy(folder: Folder, home: Path) -> Iterator[Disagreement]:
    """Compare the ledger with its copy in the working directory, which may lag behind and not differ."""
    copy = home / LEDGER
    if not copy.is_file():
        return
    truth, other = folder.ledger.read_bytes(), copy.read_bytes()
    if kept_back.is_copy(other, truth):
        if files.copy_has_lost_its_end(folder, copy):
            yield amiss(Amiss.COPY_ENDS_EARLY, Fact(Remedy.WRITTEN_ANEW_NEXT), copy=str(copy))
        return
    pairs = zip(truth.splitlines(keepends=True), other.splitlines(keepends=True), strict=False)
    number = next((n for n, (line, copied) in enumerate(pairs, 1) if copied not in (line, kept_back.shown(line))), None)
    places = {"copy": str(copy), "ledger": str(folder.ledger), "aside": str(folder.set_aside)}
    yield amiss(Amiss.COPY_DIFFERS, Fact(Remedy.COMPARE_COPIES, places), copy=str(copy), line=number)


def _keeps(folder: Folder, story: Account) -> Iterator[Disagreement]:  # noqa: ARG001 - one shape for all
    """Every result needs its candidate and verdict, every keep the runs behind it, with the value that they give."""
    candidates = {event.experiment: event for event in story.of(CandidateTaken)}
    verdicts = {event.experiment: event for event in story.of(Decided)}
    metric = {event.segment: event.metric_name for event in story.of(SegmentOpened)}
    settled: set[int] = set()
    for result in story.of(Result):
        if result.baseline:
            continue
        found = partial(amiss, experiment=result.index)
        if result.index in settled:
            yield found(Amiss.RESULT_TWICE)
        settled.add(result.index)
        verdict = verdicts.get(result.index)
        if result.index not in candidates:
            yield found(Amiss.RESULT_WITHOUT_CANDIDATE)
        elif verdict is None:
            yield found(Amiss.RESULT_WITHOUT_VERDICT)
        if result.status is not Status.KEEP:
            continue
        values = _values(story, result.index, metric.get(result.segment, ""))
        if not values and not _has_run(story, result.index):
            yield found(Amiss.KEEP_WITHOUT_RUNS, Fact(Remedy.REVERT))
        elif values and result.metric is not None and not replay.are_alike(result.metric, median(values)):
            yield found(Amiss.KEEP_AGAINST_RUNS, said=result.metric, found=median(values))
        if verdict is not None and verdict.verdict is not Verdict.KEEP and not result.forced:
            yield found(Amiss.KEEP_AGAINST_VERDICT, Fact(Remedy.REVERT), verdict=verdict.verdict)
    missing = {*range(1, max(settled, default=0))} - settled
    yield from (amiss(Amiss.RESULT_MISSING, experiment=number) for number in sorted(missing))


def _baselines(folder: Folder, story: Account) -> Iterator[Disagreement]:  # noqa: ARG001 - one shape for all
    """Every segment's first value is the median of the runs of its baseline."""
    runs: list[Ran] = []
    metric = ""
    for _, event in story.events:
        match event:
            case SegmentOpened():
                runs, metric = [], event.metric_name
            case Ran(purpose=Purpose.BASELINE, outcome=Outcome.OK) if metric in event.metrics:
                runs.append(event)
            case Result(baseline=True, metric=float(said)) if runs and not replay.are_alike(said, found := _middle(runs, metric)):
                yield amiss(Amiss.BASELINE_AGAINST_RUNS, segment=event.segment, said=said, found=found)


def _middle(runs: Sequence[Ran], metric: str) -> float:
    """Give the median of runs, or the mean of all their scores."""
    mean = mean_of([run.metrics for run in runs], metric) if any(run.part for run in runs) else None
    return median([run.metrics[metric] for run in runs]) if mean is None else mean


def _replayed(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Every line has before it what it needs; what is made of other lines is what those give when it is made once more.

    A segment is decided by the rule that it names; where that is not here, `decided_by_unknown_rules` says so.
    """
    for number, wrong in contradictions(repository, story):
        do = {"do": Fact(Remedy.USE_NEWER)} if wrong.kind is Contradiction.NEWER else {}
        yield Disagreement(Fact(Amiss.LINE_CONTRADICTED, {"line": number}, wrong), **do)
    held = folding.checkpoint(folder)
    if held is not None and held[0] != state_at(story, held[1].lines):
        yield amiss(Amiss.CHECKPOINT_DIFFERS, Fact(Remedy.DELETE), path=str(folder.path / "checkpoint.json"))


def _settings_file(folder: Folder, home: Path) -> Iterator[Disagreement]:
    """What autotune.toml says and an edit may not change is what is in force."""
    try:
        state, _ = folding.read_session(folder)
        differing = keys.fixed_differences(state.config, configuration.parse_toml(settings.text_of(home / CONFIG_FILE)))
    except AutotuneError:
        return
    for name in differing:
        back = Fact(Remedy.SETTING_BACK, {"key": name, "command": keys.acceptance([name])})
        yield amiss(Amiss.SETTING_DIFFERS, back, path=str(home / CONFIG_FILE), key=name)


def _unknown_runs(folder: Folder, story: Account) -> Iterator[Disagreement]:
    """What ran belongs to an experiment that the ledger knows: the candidate's line comes before its first run."""
    known = {event.experiment for event in story.of(CandidateTaken)}
    there = logs.experiments(folder.path)
    for number in sorted(there - known):
        yield amiss(Amiss.OUTPUT_OF_UNKNOWN, experiment=number)
    told = {event.log for event in story.of(Ran)}
    for place in logs.places(folder.path):
        where = place.relative_to(folder.path)
        untold = {
            made["number"] for path in place.iterdir() if (made := logs.RUN.fullmatch(path.name)) and str(where / path.name) not in told
        }
        if len(untold) > 1 and int(where.parts[1]) not in there - known:  # one may have been killed before it was told
            yield amiss(Amiss.OUTPUTS_UNTOLD, Fact(Remedy.LINES_ARE_LOST), runs=len(untold), folder=str(place))


def _costs(folder: Folder, story: Account) -> Iterator[Disagreement]:
    """What an agent has cost is told by whoever keeps a client at work, and leaves a log of it."""
    if any(story.of(Spent)) and not (folder.path / CLIENT_LOG).is_file():
        yield amiss(Amiss.COST_OF_NOBODY)


def _has_run(story: Account, experiment: int) -> bool:
    return any(event.experiment == experiment and event.arm is Arm.CANDIDATE and event.part is not None for event in story.of(Ran))


def _values(story: Account, experiment: int, metric: str) -> list[float]:
    """Give a candidate's values; of scored cases none, for `replay` makes the mean of those of the verdict again."""
    runs = (event for event in story.of(Ran) if event.experiment == experiment and event.purpose is Purpose.EXPERIMENT and not event.part)
    return [run.metrics[metric] for run in runs if run.arm is Arm.CANDIDATE and run.outcome is Outcome.OK and metric in run.metrics]


def _logs(folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Every run left its output, in which the values that the ledger has of it are printed."""
    segment, seen = 0, set[str]()
    for number, event in story.events:
        if isinstance(event, SegmentOpened):
            segment, seen = event.segment, set()
        if not isinstance(event, Ran):
            continue
        if event.log in seen:
            yield amiss(Amiss.OUTPUT_SHARED, line=number, log=event.log)
        seen.add(event.log)
        rehearsed = folder.path / logs.of_segment(segment, event.log)
        path = rehearsed if rehearsed.is_file() else folder.path / event.log
        what: dict[str, Any] = {"run": event.number, "experiment": event.experiment, "purpose": event.purpose}
        if not path.is_file():
            yield amiss(Amiss.OUTPUT_GONE, Fact(Remedy.NOT_TO_BE_HELD), **what)
            continue
        output = path.read_bytes()
        if process.is_whole(output) and (name := _unprinted(event, output)) is not None:
            yield amiss(Amiss.VALUE_NOT_PRINTED, metric=name, value=event.metrics[name], **what)


def _unprinted(run: Ran, output: bytes) -> str | None:
    """A metric that the output has other values of alone; two streams may have cut each other's lines, so that absence says nothing."""
    reader = MetricReader()
    reader.feed(output)
    printed = reader.close().printed
    for name, value in run.metrics.items():
        said = printed.get(name)
        if said is not None and not (said.lowest <= value <= said.highest):
            return name
    return None


def _scripts(repository: Repository, home: Path, segment: SegmentOpened) -> Iterator[Disagreement]:
    answer = git.ask(repository.top, "rev-parse", "--verify", "-q", f"{segment.pins}^{{tree}}")
    held = git.tracked(repository.top, segment.pins) if answer.code == 0 else {}
    prefix = f"{segment.workdir}/" if segment.workdir else ""
    for name in (BENCHMARK_FILE, CHECKS_FILE):
        entry = held.get(prefix + name)
        if entry is None:
            continue
        content = git.ask(repository.top, "cat-file", "blob", entry[1]).out
        if not (home / name).is_file() or (home / name).read_bytes() != content:
            yield amiss(Amiss.SCRIPT_DIFFERS, Fact(Remedy.PUT_BACK_OR_ACCEPTED), path=str(home / name))
        elif files.has_lost_its_run_bit(home / name, entry[0]):
            yield amiss(Amiss.NOT_EXECUTABLE, Fact(Remedy.PUT_BACK_NEXT), path=str(home / name))


def _state(folder: Folder, home: Path) -> Iterator[Disagreement]:
    """The quick readers' page is made from the ledger; where it says otherwise somebody edited it."""
    path = home / STATE_FILE
    try:
        said = mapping_in(path.read_bytes())
        state, _ = folding.read_session(folder)
    except (OSError, AutotuneError):
        return
    if said is None:
        return
    summary = of_the_log(state)
    wrong = [key for key in ("segment", "experiments", "keeps", "baseline", "best") if said.get(key) != summary[key]]
    if wrong and said.get("experiments") == summary["experiments"]:
        yield amiss(Amiss.STATE_DIFFERS, Fact(Remedy.DELETE), path=str(path), names=wrong)
