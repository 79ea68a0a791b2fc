"""The configuration: a mapping made into a Config, or refused by name.

A key that is absent and has no default is `None` in a Config and missing from a mapping.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NoReturn

from autotune.core.codec import TooDeep, TooLong, read_toml
from autotune.core.config.keys import BY_NAME, FIELDS, FILE, KEYS, NOW, SECTIONS, Default, Key, key_named, known, refuse_unknown, written
from autotune.core.config.model import Config, HealthConfig, RecoveryConfig
from autotune.core.config.renamed import OLD, by_todays_keys
from autotune.core.config.shapes import literal, shown
from autotune.core.model import Direction
from autotune.core.output.metrics import RESERVED
from autotune.core.trust.patterns import from_top
from autotune.errors import AutotuneError


def parse(mapping: Mapping[str, object], options: Collection[str] = ()) -> Config:
    """A Config of what autotune.toml or a ledger line says. Raises AutotuneError that names the first key that is unknown or wrong.

    `options` are the keys that a command's options say; where one is wrong, the option is named.
    """
    given = dict(_flat(mapping))
    held = {key.name: read_value(key, given.get(key.name, key.default), said=key.name in options) for key in KEYS}
    old = {key.name: read_value(key, given[key.name]) for key in OLD if key.name in given}
    held |= by_todays_keys(old, held, given)
    parts: dict[str, Any] = {FIELDS.get(name, name): value for name, value in held.items() if "." not in name}
    parts["direction"] = Direction(parts["direction"])
    parts["health"] = HealthConfig(**_section_of(held, "health"))
    parts["recovery"] = RecoveryConfig(**_section_of(held, "recovery"))
    return Config(**parts)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


class NewerError(AutotuneError):
    """A newer version of autotune wrote a log."""


def of_log(mapping: Mapping[str, object]) -> Config:
    """A Config of what a line of a log says. Raises NewerError where it has keys that are not known here."""
    inner = {f"{name}.{leaf}" for name in ("health", "recovery") for leaf in _mapping(mapping.get(name))}
    unknown = sorted((mapping.keys() | inner) - BY_NAME.keys() - NOW.keys() - {"health", "recovery"})
    if unknown:
        raise NewerError(
            f"A newer version of autotune wrote this session's log: it has the key {shown(unknown[0])}, which this version does not know.",
            "go on with that version; nothing was changed",
        )
    return parse(mapping)


def parse_part(mapping: Mapping[str, object], options: Collection[str] = ()) -> Config:
    """A Config of what is known so far, before there is a session: name, metric and direction may be missing yet."""
    return parse({**_IN_PLACE_OF_WHAT_IS_NEEDED, **mapping}, options)


def old_keys(mapping: Mapping[str, object]) -> tuple[str, ...]:
    """The keys of older versions among what is written down."""
    return tuple(name for name, _ in _flat(mapping) if name in NOW)


def not_written(mapping: Mapping[str, object]) -> frozenset[str]:
    """The keys that a session needs and that are not written down so far: a part's Config has stand-ins of them."""
    return frozenset(_IN_PLACE_OF_WHAT_IS_NEEDED.keys() - mapping.keys())


_IN_PLACE_OF_WHAT_IS_NEEDED = {"name": "doctor", "metric": f"{RESERVED}wall_s", "direction": "lower"}


def parse_toml(text: str) -> Config:
    """A Config of the text of an autotune.toml. Raises AutotuneError, with the line where it is no TOML."""
    return parse(toml_table(text))


def to_mapping(config: Config) -> dict[str, Any]:
    """A mapping for JSON, of which `parse` makes the same Config; absent keys are left out."""
    mapping: dict[str, Any] = {}
    for key, value in rows(config):
        if value is not None:
            (mapping.setdefault(key.section, {}) if key.section else mapping)[key.leaf] = value
    return mapping


def value_of(config: Config, name: str) -> object:
    """One value as it is in the file, None where it is absent: a key's, a section's, or a variable's as `env.NAME`."""
    if name in SECTIONS:
        return to_mapping(config)[name]
    return written(key_named(name), config)


def rows(config: Config) -> tuple[tuple[Key, object], ...]:
    """Every key with its value as in the file, None where there is none, in the order of the file."""
    return tuple((key, written(key, config)) for key in KEYS)


def refuse_beyond(config: Config, folder: str) -> None:
    """Raise AutotuneError where a path or pattern, seen from a folder (relative to the top), leads out of the repository."""
    for name in ("scope", "protect", "carry"):
        for one in getattr(config, name):
            try:
                from_top(one, folder)
            except ValueError as flawed:
                hint = (
                    f"the session's folder is {folder or 'the top of the repository'}; at most {folder.count('/') + bool(folder)} times ../"
                )
                raise AutotuneError(f"In `{name}`, {shown(one)}: {flawed}.", f"{hint} can begin a path there") from None


def _flat(mapping: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The values of a mapping by the full names of their keys."""
    for name, value in mapping.items():
        if name in {"health", "recovery"}:
            if not isinstance(value, Mapping):
                refuse_no_section(name, value)
            yield from ((known(f"{name}.{leaf}"), one) for leaf, one in value.items())
        elif "." in name:
            refuse_unknown(name)
        else:
            yield known(name), value


def option_of(name: str) -> str:
    """The option of `init` that says a key."""
    return f"--{_OPTIONS.get(name, name).replace('_', '-')}"


_OPTIONS = {
    "benchmark": "command",
    "guardrails": "guardrail",
    "hooks": "no_hooks",
    "timeout_s": "timeout",
    "checks_timeout_s": "checks_timeout",
}


def read_value(key: Key, value: object, *, said: bool = False) -> object:
    """What Config holds of a value. Raises AutotuneError with key, or the option that said it, value and what was expected."""
    if value is Default.ABSENT:
        return None
    example = key.default if key.example is None else key.example
    hint = f"write for example {key.leaf} = {literal(example)}" + (f" below [{key.section}]" if key.section else "")
    if said:
        one = example[0] if isinstance(example, list) and example else example
        hint = f"give for example {option_of(key.name)} {shlex.quote(one) if isinstance(one, str) else literal(one)}"
    if value is Default.REQUIRED:
        raise AutotuneError(f"{key.name} is missing in {FILE}; expected {key.shape.expected}.", hint)
    try:
        return key.shape.read(value)
    except ValueError as wrong:
        detail = f" ({wrong})" if str(wrong) else ""
        place = option_of(key.name) if said else f"{key.name} in {FILE}"
        raise AutotuneError(f"{place} is {shown(value)}{detail}; expected {key.shape.expected}.", hint) from None


def _section_of(held: Mapping[str, object], section: str) -> dict[str, Any]:
    """What is held for one section, by the names of its fields."""
    return {key.leaf: held[key.name] for key in KEYS if key.section == section}


def refuse_no_section(name: str, value: object) -> NoReturn:
    """Raise AutotuneError for a section that is something else."""
    raise AutotuneError(f"{name} in {FILE} is {shown(value)}; expected a section.", f"write its keys below a line [{name}]")


def toml_table(text: str) -> dict[str, Any]:
    """What a TOML text says. Raises AutotuneError with the line that is no TOML."""
    try:
        return read_toml(text)
    except (TooDeep, TooLong) as beyond:
        raise AutotuneError(f"{FILE} is not valid TOML: it is {beyond}.", "see that it is the file that you mean, or write less") from None
    except ValueError as wrong:
        found = re.fullmatch(r"(.*?) ?\(at (?:line (\d+), column (\d+)|end of document)\)", str(wrong), re.DOTALL)
        problem, line, column = found.groups() if found else (str(wrong), None, None)
        place = f"line {line}, column {column}" if line else f"line {text.count(chr(10)) + 1}"
        raise AutotuneError(
            f"{FILE} is not valid TOML at {place}: {problem.rstrip('.')}.",
            "mend that line: text goes into double quotes, a list into brackets",
        ) from None
