"""The bytes of a file or of a whole folder, kept by their hash for as long as there may be a way back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from autotune.edges.atomic import lives
from autotune.errors import AutotuneError

_LETTERS = 24  # hexadecimal ones: 96 bits
CONTENT, UNFINISHED = "content", ".unfinished-"


def hash_of(path: Path) -> str | None:
    """The hash of a file by its bytes, of a folder by the names, bytes, links and rights to run in it; None where there is nothing.

    A link to it stands for it. Raises AutotuneError for what is neither file, folder nor link.
    """
    if not path.exists():
        return None
    path = path.resolve()
    if path.is_dir():
        listed = json.dumps(list(_entries(path, path)), ensure_ascii=False).encode("utf-8", "surrogateescape")
        return hashlib.sha256(b"folder\n" + listed).hexdigest()[:_LETTERS]
    return hashlib.sha256(b"file\n" + path.read_bytes()).hexdigest()[:_LETTERS]


def _entries(folder: Path, top: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.iterdir()):
        name, mode = path.relative_to(top).as_posix(), path.lstat().st_mode
        if stat.S_ISLNK(mode):
            yield name, "link", str(path.readlink())
        elif stat.S_ISDIR(mode):
            yield name, "folder", ""
            yield from _entries(path, top)
        elif stat.S_ISREG(mode):
            yield name, "program" if mode & stat.S_IXUSR else "file", hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            raise AutotuneError(f"{path} is neither a file nor a folder.", "take it out of there, then run the command again")


def take(store: Path, path: Path) -> str:
    """Keep what is at a path; gives its hash. Raises AutotuneError where it changes meanwhile, or there is nothing."""
    if not path.exists():
        raise AutotuneError(f"{path} is not there.", "name a file or a folder that is")
    fresh = _fresh(store)
    copy(path, fresh / CONTENT)
    found = str(hash_of(fresh / CONTENT))
    if found != hash_of(path):
        shutil.rmtree(fresh)
        raise AutotuneError(f"{path} changed while it was read.", "run the command again when nobody writes there")
    return _settled(store, fresh, found)


def keep(store: Path, content: bytes) -> str:
    """Keep the bytes of a file; gives their hash."""
    fresh = _fresh(store)
    (fresh / CONTENT).write_bytes(content)
    return _settled(store, fresh, str(hash_of(fresh / CONTENT)))


def content(store: Path, snapshot: str) -> Path:
    """Where the content of a snapshot lies. Raises AutotuneError where it is gone or was changed."""
    path = store / snapshot / CONTENT
    if hash_of(path) != snapshot:
        raise AutotuneError(f"The snapshot {snapshot} in {store} is gone or was changed.", "take another version")
    return path


def has(store: Path, snapshot: str) -> bool:
    """Whether a snapshot is there as it was taken."""
    return hash_of(store / snapshot / CONTENT) == snapshot


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, with the links in it as links."""
    source = source.resolve()
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy(source, target)


def _fresh(store: Path) -> Path:
    """A folder of this process to write in; what others left unfinished goes."""
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in store.glob(f"{UNFINISHED}*"):
        if not lives(left.name.removeprefix(UNFINISHED)):
            shutil.rmtree(left, ignore_errors=True)
    fresh = store / f"{UNFINISHED}{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    return fresh


def _settled(store: Path, fresh: Path, found: str) -> str:
    if has(store, found):
        shutil.rmtree(fresh)
        return found
    shutil.rmtree(store / found, ignore_errors=True)
    fresh.rename(store / found)
    return found
