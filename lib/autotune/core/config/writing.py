"""A new autotune.toml."""

from __future__ import annotations

from autotune.core.config.keys import BY_NAME, KEYS, SECTIONS, Fixed, Key, written
from autotune.core.config.model import Config
from autotune.core.config.shapes import literal

HEADER = """\
# The configuration of a session of autotune: `autotune config check` reads it, `autotune config set KEY VALUE` changes it.
# Patterns and paths are relative to the session's working directory, with / between folders."""
FIXED_HEADING = "What is measured and compared; changed values take effect with `autotune rebaseline --accept`."
DECISION_HEADING = "What a keep demands; a person changes it with `autotune config set KEY VALUE`, and an edit here changes nothing."
FREE_HEADING = "Everything else takes effect at the next command."
HEADINGS = {FIXED_HEADING: {Fixed.SEGMENT, Fixed.SESSION}, DECISION_HEADING: {Fixed.DECISION}, FREE_HEADING: {Fixed.NEVER}}


def render(config: Config) -> str:
    """The whole autotune.toml, a comment for every key; one that is absent is there as a commented-out example."""
    top = [key for key in KEYS if not key.section and key.name not in SECTIONS]
    blocks = [HEADER]
    for heading, held in HEADINGS.items():
        blocks += [f"## {heading}", *(_block(key, config) for key in top if key.fixed in held)]
    for section, comment in SECTIONS.items():
        blocks += [f"## {comment}\n[{section}]", *(_block(key, config) for key in KEYS if key.section == section)]
        if section == "env":
            blocks += ["\n".join([assignment(name, text) for name, text in config.env.items()] or [example_of(BY_NAME["env"])])]
    return "\n\n".join(blocks) + "\n"


def _block(key: Key, config: Config) -> str:
    """A key's comment and its assignment, or its example."""
    value = written(key, config)
    return f"# {key.comment}\n" + (example_of(key) if value is None else assignment(key.leaf, value))


def assignment(name: str, value: object) -> str:
    """A line of TOML."""
    return f"{name} = {literal(value)}"


def example_of(key: Key) -> str:
    """A key's example as `render` writes it, commented out."""
    if isinstance(key.example, dict):
        return "\n".join(f"# {assignment(name, text)}" for name, text in key.example.items())
    return f"# {assignment(key.leaf, key.example)}"
