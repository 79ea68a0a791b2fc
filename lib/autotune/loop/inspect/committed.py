"""What git has of a session, held against its log: the branch, what its commits say, snapshots of candidates, pins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from autotune.core.facts import Fact
from autotune.core.findings import Amiss, Remedy
from autotune.core.ledger.events import CandidateTaken, Formatted, Result, SegmentOpened
from autotune.core.model import Status
from autotune.edges import commits, git
from autotune.edges.commits import is_ancestor
from autotune.edges.git import Repository
from autotune.loop.measure.accounting import Account, Disagreement, amiss
from autotune.loop.session.layout import Folder


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the session's branch: its id, first line and trailers."""

    sha: str
    subject: str
    trailers: Mapping[str, str]


def _commits(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Every commit of the branch has its line, and every keep its commit, with the same value and a ledger that went as far."""
    first = next(story.of(SegmentOpened))
    tip = git.resolve(repository.top, f"refs/heads/{first.branch}")
    if tip is None:
        yield amiss(Amiss.BRANCH_GONE, Fact(Remedy.BRANCH_BACK, {"branch": first.branch}), branch=first.branch)
        return
    put_back = Fact(Remedy.BRANCH_PUT_BACK_NEXT, {"branch": first.branch})
    kept = {event.commit: event for event in story.of(Result) if event.status is Status.KEEP and not event.baseline}
    commits = history(repository, f"{first.base}..{tip}")
    if not is_ancestor(repository.top, first.base, tip):
        yield amiss(Amiss.BRANCH_ELSEWHERE, put_back, branch=first.branch, tip=tip)
    for commit in commits:
        result = kept.get(commit.sha)
        if result is not None:
            yield from _trailers(commit, result, story)
        elif not _is_open(commit, folder, story):
            elsewhere = Fact(Remedy.COMMIT_ELSEWHERE, {"commit": commit.sha}, put_back)
            yield amiss(Amiss.COMMIT_OF_OTHERS, elsewhere, commit=commit.sha, subject=commit.subject)
    there = {commit.sha for commit in commits}
    for sha, result in kept.items():
        if sha not in there:
            yield amiss(Amiss.KEEP_OFF_BRANCH, put_back, experiment=result.index, commit=sha)


def _is_open(commit: Commit, folder: Folder, story: Account) -> bool:
    """Whether this is the keep of an experiment that is about to get its result."""
    settled = max((event.index for event in story.of(Result)), default=0)
    taken = max((event.experiment for event in story.of(CandidateTaken)), default=0)
    return taken > settled and commit.trailers.get("Autotune-Experiment") == f"{folder.name}/{taken}"


def _trailers(commit: Commit, result: Result, story: Account) -> Iterator[Disagreement]:
    found = partial(amiss, commit=commit.sha, experiment=result.index)
    said = commit.trailers.get("Autotune-Metric", "").rpartition("=")[2]
    if result.metric is not None and said not in ("", "unknown", f"{result.metric:.12g}"):
        yield found(Amiss.COMMIT_AGAINST_LEDGER, said=said, found=result.metric)
    known = commit.trailers.get("Autotune-Ledger")
    if known is not None and known not in story.hashes:
        yield found(Amiss.COMMIT_OF_OTHER_LEDGER)


def history(repository: Repository, *which: str) -> list[Commit]:
    """Give the commits that `git log` names for some words, the newest first."""
    entries = git.tell(repository.top, "log", "--format=%H%x00%s%x00%(trailers:only,unfold)%x01", *which)
    found = []
    for entry in git.decode_paths(entries.out).split("\x01"):
        sha, _, rest = entry.strip().partition("\0")
        if sha:
            subject, _, trailers = rest.partition("\0")
            pairs = (line.partition(": ") for line in trailers.splitlines())
            found.append(Commit(sha, subject, {name: value.strip() for name, _, value in pairs}))
    return found


def _candidates(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    held = commits.refs(repository.top, folder.ref(""))
    named: list[tuple[str, CandidateTaken | Formatted]] = [(folder.ref(one.experiment), one) for one in story.of(CandidateTaken)]
    for ref, event in (*named, *((folder.ref(f"{one.experiment}.formatted"), one) for one in story.of(Formatted))):
        sha, back = held.get(ref), Fact(Remedy.REF_BACK, {"ref": ref, "commit": event.commit})
        if sha is None:
            yield amiss(Amiss.CANDIDATE_GONE, back, ref=ref, experiment=event.experiment, commit=event.commit)
        elif sha != event.commit:
            yield amiss(Amiss.CANDIDATE_ELSEWHERE, back, ref=ref, experiment=event.experiment, commit=event.commit, found=sha)


def _pins(repository: Repository, folder: Folder, story: Account) -> Iterator[Disagreement]:
    """Every segment's pins are there, each with the content that its name is the hash of."""
    held = commits.refs(repository.top, folder.ref(""))
    for event in story.of(SegmentOpened):
        name = folder.ref(f"pins-{event.segment}")
        if held.get(name) != event.pins:
            back = Fact(Remedy.REF_BACK, {"ref": name, "commit": event.pins})
            yield amiss(Amiss.PINS_ELSEWHERE, back, ref=name, segment=event.segment)
        for kind, figures in _damaged(repository, event.pins):
            yield amiss(kind, Fact(Remedy.BEGIN_AFRESH), segment=event.segment, **figures)


def _damaged(repository: Repository, pins: str) -> Iterator[tuple[Amiss, dict[str, str]]]:
    """Name what of a commit is gone, or is not what its name is the hash of; the path of its list is empty."""
    listed = git.ask(repository.top, "ls-tree", "-r", "-t", "-z", "--full-tree", pins)
    if listed.code != 0:
        yield Amiss.PINS_NOT_READ, {"commit": pins}
        return
    entries = [(path, head.split(" ")[2]) for head, _, path in (one.partition("\t") for one in listed.paths)]
    for path, found in git.damaged(repository.top, [("", pins), *entries]):
        yield Amiss.PIN_GONE if found is None else Amiss.PIN_CHANGED, {"path": path}


LOOKS: tuple[Callable[[Repository, Folder, Account], Iterator[Disagreement]], ...] = (_commits, _candidates, _pins)
