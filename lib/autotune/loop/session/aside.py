"""What is found in a session file's place, set aside."""

from __future__ import annotations

import shutil
from pathlib import Path

from autotune.edges.clock import now
from autotune.loop.session.session import Session


def set_file_aside(session: Session, path: Path) -> Path:
    """Move what is in a session file's place to where it can be found."""
    aside = aside_for(session, path)
    shutil.move(path, aside)
    return aside


def aside_for(session: Session, path: Path) -> Path:
    """Name where something that is in a session file's place is put aside."""
    session.folder.set_aside.mkdir(exist_ok=True)
    return session.folder.set_aside / f"{path.name}.{now().replace(':', '')}"
