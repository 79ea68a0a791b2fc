"""Names of models."""

from __future__ import annotations

import pytest

from autotune.core.asking.naming import BACKENDS, Endpoint, Kind, Name, elsewhere, parse
from autotune.errors import AutotuneError


def test_a_models_own_name_may_hold_colons_and_slashes() -> None:
    assert parse("ollama:llama3.2:1b") == Name("ollama", "llama3.2:1b")
    assert str(parse("openrouter:maker/model:free")) == "openrouter:maker/model:free"


@pytest.mark.parametrize("text", ["", "gpt", "openai:", "openai: ", "nobody:model"])
def test_what_names_no_model_is_refused(text: str) -> None:
    with pytest.raises(AutotuneError):
        parse(text)


def test_a_service_can_be_elsewhere() -> None:
    assert elsewhere("openai", "http://x", "MINE") == Endpoint(Kind.CHAT, "http://x", "MINE", completion_tokens=True)
    assert elsewhere("ollama", "http://x", None).free is False, "nobody knows what it costs there"
    assert elsewhere("script", None, None) == BACKENDS["script"]
    for backend, url in (("script", "http://x"), ("nobody", None)):
        with pytest.raises(AutotuneError, match=backend):
            elsewhere(backend, url, None)


def test_what_may_leave_the_machine_is_real() -> None:
    assert {name for name, one in BACKENDS.items() if not one.is_real} == {"script", "cassette"}
