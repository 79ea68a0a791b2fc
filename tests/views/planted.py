"""A repository with a session that was made of events, and the page's server for it, in a thread."""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn

from autotune.core.ledger.events import SegmentOpened
from autotune.core.ledger.lines import Event, from_line, to_line
from autotune.edges import ledger
from autotune.edges.git import Repository
from autotune.loop.session import sessions
from autotune.views.web import running
from autotune.views.web.gate import TOKEN, Gate
from autotune.views.web.site import Site

DEMO = Path(__file__).parents[1] / "golden/demo.jsonl"


def events_of_the_demo() -> list[Event]:
    """The session of README's pictures."""
    return [event for line in DEMO.read_bytes().splitlines() if (event := from_line(line)) is not None]


def plant(top: Path, events: Iterable[Event], name: str = "demo-1") -> Path:
    """Put a session of these events into a repository, which is made where there is none; gives its ledger."""
    if not (top / ".git").exists():
        top.mkdir(exist_ok=True)
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=top, check=True)
        subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "start"], cwd=top, check=True)
    path = top / ".git/autotune" / name / "autotune.jsonl"
    path.parent.mkdir(parents=True)
    append(path, (replace(one, tree=str(top), session=name) if isinstance(one, SegmentOpened) else one for one in events))
    return path


def append(path: Path, events: Iterable[Event]) -> None:
    """Write events to a ledger as autotune does."""
    held = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    prev = ledger.digest(held[-1]) if held else ledger.FIRST
    with path.open("ab") as file:
        for event in events:
            line = to_line(event, prev)
            prev = ledger.digest(line)
            file.write(line)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs, and what comes of it."""

    repository: Repository
    place: running.Place
    gate: Gate

    def ask(self, path: str, method: str = "GET", headers: Mapping[str, str | None] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Ask as a browser that was let in does, with some headers changed; None leaves one out. Gives status, headers and body."""
        sent = {"Host": self.gate.host, "Cookie": f"{self.gate.cookie}={self.gate.secret}", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.gate.port, timeout=20)
        connection.putrequest(method, path, skip_host=True)
        for name, text in sent.items():
            if text is not None:
                connection.putheader(name, text)
        connection.endheaders()
        answer = connection.getresponse()
        found = answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def json(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        """Ask for JSON."""
        return json.loads(self.ask(path)[2])

    def enter(self, token: str, origin: str | None = None) -> tuple[int, dict[str, str], bytes]:
        """Come in by a link's token."""
        return self.ask("/enter", "POST", {"Cookie": None, TOKEN: token, "Origin": origin or self.gate.origin, "Content-Length": "0"})

    @contextmanager
    def watching(self, name: str) -> Iterator[Iterator[dict[str, Any]]]:
        """Watch a session; gives what comes, as it comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gate.port, timeout=20)
        connection.request("GET", f"/api/watch/{name}", headers={"Cookie": f"{self.gate.cookie}={self.gate.secret}"})
        answer = connection.getresponse()
        try:
            yield (json.loads(line[6:]) for line in answer if line.startswith(b"data: "))
        finally:
            answer.close()
            connection.close()


@contextmanager
def served(top: Path) -> Iterator[Served]:
    """Serve the page of a repository in a thread, at the port and with the secret of the last time."""
    repository = sessions.repository_at(top)
    place = running.Place.of(repository)
    with running.listening(place) as (gate, listener):
        server = uvicorn.Server(running.config(Site(repository, gate, place.enter).app()))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield Served(repository, place, gate)
        finally:
            server.should_exit = True
            thread.join()
