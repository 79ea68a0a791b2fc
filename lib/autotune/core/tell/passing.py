"""The words of a pass and of the daemon that makes them: each step with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from autotune.core.scheduling.passing import Skip
from autotune.core.tell.figures import counted
from autotune.core.tell.lines import Line, Tone, shortened

_LONGEST = 300


def told(steps: Sequence[tuple[Mapping[str, Any], Sequence[Line]]]) -> list[Line]:
    """What became of all steps; those that were skipped for one reason are told together."""
    found: list[Line] = []
    for (step, skipped), same in groupby(steps, key=lambda one: (one[0]["step"], one[0]["skipped"])):
        together = list(same)
        names = [one["behavior"] for one, _ in together if one["behavior"] is not None]
        if skipped is not None:
            of = f" for {', '.join(names)}" if names else ""
            found.append(Line(step, f"skipped{of}: {why(skipped)}", Tone.QUIET))
        else:
            found += [line for one, lines in together for line in headed(one, lines)]
    return found


def begins(step: str, behavior: str | None, planned: Mapping[str, Any] | None) -> str:
    """That a step begins, and what it may take."""
    name = f"{step} {behavior}" if behavior else step
    if planned is None or not planned.get("calls"):
        return name
    usd = planned.get("usd")
    return f"{name}: up to {counted(planned['calls'], 'call')}, {'at a price that is not known' if usd is None else f'about ${usd:.2f}'}"


def headed(step: Mapping[str, Any], lines: Sequence[Line]) -> Iterator[Line]:
    """A step: its name and behaviour, then what it refused, or its own lines."""
    name = step["step"] if step["behavior"] is None else f"{step['step']} {step['behavior']}"
    if step["error"] is not None:
        yield Line(name, f"failed: {shortened(step['error']['error'], _LONGEST)}", Tone.BAD)
        yield Line("", f"hint: {shortened(step['error']['hint'], _LONGEST)}")
    else:
        shown = [f"{line.label}: {line.text}" if line.label else line.text for line in lines]
        yield Line(name, "\n".join(shown) or "done")


def why(skipped: Mapping[str, Any]) -> str:  # noqa: PLR0911 - a table
    """Why a step does nothing, and what would change that."""
    match Skip(skipped["why"]):
        case Skip.OFF:
            return "it is off in prompts.toml"
        case Skip.NO_KEY:
            return f"{' and '.join(skipped['keys'])} {'is' if len(skipped['keys']) == 1 else 'are'} not set, so no model can be asked"
        case Skip.NO_WORKSHOP:
            return "there is no workshop; `autotune prompts init` makes one"
        case Skip.OPEN_SESSION:
            return f"your session {shortened(skipped['session'], _LONGEST)} is open in the workshop"
        case Skip.CANARY:
            return "a canary runs, and another pack waits for its end"
        case Skip.TOO_FEW:
            return f"{counted(skipped['cases'], 'case')} are too few; {skipped['fewest']:,} are needed"
        case Skip.NOTHING_NEW:
            return f"{counted(skipped['new'], 'new case')} since the last time; {skipped['fewest']:,} are worth another"
        case Skip.NOTHING_KEPT:
            return "no pack waits to be deployed"
        case Skip.STOPPED:
            return "you asked for the end"


def spending(found: Mapping[str, Any]) -> Line:
    """What a pass would cost, or has."""
    usd = "at a price that is not known" if found["usd"] is None else f"about ${found['usd']:.2f}"
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
