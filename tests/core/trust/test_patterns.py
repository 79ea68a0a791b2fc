"""Path patterns against literals and against a plain recursive reading of the grammar."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autotune.core.trust.patterns import components, flaw, from_folder, from_top, has_part, is_everything, literal, literal_names, matcher
from autotune.errors import AutotuneError

# How long an example takes depends on who else uses the machine.
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THOROUGH = settings(QUICK, max_examples=300)

MATCHES = [
    ("**", "a"),
    ("**", "a/b/c.py"),
    ("**", ".hidden/x"),
    ("src", "src"),
    ("src", "src/a/b.py"),
    ("src/", "src/a"),
    ("./src", "src/a"),
    ("src/**", "src/a/b"),
    ("src/**/test.py", "src/test.py"),
    ("src/**/test.py", "src/a/b/test.py"),
    ("**/a.py", "a.py"),
    ("**/a.py", "x/y/a.py"),
    ("**/node_modules", "x/node_modules/y/z.js"),
    ("**/x/**/y", "a/x/b/y"),
    ("**/x/**/y", "x/x/y"),
    ("a/**/**/b", "a/b"),
    ("packages/*/", "packages/one/two"),
    ("packages/*/src", "packages/one/src/x"),
    ("*.py", "a.py"),
    ("*.py", ".py"),
    ("*", ".gitignore"),
    ("?.py", "é.py"),
    ("a?c", "a\nc"),
    ("*", "two words"),
    ("*", "line\nbreak"),
    ("**", "line\nbreak/x"),
    ("*", "not\udcffutf8"),
    ("[abc]", "b"),
    ("[a-c]x", "cx"),
    ("[!abc]", "d"),
    ("[^abc]", "d"),
    ("[!a]", "\n"),
    ("[]a]", "]"),
    ("[!]]", "a"),
    ("[-a]", "-"),
    ("[a-]", "-"),
    ("[*]", "*"),
    ("[?]", "?"),
    ("[[]", "["),
    ("[\\]", "\\"),
    ("[&&~~||]", "|"),
    ("a]b", "a]b"),
    ("a*b*c", "aXbYbZc"),
    ("a*b", "ab"),
    ("x.(1)+$", "x.(1)+$"),
    ("a!b", "a!b"),
    ("./!a", "!a"),
    ("...", "..."),
    ("app/[[]id]", "app/[id]/page.tsx"),
]

MISSES = [
    ("src", "srcs"),
    ("src", "a/src"),
    ("src", "Src"),
    ("src/", "src"),
    ("src/**", "src"),
    ("src/*", "src/a/b"),
    ("*.py", "a/b.py"),
    ("*.py", "a.py/b"),
    ("*.py", "a.pyc"),
    ("**/a.py", "ba.py"),
    ("**/x/**/y", "x/z"),
    ("?", "ab"),
    ("a?b", "a/b"),
    ("a*b", "a/b"),
    ("a[!x]b", "a/b"),
    ("a[+-9]b", "a/b"),
    ("[!abc]", "a"),
    ("[a-c]", "d"),
    ("a.b", "axb"),
    ("src", "src\n"),
    ("packages/*/", "packages/one"),
    ("a*b*c", "aXc"),
    ("[ab]", "a/b"),
    ("[!]]", "a/b"),
]

FLAWS = [
    ("", "empty"),
    ("/etc", "absolute"),
    ("..", "names no"),
    ("../..", "names no"),
    ("../", "names no"),
    ("a/../b", "at the beginning"),
    ("../a/../b", "at the beginning"),
    (".", "not the name"),
    ("a/./b", "not the name"),
    ("./", "names no"),
    ("a//b", "between two slashes"),
    ("a//", "between two slashes"),
    ("!a", "exclude"),
    ("**.py", "whole components"),
    ("a/b**", "whole components"),
    ("***", "whole components"),
    ("a\\b", "backslash"),
    ("[a", "never closed"),
    ("[]", "never closed"),
    ("[!]", "never closed"),
    ("[a/b]", "never closed"),
    ("[z-a]", "backwards"),
    ("[[:alpha:]]", "named classes"),
]


@pytest.mark.parametrize(("pattern", "path"), MATCHES)
def test_a_pattern_means_what_the_grammar_says(pattern: str, path: str) -> None:
    assert matcher([pattern])(path)


@pytest.mark.parametrize(("pattern", "path"), MISSES)
def test_a_pattern_means_nothing_else(pattern: str, path: str) -> None:
    assert not matcher([pattern])(path)


@pytest.mark.parametrize(("pattern", "reason"), FLAWS)
def test_what_is_no_pattern_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    assert reason in (flaw(pattern) or "")
    with pytest.raises(AutotuneError, match=reason) as refusal:
        matcher(["src", pattern])
    assert ascii(pattern) in refusal.value.message
    assert refusal.value.hint


ABOVE = [
    ("../lib/src/**", "packages/lib/src/a.js", True),
    ("../lib/src/**", "packages/app/src/a.js", False),
    ("../../**", "package.json", True),
    ("../../**", "packages/app/a.js", True),
    ("../*.js", "packages/a.js", True),
    ("../*.js", "packages/app/a.js", False),
    ("./../app/a.js", "packages/app/a.js", True),
    ("**", "packages/app/a.js", True),
    ("**", "packages/lib/a.js", False),
    ("**", "packages/appendix/a.js", False),
    ("../lib/", "packages/lib/a/b", True),
    ("src", "packages/app/src/a", True),
    ("src", "src/a", False),
]


@pytest.mark.parametrize(("pattern", "path", "means"), ABOVE)
def test_a_pattern_is_relative_to_its_folder_and_reaches_above_it(pattern: str, path: str, *, means: bool) -> None:
    assert flaw(pattern) is None
    assert matcher([pattern], "packages/app")(path) is means


def test_a_folder_is_no_pattern_itself() -> None:
    assert matcher(["*.js"], "p[x]*")("p[x]*/a.js")
    assert not matcher(["*.js"], "p[x]*")("px/a.js")


def test_a_pattern_or_path_reaches_no_further_than_to_the_top() -> None:
    for pattern, folder in (("../../../a", "packages/app"), ("../a", "")):
        with pytest.raises(AutotuneError, match="out of the repository"):
            matcher([pattern], folder)
    with pytest.raises(ValueError, match="out of the repository"):
        from_top("../../../a", "packages/app")


WAYS = [
    ("packages/app/a.js", "packages/app", "a.js"),
    ("packages/lib/a.js", "packages/app", "../lib/a.js"),
    ("node_modules", "packages/app", "../../node_modules"),
    ("packages/app.js", "packages/app", "../app.js"),
    ("a/b", "", "a/b"),
]


@pytest.mark.parametrize(("path", "folder", "way"), WAYS)
def test_a_way_from_a_folder_leads_where_it_came_from(path: str, folder: str, way: str) -> None:
    assert from_folder(path, folder) == way
    assert from_top(way, folder) == path


def test_no_patterns_mean_no_files() -> None:
    assert not matcher([])("a")
    assert not matcher([])("")


def test_a_file_is_meant_when_any_of_the_patterns_means_it() -> None:
    means = matcher(["src/**", "*.md"])
    assert [path for path in ("src/a", "README.md", "docs/README.md", "setup.py") if means(path)] == ["src/a", "README.md"]


def test_many_stars_do_not_make_a_long_path_explode() -> None:
    means = matcher(["**/a/" * 12 + "b", "*a" * 30 + "b"])
    assert not means("a/" * 400 + "c")
    assert not means("a" * 2_000 + "c")


def test_components_leave_the_ornaments_of_a_path_away() -> None:
    assert components("./a/b/") == ["a", "b"]


def _component_means(pattern: str, name: str) -> bool:
    """The grammar of one component, read character by character; brackets hold one or two plain characters here."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(_component_means(pattern[1:], name[taken:]) for taken in range(len(name) + 1))
    width = pattern.index("]") + 1 if pattern[0] == "[" else 1
    atom, rest = pattern[:width], pattern[width:]
    if not name or not _component_means(rest, name[1:]):
        return False
    if atom.startswith("[!"):
        return name[0] not in atom[2:-1]
    return atom == "?" or name[0] in atom.strip("[]")


def _means(parts: list[str], names: list[str]) -> bool:
    """The grammar of a list of components, read component by component."""
    first, *rest = parts
    if first == "**":
        return any(_means(rest, names[taken:]) for taken in range(len(names))) if rest else bool(names)
    if not names or not _component_means(first, names[0]):
        return False
    return _means(rest, names[1:]) if rest else len(names) == 1 or not re.search(r"[*?\[]", first)


TOKENS = st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]"])
PARTS = st.one_of(
    st.just("**"),
    st.lists(TOKENS, min_size=1, max_size=5).map("".join).filter(lambda part: "**" not in part),
)
NAMES = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=5)


@THOROUGH
@given(st.lists(PARTS, min_size=1, max_size=5), NAMES)
@example(["a", "**", "**"], ["a"])
@example(["**", "a", "**", "b", "**", "a"], ["a", "b", "a", "b", "a"])
def test_the_expression_agrees_with_the_grammar_read_part_by_part(parts: list[str], names: list[str]) -> None:
    assert matcher(["/".join(parts)])("/".join(names)) == _means(parts, names)


PATHS = st.lists(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=8).filter(
        lambda name: name not in {".", ".."}
    ),
    min_size=1,
    max_size=4,
).map("/".join)


@QUICK
@given(PATHS)
@example("!important")
@example("[a]*?\\")
def test_a_literal_pattern_means_its_own_path_and_what_is_below(path: str) -> None:
    means = matcher([literal(path)])
    assert means(path)
    assert means(f"{path}/below")


@QUICK
@given(PATHS, PATHS)
def test_a_literal_pattern_means_no_other_path(path: str, other: str) -> None:
    assert matcher([literal(path)])(other) == (other == path or other.startswith(f"{path}/"))


@QUICK
@given(st.text("ab*?[]!^-/.\\:", max_size=12), PATHS)
def test_any_text_is_a_pattern_or_has_a_flaw(pattern: str, path: str) -> None:
    if flaw(pattern) is None:
        assert matcher([pattern])(path) in {True, False}
    else:
        with pytest.raises(AutotuneError):
            matcher([pattern])


@QUICK
@given(PATHS)
def test_every_path_is_below_the_session(path: str) -> None:
    assert matcher(["**"])(path)


def test_a_pattern_names_a_file_by_its_own_path_and_a_part_of_it_in_so_many_letters() -> None:
    assert literal_names(["./a.js"], "a.js")
    assert literal_names(["../lib/a.js"], "packages/lib/a.js", "packages/app")
    assert literal_names([literal("[x].js")], "[x].js")
    assert not literal_names(["*.js", "src", "src/**"], "src/a.js")
    assert has_part(["src/**"], "src/a.js", "src")
    assert not has_part(["*/**", "lib/src"], "src/a.js", "src")


def test_two_stars_alone_mean_everything_also_of_a_folder_above() -> None:
    assert [pattern for pattern in ("**", "./**", "../../**", "src/**", "*", "**/a.py") if is_everything(pattern)] == [
        "**",
        "./**",
        "../../**",
    ]
