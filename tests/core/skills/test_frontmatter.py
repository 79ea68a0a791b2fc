from __future__ import annotations

import pytest

from autotune.core.skills.frontmatter import Doubt, Unreadable, read


def head(text: str) -> dict[str, object]:
    return dict(read(f"---\n{text}\n---\nBody\n").fields)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("name: a\ndescription: Does things.", {"name": "a", "description": "Does things."}),
        ("\n# note\nname: a # mine\n", {"name": "a"}),
        ("d: >-\n  one\n  two\n\n  three", {"d": "one two\nthree"}),
        ("d: >\n  one\n  two\n", {"d": "one two\n"}),
        ("d: |\n  one: two\n  # no comment\nl: MIT", {"d": "one: two\n# no comment\n", "l": "MIT"}),
        ("d: |+\n  one\n\nl: x", {"d": "one\n\n", "l": "x"}),
        ("d: |\n", {"d": ""}),
        ("d: 'it''s: fine # here' # said", {"d": "it's: fine # here"}),
        ('d: "say \\"x\\": y\\n \\u00e9 \\q"', {"d": 'say "x": y\n é q'}),
        ('d: "one\n  two"', {"d": "one two"}),
        ("d: one\n  two\n  # no more\nl: x", {"d": "one two", "l": "x"}),
        ("d:\n  one\n  two", {"d": "one two"}),
        ("m:\n  author: me\n  deep:\n    x: y\nl: x", {"m": {"author": "me", "deep": {"x": "y"}}, "l": "x"}),
        ("t:\n  - Read\n  - Write\nl: x", {"t": ("Read", "Write"), "l": "x"}),
        ("t:\n- Read\nl: x", {"t": ("Read",), "l": "x"}),
        ("t:\n  - a: b\n    c: d\n  - a: e", {"t": ({"a": "b", "c": "d"}, {"a": "e"})}),
        ("t:\nl: x", {"t": "", "l": "x"}),
        ("t:", {"t": ""}),
        ('"t": x', {"t": "x"}),
        ("d: see https://x.org/a:b", {"d": "see https://x.org/a:b"}),
        ("d: one\u2028two\x85three", {"d": "one\u2028two\x85three"}),
        ("d: one\r  two\r\nl: x", {"d": "one two", "l": "x"}),
    ],
)
def test_fields_are_read_as_yaml_says(text: str, fields: dict[str, object]) -> None:
    assert head(text) == fields
    assert read(f"---\n{text}\n---\n").doubts == ()


@pytest.mark.parametrize(
    ("text", "doubt", "line"),
    [
        ("a: b\nd: Use: when", Doubt.COLON, 3),
        ("t: [a, 'b']", Doubt.FLOW, 2),
        ("t: {a b}", Doubt.FLOW, 2),
        ("a: b\na: c", Doubt.TWICE, 3),
        ("a: @x", Doubt.RESERVED, 2),
        ("a: - x", Doubt.RESERVED, 2),
        ("a: |x", Doubt.RESERVED, 2),
        ("a: b\n   c: d\n  e", Doubt.COLON, 4),
        ("a: b\nc: x\x1by\na: c", Doubt.CONTROL, 3),
        ("a: b\nc: x --- y\x1b", Doubt.FENCE, 3),
    ],
)
def test_what_only_hosts_accept_is_read_and_doubted(text: str, doubt: Doubt, line: int) -> None:
    assert read(f"---\n{text}\n---\n").doubts == ((doubt, line),)


def test_a_list_in_brackets_is_a_list() -> None:
    assert head("t: [a, 'b']") == {"t": ("a", "b")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no head", 1),
        ("", 1),
        ("---\na: b\n", 2),
        ("---\na: b\n---x\n", 3),
        ("---\na b\n---\n", 2),
        ("---\n\ta: b\n---\n", 2),
        ("---\nm:\n    a: b\n  c: d\n---\n", 4),
        ("---\na: 'x\n---\n", 2),
        ("---\na: 'x' y\n---\n", 2),
        ("---\n- a: b\n---\n", 2),
        ("---\n" + "".join(f"{' ' * level}a:\n" for level in range(300)) + "---\n", 53),
        ("---\na:\n" + "-\n" * 300 + "---\n", 53),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text)
    assert refused.value.line == line


def test_the_text_below_and_its_line_are_known() -> None:
    found = read("\ufeff---\nname: a\n---\n\n# Title\ntext\n")
    assert [found.body, found.body_line, found.text("name"), found.text("no")] == ["# Title\ntext", 4, "a", ""]
    assert read("---\nt:\n  - x\n---\n").text("t") == ""


def test_the_lines_of_each_field_are_known() -> None:
    found = read('---\na: b\n# no\nm:\n  a: x\n"d": "x\ny: z"\nt:\n- a: b\n  c: d\n---\n')
    assert found.places == (("a", range(2, 3)), ("m", range(4, 6)), ("d", range(6, 8)), ("t", range(8, 11)))
