"""The words of rollouts: what is deployed, how a canary does, what was taken back; made of what `--json` gives."""

from __future__ import annotations

from collections.abc import Iterator

from autotune.core.escaping import shortened
from autotune.core.rollout.afterwards import Watch
from autotune.core.rollout.assigning import UnitKind
from autotune.core.rollout.exposures import LeftOut
from autotune.core.rollout.look import WORSE, Because, Mode, Verdict
from autotune.core.tell.figures import counted, in_odds, in_percent, minute
from autotune.core.tell.lines import Line, Tone, Values

PROMOTED = "A promoted pack of {behavior}"
RESTORED = "The pack of {behavior} that is deployed again"
_LONGEST, _LONGEST_LINE, _MOST_LINES = 300, 4000, 40
_BECAUSE = {
    Because.EMERGENCY: "{about} went beyond a cap in the last hours",
    Because.MISASSIGNED: "the canary is not shown to the share that is set ({misassigned:.0f} : 1); the reader does not keep to it",
    Because.GUARDRAIL: "more {about} than beside it ({failed})",
    Because.WORSE: "it looks worse than what runs beside it ({worse})",
    Because.BETTER: "it is better than what runs beside it ({evidence})",
    Because.NO_HARM: "it is not worse by more than the margin ({evidence})",
    Because.UNITS_USED: "it has had all the units that it may have",
    Because.TIME_UP: "its time is up",
    Because.TOO_FEW: "it looks better, and too few of its units have a score yet",
    Because.HELD: "it looks better, but {about} may be more than beside it",
    Because.OPEN: "nothing is decided yet",
}
_VERDICT = {
    Verdict.PROMOTE: "promoted",
    Verdict.ROLL_BACK: "rolled back",
    Verdict.WAIT: "goes on",
    Verdict.EXPIRE: "expired: the pack before it stays",
    Verdict.VOID: "void: the pack before it stays",
}
_UNITS = {UnitKind.USER_DAY: "a user's day", UnitKind.CONVERSATION: "a conversation", UnitKind.REQUEST: "a request"}
_LEFT_OUT = {
    LeftOut.NO_VERSION: "no version shown",
    LeftOut.ANOTHER_VERSION: "another version",
    LeftOut.NO_UNIT: "no user or conversation",
    LeftOut.ASTRAY: "not the coin's side",
    LeftOut.LATE: "after its unit had closed",
}
_DOUBT = "the judge has not been shown to agree with people ({doubt}); `autotune prompts approve` promotes it, `prompts label` helps"


def deployed(one: Values) -> Iterator[Line]:
    """What `deploy` and `approve` did of one behaviour, or would do."""
    name = one["behavior"]
    match one["action"]:
        case "refused":
            yield Line(name, shortened(one["error"], _LONGEST), Tone.BAD)
            yield Line("", shortened(one["hint"], _LONGEST))
            return
        case "nothing":
            yield Line(name, "nothing to deploy: no session has kept a new pack", Tone.QUIET)
            return
        case "runs":
            yield Line(name, f"a canary runs already; `autotune prompts watch --behavior {name}` says how it does")
            return
    yield Line(name, _action(one), Tone.GOOD if one["action"] == "began" else Tone.PLAIN)
    if one.get("first"):
        parent = one["parent"] or "the one of main"
        yield Line("first", f"there was no active pack, so {parent} becomes it: the canary is held against that")
    yield Line("from", _origin(one))
    if one["evidence"]:
        yield Line("evidence", shortened(one["evidence"], _LONGEST))
    yield Line("canary", _terms(one))
    yield Line("duration", _duration(one))
    if one["diff"]:
        shown = [shortened(line, _LONGEST_LINE) for line in one["diff"][2 : _MOST_LINES + 2]]
        yield Line("changes", "\n".join([*shown, *(["…"] if len(one["diff"]) > _MOST_LINES + 2 else [])]))


def _action(one: Values) -> str:
    version = one["version"]
    return {
        "began": f"{version} is a canary now",
        "would begin": f"{version} would be a canary",
        "waits for approval": f"{version} waits for you: `autotune prompts approve --behavior {one['behavior']}`",
        "would wait for approval": f"{version} would wait for your approval",
        "waits for records": f"{version} waits until records show {one.get('parent')}; `autotune prompts watch` begins it then",
        "dropped": f"{version} is dropped",
        "would be dropped": f"{version} would be dropped",
        "would be approved": f"{version} would be approved",
        "promotion approved": f"{version} may be promoted; `autotune prompts watch` does it",
    }[one["action"]]


def _origin(one: Values) -> str:
    if one["session"] is None:
        return f"commit {one['commit'][:12]}; no session has measured it, so more evidence is asked for: {in_odds(one['needed'])}"
    proven = "" if one["proven"] else "; somebody forced it, so more evidence is asked for"
    return f"session {one['session']}, experiment {one['experiment']}{proven}"


def _terms(one: Values) -> str:
    aim = "has to be better" if one["mode"] == Mode.GAIN else f"may be worse by {one['margin']:g}"
    return f"{in_percent(one['share'])} of the units; {aim} at {in_odds(one['needed'])}; ends after {one['max_days']:g} days"


def _duration(one: Values) -> str:
    if not one["units_a_day"]:
        return "unknown: no traffic was seen in the last 14 days"
    said = [f"+{effect}: {'longer than it lasts' if days is None else f'{days:g} days'}" for effect, days in one["days"].items()]
    return f"at {one['units_a_day']:g} units a day, half of such gains are found within: {', '.join(said)}"


def watched(one: Values) -> Iterator[Line]:
    """What `watch` saw of one behaviour and did, or would do."""
    match one["state"]:
        case "refused":
            yield Line(one["behavior"], shortened(one["error"], _LONGEST), Tone.BAD)
            yield Line("", shortened(one["hint"], _LONGEST))
        case "nothing":
            yield Line(one["behavior"], "nothing runs", Tone.QUIET)
        case "waiting":
            yield Line(one["behavior"], _action(one) if "action" in one else f"{one['version']} waits")
        case "promoted":
            yield from _after(one)
        case _:
            yield from _canary(one)


def _canary(one: Values) -> Iterator[Line]:
    would = "would be " if one.get("dry_run") and one["verdict"] != Verdict.WAIT else ""
    tone = {Verdict.PROMOTE: Tone.GOOD, Verdict.WAIT: Tone.PLAIN}.get(Verdict(one["verdict"]), Tone.FAIR)
    about = one.get("about")
    failed = "" if about not in one["failed"] else f"{one['failed'][about][1]} units, and {one['failed'][about][0]} beside it"
    odds = {name: in_odds(one[name]) for name in ("evidence", "worse")}
    because = _BECAUSE[Because(one["because"])].format(**{**one, **odds, "failed": failed})
    said = _VERDICT[Verdict(one["verdict"])]
    if one["action"] == "waits for approval":
        said, because = "waits for your approval", f"{because}; {_DOUBT.format(**one)}"
    elif one["action"] == "promoted by hand":
        said, because = "promoted by you", f"of itself: {because}"
    yield Line(one["behavior"], f"{one['version']} {would}{said}: {because}", tone)
    yield Line("units", _units(one))
    if one["effect"] is not None:
        low, high = one["interval"]
        yield Line("effect", f"{one['effect']:+.3f} (from {low:+.3f} to {high:+.3f}); {_boundaries(one)}")
    if guards := {name: odds for name, odds in one["guards"].items() if name in one["failed"] and sum(one["failed"][name])}:
        yield Line("guardrails", ", ".join(f"{name} {in_odds(odds)}" for name, odds in guards.items()) + "; 20 : 1 ends it")
    if one["left_out"]:
        yield Line("left out", ", ".join(f"{_LEFT_OUT[LeftOut(why)]} {count:,}" for why, count in one["left_out"].items()))


def _units(one: Values) -> str:
    control, canary = one["scored"]
    coin = "thrown as the format says" if one["by_format"] else "thrown by the reader itself"
    carried = "; what one request does to the next is not seen" if one["unit"] == UnitKind.REQUEST else ""
    waiting = f"; {counted(one['waiting'], 'unit')} wait for the judge" if one["waiting"] else ""
    days = f"day {one['days']:.1f} of {one['max_days']:g}"
    each = f"one coin decides {_UNITS[UnitKind(one['unit'])]}, {coin}{carried}"
    return f"{canary:,} of the canary and {control:,} beside it have a score, {days}; {each}{waiting}"


def _boundaries(one: Values) -> str:
    better = f"better {in_odds(one['evidence'])} (needed {in_odds(one['needed'])})"
    return f"{better}, worse {in_odds(one['worse'])} (needed {in_odds(WORSE)}), {one['scored'][1]} units (needed {one['fewest']})"


def _after(one: Values) -> Iterator[Line]:
    days = f"day {one['days']:.1f} of {one['for_days']:g}"
    match Watch(one["action"]):
        case Watch.TAKE_BACK:
            would = "would be " if one.get("dry_run") else ""
            why = f"worse than {one['parent']} was, by {one['about']} ({in_odds(one['odds'][one['about']])})"
            yield Line(one["behavior"], f"{one['version']} {would}taken back: {why}; {one['parent']} is active", Tone.FAIR)
        case Watch.OVER:
            why = "nothing spoke against it" if one["odds"] else "no request has come since"
            yield Line(one["behavior"], f"{one['version']} stays: {why}", Tone.GOOD)
        case _:
            yield Line(one["behavior"], f"{one['version']} is active and is watched, {days}")


def kept(found: Values) -> Iterator[Line]:
    """Every pack that can be taken up again, the newest first."""
    versions = found["versions"]
    here = next((one for one in reversed(versions) if one["snapshot"] == found["active"]), None)
    for one in reversed(versions):
        when = minute(one["at_ms"])
        yield Line(f"#{one['number']}", f"{one['version'] or '?'}: {one['why']} {when}{', active now' if one is here else ''}")
    if not versions:
        yield Line("packs", "none was deployed by autotune")


def reverted(one: Values) -> tuple[Line, ...]:
    """What `rollback` did, or would do."""
    would = "would be " if one["dry_run"] else ""
    said = {
        "ended": f"the canary {one['from']} {would}ended; {one['to']} stays",
        "dropped": f"{one['from']} {would}dropped, before it had begun",
        "restored": f"{one['to']} {would}active again, as it was, in place of {one['from']}",
    }
    return (Line(one["behavior"], said[one["action"]]),)
