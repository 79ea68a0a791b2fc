"""What the decision gets right on the real thing: a Python project, processes, patches of known effect, on a machine as busy as it is.

    python tests/benchmarks/field.py [--state field.jsonl] [--minutes 30] [--write docs/deciding.md]
    python tests/benchmarks/field.py --neighbour [--rounds 8] [--minutes 10] [--write docs/deciding.md]

measures, and prints a table. Everything measured is a line of the state file, so a run that was ended goes on where it was. With
`--neighbour`, a program uses all cores now and then meanwhile, and each candidate is decided by the rule before processor time was a second
witness and by the newest, one after the other, with runs of its own: in each round a gain of each size, and a no-op.

The project reads a web server's log and reports on it; its benchmark times that in a process of its own. Each of its steps does something
in vain, a known share of the whole; a gain takes that out, a regression adds such a thing, a no-op adds a comment or renames a local
variable. Before every run the sources are written anew. Three rules decide: `decide` itself; one sample that beats the best so far; the
median of five that beats the best median so far. In sessions of no-ops all three see the same runs (more are made where `decide` was
content with fewer than five). In mixed sessions each rule keeps a state of its own, candidate by candidate side by side. Claims are held
against the truth: pairs of the first state and the last one, in random order, measured afterwards.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from autotune.core import rules
from autotune.core.decide.decide import decide, learn
from autotune.core.decide.witness import as_fact, witness_of
from autotune.core.facts import Fact
from autotune.core.model import PROCESSOR_S, Arm, Calibration, Direction, Metric, Policy, Run, Verdict, Witness
from autotune.core.model import Outcome as Ended
from autotune.core.stats.effects import claim_of, effect_of
from autotune.core.stats.noise import median, residual_pool
from autotune.core.tell.figures import effect_in_words
from autotune.core.tell.words import told
from autotune.edges import environment, machine, process

NO_OP_SESSIONS, NO_OPS = 10, 100
MIXED_SESSIONS, MIXED_NO_OPS = 5, 15
TRUTH_PAIRS, CLAIM_PAIRS, BASELINE_RUNS, OF_FIVE = 50, 20, 8, 5
METRIC = Metric("time_ms", "ms", Direction.LOWER)
POLICY = Policy(METRIC)
RULES = ("decide", "one", "five")
TITLES = {"decide": "autotune", "one": "one sample beats the best", "five": "median of five beats the best"}

# The project

STEP = '''"""{doc}"""


def apply(rows):
    """The rows, {doing}."""
    seen = 0
    for turn in range({turns}):
        for path, status, size in rows[turn : turn + 150]:
            seen += len(path.strip().lower()) + status
    changed = []
    for path, status, size in rows:
        changed.append(({change}))
    return changed
'''
REPORT = '''"""Rows made into a report."""


def report(rows):
    """Bytes by path and requests by status, the largest first."""
    sums = {}
    for path, status, size in rows:
        sums[path] = sums.get(path, 0) + size
    counts = {}
    for path, status, size in rows:
        counts[status] = counts.get(status, 0) + 1
    lines = [f"{path} {total}" for path, total in sorted(sums.items(), key=lambda entry: -entry[1])]
    lines += [f"{status} {count}" for status, count in sorted(counts.items())]
    for _, line in zip(range(600), lines * 30):
        lines.append(" ".join(line.split()).upper())
    return "\\n".join(lines)
'''
BENCHMARK = '''"""Times a report: the best of four."""

import sys
from time import perf_counter

sys.path.insert(0, ".")
import report
import {modules}

ROWS = [(f"/shop/Item-{{number * 7919 % 601}} ", 200 + number % 5, number * 31 % 4096) for number in range(600)]
times = []
for _ in range(4):
    begun = perf_counter()
    rows = ROWS
    for step in ({modules}):
        rows = step.apply(rows)
    text = report.report(rows)
    times.append(perf_counter() - begun)
assert len(text) > 1000
print(f"METRIC time_ms={{1000 * min(times):.6f}}")
'''
STEPS: Mapping[str, tuple[str, str, int]] = {  # what a step does, its code, and the rounds that it does in vain
    "trimming": ("without spaces around paths", "path.strip(), status, size", 5),
    "lowering": ("with paths in small letters", "path.lower(), status, size", 9),
    "rounding": ("with sizes in whole kilobytes", "path, status, size // 1024", 18),
    "grouping": ("with statuses by hundreds", "path, status // 100, size", 5),
    "counting": ("each of them counted as a byte more", "path, status, size + 1", 9),
    "shortening": ("with paths of forty letters", "path[:40], status, size", 18),
    "bounding": ("with sizes up to a megabyte", "path, status, min(size, 1024)", 5),
    "marking": ("with paths that begin with a slash", '"/" + path.lstrip("/"), status, size', 9),
    "checking": ("with statuses that are numbers", "path, int(status), size", 18),
}
SHARES = {5: "3 %", 9: "5 %", 18: "10 %"}  # of the whole, about; the table says what was measured
LOCALS = ("seen", "turn", "changed", "sums", "counts", "lines", "total", "count", "size")


def sources() -> dict[str, str]:
    """The project as it is at first: file names and texts."""
    files = {
        f"{name}.py": STEP.format(doc=f"Rows {doing}.", doing=doing, change=change, turns=turns)
        for name, (doing, change, turns) in STEPS.items()
    }
    return {**files, "report.py": REPORT, "bench.py": BENCHMARK.format(modules=", ".join(STEPS))}


# Patches: kind, the file's stem, a number


Patch = tuple[str, str, int]


def applied(files: Mapping[str, str], patch: Patch) -> dict[str, str]:
    """The files with one more patch."""
    kind, stem, number = patch
    name = f"{stem}.py"
    text = {"gain": _without_waste, "regression": _with_waste, "comment": _with_comment, "rename": _renamed}[kind](files[name], number)
    return {**files, name: text}


def _without_waste(text: str, _: int) -> str:
    start, end = text.index("    seen"), re.search(r"    \w+ = \[\]\n", text)
    return text if end is None else text[:start] + text[end.start() :]


def _with_waste(text: str, turns: int) -> str:
    waste = f"    for _ in range({turns}):\n        for path, status, size in rows[:150]:\n            len(path.strip().lower()) + status\n"
    return text.replace("    sums", f"{waste}    sums", 1)


def _with_comment(text: str, seed: int) -> str:
    coin = random.Random(seed)
    lines = text.splitlines()
    spot = coin.randrange(4, len(lines))
    words = " ".join(coin.choices(("rows", "paths", "kept", "later", "order", "as", "the", "log", "has", "them"), k=coin.randint(2, 12)))
    return "\n".join([*lines[:spot], f"    # {words}", *lines[spot:]]) + "\n"


def _renamed(text: str, seed: int) -> str:
    coin = random.Random(seed)
    known = [name for name in LOCALS if re.search(rf"^\s+(?:for .*)?\b{name}\b", text, re.MULTILINE)]
    return re.sub(rf"\b{coin.choice(known)}\b", f"{coin.choice(('a', 'the', 'one', 'each'))}_{seed % 997}", text) if known else text


def no_op(coin: random.Random) -> Patch:
    """A patch that changes nothing."""
    return coin.choice(("comment", "rename")), coin.choice((*STEPS, "report")), coin.randrange(1 << 30)


def gains() -> list[Patch]:
    """What can be gained: each step's waste."""
    return [("gain", name, turns) for name, (_, _, turns) in STEPS.items()]


def mixed(seed: int) -> list[Patch]:
    """A session's candidates: all gains, two regressions of each size, and no-ops."""
    coin = random.Random(seed)
    regressions: list[Patch] = [("regression", "report", turns) for turns in SHARES for _ in range(2)]
    patches = [*gains(), *regressions, *(no_op(coin) for _ in range(MIXED_NO_OPS))]
    coin.shuffle(patches)
    return patches


# Runs


class OutOfTime(Exception):  # noqa: N818 - not an error
    """The time allowed is over; what was measured is in the state file."""


@dataclass(slots=True)
class Field:
    """The project's folder, and what was measured in it so far: one line of the state file for each key."""

    folder: Path
    state: Path
    until: float
    known: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=lambda: environment.environment_for_runs(os.environ))
    runs: int = 0
    loads: list[float] = field(default_factory=list)

    def load(self) -> None:
        """Read what was measured before; a torn last line goes, as if it had never been."""
        if not self.state.exists():
            return
        whole = self.state.read_bytes().rpartition(b"\n")
        with self.state.open("r+b") as file:
            file.truncate(len(whole[0]) + len(whole[1]))
        for line in whole[0].splitlines():
            one = json.loads(line)
            self.known[one["key"]] = one["value"]
            self.loads.append(one["load"] or 0.0)

    def measured(self, key: str, measure: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
        """What the state file says of a key, measured now where it says nothing."""
        if key not in self.known:
            if time.monotonic() > self.until:
                raise OutOfTime
            value, load = measure(), machine.load_average()
            with self.state.open("a") as file:
                file.write(json.dumps({"key": key, "value": value, "load": load}) + "\n")
            self.loads.append(load or 0.0)
            self.known[key] = value
        return self.known[key]

    def run(self, files: Mapping[str, str]) -> float:
        """Write the sources anew, run the benchmark, and give its milliseconds."""
        return self.timed(files)[0]

    def timed(self, files: Mapping[str, str]) -> tuple[float, float, float]:
        """Give the milliseconds of a run, its processor time and its wall time in seconds."""
        for name, text in files.items():
            path = self.folder / name
            if not path.exists() or path.read_text() != text:
                path.unlink(missing_ok=True)
                path.write_text(text)
        command = f"exec {sys.executable} -E -S -B bench.py"
        finished = process.execute(command, cwd=self.folder, environment=self.environment, timeout_s=60, log=self.state.with_suffix(".log"))
        self.runs += 1
        sample = finished.report.samples.get(METRIC.name)
        if finished.exit_code != 0 or sample is None:
            raise RuntimeError(finished.tail.decode(errors="replace"))
        return sample, finished.user_s + finished.system_s, finished.wall_s

    def several(self, files: Mapping[str, str], count: int) -> list[float]:
        """The milliseconds of so many runs."""
        return [self.run(files) for _ in range(count)]

    def pairs(self, first: Mapping[str, str], last: Mapping[str, str], count: int) -> list[tuple[float, float]]:
        """Pairs of (first, last) values, each in random order."""
        coin, found = random.SystemRandom(), []
        for _ in range(count):
            values = {}
            for which in coin.sample((0, 1), 2):
                values[which] = self.run((first, last)[which])
            found.append((values[0], values[1]))
        return found


# Sessions


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule's session so far: its incumbent, the best value it knows, and what `decide` has to know."""

    files: Mapping[str, str]
    best: float
    calibration: Calibration
    kept: tuple[int, ...] = ()


def begun(values: Sequence[float], best: float, planned: int) -> Standing:
    """A session after its baseline."""
    calibration = Calibration(pool=residual_pool(values, logs=True), keeps=0, planned=planned, reference=tuple(values))
    return Standing(sources(), best, calibration)


def as_runs(recorded: Sequence[tuple[str, float]]) -> list[Run]:
    """Runs of a line of the state file."""
    return [Run(Arm(arm), Ended.OK, {METRIC.name: value}) for arm, value in recorded]


def compared(here: Field, standing: Standing, patch: Patch, *, at_least: int = 0) -> dict[str, Any]:
    """A candidate decided by `decide`, and as many runs of it besides as the other rules lack."""
    files = {Arm.INCUMBENT: standing.files, Arm.CANDIDATE: applied(standing.files, patch)}
    runs: list[tuple[str, float]] = []
    decision = decide([], standing.calibration, POLICY, random.SystemRandom())
    while decision.verdict is Verdict.MEASURE_AGAIN:
        arm = decision.arms[0]
        runs.append((arm.value, here.run(files[arm])))
        decision = decide(as_runs(runs), standing.calibration, POLICY, random.SystemRandom())
    lacking = at_least - sum(arm == Arm.CANDIDATE for arm, _ in runs)
    more = [here.run(files[Arm.CANDIDATE]) for _ in range(lacking)]
    return {"verdict": decision.verdict, "reason": decision.reason and decision.reason.kind, "runs": runs, "more": more}


def after(standing: Standing, number: int, patch: Patch, found: Mapping[str, Any]) -> Standing:
    """The session after a candidate that `decide` decided on."""
    runs, before = as_runs(found["runs"]), standing.calibration
    arms = {arm: tuple(run.samples[METRIC.name] for run in runs if run.arm is arm) for arm in Arm}
    keep = found["verdict"] == Verdict.KEEP
    reference = arms[Arm.CANDIDATE] if keep else (*before.reference, *arms[Arm.INCUMBENT])
    calibration = replace(
        learn(runs, before, POLICY), keeps=before.keeps + keep, experiment=before.experiment + 1, reference=reference[-40:]
    )
    if not keep:
        return replace(standing, calibration=calibration)
    return replace(standing, files=applied(standing.files, patch), calibration=calibration, kept=(*standing.kept, number))


def no_op_session(here: Field, number: int) -> None:
    """A session in which nothing can be gained."""
    name, coin = f"no-ops {number}", random.Random(1000 + number)
    values = here.measured(f"{name} baseline", partial(here.several, sources(), BASELINE_RUNS))
    standing = begun(values, values[0], NO_OPS)
    for index in range(NO_OPS):
        patch = no_op(coin)
        found = here.measured(f"{name} {index}", partial(compared, here, standing, patch, at_least=OF_FIVE))
        standing = after(standing, index, patch, found)


def mixed_session(here: Field, number: int) -> None:
    """A session of no-ops, gains and regressions, with each rule's own state, then claims and the truth."""
    name, patches = f"mixed {number}", mixed(number)
    values = here.measured(f"{name} baseline", partial(here.several, sources(), BASELINE_RUNS))
    standings = {rule: begun(values, values[0] if rule == "one" else median(values[:OF_FIVE]), len(patches)) for rule in RULES}
    for index, patch in enumerate(patches):
        for rule in RULES:
            standing, key = standings[rule], f"{name} {rule} {index}"
            if rule == "decide":
                found = here.measured(key, partial(compared, here, standing, patch))
                standings[rule] = after(standing, index, patch, found)
            else:
                files, count = applied(standing.files, patch), 1 if rule == "one" else OF_FIVE
                samples = here.measured(key, partial(here.several, files, count))
                if median(samples) < standing.best:
                    standings[rule] = replace(standing, files=files, best=median(samples), kept=(*standing.kept, index))
    ours = standings["decide"].files
    here.measured(f"{name} claim", partial(here.pairs, sources(), ours, CLAIM_PAIRS))
    for rule in RULES:
        last = standings[rule].files
        here.measured(f"{name} {rule} truth", partial(here.pairs, sources(), last, TRUTH_PAIRS))
    kept = {rule: standing.kept for rule, standing in standings.items()}
    best = {rule: standing.best for rule, standing in standings.items()}
    here.measured(f"{name} summary", lambda: {"kept": kept, "best": best, "first": {"one": values[0], "five": median(values[:OF_FIVE])}})


def known_effects(here: Field) -> None:
    """The effect of every gain and regression, alone."""
    for patch in [*gains(), *(("regression", "report", turns) for turns in SHARES)]:
        last = applied(sources(), patch)
        here.measured(f"effect {patch[0]} {patch[1]} {patch[2]}", partial(here.pairs, sources(), last, TRUTH_PAIRS))


# Beside a noisy neighbour

BEFORE = rules.SECOND_WITNESS - 1
TITLES_BESIDE = {BEFORE: f"the metric alone (rule {BEFORE})", rules.NEWEST: "autotune"}
ROUNDS = 8
NEIGHBOUR = """
import random, time
coin = random.Random(1)
while True:
    until = time.monotonic() + coin.expovariate(0.5)
    while time.monotonic() < until:
        pass
    time.sleep(coin.expovariate(0.5))
"""


@contextmanager
def neighbour() -> Iterator[None]:
    """Have every core used for some two seconds and left alone for as long, in turn, while this lasts."""
    others = [subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def summing() -> dict[str, str]:
    """The project with a benchmark that prints the time of all its reports, which is nearly all that a run does."""
    whole = sources()
    return {**whole, "bench.py": whole["bench.py"].replace("range(4)", "range(24)").replace("min(times)", "sum(times)")}


Recorded = Sequence[tuple[str, float, float, float]]


def with_processor_time(recorded: Recorded) -> list[Run]:
    """Runs of a line of the state file that says arm, milliseconds, and seconds on the processor and in all."""
    return [Run(Arm(arm), Ended.OK, {METRIC.name: value, PROCESSOR_S: used}, wall_s=wall) for arm, value, used, wall in recorded]


def decided_by(here: Field, rule: int, calibration: Calibration, patch: Patch) -> dict[str, Any]:
    """A candidate decided by a rule, with the runs that this took."""
    policy, coin, files = replace(POLICY, rule=rule), random.SystemRandom(), summing()
    content = {Arm.INCUMBENT: files, Arm.CANDIDATE: applied(files, patch)}
    runs: list[tuple[str, float, float, float]] = []
    while (decision := decide(with_processor_time(runs), calibration, policy, coin)).arms:
        runs.append((decision.arms[0].value, *here.timed(content[decision.arms[0]])))
    return {"verdict": decision.verdict, "reason": decision.reason and decision.reason.kind, "runs": runs}


def measure_beside_a_neighbour(here: Field, rounds: int = ROUNDS) -> None:
    """A gain of each size and a no-op a round, by both rules in turn; noise is learnt from one to the next, by each rule's own runs."""
    if here.measured("machine", machine.fingerprint) != machine.fingerprint():
        raise AnotherMachine
    seen = here.measured("baseline", lambda: [(Arm.INCUMBENT.value, *here.timed(summing())) for _ in range(BASELINE_RUNS)])
    baseline = with_processor_time(seen)
    pool, found = residual_pool([run.samples[METRIC.name] for run in baseline], logs=True), witness_of(baseline, METRIC)
    known = Calibration(pool, 0, 100, witness=found if isinstance(found, Witness) else None)
    calibrations = dict.fromkeys(TITLES_BESIDE, known)
    coin = random.Random(1)
    for number in range(rounds):
        helpful = [coin.choice([gain for gain in gains() if gain[-1] == turns]) for turns in SHARES]
        for patch in (*helpful, no_op(coin)):
            for rule, calibration in calibrations.items():
                key = f"{rule} {number} {' '.join(map(str, patch))}"
                made = here.measured(key, partial(decided_by, here, rule, calibration, patch))
                calibrations[rule] = learn(with_processor_time(made["runs"]), calibration, replace(POLICY, rule=rule))


def noise_words(known: Mapping[str, Any]) -> str:
    """What noise there was beside the neighbour: in the baseline, and in all comparisons."""
    seen = with_processor_time(known.get("baseline", ()))
    witness = witness_of(seen, METRIC)
    said = told(witness if isinstance(witness, Fact) else as_fact(witness))
    own = [[one for one in made["runs"] if one[0] == Arm.INCUMBENT] for made in known.values() if isinstance(made, dict) and "runs" in made]
    changes = ([change for runs in own for change in residual_pool([one[place] for one in runs], logs=True)] for place in (1, 2))
    differ, used = (f"{100 * median(found or [0.0]):.1f} %" for found in changes)
    return f"At first, {said}. Later, two successive runs of the same code differ by {differ} (median), by {used} in processor time."


def beside_a_neighbour(known: Mapping[str, Any], loads: Sequence[float]) -> str:
    """The table of that: what each rule kept, and what it took."""
    where = machine_words(known["machine"], loads)
    lines = [f"Measured on {where}. A neighbour uses all cores half of the time. {noise_words(known)}", ""]
    columns = [*(f"gains of about {share}" for share in SHARES.values()), "no-ops kept", "runs for a gain", "runs for a no-op"]
    lines += [f"| kept by | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for rule, title in TITLES_BESIDE.items():
        made = [(key.split()[2], key.split()[-1], one) for key, one in known.items() if key.startswith(f"{rule} ")]
        helpful = {share: [one for kind, turns, one in made if kind == "gain" and int(turns) == count] for count, share in SHARES.items()}
        nothing = [one for kind, _, one in made if kind != "gain"]
        every = [one for several in helpful.values() for one in several]
        cells = [f"{sum(one['verdict'] == Verdict.KEEP for one in several)} of {len(several)}" for several in (*helpful.values(), nothing)]
        cells += [f"{sum(len(one['runs']) for one in several) / max(len(several), 1):.1f}" for several in (every, nothing)]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


class AnotherMachine(Exception):  # noqa: N818 - not an error
    """What was measured before was measured elsewhere."""


def measure_all(here: Field) -> None:
    """All sessions, the two kinds in turn, so that a part of it says something of both."""
    if here.measured("machine", machine.fingerprint) != machine.fingerprint():
        raise AnotherMachine
    known_effects(here)
    for number in range(NO_OP_SESSIONS):
        no_op_session(here, number)
        if number % 2 and number // 2 < MIXED_SESSIONS:
            mixed_session(here, number // 2)


# The table


def exact_interval(hits: int, of: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper and Pearson, 1934): the shares under which so many hits or so few are not unlikely."""

    def at_most(count: int, share: float) -> float:
        logs = (
            math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * math.log(share) + (of - k) * math.log1p(-share)
            for k in range(count + 1)
        )
        return math.fsum(map(math.exp, logs))

    def solved(reaches: Callable[[float], bool]) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        return (low + high) / 2

    lower = solved(lambda share: 1 - at_most(hits - 1, share) >= 0.025) if hits else 0.0
    upper = solved(lambda share: at_most(hits, share) <= 0.025) if hits < of else 1.0
    return lower, upper


@dataclass(slots=True)
class Tally:
    """What a rule did, of how many."""

    no_ops: int = 0
    false_keeps: int = 0
    sessions: int = 0
    spoilt: int = 0
    found: dict[str, list[int]] = field(default_factory=dict)
    regressions: int = 0
    harm: int = 0
    runs: int = 0
    candidates: int = 0
    no_op_runs: int = 0
    claims: list[tuple[float, float]] = field(default_factory=list)  # claimed and true, in log units


def tallied(known: Mapping[str, Any]) -> dict[str, Tally]:
    """What the state file says of each rule: finished sessions of either kind, and what there is of a session of no-ops under way."""
    tallies = {rule: Tally() for rule in RULES}
    for number in range(NO_OP_SESSIONS):
        _tally_no_ops(known, f"no-ops {number}", tallies)
    for number in range(MIXED_SESSIONS):
        if f"mixed {number} summary" in known:
            _tally_mixed(known, number, tallies)
    return tallies


def _tally_no_ops(known: Mapping[str, Any], name: str, tallies: Mapping[str, Tally]) -> None:
    found = [known[f"{name} {index}"] for index in range(NO_OPS) if f"{name} {index}" in known]
    if not found:
        return
    baseline = known[f"{name} baseline"]
    best = {"one": baseline[0], "five": median(baseline[:OF_FIVE])}
    keeps = dict.fromkeys(RULES, 0)
    for one in found:
        samples = [value for arm, value in one["runs"] if arm == Arm.CANDIDATE] + one["more"]
        keeps["decide"] += one["verdict"] == Verdict.KEEP
        for rule, value in (("one", samples[0]), ("five", median(samples[:OF_FIVE]))):
            keeps[rule] += value < best[rule]
            best[rule] = min(best[rule], value)
        for rule, runs in (("decide", len(one["runs"])), ("one", 1), ("five", OF_FIVE)):
            tallies[rule].no_op_runs += runs
    for rule, tally in tallies.items():
        tally.no_ops += len(found)
        tally.false_keeps += keeps[rule]
        tally.sessions += len(found) == NO_OPS
        tally.spoilt += len(found) == NO_OPS and keeps[rule] > 0


def _tally_mixed(known: Mapping[str, Any], number: int, tallies: Mapping[str, Tally]) -> None:
    name, patches, summary = f"mixed {number}", mixed(number), known[f"mixed {number} summary"]
    for rule, tally in tallies.items():
        kept = set(summary["kept"][rule])
        for index, (kind, _, turns) in enumerate(patches):
            tally.candidates += 1
            one = known[f"{name} {rule} {index}"]
            tally.runs += len(one["runs"]) if rule == "decide" else len(one)
            if kind == "gain":
                tally.found.setdefault(SHARES[turns], []).append(index in kept)
            elif kind == "regression":
                tally.regressions += 1
                tally.harm += index in kept
        pairs = [(first, last) for first, last in known[f"{name} {rule} truth"]]
        truth = -math.log(effect_of(pairs, logs=True).estimate)
        if rule == "decide":
            said = claim_of([(first, last) for first, last in known[f"{name} claim"]], METRIC.direction)
            claimed = -math.log(said.effect.estimate) if said.improved else 0.0
        else:
            claimed = math.log(summary["first"][rule] / summary["best"][rule])
        tally.claims.append((claimed, truth))


def markdown(known: Mapping[str, Any], loads: Sequence[float]) -> str:
    """The table, with where and when it was measured."""
    tallies = tallied(known)
    ours = tallies["decide"]
    head = ["changes that do nothing, kept", "95 % interval", "sessions of 100 of them that keep any", "runs for each"]
    rows = {rule: _no_op_cells(tally) for rule, tally in tallies.items()}
    lines = [
        f"Measured on {machine_words(known['machine'], loads)}. {_effects(known)}",
        "",
        *_rows(f"decided by ({ours.no_ops} no-ops)", head, rows),
    ]
    if ours.claims:
        head = [*(f"gains of about {share}" for share in SHARES.values()), "regressions kept", "claimed, of a true total", "runs for each"]
        rows = {rule: _mixed_cells(tally) for rule, tally in tallies.items()}
        title = f"kept in {len(ours.claims)} mixed sessions of {len(mixed(0))}"
        lines += ["", *_rows(title, head, rows)]
    return "\n".join(lines)


def _rows(title: str, head: Sequence[str], rows: Mapping[str, Sequence[str]]) -> list[str]:
    body = [f"| {' | '.join((TITLES[rule], *cells))} |" for rule, cells in rows.items()]
    return [f"| {' | '.join((title, *head))} |", f"|---|{'---:|' * len(head)}", *body]


def _no_op_cells(tally: Tally) -> list[str]:
    low, high = exact_interval(tally.false_keeps, tally.no_ops) if tally.no_ops else (0.0, 1.0)
    each = f"{tally.no_op_runs / max(tally.no_ops, 1):.1f}"
    return [f"{tally.false_keeps}", f"{100 * low:.2f} to {100 * high:.2f} %", f"{tally.spoilt} of {tally.sessions}", each]


def _mixed_cells(tally: Tally) -> list[str]:
    found = [f"{sum(tally.found[share])} of {len(tally.found[share])}" for share in SHARES.values()]
    claimed, truth = (100 * (1 - math.exp(-sum(figures) / len(figures))) for figures in zip(*tally.claims, strict=True))
    total = f"{claimed:.1f} % of {truth:.1f} %"
    return [*found, f"{tally.harm} of {tally.regressions}", total, f"{tally.runs / tally.candidates:.1f}"]


def _effects(known: Mapping[str, Any]) -> str:
    """What the gains of each size alone were measured to be, and how noisy runs were."""
    parts = []
    for turns, share in SHARES.items():
        keys = [key for key in known if key.startswith("effect gain") and key.endswith(f" {turns}")]
        pairs = [(first, last) for key in keys for first, last in known[key]]
        if pairs:
            parts.append(f"Gains of about {share}, measured alone: {effect_in_words(effect_of(pairs, logs=True))} ({len(pairs)} pairs).")
    spread = [residual for key, values in known.items() if key.endswith("baseline") for residual in residual_pool(values, logs=True)]
    if spread:
        parts.append(f"Two successive runs of the same code differ by {100 * median(spread):.1f} % (median).")
    return " ".join(parts)


def machine_words(about: Mapping[str, str], loads: Sequence[float]) -> str:
    """The machine, without its name, and how busy it was."""
    load = f" (load average {median(loads):.1f})" if loads else ""
    return f"{about['cpu']}, {about['cpus']} CPUs, {about['system']}, Python {about['python']}, while others used it too{load}"


def write_table(path: Path, name: str, text: str) -> None:
    """Put the table between the markers of its name. Raises ValueError where one is missing."""
    page, marker = path.read_text(encoding="utf-8"), f"<!-- {name} -->\n"
    start, end = page.index(marker) + len(marker), page.index(f"<!-- /{name} -->")
    path.write_text(f"{page[:start]}{text}\n{page[end:]}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--state", type=Path, metavar="FILE", help="what was measured so far")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to go on measuring; 0 only prints the table")
    parser.add_argument("--write", type=Path, metavar="docs/deciding.md", help="write the table between the page's markers")
    parser.add_argument("--neighbour", action="store_true", help="gains by two rules, beside a program that uses all cores now and then")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of gains of each size and a no-op, beside a neighbour")
    options = parser.parse_args()
    name, measure, table = "field", measure_all, markdown
    if options.neighbour:
        name, measure, table = "neighbour", partial(measure_beside_a_neighbour, rounds=options.rounds), beside_a_neighbour
    options.state = options.state or Path(tempfile.gettempdir()) / "autotune-field" / f"{name}.jsonl"
    options.state.parent.mkdir(parents=True, exist_ok=True)
    done = True
    with tempfile.TemporaryDirectory() as folder:
        here = Field(Path(folder), options.state.absolute(), time.monotonic() + 60 * options.minutes)
        here.load()
        try:
            with neighbour() if options.neighbour else nullcontext():
                measure(here)
        except OutOfTime:
            done = False
        except AnotherMachine:
            print(f"{options.state} was measured on another machine, or with another Python: name another file with --state")
            return 1
    text = table(here.known, here.loads)
    print(text, "", f"{here.runs} runs now; {'complete' if done else 'not complete: run it again to go on'}", sep="\n")
    if options.write:
        write_table(options.write, name, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
