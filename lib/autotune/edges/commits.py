"""Commits and refs: read, and made as git makes them, with the hooks of the repository."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from shlex import quote

from autotune.core.codec import mapping_in
from autotune.edges.git import OWN_IDENTITY, REFUSING, Repository, decode_paths, query, tell


def commit_tree(folder: Path, tree: str, parents: Sequence[str], words: str) -> str:
    """Make a commit that no branch points at, under autotune's own name; no hook runs, nothing is signed."""
    arguments = [argument for parent in parents for argument in ("-p", parent)]
    made = tell(folder, "-c", "commit.gpgsign=false", "commit-tree", tree, *arguments, stdin=words.encode(), environment=OWN_IDENTITY)
    return made.text


def commit_command(index: Path, words: Path, trace: Path, *, sign: bool) -> tuple[str, dict[str, str]]:
    """Give the shell command, with its variables, that commits an index as the user would: with their hooks and identity.

    Git writes to `trace` what it starts, for `refusing_hook`.
    """
    signing = "-S" if sign else "--no-gpg-sign"
    command = f'git -c gc.auto=0 -c maintenance.auto=false commit -q {signing} --cleanup=verbatim -F "$AUTOTUNE_COMMIT_MESSAGE"'
    quiet = {"GIT_EDITOR": ":", "GIT_SEQUENCE_EDITOR": ":", "GIT_TERMINAL_PROMPT": "0"}
    return command, {"GIT_INDEX_FILE": str(index), "AUTOTUNE_COMMIT_MESSAGE": str(words), **quiet, **_traced(trace)}


def _traced(trace: Path) -> dict[str, str]:
    trace.unlink(missing_ok=True)
    return {"GIT_TRACE2_EVENT": str(trace), "GIT_TRACE2_PARENT_SID": ""}


def hook_command(repository: Repository, name: str, index: Path, trace: Path) -> tuple[str, dict[str, str]] | None:
    """Give the shell command, with its variables, that runs a hook of the checkout in any working tree; None where there is no such hook.

    Git writes to `trace` what it starts, for `refusing_hook`.
    """
    folder = repository.top / tell(repository.top, "rev-parse", "--git-path", "hooks").text
    if not os.access(folder / name, os.X_OK):
        return None
    return f"git -c core.hooksPath={quote(str(folder))} hook run {name}", {
        "GIT_INDEX_FILE": str(index),
        "GIT_EDITOR": ":",
        **_traced(trace),
    }


def refusing_hook(trace: Path) -> str | None:
    """Name the hook for which a commit failed, by git's own record of it: one that said no, or was running when the time was up."""
    running: dict[int, str] = {}
    for line in trace.read_bytes().splitlines() if trace.exists() else ():
        event = mapping_in(line) or {}
        if "/" in event.get("sid", "/"):  # of a git that a hook started
            continue
        if event["event"] == "child_start" and event.get("child_class") == "hook":
            running[event["child_id"]] = event["hook_name"]
        elif event["event"] == "child_exit" and (name := running.pop(event["child_id"], None)) in REFUSING and event["code"] > 0:
            return name
    return next(iter(running.values()), None)


def has_identity(repository: Repository) -> bool:
    """Say whether git knows whom to name as a commit's author."""
    return None not in (identity(repository.top, "COMMITTER"), identity(repository.top, "AUTHOR"))


def author(place: Path) -> tuple[str, ...]:
    """Give options by which a commit has an author: none where git knows you, else autotune's own name."""
    if query(place, "config", "user.email") is not None:
        return ()
    return ("-c", f"user.name={OWN_IDENTITY['GIT_AUTHOR_NAME']}", "-c", f"user.email={OWN_IDENTITY['GIT_AUTHOR_EMAIL']}")


def identity(folder: Path, role: str) -> str | None:
    """Give whom git names as a commit's COMMITTER or AUTHOR, with the time; None where it knows nobody."""
    answer = query(folder, "var", f"GIT_{role}_IDENT", no="tell me who you are|empty ident")
    return None if answer is None else answer.text


def parents(folder: Path, commit: str) -> tuple[str, ...]:
    """List a commit's parents; `commit` is an object's id."""
    return tuple(value for key, value in read(folder, commit)[0] if key == "parent")


def message(folder: Path, commit: str) -> str:
    """Give a commit's message; `commit` is an object's id."""
    return read(folder, commit)[1]


@lru_cache(maxsize=32)
def read(folder: Path, commit: str) -> tuple[tuple[tuple[str, str], ...], str]:
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


def tree_of(folder: Path, commit: str) -> str:
    """Give the id of a commit's tree; `commit` is an object's id."""
    return next(value for key, value in read(folder, commit)[0] if key == "tree")
