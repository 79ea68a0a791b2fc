"""The sentences of README, docs/ and the pages next to README, and how long they are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")), *sorted((ROOT / "docs").glob("*.md")))
_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s+")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")


def without_code(text: str) -> str:
    """A page without its blocks of code."""
    return "\n".join(line for line in _CODE.sub("", text).splitlines() if not line.startswith("    "))


def sentences(text: str) -> list[str]:
    """The sentences outside code, tables, comments and headings; what stands in backticks is one word."""
    blocks = [""]
    for line in re.sub(r"<!--.*?-->", "", without_code(text)).splitlines():
        if not line.strip() or line.startswith(("|", "#")):
            blocks.append("")
        elif begun := _ITEM.match(line):
            blocks.append(line[begun.end() :])
        else:
            blocks[-1] += f" {line.strip()}"
    plain = (_LINK.sub(r"\1", re.sub(r"`[^`]+`", "CODE", block)).replace("*", "").strip() for block in blocks)
    return [said for block in plain for said in re.split(r"(?<=[.!?])[)\"]*\s+", block) if said]


def words(sentence: str) -> int:
    """How many words a sentence has."""
    return sum(re.search(r"\w", word) is not None for word in sentence.split())
