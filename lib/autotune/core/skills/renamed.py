"""What users of the tool before this one type, in the words of today; and what was left out on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class LeftOut(StrEnum):
    """Why there is nothing of the kind."""

    CLOUD = "cloud"  # nothing leaves the machine
    BADGES = "badges"
    TELEMETRY = "telemetry"
    SET_UP = "set up"  # nothing has to be installed or taken away
    HOOKS = "hooks"  # transcripts are the truth
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Today:
    """Words of today for words that were typed. `said` and `name` are the verb's old and new name, empty where only options changed."""

    words: tuple[str, ...]
    said: str = ""
    name: str = ""


_OLD_NAMES: dict[str, tuple[str, ...]] = {
    "test": ("eval unit-test", "grade", "grade auto", "create replay"),
    "workflows": ("eval composability", "workflows list"),
    "baseline": ("grade baseline", "create baseline"),
    "create": ("create init", "create scaffold"),
    "create --from-workflow 1": ("workflows scaffold",),
    "verify": ("create status", "create report"),
    "check": ("create check",),
    "publish": ("create publish",),
    "improve --scope description": ("evolve",),
    "improve --scope body": ("evolve body",),
    "improve --scope package": ("search-run",),
    "rollback": ("evolve rollback",),
    "run": ("orchestrate",),
    "schedule --cron": ("cron", "cron list"),
    "schedule --cron --install": ("cron setup",),
    "schedule --cron --remove": ("cron remove",),
    "status": ("dashboard",),
    "sync": ("ingest", "ingest claude", "ingest codex", "ingest opencode", "ingest pi", "repair-skill-usage"),
    "export": ("export-canonical",),
}
VERBS = {tuple(old.split()): tuple(now.split()) for now, names in _OLD_NAMES.items() for old in names}
"""Today's words by old names."""

_LEFT_OUT: dict[LeftOut, tuple[str, ...]] = {
    LeftOut.CLOUD: ("evolve apply-proposal", "contribute", "contributions", "creator-contributions", "registry", "alpha"),
    LeftOut.BADGES: ("badge",),
    LeftOut.TELEMETRY: ("telemetry",),
    LeftOut.SET_UP: ("init", "quickstart", "uninstall"),
    LeftOut.HOOKS: ("hook",),
    LeftOut.OVERLAP: ("eval family-overlap",),
}
LEFT_OUT = {tuple(old.split()): why for why, names in _LEFT_OUT.items() for old in names}
_OF_A_SKILL = frozenset({"--skill", "--skill-path"})
_OPTIONS = {"--auto-rollback": "--rollback", "--output-dir": "--in", "--min-occurrences": "--min"}
_GONE = frozenset({"--review-required", "--auto-approve", "--sync-first", "--sync-force"})
_NAMED_BY_OPTION = frozenset(
    {"test", "baseline", "verify", "check", "publish", "improve", "rollback", "watch", "run", "eval", "deploy", "explain"}
)
"""Verbs of today whose skill is a plain word."""


def today(typed: Sequence[str]) -> Today | LeftOut | None:
    """Give today's words for what was typed; None where they are the same."""
    for length in (2, 1):
        verb = tuple(typed[:length])
        if len(verb) == length and verb in LEFT_OUT:
            return LEFT_OUT[verb]
        if len(verb) == length and verb in VERBS:
            now = VERBS[verb]
            return Today((*now, *_options(typed[length:], now[0])), " ".join(verb), " ".join(now))
    if not typed or typed[0] not in _NAMED_BY_OPTION:
        return None
    words = (typed[0], *_options(typed[1:], typed[0]))
    return None if words == tuple(typed) else Today(words)


def _options(typed: Sequence[str], verb: str) -> list[str]:
    """Options in the words of today: a skill that an option names is a plain word, in which a path comes before a name."""
    if verb not in _NAMED_BY_OPTION:
        return [_OPTIONS.get(one, one) for one in typed if one not in _GONE]
    words, named, rest = list[str](), dict[str, str](), iter(typed)
    for one in rest:
        option, equals, value = one.partition("=")
        if option in _OF_A_SKILL:
            named[option] = value if equals else next(rest, "")
        elif one not in _GONE:
            words.append(_OPTIONS.get(one, one))
    said = named.get("--skill-path") or named.get("--skill")
    first = 1 if verb == "eval" and words and not words[0].startswith("-") else 0
    return [*words[:first], *([said] if said else []), *words[first:]]
