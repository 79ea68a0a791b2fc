"""What becomes of a skill's versions, in words: deployed, watched, taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autotune.core.escaping import shortened
from autotune.core.rollout.events import Intent
from autotune.core.skills.aftermath import Aftermath, Fate
from autotune.core.skills.rates import LEAST
from autotune.core.tell.figures import counted, in_percent, minute
from autotune.core.tell.lines import Line, Tone, Values
from autotune.core.tell.skills import share

_ABOUT = {"score": "recall", "wrong": "precision"}


def deployed(made: Values) -> Iterator[Line]:
    """Tell what was deployed, or would be, and when sessions show it."""
    name, folder = shortened(made["skill"], 80), made["folder"]
    yield Line("skill", name)
    if made["before"] == made["after"]:
        yield Line("deployed", f"nothing: {folder} is this version already ({made['after']})")
        return
    how = f"merged into {made['merged']}" if made["merged"] else "put in its place"
    yield Line("would be" if made["dry_run"] else "deployed", f"{shortened(made['origin'], 80)}, {how}: {folder}", Tone.GOOD)
    yield Line("version", f"{made['after']}, before it {made['before']}")
    if not made["proven"]:
        yield Line("unproven", "no session kept this version: it is there at your word", Tone.FAIR)
    when = (
        "after `/reload-skills` or in new sessions, as a plugin's skills are" if made["reload"] else "2 to 3 seconds after it was put there"
    )
    yield Line("shown", f"running clients show it {when}; `autotune skills watch {name}` looks")
    yield Line("back", f"`autotune skills rollback {name}` brings the version before it back")


def taken_back(name: str, before: str, after: str, *, tracked: str | None, dry_run: bool, committed: bool) -> Iterator[Line]:
    """Tell which version was brought back."""
    if before == after:
        yield Line("rolled back", f"nothing: {after} is there already")
        return
    yield Line("would be" if dry_run else "rolled back", f"{shortened(name, 80)} is as version {after} was, byte for byte", Tone.GOOD)
    yield Line("kept", f"{before}, which was there before")
    if tracked is not None and not dry_run:
        said = "committed" if committed else f"in the working tree of {tracked}; commit it when you have looked at it"
        yield Line("git", said)


def take_back_message(name: str, version: str) -> str:
    """The message of the commit that brings a version back."""
    return f"Take {name} back to version {version}\n"


def versions(deployments: Sequence[Intent], now: str) -> Iterator[Line]:
    """Tell every version that can be brought back, the newest first."""
    here = next((one for one in reversed(deployments) if one.changes[0].after == now), None)
    if deployments and here is None:
        yield Line("now", "none of these: the folder was changed since")
    for one in reversed(deployments):
        origin = f", {shortened(str(one.data['origin']), 60)}" if one.data.get("origin") else ""
        yield Line(f"#{one.number}", f"{one.changes[0].after}: {one.why}{origin}{', there now' if one is here else ''}")
    if not deployments:
        yield Line("versions", "none was deployed by autotune")


def watched(found: Aftermath) -> Iterator[Line]:
    """Tell how a deployed version does since."""
    yield Line("skill", shortened(found.skill, 80))
    made, standing = found.deployment, found.standing
    if made is None or standing is None:
        yield Line("watch", "nothing was deployed by autotune: there is nothing to watch")
        return
    yield Line("version", f"#{made.number}, {made.why} {minute(made.at_ms)}")
    yield Line("counts", f"turns from {found.cut[:19].replace('T', ' ')} on, under its description")
    yield Line("shown", f"first in a session at {found.shown.at[:19].replace('T', ' ')}" if found.shown else "in no session yet")
    yield Line("recall", f"{share(standing.recall)}: {standing.recall.hits} of {counted(standing.recall.of, 'turn')} that fit")
    yield Line("precision", f"{share(standing.precision)}: right in {standing.precision.hits} of {counted(standing.precision.of, 'turn')}")
    if (before := made.data.get("record", {}).get("least_score")) is not None:
        yield Line("before", f"recall was at least {in_percent(before)}" if before else "too few turns fitted to hold this against")
    for what, one in found.odds.items():
        yield Line("odds", f"{one:.1f} to 1 that {_ABOUT[what]} got worse")
    yield _told(found, measured=standing.recall.value is not None)


def _told(found: Aftermath, *, measured: bool) -> Line:
    match found.fate:
        case Fate.REGRESSED:
            what = _ABOUT.get(found.about or "", "it")
            return Line("result", f"regressed in {what}: `autotune skills rollback {shortened(found.skill, 80)}` takes it back", Tone.BAD)
        case Fate.WATCHED:
            return Line("result", "nothing speaks against it so far", Tone.GOOD)
        case Fate.OVER:
            ended = "nothing spoke against it" if measured else "too little was seen to tell"
            return Line("result", f"its days of watch are over, and {ended}", Tone.GOOD if measured else Tone.FAIR)
        case Fate.NOT_SEEN:
            return Line("result", "unmeasured: no session has shown it yet", Tone.FAIR)
        case _:
            return Line("result", f"unmeasured: fewer than {LEAST} turns that fit", Tone.FAIR)
