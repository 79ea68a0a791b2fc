"""What the demos of packs and of skills say, besides what their commands answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from autotune.core.tell.figures import counted
from autotune.core.tell.lines import Line, Values
from autotune.core.tell.passing import headed

# Of packs

SHOP = (
    "The shop",
    """A shop's agent answers customers by what its pack says. It has written 400 traces. Agent, judge and proposers are small functions
with a little chance, so nothing is asked over the network. All else is the real thing. The days pass on a clock of its own. Each one
ends with a pass of `autotune prompts once`.""".replace("\n", " "),
)
PLAYS = (
    "Another proposer",
    """The first pack is promoted. Now another proposer takes over. It wants the agent to look every order up. The judge likes that too.
But the order system fails half of the time, which no answer shows beforehand.""".replace("\n", " "),
)
LOOK = "Look yourself"
COMMANDS = (
    ("git", "log", "--oneline", "main"),
    ("autotune", "prompts", "status"),
    ("autotune", "prompts", "explain", "response-quality"),
)
_QUIET = frozenset(("ingest", "eval", "behavior"))


def day(number: int, told: Sequence[tuple[Values, Iterable[Line]]]) -> tuple[str, list[Line]]:
    """A day's heading, with what came in, and the lines of the steps that did something."""
    found = {step["step"]: step["found"] or {} for step, _ in told}
    judged = sum(one["judged"] for one in found["eval"].get("behaviors", ()))
    head = f"day {number}: {counted(found['ingest'].get('records', 0), 'request')}, {judged:,} judged"
    return head, [line for step, lines in told if _did(step) for line in headed(step, lines)]


def _did(step: Values) -> bool:
    found = step["found"]
    if step["error"] is not None or found is None:
        return step["error"] is not None
    return step["step"] not in _QUIET and found.get("state") != "nothing" and found.get("action") != "nothing"


def left(folder: str) -> tuple[Line, ...]:
    """Where all of it is, and how you get in."""
    return (
        Line("folder", f"{folder}: traces, packs, workshop and records; delete it when you have seen enough"),
        Line("enter", f". {folder}/enter.sh"),
    )


# Of skills

OPENING = (
    "A skill writes release notes. People ask for a changelog, too, and then it stays silent."
    " The client here decides by words, and the proposer has one idea: no model is asked, and nothing leaves this machine."
    " All else is as it is in your own sessions."
)
CHAPTERS: Mapping[str, str] = {
    "sync": "1. Read what the client wrote down.",
    "explain": "2. Where was the skill missed? People typed it afterwards, or complained.",
    "improve": "3. Look for a better description. A search proposes, and a session decides by queries that no proposer has seen.",
    "deploy": "4. Put what was kept in its place.",
    "after": "5. People go on to ask. Read that, and look at what came since.",
    "careless": "6. Somebody deploys a careless description, at their own word.",
    "worse": "7. People go on to ask. It regressed, with odds against luck, and is taken back.",
    "list": "8. Every version is kept.",
}


def closing(folder: str, seconds: float, *, well: bool) -> str:
    """The last words of the demo."""
    ended = "The skill has its better description again" if well else "The demo did not end as it should"
    return f"{ended}, after {seconds:.0f} s. All of it is in {folder}; delete it when you like."
