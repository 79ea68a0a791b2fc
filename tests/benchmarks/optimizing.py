"""Whole runs of the search for a better pack, on worlds whose truth is known: what is found, what is kept wrongly, what it takes.

    python tests/benchmarks/optimizing.py [--runs 1000] [--engine own|gepa] [--world 0.2]

A run is what `prompts optimize` does: a search on 20 cases to select by, six proposals, up to two finalists confirmed by the session's rule
on users that no proposer sees, 416 : 1 or more by the uses of these. A world has phrases that help, harm or do nothing, each by chance more
in some cases than in others. Answers are drawn once for a pack and a case, and judged with noise. Runs on one pool of users follow each
other until the pool is spent, or a pack is kept.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "lib")]

from autotune.core.cases.confirming import PLANNED, Count, needed
from autotune.core.cases.scores import START, Asked, judged, tallied
from autotune.core.cases.units import Unit
from autotune.core.model import Verdict
from autotune.core.search import search as steps
from autotune.core.search.model import Evaluate, Plan, Search, Texts

SELECT, READ, PROPOSALS, FINALISTS, LOOK = 20, 20, 6, 2, 8
SD_OF_CASE, SD_OF_PHRASE, SD_OF_JUDGE, EACH = 0.15, 0.15, 0.15, 2
PHRASES = 30


@dataclass(frozen=True)
class World:
    """The truth: what each phrase does on average, and how many users decide."""

    effects: tuple[float, ...]
    users: int
    number: int

    def score(self, texts: Texts, case: str, *, luck: bool = True) -> float:
        """The score of an answer with a pack, which is the same whenever it is asked for."""
        said = " ".join(texts.values()).split()
        chance = Random(f"{self.number} {case}")
        value = 0.5 + chance.gauss(0, SD_OF_CASE)
        for word in dict.fromkeys(said):
            own = Random(f"{self.number} {word} {case}")
            value += self.effects[int(word)] + own.gauss(0, SD_OF_PHRASE)
        noise = Random(f"{self.number} {' '.join(said)} {case}").gauss(0, SD_OF_JUDGE) if luck else 0.0
        return min(1.0, max(0.0, value + noise))

    def propose(self, texts: Texts, name: str, seed: str) -> str:
        """One of the phrases, added."""
        return f"{texts[name]} {Random(f'{self.number} {seed}').randrange(PHRASES)}".strip()

    def truth(self, texts: Texts) -> float:
        """What a pack gains on average, the ends of the scale left out."""
        said = dict.fromkeys(" ".join(texts.values()).split())
        return sum(self.effects[int(word)] for word in said)


def by_own(world: World, plan: Plan) -> Search:
    """Our search."""
    search = steps.begun(plan, {"instructions": "", "demos": ""})
    while (step := steps.due(search)) is not None:
        texts = search.candidates[step.candidate].texts
        if isinstance(step, Evaluate):
            search = steps.scored(search, step.candidate, {case: world.score(texts, case) for case in step.cases})
        else:
            search = steps.proposed(search, world.propose(texts, step.text, f"{plan.seed} {search.round}"))
    return search


def by_gepa(world: World, plan: Plan) -> Search:
    """gepa's search, with what our runs give it."""
    from autotune.prompts import engines

    count = iter(range(10**6))
    return engines.by_gepa(
        plan,
        {"instructions": "", "demos": ""},
        (),
        lambda texts, cases: {case: world.score(texts, case) for case in cases},
        lambda texts, _, name: world.propose(texts, name, f"{plan.seed} {next(count)}"),
    )


ENGINES = {"own": by_own, "gepa": by_gepa}


@dataclass(frozen=True)
class Came:
    """What came of a run: the true gain of what was kept (None: nothing was), confirmations, evaluations, the best that was tried."""

    kept: float | None
    confirmed: int
    evaluations: int
    best: float


def run(world: World, seed: int, uses: int, engine: str) -> Came:
    """One run, on a pool that has confirmed so often."""
    plan = Plan(
        seed, tuple(f"r{number}" for number in range(READ)), tuple(f"s{seed % 3}-{number}" for number in range(SELECT)), proposals=PROPOSALS
    )
    search = ENGINES[engine](world, plan)
    spent = sum(len(one.scores) for one in search.candidates)
    base, best = search.candidates[0].texts, max(world.truth(one.texts) for one in search.candidates)
    for place, number in enumerate(steps.finalists(search)[:FINALISTS]):
        if uses + place >= PLANNED:
            return Came(None, place, spent, best)
        found, took = confirmed(world, base, search.candidates[number].texts, f"{seed} {place}", Count(place + 1), Count(uses + place + 1))
        spent += took
        if found:
            return Came(world.truth(search.candidates[number].texts), place + 1, spent, best)
    return Came(None, min(len(steps.finalists(search)), FINALISTS), spent, best)


def confirmed(world: World, base: Texts, texts: Texts, order: str, session: Count, pool: Count) -> tuple[bool, int]:
    """Whether the session's rule keeps a pack, and how many evaluations that took."""
    users = list(range(world.users))
    Random(f"order {order}").shuffle(users)
    asked, tally = Asked(needed(session, pool)), START
    for start in range(0, len(users), LOOK):
        batch = users[start : start + LOOK]
        tally = tallied([_unit(world, base, texts, user) for user in batch], asked, tally)
        found = judged(tally, asked, len(users) - tally.units)
        if found.verdict is not Verdict.MEASURE_AGAIN:
            return found.verdict is Verdict.KEEP, 2 * EACH * tally.units
    raise AssertionError


def _unit(world: World, base: Texts, texts: Texts, user: int) -> Unit:
    gains = [world.score(texts, f"c{user}-{each}") - world.score(base, f"c{user}-{each}") for each in range(EACH)]
    gain = math.fsum(gains) / EACH
    return Unit(gain, 0.0, gain)


def effects(kind: str, number: int) -> tuple[float, ...]:
    """What phrases do in a world of a kind: nothing, harm, or one in six helps by so much."""
    chance = Random(f"{kind} {number}")
    if kind == "nothing":
        return (0.0,) * PHRASES
    if kind == "harm":
        return tuple(-abs(chance.gauss(0, 0.08)) for _ in range(PHRASES))
    size = float(kind)
    return tuple(size if place % 6 == 0 else -size if place % 6 == 1 else 0.0 for place in range(PHRASES))


@dataclass
class Row:
    """A kind of world, over many runs."""

    kind: str
    users: int
    runs: int = 0
    pools: int = 0
    kept: int = 0
    wrong: int = 0
    pools_wrong: int = 0
    gained: float = 0.0
    best: float = 0.0
    evaluations: int = 0


def measured(kind: str, users: int, runs: int, engine: str) -> Row:
    """Runs on one pool after another, each until it is spent or has kept something."""
    row, number = Row(kind, users), 0
    while row.runs < runs:
        number += 1
        world, uses = World(effects(kind, number), users, number), 0
        row.pools += 1
        for seed in range(10**6):
            came = run(world, seed, uses, engine)
            uses += came.confirmed
            row.runs += 1
            row.evaluations += came.evaluations
            row.best += came.best
            if came.kept is not None:
                row.kept += 1
                row.gained += came.kept
                row.wrong += came.kept <= 0
                row.pools_wrong += came.kept <= 0
            if came.kept is not None or uses >= PLANNED or row.runs >= runs or kind[0] == "0":
                break
    return row


WORLDS = (("nothing", 60), ("nothing", 120), ("harm", 120), ("0.1", 120), ("0.2", 60), ("0.2", 120), ("0.3", 60))
WORDS = {"nothing": "no phrase does anything", "harm": "every phrase harms"}


def table(rows: Mapping[tuple[str, int], Row]) -> Iterator[str]:
    """The figures as a table."""
    yield "| world | users that decide | runs | keep a pack | no better | pools with one no better | gain kept | evaluations a run |"
    yield "|---|---|---|---|---|---|---|---|"
    for (kind, users), row in rows.items():
        words = WORDS.get(kind, f"one phrase in six helps by {kind}, one harms")
        gained = f"{row.gained / row.kept:+.2f}" if row.kept else "-"
        pools = f"{100 * row.pools_wrong / row.pools:.1f} % of {row.pools}" if kind in WORDS else "-"
        share = f"{100 * row.kept / row.runs:.1f} %"
        yield f"| {words} | {users} | {row.runs} | {share} | {row.wrong} | {pools} | {gained} | {row.evaluations / row.runs:.0f} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--engine", choices=sorted(ENGINES), default="own")
    parser.add_argument("--world", help="one kind alone")
    given = parser.parse_args()
    begun = time.monotonic()
    rows = {(kind, users): measured(kind, users, given.runs, given.engine) for kind, users in WORLDS if given.world in {None, kind}}
    print("\n".join(table(rows)))
    print(f"\n{given.engine}, {time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
