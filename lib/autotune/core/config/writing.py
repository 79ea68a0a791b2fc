"""A new autotune.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autotune.core.config.keys import SECTIONS, Default, Fixed, Key
from autotune.core.config.model import Config
from autotune.core.config.reading import rows

HEADER = """\
# The configuration of a session of autotune: the keys that differ from their default. `autotune config show` lists all keys, and
# docs/configuration.md of autotune says what each is for. `autotune config set KEY VALUE` sets one.
# Patterns and paths are relative to the session's working directory, with / between folders."""
HEADINGS = {
    "What is measured and compared": ("A new value takes effect with `autotune rebaseline --accept`.", {Fixed.SEGMENT, Fixed.SESSION}),
    "What a keep demands": ("Change it with `autotune config set KEY VALUE`; an edit of the file is refused.", {Fixed.DECISION}),
    "How you are told": ("Change it with `autotune config set KEY VALUE`, at a terminal; an edit of the file is refused.", {Fixed.PERSON}),
    "Everything else": ("A new value takes effect at the next command.", {Fixed.NEVER}),
}


def render(config: Config) -> str:
    """A new autotune.toml: the keys that differ from their default, with a comment for each."""
    chosen = [(key, value) for key, value in rows(config) if value is not None and _differs(key, value)]
    blocks = [HEADER]
    for heading, (changing, held) in HEADINGS.items():
        blocks += _under(f"## {heading}. {changing}", [one for one in chosen if one[0].fixed in held and stands_alone(one[0])])
    for section, comment in SECTIONS.items():
        blocks += _under(f"## {comment}\n[{section}]", [one for one in chosen if one[0].section == section])
    env = [f"## {SECTIONS['env']}\n{_toml({'env': config.env})}"] if config.env else []
    return "\n\n".join([*blocks, *env]) + "\n"


def _differs(key: Key, value: object) -> bool:
    return isinstance(key.default, Default) or value != key.default


def stands_alone(key: Key) -> bool:
    """Whether a key has a line of its own, and stands in no section."""
    return not key.section and key.name not in SECTIONS


def _under(heading: str, chosen: Sequence[tuple[Key, object]]) -> list[str]:
    """Keys below their heading, which goes without saying where there are none."""
    return [heading, *(f"# {key.comment}\n{_toml({key.leaf: value})}" for key, value in chosen)] if chosen else []


def _toml(table: Mapping[str, object]) -> str:
    import tomli_w

    return tomli_w.dumps(table).rstrip("\n")
