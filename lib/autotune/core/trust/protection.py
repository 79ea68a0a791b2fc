"""What a candidate may not bring though the scope lets it: what decides what the benchmark loads, or whether it is fair."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from posixpath import basename, dirname, normpath, splitext

from autotune.core.facts import Fact
from autotune.core.findings import Objection
from autotune.core.output import printing
from autotune.core.trust.runners import SCRIPTED

# Read by interpreters, test runners, package managers and build tools before, or in place of, what the benchmark names.
LOADED = (
    *("conftest.py", "sitecustomize.py", "usercustomize.py", "*.pth", "*._pth", "*.egg-link", "*.pyc", "pyvenv.cfg", "noxfile.py"),
    *("tox.ini", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "setup.cfg", "setup.py", "pyproject.toml", "uv.toml"),
    *("pixi.toml", "Pipfile", ".coveragerc", ".python-version", ".Rprofile", ".Renviron", "LocalPreferences.toml"),
    *(".flaskenv", ".pnpmfile.cjs", ".pnp.*", "pnpm-workspace.yaml", ".node-version", "jsconfig.json", "tsconfig.*.json", "karma.conf.*"),
    *(".env", ".env.*", ".envrc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".nvmrc", ".tool-versions", "mise.toml", ".mise.toml", "Procfile"),
    *("package.json", ".babelrc", "babel.config.*", "jest.config.*", "vitest.config.*", "vite.config.*", "webpack.config.*"),
    *("tsconfig.json", ".mocharc.*", "rollup.config.*", "bunfig.toml", "deno.json", ".swcrc"),
    *("build.rs", "rust-toolchain", "rust-toolchain.toml", "Cargo.toml", ".cargo/config", ".cargo/config.toml"),
    *("go.mod", "go.work", "Gemfile", ".bundle/config", ".rspec", "composer.json", "pom.xml", "gradle.properties"),
    *("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "Directory.Build.props", "nuget.config", "global.json"),
    *("BUILD", "BUILD.bazel", "MODULE.bazel", "WORKSPACE", ".bazelrc", "SConstruct", "wscript", "Taskfile.yml", "build.sbt", "configure"),
    *("*.mk", "Makefile.*", "Justfile", ".justfile", "*.just", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml", "rakefile", "*.rake"),
    *("fabfile.py", "dodo.py", "magefile.go", "mix.exs", "deno.jsonc", "asv.conf.json"),
    *("Makefile", "makefile", "GNUmakefile", "CMakeLists.txt", "CMakePresets.json", "meson.build", "justfile", "Rakefile"),
    *("pip.conf", "requirements*.txt", "constraints*.txt", "environment.yml", "Dockerfile"),
)
LOCKS = (  # they say exactly which packages are to be installed
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "poetry.lock"),
    *("uv.lock", "Pipfile.lock", "pdm.lock", "Cargo.lock", "go.sum", "Gemfile.lock", "composer.lock", "mix.lock", "flake.lock"),
    *("requirements.lock", "gradle.lockfile"),
)
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "fixtures", "testdata", "__snapshots__", "__mocks__"})
TESTS = ("test_*.py", "*_test.py", "*_test.go", "*.test.*", "*.spec.*", "*_spec.rb")
SOURCE = frozenset(
    (
        *(".py", ".pyx", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".rs", ".go", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt"),
        *(".rb", ".php", ".pl", ".sh", ".bash", ".lua", ".jl", ".r", ".cs", ".swift", ".zig", ".hs", ".ml", ".scala", ".css", ".scss"),
    )
)
# Run as they are, so that a script that names one runs it; what a compiler is given may as well be the program.
INTERPRETED = frozenset((".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua", ".jl", ".r", ".sh", ".bash"))
_COMPILED = frozenset((".pyc", ".so", ".pyd"))
OWN_VARIABLE = re.compile(r"AUTOTUNE_[A-Z_]+")
GIVEN = frozenset({"AUTOTUNE_SEED", "AUTOTUNE_CASE", "AUTOTUNE_CASES", "AUTOTUNE_CASE_OUTPUT"})  # for the benchmark to read


def _names(patterns_: Sequence[str]) -> re.Pattern[str]:
    """An expression for paths whose last components are one of `patterns_`, at any depth."""
    names, ways = _any_of(one for one in patterns_ if "/" not in one), _any_of(one for one in patterns_ if "/" in one)
    return re.compile(rf"(?:[^/]*/)*+(?:{names})|(?:.*/)?(?:{ways})", re.DOTALL)  # folders are never gone through twice


def _any_of(patterns_: Iterable[str]) -> str:
    return "|".join(re.escape(one).replace(r"\*", "[^/]*") for one in patterns_) or "(?!)"


_LOADED, _LOCKS, _TESTS = _names(LOADED), _names(LOCKS), _names(TESTS)


def is_compiled(path: str) -> bool:
    """Whether a path is that of source which no command runs as it is."""
    return splitext(path)[1].lower() in SOURCE - INTERPRETED


def part_of_tests(path: str) -> str | None:
    """What of a path says that it belongs to the tests, a folder or the file's name; None where nothing does."""
    folder = next((part for part in path.split("/")[:-1] if part in TEST_FOLDERS), None)
    return folder or (basename(path) if _TESTS.fullmatch(path) else None)


def loads(path: str) -> Fact | None:
    """Why this file's being there changes what is loaded; None where it does not."""
    if _LOADED.fullmatch(path):
        return Fact(Objection.IS_LOADED)
    if _LOCKS.fullmatch(path):
        return Fact(Objection.CHOOSES_PACKAGES)
    return None


def goes_without_saying(path: str) -> bool:
    """Whether a file is protected for its name alone, whatever the benchmark does."""
    return loads(path) is not None or part_of_tests(path) is not None


def shadows(
    path: str, *, roots: Collection[str], modules: Collection[str], commands: Collection[str], pinned: Collection[str] = ()
) -> Fact | None:
    """Why a new file would be taken for something else that the benchmark uses; None where it would not.

    `roots` are folders that Python looks for modules in. `modules` are the names of Python's own, and of others that the benchmark loads
    from elsewhere. `commands` are those that it runs, and `pinned` the files that are what they were.
    """
    name, extension = splitext(basename(path))
    package = basename(path) == "__init__.py"
    module = basename(dirname(path)) if package else name
    folder = dirname(dirname(path)) if package else dirname(path)
    if extension in (".py", *_COMPILED) and folder in roots and module.partition(".")[0] in modules:
        return Fact(Objection.HIDES_A_MODULE, {"module": module.partition(".")[0]})
    if (original := _loaded_instead(path, pinned)) is not None:
        return Fact(Objection.HIDES_A_FILE, {"path": original})
    return Fact(Objection.HIDES_A_COMMAND) if basename(path) in commands else None


def _loaded_instead(path: str, pinned: Collection[str]) -> str | None:
    """The pinned file of whose name a loader would find this new one first."""
    name, extension = splitext(basename(path))
    beside = f"{dirname(path)}/" if dirname(path) else ""
    originals: tuple[str, ...] = ()
    if basename(path) == "__init__.py":
        originals = (f"{dirname(path)}.py",)
    elif extension in _COMPILED:
        originals = (f"{beside}{name.partition('.')[0]}.py",)
    elif extension in SCRIPTED:
        originals = tuple(f"{beside}{name}{one}" for one in sorted(SCRIPTED - {extension}))
    return next((one for one in originals if one in pinned), None)


def leads_out(path: str, target: str) -> bool:
    """Whether a link at `path`, relative to the top, leads out of the tree (or into git's own folder)."""
    if target.startswith("/"):
        return True
    reached = normpath(f"{dirname(path) or '.'}/{target}")
    return reached == ".." or reached.startswith("../") or reached.partition("/")[0] == ".git"


def tells_on_itself(before: str, after: str, *, watched: bool, results: str = "") -> Fact | None:
    """Why a changed file's text is no improvement of the program: it prints METRIC lines, or asks who runs it.

    The same holds for the name of the file in which the benchmark leaves its `results`, where there is one.

    Only what was not there before counts; in a program that prints METRIC lines itself and is `watched`, these have to stay as they were.
    A program that reads its seed or its cases may do so in other words.
    Anybody who hides it from this look is left to the other ones.
    """
    if printing.count(after) > printing.count(before):
        return Fact(Objection.PRINTS_METRICS)
    if watched and (changed := _changed(before, after)) is not None:
        return Fact(Objection.CHANGES_A_METRIC_LINE, {"line": changed})
    if _asking(after, before) > _asking(before, before):
        return Fact(Objection.ASKS_WHO_RUNS_IT)
    if results and after.count(results) > before.count(results):
        return Fact(Objection.NAMES_THE_RESULTS, {"path": results})
    return None


def _asking(text: str, before: str) -> int:
    """How often a text names a variable of autotune's, without those that the benchmark is given and the text before names too."""
    given = GIVEN.intersection(OWN_VARIABLE.findall(before))
    return sum([name not in given for name in OWN_VARIABLE.findall(text)])


def _changed(before: str, after: str) -> str | None:
    """The first line of a statement that prints METRIC and is not in the text any more as it was, or not in its place among them."""
    was, now = ([words for _, words in printing.statements(text)] for text in (before, after))
    return next((words.partition("\n")[0] for place, words in enumerate(was) if now[place : place + 1] != [words]), None)
