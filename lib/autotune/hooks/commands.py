"""Which command lines are plain calls of autotune, and what they may do without a person."""

from __future__ import annotations

import os

ENTRY_POINTS = {"init-experiment.sh": "init", "run-experiment.sh": "run", "log-experiment.sh": "log", "dashboard.sh": "dashboard"}
LOOKS = frozenset({"status", "brief", "explain", "doctor", "dashboard", "report", "lessons"})
LOOP = frozenset({"try", "again", "run", "wait", "log", "note", "idea", "finalize"})
SET_UP = frozenset({"init"})
_SETTLING = {"-d", "--description", "--asi", "--wait", "--json"}
OPTIONS: dict[str, set[str]] = {
    "status": {"--json", "--session"},
    "brief": {"--json", "--session"},
    "explain": {"--json", "--session"},
    "lessons": {"--json"},
    "doctor": {"--run", "--no-run", "--compare", "--json", "--session"},
    "dashboard": {"--full", "--width", "--session"},
    "report": {"--markdown", "--json", "--openmetrics", "--session"},
    "try": _SETTLING | {"--again"},
    "again": {"--wait", "--json"},
    "run": {"--wait", "--json", "--command", "--again"},
    "log": _SETTLING | {"--status"},
    "wait": {"--wait", "--json"},
    "note": {"--json"},
    "idea": {"--json"},
    "finalize": {"--dry-run", "--independent", "--onto", "--pr-body", "--json", "--progress"},
    "init": {
        *("--name", "--metric", "--unit", "--direction", "--command", "--checks", "--scope", "--protect", "--carry", "--prepare"),
        *("--setup", "--max-iterations", "--max-wall-time", "--target", "--timeout", "--checks-timeout", "--once", "--worktree", "--json"),
        *("--guardrail", "--min-effect", "--read", "--timed", "--untimed"),
    },
}
"""What may be said to a verb that is approved; any other option is a person's, and so is working on a session by its name."""

FORCEFUL = frozenset({"--force", "--push", "--pr"})
"""Options of approved verbs that a person is asked about in any line."""

PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:,@%+=-")
REPLACED = frozenset("$`\\!")


EXIT_CODE = "\0"
"""What stands in a word for `$?`: the shell makes a number of it, so it can be no more than said."""

_JOINERS = ("&&", "||", ";", "|")
_NOWHERE = ("2>&1", *(f"{stream}>{blank}/dev/null" for stream in ("", "1", "2") for blank in ("", " ", "\t")))
_COUNT = r"-\d+|-n[ \t]?[+-]?\d+|-c[ \t]?\d+"
# What only passes on what it is given on its standard input, each with the arguments, joined by blanks, with which it does no more.
_FILTERS = {
    "cat": r"",
    "head": rf"(?:{_COUNT})?",
    "tail": rf"(?:{_COUNT})?",
    "sed": r"-n (?:\d+|\$)(?:,(?:\d+|\$))?p",
    "wc": r"(?:-[clw]+)?",
    "sort": r"(?:-[bfnru]+)?",
}


def parts_of(line: str) -> list[tuple[str, list[str]]] | None:
    """The commands of a line in which every character means itself, each with what joins it to the one before: `&&`, `||`, `;`, `|`.

    None where the shell would do anything else. Outside quotes there are characters that mean themselves in every shell; in double quotes
    nothing that is replaced but `$?`; nowhere a line's end or another control character. Nothing is redirected but to nowhere.
    """
    parts: list[tuple[str, list[str]]] = [("", [])]
    word: str | None = None
    place = 0
    line = line.strip(" \t")
    while place < len(line):
        first = line[place]
        ends = word is None or first in " \t;|&"
        if ends and word is not None:
            parts[-1][1].append(word)
            word = None
        if ends and (joined := _begins_with(_JOINERS, line, place)):
            parts.append((joined, []))
            place += len(joined)
        elif ends and (redirected := _begins_with(_NOWHERE, line, place)) and _may_end(line, place + len(redirected)):
            place += len(redirected)
        elif first in " \t":
            place += 1
        elif (taken := _taken(line, place, begins=word is None)) is not None:
            word = (word or "") + taken[0]
            place = taken[1]
        else:
            return None
    if word is not None:
        parts[-1][1].append(word)
    return parts if all(words for _, words in parts) else None


def _begins_with(signs: tuple[str, ...], line: str, place: int) -> str:
    """Which of some signs stands at a place; nothing where none does."""
    return next((one for one in signs if line.startswith(one, place)), "")


def _may_end(line: str, place: int) -> bool:
    """Whether a redirection may end at a place: at the line's end, or before a blank or what joins commands."""
    return line[place : place + 1] in {"", " ", "\t", ";", "|"} or line.startswith("&&", place)


def _taken(line: str, place: int, *, begins: bool) -> tuple[str, int] | None:
    """What stands at a place within a word, without its quotes, and where that ends; None where it does not mean itself."""
    first = line[place]
    if line.startswith("$?", place):
        return EXIT_CODE, place + 2
    if first in "'\"":
        closing = line.find(first, place + 1)
        inside = line[place + 1 : closing]
        if closing < 0 or not inside.isprintable():
            return None
        if first == '"' and REPLACED.intersection(inside.replace("$?", "")):
            return None
        return inside.replace("$?", EXIT_CODE) if first == '"' else inside, closing + 1
    return (first, place + 1) if first in PLAIN and not (first == "=" and begins) else None


def is_harmless(joined: str, words: list[str]) -> bool:
    """Whether a command that is not ours does nothing but say something, or pass on what it is given."""
    name, arguments = words[0], words[1:]
    if name == "echo":
        return joined != "|"
    if any(EXIT_CODE in word for word in words):
        return False
    if name == "true":
        return not arguments and joined != "|"
    import re

    if name == "sleep":
        return joined != "|" and len(arguments) == 1 and bool(re.fullmatch(r"\d{1,3}(?:\.\d+)?s?", arguments[0]))
    if joined != "|":
        return False
    return _only_filters(arguments) if name == "grep" else name in _FILTERS and bool(re.fullmatch(_FILTERS[name], " ".join(arguments)))


def _only_filters(arguments: list[str]) -> bool:
    """Whether grep is given one pattern and no file, with options that have it read none."""
    import re

    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if re.fullmatch(r"-[ABCm]", option):
            if not rest or not rest.pop(0).isdecimal():
                return False
        elif not re.fullmatch(r"-[EFcinovwx]+|-[ABCm]\d+", option):
            return False
    return len(rest) == 1


def led_to(words: list[str], folder: str) -> str | None:
    """The folder that a plain `cd` leads to, whichever way the shell goes through links; None where it is no such command."""
    if words[0] != "cd" or len(words) != 2 or words[1][:1] in {"", "-"} or EXIT_CODE in words[1] or "CDPATH" in os.environ:  # noqa: PLR2004
        return None
    there = os.path.realpath(os.path.join(folder, words[1]))
    return there if there == os.path.realpath(os.path.normpath(os.path.join(folder, words[1]))) else None


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


def unusual(verb: str, arguments: list[str]) -> list[str]:
    """The options of a call that somebody has to be asked about."""
    places = [place for place, word in enumerate(arguments) if word.startswith("-") and not _only_tightens(arguments[place : place + 2])]
    named = [arguments[place].partition("=")[0] for place in places]
    return [name for name in named if name not in OPTIONS.get(verb, ())]


def _only_tightens(words: list[str]) -> bool:
    """Whether an option, which may have its value in the word after it, asks for the sandbox: that needs no person, and less of it does."""
    return words == ["--sandbox", "on"] or words[0] == "--sandbox=on"


def path_depends_on_folder() -> bool:
    """Whether PATH leads elsewhere after a `cd`."""
    return any(not os.path.isabs(folder) for folder in os.environ.get("PATH", "").split(os.pathsep))


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
