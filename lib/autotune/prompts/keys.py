"""Every key of prompts.toml: its shape, default and words, the variable that comes before it, and its name in an autotune.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from autotune.core.asking.naming import BACKENDS
from autotune.core.config.shapes import Shape, among, flag, list_of, number, one_of, text, whole_number
from autotune.core.records.behaviors import Behavior

FEWEST_SAMPLES = 50  # of a canary, in each arm: fewer decide by luck


def _samples(value: object) -> int:
    """A number of samples, or the fewest that decide anything."""
    return max(FEWEST_SAMPLES, int(str(whole_number(1).read(value))))


def _model(value: object) -> str:
    """A model as `backend:model`. What the older tool named is one of OpenRouter's."""
    name = str(_NAME.read(value))
    backend, colon, model = name.partition(":")
    return name if colon and model and backend in BACKENDS else f"openrouter:{name}"


_NAME = text("a name", r"\S+|command:\S.*")
_PATH = text("a path, or nothing", ".*")
_MODEL = Shape("BACKEND:MODEL; without a backend it is one of OpenRouter's", _model)
_NO_MODEL = Shape(f"{_MODEL.expected}; or nothing", lambda value: _model(value) if value != "" else value)
_SHARE = number("a number", at_least=0, at_most=1)
_SAMPLES = Shape(whole_number(1).expected, _samples)
_DIFFERENCE = number("a number", at_least=0, at_most=1)
_WAIT = number("a number of milliseconds", at_least=0, at_most=3_600_000)
_MONEY = Shape(
    "a number of US dollars, or `none`",
    lambda value: None if value == "none" else number("", at_least=0).read(value),
    lambda held: held or "none",
)
_APPROVAL = text("auto or required", "auto|required")
_MODE = text("gain or no_harm", "gain|no_harm")
_UNIT = text("auto, user-day, conversation or request", "auto|user-day|conversation|request")
_DAYS = number("a number of days", above=0, at_most=365)
_BEHAVIORS = list_of(f"a list of behaviours: {', '.join(Behavior)}", among(Behavior), at_least=1, unique=True)


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `variable` comes before the file, `before` is its name in an autotune.json, `mapped` says what else it means now."""

    name: str
    shape: Shape
    default: object
    comment: str
    variable: str = ""
    before: str = ""
    mapped: str = ""

    @property
    def section(self) -> str:
        """The table that it stands in; none at the top."""
        return self.name.rpartition(".")[0]

    @property
    def leaf(self) -> str:
        """Its name in its table."""
        return self.name.rpartition(".")[2]


def _key(
    name: str, shape: Shape, default: object, comment: str, mapped: str = "", *, variable: str = "", before: str = "", new: bool = False
) -> Key:
    """A key with its variable and its older name as they usually are, unless others are given; one that is `new` has no older name."""
    usual = re.sub("_(.)", lambda found: found[1].upper(), name.replace("canary.", "deploy.canary_"))
    named = variable or f"AUTOTUNE_{name.replace('.', '_').upper()}"
    return Key(name, shape, default, comment, named, "" if new else before or usual, mapped)


KEYS = (
    _key("behaviors", _BEHAVIORS, tuple(Behavior), "which behaviours have a pack"),
    _key("trace_dir", _PATH, "", "where your agent writes its traces; nothing: `traces` in the home of the agent"),
    _key(
        "output_dir", _PATH, "", "where your agent reads its packs; nothing: `prompts` in the home of the agent", before="deploy.outputDir"
    ),
    _key(
        "db_path",
        _PATH,
        "",
        "the database of what was seen; nothing: `records.db` in your data folder",
        "an older database there is read, and left as it is",
    ),
    _key(
        "redact",
        flag(),
        default=True,
        comment="mask addresses, numbers and secrets in people's words before they are stored",
        mapped="ids, versions and times are never masked",
    ),
    _key(
        "approval", _APPROVAL, "auto", "whether a canary begins by itself (auto), or after `autotune prompts approve` (required)", new=True
    ),
    _key("retention_days", whole_number(1, 3650), 90, "how many days records are kept", new=True),
    _key(
        "interval_minutes", number("a number of minutes", at_least=1, at_most=525_600), 60.0, "how long a daemon waits between two passes"
    ),
    _key("eval_max_traces", whole_number(0), 200, "how many traces of a behaviour are judged in one pass", "0 is none"),
    _key("max_usd_per_day", _MONEY, 5.0, "how much models may cost in a day (UTC), all commands together; `none`: no cap", new=True),
    _key("max_calls_per_day", whole_number(0), 5000, "how many calls of models may be made in a day", new=True),
    _key("concurrency", whole_number(1, 64), 4, "how many calls are made at once", new=True),
    _key(
        "openrouter.base_url",
        text("a URL", r"https?://\S+"),
        "https://openrouter.ai/api/v1",
        "the service that models are asked at",
        variable="OPENROUTER_BASE_URL",
    ),
    _key(
        "openrouter.timeout_ms", number("a number of milliseconds", above=0, at_most=3_600_000), 120_000.0, "how long one request may take"
    ),
    _key("openrouter.retries", whole_number(0, 20), 3, "how often a request is tried again that may succeed then"),
    _key("openrouter.min_retry_delay_ms", _WAIT, 500.0, "the first wait before that"),
    _key("openrouter.max_retry_delay_ms", _WAIT, 4000.0, "the longest wait before that", "a service that asks for a longer wait gets it"),
    _key("openrouter.site_url", _PATH, "", "your site, which requests name", variable="OPENROUTER_SITE_URL", new=True),
    _key("openrouter.site_name", _PATH, "", "your site's name", variable="OPENROUTER_SITE_NAME", new=True),
    _key("judge.stage1_model", _MODEL, "openrouter:anthropic/claude-haiku-4-5", "judges everything"),
    _key("judge.stage2_model", _MODEL, "openrouter:anthropic/claude-sonnet-4-5", "judges a sample, and what the first is unsure of"),
    _key("judge.temperature", number("a number", at_least=0, at_most=2), 0.0, "of the judges"),
    _key("judge.max_output_tokens", whole_number(1), 512, "of one judgement"),
    _key("judge.share", _SHARE, 0.1, "the share of cases that the second judge sees anyway", new=True),
    _key("judge.unsure_below", _SHARE, 0.5, "how sure the first has to be, or the second is asked", new=True),
    _key(
        "judge.min_agreement",
        _SHARE,
        0.4,
        "how far judge and person have to agree (kappa) for a promotion without your approval; 0: not at all",
        new=True,
    ),
    _key("judge.min_labels", whole_number(1), 30, "how many labels of yours tell that", new=True),
    _key(
        "optimize.min_improvement",
        _DIFFERENCE,
        0.05,
        "how much better a pack has to be",
        "the session's `worth`",
        variable="AUTOTUNE_MIN_IMPROVEMENT",
    ),
    _key("optimize.max_failures_sample", whole_number(1), 50, "nothing", "it never did anything", variable="AUTOTUNE_MAX_FAILURES_SAMPLE"),
    _key("optimize.max_candidates", whole_number(1), 6, "how many packs a run proposes", variable="AUTOTUNE_MAX_CANDIDATES"),
    _key("optimize.max_cost_usd", _MONEY, 5.0, "how much one run may cost, its proposer and judges together; `none`: no cap", new=True),
    _key("optimize.engine", one_of("own", "gepa"), "own", "what searches: autotune itself, or the package gepa", new=True),
    _key("optimize.max_calls", whole_number(0), 0, "how many calls one run may make; 0: no cap", new=True),
    _key(
        "optimize.sample_size",
        whole_number(1),
        20,
        "how many cases a search tries a pack on",
        "of the part *select*, drawn by chance; not the worst ones",
        variable="AUTOTUNE_SAMPLE_SIZE",
    ),
    _key(
        "optimize.new_cases", whole_number(1), 100, "how many new cases of a behaviour make `once` look for a better pack again", new=True
    ),
    _key(
        "optimize.candidate_model", _MODEL, "openrouter:anthropic/claude-haiku-4-5", "proposes packs", variable="AUTOTUNE_CANDIDATE_MODEL"
    ),
    _key(
        "optimize.rerank_model",
        _MODEL,
        "openrouter:anthropic/claude-sonnet-4-5",
        "nothing",
        "it never did anything: `judge.stage2_model` judges",
        variable="AUTOTUNE_RERANK_MODEL",
    ),
    _key(
        "optimize.predictor_model",
        _MODEL,
        "openrouter:anthropic/claude-haiku-4-5",
        "answers in your agent's place",
        variable="AUTOTUNE_PREDICTOR_MODEL",
    ),
    _key(
        "canary.fraction",
        _SHARE,
        0.1,
        "the share of the traffic that a canary gets",
        "where it is not set, the smallest of 0.1, 0.3 and 0.5 that finds a gain of 0.1 in two weeks",
    ),
    _key(
        "canary.min_samples",
        _SAMPLES,
        FEWEST_SAMPLES,
        "how many units each side needs before anything is decided",
        f"at least {FEWEST_SAMPLES}, whatever is set",
    ),
    _key("canary.min_improvement", _DIFFERENCE, 0.02, "how much better a canary has to be", "the rollout's `worth`"),
    _key(
        "canary.health_window_hours",
        number("a number of hours", at_least=0),
        24.0,
        "how far back emergencies are looked for; 0: not at all",
    ),
    _key("canary.max_error_rate", _SHARE, 0.12, "a share of errors at which a canary stops at once", "an emergency stop"),
    _key("canary.max_tool_failure_rate", _SHARE, 0.25, "the same of requests in which a tool failed", "an emergency stop, by request"),
    _key("canary.max_error_rate_delta", _SHARE, 0.05, "how many more errors a canary may have", "an emergency stop"),
    _key("canary.max_tool_failure_rate_delta", _SHARE, 0.12, "how many more tools may fail", "an emergency stop, by request"),
    _key(
        "canary.mode",
        _MODE,
        "gain",
        "what a canary has to show: gain, or no_harm: that it is not worse by .05, for packs that a session has kept",
        new=True,
    ),
    _key(
        "canary.unit", _UNIT, "auto", "what one coin decides: a user-day, a conversation, a request; auto: what the records show", new=True
    ),
    _key("canary.max_days", _DAYS, 60.0, "after how many days a canary ends undecided", new=True),
    _key("canary.max_units", whole_number(0), 0, "after how many units it does; 0: any number", new=True),
    _key("canary.watch_days", _DAYS, 7.0, "how long a promoted pack is watched", new=True),
    _key("behavior.enabled", flag(), default=False, comment="tune the numbers of behavior.json too"),
    _key("behavior.window_days", number("a number of days", above=0), 7.0, "how far back that looks", variable="AUTOTUNE_BEHAVIOR_DAYS"),
    _key("behavior.min_traces", whole_number(0), 0, "how many traces that needs"),
    _key("behavior.max_traces", whole_number(0), 0, "how many it looks at; 0: all"),
    _key("behavior.eval_model", _NO_MODEL, "", "judges a few of them; nothing: none does"),
    _key("behavior.eval_samples", whole_number(0), 6, "how many it judges"),
    _key("behavior.prompt_packs", flag(), default=False, comment="write packs of that, too"),
    _key(
        "behavior.canary_percent", number("a number", at_least=0, at_most=100), 20.0, "the share of the traffic that these get, in percent"
    ),
    _key("behavior.report_dir", _PATH, "", "where its reports go; nothing: `reports` in the home of the agent"),
    _key("behavior.config_path", _PATH, "", "the file that it tunes; nothing: `behavior.json` in the home of the agent"),
)
BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}
SECTIONS = {
    "openrouter": "How models are asked",
    "judge": "Who judges",
    "optimize": "How packs are proposed",
    "canary": "How a pack is proved in production",
    "behavior": "The numbers of behavior.json",
}
SECRETS = {"openrouter.apiKey": "OPENROUTER_API_KEY"}
"""What an autotune.json may hold and no file of ours does: by which variable it is given."""
