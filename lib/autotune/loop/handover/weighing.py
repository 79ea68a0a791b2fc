"""What each branch gains, measured on it; whether it gains that without the others, and passes the checks."""

from __future__ import annotations

from collections.abc import Sequence

from autotune.core.escaping import escaped
from autotune.core.facts import Fact, Kind
from autotune.core.findings import Answer
from autotune.core.handover import messages
from autotune.core.handover.messages import Measurement
from autotune.core.handover.plan import Standing
from autotune.core.ledger.events import Claimed
from autotune.core.tell.words import told
from autotune.edges import branches, commits
from autotune.errors import AutotuneError
from autotune.loop.handover.making import Made, Start, put_on, stack_below
from autotune.loop.measure import claiming
from autotune.loop.session.session import Session


def weigh(session: Session, made: Sequence[Made], start: Start) -> dict[int, Measurement]:
    """Measure every branch against what it stands on, and without what is below it; gives what was measured by its place.

    What an earlier command measured on a branch that is there is taken as it is. What cannot be measured is told, and left out.
    """
    found: dict[int, Measurement] = {}
    for place, one in enumerate(made):
        if one.standing is Standing.EMPTY:
            continue
        known = None if one.old is None else messages.measured_in(commits.message(session.top, one.old))
        if known is None:
            claim = _claim(session, one.parent, one.commit, one.name)
            known = _measurement(session, made, place, claim, start) if claim.pairs or _failed(claim) else None
        if known is not None:
            found[place] = known
    return found


def _claim(session: Session, first: str, last: str, name: str) -> Claimed:
    session.say(Fact(Answer.BRANCH_MEASURED, {"branch": name}, claiming.ahead(session)))
    claim = claiming.of_branch(session, first, last, name)
    session.append(claim)
    if (why := session.interrupted()) is not None:
        raise AutotuneError(f"Nothing was made: {told(why)}.", "what was measured is on the log; the same command begins again")
    session.say(Fact(Answer.BRANCH_GAINS, {"branch": name}, claim.told(session.state.metric.unit)))
    return claim


def _failed(claim: Claimed) -> bool:
    """Whether there is no claim because the benchmark fails there."""
    return claim.reason.because is not None and claim.reason.because.kind in (Kind.FIRST_STATE_FAILED, Kind.LAST_STATE_FAILED)


def _measurement(session: Session, made: Sequence[Made], place: int, claim: Claimed, start: Start) -> Measurement:
    needs = _needs(session, made, place, start) if claim.improved else ()
    return Measurement(told(claim.told(session.state.metric.unit)), needs, _checked(session, made[place]))


def _checked(session: Session, one: Made) -> str:
    """Say why the checks fail on a branch, where that is not just what they passed on when it was kept."""
    if commits.tree_of(session.top, one.commit) == commits.tree_of(session.top, one.branch.changes[-1].commit):
        return ""
    why = claiming.failing_checks(session, one.parent, one.commit)
    return "" if why is None else escaped(told(why))


def _needs(session: Session, made: Sequence[Made], place: int, start: Start) -> tuple[str, ...]:
    """Name the branches below one without which it gains nothing: all at once first, which mostly answers it, then one after another."""
    under = stack_below(made, place)
    if not under or _gains_upon(session, made, (), place, start):
        return ()
    names = tuple(made[one].name for one in under)
    if len(under) == 1:
        return names
    alone = [(one, tuple(other for other in under if other != one)) for one in under]
    return tuple(made[one].name for one, others in alone if not _gains_upon(session, made, others, place, start)) or names


def _gains_upon(session: Session, made: Sequence[Made], under: Sequence[int], place: int, start: Start) -> bool:
    """Whether a branch's changes gain something upon some others alone; also where they cannot be had without the rest, as is told."""
    states = [start.commit]
    for one in (*under, place):
        content = commits.tree_of(session.top, states[-1])
        for change in made[one].branch.changes:
            content, wrong = put_on(session, content, commits.parents(session.top, change.commit)[0], change.commit)
            if wrong:
                return True
        states.append(branches.commit_like(session.top, content, states[-1], made[one].name, made[one].commit, sign=False))
    claim = _claim(session, states[-2], states[-1], made[place].name)
    return claim.improved or not (claim.pairs or _failed(claim))
