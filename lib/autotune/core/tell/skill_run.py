"""How far a skill is, and what a pass over skills did, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from autotune.core.escaping import shortened
from autotune.core.skills.choosing import Choice, Skip
from autotune.core.skills.readiness import Found, Readiness, Step, Suite, command
from autotune.core.skills.renamed import LeftOut
from autotune.core.tell.figures import counted, in_percent
from autotune.core.tell.lines import Line, Tone

_STEPS: Mapping[Step, str] = {
    Step.SPECIFICATION: "its folder keeps the open specification",
    Step.RESOURCES: "what it links to and names is there",
    Step.EVALS: "it has cases that should fire it, and cases that should not; or tasks",
    Step.TESTS: "this version has passed them",
    Step.REPLAY: "it has passed them in the real client",
    Step.BASELINE: "tasks turn out better with the skill than without",
}
_SKIPS: Mapping[Skip, str] = {
    Skip.CACHE: "it is in an installed plugin's cache",
    Skip.HIDDEN: "your own skill of the same name hides it",
    Skip.WATCHED: "a version of it was deployed and is watched",
    Skip.WAITING: "a version of it was kept and waits for you",
    Skip.RECENT: "it was tried a short time ago",
    Skip.NOTHING_MISSED: "nothing was missed, as far as is known",
    Skip.UNWANTED: "others are named",
    Skip.BEYOND: "others are more pressing",
}
_WHY: Mapping[str, str] = {
    "nobody chosen": "no skill has anything to improve",
    "no model": "no model is set; `model` in skills.toml names one",
    "nothing kept": "no version was kept",
    "review": "a version waits: `autotune skills deploy {name}` is yours to say, for review is required",
    "tracked": "a version waits: `autotune skills deploy {name} --merge` merges it",
    "nothing deployed": "nothing was deployed by autotune",
    "no work": "there is nothing to measure it with",
}
_FATES = {
    "not seen yet": "no session has shown it yet",
    "unmeasured": "too little was seen since to tell",
    "watched": "nothing speaks against it so far",
    "regressed": "it regressed",
    "watch over": "its days of watch are over",
}

_LEFT_OUT: Mapping[LeftOut, str] = {
    LeftOut.CLOUD: "what is seen of your skills never leaves this machine",
    LeftOut.BADGES: "a badge says less than `autotune skills status`, which has intervals",
    LeftOut.TELEMETRY: "autotune sends nothing to anybody",
    LeftOut.SET_UP: "nothing has to be set up: `autotune skills sync` reads what is there",
    LeftOut.HOOKS: "no hook records anything: transcripts are the truth, and `autotune skills sync` reads them",
    LeftOut.OVERLAP: "`autotune skills explain` shows what fired instead of a skill",
}


def called_today(said: str, name: str) -> str:
    """Tell which name to use for one of an older tool's."""
    return f"`{said}` is called `autotune skills {name}` here"


def left_out(why: LeftOut) -> str:
    """Tell why an older tool's command is not there."""
    return _LEFT_OUT[why]


def verified(name: str, folder: str, suite: Suite | None, readiness: Readiness) -> Iterator[Line]:
    """Tell how far a skill is, step by step, and the next command."""
    yield Line("skill", shortened(name, 80))
    yield Line("folder", folder, Tone.QUIET)
    if suite is not None:
        queries = f"{suite.positive} that should fire, {suite.negative} that should not"
        yield Line("cases", f"{queries}, {counted(suite.tasks, 'task')}")
    for one in readiness.steps:
        yield Line(f"{'✓' if one.done else '·'} {one.step}", _STEPS[one.step] + _result(one), Tone.GOOD if one.done else Tone.FAIR)
    yield Line("next", f"`{command(readiness.next, shortened(name, 80), suite)}`")


def _result(one: Found) -> str:
    if one.result is None or one.result.share is None:
        return ""
    sides = ", ".join(f"{_SIDES.get(side, side)} {right:g} of {of:g}" for side, (right, of) in one.result.sides.items())
    return f": {in_percent(one.result.share)} right of {one.result.of:g}{f' ({sides})' if sides else ''}, by {one.result.instrument}"


_SIDES = {"positive": "should fire", "negative": "should not", "without": "without it", "with": "with it"}


def published(name: str, folder: str, *, done: bool, dry_run: bool) -> Iterator[Line]:
    """Tell that a skill is published, and what watches it."""
    if not done:
        yield Line("published", f"{shortened(name, 80)} was published before, as it is")
    else:
        yield Line("would be" if dry_run else "published", f"{shortened(name, 80)} in {folder}", Tone.GOOD)
    yield Line("next", f"`autotune skills watch {shortened(name, 80)}` shows how it does from now on")


def synced(sessions: int, rows: int) -> Line:
    """Tell what a pass read."""
    return _line("sync", f"{counted(sessions, 'session')} with news, {counted(rows, 'new row')}")


def status(sessions: int, skills: int) -> Line:
    """Tell what a pass knows."""
    return _line("status", f"{counted(skills, 'skill')} here, {counted(sessions, 'session')} seen")


def chosen(choices: Sequence[Choice]) -> Iterator[Line]:
    """Tell which skills a pass improves, and why not the others."""
    taken = [f"{shortened(one.name, 40)} (priority {one.priority:.0f})" for one in choices if one.skip is None]
    yield _line("choose", ", ".join(taken) if taken else "none")
    for skip in Skip:
        names = [shortened(one.name, 40) for one in choices if one.skip is skip]
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 - a line's worth
            yield _line("", f"not {', '.join(names[:5])}{more}: {_SKIPS[skip]}", Tone.QUIET)


def skipped(step: str, name: str | None, why: str) -> Line:
    """Tell why a step does nothing."""
    return _line(step, _WHY[why].format(name=shortened(name or "", 40)), Tone.QUIET, name)


def refused(step: str, name: str | None, message: str, hint: str) -> Line:
    """Tell what was refused."""
    return _line(step, f"{message} {hint[:1].upper()}{hint[1:]}.", Tone.BAD, name)


def improved(name: str, *, kept: bool, decided: bool, why: str, session: str | None, handled: int, dry_run: bool) -> Line:
    """Tell what an improvement came to."""
    came_to = "a better version was kept" if kept else "nothing better was found" if decided else "nothing was decided"
    what = "would be tried" if dry_run else came_to
    where = f" (session {session})" if session else ""
    answered = f"; {counted(handled, 'complaint')} handled" if handled else ""
    return _line("improve", f"{what}{where}: {shortened(why, 80)}{answered}", Tone.GOOD if kept else Tone.PLAIN, name)


def deployed(name: str, session: str, *, dry_run: bool) -> Line:
    """Tell what a pass deployed."""
    return _line("deploy", f"what session {session} kept {'would be' if dry_run else 'is'} in its place", Tone.GOOD, name)


def watched(name: str, fate: str, back: str | None) -> Line:
    """Tell how a deployed skill does, and whether it was taken back."""
    after = f"; version {back} is back" if back else ""
    tone = Tone.BAD if fate == "regressed" else Tone.PLAIN
    hint = f"; `autotune skills rollback {shortened(name, 40)}` takes it back" if fate == "regressed" and not back else ""
    return _line("watch", f"{_FATES[fate]}{after}{hint}", tone, name)


def _line(label: str, text: str, tone: Tone = Tone.PLAIN, name: str | None = None) -> Line:
    """A line of a pass, perhaps on one skill: their texts begin in one column, though each is shown when it is known."""
    return Line(f"{label:7}", f"{shortened(name, 40)}: {text}" if name else text, tone)
