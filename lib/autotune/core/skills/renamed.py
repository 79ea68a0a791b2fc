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


VERBS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("eval", "unit-test"): ("test",),
    ("eval", "composability"): ("workflows",),
    ("grade",): ("test",),
    ("grade", "auto"): ("test",),
    ("grade", "baseline"): ("baseline",),
    ("create", "init"): ("create",),
    ("create", "scaffold"): ("create",),
    ("create", "status"): ("verify",),
    ("create", "check"): ("check",),
    ("create", "replay"): ("test",),
    ("create", "baseline"): ("baseline",),
    ("create", "report"): ("verify",),
    ("create", "publish"): ("publish",),
    ("evolve",): ("improve", "--scope", "description"),
    ("evolve", "body"): ("improve", "--scope", "body"),
    ("evolve", "rollback"): ("rollback",),
    ("search-run",): ("improve", "--scope", "package"),
    ("orchestrate",): ("run",),
    ("cron",): ("schedule", "--cron"),
    ("cron", "setup"): ("schedule", "--cron", "--install"),
    ("cron", "list"): ("schedule", "--cron"),
    ("cron", "remove"): ("schedule", "--cron", "--remove"),
    ("dashboard",): ("status",),
    ("ingest",): ("sync",),
    ("ingest", "claude"): ("sync",),
    ("ingest", "codex"): ("sync",),
    ("ingest", "opencode"): ("sync",),
    ("ingest", "pi"): ("sync",),
    ("repair-skill-usage",): ("sync",),
    ("workflows", "list"): ("workflows",),
    ("workflows", "scaffold"): ("create", "--from-workflow", "1"),
    ("export-canonical",): ("export",),
}
"""Old names, the longer ones to be tried first."""

LEFT_OUT: dict[tuple[str, ...], LeftOut] = {
    ("evolve", "apply-proposal"): LeftOut.CLOUD,
    ("contribute",): LeftOut.CLOUD,
    ("contributions",): LeftOut.CLOUD,
    ("creator-contributions",): LeftOut.CLOUD,
    ("registry",): LeftOut.CLOUD,
    ("alpha",): LeftOut.CLOUD,
    ("badge",): LeftOut.BADGES,
    ("telemetry",): LeftOut.TELEMETRY,
    ("init",): LeftOut.SET_UP,
    ("quickstart",): LeftOut.SET_UP,
    ("uninstall",): LeftOut.SET_UP,
    ("hook",): LeftOut.HOOKS,
    ("eval", "family-overlap"): LeftOut.OVERLAP,
}
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
