from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from autotune.core.records.behaviors import Behavior
from autotune.errors import AutotuneError
from autotune.prompts import settings, terms
from autotune.prompts.keys import BY_NAME, KEYS, SECTIONS, Key
from autotune.readers.traces.chat_log import FIELDS
from autotune.readers.traces.logs import Log
from autotune.records.sources import Rules, Source

REFERENCE = {
    "OPENROUTER_BASE_URL",
    "AUTOTUNE_OPENROUTER_TIMEOUT_MS",
    "AUTOTUNE_OPENROUTER_RETRIES",
    "AUTOTUNE_OPENROUTER_MIN_RETRY_DELAY_MS",
    "AUTOTUNE_OPENROUTER_MAX_RETRY_DELAY_MS",
    "OPENROUTER_SITE_URL",
    "OPENROUTER_SITE_NAME",
    "AUTOTUNE_JUDGE_STAGE1_MODEL",
    "AUTOTUNE_JUDGE_STAGE2_MODEL",
    "AUTOTUNE_JUDGE_TEMPERATURE",
    "AUTOTUNE_JUDGE_MAX_OUTPUT_TOKENS",
    "AUTOTUNE_MIN_IMPROVEMENT",
    "AUTOTUNE_MAX_FAILURES_SAMPLE",
    "AUTOTUNE_MAX_CANDIDATES",
    "AUTOTUNE_SAMPLE_SIZE",
    "AUTOTUNE_CANDIDATE_MODEL",
    "AUTOTUNE_RERANK_MODEL",
    "AUTOTUNE_PREDICTOR_MODEL",
    "AUTOTUNE_OUTPUT_DIR",
    "AUTOTUNE_CANARY_FRACTION",
    "AUTOTUNE_CANARY_MIN_SAMPLES",
    "AUTOTUNE_CANARY_MIN_IMPROVEMENT",
    "AUTOTUNE_CANARY_HEALTH_WINDOW_HOURS",
    "AUTOTUNE_CANARY_MAX_ERROR_RATE",
    "AUTOTUNE_CANARY_MAX_TOOL_FAILURE_RATE",
    "AUTOTUNE_CANARY_MAX_ERROR_RATE_DELTA",
    "AUTOTUNE_CANARY_MAX_TOOL_FAILURE_RATE_DELTA",
    "AUTOTUNE_BEHAVIOR_ENABLED",
    "AUTOTUNE_BEHAVIOR_DAYS",
    "AUTOTUNE_BEHAVIOR_MIN_TRACES",
    "AUTOTUNE_BEHAVIOR_MAX_TRACES",
    "AUTOTUNE_BEHAVIOR_EVAL_MODEL",
    "AUTOTUNE_BEHAVIOR_EVAL_SAMPLES",
    "AUTOTUNE_BEHAVIOR_PROMPT_PACKS",
    "AUTOTUNE_BEHAVIOR_CANARY_PERCENT",
    "AUTOTUNE_BEHAVIOR_REPORT_DIR",
    "AUTOTUNE_BEHAVIOR_CONFIG_PATH",
    "AUTOTUNE_TRACE_DIR",
    "AUTOTUNE_DB_PATH",
    "AUTOTUNE_INTERVAL_MINUTES",
    "AUTOTUNE_BEHAVIORS",
    "AUTOTUNE_REDACT",
    "AUTOTUNE_EVAL_MAX_TRACES",
}
DEFAULTS = {
    "traceDir": None, "intervalMinutes": 60, "evalMaxTraces": 200, "redact": True,
    "openrouter": {"apiKey": "kept-to-itself", "timeoutMs": 120000, "retries": 3, "minRetryDelayMs": 500, "maxRetryDelayMs": 4000},
    "judge": {"temperature": 0, "maxOutputTokens": 512, "stage1Model": "anthropic/claude-haiku-4-5"},
    "optimize": {"minImprovement": 0.05, "maxFailuresSample": 50, "maxCandidates": 6, "sampleSize": 20},
    "deploy": {"canaryFraction": 0.1, "canaryMinImprovement": 0.02, "canaryHealthWindowHours": 24, "canaryMaxErrorRate": 0.12},
    "behavior": {"enabled": False, "windowDays": 7, "evalSamples": 6, "canaryPercent": 20, "evalModel": ""},
}  # fmt: skip


def written(folder: Path, text: str) -> Path:
    path = folder / settings.FILE
    path.write_text(text, "utf-8")
    return path


def test_every_variable_of_the_older_tool_is_known() -> None:
    assert {key.variable for key in KEYS} >= REFERENCE
    assert len({key.variable for key in KEYS}) == len(KEYS) == len(BY_NAME)
    assert {key.section for key in KEYS} == {"", *SECTIONS}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_default_is_one_of_the_values_that_a_key_takes_in_file_and_variable(key: Key, tmp_path: Path) -> None:
    assert key.shape.read(key.shape.write(key.default)) == key.default
    value = key.shape.write(key.default)
    said = ",".join(value) if isinstance(value, list) else str(value)
    assert settings.read(None, {key.variable: said})[key.name] == key.default
    path = written(tmp_path, settings.rendered({key.name: key.default}))
    assert settings.read(path, {}).origins[key.name] == "", "what is the default goes without saying"


def test_a_variable_comes_before_the_file_and_the_file_before_the_default(tmp_path: Path) -> None:
    path = written(tmp_path, 'retention_days = 30\n[judge]\ntemperature = 1\nstage1_model = "a/b"\n')
    found = settings.read(path, {"AUTOTUNE_JUDGE_TEMPERATURE": "0.5", "AUTOTUNE_JUDGE_STAGE2_MODEL": ""})
    names = ("judge.temperature", "judge.stage1_model", "judge.stage2_model", "retention_days")
    assert [found[name] for name in names] == [0.5, "openrouter:a/b", "openrouter:anthropic/claude-sonnet-4-5", 30]
    assert [found.origins[name] for name in names] == ["AUTOTUNE_JUDGE_TEMPERATURE", settings.FILE, "", settings.FILE]
    assert found.rules == Rules(mask=True, retention_days=30)


@pytest.mark.parametrize(("said", "value"), [("0", False), ("Off", False), ("no", False), ("false", False), ("1", True), ("YES", True)])
def test_a_flag_in_a_variable(said: str, value: object) -> None:
    assert settings.read(None, {"AUTOTUNE_REDACT": said})["redact"] is value


def test_a_model_without_a_backend_is_one_of_openrouters() -> None:
    names = ("ollama:llama", "meta/llama:free", "openai:", "claude:haiku")
    found = [settings.read(None, {"AUTOTUNE_CANDIDATE_MODEL": name})["optimize.candidate_model"] for name in names]
    assert found == ["ollama:llama", "openrouter:meta/llama:free", "openrouter:openai:", "claude:haiku"]


def test_a_canary_needs_fifty_samples_whatever_is_set() -> None:
    said = {"AUTOTUNE_CANARY_MIN_SAMPLES": "20"}
    assert settings.read(None, said)["canary.min_samples"] == 50
    assert settings.read(None, {"AUTOTUNE_CANARY_MIN_SAMPLES": "90"})["canary.min_samples"] == 90


def test_a_list_in_a_variable_is_parted_by_commas() -> None:
    found = settings.read(None, {"AUTOTUNE_BEHAVIORS": " tool-calling, memory-recall ,"})
    assert found["behaviors"] == (Behavior.TOOL_CALLING, Behavior.MEMORY_RECALL)


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("AUTOTUNE_REDACT", "maybe"),
        ("AUTOTUNE_JUDGE_TEMPERATURE", "hot"),
        ("AUTOTUNE_CANARY_FRACTION", "2"),
        ("AUTOTUNE_BEHAVIORS", "tools"),
        ("AUTOTUNE_OPENROUTER_RETRIES", "1.5"),
        ("OPENROUTER_BASE_URL", "openrouter.ai"),
        ("AUTOTUNE_BEHAVIORS", ","),
        ("AUTOTUNE_MIN_IMPROVEMENT", "nan"),
    ],
)
def test_a_variable_that_means_nothing_is_refused_by_name(variable: str, said: str) -> None:
    with pytest.raises(AutotuneError, match=variable):
        settings.read(None, {variable: said})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("redact = 1", "redact"),
        ("retention_days = 0", "retention_days"),
        ("[judge]\ntemperture = 1", "judge.temperture"),
        ("redct = true", "redct"),
        ("judge = 5", "judge"),
        ("[openrouter]\napi_key = 'x'", "openrouter.api_key"),
        ("redact = \n", "line 1"),
        ("sources = 5", "sources"),
        ("[sources]\nweb = 5", "sources.web"),
        ("[sources.web]\nformat = 'chat'", "sources.web.path"),
        ("[sources.web]\npath = 'a'\nx = 1", "sources.web.x"),
        ("[sources.web]\npath = 'a'\nformat = 'csv'", "sources.web.format"),
        ("[sources.web]\npath = 'a'\nfields = 'x'", "sources.web.fields"),
        ("[sources.web]\npath = 'a'\nfields = { inptu = 'x' }", "inptu"),
        ("[sources.web]\npath = 'a'\nfields = { zzz = 'x' }", "zzz"),
    ],
)
def test_what_is_broken_or_unknown_in_the_file_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(AutotuneError, match=named):
        settings.read(written(tmp_path, text), {})


@pytest.mark.parametrize("field", ["inptu", "zzz"])
def test_a_field_that_does_not_exist_is_answered_with_all_that_do(field: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        settings.check_field(field, "--field")
    assert all(name in str(refused.value.hint) for name in FIELDS)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AutotuneError, match="cannot be read"):
        settings.read(tmp_path, {})


def test_sources_of_the_file_come_after_the_agents_traces(tmp_path: Path) -> None:
    web = "[sources.web]\npath = 'logs'\nformat = 'chat'\nfields = { input = 'q.text' }\n"
    text = f"trace_dir = '{tmp_path}/t'\n{web}[sources.any]\npath = '/x'\n"
    found = settings.read(written(tmp_path, text), {})
    assert found.sources == (
        Source(tmp_path / "t"), Source(tmp_path / "logs", Log.CHAT, "web", {"input": "q.text"}), Source(Path("/x"), None, "any"),
    )  # fmt: skip


def test_folders_of_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv(settings.HOME_SETTING, raising=False)
    assert settings.read(None, {}).trace_dir == Path("/home/me/.config/dotclaw/traces")
    assert settings.read(None, {"AUTOTUNE_OUTPUT_DIR": "~/p"}).output_dir == Path("/home/me/p")
    monkeypatch.setenv(settings.HOME_SETTING, "/agent")
    assert settings.read(None, {}).output_dir == Path("/agent/prompts")


def test_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv(settings.FILE_SETTING, raising=False)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert settings.found() is None
    usual = tmp_path / "home" / settings.WORKSHOP
    usual.mkdir(parents=True)
    assert settings.found() is None
    assert settings.found() != written(usual, "") or settings.found() == usual / settings.FILE
    around = written(tmp_path / "a", "")
    assert settings.found() == around
    assert settings.found(usual) == usual / settings.FILE
    monkeypatch.setenv(settings.FILE_SETTING, str(usual / settings.FILE))
    assert settings.found() == usual / settings.FILE
    monkeypatch.setenv(settings.FILE_SETTING, "/old/autotune.json")
    with pytest.raises(AutotuneError, match="older"):
        settings.found()
    with pytest.raises(AutotuneError, match="not there"):
        settings.found(tmp_path)


def test_an_older_tools_file_is_converted_but_for_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "autotune.json"
    path.write_text(json.dumps({**DEFAULTS, "redact": False, "deploy": {"canaryMinSamples": 70, "outputDir": "/packs"}}), "utf-8")
    values, secrets = settings.converted(path)
    assert secrets == ("OPENROUTER_API_KEY",)
    text = settings.rendered(values)
    assert tomllib.loads(text) == {"redact": False, "output_dir": "/packs", "canary": {"min_samples": 70}}
    assert "kept-to-itself" not in text
    assert settings.read(written(tmp_path, text), {})["canary.min_samples"] == 70


@pytest.mark.parametrize("text", ["{torn", "[]", '{"redct": true}', '{"judge": {"temperature": "hot"}}', '{"judge": 5}'])
def test_an_older_tools_file_that_is_broken_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "autotune.json"
    path.write_text(text, "utf-8")
    with pytest.raises(AutotuneError):
        settings.converted(path)
    with pytest.raises(AutotuneError):
        settings.converted(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("AUTOTUNE_CANARY_FRACTON", "AUTOTUNE_CANARY_FRACTION"),
        ("AUTOTUNE_TRACEDIR", "AUTOTUNE_TRACE_DIR"),
        ("AUTOTUNE_HOMES", "AUTOTUNE_HOME"),
        ("AUTOTUNE_BEHAVIOUR_ENABLED", "AUTOTUNE_BEHAVIOR_ENABLED"),
    ],
)
def test_a_variable_that_is_nearly_one_of_ours_is_refused_with_the_one_that_is_meant(variable: str, meant: str) -> None:
    with pytest.raises(AutotuneError, match=variable) as refused:
        settings.read(None, {variable: "1"})
    assert meant in refused.value.hint


@pytest.mark.parametrize("variable", ["AUTOTUNE_CASES", "AUTOTUNE_NO_REQUESTS", "AUTOTUNE_WORKTREES", "AUTOTUNE_OWN_THING", "TRACE_DIRS"])
def test_other_variables_are_none_of_ours(variable: str) -> None:
    settings.read(None, {variable: "1"})


def test_prices_and_addresses_have_tables_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "prompts.toml"
    file.write_text('[prices."openrouter:a/b"]\nread = 1\nwritten = 2\n[endpoints.vllm]\nurl = "http://10.0.0.7/v1"\nkey = "MINE"\n')
    known = settings.read(file, {})
    assert (known.prices["openrouter:a/b"].written, known.endpoints["vllm"].url) == (2, "http://10.0.0.7/v1")
    found = terms.terms(known, "eval")
    assert (found.endpoints["vllm"].key, found.prices, found.per_day.usd) == ("MINE", known.prices, 5.0)
    for text in ("prices = 3", '[prices."a"]\nread = "x"', "endpoints = 3", '[endpoints.nobody]\nurl = "x"'):
        file.write_text(text)
        with pytest.raises(AutotuneError):
            settings.read(file, {})


def test_terms_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    monkeypatch.setenv("AUTOTUNE_OPENROUTER_API_KEY", "x")
    said = {"OPENROUTER_BASE_URL": "http://127.0.0.1:9/v1", "AUTOTUNE_OPENROUTER_RETRIES": "0", "AUTOTUNE_MAX_USD_PER_DAY": "none"}
    found = terms.terms(settings.read(None, said), "eval")
    router = found.endpoints["openrouter"]
    assert (router.url, router.key, found.tries, found.per_day.usd) == ("http://127.0.0.1:9/v1", "AUTOTUNE_OPENROUTER_API_KEY", 1, None)
    said = {
        "OPENROUTER_SITE_URL": "https://shop.example.com",
        "OPENROUTER_SITE_NAME": "a shop",
        "AUTOTUNE_OPENROUTER_MIN_RETRY_DELAY_MS": "20",
    }
    found = terms.terms(settings.read(None, said), "eval")
    assert found.endpoints["openrouter"].headers == (("HTTP-Referer", "https://shop.example.com"), ("X-Title", "a shop"))
    assert (found.first_delay_s, found.longest_delay_s) == (0.02, 4.0)
    monkeypatch.setenv("OPENROUTER_API_KEY", "y")
    assert terms.terms(settings.read(None, {}), "eval").endpoints["openrouter"].key == "OPENROUTER_API_KEY"


def test_a_program_can_be_a_model_with_its_arguments() -> None:
    said = settings.read(None, {"AUTOTUNE_JUDGE_STAGE1_MODEL": "command:python3 judge.py"})
    assert said["judge.stage1_model"] == "command:python3 judge.py"
