"""Which of the things that git ignores a benchmark may need where it is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from posixpath import basename, dirname

from autotune.core.trust import patterns

# What package managers install into a project, and what builds and downloads are kept in between.
NEEDED = frozenset(
    (
        *("node_modules", "bower_components", ".yarn", ".pnpm-store", ".venv", "venv", ".tox", ".nox", "vendor", ".bundle", "Pods", "deps"),
        *(".cache", ".ccache", ".gradle", ".m2", ".cargo", ".stack-work", "dist-newstyle", "target", "build", "_build", ".build"),
        *(".next", ".parcel-cache", ".turbo", "data"),
    )
)


def proposed(
    ignored: Iterable[str],
    carried: Iterable[str],
    scope: Iterable[str],
    folder: str,
    linked: Callable[[str], Iterable[str]] = lambda _: (),
) -> tuple[str, ...]:
    """Name the ignored paths that may be needed and are not carried yet, relative to `folder`, the session's.

    `ignored` is relative to the top, as git lists it. What lies in the session's folder or where the scope leads may be needed. So may what
    lies in a folder above, for package managers look there next, and in the packages to which links in there lead. `linked` lists these of
    a folder.
    """
    there = {patterns.from_top(path, folder) for path in carried}
    roots = {folder, *(patterns.beginning(pattern, folder) for pattern in scope)}
    paths = (path.rstrip("/") for path in ignored)
    needed = [path for path in paths if basename(path) in NEEDED]
    roots |= {one for path in needed if _is_seen(path, roots) for one in linked(path)}
    return tuple(patterns.from_folder(path, folder) for path in needed if path not in there and _is_seen(path, roots))


def _is_seen(path: str, roots: Iterable[str]) -> bool:
    """Whether a path is below one of some folders, or in one of those above it."""
    return any(_below_or_above(path, root) for root in roots)


def _below_or_above(path: str, root: str) -> bool:
    return f"{path}/".startswith(f"{root}/" if root else "") or f"{root}/".startswith(f"{dirname(path)}/" if dirname(path) else "")
