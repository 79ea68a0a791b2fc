"""Workflows: skills that fired one after the other in several sessions, and so may be one skill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autotune.core.skills.seen import How
from autotune.core.skills.turns import Turn

LEAST = 3  # sessions in which the same skills fired in the same order
LONGEST = 6  # skills


@dataclass(frozen=True, slots=True)
class Workflow:
    """Skills in the order in which they fired. `together` counts the sessions that had them all, in whatever order."""

    skills: tuple[str, ...]
    sessions: int
    together: int
    example: str

    @property
    def consistency(self) -> float:
        """The share of sessions with all these skills that had them in this order."""
        return self.sessions / self.together


def workflows(turns: Sequence[Turn], least: int = LEAST) -> list[Workflow]:
    """Find the sequences that recur, the most telling first; one that is only a part of a longer one, as often seen, is left out."""
    sequences = _sequences(turns)
    seen, examples = Counter[tuple[str, ...]](), dict[tuple[str, ...], str]()
    for skills, prompts in sequences.values():
        parts = dict(reversed(list(_parts(skills))))  # each once a session, at its first place
        seen.update(parts.keys())
        examples = {part: prompts[start] for part, start in parts.items()} | examples
    frequent = {part: number for part, number in seen.items() if number >= least}
    whole = [part for part in frequent if not any(_holds(longer, part) and frequent[longer] == frequent[part] for longer in frequent)]
    found = [Workflow(part, frequent[part], _together(part, sequences), examples[part]) for part in whole]
    return sorted(found, key=lambda one: (-one.sessions * len(one.skills) * one.consistency, one.skills))


def _sequences(turns: Sequence[Turn]) -> Mapping[str, tuple[list[str], list[str]]]:
    """By session, the skills that fired in it, one after the other, and the prompt of each; the same one twice in a row counts once."""
    found = dict[str, tuple[list[str], list[str]]]()
    for turn in turns:
        if not turn.human:
            continue
        skills, prompts = found.setdefault(turn.session, ([], []))
        for one in turn.fired:
            if one.how is not How.READ and skills[-1:] != [one.name]:
                skills.append(one.name)
                prompts.append(turn.text)
    return found


def _parts(skills: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    for start in range(len(skills)):
        for end in range(start + 2, min(start + LONGEST, len(skills)) + 1):
            part = tuple(skills[start:end])
            if len(set(part)) == len(part):
                yield part, start


def _holds(longer: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return len(longer) > len(part) and any(longer[start : start + len(part)] == part for start in range(len(longer) - len(part) + 1))


def _together(part: tuple[str, ...], sequences: Mapping[str, tuple[list[str], list[str]]]) -> int:
    return sum(set(part) <= set(skills) for skills, _ in sequences.values())
