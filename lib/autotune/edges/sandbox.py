"""A command wrapped so that it writes only where it may, and has no network unless it needs one, where the system has the means."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.errors import AutotuneError

# Services of the system listen below /run, where a read-only mount does not keep anybody from talking to them. What is no service there:
# the system itself on NixOS, and disks that somebody plugged in.
_SERVICES = Path("/run")
_NO_SERVICES = ("current-system", "opengl-driver", "wrappers", "media", "mount")
_NAMES = ("systemd/resolve", "resolvconf", "NetworkManager")  # what names of the network are looked up by

# Settings of the system that root may change, whatever capabilities it lacks.
_SETTINGS = tuple(Path("/proc", name) for name in ("sys", "sysrq-trigger", "irq", "bus"))


@dataclass(frozen=True, slots=True)
class Walls:
    """What a command may write to, what of that it may only read, what it may not even read, and what of that it may read after all.

    `network` where it may speak to others.
    """

    writable: Sequence[Path]
    kept: Sequence[Path] = ()
    hidden: Sequence[Path] = ()
    shown: Sequence[Path] = ()
    network: bool = False

    @property
    def no_services(self) -> list[Path]:
        """What it may see below /run."""
        return [_SERVICES / name for name in (*_NO_SERVICES, *(_NAMES if self.network else ()))]


def walled_in(command: str, walls: Walls) -> str:
    """Give the shell command that runs `command` within the walls; raises `AutotuneError` where the system has no means."""
    for means in MEANS:
        words = means(walls)
        if words is not None:
            return f"exec {shlex.join(words)} /bin/sh -c {shlex.quote(command)}"
    raise AutotuneError("There is no sandbox on this system.", "set `sandbox = false` in autotune.toml")


def _sandbox_exec(walls: Walls) -> list[str] | None:
    return ["sandbox-exec", "-p", _profile(walls)] if sys.platform == "darwin" else None


def _bubblewrap(walls: Walls) -> list[str] | None:
    """Later mounts lie over earlier ones: all is read-only, then some is writable, some is covered, some of that shown again."""
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        return None
    mounts = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for path in _SETTINGS:
        mounts += ["--ro-bind-try", str(path), str(path)]
    if _SERVICES.is_dir():
        mounts += ["--tmpfs", str(_SERVICES)]
    for option, paths in (("--ro-bind-try", walls.no_services), ("--bind", walls.writable), ("--ro-bind", walls.kept)):
        for path in paths:
            mounts += [option, str(path), str(path)]
    for path in walls.hidden:
        mounts += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    for path in walls.shown:
        mounts += ["--ro-bind", str(path), str(path)]
    apart = [] if walls.network else ["--unshare-net"]
    return [bubblewrap, *apart, "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--cap-drop", "ALL", *mounts]


def _namespaces(walls: Walls) -> list[str] | None:
    """What bubblewrap does, by a program of ours, where there is none."""
    if sys.platform != "linux":
        return None
    told = {name: getattr(walls, name) for name in ("writable", "kept", "hidden", "shown")}
    told |= {"services": [_SERVICES], "no_services": walls.no_services, "settings": _SETTINGS}
    as_text = {name: list(map(str, paths)) for name, paths in told.items()} | {"network": ["open"] * walls.network}
    return [sys.executable, "-I", "-S", str(Path(__file__).with_name("namespaces.py")), json.dumps(as_text)]


MEANS = (_sandbox_exec, _bubblewrap, _namespaces)  # the first that the system has is taken


def _profile(walls: Walls) -> str:
    """The last rule that fits decides."""
    rules = ["(version 1)", "(allow default)", *([] if walls.network else ["(deny network*)"])]
    rules += ["(deny file-write*)", '(allow file-write* (subpath "/dev"))']
    rules += [f"(allow file-write* (subpath {_quoted(path)}))" for path in walls.writable]
    rules += [f"(deny file-write* (subpath {_quoted(path)}))" for path in walls.kept]
    rules += [f"(deny file-read* file-write* (subpath {_quoted(path)}))" for path in walls.hidden]
    rules += [f"(allow file-read* (subpath {_quoted(path)}))" for path in walls.shown]
    return "".join(rules)


def _quoted(path: Path) -> str:
    text = str(path.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
