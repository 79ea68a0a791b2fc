"""The judge of live cases, as the settings name it: the same as a session's, with the rubric of the workshop."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from autotune.core.judging import rubric
from autotune.core.judging.instrument import Instrument
from autotune.core.judging.rubric import Rubric
from autotune.core.judging.stages import Stages
from autotune.core.records.behaviors import Behavior
from autotune.edges import toml
from autotune.prompts import builtin, judging, terms
from autotune.prompts.judging import Bench
from autotune.prompts.settings import Settings

_DECIDES = ("judge", "judge_second", "judge_version", "judge_temperature", "rubric")


def bench(settings: Settings, behavior: Behavior) -> Bench:
    """What judges a behaviour's recorded answers, without a case yet. Raises AutotuneError where the rubric is broken."""
    strong = str(settings["judge.stage2_model"])
    judge = Instrument(
        behavior,
        cases="",
        rubric=f"rubrics/{behavior}.toml",
        judge=str(settings["judge.stage1_model"]),
        strong=strong if strong != settings["judge.stage1_model"] else "",
        judge_tokens=settings["judge.max_output_tokens"],
        concurrency=settings["concurrency"],
        stages=Stages(settings["judge.share"], settings["judge.unsure_below"]),
        temperature=settings["judge.temperature"],
        endpoints=terms.endpoints(settings),
        prices=settings.prices,
    )
    return Bench(judge, _rubric(settings, behavior), None, {}, "")


def said_of(bench: Bench) -> Mapping[str, str]:
    """All that decides a judgement: scores by another instrument are not compared with these."""
    return {name: value for name, value in judging.context(bench).items() if name in _DECIDES}


def _rubric(settings: Settings, behavior: Behavior) -> Rubric:
    """The workshop's rubric, or that which a workshop begins with."""
    path = None if settings.file is None else settings.file.parent / "rubrics" / f"{behavior}.toml"
    if path is None or not path.is_file():
        return rubric.parse(tomllib.loads(builtin.rubric(behavior)), f"{behavior}.toml")
    return rubric.parse(toml.read(path), str(path))
