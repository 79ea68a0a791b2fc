"""`autotune prompts label`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import answered
from autotune.commands.workshop import At, Behaviors, chosen, settled
from autotune.core.codec import read_json
from autotune.core.judging import showing
from autotune.core.judging.marks import BEST_MARK
from autotune.core.records.behaviors import Behavior
from autotune.core.tell import scored
from autotune.edges import named
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError
from autotune.prompts import ingesting, trusting
from autotune.prompts.settings import Settings
from autotune.records import labels, scoring
from autotune.records.store import opened
from autotune.views import keys

_WHAT, _WAIT_S = "autotune prompts label", 30.0
_KEYS = {str(mark): mark for mark in range(BEST_MARK + 1)}


def main(
    behavior: Behaviors = None,
    most: Annotated[int, typer.Option("--most", min=1, help="How many cases of each behaviour to ask about.")] = 20,
    file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help='Take labels from lines such as {"case": ID, "behavior": NAME, "mark": 3}.'),
    ] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Mark answers yourself, to see whether the judge agrees with you.

    One key is one label, and it is kept at once. The next call goes on with other cases. With --json it asks nothing and shows the
    agreement.
    """
    known = settled(at)
    behaviors = chosen(known, behavior)
    if file is not None:
        added = _taken(known, file, behaviors)
    elif as_json:
        added = {}
    elif not sys.stdin.isatty():
        raise AutotuneError(
            "Only you can give labels, and this is no terminal.", "run it in a terminal of yours, or give labels with --from FILE"
        )
    else:
        added = _asked(known, behaviors, most)
    with opened(ingesting.database(known)) as store:
        found = {"behaviors": [{**trusting.values(store, known, one), "added": added.get(one, 0)} for one in behaviors]}
    answered(scored.labelled(found), found, as_json=as_json)


def _asked(known: Settings, behaviors: Sequence[Behavior], most: int) -> dict[Behavior, int]:
    """Ask about cases of each behaviour, until there are none or the person has enough."""
    from autotune.prompts import live

    added: dict[Behavior, int] = {}
    with keys.pressed() as read:
        for behavior in behaviors:
            bench = live.bench(known, behavior)
            instrument = scoring.instrument_of(live.said_of(bench))
            with opened(ingesting.database(known)) as store:
                cases = labels.waiting(store, behavior, instrument, most)
            for number, (case, trace) in enumerate(cases, 1):
                typer.echo(scored.question(behavior, showing.parts(behavior, trace), number, len(cases)))
                typer.echo(f"{scored.asked([each.name for each in bench.rubric.criteria])} ", nl=False)
                key = _meant(read)
                typer.echo(key)
                if key == "q":
                    return added
                if key in _KEYS:
                    _keep(known, behavior, case, _KEYS[key])
                    added[behavior] = added.get(behavior, 0) + 1
    return added


def _meant(read: Callable[[], str]) -> str:
    """Wait for a key that means something."""
    while (key := read().lower()) not in (*_KEYS, "s", "q", keys.END):
        pass
    return "q" if key == keys.END else key


def _keep(known: Settings, behavior: Behavior, case: str, mark: int) -> None:
    with opened(ingesting.database(known), write=True, what=_WHAT, wait_s=_WAIT_S) as store, store.transaction():
        labels.put(store, behavior, case, mark, now_ms())


def _taken(known: Settings, file: Path, behaviors: Sequence[Behavior]) -> dict[Behavior, int]:
    """Take the labels of a file, all or none."""
    rows = list(_rows(file, behaviors))
    added: dict[Behavior, int] = {}
    with opened(ingesting.database(known), write=True, what=_WHAT, wait_s=_WAIT_S) as store, store.transaction():
        for number, behavior, case, mark in rows:
            try:
                labels.put(store, behavior, case, mark, now_ms())
            except AutotuneError as problem:
                raise AutotuneError(f"{file}, line {number}: {problem.message}", problem.hint) from None
            added[behavior] = added.get(behavior, 0) + 1
    return added


def _rows(file: Path, behaviors: Sequence[Behavior]) -> Iterator[tuple[int, Behavior, str, int]]:
    for number, line in enumerate(named.text(file).split("\n"), 1):
        if line.strip():
            yield (number, *_label(line, f"{file}, line {number}", behaviors))


def _label(line: str, where: str, behaviors: Sequence[Behavior]) -> tuple[Behavior, str, int]:
    hint = f'write {{"case": ID, "behavior": one of {", ".join(behaviors)}, "mark": {scored.MARKS}}}'
    try:
        said = read_json(line)
        behavior = Behavior(said.get("behavior", behaviors[0] if len(behaviors) == 1 else None))
        case, mark = said["case"], said["mark"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AutotuneError(f"{where}, is no label.", hint) from None
    if isinstance(mark, bool) or mark not in range(BEST_MARK + 1) or not isinstance(case, str):
        raise AutotuneError(f"{where}, has the mark {mark!r}.", hint)
    return behavior, case, mark
