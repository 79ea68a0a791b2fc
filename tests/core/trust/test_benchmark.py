"""What benchmark and checks are made of."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autotune.core.output.sources import source
from autotune.core.trust.benchmark import Project, bench_folder, left_open, makes_the_line, parts, watched
from autotune.core.trust.patterns import matcher
from autotune.core.trust.runners import Tree

METRIC = "print(f'METRIC {name}={value}')"


def project(
    texts: dict[str, str],
    scope: tuple[str, ...] = ("**",),
    *,
    checks: tuple[str, ...] = (),
    folder: str = "",
) -> Project:
    scripts = tuple(one for one in ("<benchmark>", "a.sh", f"{folder}/a.sh") if one in texts)
    tracked = [path for path in texts if not path.startswith("<")]
    means = matcher(scope, folder)
    return Project(
        tree=Tree(frozenset(tracked), folder),
        inside={path for path in tracked if means(path) and path not in (*scripts, *checks)},
        scope=scope,
        scripts=(*scripts, *checks),
        checks=checks,
        speaking=tuple(path for path in tracked if "METRIC" in texts[path]),
        text=lambda path: texts.get(path, ""),
    )


def chosen(texts: dict[str, str], scope: tuple[str, ...] = ("**",), checks: tuple[str, ...] = ()) -> set[str]:
    return set(parts(project(texts, scope, checks=checks)))


FILES = {
    "a.sh": "python bench.py data/input.csv < words.txt; python src/main.py",
    "bench.py": 'print("METRIC t=1"); import src.main; open("golden.json"); import clock',
    "src/main.py": "program",
    "clock.py": "clock",
    "golden.json": "{}",
    "data/input.csv": "",
    "words.txt": "",
    "README.md": "METRIC t=1",
    "tests/test_a.py": "",
    "tests/fixtures/a.txt": "",
    "conftest.py": "",
    "pyproject.toml": "",
    "uv.lock": "",
}


def test_what_the_benchmark_names_and_what_tools_load_is_found_and_the_program_is_not() -> None:
    assert chosen(FILES) == FILES.keys() - {"a.sh", "src/main.py", "clock.py", "README.md"}


def test_what_the_scope_names_is_left_to_be_tuned() -> None:
    everything = chosen(FILES)
    freed = {"tests/test_a.py", "tests/fixtures/a.txt", "bench.py", "golden.json"}
    assert chosen(FILES, ("**", "tests/**", "./bench.py", "golden.json")) == everything - freed
    assert chosen(FILES, ("**", "**/pyproject.toml")) == everything - {"pyproject.toml"}
    assert chosen(FILES, ("**", "uv.lock", "tests")) == everything - {"uv.lock", "tests/test_a.py", "tests/fixtures/a.txt"}


@pytest.mark.parametrize("scope", ["**/bench.py", "tools", "tools/*.py", "tools/**"])
def test_what_prints_the_metric_is_free_by_its_own_path_alone(scope: str) -> None:
    assert chosen({"tools/bench.py": METRIC}, (scope,)) == {"tools/bench.py"}
    assert chosen({"tools/bench.py": METRIC}, (scope, "tools/bench.py")) == set()


ROUNDABOUT: dict[str, dict[str, str]] = {
    "a package's script": {"a.sh": "npm run -s bench", "package.json": json.dumps({"scripts": {"bench": "node tools/b.js"}})},
    "a script in a workspace": {"a.sh": "npm -w app run b", "app/package.json": json.dumps({"scripts": {"b": "node ../tools/b.js"}})},
    "make, with what it includes": {"a.sh": "make -C build x", "build/Makefile": "include r.mk", "build/r.mk": "x:\n\tnode ../tools/b.js"},
    "a module": {"a.sh": "python3 -m tools.b"},
    "a variable": {"a.sh": 'node "$DIR/b.js"'},
    "another folder": {"a.sh": "cd tools && node b.js"},
    "a shell's function": {"a.sh": "f() { node tools/$1.js; }; f b"},
    "nothing that is known": {"a.sh": "perhaps-something"},
}


@pytest.mark.parametrize("way", ROUNDABOUT)
@pytest.mark.parametrize(
    "line",
    [METRIC, 'console.log("METRIC", line)', 'printf("METRIC %s=%g\\n", a, b);', "echo METRIC $a=$b", 'say "METRIC " . $line;'],
)
def test_what_prints_the_metric_is_found_whatever_calls_it(way: str, line: str) -> None:
    for path in ("tools/b.js", "tools/b.py", "tools/b.zig"):
        assert chosen({**ROUNDABOUT[way], path: line, "src/main.js": ""}) - {"package.json", "app/package.json"} >= {path}
        assert "src/main.js" not in chosen({**ROUNDABOUT[way], path: line, "src/main.js": ""})


def test_what_lies_in_a_folder_for_benchmarks_is_found_where_one_prints_or_is_run() -> None:
    texts = {"a.sh": "x", "benches/a.c": "", "benches/b/in.dat": "", "app/perf/clock.js": "", "app/main.js": "import './perf/clock'"}
    assert chosen(texts) == set()
    assert chosen({**texts, "benches/p.c": 'puts("METRIC " + x)'}) == {"benches/a.c", "benches/b/in.dat", "benches/p.c"}
    assert chosen({**texts, "package.json": json.dumps({"scripts": {"x": "cc benches/a.c"}})}) >= {"benches/a.c", "benches/b/in.dat"}
    assert chosen({**texts, "a.sh": "cargo bench", "src/sum.bench.ts": "", "src/sum.ts": ""}) >= {"benches/a.c", "src/sum.bench.ts"}
    assert "app/perf/clock.js" not in chosen({**texts, "a.sh": "cargo bench; node app/main.js"})
    assert chosen({**texts, "a.sh": "cargo bench"}, ("benches/**",)) == set()
    assert bench_folder("app/benchmarks/deep/bench/a.py") == "app/benchmarks"


def test_prose_and_tests_that_quote_a_metric_line_are_left_open() -> None:
    texts = {"a.sh": "echo METRIC x=1", "README.md": "METRIC x=1", "docs/a.rst": "METRIC x=1", "tests/test_a.py": METRIC, "LICENSE": METRIC}
    assert chosen(texts, ("**", "tests/**")) == set()
    assert chosen({**texts, "a.sh": "python tests/test_a.py"}, ("**", "tests/**")) == {"tests/test_a.py"}


def test_what_is_read_by_a_called_script_is_found_and_by_others_is_not() -> None:
    scripts = {"bench": "node run.js data/in.csv", "prebench": "node gen.js seeds.txt", "other": "cat page.html"}
    texts = {"a.sh": "npm run bench", "package.json": json.dumps({"scripts": scripts}), "run.js": ""}
    texts |= {"data/in.csv": "", "seeds.txt": "", "page.html": "", "gen.js": ""}
    assert chosen(texts) == {"package.json", "data/in.csv", "seeds.txt"}
    assert chosen(texts, ("data/**", "*.html")) == {"data/in.csv"}


def test_what_scripts_and_runners_take_in_as_parts_of_themselves_is_found() -> None:
    texts = {
        "a.sh": ". lib/own.sh\nmake run",
        "lib/own.sh": "source more.sh",
        "lib/more.sh": "now() { date; }",
        "lib/other.sh": "",
        "src/x.c": "",
    }
    texts |= {"Makefile": "include $(TOP)/mk/rules.inc\n", "mk/rules.inc": "-include deep.inc\nrun: x\n\t./x\n", "mk/deep.inc": ""}
    assert chosen(texts) == texts.keys() - {"a.sh", "lib/other.sh", "src/x.c"}


def test_a_runners_file_that_leads_to_what_prints_is_found_although_it_is_a_program() -> None:
    texts = {"a.sh": "inv speed", "tasks.py": "def speed(c): c.run('node tools/b.js')", "tools/b.js": METRIC, "app/tasks.py": ""}
    assert chosen(texts) == {"tasks.py", "tools/b.js"}


def test_what_the_checks_run_through_a_runner_is_found() -> None:
    texts = {"a.sh": "node main.js", "c.sh": "npm test", "package.json": json.dumps({"scripts": {"test": "node check.js"}})}
    texts |= {"main.js": "", "check.js": ""}
    assert chosen(texts, checks=("c.sh",)) == {"package.json", "check.js"}


def test_two_scripts_that_name_each_other_come_to_an_end() -> None:
    texts = {"a.sh": "b.py", "b.py": "METRIC x=1 c.py", "c.py": "METRIC x=1 b.py a.sh"}
    assert chosen(texts) == {"b.py", "c.py"}


def test_what_a_benchmark_loads_that_prints_the_metric_is_found_with_all_that_leads_there() -> None:
    texts = {
        "a.sh": "python run.py",
        "run.py": "from suite import harness\nimport app.main\nfrom . import words\n",
        "suite/harness.py": "import suite.output, cost\nopen('input.csv')\n",
        "suite/output.py": METRIC,
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
        "bench.mjs": 'import {now} from "./timer"; import "./lib"; import "../out"; import "./data.txt"',
        "timer.ts": "open('clock.json')",
        "clock.json": "",
        "lib/index.js": "",
        "unloaded_timer.py": "",
    }
    assert chosen(texts) == {"bench.mjs", "timer.ts", "clock.json"}
    assert left_open(project(texts), ["bench.mjs", "timer.ts", "clock.json", "data.txt"]) == ("lib/index.js",)


def test_what_the_checks_alone_run_is_found_and_what_they_compile_or_the_benchmark_runs_too_is_not() -> None:
    texts = {"a.sh": "python main.py", "checks.sh": "python check.py; python main.py --self-check; cc part.c", "part.c": "", "main.py": ""}
    texts["check.py"] = "open('expected.txt')"
    texts["expected.txt"] = ""
    assert chosen(texts, checks=("checks.sh",)) == {"check.py", "expected.txt"}
    assert chosen(texts, ("**", "check.py"), checks=("checks.sh",)) == set()


def test_programs_that_load_each_other_are_read_once() -> None:
    texts = {"a.sh": "main.py", "main.py": "import part", "part.py": "import main\nprint('METRIC x=1')"}
    assert chosen(texts) == {"main.py", "part.py"}


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"a.sh": "sed 's/^/METRIC /'"}, True),
        ({"a.sh": "# METRIC\nnode b.js", "b.js": 'log("MET" + "RIC x=1")'}, False),
        ({"a.sh": "node b.js", "b.js": METRIC}, True),
        ({"a.sh": "node b.js", "b.js": "log('METRIC y=1')"}, False),
        ({"a.sh": "npm run b", "package.json": json.dumps({"scripts": {"b": "echo METRIC x=1"}})}, True),
        ({"<benchmark>": "echo METRIC x=1"}, True),
        ({"a.sh": "node b.js", "README.md": "METRIC x=1"}, False),
    ],
)
def test_that_something_prints_the_metric_is_seen_or_not(texts: dict[str, str], *, found: bool) -> None:
    assert makes_the_line(project(texts), "x") is found


def test_the_lines_under_watch_are_those_of_files_that_are_tuned_all_the_same() -> None:
    texts = {"a.sh": "python train.py", "train.py": "x = 1\nprint(f'METRIC loss={x}')\n", "bench.py": METRIC}
    assert watched(project(texts, ("**", "train.py"))) == (("train.py", 2, "print(f'METRIC loss={x}')"),)
    assert watched(project(texts)) == ()


def test_in_a_folder_of_the_repository_scripts_name_files_from_there_and_reach_sibling_packages() -> None:
    texts = {
        "test/app/a.sh": "node ../lib/run.js; node bench.js",
        "test/lib/run.js": 'require("./output"); require("../app/stopwatch.js")',
        "test/lib/output.js": METRIC,
        "test/lib/tests/case.js": "",
        "test/app/bench.js": "",
        "test/app/stopwatch.js": "",
        "test/app/main.js": "",
        "bench.js": METRIC,
    }
    looked_at = project(texts, ("../**", "bench.js"), folder="test/app")
    assert set(parts(looked_at)) == {"test/lib/run.js", "test/lib/output.js", "test/lib/tests/case.js", "test/app/stopwatch.js"}
    assert left_open(looked_at, []) == ("test/app/bench.js", "test/lib/run.js")
    assert set(parts(project(texts, ("../**", "../lib/output.js"), folder="test/app"))) >= {"test/lib/run.js", "test/lib/tests/case.js"}
    assert "test/lib/output.js" not in parts(project(texts, ("../**", "../lib/output.js"), folder="test/app"))


BENCHED = {
    "<benchmark>": "go test -bench .",
    "count.go": "package a",
    "count_test.go": "func BenchmarkCount(b *testing.B) {}",
    "deep/speed_bench.go": "package a",
    "speed.go": "package a // for testing.B",
}


def read_from(texts: dict[str, str], spec: str, scope: tuple[str, ...] = ("**",)) -> Project:
    found = source(spec)
    assert found is not None
    held = tuple(path for path in texts if not path.startswith("<") and found.held and found.held in texts[path])
    return replace(project(texts, scope), source=found, speaking=held)


def test_another_tools_benchmarks_are_what_measures_wherever_they_lie() -> None:
    assert set(parts(read_from(BENCHED, "go"))) == {"count_test.go", "deep/speed_bench.go"}
    assert makes_the_line(read_from(BENCHED, "go"), "ns/op")
    assert watched(read_from(BENCHED, "go", ("**", "count_test.go"))) == ()


@pytest.mark.parametrize(
    ("spec", "command", "files", "seen"),
    [
        ("go", "go test -bench .", {"a.go": "package a"}, False),
        ("hyperfine", "hyperfine ./a", {"a.c": ""}, True),
        ("json:out.json", "python run.py", {"run.py": "open('out.json', 'w')"}, True),
        ("json:out.json", "make", {"run.py": ""}, False),
        ("json", "python run.py", {"a.sh": "python run.py", "run.py": ""}, True),
        ("regex:a=([0-9]+)", "make", {"run.py": ""}, False),
    ],
)
def test_whether_something_is_seen_to_make_what_is_read(spec: str, command: str, files: dict[str, str], *, seen: bool) -> None:
    assert makes_the_line(read_from({"<benchmark>": command, **files}, spec), "t") is seen


def test_a_tool_that_finds_its_benchmarks_by_itself_runs_all_that_they_load() -> None:
    texts = {
        "<benchmark>": "npx vitest bench",
        "check.sh": "node check.js",
        "check.js": "require('./trie.js')",
        "bench/a.bench.mjs": "import Trie from '../trie.js'; bench('add', () => 0)",
        "trie.js": "require('./map.js')",
        "map.js": "",
    }
    held = replace(read_from(texts, "vitest:bench.json"), scripts=("<benchmark>", "check.sh", "check.js"), checks=("check.sh", "check.js"))
    assert set(parts(held)) == {"bench/a.bench.mjs", "check.js"}
    assert {"trie.js", "map.js"} <= set(held.loaded)
