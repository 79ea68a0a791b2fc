"""The configuration: a mapping made into a Config, or refused by name.

`KEYS` says everything there is to know of a key, once: reading, writing, changing and describing a configuration all follow it.
A key that is absent and has no default is `None` in a Config and missing from a mapping.
"""

# ruff: noqa: TRY004 - a shape raises ValueError alone: a wrong type is as much the file's fault as a wrong value

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NoReturn

from autotune.core.decide import guards
from autotune.core.health.recovery import Playbook
from autotune.core.model import DecisionMode, Direction
from autotune.core.output import sources
from autotune.core.output.metrics import RESERVED, is_name, normalised
from autotune.core.output.sources import Source
from autotune.core.stats.samples import FEWEST_PAIRS_FOR_INTERVAL
from autotune.core.trust import audit
from autotune.core.trust.patterns import components, flaw, from_top
from autotune.errors import AutotuneError

FILE = "autotune.toml"
CLAIM_PAIRS = 20
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
LONGEST_SHOWN = 80  # characters of a refused value that an error repeats
LONGEST_TIMEOUT_S = 1_000_000  # over eleven days; what waits for a process counts milliseconds in 32 bits, which is twice as much


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """When the loop counts as plateaued or crashing."""

    max_no_improvement_runs: int
    max_crash_streak: int


@dataclass(frozen=True, slots=True)
class RecoveryConfig:
    """What is tried when the loop is stuck, and how often."""

    playbooks: tuple[str, ...]
    max_healing_attempts: int
    pause_on_exhausted_recovery: bool


@dataclass(frozen=True, slots=True)
class Config:
    """What a person has settled about a session; times are in seconds. `decision_mode` is a DecisionMode's value or "auto"."""

    name: str
    metric: str
    unit: str
    timed: bool | None
    direction: Direction
    benchmark: str
    read: str
    checks: str
    prepare: str
    build_once: bool
    setup: str
    carry: tuple[str, ...]
    scope: tuple[str, ...]
    protect: tuple[str, ...]
    allow: tuple[str, ...]
    holdout: str
    sandbox: str
    audit: bool
    in_place: bool
    decision_mode: str
    min_effect: float
    min_effect_found: float
    simplify_margin: float
    guardrails: tuple[str, ...]
    max_pairs: int
    error_budget: float
    claim_pairs: int
    busy_above: float
    busy_wait_s: float
    timeout_s: float
    checks_timeout_s: float
    hook_timeout_s: float
    hooks: bool
    format: str
    sign: bool
    target: float | None
    max_iterations: int | None
    max_wall_time_s: float | None
    max_failures: int | None
    max_cost_usd: float | None
    max_tokens: int | None
    auto_resume: str
    stop_patience: int
    fresh_context: int | None
    env: Mapping[str, str]
    health: HealthConfig
    recovery: RecoveryConfig

    @property
    def measured_from_outside(self) -> bool:
        """Whether autotune measures the metric itself."""
        return self.metric.startswith(RESERVED)

    @property
    def source(self) -> Source | None:
        """Where the metrics are found when they are not METRIC lines."""
        return sources.source(self.read)

    @property
    def command_is_tuned(self) -> bool:
        """Whether what the command names is what is tuned, since something else measures it: autotune itself, or hyperfine."""
        return self.measured_from_outside or (self.source is not None and self.source.format.times_commands)

    @property
    def measures_time(self) -> bool:
        """Whether metric or guardrails measure time, as far as they say; who else is at work on the machine matters to that alone."""
        if self.timed is not None:
            return self.timed
        named = (guards.read_guard(text).metric for text in self.guardrails)
        return not audit.is_amount(self.metric, self.unit) or any(map(audit.is_named_as_a_time, named))

    @property
    def min_effect_is_found(self) -> bool:
        """Whether nobody but calibration has said what is asked for."""
        return self.min_effect == self.min_effect_found

    @property
    def without_findings(self) -> Config:
        """The same, without what calibration found for this benchmark: that says nothing of another one."""
        return replace(self, min_effect=0.0 if self.min_effect_is_found else self.min_effect, min_effect_found=0.0)

    @property
    def built_once(self) -> bool:
        """Whether each side of a comparison is built once; in the checkout every run is built anew."""
        return self.build_once and bool(self.prepare) and not self.in_place


class Fixed(StrEnum):
    """What holds a key's value; the empty one, which is false, lets an edit of the file change it at any time.

    `DECISION` keys say what a keep demands and a claim is made of: a person's `config set` changes them inside a segment, an edit of the
    file does not.
    """

    NEVER = ""
    DECISION = "decision"
    SEGMENT = "segment"
    SESSION = "session"


class Default(StrEnum):
    """What stands for a default where there is none: the key must be there, or may be absent."""

    REQUIRED = "required"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a key's value looks like.

    `read` makes what Config holds of a value, and raises ValueError with what is wrong in particular, or with nothing to add to `expected`;
    `write` makes a value for JSON and TOML of what Config holds.
    """

    expected: str
    read: Callable[[object], object]
    write: Callable[[Any], object] = lambda held: held


@dataclass(frozen=True, slots=True)
class Key:
    """One key of autotune.toml. `name` has its section before a dot; `default` and `example` are values as they are in the file."""

    name: str
    shape: Shape
    comment: str
    default: object
    example: object = None
    fixed: Fixed = Fixed.NEVER

    @property
    def section(self) -> str:
        """The section that the key stands in, empty for none."""
        return self.name.rpartition(".")[0]

    @property
    def leaf(self) -> str:
        """The key's name in its section."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class KeyShown:
    """A key as it is shown: `value` and `default` as in the file, None where there is none."""

    name: str
    value: object
    default: object
    comment: str
    fixed: Fixed


def _text_of(value: object) -> str:
    """A value that is text which a file and a command line can hold."""
    if not isinstance(value, str):
        raise ValueError
    if re.search("[\0\ud800-\udfff]", value):
        raise ValueError("it holds a character that is not text")
    return value


def _text(expected: str, accepts: str) -> Shape:
    """Text that a regular expression accepts as a whole."""

    def read(value: object) -> str:
        text = _text_of(value)
        if not re.fullmatch(accepts, text, re.DOTALL):
            raise ValueError
        return text

    return Shape(expected, read)


def _choice(*words: str) -> Shape:
    """One of a few words."""
    shape = _text("one of " + ", ".join(f'"{word}"' for word in words), "|".join(words))
    return Shape(shape.expected, shape.read, str)


def _flag() -> Shape:
    """True or false."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    return Shape("true or false", read)


def _whole(low: int, high: int | None = None, *, none: bool = False) -> Shape:
    """A whole number in a range whose ends belong to it, or 0 where `none` stands for something."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError
        if not (none and value == 0) and (value < low or (high is not None and value > high)):
            raise ValueError
        return value

    expected = f"a whole number from {low} to {high}" if high is not None else f"a whole number, {low} or more"
    return Shape(f"0, or {expected}" if none else expected, read)


def _number(
    what: str, *, at_least: float = -math.inf, above: float = -math.inf, at_most: float = math.inf, below: float = math.inf
) -> Shape:
    """A finite number, whole or not, within bounds."""

    def read(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError
        try:
            number = float(value)
        except OverflowError:
            raise ValueError("it is too large") from None
        # With no bound given these are infinite, and so refuse what is not finite; not-a-number fails any comparison.
        if not (at_least <= number <= at_most and above < number < below):
            raise ValueError
        return number

    bounds = {"at least": at_least, "above": above, "at most": at_most, "below": below}
    words = " and ".join(f"{word} {bound:,}" for word, bound in bounds.items() if math.isfinite(bound))
    return Shape(f"{what} {words}".rstrip(), read)


def _seconds() -> Shape:
    """How long one process may take."""
    return _number("a number of seconds", above=0, at_most=LONGEST_TIMEOUT_S)


def _list(expected: str, read_one: Callable[[str], str], *, at_least: int = 0, unique: bool = False) -> Shape:
    """A list of texts, each read by `read_one`, which raises ValueError with what is wrong."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or len(value) < at_least:
            raise ValueError
        texts = tuple(read_one(_text_of(one)) for one in value)
        if unique and len(set(texts)) < len(texts):
            raise ValueError("a name stands in it twice")
        return texts

    return Shape(expected, read, list)


def _pattern(text: str) -> str:
    """A path pattern."""
    reason = flaw(text)
    if reason:
        raise ValueError(f"in {_shown(text)}, {reason}")
    return text


def _relative_path(text: str) -> str:
    """A relative path, in its shortest form."""
    try:
        path = "/".join(components(text))
    except ValueError as flawed:
        raise ValueError(f"in {_shown(text)}, {flawed}") from None
    if "\\" in path or "*" in path:
        raise ValueError(f'in {_shown(text)}, there is a "\\" or "*"; write "/" between folders and name each path')
    return path


def _guardrail(text: str) -> str:
    """A guardrail, as it is written."""
    try:
        return guards.read_guard(text).text
    except ValueError as wrong:
        raise ValueError(f"in {_shown(text)}, expected {wrong}") from None


def _playbook(text: str) -> str:
    """A playbook's name."""
    if text not in set(Playbook):
        raise ValueError(f"{_shown(text)} is none of them")
    return text


def _metric_name() -> Shape:
    """A metric's name, normalised as the names that a benchmark prints are."""

    def read(value: object) -> str:
        name = normalised(_text_of(value))
        if not is_name(name):
            raise ValueError
        return name

    return Shape("a metric's name: letters, digits and _ . - / % µ [ ], beginning with a letter, a digit or _", read)


def _source() -> Shape:
    """How `read` names a format and a file."""

    def read(value: object) -> str:
        text = _text_of(value)
        sources.source(text)
        return text

    return Shape(f"nothing, FORMAT or FORMAT:FILE, with one of the formats {', '.join(sources.FORMATS)}", read)


def _variables() -> Shape:
    """A table of environment variables."""

    def read(value: object) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValueError
        for name, text in value.items():
            if not re.fullmatch(VARIABLE, name):
                raise ValueError(f"{_shown(name)} is not the name of a variable")
            if not isinstance(text, str):
                raise ValueError(f"{name} is {_shown(text)}; quote it")
            _text_of(text)
        return dict(value)

    return Shape('a table of texts by variable name, such as { TZ = "UTC" }', read, dict)


UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def _duration() -> Shape:
    """A length of time above zero, in seconds; written with whole days, hours, minutes and seconds."""

    def read(value: object) -> float:
        parts = re.fullmatch("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in UNITS_S), _text_of(value))
        seconds = sum(int(count or 0) * unit_s for count, unit_s in zip(parts.groups(), UNITS_S.values(), strict=True)) if parts else 0
        if not seconds:
            raise ValueError
        return float(seconds)

    def write(held: float) -> str:
        rest, text = int(held), ""
        # A day is written as 24 hours: people who plan a night count in those.
        for unit, unit_s in list(UNITS_S.items())[1:]:
            count, rest = divmod(rest, unit_s)
            text += f"{count}{unit}" if count else ""
        return text

    return Shape('a length of time such as "8h", "90m", "1h30m" or "45s"', read, write)


COMMAND = _text("a shell command, or nothing", ".*")
PATTERNS = "a list of path patterns relative to the session's working directory"

KEYS = (
    Key(
        "name",
        _text(
            "1 to 60 letters, digits and . _ -, beginning with a letter or digit, no two dots in a row",
            r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,59}",
        ),
        "What the session is called, for good; its branch is autotune/NAME-DATE.",
        Default.REQUIRED,
        "faster-tests",
        Fixed.SESSION,
    ),
    Key(
        "metric",
        _metric_name(),
        "What is optimised: a name that the benchmark prints as METRIC name=value, or autotune's own, such as autotune.wall_s.",
        Default.REQUIRED,
        "duration_s",
        Fixed.SEGMENT,
    ),
    Key(
        "unit",
        _text("up to 40 characters on one line", r"[^\x00-\x1f\x7f]{0,40}"),
        "The metric's unit, for people.",
        "",
        "s",
        Fixed.SEGMENT,
    ),
    Key(
        "timed",
        _flag(),
        "Whether the metric measures time. If left out: yes, unless it is in bytes, a count, or the same in every run.",
        Default.ABSENT,
        example=False,
        fixed=Fixed.SEGMENT,
    ),
    Key(
        "direction", _choice(*Direction), 'Which way the metric gets better: "lower" or "higher".', Default.REQUIRED, "lower", Fixed.SEGMENT
    ),
    Key(
        "benchmark",
        _text("a shell command", r".*\S.*"),
        "The command that is measured; it prints the metric and exits with 0.",
        "bash autotune.sh",
        None,
        Fixed.SEGMENT,
    ),
    Key(
        "read",
        _source(),
        "Where the metrics are found when no METRIC lines are printed: FORMAT, or FORMAT:FILE for what the benchmark writes.",
        "",
        "pytest-benchmark:bench.json",
        Fixed.SEGMENT,
    ),
    Key("checks", COMMAND, "The command that must pass besides; empty for none.", "", "bash autotune.checks.sh", Fixed.SEGMENT),
    Key(
        "prepare",
        COMMAND,
        "What makes a change ready to be measured, a build for instance; runs untimed before every run and before the checks.",
        "",
        "make",
        Fixed.SEGMENT,
    ),
    Key(
        "build_once",
        _flag(),
        "Run `prepare` once a side in each comparison; no keep is confirmed then, for the luck of a build is not counted.",
        default=False,
        fixed=Fixed.SEGMENT,
    ),
    Key("setup", COMMAND, "What a new measuring worktree needs once, installing packages for instance.", "", "npm ci", Fixed.SEGMENT),
    Key(
        "carry",
        _list("a list of relative paths", _relative_path),
        "Ignored files and folders that the benchmark needs and that are brought along.",
        [],
        ["node_modules", ".venv"],
        Fixed.SEGMENT,
    ),
    Key(
        "scope",
        _list(f"{PATTERNS}, at least one", _pattern, at_least=1),
        "What a change may touch.",
        ["**"],
        ["src/**"],
        Fixed.SEGMENT,
    ),
    Key("protect", _list(PATTERNS, _pattern), "What no change may touch, even in scope.", [], ["tests/**"], Fixed.SEGMENT),
    Key(
        "allow",
        _list(PATTERNS, _pattern),
        "The older way to free what decides what is loaded or measured; naming the file itself in `scope` does the same.",
        [],
        ["pyproject.toml"],
        Fixed.SEGMENT,
    ),
    Key(
        "holdout",
        COMMAND,
        "What must pass before a keep and is never shown; AUTOTUNE_HOLDOUT is the folder of `autotune holdout set`.",
        "",
        'python3 "$AUTOTUNE_HOLDOUT/check.py"',
        Fixed.SEGMENT,
    ),
    Key(
        "sandbox",
        _choice("off", "on"),
        "Run without network, writing only in the measuring worktree and a temporary folder, where the system can.",
        "off",
        "on",
        Fixed.SEGMENT,
    ),
    Key(
        "audit",
        _flag(),
        "Void a keep whose metric contradicts how long its runs took, or how often it was printed.",
        default=True,
        fixed=Fixed.SEGMENT,
    ),
    Key(
        "in_place",
        _flag(),
        "Measure in the checkout itself, where a worktree of its own does not work.",
        default=False,
        fixed=Fixed.SEGMENT,
    ),
    Key(
        "decision_mode",
        _choice("auto", *DecisionMode),
        'How keeps are decided: "race" (exact), "economy" (long runs) or "once" (both unconfirmed), or "auto", by a run\'s cost.',
        "auto",
        fixed=Fixed.DECISION,
    ),
    Key(
        "min_effect",
        _number("a number", at_least=0, below=10),
        "The smallest improvement worth a keep, as a share: 0.02 asks for 2 %.",
        0.0,
        fixed=Fixed.DECISION,
    ),
    Key(
        "min_effect_found",
        _number("a number", at_least=0, below=10),
        "What calibration wrote as min_effect. While both are equal, calibration finds them anew for each new benchmark.",
        0.0,
    ),
    Key(
        "simplify_margin",
        _number("a number", at_least=0, below=1),
        "A change that only removes lines is kept unless it is worse by this share; 0 asks it to be better.",
        0.0,
        fixed=Fixed.DECISION,
    ),
    Key(
        "guardrails",
        _list('a list of bounds such as "memory_mb <= 1.02x" or "accuracy >= 0.98"', _guardrail, unique=True),
        "Other metrics that a keep has to leave within bounds: absolute, or with an x as a multiple of the incumbent's.",
        [],
        ["memory_mb <= 1.02x"],
        Fixed.DECISION,
    ),
    Key("max_pairs", _whole(2, 200), "How many pairs of runs a comparison may take.", 40, fixed=Fixed.DECISION),
    Key(
        "error_budget",
        _number("a number", above=0, at_most=0.5),
        "The chance that a session in which nothing works keeps anything; only race, without build_once, promises it.",
        0.05,
        fixed=Fixed.DECISION,
    ),
    Key(
        "claim_pairs",
        _whole(FEWEST_PAIRS_FOR_INTERVAL, 200, none=True),
        "How many pairs of runs a claim of what was gained in all is made of; 0: none is made by itself.",
        CLAIM_PAIRS,
        fixed=Fixed.DECISION,
    ),
    Key(
        "busy_above",
        _number("a number", above=0, at_most=1),
        "The share of all cores that others may use; above it, measuring waits. 1 never waits.",
        0.75,
    ),
    Key(
        "busy_wait_s",
        _number("a number of seconds", at_least=0, at_most=86_400),
        "Seconds that it waits before it goes on, never longer than the measurement takes.",
        60.0,
    ),
    Key("timeout_s", _seconds(), "Seconds that one run of the benchmark may take.", 600.0),
    Key("checks_timeout_s", _seconds(), "Seconds that the checks may take.", 300.0),
    Key("hook_timeout_s", _seconds(), "Seconds that the repository's commit hooks may take.", 120.0),
    Key(
        "hooks",
        _flag(),
        "Run the repository's pre-commit hook on a candidate before it is measured, and measure what it leaves.",
        default=True,
        fixed=Fixed.DECISION,
    ),
    Key(
        "format",
        COMMAND,
        "A command that runs in place of that hook, in the session's folder; empty: the hook runs.",
        "",
        "black src",
        Fixed.DECISION,
    ),
    Key("sign", _flag(), "Sign the commits of keeps, as git is set up to.", default=False),
    Key(
        "target",
        _number("a finite number"),
        "Stop when the metric has reached this value and it is confirmed.",
        Default.ABSENT,
        1.5,
    ),
    Key("max_iterations", _whole(1), "Stop after this many experiments, whatever became of them.", Default.ABSENT, 100),
    Key("max_wall_time", _duration(), "Stop after this long, across every resume.", Default.ABSENT, "8h"),
    Key("max_failures", _whole(1), "Stop after this many experiments that crashed or failed the checks.", Default.ABSENT, 20),
    Key("max_cost_usd", _number("a number", above=0), "With start --headless, stop at a cost of this many dollars.", Default.ABSENT, 20.0),
    Key("max_tokens", _whole(1), "With start --headless, stop at a use of this many tokens.", Default.ABSENT, 5_000_000),
    Key(
        "auto_resume",
        _choice("continue", "prompt", "headless", "off"),
        'How an agent goes on by itself: "continue", "prompt" (is told), "headless" (is opened again), "off" (not at all).',
        "continue",
    ),
    Key("stop_patience", _whole(1), "How often an agent that stops without a new experiment is sent on.", 3),
    Key("fresh_context", _whole(1), "Begin with a fresh context after this many experiments, when headless.", Default.ABSENT, 10),
    Key("env", _variables(), "Environment variables that every run gets besides.", {}, {"TZ": "UTC"}, Fixed.SEGMENT),
    Key("health.max_no_improvement_runs", _whole(1), "Experiments without a keep after which the loop counts as plateaued.", 5),
    Key("health.max_crash_streak", _whole(1), "Failures in a row after which the loop counts as crashing.", 2),
    Key(
        "recovery.playbooks",
        _list("a list of names among " + ", ".join(Playbook), _playbook, unique=True),
        "What is tried when the loop is stuck, in this order.",
        [str(playbook) for playbook in Playbook],
    ),
    Key("recovery.max_healing_attempts", _whole(0), "How many playbooks are tried before a keep resets the count.", 3),
    Key(
        "recovery.pause_on_exhausted_recovery",
        _flag(),
        "Pause when they are used up; otherwise the loop goes on without them.",
        default=True,
    ),
)

BY_NAME = {key.name: key for key in KEYS}
# Names that differ between file and Config: the unit stands in a name where no type carries it.
FIELDS = {"max_wall_time": "max_wall_time_s"}
HEADER = """\
# The configuration of a session of autotune: `autotune config check` reads it, `autotune config set KEY VALUE` changes it.
# Patterns and paths are relative to the session's working directory, with / between folders."""
FIXED_HEADING = "What is measured and compared; changed values take effect with `autotune rebaseline --accept`."
DECISION_HEADING = "What a keep demands; a person changes it with `autotune config set KEY VALUE`, and an edit here changes nothing."
FREE_HEADING = "Everything else takes effect at the next command."
HEADINGS = {FIXED_HEADING: {Fixed.SEGMENT, Fixed.SESSION}, DECISION_HEADING: {Fixed.DECISION}, FREE_HEADING: {Fixed.NEVER}}
SECTIONS = {
    "env": "Environment variables that every run gets besides; they, too, change with `autotune rebaseline --accept`.",
    "health": "When the loop counts as stuck.",
    "recovery": "What is done when it is.",
}


def parse(mapping: Mapping[str, object]) -> Config:
    """A Config of what autotune.toml or a ledger line says. Raises AutotuneError that names the first key that is unknown or wrong."""
    given = dict(_flat(mapping))
    held = {key.name: _read(key, given.get(key.name, key.default)) for key in KEYS}
    parts: dict[str, Any] = {FIELDS.get(name, name): value for name, value in held.items() if "." not in name}
    parts["direction"] = Direction(parts["direction"])
    parts["health"] = HealthConfig(**_section_of(held, "health"))
    parts["recovery"] = RecoveryConfig(**_section_of(held, "recovery"))
    return Config(**parts)


def parse_part(mapping: Mapping[str, object]) -> Config:
    """A Config of what is written down so far, before there is a session: name, metric and direction may be missing yet."""
    return parse({**_IN_PLACE_OF_WHAT_IS_NEEDED, **mapping})


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
    for key in KEYS:
        if (value := _written(key, config)) is not None:
            (mapping.setdefault(key.section, {}) if key.section else mapping)[key.leaf] = value
    return mapping


def value_of(config: Config, name: str) -> object:
    """One value as it is in the file, None where it is absent: a key's, a section's, or a variable's as `env.NAME`."""
    if name in SECTIONS:
        return to_mapping(config)[name]
    return _written(_key(name), config)


def keys(config: Config) -> tuple[KeyShown, ...]:
    """Every key with its value, in the order of the file."""
    return tuple(
        KeyShown(key.name, _written(key, config), None if isinstance(key.default, Default) else key.default, key.comment, key.fixed)
        for key in KEYS
    )


def refuse_beyond(config: Config, folder: str) -> None:
    """Raise AutotuneError where a path or pattern, seen from a folder (relative to the top), leads out of the repository."""
    for name in ("scope", "protect", "allow", "carry"):
        for one in getattr(config, name):
            try:
                from_top(one, folder)
            except ValueError as flawed:
                hint = (
                    f"The session's folder is {folder or 'the top of the repository'}; at most {folder.count('/') + bool(folder)} times ../"
                )
                raise AutotuneError(f"In `{name}`, {_shown(one)}: {flawed}.", f"{hint} can begin a path there.") from None


def fixed_differences(before: Config, after: Config) -> tuple[str, ...]:
    """The names of the fixed keys whose values differ, in the order of the file."""
    return keys_changed(before, after, Fixed.DECISION, Fixed.SEGMENT, Fixed.SESSION)


def keys_changed(before: Config, after: Config, *kinds: Fixed) -> tuple[str, ...]:
    """The names of the keys of these kinds (of any, where none is named) whose values differ, in the order of the file."""
    return tuple(key.name for key in KEYS if key.fixed in (kinds or Fixed) and _held(key, before) != _held(key, after))


def acceptance(names: Sequence[str]) -> str:
    """The command by which a person accepts other values of fixed keys."""
    alone = len(names) == 1 and BY_NAME[names[0]].fixed is Fixed.DECISION
    return f"autotune config set {names[0]} VALUE" if alone else "autotune rebaseline --accept"


def render(config: Config) -> str:
    """The whole autotune.toml, a comment for every key; one that is absent is there as a commented-out example."""
    top = [key for key in KEYS if not key.section and key.name not in SECTIONS]
    blocks = [HEADER]
    for heading, held in HEADINGS.items():
        blocks += [f"## {heading}", *(_block(key, config) for key in top if key.fixed in held)]
    for section, comment in SECTIONS.items():
        blocks += [f"## {comment}\n[{section}]", *(_block(key, config) for key in KEYS if key.section == section)]
        if section == "env":
            blocks += ["\n".join([_assignment(name, text) for name, text in config.env.items()] or [_example_of(BY_NAME["env"])])]
    return "\n\n".join(blocks) + "\n"


def with_value(text: str, name: str, value_text: str, *, whole: bool = True) -> str:
    """The text of an autotune.toml with one key set, all else left as it is: comments, order, spelling.

    `value_text` is a TOML value; text needs no quotes. A file that is not `whole` may lack what a session needs. Raises AutotuneError where
    the key, the value or the file that results is refused.
    """
    if name in SECTIONS:
        raise AutotuneError(
            f"{name} is a section, and only its keys have values.", f"Set one of them: autotune config set {name}.KEY VALUE."
        )
    key = _key(name)
    toml_table(text)
    result = _edited(text, key, _given(key, value_text))
    (parse if whole else parse_part)(toml_table(result))
    return result


def _flat(mapping: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The values of a mapping by the full names of their keys."""
    for name, value in mapping.items():
        if name in {"health", "recovery"}:
            if not isinstance(value, Mapping):
                raise AutotuneError(f"{name} in {FILE} is {_shown(value)}; expected a section.", f"Write its keys below a line [{name}].")
            yield from ((_known(f"{name}.{leaf}"), one) for leaf, one in value.items())
        elif "." in name:
            _refuse_unknown(name)
        else:
            yield _known(name), value


def _known(name: str) -> str:
    """The name, of a key that there is."""
    if name not in BY_NAME:
        _refuse_unknown(name)
    return name


def _key(name: str) -> Key:
    """The key of this name, or of one variable as `env.NAME`."""
    section, _, leaf = name.partition(".")
    if section != "env" or not leaf:
        return BY_NAME[_known(name)]
    if not re.fullmatch(VARIABLE, leaf):
        raise AutotuneError(f"{_shown(leaf)} is not the name of an environment variable.", "Use letters, digits and _, and no digit first.")
    env = BY_NAME["env"]
    examples = {name: text for name, text in env.example.items() if name == leaf} if isinstance(env.example, dict) else {}
    return Key(name, _text("text", ".*"), env.comment, Default.ABSENT, examples.get(leaf), env.fixed)


def _refuse_unknown(name: str) -> NoReturn:
    """Raise AutotuneError for a key that there is not, with the one that was probably meant."""
    from difflib import get_close_matches

    spellings = {spelling: key for key in KEYS for spelling in (key.leaf, key.name)}
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    close = get_close_matches(snake, spellings, 1) or get_close_matches(snake.rpartition(".")[2], spellings, 1)
    hint = f"Did you mean {_place(spellings[close[0]])}?" if close else "`autotune config show` lists the keys that there are."
    raise AutotuneError(f"There is no key {_shown(name)} in {FILE}.", hint)


def _place(key: Key) -> str:
    """Where a key stands, for people."""
    return f"{key.leaf} in the section [{key.section}]" if key.section else key.leaf


def _read(key: Key, value: object) -> object:
    """What Config holds of a value. Raises AutotuneError with key, value and what was expected."""
    if value is Default.ABSENT:
        return None
    example = key.default if key.example is None else key.example
    hint = f"Write for example {key.leaf} = {_literal(example)}" + (f" below [{key.section}]." if key.section else ".")
    if value is Default.REQUIRED:
        raise AutotuneError(f"{key.name} is missing in {FILE}; expected {key.shape.expected}.", hint)
    try:
        return key.shape.read(value)
    except ValueError as wrong:
        detail = f" ({wrong})" if str(wrong) else ""
        raise AutotuneError(f"{key.name} in {FILE} is {_shown(value)}{detail}; expected {key.shape.expected}.", hint) from None


def _section_of(held: Mapping[str, object], section: str) -> dict[str, Any]:
    """What is held for one section, by the names of its fields."""
    return {key.leaf: held[key.name] for key in KEYS if key.section == section}


def _held(key: Key, config: Config) -> object:
    """What a Config holds for a key."""
    if key.section == "env":
        return config.env.get(key.leaf)
    return getattr(getattr(config, key.section) if key.section else config, FIELDS.get(key.leaf, key.leaf))


def _written(key: Key, config: Config) -> object:
    """A key's value as it is in the file, None where it is absent."""
    held = _held(key, config)
    return None if held is None else key.shape.write(held)


def _block(key: Key, config: Config) -> str:
    """A key's comment and its assignment, or its example."""
    value = _written(key, config)
    return f"# {key.comment}\n" + (_example_of(key) if value is None else _assignment(key.leaf, value))


def _assignment(name: str, value: object) -> str:
    """A line of TOML."""
    return f"{name} = {_literal(value)}"


def _example_of(key: Key) -> str:
    """A key's example as `render` writes it, commented out."""
    if isinstance(key.example, dict):
        return "\n".join(f"# {_assignment(name, text)}" for name, text in key.example.items())
    return f"# {_assignment(key.leaf, key.example)}"


def _literal(value: object) -> str:
    """A value in TOML, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # JSON's escapes are TOML's, but for one character that TOML wants escaped besides.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - beyond, the digits say more than is known
            return str(int(value))
        case list() | tuple():
            return f"[{', '.join(map(_literal, value))}]"
        case Mapping():
            return "{ " + ", ".join(f"{_bare(name)} = {_literal(one)}" for name, one in value.items()) + " }"
        case _:
            return str(value)


def _bare(name: str) -> str:
    """A key in TOML, quoted where it must be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _literal(name)


def _shown(value: object) -> str:
    """A value for people, at most about 80 characters of it."""
    try:
        text = "null" if value is None else _literal(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        text = "a number of thousands of digits"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def toml_table(text: str) -> dict[str, Any]:
    """What a TOML text says. Raises AutotuneError with the line that is no TOML."""
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise AutotuneError(f"{FILE} is not valid TOML: its brackets are nested too deeply.", "No value needs nested brackets.") from None
    except ValueError as wrong:
        found = re.fullmatch(r"(.*?) ?\(at (?:line (\d+), column (\d+)|end of document)\)", str(wrong), re.DOTALL)
        problem, line, column = found.groups() if found else (str(wrong), None, None)
        place = f"line {line}, column {column}" if line else f"line {text.count(chr(10)) + 1}"
        raise AutotuneError(
            f"{FILE} is not valid TOML at {place}: {problem.rstrip('.')}.",
            "Mend that line; text stands in double quotes, a list in brackets.",
        ) from None


def _given(key: Key, value_text: str) -> object:
    """The value that a person has typed for a key: TOML, or text without quotes where the key takes it."""
    readings: list[object] = []
    try:
        said = toml_table(f"value = {value_text}")
    except AutotuneError:
        if value_text.lstrip().startswith(('"', "'")):
            raise AutotuneError(
                f"{_shown(value_text)} begins with a quote and is not TOML text.", "Close the quote, or quote all of it."
            ) from None
    else:
        # More than one key: what was typed holds a line end and an assignment, and is no value.
        readings += [said["value"]] if len(said) == 1 else []
    readings.append(value_text)
    for reading in readings:
        try:
            return key.shape.write(key.shape.read(reading))
        except ValueError:
            continue
    return _read(key, readings[0])


@dataclass(frozen=True, slots=True)
class _Statement:
    """A header, an assignment, or a line that is empty or a comment, of a TOML text; `start` and `end` of its lines count characters.

    `header` names the table that it stands in, `path` is the full key, empty for a comment. The value of an assignment stands from
    `value_start` to `value_end`; both are 0 for anything else.
    """

    start: int
    end: int
    header: tuple[str, ...]
    path: tuple[str, ...]
    value_start: int = 0
    value_end: int = 0


# Compiled where it is first used: most commands change no configuration.
PIECE = r"""
"{3} (?: \\. | [^\\] )*? "{3} (?!")  # text over several lines
| '{3} .*? '{3} (?!')
| " (?: \\. | [^\\"] )* "
| ' [^']* '
| \#[^\n]*
| [\[\]{}\n=]
| [^"'\#\[\]{}\n=]+
"""


def _lines(text: str) -> Iterator[tuple[int, int | None, int, int]]:
    """Where each line of a valid TOML text begins, has its `=`, begins its comment or ends, and ends with its line end.

    A value over several lines makes one line of them; the text's last line has its line end.
    """
    start = depth = 0
    equals = comment = None
    for piece in re.finditer(PIECE, text, re.VERBOSE | re.DOTALL):
        match piece[0][0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "=" if equals is None:
                equals = piece.end()
            case "#" if not depth:
                comment = piece.start()
            case "\n" if not depth:
                yield start, equals, piece.start() if comment is None else comment, piece.end()
                start, equals, comment = piece.end(), None, None


def _statements(text: str) -> Iterator[_Statement]:
    """The statements of a valid TOML text, in order."""
    header: tuple[str, ...] = ()
    for start, equals, stop, end in _lines(text):
        if equals is not None:
            value = text[equals:stop]
            value_start = equals + len(value) - len(value.lstrip())
            yield _Statement(start, end, header, header + _path(text[start:equals] + "0"), value_start, equals + len(value.rstrip()))
            continue
        if said := text[start:stop].strip():
            header = _path(said)
        yield _Statement(start, end, header, header if said else ())


def _path(line: str) -> tuple[str, ...]:
    """The names in a header, or in an assignment of a number."""
    table: object = toml_table(line)
    path = []
    while isinstance(table, dict) and table:
        [(name, table)] = table.items()
        path.append(name)
    return tuple(path)


def _edited(text: str, key: Key, value: object) -> str:
    """The text with one key set: its value replaced, else its example, else a line added behind the last of its section."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += line_end
    path, section = (*filter(None, [key.section]), key.leaf), tuple(filter(None, [key.section]))
    statements = list(_statements(text))
    line = f"{_assignment(key.leaf, value)}{line_end}"
    for one in statements:
        if one.value_end and one.path == path:
            return text[: one.value_start] + _literal(value) + text[one.value_end :]
        if one.value_end and section and one.path == section:
            table = toml_table(text)[key.section]
            return (
                text[: one.value_start] + _literal((table if isinstance(table, dict) else {}) | {key.leaf: value}) + text[one.value_end :]
            )
    for one in statements:
        if not one.path and one.header == section and text[one.start : one.end].strip() == _example_of(key):
            return text[: one.start] + line + text[one.end :]
    neighbours = [one for one in statements if (one.path[:-1] == section if one.value_end else section and one.path == section)]
    if neighbours:
        last = neighbours[-1]
        return text[: last.end] + ".".join((*path[len(last.header) : -1], line)) + text[last.end :]
    if section:
        return text + f"{line_end if text else ''}[{key.section}]{line_end}{line}"
    return line + text
