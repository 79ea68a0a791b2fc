"""Records of a canary's time made into the units that decide it: what one coin decided is one unit, however many records it yields.

A record counts where it shows one of the two versions. Others are left out and counted, by why. A unit closes at a time that no score has
a say in, and units count in that order, up to the first that still waits for its judge:

    a user's day    at its end, UTC
    a conversation  a day after its first record; later ones are left out
    a request       at once. What one request of a conversation does to the next is not seen
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from autotune.core.rollout.assigning import Shown, Subject, UnitKind, drawn_by, gets_canary
from autotune.core.rollout.look import Unit

DAY_MS = 86_400_000
PATIENCE_MS = 3 * DAY_MS  # after a unit's end, until which its judge is waited for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Judged(StrEnum):
    """What a judge has made of a record."""

    SCORED = "scored"
    UNSCORED = "unscored"
    PENDING = "pending"
    NOT_MEANT = "not meant"  # the behaviour has nothing to do with it


class LeftOut(StrEnum):
    """Why a record does not count."""

    NO_VERSION = "no version"
    ANOTHER_VERSION = "another version"
    NO_UNIT = "no unit"
    ASTRAY = "astray"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One record: when, whose, which version it shows (None: it cannot show it), what failed in it, and what a judge made of it."""

    id: str
    at_ms: int
    user: str | None
    conversation: str | None
    version: str | None
    failed: frozenset[str] = frozenset()
    judged: Judged = Judged.NOT_MEANT
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a canary is drawn: its version and the control's, salt and share; `kind` where a person has settled what a unit is."""

    canary: str
    control: str
    salt: str
    share: float
    kind: UnitKind | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """The units that count so far, what they are, whether the format threw their coins; how many are open or wait for a judge."""

    kind: UnitKind
    by_format: bool
    closed: tuple[Unit, ...] = ()
    open: int = 0
    waiting: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def day_of(at_ms: int) -> str:
    """The day of a moment, UTC."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).date().isoformat()


def subject_of(one: Exposure, kind: UnitKind) -> Subject | None:
    """What a record is a part of; None where it does not say."""
    match kind:
        case UnitKind.USER_DAY:
            return None if one.user is None else Subject(kind, one.user, day_of(one.at_ms))
        case UnitKind.CONVERSATION:
            return None if one.conversation is None else Subject(kind, one.conversation)
        case _:
            return Subject(kind, one.id)


def units(exposures: Sequence[Exposure], drawn: Drawn, now_ms: int) -> Units:
    """The units of a canary's records, which may come in any order."""
    ordered = sorted(exposures, key=lambda one: (one.at_ms, one.id))
    left: Counter[str] = Counter()
    shown = []
    for one in ordered:
        if one.version in {drawn.canary, drawn.control}:
            shown.append(one)
        else:
            left[LeftOut.NO_VERSION if one.version is None else LeftOut.ANOTHER_VERSION] += 1
    kind, by_format = _kind(shown, drawn)
    grouped = _grouped(shown, drawn, kind, left, by_format=by_format)
    return _closed(grouped, drawn, kind, now_ms, left, by_format=by_format)


def _kind(shown: Sequence[Exposure], drawn: Drawn) -> tuple[UnitKind, bool]:
    """What one coin decided: as a person said, else as the records show."""
    kinds = tuple(UnitKind) if drawn.kind is None else (drawn.kind,)
    records = [
        Shown(one.version == drawn.canary, {kind: subject for kind in kinds if (subject := subject_of(one, kind)) is not None})
        for one in shown
    ]
    found, by_format = drawn_by(drawn.salt, records, drawn.share)
    return (found, by_format) if drawn.kind in {None, found} else (UnitKind(str(drawn.kind)), False)


Grouped = dict[Subject, tuple[bool, list[Exposure]]]


def _grouped(shown: Iterable[Exposure], drawn: Drawn, kind: UnitKind, left: Counter[str], *, by_format: bool) -> Grouped:
    """Records by unit, with its side: the coin's where it was thrown by the format, else that of the first record."""
    found: Grouped = {}
    for one in shown:
        subject, canary = subject_of(one, kind), one.version == drawn.canary
        if subject is None:
            left[LeftOut.NO_UNIT] += 1
            continue
        side = gets_canary(drawn.salt, subject, drawn.share) if by_format else canary
        side, records = found.get(subject, (side, []))
        if canary is not side:
            left[LeftOut.ASTRAY] += 1
        elif records and one.at_ms >= _end(subject, records[0].at_ms):
            left[LeftOut.LATE] += 1
        else:
            records.append(one)
            found[subject] = side, records
    return found


def _end(subject: Subject, first_ms: int) -> int:
    """When a unit closes."""
    match subject.kind:
        case UnitKind.USER_DAY:
            return (first_ms // DAY_MS + 1) * DAY_MS
        case UnitKind.CONVERSATION:
            return first_ms + DAY_MS
        case _:
            return first_ms


def _ended(grouped: Grouped) -> list[tuple[int, str, bool, list[Exposure]]]:
    """Units by when they close: that time, the unit's id, its side and its records."""
    ended = ((_end(subject, records[0].at_ms), subject.id, side, records) for subject, (side, records) in grouped.items())
    return sorted(ended, key=lambda one: one[:2])


def _closed(grouped: Grouped, drawn: Drawn, kind: UnitKind, now_ms: int, left: Counter[str], *, by_format: bool) -> Units:
    """The units in the order in which they closed, up to the first whose judge is waited for."""
    ended = _ended(grouped)
    closed: list[Unit] = []
    waits = done = 0
    for end, _, side, records in ended:
        if end > now_ms:
            break
        done += 1
        waits += bool(waits) or (now_ms < end + PATIENCE_MS and any(one.judged is Judged.PENDING for one in records))
        if not waits:
            closed.append(unit_of(records, drawn.share, canary=side))
    return Units(kind, by_format, tuple(closed), len(ended) - done, waits, dict(left))


def unit_of(records: Sequence[Exposure], share: float, *, canary: bool) -> Unit:
    """What a unit's records come to: the mean of their scores, the share of judged ones without any, all that failed in one of them."""
    scores = [one.score for one in records if one.judged is Judged.SCORED and one.score is not None]
    unscored = sum(one.judged is Judged.UNSCORED for one in records)
    judged = len(scores) + unscored
    return Unit(
        canary,
        share,
        sum(scores) / len(scores) if scores else None,
        frozenset().union(*(one.failed for one in records)),
        unscored / judged if judged else 0.0,
        judged=judged > 0,
    )


def since(exposures: Sequence[Exposure], version: str, now_ms: int) -> tuple[Unit, ...]:
    """The closed units of a version that all get, such as one that was promoted: users' days, else conversations, else requests."""
    shown = sorted((one for one in exposures if one.version == version), key=lambda one: (one.at_ms, one.id))
    grouped: Grouped = {}
    for one in shown:
        subject = next(found for kind in UnitKind if (found := subject_of(one, kind)) is not None)
        grouped.setdefault(subject, (True, []))[1].append(one)
    return tuple(unit_of(records, 1.0, canary=side) for end, _, side, records in _ended(grouped) if end <= now_ms)
