"""The words of a pass and of the daemon that makes them: each step with what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from autotune.core.escaping import shortened
from autotune.core.scheduling.passing import Skip
from autotune.core.tell.figures import counted, money
from autotune.core.tell.lines import Line, Tone

_LONGEST = 300
_WHY = {
    Skip.OFF: "it is off in prompts.toml",
    Skip.NO_WORKSHOP: "there is no workshop; `autotune prompts init` makes one",
    Skip.CANARY: "a canary runs",
    Skip.NOTHING_KEPT: "no pack waits to be deployed",
    Skip.NOTHING_RUNS: "no canary runs, and no promoted pack is watched",
    Skip.STOPPED: "you asked for the end",
}


def told(steps: Sequence[tuple[Mapping[str, Any], Iterable[Line]]]) -> list[Line]:
    """What became of all steps; those that were skipped for one reason are told together, where the first of them stands."""
    together: dict[str, list[Mapping[str, Any]]] = {}
    for step, _ in steps:
        together.setdefault(_reason(step), []).append(step)
    found: list[Line] = []
    for step, lines in steps:
        if step["skipped"] is None:
            found += headed(step, lines)
        elif (same := together[_reason(step)])[0] is step:
            names = ", ".join(one["behavior"] for one in same if one["behavior"] is not None)
            found.append(Line(step["step"], f"skipped{f' for {names}' if names else ''}: {why(step['skipped'])}", Tone.QUIET))
    return found


def _reason(step: Mapping[str, Any]) -> str:
    return f"{step['step']} {step['skipped']}"


def begins(step: str, behavior: str | None, planned: Mapping[str, Any] | None) -> str:
    """That a step begins, and what it may take."""
    name = f"{step} {behavior}" if behavior else step
    if planned is None or not planned.get("calls"):
        return name
    usd = planned.get("usd")
    return f"{name}: up to {counted(planned['calls'], 'call')}, {'at a price that is not known' if usd is None else f'about {money(usd)}'}"


def headed(step: Mapping[str, Any], lines: Iterable[Line]) -> Iterator[Line]:
    """A step: its name and behaviour, then what it refused, or its own lines."""
    name = step["step"] if step["behavior"] is None else f"{step['step']} {step['behavior']}"
    if step["error"] is not None:
        yield Line(name, f"failed: {shortened(step['error']['error'], _LONGEST)}", Tone.BAD)
        yield Line("", f"hint: {shortened(step['error']['hint'], _LONGEST)}")
    else:
        shown = [f"{line.label}: {line.text}" if line.label else line.text for line in lines]
        yield Line(name, "\n".join(shown) or "done")


def why(skipped: Mapping[str, Any]) -> str:
    """Why a step does nothing, and what would change that."""
    match Skip(skipped["why"]):
        case Skip.NO_KEY:
            return f"{' and '.join(skipped['keys'])} {'is' if len(skipped['keys']) == 1 else 'are'} not set, so no model can be asked"
        case Skip.NOTHING_NEW:
            return f"{counted(skipped['new'], 'new case')} since the last time; {skipped['fewest']:,} are worth another"
        case reason:
            return _WHY[reason]


def spending(found: Mapping[str, Any]) -> Line:
    """What a pass would cost, or has."""
    usd = "at a price that is not known" if found["usd"] is None else f"about {money(found['usd'])}"
    if found["dry_run"]:
        return Line("money", f"{usd}, {counted(found['calls'], 'call')}, for what is in the records now; nothing was done", Tone.FAIR)
    return Line("money", f"{usd} spent")


def waiting(health: Mapping[str, Any]) -> str:
    """How the last pass of a daemon ended and when the next is due, in one line."""
    last = health["last"]
    failed = [f"{one['step']} {one['behavior'] or ''}".strip() for one in last.get("steps", ()) if not one["ok"]]
    how = "done" if last["ok"] else f"failed ({', '.join(failed) or shortened(last.get('error', ''), _LONGEST)})"
    again = f", {health['failures']} in a row" if health["failures"] > 1 else ""
    return f"{last['ended']} pass {health['passes']} {how}{again}; the next in {health['next_in_s']} s"


ENDING = "ending after the step that runs; a second signal ends it at once"
