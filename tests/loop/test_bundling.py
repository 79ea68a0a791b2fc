"""`bundle`, and `verify` of one: evidence that is carried to another clone, where nothing of it runs unasked."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.loop.project import Driver, Project, eventually

CONFIRMED, NOT_CONFIRMED, CANNOT_TELL, REFUSED = 0, 4, 5, 1
HELD = "a secret of some length"
Members = dict[str, bytes]


def kept(project: Project, *sizes: int) -> None:
    for size in sizes:
        project.write("src/a.txt", "a" * size)
        assert project.attempt()["status"] == "keep"


def elsewhere(project: Project, name: str = "elsewhere") -> Project:
    """Another clone of the project's main branch, with a home and a cache in which nothing is; the project itself is out of reach."""
    top = project.outside.parent / name
    subprocess.run(["git", "clone", "-q", "--no-local", "--single-branch", "-b", "main", str(project.top), str(top)], check=True)
    subprocess.run(["git", "-C", str(top), "remote", "remove", "origin"], check=True)
    outside = project.outside.parent / f"{name}-outside"
    (outside / "home").mkdir(parents=True)
    variables = {"HOME": str(outside / "home"), "XDG_DATA_HOME": str(outside / "home" / "data"), "GIT_CONFIG_GLOBAL": os.devnull}
    return Project(top, outside, project.driver, top, variables)


def traces(project: Project) -> tuple[list[str], str, str]:
    """What a verification may not leave in a clone and on its machine: working trees, refs, and files in the cache."""
    places = sorted(str(path) for path in project.outside.glob("cache/autotune/*") if path.name != "bugs")
    return places, project.git("for-each-ref"), project.git("worktree", "list")


def members(path: Path) -> Members:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def written(path: Path, held: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in held.items():
            about = zipfile.ZipInfo(name)
            about.external_attr = (modes or {}).get(name, stat.S_IFREG | 0o644) << 16
            made.writestr(about, content)
    return path


# What it holds


def test_a_bundle_is_confirmed_on_another_clone_and_leaves_nothing_there(project: Project, tmp_path: Path) -> None:
    project.init("--checks", "test -s src/b.txt")
    kept(project, 5, 4)
    bundle = tmp_path / "bundle"
    project.ok("bundle", str(bundle))
    there, last_but_one = elsewhere(project), project.commits()[0]
    shutil.move(project.top, tmp_path / "away")
    before = traces(there)
    answer = there.run("verify", str(bundle), "--yes", "--json")
    assert answer.code == CONFIRMED, answer
    found = answer.json
    assert (found["outcome"], found["checks"], found["findings"], found["notes"]) == ("confirmed", True, [], [])
    assert found["effect"]["low"] <= found["effect"]["estimate"] <= found["effect"]["high"] < 1
    assert found["runs"] >= 2
    assert found["would_run"] == {"benchmark": "bash autotune.sh", "checks": "test -s src/b.txt"}
    assert traces(there) == before
    one = there.run("verify", str(bundle), "2", "--yes", "--json")
    assert (one.code, one.json["experiment"], one.json["first"]) == (CONFIRMED, 2, last_but_one)
    assert one.json["last"] == found["last"]
    assert "is not a keep" in there.refused("verify", str(bundle), "7", "--yes")


@pytest.mark.nightly
def test_what_gained_nothing_is_not_confirmed_elsewhere(project: Project, tmp_path: Path) -> None:
    project.init()
    project.write("src/a.txt", "b" * len(project.read("src/a.txt")))
    project.ok("try", "-d", "nothing", "--force")
    project.ok("bundle", str(tmp_path / "bundle"))
    assert elsewhere(project).run("verify", str(tmp_path / "bundle"), "--yes").code == NOT_CONFIRMED


def test_a_bundle_lists_what_it_holds_and_lacks_and_is_the_same_twice(project: Project, tmp_path: Path) -> None:
    (project.top / "build").mkdir()
    project.write("build/needed", "x")
    project.init("--carry", "build")
    kept(project, 5)
    project.write("src/b.txt", "b" * 500)
    assert project.attempt()["status"] == "discard"
    bundle = tmp_path / "bundle"
    said = project.ok("bundle", str(bundle), "--dry-run", "--json").json
    assert said["path"] is None
    assert not bundle.exists()
    said = project.ok("bundle", str(bundle), "--json").json
    assert said["path"] == str(bundle)
    assert {*said["files"]} == {"autotune.jsonl", "samples.csv", "environment.json", "commits.bundle"}
    assert said["missing"] == {"carry": ["build"], "env": []}
    name = project.name
    assert {*said["refs"]} == {f"refs/heads/autotune/{name}", *(f"refs/autotune/{name}/{one}" for one in ("1", "2", "pins-1"))}
    project.refused("bundle", str(bundle))
    first = bundle.read_bytes()
    project.ok("bundle", str(bundle), "--overwrite")
    assert bundle.read_bytes() == first
    plain = project.ok("bundle").out
    assert plain.index("It does not hold:") < plain.index("written: ")
    assert (project.session / f"{name}.autotune.zip").read_bytes() == first


def test_of_a_session_that_kept_nothing_no_bundle_is_made(project: Project) -> None:
    project.init()
    project.refused("bundle")


def test_of_a_log_that_does_not_agree_no_bundle_is_made(project: Project, tmp_path: Path) -> None:
    project.init()
    kept(project, 5)
    project.git("update-ref", "-d", f"refs/autotune/{project.name}/1")
    assert "`autotune check`" in project.refused("bundle", str(tmp_path / "bundle"))
    assert not (tmp_path / "bundle").exists()


@pytest.mark.nightly
def test_no_value_of_env_and_no_output_unless_asked_for(project: Project, tmp_path: Path) -> None:
    project.write("autotune.toml", f'{project.read("autotune.toml")}\n[env]\nTOKEN = "{HELD}"\nTZ = "XYZ-9"\n')
    project.write("autotune.sh", f'test -n "$TOKEN" || exit 1\necho "is $TOKEN"\n{project.read("autotune.sh")}')
    project.init()
    kept(project, 5)
    project.ok("note", f"the token is {HELD}")
    bare, whole, open_ = (tmp_path / name for name in ("bare", "whole", "open"))
    project.ok("bundle", str(bare))
    project.ok("bundle", str(whole), "--with-output")
    said = project.ok("bundle", str(open_), "--public", "TOKEN", "--json").json
    assert said["missing"]["env"] == ["TZ"]
    assert "no variable TOKE" in project.refused("bundle", str(tmp_path / "x"), "--public", "TOKE")
    for path in (bare, whole):
        for name, content in members(path).items():
            assert HELD.encode() not in content, name
            assert b"XYZ-9" not in content, name
    assert {name for name in members(whole) if name.startswith("runs/")}
    assert not {name for name in members(bare) if name.startswith("runs/")}
    there = elsewhere(project)
    without = there.run("verify", str(whole), "--yes", "--json")
    assert (without.code, without.json["missing"]["env"], len(without.json["notes"])) == (CANNOT_TELL, ["TOKEN", "TZ"], 1)
    there.environment |= {"TOKEN": HELD, "TZ": "XYZ-9"}
    given = there.run("verify", str(whole), "--yes", "--json")
    assert (given.code, given.json["missing"]["env"], given.json["notes"]) == (CONFIRMED, [], [])
    del there.environment["TOKEN"]
    assert there.run("verify", str(open_), "--yes").code == CONFIRMED


def test_a_value_in_a_commit_is_refused(project: Project, tmp_path: Path) -> None:
    project.write("autotune.toml", f'{project.read("autotune.toml")}\n[env]\nTOKEN = "{HELD}"\n')
    project.init()
    project.write("src/a.txt", "a")
    assert project.attempt(f"now with {HELD}")["status"] == "keep"
    assert "--public TOKEN" in project.refused("bundle", str(tmp_path / "bundle"))
    project.ok("bundle", str(tmp_path / "bundle"), "--public", "TOKEN")


@pytest.mark.nightly
def test_what_carry_needs_is_named_and_taken_from_the_other_clone(project: Project, tmp_path: Path) -> None:
    project.write("build/factor", "3")
    project.write("autotune.sh", 'test -e build/factor || exit 1\necho "METRIC size=$(($(cat src/*.txt | wc -c) * $(cat build/factor)))"\n')
    project.init("--carry", "build")
    kept(project, 5)
    project.ok("bundle", str(tmp_path / "bundle"))
    there = elsewhere(project)
    lacking = there.run("verify", str(tmp_path / "bundle"), "--yes", "--json")
    assert (lacking.code, lacking.json["missing"]["carry"]) == (CANNOT_TELL, ["build"])
    there.write("build/factor", "2")
    assert there.run("verify", str(tmp_path / "bundle"), "--yes").code == CONFIRMED


@pytest.mark.nightly
def test_the_files_of_submodules_are_taken_from_the_other_clone(project: Project, tmp_path: Path) -> None:
    library = Project.make(tmp_path / "a", project.driver, "library")
    project.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.top), "library")
    project.git("commit", "-qm", "a library")
    project.write("autotune.sh", f"test -e library/src/a.txt || exit 1\n{project.read('autotune.sh')}")
    project.init()
    kept(project, 5)
    project.ok("bundle", str(tmp_path / "bundle"))
    there = elsewhere(project)
    lacking = there.run("verify", str(tmp_path / "bundle"), "--yes", "--json")
    assert (lacking.code, lacking.json["missing"]["submodules"]) == (CANNOT_TELL, ["library"])
    there.git("-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init")
    assert there.run("verify", str(tmp_path / "bundle"), "--yes").code == CONFIRMED


def test_a_clone_without_the_commit_that_the_session_stands_on_is_told_to_fetch_it(project: Project, tmp_path: Path) -> None:
    there = elsewhere(project)
    project.git("commit", "-q", "--allow-empty", "-m", "later")
    project.init()
    kept(project, 5)
    project.ok("bundle", str(tmp_path / "bundle"))
    assert "git fetch" in there.refused("verify", str(tmp_path / "bundle"), "--yes")
    there.git("fetch", "-q", str(project.top), "main")
    assert there.run("verify", str(tmp_path / "bundle"), "--yes").code == CONFIRMED


NIGHTLY = [
    pytest.param(one, marks=pytest.mark.nightly) for one in (("--seeds",), ("--prepare", "cat src/*.txt > built.o"), ("--cases", "a,b"))
]


@pytest.mark.parametrize("options", [("--in-place",), *NIGHTLY])
def test_seeds_builds_cases_and_a_session_in_place_are_verified_elsewhere(
    project: Project, options: tuple[str, ...], tmp_path: Path
) -> None:
    if "--cases" in options:
        lines = 'while read -r case; do echo "METRIC size[$case]=$(cat src/*.txt | wc -c)"; done < "$AUTOTUNE_CASES"\n'
        project.write("autotune.sh", lines)
    elif "--prepare" in options:
        project.write("autotune.sh", "echo METRIC size=$(wc -c < built.o)\n")
    project.init(*options)
    kept(project, 5)
    project.ok("stop")
    project.ok("bundle", str(tmp_path / "bundle"))
    there = elsewhere(project)
    before = there.files()
    assert there.run("verify", str(tmp_path / "bundle"), "--yes").code == CONFIRMED
    assert there.files() == before


def test_what_runs_cost_is_said_and_counted_by_nobody(project: Project) -> None:
    project.write("autotune.toml", f'cost_metric = "usd"\nmax_cost_usd = 5\n{project.read("autotune.toml")}')
    project.write("autotune.sh", f"{project.read('autotune.sh')}echo METRIC usd=0.01\n")
    project.init()
    kept(project, 5)
    before = project.ok("status", "--json").json["cost"]
    found = project.run("verify", "--json").json
    assert found["outcome"] == "confirmed"
    assert found["cost_usd"] == pytest.approx(0.02 * found["runs"])
    assert project.ok("status", "--json").json["cost"] == before


# Killed while it is written


def test_a_killed_bundling_leaves_no_half_archive(project: Project, tmp_path: Path) -> None:
    project.init()
    kept(project, 5)
    folder = tmp_path / "bundles"
    folder.mkdir()
    whole = project.run("bundle", str(folder / "whole"), kill=(0, 1_000_000))
    assert whole.effects > 3
    for number in sorted({whole.effects - 1, whole.effects - 2, *random.Random(1).sample(range(whole.effects), 4)}):
        project.run("bundle", str(folder / f"at-{number}"), kill=(0, number))
        for path in folder.glob("[!.]*"):
            assert path.read_bytes() == (folder / "whole").read_bytes()
    project.ok("bundle", str(folder / "last"))
    assert not [*folder.glob(".*")]
    assert [path.name for path in project.session.parent.iterdir() if path.name.startswith(".")] == []


# Read as data alone


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle, the clone where it is read, and the file that each run of its benchmark appends to."""

    bundle: Path
    there: Project
    runs: Path
    folder: Path

    def tampered(self, change: Callable[[Members], Members | None], *, sealed: bool = True) -> Path:
        """Write the bundle with something changed: by somebody who puts the hashes of its files right, unless it is not `sealed`."""
        held = members(self.bundle)
        held = change(held) or held
        if sealed and "bundle.json" in held:
            said = json.loads(held["bundle.json"])
            files = {name: content for name, content in held.items() if name != "bundle.json"}
            said["files"] = {name: {"size": len(one), "sha256": hashlib.sha256(one).hexdigest()} for name, one in files.items()}
            held["bundle.json"] = json.dumps(said).encode()
        return written(self.folder / "tampered", held)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, fast_driver: Driver) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("bundle")
    project = Project.make(folder, fast_driver)
    runs = folder / "runs"
    project.write("autotune.sh", f"echo >> {runs}\n{project.read('autotune.sh')}")
    project.init()
    kept(project, 5, 4)
    project.ok("bundle", str(folder / "whole"))
    yield Made(folder / "whole", elsewhere(project), runs, folder)
    project.end_workers()


def manifest_with(**values: object) -> Callable[[Members], Members]:
    def change(held: Members) -> Members:
        return {**held, "bundle.json": json.dumps({**json.loads(held["bundle.json"]), **values}).encode()}

    return change


def log_with(change: Callable[[list[dict[str, Any]]], None], *, chained: bool = True) -> Callable[[Members], Members]:
    """Change the log; what is `chained` follows from itself again, and the bundle says so."""

    def changed(held: Members) -> Members:
        bodies = [json.loads(line) for line in held["autotune.jsonl"].splitlines()]
        change(bodies)
        prev, lines = "0" * 64, b""
        for body in bodies:
            line = json.dumps({**body, "prev": prev} if chained else body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            prev, lines = hashlib.sha256(line).hexdigest(), lines + line
        return manifest_with(chain=prev)({**held, "autotune.jsonl": lines})

    return changed


def first_of(bodies: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(one for one in bodies if one["type"] == kind)


def better(bodies: list[dict[str, Any]]) -> None:
    for one in bodies:
        if one["type"] == "run" and one["arm"] == "candidate":
            one["metrics"]["size"] = 1.0


def set_in(kind: str, **values: object) -> Callable[[list[dict[str, Any]]], None]:
    return lambda bodies: first_of(bodies, kind).update(values)


def in_config(**values: object) -> Callable[[list[dict[str, Any]]], None]:
    return lambda bodies: first_of(bodies, "config")["config"].update(values)


def other_words(bodies: list[dict[str, Any]]) -> None:
    first_of(bodies, "candidate")["description"] = "a triumph"


def flipped(held: Members) -> Members:
    pack = bytearray(held["commits.bundle"])
    pack[-40] ^= 0xFF
    return {**held, "commits.bundle": bytes(pack)}


def withheld_everywhere(held: Members) -> Members:
    """Say of a changed line that something was taken out of it, so that its hash is taken from the bundle."""
    lines = held["autotune.jsonl"].splitlines(keepends=True)
    number = next(place for place, line in enumerate(lines) if b'"type":"candidate"' in line)
    said = hashlib.sha256(lines[number]).hexdigest()
    lines[number] = lines[number].replace(b"an attempt", b"a triumph")
    return manifest_with(withheld={str(number + 1): said})({**held, "autotune.jsonl": b"".join(lines)})


def without(name: str) -> Callable[[Members], Members]:
    return lambda held: {key: value for key, value in held.items() if key != name}


def added(name: str) -> Callable[[Members], Members]:
    return lambda held: {**held, name: b"echo\n"}


def refs_with(change: Callable[[dict[str, str]], dict[str, str]]) -> Callable[[Members], Members]:
    return lambda held: manifest_with(refs=change(json.loads(held["bundle.json"])["refs"]))(held)


def moved_branch(refs: dict[str, str]) -> dict[str, str]:
    first = next(sha for name, sha in refs.items() if name.endswith("/1"))
    return {name: first if name.startswith("refs/heads/") else sha for name, sha in refs.items()}


TAMPERED: dict[str, tuple[Callable[[Members], Members], bool, int]] = {
    "a file that leads out": (added("../evil"), True, REFUSED),
    "a file at the root": (added("/evil"), True, REFUSED),
    "a file in a hidden folder": (added("runs/.git/config"), True, REFUSED),
    "a file that nobody knows": (added("autotune.sh"), True, REFUSED),
    "a file that is changed": (lambda held: {**held, "samples.csv": b"none\n"}, False, REFUSED),
    "a file that is gone": (without("samples.csv"), False, REFUSED),
    "no list of what it holds": (without("bundle.json"), False, REFUSED),
    "a list that is none": (lambda held: {**held, "bundle.json": b"[" * 100_000}, False, REFUSED),
    "another form": (manifest_with(form=2), True, REFUSED),
    "a session that leads out": (manifest_with(session="../../x"), True, REFUSED),
    "a branch of others": (manifest_with(branch="main"), True, REFUSED),
    "a base that is an option": (manifest_with(base="--output=evil"), True, REFUSED),
    "a base that nobody has": (manifest_with(base="1" * 40), True, REFUSED),
    "another hash of the log": (manifest_with(chain="1" * 64), True, REFUSED),
    "a ref of others": (refs_with(lambda refs: {**refs, "refs/heads/main": "1" * 40}), True, REFUSED),
    "a branch elsewhere": (refs_with(moved_branch), True, REFUSED),
    "other samples": (lambda held: {**held, "samples.csv": held["samples.csv"].replace(b"5", b"4")}, True, REFUSED),
    "another environment": (lambda held: {**held, "environment.json": b"{}\n"}, True, REFUSED),
    "commits that are none": (lambda held: {**held, "commits.bundle": b"# v2 git bundle\n\nPACK"}, True, REFUSED),
    "a commit that is changed": (flipped, True, REFUSED),
    "a line that is changed": (log_with(other_words, chained=False), True, CANNOT_TELL),
    "a line that is said to lack something": (withheld_everywhere, True, REFUSED),
    "a log that is rewritten": (log_with(other_words), True, CANNOT_TELL),
    "better values": (log_with(better), True, CANNOT_TELL),
    "a log that is cut off": (log_with(lambda bodies: bodies.__delitem__(slice(-2, None))), True, REFUSED),
    "a log of nothing": (log_with(list.clear), True, CANNOT_TELL),
    "another benchmark": (log_with(in_config(benchmark="touch evil")), True, CANNOT_TELL),
    "another pinned benchmark": (log_with(set_in("config", pins="1" * 40)), True, CANNOT_TELL),
    "a commit that is an option": (log_with(set_in("candidate", commit="--output=evil")), True, REFUSED),
    "a folder elsewhere": (log_with(set_in("config", workdir="../..")), True, REFUSED),
    "output elsewhere": (log_with(set_in("run", log="../../../etc/passwd")), True, REFUSED),
    "carried from elsewhere": (log_with(in_config(carry=["../../home"])), True, REFUSED),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_bundle_that_was_tampered_with_is_refused_or_named_and_runs_nothing(made: Made, name: str) -> None:
    change, sealed, code = TAMPERED[name]
    before, clean, files = made.runs.read_text(), traces(made.there), made.there.files()
    bundle = made.tampered(change, sealed=sealed)
    answer = made.there.run("verify", str(bundle), "--yes", "--json")
    assert answer.code == code, answer
    assert answer.json["error"] if code == REFUSED else answer.json["findings"]
    assert made.runs.read_text() == before
    assert (traces(made.there), made.there.files()) == (clean, files)
    assert not [*made.folder.rglob("evil")]


@pytest.mark.parametrize(
    "what", ["a link", "a folder", "twice", "cut off", "no archive", "huge", "more than it says", "a prefix of another"]
)
def test_an_archive_that_is_more_than_plain_files_within_bounds_is_refused(made: Made, what: str) -> None:
    held, path = members(made.bundle), made.folder / "odd"
    whole = made.bundle.read_bytes()
    if what == "a link":
        written(path, {**held, "runs/1/x.log": b"/etc/passwd"}, {"runs/1/x.log": stat.S_IFLNK | 0o777})
    elif what == "a folder":
        written(path, {**held, "runs/1/": b""}, {"runs/1/": stat.S_IFDIR | 0o755})
    elif what == "twice":
        written(path, held)
        with zipfile.ZipFile(path, "a") as again, pytest.warns(UserWarning, match="Duplicate"):
            again.writestr("samples.csv", b"others\n")
    elif what == "huge":  # said to be of 3 GiB
        path.write_bytes(resized(written(path, held).read_bytes(), len(held["samples.csv"]), 3 << 30))
    elif what == "more than it says":
        path.write_bytes(resized(written(path, held).read_bytes(), len(held["samples.csv"]), 10))
    else:
        path.write_bytes({"cut off": whole[:-200], "no archive": b"hello\n", "a prefix of another": b"PK\x03\x04" + bytes(100)}[what])
    before = traces(made.there)
    assert made.there.run("verify", str(path), "--yes", "--json").code == REFUSED
    assert traces(made.there) == before


def resized(archive: bytes, size: int, said: int) -> bytes:
    """Have the list of an archive say another size of a file, which is told by its size."""
    begins = archive.index(b"PK\x01\x02")
    return archive[:begins] + archive[begins:].replace(size.to_bytes(4, "little"), said.to_bytes(4, "little"))


def test_what_was_kept_and_is_in_no_scope_is_named(made: Made) -> None:
    answer = made.there.run("verify", str(made.tampered(log_with(in_config(scope=["tools/**"])))), "--yes", "--json")
    assert answer.code == CANNOT_TELL
    (found,) = [one["fact"] for one in answer.json["findings"] if one["fact"]["kind"] == "kept beyond scope"]
    assert found["figures"]["paths"] == ["src/a.txt"]


def test_nothing_runs_until_somebody_has_seen_the_commands_and_said_yes(made: Made) -> None:
    before = made.runs.read_text()
    for words in ((), ("--json",)):  # nobody is there to answer
        answer = made.there.run("verify", str(made.bundle), *words)
        assert answer.code == CANNOT_TELL, answer
        assert "bash autotune.sh" in answer.out
    answers = made.folder / "answers"
    made.there.given = str(answers)
    answers.write_text("n\n")
    refused = made.there.run("verify", str(made.bundle))
    assert (refused.code, made.runs.read_text()) == (CANNOT_TELL, before)
    assert str(made.runs) in refused.out  # what the script does is shown
    answers.write_text("y\n")
    assert made.there.run("verify", str(made.bundle)).code == CONFIRMED
    made.there.given = os.devnull
    assert made.runs.read_text() != before


def test_what_a_killed_verification_of_a_bundle_left_goes_with_the_next(made: Made) -> None:
    before = traces(made.there)
    begun = made.there.begin("verify", str(made.bundle), "--yes")
    eventually(lambda: any(made.there.outside.glob("cache/autotune/*/*.verify-*/measure.json")))
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    assert traces(made.there) != before
    made.there.run("verify", str(made.bundle))
    assert traces(made.there) == before


def test_what_is_no_bundle_is_refused(made: Made) -> None:
    assert "is no file" in made.there.refused("verify", "nothing-there")
    assert made.there.run("verify", str(made.bundle), "x").code == 2
    assert made.there.run("verify", str(made.bundle), "--session", "x").code == 2
    assert made.there.run("verify", "1", "--yes").code == 2


@pytest.mark.nightly
def test_with_the_sandbox_what_a_bundle_brings_writes_nowhere_else(made: Made) -> None:
    before = made.runs.read_text()
    answer = made.there.run("verify", str(made.bundle), "--yes", "--sandbox", "--json")
    assert answer.code in {CONFIRMED, CANNOT_TELL}  # its benchmark may mind that it cannot write
    assert made.runs.read_text() == before
