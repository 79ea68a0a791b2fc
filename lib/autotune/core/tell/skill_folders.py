"""Skills as folders, in words: what is wrong with one, and what a new one is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from autotune.core.escaping import shortened
from autotune.core.skills.frontmatter import Doubt
from autotune.core.skills.package import MOST_LINES, MOST_LISTED, SKILL, Flaw, Package, Rule
from autotune.core.skills.readiness import RESOURCES
from autotune.core.skills.workflows import LEAST, Workflow
from autotune.core.tell.figures import counted
from autotune.core.tell.lines import Line, Tone

_DOUBTS: Mapping[str, str] = {
    Doubt.FLOW: "a list or table in brackets, which the specification's validator refuses: write one item a line",
    Doubt.COLON: "a colon and a blank in a value without quotes, which the specification's validator refuses: put the value in quotes",
    Doubt.TWICE: "a field that is there already",
    Doubt.RESERVED: "a value that begins with a sign of YAML's own: put it in quotes",
    Doubt.FENCE: "three dashes within the head, which ends there for hosts and for the validator: write another dash",
    Doubt.CONTROL: "a character that cannot be printed: take it out",
}
_RULES: Mapping[Rule, str] = {
    Rule.NO_FILE: f"there is no {SKILL}",
    Rule.UNREADABLE: "its head cannot be read: {about}",
    Rule.DOUBTFUL: "{about}",
    Rule.SPECIFICATION: "the specification's validator says: {about}",
    Rule.LONG: f"its text has {{about}} lines; fewer than {MOST_LINES} are recommended",
    Rule.CUT: f"its description and when_to_use have {{about}} characters; a listing cuts them at {MOST_LISTED}",
    Rule.LINK_LOST: "the link {about} leads nowhere",
    Rule.ANCHOR_LOST: "the link {about} names a heading that is not there",
    Rule.LINK_OUTSIDE: "the link {about} leads out of the skill's folder",
    Rule.FILE_LOST: "{about} is named and not there",
    Rule.SECRET: "it looks like a secret: {about}",
    Rule.EMPTY: "it has no text below its head",
    Rule.PLACEHOLDER: "its description is still the one that it was made with",
}


def flaw(one: Flaw) -> str:
    """What is wrong, in words."""
    return _RULES[one.rule].format(about=_DOUBTS.get(one.about, shortened(one.about, 200)))


def checked(package: Package, flaws: Sequence[Flaw], place: str) -> Iterator[Line]:
    """Tell what is wrong with a skill's folder, and how much of a listing it takes."""
    yield Line("skill", shortened(package.name, 80))
    yield Line("folder", place, Tone.QUIET)
    for one in flaws:
        where = one.path if one.line is None else f"{one.path}:{one.line}"
        yield Line("wrong" if one.stops else "note", f"{where}: {flaw(one)}", Tone.BAD if one.stops else Tone.FAIR)
    if package.listed:
        yield Line("listing", f"{counted(len(package.name) + len(package.listed) + 4, 'character')} of it, where all is shown")
    stops = sum(one.stops for one in flaws)
    held = sum(not one.stops and one.rule in RESOURCES for one in flaws)
    before = (
        f"nothing to mend before it is measured; {counted(held, 'note')} to see to before it is published" if held else "nothing to mend"
    )
    yield Line("result", f"{counted(stops, 'thing')} to mend" if stops else before, Tone.BAD if stops else Tone.GOOD)


def created(name: str, folder: str, files: Sequence[str], *, fresh: bool, dry_run: bool) -> Iterator[Line]:
    """Tell what a new skill is made of, and what comes next."""
    yield Line("would make" if dry_run else "made", f"{shortened(name, 80)} in {folder}: {', '.join(files)}")
    if fresh:
        yield Line("note", "this is the project's first skill: a running client sees it after `/reload-skills`")
    yield Line("next", f"write its description and its steps, then `autotune skills check {name}`")


def workflows(found: Sequence[Workflow]) -> Iterator[Line]:
    """Tell which skills fire one after the other, again and again."""
    for number, one in enumerate(found, 1):
        yield Line(str(number), shortened(" → ".join(one.skills), 200))
        often = f"in {counted(one.sessions, 'session')}, of {one.together} that had all of them"
        yield Line("", f"{often}; for example “{shortened(' '.join(one.example[:300].split()), 76)}”", Tone.QUIET)
    if found:
        yield Line("next", "`autotune skills create NAME --from-workflow 1` makes a skill of the first")
    else:
        yield Line("workflows", f"no two skills fired one after the other in {LEAST} sessions or more")


def exported(records: int, place: str) -> Line:
    """Tell what was exported."""
    return Line("exported", f"{counted(records, 'line')} to {place}")


def recovered(added: int, sessions: int) -> Line:
    """Tell what was recovered."""
    return Line("recovered", f"{counted(added, 'new record')}; the turns of {counted(sessions, 'session')} made again")
