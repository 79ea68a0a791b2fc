"""`autotune verify`: the evidence of a session checked, then its gain measured by runs of which the session's log knows nothing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autotune.core.facts import Fact, Kind
from autotune.core.findings import Answer, Verification
from autotune.core.ledger.events import Claimed
from autotune.core.ledger.state import Spending
from autotune.core.model import Effect
from autotune.edges import commits, git
from autotune.edges.git import Repository
from autotune.edges.ledger import Position
from autotune.edges.signals import ended_in_order
from autotune.errors import AutotuneError
from autotune.loop.candidate import lending
from autotune.loop.experiment import work
from autotune.loop.inspect import auditing, committed, unpacking
from autotune.loop.inspect.unpacking import Bundle
from autotune.loop.measure import claiming, places
from autotune.loop.measure.accounting import Disagreement
from autotune.loop.measure.turns import Interrupted, ended_by
from autotune.loop.session import layout, sessions
from autotune.loop.session.layout import BRANCHES, Folder
from autotune.loop.session.session import Say, Session

_BRANCH = re.compile(rf"refs/(?:heads|remotes/[^/]+)/{BRANCHES}(.+)")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification has found, and why.

    `runs` were made of each of the two states; `checks` tells whether the checks passed on the last one, None where there are none or they
    were not run. `chain` is the hash of the log's last line; where there is no log, the one that the newest kept commit names. `findings`
    are what `check` finds, `notes` what it could not look at.
    """

    session: str
    outcome: Verification
    reason: Fact
    chain: str | None = None
    experiment: int | None = None
    first: str | None = None
    last: str | None = None
    effect: Effect | None = None
    runs: int = 0
    checks: bool | None = None
    findings: tuple[Disagreement, ...] = ()
    notes: tuple[Fact, ...] = ()
    commits: Fact | None = None  # what commits alone say
    cost_usd: float = 0.0  # what its runs say that they have cost, which no log counts


def verify(here: Path, name: str | None, number: int | None, say: Say) -> Verified:
    """Verify a session, or the keep of a number. Nothing is written to the session's log, and nothing of what it says is lifted or spent.

    Raises `AutotuneError` where there is nothing to verify, or a worker has the session.
    """
    repository = sessions.repository_at(here)
    if (alone_there := _branch_without_ledger(repository, name)) is not None:
        return _by_commits(repository, *alone_there)
    repository, chosen, trees = sessions.choose(here, name)
    folder = layout.folder_of(repository, chosen)
    work.refuse_while_measured(folder)
    findings, notes = auditing.audit(repository, folder), auditing.decided_by_unknown_rules(folder)
    if findings:
        because = Fact(Answer.FINDINGS, {"session": chosen, "count": len(findings)})
        return Verified(chosen, Verification.CANNOT_TELL, _cannot_tell(because), findings=findings, notes=notes)
    session = sessions.load(repository, chosen, trees)
    return _verified(session, number, session.position.prev, notes, say)


def ready(bundle: Bundle, number: int | None, agreed: Callable[[Session], bool], *, sandbox: bool) -> Session | Verified:
    """Give the session of a bundle, once somebody has `agreed` to what measuring it runs; else why nobody can tell.

    Raises `AutotuneError` where there is nothing to verify.
    """
    name, chain = bundle.manifest.session, bundle.manifest.chain
    found = Verified(name, Verification.CANNOT_TELL, _cannot_tell(None), chain, number, findings=bundle.findings, notes=bundle.notes)
    if bundle.findings:
        return replace(found, reason=_cannot_tell(Fact(Answer.FINDINGS, {"session": name, "count": len(bundle.findings)})))
    session = unpacking.session_of(bundle, sandbox=sandbox)
    first, last = claiming.states(session, number)
    return session if agreed(session) else replace(found, reason=_cannot_tell(Fact(Answer.NOT_AGREED)), first=first, last=last)


def verify_bundle(bundle: Bundle, session: Session, number: int | None, say: Say) -> Verified:
    """Measure what the session of a bundle, or one keep of it, has gained."""
    unpacking.bring_carried(bundle, session)
    return _verified(session, number, bundle.manifest.chain, bundle.notes, say)


def _verified(session: Session, number: int | None, chain: str, notes: tuple[Fact, ...], say: Say) -> Verified:
    """Measure what a session, or a keep of it, has gained."""
    session.say = say
    first, last = claiming.states(session, number)
    with work.held(session, "verify"), work.in_this_process(session):
        lending.recover(session)
        session.say(claiming.ahead(session))
        if session.state.config.holdout:
            notes = (*notes, Fact(Answer.HOLDOUT_NOT_ASKED))
        asked = Verified(session.name, Verification.CANNOT_TELL, _cannot_tell(None), chain, number, first, last, notes=notes)
        return _measured(session, asked, first, last)


def _cannot_tell(because: Fact | None) -> Fact:
    return Fact(Verification.CANNOT_TELL, because=because)


def _measured(session: Session, asked: Verified, first: str, last: str) -> Verified:
    """Run the checks on the last state, then both states side by side."""
    apart = None
    try:
        with _apart(session) as apart:
            if (why := claiming.failing_checks(apart, first, last)) is not None:
                passed_before = claiming.failing_checks(apart, last, first) is None  # what fails on the first state too shows nothing
                outcome = Verification.NOT_CONFIRMED if passed_before else Verification.CANNOT_TELL
                return replace(asked, outcome=outcome, reason=Fact(outcome, because=why), checks=False)
            asked = replace(asked, checks=True if session.state.config.checks else None)
            claim = claiming.side_by_side(apart, first, last, asked.experiment)
    except (AutotuneError, Interrupted) as error:
        return replace(asked, reason=_cannot_tell(ended_by(error)), cost_usd=_cost_of(apart))
    return replace(_by_claim(session, asked, claim), cost_usd=_cost_of(apart))


def _cost_of(apart: Session | None) -> float:
    """Give what the runs of a verification say that they have cost."""
    return 0.0 if apart is None else apart.state.spending.cost_usd


def _by_claim(session: Session, asked: Verified, claim: Claimed) -> Verified:
    """Give what a claim says of the states that were asked for."""
    if claim.effect is None:
        because = claim.reason.because if claim.reason.kind is Kind.NO_CLAIM else claim.reason
        return replace(asked, reason=_cannot_tell(because))
    outcome = Verification.CONFIRMED if claim.improved else Verification.NOT_CONFIRMED
    reason = replace(claim.told(session.state.metric.unit), kind=outcome)
    return replace(asked, outcome=outcome, reason=reason, effect=claim.effect, runs=claim.pairs)


@contextmanager
def _apart(session: Session) -> Iterator[Session]:
    """Give the session with a log and a measuring worktree of its own, which are gone at the end: what is run leaves nothing with it."""
    for abandoned in places.caches(session)[1:]:
        places.remove_places(session.repository, abandoned)
    opened = session.state.segment.opened
    name = f"{session.name}{layout.APART}{os.getpid()}"
    segment = replace(session.state.segment, opened=replace(opened, session=name))
    folder = Folder(layout.root(session.repository) / f"{layout.OPENING}{session.name}-{os.getpid()}")
    spending = Spending()  # `max_cost_usd` holds for a verification by itself
    state = replace(session.state, segment=segment, claimed=None, experiment=None, spending=spending)
    apart = Session(session.repository, folder, state, Position(), session.say, session.interrupted, beside=session)
    with ended_in_order():
        try:
            folder.path.mkdir(parents=True)
            folder.ledger.touch()
            yield apart
        finally:
            places.remove_places(session.repository, apart.cache)
            shutil.rmtree(folder.path, ignore_errors=True)


def _branch_without_ledger(repository: Repository, name: str | None) -> tuple[str, str] | None:
    """Give name and commit of a session of which only a branch is here: the one named, else the one checked out, else the only one."""
    known, found = layout.names(repository), dict[str, str]()
    for ref, commit in reversed(commits.refs(repository.top, "refs").items()):  # a branch of one's own comes first, and so last here
        if (named := _BRANCH.fullmatch(ref)) is not None:
            found[named[1]] = commit
    current = git.current_branch(repository) or ""
    wanted = name or (current.removeprefix(BRANCHES) if current.startswith(BRANCHES) else None)
    if wanted is None and not known and found:
        if len(found) > 1:
            raise AutotuneError(
                f"This repository has the branches of {len(found)} sessions, and no log of any.",
                f"say which with --session, one of: {', '.join(sorted(found))}",
            )
        wanted = next(iter(found))
    return (wanted, found[wanted]) if wanted in found and wanted not in known else None


def _by_commits(repository: Repository, name: str, tip: str) -> Verified:
    """Say what commits alone say of a session: how far its log had come when they were made."""
    listed = committed.history(repository, "--fixed-strings", f"--grep=Autotune-Experiment: {name}/", tip)
    own = [one for one in listed if one.trailers.get("Autotune-Experiment", "").startswith(f"{name}/")]
    kept = [one for one in own if _HASH.fullmatch(one.trailers.get("Autotune-Ledger", ""))]
    branch, reason = f"{BRANCHES}{name}", _cannot_tell(Fact(Answer.NO_LEDGER))
    if not kept:
        return Verified(name, Verification.CANNOT_TELL, reason, last=tip, commits=Fact(Answer.NO_CHAIN, {"branch": branch}))
    chain = kept[0].trailers["Autotune-Ledger"]
    said = Fact(Answer.CHAIN_OF_COMMITS, {"branch": branch, "keeps": len(kept), "commit": kept[0].sha, "chain": chain})
    return Verified(name, Verification.CANNOT_TELL, reason, chain, last=tip, commits=said)
