"""Every key of prompts.toml: its shape, default and words, the variable that comes before it, and its name in an autotune.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from autotune.core.asking.naming import BACKENDS
from autotune.core.config.shapes import Shape, flag, list_of, number, one_of, shown, text, whole_number
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


def _behavior(name: str) -> str:
    if name not in set(Behavior):
        raise ValueError(f"{shown(name)} is none of them")
    return name


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
_BEHAVIORS = list_of(f"a list of behaviours: {', '.join(Behavior)}", _behavior, at_least=1, unique=True)


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


KEYS = (
    Key("behaviors", _BEHAVIORS, tuple(Behavior), "which behaviours have a pack", "AUTOTUNE_BEHAVIORS", "behaviors"),
    Key(
        "trace_dir",
        _PATH,
        "",
        "where your agent writes its traces; nothing: `traces` in the home of the agent",
        "AUTOTUNE_TRACE_DIR",
        "traceDir",
    ),
    Key(
        "output_dir",
        _PATH,
        "",
        "where your agent reads its packs; nothing: `prompts` in the home of the agent",
        "AUTOTUNE_OUTPUT_DIR",
        "deploy.outputDir",
    ),
    Key(
        "db_path",
        _PATH,
        "",
        "the database of what was seen; nothing: `records.db` in your data folder",
        "AUTOTUNE_DB_PATH",
        "dbPath",
        "an older database there is read, and left as it is",
    ),
    Key(
        "redact",
        flag(),
        default=True,
        comment="mask addresses, numbers and secrets in people's words before they are stored",
        variable="AUTOTUNE_REDACT",
        before="redact",
        mapped="ids, versions and times are never masked",
    ),
    Key(
        "approval",
        _APPROVAL,
        "auto",
        "whether a canary begins by itself (auto), or after `autotune prompts approve` (required)",
        "AUTOTUNE_APPROVAL",
    ),
    Key("retention_days", whole_number(1, 3650), 90, "how many days records are kept", "AUTOTUNE_RETENTION_DAYS"),
    Key(
        "interval_minutes",
        number("a number of minutes", at_least=1, at_most=525_600),
        60.0,
        "how long a daemon waits between two passes",
        "AUTOTUNE_INTERVAL_MINUTES",
        "intervalMinutes",
    ),
    Key(
        "eval_max_traces",
        whole_number(0),
        200,
        "how many traces of a behaviour are judged in one pass",
        "AUTOTUNE_EVAL_MAX_TRACES",
        "evalMaxTraces",
        "0 is none",
    ),
    Key(
        "max_usd_per_day",
        _MONEY,
        5.0,
        "how much models may cost in a day (UTC), all commands together; `none`: no cap",
        "AUTOTUNE_MAX_USD_PER_DAY",
    ),
    Key("max_calls_per_day", whole_number(0), 5000, "how many calls of models may be made in a day", "AUTOTUNE_MAX_CALLS_PER_DAY"),
    Key("concurrency", whole_number(1, 64), 4, "how many calls are made at once", "AUTOTUNE_CONCURRENCY"),
    Key(
        "openrouter.base_url",
        text("a URL", r"https?://\S+"),
        "https://openrouter.ai/api/v1",
        "the service that models are asked at",
        "OPENROUTER_BASE_URL",
        "openrouter.baseUrl",
    ),
    Key(
        "openrouter.timeout_ms",
        number("a number of milliseconds", above=0, at_most=3_600_000),
        120_000.0,
        "how long one request may take",
        "AUTOTUNE_OPENROUTER_TIMEOUT_MS",
        "openrouter.timeoutMs",
    ),
    Key(
        "openrouter.retries",
        whole_number(0, 20),
        3,
        "how often a request is tried again that may succeed then",
        "AUTOTUNE_OPENROUTER_RETRIES",
        "openrouter.retries",
    ),
    Key(
        "openrouter.min_retry_delay_ms",
        _WAIT,
        500.0,
        "the first wait before that",
        "AUTOTUNE_OPENROUTER_MIN_RETRY_DELAY_MS",
        "openrouter.minRetryDelayMs",
    ),
    Key(
        "openrouter.max_retry_delay_ms",
        _WAIT,
        4000.0,
        "the longest wait before that",
        "AUTOTUNE_OPENROUTER_MAX_RETRY_DELAY_MS",
        "openrouter.maxRetryDelayMs",
        "a service that asks for a longer wait gets it",
    ),
    Key("openrouter.site_url", _PATH, "", "your site, which requests name", "OPENROUTER_SITE_URL"),
    Key("openrouter.site_name", _PATH, "", "your site's name", "OPENROUTER_SITE_NAME"),
    Key(
        "judge.stage1_model",
        _MODEL,
        "openrouter:anthropic/claude-haiku-4-5",
        "judges everything",
        "AUTOTUNE_JUDGE_STAGE1_MODEL",
        "judge.stage1Model",
    ),
    Key(
        "judge.stage2_model",
        _MODEL,
        "openrouter:anthropic/claude-sonnet-4-5",
        "judges a sample, and what the first is unsure of",
        "AUTOTUNE_JUDGE_STAGE2_MODEL",
        "judge.stage2Model",
    ),
    Key(
        "judge.temperature",
        number("a number", at_least=0, at_most=2),
        0.0,
        "of the judges",
        "AUTOTUNE_JUDGE_TEMPERATURE",
        "judge.temperature",
    ),
    Key("judge.max_output_tokens", whole_number(1), 512, "of one judgement", "AUTOTUNE_JUDGE_MAX_OUTPUT_TOKENS", "judge.maxOutputTokens"),
    Key("judge.share", _SHARE, 0.1, "the share of cases that the second judge sees anyway", "AUTOTUNE_JUDGE_SHARE"),
    Key("judge.unsure_below", _SHARE, 0.5, "how sure the first has to be, or the second is asked", "AUTOTUNE_JUDGE_UNSURE_BELOW"),
    Key(
        "judge.min_agreement",
        _SHARE,
        0.4,
        "how far judge and person have to agree (kappa) for a promotion without your approval; 0: not at all",
        "AUTOTUNE_JUDGE_MIN_AGREEMENT",
    ),
    Key("judge.min_labels", whole_number(1), 30, "how many labels of yours tell that", "AUTOTUNE_JUDGE_MIN_LABELS"),
    Key(
        "optimize.min_improvement",
        _DIFFERENCE,
        0.05,
        "how much better a pack has to be",
        "AUTOTUNE_MIN_IMPROVEMENT",
        "optimize.minImprovement",
        "the session's `worth`",
    ),
    Key(
        "optimize.max_failures_sample",
        whole_number(1),
        50,
        "nothing",
        "AUTOTUNE_MAX_FAILURES_SAMPLE",
        "optimize.maxFailuresSample",
        "it never did anything",
    ),
    Key(
        "optimize.max_candidates", whole_number(1), 6, "how many packs a run proposes", "AUTOTUNE_MAX_CANDIDATES", "optimize.maxCandidates"
    ),
    Key(
        "optimize.max_cost_usd",
        _MONEY,
        5.0,
        "how much one run may cost, its proposer and judges together; `none`: no cap",
        "AUTOTUNE_OPTIMIZE_MAX_COST_USD",
    ),
    Key("optimize.engine", one_of("own", "gepa"), "own", "what searches: autotune itself, or the package gepa", "AUTOTUNE_OPTIMIZE_ENGINE"),
    Key("optimize.max_calls", whole_number(0), 0, "how many calls one run may make; 0: no cap", "AUTOTUNE_OPTIMIZE_MAX_CALLS"),
    Key(
        "optimize.sample_size",
        whole_number(1),
        20,
        "how many cases a search tries a pack on",
        "AUTOTUNE_SAMPLE_SIZE",
        "optimize.sampleSize",
        "of the part *select*, drawn by chance; not the worst ones",
    ),
    Key(
        "optimize.new_cases",
        whole_number(1),
        100,
        "how many new cases of a behaviour make `once` look for a better pack again",
        "AUTOTUNE_OPTIMIZE_NEW_CASES",
    ),
    Key(
        "optimize.candidate_model",
        _MODEL,
        "openrouter:anthropic/claude-haiku-4-5",
        "proposes packs",
        "AUTOTUNE_CANDIDATE_MODEL",
        "optimize.candidateModel",
    ),
    Key(
        "optimize.rerank_model",
        _MODEL,
        "openrouter:anthropic/claude-sonnet-4-5",
        "nothing",
        "AUTOTUNE_RERANK_MODEL",
        "optimize.rerankModel",
        "it never did anything: `judge.stage2_model` judges",
    ),
    Key(
        "optimize.predictor_model",
        _MODEL,
        "openrouter:anthropic/claude-haiku-4-5",
        "answers in your agent's place",
        "AUTOTUNE_PREDICTOR_MODEL",
        "optimize.predictorModel",
    ),
    Key("canary.fraction", _SHARE, 0.1, "the share of the traffic that a canary gets", "AUTOTUNE_CANARY_FRACTION", "deploy.canaryFraction"),
    Key(
        "canary.min_samples",
        _SAMPLES,
        FEWEST_SAMPLES,
        "how many units each side needs before anything is decided",
        "AUTOTUNE_CANARY_MIN_SAMPLES",
        "deploy.canaryMinSamples",
        f"at least {FEWEST_SAMPLES}, whatever is set",
    ),
    Key(
        "canary.min_improvement",
        _DIFFERENCE,
        0.02,
        "how much better a canary has to be",
        "AUTOTUNE_CANARY_MIN_IMPROVEMENT",
        "deploy.canaryMinImprovement",
        "the rollout's `worth`",
    ),
    Key(
        "canary.health_window_hours",
        number("a number of hours", at_least=0),
        24.0,
        "how far back emergencies are looked for; 0: not at all",
        "AUTOTUNE_CANARY_HEALTH_WINDOW_HOURS",
        "deploy.canaryHealthWindowHours",
    ),
    Key(
        "canary.max_error_rate",
        _SHARE,
        0.12,
        "a share of errors at which a canary stops at once",
        "AUTOTUNE_CANARY_MAX_ERROR_RATE",
        "deploy.canaryMaxErrorRate",
        "an emergency stop",
    ),
    Key(
        "canary.max_tool_failure_rate",
        _SHARE,
        0.25,
        "the same of requests in which a tool failed",
        "AUTOTUNE_CANARY_MAX_TOOL_FAILURE_RATE",
        "deploy.canaryMaxToolFailureRate",
        "an emergency stop, by request",
    ),
    Key(
        "canary.max_error_rate_delta",
        _SHARE,
        0.05,
        "how many more errors a canary may have",
        "AUTOTUNE_CANARY_MAX_ERROR_RATE_DELTA",
        "deploy.canaryMaxErrorRateDelta",
        "an emergency stop",
    ),
    Key(
        "canary.max_tool_failure_rate_delta",
        _SHARE,
        0.12,
        "how many more tools may fail",
        "AUTOTUNE_CANARY_MAX_TOOL_FAILURE_RATE_DELTA",
        "deploy.canaryMaxToolFailureRateDelta",
        "an emergency stop, by request",
    ),
    Key(
        "canary.mode",
        _MODE,
        "gain",
        "what a canary has to show: gain, or no_harm: that it is not worse by .05, for packs that a session has kept",
        "AUTOTUNE_CANARY_MODE",
    ),
    Key(
        "canary.unit",
        _UNIT,
        "auto",
        "what one coin decides: a user-day, a conversation, a request; auto: what the records show",
        "AUTOTUNE_CANARY_UNIT",
    ),
    Key("canary.max_days", _DAYS, 60.0, "after how many days a canary ends undecided", "AUTOTUNE_CANARY_MAX_DAYS"),
    Key("canary.max_units", whole_number(0), 0, "after how many units it does; 0: any number", "AUTOTUNE_CANARY_MAX_UNITS"),
    Key("canary.watch_days", _DAYS, 7.0, "how long a promoted pack is watched", "AUTOTUNE_CANARY_WATCH_DAYS"),
    Key(
        "behavior.enabled",
        flag(),
        default=False,
        comment="tune the numbers of behavior.json too",
        variable="AUTOTUNE_BEHAVIOR_ENABLED",
        before="behavior.enabled",
    ),
    Key(
        "behavior.window_days",
        number("a number of days", above=0),
        7.0,
        "how far back that looks",
        "AUTOTUNE_BEHAVIOR_DAYS",
        "behavior.windowDays",
    ),
    Key("behavior.min_traces", whole_number(0), 0, "how many traces that needs", "AUTOTUNE_BEHAVIOR_MIN_TRACES", "behavior.minTraces"),
    Key("behavior.max_traces", whole_number(0), 0, "how many it looks at; 0: all", "AUTOTUNE_BEHAVIOR_MAX_TRACES", "behavior.maxTraces"),
    Key(
        "behavior.eval_model",
        _NO_MODEL,
        "",
        "judges a few of them; nothing: none does",
        "AUTOTUNE_BEHAVIOR_EVAL_MODEL",
        "behavior.evalModel",
    ),
    Key("behavior.eval_samples", whole_number(0), 6, "how many it judges", "AUTOTUNE_BEHAVIOR_EVAL_SAMPLES", "behavior.evalSamples"),
    Key(
        "behavior.prompt_packs",
        flag(),
        default=False,
        comment="write packs of that, too",
        variable="AUTOTUNE_BEHAVIOR_PROMPT_PACKS",
        before="behavior.promptPacks",
    ),
    Key(
        "behavior.canary_percent",
        number("a number", at_least=0, at_most=100),
        20.0,
        "the share of the traffic that these get, in percent",
        "AUTOTUNE_BEHAVIOR_CANARY_PERCENT",
        "behavior.canaryPercent",
    ),
    Key(
        "behavior.report_dir",
        _PATH,
        "",
        "where its reports go; nothing: `reports` in the home of the agent",
        "AUTOTUNE_BEHAVIOR_REPORT_DIR",
        "behavior.reportDir",
    ),
    Key(
        "behavior.config_path",
        _PATH,
        "",
        "the file that it tunes; nothing: `behavior.json` in the home of the agent",
        "AUTOTUNE_BEHAVIOR_CONFIG_PATH",
        "behavior.configPath",
    ),
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
