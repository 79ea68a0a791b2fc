"""The help pages that are shipped, held against what typer makes."""

from __future__ import annotations

import pytest
from tests.commands import page_of_keys
from tests.commands.pages import CONFIGURATION, FOLDER, PROMPTS, REFERENCE, pages, reference

PAGES = pages()


@pytest.mark.parametrize("name", sorted({*PAGES, *(path.name for path in FOLDER.iterdir())}))
def test_a_page_that_is_shipped_is_what_typer_makes(name: str) -> None:
    shipped = (FOLDER / name).read_text("utf-8") if (FOLDER / name).is_file() else ""
    assert shipped == PAGES.get(name, ""), "`python tests/commands/pages.py` writes the pages"


def test_the_page_of_all_commands_is_made_of_these() -> None:
    assert REFERENCE.read_text("utf-8") == reference(PAGES), "`python tests/commands/pages.py` writes it"


def test_the_page_of_all_keys_is_made_of_them() -> None:
    assert CONFIGURATION.read_text("utf-8") == page_of_keys.page(), "`python tests/commands/pages.py` writes it"


def test_the_page_of_prompts_has_every_setting() -> None:
    text = PROMPTS.read_text("utf-8")
    assert text == page_of_keys.settings_within(text), "`python tests/commands/pages.py` writes it"
