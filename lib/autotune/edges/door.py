"""A door to a busy process: words that others hand in, each with the process that the system says they come from.

The socket lies in the folder for temporary files, for its name has to be short; a file with a fixed name says where.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_TAKEN, _REFUSED = b"taken", b"refused"
_BACKLOG = 16
_LONGEST_FOLDER = 60  # bytes; a socket's name has at most 104
_MOST_BYTES = 1 << 20
_PATIENCE_S = 0.5  # with a caller that is welcome and hands nothing in
_CREDENTIALS = struct.Struct("3i")  # process, user, group


@dataclass(frozen=True, slots=True)
class Door:
    """A door that is open."""

    listener: socket.socket

    def let_in(self, welcome: Callable[[int], bool], take: Callable[[bytes], bool]) -> None:
        """Hear whoever has knocked since, without waiting for anybody: `welcome` is asked about the process, `take` gets its words."""
        for _ in range(_BACKLOG):
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                caller.settimeout(_PATIENCE_S)
                caller.sendall(_TAKEN if welcome(_process_of(caller)) and take(_heard(caller)) else _REFUSED)


@contextmanager
def opened(address: Path, prefix: str) -> Iterator[Door]:
    """Open a door that is found by `address` as long as the context lasts; `prefix` begins the name of the socket's folder."""
    usual = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=usual if len(os.fsencode(usual)) <= _LONGEST_FOLDER else "/tmp"))  # noqa: S108
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "door"))
            listener.listen(_BACKLOG)
            listener.settimeout(0)
            address.write_bytes(os.fsencode(folder / "door"))
            yield Door(listener)
    finally:
        address.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def knocked(address: Path) -> Iterator[socket.socket | None]:
    """Stand at a door that is open; None where it is closed, or was left open by a process that is gone.

    Raises TimeoutError where too many stand there.
    """
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(_PATIENCE_S)
        try:
            caller.connect(address.read_bytes())
        except BlockingIOError:
            raise TimeoutError from None  # too many stand there
        except OSError:
            yield None
        else:
            yield caller


def hand_in(caller: socket.socket, words: bytes, wait_s: float) -> bool | None:
    """Hand words in at a door; gives whether they were taken, None where it was closed before anybody had heard them.

    Raises TimeoutError where nobody answers within `wait_s` seconds.
    """
    caller.settimeout(wait_s)
    try:
        caller.sendall(words)
        caller.shutdown(socket.SHUT_WR)
        answer = caller.recv(len(_REFUSED))
    except ConnectionError:
        return None
    return None if not answer else answer == _TAKEN


def _heard(caller: socket.socket) -> bytes:
    heard, until = b"", time.monotonic() + _PATIENCE_S
    while (piece := caller.recv(_MOST_BYTES)) and len(heard) < _MOST_BYTES and time.monotonic() < until:
        heard += piece
    return heard


def _process_of(caller: socket.socket) -> int:
    """The number of the process that connected, 0 where the system does not say."""
    if sys.platform == "darwin":
        return caller.getsockopt(0, 2)  # LOCAL_PEERPID of SOL_LOCAL
    return int(_CREDENTIALS.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[0])
