"""Which command lines are one plain call of autotune, and what it may do without a person."""

from __future__ import annotations

import os

ENTRY_POINTS = {"init-experiment.sh": "init", "run-experiment.sh": "run", "log-experiment.sh": "log", "dashboard.sh": "dashboard"}
LOOKS = frozenset({"status", "brief", "explain", "doctor", "dashboard"})
LOOP = frozenset({"try", "run", "wait", "log", "note", "idea"})
SET_UP = frozenset({"init"})
_SETTLING = {"-d", "--description", "--asi", "--wait", "--json"}
OPTIONS: dict[str, set[str]] = {
    "status": {"--json", "--session"},
    "brief": {"--json", "--session"},
    "explain": {"--json", "--session"},
    "doctor": {"--run", "--no-run", "--compare", "--json", "--session"},
    "dashboard": {"--full", "--width", "--session"},
    "try": _SETTLING,
    "run": {"--wait", "--json", "--command"},
    "log": _SETTLING | {"--status"},
    "wait": {"--wait", "--json"},
    "note": {"--json"},
    "idea": {"--json"},
    "init": {
        *("--name", "--metric", "--unit", "--direction", "--command", "--checks", "--scope", "--protect", "--carry", "--prepare"),
        *("--setup", "--max-iterations", "--max-wall-time", "--target", "--timeout", "--checks-timeout", "--once", "--worktree", "--json"),
    },
}
"""What may be said to a verb that is approved; any other option is a person's, and so is working on a session by its name."""

PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:,@%+=-")
REPLACED = frozenset("$`\\!")


def words_of(line: str) -> list[str] | None:
    """The words of a command line in which every character means itself; None where the shell would do anything with it.

    Outside quotes there are characters that mean themselves in every shell; in double quotes nothing that is replaced; nowhere a line's end
    or another control character.
    """
    words: list[str] = []
    word: str | None = None
    place = 0
    while place < len(line):
        first = line[place]
        if first in " \t":
            words += [] if word is None else [word]
            word = None
        elif first in "'\"":
            closing = line.find(first, place + 1)
            inside = line[place + 1 : closing]
            if closing < 0 or not inside.isprintable() or (first == '"' and REPLACED.intersection(inside)):
                return None
            word, place = (word or "") + inside, closing
        elif first in PLAIN and not (first == "=" and word is None):
            word = (word or "") + first
        else:
            return None
        place += 1
    return words if word is None else [*words, word]


def verb_of(word: str, rest: list[str], root: str) -> tuple[str, list[str]] | None:
    """The verb and its arguments, where a first word is this plugin's launcher or one of its entry points."""
    name = word
    for one in {root, os.environ.get("CLAUDE_PLUGIN_ROOT", root)}:
        name = name.removeprefix(f"{one}/bin/")
    if "/" in name:
        return None
    if name in ENTRY_POINTS:
        return ENTRY_POINTS[name], rest
    if name != "autotune" or not rest:
        return None
    return rest[0], rest[1:]


def is_plain(verb: str, arguments: list[str]) -> bool:
    """Whether a verb is called with options that nobody has to be asked about."""
    return not unusual(verb, arguments)


def unusual(verb: str, arguments: list[str]) -> list[str]:
    """The options of a call that somebody has to be asked about."""
    places = [place for place, word in enumerate(arguments) if word.startswith("-") and not _only_tightens(arguments[place : place + 2])]
    named = [arguments[place].partition("=")[0] for place in places]
    return [name for name in named if name not in OPTIONS.get(verb, ())]


def _only_tightens(words: list[str]) -> bool:
    """Whether an option, which may have its value in the word after it, asks for the sandbox: that needs no person, and less of it does."""
    return words == ["--sandbox", "on"] or words[0] == "--sandbox=on"


def is_shadowed(word: str, project: str, root: str) -> bool:
    """Whether PATH leads a bare word to a program in the project that is not the plugin's, or to one that depends on the current folder."""
    if "/" in word:
        return False
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        program = os.path.join(folder, word)
        if os.path.isfile(program) and os.access(program, os.X_OK):
            real = os.path.realpath(folder)
            return not os.path.isabs(folder) or (f"{real}/".startswith(f"{project}/") and real != os.path.join(root, "bin"))
    return False
