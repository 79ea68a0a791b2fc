"""The one way to git: thin functions over GitPython's command runner."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autotune.errors import AutotuneError

if TYPE_CHECKING:
    from git.cmd import Git

# Variables by which a caller (a git hook, say) would point every git command at another repository, index or working tree.
_REDIRECTING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE")
# Objects are never replaced by others (`git replace`): that would put other files in the place of those whose hash a commit holds. What an
# index says of files that it is not to look at (skip-worktree) stands, also where such a file is there.
_ALWAYS = (
    *("-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "sparse.expectFilesOutsideOfPatterns=true"),
    *("--literal-pathspecs", "--no-replace-objects"),
)
# A person's view: a file that is there counts, though the sparse checkout leaves it out.
ALL_THAT_IS_THERE = ("-c", "sparse.expectFilesOutsideOfPatterns=false")
_WHOLE = ("-c", "index.sparse=false", "-c", "core.splitIndex=false")  # a private index names each file, and needs no other
# Of a submodule the commit counts, not what is edited within; whoever set one to be ignored (`submodule.NAME.ignore`) has it ignored.
SUBMODULES = ("-c", "diff.ignoreSubmodules=dirty")
SUBMODULE = "160000"  # the mode that git gives one
OWN_IDENTITY = {
    "GIT_AUTHOR_NAME": "autotune",
    "GIT_AUTHOR_EMAIL": "autotune@localhost",
    "GIT_COMMITTER_NAME": "autotune",
    "GIT_COMMITTER_EMAIL": "autotune@localhost",
}
REFUSING = frozenset({"pre-commit", "prepare-commit-msg", "commit-msg", "reference-transaction"})  # of others git does not mind a failure
_UNFINISHED = {
    "rebase-merge": "rebase",
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a git command left: its exit code, its output, its complaint."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """The output as one line of text."""
        return decode_paths(self.out).strip()

    @property
    def paths(self) -> tuple[str, ...]:
        """The output as paths that end in NUL."""
        return tuple(one for one in decode_paths(self.out).split("\0") if one)


@dataclass(frozen=True, slots=True)
class Repository:
    """A working tree and the repository behind it; `folder` is the git directory of this working tree alone, `common` the one all share."""

    top: Path
    folder: Path
    common: Path


def decode_paths(raw: bytes) -> str:
    """Make a path's bytes into text that encodes back to the same bytes."""
    return raw.decode("utf-8", "surrogateescape")


def encode_paths(paths: Iterable[str]) -> bytes:
    """Give paths, each ended by NUL, for a command's standard input."""
    return "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")


@cache
def _runner(folder: str) -> Git:
    """Give GitPython's runner for a folder."""
    for name in _REDIRECTING:
        os.environ.pop(name, None)
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"  # where git is missing, that is told when it is asked
    from git.cmd import Git

    del os.environ["GIT_PYTHON_REFRESH"]
    runner = Git()
    runner._working_dir = folder  # noqa: SLF001 - in an argument, variables and `~` are expanded
    return runner


def ask(
    folder: Path, *arguments: str, index: Path | None = None, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
) -> Reply:
    """Run one git command in `folder`, whatever its exit code. `index` is used in place of the working tree's own.

    Raises `AutotuneError` where the folder is gone: GitPython would run the command in this process's own folder in its place.
    """
    if not folder.is_dir():
        raise AutotuneError(f"{folder} is not there.", "try again; autotune makes its own files again")
    extra = {"GIT_TERMINAL_PROMPT": "0", **(environment or {}), **({} if index is None else {"GIT_INDEX_FILE": str(index)})}
    options: dict[str, Any] = {
        "with_extended_output": True,
        "with_exceptions": False,
        "stdout_as_string": False,
        "strip_newline_in_stdout": False,
        "env": extra,
    }
    try:
        with tempfile.TemporaryFile() as given:
            given.write(stdin or b"")
            given.seek(0)
            words = ["git", *_ALWAYS, *(() if index is None else _WHOLE), *arguments]
            code, out, err = _runner(str(folder)).execute(words, istream=given, **options)
    except Exception as error:
        if type(error).__name__ != "GitCommandNotFound":
            raise
        raise AutotuneError("git is not on the PATH.", "install git, then run `autotune doctor`") from None
    return Reply(code, out, err if isinstance(err, str) else decode_paths(err))


def tell(
    folder: Path, *arguments: str, index: Path | None = None, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
) -> Reply:
    """Run one git command that has to succeed; raises `AutotuneError` with git's own words where it does not."""
    answer = ask(folder, *arguments, index=index, stdin=stdin, environment=environment)
    if answer.code != 0:
        raise _failure(folder, arguments, answer)
    return answer


def query(folder: Path, *arguments: str, no: str = "") -> Reply | None:
    """Ask git something that it may answer with no: by exit code 1, or in words that `no`, an expression, finds. Then this gives None.

    Raises `AutotuneError` with git's own words where git could not answer.
    """
    answer = ask(folder, *arguments)
    if answer.code == 0:
        return answer
    if answer.code == 1 or (no and re.search(no, answer.err)):
        return None
    raise _failure(folder, arguments, answer)


def _failure(folder: Path, arguments: Sequence[str], answer: Reply) -> AutotuneError:
    if _LFS_FAILED.search(answer.err):
        said = next((line for line in reversed(answer.err.splitlines()) if "filter" in line and "failed" in line), _complaint(answer))
        return AutotuneError(f"Git LFS keeps files here, and git-lfs failed in {folder}: {said}", LFS_HINT)
    named = next(word for word in arguments if not word.startswith("-") and "=" not in word)
    hints = (found.expand(hint) for words, hint in _MENDED_BY if (found := re.search(words, answer.err)))
    return AutotuneError(f"git {named} failed in {folder}: {_complaint(answer)}", next(hints, "run `autotune doctor` to see what is wrong"))


# What mends that of which git complains, in the words that it has in every version since the oldest that is taken (`LC_ALL=C`).
_MENDED_BY = (
    (r"\t(git config --global --add safe\.directory .+)", r"the folder belongs to another user: if you trust it, run `\1`"),
    (r"bad config line (\d+) in file (.+)", r"open \2 in an editor, and mend line \1 or take it out"),
    (r"bad .*config .* in file '?([^\n:']+)'?(?: at line (\d+))?", r"open \1 in an editor, and mend what git names"),
    (r"fatal: not a git repository", "bring its .git back, or change to the folder where the project is now"),
    (r"must be run in a work tree", "change to a working tree; a bare repository gets one with `git worktree add FOLDER`"),
    (r"repo version <= \d+, found|unknown repository extension", "this repository needs a newer git: install it"),
    (r"Unable to create '(.+\.lock)': File exists", r"let the other git end, then try again; if none is at work, delete \1"),
    (r"No space left on device|Out of diskspace|[Dd]isk quota exceeded", "make room there, then run the command again"),
    (r"Read-only file system|[Pp]ermission denied", "make the folder writable for you, or run this as its owner"),
)


_LFS_FAILED = re.compile(r"filter '?\"?(?:git-)?lfs|git-lfs", re.IGNORECASE)
LFS_HINT = "install git-lfs (`git lfs version` has to work), run `git lfs install` and `git lfs pull`, then try again"


def has_lfs() -> bool:
    """Whether git-lfs can be run."""
    return shutil.which("git-lfs") is not None


def _complaint(answer: Reply) -> str:
    return complaint(answer.err) or f"exit {answer.code}"


def complaint(words: str) -> str:
    """Give what git says is wrong; advice follows it, on lines of its own."""
    lines = words.strip().splitlines() or [""]
    return next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1])


def damaged(folder: Path, objects: Collection[tuple[str, str]]) -> list[tuple[str, str | None]]:
    """List the paths of which git's store no longer has the object that is named, with the hash of what it has; None where that is gone."""
    found = _hashes(folder, {sha for _, sha in objects})
    return [(path, found.get(sha)) for path, sha in objects if found.get(sha) != sha]


def _hashes(folder: Path, wanted: Iterable[str]) -> dict[str, str]:
    """Map each object that there is to the hash of its content, which is its name unless somebody wrote to git's store."""
    answer = ask(folder, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in wanted).encode()).out
    found: dict[str, str] = {}
    start = 0
    while start < len(answer):
        end = answer.index(b"\n", start)
        words = answer[start:end].split()
        start = end + 1
        if len(words) == 3:  # noqa: PLR2004 - id, type, size; a missing one has two words
            sha, size = words[0].decode(), int(words[2])
            found[sha] = hash_of(answer[start : start + size], sha, words[1])
            start += size + 1
    return found


def hash_of(content: bytes, like: str, kind: bytes = b"blob") -> str:
    """Give the name that git has for some content, of the same length as another."""
    make = hashlib.sha256 if len(like) == 64 else hashlib.sha1  # noqa: PLR2004 - git's two kinds of names
    return make(b"%s %d\0" % (kind, len(content)) + content).hexdigest()


def discover(folder: Path) -> Repository | None:
    """Find the working tree that holds `folder`; None where there is no repository. Raises `AutotuneError` where git refuses one."""
    if not folder.is_dir():
        return None
    options = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    if (answer := query(folder, "rev-parse", *options, no="not a git repository")) is None:
        return None
    lines = decode_paths(answer.out).removesuffix("\n").split("\n")
    if len(lines) != len(options):  # a name of several lines
        lines = [decode_paths(tell(folder, "rev-parse", one).out).removesuffix("\n") for one in options]
    return Repository(top=Path(lines[0]), folder=Path(lines[1]), common=(folder / lines[2]).resolve())


def current_branch(repository: Repository) -> str | None:
    """Name the branch that is checked out; None on a detached HEAD."""
    answer = query(repository.top, "symbolic-ref", "-q", "HEAD")  # not its short name, which is longer where a tag has the same
    return None if answer is None else answer.text.removeprefix("refs/heads/")


def resolve(folder: Path, name: str) -> str | None:
    """Give the commit (or other object) that `name` stands for, or None."""
    answer = query(folder, "rev-parse", "--verify", "-q", name)
    return None if answer is None else answer.text


def unfinished(repository: Repository) -> str | None:
    """Name the rebase, am, merge, cherry-pick, revert or bisect that is in progress."""
    return next((word for name, word in _UNFINISHED.items() if (repository.folder / name).exists()), None)


def undoing(unfinished: str) -> str:
    """Give the command that undoes what is in progress."""
    return "git bisect reset" if unfinished == "bisect" else f"git {unfinished} --abort"


_tracked: dict[str, Mapping[str, tuple[str, str]]] = {}  # by id, those asked for last
_MOST_KEPT = 8


def tracked(folder: Path, commit: str, *, like: str | None = None) -> Mapping[str, tuple[str, str]]:
    """Map every path of a commit or tree to its mode and object id; `commit` is an object's id.

    With `like`, the id of another one whose files are mostly the same, git lists only those that differ.
    """
    found = _tracked.pop(commit, None)
    if found is None:
        found = _listed(folder, commit) if like is None else _listed_like(folder, commit, like)
    _tracked[commit] = found
    if len(_tracked) > _MOST_KEPT:
        del _tracked[next(iter(_tracked))]
    return found


def _listed(folder: Path, commit: str) -> Mapping[str, tuple[str, str]]:
    listed = tell(folder, "ls-tree", "-r", "-z", "--full-tree", commit).paths
    return {path: (mode, sha) for head, _, path in (entry.partition("\t") for entry in listed) for mode, _, sha in (head.split(" "),)}


def _listed_like(folder: Path, commit: str, like: str) -> Mapping[str, tuple[str, str]]:
    found = dict(tracked(folder, like))
    for path, (_, after) in changed(folder, like, commit).items():
        if after is None:
            del found[path]
        else:
            found[path] = after
    return found


def changed(folder: Path, before: str, after: str) -> dict[str, tuple[tuple[str, str] | None, tuple[str, str] | None]]:
    """Map each path in which two commits differ to its mode and object id in both; None where it is not there."""
    fields = tell(folder, "diff-tree", "-r", "-z", "--no-renames", "--ignore-submodules=none", before, after).paths
    found: dict[str, tuple[tuple[str, str] | None, tuple[str, str] | None]] = {}
    for head, path in zip(fields[0::2], fields[1::2], strict=True):
        mode_before, mode_after, sha_before, sha_after, _ = head[1:].split(" ")
        sides = [None if not int(mode, 8) else (mode, sha) for mode, sha in ((mode_before, sha_before), (mode_after, sha_after))]
        found[path] = sides[0], sides[1]
    return found


@lru_cache(maxsize=8)
def differing(folder: Path, one: str, other: str) -> tuple[str, ...]:
    """List the paths in which two trees or commits, each by its object's id, differ."""
    return tell(folder, "diff-tree", "-r", "-z", "--name-only", "--no-renames", one, other).paths


def entries(folder: Path) -> dict[str, tuple[str, str]]:
    """Map what the working tree's own index holds to mode and object id: not what is in conflict, nor what is empty."""
    listed = (entry.partition("\t") for entry in tell(folder, "ls-files", "--stage", "-z").paths)
    found = {path: (mode, sha) for head, _, path in listed for mode, sha, stage in (head.split(" "),) if stage == "0"}
    return {path: (mode, sha) for path, (mode, sha) in found.items() if sha != hash_of(b"", sha)}


def holding(folder: Path, word: str, commit: str | None = None, paths: Sequence[str] = ()) -> tuple[str, ...]:
    """Give the tracked files that hold a word, relative to the top: as they are in the working tree, or in a commit."""
    where = (*([commit] if commit else []), "--", *paths)
    answer = query(folder, "grep", "-lzaF", "--no-color", "--no-recurse-submodules", "-e", word, *where)
    return () if answer is None else tuple(path.removeprefix(f"{commit}:") if commit else path for path in answer.paths)


def store(folder: Path, content: bytes) -> str:
    """Put content into the object database and give its id."""
    return tell(folder, "hash-object", "-w", "--stdin", stdin=content).text


def hashes_of(folder: Path, paths: Sequence[str], *, stores: bool = False) -> list[str]:
    """Give the object ids of files below a folder, byte for byte as they are; with `stores` they are put into the object database too."""
    words = ("hash-object", *(("-w",) if stores else ()), "--no-filters", "--stdin-paths")
    return tell(folder, *words, stdin=b"".join(os.fsencode(path) + b"\n" for path in paths)).text.split()


def entry_of(folder: Path, path: str, file: Path, *, stores: bool = False) -> tuple[str, str]:
    """Give the mode and object id that git would have for a file or link, wherever it lies, if it were at a path of the working tree.

    With `stores` it is put into the object database too.
    """
    hashes = ("hash-object", *(("-w",) if stores else ()))
    if file.is_symlink():
        return "120000", tell(folder, *hashes, "--stdin", stdin=os.fsencode(file.readlink())).text
    return f"100{'755' if os.access(file, os.X_OK) else '644'}", tell(folder, *hashes, f"--path={path}", "--", str(file)).text


def content(folder: Path, sha: str) -> bytes:
    """Give the content of a blob."""
    return tell(folder, "cat-file", "blob", sha).out


def merge_contents(folder: Path, ours: str, base: str, theirs: str, scratch: Path) -> bytes | None:
    """Merge two blobs that go back to a third; None where they contradict each other (or are not text)."""
    with tempfile.TemporaryDirectory(dir=scratch) as holder:
        files = [Path(holder) / name for name in ("ours", "base", "theirs")]
        for file, sha in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(content(folder, sha))
        answer = ask(folder, "merge-file", "-p", "-q", *(str(file) for file in files))
    return answer.out if answer.code == 0 else None


def only_removes(folder: Path, before: str, after: str) -> bool:
    """Say whether what changed from one commit to another only takes lines (or files) away."""
    listed = tell(folder, "diff-tree", "-r", "--numstat", "-z", "--no-renames", before, after).paths
    return bool(listed) and all(entry.split("\t", 1)[0] == "0" for entry in listed)
