"""What the page's server answers: the page's own files, and sessions as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autotune.core.escaping import escaped
from autotune.core.tell import live
from autotune.core.tell.close_up import close_up
from autotune.core.tell.lines import Line
from autotune.core.tell.story import story_of
from autotune.edges.clock import now
from autotune.edges.git import Repository
from autotune.errors import AutotuneError
from autotune.loop.inspect import reporting
from autotune.loop.session import feed, logs
from autotune.loop.session.folding import read_session
from autotune.loop.session.layout import Folder, names, root
from autotune.views.panels import Beside
from autotune.views.web.gate import ENTER, HEADERS, TOKEN, Gate
from autotune.views.web.watched import LOOK_EVERY_S, Watched

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(__file__).with_name("static")
PING_EVERY_S = 15.0
COMES_BACK_MS = 500
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES = tuple(sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.suffix in _TYPES))


class Site:
    """All sessions of a repository, for whoever comes through the gate. `enter` tells whether a link's token is good, once."""

    def __init__(self, repository: Repository, gate: Gate, enter: Callable[[str], bool]) -> None:
        self.repository = repository
        self.gate = gate
        self.enter = enter
        self.watched: dict[str, Watched] = {}
        self.beside = Beside(repository.top)

    def app(self) -> ASGIApp:
        """Give the application."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        routes = [
            Route("/", _file("page.html")),
            *(Route(f"/{name}", _file(name)) for name in FILES),
            Route(ENTER, self._enter, methods=["POST"]),
            Route("/api/sessions", self._sessions),
            Route("/api/panels", self._panels),
            Route("/api/watch/{name}", self._watch),
            Route("/api/session/{name}/{number:int}", self._experiment),
        ]
        return self._guarded(Starlette(routes=routes))

    def _guarded(self, inner: Starlette) -> ASGIApp:
        """The application behind the gate; every answer has the gate's headers."""
        from starlette.requests import Request
        from starlette.responses import Response

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            request = Request(scope)
            status = self.gate.refusal(request.method, request.url.path, request.headers, request.cookies)
            app = inner if status is None else Response(status.phrase, status_code=status, media_type="text/plain")

            async def with_headers(message: Any) -> None:  # noqa: ANN401 - as the interface has it
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], *((name.encode(), text.encode()) for name, text in HEADERS.items())]
                await send(message)

            await app(scope, receive, with_headers)

        return guarded

    async def _enter(self, request: Request) -> Response:
        from starlette.responses import Response

        if not await asyncio.to_thread(self.enter, request.headers.get(TOKEN, "")):
            return Response(status_code=403)
        return Response(status_code=204, headers={"set-cookie": self.gate.set_cookie})

    async def _sessions(self, _: Request) -> Response:
        return _json(await asyncio.to_thread(self._listed))

    async def _panels(self, _: Request) -> Response:
        return _json(await asyncio.to_thread(self.beside.gathered))

    def _listed(self) -> list[dict[str, Any]]:
        """Every session in short, the latest first; of one that cannot be read, why."""
        found = []
        for name in reversed(names(self.repository)):
            try:
                state, _ = read_session(Folder(root(self.repository) / name))
                found.append({**live.listed(state, now()), "name": name})
            except AutotuneError as error:
                found.append({"name": name, "problem": {"message": error.message, "hint": error.hint}})
        return found

    async def _watch(self, request: Request) -> Response:
        from starlette.responses import StreamingResponse

        watched = self._known(request.path_params["name"])
        return _json(None, 404) if watched is None else StreamingResponse(_news(watched), media_type="text/event-stream")

    def read_ahead(self, name: str | None) -> None:
        """Read a session before a page asks for it."""
        if name is not None and (watched := self._known(name)) is not None:
            watched.since(-1)

    def _known(self, name: str) -> Watched | None:
        """The session of a name, watched from now on; None where there is none and never was."""
        if name not in self.watched and name in names(self.repository):
            self.watched[name] = Watched(self.repository, name)
        return self.watched.get(name)

    async def _experiment(self, request: Request) -> Response:
        watched = self._known(request.path_params["name"])
        try:
            found = None if watched is None else await asyncio.to_thread(_close_up, watched, request.path_params["number"])
        except AutotuneError as error:
            return _json({"problem": {"message": error.message, "hint": error.hint}})
        return _json(found, 404 if found is None else 200)


async def _news(watched: Watched) -> AsyncIterator[str]:
    """What changes, as it changes, as server-sent events."""
    yield f"retry: {COMES_BACK_MS}\n\n"
    seen, silent_s = -1, 0.0
    while True:
        news = await asyncio.to_thread(watched.since, seen)
        if news is not None:
            seen, silent_s = news["version"], 0.0
            yield f"data: {_text(news)}\n\n"
        elif silent_s >= PING_EVERY_S:
            silent_s = 0.0
            yield ":\n\n"
        await asyncio.sleep(LOOK_EVERY_S)
        silent_s += LOOK_EVERY_S


def _close_up(watched: Watched, number: int) -> dict[str, Any] | None:
    """One experiment in full; None where there is none."""
    session = watched.session()
    marks = (b'"type":"config"', f'"experiment":{number},'.encode(), f'"index":{number},'.encode())  # lines that may be the experiment's
    story = story_of(feed.events(session.folder.ledger, *marks), number)
    if story is None:
        return None
    found = close_up(story, session.state, reporting.change_of(session, story))
    printed = [escaped(str(path)) for path in logs.proposers(session.folder.path, number)]
    named = live.lines_as_json([Line("proposer", ", ".join(printed))] if printed else [])
    return {**found, "lines": [*found["lines"], *named]}


def _file(name: str) -> Callable[[Request], Response]:
    def answer(_: Request) -> Response:
        from starlette.responses import Response

        return Response((STATIC / name).read_bytes(), media_type=_TYPES[Path(name).suffix])

    return answer


def _json(value: Any, status: int = 200) -> Response:  # noqa: ANN401 - any JSON
    from starlette.responses import Response

    return Response(_text(value), status_code=status, media_type="application/json")


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
