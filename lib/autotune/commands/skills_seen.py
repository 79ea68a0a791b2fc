"""`autotune skills sync`, `status`, `explain`, `last` and `doctor`: how skills fire; and how what was seen is opened."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import answered, width
from autotune.core.codec import encode
from autotune.core.skills.namesakes import SEPARATOR, plain, spoken
from autotune.core.skills.rates import Share, Standing, by_need
from autotune.core.tell import skills as words
from autotune.core.tell.lines import Line, laid_out
from autotune.errors import AutotuneError
from autotune.records.store import SETTING, Store, opened, usual_path
from autotune.skills import looking

Name = Annotated[str, typer.Argument(metavar="NAME", help="The skill, as its listing names it.")]


def sync(as_json: AsJson = False) -> None:
    """Read what is new in your agents' sessions.

    It reads those of Claude Code, Codex, OpenCode, pi and Gemini. Nothing leaves this machine.
    """
    from autotune.edges.clock import now_ms
    from autotune.records.sources import Rules
    from autotune.skills import hosts, syncing

    home = Path.home()
    masking = os.environ.get("AUTOTUNE_REDACT", "1") != "0"
    with records(write=True) as store:
        found = syncing.sync(store, hosts.hosts(home), hosts.opencode_database(home), Rules(mask=masking), now_ms())
    told = words.synced(len(found.sessions), found.rows, found.lines, found.unread, found.masked)
    answered(told, {**encode(found), "sessions": len(found.sessions)}, as_json=as_json)


def status(as_json: AsJson = False) -> None:
    """Show how often each skill was offered, fired, typed and missed, the most missed first. It looks at the newest 200 sessions."""
    from autotune.skills import installed

    installed.bring_back(Path.home(), Path.cwd())
    seen = seen_so_far()
    standings = by_need(seen.standing(name, alike=False) for name in seen.skills())
    if as_json:
        typer.echo(json.dumps({"sessions": seen.sessions, "skills": [_as_json(one, seen) for one in standings]}))
        return
    prompts = [turn for turn in seen.turns if turn.human]
    typer.echo(_columns(words.table(standings)))
    typer.echo(laid_out([Line("", words.below(len(prompts), seen.sessions, prompts[0].at if prompts else ""))], width()).strip())


def explain(name: Name, as_json: AsJson = False) -> None:
    """Explain how one skill stands, and name the prompts that it missed."""
    from autotune.core.skills.effort import effort

    seen = seen_so_far()
    one = seen.standing(skill_named(name, seen))
    fired, silent = effort(one.name, seen.turns)
    told = [*words.explained(one, seen.turns), *words.took(fired, silent)]
    answered(told, {**_as_json(one, seen), "effort": {"fired": encode(fired), "silent": encode(silent)}}, as_json=as_json)


def last(as_json: AsJson = False) -> None:
    """Show the newest session: each prompt, and which skills fired."""
    seen = seen_so_far()
    newest = next((turn.session for turn in reversed(seen.turns) if turn.human), "")
    turns = [turn for turn in seen.turns if turn.session == newest]
    said = {
        "session": newest,
        "turns": [{"at": one.at, "prompt": one.text, "human": one.human, "fired": encode(one.fired)} for one in turns],
    }
    answered([Line("session", newest), *words.session(turns)], said, as_json=as_json)


def doctor(as_json: AsJson = False) -> None:
    """Show where each host's sessions are, and how the newest listing spends its room."""
    from autotune.skills import hosts

    home = Path.home()
    there = [(host.name, str(host.folder), len(host.logs())) for host in hosts.hosts(home)]
    database = hosts.opencode_database(home)
    there.append((hosts.OPENCODE, str(database), int(database.is_file())))
    turns = all_seen().turns
    newest = next((turn for turn in reversed(turns) if turn.offered), None)
    lines = [words.host(*one) for one in there]
    lines += [] if newest is None else [words.listing(newest)]
    offered = {} if newest is None else {name: encode(one) for name, one in newest.offered.items()}
    said = {"hosts": [dict(zip(("name", "place", "files"), one, strict=True)) for one in there], "listing": offered}
    answered(lines, said, as_json=as_json)


def records(*, write: bool = False) -> AbstractContextManager[Store]:
    """Open the records."""
    return opened(usual_path(os.environ.get(SETTING)), write=write, what="autotune skills")


def all_seen() -> looking.Seen:
    """Give what was seen, if anything was."""
    with records() as store:
        return looking.seen(store)


def seen_so_far() -> looking.Seen:
    """Give what was seen; raises AutotuneError where that is nothing."""
    found = all_seen()
    if not found.sessions:
        raise AutotuneError(
            "No session that holds a prompt has been read yet.",
            "run `autotune skills sync` after work with an agent; `autotune skills doctor` says where it looks",
        )
    return found


def skill_named(name: str, seen: looking.Seen) -> str:
    """Give the skill that a name means among those that were seen; raises AutotuneError where it means none, or several."""
    skills = seen.skills()
    found = [name] if name in skills else [one for one in skills if name in (plain(one), spoken(one))]
    if len(found) > 1:
        here = [one for one in found if Path.cwd().is_relative_to(one.partition(SEPARATOR)[2] or "/")]
        found = [max(here, key=len)] if here and all(SEPARATOR in one for one in found) else found
    if len(found) == 1:
        return found[0]
    if found:
        raise AutotuneError(f"Several skills are named {name}: {', '.join(found)}.", "name one of them as it stands there")
    raise AutotuneError(f"No skill {name} was seen.", "`autotune skills status` lists those that were")


def _as_json(one: Standing, seen: looking.Seen) -> dict[str, object]:
    said = {**encode(one), "recall": _share(one.recall), "precision": _share(one.precision), "coverage": _share(one.coverage)}
    missed = [(found, seen.turns[found.turn]) for found in one.missed]
    rows = [{"prompt": turn.text, "at": turn.at, "session": turn.session, "sign": str(found.sign)} for found, turn in missed]
    return {**said, "missed": rows}


def _share(one: Share) -> dict[str, object]:
    return {"hits": one.hits, "of": one.of, "value": one.value, "interval": one.interval}


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    from rich.cells import cell_len

    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(rows[0]))]
    cells = ([cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join("  ".join(row).rstrip() for row in cells)
