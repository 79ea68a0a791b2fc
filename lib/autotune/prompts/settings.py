"""The settings of prompt packs: a variable before the file before the default; what is broken or unknown is refused by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from autotune.core.asking import prices
from autotune.core.asking.naming import Endpoint
from autotune.core.asking.prices import Price
from autotune.core.codec import read_json
from autotune.core.config.settled import checked, of_variable, refuse_unknown
from autotune.core.config.shapes import shown
from autotune.core.judging import instrument
from autotune.edges import named, toml
from autotune.errors import AutotuneError
from autotune.prompts.keys import BY_NAME, KEYS, SECRETS, SECTIONS, Key
from autotune.readers.traces.chat_log import FIELDS
from autotune.readers.traces.logs import Log
from autotune.records.sources import Rules, Source

FILE = "prompts.toml"
HOME_SETTING, FILE_SETTING = "AUTOTUNE_HOME", "AUTOTUNE_CONFIG_PATH"
WORKSHOP = "autotune-prompts"
SOURCES, PRICES, ENDPOINTS = "sources", "prices", "endpoints"
_OF_A_SOURCE = {"format", "path", "fields"}
_OURS, _NEAR = "AUTOTUNE_", 0.8
_OF_OTHERS = frozenset(
    ("SEED", "HOLDOUT", "CASES", "CASE", "CASE_OUTPUT", "BRIEF", "SESSION", "NO_REQUESTS", "WORKTREES", "OPENROUTER_API_KEY")
)
_PAGE = "docs/prompts.md"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is settled: every key's value, where each comes from (a variable's name, the file's, or nothing: the default), and sources."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    file: Path | None
    extra: tuple[Source, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - each key has its own type
        """A key's value."""
        return self.values[name]

    @property
    def trace_dir(self) -> Path:
        """Where the agent writes its traces."""
        return self._folder("trace_dir", "traces")

    @property
    def output_dir(self) -> Path:
        """Where the agent reads its packs."""
        return self._folder("output_dir", "prompts")

    @property
    def rules(self) -> Rules:
        """How records are taken in."""
        return Rules(mask=self["redact"], retention_days=self["retention_days"])

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is read: the agent's traces, then the other sources of the file."""
        return (Source(self.trace_dir), *self.extra)

    def _folder(self, key: str, usual: str) -> Path:
        return placed(str(self[key])) if self[key] else agents_home() / usual


def agents_home() -> Path:
    """The agent's own folder, in which traces and packs are unless something else is said."""
    setting = os.environ.get(HOME_SETTING, "")
    return placed(setting) if setting else Path.home() / ".config" / "dotclaw"


def placed(path: str) -> Path:
    """A path as it is meant: `~` is your home, and what is relative is so to the folder that you are in."""
    return Path(path).expanduser().absolute()


def found(at: Path | None = None) -> Path | None:
    """The file of settings: of the workshop that is named, by its variable, of the folder around you, or of your home; None without one.

    Raises AutotuneError where one is named and is not there.
    """
    setting = os.environ.get(FILE_SETTING, "")
    if at is not None or setting:
        path = (at / FILE) if at is not None else placed(setting)
        if path.suffix == ".json":
            raise AutotuneError(f"{FILE_SETTING} names {path}, an older tool's file.", f"`autotune prompts init --from {path}` converts it")
        if not path.is_file():
            raise AutotuneError(f"{path} is not there.", "`autotune prompts init` makes a workshop")
        return path
    around = [folder / FILE for folder in (Path.cwd(), *Path.cwd().parents)]
    return next((path for path in (*around, Path.home() / WORKSHOP / FILE) if path.is_file()), None)


def read(file: Path | None, variables: Mapping[str, str]) -> Settings:
    """The settings of a file, or without one of the variables and defaults alone. Raises AutotuneError that names the first wrong one."""
    table = toml.read(file) if file is not None else {}
    _refuse_mistyped(variables)
    sources, own = table.pop(SOURCES, {}), table.pop(PRICES, {})
    endpoints = instrument.endpoints(table.pop(ENDPOINTS, {}), str(file))
    written = dict(_flat(table, str(file)))
    values, origins = {}, {}
    for key in KEYS:
        said = variables.get(key.variable, "") if key.variable else ""
        if said:
            values[key.name], origins[key.name] = _checked(key, of_variable(key.default, said), key.variable), key.variable
        elif key.name in written:
            values[key.name], origins[key.name] = _checked(key, written[key.name], f"{key.name} in {file}"), FILE
        else:
            values[key.name], origins[key.name] = key.default, ""
    extra = tuple(_sources(sources, file)) if file is not None else ()
    return Settings(values, origins, file, extra, prices.table(own, str(file)), endpoints)


def rendered(values: Mapping[str, object]) -> str:
    """A prompts.toml that says these values; those that are the defaults go without saying."""
    import tomli_w

    chosen = {name: value for name, value in values.items() if value != BY_NAME[name].default}
    lines = [
        f"# Settings of prompt packs. docs/prompts.md lists every key.\n# A variable, such as {KEYS[1].variable}, comes before this file."
    ]
    for section in ("", *SECTIONS):
        keys = [BY_NAME[name] for name in chosen if BY_NAME[name].section == section]
        if keys:
            lines.append(f"[{section}]" if section else "")
            lines += [f"# {key.comment}\n{tomli_w.dumps({key.leaf: key.shape.write(chosen[key.name])}).rstrip()}" for key in keys]
    return "\n".join(lines) + "\n"


def converted(path: Path) -> tuple[dict[str, object], tuple[str, ...]]:
    """What an older tool's autotune.json says, by today's keys, and the secrets in it, which are left there. Raises AutotuneError."""
    try:
        said = read_json(named.text(path))
    except ValueError as problem:
        raise AutotuneError(f"{path} is no JSON: {problem}.", "correct that, then run the command again") from None
    if not isinstance(said, dict):
        raise AutotuneError(f"{path} holds no settings.", "name the file that your settings are in")
    known = {key.before: key for key in KEYS if key.before}
    values: dict[str, object] = {}
    secrets = []
    for name, value in _leaves(said):
        if name in SECRETS:
            secrets += [SECRETS[name]] if value else []
        elif name not in known:
            refuse_unknown(name, str(path), known, _PAGE)
        elif value is not None and value != "":
            key = known[name]
            values[key.name] = _checked(key, value, f"{name} in {path}")
    return values, tuple(secrets)


def _flat(table: Mapping[str, Any], where: str) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if name in SECTIONS and isinstance(value, Mapping):
            for leaf, inner in value.items():
                if f"{name}.{leaf}" not in BY_NAME:
                    refuse_unknown(f"{name}.{leaf}", where, BY_NAME, _PAGE)
                yield f"{name}.{leaf}", inner
        elif name not in BY_NAME:
            refuse_unknown(name, where, [*BY_NAME, SOURCES, PRICES, ENDPOINTS], _PAGE)
        else:
            yield name, value


def _leaves(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _refuse_mistyped(variables: Mapping[str, str]) -> None:
    """Refuse a variable that is nearly one of ours and none: what it was to set would silently be the default."""
    known = [name.removeprefix(_OURS) for name in (HOME_SETTING, FILE_SETTING, *(key.variable for key in KEYS)) if name.startswith(_OURS)]
    for variable in sorted(variables):
        name = variable.removeprefix(_OURS)
        if name != variable and name not in known and name not in _OF_OTHERS and (near := get_close_matches(name, known, 1, _NEAR)):
            raise AutotuneError(f"The variable {variable} sets nothing.", f"did you mean {_OURS}{near[0]}? if not, give it another name")


def _checked(key: Key, value: object, where: str) -> object:
    if isinstance(key.default, int) and isinstance(value, float) and value.is_integer():
        value = int(value)
    return checked(key.shape, value, where)


def _sources(said: object, file: Path) -> Iterator[Source]:
    """The further sources: a table for each, with a path, and where it is not told by the lines themselves, a format and its fields."""
    if not isinstance(said, Mapping):
        raise AutotuneError(f"{SOURCES} in {file} is {shown(said)}.", f"write a table for each, such as [{SOURCES}.web]")
    for name, table in said.items():
        where = f"{SOURCES}.{name}"
        if not isinstance(table, Mapping):
            raise AutotuneError(f"{where} in {file} is {shown(table)}.", f"write a table, [{where}], with a path")
        for key in table:
            if key not in _OF_A_SOURCE:
                refuse_unknown(f"{where}.{key}", str(file), [f"{where}.{one}" for one in _OF_A_SOURCE], _PAGE)
        yield _source(str(name), table, where, file)


def _source(name: str, table: Mapping[str, Any], where: str, file: Path) -> Source:
    path = table.get("path")
    if not isinstance(path, str) or not path:
        raise AutotuneError(f"{where}.path in {file} is {shown(path)}.", "give it the path of a file or a folder")
    log = log_named(table["format"], f"{where}.format in {file}") if "format" in table else None
    fields = table.get("fields", {})
    if not isinstance(fields, Mapping) or not all(isinstance(one, str) for one in fields.values()):
        raise AutotuneError(f"{where}.fields in {file} is {shown(fields)}.", 'give it a table such as { input = "request.text" }')
    for name_of in fields:
        check_field(str(name_of), f"{where}.fields in {file}")
    place = Path(path).expanduser()
    return Source(place if place.is_absolute() else file.parent / place, log, name, dict(fields))


def log_named(name: object, where: str) -> Log:
    """The format of this name. Raises AutotuneError."""
    if name not in set(Log):
        raise AutotuneError(f"{where} is {shown(name)}.", f"give it one of {', '.join(Log)}")
    return Log(str(name))


def check_field(field: str, where: str) -> None:
    """Refuse a field that a chat log does not have."""
    if field not in FIELDS:
        near = get_close_matches(field, FIELDS, 1)
        hint = f"{f'did you mean {near[0]}? ' if near else ''}it can name {', '.join(FIELDS)}"
        raise AutotuneError(f"{where} names the field {field}, and there is no such field.", hint)
