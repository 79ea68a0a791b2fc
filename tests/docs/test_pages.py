"""README and docs/: plain sentences, links that lead somewhere, pictures and figures that are what the code gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.commands.pages import FOLDER
from tests.docs import pictures
from tests.docs.prose import PAGES, ROOT, sentences, without_code, words

from autotune.core.config.keys import BY_NAME
from autotune.core.decide.budget import SESSIONS_FOOLED
from autotune.core.model import DecisionMode
from autotune.prompts.keys import BY_NAME as PROMPTS

README = ROOT / "README.md"
LINKED = (*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "lib/autotune/README.md")))
MEAN, LONGEST = 12, 30  # words
STILTED = re.compile(r"\b(anew|beside|besides|whatever|whoever|is had|a person)\b", re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sentences_are_short_and_plain(page: Path) -> None:
    found = sentences(page.read_text("utf-8"))
    assert [said for said in found if words(said) > LONGEST or STILTED.search(said)] == []
    assert sum(map(words, found)) <= MEAN * len(found)


def test_what_is_counted_is_prose() -> None:
    page = "# A title\n\n- One `two three` four.\n- Five [six](seven.md)? **Eight**\n  nine\n\n| a | b |\n\n    code\n```text\nx\n```\n"
    assert sentences(page) == ["One CODE four.", "Five six?", "Eight nine"]
    assert [words(said) for said in sentences(page)] == [3, 2, 2]


def test_the_front_page_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 150


def test_the_front_page_shows_what_the_code_draws() -> None:
    page = README.read_text("utf-8")
    assert page == pictures.drawn(page), "`PYTHONPATH=lib:. python tests/docs/pictures.py` draws them"


def test_the_front_page_and_reports_have_the_error_rates_of_the_tables() -> None:
    table = (ROOT / "docs/deciding.md").read_text("utf-8")
    rows = ("economy: sessions of 200 no-ops that keep anything", r"the same, worst kind of noise \(bursts\)", "--once: sessions of 200 .*")
    cells = [cell for row in rows for cell in re.findall(rf"^\| {row} \| ([0-9.]+) \|", table, re.MULTILINE)]
    fooled = [*SESSIONS_FOOLED[DecisionMode.ECONOMY], SESSIONS_FOOLED[DecisionMode.ONCE][0]]
    assert fooled == [float(cell) for cell in cells]
    economy, worst, once = (f"{100 * float(cell):.0f} %" for cell in cells)
    said = " ".join(README.read_text("utf-8").split())
    assert f"{economy} of economy's sessions keep something (at worst {worst}), and {once} with `--once`." in said


def slug(heading: str) -> str:
    """The anchor that a heading has: its words in lower case with hyphens, as hosts of git make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(line.lstrip("#")) for line in without_code(page.read_text("utf-8")).splitlines() if line.startswith("#")}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = without_code(page.read_text("utf-8"))
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)", text):
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


def test_every_page_can_be_found_from_the_front_page() -> None:
    found, new = {README}, {README}
    while new:
        targets = {page.parent / target for page in new for target in re.findall(r"\]\(([^)#:]+\.md)", page.read_text("utf-8"))}
        new = {target.resolve() for target in targets} - found
        found |= new
    assert set(PAGES) <= found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_options_and_keys_that_a_page_names_exist(page: Path) -> None:
    text = re.sub(r"^```python.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE).replace("\\\n", " ")
    for verb, rest in re.findall(r"(?:`|^    |bin/)autotune ([a-z]+)\b([^`\n]*)", text, re.MULTILINE):
        known = "".join(part.read_text("utf-8") for part in FOLDER.glob(f"{verb}*.txt"))
        assert known, verb
        assert [option for option in re.findall(r"\s(--[a-z-]+)", rest) if not re.search(rf"{option}\b", known)] == [], verb
    assert [key for key in re.findall(r"(?:`|^    )([a-z_]+) = ", text, re.MULTILINE) if key not in {*BY_NAME, *PROMPTS}] == []
