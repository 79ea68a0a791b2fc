"""The page of examples shows the files that the tests run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "examples.md"
SHOWN = re.compile(r"^<!-- (tests/examples/\S+) -->\n```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def shown(page: str) -> str:
    """Give the page with each file as it is."""
    return SHOWN.sub(lambda one: f"<!-- {one[1]} -->\n```{one[2]}\n{(ROOT / one[1]).read_text()}```", page)


def test_the_page_shows_the_files_as_they_are() -> None:
    page = PAGE.read_text()
    assert page == shown(page), "`python tests/examples/test_page.py` shows them"
    assert len(SHOWN.findall(page)) >= 3


if __name__ == "__main__":
    sys.exit(PAGE.write_text(shown(PAGE.read_text())) and 0)
