"""Killed at any effect, any number of times: the next command finishes or undoes the step."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.loop.project import SESSION_FILES, Driver, Project, eventually, holders

from autotune.loop.session import files

pytestmark = pytest.mark.slow

FRONT, WORKER = 0, 2  # generations of forks
SAMPLE = 5 if os.environ.get("CI") == "true" else 1  # effects of each story at which it is killed, unless all are asked for
ALL = os.environ.get("AUTOTUNE_TEST_EVERY_EFFECT") == "1"
USERS = {"src/mine.txt": "the user's\n", "mine too.txt": "the user's\n", "src/mine.o": "ignored\n"}


@pytest.fixture
def driver(fast_driver: Driver) -> Driver:
    """Every test here treads the same path."""
    return fast_driver


def nothing(_: Project) -> None:
    """Begin where there is no session."""


def opened(project: Project) -> None:
    project.init()


def better(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "a\n")
    project.write("src/c.txt", "c\n")


def worse(project: Project) -> None:
    project.init()
    project.write("src/a.txt", "a much longer text than there was before\n")
    project.write("src/c.txt", "c\n")
    (project.top / "src/b.txt").chmod(0o755)


def measured(project: Project) -> None:
    better(project)
    project.ok("run")


def measured_worse(project: Project) -> None:
    worse(project)
    project.ok("run")


def discarded(project: Project) -> None:
    worse(project)
    project.attempt()


def in_place(project: Project) -> None:
    project.init("--in-place")
    project.write("src/a.txt", "a\n")
    project.write("src/c.txt", "c\n")


def worse_in_place(project: Project) -> None:
    project.init("--in-place")
    project.write("src/a.txt", "a much longer text than there was before\n")
    project.write("src/c.txt", "c\n")


def open_in_place(project: Project) -> None:
    in_place(project)
    project.attempt()
    project.write("src/a.txt", "an open edit\n")


def other_benchmark(project: Project) -> None:
    project.init()
    project.write("autotune.sh", 'echo "METRIC size=$(($(cat src/*.txt | wc -c) * 2))"\n')


@dataclass(frozen=True, slots=True)
class Story:
    """A command that is killed: what came before, its words, and in which processes it has effects."""

    before: Callable[[Project], None]
    words: tuple[str, ...]
    generations: tuple[int, ...] = (FRONT,)
    seldom: bool = False  # told at night alone


INIT = ("init", "--name", "x", "--metric", "size", "--scope", "src/**", "--once")
STORIES = {
    "init": Story(nothing, INIT),
    "init --worktree": Story(nothing, (*INIT, "--worktree"), seldom=True),
    "keep": Story(better, ("try", "-d", "better"), (FRONT, WORKER)),
    "discard": Story(worse, ("try", "-d", "worse"), (FRONT, WORKER)),
    "keep in place": Story(in_place, ("try", "-d", "better"), (FRONT, WORKER), seldom=True),
    "confirm in place": Story(open_in_place, ("confirm",), seldom=True),
    "run": Story(better, ("run",), (FRONT, WORKER)),
    "log": Story(measured, ("log", "-d", "better")),
    "stop": Story(better, ("stop",)),
    "restore": Story(discarded, ("restore", "1")),
    "rebaseline": Story(other_benchmark, ("rebaseline", "--accept"), seldom=True),
    "clear": Story(discarded, ("clear", "--yes"), seldom=True),
}


class Stage:
    """A project that can be brought back to where a story begins, as often as it takes."""

    def __init__(self, base: Path, driver: Driver, story: Story) -> None:
        self.base, self.story = base / "live", story
        self.project = Project.make(self.base, driver)
        for path, content in USERS.items():
            self.project.write(path, content)
        story.before(self.project)
        shutil.copytree(self.base, base / "saved", symlinks=True)

    def again(self) -> Project:
        shutil.rmtree(self.base)
        shutil.copytree(self.base.with_name("saved"), self.base, symlinks=True)
        for marker in self.base.rglob("copied"):  # says, by its inode too, which file is the log's copy as it was written last
            _, *stamp, reached, form = marker.read_text().split()
            (copy,) = [path for path in self.base.rglob("autotune.jsonl") if files._stamp(path).split()[1:] == stamp]
            marker.write_text(f"{files._stamp(copy)} {reached} {form}")
        return self.project


def recover(project: Project) -> None:
    """Check that the next command makes good what was cut off, and that the session works."""
    edited = {path: (project.top / path).read_bytes() for path in ("src/a.txt", "src/c.txt") if (project.top / path).exists()}
    assert project.run("status").code in (0, 1)
    if not list((project.top / ".git").glob("autotune/[!.]*/autotune.jsonl")):
        project.init()
        assert not list((project.top / ".git/autotune").glob(".*"))
    settled = project.run("resume")
    assert settled.code == 0, settled
    project.run("log", "-d", "after the crash")  # refused where nothing waits for it
    home = Path(project.events()[0]["tree"])
    project.top, project.folder, top = home, home, project.top
    project.agree()
    assert not [*top.rglob(".autotune-*"), *home.rglob(".autotune-*")]
    for path, content in edited.items():
        blob = project.git_bytes("hash-object", "-t", "blob", "--stdin", stdin=content).decode().strip()
        here = (top / path).exists() and (top / path).read_bytes() == content
        assert here or blob in project.git("rev-list", "--objects", "--all"), f"{path} is lost"
    works(project)
    project.top = project.folder = top
    for path, text in USERS.items():
        assert project.read(path) == text


def works(project: Project) -> None:
    """Check that an experiment can be made, from its edits to its commit."""
    project.write("src/b.txt", "")
    project.write("src/a.txt", "")
    project.write("src/d.txt", "d\n")
    if (project.top / "src/c.txt").exists():
        (project.top / "src/c.txt").unlink()
    kept = len(project.commits())
    assert project.attempt()["status"] == "keep"
    assert len(project.commits()) == kept + 1
    assert project.git("status", "--porcelain", "--untracked-files=no") == ""
    tracked = {"src/a.txt", "src/b.txt", "src/d.txt", "README", ".gitignore", "src"}
    assert {os.fsdecode(path) for path in project.files()} - {*USERS, *SESSION_FILES} == tracked
    project.agree()


def effects(stage: Stage, generation: int) -> int:
    """Count the effects of a story, by letting it go through."""
    answer = stage.again().run(*stage.story.words, kill=(generation, 1_000_000))
    assert answer.code == 0, answer
    return answer.effects


CRASHES = [
    pytest.param(name, generation, id=f"{name} in {'the worker' if generation else 'front'}", marks=[pytest.mark.nightly] * story.seldom)
    for name, story in STORIES.items()
    for generation in story.generations
]


@pytest.mark.parametrize(("name", "generation"), CRASHES)
def test_a_command_that_is_killed_at_an_effect_is_made_good_by_the_next(tmp_path: Path, driver: Driver, name: str, generation: int) -> None:
    stage = Stage(tmp_path, driver, STORIES[name])
    count = effects(stage, generation)
    chosen = range(count) if ALL else sorted(random.Random(name).sample(range(count), SAMPLE))
    for number in chosen:
        for torn in (False, True):
            project = stage.again()
            killed = project.run(*stage.story.words, kill=(generation, number), torn=torn)
            if not killed.killed:  # how many runs a baseline takes, and so how long the story is, depends on the machine's noise
                assert killed.code == 0, killed
                assert killed.effects <= number
                break
            try:
                recover(project)
            except AssertionError as failed:
                raise AssertionError(f"killed at effect {number} of {count}, {killed.killed}{' (torn)' if torn else ''}") from failed
            if not killed.killed.startswith("open "):
                break  # there is nothing that could be torn


def free(project: Project) -> None:
    """Wait until nobody has the session."""
    eventually(lambda: not holders(project.session / "lock"))


LATER = {"src/a.txt": "later\n", "src/e.txt": "later, new\n"}
CUT_OFF = {
    "keep": Story(better, ("try", "-d", "x"), (WORKER,)),
    "discard": Story(worse, ("try", "-d", "x"), (WORKER,)),
    "keep in place": Story(in_place, ("try", "-d", "x"), (WORKER,), seldom=True),
    "discard in place": Story(worse_in_place, ("try", "-d", "x"), (WORKER,), seldom=True),
    "run": Story(worse, ("run",), (WORKER,)),
    "log of a discard": Story(measured_worse, ("log", "-d", "x"), (FRONT,)),
    "log of a keep": Story(measured, ("log", "-d", "x"), (FRONT,)),
}


@pytest.mark.nightly
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.nightly] * story.seldom) for name, story in CUT_OFF.items()])
def test_what_is_edited_after_a_kill_stays_open_and_is_the_next_candidate(tmp_path: Path, driver: Driver, name: str) -> None:
    stage, (generation,) = Stage(tmp_path, driver, CUT_OFF[name]), CUT_OFF[name].generations
    count = effects(stage, generation)
    for number in range(count) if ALL else sorted(random.Random(name).sample(range(count), SAMPLE)):
        project = stage.again()
        at_once = ("--wait", "0") if generation == WORKER else ()  # so that nobody is there to settle what the worker leaves
        project.run(*stage.story.words, *at_once, kill=(generation, number))
        free(project)
        taken = [event["commit"] for event in project.events("candidate")]
        for path, content in LATER.items():
            project.write(path, content)
        project.git("add", "src/e.txt")
        project.ok("resume")
        project.run("log", "-d", "x")  # refused where nothing waits for it
        assert {path: project.read(path) for path in LATER} == LATER, f"killed at effect {number} of {count}"
        project.agree()
        last = project.attempt("the later edit")["experiment"]
        assert project.git("show", f"refs/autotune/{project.name}/{last}:src/a.txt") == "later"
        assert [project.git("rev-parse", f"refs/autotune/{project.name}/1") for _ in taken] == taken


WORDS = (
    *(("try", "-d", "x"), ("run",), ("log", "-d", "x"), ("wait",)),
    *(("resume",), ("stop",), ("restore", "1"), ("status",)),
)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(3))
def test_any_number_of_kills_in_a_row_is_made_good(tmp_path: Path, driver: Driver, seed: int) -> None:
    chance = random.Random(seed)
    stage = Stage(tmp_path, driver, STORIES["keep"])
    project = stage.project
    for _ in range(8):
        words = chance.choice(WORDS)
        if chance.random() < 0.4:
            project.write("src/a.txt", "a" * chance.randrange(40) + "\n")
        project.run(*words, kill=(chance.choice((FRONT, WORKER)), chance.randrange(40)), torn=chance.random() < 0.5)
    recover(project)
