"""How behaviours stand, in words: scores, agreement, bias, money, what is wrong and what helps; made of what `--json` gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autotune.core.escaping import escaped, shortened
from autotune.core.judging.condition import Ill
from autotune.core.judging.marks import BEST_MARK
from autotune.core.tell import rollouts, scored
from autotune.core.tell.figures import at_most, counted, day, in_percent, minute, money
from autotune.core.tell.lines import Line, Tone, Values

_LONGEST = 300
_DAY_MS = 86_400_000
_BIAS = {"order": "with the criteria in reverse order", "length": "with three sentences more that say nothing"}


def status(found: Values) -> Iterator[Line]:
    """How all behaviours stand, in a few lines of each."""
    for one in found["scores"]:
        yield from _scores(one)
    for one in found["rollouts"]:
        yield rollout(one)
    yield Line("money", spent(found["money"]))
    yield from conditions(found["conditions"])


def in_full(found: Values) -> Iterator[Line]:
    """How one behaviour stands."""
    if found["instrument"] is None:
        yield Line("scores", f"none yet of {found['behavior']}; `autotune eval` judges what your agent answered")
        yield from conditions(found["conditions"])
        return
    yield Line("judge", judge(found["judges"][found["instrument"]]))
    if found["earlier"]:
        yield Line("", f"{counted(found['earlier'], 'score')} of earlier judges or rubrics are not compared with these", Tone.QUIET)
    yield from _scores(found)
    for name, one in sorted(found["criteria"].items(), key=lambda each: each[1]["mean"]):
        yield Line("criterion", f"{shortened(name, _LONGEST)}: {one['mean']:.2f} of {BEST_MARK}, over {counted(one['marks'], 'mark')}")
    unit = "day" if found["period_ms"] == _DAY_MS else "week"
    for one in found["periods"]:
        yield Line(unit, f"{day(one['from_ms'])}: {mean(one['mean'])}{_gone(one['unscored'])}")
    if found["unscored_why"]:
        yield Line("no score", scored.unscored(found["unscored_why"]), Tone.FAIR)
    yield Line("agreement", scored.agreement(found["agreement"]))
    if found["agreement"]["doubt"] is not None:
        yield Line("promotion", f"needs your approval: {scored.why_doubted(found['agreement']['doubt'], found['agreement'])}", Tone.FAIR)
    yield from bias(found["bias"])
    yield from rollout_in_full(found["rollout"])
    yield Line("money", spent(found["money"]))
    yield from conditions(found["conditions"])


def _scores(one: Values) -> Iterator[Line]:
    for each in one["versions"]:
        pack = "no pack shown" if each["version"] is None else shortened(each["version"], _LONGEST)
        yield Line("score", f"{one['behavior']}, {pack}: {mean(each['mean'])}{_gone(each['unscored'])}")


def mean(found: Values | None) -> str:
    """A mean with its interval, and of how much it is."""
    if found is None:
        return "no score"
    interval = "" if found["low"] is None else f" ({found['low']:.3f} to {found['high']:.3f})"
    return f"{found['value']:.3f}{interval}, {counted(found['cases'], 'case')} of {counted(found['units'], 'unit')}"


def _gone(count: int) -> str:
    return f"; {count:,} without a score" if count else ""


def rollout(one: Values) -> Line:
    """What a behaviour has outside, in a line."""
    label, name = "rollout", one["behavior"]
    if "problem" in one:
        return Line(label, f"{name}: {shortened(one['problem'], _LONGEST)}", Tone.BAD)
    version = shortened(one["version"], _LONGEST)
    match one["state"]:
        case "canary":
            ends = f"it ends by {day(one['expires_ms'])}; `autotune prompts explain {name}` says how it does"
            return Line(label, f"{name}: {version} is shown to {in_percent(one['share'])} since {day(one['since_ms'])}; {ends}")
        case "waiting":
            return Line(label, f"{name}: {version} waits; `autotune prompts watch --behavior {name}` says for what")
    return Line(label, f"{name}: {version} was promoted and is watched", Tone.GOOD)


def rollout_in_full(one: Values | None) -> Iterator[Line]:
    """How a canary does, against its boundaries."""
    if one is not None:
        yield from (rollout(one),) if "problem" in one else rollouts.watched(one)


def judge(said: Values) -> str:
    """Who judges."""
    second = "" if said["judge_second"] == "none" else f", then {escaped(said['judge_second'].split(' ')[0])}"
    return f"{escaped(said['judge'])}{second}; rubric {escaped(said['rubric'])}"


def bias(found: Values) -> Iterator[Line]:
    """By how much a score moves where nothing that counts was changed."""
    if not found:
        yield Line("bias", "not measured; `autotune eval --probe 20` measures it", Tone.QUIET)
    for kind, one in found.items():
        sure = one["low"] is not None and not one["low"] <= 0 <= one["high"]
        interval = "" if one["low"] is None else f" ({one['low']:+.3f} to {one['high']:+.3f})"
        words = f"{_BIAS[kind]}: {one['value']:+.3f}{interval}, {counted(one['cases'], 'case')}"
        yield Line("bias", words, Tone.FAIR if sure else Tone.PLAIN)


def spent(found: Values) -> str:
    """What models cost today, and what is left."""
    unknown = f", and {counted(found['unknown'], 'call')} of unknown cost" if found["unknown"] else ""
    today = f"{at_most(scored.money_of(found['usd']), found['guessed'])} today in {counted(found['calls'], 'call')}{unknown}"
    left = "no cap on money" if found["left_usd"] is None else f"{money(found['left_usd'])} of {money(found['max_usd'])} left"
    return f"{today}; {left}, {found['left_calls']:,} of {found['max_calls']:,} calls left"


def conditions(found: Sequence[Values]) -> Iterator[Line]:
    """What is wrong, and what helps."""
    for one in found:
        yield Line("wrong", f"{wrong(one)} {helps(one)}", Tone.BAD)


def wrong(one: Values) -> str:
    """What is wrong, in a sentence."""
    since = "" if one.get("since_ms") is None else f" since {moment(one['since_ms'])}"
    what, before = escaped(str(one.get("what", ""))), escaped(str(one.get("before", "")))
    match Ill(one["ill"]):
        case Ill.DEAD_JUDGE:
            return f"The judge of {one['behavior']} has given no score{since}: {scored.why_unscored(one['what'])}."
        case Ill.NO_TRAFFIC:
            return f"No request has come{since}."
        case Ill.DRIFTED_MODEL:
            return f"Another model answers{since}: {what} in place of {before}."
        case Ill.DRIFTED_SCORES:
            return f"Scores of {one['behavior']} have moved{since} with the same pack and judge: {what} after {before}."
        case Ill.NO_BUDGET:
            return f"The day's {what} {'is' if what == 'money' else 'are'} used up."
        case _:
            cases = counted(int(what), "case")
            return f"A judge of {one['behavior']} followed the planted instruction in {cases}."


def helps(one: Values) -> str:
    """What helps."""
    return {
        Ill.DEAD_JUDGE: "`autotune prompts doctor MODEL` asks it one question. No case is lost: `autotune eval` judges them later.",
        Ill.NO_TRAFFIC: "See whether your agent runs and writes traces, then `autotune ingest`.",
        Ill.DRIFTED_MODEL: "Scores from before say little of this one. Wait for new records before you optimise.",
        Ill.DRIFTED_SCORES: "See whether requests or the agent's model have changed: `autotune prompts explain CASE` shows single cases.",
        Ill.NO_BUDGET: "Wait for tomorrow (UTC), or raise the cap in prompts.toml.",
        Ill.OBEDIENT_JUDGE: "Its marks there do not count. Take another model as judge.",
    }[Ill(one["ill"])]


def case(found: Values) -> Iterator[Line]:
    """Everything of one case."""
    yield Line("case", f"{found['case']}, seen {moment(found['at_ms'])}, part {found['part']}")
    for name, version in found["packs"].items():
        yield Line("shown", f"{shortened(name, _LONGEST)} {shortened(version, _LONGEST)}")
    yield Line("request", _text(found["request"]))
    yield Line("answer", _text(found["answer"] or "none"))
    if not found["verdicts"]:
        yield Line("scores", "none yet; `autotune eval` judges it when its turn comes")
    for one in found["verdicts"]:
        yield from _verdict(one)
    for behavior, mark in found["labels"].items():
        yield Line("your mark", f"{behavior}: {mark} of {BEST_MARK}")


def _verdict(one: Values) -> Iterator[Line]:
    by = f"by {escaped(one['judge'])}{'' if one['current'] else ', an earlier judge or rubric'}"
    if one["score"] is None:
        later = "it is not tried again" if one["again_ms"] is None else f"it is tried again from {moment(one['again_ms'])} on"
        yield Line(one["behavior"], f"no score {by}: {scored.why_unscored(one['unscored'])}; {later}", Tone.FAIR)
    else:
        yield Line(one["behavior"], f"{scored.score(one['score'])} {by}")
    for name, mark in one["marks"].items():
        yield Line("", f"{shortened(name, _LONGEST)} {mark} of {BEST_MARK}: {shortened(one['reasons'].get(name, ''), _LONGEST)}")


def _text(text: str) -> str:
    return "\n".join(escaped(line) for line in text[:2000].split("\n"))


def moment(moment_ms: int) -> str:
    """A time (UTC), to the minute."""
    return f"{minute(moment_ms)} UTC"
