"""A place at two looks: what is noticed of what a run did."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autotune.edges import looks
from autotune.edges.looks import Look


@pytest.fixture
def top(tmp_path: Path) -> Path:
    made = tmp_path / "place"
    (made / "d/empty").mkdir(parents=True)
    (made / "stays/in").mkdir(parents=True)
    (made / ".git").write_text("gitdir: elsewhere\n")
    for name in ("a", "d/b", "d/kept", "stays/in/c"):
        (made / name).write_text("text\n")
    return made


def look(top: Path) -> Look:
    found = looks.look(top, {"stays/", "d/kept"})
    assert found is not None
    return found


def rewrite_alike(path: Path) -> None:
    """Write other text of the same length, and give the file the time that it had."""
    before = path.stat()
    path.write_text("xetx\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def make_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("b")


def make_a_file(path: Path) -> None:
    path.rmdir()
    path.write_text("")


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda top: (top / "a").write_text("more text\n"),
    "written alike": lambda top: rewrite_alike(top / "d/b"),
    "replaced": lambda top: (top / "a").rename(top / "d/b"),
    "deleted": lambda top: (top / "d/b").unlink(),
    "another mode": lambda top: (top / "a").chmod(0o755),
    "a link": lambda top: make_a_link(top / "d/b"),
    "a folder gone": lambda top: (top / "d/empty").rmdir(),
    "a file for a folder": lambda top: make_a_file(top / "d/empty"),
}


def test_what_is_there_is_seen_but_what_stays_and_what_is_of_git(top: Path) -> None:
    assert look(top).stamps.keys() == {"a", "d/", "d/b", "d/empty/"}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_noticed_at_once(top: Path, change: str) -> None:
    before = look(top)
    assert looks.settles(before)
    assert not looks.differs(before, look(top), ())
    CHANGES[change](top)
    assert looks.differs(before, look(top), ())


def test_a_file_that_is_written_anew_before_each_run_is_never_known_again_and_what_came_is_no_change(top: Path) -> None:
    before = look(top)
    looks.forget(before, ["d/b", "new/one"])
    assert {"new/one", "new/"} <= before.stamps.keys()
    (top / "new").mkdir()
    (top / "new/one").write_text("")
    (top / "came").write_text("")
    now = look(top)
    assert looks.differs(before, now, {"d/b"})
    assert not looks.differs(before, now, {"d/b", "new/one"})
    assert now.stamps.keys() - before.stamps.keys() == {"came"}


def test_where_a_later_change_might_have_the_same_time_nothing_is_known() -> None:
    second = 1_000_000_000
    assert not looks.settles(Look({"a": (1, 1, 1, 5 * second, 5 * second)}, set()))
    assert not looks.settles(Look({"a": (1, 1, 1, 1, time.time_ns() + 100 * second + 1)}, set()))
    assert looks.settles(Look({"a": (1, 1, 1, 1, 5 * second + 1), "d/": ()}, set()))
    assert looks.settles(Look({}, set()))


def test_a_file_that_was_read_since_it_was_written_is_told_also_where_its_time_is_ahead(top: Path) -> None:
    now = time.time()
    os.utime(top / "a", (now + 2, now + 1))
    os.utime(top / "d/b", (now + 1, now + 50))
    assert look(top).read == {"a", "d/b"}
    os.utime(top / "a", (now + 50, now + 50))
    os.utime(top / "d/b", (now - 60, now - 50))
    assert look(top).read == set()


def test_a_place_that_cannot_be_looked_at_is_not_known(tmp_path: Path) -> None:
    assert looks.look(tmp_path / "gone", ()) is None
