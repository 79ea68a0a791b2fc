"""The demonstration: a small project of its own, a session on it, and the loop driven by prepared patches."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from autotune.edges import git
from autotune.errors import AutotuneError
from autotune.loop.drive import proposing
from autotune.loop.opening import opening
from autotune.loop.session.session import Say, Session
from autotune.version import PACKAGE

PROJECT = PACKAGE / "demo" / "project"
PATCHES = PACKAGE / "demo" / "patches"
PROPOSER = PACKAGE / "demo" / "propose.py"
REFUSED = "3-refused.patch"  # changes the benchmark, so that it never becomes an experiment

# In the repository alone, and whatever the user's own settings are: nothing of theirs may run, sign, ignore or rewrite anything here.
_GIT_SETTINGS = {
    "user.name": "autotune demo",
    "user.email": "demo@localhost",
    "commit.gpgSign": "false",
    "core.autocrlf": "false",
    "core.excludesFile": "",
    "core.hooksPath": ".git/hooks",
    "core.attributesFile": "",
}


def settings() -> dict[str, object]:
    """Give the session's configuration: it ends when every patch that can be measured has been; a failure is looked into first."""
    measured = sum(patch.name != REFUSED for patch in PATCHES.glob("*.patch"))
    return {
        "name": "demo",
        "metric": "report_cost",
        "unit": "rounds",
        "direction": "lower",
        "scope": ["till/**"],
        "protect": ["tests/**"],
        "max_iterations": measured,
        "env": {"PYTHON": sys.executable},
        "recovery": {"playbooks": ["diagnose", "shrink_scope", "pause"]},
    }


def make_project(folder: Path | None) -> Path:
    """Make the project, a repository with one commit, in a new temporary folder or in one that is empty or not there yet.

    Raises `AutotuneError` where the folder holds something.
    """
    if folder is None:
        top = Path(tempfile.mkdtemp(prefix="autotune-demo-")).resolve() / "till"
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AutotuneError(f"{folder} is there already, and not an empty folder.", "name a folder that is not there yet")
    else:
        top = folder.resolve()
    for source in sorted(PROJECT.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            target = top / source.relative_to(PROJECT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())  # content alone: where the plugin is installed, files may be read-only
    _commit(top)
    return top


def _commit(top: Path) -> None:
    git.tell(top, "init", "-q", "--template=", "-b", "main")
    for key, value in _GIT_SETTINGS.items():
        git.tell(top, "config", key, value)
    git.tell(top, "add", "--force", "--all")
    git.tell(top, "commit", "-q", "-m", "Report what the tills took")


def proposer(top: Path) -> str:
    """Give the command that proposes: it applies the next prepared patch."""
    return shlex.join([sys.executable, "-I", "-S", str(PROPOSER), str(PATCHES), str(top / ".git" / "demo-proposals")])


def open_demo(top: Path, say: Say) -> Session:
    """Open the session, as `autotune init` does."""
    return opening.open_session(opening.Request(top, settings(), anyway=True), say)


def drive(session: Session, say: Say) -> None:
    """Drive the loop, as `autotune start` does, until the session stands still; then leave nothing of it among the measuring worktrees."""
    try:
        proposing.propose_until_done(session, proposer(session.top), say)
    except KeyboardInterrupt:
        proposing.interrupted(session)
        raise
    finally:
        shutil.rmtree(session.cache.parent, ignore_errors=True)  # holds what belongs to this repository and nothing else
        git.ask(session.top, "worktree", "prune")
