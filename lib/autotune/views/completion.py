"""What a shell completes, as a script for bash, zsh or fish: words that stand in it, so that a TAB starts no Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    """What can follow a verb, or a verb and its part: parts where it has some, options, and words for its first argument."""

    words: tuple[str, ...]
    parts: tuple[Word, ...] = ()
    options: tuple[Word, ...] = ()
    first: tuple[str, ...] = ()

    @property
    def after(self) -> tuple[Word, ...]:
        """What comes first after its words."""
        return self.parts or tuple(Word(one) for one in self.first)


def script(shell: Shell, places: Sequence[Place]) -> str:
    """Give a shell's script; the first place is the command itself, with its verbs as parts."""
    return _SCRIPTS[shell](places)


def _quoted(text: str) -> str:
    """Text in single quotes, for a POSIX shell and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


# bash


def _bash(places: Sequence[Place]) -> str:
    cases = "\n".join(f"    {_case(one)}) set -- {_listed(one.after)} ;;" for one in places if one.after)
    options = "\n".join(f"    {_case(one)}) set -- {_listed(one.options)} ;;" for one in places if one.options)
    values = "\n".join(
        f"    {_quoted(' '.join((*place.words, one.word)))}) set -- {' '.join(map(_quoted, one.values))} ;;"
        for place in places
        for one in place.options
        if one.values
    )
    return f"""\
# Completion of autotune for bash.
_autotune() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} place=${{COMP_WORDS[1]}} depth=1
    [ "$COMP_CWORD" -eq 1 ] && place= depth=0
    case $place in {"|".join(_groups(places)) or "''"}) [ "$COMP_CWORD" -gt 2 ] && place="$place ${{COMP_WORDS[2]}}" depth=2 ;; esac
    set --
    case "$place $previous" in
{values}
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


def _case(place: Place) -> str:
    return _quoted(" ".join(place.words))


def _listed(words: Sequence[Word]) -> str:
    return " ".join(_quoted(one.word) for one in words)


def _groups(places: Sequence[Place]) -> list[str]:
    """Name the verbs that have parts."""
    return [one.words[0] for one in places if one.words and one.parts]


# zsh


def _zsh(places: Sequence[Place]) -> str:
    cases = "\n".join(_zsh_case(one) for one in places)
    return f"""\
#compdef autotune
# Completion of autotune for zsh.
_autotune() {{
    local place=$words[2] depth=1
    local -a after options values
    (( CURRENT == 2 )) && place= depth=0
    case $place in ({"|".join(_groups(places)) or "''"}) (( CURRENT > 3 )) && place="$place $words[3]" depth=2 ;; esac
    case $place in
{cases}
    esac
    case "$place $words[CURRENT-1]" in
{chr(10).join(_zsh_values(places))}
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
    return f"    ({_case(place)}) after=({after}) options=({options}) ;;"


def _described(one: Word) -> str:
    return _quoted(one.word.replace(":", "\\:") + (f":{one.about}" if one.about else ""))


def _zsh_values(places: Sequence[Place]) -> Iterator[str]:
    for place in places:
        for one in place.options:
            if one.values:
                yield f"    ({_quoted(' '.join((*place.words, one.word)))}) values=({' '.join(map(_quoted, one.values))}) ;;"


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
    here = " ".join(place.words)
    for one in place.after:
        yield f"complete -c autotune -f -n {_fish_quoted(f'__autotune_after {here}')} -a {one.word}{_fish_about(one)}"
    within = "__autotune_at" if place.words else "__autotune_after"
    for one in place.options:
        name = f"-l {one.word[2:]}" if one.word.startswith("--") else f"-s {one.word[1:]}"
        given = f" -x -a {_fish_quoted(' '.join(one.values))}" if one.values else ""
        yield f"complete -c autotune -n {_fish_quoted(f'{within} {here}')} {name}{given}{_fish_about(one)}"


def _fish_about(one: Word) -> str:
    return f" -d {_fish_quoted(one.about)}" if one.about else ""


def _fish_quoted(text: str) -> str:
    return "'" + text.strip().replace("\\", "\\\\").replace("'", "\\'") + "'"


_SCRIPTS: Mapping[Shell, Callable[[Sequence[Place]], str]] = {Shell.BASH: _bash, Shell.ZSH: _zsh, Shell.FISH: _fish}
