"""What a shell completes, as a script for bash, zsh or fish: words that stand in it, so that a TAB starts no Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Shell(StrEnum):
    """A shell that completes."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@dataclass(frozen=True, slots=True)
class Word:
    """A word, and what it is for; an option may have a few words as its `values`."""

    word: str
    about: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """What can follow a verb, or a verb and its part: its parts, or the words for its first argument, and its options."""

    words: tuple[str, ...]
    after: tuple[Word, ...] = ()
    options: tuple[Word, ...] = ()

    @property
    def name(self) -> str:
        """Its words as they are typed."""
        return " ".join(self.words)


def script(shell: Shell, places: Sequence[Place]) -> str:
    """Give a shell's script; the first place is the command itself, with its verbs as parts."""
    return _SCRIPTS[shell](places)


def _quoted(text: str) -> str:
    """Text in single quotes, for a POSIX shell and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _groups(places: Sequence[Place]) -> str:
    """The verbs that have parts, as a pattern."""
    return "|".join(dict.fromkeys(one.words[0] for one in places if len(one.words) > 1)) or "''"


def _values(places: Sequence[Place]) -> list[tuple[str, tuple[str, ...]]]:
    """Every option of a few words, behind the words of its place, and those."""
    return [(" ".join((*place.words, one.word)), one.values) for place in places for one in place.options if one.values]


# bash


def _bash(places: Sequence[Place]) -> str:
    cases = _arms((one.name, [word.word for word in one.after]) for one in places)
    options = _arms((one.name, [word.word for word in one.options]) for one in places)
    return f"""\
# Completion of autotune for bash.
_autotune() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} place=${{COMP_WORDS[1]}} depth=1
    [ "$COMP_CWORD" -eq 1 ] && place= depth=0
    case $place in {_groups(places)}) [ "$COMP_CWORD" -gt 2 ] && place="$place ${{COMP_WORDS[2]}}" depth=2 ;; esac
    set --
    case "$place $previous" in
{_arms(_values(places))}
    esac
    if [ $# -eq 0 ] && [[ $current == -* ]]; then
        case $place in
{options}
        esac
    elif [ $# -eq 0 ] && [ "$COMP_CWORD" -eq $((depth + 1)) ]; then
        case $place in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$*" -- "$current"))
}}
complete -o default -F _autotune autotune
"""


def _arms(found: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The arms of a `case`, each with the words that can follow."""
    return "\n".join(f"    {_quoted(name)}) set -- {' '.join(map(_quoted, words))} ;;" for name, words in found if words)


# zsh


def _zsh(places: Sequence[Place]) -> str:
    cases = "\n".join(map(_zsh_case, places))
    values = "\n".join(f"    ({_quoted(name)}) values=({' '.join(map(_quoted, words))}) ;;" for name, words in _values(places))
    return f"""\
#compdef autotune
# Completion of autotune for zsh.
_autotune() {{
    local place=$words[2] depth=1
    local -a after options values
    (( CURRENT == 2 )) && place= depth=0
    case $place in ({_groups(places)}) (( CURRENT > 3 )) && place="$place $words[3]" depth=2 ;; esac
    case $place in
{cases}
    esac
    case "$place $words[CURRENT-1]" in
{values}
    esac
    if (( $#values )); then
        compadd -a values
    elif [[ $PREFIX == -* ]]; then
        _describe -o option options
    elif (( CURRENT == depth + 2 && $#after )); then
        _describe word after
    else
        _files
    fi
}}
if [ "$funcstack[1]" = "_autotune" ]; then _autotune "$@"; else compdef _autotune autotune; fi
"""


def _zsh_case(place: Place) -> str:
    after, options = (" ".join(map(_described, words)) for words in (place.after, place.options))
    return f"    ({_quoted(place.name)}) after=({after}) options=({options}) ;;"


def _described(one: Word) -> str:
    return _quoted(one.word.replace(":", "\\:") + (f":{one.about}" if one.about else ""))


# fish


def _fish(places: Sequence[Place]) -> str:
    lines = [line for place in places for line in _fish_lines(place)]
    return f"""\
# Completion of autotune for fish.
function __autotune_at
    set -l given (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $given) -ge $last; or return 1
    test $last -eq 1; or test "$given[2..$last]" = "$argv"
end
function __autotune_after
    __autotune_at $argv; and test (count (commandline -opc)) -eq (math (count $argv) + 1)
end
complete -c autotune -e
{chr(10).join(lines)}
"""


def _fish_lines(place: Place) -> Iterator[str]:
    for one in place.after:
        yield f"complete -c autotune -f -n {_fish_quoted(f'__autotune_after {place.name}')} -a {one.word}{_fish_about(one)}"
    within = "__autotune_at" if place.words else "__autotune_after"
    for one in place.options:
        name = f"-l {one.word[2:]}" if one.word.startswith("--") else f"-s {one.word[1:]}"
        given = f" -x -a {_fish_quoted(' '.join(one.values))}" if one.values else ""
        yield f"complete -c autotune -n {_fish_quoted(f'{within} {place.name}')} {name}{given}{_fish_about(one)}"


def _fish_about(one: Word) -> str:
    return f" -d {_fish_quoted(one.about)}" if one.about else ""


def _fish_quoted(text: str) -> str:
    return "'" + text.strip().replace("\\", "\\\\").replace("'", "\\'") + "'"


_SCRIPTS: Mapping[Shell, Callable[[Sequence[Place]], str]] = {Shell.BASH: _bash, Shell.ZSH: _zsh, Shell.FISH: _fish}
