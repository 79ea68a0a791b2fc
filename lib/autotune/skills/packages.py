"""A skill's folder read as a package, and what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from autotune.core.records.masking import KINDS
from autotune.core.skills.package import Flaw, Package, Rule, flaws
from autotune.edges import named
from autotune.errors import AutotuneError

MOST_BYTES = 50_000_000
_NONE_OF_IT = frozenset({".git", "__pycache__", ".DS_Store"})
_STANDS_FOR_ONE = re.compile(r"(?i).*(?:\.\.\.|…|x{4}|abc123|123abc|example).*", re.DOTALL)  # in an example
_SET_TO = ("password", "password in a URL")  # what a name is set to, of any form: a word, a made-up one, or code too
_NO_PASSWORD = re.compile(r"(?i)[^0-9]*|[^a-z]*|.*(?:pass|secret|test|admin|demo|your|abc|123|://|[()\[\]{}<>$]).*", re.DOTALL)
_SECRETS = tuple(kind for kind in KINDS if kind.name in ("private key", "token", "API key", "password", "password in a URL"))


def read(folder: Path, name: str = "") -> Package:
    """Read a folder; git's own files and caches are no part of it. Raises AutotuneError where it holds more than a skill can."""
    files = _files_in(folder, _NONE_OF_IT, "a skill is smaller: move what is no part of it away")
    return Package(name or folder.name, files, frozenset(inner for inner in files if os.access(folder / inner, os.X_OK)))


def imported(folder: Path) -> dict[str, bytes]:
    """Read a folder that is to be imported, or one file of it; links that lead out of it are not followed.

    Raises AutotuneError where it is too large.
    """
    if folder.is_file():
        return {folder.name: named.content(folder)}
    return _files_in(folder, {".git"}, "name the folder with the cases alone", within=True)


def _files_in(folder: Path, left_out: Collection[str], hint: str, *, within: bool = False) -> dict[str, bytes]:
    found, held = dict[str, bytes](), 0
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in left_out)
        for path in (Path(top, name) for name in sorted(names) if name not in left_out):
            if path.is_file() and (not within or path.resolve().is_relative_to(folder.resolve())):
                held += path.stat().st_size
                if held > MOST_BYTES:
                    raise AutotuneError(f"{folder} holds more than {MOST_BYTES // 1_000_000} MB.", hint)
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def checked(package: Package) -> tuple[Flaw, ...]:
    """Everything that is wrong with a package, secrets in its files too; what stops it comes first."""
    found = [*flaws(package), *_secrets(package)]
    return tuple(sorted(found, key=lambda one: (not one.stops, one.path, one.line or 0)))


def _secrets(package: Package) -> Iterator[Flaw]:
    for path in sorted(package.files):
        text = package.text(path)
        for kind in _SECRETS:
            for found in kind.pattern.finditer(text):
                value = next((found[name] for name in ("value", "quoted") if found.groupdict().get(name) is not None), found[0])
                harmless = _STANDS_FOR_ONE.fullmatch(value) or (kind.name in _SET_TO and _NO_PASSWORD.fullmatch(value))
                if kind.holds(found, value) and not harmless:
                    yield Flaw(Rule.SECRET, path, text.count("\n", 0, found.start()) + 1, kind.name)
