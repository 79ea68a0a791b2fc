"""What tuning a skill's description gets right, in a world whose truth is known: simulated sessions, put through the routing rule itself.

    python tests/benchmarks/skills_world.py [--write docs/skills.md] [--sessions 1000]

prints a table of bars and exits with 1 where one fails. Every seed is fixed, so the table is the same on every machine.

The host fires by a function of descriptions, query and siblings (`tests/skills/world.py`); some of its answers are blind. A session tries
five descriptions on 40 + 40 queries, each put three times to both; looks come after every four couples. The miner's part reads simulated
conversations, in which some of the prompts that were missed are followed by a correction, or by the skill's name.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

if __name__ == "__main__":
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root / "lib"), str(root)]

from tests.benchmarks.bars import Bar, mean
from tests.skills import world

from autotune.core.cases.confirming import PLANNED_OF_SIDED, Count, needed
from autotune.core.cases.scores import MARGIN, START, Asked, judged, tallied
from autotune.core.cases.units import Unit
from autotune.core.model import Verdict
from autotune.core.skills.mining import mined
from autotune.core.skills.seen import How, Offer, Shown
from autotune.core.skills.turns import Fired, Turn

MARKERS = "<!-- skills world -->", "<!-- /skills world -->"
SAMPLES, COUPLES, LOOK = 3, 40, 4
TRIED = PLANNED_OF_SIDED
NOISES = (0.0, 0.1, 0.3)

TOPIC = ("release", "notes", "changelog", "version", "shipped", "announcement", "highlights", "upgrade")
SIBLINGS = {
    "charts": "Draw charts, plots and diagrams of numbers, trends and shares.",
    "mail": "Write and send mail, replies and invitations to customers.",
    "deploy": "Roll out builds to servers, staging and production.",
}
OTHERS = ("charts", "plots", "diagrams", "numbers", "mail", "replies", "customers", "servers", "staging", "builds", "production", "trends")
FILLERS = ("quickly", "again", "monday", "everyone", "carefully", "short", "team", "details", "draft", "first", "thing", "tonight")

INCUMBENT = "Write release notes and a changelog of a version."
BETTER = f"{INCUMBENT} Also what was shipped, an announcement, highlights, an upgrade."
SOMEWHAT_BETTER = f"{INCUMBENT} Also highlights."
WORSE = "Write notes of a version."
GREEDY = f"{BETTER} Also charts, plots, diagrams, numbers, mail, replies, customers, servers, staging, builds, production, trends."
SAME = (
    "Of a version: a changelog and release notes. Write!",
    "Write the changelog and the release notes of a version.",
    "Use it to write notes of a release: a changelog of a version.",
    "A version, a release, notes, a changelog: write.",
    INCUMBENT,
)


def query(coin: random.Random, *, fits: bool) -> str:
    """Something said: words of the topic, or of the siblings' with perhaps one of the topic, among words that say nothing."""
    of_topic, of_others = (coin.randint(2, 3), 0) if fits else (coin.random() < 0.4, coin.randint(2, 3))
    said = [*coin.sample(TOPIC, int(of_topic)), *coin.sample(OTHERS, of_others), *coin.sample(FILLERS, coin.randint(1, 3))]
    coin.shuffle(said)
    return " ".join(said)


@lru_cache(100_000)
def chance(description: str, said: str, noise: float) -> float:
    """How likely the skill is to fire."""
    return world.chances({"notes": description, **SIBLINGS}, said, noise)["notes"]


def difference(coin: random.Random, said: str, incumbent: str, candidate: str, noise: float) -> float:
    """By how much more often a query fires with the candidate, as a share of the samples."""
    rates = [chance(text, said, noise) for text in (candidate, incumbent)]
    counts = [sum(coin.random() < rate for _ in range(SAMPLES)) for rate in rates]
    return (counts[0] - counts[1]) / SAMPLES


def compared(coin: random.Random, queries: Sequence[tuple[str, str]], candidate: str, asked: Asked, noise: float) -> Verdict:
    """Decide on a description by couples of queries, in an order of its own."""
    order, tally = coin.sample(range(len(queries)), len(queries)), START
    while (found := judged(tally, asked, 2 * len(queries) - tally.units)).verdict is Verdict.MEASURE_AGAIN:
        done = tally.units // 2
        differences = list[float]()
        for place in order[done : done + LOOK]:
            fits, other = queries[place]
            differences.append(difference(coin, fits, INCUMBENT, candidate, noise))
            differences.append(-difference(coin, other, INCUMBENT, candidate, noise))
        tally = tallied([Unit(one, 0.0, one) for one in differences], asked, tally)
    return found.verdict


def keeps(seed: str, candidates: Sequence[str], noise: float) -> str | None:
    """Run one session: the description that it keeps, if any."""
    coin = random.Random(seed)
    queries = [(query(coin, fits=True), query(coin, fits=False)) for _ in range(COUPLES)]
    for number, candidate in enumerate(candidates, 1):
        asked = Asked(needed(Count(number, TRIED), Count(number, TRIED)), margin=MARGIN)
        if compared(coin, queries, candidate, asked, noise) is Verdict.KEEP:
            return candidate
    return None


def share_kept(name: str, candidates: Sequence[str], noise: float, sessions: int) -> float:
    """In which share of sessions anything is kept."""
    return mean(keeps(f"{name} {noise} {number}", candidates, noise) is not None for number in range(sessions))


def truth(description: str, noise: float = 0.0) -> tuple[float, float]:
    """Recall and specificity, by the known chances."""
    coin = random.Random("truth")
    fitting, others = ([query(coin, fits=fits) for _ in range(4000)] for fits in (True, False))
    return mean(chance(description, said, noise) for said in fitting), 1 - mean(chance(description, said, noise) for said in others)


@dataclass(frozen=True, slots=True)
class Mining:
    """What of conversations with known truth was found: shares of the misses that left a sign, and of all prompts that fit."""

    found: float
    signed_negative: float
    silent_negative: float
    taken_negative: float


def conversations(sessions: int) -> tuple[list[Turn], dict[str, str]]:
    """Simulate conversations; give their turns, and what is true of each prompt that fits: fired, signed, silent or taken."""
    coin, turns, fate = random.Random("conversations"), list[Turn](), dict[str, str]()
    listing = {"notes": INCUMBENT, **SIBLINGS}
    offered = {name: Offer(name, Shown.FULL, text) for name, text in listing.items()}
    for session in range(sessions):
        for number in range(coin.randint(3, 6)):
            fits = coin.random() < 0.5
            said, at = query(coin, fits=fits), f"2026-11-30T{session % 24:02}:{number:02}:00Z"
            name = world.fired(listing, said, coin)
            fired = () if name is None else (Fired(name, How.MODEL, at, ran=True),)
            turns.append(Turn(f"s{session}", "", at, said, True, offered, fired))  # noqa: FBT003 - a person has said it
            sign = coin.random() < 0.6
            if fits:
                fate[said] = "fired" if name == "notes" else "signed" if sign else "taken" if name else "silent"
            if fate.get(said) == "signed" and fits:
                typed = coin.random() < 0.5
                more = (Fired("notes", How.TYPED, at, ran=True),) if typed else ()
                text = "/notes" if typed else "Why didn't you use the notes skill?"
                turns.append(Turn(f"s{session}", "", f"{at[:-3]}30Z", text, True, offered, more))  # noqa: FBT003
    return turns, fate


def mining(sessions: int) -> Mining:
    """Find cases in conversations, and hold them against the truth."""
    turns, fate = conversations(sessions)
    sides = {case.query: case.fits for case in mined("notes", turns).cases}

    def negative(kind: str) -> float:
        return mean(sides.get(said) is False for said, what in fate.items() if what == kind)

    found = mean(sides.get(said) is True for said, what in fate.items() if what == "signed")
    return Mining(found, negative("signed"), negative("silent"), negative("taken"))


def bars(sessions: int) -> list[Bar]:
    found = list[Bar]()
    for name, description in (
        ("incumbent", INCUMBENT),
        ("better", BETTER),
        ("somewhat better", SOMEWHAT_BETTER),
        ("worse", WORSE),
        ("greedy", GREEDY),
    ):
        recall, specificity = truth(description)
        found += [Bar(f"{name} description: recall", recall), Bar(f"{name} description: specificity", specificity)]
    for noise in NOISES:
        found.append(Bar(f"A/A, blind {noise:g}: sessions that keep anything", share_kept("same", SAME, noise, sessions), 0.05))
    few = max(1, sessions // 5)
    worse, greedy = [WORSE] * TRIED, [GREEDY] * TRIED
    found.append(Bar("worse by recall: sessions that keep one of five", share_kept("worse", worse, 0.1, sessions), 0.01))
    found.append(Bar("recall better, specificity worse: sessions that keep one of five", share_kept("greedy", greedy, 0.1, sessions), 0.01))
    mixed = [SAME[0], BETTER, *SAME[1:4]]
    for noise in NOISES[:2]:
        kept = mean(keeps(f"better {noise} {number}", mixed, noise) == BETTER for number in range(few))
        found.append(Bar(f"a better one among five, blind {noise:g}: found and kept", kept, 0.8, at_least=True))
    mixed[1] = SOMEWHAT_BETTER
    kept = mean(keeps(f"somewhat better {number}", mixed, 0.0) == SOMEWHAT_BETTER for number in range(few))
    found.append(Bar("a somewhat better one among five, blind 0: found and kept", kept))
    seen = mining(sessions)
    found.append(Bar("misses that left a sign: found", seen.found, 0.8, at_least=True))
    found.append(Bar("misses that left a sign: taken for negatives", seen.signed_negative, 0.0))
    found.append(Bar("misses without a sign, nothing fired: taken for negatives", seen.silent_negative, 0.0))
    found.append(Bar("misses without a sign, another skill fired: taken for negatives", seen.taken_negative, 0.0))
    return found


def markdown(sessions: int, found: Sequence[Bar]) -> str:
    lines = [f"| {sessions} simulated sessions | figure | bar | |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(bar.cells())} |" for bar in found)])


def write_table(path: Path, text: str) -> None:
    page = path.read_text("utf-8")
    start, end = (page.index(marker) for marker in MARKERS)
    path.write_text(f"{page[: start + len(MARKERS[0])]}\n{text}\n{page[end:]}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="docs/skills.md", help="write the table between the page's markers")
    parser.add_argument("--sessions", type=int, default=1000, help="sessions for each row")
    options = parser.parse_args()
    start = time.monotonic()
    found = bars(options.sessions)
    text = markdown(options.sessions, found)
    print(text, f"{time.monotonic() - start:.0f} s", sep="\n")
    if options.write:
        write_table(options.write, text)
    return 0 if all(bar.holds for bar in found) else 1


if __name__ == "__main__":
    sys.exit(main())
