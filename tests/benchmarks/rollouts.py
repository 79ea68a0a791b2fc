"""What a rollout gets right, simulated with known truth: 1,000 of each kind, held against the bars of the design.

    python tests/benchmarks/rollouts.py [--count 1000] [--write docs/rollout.md]

A unit's score has a mean of .7 and a spread of .25 where nothing else is said (a beta distribution), 30 % get the canary, 800 units are the
most, and a look is taken after every 50.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]

from tests.benchmarks.bars import Bar, mean  # noqa: E402 - found by the line above

from autotune.core.rollout.assigning import Subject, UnitKind, gets_canary  # noqa: E402
from autotune.core.rollout.exposures import DAY_MS, Drawn, Exposure, Judged, day_of, units  # noqa: E402
from autotune.core.rollout.look import Mode, Policy, Unit, Verdict, begun, counted, looked  # noqa: E402

MEAN, SPREAD, SHARE, UNITS, LOOK, COUNT = 0.7, 0.25, 0.3, 800, 50, 1000
GAIN = Policy(start=MEAN)
NO_HARM = Policy(Mode.NO_HARM, 0.05, start=MEAN)
GUARDED = Policy(ratios={"errors": 1.0}, start=MEAN)


def score(coin: random.Random, middle: float, spread: float = SPREAD) -> float:
    """A score from 0 to 1 with this mean and spread."""
    size = middle * (1 - middle) / spread**2 - 1
    return coin.betavariate(middle * size, (1 - middle) * size)


def traffic(coin: random.Random, effect: float, shown: float = SHARE) -> Iterator[Unit]:
    """Units of a canary with a true effect; `shown` is the share that really gets it."""
    while True:
        canary = coin.random() < shown
        yield Unit(canary, SHARE, score(coin, MEAN + effect * canary))


def ramped(coin: random.Random, total: int = 2000) -> Iterator[Unit]:
    """A share that grows from 5 to 20 to 50 % while all scores rise by .3; the canary does nothing."""
    for number in range(total):
        share = 0.05 if number < total // 3 else 0.2 if number < 2 * total // 3 else 0.5
        yield Unit(coin.random() < share, share, score(coin, 0.5 + 0.3 * number / total))


def unscored(coin: random.Random) -> Iterator[Unit]:
    """The judge leaves bad answers without a score: 20 of 100 of the canary's, 5 of 100 of the others; the canary does nothing."""
    for unit in traffic(coin, 0.0):
        gone = unit.score is not None and unit.score < 0.6 and coin.random() < (0.2 if unit.canary else 0.05) / 0.316
        yield unit._replace(score=None) if gone else unit


def failing(coin: random.Random) -> Iterator[Unit]:
    """Errors in 2 of 100 units, in 12 of 100 of the canary's."""
    for unit in traffic(coin, 0.0):
        yield unit._replace(failed=frozenset({"errors"})) if coin.random() < (0.12 if unit.canary else 0.02) else unit


def steady(coin: random.Random) -> Iterator[Unit]:
    """Errors in 5 of 100 units of both sides."""
    for unit in traffic(coin, 0.0):
        yield unit._replace(failed=frozenset({"errors"})) if coin.random() < 0.05 else unit


def users(coin: random.Random) -> Iterator[Unit]:
    """60 users with scores of their own, who ask some times a day, and are drawn by the format; the canary does nothing."""
    salt = f"{coin.random()}"
    own = [score(coin, MEAN, 0.15) for _ in range(60)]
    seen = []
    for number in range(60 * 14 * 3):
        user, at_ms = coin.randrange(60), number * DAY_MS // 180
        canary = gets_canary(salt, Subject(UnitKind.USER_DAY, f"u{user}", day_of(at_ms)), SHARE)
        worth = min(max(coin.gauss(own[user], 0.2), 0.0), 1.0)
        seen.append(Exposure(f"{number}", at_ms, f"u{user}", None, "new" if canary else "old", frozenset(), Judged.SCORED, worth))
    yield from units(seen, Drawn("new", "old", salt, SHARE), 30 * DAY_MS).closed


def conversations(coin: random.Random) -> Iterator[Unit]:
    """The same users, whose requests are drawn one by one: each is a unit."""
    own = [score(coin, MEAN, 0.15) for _ in range(60)]
    while True:
        yield Unit(coin.random() < SHARE, SHARE, min(max(coin.gauss(coin.choice(own), 0.2), 0.0), 1.0))


class Kind(NamedTuple):
    """One kind of rollout: how its units come, by which rule it is decided, how many units it may have, how often it is looked at."""

    come: Callable[[random.Random], Iterator[Unit]]
    policy: Policy = GAIN
    most: int = UNITS
    every: int = LOOK


def of(effect: float) -> Callable[[random.Random], Iterator[Unit]]:
    """Traffic with this effect."""
    return lambda coin: traffic(coin, effect)


KINDS: dict[str, Kind] = {
    "nothing": Kind(of(0.0)),
    "nothing, looked at after every unit": Kind(of(0.0), every=1),
    "-.05": Kind(of(-0.05)),
    "-.10": Kind(of(-0.10)),
    "+.05": Kind(of(0.05)),
    "+.10": Kind(of(0.10)),
    "no harm: nothing": Kind(of(0.0), NO_HARM),
    "no harm: -.05": Kind(of(-0.05), NO_HARM),
    "no harm: +.05": Kind(of(0.05), NO_HARM),
    "ramped": Kind(ramped, most=2000),
    "unscored": Kind(unscored),
    "misassigned": Kind(lambda coin: traffic(coin, 0.0, 0.2)),
    "failing": Kind(failing, GUARDED),
    "steady failures": Kind(steady, GUARDED),
    "users": Kind(users),
    "requests": Kind(conversations),
}


def fate(name: str, number: int) -> tuple[Verdict, int]:
    """What becomes of one rollout, and after how many units."""
    kind, taken = KINDS[name], 0
    coming, tally = kind.come(random.Random(f"{name} {number}")), begun(kind.policy)
    while taken < kind.most:
        batch = [unit for unit, _ in zip(coming, range(min(kind.every, kind.most - taken)), strict=False)]
        if not batch:
            break
        tally, taken = counted(batch, kind.policy, tally), taken + len(batch)
        if (found := looked(tally, kind.policy).verdict) is not Verdict.WAIT:
            return found, taken
    return Verdict.EXPIRE, taken


def fates(given: tuple[str, int, int]) -> tuple[str, Counter[Verdict], list[int]]:
    """What becomes of some rollouts of a kind."""
    name, start, count = given
    found = [fate(name, number) for number in range(start, start + count)]
    return name, Counter(verdict for verdict, _ in found), [taken for _, taken in found]


class Simulated(NamedTuple):
    """Shares of verdicts, and the mean units, by kind."""

    shares: dict[str, dict[Verdict, float]]
    taken: dict[str, float]


def simulated(count: int) -> Simulated:
    """Simulate all kinds."""
    step = max(count // 8, 1)
    work = [(name, start, min(step, count - start)) for name in KINDS for start in range(0, count, step)]
    found, taken = {name: Counter[Verdict]() for name in KINDS}, {name: list[int]() for name in KINDS}
    with Pool() as pool:
        for name, verdicts, lengths in pool.imap_unordered(fates, work):
            found[name].update(verdicts)
            taken[name] += lengths
    return Simulated(
        {name: {verdict: counts[verdict] / count for verdict in Verdict} for name, counts in found.items()},
        {name: mean(some) for name, some in taken.items()},
    )


def bars(found: Simulated) -> list[Bar]:
    """The rows of the table."""
    promoted = {name: shares[Verdict.PROMOTE] for name, shares in found.shares.items()}
    back = {name: shares[Verdict.ROLL_BACK] for name, shares in found.shares.items()}
    return [
        Bar("no effect: promoted", promoted["nothing"], 0.05),
        Bar("no effect, looked at after every unit: promoted", promoted["nothing, looked at after every unit"], 0.05),
        Bar("no effect: rolled back", back["nothing"], 0.16),
        Bar("worse by .05: promoted", promoted["-.05"], 0.01),
        Bar("worse by .05: rolled back", back["-.05"]),
        Bar("worse by .10: rolled back", back["-.10"], 0.94, at_least=True),
        Bar("worse by .10: units until then, mean", found.taken["-.10"], digits=0),
        Bar("better by .05: promoted", promoted["+.05"]),
        Bar("better by .10: promoted", promoted["+.10"], 0.94, at_least=True),
        Bar("better by .10: units until then, mean", found.taken["+.10"], digits=0),
        Bar("no harm, worse by .05: promoted", promoted["no harm: -.05"], 0.05),
        Bar("no harm, no effect: promoted", promoted["no harm: nothing"]),
        Bar("no harm, better by .05: promoted", promoted["no harm: +.05"], 0.80, at_least=True),
        Bar("no effect, share 5 to 20 to 50 % while scores rise by .3: promoted", promoted["ramped"], 0.072),
        Bar("no effect, 20 % of bad answers unscored against 5 %: promoted", promoted["unscored"], 0.13),
        Bar("shown to 20 % where 30 % is set: void", found.shares["misassigned"][Verdict.VOID], 0.9, at_least=True),
        Bar("no effect: void", found.shares["nothing"][Verdict.VOID], 0.01),
        Bar("errors 12 % against 2 %: rolled back", back["failing"], 0.75, at_least=True),
        Bar("errors 5 % in both: rolled back", back["steady failures"], 0.16),
        Bar("no effect, 60 users for two weeks, drawn by the day: promoted", promoted["users"], 0.05),
        Bar("no effect, 60 users, each request drawn: promoted", promoted["requests"], 0.05),
    ]


def table(rows: list[Bar]) -> str:
    """The rows as a table of the page."""
    lines = ["| of 1,000 rollouts | share | bar | |", "|---|---:|---:|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row.cells())} |" for row in rows)]) + "\n"


def main() -> None:
    """Print the table, and write it into a page."""
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=COUNT)
    options.add_argument("--write", type=Path)
    given = options.parse_args()
    rows = bars(simulated(given.count))
    told = table(rows)
    print(told)
    if given.write is not None:
        before, mark, rest = given.write.read_text("utf-8").partition("<!-- rollouts -->\n")
        given.write.write_text(f"{before}{mark}{told}{rest[rest.index('<!-- /rollouts -->') :]}", "utf-8")
    raise SystemExit(0 if all(row.holds for row in rows) else 1)


if __name__ == "__main__":
    main()
