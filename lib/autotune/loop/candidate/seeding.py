"""What fixes chance in the files that a candidate may change, and whether one has changed it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autotune.core.ledger.state import Experiment
from autotune.core.trust.seeds import SEARCHED, Seed, reseeded, seeds
from autotune.edges import git, status
from autotune.loop.candidate import pinning
from autotune.loop.session.session import Session

LARGEST = 1_000_000  # bytes of a file that is looked through
MOST_FILES = 200  # of a candidate that are looked through
MOST_LINES = 100  # that are named


def fixed_in_scope(session: Session, read: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the first lines of files in scope that fix a seed, as the working tree has them.

    Where those that runs `read` are known, of these alone.
    """
    state = session.state
    found = status.mentioning(session.top, SEARCHED, read)
    opened = state.segment.opened
    held = pinning.in_scope(session.repository, opened.workdir, state.config, state.incumbent, opened.pins) if found else {}
    candidates = [path for path in found if path in held]
    return tuple(_told(path, seed) for path in candidates for seed in seeds(_text(session.top / path)) if seed.fixed)[:MOST_LINES]


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() and path.stat().st_size <= LARGEST else ""


def _told(path: str, seed: Seed) -> str:
    return f"{path}:{seed.line} `{seed.text}`"


def changed_by(session: Session, experiment: Experiment) -> str | None:
    """Name the first place where a candidate sets a seed otherwise than the incumbent does; None where it does not."""
    before, after = (git.tracked(session.top, commit) for commit in (experiment.incumbent, experiment.candidate))
    for path in experiment.files[:MOST_FILES]:
        texts = [_content(session, held.get(path)) for held in (before, after)]
        if (seed := reseeded(*texts)) is not None:
            return _told(path, seed)
    return None


def _content(session: Session, entry: tuple[str, str] | None) -> str:
    """Give a file's text in a commit; nothing where it is not there, is no plain file, or is large."""
    if entry is None or not entry[0].startswith("100"):
        return ""
    content = git.content(session.top, entry[1])
    return content.decode("utf-8", "replace") if len(content) <= LARGEST else ""
