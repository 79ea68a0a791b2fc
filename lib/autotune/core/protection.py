"""What a candidate may not bring or change though the scope lets it: what decides what the benchmark loads, or whether it is fair."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from posixpath import basename, dirname, normpath, splitext

from autotune.core import patterns

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
    *("Makefile", "makefile", "GNUmakefile", "CMakeLists.txt", "CMakePresets.json", "meson.build", "justfile", "Rakefile"),
    *("pip.conf", "requirements*.txt", "constraints*.txt", "environment.yml", "Dockerfile"),
)
LOCKS = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "poetry.lock"),
    *("uv.lock", "Pipfile.lock", "pdm.lock", "Cargo.lock", "go.sum", "Gemfile.lock", "composer.lock", "mix.lock", "flake.lock"),
)
TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "fixtures", "testdata", "__snapshots__", "__mocks__"})
TESTS = ("test_*.py", "*_test.py", "*_test.go", "*.test.*", "*.spec.*", "*_spec.rb")
SOURCE = frozenset(
    (
        *(".py", ".pyx", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".rs", ".go", ".c", ".h", ".cc", ".cpp", ".hpp", ".java", ".kt"),
        *(".rb", ".php", ".pl", ".sh", ".bash", ".lua", ".jl", ".r", ".cs", ".swift", ".zig", ".hs", ".ml", ".scala", ".css", ".scss"),
    )
)
# What a file that a script runs is called when it measures, and does not do the work that is measured.
_MEASURES = re.compile(r"(?:bench(?:mark)?(?:es|s)?|perf|timer|timing|stopwatch|harness)", re.IGNORECASE)
# Run as they are, so that a script that names one runs it; what a compiler is given may as well be the program.
INTERPRETED = frozenset((".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua", ".jl", ".r", ".sh", ".bash"))
_SCRIPTED = frozenset((".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".json", ".node"))  # of these a loader takes the first that is there
_COMPILED = frozenset((".pyc", ".so", ".pyd"))
_PYTHON = frozenset((".py", ".pyx"))
_MOST_READ = 2000  # files that are read for what they load
METRIC_LINE = re.compile(r"METRIC[ \t]+[^\s=]*=?")
OWN_VARIABLE = re.compile(r"AUTOTUNE_[A-Z]+")
_WORD = re.compile(r"[\w./@+-]+")
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*\(?([\w, \t]*)|import[ \t]+([\w., \t]+))", re.MULTILINE)
_RUN_AS_MODULE = re.compile(r"\s-m[ \t]*([A-Za-z_]\w*)")
_WILD = re.compile(r"[*?\[]")


def _names(patterns_: Sequence[str]) -> re.Pattern[str]:
    """An expression for paths whose last components are one of `patterns_`, at any depth."""
    parts = (re.escape(one).replace(r"\*", "[^/]*") for one in patterns_)
    return re.compile(rf"(?:.*/)?(?:{'|'.join(parts)})", re.DOTALL)


_LOADED, _LOCKS, _TESTS = _names(LOADED), _names(LOCKS), _names(TESTS)


def is_compiled(path: str) -> bool:
    """Whether a path is that of source which no command runs as it is."""
    return splitext(path)[1].lower() in SOURCE - INTERPRETED


def loads(path: str) -> str | None:
    """Why this file's being there changes what is loaded, as the end of a sentence; None where it does not."""
    if _LOADED.fullmatch(path):
        return "would change what the benchmark loads"
    if _LOCKS.fullmatch(path):
        return "would change which packages the benchmark gets"
    return None


def shadows(
    path: str, *, roots: Collection[str], modules: Collection[str], commands: Collection[str], pinned: Collection[str] = ()
) -> str | None:
    """Why a new file would be taken for something else that the benchmark uses, as the end of a sentence; None where it would not.

    `roots` are folders that Python looks for modules in, `modules` the names of Python's own and of others that the benchmark loads from
    elsewhere, `commands` those that it runs, `pinned` the files that are what they were.
    """
    name, extension = splitext(basename(path))
    package = basename(path) == "__init__.py"
    module = basename(dirname(path)) if package else name
    folder = dirname(dirname(path)) if package else dirname(path)
    if extension in (".py", *_COMPILED) and folder in roots and module.partition(".")[0] in modules:
        return f"would be loaded in place of the module {module.partition('.')[0]}, which is not the project's"
    if (original := _loaded_instead(path, pinned)) is not None:
        return f"would be loaded in place of {original}"
    return "has the name of a command that the benchmark runs" if basename(path) in commands else None


def _loaded_instead(path: str, pinned: Collection[str]) -> str | None:
    """The pinned file of whose name a loader would find this new one first."""
    name, extension = splitext(basename(path))
    if basename(path) == "__init__.py":
        original = f"{dirname(path)}.py"
        return original if original in pinned else None
    beside = f"{dirname(path)}/" if dirname(path) else ""
    if extension in _COMPILED:
        original = f"{beside}{name.partition('.')[0]}.py"
        return original if original in pinned else None
    if extension not in _SCRIPTED:
        return None
    others = (f"{beside}{name}{one}" for one in sorted(_SCRIPTED - {extension}))
    return next((one for one in others if one in pinned), None)


def modules_in(texts: Iterable[str]) -> frozenset[str]:
    """The first names of what Python programs load, and of what command lines run with `-m`."""
    found = set()
    for text in texts:
        found |= {name.partition(".")[0] for name in _imported(text)} | {*_RUN_AS_MODULE.findall(text)}
    return frozenset(found - {""})


def _imported(text: str) -> Iterator[str]:
    """The modules that a Python program's text names, and what may be modules of theirs; a relative one begins with dots."""
    for source, names, plain in _IMPORT.findall(text):
        for name in filter(None, (plain or names).replace(",", " ").split()):
            yield f"{source.rstrip('.')}.{name}" if source else name
        if source:
            yield source


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
    """The words of scripts and command lines that can be the name of a command: two characters or more, no folder, no extension."""
    return frozenset(word for text in texts for word in _WORD.findall(text) if re.fullmatch(r"[a-z][a-z0-9+_-]+", word))


def measured_with(
    paths: Collection[str],
    scope: Sequence[str],
    allow: Sequence[str],
    named: Sequence[str],
    text_of: Callable[[str], str],
    checks: Sequence[str] = (),
    folder: str = "",
) -> Mapping[str, str]:
    """Find what decides what is measured among the files that are there, each with why; `named` are the scripts to begin with.

    Those are: what tools load, lock files, tests with their fixtures; of the files that the scripts name or load those that print the
    metric, with all that leads there, those whose name says that they measure, and data; and what the scripts of the `checks` alone run.
    What the scope names itself, or `allow` means, is left to be tuned; so is all other source that is merely loaded.
    Paths are relative to the top; patterns, and what scripts name, to `folder`.
    """
    allowed = patterns.matcher(allow, folder)

    def is_open(path: str) -> bool:
        return not allowed(path) and not _names_it(scope, path, basename(path), folder)

    found = {path: why for path in paths if not allowed(path) and (why := _by_convention(path, scope, folder)) is not None}
    reached = _reached([one for one in named if one not in checks], paths, text_of, folder)
    found |= {path: "leads to what prints the metric" for path in _leading_to_metric(reached, text_of) if is_open(path)}
    for script in checks:
        run = (one for one in _named_in(script, paths, text_of, folder) if splitext(one)[1].lower() in INTERPRETED and one not in reached)
        found |= {path: "is run by the checks" for path in run if is_open(path)}
    waiting = [*named, *(path for path, why in found.items() if why in ("leads to what prints the metric", "is run by the checks"))]
    seen = set(waiting)
    while waiting:
        for path in _named_in(waiting.pop(), paths, text_of, folder):
            if path in seen or not is_open(path):
                continue
            seen.add(path)
            if splitext(path)[1].lower() not in SOURCE:
                found.setdefault(path, "is read by the benchmark or the checks")
            elif METRIC_LINE.search(text_of(path)) or _measures(patterns.from_folder(path, folder)):
                found[path] = "prints the metric or measures"
                waiting.append(path)
    return found


def left_open(
    paths: Collection[str], pinned: Collection[str], scripts: Sequence[str], text_of: Callable[[str], str], folder: str = ""
) -> tuple[str, ...]:
    """The files that scripts and pinned files name or load and that a candidate may change all the same: what is measured, it is hoped."""
    beginnings = (*scripts, *(path for path in pinned if splitext(path)[1].lower() in SOURCE))
    named = {path for script in beginnings for path in _named_in(script, paths, text_of, folder)}
    return tuple(sorted(path for path in named if path not in pinned and path not in scripts))


def _measures(path: str) -> bool:
    words = [part for component in [*path.split("/")[:-1], splitext(basename(path))[0]] for part in re.split(r"[_.\- ]", component)]
    return any(_MEASURES.fullmatch(word) for word in words)


def _reached(scripts: Sequence[str], paths: Collection[str], text_of: Callable[[str], str], folder: str) -> dict[str, str | None]:
    """Map all source that scripts name or load, directly or not, to what named it first."""
    parents: dict[str, str | None] = dict.fromkeys(scripts)
    waiting = deque(scripts)
    while waiting and len(parents) < _MOST_READ:
        script = waiting.popleft()
        for path in _named_in(script, paths, text_of, folder):
            if path not in parents and splitext(path)[1].lower() in SOURCE:
                parents[path] = script
                waiting.append(path)
    return parents


def _leading_to_metric(parents: Mapping[str, str | None], text_of: Callable[[str], str]) -> Iterator[str]:
    """Give, for each file that prints the metric, the files by which the scripts come to it, without the scripts and itself."""
    for path in parents:
        if METRIC_LINE.search(text_of(path)):
            way = parents[path]
            while way is not None and parents[way] is not None:
                yield way
                way = parents[way]


def _by_convention(path: str, scope: Sequence[str], folder: str) -> str | None:
    if (why := loads(path)) is not None:
        return None if _names_it(scope, path, basename(path), folder) else why
    parts = patterns.from_folder(path, folder).split("/")
    tests = next((part for part in parts[:-1] if part in TEST_FOLDERS), None)
    if tests is not None or _TESTS.fullmatch(path):
        return None if _names_it(scope, path, tests or basename(path), folder) else "belongs to the tests"
    return None


def _names_it(scope: Sequence[str], path: str, component: str, folder: str) -> bool:
    """Whether a pattern of the scope means this path and has the component in so many letters, not by a wildcard."""
    for pattern in scope:
        plain = [part for part in pattern.strip("/").removeprefix("./").split("/") if not _WILD.search(part)]
        if component in plain and patterns.matcher((pattern,), folder)(path):
            return True
    return False


def _named_in(script: str, paths: Collection[str], text_of: Callable[[str], str], folder: str) -> Iterator[str]:
    """The files that a script's text names or loads, from `folder`, the working directory, or from where the script is."""
    text, extension = text_of(script), splitext(script)[1].lower()
    modules = [*_files_of_modules(text)] if extension in _PYTHON else []
    words = [*_WORD.findall(text), *modules, *(f"src/{name}" for name in modules)]
    if extension in _SCRIPTED:
        local = [word for word in words if word.startswith(("./", "../"))]
        words += [f"{word}{end}" for word in local for one in sorted(_SCRIPTED) for end in (one, f"/index{one}")]
    for word in dict.fromkeys(words):
        for candidate in (normpath(f"{folder or '.'}/{word}"), normpath(f"{dirname(script) or '.'}/{word}")):
            if candidate in paths:
                yield candidate


def _files_of_modules(text: str) -> Iterator[str]:
    for name in _imported(text):
        path = name.strip(".").replace(".", "/")
        yield from (f"{path}.py", f"{path}/__init__.py")
