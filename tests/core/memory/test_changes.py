"""Changes known again, whatever their blanks and comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotune.core.memory.changes import is_same, mark_of
from autotune.core.memory.contents import LONGEST, said
from autotune.core.memory.languages import UNKNOWN, language_of

STATEMENTS = st.sampled_from(["x = 1", "y = f(x, 'a  b')", "return x", "z = x + y", 'print("# no comment")', "s = 'it''s'"])
LINES = st.lists(STATEMENTS, min_size=1, max_size=6)
COMMENTS = st.sampled_from(["", "  # why", "    # another reason", "\t# a\u00e9"])


@given(LINES, st.data())
def test_blanks_and_comments_of_python_mean_nothing(lines: list[str], data: st.DataObject) -> None:
    worn = []
    for line in lines:
        worn += ["  # between"] * data.draw(st.integers(0, 1)) + [""] * data.draw(st.integers(0, 2))
        worn.append(line.replace(" = ", data.draw(st.sampled_from(["=", " =  ", " = "]))) + data.draw(COMMENTS))
    assert said("a.py", "\n".join(worn).encode()) == said("a.py", ("\n".join(lines) + "\n").encode())


@given(LINES, LINES)
def test_statements_that_differ_are_said_differently(one: list[str], other: list[str]) -> None:
    assert (said("a.py", "\n".join(one).encode()) == said("a.py", "\n".join(other).encode())) == (one == other)


@given(st.text(), st.sampled_from(["a.py", "a.c", "a.js", "a.rs", "a.sh", "a.lua", "a.hs", "a.sql", "a.txt", "Makefile", "a.css"]))
def test_any_text_can_be_read_and_line_ends_mean_nothing(text: str, path: str) -> None:
    plain = text.replace("\r", "")
    assert said(path, plain.encode()) == said(path, plain.replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("a.c", "int f(void) { /* old */ return 1; } // why\n", "int f( void ) {return 1;}\n"),
        ("a.js", "let a = `x // y`; // gone\n", "let a=`x // y`;\n"),
        ("a.rs", "fn f<'a>(x: &'a str) -> u8 { 1 } // one\n", "fn f<'a>(x: &'a str) -> u8 { 1 }\n"),
        ("a.sh", "echo a # b\n", "echo  a\n"),
        ("a.sql", "select 1 -- one\n", "select  1\n"),
        ("a.lua", "--[[ a\nb ]] x = 1\n", "x = 1\n"),
        ("a.txt", "a  b \n\n", "a b\n"),
        ("a.py", "if x:\n    f()\n", "if x:\n  f()  # two blanks\n"),
    ],
)
def test_what_means_nothing_is_left_out(path: str, one: str, other: str) -> None:
    assert said(path, one.encode()) == said(path, other.encode())


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("a.py", "if x:\n    f()\n    g()\n", "if x:\n    f()\ng()\n"),  # how far in a line is
        ("a.py", "s = 'a b'\n", "s = 'a  b'\n"),
        ("a.py", '"""a\n# b\n"""\n', '"""a\n# c\n"""\n'),
        ("a.py", "# cython: boundscheck=False\n", "# cython: wraparound=False\n"),
        ("a.py", "#!/usr/bin/python\n", "#!/usr/bin/pypy\n"),
        ("a.go", "//go:build linux\n", "//go:build darwin\n"),
        ("a.js", "get('http://a/b')\n", "get('http://a/c')\n"),
        ("a.js", "x = a + +b\n", "x = a ++ b\n"),
        ("a.js", "x.split(/, /)\n", "x.split(/,/)\n"),
        ("a.c", "else if\n", "elseif\n"),
        ("a.css", "a .b {}\n", "a.b {}\n"),
        ("a.sh", "curl http://a/b#c\n", "curl http://a/b#d\n"),
        ("a.sh", 'echo "a" b\n', 'echo "a"b\n'),
        ("a.md", "# one\n", "# two\n"),
    ],
)
def test_what_means_something_is_said(path: str, one: str, other: str) -> None:
    assert said(path, one.encode()) != said(path, other.encode())


def test_what_is_no_text_or_very_long_stands_for_itself() -> None:
    assert said("a.py", b"\xff# a") != said("a.py", b"\xff# b")
    assert len(said("a.py", b"x\n" * LONGEST)) == 1


def test_a_language_is_known_by_ending_or_name() -> None:
    assert language_of("src/Makefile").line == ("#",)
    assert language_of("src/A.PY").indents
    assert language_of("notes") is UNKNOWN


@given(LINES, LINES)
def test_a_mark_holds_wherever_the_lines_stand(around: list[str], lines: list[str]) -> None:
    before, after = "\n".join(around), "\n".join(around + lines)
    moved = "first()\n" + before, "first()\n" + after
    assert mark_of({"a.py": (before.encode(), after.encode())}) == mark_of({"a.py": (moved[0].encode(), moved[1].encode())})


def test_a_change_and_its_revert_have_different_marks() -> None:
    one, other = b"x = 1\n", b"x = 2\n"
    assert mark_of({"a.py": (one, other)}) != mark_of({"a.py": (other, one)})
    assert mark_of({"a.py": (None, other)}) != mark_of({"a.py": (b"", other)})
    assert mark_of({"a.py": (one, other)}) != mark_of({"b.py": (one, other)})


def test_a_file_with_other_comments_alone_is_no_part_of_a_mark() -> None:
    real = {"a.py": (b"x = 1\n", b"x = 2\n")}
    assert mark_of({**real, "b.py": (b"y = 1  # a\n", b"y = 1  # b\n")}) == mark_of(real)


def test_a_change_of_comments_alone_is_known_by_its_very_bytes() -> None:
    one, other = {"a.py": (b"x  # a\n", b"x  # b\n")}, {"a.py": (b"x  # a\n", b"x  # c\n")}
    assert mark_of(one) != mark_of(other)
    assert is_same({"a.py": b"x  # b\n"}, {"a.py": b"x  # b\n"}, {"a.py": b"x  # a\n"})
    assert not is_same({"a.py": b"x  # b\n"}, {"a.py": b"x  # c\n"}, {"a.py": b"x  # a\n"})


def test_the_same_line_in_another_place_has_the_same_mark_and_is_not_the_same() -> None:
    before, one, other = b"f()\ng()\n", b"cache()\nf()\ng()\n", b"f()\ncache()\ng()\n"
    assert mark_of({"a.py": (before, one)}) == mark_of({"a.py": (before, other)})
    assert not is_same({"a.py": one}, {"a.py": other}, {"a.py": before})
    assert is_same({"a.py": one}, {"a.py": b"cache( )  # quick\nf()\n\ng()\n"}, {"a.py": before})
    assert not is_same({"a.py": None}, {"a.py": other}, {"a.py": before})
