"""What a benchmark on this machine can see, and what would make it see more, in words."""

from __future__ import annotations

import math
from functools import partial
from typing import assert_never

from autotune.core.cases.drawing import Taken
from autotune.core.cases.outlook import FEWEST_PAIRS, PairOutlook, UnitOutlook
from autotune.core.cases.scores import PRIOR_SD
from autotune.core.config.model import Config
from autotune.core.ledger.events import Calibrated
from autotune.core.ledger.sight import FEW_PAIRS, MANY_PAIRS, NOISY, SHORT_RUN_S, Blind, is_seen
from autotune.core.ledger.state import ECONOMY_FROM_S
from autotune.core.model import DecisionMode, Direction, Metric
from autotune.core.output.metrics import RESERVED
from autotune.core.stats.drift import Drift
from autotune.core.tell.figures import about, effect_in_words, in_percent, listed, money, number, share_in_words, with_unit
from autotune.core.trust import audit

NULL_RUNS, KEEP_RUNS = 9, (16, 26)  # of a candidate that does nothing, and of one that is kept; tests/benchmarks/calibration.py
HELPS = 0.85  # of what is found now, from which more cases help little: by chance alone, twice as many would come to 0.71
CALM = 0.01  # the noise floor of a run below which there is nothing to mend
BUSY = 0.5  # of all cores
TALKATIVE = 1_000_000  # bytes of output from which taking it is part of what is measured
DRIFT = "values of the unchanged code drift (rank von Neumann test, z = {z:.1f}), so only runs made side by side can be compared; {changed}"
TIMED = "timed: yes, so only one thing is measured at a time, and autotune waits while the machine is busy"
IF_NO_TIME = "; `init --untimed` if other work on the machine does not change the number"
UNTIMED = "timed: no, so nothing waits for the machine; `init --timed` if other work on it changes the number"
EXACT = "timed: no, so nothing waits for the machine; the benchmark repeats exactly, so a claim needs two runs a side"
COARSE = (
    "but later runs may differ: a time with few digits hides noise. Print more digits. If it is no time, say `init --untimed`: then three "
    "equal runs are enough"
)
REPEATS = "it repeats exactly with this seed and this input; what is kept is better with these, and may not be with others"
CANCELS = (
    "both runs of a pair get the same seed or cases, so their influence cancels. The session can find effects smaller than that if "
    "the rest of the noise is smaller. A keep takes 24 runs or more. `autotune calibrate` measures what pairs show"
)
FIXED_SEED = (
    "a change may touch a fixed seed: {seeded}; another seed can win by luck, in every run. Let the benchmark set the seed, out of scope, "
    "and print the mean over several seeds"
)
NOT_BY_BUILDS = "not exact, because each side is built once (build_once) and the luck of a build is not counted"
WITHOUT_PROMISE = "it does not promise error_budget, and no keep is confirmed until `autotune confirm N` has measured it again"
_OF_A_BIAS = "that bias, so the bias cannot pass for a gain"
_OF_TWO_BUILDS = "the difference of these two builds (build_once); others may differ by more"
_WALL = f"{RESERVED}wall_s"
_CALMER = f"if the code does not wait for anything, measure {RESERVED}user_s: processor time is calmer than wall time"
_HELPS = {
    Blind.COARSE: "print more digits, or give each run more to do; if it is no time, say --untimed",
    Blind.SHORT: "give each run more to do, for a tenth of a second or more, and print the sum or the mean",
    Blind.NOISY: "do the work several times a run, and print the sum or the mean; fix seeds and inputs, leave out network and caches",
    Blind.ZERO: "look at what the benchmark did: if one step fails, all of it has to fail (`set -e` at the top of a shell script)",
}
_ANYWAY = "`--anyway` opens the session anyway"
_CHANGED = {
    DecisionMode.RACE: "decisions and claims use only such runs",
    DecisionMode.ECONOMY: "so every candidate begins with a pair, instead of one run held against earlier ones",
    DecisionMode.ONCE: "single runs decide in this session, and a drift can pass for a gain",
}


def findings(found: Calibrated, metric: Metric, *, pairs_alone: bool = False, most: int = MANY_PAIRS) -> tuple[str, ...]:
    """What was found, a sentence each. With `pairs_alone` each pair has a seed or cases of its own, so that runs differ by those too.

    `most` is how many pairs a comparison may take.
    """
    by_pair, by_unit = (found.by_pair, found.by_unit) if pairs_alone else (None, None)
    seed = [FIXED_SEED.format(seeded=listed(found.seeded))] if found.seeded else []
    parts = (
        _shown_words(found, metric, most) if by_pair is not None or by_unit is not None else _noise_words(found, metric),
        (CANCELS,) if pairs_alone and by_pair is None and by_unit is None else (),
        seed,
        _time_words(found, metric),
        _cost_words(found) if not pairs_alone else (),
        _bias_words(found, metric),
        (_mode_words(found),),
    )
    return found.findings or tuple(line for part in parts for line in part)


def _noise_words(found: Calibrated, metric: Metric) -> tuple[str, ...]:
    if found.runs == 1:
        return (f"{metric.name} was measured once, so its noise is not known",)
    if not found.noise:
        return (f"{metric.name} was the same in all {found.runs} runs, so one run tells whether a change is better", REPEATS)
    hidden = f"{metric.name} was the same in all {found.runs} runs, {COARSE}"
    return (
        *([hidden] if found.coarse else []),
        f"noise floor of a single run: {_shown(found.noise, found, metric)} ({'of the last digit' if found.coarse else _of_runs(found)})",
        (
            f"smallest effect found four times in five: {_gain(found.few, found, metric)} with {FEW_PAIRS} pairs, "
            f"{_gain(found.many, found, metric)} with {MANY_PAIRS}"
        ),
    )


def _shown_words(found: Calibrated, metric: Metric, most: int) -> tuple[str, ...]:
    by_pair = () if found.by_pair is None else _pair_words(found.by_pair, found, metric, most)
    return (*by_pair, *(() if found.by_unit is None else _unit_words(found.by_unit, found)))


TELLS = "60 pairs tell it more surely (`autotune calibrate --pairs 60`)"
_TAKEN = {
    Taken.CASE: "each case (or group) counts by itself: nothing acts on all cases of a run",
    Taken.BATCH: f"something may act on all cases of a run, so the mean of a run would have to count as one; {TELLS}",
    Taken.ONE_BY_ONE: f"something may act on all cases of a run, so runs of one case (or group) would be needed; {TELLS}",
}


def _unit_words(by_unit: UnitOutlook, found: Calibrated) -> tuple[str, ...]:
    """What cases with scores show, what a decision takes, and what would help."""
    share, size = partial(share_in_words, figures=2), by_unit.size
    runs = by_unit.takes * {Taken.CASE: 1 / size, Taken.BATCH: 1.0, Taken.ONE_BY_ONE: (1 + 1 / size) / 2}[by_unit.taken]
    smallest = "nothing" if by_unit.smallest is None else f"a gain of {share(by_unit.smallest)}"
    more, repeats = ("nothing" if one is None else share(one) for one in (by_unit.more_cases, by_unit.repeats))
    units = {Taken.CASE: "cases (or groups)", Taken.BATCH: "runs", Taken.ONE_BY_ONE: "runs of one case (or group)"}[by_unit.taken]
    differ = f"the same code's scores differ by {share(by_unit.noise)} of the range from run to run (standard deviation of a case or group)"
    takes = f"a gain of {share(by_unit.worth)} of the range takes about {by_unit.takes:.0f} {units} that decide"
    return (
        f"{differ}, and by {share(by_unit.shared)} for all cases of a run",
        _TAKEN[by_unit.taken],
        f"{takes} ({_price(found, math.ceil(runs))}), if a change acts on cases with a spread of {PRIOR_SD}; {by_unit.units} are there",
        f"these show {smallest} or more four times in five; twice as many would show {more}, each judged twice {repeats}",
    )


def _pair_words(by_pair: PairOutlook, found: Calibrated, metric: Metric, most: int) -> tuple[str, ...]:
    """What pairs with a seed or cases of their own show, what a decision takes, and what would help."""
    same = "cases" if by_pair.cases else "seed"
    costs = (
        f"a keep takes {FEWEST_PAIRS} pairs or more ({_price(found, FEWEST_PAIRS)}), a comparison {most} at most ({_price(found, most)})"
    )
    if not by_pair.noise:
        return (f"two runs of the unchanged code with the same {same} never differed ({by_pair.pairs} pairs)", costs)
    noise = _shown(_share(by_pair.noise, found), found, metric)
    least, few, many, longer = (
        _gain(_share(size, found), found, metric) for size in (by_pair.least, by_pair.few, by_pair.many, by_pair.longer)
    )
    return (
        f"two runs of the unchanged code with the same {same} differ by {noise} (standard deviation, {by_pair.pairs} pairs)",
        f"smallest gain found four times in five: {least} with {FEWEST_PAIRS} pairs, {few} with {FEW_PAIRS}, {many} with {MANY_PAIRS}",
        costs,
        _more_words(by_pair, found, metric, f"{2 * MANY_PAIRS} pairs find {longer} (max_pairs = {2 * MANY_PAIRS})"),
    )


def _more_words(by_pair: PairOutlook, found: Calibrated, metric: Metric, longer: str) -> str:
    """Whether more cases, more seeds a run or more pairs would help."""
    if not by_pair.cases:
        return f"more pairs would help: {longer}. The mean over two seeds in each run helps as much"
    if by_pair.more_cases is None or by_pair.shared is None:
        return f"more pairs would help: {longer}"
    more = f"with twice the cases in a run, {MANY_PAIRS} pairs find {_gain(_share(by_pair.more_cases, found), found, metric)}"
    if by_pair.more_cases < HELPS * by_pair.many:
        return f"more cases would help: {more}. More pairs help, too: {longer}"
    acts = _shown(_share(by_pair.shared, found), found, metric)
    return f"more cases would help little, because something acts on whole runs ({acts}): {more}. More pairs would help: {longer}"


def _share(size: float, found: Calibrated) -> float:
    """A size on the comparison's scale as people say it."""
    return math.expm1(min(size, 700.0)) if found.logs else size


def _price(found: Calibrated, pairs: int) -> str:
    """What pairs take: time, and money where runs cost any."""
    cost = f", {money(2 * pairs * found.run_cost_usd)}" if found.run_cost_usd else ""
    return f"{about(2 * pairs * _whole_s(found))}{cost}"


def _of_runs(found: Calibrated) -> str:
    return f"{found.runs} runs of the unchanged code"


def _time_words(found: Calibrated, metric: Metric) -> tuple[str, ...]:
    """Whether time is measured, where that is known: older lines do not say it."""
    if found.timed is None:
        return ()
    if not found.timed:
        return (EXACT if found.exact else UNTIMED,)
    return (TIMED if audit.is_said_to_be_time(metric) else TIMED + IF_NO_TIME,)


def _shown(size: float, found: Calibrated, metric: Metric) -> str:
    return share_in_words(size, figures=2) if found.logs else with_unit(number(size, figures=3), metric.unit)


def _gain(size: float, found: Calibrated, metric: Metric) -> str:
    """A gain by its size on the comparison's scale: a value that gets better by getting lower never does so by 100 % or more."""
    return _shown(size / (1 + size) if found.logs and metric.direction is Direction.LOWER else size, found, metric)


def _whole_s(found: Calibrated) -> float:
    """What a run takes, all that is untimed included."""
    return found.run_s + found.prepare_s


def _cost_words(found: Calibrated) -> tuple[str, ...]:
    if found.runs == 1:
        return (f"a candidate costs 1 run ({about(_whole_s(found))})",)
    if not found.noise:
        return (f"a candidate costs 1 run ({about(_whole_s(found))}), or {3 if found.exact else 5} if it is kept",)
    least, most = KEEP_RUNS
    return (
        (
            f"a typical candidate costs about {NULL_RUNS} runs ({about(NULL_RUNS * _whole_s(found))}), one that is kept {least} to {most} "
            f"({about(least * _whole_s(found))} to {about(most * _whole_s(found))})"
        ),
    )


def _bias_words(found: Calibrated, metric: Metric) -> tuple[str, ...]:
    said = []
    if found.warm_up is not None:
        said.append(f"the first run after a fresh build is worse by {_shown(found.warm_up, found, metric)}")
    if found.bias is not None:
        words = effect_in_words(found.bias, metric.unit)
        where = f"the same code set up a second time: {words}, {found.bias_pairs} pairs"
        said.append(f"{where}; that is a bias, not an effect" if is_seen(found.bias) else f"{where}; no bias of a build or place was seen")
    if found.min_effect is not None:
        said.append(f"min_effect = {found.min_effect:g} is above {_OF_TWO_BUILDS if found.build_once else _OF_A_BIAS}")
    elif found.build_once and found.bias is None:
        said.append("nothing is known about how far two builds of the same code differ: `autotune calibrate` measures two")
    return tuple(said)


def _mode_words(found: Calibrated) -> str:
    if found.mode is DecisionMode.ONCE:
        return "decision mode: once; no keep is confirmed"
    if found.mode is DecisionMode.ECONOMY:
        why = f"a run takes {about(_whole_s(found))}, too long for a dozen pairs for each candidate"
        return f"recommended decision mode: economy, calibrated and not exact ({why})"
    if found.build_once:
        return (
            f"recommended decision mode: race, {NOT_BY_BUILDS}; no keep is confirmed until `autotune confirm N` has built and run it again"
        )
    return "recommended decision mode: race (exact)"


def advice(found: Calibrated, config: Config) -> tuple[str, ...]:
    """What would make the benchmark see more, a sentence each; nothing where nothing is wanting."""
    if found.findings:
        return found.advice
    said = []
    all_of_it = "" if config.measured_from_outside else ", and print the sum or the mean"
    calm = found.noise < CALM if found.logs else not found.noise
    if config.read and found.logs and found.noise > NOISY:
        said.append("let the tool repeat more often or for longer, with its own options: the median of more repetitions varies less")
    elif not calm and found.run_s < SHORT_RUN_S:
        said.append(f"give each run more to do{all_of_it}: in such a short run, starting the process takes a large part")
    elif found.logs and found.noise > NOISY and found.run_s < ECONOMY_FROM_S / NULL_RUNS:
        said.append(f"do the work several times a run{all_of_it}: that takes most of the noise away")
    if found.logs and found.noise > NOISY and config.metric == _WALL:
        said.append(_CALMER)
    if found.warm_up is not None:
        said.append("let the benchmark run the work once before it takes the time: first runs are slower")
    if found.output_bytes > TALKATIVE and not calm:
        said.append(f"print less: a run prints {found.output_bytes / 1e6:.1f} MB, and reading that takes part of the time")
    if not calm:
        said.extend(_quieter(found))
    if found.prepare_s > found.run_s / 2 and found.prepare_s > 1 and not found.build_once:
        said.append(
            f"`prepare` takes {about(found.prepare_s)} before each run: an incremental build, or a cache in `carry`, saves most of it. "
            "So does build_once = true, if `prepare` writes only in the working tree. Then each side of a comparison is built once. "
            "The luck of a build is not counted then, so only you may set it. "
            "No keep is confirmed until `autotune confirm N` has built and run it again"
        )
    return tuple(said)


def _quieter(found: Calibrated) -> tuple[str, ...]:
    if found.busy is None or found.busy <= BUSY:
        return ()
    return (f"use a quieter machine, or a quieter hour: others use {in_percent(found.busy)} of all cores",)


def drift_words(drift: Drift | None, mode: DecisionMode) -> str | None:
    """What is said where an unchanged state's values drift, with what that changes; None where they do not, or nothing is known."""
    return DRIFT.format(z=drift.z, changed=_CHANGED[mode]) if drift is not None and drift.flagged else None


def blindness(found: Calibrated, metric: Metric, value: float, why: Blind) -> tuple[str, str]:
    """Why a benchmark sees next to nothing, and what would help; `value` is the middle of its runs."""
    shown = with_unit(number(value), metric.unit)
    differ = f"runs of the unchanged code differ by about {_shown(found.noise, found, metric)}"
    seen = f"so only gains above about {_gain(found.few, found, metric)} would be found with {FEW_PAIRS} pairs"
    match why:
        case Blind.COARSE:
            what = f"{metric.name} is {shown} in all {found.runs} runs, too few digits for a time"
        case Blind.SHORT:
            what = f"{metric.name} is too short a time ({shown}): {differ}"
        case Blind.NOISY:
            what = f"The benchmark is too noisy: {differ}"
        case Blind.ZERO:
            return (
                f"{metric.name} is {shown} in every run, and lower is better: unless it can fall below 0, there is nothing to gain.",
                f"{_HELPS[why]}; {_ANYWAY}",
            )
        case never:
            assert_never(never)
    helps = (*_quieter(found), _HELPS[why], *([_CALMER] if metric.name == _WALL else []), _ANYWAY)
    return f"{what}, {seen}.", "; ".join(helps)
