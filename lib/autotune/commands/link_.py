"""`autotune link`."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from autotune.commands.options import reply
from autotune.core.tell import answers
from autotune.errors import AutotuneError
from autotune.version import ROOT

MARK = "# Written by `autotune link`; `autotune link --remove` takes it away."
_INSTALLED = f"""\
#!/bin/sh
{MARK}
# Starts the version of autotune that is installed in the client, whichever that is after an update.
newest=
for root in {{versions}}/*; do
    [ -x "$root/bin/autotune" ] && ! [ -e "$root/.orphaned_at" ] || continue
    [ -z "$newest" ] || [ "$root" -nt "$newest" ] || continue
    newest=$root
done
[ -n "$newest" ] && exec "$newest/bin/autotune" "$@"
printf 'error: autotune is not installed any more: %s is empty.\\nhint: install it again, or delete %s.\\n' {{versions}} "$0" >&2
exit 1
"""
_CLONE = f"""\
#!/bin/sh
{MARK}
exec {{root}}/bin/autotune "$@"
"""


def main(
    remove: Annotated[bool, typer.Option("--remove", help="Take it away again.")] = False,
) -> None:
    """Put `autotune` into ~/.local/bin, for your terminal; it starts the installed version after every update too."""
    path = place()
    if remove:
        taken = path.is_file() and is_ours(path)
        if taken:
            path.unlink()
        reply(answers.UNLINKED if taken else answers.NO_LINK, path=str(path))
        return
    put(path)
    reply(answers.LINKED, path=str(path))
    if str(path.parent) not in os.environ.get("PATH", "").split(os.pathsep):
        reply(answers.NOT_ON_PATH, folder=str(path.parent))


def place() -> Path:
    """Give the place of the link."""
    return Path.home() / ".local" / "bin" / "autotune"


def is_ours(path: Path) -> bool:
    """Whether a file was written by this command."""
    return MARK.encode() in path.read_bytes()[:200]


def put(path: Path) -> None:
    """Write the link; refuses to replace anything else."""
    if os.path.lexists(path) and not (path.is_file() and not path.is_symlink() and is_ours(path)):
        raise AutotuneError(f"{path} is there already and was not made by autotune.", "move it away, then try again")
    path.parent.mkdir(parents=True, exist_ok=True)
    installed = ROOT.parts[-5:-3] == ("plugins", "cache")  # …/plugins/cache/MARKETPLACE/autotune/VERSION
    script = _INSTALLED.format(versions=quote(str(ROOT.parent))) if installed else _CLONE.format(root=quote(str(ROOT)))
    fresh = path.with_name(f".autotune.{os.getpid()}")
    fresh.write_text(script, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)
