"""`autotune run`."""

from __future__ import annotations

from typing import Annotated

import typer

from autotune.commands import answer
from autotune.commands.options import AsJson, Progress, SessionName, WaitSeconds, found, live
from autotune.errors import AutotuneError
from autotune.loop.candidate.tried import Repeats
from autotune.loop.experiment import experiment


def main(
    wait: WaitSeconds = 100.0,
    command: Annotated[str | None, typer.Option("--command", help="Only the session's own benchmark is accepted.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Measure it even if the same was tried before.")] = False,
    as_json: AsJson = False,
    progress: Progress = False,
    session: SessionName = None,
) -> None:
    """Measure what differs in scope and decide; `autotune log` then settles it. `autotune try` does both."""
    here = found(session)
    if command is not None and command not in (here.state.config.benchmark, "./autotune.sh", "autotune.sh", "bash autotune.sh"):
        raise AutotuneError(
            f"The session's benchmark is `{here.state.config.benchmark}`, and no other command is measured.",
            "leave --command out; the user changes the benchmark with `autotune rebaseline --accept`",
        )
    with live(as_json=as_json, progress=progress) as here.say, experiment.attended(here, cancels=True):
        experiment.measure(here, wait, settles=False, repeats=Repeats.MEASURED if again else Repeats.REFUSED)
    answer.tell_answer(here, as_json=as_json)
