"""A METRIC line in a program's text: whether a file prints one, of which metric, and which of its lines say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, splitext

# What is read and not run, whatever it quotes. Everything else may be a program: there are many languages.
READ = frozenset(
    (
        *(".md", ".markdown", ".mdx", ".rst", ".txt", ".adoc", ".asciidoc", ".org", ".tex", ".html", ".htm", ".log", ".diff", ".patch"),
        *(".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".xml", ".svg", ".snap", ".golden", ".expected", ".po", ".lock"),
    )
)
WORD = "METRIC"
_OUTPUT = r"(?i:\b(?:[fs]?print|echo|log|puts?|say|write|cat|show|disp|emit|out|report|info|format|join|append|push|record)\w*)"
_WHOLE = r"[\"'`]METRIC[\"'`]"
# The word as a print has it. A variable of that name, a key, or a sentence that only speaks of METRIC is none of these.
_PRINTED = re.compile(
    r"(?<!#[ \t])(?<!//[ \t])METRIC[ \t]+[^\s=]*[\w}\])>][^\s=]*="  # a name and `=` behind it, and no sign of a comment before
    r"|(?:[\"'`]|\\[nrtem]|\\(?:x1[bB]|033|u001[bB])\S*)METRIC(?:[ \t]|\\|[{%$#])"  # first in a text that goes on
    rf"|{_OUTPUT}(?:[ \t]+-\w+)*[ \t]+METRIC(?:[ \t]*$|[ \t]+[\"'`${{%(])"  # echo METRIC $line
    rf"|{_OUTPUT}(?:[ \t]*!?\(|[ \t]+|[\"'],[ \t]*)(?:[^\n;]{{0,60}}[(,\[{{][ \t]*)?[\[({{]?{_WHOLE}(?![ \t]*[\]:=])"  # print("METRIC", x)
    rf"|<<[ \t]*{_WHOLE}|{_WHOLE}[ \t]*(?:\+|<<|<>|\.\.|[.~&][ \t])"  # joined to what follows
    r"|^[ \t]*METRIC[ \t]+[\"'`${]",  # in a text of several lines
    re.MULTILINE,
)
_NAMED = re.compile(r"METRIC[ \t]+[\"']?([\w.\-/\[\]]+)=")
_KEPT = re.compile(rf"\b([A-Za-z_]\w*)(?:[ \t]*:[^\n=]{{0,30}}|\[\])?[ \t]*:?=[ \t]*(?:{_WHOLE}|METRIC\b(?![ \t]+\w))")  # TAG = "METRIC"
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
# A line that is a comment in most languages. In a text that is printed it would be no METRIC line either: other signs begin it.
_COMMENTED = re.compile(r"^[ \t]*(?:#+[ \t](?![ \t]*define\b)|//)[^\n]*", re.MULTILINE)
# Lines that the next one goes on from, and lines that belong to the one before.
_GOES_ON = re.compile(r"(?:[(\[{,+\\.&|<%?:=`])\s*$")
_BEGINS = re.compile(r"[(\[,+\\&|<%=`]\s*$")
_BELONGS = re.compile(r"^\s*(?:[)\],+.&|<%?]|\}[\"'`)\]]|\w?[\"'`])")
_LONGEST = 20  # lines of a statement


def is_run(path: str) -> bool:
    """Whether a file is of a kind that can be run, not one that is read: prose, data, or a name in capitals without an ending."""
    name, extension = splitext(basename(path))
    return extension.lower() not in READ if extension else not name.isupper()


def prints(text: str) -> bool:
    """Whether a program's text holds a METRIC line."""
    return next(_found(text), None) is not None


def count(text: str) -> int:
    """How many METRIC lines a program's text holds."""
    return sum(1 for _ in _found(text))


def prints_this(text: str, metric: str) -> bool:
    """Whether a program's text may print this metric: it has a METRIC line of its name, or of a case, or one whose name is put together."""
    names = _NAMED.findall(text)
    return count(text) > len(names) or any(name == metric or name.startswith(f"{metric}[") for name in names)


def speaks_of_it(script: str) -> bool:
    """Whether a script has the word METRIC outside its comments, as one has that makes the line itself, however it does."""
    return re.search(rf"\b{WORD}\b", _COMMENT.sub("", script)) is not None


def _found(text: str) -> Iterator[int]:
    """The places of METRIC lines in a text: where the match ends."""
    if WORD not in text:
        return
    text = _COMMENTED.sub(lambda comment: " " * len(comment[0]), text)
    for start, end in _lines_with_it(text):
        yield from (found.end() for found in _PRINTED.finditer(text, start, end))
        for found in _KEPT.finditer(text, start, end):
            if re.search(rf"{_OUTPUT}[^\n]*\b{found[1]}\b|\$\{{?{found[1]}\b|\{{{found[1]}\}}", text) and not _PRINTED.search(found[0]):
                yield found.end()


def _lines_with_it(text: str) -> Iterator[tuple[int, int]]:
    """The lines that hold the word METRIC, from where to where: the patterns are slow, and a large file has few such lines."""
    place = text.find(WORD)
    while place >= 0:
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        yield text.rfind("\n", 0, place) + 1, end
        place = text.find(WORD, end)


def statements(text: str) -> tuple[tuple[int, str], ...]:
    """Each METRIC line of a text: its number, from 1, and its words with those of the lines beside it that are of the same statement."""
    lines = text.split("\n")
    numbers = sorted({text.count("\n", 0, place - 1) for place in _found(text)})
    spans = ((number, lines[_first(lines, number) : _last(lines, number) + 1]) for number in numbers)
    return tuple((number + 1, "\n".join(line.strip() for line in span)) for number, span in spans)


def _first(lines: list[str], number: int) -> int:
    first = number
    while first > 0 and number - first < _LONGEST and _BEGINS.search(lines[first - 1]):
        first -= 1
    return first


def _last(lines: list[str], number: int) -> int:
    last, opened = number, _opened(lines[number])
    while (
        last + 1 < len(lines)
        and last - number < _LONGEST
        and (opened > 0 or _GOES_ON.search(lines[last]) or _BELONGS.match(lines[last + 1]))
    ):
        last += 1
        opened += _opened(lines[last])
    return last


def _opened(line: str) -> int:
    """How many more parentheses and brackets a line opens than it closes."""
    return sum(map(line.count, "([")) - sum(map(line.count, ")]"))
