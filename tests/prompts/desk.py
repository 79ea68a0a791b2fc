"""Traces in a database, settings with judges of a test's own, and functions in these judges' place."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from tests.models.service import models_in
from tests.prompts.test_judging import shown
from tests.records.agent import Desk, lines, record

from autotune.core.asking.request import Request
from autotune.models.asking import Models, Terms
from autotune.models.script import Script
from autotune.prompts import evaluating, settings
from autotune.prompts.settings import Settings


def known(desk: Desk, **more: str) -> Settings:
    """Settings whose judges are functions."""
    judges = {"AUTOTUNE_JUDGE_STAGE1_MODEL": "script:cheap", "AUTOTUNE_JUDGE_STAGE2_MODEL": "script:strong"}
    return settings.read(None, {"AUTOTUNE_DB_PATH": str(desk.path), **judges, "AUTOTUNE_JUDGE_SHARE": "0", **more})


def filled(desk: Desk, count: int = 10, **more: Any) -> Desk:  # noqa: ANN401
    """A desk with so many records, every second one of which has a kind answer."""
    said = [record(number, output_text="Dear friend." if number % 2 else "No.", **more) for number in range(count)]
    desk.log.write_bytes(lines(*said))
    desk.take()
    return desk


def marks(request: Request, mark: int, sure: int = 4, remark: str = "") -> str:
    """An answer with one mark for all criteria."""
    names = request.schema["properties"]["criteria"]["required"] if request.schema else []
    return json.dumps({"criteria": {name: {"reason": "so it is", "mark": mark} for name in names}, "remark": remark, "sure": sure})


def by_kindness(request: Request, _: Random) -> str:
    """The best marks for a kind answer."""
    return marks(request, 4 if "friend" in shown(request)["answer"].lower() else 1)


def asking(folder: Path, **scripts: Script) -> evaluating.Asking:
    """Models that are functions; nothing is tried twice, so that no test waits."""

    def open_models(terms: Terms) -> Models:
        from dataclasses import replace

        return models_in(folder, replace(terms, tries=1, scripts=scripts))

    return open_models
