"""What a candidate may not bring or change, whatever its scope."""

from __future__ import annotations

import pytest

from autotune.core.facts import Fact
from autotune.core.findings import Objection
from autotune.core.trust.protection import goes_without_saying, is_compiled, leads_out, loads, shadows, tells_on_itself


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


def test_what_is_protected_for_its_name_alone_goes_without_saying() -> None:
    paths = ("pyproject.toml", "tests/a.txt", "a_test.go", "tools/bench.js", "rules.mk")
    assert [path for path in paths if goes_without_saying(path)] == ["pyproject.toml", "tests/a.txt", "a_test.go", "rules.mk"]
    assert [path for path in ("a.c", "a.py", "a.rs", "a.txt") if is_compiled(path)] == ["a.c", "a.rs"]


@pytest.mark.parametrize("path", ["timeit.py", "bench/json.py", "json/__init__.py", "bench/random.cpython-311.so"])
def test_a_new_module_where_python_looks_first_shadows_its_own(path: str) -> None:
    assert shadows(path, roots={"", "bench"}, modules={"timeit", "json", "random"}, commands=()) is not None


def test_a_module_of_a_package_shadows_nothing() -> None:
    assert shadows("app/json.py", roots={"", "bench"}, modules={"json"}, commands=()) is None
    assert shadows("app/json/__init__.py", roots={""}, modules={"json"}, commands=()) is None


def test_a_new_file_by_the_name_of_a_command_that_the_benchmark_runs_shadows_it() -> None:
    assert shadows("bin/python3", roots=(), modules=(), commands={"python3"}) is not None
    assert shadows("bin/python3.py", roots=(), modules=(), commands={"python3"}) is None


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
    for before, after in (
        ("x = 1\n", 'print("METRIC time_ms=1")\n'),
        ("x = 1\n", 'print(f"METRIC {name}=1")\n'),
        ("x = 1\n", 'if "AUTOTUNE_RUN" in os.environ: pass\n'),
        ("x = 1\n", 'if os.environ["AUTOTUNE_SEED"] == "1": pass\n'),
        ('seed = os.environ["AUTOTUNE_SEED"]', 'seed = os.environ["AUTOTUNE_SEED"] or os.environ["AUTOTUNE_RUN"]'),
    ):
        assert tells_on_itself(before, after, watched=False) is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "METRIC_NAMES = {}\nclass METRIC: pass\n"),
        ("", 'METRIC = "euclidean"  # distances in METRIC units\n'),
        ('print("METRIC loss=1")', 'x = 1\n    print("METRIC loss=1")'),
        ('seed = os.environ["AUTOTUNE_SEED"]', 'seed, other = os.environ["AUTOTUNE_SEED"], os.environ["AUTOTUNE_SEED"]'),
        ("", "# tuned by hand, not by autotune\n"),
    ],
)
def test_what_prints_nothing_new_tells_nothing(before: str, after: str) -> None:
    assert tells_on_itself(before, after, watched=True) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('print("METRIC loss=1")', 'print("METRIC loss=2")'),
        ('print("METRIC a=1")\nprint("METRIC b=1")', 'print("METRIC a=1")'),
        ('print("METRIC a=1")\nprint("METRIC b=1")', 'print("METRIC b=1")\nprint("METRIC a=1")'),
        ('print(\n    f"METRIC a="\n    f"{loss}"\n)', 'print(\n    f"METRIC a="\n    f"{loss / 2}"\n)'),
        ('print("METRIC a=1")', ""),
    ],
)
def test_a_metric_line_under_watch_stays_as_it_is(before: str, after: str) -> None:
    found = tells_on_itself(before, after, watched=True)
    assert found is not None
    assert found.kind is Objection.CHANGES_A_METRIC_LINE
    assert tells_on_itself(before, after, watched=False) is None


def test_the_file_in_which_the_benchmark_leaves_its_results_may_not_be_named_anew() -> None:
    said = tells_on_itself("x", "open('out.json', 'w')", watched=False, results="out.json")
    assert said == Fact(Objection.NAMES_THE_RESULTS, {"path": "out.json"})
    assert tells_on_itself("out.json", "read(out.json)", watched=False, results="out.json") is None


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
    assert said == Fact(Objection.HIDES_A_FILE, {"path": original})


@pytest.mark.parametrize("path", ["bench.h", "b/__init__.py", "a/harness.so", "b/timer.css", "other.js"])
def test_files_of_other_kinds_or_folders_shadow_nothing_that_is_pinned(path: str) -> None:
    assert shadows(path, roots=(), modules=(), commands=(), pinned={"bench.c", "b/harness.py", "b/timer.ts", "other.py"}) is None
