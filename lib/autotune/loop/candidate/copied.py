"""Your files that git does not track, copied before a program proposes: what it does to them is told, and nothing of them is lost."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from autotune.core.facts import Fact, Kind
from autotune.edges import commits, git, indexes, tree
from autotune.errors import AutotuneError
from autotune.loop.candidate.boundary import Boundary
from autotune.loop.candidate.candidate import NAMED
from autotune.loop.session.session import Session

LARGEST = 10_000_000  # bytes of a file
MOST = 100_000_000  # bytes of all


@dataclass(slots=True)
class Copied:
    """The copy as it is: each file's identity then and its blob, in a commit that a ref of the session keeps."""

    session: Session
    identities: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, str] = field(default_factory=dict)
    commit: str = ""

    def bring_up(self) -> None:
        """Copy what has changed since the last time; what cannot be read just now is left for the next."""
        with suppress(AutotuneError, OSError):
            found = self._found()
            if found != self.identities:
                self._copy(found)

    def _copy(self, found: dict[str, str]) -> None:
        top, ref = self.session.top, self.session.folder.ref("untracked")
        anew = [path for path, identity in found.items() if self.identities.get(path) != identity]
        blobs = {path: blob for path, blob in self.blobs.items() if path in found}
        blobs |= dict(zip(anew, git.hashes_of(top, anew, stores=True), strict=True))
        entries = {path: ("100644", blob) for path, blob in blobs.items()}
        content, before = indexes.make_tree(top, entries, self.session.folder.path / "scratch-index"), git.resolve(top, ref)
        self.commit = commits.commit_tree(top, content, [] if before is None else [before], "autotune: untracked files")
        commits.set_ref(top, ref, self.commit, "untracked files")
        self.identities, self.blobs = found, blobs

    def tell(self) -> None:
        """Say which of them are not as they were copied, and how to see what they were."""
        with suppress(AutotuneError, OSError):
            top = self.session.top
            moved = [path for path, identity in self.identities.items() if tree.identity(top, path) != identity]
            if not moved:
                return
            there = [path for path in moved if _size(top / path) is not None]
            now = dict(zip(there, git.hashes_of(top, there), strict=True))
            if changed := [path for path in moved if now.get(path) != self.blobs[path]]:
                print_it = f"git show {self.commit[:12]}:{quote(changed[0])}"
                self.session.notice(Fact(Kind.YOURS_CHANGED, {"paths": changed[:NAMED], "command": print_it}))

    def _found(self) -> dict[str, str]:
        """What there is to copy, and which file it is; beyond so many bytes, large ones are left out."""
        top, left, found = self.session.top, MOST, {}
        for path in sorted(Boundary(self.session).users):
            size = _size(top / path)
            if size is not None and size <= min(LARGEST, left) and "\n" not in path:
                left -= size
                found[path] = tree.identity(top, path)
        return found


def _size(path: Path) -> int | None:
    """The bytes of a file that can be read; None of anything else."""
    found = tree.look(path)
    return found.st_size if found is not None and stat.S_ISREG(found.st_mode) and os.access(path, os.R_OK) else None
