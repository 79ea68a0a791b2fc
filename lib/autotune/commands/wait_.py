"""`autotune wait`."""

from __future__ import annotations

from autotune.commands import answer
from autotune.commands.options import AsJson, Progress, SessionName, WaitSeconds, found, live
from autotune.loop.experiment import experiment


def main(wait: WaitSeconds = 100.0, as_json: AsJson = False, progress: Progress = False, session: SessionName = None) -> None:
    """Wait for the measurement that is running and say how it ended; again where it goes on."""
    here = found(session)
    with live(as_json=as_json, progress=progress) as here.say, experiment.attended(here):
        number = experiment.wait_and_settle(here, wait)
    answer.tell_answer(here, as_json=as_json, settled=number)
