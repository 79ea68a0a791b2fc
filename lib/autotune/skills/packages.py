"""A skill's folder read as a package, and what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from autotune.core.records.masking import KINDS
from autotune.core.skills.package import Flaw, Package, Rule, flaws
from autotune.errors import AutotuneError

MOST_BYTES = 50_000_000
_NONE_OF_IT = frozenset({".git", "__pycache__", ".DS_Store"})
_STANDS_FOR_ONE = re.compile(r"(?i)(?:pass|password|passwd|secret|token|key)|.*(?:\.\.\.|…)")  # in an example
_SECRETS = tuple(kind for kind in KINDS if kind.name in ("private key", "token", "API key", "password", "password in a URL"))


def read(folder: Path, name: str = "") -> Package:
    """Read a folder; git's own files and caches are no part of it. Raises AutotuneError where it holds more than a skill can."""
    files, runnable, held = dict[str, bytes](), set[str](), 0
    for path in _files(folder):
        held += path.stat().st_size
        if held > MOST_BYTES:
            raise AutotuneError(
                f"{folder} holds more than {MOST_BYTES // 1_000_000} MB.", "a skill is smaller: move what is no part of it away"
            )
        inner = path.relative_to(folder).as_posix()
        files[inner] = path.read_bytes()
        runnable |= {inner} if os.access(path, os.X_OK) else set()
    return Package(name or folder.name, files, frozenset(runnable))


def checked(package: Package) -> tuple[Flaw, ...]:
    """Everything that is wrong with a package, secrets in its files too; what stops it comes first."""
    found = [*flaws(package), *_secrets(package)]
    return tuple(sorted(found, key=lambda one: (not one.stops, one.path, one.line or 0)))


def _files(folder: Path) -> Iterator[Path]:
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in _NONE_OF_IT)
        yield from (path for name in sorted(names) if name not in _NONE_OF_IT and (path := Path(top, name)).is_file())


def _secrets(package: Package) -> Iterator[Flaw]:
    for path in sorted(package.files):
        text = package.text(path)
        for kind in _SECRETS:
            for found in kind.pattern.finditer(text):
                value = next((found[name] for name in ("value", "quoted") if found.groupdict().get(name) is not None), found[0])
                if kind.holds(found, value) and not _STANDS_FOR_ONE.fullmatch(value):
                    yield Flaw(Rule.SECRET, path, text.count("\n", 0, found.start()) + 1, kind.name)
