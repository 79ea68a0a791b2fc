"""What git ignores, copied from one working tree into another and made to mean there what it meant here.

A copy that still led to the first tree would have the runs in the second measure files that no candidate changes.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from autotune.edges import tree
from autotune.errors import AutotuneError

_LONGEST_TEXT = 1024 * 1024  # bytes of a file that may name its own place
# What in a Python environment names where it is, or where the project is that was installed into it without copying it (`pip install -e`).
_NAMING = ("pyvenv.cfg", "bin/*", "lib/python*/site-packages/*.pth", "lib/python*/site-packages/__editable__*.py")
_NAMING_TOO = ("lib/python*/site-packages/*.egg-link", "lib64/python*/site-packages/*.pth")


def bring_copies(here: Path, there: Path, name: str) -> tuple[str, ...]:
    """Copy a file or folder (`name`, relative to both) from the tree `here` into the tree `there`.

    Gives the paths of what is not as it was copied: links, and the texts of Python environments, that led to `here`. Raises `AutotuneError`
    where there is nothing at `name`.
    """
    copy(here / name, there / name)
    changed = [path for path in _all(there / name) if _mends_link(here, there, path) or _mends_text(here, there, path)]
    return tuple(path.relative_to(there).as_posix() for path in changed)


def copy(source: Path, target: Path) -> None:
    """Copy a file, a link or a folder with all that is in it. Raises `AutotuneError` where there is none."""
    if not source.exists() and not source.is_symlink():
        raise AutotuneError(f"`carry` names {source}, which does not exist.", "make it, or take it out of `carry` in autotune.toml")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _all(path: Path) -> Iterator[Path]:
    """Give the links at and below a path, and the files that name the place of a Python environment."""
    for one in (path, *below(path)):
        if one.is_symlink():
            yield one
        if one.name == "pyvenv.cfg":
            yield from (found for pattern in (*_NAMING, *_NAMING_TOO) for found in one.parent.glob(pattern))


def below(path: Path) -> Iterator[Path]:
    """Give what is in a folder and in the folders in it; nothing where a link leads to one."""
    if path.is_dir() and not path.is_symlink():
        for folder, folders, files in os.walk(path):
            yield from (Path(folder, name) for name in (*folders, *files))


def _mends_link(here: Path, there: Path, link: Path) -> bool:
    """Make a link lead to the same file of its own tree, or where it led outside; tells whether it had to be changed."""
    if not link.is_symlink():
        return False
    said, folder = link.readlink(), here / link.relative_to(there).parent
    led = Path(os.path.normpath(folder / said))
    inside = led.is_relative_to(here)
    if inside is not said.is_absolute():  # relative within the tree, or absolute outside: right already
        return False
    link.unlink()
    link.symlink_to(os.path.relpath(led, folder) if inside else led)
    return True


def _mends_text(here: Path, there: Path, path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LONGEST_TEXT:
        return False
    if not path.resolve().is_relative_to(there.resolve()):  # a link leads there, to what is not ours
        return False
    text = path.read_bytes()
    mended = _naming(here).sub(lambda _: os.fsencode(there), text)
    if b"\0" in text or mended == text:
        return False
    tree.forget_compiled(path)
    path.write_bytes(mended)
    return True


def _naming(folder: Path) -> re.Pattern[bytes]:
    """An expression for a folder's path where it is named as a whole."""
    return re.compile(re.escape(os.fsencode(folder)) + rb"(?![\w.-])")


def linked(top: Path, folder: str) -> tuple[str, ...]:
    """List what the links in a folder of packages, and in its folders of one owner's packages, lead to in their own tree."""
    names = (*(top / folder).glob("*"), *(top / folder).glob("@*/*"))
    led = (Path(os.path.normpath(path.parent / path.readlink())) for path in names if path.is_symlink())
    return tuple(sorted(path.relative_to(top).as_posix() for path in led if path.is_relative_to(top)))


def leading_back(here: Path, environment: Path) -> dict[str, tuple[str, ...]]:
    """Map the files of a Python environment by which Python loads modules from the tree `here`, not from where it runs, to folders of it.

    These are relative to `here`, and are where Python looks: a `.pth` names them, the loader of an editable installation what is in them.
    """
    found = (path for pattern in (*_NAMING[2:], *_NAMING_TOO) for path in sorted(environment.glob(pattern)))
    named = {str(path): re.findall(_naming(here).pattern + rb"(/[^\n\r'\"]*)?", path.read_bytes()) for path in found if path.is_file()}
    return {path: tuple(dict.fromkeys(_looked_in(path, os.fsdecode(one)) for one in places)) for path, places in named.items() if places}


def _looked_in(path: str, place: str) -> str:
    folder = place if path.endswith((".pth", ".egg-link")) else os.path.dirname(place)  # noqa: PTH120 - a part of a path
    return folder.strip("/") or "."
