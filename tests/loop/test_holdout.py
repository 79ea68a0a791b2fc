"""The hold-out and the sandbox, in a session, from the command line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.cheats.project import COUNT, FILES, QUICK, Project, opened

from autotune.edges import sandbox
from autotune.edges.sandbox import Walls

_TRIED = subprocess.run(["/bin/sh", "-c", sandbox.walled_in("true", Walls(()))], capture_output=True, check=False, timeout=30)
sandboxed = pytest.mark.skipif(_TRIED.returncode != 0, reason="this system has no sandbox")
HOLDOUT = f"""holdout = '{QUICK} "$AUTOTUNE_HOLDOUT/secret.py"'\n"""
UNSEEN = """\
import sys
sys.path.insert(0, ".")
print("the secret's own words")
from app.count import total
assert total(range(1000), lambda: None) == 499500, "the secret's own words"
"""
FASTER = COUNT.replace("        tick()\n        tick()\n", "        tick()\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("holdout")
    made = opened(folder / "project", settings=HOLDOUT)
    (folder / "secret.py").write_text(UNSEEN)
    said = made.autotune("holdout", "set", str(folder / "secret.py"))
    assert "the hold-out has 1 file;" in said.out
    return made


def test_what_passes_the_benchmark_and_not_the_holdout_is_discarded_without_a_word_of_it(project: Project) -> None:
    kept = project.kept()
    project.write("app/count.py", FASTER.replace("    result = 0\n", "    numbers = list(numbers)[:600]\n    result = 0\n"))
    said = project.autotune("try", "--description", "special-cased")
    assert "reason: does not generalise\n" in said.out
    assert "verdict: discard" in said.out
    assert project.kept() == kept
    everywhere = b"".join(path.read_bytes() for path in project.top.rglob("*") if path.is_file())
    assert b"own words" not in everywhere + said.all.encode()
    for command in ("brief", "explain", "status", "check"):
        assert "own words" not in project.autotune(command).all
    project.tidy()


def test_what_passes_both_is_kept_whatever_the_holdout_writes_beside_itself(project: Project) -> None:
    secret = project.holdout / "secret.py"
    more = secret.with_name("more.py")
    more.write_text("expected = 499500\n")
    secret.write_text("import more\n" + UNSEEN + "open(__file__ + '.seen', 'w').close()\n")
    project.write("app/count.py", FASTER)
    assert "verdict: keep" in project.autotune("try", "--description", "half the ticks").out
    assert project.autotune("holdout", "status").out == "the hold-out has 2 files; its command runs before every keep\n"
    more.unlink()
    secret.write_text(UNSEEN)


def test_its_folder_is_its_owners_alone_and_its_names_are_not_said(project: Project) -> None:
    assert project.holdout.stat().st_mode & 0o777 == 0o700
    said = project.autotune("holdout", "status").out
    assert said == "the hold-out has 1 file; its command runs before every keep\n"


def test_a_holdout_that_fails_without_the_change_too_accuses_nobody(project: Project) -> None:
    project.tidy()
    secret = project.holdout / "secret.py"
    text = secret.read_text()
    secret.write_text("raise SystemExit(3)\n")
    project.write("app/count.py", "def total(numbers, tick):\n    return sum(numbers)\n")
    said = project.autotune("try", "--description", "no ticks at all")
    assert "verdict: void" in said.out
    assert "the hold-out fails without the change too" in said.out
    secret.write_text(text)
    project.tidy()


def test_a_holdout_that_fails_once_is_asked_again(tmp_path: Path) -> None:
    project, seen = opened(tmp_path / "flaky", settings=HOLDOUT), tmp_path / "seen"
    (tmp_path / "secret.py").write_text(
        f"import os\nif not os.path.exists({str(seen)!r}):\n    open({str(seen)!r}, 'w').close()\n    raise SystemExit(3)\n"
    )
    project.autotune("holdout", "set", str(tmp_path / "secret.py"))
    project.write("app/count.py", FASTER)
    said = project.autotune("try", "--description", "half the ticks")
    assert "verdict: keep" in said.out
    assert "the hold-out failed once" in said.out
    assert project.autotune("check").code == 0


def test_it_lies_outside_the_repository_and_goes_with_the_session(tmp_path: Path) -> None:
    project = opened(tmp_path / "cleared")
    assert project.autotune("holdout", "status").out == "there is no hold-out; `autotune holdout set FILE...` makes one\n"
    assert project.autotune("holdout", "status", "--json").json == {"files": 0, "configured": False}
    (tmp_path / "secret.py").write_text(UNSEEN)
    project.autotune("holdout", "set", str(tmp_path / "secret.py"))
    place = project.holdout
    assert not place.is_relative_to(project.top)
    assert [path.name for path in place.iterdir()] == ["secret.py"]
    said = project.autotune("clear", "--yes")
    assert f"{place.parent}/" in said.all
    assert not place.exists()


@sandboxed
def test_in_the_sandbox_a_run_cannot_write_elsewhere_nor_read_what_proves_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("sandbox")
    project = opened(folder / "project", settings="sandbox = true\n")
    project.write("app/count.py", FASTER + f'\nopen("{folder}/cached", "w").write("x")\n')
    said = project.autotune("try", "--description", "writes elsewhere")
    assert "verdict: discard" in said.out
    assert not (folder / "cached").exists()
    project.tidy()
    project.write("app/count.py", FASTER + f'\nassert not open("{project.ledger}").read()\n')
    assert "verdict: discard" in project.autotune("try", "--description", "reads the log").out
    project.tidy()
    others = Path(os.environ["XDG_DATA_HOME"]) / "autotune"
    (others / "another" / "holdout").mkdir(parents=True, exist_ok=True)
    sees = f"""
import os
try:
    seen = open("{project.top}/autotune.jsonl").read()
except PermissionError:
    seen = ""
assert not seen and not os.listdir("{others}")
"""
    project.write("app/count.py", FASTER + sees + 'import tempfile\ntempfile.TemporaryFile().write(b"x")\nopen("made", "w").close()\n')
    assert "verdict: keep" in project.autotune("try", "--description", "writes where it may").out


@pytest.mark.nightly
@sandboxed
@pytest.mark.parametrize(("benchmark", "offered"), [("bench.py", True), ("writes_elsewhere.py", False), ("waits.py", False)])
def test_the_sandbox_is_offered_where_it_works_with_this_benchmark(tmp_path: Path, benchmark: str, *, offered: bool) -> None:
    project = Project(tmp_path / "project")
    project.top.mkdir()
    for path, text in FILES.items():
        project.write(path, text)
    project.write("writes_elsewhere.py", f"open({str(tmp_path / 'list')!r}, 'a').write('x')\nimport bench\n")
    waits = f"""
import time
try:
    open({str(tmp_path / "list")!r}, "a").write("x")
except OSError:
    time.sleep(3600)
import bench
"""
    project.write("waits.py", waits)
    project.write("autotune.sh", f"exec {QUICK} {benchmark}\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "The project"]):
        project.git(*words)
    said = project.autotune("init", "--name", "cheats", "--metric", "cost")
    assert said.code == 0
    assert ("work in the sandbox too; with --sandbox on" in said.err) is offered
    assert ("do not work in the sandbox" in said.err) is not offered
