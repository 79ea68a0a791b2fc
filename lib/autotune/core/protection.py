"""What a candidate may not bring or change though the scope lets it: what decides what the benchmark loads, or whether it is fair."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from posixpath import basename, dirname, normpath, splitext

from autotune.core import patterns

# Read by interpreters, test runners, package managers and build tools before, or in place of, what the benchmark names.
LOADED = (
    *("conftest.py", "sitecustomize.py", "usercustomize.py", "*.pth", "*.egg-link", "pyvenv.cfg", "noxfile.py"),
    *("tox.ini", "pytest.ini", ".pytest.ini", "setup.cfg", "setup.py", "pyproject.toml", ".coveragerc", ".python-version"),
    *(".env", ".env.*", ".envrc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".nvmrc", ".tool-versions", "mise.toml", ".mise.toml", "Procfile"),
    *("package.json", ".babelrc", "babel.config.*", "jest.config.*", "vitest.config.*", "vite.config.*", "webpack.config.*"),
    *("tsconfig.json", ".mocharc.*", "rollup.config.*", "bunfig.toml", "deno.json", ".swcrc"),
    *("build.rs", "rust-toolchain", "rust-toolchain.toml", "Cargo.toml", ".cargo/config", ".cargo/config.toml"),
    *("go.mod", "go.work", "Gemfile", ".bundle/config", ".rspec", "composer.json", "pom.xml", "build.gradle", "gradle.properties"),
    *("Makefile", "makefile", "GNUmakefile", "CMakeLists.txt", "CMakePresets.json", "meson.build", "justfile", "Rakefile"),
    *("pip.conf", "requirements*.txt", "constraints*.txt", "environment.yml", "Dockerfile"),
)
LOCKS = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "poetry.lock", "uv.lock", "Pipfile.lock"),
    *("pdm.lock", "Cargo.lock", "go.sum", "Gemfile.lock", "composer.lock", "mix.lock", "flake.lock"),
)
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "fixtures", "testdata", "__snapshots__", "__mocks__"})
TESTS = ("test_*.py", "*_test.py", "*_test.go", "*.test.*", "*.spec.*", "*_spec.rb")
SOURCE = frozenset(
    (
        *(".py", ".pyx", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".rs", ".go", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt"),
        *(".rb", ".php", ".pl", ".sh", ".bash", ".lua", ".jl", ".r", ".cs", ".swift", ".zig", ".hs", ".ml", ".scala", ".css", ".scss"),
    )
)
METRIC_LINE = re.compile(r"METRIC[ \t]+[^\s=]*=?")
OWN_VARIABLE = re.compile(r"AUTOTUNE_[A-Z]+")
_WORD = re.compile(r"[\w./@+-]+")
_WILD = re.compile(r"[*?\[]")


def _names(patterns_: Sequence[str]) -> re.Pattern[str]:
    """An expression for paths whose last components are one of `patterns_`, at any depth."""
    parts = (re.escape(one).replace(r"\*", "[^/]*") for one in patterns_)
    return re.compile(rf"(?:.*/)?(?:{'|'.join(parts)})", re.DOTALL)


_LOADED, _LOCKS, _TESTS = _names(LOADED), _names(LOCKS), _names(TESTS)


def loads(path: str) -> str | None:
    """Why this file's being there changes what is loaded, as the end of a sentence; None where it does not."""
    if _LOADED.fullmatch(path):
        return "would change what the benchmark loads"
    if _LOCKS.fullmatch(path):
        return "would change which packages the benchmark gets"
    return None


def shadows(path: str, *, roots: Collection[str], modules: Collection[str], commands: Collection[str]) -> str | None:
    """Why a new file would be taken for something else that the benchmark uses, as the end of a sentence; None where it would not.

    `roots` are folders that Python looks for modules in, `modules` the names of Python's own, `commands` those that the benchmark runs.
    """
    name, extension = splitext(basename(path))
    module = basename(dirname(path)) if basename(path) == "__init__.py" else name
    folder = dirname(dirname(path)) if basename(path) == "__init__.py" else dirname(path)
    if extension in (".py", ".pyc", ".so", ".pyd") and folder in roots and module.partition(".")[0] in modules:
        return f"would be loaded in place of Python's own module {module}"
    return "has the name of a command that the benchmark runs" if basename(path) in commands else None


def leads_out(path: str, target: str) -> bool:
    """Whether a link at `path`, relative to the top, leads out of the tree (or into git's own folder)."""
    if target.startswith("/"):
        return True
    reached = normpath(f"{dirname(path) or '.'}/{target}")
    return reached == ".." or reached.startswith("../") or reached.partition("/")[0] == ".git"


def tells_on_itself(before: str, after: str) -> str | None:
    """Why a changed file's text is no improvement of the program, as the end of a sentence: it prints METRIC lines, or asks who runs it.

    Only what was not there before counts. Anybody who hides it from this look is left to the other ones.
    """
    if _counted(METRIC_LINE, after) > _counted(METRIC_LINE, before):
        return "prints METRIC lines, which is the benchmark's to do"
    if _counted(OWN_VARIABLE, after) > _counted(OWN_VARIABLE, before):
        return "asks for autotune's variables, so that it could behave otherwise while it is measured"
    return None


def _counted(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))


def commands_in(texts: Sequence[str]) -> frozenset[str]:
    """The words of scripts and command lines that can be the name of a command: without a folder, an extension or a digit."""
    return frozenset(word for text in texts for word in _WORD.findall(text) if re.fullmatch(r"[a-z][a-z0-9+_-]*", word))


def measured_with(
    paths: Collection[str], scope: Sequence[str], allow: Sequence[str], named: Sequence[str], text_of: Callable[[str], str]
) -> Mapping[str, str]:
    """Find what decides what is measured among the files that are there, each with why; `named` are the scripts to begin with.

    Those are: what tools load, lock files, tests with their fixtures, and of the files that benchmark and checks name those that print the
    metric, or are data. What the scope names itself, or `allow` means, is left to be tuned; so is all source that is merely imported.
    """
    allowed = patterns.matcher(allow)
    found = {path: why for path in paths if not allowed(path) and (why := _by_convention(path, scope)) is not None}
    waiting, seen = list(named), set(named)
    while waiting:
        for path in _named_in(waiting.pop(), paths, text_of):
            if path in seen or allowed(path) or _names_it(scope, path, basename(path)):
                continue
            seen.add(path)
            if splitext(path)[1].lower() not in SOURCE:
                found.setdefault(path, "is read by the benchmark or the checks")
            elif METRIC_LINE.search(text_of(path)):
                found.setdefault(path, "prints the metric")
                waiting.append(path)
    return found


def _by_convention(path: str, scope: Sequence[str]) -> str | None:
    if (why := loads(path)) is not None:
        return None if _names_it(scope, path, basename(path)) else why
    parts = path.split("/")
    folder = next((part for part in parts[:-1] if part in TEST_FOLDERS), None)
    if folder is not None or _TESTS.fullmatch(path):
        return None if _names_it(scope, path, folder or basename(path)) else "belongs to the tests"
    return None


def _names_it(scope: Sequence[str], path: str, component: str) -> bool:
    """Whether a pattern of the scope means this path and has the component in so many letters, not by a wildcard."""
    for pattern in scope:
        plain = [part for part in pattern.strip("/").removeprefix("./").split("/") if not _WILD.search(part)]
        if component in plain and patterns.matcher((pattern,))(path):
            return True
    return False


def _named_in(script: str, paths: Collection[str], text_of: Callable[[str], str]) -> Iterator[str]:
    """The files that a script's text names, from the working directory or from where the script is."""
    for word in dict.fromkeys(_WORD.findall(text_of(script))):
        for candidate in (normpath(word), normpath(f"{dirname(script) or '.'}/{word}")):
            if candidate in paths:
                yield candidate
