"""The lines above a session's table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from autotune.core import rules as decisions
from autotune.core.cases.confirming import planned_for
from autotune.core.decide import witness
from autotune.core.decide.witness import Unfit
from autotune.core.escaping import escaped, shortened
from autotune.core.facts import Fact, Kind
from autotune.core.health.transitions import Health, Mode
from autotune.core.ledger.state import Ending, Row, State
from autotune.core.ledger.stopping import rules
from autotune.core.model import DecisionMode, Status
from autotune.core.stats import confidence, effects, noise
from autotune.core.tell import advice, imported, limits
from autotune.core.tell.advice import drift_words
from autotune.core.tell.figures import (
    NO_NOISE,
    Noise,
    about,
    counted,
    duration,
    estimate_in_words,
    money,
    number,
    numbers,
    share_in_words,
    with_unit,
)
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.words import told


def headline(state: State, now: str) -> tuple[Line, ...]:
    """Give what stands at the top of a screen: goal, health, value, confidence, noise, counts, streaks, recovery, limits, time."""
    return (
        Line("goal", goal(state)),
        health(state),
        Line(shortened(state.metric.name, 30), value(state), Tone.GOOD if _last_keep(state) is not None else Tone.PLAIN),
        *claim_lines(state),
        confidence_line(state),
        Line("noise", noise_words(state)),
        *drift_lines(state),
        *([Line("cases", cases(state))] if state.scores is not None else []),
        Line("experiments", experiment_counts(state)),
        *imported.headline(state.imports),
        Line("streaks", streaks(state)),
        Line("recovery", recovery(state)),
        Line("limits", limits.left(state, now)),
        *([Line("cost", cost(state))] if state.spending.tokens or state.spending.cost_usd else []),
        Line("time", time_spent(state, now)),
    )


def cases(state: State) -> str:
    """Say what cases with scores are for, and how many confirmations were made of those planned."""
    split = state.segment.split
    parts = f"{len(split.search)} to search with, {len(split.confirm)} that decide, {len(split.held_out)} held out"
    return f"{parts}; {state.confirmations} of {planned_for(state.segment.listed)} confirmations made in this session"


def time_spent(state: State, now: str) -> str:
    """Say since when the session has been going on, and how long it and its runs took."""
    return f"since {moment(state.started)}, active for {duration(state.spending.active(now))}; {_in_runs(state)}"


def _in_runs(state: State) -> str:
    """Say how long runs took; those of the opening, and what a person measures meanwhile, lie outside of the active time."""
    return f"runs took {duration(state.spending.run_s)}, those of the opening included"


def goal(state: State) -> str:
    """Say what the session is for."""
    return f"{escaped(state.segment.opened.session)}: {aim(state)}"


def aim(state: State) -> str:
    """Say what was asked for."""
    unit = f" ({escaped(state.metric.unit)})" if state.metric.unit else ""
    return f"make {escaped(state.metric.name)}{unit} {state.metric.direction}"


def health(state: State) -> Line:
    """Say how the loop is doing, and why."""
    why = state.ended.reason if state.ended is not None else state.vitals.why
    if not state.opened:
        return Line("health", "not open yet: the opening was interrupted; the next command finishes it", Tone.FAIR)
    last = state.recent.rows[-1] if state.recent.rows else None
    after = f" after experiment {last.index}" if last is not None and last.reason == why else ""
    return Line("health", f"{condition(state)}{after}: {shortened(told(why), LONGEST_WHY)}", tone_of(state.vitals.health, condition(state)))


def tone_of(health: Health, word: str) -> Tone:
    """Give the tone of a session's health, and of the word for it: a stop is asked for, a pause needs help."""
    return Tone.FAIR if word == Ending.STOPPED else HEALTH_TONES[health]


def condition(state: State) -> str:
    """Give the word for a session's health: a stop is told from a pause, and a loop that repairs itself from one that optimises."""
    if state.ended is not None:
        return str(state.ended.ending)
    return f"{state.vitals.health}{', repairing' if state.vitals.mode is Mode.REPAIR else ''}"


def value(state: State) -> str:
    """Say where the metric was, and how far the last keep was from what was there before.

    The value of today stands beside that of the start only where the benchmark repeats exactly: else the two are of different times.
    """
    found, last = state.segment.baseline, _last_keep(state)
    if found is None:
        return "not measured yet"
    if last is None:
        text = f"baseline {with_unit(number(found, noise_of_a_run(state).at(found)), state.metric.unit)}; nothing better is kept"
        return text + (" in this segment" if state.segment.opened.segment > 1 else "")
    best = state.segment.best
    shown = (found,) if best is None or not repeats(state) else (found, best)
    values = " → ".join(with_unit(text, state.metric.unit) for text in numbers(shown, noise_of_a_run(state)))
    effect = "" if last.effect is None else f": {estimate_in_words(last.effect, state.metric.unit)} than before"
    return f"baseline {values}; last keep, experiment {last.index}{effect}"


def _last_keep(state: State) -> Row | None:
    """The segment's last keep."""
    last = state.recent.kept[-1] if state.recent.kept else None
    return last if last is not None and last.segment == state.segment.opened.segment else None


BY_FRESH_RUNS = "claim, by fresh runs of the first state and the last"


def claim_words(state: State) -> str:
    """Say what fresh runs of the first state against the last showed; empty where there were none."""
    found = state.claim
    if found is None:
        return ""
    since = state.all_keeps - found.keeps
    later = f"; {counted(since, 'keep')} since then" if since else ""
    return shortened(told(found.told(state.metric.unit)), LONGEST_WHY) + later


def claim_lines(state: State) -> list[Line]:
    """Give the line that says what was gained, where that was measured."""
    found = state.claim
    return [] if found is None else [Line("claim", claim_words(state), Tone.GOOD if found.improved else Tone.FAIR)]


def confidence_of(state: State) -> Confidence:
    """Give the session's confidence and its label."""
    multiple = None
    if state.segment.baseline is not None:
        best = state.segment.best if state.all_keeps else None
        multiple = confidence.confidence(state.segment.values, state.segment.baseline, best, state.metric.direction)
    return Confidence(multiple, confidence.confidence_label(multiple))


def confidence_line(state: State) -> Line:
    """Say what the confidence is, and that it decides nothing."""
    found = confidence_of(state)
    meant = "from the third experiment on" if found.multiple is None else CONFIDENCE_MEANS
    return Line("confidence", f"{found.text} ({meant})", Tone.QUIET if state.segment.drifts else CONFIDENCE_TONES[found.label])


def decision_mode(state: State) -> str:
    """Say which mode decides, what chose it, and where its odds leave something out."""
    mode = state.decision_mode
    less = [advice.WITHOUT_PROMISE] * (mode is not DecisionMode.RACE) + [advice.NOT_BY_BUILDS] * state.config.built_once
    return "; ".join([f"{mode}, {_chosen_by(state)}", *less])


def _chosen_by(state: State) -> str:
    if state.config.decision_mode != "auto":
        return "as configured (decision_mode)"
    known = state.segment.baseline_wall_s is not None
    return f"by what a run costs ({about(state.segment.run_s)})" if known else "until a run tells what it costs"


def noise_of_a_run(state: State) -> Noise:
    """Give the spread of a single run; none while nothing is known of it."""
    return Noise(noise.noise_floor(state.segment.pool) / effects.SQRT2, relative=state.segment.logs) if state.segment.pool else NO_NOISE


def noise_words(state: State) -> str:
    """Say how much the unchanged code differs from itself."""
    if state.scores is not None:
        known = None if state.segment.calibrated is None else state.segment.calibrated.by_unit
        if known is None:
            return "cases are compared one by one; `autotune calibrate` says how much the same case's scores differ"
        return f"cases are compared one by one; the same case's scores differ by {share_in_words(known.noise, figures=2)} of the range"
    if not state.segment.pool:
        return "not known: the unchanged code was run once" if state.segment.baseline is not None else "not known yet"
    sigma = noise_of_a_run(state).sigma
    if not sigma:
        return "none: every run of the unchanged code gave the same value"
    shown = (
        share_in_words(math.expm1(min(sigma, 700.0)), figures=2)
        if state.segment.logs
        else with_unit(number(sigma, figures=2), state.metric.unit)
    )
    return f"runs of the unchanged code differ by about {shown}"


def second_witness(state: State) -> Fact | None:
    """Say whether processor time is a second witness in this segment, and why not; None where none is needed or known."""
    seen = state.segment.baseline_observed
    if not seen or state.segment.opened.rule < decisions.SECOND_WITNESS or state.exact or not state.timed:
        return None
    found = witness.as_fact(state.segment.witness or witness.witness_of(seen, state.metric))
    if found.kind is Kind.WITNESS and state.decision_mode is not DecisionMode.RACE:
        return witness.unfit(Unfit.NO_RACE)
    return witness.unfit(Unfit.LEAST_EFFECT) if found.kind is Kind.WITNESS and state.config.min_effect else found


def repeats(state: State) -> bool:
    """Say whether every run of the unchanged code has given the same value."""
    return bool(state.segment.pool) and not noise_of_a_run(state).sigma


def drift(state: State) -> str | None:
    """Say that the unchanged code's values drift, and what that changes; None where they do not."""
    return drift_words(state.segment.drift, state.decision_mode)


def drift_lines(state: State) -> list[Line]:
    """Give the line that says that values drift, where they do."""
    found = drift(state)
    return [] if found is None else [Line("drift", found, Tone.FAIR)]


def experiment_counts(state: State) -> str:
    """Say how many experiments there were, by their status; what was not measured is told from what was discarded."""
    statuses = dict(state.statuses or {})
    statuses[Status.DISCARD] = statuses.get(Status.DISCARD, 0) - state.voided
    told = [f"{statuses[status]} {word}" for status, word in STATUS_WORDS.items() if statuses.get(status)]
    told += [f"{state.voided} void"] if state.voided else []
    forced = f", {state.forced} of the keeps by force" if state.forced else ""
    forced += f", {unconfirmed(state)} of the keeps unconfirmed" if unconfirmed(state) else ""
    segment = f"; segment {state.segment.opened.segment}" if state.segment.opened.segment > 1 else ""
    waiting = len(state.recent.second_looks)
    open_still = f"; {waiting} {'waits' if waiting == 1 else 'wait'} for a second look: `autotune again`" if waiting else ""
    return f"{state.count}: {', '.join(told)}{forced}{open_still}{segment}" if told else f"none yet{segment}"


def unconfirmed(state: State) -> int:
    """Count the keeps, of the latest 40, that the mode cannot guarantee and no fresh runs have confirmed."""
    return sum(not row.confirmed and not row.forced for row in state.recent.kept)


def streaks(state: State) -> str:
    """Say how long nothing was kept, and how many failed in a row."""
    vitals, limit = state.vitals, state.config.health
    plateau, crash = limit.max_no_improvement_runs + vitals.excused, limit.max_crash_streak + vitals.excused_failures
    failures = counted(vitals.failures, "failure")
    return f"{vitals.no_improvement} without a keep (plateau at {plateau}), {failures} in a row (crashing at {crash})"


def recovery(state: State) -> str:
    """Say which playbook is at work, or was last, and what is left of the budget."""
    vitals, config = state.vitals, state.config.recovery
    used = f"{vitals.attempts} of {config.max_healing_attempts} playbooks used since the last keep"
    if state.playbook is not None:
        return f"{state.playbook.playbook} is under way: {shortened(told(state.playbook.why), LONGEST_WHY)}; {used}"
    last = state.last_playbook
    return f"{used}; last, {last.playbook}: {shortened(told(last.result), LONGEST_WHY)}" if last and vitals.attempts else used


def budget(state: State, now: str) -> dict[str, float]:
    """Give what is left of the playbooks and of every limit that is set; time in whole seconds, rounded down."""
    counted = {rule.counts: rule.left for rule in rules(state, now).values() if rule.counts is not None and rule.allowed is not None}
    return {"healing": max(0, state.config.recovery.max_healing_attempts - state.vitals.attempts), **counted}


def cost_is_known(state: State) -> bool:
    """Whether an agent, a run or a proposer has said what it cost; runs may say that they cost nothing."""
    printed = any(state.config.cost_metric in run.samples for run in state.segment.baseline_observed)
    return state.spending.spent is not None or bool(state.spending.printed_usd) or printed


def cost(state: State) -> str:
    """Say what all have cost, and what of it runs and proposers printed."""
    spent = state.spending
    tokens = f", {spent.tokens:,} tokens" if spent.tokens or (spent.spent is not None and not spent.printed_usd) else ""
    printed = f", {money(spent.printed_usd)} of it as {state.config.cost_metric} was printed" if spent.printed_usd else ""
    return f"{money(spent.cost_usd)}{', partly estimated' if spent.cost_estimated else ''}{tokens}{printed}"


def moment(timestamp: str) -> str:
    """An ISO time in UTC, to the minute."""
    return escaped(timestamp.replace("T", " ")[:16]) + " UTC"


LONGEST_WHY = 300


HEALTH_TONES: Mapping[Health, Tone] = {
    Health.RUNNING: Tone.PLAIN,
    Health.IMPROVING: Tone.GOOD,
    Health.PLATEAUED: Tone.FAIR,
    Health.CRASHING: Tone.BAD,
    Health.HEALING: Tone.FAIR,
    Health.PAUSED: Tone.BAD,
    Health.FINISHED: Tone.GOOD,
}


CONFIDENCE_TONES = {"high": Tone.GOOD, "marginal": Tone.FAIR, "within noise": Tone.BAD, "too early": Tone.QUIET}


CONFIDENCE_MEANS = "the session's spread; it decides nothing"


STATUS_WORDS = {Status.KEEP: "kept", Status.DISCARD: "discarded", Status.CRASH: "crashed", Status.CHECKS_FAILED: "checks failed"}


@dataclass(frozen=True, slots=True)
class Confidence:
    """The best improvement as a multiple of the session's spread; None below three values."""

    multiple: float | None
    label: str

    @property
    def figure(self) -> str | None:
        """The multiple rounded down, so that it never reaches a label that it has not earned."""
        return None if self.multiple is None else f"{_floored(self.multiple)}×"  # noqa: RUF001 - the contract's sign

    @property
    def text(self) -> str:
        """Figure and label; the label alone where there is no figure yet."""
        return self.label if self.figure is None else f"{self.figure} {self.label}"

    def as_json(self) -> dict[str, float | str] | None:
        """The multiple as a number, or "infinite", with its label and what it means; None where there is none yet."""
        if self.multiple is None:
            return None
        multiple = self.multiple if math.isfinite(self.multiple) else "infinite"
        return {"mad_multiple": multiple, "label": self.label, "means": CONFIDENCE_MEANS}


def _floored(multiple: float) -> str:
    if math.isinf(multiple):
        return "∞"
    if 0 < multiple < 0.01:  # noqa: PLR2004 - far within noise
        return "under 0.01"
    scale = 1 if multiple >= 10 else 10 if multiple >= 1 else 100  # noqa: PLR2004 - about two figures
    return number(math.floor(multiple * scale) / scale)
