"""The page's server: who is let in, what it tells, and that it goes on whatever becomes of a log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.views.planted import Served, append, events_of_the_demo, plant, served

from autotune.core.ledger.events import CandidateTaken, Decided, Noted, Result
from autotune.core.ledger.lines import Event
from autotune.core.model import Status
from autotune.core.tell.snapshot import snapshot
from autotune.loop.session import sessions
from autotune.views.web import gate, running, site
from autotune.views.web.gate import Gate
from autotune.views.web.watched import Watched

EVIL = '</pre><script>alert("1")</script><img src=x onerror=alert(1)>'
HERE = Gate(4321, "secret")
GOOD = {"host": "127.0.0.1:4321"}
COOKIE = {"autotune_4321": "secret"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "cookies", "status"),
    [
        ("GET", "/", GOOD, {}, None),
        ("GET", "/api/sessions", GOOD, COOKIE, None),
        ("GET", "/api/sessions", GOOD | {"origin": HERE.origin, "sec-fetch-site": "same-origin"}, COOKIE, None),
        ("POST", "/enter", GOOD | {"origin": HERE.origin}, {}, None),
        ("GET", "/", {"host": "evil.example:4321"}, {}, 421),
        ("GET", "/", {"host": "localhost:4321"}, {}, 421),
        ("GET", "/", {"host": "127.0.0.1:4322"}, {}, 421),
        ("GET", "/", {}, {}, 421),
        ("GET", "/api/sessions", GOOD, {}, 401),
        ("GET", "/api/sessions", GOOD, {"autotune_4321": "secre"}, 401),
        ("GET", "/api/sessions", GOOD, {"autotune_4321": "sécret"}, 401),
        ("GET", "/api/sessions", GOOD, {"autotune_1": "secret"}, 401),
        ("GET", "/api/sessions", GOOD | {"origin": "http://evil.example"}, COOKIE, 403),
        ("GET", "/api/sessions", GOOD | {"origin": "null"}, COOKIE, 403),
        ("GET", "/api/sessions", GOOD | {"sec-fetch-site": "cross-site"}, COOKIE, 403),
        ("POST", "/enter", GOOD | {"origin": "http://127.0.0.1:80"}, {}, 403),
        ("POST", "/enter", GOOD, {}, 403),
        ("GET", "/enter", GOOD, {}, 405),
        ("POST", "/api/sessions", GOOD | {"origin": HERE.origin}, COOKIE, 405),
        ("DELETE", "/", GOOD, COOKIE, 405),
    ],
)
def test_the_gate_lets_through_the_page_itself_alone(
    method: str, path: str, headers: Mapping[str, str], cookies: Mapping[str, str], status: int | None
) -> None:
    assert HERE.refusal(method, path, headers, cookies) == status


def test_the_cookie_is_for_this_server_alone_and_no_script_reads_it() -> None:
    assert HERE.set_cookie.split("; ") == ["autotune_4321=secret", "Path=/", "HttpOnly", "SameSite=Strict"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    top = tmp_path_factory.mktemp("served") / "project"
    plant(top, events_of_the_demo())
    with served(top) as found:
        yield found


def test_a_link_lets_one_browser_in_once(here: Served) -> None:
    link = here.place.link("demo-1")
    token = link.partition("#enter=")[2].partition("&")[0]
    assert link == f"{here.gate.origin}/#enter={token}&session=demo-1"
    status, headers, _ = here.enter(token)
    assert (status, headers["set-cookie"]) == (204, here.gate.set_cookie)
    assert [here.enter(one)[0] for one in (token, "", "wrong", "../gate.json")] == [403] * 4
    assert here.enter(here.place.link(None).partition("#enter=")[2], origin="http://evil.example")[0] == 403


def test_a_link_is_not_good_for_ever(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    token = here.place.link(None).partition("#enter=")[2]
    monkeypatch.setattr(running, "LINKS_LAST_S", -1.0)
    assert here.enter(token)[0] == 403


def test_what_is_kept_of_the_server_is_for_its_user_alone(here: Served) -> None:
    assert [path.stat().st_mode & 0o077 for path in (here.place.folder, here.place.folder / "gate.json")] == [0, 0]


def test_every_answer_has_the_policy_refusals_too(here: Served) -> None:
    for path, changed, status in (
        ("/", {}, 200),
        ("/page.js", {}, 200),
        ("/api/sessions", {"Cookie": None}, 401),
        ("/", {"Host": "x"}, 421),
    ):
        found, headers, _ = here.ask(path, headers=changed)
        assert found == status
        assert {name: headers[name] for name in gate.HEADERS} == dict(gate.HEADERS)
        assert "server" not in headers


def test_the_policy_has_no_inline_script_and_no_other_host(here: Served) -> None:
    page = here.ask("/")[2].decode()
    assert "unsafe" not in gate.POLICY
    assert "http" not in gate.POLICY
    assert all(re.search(r'src="/[\w./]+"', tag) for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r" on\w+=|<style| style=", page)
    for name in site.FILES:
        status, _, body = here.ask(f"/{name}")
        assert status == 200
        assert b"://" not in re.sub(rb"http://www\.w3\.org/\d+/svg|https://github\.com/leeoniya/uPlot", b"", body)


def test_nothing_but_its_own_files_is_served(here: Served) -> None:
    for path in (
        "/uplot/LICENSE",
        "/../gate.py",
        "/%2e%2e/gate.py",
        "/autotune.jsonl",
        "/api/session/none/1",
        "/api/session/demo-1/99",
        "/api/watch/x",
    ):
        assert here.ask(path)[0] == 404
    assert (site.STATIC / "uplot/LICENSE").read_text("utf-8").startswith("The MIT License")


def test_the_list_has_every_session_and_why_one_cannot_be_read(here: Served, tmp_path: Path) -> None:
    assert [one["name"] for one in here.json("/api/sessions")] == ["demo-1"]
    plant(tmp_path / "project", events_of_the_demo())
    plant(tmp_path / "project", [], name="broken").write_text("no ledger\n")
    with served(tmp_path / "project") as both:
        found = {one["name"]: one for one in both.json("/api/sessions")}
    assert "problem" not in found["demo-1"]
    assert "autotune.jsonl" in found["broken"]["problem"]["message"]


def test_an_experiment_is_told_in_full(here: Served) -> None:
    found = here.json("/api/session/demo-1/1")
    assert found["number"] == 1
    assert found["pairs"][0]["candidate"]
    assert found["diff"] is None  # of this session git has nothing


def another(number: int) -> list[Event]:
    """Another experiment, which crashed."""
    held = events_of_the_demo()
    crashed = next(event for event in held if isinstance(event, Result) and event.status is Status.CRASH)
    taken, decided = (
        next(event for event in held if isinstance(event, kind) and event.experiment == crashed.index) for kind in (CandidateTaken, Decided)
    )
    return [replace(taken, experiment=number), replace(decided, experiment=number), replace(crashed, index=number, description=EVIL)]


def test_a_page_gets_all_at_first_and_then_what_changes_within_a_second(tmp_path: Path) -> None:
    path = plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as here, here.watching("demo-1") as news:
        first = next(news)
        assert first["whole"]
        assert [row["number"] for row in first["rows"]] == list(range(1, 9))
        assert first["head"]["snapshot"]["session"] == "demo-1"
        assert first["problem"] is None
        begun = time.monotonic()
        append(path, [*another(9), Noted(EVIL, "2026-01-01T00:00:00Z")])
        second = next(news)
        assert time.monotonic() - begun < 1.0
        assert not second["whole"]
        assert [(row["number"], row["description"]) for row in second["rows"]] == [(9, EVIL)]
        assert second["head"]["snapshot"]["experiments"] == 9
        assert second["head"]["notes"][-1][1].endswith(EVIL)


def test_a_page_is_told_why_a_log_cannot_be_read_and_that_it_can_be_again(tmp_path: Path) -> None:
    path = plant(tmp_path / "project", events_of_the_demo())
    whole = path.read_bytes()
    watched = Watched(sessions.repository_at(tmp_path / "project"), "demo-1")
    first = watched.since(-1)
    assert first is not None
    path.write_bytes(whole + b'{"type":"note"}\n')
    told = after(watched, first["version"])
    assert told["problem"]["message"].startswith(f"Line {len(whole.splitlines()) + 1} of ")
    assert "head" not in told
    path.write_bytes(whole)
    again = after(watched, told["version"])
    assert (again["problem"], again["whole"], len(again["rows"])) == (None, True, 8)
    path.unlink()
    gone = after(watched, again["version"])
    assert gone["problem"] is not None


def after(watched: Watched, version: int) -> dict[str, Any]:
    """What comes next, within some seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if (news := watched.since(version)) is not None and "problem" in news:
            return news
        time.sleep(0.02)
    pytest.fail("nothing came")


def test_a_session_that_cannot_be_read_at_first_has_its_problem(tmp_path: Path) -> None:
    plant(tmp_path / "project", []).write_text("{}\n")
    news = Watched(sessions.repository_at(tmp_path / "project"), "demo-1").since(-1)
    assert news is not None
    assert news["problem"]["message"]
    assert news["rows"] == []


def test_a_page_that_comes_back_after_a_restart_finds_the_server_where_it_was_and_gets_all(tmp_path: Path) -> None:
    plant(tmp_path / "project", events_of_the_demo())
    with served(tmp_path / "project") as first:
        pass
    with served(tmp_path / "project") as second:
        assert second.gate == first.gate
        with second.watching("demo-1") as news:
            assert next(news)["whole"]
        with served(tmp_path / "project") as third:  # where the port is taken, nobody else's cookie is good
            assert third.gate.port != second.gate.port
            assert third.gate.secret != second.gate.secret


def test_the_page_is_the_same_one_json(here: Served) -> None:
    with here.watching("demo-1") as news:
        found = next(news)["head"]["snapshot"]
    state = sessions.load(here.repository, "demo-1").state
    expected = json.loads(json.dumps(snapshot(state, found["as_of"], measuring=False)))
    assert found == expected
