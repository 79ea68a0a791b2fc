"""What was seen of agents' skills, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from autotune.core.escaping import shortened
from autotune.core.skills.effort import Effort
from autotune.core.skills.namesakes import SEPARATOR
from autotune.core.skills.rates import LEAST, Missed, Share, Sign, Standing
from autotune.core.skills.seen import How, Shown
from autotune.core.skills.turns import Fired, Turn
from autotune.core.tell.figures import counted, in_percent, money
from autotune.core.tell.lines import Line, Tone

if TYPE_CHECKING:
    from autotune.core.asking.costs import Cost

_PROMPT = 76  # characters
_MOST_MISSED = 12
_SHOWN = {Shown.FULL: "in full", Shown.CUT: "cut", Shown.NAME: "name only"}
_SIGNS: Mapping[Sign, str] = {
    Sign.CORRECTION: "you said so in your next prompt",
    Sign.TYPED: "you typed it right after",
    Sign.LABEL: "labelled",
    Sign.JUDGED: "a judge says so; label it to be sure",
    Sign.ALIKE: "like prompts that it fired for; label it to count it",
}
HEADINGS = ("skill", "offered", "fired", "typed", "recall", "precision", "shown", "missed")


def share(one: Share) -> str:
    """A share with its 95 % interval, in per cent."""
    if one.value is None or one.interval is None:
        return "unmeasured"
    low, high = one.interval
    return f"{in_percent(one.value)} ({100 * low:.0f} to {100 * high:.0f})"


def table(standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    """Rows of a table of skills, with its headings first."""
    return [HEADINGS, *map(_row, standings)]


def _row(one: Standing) -> tuple[str, ...]:
    figures = (str(one.offered), str(one.fired), str(one.typed))
    return (shortened(one.name, 40), *figures, share(one.recall), share(one.precision), _shown(one), str(one.surely_missed or ""))


def _shown(one: Standing) -> str:
    if not one.shown:
        return "not seen"
    if len(one.shown) == 1:
        return _SHOWN[next(iter(one.shown))]
    return ", ".join(f"{word} {in_percent(one.shown[kind] / one.offered)}" for kind, word in _SHOWN.items() if kind in one.shown)


def below(prompts: int, sessions: int, since: str) -> str:
    """What stands below the table."""
    when = f" since {since[:10]}" if since else ""
    seen = f"Seen: {counted(prompts, 'prompt')} of yours in {counted(sessions, 'session')}{when}."
    return (
        f"{seen} A share counts from {LEAST} turns on; in brackets is its 95 % interval."
        " Recall is out of the turns that fit: those in which it fired, and those in which it was missed."
    )


def explained(one: Standing, turns: Sequence[Turn]) -> Iterator[Line]:
    """Explain how a skill stands: each figure with what it is made of, and the missed triggers by prompt."""
    offered = sum(turn.human and one.name in turn.offered for turn in turns)
    before = f". {offered - one.offered} more, under other descriptions, do not count" if offered > one.offered else ""
    shown = f": {_shown(one)}" if one.shown else ""
    yield Line("skill", shortened(one.name, 80))
    yield Line("offered", f"in {counted(one.offered, 'turn')} of yours under its newest description{shown}{before}")
    refused = f", {counted(one.denied, 'call')} denied" if one.denied else ""
    read = f"; its file was read in {counted(one.read, 'turn')} more" if one.read else ""
    yield Line("fired", f"in {counted(one.fired, 'turn')}{refused}{read}; you typed it in {counted(one.typed, 'turn')}")
    yield Line("recall", f"{share(one.recall)}: {one.recall.hits} of {counted(one.recall.of, 'turn')} that fit", tone_of(one.recall))
    yield Line(
        "precision", f"{share(one.precision)}: right in {one.precision.hits} of {counted(one.precision.of, 'turn')} in which it fired"
    )
    yield Line("coverage", f"{share(one.coverage)}: its description was shown in {one.coverage.hits} of {counted(one.coverage.of, 'turn')}")
    for found in one.missed[-_MOST_MISSED:][::-1]:
        yield from _missed(found, turns[found.turn])
    if hint := _advice(one):
        yield Line("next", hint)


def took(fired: Effort, silent: Effort) -> Iterator[Line]:
    """Tell what turns took in which a skill ran, called or typed, next to those in which it did not."""
    if fired.each is not None:
        beside = "" if silent.each is None else f"; {_many(silent.each)} in turns in which it did not"
        yield Line("tokens", f"{_many(fired.each)} in a turn in which it ran, on average{beside}")
    if fired.turns and (fired.failures or silent.failures):
        beside = f"; in {silent.with_failures} of {counted(silent.turns, 'turn')} in which it did not" if silent.turns else ""
        yield Line("errors", f"tools failed in {fired.with_failures} of {counted(fired.turns, 'turn')} in which it ran{beside}")


def _many(count: float) -> str:
    return f"{count:,.0f}"


def _missed(found: Missed, turn: Turn) -> Iterator[Line]:
    label = "perhaps" if found.sign is Sign.ALIKE else "missed"
    yield Line(label, f"“{_said(turn, _PROMPT)}” ({turn.at[:16].replace('T', ' ')}): {_SIGNS[found.sign]}")


def tone_of(one: Share) -> Tone:
    """Whether a share is good: four of five are."""
    return Tone.PLAIN if one.value is None else Tone.GOOD if one.value >= 0.8 else Tone.FAIR  # noqa: PLR2004 - four of five


def _advice(one: Standing) -> str:
    if one.shown and one.shown.get(Shown.NAME, 0) > one.offered / 2:
        return "its description is mostly not shown: the listing is over its budget. Shorten descriptions, or turn skills off"
    if any(found.sign is Sign.ALIKE for found in one.missed):
        return f"`autotune skills label {one.name}` asks you about the prompts that may fit"
    return ""


def session(turns: Sequence[Turn]) -> Iterator[Line]:
    """Tell the turns of one session: what was said, and which skills fired."""
    for turn in turns:
        if turn.text or turn.fired:
            who = turn.at[11:16] + ("" if turn.human else " (no human)")
            yield Line(who, f"“{_said(turn, _PROMPT)}”" + (f": {', '.join(map(_fired, turn.fired))}" if turn.fired else ""))


def _fired(one: Fired) -> str:
    how = {How.MODEL: "fired", How.TYPED: "typed by you", How.READ: "read as a file"}[one.how]
    return f"{shortened(one.name, 40)} {how}{'' if one.ran else ', but did not run'}"


def synced(sessions: int, rows: int, lines: int, unread: Mapping[str, int], masked: Mapping[str, int]) -> Iterator[Line]:
    """Tell what a look at the hosts' records came to."""
    yield Line("read", f"{counted(lines, 'new line')} of {counted(sessions, 'session')}, {counted(rows, 'new row')} kept")
    if masked:
        yield Line("masked", ", ".join(f"{counted(number, kind)}" for kind, number in sorted(masked.items())))
    for host, number in sorted(unread.items()):
        yield Line("not read", f"{counted(number, 'line')} of {host} that hold no JSON object", Tone.FAIR)


def host(name: str, folder: str, files: int) -> Line:
    """Tell where a host's sessions are, and in how many files: a subagent has one of its own."""
    there = f"{counted(files, 'file')} of sessions in {folder}" if files else f"no session in {folder}"
    return Line(name, there, Tone.PLAIN if files else Tone.QUIET)


def listing(turn: Turn) -> Line:
    """Tell how the newest listing spent its room: how many skills, and how many of them with their description."""
    shown = [one.shown for one in turn.offered.values()]
    plain = {name.partition(SEPARATOR)[0]: one.text for name, one in turn.offered.items()}
    room = sum(len(f"- {name}: {said}\n" if said else f"- {name}\n") for name, said in plain.items()) - 1
    bare, cut = shown.count(Shown.NAME), shown.count(Shown.CUT)
    rest = f"; {cut} cut" if cut else ""
    said = f"{counted(len(shown), 'skill')} in {counted(room, 'character')}, {len(shown) - bare} with a description{rest}"
    return Line("listing", said, Tone.BAD if bare > len(shown) / 2 else Tone.PLAIN)


def question(turn: Turn, skill: str) -> Line:
    """Ask whether a skill fits a prompt."""
    did = "it fired" if turn.by_model(skill) else "it was silent"
    return Line(turn.at[:16].replace("T", " "), f"“{_said(turn, 400)}” ({did})")


def labelled(given: Mapping[int, bool], skill: str) -> Line:
    """Tell what was labelled."""
    fits = sum(given.values())
    return Line("labelled", f"{counted(len(given), 'prompt')} for {skill}: {fits} fit, {len(given) - fits} do not")


def _said(turn: Turn, limit: int) -> str:
    """A prompt on one line."""
    return shortened(" ".join(turn.text[: 4 * limit].split()), limit)


def judged(skill: str, model: str, *, fitting: int, others: int, failed: int, capped: bool, cost: Cost) -> Iterator[Line]:
    """Tell what a look for missed triggers came to."""
    prompts, name = counted(fitting + others, "prompt"), shortened(skill, 60)
    yield Line("judged", f"{prompts} for {name} by {model}: {fitting} missed, {others} rightly silent")
    if failed:
        yield Line("no answer", f"for {counted(failed, 'prompt')}; they can be asked again", Tone.FAIR)
    if capped:
        yield Line("ended", "a cap on calls or money was reached", Tone.FAIR)
    if cost.usd is not None:
        yield Line("cost", money(cost.usd))
    yield Line("next", f"`autotune skills explain {name}` names them")


def planned(skill: str, model: str, prompts: int) -> Line:
    """Tell what a look would ask."""
    return Line(
        "would ask", f"{model or 'a judge'} about {counted(prompts, 'prompt')} for {shortened(skill, 60)}: {counted(prompts, 'call')}"
    )
