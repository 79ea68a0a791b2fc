"""The words of facts: a sentence for each kind, in one table. Nothing reads them again."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from functools import partial
from string import Formatter
from typing import Any

from autotune.core.config.keys import NOW
from autotune.core.decide.witness import Unfit
from autotune.core.escaping import escaped, shortened
from autotune.core.facts import AnyKind, Fact, Kind
from autotune.core.findings import Verification
from autotune.core.health.supervision import How
from autotune.core.ledger.stopping import Limit
from autotune.core.tell import amiss, answers, lessons, limits, observed, progress, unread
from autotune.core.tell.figures import (
    about,
    counted,
    duration,
    effect_in_words,
    ending,
    in_percent,
    listed,
    money,
    number,
    numbers,
    share_in_words,
)
from autotune.core.tell.verdicts import VERDICTS, effect_in, of_a_verdict


def told(fact: Fact, *, lead: bool = True) -> str:
    """A fact in words, without a full stop. Without `lead`, what became of the experiment (`kept: `) is left out."""
    if not lead and fact.kind is Kind.NOT_MEASURED and fact.because is not None:
        said = told(fact.because)
    elif fact.words is not None:
        said = fact.words
    elif fact.kind in VERDICTS:
        said = of_a_verdict(fact, lead=lead)
    else:
        words = _EVERY[fact.kind]
        said = filled(words, fact.because, **fact.figures) if isinstance(words, str) else words(fact)
    return "; ".join([said, *map(told, fact.besides)])


def filled(template: str, because: Fact | None = None, /, **figures: Any) -> str:  # noqa: ANN401 - any figure
    """A template with its figures, and with what it goes back to in words."""
    return _TEMPLATE.vformat(template, (), _shown_in(figures, because))


def _shown_in(figures: Mapping[str, Any], because: Fact | None) -> dict[str, Any]:
    """Figures as a template takes them: texts safe to show, and of paths that are named in part the rest counted.

    Lines of older versions hold as `problem` why something is no value.
    """
    shown = {name: _shown(value) for name, value in figures.items()}
    paths = {"paths": listed(figures["paths"], figures["all"])} if "all" in figures else {}
    return {**shown, **paths, "because": shown.get("problem", "") if because is None else told(because)}


def _shown(value: object) -> object:
    if isinstance(value, str):
        return escaped(value)
    return [str(_shown(one)) for one in value] if isinstance(value, list | tuple) else value


class _Template(Formatter):
    """Templates, in which a figure can have more than a format: how it is read, its noun, or what is said where it is empty.

    `{wait_s:about}`, `{runs:run}` and `{made:branch/branches}`, `{error:or with an error}`. A list is joined, `{names:and}` by that word.
    """

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - any figure
        """One figure in words."""
        if format_spec in _READ_AS:
            return _READ_AS[format_spec](value)
        if isinstance(value, list):
            return (" and " if format_spec == "and" else ", ").join(value)
        if format_spec.startswith("or "):
            return str(value or format_spec[3:])
        if isinstance(value, int) and len(format_spec) > 1 and format_spec[0].isalpha():
            return counted(value, *format_spec.split("/"))
        return format(value, format_spec)


_TEMPLATE = _Template()
_READ_AS: Mapping[str, Callable[[Any], str]] = {
    "about": about,
    "duration": duration,
    "fields": amiss.fields,
    "money": money,
    "number": number,
    "share": partial(share_in_words, figures=2),
    "percent": in_percent,
}


# Verdicts

EXACT_CLAIM = "{runs} runs a side, on each side the same to the last digit; this benchmark repeats exactly, so more runs would add nothing"


# Everything else


def _clock(fact: Fact) -> str:
    says, said = ("comes to", "came to") if fact.figures["rate"] else ("says", "said")
    clock = " of processor time" if fact.figures["clock"] == "processor" else ""
    return filled(
        f"its {{metric}} {says} {{value_s:number}} s of runs that took {{whole_s:number}} s{clock}, while on the unchanged code it "
        f"{said} {{value_before_s:number}} s of {{whole_before_s:number}} s: the time went elsewhere, or the clock cannot be trusted",
        **fact.figures,
    )


def _exit(fact: Fact) -> str:
    said = ending(fact.figures["code"], fact.figures["signal"])
    return f"{listed(fact.figures['tests'], fact.figures['failing'])} failed ({said})" if "tests" in fact.figures else said


LEAVE_OUT = "find what differs from run to run (time, order, chance, a port, the network), or leave that part out"


def _renamed(fact: Fact) -> str:
    return ", ".join(f"{name} is {NOW[name]} now" if NOW[name] else f"{name} is no key any more" for name in fact.figures["keys"])


def _no_metric(fact: Fact) -> str:
    printed, more = fact.figures["printed"], fact.figures["more"]
    names = ", ".join(map(escaped, printed)) + (f" and {more} more" if more else "")
    found = told(fact.because) if fact.because is not None else f"it printed {names}" if printed else "it printed no metric at all"
    return f"exit 0 without a line METRIC {escaped(fact.figures['name'])}=…; {found}"


def _no_guarded_metric(fact: Fact) -> str:
    printed = fact.figures.get("printed", ())  # older versions did not say it
    instead = f"; it prints {listed(printed)}" if printed else ""
    return f"it does not print {escaped(fact.figures['name'])}, which a guardrail needs{instead}"


def _direction(fact: Fact) -> str:
    metric, direction, speaks_for = (fact.figures[one] for one in ("metric", "direction", "speaks_for"))
    assumed = "" if fact.figures["said"] else ", by its name" if speaks_for == direction else ", unless you say otherwise"
    odd = (
        f"; by its name, {speaks_for} is better: if so, begin with --direction {speaks_for}" if speaks_for not in (None, direction) else ""
    )
    return f"{'warning: ' if odd else ''}{escaped(metric)}: {direction} is better{assumed}{odd}"


def _printed(fact: Fact) -> str:
    """What a proposer printed, on one line, and where all of it is; older versions did not keep it."""
    log = fact.figures.get("log")
    if log is None:
        return ""
    said = shortened(" | ".join(line.strip() for line in fact.figures["said"].splitlines() if line.strip()), _LONGEST_PRINTED)
    return (f": {said}" if said else "; it printed nothing") + (f" (all of it: {escaped(log)})" if said else "")


_LONGEST_PRINTED = 300  # characters
MOST_CHANGES = 3  # that are told


def _exhausted(fact: Fact) -> str:
    tried = fact.figures["playbooks"]
    end = f"recovery is exhausted after {counted(tried, 'playbook')}" if tried else "there is no playbook to try"
    return f"{_because(fact)}, and {end}"


def _because(fact: Fact) -> str:
    return "" if fact.because is None else told(fact.because)


def _context(fact: Fact) -> str:
    changes: list[list[str]] = fact.figures["changes"]
    said = ([escaped(text) or "not said" for text in (name, before, now)] for name, before, now in changes[:MOST_CHANGES])
    return "; ".join(f"{name} was {before} and is {now}" for name, before, now in said)


def _pair(fact: Fact) -> tuple[str, ...]:
    return numbers((fact.figures["before"], fact.figures["now"]))


def _looked(fact: Fact) -> str:
    before, now = _pair(fact)
    end = "beyond noise, so single runs are compared with the new values" if fact.figures["moved"] else "within noise"
    return f"the unchanged code measured {before} before and {now} now: {end}"


def _moved(fact: Fact) -> str:
    before, now = _pair(fact)
    return f"the unchanged incumbent measured {before} before and {now} now"


def _noise_changed(fact: Fact) -> str:
    before, now = (_share(fact.figures[name], logs=fact.figures["logs"]) for name in ("before", "now"))
    return f"the unchanged incumbent's noise was {before} and is {now}"


def _share(sigma: float, *, logs: bool) -> str:
    return share_in_words(math.expm1(min(sigma, 700.0)), figures=2) if sigma and logs else number(sigma, figures=2)


_CLAIMS: Mapping[AnyKind, str] = {
    Kind.IMPROVED: "improved",
    Kind.NO_IMPROVEMENT: "no measurable improvement",
    Verification.CONFIRMED: "confirmed",
    Verification.NOT_CONFIRMED: "not confirmed",
}


def _claim(fact: Fact) -> str:
    figures, effect = fact.figures, effect_in(fact)
    parts = [] if effect is None else [effect_in_words(effect, figures["unit"], between="takes" in figures)]
    if "exact" in figures:
        parts.append(EXACT_CLAIM.format(runs=figures["pairs"]))
    else:
        parts.append(counted(figures["pairs"], "pair"))
    if "look" in figures:
        parts.append(f"asked {figures['look']} times")
        parts += [f"which takes {figures['takes']} pairs"] if "takes" in figures else []
    return f"{_CLAIMS[fact.kind]}: {', '.join(parts)}"


def _not_confirmed(fact: Fact) -> str:
    return _claim(fact) if fact.because is None else f"{_CLAIMS[fact.kind]}: {_because(fact)}"


def _bug(fact: Fact) -> str:
    where = f"; the details are in {escaped(fact.figures['log'])}" if "log" in fact.figures else ""
    return f"because of a bug in autotune: {escaped(fact.figures['error'])}{where}"


def _segment_begins(fact: Fact) -> str:
    figures = fact.figures
    opening = f"segment {figures['segment']} begins"
    return opening if figures["value"] is None else f"{opening} with {escaped(figures['metric'])} = {number(figures['value'])}"


def _ahead(fact: Fact) -> str:
    takes_s = fact.figures["takes_s"]
    return (f", about {about(takes_s)}" if takes_s else "") + "; Ctrl-C stops, nothing is lost"


def _min_effect_set(fact: Fact) -> str:
    least = only_above(fact.figures["min_effect"], logs=fact.figures["logs"])
    why = "two builds of the same code differ by up to that much"
    return f"{least}: {why}{', because the benchmark is too short' if fact.figures['short'] else ''} (min_effect, found by calibration)"


def only_above(min_effect: float, *, logs: bool) -> str:
    """What a session asks for, as loud as it has to be."""
    size = f"{number(100 * min_effect, figures=2)} %" if logs else number(min_effect, figures=2)
    return f"ONLY GAINS ABOVE {size} WILL BE KEPT"


def _was_read(fact: Fact) -> str:
    cases, others, ignored = (fact.figures[key] for key in ("cases", "others", "ignored"))
    metric = fact.figures["metric"]
    told = f"{metric} of {listed(cases, len(cases))}" if cases else metric
    also = f"; it has {listed(others, len(others))} too" if others else ""
    aside = "; left aside: " + ", ".join(f"{unread.LEFT_ASIDE[what]} ({count})" for what, count in ignored) if ignored else ""
    return escaped(f"read as {fact.figures['format']}: {told}{also}{aside}")


_GONE: Mapping[How, str] = {
    How.DONE: "ended its turn",
    How.STANDS_STILL: "the session stands still",
    How.RENEWED: "a fresh context was due",
    How.BUDGET: "its budget is used up",
    How.EXHAUSTED: "its context is full",
    How.REFUSED: "the model refused",
    How.LIMITED: "a rate limit",
    How.OVERLOADED: "the model's service is overloaded or out of reach",
    How.REJECTED: "the model's service does not accept it",
    How.CRASHED: "the client crashed",
}


_NO_WITNESS: Mapping[Unfit, str] = {
    Unfit.FEW_RUNS: "the unchanged code was run fewer than three times",
    Unfit.THE_METRIC_ITSELF: "the metric is processor time itself",
    Unfit.NOT_KNOWN: "not every run has a positive value and a processor time",
    Unfit.WAITS: "even the run that waited least was on the processor for only {share:percent} of its time",
    Unfit.SEVERAL_PROCESSORS: "a run uses several processors ({share:.1f}), so their time together says little about how long it takes",
    Unfit.ANOTHER_THING: "the metric is not most of a run's processor time, and does not follow the run's time. If it is a time, let a "
    "run do little else. Print the sum or the mean of its repetitions, not the best",
    Unfit.LEAST_EFFECT: "with min_effect, the metric alone decides",
    Unfit.NO_RACE: "it is used in race mode only",
}


def _is_cut_off(reason: Fact | None) -> bool:
    return reason is not None and reason.because is not None and reason.because.kind is Kind.CUT_OFF


def _last_line(text: str) -> str:
    return f": {escaped(text)}" if text else ""


WORDS: Mapping[AnyKind, str | Callable[[Fact], str]] = {
    Kind.SAID: "",
    # Whether processor time is a second witness.
    Kind.WITNESS: "processor time is a second witness, because it is part of the metric; from run to run it differs by about {noise:share}",
    Kind.NO_WITNESS: lambda fact: f"processor time is no second witness: {filled(_NO_WITNESS[Unfit(fact.figures['why'])], **fact.figures)}",
    # What was seen besides.
    Kind.BUSY: "others used {share:percent} of this machine's cores (more than {above:percent})",
    Kind.LEFTOVERS: lambda fact: (
        f"the candidate's runs left processes behind, which were ended: {escaped(fact.figures['first'])}"
        + (" and others" if fact.figures["more"] else "")
    ),
    Kind.TIME_ELSEWHERE: lambda fact: f"look at it twice: {_clock(fact)}",
    Kind.SEED_CHANGED: "look at it twice: it changes a seed ({seed}), and another seed can bring a better number by luck, in every run",
    Kind.FLAKY: "flaky: the {what} failed in {failed} of {runs:run} of the {arm} ({because}), and passed when run again; "
    f"{LEAVE_OUT}",
    Kind.HOLDOUT_FLAKY: "the hold-out failed once, and passed when run again",
    Kind.ONE_NUMBER: "each side gave the same number in all its runs, so this holds only for the benchmark's seed and input",
    Kind.BUILT_AFRESH: "every run had a build of its own",
    Kind.ON_HELD_OUT: "on {cases} held-out cases",
    # Why runs are no evidence.
    Kind.PRINTED_TWICE: "not to be trusted: its runs print {name} more than once with different values; the unchanged code's runs do not. "
    "Nobody can tell which value is the benchmark's",
    Kind.CLOCK_DISAGREES: lambda fact: (
        f"not to be trusted: {_clock(fact)} (if the metric is no part of a run's length, such as the worst of many pauses, "
        "set `void_implausible = false`)"
    ),
    Kind.SEED_FIXED: "not to be trusted: it changes a seed ({seed}), and its runs give the same number with every seed. So luck with one "
    "seed may be all that it gains. Let it use the seed that it is given",
    Kind.TAMPERED: "not to be trusted: {because}",
    Kind.LEDGER_WRITTEN: "a run wrote to the ledger",
    Kind.INDEX_WRITTEN: "a run wrote to {path}, which tells autotune what is in place; autotune makes it again",
    Kind.WORKTREE_MOVED: "a run pointed the measuring worktree at another repository; autotune makes the worktree again",
    Kind.SESSION_TOUCHED: "not to be trusted: while it was measured, something changed {paths}",
    Kind.STORE_DAMAGED: "not to be trusted: the content of {path} in git's store does not match its hash",
    Kind.DOES_NOT_GENERALISE: "does not generalise",
    # How a run ended.
    Kind.PASSED: "exit 0",
    Kind.EXIT: _exit,
    Kind.TIME_LIMIT: "it was ended after {after_s:.1f} s, its time limit",
    Kind.NO_METRIC: _no_metric,
    Kind.NO_GUARDED_METRIC: _no_guarded_metric,
    Kind.MALFORMED_LINE: "line {line} of {stream} is malformed, {because}: {text}",
    Kind.METRIC_WITHIN_LINE: "METRIC does not begin its line, so print a line end before it: {text}",
    Kind.MALFORMED_VALUE: "{text} is no value: {because}",
    Kind.NOT_WRITTEN: "the benchmark did not write {path}, which holds its results",
    Kind.NOT_OF_FORMAT: "{where:or what it printed} cannot be read as {format}: {because}",
    Kind.BAD_SAMPLES: "{because}",
    Kind.COMMAND_FAILED: "`{command}` failed: {because}",
    Kind.CHECKS_FAILED: "the checks failed: {because}",
    Kind.CHECKS_NOT_REACHED: "`{command}` before the checks failed: {because}",
    # Why a candidate cannot be judged.
    Kind.FAILS_AGAIN: "failed in {failed} of {runs:run}: {because}",
    Kind.BENCHMARK_FLAKY: "flaky: the {what} failed in {failed} of {runs} runs of the candidate, and in {failed_before} of {runs_before} "
    f"of the incumbent, so this says nothing about the change ({{because}}). To mend it, {LEAVE_OUT}, then `autotune rebaseline --accept`",
    Kind.BENCHMARK_BROKEN: "the benchmark fails without the change too: {because}",
    Kind.PREPARATION_BROKEN: "`prepare` or `setup` fails without the change too: {because}",
    Kind.CHECKS_BROKEN: "the checks fail without the change too: {because}",
    Kind.HOLDOUT_BROKEN: "the hold-out fails without the change too",
    Kind.NOT_MEASURED: "not measured: {because}",
    Kind.CUT_OFF: "something outside autotune ended its measurement",
    Kind.CANCELLED: "it was cancelled",
    Kind.STOPPED_MEANWHILE: "the session was stopped",
    Kind.BUG: _bug,
    # Why a commit did not come to be.
    Kind.COMMIT_REFUSED: "the hook {hook} refused the commit: {because}",
    Kind.FORMAT_FAILED: "{by} refused the candidate before it was measured: {because}",
    Kind.FORMAT_BROKEN: "{by} fails on the unchanged code too, in the measuring worktree ({because}), so it runs only at the commit. If "
    "it needs files that git ignores, name them in `carry`",
    Kind.FORMATTED_OUTSIDE: "{by} changed files that a candidate may not change: {paths}",
    Kind.FORMATTED: "{by} rewrote {paths}; the rewritten files are measured",
    Kind.HOOK_CHANGED_COMMIT: "a commit hook changed what was to be committed",
    Kind.HOOK_CHANGED_FILE: "a commit hook changed a file that was measured",
    Kind.HOOK_MOVED_BRANCH: "a commit hook took autotune's trailers out of the message, or moved the branch",
    Kind.HOOK_WROTE_TO_LEDGER: "a commit hook wrote to the ledger",
    # What was decided by somebody, whatever the runs showed.
    Kind.FORCED: "kept by force, not by evidence; measured: {because}",
    Kind.ON_REQUEST: "discarded on request; measured: {because}",
    # What a segment and a session begin with, and a session ends with.
    Kind.SESSION_BEGAN: "the session has just begun",
    Kind.SESSION_OPENS: "the session opens",
    Kind.SEGMENT_BEGINS: _segment_begins,
    Kind.BY_PLAYBOOK: "playbook rebaseline",
    Kind.ACCEPTED: "the user accepted what is measured",
    Kind.BASELINE: lambda fact: "one run" if fact.figures["runs"] == 1 else f"the median of {fact.figures['runs']} runs",
    Kind.RESUMED: "resumed",
    Kind.REPAIR_ASKED: "a repair was asked for",
    Kind.LIMIT_REACHED: limits.reached,
    Kind.BUDGET_SPENT: limits.ended(Limit.MAX_COST_USD),
    Kind.INCUMBENT_FAILS: "the benchmark or the checks fail without a change too, so no change can be judged: {because}",
    Kind.RECOVERY_EXHAUSTED: _exhausted,
    Kind.OUT_OF_IDEAS: "{because}, {proposals} proposals in a row without a candidate",
    Kind.PROPOSER_FAILED: lambda fact: f"the proposer failed with exit {fact.figures['code']}{_printed(fact)}",
    Kind.PROPOSER_OUT_OF_TIME: "the proposer was still at work when max_wall_time was over",
    Kind.PROPOSER_IDLE: lambda fact: f"the proposer changed nothing in scope{_printed(fact)}",
    Kind.PROPOSAL_REFUSED: lambda fact: ": ".join(filter(None, ("the proposal was refused", _because(fact)))),
    Kind.SEARCH_OVER: lambda fact: "a better pack is kept" if fact.figures.get("kept") else "the search found no further pack to try",
    Kind.STOPPED_BY_PERSON: "the user said stop",
    Kind.STOPPED_BY_INTERRUPT: "interrupted by the user",
    # Streaks.
    Kind.PLATEAU: "{experiments:experiment} in a row without a keep",
    Kind.FAILURES: "{failures:failure} in a row",
    # What the loop does by itself, why, and what came of it.
    Kind.ASKED_FOR: "the user asked for it",
    Kind.SURROUNDINGS_DIFFER: "the machine, its tools or autotune have changed",
    Kind.PLAYBOOK: "{playbook}: {because}",
    Kind.PLAYBOOK_FAILED: "it could not be done: {because}",
    Kind.INCUMBENT_NOT_MEASURED: "the incumbent could not be measured: {because}",
    Kind.NOTHING_CHANGED: "nothing has changed: {metric} is still {value:number}",
    Kind.NEW_SEGMENT: "a new segment begins: {because}",
    Kind.NOTHING_NARROWER: "there is nothing narrower than the scope to work on",
    Kind.NARROWED: "for {experiments} experiments, only {patterns} may change",
    Kind.BENCHMARK_WORKS: "on the incumbent the benchmark works",
    Kind.BENCHMARK_FAILS: "on the incumbent the benchmark fails: {because}",
    Kind.CHECKS_PASS: "the checks pass",
    Kind.CHECKS_FAIL: "the checks fail: {because}",
    Kind.NO_CHECKS: "there are no checks",
    Kind.TOOL_GONE: "{name} is gone",
    Kind.TOOL_CHANGED: "{name} was {before} and is {now}",
    Kind.RULE_GONE: "the segment decides by rule {rule}, which this version of autotune does not have",
    Kind.VALUE_MOVED: _moved,
    Kind.NOISE_CHANGED: _noise_changed,
    Kind.TARGET_IN_REACH: "the incumbent seems to reach the target of {target:number}",
    Kind.TARGET_MEASURED: "the median of {runs} fresh runs is {value:number}",
    Kind.RUNS_FAILED: "not every run passed",
    Kind.COULD_NOT_MEASURE: "it could not be measured: {because}",
    Kind.LOOK_DUE: "single runs need a fresh look at the unchanged code every ten experiments",
    Kind.LOOKED: _looked,
    Kind.CLAIM_DUE: "{keeps} keeps since the last",
    Kind.CLAIM_AT_END: "before the session finishes ({because})",
    Kind.IMPROVED: _claim,
    Kind.NO_IMPROVEMENT: _claim,
    Kind.NO_CLAIM: "no claim: {because}",
    Verification.CONFIRMED: _claim,
    Verification.NOT_CONFIRMED: _not_confirmed,
    Verification.CANNOT_TELL: "cannot tell: {because}",
    Kind.FIRST_STATE_FAILED: "the first state failed: {because}",
    Kind.LAST_STATE_FAILED: "the last state failed: {because}",
    # What was found changed from outside, and what was done about it.
    Kind.LINE_TORN: "The ledger's last line was incomplete ({bytes} bytes); it was moved to a file next to the ledger.",
    Kind.LEDGER_PUT_BACK: lambda fact: (
        "Something other than autotune wrote to the ledger during a run: "
        + ("it was rewritten or cut off" if fact.figures["lines"] is None else f"{counted(fact.figures['lines'], 'line')} came to it")
        + f". It was put back; what was there is at {escaped(fact.figures['aside'])}."
    ),
    Kind.LINES_SET_ASIDE: "Line {line} of the ledger {because}, and autotune did not write it. It was moved to {aside}, with the lines "
    "after it, except notes and other words.",
    Kind.SEEN_GONE: "seen.json was gone, which tells autotune how long the ledger was; it was written again.",
    Kind.COPY_GONE: "autotune.jsonl was gone; it was written again from the ledger.",
    Kind.COPY_CHANGED: "autotune.jsonl, the ledger's copy, was changed; it was written again from the ledger. What was there is "
    "at {aside}.",
    Kind.COPY_CUT: "autotune.jsonl had lost its end; it was written again from the ledger.",
    Kind.RUN_BIT_LOST: "{name} was no longer executable; that was put right.",
    Kind.STATE_GONE: ".autotune.state was gone; it is made from the log, and was written again.",
    Kind.STATE_CHANGED: ".autotune.state was changed (yours is at {aside}); it is made from the log, and was written again.",
    Kind.FILE_GONE: "{name} was gone; it was put back as it was after the last command.",
    Kind.FILE_MOVED_AWAY: "{name} was there before the session; it is at {aside} now, and `autotune clear` puts it back.",
    Kind.SCRIPT_GONE: "{name} was gone; it was put back as it was when the segment opened.",
    Kind.SCRIPT_CHANGED: "{name} was changed; it was put back (yours is at {aside}). The user changes it with `autotune rebaseline "
    "--accept`.",
    Kind.OLD_KEYS: lambda fact: f"autotune.toml has keys of an older version: {_renamed(fact)}.",
    Kind.OWN_HOOK_FAILED: "your hook {hook} failed: {because}",
    Kind.OWN_HOOK_CHANGED: "your hook {hook} was not run: its file is not the one that you added",
    Kind.NO_NOTIFIER: "neither notify-send nor osascript is there",
    Kind.NOTIFY_FAILED: "the notification was not sent: {because}",
    Kind.SETTINGS_EDITED: "autotune.toml was edited; in force from now on: {changes}.",
    Kind.SETTINGS_PUT_BACK: "autotune.toml was changed during a measurement; it was put back (what was there is at {aside}).",
    Kind.PINS_PUT_BACK: "{ref} did not point at what the segment is measured with; it was put back. Nothing was measured with "
    "anything else.",
    Kind.BRANCH_MOVED: "The branch had been moved to {tip}.",
    Kind.FOREIGN_COMMITS: "The branch {branch} holds {commits:commit} that autotune did not make, up to {tip}.",
    Kind.COMMITS_STAY: "{because} They stay while the session stands still.",
    Kind.BRANCH_PUT_BACK: lambda fact: filled(
        "{because} It was put back to what is kept, {incumbent}{too}. Where it was is saved at {ref}; edits from there are open in the "
        "working tree.",
        fact.because,
        **fact.figures,
        too=f", with {counted(fact.figures['files'], 'file')}" if fact.figures["files"] else "",
    ),
    Kind.MOVED_MEANWHILE: "The branch was moved to {tip} while experiment {experiment} was open; it was put back to what was kept. Where "
    "it was is saved at {ref}.",
    Kind.EDITS_OPEN: "Edited since experiment {experiment} began, and still open: {paths}.",
    Kind.SURROUNDINGS_CHANGED: "The machine, its tools or autotune have changed, so the unchanged code is measured again: {because}.",
    Kind.STAYED_BUSY: "The machine stayed busy for {waited_s:g} s, so measuring went on: {because}.",
    Kind.CANDIDATE_SET_ASIDE: "A candidate was refused and taken back: {because}. It is saved at {ref}.",
    Kind.CANDIDATE_GIVEN_UP: "A candidate was taken back before it was measured: {because}. It is saved at {ref}.",
    Kind.IN_THE_WAY: "{paths} stood where a file was put back. git does not track it, so it is in {aside} now.",
    Kind.REPOSITORY_MOVED: "No candidate may bring a repository of its own. {paths} was moved, whole, to {aside}.",
    Kind.OPENED_UP: "The proposer left {paths} so that you could not read or change it; you have that right again.",
    Kind.LATE_EDITS: "Edits made after experiment {experiment} had begun were taken back with it; they are saved at {ref}.",
    Kind.OVERTAKEN: "Experiment {experiment} no longer waits for a second look: {because}",
    Kind.KEEP_PUT_BACK: "The working tree had lost what experiment {experiment} keeps; it was put back: {paths}.",
    Kind.CHECKOUT_GIVEN_BACK: "A measurement in the checkout was cut off; your files are back: {paths}.",
    Kind.EDITS_IN_PLACE: "Edits made in the checkout during a measurement there are saved at {ref}: {paths}.",
    Kind.YOURS_CHANGED: "While a program proposed, {paths} changed; git does not track that. `{command}` prints what was there before.",
    # What is not as it should be, and is only told.
    Kind.BRANCH_ASTRAY: "{branch} is at {tip}, not at what was kept. {because} The next experiment puts it back, and saves under "
    "refs/autotune where it was.",
    Kind.PINS_ASTRAY: "{ref} does not point at what the segment is measured with; the next command that measures puts it back.",
    Kind.PINS_UNREADABLE: "What the session is measured with cannot be read: {because} `autotune check` says more.",
    Kind.BENCHMARK_EDITED: "{names:and}: not what the segment is measured with. The next command that measures puts it back, unless the "
    "user accepts it with `autotune rebaseline --accept`.",
    Kind.FILES_AMISS: "{names}: gone, or not as autotune left it; it is put back as soon as the session is not busy.",
    Kind.OUT_OF_SCOPE: "left alone, out of scope: {paths}",
    Kind.REFUSED: lambda fact: f"{fact.figures['message']} {fact.figures['hint'][:1].upper()}{fact.figures['hint'][1:]}.",
    Kind.LENT_WAITS: "What was open there is put away in {folder}; the next command gives it back once the branch is checked out.",
    Kind.PROTECTED: "protected, because they decide what is measured: {paths}; everything outside the scope is protected too. "
    "`--scope FILE` allows a file",
    Kind.NOTHING_PROTECTED: "protected: the session's own files, and everything outside the scope. If a file in scope decides what is "
    "measured, protect it: --protect PATTERN",
    Kind.LINE_WATCHED: "{path} may be changed although it prints the metric, except line {line}: {text}",
    Kind.LEFT_OPEN: "may be changed: {paths}. The benchmark or the checks load them; protect what only measures: --protect PATTERN",
    Kind.WAS_READ: _was_read,
    Kind.CAN_BE_READ: lambda fact: (
        f"this looks like {fact.figures['format']}: "
        + (f"add `{fact.figures['option']}` to the command, and " if fact.figures["option"] else "")
        + f"give `--read {fact.figures['read']}`"
    ),
    Kind.SUBMODULES_EMPTY: "submodules without files: {paths}; if the benchmark needs them: `git submodule update --init --recursive`",
    Kind.LFS_NAMES_ALONE: lambda fact: filled(
        "files that Git LFS has not fetched: {paths}; if the benchmark needs them: {first}`git lfs pull`",
        **fact.figures,
        first="" if fact.figures["installed"] else "install git-lfs, then ",
    ),
    Kind.NOT_CARRIED: lambda fact: (
        "runs happen in a separate worktree, without the files that git ignores; if the benchmark needs them: "
        + " ".join(f"--carry {escaped(shlex.quote(path))}" for path in fact.figures["paths"])
    ),
    # What is going on.
    Kind.WAITING_FOR_MACHINE: progress.waiting,
    Kind.WAITING_FOR_QUIET: progress.waiting_for_quiet,
    Kind.BASELINE_RUN: "baseline run {run}: {metric} = {value:number}",
    Kind.BUILT_OUTSIDE: "{variable} points outside the working tree, so no build is kept: `prepare` runs before every run",
    Kind.PLACE_MADE_ANEW: "{paths} in the measuring worktree changed and cannot be put back, so the worktree is made again",
    Kind.PROVING: "proof: the benchmark runs once with every file in scope emptied, to see that it measures them",
    Kind.PROVING_WITH_READ: "proof: the benchmark runs once with the files in scope that it reads emptied ({files:file}), to see that it "
    "measures them",
    Kind.CALIBRATING: "calibration: the same code built a second time, {pairs} pairs, about {takes_s:about}",
    Kind.MIN_EFFECT_SET: _min_effect_set,
    Kind.CONTEXT_CHANGED: lambda fact: f"what is measured with has changed: {_context(fact)}; a new segment begins",
    Kind.CONTEXT_CHANGED_AGAIN: "for the second time in a day, {because}; settle it, then `autotune rebaseline --accept`",
    Kind.CONTEXT_OF_CANDIDATE: lambda fact: f"the change measures with something else than the unchanged code: {_context(fact)}",
    Kind.CONTEXT_DIFFERS: lambda fact: f"the two states measure with different things: {_context(fact)}",
    Kind.POOL_SPENT: lambda fact: (
        f"you looked at {counted(fact.figures['seen'], 'case')} of those that decide, so these decide no more: others are needed"
        if fact.figures.get("seen")
        else f"the cases that decide were used for {fact.figures['used']} confirmations in this repository, and "
        f"{fact.figures['planned']} were planned: others are needed"
    ),
    Kind.NONE_HELD_OUT: "no cases are held out for that: there are too few, or holdout_share is 0",
    Kind.NONE_SCORED: "no case has a score in both states",
    Kind.LOST_BY: lambda fact: f"most worse by it: {listed([escaped(case) for case in fact.figures['cases']])}",
    Kind.SEED_UNREAD: "no file of the benchmark reads AUTOTUNE_SEED, so seeds change nothing yet; let {script} pass it on, as in "
    '`python3 train.py --seed "$AUTOTUNE_SEED"`',
    Kind.CASES_OPEN: "cases that decide are named in {paths}: a proposer can read them there, and fit them. Keep them outside of the "
    "repository if you can",
    Kind.SANDBOX_WORKS: "benchmark and checks work in the sandbox too; with --sandbox on, runs have no network and write only in the "
    "measuring worktree",
    Kind.SANDBOX_FAILS: "benchmark and checks do not work in the sandbox here, so runs are made without it; they may need the network",
    Kind.DIRECTION: _direction,
    Kind.MEASURED_IN_PLACE: "measured in the checkout itself (in_place): files in scope change in {top} during a measurement. There is no "
    "proof that these files are what is measured",
    Kind.RUNNING: progress.running,
    Kind.MAKING_TREE: "making the session's working tree",
    Kind.REMOVING_PLACE: "removing the measuring worktree",
    Kind.MAKING_PLACE: "making the measuring worktree",
    Kind.SETTING_UP: "`setup` runs in the measuring worktree",
    Kind.CHECKING: "the checks run on the {arm}",
    Kind.FORMATTING: "{by} runs on the candidate, before it is measured",
    Kind.CONSULTING: "the hold-out runs on the {arm}",
    Kind.COMMITTING: "experiment {experiment} is committed, with the repository's commit hooks",
    Kind.TRYING_OUT: "the benchmark runs once, to see whether it works",
    Kind.TRYING_SANDBOX: "the benchmark runs once more, to see whether it works in the sandbox too",
    Kind.CLIENT_WORKING: lambda fact: (
        "the client " + ("opens a session" if fact.figures["experiment"] is None else f"works on experiment {fact.figures['experiment']}")
    ),
    Kind.CLIENT_WAITED_FOR: lambda fact: (
        "the client is started again" + (f" in about {about(fact.figures['wait_s'])}" if "wait_s" in fact.figures else " now")
    ),
    Kind.PROPOSING: "the proposer works on experiment {experiment}",
    Kind.PROBING: "probes of {skill}: {done} of {cases} cases are done",
    Kind.RESULT: lambda fact: (
        f"experiment {fact.figures['experiment']}: {fact.figures['status']}: {_because(fact)}"
        + _last_line(fact.figures.get("last", ""))
        + (f"; `autotune restore {fact.figures['experiment']}` opens its changes again" if _is_cut_off(fact.because) else "")
    ),
    Kind.RESULT_TOLD: "experiment {experiment}: {status}: {description} ({because})",
    Kind.PROPOSED: "experiment {experiment}: {description}",
    Kind.TRIED: lessons.tried,
    Kind.SECOND_LOOK: "experiment {experiment}, a second look at {again}: {description}",
    Kind.EMPTY_HANDED: "{because} ({times} of {most})",
    Kind.CLAIMING: "claim, {because}: the session's first state against its last",
    Kind.CLAIMED: "claim: {because}",
    Kind.PLAYBOOK_BEGINS: "playbook {playbook}: {because}",
    Kind.PLAYBOOK_ENDS: "playbook {playbook}: {because}",
    Kind.PAIRS_AHEAD: lambda fact: f"{fact.figures['pairs']} pairs of runs{_ahead(fact)}",
    Kind.PAIRS_OF_UNCHANGED: lambda fact: f"{fact.figures['pairs']} pairs of runs of the unchanged code{_ahead(fact)}",
    Kind.WORKER_FAILED: "error: {because}",
    Kind.NIGHT_BEGINS: "session {session}: its working tree is {tree}; the log is {log}",
    Kind.CLIENT_STARTED: lambda fact: "the client is started" + ("" if fact.figures["fresh"] else ", in the same conversation"),
    Kind.CLIENT_ENDED: "the client is ended: {because}",
    Kind.CLIENT_GONE: lambda fact: ": ".join(filter(None, (_GONE[How(fact.figures["how"])], _because(fact)))),
    Kind.FRUITLESS: "the agent ended {times:time} in a row without a new experiment; the last time: {because}",
    Kind.AGENT_SAYS: "agent: {text}",
    Kind.SERVICE_FAILS: "the model's service answers {error:or with an error}; the client tries again in {wait_s:duration}",
    Kind.COMPACTED: "the client has compacted the conversation",
    Kind.CLIENT_FOLLOWS: lambda fact: (
        f"{_because(fact)}; {'a fresh context follows' if fact.figures['fresh'] else 'it goes on'}"
        + (f", in {fact.figures['wait_s']:.0f} s" if fact.figures["wait_s"] else "")
    ),
    Kind.PLUGIN_FAILED: "the client could not load a plugin: {problem}",
}
_EVERY = {**WORDS, **amiss.WORDS, **observed.WORDS, **answers.WORDS, **unread.WORDS}
