"""Caches that outlive a run serve neither arm what they hold of the other: real git, and the tools that keep such caches."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.client.client import CACHE

from autotune.edges import caches, commits, git, indexes, place, tree
from autotune.edges.caches import SECOND
from autotune.edges.place import Place

pytestmark = pytest.mark.slow

HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Arms:
    """A place, and two trees of files that take turns in it."""

    place: Place
    trees: tuple[str, str]
    differing: tuple[str, ...]

    def swap(self, arm: int, *, compared: bool = False) -> None:
        """Put an arm in place."""
        place.occupy(self.place, self.trees[arm], self.differing, compared=compared)

    def time(self, path: str) -> int:
        """The time of a file or folder."""
        return (self.place.top / path).lstat().st_mtime_ns

    def second(self, path: str) -> int:
        """The second in which a file or folder says it was written."""
        return self.time(path) // SECOND


def arms_of(tmp_path: Path, *files: dict[str, str]) -> Arms:
    """Two trees, of files by their paths, and a measuring worktree for them."""
    top = tmp_path / "top"
    top.mkdir()
    trees = []
    for one in files:
        shutil.rmtree(top / "src", ignore_errors=True)
        for path, text in one.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text)
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "a state", "--allow-empty")):
            subprocess.run(["git", *words], cwd=top, check=True)
        trees.append(commits.tree_of(top, str(git.resolve(top, "HEAD"))))
    found = git.discover(top)
    assert found is not None
    place.build(found, tmp_path / "measure", str(git.resolve(top, "HEAD")), [])
    spot = place.private(tmp_path / "measure", note=tmp_path / "note")
    place.occupy(spot, trees[0], ())
    return Arms(spot, (trees[0], trees[1]), git.differing(top, *trees))


@pytest.fixture
def arms(tmp_path: Path) -> Arms:
    return arms_of(tmp_path, {"src/a": "1\n", "src/inner/b": "1\n", "c": "c\n"}, {"src/a": "2\n", "src/inner/d": "1\n", "c": "c\n"})


def test_at_every_change_of_arms_files_and_their_folders_get_a_second_that_none_had(arms: Arms) -> None:
    seen = [arms.second("src/a")]
    for arm in (1, 0, 1, 0):
        arms.swap(arm)
        seen.append(arms.second("src/a"))
        assert {arms.second(path) for path in ("src", "src/inner", f"src/inner/{'bd'[arm]}")} == {seen[-1]}
    assert sorted({*seen}) == seen


def test_a_tree_that_comes_again_keeps_its_second_and_is_never_older_than_what_was_made_of_it(arms: Arms) -> None:
    arms.swap(1)
    before = arms.time("src/a")
    arms.swap(1)
    assert arms.time("src/a") >= before
    assert arms.second("src/a") in (before // SECOND, time.time_ns() // SECOND)


def test_files_in_which_the_arms_do_not_differ_keep_their_time(arms: Arms) -> None:
    before = arms.time("c")
    arms.swap(1)
    assert arms.time("c") == before


def test_a_file_that_a_run_changed_gets_a_new_second_too(arms: Arms) -> None:
    arms.swap(1)
    (arms.place.top / "c").write_text("d\n")
    arms.swap(0)
    assert arms.second("c") == arms.second("src/a")


@pytest.mark.parametrize("lost", ["unlink", "far ahead"])
def test_a_last_time_that_is_lost_is_found_again(arms: Arms, tmp_path: Path, lost: str) -> None:
    for arm in (1, 0, 1):
        arms.swap(arm)
    before = arms.second("src/a")
    (tmp_path / "note").unlink()
    if lost != "unlink":
        os.utime(arms.place.top / "c", ns=(time.time_ns() + HOUR,) * 2)
    arms.swap(0)
    assert before < arms.second("src/a") < before + 60


def test_a_noted_time_that_none_of_ours_can_be_is_not_believed(arms: Arms, tmp_path: Path) -> None:
    arms.swap(1)
    os.utime(tmp_path / "note", ns=(time.time_ns() + HOUR,) * 2)
    arms.swap(0)
    assert arms.time("src/a") < time.time_ns() + SECOND


def test_where_the_run_itself_goes_by_times_none_is_ahead_of_the_clock(arms: Arms) -> None:
    for arm in (1, 0):
        arms.swap(arm, compared=True)
        assert arms.time("src/a") <= time.time_ns()


def test_times_never_run_further_ahead_than_a_run_is_told_to_wait_for(arms: Arms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "AHEAD_S", 1.0)
    for arm in (1, 0, 1, 0):
        arms.swap(arm)
        assert arms.time("src/a") <= time.time_ns() + SECOND
    assert arms.second("src/a") == (tmp_path / "note").stat().st_mtime_ns // SECOND


def test_files_that_are_emptied_and_filled_again_have_seconds_of_their_own(arms: Arms, tmp_path: Path) -> None:
    held = git.tracked(arms.place.top, arms.trees[0])
    nothing = git.store(arms.place.top, b"")
    emptied = indexes.make_tree(arms.place.top, {path: (mode, nothing) for path, (mode, _) in held.items()}, tmp_path / "scratch")
    seen = [arms.second("c")]
    moved = place.empty(arms.place, emptied, held, tmp_path / "away")
    seen.append(arms.second("c"))
    place.fill(arms.place, arms.trees[0], moved, held)
    seen.append(arms.second("c"))
    assert sorted({*seen}) == seen
    assert not indexes.unlike_index(arms.place.top, arms.place.view.index)


def test_a_link_above_a_file_that_is_gone_is_not_followed(tmp_path: Path) -> None:
    arms = arms_of(tmp_path, {"src/d/a": "1\n", "c": "c\n"}, {"c": "c\n"})
    outside = tmp_path / "outside"
    (outside / "d").mkdir(parents=True)
    before = (outside / "d").stat().st_mtime_ns
    shutil.rmtree(arms.place.top / "src")
    (arms.place.top / "src").symlink_to(outside)
    checkout = place.in_checkout(arms.place.top, tmp_path / "index")
    place.occupy(checkout, arms.trees[1], arms.differing)
    assert (outside / "d").stat().st_mtime_ns == before
    tree.point_at(checkout.view, arms.trees[1])


def test_caches_that_lie_outside_of_the_place_are_moved_and_others_stay(tmp_path: Path) -> None:
    inside = {"PYTHONPYCACHEPREFIX": str(tmp_path / "top/cache"), "NUMBA_CACHE_DIR": "relative", "CCACHE_DIR": "/elsewhere"}
    assert caches.moved(inside, tmp_path / "top", tmp_path / "ours") == inside
    assert caches.moved({}, tmp_path / "top", tmp_path / "ours") == {}
    outside = {"PYTHONPYCACHEPREFIX": str(tmp_path / "cache"), "NUMBA_CACHE_DIR": "/elsewhere"}
    assert caches.moved(outside, tmp_path / "top", tmp_path / "ours") == {
        "PYTHONPYCACHEPREFIX": str(tmp_path / "ours/python"),
        "NUMBA_CACHE_DIR": str(tmp_path / "ours/numba"),
    }


def test_of_moved_caches_what_is_of_the_place_is_forgotten_and_other_byte_code_stays(tmp_path: Path) -> None:
    ours, top = tmp_path / "ours", tmp_path / "top"
    of_place = ours / "python" / top.relative_to("/") / "m.pyc"
    for path in (of_place, other := ours / "python/usr/lib/json.pyc", compiled := ours / "numba/x.nbi"):
        path.parent.mkdir(parents=True)
        path.touch()
    caches.forget(ours, top)
    assert [path.exists() for path in (of_place, other, compiled)] == [False, True, False]


def test_a_folder_for_builds_that_lies_outside_of_the_place_is_named(tmp_path: Path) -> None:
    assert caches.built_outside({"CARGO_TARGET_DIR": str(tmp_path / "target")}, tmp_path / "top") == "CARGO_TARGET_DIR"
    assert caches.built_outside({"CARGO_TARGET_DIR": str(tmp_path / "top/target")}, tmp_path / "top") is None


def said(top: Path, *words: object, **variables: object) -> str:
    """What a command prints, run in a place with more variables."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    given = {name: str(value) for name, value in variables.items()}
    done = subprocess.run([*map(str, words)], cwd=top, env=environment | given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def python(outside: Path, top: Path) -> str:
    program = "import sys; sys.path.insert(0, 'src'); import value; print(value.N)"
    return said(top, sys.executable, "-c", program, PYTHONPYCACHEPREFIX=outside)


def make(outside: Path, top: Path) -> str:
    return said(top, "make", "-s", "-f", "src/Makefile", f"OUT={outside}")


def by_second(outside: Path, top: Path) -> str:
    """A cache that knows a file by its time in whole seconds alone."""
    kept = outside / str((top / "src/value").stat().st_mtime_ns // SECOND)
    kept.parent.mkdir(exist_ok=True)
    if not kept.exists():
        kept.write_text((top / "src/value").read_text())
    return kept.read_text().strip()


def cargo(outside: Path, top: Path) -> str:
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not here")
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    given = {"RUSTUP_HOME": os.environ.get("RUSTUP_HOME", home / ".rustup"), "CARGO_HOME": outside / "home", "CARGO_TARGET_DIR": outside}
    return said(top, "cargo", "run", "-q", "--offline", "--manifest-path", "src/Cargo.toml", **given)


def jest(outside: Path, top: Path) -> str:
    program = packages() / "node_modules/jest/bin/jest.js"
    said(
        top, "node", program, "-i", "--config", json.dumps({"rootDir": f"{top}/src", "cacheDirectory": str(outside)}), OUT=f"{outside}.said"
    )
    return Path(f"{outside}.said").read_text()


def webpack(outside: Path, top: Path) -> str:
    said(top, "node", "src/build.js", packages() / "node_modules/webpack", outside)
    return said(top, "node", outside / "dist/made.js")


def packages() -> Path:
    """A folder with Jest and webpack, installed once, into the cache folder of whoever runs the tests."""
    folder = CACHE / "javascript-caches-1"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules/.package-lock.json").exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    required = os.environ.get("CI") == "true"
    if shutil.which("npm") is None and not required:
        pytest.skip("npm is missing")
    words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", str(folder)]
    done = subprocess.run([*words, "jest@29.7.0", "webpack@5.99.9"], capture_output=True, text=True, check=False)
    if done.returncode != 0 and not required:
        pytest.skip(f"npm could not install Jest and webpack: {done.stderr.strip().splitlines()[-1:]}")
    assert done.returncode == 0, done.stderr


MANIFEST = '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n[[bin]]\nname = "x"\npath = "main.rs"\n'
MAKEFILE = "all: $(OUT)/made\n\t@cat $(OUT)/made\n$(OUT)/made: src/value\n\t@mkdir -p $(OUT); cp src/value $(OUT)/made\n"
JEST = 'test("x", () => require("fs").writeFileSync(process.env.OUT, String(require("./value"))));\n'
BUILD = """\
const [, , webpack, outside] = process.argv;
require(webpack)({
  mode: "development", entry: "./src/index.js", output: { path: `${outside}/dist`, filename: "made.js" },
  cache: { type: "filesystem", cacheDirectory: `${outside}/cache` },
}, (error, stats) => { if (error || stats.hasErrors()) throw error || new Error(stats.toString()); });
"""
TOOLS: dict[Callable[[Path, Path], str], Callable[[int], dict[str, str]]] = {
    python: lambda n: {"src/value.py": f"N = {n}\n"},
    by_second: lambda n: {"src/value": f"{n}\n"},
    make: lambda n: {"src/value": f"{n}\n", "src/Makefile": MAKEFILE},
    cargo: lambda n: {"src/Cargo.toml": MANIFEST, "src/main.rs": f'fn main() {{ println!("{n}"); }}\n'},
    jest: lambda n: {"src/value.js": f"module.exports = {n};\n", "src/value.test.js": JEST},
    webpack: lambda n: {
        "src/value.js": f"module.exports = {n};\n",
        "src/index.js": 'console.log(require("./value"));\n',
        "src/build.js": BUILD,
    },
}


@pytest.mark.parametrize("order", ["abab", "baab"])
@pytest.mark.parametrize(
    "tool",
    [pytest.param(tool, marks=[pytest.mark.nightly] if tool in {jest, webpack} else [], id=tool.__name__) for tool in TOOLS],
)
def test_each_arm_is_run_as_what_it_is(tmp_path: Path, tool: Callable[[Path, Path], str], order: str) -> None:
    arms = arms_of(tmp_path, TOOLS[tool](1000), TOOLS[tool](2000))
    for arm in order:
        arms.swap("ab".index(arm))
        assert tool(tmp_path / "outside", arms.place.top) == {"a": "1000", "b": "2000"}[arm]


def test_what_is_made_before_a_run_is_not_made_again_by_it(tmp_path: Path) -> None:
    arms = arms_of(tmp_path, TOOLS[make](1000), TOOLS[make](2000))
    for arm in (1, 0):
        arms.swap(arm, compared=True)
        make(tmp_path / "outside", arms.place.top)
        made = (tmp_path / "outside/made").stat().st_ctime_ns
        make(tmp_path / "outside", arms.place.top)
        assert (tmp_path / "outside/made").stat().st_ctime_ns == made
