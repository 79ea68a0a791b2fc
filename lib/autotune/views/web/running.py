"""The page's server: started, found again, ended; one for each repository."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from autotune.edges import extra, locks
from autotune.edges.atomic import replace_privately
from autotune.edges.folders import cache_folder
from autotune.edges.git import Repository
from autotune.edges.locks import Lock
from autotune.errors import AutotuneError
from autotune.loop.session.layout import known
from autotune.version import PACKAGE, ROOT
from autotune.views.web.gate import LOOPBACK, Gate

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Config

LOCK_FILE = ROOT / "requirements-web.lock"
NEEDED = ("starlette", "uvicorn")
STARTS_WITHIN_S = 30.0
ENDS_WITHIN_S = 5.0
LINKS_LAST_S = 3600.0
_LOOK_EVERY_S = 0.05
_LESS_URGENT = 10  # than a measurement


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository's server keeps what it needs to be found again, for its user's eyes alone."""

    folder: Path

    @classmethod
    def of(cls, repository: Repository) -> Place:
        """Give a repository's place, made where it is not there."""
        folder = cache_folder() / "web" / known(repository)
        (folder / "links").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        return cls(folder)

    @property
    def lock(self) -> Path:
        """Held by the server as long as it runs."""
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        """What a server that was left running says."""
        return self.folder / "log"

    def gate(self) -> Gate | None:
        """Give port and secret of the server that runs or ran last; None where that is not known."""
        try:
            held = json.loads((self.folder / "gate.json").read_bytes())
            return Gate(int(held["port"]), str(held["secret"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, gate: Gate) -> None:
        """Note port and secret, for a later server to take over: then a page that is open comes back to it."""
        replace_privately(self.folder / "gate.json", [json.dumps({"port": gate.port, "secret": gate.secret}).encode()])

    def link(self, session: str | None) -> str:
        """Make an address that lets one browser in, once; what stands behind `#` is sent to no server and in no referrer."""
        gate = self.gate()
        assert gate is not None  # noqa: S101 - a server runs
        token = secrets.token_urlsafe(32)
        self._file_of(token).touch()
        shown = "" if session is None else f"&session={session}"
        return f"{gate.origin}/#enter={token}{shown}"

    def enter(self, token: str) -> bool:
        """Tell whether a link's token is good; it is no more from now on."""
        path = self._file_of(token)
        try:
            is_fresh = time.time() - path.stat().st_mtime < LINKS_LAST_S
            path.unlink()
        except FileNotFoundError:
            return False
        return is_fresh

    def _file_of(self, token: str) -> Path:
        return self.folder / "links" / hashlib.sha256(token.encode()).hexdigest()


def environment() -> Path:
    """Give the Python of the environment that has what the page needs, which is set up where it is not there.

    Raises `AutotuneError` where that fails; what is done meanwhile is told on stderr.
    """
    return Path(
        extra.python_of(
            LOCK_FILE, "What the page needs could not be set up.", "see above for the reason; `autotune dashboard --watch` needs none of it"
        )
    )


def is_set_up() -> bool:
    """Whether this Python has what the page needs."""
    return all(find_spec(name) is not None for name in NEEDED)


def go_over(arguments: Sequence[str]) -> None:
    """Begin the command with these arguments once more in the environment that has what the page needs, unless this is one that has."""
    if not is_set_up():
        python = str(environment())
        sys.stdout.flush()
        os.execv(python, [python, "-I", str(PACKAGE / "__main__.py"), *arguments])  # noqa: S606 - another Python in this one's place


def open_browser(address: str) -> None:
    """Open an address in the user's browser, where there is a screen for one."""
    import webbrowser

    if sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        with suppress(webbrowser.Error, OSError):
            webbrowser.open(address)


def is_running(place: Place) -> bool:
    """Whether a repository has a server."""
    return locks.holder(place.lock) is not None and place.gate() is not None


def left_running(place: Place, session: str | None) -> None:
    """Start a server that outlives this command and its terminal, and wait until it answers."""
    python = Path(sys.executable) if is_set_up() else environment()
    named = [] if session is None else ["--session", session]
    words = [str(python), "-I", str(PACKAGE / "__main__.py"), "dashboard", "--web", "--no-open", *named]
    with place.log.open("wb") as log:
        subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + STARTS_WITHIN_S
    while not (is_running(place) and _answers(place)):
        if time.monotonic() > until:
            raise AutotuneError("The page's server did not start.", f"{place.log} says why")
        time.sleep(_LOOK_EVERY_S)


def _answers(place: Place) -> bool:
    gate = place.gate()
    with suppress(OSError), socket.create_connection((LOOPBACK, gate.port if gate is not None else 0), timeout=1):
        return True
    return False


def stopped(place: Place) -> bool:
    """End the server, wherever it runs; false where there was none."""
    held = locks.holder(place.lock)
    if held is None or held.pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(held.pid, signal.SIGTERM)
    until = time.monotonic() + ENDS_WITHIN_S
    while locks.holder(place.lock) is not None:
        if time.monotonic() > until:
            raise AutotuneError(f"The page's server, process {held.pid}, does not end.", f"end it with `kill -9 {held.pid}`")
        time.sleep(_LOOK_EVERY_S)
    return True


@contextmanager
def _held(place: Place) -> Iterator[Lock]:
    lock = locks.taken(place.lock)
    if lock is None:
        raise AutotuneError("The page is served already.", "`autotune dashboard --web` gives its address, `--stop` ends it")
    try:
        lock.sign("serving the page")
        yield lock
    finally:
        lock.release()


def serve(repository: Repository, place: Place, session: str | None, started: Callable[[], None]) -> None:
    """Serve the page until this process is interrupted or told to end; `started` is called once it answers.

    The session that is shown first is read meanwhile, so that its page does not wait for that.
    """
    import uvicorn

    from autotune.views.web.site import Site

    with _held(place), listening(place) as (gate, listener):
        os.nice(_LESS_URGENT)
        site = Site(repository, gate, place.enter)
        threading.Thread(target=site.read_ahead, args=(session,), daemon=True).start()
        started()
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config(site.app())).run(sockets=[listener])


def config(app: ASGIApp) -> Config:
    """Give how the server runs: quietly, and without waiting for pages that watch when it is to end."""
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        loop="asyncio",
        timeout_graceful_shutdown=1,
        server_header=False,
    )


@contextmanager
def listening(place: Place) -> Iterator[tuple[Gate, socket.socket]]:
    """Listen where the last server did, so that open pages come back, else at any port, with another secret."""
    before = place.gate()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, before.port if before is not None else 0))
        except OSError:
            before = None
            listener.bind((LOOPBACK, 0))
        listener.listen(64)
        gate = before or Gate(listener.getsockname()[1], secrets.token_urlsafe(32))
        place.write(gate)
        yield gate, listener
