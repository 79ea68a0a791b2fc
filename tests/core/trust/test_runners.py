"""What scripts, and the files of what runs scripts, name."""

from __future__ import annotations

import json

import pytest

from autotune.core.trust.runners import Tree, called, commands_in, is_runner, led_to, modules_in, named, words_in

TREE = Tree(
    frozenset(
        (
            *("run.py", "tools/bench.js", "tools/deep/run.py", "app/tools/bench.js", "app/main.py", "bench/index.ts", "cmd/b/main.go"),
            *("suite/__main__.py", "suite/one.py", "src/lib/two.py", "crate/src/bin/w.rs", "crate/benches/w.rs", "crate/Cargo.toml"),
            *("shared/x.sh", "docs/text", "data/in.csv", "app/data/in.csv"),
        )
    )
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("node tools/bench.js", {"tools/bench.js"}),
        ("cd app && node tools/bench.js", {"tools/bench.js", "app/tools/bench.js"}),
        ("node tools/bench", {"tools/bench.js"}),
        ("sh ./shared/x.sh < data/in.csv", {"shared/x.sh", "data/in.csv"}),
        ("python -m suite", {"suite/__main__.py"}),
        ("python3 -m suite.one -v", {"suite/one.py"}),
        ("python -c 'import suite.one; suite.one.main()'", {"suite/one.py"}),
        ("PYTHONPATH=src python -m lib.two", {"src/lib/two.py"}),
        ('python "$HERE/deep/run.py" < "${HERE}"/in.csv', {"tools/deep/run.py", "data/in.csv", "app/data/in.csv"}),
        ('python "$(cd "$(dirname "$0")" && pwd)/deep/run.py" < $(cat where)/in.csv', {"tools/deep/run.py"}),
        ("grep run.py tools/deep/*; grep in data", {"run.py", "tools/deep/run.py"}),
        ("grep text docs/*", set()),
    ],
)
def test_commands_name_files_from_where_they_run(text: str, found: set[str]) -> None:
    assert set(named(TREE, "autotune.sh", text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("node somewhere/../bench.js", {"tools/bench.js", "app/tools/bench.js"}),
        ("uv run suite.one:main", {"suite/one.py"}),
        ("go run ./cmd/b", {"cmd/b/main.go"}),
        ("node bench", {"bench/index.ts"}),
        ("node app/main", set()),
    ],
)
def test_what_commands_may_mean_besides_is_found_by_the_end_of_a_path_and_a_folders_entry(text: str, found: set[str]) -> None:
    assert set(led_to(TREE, "autotune.sh", text)) == found


def test_a_working_directory_is_where_names_begin() -> None:
    tree = Tree(TREE.paths, "app")
    assert set(named(tree, "app/autotune.sh", "node tools/bench.js; sh ../shared/x.sh")) == {"app/tools/bench.js", "shared/x.sh"}


def test_programs_are_taken_at_their_word() -> None:
    assert set(led_to(TREE, "x.py", "open('in.csv')\nimport suite.one")) == {"suite/one.py"}
    assert set(led_to(TREE, "tools/a.js", "import './bench'; import 'other/bench'")) >= {"tools/bench.js"}


def test_cargo_runs_what_lies_in_its_folders() -> None:
    assert set(led_to(TREE, "crate/Cargo.toml", "[[bench]]\nname = 'w'\n")) >= {"crate/src/bin/w.rs", "crate/benches/w.rs"}


@pytest.mark.parametrize("path", ["package.json", "a/Makefile", "GNUmakefile", "b/rules.mk", "justfile", "Taskfile.yml", "tox.ini"])
def test_a_runners_file_is_known_by_its_name(path: str) -> None:
    assert is_runner(path)
    assert not is_runner(f"{path}.md")


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("Makefile", "B := x.js\nall: y\n\tcc y\n\nbench: data.csv\n\tnode $(B)\n\n\t@true\n", "bench: data.csv\n\tnode $(B)\n\n\t@true"),
        ("tox.ini", "[testenv]\nx\n[testenv:bench]\ncommands =\n    node b\n[x]\n", "[testenv:bench]\ncommands =\n    node b"),
        ("Taskfile.yml", "tasks:\n  bench:\n    cmds:\n      - node b\n  other:\n    cmds: []\n", "  bench:\n    cmds:\n      - node b"),
        ("pyproject.toml", "[tool.x]\nbench = 'a.b:c'\nother = 'd'\n", "bench = 'a.b:c'"),
        ("package.json", json.dumps({"scripts": {"bench": "node b", "prebench": "node a", "other": "x"}}), "node b\nnode a"),
        ("deno.json", json.dumps({"tasks": {"bench": {"command": "b"}}}), '{"command": "b"}'),
        ("package.json", "[1]", ""),
        ("package.json", "{", ""),
        ("package.json", json.dumps({"scripts": ["bench"]}), ""),
    ],
)
def test_a_part_of_a_runners_file_is_called_by_its_name(path: str, text: str, found: str) -> None:
    assert called(path, text, {"bench"}).strip("\n") == found


def test_the_words_of_a_call_are_names_with_and_without_what_is_before_a_colon() -> None:
    assert {"bench:node", "bench", "node", "run"} <= words_in("npm run -s bench:node")
    assert "bench" in words_in("go test -bench .")


def test_the_words_that_can_be_commands_are_known() -> None:
    commands = commands_in(["exec python3 bench.py | sort", "make -j4"])
    assert {"exec", "python3", "sort", "make"} <= commands
    assert commands.isdisjoint({"bench.py", "j"})


def test_the_modules_that_programs_and_command_lines_load_are_known_by_their_first_name() -> None:
    text = "import numpy.linalg as la, os\nfrom pluggy import hooks\nfrom .own import x\nfrom (\n"
    assert modules_in([text, "python -m pytest -q", "exec python -mtool.part"]) >= {"numpy", "os", "pluggy", "pytest", "tool"}
    assert "own" not in modules_in([text])
