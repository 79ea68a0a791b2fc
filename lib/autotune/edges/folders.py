"""Where autotune's folders are: caches, data, measuring worktrees, and working trees of sessions, which hold people's work."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from autotune.errors import AutotuneError

SETTING = "AUTOTUNE_WORKTREES"
TEMPORARY = Path("/var/tmp")  # noqa: S108 - the folder in it is the user's alone, or refused


def cache_folder() -> Path:
    """The user's folder for what can be made again, `autotune` in the cache folder; the standard says to ignore a relative setting."""
    setting = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (setting if setting.is_absolute() else Path.home() / ".cache") / "autotune"


def data_folder() -> Path:
    """The user's folder for what cannot be made again and belongs into no repository; a relative setting is ignored too."""
    setting = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (setting if setting.is_absolute() else Path.home() / ".local" / "share") / "autotune"


def worktrees() -> Path:
    """The folder for measuring worktrees. No part of its path begins with a dot, for servers, globbers and watchers pass such folders over.

    Raises `AutotuneError` where the environment names one that is relative.
    """
    if setting := os.environ.get(SETTING, ""):
        chosen = Path(os.path.normpath(setting))
        if not chosen.is_absolute():
            raise AutotuneError(f"{SETTING} is {setting}, which is relative.", f"set {SETTING} to an absolute path, or unset it")
    elif sys.platform == "darwin":
        chosen = _home() / "Library" / "Caches" / "autotune"
    elif not is_dotted(cache_folder()):
        chosen = cache_folder()
    else:
        chosen = _shared() if _takes_programs(TEMPORARY) else trees()
    return chosen / "measuring" if _is_for_trees(chosen) else chosen


def trees() -> Path:
    """The folder for working trees of sessions: they hold what is not committed, so never a cache or a temporary folder."""
    return _home() / "autotune"


def _is_for_trees(folder: Path) -> bool:
    """Whether a folder is that for working trees, in which a session's own would lie around its measuring worktree."""
    try:
        return folder.resolve() == trees().resolve()
    except AutotuneError:
        return False


def _home() -> Path:
    try:
        found = Path.home()
    except RuntimeError:
        found = Path()
    if not found.is_absolute():
        raise AutotuneError("This user has no home folder, and HOME names none.", "set HOME to the full path of a folder of yours")
    return found


def _shared() -> Path:
    return TEMPORARY / f"autotune-{os.getuid()}"


def is_dotted(folder: Path) -> bool:
    """Whether a part of a path begins with a dot, as it is written or where its links lead: programs see either."""
    return any(part.startswith(".") for one in (Path(os.path.normpath(folder)), folder.resolve()) for part in one.parts)


def _takes_programs(folder: Path) -> bool:
    """Whether programs that are put into a folder can be run."""
    return os.access(folder, os.W_OK | os.X_OK) and not os.statvfs(folder).f_flag & os.ST_NOEXEC


def make_worktrees(*repository: Path) -> None:
    """Make the folder for measuring worktrees ready; `repository` are folders of the one that is measured.

    Raises `AutotuneError` where it lies within one of them, is somebody else's, or cannot be made.
    """
    chosen = worktrees()
    for one in repository:
        if os.environ.get(SETTING) and chosen.resolve().is_relative_to(one.resolve()):
            raise AutotuneError(
                f"{SETTING} is {chosen}, which lies inside the repository {one}: its files would count as yours.",
                f"set {SETTING} to a folder elsewhere, or unset it",
            )
    if chosen == _shared():
        _make_private(chosen)
    make(chosen, f"repair that, or set {SETTING} to a folder that you can write to")


def make(folder: Path, hint: str) -> None:
    """Make a folder with those above it; raises `AutotuneError` where that, or to write into it, is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise AutotuneError(f"{folder} cannot be made or written to: {error.strerror}.", hint) from None


def _make_private(folder: Path) -> None:
    """Make a folder where everybody may make some: it has to be this user's alone."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise AutotuneError(f"{folder} cannot be made: {error.strerror}.", f"set {SETTING} to a folder of your own") from None
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode) or not stat.S_ISDIR(found.st_mode):
        why = "is a link" if stat.S_ISLNK(found.st_mode) else "is no folder"
    elif found.st_uid != os.getuid():
        why = f"belongs to another user (number {found.st_uid})"
    elif found.st_mode & 0o022:
        why = "can be written to by others"
    else:
        folder.chmod(0o700)
        return
    raise AutotuneError(f"{folder}, where measuring worktrees go, {why}.", f"delete it, or set {SETTING} to a folder of your own")
