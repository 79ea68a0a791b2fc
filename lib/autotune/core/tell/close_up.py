"""One experiment as JSON for the page that watches a session: how it was decided, its samples pair by pair, its diff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autotune.core.escaping import escaped
from autotune.core.ledger.state import State
from autotune.core.model import Arm, Outcome
from autotune.core.tell import by_case, changes, full_report, plots, story
from autotune.core.tell.figures import numbers
from autotune.core.tell.headline import noise_of_a_run
from autotune.core.tell.lines import WIDEST
from autotune.core.tell.live import lines_as_json
from autotune.core.tell.story import Story

MOST_OF_A_DIFF = 400_000  # bytes
_DRAWN = ("plot", "in order", *by_case.LABELS)  # labels of a story's lines that stand in a picture here


def close_up(one: Story, state: State, diff: str | None) -> dict[str, Any]:
    """Give an experiment in full; `diff` is its change as git shows it, None where git no longer has it."""
    plot = plots.samples_plot(one, state)
    return {
        "number": one.number,
        "lines": lines_as_json(line for line in story.lines(one, state, WIDEST) if line.label not in _DRAWN),
        "samples": None
        if plot is None
        else {
            "arms": [str(arm) for arm, _ in plot.samples],
            "values": [value for _, value in plot.samples],
            "ends": list(plot.ends),
            "words": {str(arm): text for arm, text in plot.words.items()},
        },
        "pairs": list(_pairs(one, state)),
        "cases": list(by_case.tables(one.runs, story.metric_of(one, state), state)),
        "diff": None if diff is None else _diff(diff, _commit(one)),
    }


def _commit(one: Story) -> str:
    """The commit that shows what is left out of a diff: the candidate's, kept or not."""
    return one.taken.commit if one.taken is not None else one.result.commit if one.result is not None else ""


def _pairs(one: Story, state: State) -> Iterator[dict[str, Any]]:
    """The values of each pair or block, by arm, in words; runs that belong to none come last."""
    name = story.metric_of(one, state).name
    good = [run for run in one.runs if run.outcome is Outcome.OK and name in run.metrics]
    texts = numbers([run.metrics[name] for run in good], noise_of_a_run(state))
    stages = story.stages_of(one, [run.arm for run in good]) or [range(len(good))] * bool(good)
    for number, stage in enumerate(stages, 1):
        yield {"pair": number, **{str(arm): [texts[place] for place in stage if good[place].arm is arm] for arm in Arm}}


def _diff(text: str, commit: str) -> dict[str, Any]:
    shown = full_report.diff_of(text, MOST_OF_A_DIFF, commit)
    return {"parts": [[kind, [escaped(line) for line in lines]] for kind, lines in changes.parts(shown.lines)], "more": shown.more}
