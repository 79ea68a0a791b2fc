"""A new segment at a person's word: what is measured is taken as it is now."""

from __future__ import annotations

from autotune.core.config import keys
from autotune.core.config import reading as configuration
from autotune.core.facts import Fact, Kind
from autotune.core.ledger.events import Resumed
from autotune.core.ledger.state import Ending
from autotune.core.tell.words import told
from autotune.edges.clock import now
from autotune.errors import AutotuneError
from autotune.loop.candidate.candidate import look
from autotune.loop.experiment import work
from autotune.loop.measure.turns import alone
from autotune.loop.opening import rehearsing
from autotune.loop.session import files, settings
from autotune.loop.session.layout import CONFIG_FILE
from autotune.loop.session.session import Session


def accept(session: Session) -> bool:
    """Open a segment with benchmark, checks and configuration as they are in the working directory; tells whether that lifts a pause.

    It lifts the pause that failures of the unchanged code brought, for that is what the person has mended. Raises `AutotuneError` where an
    experiment or a candidate is open, or where the new benchmark does not work; the old segment goes on.
    """
    with work.held(session, "rebaseline"):
        work.complete(session)
        work.agree(session)
        _refuse_open(session)
        path = session.workdir / CONFIG_FILE
        config = configuration.parse_toml(settings.text_of(path)) if path.is_file() else session.state.config
        settings.refuse_another_name(session.state.config, config)
        if held := keys.keys_changed(session.state.config, config, keys.Fixed.PERSON):
            raise AutotuneError(
                f"{', '.join(held)} cannot be accepted from {CONFIG_FILE}.", f"put it back; {keys.acceptance(held)} changes it"
            )
        with work.in_this_process(session), alone(session, "the baseline", config) as turn:
            events = rehearsing.rehearse_again(session, Fact(Kind.ACCEPTED), turn, config)
        if isinstance(events, Fact):
            raise AutotuneError(f"The new segment does not work, so the old one goes on: {told(events)}", "mend it, then try again")
        lifts = _was_broken(session)
        rehearsing.begin_segment(session, *([Resumed(timestamp=now())] if lifts else []), *events)
        files.project(session)
    return lifts


def _was_broken(session: Session) -> bool:
    """Whether the session is paused because benchmark or checks failed on the unchanged code."""
    ended = session.state.ended
    return ended is not None and ended.ending is Ending.PAUSED and session.state.vitals.broken > 0


def _refuse_open(session: Session) -> None:
    if session.state.experiment is not None:
        raise AutotuneError(f"Experiment {session.state.experiment.number} is open.", "settle it first: `autotune log --description TEXT`")
    if paths := look(session).paths:
        raise AutotuneError(
            f"Changes are open in scope: {', '.join(paths[:5])}.", "first measure them with `autotune try`, or take them back"
        )
