"""On what terms models are asked, as the settings of prompt packs say it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from autotune.core.asking.limits import Limits
from autotune.core.asking.naming import BACKENDS, Endpoint, elsewhere
from autotune.prompts.settings import Settings

if TYPE_CHECKING:
    from autotune.models.asking import Terms

_ROUTER = "openrouter"
_SITE = {"HTTP-Referer": "openrouter.site_url", "X-Title": "openrouter.site_name"}
_OTHER_KEY = "AUTOTUNE_OPENROUTER_API_KEY"


def terms(settings: Settings, run: str) -> Terms:
    """The terms of a run of this name. Its calls count in the day's caps with those of every other run."""
    from autotune.models.asking import Terms

    return Terms(
        run,
        per_day=Limits(calls=settings["max_calls_per_day"], usd=settings["max_usd_per_day"]),
        concurrency=settings["concurrency"],
        try_s=settings["openrouter.timeout_ms"] / 1000,
        deadline_s=1.5 * settings["openrouter.timeout_ms"] / 1000,
        tries=1 + settings["openrouter.retries"],
        first_delay_s=settings["openrouter.min_retry_delay_ms"] / 1000,
        longest_delay_s=settings["openrouter.max_retry_delay_ms"] / 1000,
        endpoints=endpoints(settings),
        prices=settings.prices,
    )


def endpoints(settings: Settings) -> Mapping[str, Endpoint]:
    """Where services are that are not where they usually are."""
    return {_ROUTER: _router(settings), **settings.endpoints}


def _router(settings: Settings) -> Endpoint:
    """OpenRouter, at the address of the settings, with whichever of its keys is there."""
    usual, url = BACKENDS[_ROUTER], str(settings["openrouter.base_url"])
    other = _OTHER_KEY if not os.environ.get(str(usual.key)) and os.environ.get(_OTHER_KEY) else None
    site = {name: settings[key] for name, key in _SITE.items() if settings[key]}
    return replace(elsewhere(_ROUTER, url if url != usual.url else None, other), headers=tuple(site.items()))
