"""The session's files in the working directory: written when they are missing, put back when they were changed, copied from the truth."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from autotune.core.config import writing
from autotune.core.facts import Fact, Kind
from autotune.core.ledger import kept_back
from autotune.core.ledger.state import Ending, State
from autotune.core.tell import pages
from autotune.core.tell.snapshot import of_the_log
from autotune.edges import git
from autotune.edges.atomic import UNFINISHED, remove_unfinished, replace_file
from autotune.errors import AutotuneError
from autotune.loop.session import projection, settings
from autotune.loop.session.aside import set_file_aside
from autotune.loop.session.folding import last_seen
from autotune.loop.session.layout import (
    BENCHMARK_FILE,
    CHECKS_FILE,
    CONFIG_FILE,
    IDEAS_FILE,
    LEDGER,
    NOTES_FILE,
    SESSION_FILES,
    STATE_FILE,
    Folder,
    folders_of,
)
from autotune.loop.session.session import Session
from autotune.loop.session.sessions import opening

PROJECTIONS = (LEDGER, STATE_FILE)  # what is in the working directory and can be made again from the truth

_WORDS_OF_MARK = 5
_WRITTEN_BY_PEOPLE = (NOTES_FILE, IDEAS_FILE, CONFIG_FILE)
LINK = "120000"  # the mode that git gives a symbolic link


def exclude(session: Session) -> None:
    """List the session's files where git looks for what to ignore in this repository alone, unless git tracks them."""
    path = session.repository.common / "info" / "exclude"
    held = path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""
    workdir = session.state.segment.opened.workdir
    prefix = _as_pattern(f"{workdir}/" if workdir else "")
    names = filter(None, (*SESSION_FILES, UNFINISHED, _as_pattern(session.state.config.results_file)))
    lacking = {name: line for name in names if (line := f"/{prefix}{name}") not in held.splitlines()}
    tracked = git.tracked(session.top, session.state.incumbent) if lacking else {}
    if missing := [line for name, line in lacking.items() if session.inside(name) not in tracked]:
        text = held + ("" if held.endswith("\n") or not held else "\n") + "\n".join(missing) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode("utf-8", "surrogateescape"))


def _as_pattern(path: str) -> str:
    return re.sub(r"([\\*?\[])", r"\\\1", path)


def write_missing(session: Session) -> None:
    """Write the session's files that are not there."""
    for name, text in _fresh(session.state):
        if not (session.workdir / name).exists():
            replace_file(session.workdir / name, text.encode())
    settings.complete_settings(session)
    _write_missing_scripts(session)
    keep_written(session)
    _make_way(session)
    project(session)


def _make_way(session: Session) -> None:
    """Put the user's own files out of the way that have the names of what is written for the first time now, and say so."""
    if (session.folder.path / "copied").exists():
        return
    for name in PROJECTIONS:
        path, aside = session.workdir / name, session.folder.before / name
        if os.path.lexists(path) and not any(is_projection(path, one) for one in folders_of(session.repository)):
            session.notice(Fact(Kind.FILE_MOVED_AWAY, {"name": name, "aside": str(aside)}))
            aside.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, aside)


def is_projection(path: Path, folder: Folder) -> bool:
    """Whether what is at a path was written as a copy of a session's ledger, or as its state."""
    try:
        if path.name == LEDGER:
            said = opening(path, folder.name)
            return said is not None and opening(folder.ledger, folder.name) in (said, None)
        return bool(json.loads(path.read_bytes())["session"] == folder.name)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _fresh(state: State) -> Iterator[tuple[str, str]]:
    yield CONFIG_FILE, writing.render(state.config)
    yield NOTES_FILE, pages.notes(state.config)
    yield IDEAS_FILE, pages.ideas(state.config)


def _pinned_scripts(session: Session) -> Iterator[tuple[Path, str, bytes]]:
    """Give benchmark and checks with their mode and content (a link's is where it leads), as pinned."""
    held = git.tracked(session.top, session.state.segment.opened.pins)
    for name in (BENCHMARK_FILE, CHECKS_FILE):
        entry = held.get(session.inside(name))
        if entry is not None:
            yield session.workdir / name, entry[0], git.content(session.top, entry[1])


def _write_missing_scripts(session: Session) -> None:
    for path, mode, content in _pinned_scripts(session):
        if not os.path.lexists(path):
            _write_script(path, mode, content)


def _write_script(path: Path, mode: str, content: bytes) -> None:
    if mode == LINK:
        path.symlink_to(os.fsdecode(content))
        return
    replace_file(path, content)
    path.chmod(0o755 if mode == "100755" else 0o644)


def _content(path: Path, mode: str) -> bytes | None:
    """Give what is at a script's path, None where it is of another kind."""
    if mode == LINK or path.is_symlink() or not path.is_file():
        return os.fsencode(path.readlink()) if mode == LINK and path.is_symlink() else None
    return path.read_bytes()


def guard(session: Session, *, edits: bool = True) -> None:
    """Put back what is the session's and was deleted or (with `edits`) changed, say so, and lose neither side."""
    for folder in (session.workdir, session.folder.path, session.folder.mirror, session.repository.common / "info"):
        remove_unfinished(folder)
    exclude(session)
    if session.state.opened and last_seen(session.folder) is None:
        session.notice(Fact(Kind.SEEN_GONE))
    for path, mode, content in _pinned_scripts(session):
        if _content(path, mode) == content:
            _put_run_bit_back(session, path, mode)
            continue
        if not os.path.lexists(path):
            _write_script(path, mode, content)
            session.notice(Fact(Kind.SCRIPT_GONE, {"name": path.name}))
        elif edits:
            aside = set_file_aside(session, path)
            _write_script(path, mode, content)
            session.notice(Fact(Kind.SCRIPT_CHANGED, {"name": path.name, "aside": str(aside)}))
    for name in _WRITTEN_BY_PEOPLE:
        _put_back(session, name)
    _put_state_back(session)
    keep_written(session)


def has_lost_its_run_bit(path: Path, mode: str) -> bool:
    """Whether a file that was pinned as one that can be run cannot be any more."""
    return mode == "100755" and path.is_file() and not path.stat().st_mode & stat.S_IXUSR


def _put_run_bit_back(session: Session, path: Path, mode: str) -> None:
    if has_lost_its_run_bit(path, mode):
        path.chmod(path.stat().st_mode | 0o111)
        if not has_lost_its_run_bit(path, mode):  # there are file systems that know no such bit
            session.notice(Fact(Kind.RUN_BIT_LOST, {"name": path.name}))


def edited_scripts(session: Session) -> tuple[str, ...]:
    """Name benchmark and checks where somebody wrote something else in their place."""
    return tuple(path.name for path, mode, held in _pinned_scripts(session) if os.path.lexists(path) and _content(path, mode) != held)


def amiss(session: Session) -> tuple[str, ...]:
    """Name what `guard` without `edits`, and `project`, would put back, cheaply: files that are gone, or made from the log and changed."""
    gone = [path.name for path, mode, _ in _pinned_scripts(session) if not os.path.lexists(path) or has_lost_its_run_bit(path, mode)]
    gone += [name for name in _WRITTEN_BY_PEOPLE if _is_gone(session, name)]
    marker = session.folder.path / "copied"
    copied = [LEDGER] if marker.is_file() and _marked(marker)[0] != _stamp(session.workdir / LEDGER) else []
    return (*gone, *copied, *([] if _is_state_ours(session) else [STATE_FILE]))


def _is_gone(session: Session, name: str) -> bool:
    return not (session.workdir / name).exists() and (session.folder.mirror / name).exists()


def _is_state_ours(session: Session) -> bool:
    """Whether `.autotune.state` is as it was written last, or as it is written now where that was cut off."""
    path, copy = session.workdir / STATE_FILE, session.folder.mirror / STATE_FILE
    return not copy.exists() or (path.is_file() and path.read_bytes() in (copy.read_bytes(), _state_text(session)))


def _put_state_back(session: Session) -> None:
    if _is_state_ours(session):
        return
    path = session.workdir / STATE_FILE
    aside = {"aside": str(set_file_aside(session, path))} if os.path.lexists(path) else {}
    _write_state(session)
    session.notice(Fact(Kind.STATE_CHANGED if aside else Kind.STATE_GONE, aside))


def _put_back(session: Session, name: str) -> None:
    if _is_gone(session, name):
        replace_file(session.workdir / name, (session.folder.mirror / name).read_bytes())
        session.notice(Fact(Kind.FILE_GONE, {"name": name}))


def keep_written(session: Session, names: Sequence[str] = _WRITTEN_BY_PEOPLE) -> None:
    """Keep a copy of what people and agents wrote, as it is now; of settings only where they are those in force."""
    for name in names:
        path, copy = session.workdir / name, session.folder.mirror / name
        changed = path.is_file() and (not copy.is_file() or copy.read_bytes() != path.read_bytes())
        if changed and (name != CONFIG_FILE or settings.in_force(session)):
            replace_file(copy, path.read_bytes())


def lie_in(top: Path, folder: Folder) -> bool:
    """Whether a session's files are those that lie in a working tree."""
    said = opening(folder.ledger, folder.name)
    return said is not None and is_projection(top / said.workdir / STATE_FILE, folder)


def put_away(session: Session) -> tuple[str, ...]:
    """Take the session's files out of the working directory, which `bring` puts there again; gives those that nobody else has.

    What git tracks stays.
    """
    tracked = git.tracked(session.top, "HEAD")
    left = []
    for name in _WRITTEN_BY_PEOPLE:
        path, copy = session.workdir / name, session.folder.mirror / name
        if not path.is_file() or session.inside(name) in tracked:
            continue
        if copy.is_file() and copy.read_bytes() == path.read_bytes():
            path.unlink()
        else:
            left.append(name)
    for path, mode, content in _pinned_scripts(session):
        if _content(path, mode) == content and session.inside(path.name) not in tracked:
            path.unlink()
    for name in PROJECTIONS:
        if any(is_projection(session.workdir / name, one) for one in folders_of(session.repository)):
            (session.workdir / name).unlink()
    return tuple(left)


def bring(session: Session) -> None:
    """Put the session's files where they are missing, as they were when they were put away."""
    for name in _WRITTEN_BY_PEOPLE:
        if _is_gone(session, name):
            replace_file(session.workdir / name, (session.folder.mirror / name).read_bytes())
    _write_missing_scripts(session)
    (session.folder.path / "copied").unlink(missing_ok=True)
    project(session)


def add_idea(session: Session, text: str) -> str:
    """Add an idea at the end of the ideas' file, on one line, whoever else writes there; gives the line."""
    _put_back(session, IDEAS_FILE)
    path, line = session.workdir / IDEAS_FILE, f"- {' '.join(text.split())}"
    if path.is_dir():
        raise AutotuneError(f"{path} is a folder, so no idea can be written there.", "move it away, then try again")
    with path.open("a+b") as file:
        file.seek(0)
        is_open = file.read()[-1:] not in {b"", b"\n"}  # the last line has no end yet
        file.write(("\n" * is_open + f"{line}\n").encode())
    keep_written(session, (IDEAS_FILE,))  # and no other: something may be measured, and then the others have to stay as they are
    return line


def project(session: Session) -> None:
    """Write what can be deleted and made again: the ledger's copy, `.autotune.state`, and what hooks read."""
    _copy_ledger(session)
    replace_file(session.folder.path / projection.FILE, json.dumps(projection.projection(session)).encode())
    _write_state(session)


def _write_state(session: Session) -> None:
    for folder in (session.workdir, session.folder.mirror):
        replace_file(folder / STATE_FILE, _state_text(session))


def _state_text(session: Session) -> bytes:
    return (json.dumps(of_the_log(session.state), indent=2) + "\n").encode()


def _copy_ledger(session: Session) -> None:
    """Append to the ledger's copy what it lacks; write it whole where it is not what was written last, or now shows more or less."""
    truth, copy = session.folder.ledger, session.workdir / LEDGER
    marker = session.folder.path / "copied"
    session.refresh()
    size = session.position.offset  # the end of the last whole line: one that was torn is set aside, not copied
    finished = session.state.ended is not None and session.state.ended.ending is Ending.FINISHED
    known, form = marker.is_file(), "whole" if finished else "kept-back"
    stamp, reached, form_before = _marked(marker)
    if known and stamp == _stamp(copy) and form_before == form:
        with truth.open("rb") as source, copy.open("ab") as target:
            source.seek(reached)
            target.write(added := kept_back.copied(source.read(max(0, size - reached)), finished=finished))
        length = int(stamp.split()[1]) + len(added)
    else:
        found = _amiss_with_copy(session, copy)
        content = kept_back.copied(truth.read_bytes()[:size], finished=finished)
        if known and form_before != form:
            marker.write_text("")  # where this is cut off, a copy that is shorter in its new form is not one that lost its end
        replace_file(copy, content)
        length = len(content)
        if known and found:
            marker.write_text(f"{_stamp(copy)} {size} {form}")
            session.notice(found)
            _copy_ledger(session)
            return
    marker.write_text(f"{_stamp(copy, length)} {size} {form}")


def _marked(marker: Path) -> tuple[str, int, str]:
    """Read a copy's stamp, how far into the ledger it goes, and its form; of an older version's marker, the stamp alone."""
    words = marker.read_text(errors="replace").split() if marker.is_file() else []
    known = len(words) == _WORDS_OF_MARK and words[3].isdigit()
    return " ".join(words[:3]), int(words[3]) if known else 0, words[4] if known else ""


def _amiss_with_copy(session: Session, copy: Path) -> Fact | None:
    """Say what somebody did to the ledger's copy, None where it is merely not as new as it could be; what they wrote is set aside."""
    if not os.path.lexists(copy):
        return Fact(Kind.COPY_GONE)
    truth = session.folder.ledger.read_bytes()
    if copy.is_symlink() or not copy.is_file() or not kept_back.is_copy(copy.read_bytes(), truth):
        return Fact(Kind.COPY_CHANGED, {"aside": str(set_file_aside(session, copy))})
    return Fact(Kind.COPY_CUT) if copy_has_lost_its_end(session.folder, copy) else None


def copy_has_lost_its_end(folder: Folder, copy: Path) -> bool:
    """Whether the ledger's copy is shorter than it was when it was written last."""
    words = _marked(folder.path / "copied")[0].split()
    return len(words) > 1 and words[1].isdigit() and copy.stat().st_size < int(words[1])


def _stamp(path: Path, size: int | None = None) -> str:
    """Tell a file as it was written last from any other; `size` where it should have one."""
    if path.is_symlink() or not path.is_file():
        return ""
    found = path.stat()
    return f"{found.st_ino} {found.st_size if size is None else size} {found.st_mtime_ns}"
