"""Where a program says how its chance is seeded, and whether a change says otherwise.

With a fixed seed a benchmark repeats exactly, and a change that only makes it draw other random numbers can look better by luck. No runs
of the same seed tell that from a gain. What is found here is told and never refused, for a name is a hint and no proof.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from autotune.core.escaping import cut

# A search for lines that may set a seed, as an extended regular expression for any case.
SEARCHED = "seed|random_?state|srand|default_rng|prngkey|newsource|random|mt19937"
LONGEST_SHOWN = 100
LONGEST_LINE = 500  # a longer one was written by a program, and would take long to look through

_NAMED = r"(?i:(?:seed|random_?state|srand)[\w\-]*+)!?"  # what stands before is left out: to look for that takes long
_GENERATOR = r"\b(?:default_rng|PRNGKey|NewSource|Random(?:(?:\.|::)new)?|mt19937(?:_64)?(?:\s+\w+)?)\s*[({]\s*"  # each takes its seed
# `"--seed", type=int, default=42`; `seed: int = 42`; `"seed": 42`, `seed(42`, `"--seed", 42`; `--seed 42`, `#define SEED 42`.
_BETWEEN = r"""["']?(?:,[^\n]*?\bdefault\s*=\s*|\s*:\s*[\w.<>\[\]| ]+=\s*|\s*(?::=|=>|=(?!=)|[:({]|(?<=["']),)\s*|\s+(?=-?\d))"""
_VALUE = r"""\[[^\]\n]*|[^\n,;)\]}]+"""
_SETTING = re.compile(rf"(?P<name>{_NAMED}{_BETWEEN}|{_GENERATOR})(?=(?P<value>{_VALUE}))")
_COMMENT = re.compile(r"\s+(?:#|//|/\*|--\s).*")
_LITERAL = re.compile(r"""\[?\s*["']?-?\d|["'][^"'$%{]+["']?$""")


@dataclass(frozen=True, slots=True)
class Seed:
    """A place that sets a seed: its line from 1 on, what stands there, and whether that is a number or a text, which never changes."""

    line: int
    text: str
    setting: tuple[str, str]
    fixed: bool


def seeds(text: str) -> tuple[Seed, ...]:
    """Find the places of a program's text that set a seed."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for one in _SETTING.finditer(line if len(line) <= LONGEST_LINE else ""):
            value = _COMMENT.sub("", one["value"]).strip()
            if value:
                found.append(
                    Seed(number, cut(line.strip(), LONGEST_SHOWN), (one["name"].strip(), value), fixed=bool(_LITERAL.match(value)))
                )
    return tuple(found)


def reseeded(before: str, after: str) -> Seed | None:
    """Find the first place of a changed text that sets another seed than the text before, or the first that is gone; None without either.

    A place that has only moved is the same.
    """
    then, now = seeds(before), seeds(after)
    for these, others in ((now, then), (then, now)):
        left = Counter(one.setting for one in these) - Counter(one.setting for one in others)
        if left:
            return next(one for one in these if one.setting in left)
    return None
