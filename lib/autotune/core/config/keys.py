"""Every key of autotune.toml.

`KEYS` says all that there is to know of a key, and `COMMENTS` what it is for, once: reading, writing, changing and describing a
configuration all follow them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from autotune.core.cases.batch_pairs import Counted
from autotune.core.cases.scores import WORTH
from autotune.core.cases.split import HELD_OUT, SEARCHED
from autotune.core.config.model import Config
from autotune.core.config.shapes import (
    COMMAND,
    PATTERNS,
    VARIABLE,
    Shape,
    among,
    cases,
    context_name,
    duration,
    flag,
    guardrail,
    list_of,
    message,
    metric_name,
    number,
    one_of,
    pattern,
    relative_path,
    score_range,
    seconds,
    shown,
    source,
    text,
    variables,
    whole_number,
)
from autotune.core.health.recovery import Playbook
from autotune.core.model import DecisionMode, Direction
from autotune.errors import AutotuneError

FILE = "autotune.toml"


class Fixed(StrEnum):
    """What holds a key's value; the empty one, which is false, lets an edit of the file change it at any time.

    `DECISION` keys say what a keep demands: a person's `config set` changes them inside a segment, an edit of the
    file does not. `PERSON` keys are as tightly held, and the command is refused where no person types it.
    """

    NEVER = ""
    DECISION = "decision"
    PERSON = "person"
    SEGMENT = "segment"
    SESSION = "session"


class Default(StrEnum):
    """What stands for a default where there is none: the key must be there, or may be absent."""

    REQUIRED = "required"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of autotune.toml. `name` has its section before a dot; `default` and `example` are values as they are in the file."""

    name: str
    shape: Shape
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

    @property
    def comment(self) -> str:
        """What the key is for; that of all variables is the section's."""
        return COMMENTS["env" if self.section == "env" else self.name]


_NAME = r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,59}"
_NAMED = text("1 to 60 letters, digits and . _ -, beginning with a letter or digit, no two dots in a row", _NAME)
_GUARDRAILS = list_of('a list of bounds such as "memory_mb <= 1.02x" or "accuracy >= 0.98"', guardrail, unique=True)
KEYS = (
    Key("name", _NAMED, Default.REQUIRED, "faster-tests", Fixed.SESSION),
    Key("metric", metric_name(), Default.REQUIRED, "duration_s", Fixed.SEGMENT),
    Key("unit", text("up to 40 characters on one line", r"[^\x00-\x1f\x7f]{0,40}"), "", "s", Fixed.SEGMENT),
    Key("timed", flag(), Default.ABSENT, example=False, fixed=Fixed.SEGMENT),
    Key("direction", one_of(*Direction), Default.REQUIRED, "lower", Fixed.SEGMENT),
    Key("benchmark", text("a shell command", r".*\S.*"), "bash autotune.sh", None, Fixed.SEGMENT),
    Key("read", source(), "", "pytest-benchmark:bench.json", Fixed.SEGMENT),
    Key("seeds", flag(), default=False, fixed=Fixed.SEGMENT),
    Key("cases", cases(), "", ["parse", "write"], Fixed.SEGMENT),
    Key("cases_count", one_of(*Counted), Counted.EACH_ALIKE.value, "total", Fixed.SEGMENT),
    Key("score_range", score_range(), Default.ABSENT, [0, 1], Fixed.SEGMENT),
    Key("holdout_share", number("a number", at_least=0, at_most=0.8), HELD_OUT, 0.3, Fixed.SEGMENT),
    Key("search_share", number("a number", at_least=0, at_most=0.8), SEARCHED, 0.25, Fixed.SEGMENT),
    Key("order_seed", whole_number(0), Default.ABSENT, 7, Fixed.SEGMENT),
    Key("context_free", list_of("a list of names that CONTEXT lines have", context_name, unique=True), [], ["tokens_used"], Fixed.SEGMENT),
    Key("checks", COMMAND, "", "bash autotune.checks.sh", Fixed.SEGMENT),
    Key("prepare", COMMAND, "", "make", Fixed.SEGMENT),
    Key("build_once", flag(), default=False, fixed=Fixed.SEGMENT),
    Key("setup", COMMAND, "", "npm ci", Fixed.SEGMENT),
    Key("carry", list_of("a list of relative paths", relative_path), [], ["node_modules", ".venv"], Fixed.SEGMENT),
    Key("scope", list_of(f"{PATTERNS}, at least one", pattern, at_least=1), ["**"], ["src/**"], Fixed.SEGMENT),
    Key("protect", list_of(PATTERNS, pattern), [], ["tests/**"], Fixed.SEGMENT),
    Key("holdout", COMMAND, "", 'python3 "$AUTOTUNE_HOLDOUT/check.py"', Fixed.SEGMENT),
    Key("sandbox", flag({"off": False, "on": True}), default=False, fixed=Fixed.SEGMENT),
    Key("void_implausible", flag(), default=True, fixed=Fixed.SEGMENT),
    Key("in_place", flag(), default=False, fixed=Fixed.SEGMENT),
    Key("decision_mode", one_of("auto", *DecisionMode), "auto", fixed=Fixed.DECISION),
    Key("min_effect", number("a number", at_least=0, below=10), 0, fixed=Fixed.DECISION),
    Key("worth", number("a number", above=0, below=1), WORTH, 0.1, Fixed.SEGMENT),
    Key("min_effect_found", number("a number", at_least=0, below=10), 0),
    Key("simplify_margin", number("a number", at_least=0, below=1), 0, fixed=Fixed.DECISION),
    Key("guardrails", _GUARDRAILS, [], ["memory_mb <= 1.02x"], Fixed.DECISION),
    Key("max_pairs", whole_number(2, 200), 40, fixed=Fixed.DECISION),
    Key("error_budget", number("a number", above=0, at_most=0.5), 0.05, fixed=Fixed.DECISION),
    Key("busy_wait_s", number("a number of seconds", at_least=0, at_most=86_400), 60),
    Key("timeout_s", seconds(), 600),
    Key("checks_timeout_s", seconds(), 300),
    Key("hooks", flag(), default=True, fixed=Fixed.DECISION),
    Key("format", COMMAND, "", "black src", Fixed.DECISION),
    Key("sign", flag(), default=False),
    Key("target", number("a finite number"), Default.ABSENT, 1.5),
    Key("max_iterations", whole_number(1), Default.ABSENT, 100),
    Key("max_wall_time", duration(), Default.ABSENT, "8h"),
    Key("max_failures", whole_number(1), Default.ABSENT, 20),
    Key("max_cost_usd", number("a number", above=0), Default.ABSENT, 20),
    Key("cost_metric", metric_name(none=True), "", "cost_usd", Fixed.SEGMENT),
    Key("max_tokens", whole_number(1), Default.ABSENT, 5_000_000),
    Key("auto_resume", one_of("continue", "prompt", "headless", "off"), "continue"),
    Key("fresh_context", whole_number(1), Default.ABSENT, 10),
    Key("notify", message(), "", "desktop", Fixed.PERSON),
    Key("env", variables(), {}, {"TZ": "UTC"}, Fixed.SEGMENT),
    Key("health.max_no_improvement_runs", whole_number(1), 5),
    Key("health.max_crash_streak", whole_number(1), 2),
    Key("recovery.playbooks", list_of("a list of names among " + ", ".join(Playbook), among(Playbook), unique=True), [*map(str, Playbook)]),
    Key("recovery.max_healing_attempts", whole_number(0), 3),
)
COMMENTS = {
    "name": "What the session is called, for good; its branch is autotune/NAME-DATE.",
    "metric": "What you optimise: a name that the benchmark prints as METRIC name=value, or autotune's own, such as autotune.wall_s.",
    "unit": "The metric's unit, for people.",
    "timed": "Whether the metric measures time. If left out: yes, unless it is in bytes, a count, or the same in every run.",
    "direction": 'Which way the metric gets better: "lower" or "higher".',
    "benchmark": "The command that is measured; it prints the metric and exits with 0.",
    "read": "Where the metrics are, if the benchmark prints no METRIC lines: FORMAT, or FORMAT:FILE for a file that it writes.",
    "seeds": "Give both runs of a pair the same seed, and each pair another one, in the variable AUTOTUNE_SEED.",
    "cases": "What is measured on: ids, or a command that prints one a line, and perhaps a tab and a group; a run gets some.",
    "cases_count": 'How cases count: "each alike", whatever its size, or by what they come to in "total".',
    "score_range": "The lowest and the highest score of a case, where the values of cases are scores: then their mean counts.",
    "holdout_share": "Which share of scored cases is held out for claims; the rest is to search with and to decide.",
    "search_share": "Which share of that rest is to search with. With 0 here and in holdout_share, all cases decide, "
    "and nobody may see one.",
    "order_seed": "From which seed the order of scored cases is drawn, so that a session comes out the same again. If left out: by chance.",
    "context_free": "Names of CONTEXT lines whose values may differ from run to run.",
    "checks": "The command that must pass too; empty for none.",
    "prepare": "Makes a change ready to be measured, by a build for instance. It runs untimed before every run and before the checks.",
    "build_once": "Run `prepare` once for each side of a comparison. The luck of a build is not counted then, so no keep is confirmed.",
    "setup": "Runs once in a new measuring worktree, to install packages for instance.",
    "carry": "Files and folders that git ignores and the benchmark needs; they are copied to where it runs.",
    "scope": "What a change may touch. A file's own path allows that file even if it decides what is loaded or measured.",
    "protect": "What no change may touch, even in scope.",
    "holdout": "Must pass before a keep, and no proposer sees it. AUTOTUNE_HOLDOUT is the folder of `autotune holdout set`.",
    "sandbox": "Run without network, and let runs write only to the measuring worktree and a temporary folder, if the system can.",
    "void_implausible": "Void a keep whose metric contradicts how long its runs took, or how often it was printed.",
    "in_place": "Measure in the checkout itself, for code that works nowhere else.",
    "decision_mode": 'How keeps are decided: "race" (exact), "economy" (long runs) or "once" (both unconfirmed), '
    """or "auto", by a run's cost.""",
    "min_effect": "The smallest gain that is kept, as a share: 0.02 is 2 %.",
    "worth": "Where cases have scores: the gain worth having, as a share of their range. Without hope of it, a comparison ends early.",
    "min_effect_found": "What calibration wrote as min_effect. While both are equal, calibration sets both for each new benchmark.",
    "simplify_margin": "A change that only removes lines is kept unless it is worse by this share. With 0, it must be better.",
    "guardrails": "Bounds for other metrics that every keep must respect: absolute, or a multiple of the incumbent's with an x.",
    "max_pairs": "How many pairs of runs a comparison may take.",
    "error_budget": "The chance that a session keeps anything if no idea works. Only race promises it, and only without build_once.",
    "busy_wait_s": "Seconds to wait while others use most of the machine, at most as long as the runs take. After a wait in vain: a tenth.",
    "timeout_s": "Seconds that one run of the benchmark may take.",
    "checks_timeout_s": "Seconds that the checks may take, and each of the repository's commit hooks.",
    "hooks": "Run the repository's pre-commit hook on a candidate first, and measure the result.",
    "format": "A command that runs instead of that hook, in the session's folder. If empty, the hook runs.",
    "sign": "Sign the commits of keeps, as git is set up to.",
    "target": "Stop when the metric has reached this value and fresh runs confirm it.",
    "max_iterations": "Stop after this many experiments, kept or not.",
    "max_wall_time": "Stop after this long, across every resume.",
    "max_failures": "Stop after this many experiments that crashed or failed the checks.",
    "max_cost_usd": "Stop at a cost of this many dollars: of the agent (with start --headless), and of what `cost_metric` counts.",
    "cost_metric": "The name under which runs and proposers print what they cost, in dollars; it is added up.",
    "max_tokens": "With start --headless, stop when the agent has used this many tokens.",
    "auto_resume": 'How an agent goes on by itself: "continue", "prompt" (is told), "headless" (is opened again), "off" (not at all).',
    "fresh_context": "Begin with a fresh context after this many experiments, when headless.",
    "notify": 'How you are told that the session pauses or finishes: "desktop", an https address, or a command.',
    "env": "More environment variables for every run.",
    "health.max_no_improvement_runs": "Experiments without a keep after which the loop counts as plateaued.",
    "health.max_crash_streak": "Failures in a row after which the loop counts as crashing.",
    "recovery.playbooks": "What the loop tries when it is stuck, in this order. Without `pause`, it goes on when the rest is used up.",
    "recovery.max_healing_attempts": "How many playbooks may run before a keep resets the count.",
}
BY_NAME = {key.name: key for key in KEYS}
# Names that differ between file and Config: the unit stands in a name where no type carries it.
FIELDS = {"max_wall_time": "max_wall_time_s"}
NOW = {
    "allow": "scope",
    "audit": "void_implausible",
    "busy_above": "busy_wait_s",
    "claim_pairs": "",
    "hook_timeout_s": "checks_timeout_s",
    "recovery.pause_on_exhausted_recovery": "recovery.playbooks",
    "stop_patience": "",
}
"""What keys of older versions are called now; empty for what is no key any more."""
SECTIONS = {
    "env": "More environment variables for every run. They change with `autotune rebaseline --accept`, too.",
    "health": "When the loop counts as stuck.",
    "recovery": "What is done when the loop is stuck.",
}


def fixed_differences(before: Config, after: Config) -> tuple[str, ...]:
    """The names of the fixed keys whose values differ, in the order of the file."""
    return keys_changed(before, after, Fixed.DECISION, Fixed.PERSON, Fixed.SEGMENT, Fixed.SESSION)


def keys_changed(before: Config, after: Config, *kinds: Fixed) -> tuple[str, ...]:
    """The names of the keys of these kinds (of any, where none is named) whose values differ, in the order of the file."""
    return tuple(key.name for key in KEYS if key.fixed in (kinds or Fixed) and _held(key, before) != _held(key, after))


def acceptance(names: Sequence[str]) -> str:
    """The command by which a person gets other values of fixed keys. Another name belongs to another session."""
    if "name" in names:
        return "autotune init --name NAME"
    alone = len(names) == 1 and BY_NAME[names[0]].fixed in (Fixed.DECISION, Fixed.PERSON)
    return f"autotune config set {names[0]} VALUE" if alone else "autotune rebaseline --accept"


def known(name: str) -> str:
    """The name, of a key that there is."""
    if name not in BY_NAME and name not in NOW:
        refuse_unknown(name)
    return name


def key_named(name: str) -> Key:
    """The key of this name, or of one variable as `env.NAME`."""
    section, _, leaf = name.partition(".")
    if name in NOW:
        raise AutotuneError(f"{name} is no key any more.", f"set {NOW[name]} instead" if NOW[name] else "nothing has its place")
    if section != "env" or not leaf:
        return BY_NAME[known(name)]
    if not re.fullmatch(VARIABLE, leaf):
        raise AutotuneError(f"{shown(leaf)} is not the name of an environment variable.", "use letters, digits and _, and no digit first")
    env = BY_NAME["env"]
    examples = {name: text for name, text in env.example.items() if name == leaf} if isinstance(env.example, dict) else {}
    return Key(name, text("text", ".*"), Default.ABSENT, examples.get(leaf), env.fixed)


def refuse_unknown(name: str) -> NoReturn:
    """Raise AutotuneError for a key that there is not, with the one that was probably meant."""
    from difflib import get_close_matches

    spellings = {spelling: key for key in KEYS for spelling in (key.leaf, key.name)}
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    close = get_close_matches(snake, spellings, 1) or get_close_matches(snake.rpartition(".")[2], spellings, 1)
    hint = f"did you mean {_place(spellings[close[0]])}?" if close else "`autotune config show` lists the keys"
    raise AutotuneError(f"There is no key {shown(name)} in {FILE}.", hint)


def _place(key: Key) -> str:
    """Where a key stands, for people."""
    return f"{key.leaf} in the section [{key.section}]" if key.section else key.leaf


def _held(key: Key, config: Config) -> object:
    """What a Config holds for a key."""
    if key.section == "env":
        return config.env.get(key.leaf)
    return getattr(getattr(config, key.section) if key.section else config, FIELDS.get(key.leaf, key.leaf))


def written(key: Key, config: Config) -> object:
    """A key's value as it is in the file, None where it is absent."""
    held = _held(key, config)
    return None if held is None else key.shape.write(held)
