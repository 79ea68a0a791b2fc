"""Commits and branches made without a checkout, and handed on."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.edges import git
from autotune.errors import AutotuneError

_WHOSE = "%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd"
_IDENTITY = tuple(f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE"))


@dataclass(frozen=True, slots=True)
class Move:
    """A branch that is to point at a commit; `old` is what it points at now, None where it is not there."""

    branch: str
    new: str
    old: str | None


def history(folder: Path, base: str, tip: str) -> tuple[str, ...]:
    """List the commits of a branch since another commit, the oldest first; of a merge, that is one."""
    return tuple(git.tell(folder, "rev-list", "--reverse", "--first-parent", f"{base}..{tip}").text.split())


def lines_changed(folder: Path, before: str, after: str) -> str:
    """Give what git prints of the lines in which two blobs differ, without any lines around."""
    options = ("--no-ext-diff", "--no-textconv", "--no-color", "--inter-hunk-context=0", "-U0")
    return git.decode_paths(git.tell(folder, "diff", *options, before, after).out)


def commit_like(folder: Path, tree: str, parent: str, words: str, like: str, *, sign: bool) -> str:
    """Make a commit of a tree with the author, the committer and the times of another: made twice, it is the same one."""
    whose = git.tell(folder, "log", "-1", "--no-show-signature", "--date=raw", f"--format={_WHOSE}", like).text.split("\0")
    variables = {name: f"@{value}" if name.endswith("DATE") else value for name, value in zip(_IDENTITY, whose, strict=True)}
    signing = ("-S",) if sign else ()
    arguments = ("-c", "commit.gpgsign=false", "commit-tree", *signing, tree, "-p", parent)
    return git.tell(folder, *arguments, stdin=words.encode("utf-8", "surrogateescape"), environment=variables).text


def move(folder: Path, moves: Sequence[Move], why: str) -> None:
    """Point branches at commits, all or none of them."""
    lines = [
        f"update refs/heads/{one.branch} {one.new} {one.old}\n" if one.old else f"create refs/heads/{one.branch} {one.new}\n"
        for one in moves
    ]
    git.tell(folder, "update-ref", "-m", f"autotune: {why}", "--stdin", stdin="".join(lines).encode())


def remote_of(folder: Path, branch: str) -> str | None:
    """Name where git pushes a branch to: its own remote, the one for all, `origin`, or the only one; None where it cannot be told."""
    there = git.tell(folder, "remote").text.split("\n")
    for key in (f"branch.{branch}.pushRemote", "remote.pushDefault", f"branch.{branch}.remote"):
        answer = git.query(folder, "config", key)
        if answer is not None and answer.text in there:
            return answer.text
    known = [one for one in there if one]
    return "origin" if "origin" in known else known[0] if len(known) == 1 else None


def push(folder: Path, remote: str, names: Sequence[str]) -> None:
    """Push branches, all or none of them. Raises `AutotuneError` where that fails: also where the remote has something else there."""
    answer = git.ask(folder, "push", "--atomic", "-q", remote, *(f"refs/heads/{name}:refs/heads/{name}" for name in names))
    if answer.code != 0:
        raise AutotuneError(
            f"The branches are there, but git could not push them: {git.complaint(answer.err)}",
            "mend that, then run the same command again: it goes on from there",
        )


def pull_request(folder: Path, branch: str, onto: str, title: str, body: str) -> tuple[str, bool]:
    """Open a pull request for a branch unless there is an open one; gives its address, and whether it was opened now.

    Raises `AutotuneError` with the words of `gh` where it fails.
    """
    found = json.loads(_gh(folder, "", "pr", "list", "--head", branch, "--state", "open", "--json", "url") or "[]")
    if found:
        return str(found[0]["url"]), False
    made = _gh(folder, body, "pr", "create", "--head", branch, "--base", onto, "--title", title, "--body-file", "-")
    return made.strip().rpartition("\n")[2], True


def _gh(folder: Path, given: str, *arguments: str) -> str:
    variables = {**os.environ, "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"}
    done = subprocess.run(["gh", *arguments], cwd=folder, env=variables, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise AutotuneError(
            f"`gh {' '.join(arguments[:2])}` failed: {said}", "mend that, then run the same command again: it goes on from there"
        )
    return done.stdout
