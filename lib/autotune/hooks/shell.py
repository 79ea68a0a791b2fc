"""What a shell line would write or take away, as far as that can be seen without running it."""

from __future__ import annotations

import os
import re

from autotune.hooks import gitcalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE_DOCUMENT = re.compile(r"(?<!<)<<-?[ \t]*(['\"]?)(\w+)\1")
_PIECE = re.compile(
    r"""\\\n | \#[^\n]* | [0-9]+(?=[<>])  # a line that goes on, a comment, the number of a stream: nothing of these counts
    | (?P<redirection>&>>?|<<<|<<-?|<>|<&|>>|>\||>&|[<>])
    | (?P<end>[;&|()\n]+?)
    | (?P<word>(?:[^\s;&|<>()'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"""'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)""", re.DOTALL)
_WRITES_TO = frozenset({">", ">>", ">|", "&>", "&>>", "<>"})
# What only runs another command; some have options, by letter, with their value in the next word.
_VALUED = {"sudo": "ughpC", "env": "uC", "exec": "a", "time": "fo", "nice": "n", "timeout": "ks", "stdbuf": "ioe", "xargs": "aEdILnPs"}
_RUNNERS = frozenset({*_VALUED, "if", "then", "elif", "else", "while", "until", "do", "!", "{", "command", "nohup", "setsid"})
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_TAKE_AWAY = frozenset({"rm", "unlink", "rmdir", "shred", "truncate", "touch", "tee", "chmod"})
_PUT = frozenset({"cp", "mv", "install", "ln", "rsync"})
_IN_PLACE = re.compile(r"-[A-Za-z]*i(\..*)?|--in-place(=.*)?")
_FIND_EVERYTHING = frozenset({"-delete", "-depth", "-mindepth", "-maxdepth", "-print", "-type", "-xdev"})
_LONGEST = 20_000  # characters; a longer line is not looked at


class Simple:
    """One command of a line: its words, the files that its output goes to, and the folder that it runs in."""

    __slots__ = ("folder", "outputs", "words")

    def __init__(self, words: list[str], outputs: list[str], folder: str) -> None:
        self.words = words
        self.outputs = outputs
        self.folder = folder


def commands_of(line: str, folder: str) -> Iterator[Simple]:
    """The commands of a line, in order, each with the folder that a `cd` before it leads to. Nothing where the line cannot be read.

    A shell that is given a line (`sh -c LINE`) is followed by the commands of that.
    """
    words: list[str] = []
    outputs: list[str] = []
    redirection = ""
    for kind, piece in (*_pieces(line), ("end", ";")):
        if kind == "redirection":
            redirection = piece
        elif kind == "word":
            if redirection in _WRITES_TO or (redirection == ">&" and not piece.isdigit() and piece != "-"):
                outputs.append(piece)
            elif not redirection:
                words.append(piece)
            redirection = ""
        else:
            if words or outputs:
                command = Simple(_without_runners(words), outputs, folder)
                yield command
                yield from commands_of(_line_within(command.words), folder)
            if words[:1] == ["cd"] and len(words) > 1:
                folder = os.path.join(folder, os.path.expanduser(words[1]))
            words, outputs, redirection = [], [], ""


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """The words of a line without their quotes, its redirections and the ends of its commands, each with its kind.

    A quote that is never closed is passed over: what cannot be run that way does not hide what follows.
    """
    for found in _PIECE.finditer(_without_here_documents(line)) if len(line) <= _LONGEST else ():
        if found.lastgroup == "word":
            yield "word", _QUOTED.sub(_unquoted, found[0])
        elif found.lastgroup is not None:
            yield found.lastgroup, found[0]


def _unquoted(found: re.Match[str]) -> str:
    if found["double"] is not None:
        return re.sub(r"\\([$`\"\\\n])", lambda escaped: escaped[1].strip("\n"), found["double"])
    return found["single"] if found["escaped"] is None else found["escaped"].strip("\n")


def _without_here_documents(line: str) -> str:
    kept: list[str] = []
    lines = line.split("\n")
    while lines:
        kept.append(lines.pop(0))
        for found in _HERE_DOCUMENT.finditer(kept[-1]):
            end = next((place for place, one in enumerate(lines) if one.strip() == found[2]), None)
            if end is not None:  # else it was something that only looks like one
                del lines[: end + 1]
    return "\n".join(kept)


def _without_runners(words: list[str]) -> list[str]:
    """The command that is run in the end: without variables set for it, and without what only runs another."""
    while words and ((runner := os.path.basename(words[0])) in _RUNNERS or re.match(r"[A-Za-z_]\w*=", words[0])):
        words = words[1:]
        with_value = [f"-{letter}" for letter in _VALUED.get(runner, "")]
        while words and words[0].startswith("-"):
            words = words[2 if words[0] in with_value else 1 :]
        if runner == "timeout":
            words = words[1:]
    return words


def _line_within(words: list[str]) -> str:
    """The line that a command gives to a shell; empty where it gives none."""
    program = os.path.basename(words[0]) if words else ""
    if program == "eval":
        return " ".join(words[1:])
    asked = next((place for place, word in enumerate(words) if re.fullmatch(r"-[A-Za-z]*c[A-Za-z]*", word)), None)
    if program not in _SHELLS or asked is None:
        return ""
    return next((word for word in words[asked:] if not word.startswith("-")), "")


def written_by(command: Simple) -> Iterator[str]:
    """The absolute paths that a command would write to or take away, as they are written; none for words that the shell would replace."""
    named = [*command.outputs, *_targets(command.words, command.folder)]
    for path in named:
        if path and "$" not in path and "`" not in path:
            yield os.path.normpath(os.path.join(command.folder, os.path.expanduser(path)))


def _targets(words: list[str], folder: str) -> Iterator[str]:
    program = os.path.basename(words[0]) if words else ""
    options = [word for word in words[1:] if word.startswith("-")]
    given = [word for word in words[1:] if not word.startswith("-")]
    if program == "git":
        yield from gitcalls.written_by_git(words, folder)
    elif program in _TAKE_AWAY:
        yield from given
    elif program in _PUT and given:
        last, sources = given[-1], given[:-1]
        inside = os.path.isdir(os.path.join(folder, last))
        yield from [os.path.join(last, os.path.basename(source)) for source in sources] if inside else [last]
        yield from sources if program == "mv" else []
    elif program in {"sed", "perl"} and any(_IN_PLACE.fullmatch(option) for option in options):
        yield from (word for word in given if os.path.exists(os.path.join(folder, word)))
    elif program == "patch":
        yield from given[:1]
    elif program == "dd":
        yield from (word.removeprefix("of=") for word in given if word.startswith("of="))
    elif program == "find" and "-delete" in options and _FIND_EVERYTHING.issuperset(options):  # which files have a name cannot be seen
        yield from words[1 : words.index(options[0])] or ["."]
