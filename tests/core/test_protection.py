"""What a candidate may not bring or change, whatever its scope."""

from __future__ import annotations

import pytest

from autotune.core.protection import commands_in, leads_out, left_open, loads, measured_with, modules_in, shadows, tells_on_itself


@pytest.mark.parametrize(
    "path",
    [
        *("conftest.py", "src/deep/conftest.py", "sitecustomize.py", "usercustomize.py", "a/hook.pth", ".env", ".env.local", ".npmrc"),
        *("tox.ini", "pytest.ini", "setup.cfg", "pyproject.toml", "package.json", ".cargo/config.toml", "x/.cargo/config.toml", "Makefile"),
        *("app/__pycache__/bench.cpython-311.pyc", "pytest.toml", ".pnp.cjs", "build.gradle.kts", "bun.lock"),
        *("package-lock.json", "uv.lock", "jest.config.mjs", "requirements-dev.txt"),
    ],
)
def test_what_tools_load_by_themselves_is_recognised_at_any_depth(path: str) -> None:
    assert loads(path) is not None


@pytest.mark.parametrize("path", ["src/main.py", "environment.py", "src/config.toml", "env", "makefile.py", "my_conftest.py", "pth"])
def test_ordinary_files_load_nothing(path: str) -> None:
    assert loads(path) is None


@pytest.mark.parametrize("path", ["timeit.py", "bench/json.py", "json/__init__.py", "bench/random.cpython-311.so"])
def test_a_new_module_where_python_looks_first_shadows_its_own(path: str) -> None:
    assert shadows(path, roots={"", "bench"}, modules={"timeit", "json", "random"}, commands=()) is not None


def test_a_module_of_a_package_shadows_nothing() -> None:
    assert shadows("app/json.py", roots={"", "bench"}, modules={"json"}, commands=()) is None
    assert shadows("app/json/__init__.py", roots={""}, modules={"json"}, commands=()) is None


def test_a_new_file_by_the_name_of_a_command_that_the_benchmark_runs_shadows_it() -> None:
    commands = commands_in(["exec python3 bench.py | sort", "make -j4"])
    assert {"exec", "python3", "sort", "make"} <= commands
    assert commands.isdisjoint({"bench.py", "j"})
    assert shadows("bin/python3", roots=(), modules=(), commands=commands) is not None
    assert shadows("bin/python3.py", roots=(), modules=(), commands=commands) is None


@pytest.mark.parametrize(
    ("path", "target", "out"),
    [
        ("src/a", "/etc/passwd", True),
        ("src/a", "../../x", True),
        ("a", "..", True),
        ("a", "../x", True),
        ("src/a", "../.git/autotune", True),
        ("src/a", "../b", False),
        ("a", "b/c", False),
        ("src/deep/a", "../../README.md", False),
    ],
)
def test_links_are_known_by_where_they_lead(path: str, target: str, *, out: bool) -> None:
    assert leads_out(path, target) is out


def test_new_metric_lines_and_looks_at_autotunes_variables_tell_on_a_change() -> None:
    assert tells_on_itself("x = 1\n", 'print("METRIC time_ms=1")\n') is not None
    assert tells_on_itself("x = 1\n", 'print(f"METRIC {name}=1")\n') is not None
    assert tells_on_itself("x = 1\n", 'if "AUTOTUNE_RUN" in os.environ: pass\n') is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "METRIC_NAMES = {}\nclass METRIC: pass\n"),
        ('print("METRIC loss=1")', 'print("METRIC loss=2")'),
        ('print("METRIC a=1")\nprint("METRIC b=1")', 'print("METRIC a=1")'),
        ("", "# tuned by hand, not by autotune\n"),
    ],
)
def test_what_was_there_before_tells_nothing(before: str, after: str) -> None:
    assert tells_on_itself(before, after) is None


FILES = {
    "autotune.sh": "python bench.py data/input.csv < words.txt; python src/main.py",
    "bench.py": 'print("METRIC t=1"); import src.main; open("golden.json"); import clock',
    "src/main.py": "program",
    "clock.py": "clock",
    "golden.json": "{}",
    "data/input.csv": "",
    "words.txt": "",
    "README.md": "",
    "tests/test_a.py": "",
    "tests/fixtures/a.txt": "",
    "conftest.py": "",
    "pyproject.toml": "",
    "uv.lock": "",
}


def found(scope: tuple[str, ...], allow: tuple[str, ...] = ()) -> set[str]:
    return set(measured_with(FILES.keys() - {"autotune.sh"}, scope, allow, ["autotune.sh"], FILES.__getitem__))


def test_what_the_benchmark_names_and_what_tools_load_is_found_and_the_program_is_not() -> None:
    assert found(("**",)) == FILES.keys() - {"autotune.sh", "src/main.py", "clock.py", "README.md"}


def test_what_the_scope_names_or_a_person_allows_is_left_to_be_tuned() -> None:
    everything = found(("**",))
    assert found(("**", "tests/**", "bench.py", "golden.json")) == everything - {
        "tests/test_a.py",
        "tests/fixtures/a.txt",
        "bench.py",
        "golden.json",
    }
    assert found(("**", "**/pyproject.toml")) == everything - {"pyproject.toml"}
    assert found(("**",), ("uv.lock", "tests")) == everything - {"uv.lock", "tests/test_a.py", "tests/fixtures/a.txt"}


def test_two_scripts_that_name_each_other_come_to_an_end() -> None:
    texts = {"a.sh": "b.py", "b.py": "METRIC x=1 c.py", "c.py": "METRIC x=1 b.py a.sh"}
    assert set(measured_with({"b.py", "c.py"}, ("**",), (), ["a.sh"], texts.__getitem__)) == {"b.py", "c.py"}


def chosen(texts: dict[str, str], scope: tuple[str, ...] = ("**",), allow: tuple[str, ...] = (), checks: tuple[str, ...] = ()) -> set[str]:
    return set(measured_with(texts.keys(), scope, allow, ["a.sh", *checks], lambda path: texts.get(path, ""), checks))


def test_what_a_benchmark_loads_that_prints_the_metric_is_found_with_all_that_leads_there() -> None:
    texts = {
        "a.sh": "python run.py",
        "run.py": "from suite import harness\nimport app.main\nfrom . import words\n",
        "suite/harness.py": "import suite.output, cost\nopen('input.csv')\n",
        "suite/output.py": "print(f'METRIC {name}={value}')",
        "suite/input.csv": "",
        "app/main.py": "import app.tools\nopen('app/page.html')\n",
        "app/tools.py": "",
        "app/page.html": "",
        "words.py": "",
        "cost.py": "",
    }
    assert chosen(texts) == {"run.py", "suite/harness.py", "suite/output.py", "suite/input.csv"}
    assert chosen(texts, ("**", "run.py"), ("suite/output.py",)) == {"suite/harness.py", "suite/input.csv"}


def test_what_is_loaded_and_named_for_measuring_is_found() -> None:
    texts = {
        "a.sh": "value=$(node bench.mjs); echo METRIC t=$value",
        "bench.mjs": 'import {now} from "./timer"; import "./lib"; import "../out"',
        "timer.ts": "",
        "lib/index.js": "",
        "unloaded_timer.py": "",
    }
    assert chosen(texts) == {"bench.mjs", "timer.ts"}
    assert left_open(texts.keys(), ["bench.mjs", "timer.ts", "data.txt"], ["a.sh"], texts.__getitem__) == ("lib/index.js",)


def test_what_the_checks_alone_run_is_found_and_what_they_compile_or_the_benchmark_runs_too_is_not() -> None:
    texts = {"a.sh": "python main.py", "checks.sh": "python check.py; python main.py --self-check; cc part.c", "part.c": "", "main.py": ""}
    texts["check.py"] = "open('expected.txt')"
    texts["expected.txt"] = ""
    assert chosen(texts, checks=("checks.sh",)) == {"check.py", "expected.txt"}
    assert chosen(texts, ("**", "check.py"), checks=("checks.sh",)) == set()


def test_programs_that_load_each_other_are_read_once() -> None:
    texts = {"a.sh": "main.py", "main.py": "import part", "part.py": "import main\nprint('METRIC x=1')"}
    assert chosen(texts) == {"main.py", "part.py"}


def test_the_modules_that_programs_and_command_lines_load_are_known_by_their_first_name() -> None:
    text = "import numpy.linalg as la, os\nfrom pluggy import hooks\nfrom .own import x\nfrom (\n"
    assert modules_in([text, "python -m pytest -q", "exec python -mtool"]) >= {"numpy", "os", "pluggy", "pytest", "tool"}
    assert "own" not in modules_in([text])


@pytest.mark.parametrize(
    ("path", "original"),
    [
        ("harness/__init__.py", "harness.py"),
        ("b/harness.cpython-311-x86_64-linux-gnu.so", "b/harness.py"),
        ("b/timer.js", "b/timer.ts"),
        ("timer.json", "timer.node"),
    ],
)
def test_a_new_file_that_a_loader_finds_before_a_pinned_one_shadows_it(path: str, original: str) -> None:
    said = shadows(path, roots=(), modules=(), commands=(), pinned={original, "other.py"})
    assert said == f"would be loaded in place of {original}"


@pytest.mark.parametrize("path", ["bench.h", "b/__init__.py", "a/harness.so", "b/timer.css", "other.js"])
def test_files_of_other_kinds_or_folders_shadow_nothing_that_is_pinned(path: str) -> None:
    assert shadows(path, roots=(), modules=(), commands=(), pinned={"bench.c", "b/harness.py", "b/timer.ts", "other.py"}) is None


def test_in_a_folder_of_the_repository_scripts_name_files_from_there_and_reach_sibling_packages() -> None:
    texts = {
        "test/app/a.sh": "node ../lib/run.js; node bench.js",
        "test/lib/run.js": 'require("./output"); require("../app/stopwatch.js")',
        "test/lib/output.js": "METRIC x=1",
        "test/lib/tests/case.js": "",
        "test/app/bench.js": "",
        "test/app/stopwatch.js": "",
        "test/app/main.js": "",
        "bench.js": "",
    }
    found = measured_with(texts.keys(), ("../**",), ("bench.js",), ["test/app/a.sh"], texts.__getitem__, (), "test/app")
    assert set(found) == {"test/lib/run.js", "test/lib/output.js", "test/lib/tests/case.js", "test/app/stopwatch.js"}
    assert left_open(texts.keys(), [], ["test/app/a.sh"], texts.__getitem__, "test/app") == ("test/app/bench.js", "test/lib/run.js")
