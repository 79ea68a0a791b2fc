"""The one way to git: thin functions over GitPython's command runner."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
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
_ALL_THAT_IS_THERE = ("-c", "sparse.expectFilesOutsideOfPatterns=false")
_WHOLE = ("-c", "index.sparse=false", "-c", "core.splitIndex=false")  # a private index names each file, and needs no other
# Of a submodule the commit counts, not what is edited within; whoever set one to be ignored (`submodule.NAME.ignore`) has it ignored.
_SUBMODULES = ("-c", "diff.ignoreSubmodules=dirty")
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
    """Give GitPython's runner for a folder.

    The package's front imports its whole object model (70 ms) and runs `git version`, of which the runner needs nothing;
    so the package is entered by this one module, unless somebody has imported all of it already.
    """
    if "git" not in sys.modules and (spec := PathFinder.find_spec("git")) is not None:
        package = ModuleType("git")
        package.__path__ = list(spec.submodule_search_locations or ())
        sys.modules["git"] = package
        for name in _REDIRECTING:
            os.environ.pop(name, None)
    from git.cmd import Git

    Git.GIT_PYTHON_GIT_EXECUTABLE = "git"
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
        raise AutotuneError(f"{folder} is not there.", "try again; what autotune made itself is made anew")
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
    (r"\t(git config --global --add safe\.directory .+)", r"the folder is another user's: where you trust it, run `\1`"),
    (r"bad config line (\d+) in file (.+)", r"open \2 in an editor, and mend line \1 or take it out"),
    (r"bad .*config .* in file '?([^\n:']+)'?(?: at line (\d+))?", r"open \1 in an editor, and mend what git names"),
    (r"fatal: not a git repository", "bring its .git back, or change to the folder where the project is now"),
    (r"must be run in a work tree", "change to a working tree; a bare repository gets one with `git worktree add FOLDER`"),
    (r"repo version <= \d+, found|unknown repository extension", "this repository is of a newer git: install that"),
    (r"Unable to create '(.+\.lock)': File exists", r"let the other git end, then try again; where none is at work, delete \1"),
    (r"No space left on device|[Dd]isk quota exceeded", "make room there, then run the command again"),
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


def tree_of(folder: Path, commit: str) -> str:
    """Give the id of a commit's tree; `commit` is an object's id."""
    return next(value for key, value in _read(folder, commit)[0] if key == "tree")


def parents(folder: Path, commit: str) -> tuple[str, ...]:
    """List a commit's parents; `commit` is an object's id."""
    return tuple(value for key, value in _read(folder, commit)[0] if key == "parent")


def message(folder: Path, commit: str) -> str:
    """Give a commit's message; `commit` is an object's id."""
    return _read(folder, commit)[1]


@lru_cache(maxsize=32)
def _read(folder: Path, commit: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Give a commit's header, as names with their values, and its message: what an object holds never changes."""
    header, _, words = decode_paths(tell(folder, "cat-file", "commit", commit).out).partition("\n\n")
    return tuple((key, value) for key, _, value in (line.partition(" ") for line in header.split("\n"))), words


_NO_COMMIT = "Not a valid (commit|object) name"


def is_ancestor(folder: Path, earlier: str, later: str) -> bool:
    """Say whether `later` has `earlier` in its history; a commit that is gone has and is nothing's."""
    return query(folder, "merge-base", "--is-ancestor", earlier, later, no=_NO_COMMIT) is not None


def merge_base(folder: Path, one: str, other: str) -> str | None:
    """Give the commit from which two went apart, or None."""
    answer = query(folder, "merge-base", one, other, no=_NO_COMMIT)
    return None if answer is None else answer.text


def unfinished(repository: Repository) -> str | None:
    """Name the rebase, am, merge, cherry-pick, revert or bisect that is in progress."""
    return next((word for name, word in _UNFINISHED.items() if (repository.folder / name).exists()), None)


def undoing(unfinished: str) -> str:
    """Give the command that undoes what is in progress."""
    return "git bisect reset" if unfinished == "bisect" else f"git {unfinished} --abort"


def modified(repository: Repository) -> tuple[str, ...]:
    """List tracked files that are modified or staged."""
    listed = tell(
        repository.top, *_SUBMODULES, *_ALL_THAT_IS_THERE, "status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames"
    )
    return tuple(entry[3:] for entry in listed.paths)


def uncommitted(repository: Repository) -> tuple[str, ...]:
    """List the files that are not as HEAD has them, untracked ones too, without what git ignores."""
    listed = tell(
        repository.top, *_SUBMODULES, *_ALL_THAT_IS_THERE, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"
    )
    return tuple(entry[3:] for entry in listed.paths)


def ignored(folder: Path) -> tuple[str, ...]:
    """List what git ignores below a folder, relative to it; a folder all of which it ignores is one entry that ends in a slash."""
    return tell(folder, "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z").paths


def flagged(repository: Repository) -> tuple[str, ...]:
    """List files marked assume-unchanged or skip-worktree, whose changes git does not see."""
    listed = tell(repository.top, "ls-files", "-v", "-z").paths
    return tuple(entry[2:] for entry in listed if entry[0].islower() or entry[0] == "S")


def mentioning(folder: Path, expression: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
    """List the tracked text files of the working tree with a line that an extended regular expression matches, whatever the case.

    With `paths` only those are looked through.
    """
    answer = query(folder, "grep", "--no-recurse-submodules", "-I", "-l", "-i", "-z", "-E", "-e", expression, "--", *paths)
    return () if answer is None else answer.paths


def submodules(folder: Path) -> tuple[str, ...]:
    """List the submodules that the working tree's index holds."""
    entries = (entry.partition("\t") for entry in tell(folder, "ls-files", "--stage", "-z").paths)
    return tuple(path for head, _, path in entries if head.startswith(SUBMODULE))


@lru_cache(maxsize=8)
def left_out(folder: Path) -> frozenset[str]:
    """The tracked files that a sparse checkout leaves out."""
    answer = query(folder, "config", "--type=bool", "core.sparseCheckout")
    if answer is None or answer.text != "true":
        return frozenset()
    return frozenset(entry[2:] for entry in tell(folder, "ls-files", "-v", "-z").paths if entry[0] in "Ss")


@lru_cache(maxsize=8)
def kept_by_lfs(folder: Path, commit: str) -> frozenset[str]:
    """The files of a commit (an object's id) whose content Git LFS keeps, by the attributes of the working tree."""
    held = tracked(folder, commit)
    if not any(_may_name_lfs(folder / path) for path in held if path.rpartition("/")[2] == ".gitattributes"):
        return frozenset()
    files = tuple(path for path, (mode, _) in held.items() if mode.startswith("100"))
    return frozenset(path for path, value in attribute(folder, "filter", files).items() if value == "lfs")


def _may_name_lfs(attributes: Path) -> bool:
    return not attributes.is_file() or b"lfs" in attributes.read_bytes()


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
    fields = tell(folder, "diff-tree", "-r", "-z", "--no-renames", "--ignore-submodules=none", like, commit).paths
    found = dict(tracked(folder, like))
    for head, path in zip(fields[0::2], fields[1::2], strict=True):
        _, mode, _, sha, change = head.split(" ")
        found[path] = mode, sha
        if change == "D":
            del found[path]
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


def staged(folder: Path, commit: str) -> tuple[str, ...]:
    """List the paths in which the working tree's own index differs from a commit; a file that is only intended to be added counts."""
    options = ("--cached", "-z", "--name-only", "--no-renames", "--ignore-submodules", "--ita-visible-in-index")
    return tell(folder, "diff-index", *options, commit).paths


def attribute(folder: Path, name: str, paths: Sequence[str]) -> dict[str, str]:
    """Map each path to the value of one git attribute, as git writes it (`unspecified` where there is none)."""
    if not paths:
        return {}
    fields = tell(folder, "check-attr", "-z", "--stdin", name, stdin=encode_paths(paths)).paths
    return dict(zip(fields[0::3], fields[2::3], strict=True))


def store(folder: Path, content: bytes) -> str:
    """Put content into the object database and give its id."""
    return tell(folder, "hash-object", "-w", "--stdin", stdin=content).text


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


def make_tree(folder: Path, entries: Mapping[str, tuple[str, str]], scratch: Path) -> str:
    """Make a tree of entries (path to mode and object id) and give its id."""
    scratch.unlink(missing_ok=True)
    set_entries(folder, scratch, entries, ())
    return write_tree(folder, scratch)


def unlike_index(folder: Path, index: Path | None, *, submodules: bool = False) -> tuple[str, ...]:
    """List the files that are not as an index (the working tree's own where None) has them: changed, missing, of another type.

    With `submodules` these too, where they are at another commit, and what is there though a sparse checkout leaves it out.
    """
    options = ("--no-ext-diff", "--name-only", "-z", "--no-renames", *(() if submodules else ("--ignore-submodules=all",)))
    seen = _ALL_THAT_IS_THERE if submodules else ()
    return tell(folder, *_SUBMODULES, *seen, "-c", "diff.autoRefreshIndex=true", "diff", *options, index=index).paths


def set_entries(folder: Path, index: Path | None, entries: Mapping[str, tuple[str, str]], removed: Iterable[str]) -> None:
    """Set and remove entries of an index (the working tree's own where None) without looking at files."""
    if gone := tuple(removed):
        tell(folder, "update-index", "-z", "--force-remove", "--stdin", index=index, stdin=encode_paths(gone))
    if there := [f"{mode} {sha}\t{path}" for path, (mode, sha) in entries.items()]:
        tell(folder, "update-index", "-z", "--index-info", index=index, stdin=encode_paths(there))


def mark_apart(folder: Path, index: Path | None, paths: Iterable[str]) -> None:
    """Have an index (the working tree's own where None) say of some of its files that nobody looks at them in the working tree."""
    tell(folder, "update-index", "-z", "--skip-worktree", "--stdin", index=index, stdin=encode_paths(paths))


def forget_files(folder: Path, written: Mapping[str, tuple[str, str]]) -> None:
    """Have the working tree's own index, where it holds these entries, look at their files anew and not at their sizes.

    Where git converts a file (line ends, say), one of another size may be the same to git, but it takes the size for an answer.
    """
    listed = (entry.partition("\t") for entry in tell(folder, "ls-files", "--stage", "-v", "-z").paths)
    entries = {path: (mode, sha) for head, _, path in listed for tag, mode, sha, _ in (head.split(" "),) if tag == "H"}
    set_entries(folder, None, {path: entry for path, entry in written.items() if entries.get(path) == entry}, ())


def refresh_index(folder: Path) -> None:
    """Have the working tree's own index take in what files are like now; where somebody has its lock, the next look does so."""
    ask(folder, "update-index", "-q", "--refresh", "--ignore-submodules")


def write_tree(folder: Path, index: Path) -> str:
    """Write an index as a tree and give its id; a partial clone need not have the files that its sparse checkout leaves out."""
    return tell(folder, "write-tree", "--missing-ok", index=index).text


def set_ref(folder: Path, name: str, new: str, why: str, old: str | None = None) -> None:
    """Point a ref at a commit; with `old`, only while it still points there."""
    tell(folder, "update-ref", "--create-reflog", "-m", f"autotune: {why}", name, new, *(() if old is None else (old,)))


def refs(folder: Path, prefix: str) -> dict[str, str]:
    """Map the refs under a prefix to what they point at."""
    listed = tell(folder, "for-each-ref", "--format=%(objectname) %(refname)", prefix).text.splitlines()
    return {name: sha for sha, _, name in (line.partition(" ") for line in listed)}


def delete_ref(folder: Path, name: str) -> None:
    """Delete a ref."""
    tell(folder, "update-ref", "-d", name)


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
