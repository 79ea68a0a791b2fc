"""`autotune check`: ledger, branch, refs, pins and copies held against each other; it finds, and mends nothing."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from autotune.core import config as configuration
from autotune.core import order, replay, rules
from autotune.core.events import (
    CandidateTaken,
    Decided,
    Event,
    Purpose,
    Ran,
    Result,
    SegmentOpened,
    Spent,
    from_line,
)
from autotune.core.metrics import MetricReader
from autotune.core.model import Arm, Outcome, Status, Verdict
from autotune.core.state import State, after, begin
from autotune.core.stats import median
from autotune.core.tell.snapshot import of_the_log
from autotune.edges import git, ledger, process
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop import files, logs, settings
from autotune.loop import session as sessions
from autotune.loop.measuring import policy_for
from autotune.loop.session import (
    BENCHMARK_FILE,
    CHECKS_FILE,
    CLIENT_LOG,
    CONFIG_FILE,
    IDEAS_FILE,
    LEDGER,
    NOTES_FILE,
    STATE_FILE,
    Folder,
    Session,
    last_seen,
)
from autotune.version import version

_TRUTH = "the ledger cannot be trusted from there on: put back a copy that you trust, or `autotune clear` and begin a new session"
_SAME = "nothing of autotune's changes it; `git fsck` may say more, and a new segment (`autotune rebaseline --accept`) begins afresh"


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Something that does not agree, and what to do about it."""

    what: str
    do: str


@dataclass(slots=True)
class Account:
    """What the ledger's lines say, as far as they can be read; `hashes` of its lines, in order, with the line number of each."""

    hashes: dict[str, int] = field(default_factory=dict)
    events: list[tuple[int, Event]] = field(default_factory=list)

    def of(self, kind: type[E]) -> Iterator[E]:
        """The events of one kind, in order."""
        return (event for _, event in self.events if isinstance(event, kind))


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the session's branch: its id, first line and trailers."""

    sha: str
    subject: str
    trailers: Mapping[str, str]


def audit(repository: Repository, folder: Folder) -> tuple[Disagreement, ...]:
    """Give everything that does not agree about a session, the ledger's own findings first; reads, and writes nothing."""
    story = Account()
    found = [*_chain(folder, story), *_seen(folder)]
    segments = list(story.of(SegmentOpened))
    if not segments:
        return (*found, Disagreement(f"{folder.ledger} does not open a session.", _TRUTH))
    tree = _tree(repository, segments[0])
    for look in (_keeps, _baselines, _logs, _unknown_runs, _costs):
        found += look(folder, story)
    for search in (_replayed, _commits, _candidates, _pins):
        found += search(repository, folder, story)
    if git.discover(tree) is None:
        words = "is gone" if not tree.is_dir() else "does not know where the repository is by now"
        _, back = sessions.out_of_reach(repository, folder.name, tree, segments[0].branch)
        return (*found, Disagreement(f"The working tree {tree} {words}.", back))
    home = tree / segments[0].workdir
    return (
        *found,
        *_gone(home),
        *_copy(folder, home),
        *_scripts(repository, home, segments[-1]),
        *_settings_file(folder, home),
        *_state(folder, home),
    )


def decided_by_unknown_rules(folder: Folder) -> tuple[str, ...]:
    """Name each segment of which no verdict and no claim was made again, since the rule that it was decided by is not here."""
    story = Account()
    deque(_chain(folder, story), maxlen=0)
    return tuple(rules.not_made_again(one.segment, one.rule) for one in story.of(SegmentOpened) if not rules.is_known(one.rule))


def _tree(repository: Repository, segment: SegmentOpened) -> Path:
    """Give the working tree that has the session's branch checked out, else the one where it was opened."""
    trees = git.checked_out(repository).items()
    return next((tree for tree, branch in trees if branch == segment.branch), Path(segment.tree))


def _chain(folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Read every line, whatever is wrong with those before, and say where one does not follow from its predecessor."""
    prev = ledger.FIRST
    for number, line in enumerate(folder.ledger.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            yield Disagreement(
                f"Line {number}, the ledger's last, is torn.", "the next command sets it aside; what it said was not settled"
            )
            return
        if _prev_of(line) != prev:
            yield Disagreement(
                f"Line {number} of the ledger does not follow from the line before it: one was changed, removed or added.", _TRUTH
            )
        prev = ledger.digest(line)
        story.hashes[prev] = number
        try:
            event = from_line(line)
        except ValueError as error:
            yield Disagreement(f"Line {number} of the ledger cannot be read: {error}.", _TRUTH)
            continue
        if event is not None:
            story.events.append((number, event))


def _prev_of(line: bytes) -> str | None:
    try:
        return str(json.loads(line)["prev"])
    except (ValueError, KeyError, TypeError):
        return None


def _seen(folder: Folder) -> Iterator[Disagreement]:
    if last_seen(folder) is None:
        yield Disagreement(
            f"{folder.path / 'seen.json'}, by which autotune knows how far the ledger had come, is gone.",
            "the next command writes it anew and says so; whether the ledger was cut off before cannot be told from it any more",
        )
    for name in ("seen.json", "checkpoint.json"):
        position = last_seen(folder, name)
        if position is None:
            continue
        try:
            ledger.require(folder.ledger, position)
        except AutotuneError:
            yield Disagreement(
                f"The ledger was rewritten or cut off: its line {position.lines} is not the one that autotune last saw there.", _TRUTH
            )
            return


def _gone(home: Path) -> Iterator[Disagreement]:
    """Name the session's files in the working directory that are not there."""
    names = (LEDGER, STATE_FILE, CONFIG_FILE, NOTES_FILE, IDEAS_FILE)
    if missing := [name for name in names if not (home / name).exists()]:
        yield Disagreement(
            f"In {home}, {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} gone.", "the next command puts back what is gone"
        )


def _copy(folder: Folder, home: Path) -> Iterator[Disagreement]:
    """Compare the ledger with its copy in the working directory, which may lag behind and not differ."""
    copy = home / LEDGER
    if not copy.is_file():
        return
    truth, other = folder.ledger.read_bytes(), copy.read_bytes()
    if truth.startswith(other):
        if files.copy_has_lost_its_end(folder, copy):
            yield Disagreement(f"The ledger's copy {copy} has lost its end.", "the next command writes it anew")
        return
    number = next((n for n, pair in enumerate(zip(truth.splitlines(), other.splitlines(), strict=False), 1) if pair[0] != pair[1]), None)
    where = f"from line {number} on" if number else "for the copy has more lines"
    yield Disagreement(
        f"The ledger and its copy {copy} differ, {where}: one of them was rewritten.",
        f"compare them (`diff {copy} {folder.ledger}`); the next command writes the copy anew and keeps this one in {folder.set_aside}",
    )


def _keeps(folder: Folder, story: Account) -> Iterator[Disagreement]:  # noqa: ARG001 - one shape for all
    """Every result needs its candidate and verdict, every keep the runs behind it, with the value that they give."""
    candidates = {event.experiment: event for event in story.of(CandidateTaken)}
    verdicts = {event.experiment: event for event in story.of(Decided)}
    metric = {event.segment: event.metric_name for event in story.of(SegmentOpened)}
    settled: set[int] = set()
    for result in story.of(Result):
        if result.baseline:
            continue
        what = f"Experiment {result.index}"
        if result.index in settled:
            yield Disagreement(f"{what} has two results.", _TRUTH)
        settled.add(result.index)
        verdict = verdicts.get(result.index)
        if result.index not in candidates or verdict is None:
            yield Disagreement(
                f"{what} has a result and no {'candidate' if result.index not in candidates else 'verdict'} before it.", _TRUTH
            )
        if result.status is not Status.KEEP:
            continue
        values = _values(story, result.index, metric.get(result.segment, ""))
        if not values:
            yield Disagreement(f"{what} is a keep, and no run of its candidate is on the ledger.", "take its commit back with `git revert`")
        elif result.metric is not None and not replay.are_alike(result.metric, median(values)):
            yield Disagreement(f"{what} is a keep at {result.metric:g}, but its runs give {median(values):g}.", _TRUTH)
        if verdict is not None and verdict.verdict is not Verdict.KEEP and not result.forced:
            yield Disagreement(f"{what} is a keep, but its verdict is {verdict.verdict}.", "take its commit back with `git revert`")
    yield from (Disagreement(f"Experiment {number} is missing among the results.", _TRUTH) for number in _gaps(settled))


def _baselines(folder: Folder, story: Account) -> Iterator[Disagreement]:  # noqa: ARG001 - one shape for all
    """Every segment's first value is the median of the runs of its baseline."""
    values: list[float] = []
    metric = ""
    for _, event in story.events:
        match event:
            case SegmentOpened():
                values, metric = [], event.metric_name
            case Ran(purpose=Purpose.BASELINE, outcome=Outcome.OK) if metric in event.metrics:
                values.append(event.metrics[metric])
            case Result(baseline=True, metric=float(said)) if values and not replay.are_alike(said, median(values)):
                yield Disagreement(f"Segment {event.segment} has a baseline of {said:g}, but its runs give {median(values):g}.", _TRUTH)


def _replayed(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Every line has before it what it needs; what is made of other lines is what those give when it is made once more.

    A segment is decided by the rule that it names; where that is not here, `not_made_again` says so.
    """
    yield from (Disagreement(f"Line {number} of the ledger {wrong}.", _TRUTH) for number, wrong in _contradictions(repository, story))
    held = sessions.checkpoint(folder)
    if held is not None and held[0] != _state_at(story, held[1].lines):
        yield Disagreement(
            f"{folder.path / 'checkpoint.json'} has another state than the ledger gives.", "delete it; it is made anew by the next command"
        )


def _state_at(story: Account, line: int) -> State | None:
    """Give what the lines up to one amount to."""
    state: State | None = None
    with suppress(AutotuneError, ValueError):
        for number, event in story.events:
            if number <= line:
                state = after(state, event) if state is not None else begin(event) if isinstance(event, SegmentOpened) else None
    return state


def _contradictions(repository: Repository, story: Account) -> Iterator[tuple[int, str]]:
    """Give the number of each line that cannot be what it says, and what is wrong with it."""
    state: State | None = None
    runs: dict[Purpose, list[Ran]] = {}
    for number, event in story.events:
        if isinstance(event, SegmentOpened):
            runs = {}
        if isinstance(event, Ran) and event.outcome is Outcome.OK:
            runs.setdefault(event.purpose, []).append(event)
        try:
            if state is None:
                state = begin(event) if isinstance(event, SegmentOpened) else None
                continue
            same = state.segment.opened.version == version()
            wrong = order.misplaced(state, event, runs) if same else None
            wrong = wrong or replay.contradiction(state, event, runs, partial(policy_for, repository.top), same_version=same)
            state = after(state, event)
            runs = {purpose: made for purpose, made in runs.items() if purpose not in order.uses(event)}
        except (AutotuneError, ValueError, KeyError) as error:
            yield number, f"does not fit what came before it: {error}"
            return
        if wrong is not None:
            yield number, f"has {wrong}"


def set_aside_forged(session: Session) -> None:
    """Set aside what came to the ledger since autotune wrote to it last, from the first line on that nothing made; words stay.

    A command that was killed before it noted how far it had come leaves such lines too, but they have before them what they need.
    """
    seen = last_seen(session.folder)
    if seen is None or session.position.offset <= seen.offset:
        return
    try:
        came = [from_line(line) for line, _ in ledger.read(session.folder.ledger, seen)]
    except (AutotuneError, ValueError):
        return  # whatever reads it says so
    if all(isinstance(event, (Ran, *order.WORDS)) for event in came):
        return
    story = Account()
    deque(_chain(session.folder, story), maxlen=0)
    wrong = next((found for found in _contradictions(session.repository, story) if found[0] > seen.lines), None)
    if wrong is not None:
        session.take_back(*wrong)


def _settings_file(folder: Folder, home: Path) -> Iterator[Disagreement]:
    """What autotune.toml says and an edit may not change is what is in force."""
    try:
        state, _ = sessions.read_session(folder)
        differing = configuration.fixed_differences(state.config, configuration.parse_toml(settings.text_of(home / CONFIG_FILE)))
    except AutotuneError:
        return
    for name in differing:
        yield Disagreement(
            f"{home / CONFIG_FILE} has another {name} than is in force.",
            f"put it back (`autotune config get {name}` has it), or let a person accept it with `{configuration.acceptance([name])}`",
        )


def _unknown_runs(folder: Folder, story: Account) -> Iterator[Disagreement]:
    """What ran belongs to an experiment that the ledger knows: the candidate's line comes before its first run."""
    known = {event.experiment for event in story.of(CandidateTaken)}
    there = logs.experiments(folder.path)
    for number in sorted(there - known):
        yield Disagreement(f"There is output of runs of experiment {number}, of which the ledger has no line.", _TRUTH)
    told = {event.log for event in story.of(Ran)}
    for place in logs.places(folder.path):
        where = place.relative_to(folder.path)
        untold = {
            made["number"] for path in place.iterdir() if (made := logs.RUN.fullmatch(path.name)) and str(where / path.name) not in told
        }
        if len(untold) > 1 and int(where.parts[1]) not in there - known:  # one may have been killed before it was told
            yield Disagreement(
                f"There is output of {len(untold)} runs in {place}, of which the ledger has no line.",
                "their lines were removed, or lost with the machine's power; a claim that they spoke against would be gone with them",
            )


def _costs(folder: Folder, story: Account) -> Iterator[Disagreement]:
    """What an agent has cost is told by whoever keeps a client at work, and leaves a log of it."""
    if any(story.of(Spent)) and not (folder.path / CLIENT_LOG).is_file():
        yield Disagreement("The ledger has what an agent cost, and no client was kept at work here.", _TRUTH)


def _gaps(numbers: set[int]) -> list[int]:
    return [number for number in range(1, max(numbers, default=0)) if number not in numbers]


def _values(story: Account, experiment: int, metric: str) -> list[float]:
    runs = (event for event in story.of(Ran) if event.experiment == experiment and event.purpose is Purpose.EXPERIMENT)
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
            yield Disagreement(f"Line {number} of the ledger has a run with the output of another run, {event.log}.", _TRUTH)
        seen.add(event.log)
        rehearsed = folder.path / logs.of_segment(segment, event.log)
        path = rehearsed if rehearsed.is_file() else folder.path / event.log
        what = f"run {event.number} of {_of_what(event)}"
        if not path.is_file():
            yield Disagreement(
                f"The output of {what} is gone.", "what the ledger says of it can no longer be held against what was printed"
            )
            continue
        output = path.read_bytes()
        if process.is_whole(output) and (name := _unprinted(event, output)) is not None:
            yield Disagreement(f"The ledger has {name}={event.metrics[name]:g} of {what}, which its output does not say.", _TRUTH)


def _of_what(run: Ran) -> str:
    if run.experiment:
        return f"experiment {run.experiment}"
    return {Purpose.BASELINE: "the baseline", Purpose.CLAIM: "a claim"}.get(run.purpose, f"a {run.purpose}")


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


def _commits(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Every commit of the branch has its line, and every keep its commit, with the same value and a ledger that went as far."""
    first = next(story.of(SegmentOpened))
    tip = git.resolve(repository.top, f"refs/heads/{first.branch}")
    if tip is None:
        yield Disagreement(f"The branch {first.branch} is gone.", f"`git branch {first.branch} COMMIT`, with the last keep's commit")
        return
    kept = {event.commit: event for event in story.of(Result) if event.status is Status.KEEP and not event.baseline}
    commits = _history(repository, first.base, tip)
    if not git.is_ancestor(repository.top, first.base, tip):
        yield Disagreement(
            f"The branch {first.branch} was moved to {tip[:12]}, which the session did not begin from.", _next_puts_back(first.branch)
        )
    for commit in commits:
        result = kept.get(commit.sha)
        if result is not None:
            yield from _trailers(commit, result, story)
        elif not _is_open(commit, folder, story):
            yield Disagreement(
                f"Commit {commit.sha[:12]} ({commit.subject[:60]}) is on the branch, and autotune did not make it as it is.",
                f"if it is yours, keep it elsewhere: `git branch mine {commit.sha[:12]}`; {_next_puts_back(first.branch)}",
            )
    there = {commit.sha for commit in commits}
    for sha, result in kept.items():
        if sha not in there:
            yield Disagreement(
                f"Experiment {result.index} was kept as {sha[:12]}, which is not on the branch.", _next_puts_back(first.branch)
            )


def _next_puts_back(branch: str) -> str:
    return f"the next command that measures puts {branch} back to what was kept, says so, and keeps what it finds under refs/autotune"


def _is_open(commit: Commit, folder: Folder, story: Account) -> bool:
    """Whether this is the keep of an experiment that is about to get its result."""
    settled = max((event.index for event in story.of(Result)), default=0)
    taken = max((event.experiment for event in story.of(CandidateTaken)), default=0)
    return taken > settled and commit.trailers.get("Autotune-Experiment") == f"{folder.name}/{taken}"


def _trailers(commit: Commit, result: Result, story: Account) -> Iterator[Disagreement]:
    what = f"Commit {commit.sha[:12]} (experiment {result.index})"
    said = commit.trailers.get("Autotune-Metric", "").rpartition("=")[2]
    if result.metric is not None and said not in ("", "unknown", f"{result.metric:.12g}"):
        yield Disagreement(f"{what} says {said}, the ledger {result.metric:.12g}.", _TRUTH)
    known = commit.trailers.get("Autotune-Ledger")
    if known is not None and known not in story.hashes:
        yield Disagreement(f"{what} was made when the ledger had a line that it has no longer: the ledger was rewritten before it.", _TRUTH)


def _history(repository: Repository, base: str, tip: str) -> list[Commit]:
    entries = git.tell(repository.top, "log", "--format=%H%x00%s%x00%(trailers:only,unfold)%x01", f"{base}..{tip}")
    found = []
    for entry in git.decode_paths(entries.out).split("\x01"):
        sha, _, rest = entry.strip().partition("\0")
        if sha:
            subject, _, trailers = rest.partition("\0")
            pairs = (line.partition(": ") for line in trailers.splitlines())
            found.append(Commit(sha, subject, {name: value.strip() for name, _, value in pairs}))
    return found


def _candidates(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    held = git.refs(repository.top, folder.ref(""))
    for event in story.of(CandidateTaken):
        sha = held.get(folder.ref(event.experiment))
        if sha != event.commit:
            found = "gone" if sha is None else f"{sha[:12]}"
            yield Disagreement(
                f"{folder.ref(event.experiment)} is {found}, but experiment {event.experiment} measured {event.commit[:12]}.",
                f"`git update-ref {folder.ref(event.experiment)} {event.commit}` if that commit is still there",
            )


def _pins(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Every segment's pins are there, each with the content that its name is the hash of."""
    held = git.refs(repository.top, folder.ref(""))
    for event in story.of(SegmentOpened):
        name = folder.ref(f"pins-{event.segment}")
        if held.get(name) != event.pins:
            yield Disagreement(
                f"{name} does not point at what segment {event.segment} was measured with.", f"`git update-ref {name} {event.pins}`"
            )
        for what in _damaged(repository, event.pins):
            yield Disagreement(f"Of what segment {event.segment} is measured with, {what}.", _SAME)


def _damaged(repository: Repository, pins: str) -> Iterator[str]:
    """Name what of a commit is gone, or is not what its name is the hash of."""
    listed = git.ask(repository.top, "ls-tree", "-r", "-t", "-z", "--full-tree", pins)
    if listed.code != 0:
        yield f"the list {pins[:12]} cannot be read"
        return
    entries = [(path, head.split(" ")[2]) for head, _, path in (one.partition("\t") for one in listed.paths)]
    for path, found in git.damaged(repository.top, [("the list itself", pins), *entries]):
        yield f"{path} is gone" if found is None else f"{path} has another content than was pinned"


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
            yield Disagreement(
                f"{home / name} is not what the segment is measured with.",
                "the next command puts it back and keeps this one; a person accepts it with `autotune rebaseline --accept`",
            )
        elif files.has_lost_its_run_bit(home / name, entry[0]):
            yield Disagreement(f"{home / name} has lost its run bit.", "the next command puts it back")


def _state(folder: Folder, home: Path) -> Iterator[Disagreement]:
    """The quick readers' page is made from the ledger; where it says otherwise somebody edited it."""
    path = home / STATE_FILE
    try:
        said = json.loads(path.read_bytes())
        state, _ = sessions.read_session(folder)
    except (OSError, ValueError, AutotuneError):
        return
    summary = of_the_log(state)
    wrong = [key for key in ("segment", "experiments", "keeps", "baseline", "best") if said.get(key) != summary[key]]
    if wrong and said.get("experiments") == summary["experiments"]:
        yield Disagreement(
            f"{path} has another {' and '.join(wrong)} than the ledger.", "delete it; it is written anew by the next command"
        )
