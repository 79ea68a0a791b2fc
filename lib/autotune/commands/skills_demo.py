"""`autotune skills demo`."""

from __future__ import annotations

import json
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.printing import width
from autotune.core.codec import encode
from autotune.core.tell import demos as words
from autotune.edges.clock import now_ms
from autotune.errors import AutotuneError
from autotune.version import PROGRAM

if TYPE_CHECKING:
    from autotune.skills.demonstration import Home

_DAY_MS, _LATER_MS = 86_400_000, 5_000
_REGRESSED = 1


@dataclass(frozen=True, slots=True)
class _Step:
    """One command of the demo."""

    chapter: str
    command: tuple[str, ...]
    exit_code: int
    out: str


def demo(
    folder: Annotated[Path | None, typer.Option("--folder", metavar="FOLDER", help="Where to make it; usually a temporary folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """See a skill that is missed, improved, deployed, watched and taken back. Needs no key and no network."""
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise AutotuneError(f"{folder} is not empty.", "name a folder that is not there yet")
    place = Path(tempfile.mkdtemp(prefix="autotune-skills-demo-")) if folder is None else folder.absolute()
    from autotune.skills import demonstration
    from autotune.skills.demonstration import SKILL

    begun = time.monotonic()
    home = demonstration.made(place)
    _say(words.OPENING, as_json=as_json)
    done = list(_story(home, as_json=as_json))
    text = (home.skills / SKILL / "SKILL.md").read_text("utf-8")
    expected = [_REGRESSED if one.command[-1] == "--rollback" else 0 for one in done]
    well = "changelog" in text and [one.exit_code for one in done] == expected
    seconds = time.monotonic() - begun
    if as_json:
        said = {"folder": str(place), "well": well, "seconds": round(seconds, 1), "steps": encode(done)}
        typer.echo(json.dumps(said, ensure_ascii=False))
    _say(words.closing(str(place), seconds, well=well), as_json=as_json)
    raise typer.Exit(not well)


def _story(home: Home, *, as_json: bool) -> Iterator[_Step]:
    """Run every command of the demo, with what people do in between."""
    from autotune.skills import demonstration
    from autotune.skills.demonstration import MODEL, SKILL

    said = demonstration.prompts()
    improve = ("improve", SKILL, "--model", MODEL, "--no-invent", "--samples", "1", "--proposals", "1", "--yes")
    demonstration.live(home, "before", now_ms() - 3 * _DAY_MS, said)
    chapters: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
        ("sync", (("sync",),)),
        ("explain", (("explain", SKILL),)),
        ("improve", (improve,)),
        ("deploy", (("deploy", SKILL),)),
        ("after", (("sync",), ("watch", SKILL))),
        ("careless", (("deploy", SKILL, "--from", str(home.folder / "careless" / SKILL), "--unproven"),)),
        ("worse", (("sync",), ("watch", SKILL, "--rollback"))),
        ("list", (("rollback", SKILL, "--list"),)),
    )
    for chapter, commands in chapters:
        _say(f"\n{words.CHAPTERS[chapter]}", as_json=as_json)
        if chapter in ("after", "worse"):  # the clock of their sessions runs ahead, so that nobody has to wait
            demonstration.live(home, chapter, now_ms() + _LATER_MS * (1 + 9 * (chapter == "worse")), said)
        for arguments in commands:
            yield _Step(chapter, ("skills", *arguments), *_ran(home, arguments, as_json=as_json))


def _ran(home: Home, arguments: tuple[str, ...], *, as_json: bool) -> tuple[int, str]:
    _say(f"$ autotune skills {' '.join(arguments)}", as_json=as_json)
    command = [*PROGRAM, "skills", *arguments]
    columns = {"COLUMNS": str(width())}
    found = subprocess.run(
        command, env={**home.variables, **columns}, cwd=home.folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    out = found.stdout if found.stdout or not found.returncode else found.stderr
    if not as_json:
        typer.echo(textwrap.indent(out.rstrip(), "  "))
    return found.returncode, out


def _say(text: str, *, as_json: bool) -> None:
    if not as_json:
        typer.echo("\n".join(textwrap.fill(line, width()) for line in text.split("\n")))
