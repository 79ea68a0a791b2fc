"""What a session with many scored cases costs: its ledger, `status`, and a decision at each look.

    python tests/benchmarks/many_cases.py [--cases 2000] [--experiments 100] [--repeats 5]

The session is opened by `init` with a benchmark that prints a score for each case. Its experiments are made of events, as comparisons write
them: by the rule, with drawn orders and scores by chance, until each is decided. Decisions are timed at every look of such comparisons,
and of others that have 200 and 2,000 units to decide by, in processor time, which other work on the machine hardly changes. Prints a table
of what is found and what it is to be at most.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from tests.core.session import folded, result  # noqa: E402 - found only now

from autotune.core.cases import rounds  # noqa: E402
from autotune.core.cases.drawing import Taken  # noqa: E402
from autotune.core.cases.mean_bet import interval  # noqa: E402
from autotune.core.cases.split import Case, Split, letters  # noqa: E402
from autotune.core.facts import quoted  # noqa: E402
from autotune.core.ledger import scored  # noqa: E402
from autotune.core.ledger.events import CandidateTaken, Decided, Drawn, Ran  # noqa: E402
from autotune.core.ledger.given import given  # noqa: E402
from autotune.core.ledger.lines import Event  # noqa: E402
from autotune.core.ledger.purposes import Cause, Purpose  # noqa: E402
from autotune.core.ledger.state import State  # noqa: E402
from autotune.core.model import Arm, Decision, Outcome, Part, Status, Verdict  # noqa: E402
from autotune.core.output.outcome import CASES, PASSED  # noqa: E402
from autotune.loop.session import sessions  # noqa: E402

WHEN = "2026-01-01T00:00:00.000Z"
BENCHMARK = 'test -s a || exit 1\nawk \'{print "METRIC score[" $1 "]=0." 1000 + NR * 7919 % 8999}\' "$AUTOTUNE_CASES"\n'
SPREAD, GAIN = 0.3, 0.02  # of a case's difference between two states; of the candidates that come to the cases that decide
CONFIRMED = 20  # of them
MOST_LEDGER_MB, MOST_STATUS_S = 20.0, 0.3
MOST_DECISION_MS = {200: 1.0, 2000: 10.0}  # at the 99th percentile, by units


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--experiments", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    gc.set_threshold(500_000)  # as the command line does
    interval([0.1, 0.2])  # so that no decision has numpy's import in its time
    print(f"| {asked.cases:,} cases, {asked.experiments} experiments | found | at most |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        project = make(Path(folder) / "project", asked.cases)
        autotune(project, "init", "--name", "many", "--metric", "score", "--direction", "higher", "--untimed", "--scope", "a")
        runs, taken = experiments(project, asked.experiments)
        (ledger,) = (project / ".git/autotune").glob("*/autotune.jsonl")
        print(f"| ledger | {ledger.stat().st_size / 1e6:.1f} MB, {runs} runs | {MOST_LEDGER_MB:.0f} MB |")
        _, *later = (timed(project, "status") for _ in range(asked.repeats + 1))
        whole, busy = (statistics.median(one) for one in zip(*later, strict=True))
        print(f"| `status` | {whole:.2f} s, of which {busy:.2f} s on the processor | {MOST_STATUS_S} s |")
        print(f"| a decision, 99th percentile | {percentile(taken):.2f} ms, {len(taken)} looks | |")
        state = sessions.find(project).state
    for units, most in MOST_DECISION_MS.items():
        spent = [one for seed in range(10) for one in to_the_end(state, units, seed)]
        print(f"| the same with {units:,} units to decide by | {percentile(spent):.2f} ms, {len(spent)} looks | {most:g} ms |")


def make(project: Path, cases: int) -> Path:
    """Make a repository whose benchmark prints a score for each case of a run."""
    project.mkdir()
    for words in (("init", "-q", "-b", "main"), ("config", "user.name", "many"), ("config", "user.email", "many@localhost")):
        subprocess.run(["git", *words], cwd=project, check=True)
    (project / "a").write_text("a\n")
    (project / "autotune.sh").write_text(BENCHMARK)
    (project / "autotune.toml").write_text(f"cases = \"seq -f 'case-%05.0f' {cases}\"\nscore_range = [0, 1]\nbusy_wait_s = 0\n")
    subprocess.run(["git", "add", "a"], cwd=project, check=True)
    subprocess.run(["git", "commit", "-qm", "start"], cwd=project, check=True)
    return project


def autotune(project: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-I", str(ROOT / "lib/autotune/__main__.py"), *words], cwd=project, check=True, capture_output=True)


def timed(project: Path, *words: str) -> tuple[float, float]:
    """Run a command through the launcher; gives the seconds that it takes, and those that it spends on the processor."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(ROOT / "bin/autotune"), *words], cwd=project, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def percentile(spent_s: list[float]) -> float:
    """The 99th percentile, in milliseconds."""
    return 1000 * statistics.quantiles(spent_s, n=100)[-1]


def experiments(project: Path, count: int) -> tuple[int, list[float]]:
    """Write so many experiments to the session's ledger; gives how many runs they took, and the seconds of each decision."""
    session, coin, runs, spent = sessions.find(project), random.Random(1), 0, list[float]()
    for number in range(1, count + 1):
        gain = GAIN if session.state.confirmations < CONFIRMED else 0.0
        for event in compared(session.state, number, gain, coin, spent):
            runs += isinstance(event, Ran)
            session.append(event)
    return runs, spent


def compared(state: State, number: int, gain: float, coin: random.Random, spent: list[float]) -> Iterator[Event]:
    """Give the events of one comparison, from the candidate to the result, and take down what each decision takes."""
    base = state.incumbent
    event: Event = CandidateTaken(number, base, base, ("a",), WHEN, settles=True, description="an idea")
    yield event
    state = folded(state, event)
    while (decision := decided(state, spent)).verdict is Verdict.MEASURE_AGAIN:
        event = drawn(state, decision.draws, coin) if decision.draws is not None else run(state, decision, gain, coin)
        yield event
        state = folded(state, event)
    verdict, reason = Verdict.DISCARD, decision.reason or quoted("")
    yield Decided(number, verdict, Outcome.OK, Cause.IDEA, reason, WHEN, effect=decision.effect, evidence=decision.evidence, min_effect=0.0)
    yield result(number, 0.5, Status.DISCARD, commit=base, reason=reason, timestamp=WHEN)


def decided(state: State, spent: list[float]) -> Decision:
    assert state.experiment is not None
    begun = time.thread_time()
    decision = scored.decided(state, state.experiment.runs, state.policy, random.Random(1))
    spent.append(time.thread_time() - begun)
    return decision


def drawn(state: State, part: Part, coin: random.Random) -> Drawn:
    assert state.experiment is not None
    size = rounds.size_of(state.segment.split.of(part))
    begun = Drawn(state.experiment.number, part, f"{coin.getrandbits(64):016x}", size, Taken.CASE, WHEN)
    confirms = part is Part.CONFIRM
    return replace(begun, number=state.confirmations + 1, pool_number=min(state.confirmations + 1, CONFIRMED)) if confirms else begun


def run(state: State, decision: Decision, gain: float, coin: random.Random) -> Ran:
    """A run of what comes next: scores of four digits, those of the candidate better by `gain` on average."""
    assert state.experiment is not None
    arm, number = decision.arms[0], state.experiment.number
    told = given(state, Purpose.EXPERIMENT, number, arm)
    middle = 0.5 + (gain if arm is Arm.CANDIDATE else 0.0)
    listed = state.segment.listed
    values = {f"score[{listed[place].name}]": round(min(max(coin.gauss(middle, SPREAD / 2**0.5), 0.0), 1.0), 4) for place in told.cases}
    metrics = {**values, "score": sum(values.values()) / len(values), CASES: float(len(values)), "autotune.wall_s": 1.234567}
    log = f"runs/{number}/experiment-1-{arm}.log"
    made = Ran(number, Purpose.EXPERIMENT, arm, 1, Outcome.OK, PASSED, metrics, 1.234567, WHEN, log)
    return replace(made, drawn=told.drawn, cases=told.cases, part=told.part)


def to_the_end(state: State, units: int, seed: int) -> list[float]:
    """Give the seconds of each decision of a comparison on so many units."""
    cases = tuple(Case(f"case-{number:05}") for number in range(units))
    named, parts = tuple(case.name for case in cases), letters(cases, Split((), cases, ()))
    segment = replace(state.segment, named=named, parts=parts)
    state, coin, spent = replace(state, segment=segment), random.Random(seed), list[float]()
    base = state.incumbent
    state = folded(state, CandidateTaken(state.count + 1, base, base, ("a",), WHEN, settles=True))
    begun = replace(drawn(state, Part.CONFIRM, coin), number=1, pool_number=1)
    state = folded(state, begun)
    while (decision := decided(state, spent)).verdict is Verdict.MEASURE_AGAIN:
        state = folded(state, run(state, decision, 0.045, coin))
    return spent


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
