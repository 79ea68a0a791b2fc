"""The settings of skills, skills.toml in the data folder: a variable before the file before the default; what is unknown is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autotune.core.asking.naming import BACKENDS
from autotune.core.config.settled import checked, of_variable, refuse_unknown
from autotune.core.config.shapes import Shape, list_of, number, one_of, text, whole_number
from autotune.edges import toml
from autotune.edges.folders import data_folder

FILE = "skills.toml"
REQUIRED, AUTO = "required", "auto"


def _model(value: object) -> str:
    if value == "":
        return ""
    name = str(text("a name", r"\S+").read(value))
    if name.partition(":")[0] not in BACKENDS or not name.partition(":")[2]:
        raise ValueError
    return name


_MODEL = Shape("BACKEND:MODEL, such as anthropic:claude-haiku-4-5; or nothing", _model)


@dataclass(frozen=True, slots=True)
class Key:
    """One key, with the variable that comes before the file."""

    name: str
    shape: Shape
    default: object
    comment: str

    @property
    def variable(self) -> str:
        """The variable that comes before the file."""
        return f"AUTOTUNE_SKILLS_{self.name.upper()}"


_NAMES = list_of("a list of names", lambda one: str(text("a name", r"\S+").read(one)), unique=True)
KEYS = (
    Key(
        "review",
        one_of(REQUIRED, AUTO),
        REQUIRED,
        'who deploys: you ("required"), or `run` by itself ("auto"), where no repository tracks a skill',
    ),
    Key("skills", _NAMES, (), "which skills `run` improves; none named: all"),
    Key("max_skills", whole_number(0, 100), 3, "how many skills one `run` improves"),
    Key("cooldown_days", number("a number of days", at_least=0, at_most=365), 1.0, "how long a skill rests that was tried"),
    Key("interval_minutes", number("a number of minutes", at_least=1, at_most=525_600), 360.0, "how often a scheduled `run` is made"),
    Key("model", _MODEL, "", "the model that proposes descriptions and invents cases"),
    Key("judge", _MODEL, "", "the model that judges missed triggers and tasks"),
    Key("host", one_of("claude-code", "codex", "opencode"), "claude-code", "the client that skills are probed in"),
    Key("client_model", text("a name, or nothing", r"\S*"), "", "the model of that client; nothing: the one that it chooses"),
    Key("max_usd_per_run", number("a number of US dollars", at_least=0, at_most=100_000), 5.0, "the most that one `run` may cost"),
    Key("max_usd_per_day", number("a number of US dollars", at_least=0, at_most=100_000), 10.0, "the most that a day may cost"),
    Key("max_calls_per_day", whole_number(0), 2000, "the most calls of models in a day"),
)
BY_NAME = {key.name: key for key in KEYS}


@dataclass(frozen=True, slots=True)
class Settings:
    """What is settled, and the file that it is from."""

    values: Mapping[str, Any]
    file: Path | None

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - each key has its own type
        """A key's value."""
        return self.values[name]


def found() -> Path | None:
    """The file of settings, None where there is none."""
    path = data_folder() / FILE
    return path if path.is_file() else None


def read(file: Path | None, variables: Mapping[str, str]) -> Settings:
    """The settings of a file, or without one of the variables and defaults alone. Raises AutotuneError that names the first wrong one."""
    table = toml.read(file) if file is not None else {}
    for name in table:
        if name not in BY_NAME:
            refuse_unknown(name, str(file), BY_NAME, "docs/skills.md")
    return Settings({key.name: _value(key, table, variables, file) for key in KEYS}, file)


def _value(key: Key, table: Mapping[str, Any], variables: Mapping[str, str], file: Path | None) -> object:
    if said := variables.get(key.variable, ""):
        return checked(key.shape, of_variable(key.default, said), key.variable)
    return checked(key.shape, table[key.name], f"{key.name} in {file}") if key.name in table else key.default
