"""A repository that reads the objects of another one, so that commits from elsewhere can be looked at without a trace of them there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autotune.edges import git
from autotune.edges.commits import refs as refs_of
from autotune.edges.git import Repository
from autotune.errors import AutotuneError

MOST_BYTES = 1024 * 1024 * 1024  # of all objects that come from elsewhere
_ALONE = ("-c", "core.hooksPath=/dev/null", "-c", "pack.threads=1")  # nothing of anybody's runs, and a pack is the same each time
_STRICT = ("-c", "fetch.fsckObjects=true", "-c", "protocol.file.allow=always", "-c", "core.bigFileThreshold=64m")
_BOUNDED = {"GIT_ALLOC_LIMIT": str(MOST_BYTES)}
_LIKE_THERE = (  # how files look, and in a partial clone where the rest is
    r"^(core\.(autocrlf|eol|safecrlf|filemode|symlinks|ignorecase|precomposeunicode|longpaths)|filter\..*"
    r"|extensions\.partialclone|remote\..*\.(url|promisor|partialclonefilter))$"
)


def pack(top: Path, file: Path, names: Sequence[str], base: str) -> None:
    """Write a git bundle of refs, without what a commit goes back to."""
    git.tell(top, *_ALONE, "bundle", "create", "-q", str(file), *names, f"^{base}")


def contents(top: Path, names: Sequence[str], base: str) -> Iterator[tuple[str, bytes]]:
    """Give the name and content of each object that `pack` packs."""
    listed = git.decode_paths(git.tell(top, "rev-list", "--objects", *names, f"^{base}").out).splitlines()
    paths = {sha: path or f"commit {sha[:12]}" for sha, _, path in (line.partition(" ") for line in listed)}
    held = git.tell(top, "cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in paths).encode()).out
    place = 0
    while place < len(held):
        begins = held.index(b"\n", place) + 1
        sha, _, size = held[place : begins - 1].decode().split(" ")
        place = begins + int(size) + 1
        yield paths[sha], held[begins : place - 1]


def make(folder: Path, lender: Repository) -> Repository:
    """Make an empty repository that reads the objects of another one; of that one's settings few come along: see `_LIKE_THERE`."""
    folder.mkdir(parents=True)
    form = git.tell(lender.top, "rev-parse", "--show-object-format").text
    git.tell(folder, "init", "-q", "--template=", f"--object-format={form}", ".")
    objects = folder / ".git" / "objects" / "info" / "alternates"
    objects.parent.mkdir(parents=True, exist_ok=True)
    objects.write_bytes(os.fsencode(lender.common / "objects") + b"\n")
    if (lender.common / "shallow").is_file():
        shutil.copy(lender.common / "shallow", folder / ".git" / "shallow")
    said = git.ask(lender.top, "config", "--local", "-z", "--get-regexp", _LIKE_THERE)
    settings = [(key, value) for key, _, value in (one.partition("\n") for one in said.paths)]
    is_partial = any(key.endswith(".promisor") for key, _ in settings)
    for key, value in settings:
        if is_partial or not key.startswith("remote."):
            git.tell(folder, "config", "--add", key, value)
    return Repository(folder, folder / ".git", folder / ".git")


def take_in(repository: Repository, file: Path, refs: Mapping[str, str], base: str) -> None:
    """Take in the commits of a git bundle; raises `AutotuneError` where it is none, or not of just these refs and this base."""
    top = repository.top
    if git.ask(top, "cat-file", "-e", f"{base}^{{commit}}").code != 0:
        raise AutotuneError(
            f"The session stands on commit {base[:12]}, which this clone does not have.",
            "fetch it (`git fetch`; in a shallow clone `git fetch --unshallow`), then run the command again",
        )
    heads = git.ask(top, "bundle", "list-heads", str(file))
    there = {name: sha for sha, _, name in (line.partition(" ") for line in git.decode_paths(heads.out).splitlines())}
    if heads.code != 0 or there != dict(refs):
        raise _unfit("it is no git bundle" if heads.code else "it does not hold the commits that it is said to hold")
    git.tell(top, "update-ref", "--no-deref", "HEAD", base)
    wanted = [f"{name}:{name}" for name in refs]
    quiet = ("-q", "--no-tags", "--no-auto-gc", "--no-write-fetch-head", "--no-recurse-submodules")
    fetched = git.ask(top, *_ALONE, *_STRICT, "fetch", *quiet, str(file), *wanted, environment=_BOUNDED)
    if fetched.code != 0 or {name: refs_of(top, "refs").get(name) for name in refs} != dict(refs):
        raise _unfit(f"git does not take it: {git.complaint(fetched.err)}")
    _refuse_huge(repository)


def _refuse_huge(repository: Repository) -> None:
    """Refuse objects that are small as they came and huge when they are unpacked."""
    whole = 0
    for index in (repository.common / "objects" / "pack").glob("*.idx"):
        listed = git.tell(repository.top, "show-index", stdin=index.read_bytes()).text.splitlines()
        ids = "".join(f"{line.split()[1]}\n" for line in listed).encode()
        sizes = git.tell(repository.top, "cat-file", "--batch-check=%(objectsize)", stdin=ids).text.split()
        whole += sum(map(int, sizes))
    if whole > MOST_BYTES:
        raise _unfit(f"they are more than {MOST_BYTES >> 20} MiB")


def _unfit(why: str) -> AutotuneError:
    return AutotuneError(f"The commits of the bundle are not taken in: {why}.", "get it from its maker once more")
