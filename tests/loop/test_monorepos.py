"""Sessions in a package of a repository that holds several."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.loop.project import Driver, Project

from autotune.hooks import locating as hooks
from autotune.hooks import scope

# The size of the package's own text and of that to which a link of the hoisted folder leads.
BENCHMARK = """set -eo pipefail
size=$(cat src/*.txt ../../node_modules/@org/lib/src/*.txt | wc -c)
echo METRIC size=$size
"""
INIT = ("init", "--name", "x", "--metric", "size", "--once", "--scope", "src/**", "--scope", "../lib/src/**")


@pytest.fixture
def project(tmp_path: Path, driver: Driver) -> Iterator[Project]:
    """A session's folder `packages/app` beside `packages/lib`, with a hoisted folder of dependencies that git ignores."""
    made = Project.make(tmp_path, driver)
    for one in ("app", "lib"):
        made.write(f"packages/{one}/src/a.txt", f"{one} " * 9 + "\n")
        made.write(f"packages/{one}/package.json", "{}\n")
    made.write("package.json", "{}\n")
    made.write("packages/lib/src/timer.sh", "echo METRIC time=1\n")
    made.write("packages/lib/test/a_test.py", "\n")
    made.write(".gitignore", "node_modules/\n")
    made.git("add", "packages", "package.json", ".gitignore")
    made.git("commit", "-qm", "packages")
    (made.top / "node_modules/@org").mkdir(parents=True)
    (made.top / "node_modules/@org/lib").symlink_to("../../packages/lib")
    made.write("packages/app/autotune.sh", BENCHMARK)
    made.write("packages/app/autotune.toml", made.read("autotune.toml"))
    for name in ("autotune.sh", "autotune.toml"):
        (made.top / name).unlink()
    made.folder = made.top / "packages/app"
    yield made
    made.end_workers()


def test_a_scope_and_what_is_carried_reach_to_sibling_packages_and_the_top(project: Project) -> None:
    assert "--carry ../../node_modules" in project.run(*INIT).err
    assert "what git ignores: ../../node_modules" in project.run("doctor", "--json").out
    project.ok(*INIT, "--carry", "../../node_modules")
    project.write("packages/lib/src/a.txt", "lib\n")
    project.write("packages/lib/src/new.txt", "n\n")
    project.write("notes.txt", "the user's\n")
    assert project.attempt()["status"] == "keep"
    assert project.results()[-1]["files"] == ["packages/lib/src/a.txt", "packages/lib/src/new.txt"]
    kept = project.files(without=())
    project.write("packages/lib/src/a.txt", "longer " * 99)
    project.write("packages/lib/src/sub/more.txt", "more\n")
    project.write("packages/app/src/a.txt", "also longer " * 99)
    assert project.attempt()["status"] == "discard"
    records = {b"packages/app/autotune.jsonl", b"packages/app/.autotune.state"}
    assert {k: v for k, v in project.files(without=()).items() if k not in records} == {k: v for k, v in kept.items() if k not in records}
    project.agree()


def test_what_decides_what_is_measured_is_protected_in_sibling_packages_too(project: Project) -> None:
    project.ok("init", "--name", "x", "--metric", "size", "--once", "--scope", "../**", "--carry", "../../node_modules")
    for path, named in {
        "packages/lib/package.json": "packages/lib/package.json is protected",
        "packages/lib/test/a_test.py": "packages/lib/test/a_test.py is protected",
        "package.json": "package.json is outside the scope",
        "packages/app/autotune.sh": "autotune.sh",
    }.items():
        project.write("packages/lib/src/a.txt", "lib\n")
        project.write(path, '{"edited": 1}\n')
        answer = project.run("try", "-d", "x")
        assert named in answer.all, answer
        project.git("checkout", "-q", ".")
    project.write("packages/lib/setup.cfg", "\n")
    assert "packages/lib/setup.cfg would change what the benchmark loads" in project.refused("try", "-d", "x")


def test_a_program_above_that_the_benchmark_names_is_protected(project: Project) -> None:
    program = "import glob\nprint('METRIC size=', sum(len(open(one).read()) for one in glob.glob('src/*.txt')), sep='')\n"
    project.write("packages/lib/src/measure.py", program)
    project.git("add", "packages")
    project.git("commit", "-qm", "a program")
    command = f"{sys.executable} ../lib/src/measure.py"
    project.ok("init", "--name", "x", "--metric", "size", "--once", "--scope", "../**", "--command", command)
    project.write("packages/lib/src/measure.py", "print('METRIC size=1')\n")
    assert "packages/lib/src/measure.py is protected" in project.refused("try", "-d", "x")


@pytest.mark.parametrize("option", ["scope", "protect", "carry"])
def test_a_path_that_leads_out_of_the_repository_is_refused_with_its_key(project: Project, option: str) -> None:
    said = project.refused(*INIT, f"--{option}", "../../../elsewhere")
    assert f"In `{option}`" in said
    assert "leads out of the repository" in said
    assert "2 times ../" in said


JUDGED = {
    "packages/lib/src/a.txt": scope.IN_SCOPE,
    "packages/lib/src/b.txt": scope.NARROWED,
    "packages/app/src/a.txt": scope.NARROWED,
    "packages/app/autotune.sh": scope.PROTECTED,
    "packages/app/autotune.md": scope.NOTES,
    "packages/lib/autotune.md": scope.OUTSIDE,
    "package.json": scope.OUTSIDE,
}


def test_a_narrowed_scope_and_an_edit_are_judged_in_sibling_packages(project: Project) -> None:
    project.ok(*INIT, "--carry", "../../node_modules")
    project.write("packages/lib/src/a.txt", "lib\n")
    assert project.attempt()["status"] == "keep"
    project.ok("repair", "--playbook", "shrink_scope")
    assert "../lib/src/a.txt" in project.ok("status", "--json").out + project.ok("brief").out
    session = hooks.Known(str(project.session), json.loads((project.session / "hook.json").read_bytes()))
    kinds = {path: scope.kind_of(session, str(project.top / path)) for path in JUDGED}
    assert kinds == JUDGED
    project.write("packages/lib/src/a.txt", "l\n")
    assert project.attempt()["status"] == "keep"


def test_a_benchmark_that_lacks_what_git_ignores_is_told_how_to_bring_it_along(project: Project) -> None:
    hint = project.refused(*INIT).partition("\nhint: ")[2]
    assert "--carry ../../node_modules" in hint


def test_what_is_carried_leads_to_the_candidate_and_not_back_to_the_checkout(project: Project) -> None:
    link = project.top / "node_modules/@org/lib"
    link.unlink()
    link.symlink_to(project.top / "packages/lib")
    project.ok(*INIT, "--carry", "../../node_modules")
    for text in ("lib\n", "l\n"):
        project.write("packages/lib/src/a.txt", text)
        assert project.attempt()["status"] == "keep"
    assert link.readlink() == project.top / "packages/lib"


def test_a_python_environment_loads_the_candidate_and_one_that_does_not_is_named(project: Project) -> None:
    site = project.top / ".venv/lib/python3.1/site-packages"
    site.mkdir(parents=True)
    project.write(".venv/pyvenv.cfg", f"home = {Path(sys.executable).parent}\n")
    (site / "lib.pth").write_text(f"{project.top}/packages/lib/src\n")
    project.write(".gitignore", "node_modules/\n.venv/\n")
    site_packages = "$(echo $VENV/lib/python*/site-packages)"
    project.write("packages/app/autotune.sh", f"cat $(cat {site_packages}/lib.pth)/a.txt > out; echo METRIC size=$(wc -c < out)\n")
    project.git("commit", "-qam", "an environment")
    project.environment = {"VENV": str(project.top / ".venv"), "VIRTUAL_ENV": str(project.top / ".venv")}
    said = project.refused(*INIT)
    assert "does not measure this code" in said
    assert f"{site}/lib.pth" in said
    project.environment = {"VENV": "../../.venv"}
    project.ok(*INIT, "--carry", "../../.venv")
    project.write("packages/lib/src/a.txt", "lib\n")
    assert project.attempt()["status"] == "keep"
