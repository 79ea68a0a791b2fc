"""Sessions next to each other, in words and as JSON."""

from __future__ import annotations

from typing import Any

from autotune.core.codec import encode
from autotune.core.escaping import escaped, shortened
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.state import State
from autotune.core.tell.figures import counted, duration, money
from autotune.core.tell.headline import aim, claim_words
from autotune.core.tell.lines import Line, Tone
from autotune.core.tell.words import told

_SHOWN = 120  # characters of a name
NOT_MEASURED = "not measured; `autotune confirm` measures it"
NOTHING_KEPT = "nothing is kept"
NO_CASES = f"not measured: {told(Fact(Kind.NONE_HELD_OUT))}"


def standing(state: State) -> str:
    """Say whether a session goes on, in one word."""
    return "open" if state.ended is None else str(state.ended.ending)


def gain(state: State) -> str:
    """Say what fresh runs showed of the whole gain, with its interval; that is never added up."""
    return claim_words(state) or (NOTHING_KEPT if not state.all_keeps else NOT_MEASURED if state.segment.can_claim else NO_CASES)


def cost(state: State, now: str) -> str:
    """Say what a session has taken: its runs' time, and the money and tokens that were told of."""
    spending = state.spending
    parts = [f"{duration(spending.run_s)} of runs in {duration(spending.active(now))}"]
    if spending.cost_usd:
        parts.append(f"{'about ' if spending.cost_estimated else ''}{money(spending.cost_usd)}")
    if spending.tokens:
        parts.append(f"{spending.tokens:,} tokens")
    return ", ".join(parts)


def done(state: State) -> str:
    """Say how much was tried and kept."""
    return f"{counted(state.count, 'experiment')}, {state.all_keeps} kept"


def line(name: str, state: State | None, tree: str | None, now: str, problem: str = "", *, meant: bool) -> Line:
    """Give the line of a session in a list; a star marks the one that commands here mean."""
    label = f"{'*' if meant else ' '} {shortened(name, _SHOWN)}"
    if state is None:
        return Line(label, f"cannot be read: {escaped(problem)}", Tone.BAD)
    where = "checked out nowhere" if tree is None else f"in {escaped(tree)}"
    said = f"{aim(state)}; {standing(state)}, {done(state)}; {where}\n{gain(state)}\n{cost(state, now)}"
    return Line(label, said, Tone.QUIET if state.ended is not None else Tone.PLAIN)


def comparison(one: State, other: State, now: str) -> list[Line]:
    """Give two sessions line by line: what was asked, what came of it, what it cost; and why their gains may not be compared."""
    both = (one, other)
    facts = [
        ("goal", [aim(state) for state in both]),
        ("stands", [standing(state) if state.ended is None else f"{standing(state)}: {told(state.ended.reason)}" for state in both]),
        ("experiments", [done(state) for state in both]),
        ("gain", [gain(state) for state in both]),
        ("cost", [cost(state, now) for state in both]),
        ("began", [f"{state.started[:10]}, at {state.first[:12]}" for state in both]),
    ]
    lines = [Line("", f"1: {_name(one)}\n2: {_name(other)}")]
    lines += [Line(label, f"1: {texts[0]}\n2: {texts[1]}") for label, texts in facts]
    return [*lines, *(Line("mind", told, Tone.FAIR) for told in incomparable(one, other))]


def as_json(name: str, state: State | None, tree: str | None, now: str, problem: str = "", *, meant: bool) -> dict[str, Any]:
    """Give a session of a list as JSON; all that it has of its state is None where it cannot be read."""
    found: dict[str, Any] = {"session": name, "tree": tree, "meant": meant, "problem": problem or None}
    if state is None:
        return found
    metric, claim, spending = state.metric, state.claim, state.spending
    return found | {
        "branch": state.segment.opened.branch,
        "goal": {"metric": metric.name, "unit": metric.unit, "direction": str(metric.direction)},
        "standing": standing(state),
        "began": state.started,
        "base": state.first,
        "experiments": state.count,
        "keeps": state.all_keeps,
        "gain": None if claim is None else {"improved": claim.improved, "effect": encode(claim.effect), "keeps": claim.keeps},
        "cost": {
            "usd": spending.cost_usd,
            "tokens": spending.tokens,
            "estimated": spending.cost_estimated,
            "runs_s": round(spending.run_s, 3),
            "active_s": round(spending.active(now), 3),
        },
    }


def incomparable(one: State, other: State) -> list[str]:
    """Say why the gains of two sessions may not be held against each other."""
    found = []
    if (one.metric.name, one.metric.direction) != (other.metric.name, other.metric.direction):
        found.append("the two have different goals")
    if one.first != other.first:
        found.append("the two began at different commits, so each gain is against another code")
    if dict(one.segment.opened.machine) != dict(other.segment.opened.machine):
        found.append("the two were measured on different machines, or with other tools")
    if (one.config.benchmark, one.config.checks) != (other.config.benchmark, other.config.checks):
        found.append("the two are measured by different commands")
    return found


def _name(state: State) -> str:
    return shortened(state.segment.opened.session, _SHOWN)
