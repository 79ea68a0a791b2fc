"""The sandbox where Linux has unprivileged user namespaces and no bubblewrap: a program of its own, of the standard library alone.

    python3 -I -S namespaces.py WALLS PROGRAM ARGUMENT…

WALLS is JSON, `{"writable": [PATH…], …}`, with all names that stand in `_build`; `sandbox.py` says what each means. Three processes: the
first makes the namespaces and waits; the second, number 1 in the new process namespace, builds the mounts and waits; the third becomes the
program. When the first is killed, the second dies with it, and with the second everything in its namespace.

The kernel's interfaces are those of its manual pages: user_namespaces(7), mount_setattr(2), pid_namespaces(7), netdevice(7),
capabilities(7).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _RDONLY = 442, -100, 0x8000, 0x1
_AF_INET, _SOCK_DGRAM, _SIOCSIFFLAGS, _IFF_UP, _NAME, _REQUEST = 2, 2, 0x8914, 0x1, 16, 40
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _CAPABILITIES = 1, 24, 38, 64

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_STREAMS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = (("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("propagation", ctypes.c_uint64), ("user_namespace", ctypes.c_uint64))


def main(walls: Mapping[str, Sequence[str]], program: list[str]) -> int:
    """Run the program within the walls; gives its exit code, 128 and the signal's number where one ended it."""
    user, group = os.geteuid(), os.getegid()
    apart = 0 if walls["network"] else _CLONE_NEWNET
    _done(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | apart | _CLONE_NEWPID | _CLONE_NEWIPC), "new namespaces")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    if apart:
        _up("lo")
    return _waited_for(lambda: _first(walls, program))


def _first(walls: Mapping[str, Sequence[str]], program: list[str]) -> int:
    """What the first process of the new process namespace does."""
    _done(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "to end with the parent")
    folder = os.getcwd()
    _build(walls)
    os.chdir(folder)  # the one that lies there now
    for capability in range(_CAPABILITIES):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # those that this kernel does not know fail, which is as good
    _done(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    return _waited_for(lambda: os.execv(program[0], program))


def _up(interface: str) -> None:
    """Bring up an interface of the new network namespace, if the system lets us: by "lo", a server and its clients reach each other."""
    asked = interface.encode().ljust(_NAME, b"\0") + _IFF_UP.to_bytes(2, sys.byteorder)
    if (any_socket := _libc.socket(_AF_INET, _SOCK_DGRAM, 0)) >= 0:
        _libc.ioctl(any_socket, ctypes.c_ulong(_SIOCSIFFLAGS), asked.ljust(_REQUEST, b"\0"))
        os.close(any_socket)


def _build(walls: Mapping[str, Sequence[str]]) -> None:
    """Later mounts lie over earlier ones: all is read-only, then some is writable, some is covered, some of that shown again."""
    first = [*(f"/dev/{name}" for name in _DEVICES), *walls["no_services"], *walls["writable"], *walls["kept"]]
    held = {path: os.open(path, os.O_PATH) for path in (*first, *walls["shown"]) if os.path.exists(path)}  # before something lies over it
    _mount("", "/", flags=_MS_REC | _MS_PRIVATE)
    _read_only("/")
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    for path in filter(os.path.exists, walls["settings"]):
        _mount(path, path, flags=_MS_BIND | _MS_REC)
        _read_only(path)
    _mount("tmpfs", "/dev", "tmpfs", _MS_NOSUID, "mode=755")
    for folder, kind, options in (("/dev/shm", "tmpfs", "mode=1777"), ("/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=620")):
        os.mkdir(folder)
        _mount(kind, folder, kind, _MS_NOSUID | _MS_NOEXEC, options)
    for name, target in _STREAMS.items():
        os.symlink(target, f"/dev/{name}")
    for path in filter(os.path.isdir, walls["services"]):
        _mount("tmpfs", path, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
    for path in filter(held.__contains__, first):
        _show(path, held[path])
        _read_only(path, not_any_more=path in walls["writable"])
    for path in walls["hidden"]:
        if os.path.isdir(path):
            _mount("tmpfs", path, "tmpfs", _MS_NOSUID | _MS_NODEV)
        else:
            _mount("/dev/null", path, flags=_MS_BIND)
    for path in filter(held.__contains__, walls["shown"]):
        _show(path, held[path])


def _show(path: str, descriptor: int) -> None:
    """Mount what was opened at its path, which is made where something empty lies over it."""
    if not os.path.exists(path):
        folder = path if os.path.isdir(f"/proc/self/fd/{descriptor}") else os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        if folder != path:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    _mount(f"/proc/self/fd/{descriptor}", path, flags=_MS_BIND | _MS_REC)


def _mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    words = (os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _done(_libc.mount(*words), f"to mount on {target}")


def _read_only(path: str, *, not_any_more: bool = False) -> None:
    """Make what is mounted at a path, and below it, read-only; or not any more."""
    attributes = _MountAttr(0, _RDONLY) if not_any_more else _MountAttr(_RDONLY, 0)
    words = (_AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)))
    _done(_libc.syscall(ctypes.c_long(_SYS_MOUNT_SETATTR), *words), f"to have {path} read-only or not")


def _done(result: int, what: str) -> None:
    if result != 0:
        why = os.strerror(ctypes.get_errno())
        sys.exit(f"the sandbox: this system refuses {what}: {why}; install bubblewrap, or set `sandbox = false`")


def _waited_for(child: Callable[[], int]) -> int:
    """Give the exit code of a process that does this, having waited for whatever else is this process's child meanwhile."""
    number = os.fork()
    if number == 0:
        os._exit(child())
    while True:
        ended, status = os.wait()
        if ended == number:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
