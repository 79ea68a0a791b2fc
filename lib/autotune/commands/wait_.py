"""`autotune wait`."""

from __future__ import annotations

from autotune.commands import answer
from autotune.commands.options import AsJson, SessionName, WaitSeconds, found
from autotune.loop import experiment


def main(wait: WaitSeconds = 100.0, as_json: AsJson = False, session: SessionName = None) -> None:
    """Wait for the measurement that is running and say how it ended; again where it goes on."""
    here = found(session)
    with experiment.attended(here):
        number = experiment.wait_and_settle(here, wait)
    answer.tell_answer(here, as_json=as_json, settled=number)
