"""Lines of the log without the values of variables, and with them again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from autotune.core.codec import mapping_in
from autotune.core.ledger.lines import as_line

SHORTEST = 8  # characters of a value that is looked for in words too; a shorter one stands in many by chance
_WORDS = frozenset(
    ("asi", "because", "besides", "context", "description", "failure", "figures", "found", "malformed", "output", "reason", "result")
) | {"text", "why", "words"}
"""Keys below which a person, an agent or a program has its say."""


def mark(name: str) -> str:
    """Give what stands in the place of a variable's value."""
    return f"[env {name}]"


def values_of(bodies: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Map the variables that lines of the log set for runs to all the values that they have had."""
    found: dict[str, set[str]] = {}
    for body in bodies:
        for name, value in _set_by(body).items():
            found.setdefault(name, set()).add(value)
    return found


def without(line: bytes, values: Mapping[str, Collection[str]]) -> bytes:
    """Give a line without the values of variables; the same bytes where it holds none of them."""
    marks = dict(sorted(_long(values), key=lambda one: (-len(one[0]), one)))
    return _changed(line, values, lambda name, _: mark(name), marks)


def restored(line: bytes, values: Mapping[str, str]) -> bytes:
    """Give a line with these values where they were taken out of it."""
    return _changed(
        line, values, lambda name, now: values[name] if now == mark(name) else now, {mark(name): values[name] for name in values}
    )


def lacking(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the variables whose values were taken out of a segment's settings."""
    return tuple(name for name, value in _variables(config).items() if value == mark(name))


def in_text(text: bytes, values: Mapping[str, Collection[str]]) -> bytes:
    """Give what a program printed without the values of variables."""
    for value, instead in sorted(_long(values), key=lambda one: (-len(one[0]), one)):
        text = text.replace(value.encode("utf-8", "surrogateescape"), instead.encode())
    return text


def holds(content: bytes, values: Mapping[str, Collection[str]]) -> str | None:
    """Name a variable of which a file's content holds a value; None where it holds none."""
    return next((name for name, all_of in values.items() for one in all_of if len(one) >= SHORTEST and one.encode() in content), None)


def _long(values: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    return ((one, mark(name)) for name, all_of in values.items() for one in all_of if len(one) >= SHORTEST)


def _variables(config: object) -> Mapping[str, str]:
    env = config.get("env") if isinstance(config, Mapping) else None
    return {name: value for name, value in env.items() if isinstance(value, str)} if isinstance(env, Mapping) else {}


def _set_by(body: Mapping[str, Any]) -> Mapping[str, str]:
    return _variables(body.get("config")) if body.get("type") in ("config", "settings") else {}


def _changed(line: bytes, values: Collection[str], setting: Callable[[str, str], str], words: Mapping[str, str]) -> bytes:
    """Change what a line says of variables: what it sets them to, and texts in its words. Gives its own bytes where nothing changes."""
    body = mapping_in(line)
    if body is None:
        return line
    made = dict(body)
    if body.get("type") in ("config", "settings") and isinstance(body.get("config"), dict):
        env = {name: setting(name, value) if name in values else value for name, value in _variables(body["config"]).items()}
        made["config"] = {**body["config"], **({"env": {**body["config"]["env"], **env}} if env else {})}
    if isinstance(body.get("environment"), dict):
        known = body["environment"]
        made["environment"] = {name: setting(name, value) if name in values else value for name, value in known.items()}
    made = {key: _reworded(value, words) if key in _WORDS else value for key, value in made.items()}
    return line if made == body else as_line(made, allow_nan=True)


def _reworded(value: object, words: Mapping[str, str]) -> object:
    if isinstance(value, str):
        for one, instead in words.items():
            value = value.replace(one, instead)
        return value
    if isinstance(value, list):
        return [_reworded(one, words) for one in value]
    return {key: _reworded(one, words) for key, one in value.items()} if isinstance(value, dict) else value
