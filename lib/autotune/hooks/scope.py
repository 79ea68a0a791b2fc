"""What a session has to say of a path: it may be changed, it decides what is measured, or it is none of the session's business."""

from __future__ import annotations

import os

from autotune.hooks import sayings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autotune.hooks.locating import Known

IN_SCOPE = "in scope"
NOTES = "notes"
ELSEWHERE = "elsewhere"
PROTECTED = "protected"
NARROWED = "narrowed"
OUTSIDE = "outside"
RECORDS = "records"

_REFUSALS = {RECORDS: sayings.RECORDS, PROTECTED: sayings.PROTECTED, OUTSIDE: sayings.OUTSIDE, NARROWED: sayings.NARROWED}

NOTES_FILES = frozenset({"autotune.md", "autotune.ideas.md"})
GIT_FILES = frozenset({".gitignore", ".gitattributes", ".gitmodules"})


def kind_of(session: Known, path: str) -> str:
    """What an absolute path is to a session. A link counts as what it leads to, and as itself."""
    kinds = {
        _kind(session, os.path.realpath(path)),
        _kind(session, os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))),
    }
    return next((kind for kind in (RECORDS, PROTECTED, OUTSIDE, NARROWED, ELSEWHERE, NOTES) if kind in kinds), IN_SCOPE)


def _kind(session: Known, path: str) -> str:
    now = session.now
    if any(_is_below(path, record) for record in now["records"]):
        return RECORDS
    if not _is_below(path, session.tree):
        return ELSEWHERE
    inside = os.path.relpath(path, session.tree)
    if ".git" in inside.split("/") or inside in now["pinned"] or os.path.basename(inside) in GIT_FILES:
        return PROTECTED
    return _kind_of_ours(session, inside)


def _kind_of_ours(session: Known, path: str) -> str:
    """What a path, relative to the top, is to a session by its name."""
    import re

    now = session.now
    relative = os.path.relpath(path, now["workdir"] or ".")
    if relative in now["files"]:
        return NOTES if relative in NOTES_FILES else PROTECTED
    if re.fullmatch(now["protect"], path):
        return PROTECTED
    if not re.fullmatch(now["scope"], path):
        return OUTSIDE
    return NARROWED if now["narrowed"] and not re.fullmatch(now["narrowed"], path) else IN_SCOPE


def kind_of_all_below(session: Known, folder: str) -> str:
    """What a folder, with all that is in it, is to a session: judged by what is pinned in it, and by a file that could be in it."""
    real = os.path.realpath(folder)
    if any(_is_below(os.path.join(session.tree, one), real) for one in session.now["pinned"]):
        return PROTECTED
    if _is_below(session.tree, real):
        return OUTSIDE
    return kind_of(session, os.path.join(folder, "x"))


def before_pattern(path: str) -> str:
    """The folder that holds all that a path with wildcards can mean; a path without them as it is."""
    plain = next((path[:place] for place, character in enumerate(path) if character in "*?["), None)
    return path if plain is None else os.path.dirname(plain)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def refusal(session: Known, path: str, kind: str) -> str | None:
    """Why a path may not be changed, and what to do instead; None where it may."""
    template = _REFUSALS.get(kind)
    if template is None:
        return None
    shown = os.path.relpath(path, session.workdir) if _is_below(os.path.realpath(path), session.tree) else path
    narrowed = session.now["narrowed_in_words"] if kind == NARROWED else ""
    return template.format(path=shown, session=session.name, scope=session.now["scope_in_words"], narrowed=narrowed)
