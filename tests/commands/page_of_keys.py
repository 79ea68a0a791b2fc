"""The page that lists every key."""

from __future__ import annotations

from collections.abc import Iterable

from autotune.core.config.keys import KEYS, NOW, SECTIONS, Default, Key
from autotune.core.config.shapes import literal
from autotune.core.config.writing import HEADINGS, stands_alone

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
