"""Your own hooks: executables copied into the git common folder and pinned by their hash outside the repository."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from autotune.core.codec import Malformed, decode, encode
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.occasions import Occasion
from autotune.core.output.outcome import Executed
from autotune.edges import process
from autotune.edges.atomic import replace_file
from autotune.edges.clock import now
from autotune.edges.folders import data_folder
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.session.layout import known, root
from autotune.loop.session.session import Session

LIMIT_S = 30.0
KEPT_BYTES = 64 * 1024  # of what a hook prints
LARGEST_BYTES = 64 * 1024 * 1024
FOLDER = ".hooks"  # beside the sessions in the git common folder: no session's name begins with a dot
RUNS = "own-hooks"  # in a session's folder: what hooks are given, and what they print


@dataclass(frozen=True, slots=True)
class OwnHook:
    """A hook as it was pinned: `sha256` of its content, and since when."""

    occasion: Occasion
    name: str
    sha256: str
    since: str

    @property
    def called(self) -> str:
        """The hook's name for people: `keep/tell.sh`."""
        return f"{self.occasion}/{self.name}"


def add(repository: Repository, occasion: Occasion, source: Path) -> OwnHook:
    """Copy an executable into the git common folder and pin it; one of the same name for the same event is replaced.

    Raises `AutotuneError` where it is no executable file, or lies in the working tree: a clone, or a candidate, may have brought that.
    """
    try:
        real = source.resolve(strict=True)
        content = real.read_bytes() if real.is_file() and real.stat().st_size <= LARGEST_BYTES else None
    except OSError as problem:
        raise AutotuneError(f"{source} cannot be read: {problem.strerror}.", "name an executable file") from None
    if content is None or not os.access(real, os.X_OK):
        raise AutotuneError(f"{source} is no executable file.", "write a script with a #! line, `chmod +x` it, then add it")
    if real.is_relative_to(repository.top.resolve()):
        raise AutotuneError(
            f"{source} lies in the working tree, which a clone or a candidate can change.",
            "copy it to a folder of your own outside of it, read it, then add that",
        )
    hook = OwnHook(occasion, source.name, hashlib.sha256(content).hexdigest(), now())
    path = place(repository, hook)
    replace_file(path, content)
    path.chmod(0o700)
    _pin(repository, [*(one for one in pinned(repository) if one.called != hook.called), hook])
    return hook


def remove(repository: Repository, occasion: Occasion, name: str | None) -> tuple[OwnHook, ...]:
    """Delete an event's hooks, or the one of a name; gives them. Raises `AutotuneError` where there is none."""
    going = tuple(one for one in pinned(repository) if one.occasion is occasion and name in (None, one.name))
    if not going:
        raise AutotuneError(
            f"There is no hook {occasion}{'' if name is None else f'/{name}'}.", "`autotune hooks list` names those there are"
        )
    _pin(repository, [one for one in pinned(repository) if one not in going])
    for hook in going:
        place(repository, hook).unlink(missing_ok=True)
    return going


def pinned(repository: Repository) -> tuple[OwnHook, ...]:
    """Give the hooks of a repository, in the order in which they were added."""
    path = _pins(repository)
    if not path.is_file():
        return ()
    try:
        return tuple(decode(OwnHook, one) for one in json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, Malformed) as problem:
        raise AutotuneError(f"{path} cannot be read: {problem}.", "delete it, then add your hooks again") from None


def place(repository: Repository, hook: OwnHook) -> Path:
    """Give where a hook's file is."""
    return root(repository) / FOLDER / hook.occasion / hook.name


def is_as_pinned(repository: Repository, hook: OwnHook) -> bool:
    """Whether a hook's file is what was pinned."""
    return _content(repository, hook) is not None


def changed(repository: Repository) -> tuple[str, ...]:
    """Name what lies among the hooks and is not what was pinned: it is not run."""
    hooks = pinned(repository)
    there = {str(path.relative_to(root(repository) / FOLDER)) for path in (root(repository) / FOLDER).glob("*/*")}
    return tuple(sorted({one.called for one in hooks if not is_as_pinned(repository, one)} | (there - {one.called for one in hooks})))


def run(session: Session, hook: OwnHook, given: object) -> tuple[str, Fact | None]:
    """Run a hook, with JSON on its standard input; gives what it printed, and what went wrong.

    What runs is a copy of what was pinned, so that nothing can be put in its place meanwhile.
    """
    content = _content(session.repository, hook)
    if content is None:
        return "", Fact(Kind.OWN_HOOK_CHANGED, {"hook": hook.called})
    private = _pins(session.repository).parent / f"running-{os.getpid()}" / hook.name
    try:
        private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(private, content)
        private.chmod(0o700)
        done = executed(session, f"{hook.occasion}-{hook.name}", quote(str(private)), given, LIMIT_S)
    finally:
        shutil.rmtree(private.parent, ignore_errors=True)
    said = done.printed["stdout"][:KEPT_BYTES].decode(errors="replace")
    why = failure(done)
    return said, None if why is None else Fact(Kind.OWN_HOOK_FAILED, {"hook": hook.called}, why)


def executed(session: Session, name: str, command: str, given: object, limit_s: float) -> Executed:
    """Run a command with JSON on its standard input, ended with all that it started at its time limit."""
    folder = session.folder.path / RUNS
    replace_file(folder / f"{name}.json", json.dumps(given).encode())
    return process.execute(
        f"exec {command} < {quote(str(folder / f'{name}.json'))}",
        cwd=session.workdir,
        environment={**os.environ, "AUTOTUNE_SESSION": session.name},
        timeout_s=limit_s,
        log=folder / f"{name}.out",
        kept_bytes=KEPT_BYTES,
        grace_s=0.5,
    )


def failure(done: Executed) -> Fact | None:
    """Say why a command failed, if it did."""
    if done.timed_out:
        return Fact(Kind.TIME_LIMIT, {"after_s": round(done.wall_s, 1)})
    return None if done.exit_code == 0 else Fact(Kind.EXIT, {"code": done.exit_code, "signal": done.signal})


def _content(repository: Repository, hook: OwnHook) -> bytes | None:
    """Give a hook's file, None where it is not what was pinned."""
    path = place(repository, hook)
    try:
        content = None if path.is_symlink() or not path.is_file() else path.read_bytes()
    except OSError:
        return None
    return content if content is not None and hashlib.sha256(content).hexdigest() == hook.sha256 else None


def _pins(repository: Repository) -> Path:
    """Give the list of what is pinned: outside the repository, where nothing that comes with one can write it."""
    return data_folder() / known(repository) / "hooks.json"


def _pin(repository: Repository, hooks: Iterable[OwnHook]) -> None:
    path = _pins(repository)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, json.dumps([encode(one) for one in hooks], indent=1).encode())
