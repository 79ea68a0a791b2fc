"""The pages of help, for the launcher each and all as docs/commands.md, and the page of the keys. Run as a program, this writes them."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import click
import typer
from tests.commands import page_of_keys

from autotune.commands import app

FOLDER = Path(app.__file__).with_name("help")
REFERENCE = Path(__file__).parents[2] / "docs/commands.md"
CONFIGURATION = REFERENCE.with_name("configuration.md")
PROMPTS = REFERENCE.with_name("prompts.md")
OPENING = """\
# Commands

This page has the help of every command. `autotune VERB --help` shows you the same.
"""


def commands() -> Iterator[tuple[str, ...]]:
    """Every line of words that has a help page: none, a verb, a verb and its part, and a part's own parts."""
    yield ()
    verbs = app.Verbs()
    context = click.Context(typer.main.get_command(typer.Typer(callback=lambda: None)))
    for verb in verbs.list_commands(context):
        yield from _within((verb,), verbs.get_command(context, verb))


def _within(words: tuple[str, ...], command: click.Command | None) -> Iterator[tuple[str, ...]]:
    yield words
    for part, inner in app.parts(command).items():
        yield from _within((*words, part), inner)


def pages() -> dict[str, str]:
    """Each page, 80 columns wide, by its file's name."""
    return {f"{'-'.join(words) or 'autotune'}.txt": page(*words) for words in commands()}


def page(*words: str) -> str:
    """What `autotune WORDS --help` prints."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "80"
    try:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            app.run([*words, "--help"])
        return said.getvalue()
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before


def reference(made: dict[str, str]) -> str:
    """All pages as one in Markdown: a heading for each section of verbs and for each verb, with its parts after it."""
    chapters = [OPENING, _quoted(made["autotune.txt"])]
    for section, verbs in app.VERBS.items():
        chapters.append(f"## {section}\n")
        for verb in verbs:
            chapters.append(f"### autotune {verb}\n")
            chapters += [_quoted(text) for name, text in made.items() if name.removesuffix(".txt").partition("-")[0] == verb]
    return "\n".join(chapters)


def _quoted(page: str) -> str:
    return f"```text\n{page.strip()}\n```\n"


if __name__ == "__main__":
    made = pages()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8")
    REFERENCE.write_text(reference(made), "utf-8")
    CONFIGURATION.write_text(page_of_keys.page(), "utf-8")
    PROMPTS.write_text(page_of_keys.settings_within(PROMPTS.read_text("utf-8")), "utf-8")
