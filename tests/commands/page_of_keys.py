"""The page that lists every key."""

from __future__ import annotations

from collections.abc import Iterable

from autotune.core.config.keys import KEYS, NOW, SECTIONS, Default, Key
from autotune.core.config.shapes import literal
from autotune.core.config.writing import HEADINGS, stands_alone
from autotune.prompts import keys as packs

BEGIN, END = "<!-- settings: tests/commands/pages.py writes this -->", "<!-- the end of the settings -->"

OPENING = """\
# Configuration

`autotune.toml` lies in the session's folder. `autotune init` writes it, with the keys that differ from their default.

- `autotune config show` lists all keys with their values.
- `autotune config set KEY VALUE` sets one key. Your comments stay.
- `autotune config check` reads the file and says what is wrong.

[Patterns](repository.md#patterns) and paths are relative to the session's folder, with `/` between folders.
"""
OLD = """\
## Names of older versions

These are read too. `autotune config check` says which ones your file has.
"""


def page() -> str:
    """Every key in Markdown: its default, what it is for, and what values it takes; then the names of older versions."""
    chapters = [OPENING]
    for heading, (changing, held) in HEADINGS.items():
        chapters.append(f"## {heading}\n\n{changing}\n\n{_table(key for key in KEYS if key.fixed in held and stands_alone(key))}")
    for section, comment in SECTIONS.items():
        chapters.append(f"## The section [{section}]\n\n{comment}\n\n{_table(key for key in KEYS if section in (key.section, key.name))}")
    rows = "".join(f"| `{old}` | {f'`{now}`' if now else 'nothing'} |\n" for old, now in NOW.items())
    return "\n".join([*chapters, f"{OLD}\n| before | now |\n|---|---|\n{rows}"])


def settings_within(text: str) -> str:
    """The page of prompts, with every key of prompts.toml between its two marks."""
    head, begin, rest = text.partition(BEGIN)
    _, end, foot = rest.partition(END)
    assert begin
    assert end
    groups = [
        ("At the top of the file", ""),
        *((f"In the section [{name}]: {words.lower()}", name) for name, words in packs.SECTIONS.items()),
    ]
    tables = "\n".join(f"{words}:\n\n{_settings(key for key in packs.KEYS if key.section == name)}" for words, name in groups)
    return f"{head}{begin}\n\n{tables}\n{end}{foot}"


def _settings(keys: Iterable[packs.Key]) -> str:
    rows = "".join(
        f"| `{key.name}` | `{key.variable}` | {f'`{key.before}`' if key.before else ''} | `{literal(key.shape.write(key.default))}` "
        f"| {key.comment}{f' ({key.mapped})' if key.mapped else ''} |\n"
        for key in keys
    )
    return f"| key | variable | in an autotune.json | default | what it is for |\n|---|---|---|---|---|\n{rows}"


def _table(keys: Iterable[Key]) -> str:
    rows = "".join(f"| `{key.name}` | {_default(key)} | {key.comment} | {key.shape.expected} |\n" for key in keys)
    return f"| key | default | what it is for | values |\n|---|---|---|---|\n{rows}"


def _default(key: Key) -> str:
    match key.default:
        case Default.REQUIRED:
            return f"needed, such as `{literal(key.example)}`"
        case Default.ABSENT:
            return f"none; for example `{literal(key.example)}`"
        case _:
            return f"`{literal(key.default)}`"
