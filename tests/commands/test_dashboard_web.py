"""`autotune dashboard --web`: one server a repository, found again, ended by its terminal unless it is left running, and by `--stop`."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.views.planted import events_of_the_demo, plant

from autotune.views.web import running

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "lib/autotune/__main__.py"


def command(*words: str) -> list[str]:
    return [sys.executable, "-I", str(MAIN), "dashboard", *words]


def said(top: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(command(*words), cwd=top, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def status(link: str, path: str = "/") -> int:
    host = link.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", path)
    with closing(connection), connection.getresponse() as answer:
        return answer.status


def link_in(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/#enter=[\w-]+&session=demo-1", text)
    assert found is not None
    return found.group()


def test_what_belongs_to_the_page_needs_it(tmp_path: Path) -> None:
    for words in (("--keep",), ("--stop",), ("--no-open",), ("--web", "--json")):
        assert "--web" in said(tmp_path, *words, code=2)


def test_without_a_session_there_is_no_page(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert "no autotune session" in said(tmp_path, "--web", "--no-open", code=1)


@pytest.fixture
def skilled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that holds a skill, and no session."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    top = tmp_path / "project"
    skill = top / ".claude" / "skills" / "deck"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: deck\ndescription: Slides.\n---\nMake slides.\n")
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    return top


@pytest.mark.nightly
@pytest.mark.slow
def test_what_stands_beside_sessions_has_a_page_without_one(skilled: Path) -> None:
    link = re.search(r"http://127\.0\.0\.1:\d+/#enter=[\w-]+", said(skilled, "--web", "--keep", "--no-open"))
    assert link is not None
    assert status(link.group()) == 200
    said(skilled, "--web", "--stop")
    assert "deck" in said(skilled)
    for words in ((), ("--web", "--no-open")):
        assert "no autotune session" in said(skilled, *words, "--session", "other", code=1)


def test_a_session_that_cannot_be_read_is_named_also_where_skills_stand_beside_it(skilled: Path) -> None:
    plant(skilled, events_of_the_demo())
    (ledger,) = (skilled / ".git/autotune").glob("*/autotune.jsonl")
    ledger.write_text("no line of a log\n")
    assert str(ledger) in said(skilled, "--session", "demo-1", code=1)
    assert str(ledger) in said(skilled, code=1)


@pytest.mark.slow
def test_a_server_that_is_left_running_is_found_again_and_ended(tmp_path: Path) -> None:
    top = tmp_path / "project"
    plant(top, events_of_the_demo())
    first = link_in(said(top, "--web", "--keep", "--no-open"))
    second = link_in(said(top, "--web", "--no-open"))  # does not serve it again
    assert first != second
    assert first.split("#")[0] == second.split("#")[0]
    assert (status(first), status(first, "/api/sessions")) == (200, 401)
    ended, nothing = (said(top, "--web", "--stop") for _ in range(2))
    assert ended != nothing
    with pytest.raises(ConnectionRefusedError):
        status(first)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_server_ends_with_its_terminal(tmp_path: Path, number: signal.Signals) -> None:
    top = tmp_path / "project"
    plant(top, events_of_the_demo())
    with subprocess.Popen(command("--web", "--no-open"), cwd=top, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        link = link_in(process.stdout.readline())
        assert status(link) == 200
        process.send_signal(number)
        assert process.wait(10) in (0, 130, -number, 128 + number)
    with pytest.raises(ConnectionRefusedError):
        status(link)


@pytest.mark.slow
@pytest.mark.nightly
def test_what_the_page_needs_is_set_up_when_it_is_first_asked_for(tmp_path: Path) -> None:
    top = tmp_path / "project"
    plant(top, events_of_the_demo())
    variables = os.environ | {"XDG_CACHE_HOME": str(Path(sys.prefix).parents[1])}
    words = [str(ROOT / "bin/autotune"), "dashboard", "--web", "--no-open"]
    with subprocess.Popen(words, cwd=top, stdout=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stdout is not None
        link = link_in(process.stdout.readline())
        assert status(link) == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_what_the_page_needs_is_in_no_other_environment() -> None:
    for name in running.NEEDED:
        assert f"{name}==" in running.LOCK_FILE.read_text("utf-8")
        assert f"{name}==" not in (ROOT / "requirements.lock").read_text("utf-8")
