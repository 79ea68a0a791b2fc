"""What a shell line would write or take away, as far as that can be seen without running it."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE_DOCUMENT = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1")
_OPERATORS = ";&|<>()\n"
_WRITES_TO = frozenset({">", ">>", ">|", "&>", "&>>", "<>"})
_RUNNERS = frozenset({"sudo", "env", "command", "exec", "nohup", "time", "nice", "xargs", "then", "do", "else", "!", "{"})
_TAKE_AWAY = frozenset({"rm", "unlink", "rmdir", "shred", "truncate", "touch", "tee", "chmod"})
_PUT = frozenset({"cp", "mv", "install", "ln", "rsync"})
_IN_PLACE = re.compile(r"-[A-Za-z]*i|--in-place|-i\..*")
_LONGEST = 20_000  # characters; a longer line is not looked at


class Simple:
    """One command of a line: its words, the files that its output goes to, and the folder that it runs in."""

    __slots__ = ("folder", "outputs", "words")

    def __init__(self, words: list[str], outputs: list[str], folder: str) -> None:
        self.words = words
        self.outputs = outputs
        self.folder = folder


def commands_of(line: str, folder: str) -> Iterator[Simple]:
    """The commands of a line, in order, each with the folder that a `cd` before it leads to. Nothing where the line cannot be read."""
    words: list[str] = []
    outputs: list[str] = []
    operator = ""
    for piece in (*_pieces(line), ";"):
        is_operator = bool(piece) and all(character in _OPERATORS for character in piece)
        if not is_operator:
            if operator in _WRITES_TO or (operator == ">&" and not piece.isdigit() and piece != "-"):
                outputs.append(piece)
            elif not operator:
                words.append(piece)
            operator = ""
        elif set(piece) <= set("<>&|") and ("<" in piece or ">" in piece):
            operator = piece
        else:
            if words or outputs:
                yield Simple(_without_runners(words), outputs, folder)
            if words[:1] == ["cd"] and len(words) > 1:
                folder = os.path.join(folder, os.path.expanduser(words[1]))
            words, outputs, operator = [], [], ""


def _pieces(line: str) -> list[str]:
    import shlex

    if len(line) > _LONGEST:
        return []
    lexer = shlex.shlex(_without_here_documents(line), posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    try:
        return list(lexer)
    except ValueError:
        return []


def _without_here_documents(line: str) -> str:
    kept: list[str] = []
    waiting: list[str] = []
    for one in line.split("\n"):
        if waiting:
            if one.strip() == waiting[0]:
                waiting.pop(0)
            continue
        kept.append(one)
        waiting = [found[2] for found in _HERE_DOCUMENT.finditer(one)]
    return "\n".join(kept)


def _without_runners(words: list[str]) -> list[str]:
    """The command that is run in the end: without variables set for it, and without what only runs another."""
    while words and (words[0] in _RUNNERS or re.match(r"[A-Za-z_]\w*=", words[0])):
        words = words[1:]
    return words


def written_by(command: Simple) -> Iterator[str]:
    """The absolute paths that a command would write to or take away, as they are written; none for words that the shell would replace."""
    named = [*command.outputs, *_targets(command.words, command.folder)]
    for path in named:
        if path and "$" not in path and "`" not in path:
            yield os.path.normpath(os.path.join(command.folder, os.path.expanduser(path)))


def _targets(words: list[str], folder: str) -> list[str]:
    if not words:
        return []
    program, options = os.path.basename(words[0]), [word for word in words[1:] if word.startswith("-")]
    given = [word for word in words[1:] if not word.startswith("-")]
    if program == "git" and given[:1] in (["rm"], ["mv"]):
        return given[1:]
    if program in _TAKE_AWAY:
        return given
    if program in _PUT and given:
        last, sources = given[-1], given[:-1]
        inside = os.path.isdir(os.path.join(folder, last))
        to = [os.path.join(last, os.path.basename(source)) for source in sources] if inside else [last]
        return [*to, *(sources if program == "mv" else [])]
    if program in {"sed", "perl"} and any(_IN_PLACE.fullmatch(option) for option in options):
        return [word for word in given if os.path.exists(os.path.join(folder, word))]
    return [word.removeprefix("of=") for word in given if word.startswith("of=")] if program == "dd" else []


# git

_NEVER = frozenset(
    ("commit", "merge", "rebase", "cherry-pick", "revert", "am", "pull", "switch", "bisect", "filter-branch", "update-ref", "gc", "prune")
)
_WITH = {
    "reset": {"--hard", "--merge", "--keep", "--soft", "--mixed"},
    "branch": {"-d", "-D", "-m", "-M", "-f", "-C", "--delete", "--move", "--force"},
    "tag": {"-d", "-f", "--delete", "--force"},
    "push": {"-f", "--force", "--force-with-lease", "-d", "--delete", "--mirror"},
    "reflog": {"expire", "delete"},
    "worktree": {"remove", "prune", "move"},
}
_GLOBAL_WITH_VALUE = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"})


def destructive_git(command: Simple) -> str | None:
    """The subcommand of git that would move the branch, or take away work, without autotune knowing; None for any other command."""
    if not command.words or os.path.basename(command.words[0]) != "git":
        return None
    rest = command.words[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2 if rest[0] in _GLOBAL_WITH_VALUE else 1 :]
    if not rest:
        return None
    name, arguments = rest[0], rest[1:]
    return name if name in _NEVER or _destroys(name, arguments, command.folder) else None


def _destroys(name: str, arguments: list[str], folder: str) -> bool:
    given = {word.partition("=")[0] for word in arguments}
    match name:
        case "reset":
            return bool(given & _WITH[name]) or any(re.search(r"[~^]|^[0-9a-f]{7,40}$", word) for word in arguments)
        case "clean":
            return not given & {"-n", "--dry-run"}
        case "stash":
            return arguments[:1] not in (["list"], ["show"])
        case "checkout":
            paths = [word for word in arguments if not word.startswith("-")]
            return "--" not in given and not (paths and all(os.path.lexists(os.path.join(folder, path)) for path in paths))
        case "push":
            return bool(given & _WITH[name]) or any(word.startswith(("+", ":")) for word in arguments)
        case _:
            return bool(given & _WITH.get(name, set()))
