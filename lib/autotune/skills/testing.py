"""A skill's suite run once, with and without the skill, or twice alike; each result is kept in the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autotune.core.skills.measured import Compared, Measured, compared, measured
from autotune.core.skills.probed import total
from autotune.core.skills.probing import Measures, Probing
from autotune.core.skills.readiness import NO_CASES, Step, command
from autotune.core.skills.results import Result, What
from autotune.core.tell.tested import void
from autotune.errors import AutotuneError
from autotune.records.store import Store
from autotune.skills import measuring, packages, results, suites
from autotune.skills.installed import Skill
from autotune.skills.measuring import Bench
from autotune.skills.suites import Place, place_of

WITH, WITHOUT, FIRST, SECOND = "with", "without", "first", "second"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two measurements of the same cases, and how they differ."""

    before: Measured
    after: Measured
    difference: Compared | None


def benches(skill: Skill, home: Path, settings: Probing, wanted: Sequence[Measures]) -> list[Bench]:
    """Give a bench for each instrument that the skill's suite has cases for. Raises AutotuneError where it has none."""
    place = place_of(skill, home)
    step = Step.BASELINE if set(wanted) == {Measures.TASK} else Step.EVALS
    makes_cases = f"`{command(step, skill.short, NO_CASES)}`"
    if not place.suite.is_file():
        raise AutotuneError(f"{skill.short} has no suite yet: there is no {place.suite}.", makes_cases)
    found = list(_with_cases(skill, place, settings, wanted))
    if not found:
        kinds = dict.fromkeys("tasks" if one is Measures.TASK else "queries" for one in wanted)
        raise AutotuneError(f"The suite of {skill.short} has no {' and no '.join(kinds)}.", makes_cases)
    return found


def _with_cases(skill: Skill, place: Place, settings: Probing, wanted: Sequence[Measures]) -> Iterator[Bench]:
    for instrument in wanted:
        own = replace(settings, skill=str(skill.folder), suite=str(place.suite), instrument=instrument)
        bench = measuring.bench_of(own, Path.cwd())
        if bench.cases:
            yield bench


def once(bench: Bench, *, without: bool = False) -> Measured:
    """Measure all cases. Raises AutotuneError where too many probes fail."""
    try:
        return measured(list(bench.cases.values()), measuring.probed(bench, list(bench.cases), without=without))
    except measuring.Void as found:
        raise AutotuneError(
            f"The run says nothing. {void(found.failed, found.planned).capitalize()}.", "mend that, then run it again"
        ) from found


def baseline(bench: Bench) -> Pair:
    """Measure without the skill, then with it."""
    before, after = once(bench, without=True), once(bench)
    return Pair(before, after, compared(before, after))


def twice(bench: Bench) -> Pair:
    """Measure the same twice: what differs then is the instrument's own."""
    first, second = once(bench), once(bench)
    return Pair(first, second, compared(first, second))


def keep(store: Store, bench: Bench, what: What, made: Measured | Pair, now_ms: int) -> Result:
    """Write a result down."""
    if isinstance(made, Measured):
        sides = {side: (float(one.hits), float(one.of)) for side, one in made.by_side().items()}
        whole, passed = made, None
    else:
        names = (WITHOUT, WITH) if what is What.BASELINE else (FIRST, SECOND)
        shares = [one.share(one.cases.values()) for one in (made.before, made.after)]
        sides = {name: (float(one.hits), float(one.of)) for name, one in zip(names, shares, strict=True)}
        whole, passed = made.after, verdict(what, made)
    overall = whole.share(whole.cases.values())
    result = Result(
        bench.around.name,
        what,
        str(bench.settings.instrument),
        packages.read(bench.around.skill).fingerprint,
        suites.version(bench.suite, bench.workspaces),
        now_ms,
        float(overall.hits),
        float(overall.of),
        whole.failed,
        sides,
        whole.usd if isinstance(made, Measured) else total([made.before.usd, made.after.usd]),
        passed,
    )
    results.keep(store, result)
    return result


def verdict(what: What, pair: Pair) -> bool | None:
    """What a comparison says for itself: better with the skill; or no difference where there is none. None where nothing was compared."""
    if pair.difference is None:
        return None
    return pair.difference.same if what is What.SAME else pair.difference.mean > 0
