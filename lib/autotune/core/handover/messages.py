"""The messages of commits that are handed over, made of those of the session's commits."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

_MEASURED, _NEEDS, _CHECKS = "Autotune-Measured: ", "Autotune-Needs: ", "Autotune-Checks: "
LONGEST_SUBJECT = 120  # characters of a first line that stays as it was said
_TRAILERS = re.compile(r"(?:[A-Za-z0-9-]+: .*(?:\n[ \t].*)*\n?)+")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured on a branch, in words, and the branches without which its changes gain nothing.

    `checks` is why the checks fail on it, in words; empty where they do not, or had passed on just these files.
    """

    words: str
    needs: tuple[str, ...] = ()
    checks: str = ""


def subject_and_body(words: str, columns: int) -> tuple[str, str]:
    """Part what was said of a change into a first line and the rest; a first line that is much too long is cut, and stands below."""
    subject, _, rest = words.partition("\n")
    if len(subject) <= LONGEST_SUBJECT:
        return subject, rest.strip()
    head = subject[: columns - 2].rpartition(" ")[0].rstrip() or subject[: columns - 2]
    whole = textwrap.fill(subject, columns, break_long_words=False, break_on_hyphens=False)
    return f"{head} …", "\n\n".join(filter(None, (whole, rest.strip())))


def message(title: str, of_changes: Sequence[str], measured: Measurement | None) -> str:
    """Give the message of a branch's commit: that of its only change, or all of them below a title. What was measured are trailers."""
    if len(of_changes) == 1:
        whole = of_changes[0]
    else:
        parts = [_parted(one) for one in of_changes]
        trailers = "\n".join(last for _, last in parts if last)
        whole = "\n\n".join([title, *(words for words, _ in parts), *([trailers] if trailers else [])]) + "\n"
    if measured is None:
        return whole
    words, trailers = _parted(whole)
    added = [f"{_MEASURED}{measured.words}", *(f"{_NEEDS}{one}" for one in measured.needs)]
    added += [f"{_CHECKS}{measured.checks}"] if measured.checks else []
    return f"{words}\n\n" + "\n".join([*([trailers] if trailers else []), *added]) + "\n"


def _parted(whole: str) -> tuple[str, str]:
    """Part a message into its words and its trailers, which are its last paragraph where that holds nothing else."""
    words, between, last = whole.strip().rpartition("\n\n")
    return (words, last) if between and _TRAILERS.fullmatch(last) else (whole.strip(), "")


def unmeasured(whole: str) -> str:
    """Give a message without what was measured, and without the blanks around it."""
    return "\n".join(line for line in whole.splitlines() if not line.startswith((_MEASURED, _NEEDS, _CHECKS))).strip()


def measured_in(whole: str) -> Measurement | None:
    """Give what a message says was measured; None where it says nothing of that."""
    words, needs, checks = (_said(whole, key) for key in (_MEASURED, _NEEDS, _CHECKS))
    return Measurement(words[0], needs, "".join(checks)) if words else None


def _said(whole: str, key: str) -> tuple[str, ...]:
    return tuple(line.removeprefix(key) for line in whole.splitlines() if line.startswith(key))
