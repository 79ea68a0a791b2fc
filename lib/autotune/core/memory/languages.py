"""How a language writes comments and text, told by a file's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from posixpath import basename, splitext


@dataclass(frozen=True, slots=True)
class Language:
    """What begins and ends comments and text.

    `line` are marks of comments to the line's end, `block` pairs of marks. `text` are quotes that end on their line or at its end, `long`
    pairs of quotes with lines between. Where `free`, blanks around a sign mean nothing. Where `indents`, how far a line is in means much.
    """

    line: tuple[str, ...] = ()
    block: tuple[tuple[str, str], ...] = ()
    text: str = ""
    long: tuple[tuple[str, str], ...] = ()
    free: bool = False
    indents: bool = False

    @property
    def marks(self) -> tuple[str, ...]:
        """What comments begin with."""
        return (*(begin for begin, _ in self.block), *self.line)


_SLASHES, _STARS, _BACKTICKS = ("//",), (("/*", "*/"),), (("`", "`"),)
_C = Language(_SLASHES, _STARS, "\"'", free=True)
_BRACES = Language(_SLASHES, _STARS, "\"'")
_SCRIPT = Language(_SLASHES, _STARS, "\"'", _BACKTICKS, free=True)
_PYTHON = Language(("#",), (), "\"'", (('"""', '"""'), ("'''", "'''")), free=True, indents=True)
_SHELL = Language(("#",), (), "", (('"', '"'), ("'", "'")), indents=True)  # a line in a here-document may be further in
_HASH = Language(("#",), (), "\"'")
_SETTINGS = Language(("#",), (), "\"'", indents=True)
_DASHES = Language(("--",), _STARS, "\"'")

_BY_ENDING: Mapping[str, Language] = {
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".cu", ".java", ".cs", ".m", ".mm"), _C),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".go"), _SCRIPT),
    **dict.fromkeys((".kt", ".kts", ".scala", ".swift", ".dart", ".groovy", ".php", ".zig", ".proto", ".scss"), _BRACES),
    ".rs": Language(_SLASHES, _STARS, '"', free=True),  # a lifetime begins with a single quote
    ".css": Language((), _STARS, "\"'"),
    **dict.fromkeys((".py", ".pyi", ".pyx", ".pxd"), _PYTHON),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh"), _SHELL),
    **dict.fromkeys((".rb", ".pl", ".pm", ".r", ".jl", ".ex", ".exs", ".tcl", ".nix"), _HASH),
    **dict.fromkeys((".yaml", ".yml", ".toml", ".mk", ".nim", ".coffee"), _SETTINGS),
    ".sql": _DASHES,
    ".lua": Language(("--",), (("--[[", "]]"),), "\"'", (("[[", "]]"),)),
    ".hs": Language(("--",), (("{-", "-}"),), '"', indents=True),
    **dict.fromkeys((".lisp", ".clj", ".el", ".scm"), Language((";",), (), "", (('"', '"'),))),
    **dict.fromkeys((".erl", ".hrl"), Language(("%",), (), '"')),
    **dict.fromkeys((".f90", ".f95", ".f03", ".f08"), Language(("!",), (), "\"'")),
}
_BY_NAME: Mapping[str, Language] = {"Makefile": _SETTINGS, "CMakeLists.txt": _HASH, "Dockerfile": _SHELL}
UNKNOWN = Language(indents=True)


def language_of(path: str) -> Language:
    """Give the language that a file's name tells; `UNKNOWN`, which has no comments, where it tells none."""
    return _BY_NAME.get(basename(path)) or _BY_ENDING.get(splitext(path)[1].lower(), UNKNOWN)


@cache
def pattern(language: Language) -> re.Pattern[str]:
    """Give what tells a language's pieces from each other: `text`, `comment`, `end` of a line, `blank`, `word` or `sign`.

    A mark to the line's end counts at the line's beginning and after a blank or a bracket: elsewhere it may be part of an address.
    """
    long = [rf"{re.escape(begin)}(?:\\.|(?!{re.escape(end)}).)*(?:{re.escape(end)}|\Z)" for begin, end in language.long]
    short = [rf"{re.escape(one)}(?:\\.|[^\\\n{re.escape(one)}])*(?:{re.escape(one)}|(?=\n)|\Z)" for one in language.text]
    block = [rf"{re.escape(begin)}(?:(?!{re.escape(end)}).)*(?:{re.escape(end)}|\Z)" for begin, end in language.block]
    line = [rf"(?:\A|(?<=[\s;,(){{}}\[\]])){re.escape(mark)}[^\n]*" for mark in language.line]
    never = r"(?!)"
    kinds = {
        "comment": "|".join([*block, *line]) or never,
        "text": "|".join([*long, *short]) or never,
        "end": r"\n",
        "blank": r"[^\S\n]+",
        "word": r"\w+",
        "sign": r".",
    }
    return re.compile("|".join(f"(?P<{kind}>{one})" for kind, one in kinds.items()), re.DOTALL)
