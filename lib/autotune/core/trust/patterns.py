r"""Path patterns: which files a list of them means.

The grammar of patterns relative to the session's working directory, with `/` between components on every system; the paths that they are
held against are relative to the repository's top:

- A pattern is anchored: `a.py` is that one file, `**/a.py` the files of that name at any depth.
- `*` is any text within one component, `?` any one character but `/`, a dot at the beginning included.
- `[abc]`, `[a-z]` is one of these characters, `[!abc]` or `[^abc]` any other but `/`; `]` right after the opening is itself, as is `-` at
  either end. `[*]`, `[?]`, `[[]` and `[\]` stand for the character itself, and a bracket of one character is not a wildcard.
- `**` as a whole component is any number of components, none included: `src/**/test.py` is also `src/test.py`. At the end it is
  everything below: `src/**`, and `**` alone is everything.
- A last component without wildcards is a file or a folder with everything below: `src` is the file `src` and `src/a/b.py`.
- A `/` at the end is everything below, and not a file of that name: `build/`, `packages/*/`.
- A `./` at the beginning changes nothing. Upper and lower case differ.
- `..` at the beginning is the folder above: `../lib/src/**` is a sibling package's sources, `../../**` all that is in the folder two above,
  the working directory included. It reaches no further than to the repository's top.
- Refused: an empty pattern, one that begins with `/` or `!`, a component `..` elsewhere, a component `.`, an empty component, `**` beside
  other characters, a bracket that is never closed or whose range runs backwards, a named class such as `[:alpha:]`, a backslash outside
  brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import pairwise

from autotune.errors import AutotuneError

HINT = "write patterns relative to the session's working directory, such as src/** or tests/*.py"


def matcher(patterns: Iterable[str], folder: str = "") -> Callable[[str], bool]:
    """Whether any of the patterns, which are relative to `folder`, means a path, which is relative to the top, as `folder` is.

    One compiled expression decides. Raises AutotuneError for what is no pattern, or leads out of the top.
    """
    fullmatch = re.compile(expression(patterns, folder)).fullmatch
    return lambda path: fullmatch(path) is not None


def expression(patterns: Iterable[str], folder: str = "") -> str:
    """The regular expression that matches the whole of every path that any of the patterns means; folder and refusals as in `matcher`."""
    expressions = []
    for pattern in patterns:
        try:
            expressions.append(_expression(pattern, folder))
        except ValueError as flawed:
            raise AutotuneError(f"{pattern!a} is not a path pattern: {flawed}.", HINT) from None
    # `(?!)` never matches: no patterns mean no files. `(?s)`: a dot is any character, a line's end included.
    return "(?s)" + ("|".join(expressions) or "(?!)")


def flaw(pattern: str) -> str | None:
    """What makes this text no pattern, as the end of a sentence without its full stop; None where it is one."""
    try:
        _expression(pattern, "x/" * pattern.count(".."))
    except ValueError as flawed:
        return str(flawed)
    return None


def from_top(path: str, folder: str) -> str:
    """The path, relative to the top, that is at `path` from a folder. Raises ValueError where it leads out of the top, or is no path."""
    above, parts = _outwards(path, folder)
    return "/".join((*above, *parts))


def beginning(pattern: str, folder: str) -> str:
    """The folder or file, relative to the top, in which all lies that a pattern means."""
    above, parts = _outwards(pattern, folder)
    wild = next((place for place, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts))
    return "/".join((*above, *parts[:wild]))


def from_folder(path: str, folder: str) -> str:
    """The path from a folder to a path, both relative to the top: `../lib/a.js` from `packages/app`."""
    there, here = path.split("/"), folder.split("/") if folder else []
    shared = next((place for place, (one, other) in enumerate(zip(there, here, strict=False)) if one != other), min(len(there), len(here)))
    return "/".join((*[".."] * (len(here) - shared), *there[shared:]))


def literal(path: str) -> str:
    """The pattern that means this relative path alone, and everything below where it is a folder."""
    quoted = re.sub(r"[*?\[\\]", r"[\g<0>]", path)
    # Elsewhere than at the beginning an exclamation mark is an ordinary character.
    return f"./{quoted}" if quoted.startswith("!") else quoted


def literal_names(patterns: Iterable[str], path: str, folder: str = "") -> bool:
    """Whether one of the patterns, relative to a folder, is this very path, and not a folder above it or a wildcard that means it."""
    return any(from_top(pattern, folder) in (path, literal(path)) for pattern in patterns)


def is_everything(pattern: str) -> bool:
    """Whether a pattern means all that is in the working directory, or in a folder above it."""
    return re.fullmatch(r"(?:\./)?(?:\.\./)*\*\*", pattern) is not None


def has_part(patterns: Iterable[str], path: str, component: str, folder: str = "") -> bool:
    """Whether one of the patterns, relative to a folder, means this path and has the component in so many letters, not by a wildcard."""
    for pattern in patterns:
        plain = [part for part in pattern.strip("/").removeprefix("./").split("/") if not re.search(r"[*?\[]", part)]
        if component in plain and matcher((pattern,), folder)(path):
            return True
    return False


def components(path: str) -> list[str]:
    """The components of a relative path or pattern, a `./` before and a `/` behind left away. Raises ValueError with what is wrong."""
    if not path:
        raise ValueError("it is empty")
    if path.startswith("/"):
        raise ValueError("it is absolute; paths are relative to the session's working directory")
    parts = path.removeprefix("./").removesuffix("/").split("/")
    if ".." in parts[_leading(parts) :]:
        raise ValueError('".." stands only at the beginning, for the folder above the session\'s working directory')
    if "." in parts:
        raise ValueError('"." is not the name of a file or folder')
    if "" in parts:
        raise ValueError("there is nothing between two slashes" if "//" in path else "it names no file or folder")
    if parts[-1] == "..":
        raise ValueError('it names no file or folder; write "../**" for everything in the folder above')
    return parts


def _leading(parts: list[str]) -> int:
    """How many components at the beginning are `..`."""
    return next((place for place, part in enumerate(parts) if part != ".."), len(parts))


def _outwards(path: str, folder: str) -> tuple[list[str], list[str]]:
    """The components of the folder from which a path or pattern leads on, relative to the top, and those that it leads on with."""
    parts, here = components(path), folder.rstrip("/").split("/") if folder else []
    steps = _leading(parts)
    if steps > len(here):
        raise ValueError("it leads out of the repository")
    return here[: len(here) - steps], parts[steps:]


def _expression(pattern: str, folder: str) -> str:
    """The pattern as a regular expression for the whole path.

    What stands between two `**` is looked for once, at its leftmost place, in an atomic group. The `**` behind it can take whatever a later
    place would have left, so going back never helps. So the time stays linear in the number of `**`.
    """
    if pattern.startswith("!"):
        raise ValueError('a pattern cannot exclude with "!"; list what is meant, or use protect')
    above, parts = _outwards(pattern, folder)
    if pattern.endswith("/"):
        parts.append("**")
    return "".join(f"{re.escape(one)}/" for one in above) + _within(parts)


def _within(parts: list[str]) -> str:
    """The expression of the components from the folder on to which a pattern leads."""
    head, *others = _between_double_stars(parts)
    if not others:
        return _joined(head) + _below(parts[-1])
    *middle, tail = others
    beginning = _joined(head) + ("/" if head else "")
    found = "".join(f"(?>(?:[^/]+/)*?{_joined(window)}/)" for window in middle if window)
    return beginning + found + (f"(?:.*/)?{_joined(tail)}{_below(parts[-1])}" if tail else ".+")


def _between_double_stars(parts: list[str]) -> list[list[str]]:
    """The components split at every `**`: one list more than there are of them."""
    edges = [-1, *(place for place, part in enumerate(parts) if part == "**"), len(parts)]
    return [parts[before + 1 : after] for before, after in pairwise(edges)]


def _joined(parts: list[str]) -> str:
    """The expressions of consecutive components."""
    return "/".join(map(_component, parts))


def _below(last: str) -> str:
    """What may follow the last component: a folder that is named without wildcards means everything in it."""
    without_quoted = re.sub(r"\[[^!^]\]", "", last)
    return "" if re.search(r"[*?\[]", without_quoted) else "(?:/.+)?"


def _component(component: str) -> str:
    """The expression of one component; of several `*` only the last goes back, for the same reason as between two `**`."""
    if component == "*":
        return "[^/]+"
    if "**" in component:
        raise ValueError('"**" stands for whole components; write "**/*.py" rather than "**.py"')
    first, *others = _fixed_texts(component)
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{text})" for text in middle) + "[^/]*" + last


def _fixed_texts(component: str) -> list[str]:
    """The expressions of what stands before, between and behind the `*` of a component."""
    texts = [""]
    rest = component
    while rest:
        match rest[0]:
            case "*":
                texts.append("")
                rest = rest[1:]
            case "?":
                texts[-1] += "[^/]"
                rest = rest[1:]
            case "[":
                expression, rest = _bracket(rest)
                texts[-1] += expression
            case "\\":
                raise ValueError(
                    'a backslash neither separates nor escapes; write "/" between folders, or "[\\]" for a backslash in a name'
                )
            case character:
                texts[-1] += re.escape(character)
                rest = rest[1:]
    return texts


def _bracket(text: str) -> tuple[str, str]:
    """The expression of the bracket that the text begins with, and the text behind it."""
    found = re.match(r"\[([!^]?+)(\]?+[^\]]*)\]", text, re.DOTALL)
    if found is None:
        raise ValueError('a "[" is never closed; write "[[]" for the character itself')
    negation, inside = found.groups()
    if "[:" in inside:
        raise ValueError('named classes such as "[:alpha:]" are not known; write "[a-zA-Z]"')
    ranges = re.sub(r"(.)-(.)|.", _range, inside, flags=re.DOTALL)
    return (f"[^/{ranges}]" if negation else f"(?!/)[{ranges}]"), text[found.end() :]


def _range(found: re.Match[str]) -> str:
    """One character or range of a bracket, escaped for a regular expression."""
    low, high = found.groups()
    if low is None:
        return re.escape(found[0])
    if low > high:
        raise ValueError(f'the range "{found[0]}" runs backwards')
    return f"{re.escape(low)}-{re.escape(high)}"
