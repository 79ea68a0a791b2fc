"""Which of the things that git ignores a benchmark may need where it is measured."""

from __future__ import annotations

from collections.abc import Iterable
from posixpath import basename, normpath

# What package managers install into a project, and what builds and downloads are kept in between.
NEEDED = frozenset(
    (
        *("node_modules", "bower_components", ".yarn", ".pnpm-store", ".venv", "venv", ".tox", ".nox", "vendor", ".bundle", "Pods", "deps"),
        *(".cache", ".ccache", ".gradle", ".m2", ".cargo", ".stack-work", "dist-newstyle", "target", "build", "_build", ".build"),
        *(".next", ".parcel-cache", ".turbo", "data"),
    )
)


def proposed(ignored: Iterable[str], carried: Iterable[str]) -> tuple[str, ...]:
    """Name the ignored paths, as git lists them, that may be needed and are not carried yet."""
    there = {normpath(path) for path in carried}
    paths = (normpath(path) for path in ignored)
    return tuple(path for path in paths if basename(path) in NEEDED and path not in there)
