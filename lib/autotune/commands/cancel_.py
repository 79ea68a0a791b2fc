"""`autotune cancel`."""

from __future__ import annotations

from autotune.commands import answer
from autotune.commands.options import AsJson, SessionName, found, reply
from autotune.core.ledger.purposes import Cause
from autotune.core.tell import answers
from autotune.errors import AutotuneError
from autotune.loop.experiment import experiment, work


def main(as_json: AsJson = False, session: SessionName = None) -> None:
    """End the measurement that is running: its experiment ends as not measured, and `autotune restore N` brings its changes back."""
    here = found(session)
    work.refuse_from_a_run(here)
    if not work.cancel(here):
        raise AutotuneError("Nothing is being measured.", "`autotune status` says how the session stands")
    number = experiment.wait_and_settle(here, 30.0)
    answer.tell_answer(here, as_json=as_json, settled=number)
    if not as_json and any(row.index == number and row.cause is Cause.NOT_MEASURED for row in here.state.recent.rows):
        reply(answers.EDITS_SET_ASIDE, experiment=number)
