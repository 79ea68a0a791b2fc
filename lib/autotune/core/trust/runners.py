"""What scripts, and the files of what runs scripts, name: paths, modules, and the parts of a runner's file that a call leads to.

Nothing here knows how a runner is called. A runner's file is followed wherever it lies; a part of it counts as called where its name is a
word of what calls. That finds more than is run, never the less for a spelling nobody thought of.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from posixpath import basename, dirname, normpath, splitext

from autotune.core.codec import read_json

SCRIPTED = frozenset((".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".json", ".node"))  # of these a loader takes the first that is there
_PYTHON = frozenset((".py", ".pyx"))
_SHELL = frozenset((".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".mk", ".just", ""))
_RUNNERS = re.compile(
    r"package\.json|composer\.json|deno\.jsonc?|(?:GNU)?[Mm]akefile(?:\.(?!md$)\w+)?|.*\.mk|\.?[Jj]ustfile|.*\.just|[Tt]askfile(?:\.\w+)?\.ya?ml|tox\.ini"
    r"|setup\.cfg|pyproject\.toml|pixi\.toml|\.?mise\.toml|Cargo\.toml|noxfile\.py|tasks\.py|fabfile\.py|dodo\.py|[Rr]akefile|.*\.rake|Procfile"
    r"|CMakeLists\.txt|meson\.build|SConstruct|build\.gradle(?:\.kts)?|pom\.xml|BUILD(?:\.bazel)?|magefile\.go|mix\.exs|build\.sbt|asv\.conf\.json"
)
_WORD = re.compile(r"[\w./@+-]+")
_NAME = re.compile(r"[\w.:@/+-]+")
# "$DIR/run.py", "${HERE}"/run.py, $(dirname "$0")/run.py: by what a place is in, not by what some command prints.
_ROOTED = re.compile(r"(?:\$\w+|\$\{[^}\n]*\}|(?:dirname|pwd|rev-parse|realpath|readlink|BASH_SOURCE)[^\n;|]*?[)`])[\"']?/([\w./@+-]+)")
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*\(?([\w, \t]*)|import[ \t]+([\w., \t]+))", re.MULTILINE)
_IMPORT_AS_WORDS = re.compile(r"[\"'; \t](?:from|import)[ \t]+([A-Za-z_][\w.]*)")  # python -c "import bench"
_RUN_AS_MODULE = re.compile(r"\s-m[ \t]*([A-Za-z_][\w.]*)")
_DOTTED = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
# What a list of commands takes in as if it stood there: `include rules.mk`, `. ./functions.sh`, `import 'more.just'`.
_INCLUDED = re.compile(r"(?:^|[;&|({\n])[ \t]*(?:[-s]?include|import|source|\.)[ \t]+([^\n;#&|}]+)")
_ENTRY = re.compile(r"__main__\.py|(?:index|main)\.\w+|.*\.go")  # what is run of a folder that is named
_SECTION = re.compile(r"[ \t]*\[+([^\]]*)\]+")


@dataclass(frozen=True)
class Tree:
    """The tracked files, relative to the top; `folder` is the working directory, from which scripts name them."""

    paths: frozenset[str]
    folder: str = ""

    @cached_property
    def folders(self) -> Mapping[str, list[str]]:
        """All folders below which there is a file, with the files that are in them, not further below."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            folder = inner = path.rpartition("/")[0]
            while inner and inner not in found:
                found[inner] = []
                inner = inner.rpartition("/")[0]
            found.setdefault(folder, []).append(path)
        return found

    @cached_property
    def by_name(self) -> Mapping[str, list[str]]:
        """The files of each name, in whatever folder."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            found[path.rpartition("/")[2]].append(path)
        return found

    def ending(self, tail: str) -> Iterator[str]:
        """The files whose path ends with these components."""
        plain = re.sub(r"^(?:\.{0,2}/)+", "", normpath(tail))
        yield from (path for path in self.by_name.get(basename(plain), ()) if path == plain or path.endswith(f"/{plain}"))


def is_runner(path: str) -> bool:
    """Whether this is a file in which a runner finds what to run: package scripts, a Makefile and the like."""
    return _RUNNERS.fullmatch(path.rpartition("/")[2]) is not None


def is_commands(path: str) -> bool:
    """Whether this is a list of commands: a shell's script, or a runner's file."""
    return is_runner(path) or splitext(path)[1].lower() in _SHELL


def named(tree: Tree, script: str, text: str) -> Iterator[str]:
    """The files that a script's text names or loads: from the working directory, where the script is, or a folder that it names."""
    extension = splitext(script)[1].lower()
    words = [*dict.fromkeys(_WORD.findall(text))]
    modules = [*_files_of_modules(_imported(text) if extension in _PYTHON else _run_in_words(text))]
    names = [*words, *modules, *(f"src/{name}" for name in modules)]
    if extension in SCRIPTED or is_commands(script):
        local = [word for word in words if word.startswith(("./", "../")) or ("/" in word and extension not in SCRIPTED)]
        names += [f"{word}{end}" for word in local for one in sorted(SCRIPTED) for end in (one, f"/index{one}")]
    near = (tree.folder, dirname(script))
    folders = [one for word in words for base in near if (one := _joined(base, word)) in tree.folders] if is_commands(script) else []
    known = [word for word in names if word.rpartition("/")[2] in tree.by_name]
    found = [path for word in known for base in near if (path := _joined(base, word)) in tree.paths]
    # A word such as `text` beside a folder is rarely a file in it.
    found += [path for word in known if splitext(word)[1] for base in folders if (path := _joined(base, word)) in tree.paths]
    rooted = (path for word in _ROOTED.findall(text) for path in tree.ending(word)) if is_commands(script) else ()
    yield from dict.fromkeys((*found, *rooted))


def included(tree: Tree, script: str, text: str) -> Iterator[str]:
    """The files that a list of commands takes in as parts of itself, from whatever folder it runs in."""
    words = "\n".join(_INCLUDED.findall(text))
    yield from named(tree, script, words)
    yield from (path for word in _WORD.findall(words) if splitext(word)[1] for path in tree.ending(word))


def led_to(tree: Tree, script: str, text: str) -> Iterator[str]:
    """The files that a script's text names or loads; where it is a list of commands, those too that it may mean."""
    yield from named(tree, script, text)
    if is_commands(script):
        yield from _perhaps_named(tree, script, text)


def _perhaps_named(tree: Tree, script: str, text: str) -> Iterator[str]:
    """The files that commands may mean besides: by the end of a path, as a module, as a folder's entry, with the ending left off."""
    for word in dict.fromkeys(_WORD.findall(text)):
        if splitext(word)[1]:
            yield from tree.ending(word)
        for base in (tree.folder, dirname(script)):
            path = _joined(base, word)
            yield from (found for end in sorted(SCRIPTED) if (found := f"{path}{end}") in tree.paths)
            yield from (found for found in tree.folders.get(path, ()) if _ENTRY.fullmatch(basename(found)))
    for name in dict.fromkeys((*_DOTTED.findall(text), *_run_in_words(text))):
        path = name.replace(".", "/")
        for one in (f"{path}.py", f"{path}/__main__.py", f"{dirname(path)}.py" if "/" in path else ""):
            yield from tree.ending(one) if one else ()
    if basename(script) == "Cargo.toml":
        yield from (path for path in tree.paths if path.endswith(".rs") and basename(dirname(path)) in ("bin", "examples", "benches"))


def words_in(text: str) -> frozenset[str]:
    """The words by which a text may call a part of a runner's file: `npm run -s bench:node` has bench:node, bench and node."""
    words = {word.lstrip("-") for word in _NAME.findall(text)}
    return frozenset(words | {part for word in words for part in word.split(":")})


def called(path: str, text: str, words: Collection[str]) -> str:
    """The parts of a runner's file whose names are among the words: scripts of a package, rules, sections, tables."""
    parts = _scripts(text) if path.endswith((".json", ".jsonc")) else _blocks(text)
    return "\n".join(part for names, part in parts if any(name in words for name in names))


def _scripts(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The scripts of a package, each called also where the one is that it goes before or after."""
    try:
        held = read_json(text)
        tables = [held[key] for key in ("scripts", "tasks") if isinstance(held.get(key), dict)]
    except (ValueError, AttributeError):
        return
    for name, command in (item for table in tables for item in table.items()):
        yield (name, re.sub(r"^(?:pre|post)", "", name)), command if isinstance(command, str) else json.dumps(command)


def _blocks(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each line with what is indented below it, or stands below it up to the next section, under the words before its `:` or `=`."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        section = _SECTION.match(line)
        names = words_in(section[1] if section else re.split(r"[:=]", line, maxsplit=1)[0])
        depth, end = _depth(line), number + 1
        while end < len(lines) and (not _SECTION.match(lines[end]) if section else not lines[end].strip() or _depth(lines[end]) > depth):
            end += 1
        if names:
            yield tuple(names), "\n".join(lines[number:end])


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def modules_in(texts: Iterable[str]) -> frozenset[str]:
    """The first names of what Python programs load, and of what command lines run with `-m`."""
    found = (name for text in texts for name in (*_imported(text), *_RUN_AS_MODULE.findall(text)))
    return frozenset(name.partition(".")[0] for name in found) - {""}


def commands_in(texts: Iterable[str]) -> frozenset[str]:
    """The words of scripts and command lines that can be the name of a command: two characters or more, no folder, no extension."""
    return frozenset(word for text in texts for word in _WORD.findall(text) if re.fullmatch(r"[a-z][a-z0-9+_-]+", word))


def _run_in_words(text: str) -> Iterator[str]:
    yield from _RUN_AS_MODULE.findall(text)
    yield from _IMPORT_AS_WORDS.findall(text)


def _imported(text: str) -> Iterator[str]:
    """The modules that a Python program's text names, and what may be modules of theirs; a relative one begins with dots."""
    for source, names, plain in _IMPORT.findall(text):
        for name in filter(None, (plain or names).replace(",", " ").split()):
            yield f"{source.rstrip('.')}.{name}" if source else name
        if source:
            yield source


def _files_of_modules(modules: Iterable[str]) -> Iterator[str]:
    for name in modules:
        path = name.strip(".").replace(".", "/")
        yield from (f"{path}.py", f"{path}/__init__.py", f"{path}/__main__.py")


def _joined(base: str, word: str) -> str:
    return normpath(f"{base}/{word}" if base else word)
