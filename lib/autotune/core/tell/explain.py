"""Why a session is where it is, in words for a person who knows no statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from autotune.core.escaping import shortened
from autotune.core.facts import KEPT_WITHOUT_PROOF, AnyKind, Fact, Kind
from autotune.core.health.transitions import Health, Mode
from autotune.core.ledger.settle import reason_of
from autotune.core.ledger.state import Ended, Ending, State
from autotune.core.ledger.stopping import Limit, due_playbook, limits_reached
from autotune.core.model import DecisionMode, Effect, Metric
from autotune.core.tell import headline, limits, report
from autotune.core.tell.advice import REPEATS
from autotune.core.tell.fate import TONES, Fate, fate_of, fate_of_open
from autotune.core.tell.figures import counted, estimate_in_words
from autotune.core.tell.headline import LONGEST_WHY, noise_words, recovery, tone_of, value
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.report import following, under_way
from autotune.core.tell.verdicts import BUILT_ONCE
from autotune.core.tell.words import told

LATEST = 5  # experiments whose fates are named
NOTICES = 2
HOW_TO_READ = (
    "The true effect lies within [a, b], in 19 of 20 such intervals. `from a to b` is how far the few runs lay apart. "
    "Evidence of 3400 : 1 means that at most 1 in 3400 useless changes would ever look this good. A change is useless if it gains nothing, "
    "or less than is asked for. A keep needs the odds behind `needed`: they share out the session's error budget, so they differ from one "
    "experiment to the next."
)
WITH_ONE_BUILD = "That holds if all builds are alike. Each side was built once here, and one lucky build looks as good."
_MODES = {
    DecisionMode.RACE: "",
    DecisionMode.ECONOMY: "in economy mode fewer runs decide than would rule luck out",
    DecisionMode.ONCE: "a single run decides in this session, and a single run cannot rule luck out",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """A command that a person can give, and what it is for."""

    command: str
    what: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to `why`. `decision` and `reason` speak of the latest experiment that has a verdict, None before the first."""

    experiment: int | None
    fate: Fate | None
    decision: str | None
    reason: str | None
    how_to_read: str
    health: Health
    mode: Mode
    condition: str
    blocker: str | None
    evidence: tuple[str, ...]
    next: str
    advice: tuple[Advice, ...]
    word: str
    running: Line | None = None

    def lines(self) -> tuple[Line, ...]:
        """The explanation as labelled lines."""
        tone = TONES[self.fate] if self.fate is not None else Tone.PLAIN
        told = [
            Line("health", f"{self.word}. {self.condition}", tone_of(self.health, self.word)),
            *self._ending(),
            *([self.running] if self.running else []),
            Line("mode", _MODE_WORDS[self.mode]),
        ]
        if self.decision is not None and self.reason is not None:
            told += [Line("decision", self.decision, tone), Line("reason", self.reason)]
            told += [Line("to read it", self.how_to_read, Tone.QUIET)] if self.how_to_read else []
        told += [Line("evidence" if place == 0 else "", text) for place, text in enumerate(self.evidence)]
        told.append(Line("next", self.next))
        told += [Line("you can" if place == 0 else "", f"{one.command}: {one.what}") for place, one in enumerate(self.advice)]
        return tuple(told)

    def _ending(self) -> Iterator[Line]:
        if self.blocker:
            yield Line("blocker", self.blocker, Tone.BAD) if self.word == Ending.PAUSED else Line("because", self.blocker)

    def as_json(self) -> dict[str, Any]:
        """What an explanation says besides a snapshot, as JSON values."""
        return {
            "condition": self.condition,
            "blocker": self.blocker,
            "experiment": self.experiment,
            "fate": self.fate,
            "decision": self.decision,
            "reason": self.reason,
            "evidence": list(self.evidence),
            "commands": [{"command": one.command, "what": one.what} for one in self.advice],
        }


_MODE_WORDS = {
    Mode.OPTIMIZE: "optimize: the proposer looks for a better value",
    Mode.REPAIR: "repair: the proposer first makes the loop work again",
}


def explain(state: State, now: str, worker: str | None = None, since: str | None = None) -> Explanation:
    """Explain a session's health, its last decision, what happens next and what a person can do."""
    latest = _latest(state)
    return Explanation(
        *latest,
        health=state.vitals.health,
        mode=state.vitals.mode,
        condition=_condition(state, now),
        blocker=shortened(told(state.ended.reason), LONGEST_WHY) if state.ended is not None else None,
        evidence=tuple(_evidence(state)),
        next=following(state, now, measuring=worker is not None),
        advice=tuple(_advice(state, now, latest.experiment, latest.fate, measuring=worker is not None)),
        word=headline.condition(state),
        running=under_way(state, now, worker, since),
    )


class _Latest(NamedTuple):
    """The latest experiment that has a verdict: its number, what became of it, that in words, why, and how its evidence is read."""

    experiment: int | None = None
    fate: Fate | None = None
    decision: str | None = None
    reason: str | None = None
    how_to_read: str = ""


def _latest(state: State) -> _Latest:
    experiment, mode = state.experiment, state.decision_mode
    if experiment is not None and experiment.verdict is not None:
        fate, verdict = fate_of_open(experiment), experiment.verdict
        words = sentence(experiment.number, fate, verdict.effect, state.metric, mode, verdict.reason, settled=False)
        return _Latest(experiment.number, fate, words, *_why(replace(verdict, reason=reason_of(experiment)).told(state.metric.unit)))
    if not state.recent.rows:
        return _Latest()
    row = state.recent.rows[-1]
    effect = row.effect if row.segment == state.segment.opened.segment else None  # of another metric, perhaps
    return _Latest(row.index, fate_of(row), sentence(row.index, fate_of(row), effect, state.metric, mode, row.reason), *_why(row.reason))


def _why(reason: Fact) -> tuple[str, str]:
    """A reason in words, and how its evidence is read, where it has any."""
    how = f"{HOW_TO_READ} {WITH_ONE_BUILD}" if reason.kind is Kind.BETTER_BUILT_ONCE else HOW_TO_READ
    return shortened(told(reason), LONGEST_WHY), how if "evidence" in reason.figures else ""


def sentence(
    index: int, fate: Fate, effect: Effect | None, metric: Metric, mode: DecisionMode, reason: Fact, *, settled: bool = True
) -> str:
    """Say what became of an experiment, or becomes of it once it settles, and why, to somebody who knows no statistics."""
    measured = f" Its value was {estimate_in_words(effect, metric.unit)}, where {metric.direction} is better." if effect is not None else ""
    words = _fate(fate, mode, reason).format(was="was" if settled else "is to be")
    return f"Experiment {index} {words}.{measured}"


def _fate(fate: Fate, mode: DecisionMode, reason: Fact) -> str:  # noqa: C901, PLR0911, PLR0912 - one return a fate
    worse_allowed = reason.figures.get("asked", 0.0) < 0
    match fate:
        case Fate.KEPT if worse_allowed:
            return "{was} kept: it makes the code simpler, and the runs rule out that it is worse by more than simplify_margin allows"
        case Fate.INCONCLUSIVE if worse_allowed:
            return "{was} taken back for now: the runs do not rule out yet that it is worse by more than simplify_margin allows"
        case Fate.NOT_SHOWN if worse_allowed:
            return "{was} taken back: the runs do not rule out that it is worse by more than simplify_margin allows"
        case Fate.KEPT if reason.kind in KEPT_WITHOUT_PROOF:
            return "{was} kept unconfirmed; since then, fresh runs side by side with what was there before have confirmed that it is better"
        case Fate.KEPT if reason.kind is Kind.BETTER_EXACTLY:
            return _KEPT_EXACTLY
        case Fate.UNCONFIRMED if reason.kind is Kind.BETTER_BUILT_ONCE:
            return f"{_FATES[fate]}; {BUILT_ONCE}"
        case Fate.UNCONFIRMED if _MODES[mode]:
            return f"{_FATES[fate]}; {_MODES[mode]}"
        case Fate.REFUTED if reason.kind in (Kind.NOT_WORTH_HAVING, Kind.SCORES_NOT_WORTH_IT):
            return f"{_FATES[fate]}: the runs rule out a gain worth having"
        case Fate.REFUTED if reason.kind is Kind.SCORES_LESS_SPECIFIC:
            return f"{_FATES[fate]}: it fires more often where it should not"
        case Fate.REFUTED if reason.kind is Kind.WORSE and reason.figures.get("pairs") == 1:
            return "{was} taken back: it was worse in the one pair that was run"
        case Fate.REFUTED:
            return f"{_FATES[fate]}: the value got {'worse' if reason.kind is Kind.WORSE else 'no better'}"
        case Fate.NOT_SHOWN if reason.kind is Kind.SCORES_NOT_PROMISING:
            return _NOT_PROMISING
        case Fate.INCONCLUSIVE if reason.kind in _OPEN:
            return f"{{was}} taken back for now: {_OPEN[reason.kind]}"
        case _:
            return _FATES[fate]


_KEPT_EXACTLY = (
    "{was} kept: it was better in every run, and this benchmark gives the same code the same number each time. That holds for its seed and "
    "its input; no run has shown another"
)
_SECOND_LOOK = "The idea is not refuted, and a second look may settle it"
_NOT_PROMISING = (
    "{was} taken back: on the search cases it was not better by more than chance often brings, so the cases that decide were not asked"
)
_SAME_AGAIN = "The idea is not refuted, but the same change on the same cases would say the same: it takes more cases"
_OPEN: Mapping[AnyKind, str] = {
    Kind.SCORES_USED_UP: f"all cases that decide were used, and they neither show a gain nor rule one out. {_SAME_AGAIN}",
    Kind.SCORES_OUT_OF_REACH: f"the cases that were left could not show a gain any more, and none is ruled out. {_SAME_AGAIN}",
    Kind.SCORES_TOO_FEW: f"so few cases can decide nothing. {_SAME_AGAIN}",
    Kind.SCORES_NOT_SPECIFIC: f"it fires where it should, but also where it should not. {_SAME_AGAIN}",
    Kind.POOL_SPENT: "the search cases looked better, but the cases that decide may do so no more. It takes others",
    Kind.LOOKS_BETTER: f"it looks better, but luck could not be ruled out. {_SECOND_LOOK}",
    Kind.LOOKS_BETTER_BY_WITNESS: "its processor time looks better, but the metric itself neither shows that nor rules it out. "
    f"{_SECOND_LOOK}",
    Kind.TOO_NOISY: f"the noise was several times as large as before, so the runs say little. {_SECOND_LOOK}, at a quieter time",
}
_TO_CONFIRM = (Fate.UNCONFIRMED, Fate.BY_PROCESSOR_TIME)
_FATES = {
    Fate.KEPT: "{was} kept: run side by side with what was there before, it was better, and luck is ruled out as far as this session asks",
    Fate.UNCONFIRMED: "{was} kept, but is not confirmed: it looked better",
    Fate.BY_PROCESSOR_TIME: "{was} kept by processor time: it takes less processor time, and luck is ruled out as far as this session "
    "asks. The metric's own estimate agrees, but cannot show it alone: other work made some runs wait longer than others",
    Fate.FORCED: "{was} kept because the user forced it, not because of its runs. It is no evidence that it is better",
    Fate.REFUTED: "{was} taken back: the idea did not work",
    Fate.NOT_SHOWN: "{was} taken back: the runs neither show a gain nor rule one out",
    Fate.INCONCLUSIVE: f"{{was}} taken back for now: it looked better, but no runs were left to rule out luck. {_SECOND_LOOK}",
    Fate.GUARDRAIL: "{was} taken back although its value is better: it breaks a guardrail, a bound on another metric",
    Fate.HOLDOUT: "{was} taken back although its value is better: it fails the hold-out, which no proposer sees. The gain is "
    "in the benchmark alone",
    Fate.UNTRUSTED: "does not count: its runs cannot be trusted, so nothing is known about the idea",
    Fate.CRASHED: "{was} taken back: the benchmark crashed with it, so there is no value to compare. That says nothing about the idea, "
    "only about how it was carried out",
    Fate.TIMED_OUT: "{was} taken back: the benchmark did not end within its time limit (timeout_s) with it",
    Fate.UNREADABLE: "{was} taken back: with it the benchmark ended well, but printed no metric that can be read. A run without a number "
    "is no success",
    Fate.CHECKS_FAILED: "{was} taken back: the checks fail with it, and pass without it. A better value does not count if something broke",
    Fate.HOOK: "{was} taken back: the repository's hooks refused it, or changed what had been measured",
    Fate.BENCHMARK: "could not be judged: the benchmark or the checks fail on the unchanged code too. Nothing is known about the idea",
    Fate.ENVIRONMENT: "could not be judged: something that the benchmark needs, such as `prepare`, failed. Nothing is known about the idea",
    Fate.NOT_MEASURED: "was not measured to the end, so nothing is known about the idea",
    Fate.ON_REQUEST: "{was} taken back because its proposer asked for that",
}


def _condition(state: State, now: str) -> str:
    if not state.opened:
        return "Opening the session was interrupted. Nothing is lost: the next command finishes it."
    return _ending(state, state.ended, now) if state.ended is not None else _going(state)


def _going(state: State) -> str:  # noqa: PLR0911 - one sentence a condition
    vitals = state.vitals
    match vitals.health:
        case Health.IMPROVING:
            return "The loop makes progress: the last experiment that could be judged was kept."
        case Health.PLATEAUED:
            return f"{counted(vitals.no_improvement, 'experiment')} in a row brought no keep{_so(state, 'another way in')}."
        case Health.CRASHING if vitals.broken:
            return "The benchmark fails on the unchanged code too, so no change can be judged until it works again."
        case Health.CRASHING if vitals.failures:
            return f"{counted(vitals.failures, 'candidate')} in a row failed{_so(state, 'what is wrong before it goes on')}."
        case Health.CRASHING:
            return "The user asked for a repair, and that comes first."
        case Health.HEALING if state.playbook is not None:
            return f"The playbook {state.playbook.playbook} is under way: {shortened(told(state.playbook.why), LONGEST_WHY)}."
        case Health.HEALING:
            return "A playbook ran to get the loop going again. Nothing was kept since, and experiments go on."
        case _ if not state.count:
            return "The session is open, and no experiment has been made yet."
        case _:
            return "Experiments go on, and nothing is wrong: most ideas bring no visible gain."


def _so(state: State, sought: str) -> str:
    """Say what the loop does about a streak."""
    if due_playbook(state) is None:
        return "; no playbook is left to try, and the loop goes on anyway (recovery.playbooks has no pause)"
    return f", so the loop looks for {sought}"


def _ending(state: State, ended: Ended, now: str) -> str:
    if ended.ending is Ending.STOPPED:
        return "The session was stopped on request. Everything it knows is kept, and it can go on."
    if ended.ending is Ending.PAUSED:
        return f"The session is paused because it needs the user: {_blocked(state, ended, now)}."
    return f"The session is finished: {_rule(state, now)}."


def _blocked(state: State, ended: Ended, now: str) -> str:
    vitals, config = state.vitals, state.config
    if vitals.broken:
        return "the benchmark fails on the unchanged code too, so no change can be judged"
    if Limit.MAX_FAILURES in limits_reached(state, now):
        return limits.ended(Limit.MAX_FAILURES)
    if ended.reason.kind is Kind.LIMIT_REACHED and ended.reason.figures["limit"] == Limit.MAX_FAILURES:
        return f"{limits.ended(Limit.MAX_FAILURES)}; more failures are allowed since"
    if vitals.attempts and vitals.attempts >= config.recovery.tries:
        return "all allowed playbooks were tried, and nothing was kept since"
    return "the loop cannot remove the blocker below by itself"


def _rule(state: State, now: str) -> str:
    """The stop rule that holds, in words."""
    held = limits_reached(state, now)
    return limits.ended(next(iter(held))) if held else "a stop rule held then; none holds now"


def _evidence(state: State) -> Iterator[str]:
    yield value(state)
    if state.claim is not None:
        yield f"{headline.BY_FRESH_RUNS}: {headline.claim_words(state)}"
    yield f"noise: {noise_words(state)}"
    if (witness := headline.second_witness(state)) is not None:
        yield told(witness)
    if headline.repeats(state):
        yield REPEATS
    yield f"decisions: {headline.decision_mode(state)}"
    if (drifting := headline.drift(state)) is not None:
        yield drifting
    if state.recent.rows:
        yield "latest first: " + ", ".join(f"{row.index} {fate_of(row)}" for row in state.recent.rows[: -LATEST - 1 : -1])
    if state.playbook is None and state.vitals.attempts:
        yield recovery(state)
    for notice in state.recent.notices[-NOTICES:]:
        yield f"noticed: {shortened(told(notice.found), LONGEST_WHY)}"


def _advice(state: State, now: str, experiment: int | None, fate: Fate | None, *, measuring: bool) -> Iterator[Advice]:
    if measuring:
        yield Advice("autotune wait", "waits for the measurement that is running")
        yield Advice("autotune cancel", "ends it; the experiment counts as not measured")
    elif state.ended is not None:
        yield from _advice_to_go_on(state, state.ended, now)
    elif state.experiment is not None and not state.experiment.may_settle:
        yield Advice("autotune log --description TEXT", "settles the experiment that is measured")
    if experiment is not None:
        yield Advice(f"autotune explain {experiment}", f"shows every sample of experiment {experiment}")
        if state.experiment is None and state.recent.second_looks and not measuring:
            yield Advice(
                "autotune again",
                f"takes a second look at the first experiment that waits, best at a quieter time; {report.second_looks(state)}",
            )
        if state.experiment is None and fate not in (Fate.KEPT, *_TO_CONFIRM, Fate.FORCED, Fate.INCONCLUSIVE):
            yield Advice(f"autotune restore {experiment}", f"opens its changes again{_WHEN.get(fate, '')}" if fate else "")
    if fate in _TO_CONFIRM and not measuring and state.experiment is None:
        yield Advice(f"autotune confirm {experiment}", "runs it again, side by side with what was there before, to confirm it")
    if state.claim_is_due and not measuring and state.experiment is None:
        yield Advice("autotune confirm", "measures what was gained in all")
    if state.ended is None:
        yield Advice("autotune note TEXT", "tells the proposer something")
        yield Advice("autotune stop", "stops the loop; nothing is lost")


_WHEN = {
    Fate.HOOK: ", once the hooks accept them",
    Fate.BENCHMARK: ", once the benchmark works",
    Fate.ENVIRONMENT: ", once what the benchmark needs is there",
    Fate.NOT_MEASURED: ", to measure them",
}


def _advice_to_go_on(state: State, ended: Ended, now: str) -> Iterator[Advice]:
    held = limits_reached(state, now)
    for limit, rule in held.items():
        yield Advice(f"autotune config set {limit} {rule.takes}", "moves the limit; then `autotune resume` goes on")
    if ended.ending is Ending.PAUSED and state.vitals.broken:
        yield Advice("autotune doctor", "says what does not work")
        yield Advice("autotune rebaseline --accept", "accepts the benchmark as it is now, and goes on with it")
    elif ended.ending is Ending.PAUSED and not held:
        yield Advice("autotune repair", "runs a playbook with a fresh budget")
    elif ended.ending is Ending.FINISHED:
        yield Advice("autotune report", "writes one page on what was gained, for people who were not there")
        yield Advice("autotune dashboard --full", "shows every experiment")
    if not held:
        yield Advice("autotune resume", "goes on; streaks and the recovery budget begin again")
