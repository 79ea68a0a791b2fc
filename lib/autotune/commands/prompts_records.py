"""The parts of `autotune prompts` that make a workshop, and take in, show and forget what was seen."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.flags import AsJson, DryRun
from autotune.commands.printing import answered
from autotune.commands.workshop import At, known, settled
from autotune.core.cases.listed import line_of
from autotune.core.records.behaviors import Behavior
from autotune.core.records.places import Part
from autotune.core.tell import seen
from autotune.core.tell.standing import status as told
from autotune.edges.atomic import replace_privately
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError
from autotune.prompts import ingesting, settings, standing
from autotune.prompts import workshop as folder
from autotune.prompts.settings import Settings
from autotune.readers.traces.logs import Log
from autotune.records import counting, dead_letters, exporting, forgetting, frozen
from autotune.records.sources import Source
from autotune.records.store import opened


def init(
    at: Annotated[Path | None, typer.Option("--at", metavar="FOLDER", help="Where; usually ~/autotune-prompts.")] = None,
    traces: Annotated[Path | None, typer.Option("--traces", metavar="FOLDER", help="Where your agent writes its traces.")] = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="FOLDER", help="Where your agent reads its packs.")] = None,
    behavior: Annotated[
        list[Behavior] | None, typer.Option("--behavior", metavar="NAME", help="A behaviour to have a pack; can be repeated.")
    ] = None,
    convert: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="Take the settings of an autotune.json.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what is usual.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a workshop: a git repository of packs.

    It has a pack and a rubric for each behaviour, and prompts.toml. In a terminal, it asks what you left out.
    """
    written, secrets = settings.converted(convert) if convert is not None else ({}, ())
    asks = sys.stdin.isatty() and sys.stderr.isatty() and not yes and not as_json
    place = _asked(seen.ASKED["place"], at, Path.home() / settings.WORKSHOP, asks)
    usual = settings.read(None, os.environ)
    for key, given, now in (("trace_dir", traces, usual.trace_dir), ("output_dir", output, usual.output_dir)):
        if given is not None or (asks and key not in written):
            chosen = _asked(seen.ASKED[key], given, now, asks)
            written |= {key: str(chosen)} if given is not None or chosen != now else {}
    if behavior:
        written["behaviors"] = tuple(dict.fromkeys(map(str, behavior)))
    known = Settings({**usual.values, **written}, usual.origins, None)
    plan = folder.planned(place, known, written)
    if not dry_run:
        folder.make(plan)
    found = {
        "place": str(plan.place),
        "files": list(plan.files),
        "deployed": list(plan.deployed),
        "secrets": list(secrets),
        "dry_run": dry_run,
    }
    answered(seen.made(found), found, as_json=as_json)


def ingest(
    path: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders to read, in place of those in prompts.toml; or an export.")
    ] = None,
    log: Annotated[Log | None, typer.Option("--format", help="What they are; without it, each file's first line tells.")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=PATH", help="Where a chat log has a field, such as input=request.text; can be repeated."),
    ] = None,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take in what your agent has written since.

    Secrets are masked. Each record is taken in once, even if this is killed.
    """
    said = settled(at)
    given = [settings.placed(str(one)) for one in path or ()]
    for one in given:
        if not one.exists():
            raise AutotuneError(f"There is no file or folder {one}.", "name a file or a folder with traces")
        if not (one.is_file() or one.is_dir()):
            raise AutotuneError(f"{one} is neither a file nor a folder.", "write what comes from there into a file, and name that")
    if not given and (log is not None or field):
        raise AutotuneError(
            "--format and --field are about a path, and none is named.", f"name one, or write a source into {settings.FILE}"
        )
    exports = [one for one in given if exporting.is_export(one)]
    fields = _fields(field or (), log)
    sources = [Source(one, Log.CHAT if fields else log, "", fields) for one in given if one not in exports] if given else said.sources
    found = ingesting.ingest(said, sources, exports, now_ms(), dry=dry_run, said=lambda _: None)
    answered(seen.ingested(found), found, as_json=as_json)


def status(at: At = None, as_json: AsJson = False) -> None:
    """Show records, scores, money, and what is wrong."""
    with known(at) as (said, store):
        found = {
            "workshop": None if said.file is None else str(said.file.parent),
            "retention_days": said["retention_days"],
            "redact": said["redact"],
            **counting.counted(store),
            **standing.standing(store, said, now_ms()),
        }
        letters = dead_letters.path_of(store)
        found["dead_letters"] = str(letters) if letters.exists() else None
    answered([*seen.status(found), *told(found)], found, as_json=as_json)


def export(
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write there, for your eyes alone, in place of stdout.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Print all that was seen as lines of JSON.

    `ingest FILE` reads them back.
    """
    with known(at) as (_, store):
        if to is None:
            for line in exporting.lines(store):
                typer.echo(line)
            return
        count = replace_privately(to, (f"{line}\n".encode() for line in exporting.lines(store)))
    found = {"file": str(to), "lines": count}
    answered(seen.exported(found), found, as_json=as_json)


def cases(
    behavior: Annotated[Behavior, typer.Argument(help="Cases that this behaviour can be judged on.")],
    part: Annotated[Part, typer.Option("--part", help="Of which part of the users.")] = Part.CONFIRM,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write their contents there, for `prompts judge`.")] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Print the cases of a behaviour, each with its group, as `init --cases` reads them.

    Forgetting reaches the file that --to writes.
    """
    with opened(ingesting.database(settled(at)), write=to is not None, what="autotune prompts cases") as store:
        if to is not None:
            frozen.freeze(store, to.absolute(), behavior, part)
        found = frozen.cases(store, behavior, part)
    if as_json:
        typer.echo(json.dumps([{"case": case.name, "group": case.group} for case in found]))
        return
    for case in found:
        typer.echo(line_of(case))


def forget(
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Everything of a user.")] = None,
    conversation: Annotated[str | None, typer.Option("--conversation", metavar="ID", help="Everything of a conversation.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="DAY", help="Everything from before a day, such as 2026-01-31.")] = None,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Forget records for good.

    What frozen cases and dead letters hold of them goes too, and so do all answers of models that were kept. Your agent's own files stay as
    they are.
    """
    if user is None and conversation is None and before is None:
        raise AutotuneError("Nothing says what is to be forgotten.", "name --user, --conversation or --before")
    choice = forgetting.Choice(user, conversation, None if before is None else _day_ms(before))
    with opened(ingesting.database(settled(at)), write=True, dry=dry_run, what="autotune prompts forget") as store:
        found = {**asdict(forgetting.forget(store, choice)), "dry_run": dry_run}
    if not dry_run:
        _forget_answers()
    answered(seen.forgot(found), found, as_json=as_json)


def _forget_answers() -> None:
    """Delete what models answered: it may repeat what they were shown."""
    from autotune.models.answers import Answers

    answers = Answers()
    answers.forget()
    answers.close()


def _asked(words: str, given: Path | None, usual: Path, asks: bool) -> Path:
    if given is None and asks:
        given = Path(typer.prompt(words, default=str(usual), err=True))
    return settings.placed(str(usual if given is None else given))


def _fields(said: Sequence[str], log: Log | None) -> Mapping[str, str]:
    fields = {}
    for one in said:
        name, sign, path = one.partition("=")
        if not sign or not path:
            raise typer.BadParameter(f"{one} is not NAME=PATH.", param_hint="--field")
        settings.check_field(name, "--field")
        fields[name] = path
    if fields and log not in {None, Log.CHAT}:
        raise AutotuneError(f"--field is for chat logs, and --format says {log}.", "leave one of them out")
    return fields


def _day_ms(said: str) -> int:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        raise typer.BadParameter(f"{said} is no day such as 2026-01-31.", param_hint="--before") from None
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
