"""Where sessions lie: their own files, measuring worktrees, working trees."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from autotune.edges import folders
from autotune.edges.atomic import lives
from autotune.edges.git import Repository

BRANCHES = "autotune/"


LEDGER = "autotune.jsonl"


STATE_FILE = ".autotune.state"


CONFIG_FILE = "autotune.toml"


BENCHMARK_FILE = "autotune.sh"


CHECKS_FILE = "autotune.checks.sh"


NOTES_FILE = "autotune.md"


CLIENT_LOG = "headless.log"  # in the session's folder: what a client that is kept at work said and cost


IDEAS_FILE = "autotune.ideas.md"


SESSION_FILES = (BENCHMARK_FILE, CHECKS_FILE, NOTES_FILE, IDEAS_FILE, CONFIG_FILE, LEDGER, STATE_FILE)


APART = ".verify-"  # in the name of a verification's folder among the measuring worktrees, before its process


ROOM = "bundle-"  # what the folders for bundles are called among the measuring worktrees, before a process


OPENING, CLEARING = ".opening-", ".clearing-"  # what the folders of sessions are called that are not open yet, or not any more


HOOKS_SAID = "hooks-said.txt"  # in the session's folder: what your own hooks printed last


CHECKPOINT = "checkpoint.json"  # in the session's folder: the state as it was at some line of the ledger


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a session's own files are, under the git common directory."""

    path: Path

    @property
    def name(self) -> str:
        """The session's name."""
        return self.path.name

    @property
    def ledger(self) -> Path:
        """The truth."""
        return self.path / LEDGER

    @property
    def lock(self) -> Path:
        """Held by whoever changes the session: a command for a moment, a worker as long as it measures."""
        return self.path / "lock"

    @property
    def door(self) -> Path:
        """Says, while something runs and the ledger is closed, where words for it are handed in."""
        return self.path / "door"

    @property
    def mirror(self) -> Path:
        """Copies of the session files that people and agents write."""
        return self.path / "files"

    @property
    def set_aside(self) -> Path:
        """What was found in a session file's place and replaced."""
        return self.path / "set-aside"

    @property
    def lent(self) -> Path:
        """What was open in the checkout while it is measured in."""
        return self.path / "lent"

    @property
    def before(self) -> Path:
        """What was in their places before the session, and is the user's."""
        return self.set_aside / "before"

    def ref(self, name: object) -> str:
        """Name a ref of this session."""
        return f"refs/autotune/{self.name}/{name}"


def session_cache(repository: Repository, name: str) -> Path:
    """Give a session's folder among the measuring worktrees: `REPOSITORY/SESSION`, neither of which begins with a dot."""
    return folders.worktrees() / known(repository).lstrip(".") / name


def made_cache(repository: Repository, name: str) -> Path:
    """Give a session's folder among the measuring worktrees; raises `AutotuneError` where there may be none."""
    folders.make_worktrees(repository.top, repository.common, main_folder(repository))
    return session_cache(repository, name)


def made_room(repository: Repository) -> Path:
    """Name a folder among the measuring worktrees, of this process alone, for what is in a bundle."""
    folders.make_worktrees(repository.top, repository.common, main_folder(repository))
    return folders.worktrees().resolve() / f"{ROOM}{os.getpid()}"


def rooms_left() -> tuple[Path, ...]:
    """List the folders for bundles that processes have left which are gone."""
    return tuple(path for path in folders.worktrees().resolve().glob(f"{ROOM}*") if not lives(path.name.removeprefix(ROOM)))


def session_tree(repository: Repository, name: str) -> Path:
    """Give the working tree of a session that has one of its own."""
    return folders.trees() / known(repository).lstrip(".") / name


def is_own_tree(home: Path, name: str) -> bool:
    """Whether a session's working tree was made for it: `…/REPOSITORY/SESSION`, or that with `/tree`, as in the cache before."""
    return is_cache(home.parent, name) if home.name == "tree" else is_cache(home, name)


def is_cache(folder: Path, name: str) -> bool:
    """Whether a folder is called what one of a session's is, wherever it lies: `…/REPOSITORY/SESSION`.

    That of a verification is one once its process is gone.
    """
    whose, _, process = folder.name.partition(APART)
    is_named = folder.name == name or (whose == name and process != "" and not lives(process))
    return is_named and re.search(r"-[0-9a-f]{10}$", folder.parent.name) is not None


def known(repository: Repository) -> str:
    """Name a repository among all of the user's."""
    import hashlib

    return f"{main_folder(repository).name}-{hashlib.sha256(os.fsencode(repository.common)).hexdigest()[:10]}"


def main_folder(repository: Repository) -> Path:
    """Give the folder by which people know a repository, whichever of its working trees this is: the main one, or a bare one itself."""
    return repository.common.parent if repository.common.name == ".git" else repository.common


def root(repository: Repository) -> Path:
    """Give the folder that holds all sessions of a repository."""
    return repository.common / "autotune"


def folder_of(repository: Repository, name: str) -> Folder:
    """Give the folder of a session by its name."""
    return Folder(root(repository) / name)


def folders_of(repository: Repository) -> tuple[Folder, ...]:
    """Give the folders of the repository's sessions, the oldest first."""
    return tuple(folder_of(repository, name) for name in names(repository))


def names(repository: Repository) -> tuple[str, ...]:
    """List the repository's sessions, the oldest first."""
    found = [path.parent for path in root(repository).glob(f"*/{LEDGER}") if not path.parent.name.startswith(".")]
    return tuple(path.name for path in sorted(found, key=lambda path: path.joinpath(LEDGER).stat().st_ctime_ns))


def without_ledger(repository: Repository) -> frozenset[str]:
    """Name the repository's sessions of which the ledger is gone: what is being opened has none yet."""
    return frozenset(path.parent.name for path in root(repository).glob("[!.]*/seen.json")) - {*names(repository)}


def being_opened(repository: Repository) -> str | None:
    """Name a session that a command is opening now."""
    openings = (path.name.removeprefix(OPENING).rpartition("-") for path in root(repository).glob(f"{OPENING}*"))
    return next((name for name, _, process in openings if lives(process)), None)
