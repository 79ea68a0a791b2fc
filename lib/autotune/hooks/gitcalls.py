"""What a call of git would do behind autotune's back: move a branch, lose or hide work, change how git reads files, write to some.

What a patch writes to stands in the patch, not in the line: `git apply` is left to the loop, which judges what came of it.
"""

from __future__ import annotations

import os

from autotune.hooks import scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Which subcommands are not for an agent to call: whatever else is said,
_ALWAYS = frozenset(
    (
        *("commit", "merge", "rebase", "cherry-pick", "revert", "am", "pull", "switch", "bisect", "filter-branch", "filter-repo"),
        *("update-ref", "read-tree", "fast-import", "gc", "prune", "repack", "maintenance"),
    )
)
# with one of these words,
_WITH = {
    "branch": {"-d", "-D", "-m", "-M", "-f", "-C", "--delete", "--move", "--force"},
    "checkout": {"-b", "-B", "--orphan"},
    "config": {"-e", "--edit", "edit", "--unset", "--unset-all", "--remove-section"},
    "push": {"-f", "--force", "--force-with-lease", "-d", "--delete", "--mirror"},
    "reflog": {"expire", "delete"},
    "reset": {"--hard", "--merge", "--keep", "--soft", "--mixed"},
    "symbolic-ref": {"-d", "--delete"},
    "tag": {"-d", "-f", "--delete", "--force"},
    "update-index": {"--assume-unchanged", "--skip-worktree"},
    "worktree": {"remove", "prune", "move"},
}
# or with at least so many words that are no options, unless one of these is among all words.
_UNLESS: dict[str, tuple[int, set[str]]] = {
    "checkout-index": (0, {"--prefix", "--temp"}),
    "clean": (0, {"-n", "--dry-run"}),
    "config": (2, {"get", "list", "-l", "--list", "--get", "--get-all", "--get-regexp", "--get-urlmatch", "--get-color"}),
    "replace": (1, {"-l", "--list"}),
    "sparse-checkout": (0, {"list"}),
    "stash": (0, {"list", "show"}),
    "symbolic-ref": (2, set()),
}
_GIVEN_UP_WITH = {"--abort", "--quit"}
_GLOBAL_WITH_VALUE = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"})
_AS_IT_WAS = frozenset({"HEAD", "@"})


def destructive(words: list[str], folder: str, home: str) -> tuple[str, tuple[str, str]] | None:
    """The subcommand of a call that is not for an agent to make, with the folder and the repository that it works in.

    None for any other command. Files may be taken back by their names, but not all at once that is in `home`, the session's folder.
    """
    if not words or os.path.basename(words[0]) != "git":
        return None
    folder, repository, rest = _of_git(words, folder)
    if not rest or "--help" in rest:
        return None
    name, arguments = rest[0], rest[1:]
    is_so = (
        (name in _ALWAYS and not _gives_up(name, arguments))
        or _by_words(name, arguments)
        or _by_what_is_named(name, arguments, folder, home)
    )
    return (name, (folder, repository)) if is_so else None


def written_by_git(words: list[str], folder: str) -> Iterator[str]:
    """The paths that a call takes away, or brings from another commit; what is taken back to what it was is not written."""
    folder, _, rest = _of_git(words, folder)
    paths: list[str] = []
    if rest[:1] in (["rm"], ["mv"]):
        paths = _plain(rest[1:])
    elif rest[:1] in (["checkout"], ["restore"]):
        revisions, named = _revisions_and_paths(rest[0], rest[1:], folder)
        paths = [] if _AS_IT_WAS.issuperset(revisions) else named
    yield from (os.path.join(folder, path) for path in paths)


def _of_git(words: list[str], folder: str) -> tuple[str, str, list[str]]:
    """The folder and the repository that a git command works in, as far as it names them, and its words from the subcommand on."""
    rest, repository = words[1:], ""
    while rest and rest[0].startswith("-"):
        option, is_one_word, value = rest[0].partition("=")
        separate = option in _GLOBAL_WITH_VALUE and not is_one_word
        path = os.path.join(folder, os.path.expanduser("".join(rest[1:2]) if separate else value))
        if option in {"-C", "--work-tree"}:
            folder = path
        elif option == "--git-dir":
            repository = path
        rest = rest[2 if separate else 1 :]
    return folder, repository or folder, rest


def _gives_up(name: str, arguments: list[str]) -> bool:
    """Whether a call only undoes what git is in the middle of, as autotune's own hints tell: that is for the person to allow."""
    return bool(_given(arguments) & _GIVEN_UP_WITH) or (name == "bisect" and arguments[:1] in (["reset"], ["log"]))


def _by_words(name: str, arguments: list[str]) -> bool:
    """Whether `_WITH` or `_UNLESS` says so."""
    given = _given(arguments)
    least, harmless = _UNLESS.get(name, (None, set()))
    return bool(given & _WITH.get(name, set())) or (least is not None and len(_plain(arguments)) >= least and not given & harmless)


def _by_what_is_named(name: str, arguments: list[str], folder: str, home: str) -> bool:
    """Whether a branch would move, or all be taken back, for what a call names."""
    revisions, paths = _revisions_and_paths(name, arguments, folder)
    match name:
        case "reset":
            return not paths and not _AS_IT_WAS.issuperset(revisions)
        case "checkout":
            return not paths or any(_holds(path, folder, home) for path in paths)
        case "restore":
            given = _given(arguments)
            in_index_alone = given & {"-S", "--staged"} and not given & {"-W", "--worktree"}
            return not in_index_alone and any(_holds(path, folder, home) for path in paths)
        case "fetch":
            written = [word.partition(":")[2] for word in _plain(arguments)[1:]]
            return any(ref and not ref.startswith(("refs/remotes/", "//")) for ref in written)  # with `//`, it was an address
        case "push":
            return any(word.startswith(("+", ":")) or ("." in arguments and ":" in word) for word in arguments)
        case _:
            return False


def _plain(arguments: list[str]) -> list[str]:
    return [word for word in arguments if not word.startswith("-")]


def _given(arguments: list[str]) -> set[str]:
    """The words of a call, options without their values; `-fd` is also `-f` and `-d`."""
    words = {word.partition("=")[0] for word in arguments}
    return words | {f"-{letter}" for word in words if word[:1] == "-" and word[1:].isalpha() for letter in word[1:]}


def _revisions_and_paths(name: str, arguments: list[str], folder: str) -> tuple[list[str], list[str]]:
    """What a call of checkout, restore or reset names, told apart as git does it: by `--`, else by what is there."""
    revisions: list[str] = []
    paths: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            paths += words
        elif word.startswith("--source=") or (name == "restore" and word in {"-s", "--source"}):
            revisions.append(word.partition("=")[2] or next(words, ""))
        elif not word.startswith("-"):
            is_there = word.startswith(":") or os.path.lexists(os.path.join(folder, scope.before_pattern(word)))
            (paths if name == "restore" or (is_there and "--" not in arguments) else revisions).append(word)
    return revisions, paths


def _holds(path: str, folder: str, home: str) -> bool:
    """Whether a path, as git takes it, means all that is in a folder; with a colon before it, it begins at the top and may mean much."""
    held = os.path.realpath(os.path.join(folder, scope.before_pattern(path)))
    return path.startswith(":") or f"{home}/".startswith(f"{held.rstrip('/')}/")
