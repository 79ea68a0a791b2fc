"""What holds the house together and cannot be seen by import contracts: purity, start-up, and the map."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "lib"
PACKAGE = LIBRARY / "autotune"
HEAVY = {"git", "numpy", "rich", "skills_ref", "tomli_w", "tomlkit", "typer"}

PURE = {
    *("__future__", "abc", "bisect", "collections", "copy", "dataclasses", "decimal", "difflib", "enum"),
    *("fnmatch", "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "operator"),
    *("re", "statistics", "string", "textwrap", "tomllib", "types", "typing", "unicodedata", "warnings", "xml"),
}
"""Modules of the standard library that compute and do nothing else."""

COMPUTING = {"numpy", "tomli_w", "tomlkit"}
"""Packages that do the same; their import takes long."""

PURE_PARTS = {
    "shlex": {"quote"},
    "html": {"escape", "unescape"},
    "datetime": {"UTC", "datetime", "timedelta", "timezone"},
    "pathlib": {"PurePath", "PurePosixPath"},
    "posixpath": {"basename", "commonpath", "dirname", "join", "normpath", "split", "splitext"},
    "random": {"Random"},
    "rich.cells": {"cell_len", "chop_cells"},
    "skills_ref.errors": {"ParseError"},
    "skills_ref.parser": {"parse_frontmatter"},
    "skills_ref.validator": {"validate_metadata"},
}
"""Modules of which these names alone compute and do nothing else. That of rich is quick to import."""

IMPURE_CALLS = {"__import__", "breakpoint", "exec", "eval", "input", "open", "print"}
IMPURE_METHODS = {"fromtimestamp", "now", "today", "utcnow"}
"""What `datetime` knows by the machine's clock or time zone."""


def modules_of(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (PACKAGE / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports_of(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Every import anywhere in a module, as the module's full name and the name that is taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((str(node.module), alias.name) for alias in node.names)


def impurities_of(source: str) -> Iterator[str]:
    """Everything in a module's text that could touch the world."""
    tree = ast.parse(source)
    for module, name in imports_of(tree):
        if module in PURE_PARTS:
            if name is not None and name not in PURE_PARTS[module]:
                yield f"from {module} import {name}"
        elif module.partition(".")[0] not in PURE | COMPUTING | {"autotune"}:
            yield f"import {module}"
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if name in IMPURE_METHODS:
                yield f".{name}"
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module != "datetime" and name not in PURE_PARTS.get(module, {name}):
                yield f"{module}.{name}"
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"{name}()"


@pytest.mark.parametrize("path", modules_of("core", "readers"), ids=name_of)
def test_core_and_readers_touch_neither_clock_disk_process_network_nor_chance(path: Path) -> None:
    assert list(impurities_of(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os.path",
        "from subprocess import run",
        "def now():\n    import time",
        "import random\nx = random.random()",
        "from random import shuffle",
        "from pathlib import Path",
        "import datetime\nx = datetime.datetime.now()",
        "from datetime import date",
        "from datetime import datetime\nx = datetime.utcnow()",
        "x = open('file')",
        "print('x')",
    ],
)
def test_what_touches_the_world_is_recognised(source: str) -> None:
    assert len(list(impurities_of(source))) == 1


@pytest.mark.parametrize("path", [path for path in modules_of("core") if path.parent.name != "tell"], ids=name_of)
def test_nothing_in_core_outside_tell_makes_or_reads_its_words(path: Path) -> None:
    assert not [module for module, _ in imports_of(ast.parse(path.read_text("utf-8"))) if module.startswith("autotune.core.tell")]


SENTENCE = re.compile(r"[A-Za-z][\w'`,;:.-]*(?: [A-Za-z`(][\w'`,;:.)-]*){4,}")
"""Five words in a row."""
SQL = re.compile(r"\s*(?:CREATE|DELETE FROM|INSERT|SELECT|UPDATE|WITH) ")

WORDED_ELSEWHERE = {
    "commands/app.py": "help",
    "commands/link_.py": "a program for the shell",
    "views/completion.py": "programs for shells",
    "core/config/keys.py": "what autotune.toml says of each key",
    "prompts/keys.py": "what docs/prompts.md says of each key",
    "prompts/phrasing.py": "packs, which are yours to edit",
    "prompts/builtin.py": "packs and rubrics, which are yours to edit",
    "prompts/settings.py": "what prompts.toml says of itself",
    "core/config/writing.py": "what autotune.toml says of itself",
    "core/config/shapes.py": "what a refusal says was expected",
    "core/ledger/lines.py": "what ledgers of older versions say",
    "core/scheduling/units.py": "what a unit says of itself",
    "core/trust/surroundings.py": "the shell's own words",
    "models/spending.py": "names of columns",
    "hooks/sayings.py": "hooks know the standard library alone",
}
HELP = {"Argument", "Option", "Typer"}
LABELS = {"alone", "commit_tree", "compile", "hold", "make", "python_of", "set_ref", "take_snapshot", "tell"}
"""What a lock's holder does, what git has of a commit or a ref, the hints of `folders.make` and `extra.python_of`, and expressions."""


def called(node: ast.AST) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", ""))) if isinstance(node, ast.Call) else ""


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    return {one.id for node in nodes for one in ast.walk(node) if isinstance(one, ast.Name)}


def given_to(names: set[str], tree: ast.AST) -> Iterator[ast.AST]:
    """What a module gives to variables of these names, and what its functions of these names return."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) if name in names:
                yield from (one for one in ast.walk(node) if isinstance(one, ast.Return | ast.Yield))
            case ast.Assign(targets=targets, value=value) if names & names_in(targets):
                yield value
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value) if names & names_in([target]):
                yield value


def sentences_in(source: str) -> list[str]:
    """The sentences of a module but of docstrings, help, labels, and errors with all that they are made of."""
    tree = ast.parse(source)
    free = [one for one in ast.walk(tree) if isinstance(one, ast.Raise) or called(one).endswith("Error") or called(one) == "Tampered"]
    known: set[str] = set()
    while more := names_in(free) - known:
        known |= more
        free += given_to(more, tree)
    free += [one for one in ast.walk(tree) if called(one) in HELP | LABELS]
    free += [one for one in ast.walk(tree) if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)]
    passed = {id(one) for node in free for one in ast.walk(node)}
    texts = [one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in passed]
    return [text for text in texts if SENTENCE.search(text) and not SQL.match(text)]


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in modules_of("core", "readers", "targets", "loop", "models", "prompts", "rollout", "hooks", "views", "commands")
        if path.parent.name != "tell"
    ],
    ids=name_of,
)
def test_sentences_are_made_in_tell_alone(path: Path) -> None:
    assert (name_of(path) in WORDED_ELSEWHERE) or sentences_in(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'echo("nothing of it was deleted at all")',
        'words = f"there are {count} of them and no more"\nsay(quoted(words))',
        'def why():\n    return "it is none of these files at all"\nfound = why()\nraise AutotuneError("a", "b")',
        'WORDS = {A: "this file is none of yours"}',
        'class Step(StrEnum):\n    A = "put the branch back to the incumbent"',
    ],
)
def test_a_sentence_is_seen_wherever_it_is_made(source: str) -> None:
    assert len(sentences_in(source)) == 1


def test_errors_are_worded_where_they_are_raised() -> None:
    source = """
def refuse():
    '''This says what a function is for.'''
    hint = "take it away and then try again"
    raise AutotuneError(f"The file {path} is none of yours to change.", f"{hint}, or {_other()}")
def _other():
    return "leave it to somebody who knows better"
"""
    assert sentences_in(source) == []


@pytest.mark.parametrize("path", modules_of("core"), ids=name_of)
def test_core_imports_packages_only_where_they_are_used(path: Path) -> None:
    at_start = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert COMPUTING.isdisjoint(module.partition(".")[0] for node in at_start for module, _ in imports_of(node))


def test_the_set_up_needs_nothing_that_it_would_have_to_install() -> None:
    needed = {module.partition(".")[0] for module, _ in imports_of(ast.parse((PACKAGE / "bootstrap.py").read_text("utf-8")))}
    assert needed <= sys.stdlib_module_names


def test_telling_the_version_imports_nothing_heavy() -> None:
    command = [sys.executable, "-I", "-X", "importtime", str(PACKAGE / "__main__.py"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(re.findall(r"\| +(\w+)", done.stderr))
    assert "autotune" in imported
    assert imported.isdisjoint(HEAVY)


RACE = """
import sys
sys.path.insert(0, sys.argv[1])
from random import Random
from autotune.core.decide.guards import decided
from autotune.core.model import Arm, Calibration, Direction, Metric, Outcome, Policy, Run, Verdict
policy, noise, coin, values = Policy(Metric("t", "s", Direction.LOWER)), Calibration((0.01,) * 8, 0, 100), Random(1), Random(2)
runs = []
while (decision := decided(runs, noise, policy, (), coin)).verdict is Verdict.MEASURE_AGAIN:
    runs += [Run(arm, Outcome.OK, {"t": values.gauss(50 if arm is Arm.CANDIDATE else 100, 1)}) for arm in decision.arms]
print(decision.verdict, *sys.modules)
"""


def test_a_race_is_decided_with_the_standard_library_alone() -> None:
    done = subprocess.run([sys.executable, "-I", "-S", "-c", RACE, str(LIBRARY)], capture_output=True, text=True, check=True)
    verdict, *imported = done.stdout.split()
    assert verdict == "keep"
    assert HEAVY.isdisjoint(imported)


@pytest.mark.parametrize("path", modules_of("hooks"), ids=name_of)
def test_hooks_need_the_standard_library_alone(path: Path) -> None:
    program = "import sys; sys.path.insert(0, sys.argv[1]); __import__(f'autotune.hooks.{sys.argv[2]}')"
    subprocess.run([sys.executable, "-I", "-S", "-c", program, str(LIBRARY), path.stem], check=True)


def test_a_module_without_a_room_breaks_the_contracts(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(PACKAGE, tmp_path / "autotune", ignore=shutil.ignore_patterns("__pycache__", "demo"))
    (tmp_path / "autotune" / "utils.py").touch()
    program = "import importlinter.cli; importlinter.cli.lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", program, "--no-logo"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "- autotune.utils\n" in done.stdout


LONGEST = 400  # lines
TABLES = {
    "core/config/keys.py": "every key of autotune.toml",
    "core/findings.py": "closed sets, a line a value",
    "core/ledger/events.py": "a type for each event",
    "core/tell/words.py": "the words of each kind of fact",
}
"""They are looked things up in and not read through, so a second half would only be one more place to look."""

WRITTEN = {".py", ".js", ".css", ".html", ".sh", ""}
"""Endings of the files that we write. What others publish lies in a folder of its own."""


def files_we_write() -> list[Path]:
    folders = (PACKAGE, ROOT / "bin", ROOT / "hooks")
    every = (path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix in WRITTEN)
    return [path for path in every if not {"__pycache__", "uplot", "demo"} & {*path.parts}]


def test_no_file_is_longer_than_400_lines_but_tables() -> None:
    long = {path for path in files_we_write() if len(path.read_text("utf-8").splitlines()) > LONGEST}
    assert {path.relative_to(ROOT).as_posix() for path in long - {PACKAGE / name for name in TABLES}} == set()


MAP = PACKAGE / "README.md"


@cache
def files_to_map() -> list[Path]:
    """Every module but the packages' own files, the demo as one folder, and every folder of other files."""
    demo = PACKAGE / "demo"
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts and path != MAP]
    modules = {path for path in files if path.suffix == ".py" and path.name != "__init__.py" and demo not in path.parents}
    folders = {path.parent for path in files if path.suffix != ".py" and demo not in path.parents}
    return sorted((modules | folders | {demo}) - {PACKAGE})


def modules_in(line: str) -> Iterator[re.Pattern[str]]:
    """What a line of the map says of modules; capitals in a name stand for any word, so that `VERB_.py` is every verb's module."""
    for name in re.findall(r"\b\w+\.py\b", line):
        yield re.compile(re.sub(r"[A-Z]+", "[a-z]+", re.escape(name)))


@cache
def lines_of_the_map() -> list[tuple[str, tuple[re.Pattern[str], ...]]]:
    """Each line of the map, with the modules that it names."""
    return [(line, tuple(modules_in(line))) for line in MAP.read_text("utf-8").splitlines()]


@pytest.mark.skipif(not MAP.exists(), reason="there is no map yet")
@pytest.mark.parametrize("path", files_to_map(), ids=name_of)
def test_everything_has_a_line_in_the_map(path: Path) -> None:
    if path.is_dir():
        assert any(re.search(rf"\b{path.name}/", line) for line, _ in lines_of_the_map())
        return
    namesakes = sum(other.name == path.name for other in files_to_map())
    assert sum(any(module.fullmatch(path.name) for module in named) for _, named in lines_of_the_map()) >= namesakes


@pytest.mark.skipif(not MAP.exists(), reason="there is no map yet")
def test_the_map_names_no_module_that_is_not_there() -> None:
    there = {path.name for path in PACKAGE.rglob("*.py")}
    assert [module.pattern for module in modules_in(MAP.read_text("utf-8")) if not any(map(module.fullmatch, there))] == []
