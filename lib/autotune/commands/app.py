"""The front door: finds the verb, and is the only place that prints an error."""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import ClassVar, NoReturn

import click
import typer
import typer.core
from typer.core import TyperGroup

from autotune.edges.conditions import refused_by_system
from autotune.errors import AutotuneError

typer.core.rich = None  # type: ignore[assignment, attr-defined]  # help is plain text: where this is set, its brackets are escaped as markup

# Each verb's module is imported only when it is asked for. The sections are those of the help page.
VERBS: dict[str, dict[str, str]] = {
    "See it work": {
        "demo": "The whole loop in under a minute, on a small project of its own.",
        "doctor": "What is there, what is missing, what to do.",
        "link": "Put `autotune` into ~/.local/bin, for your terminal.",
        "completion": "A script with which your shell completes.",
    },
    "A session": {
        "init": "Open a session: branch, log, baseline.",
        "start": "Run the loop by itself, with any program that edits files.",
        "stop": "Stop the loop; nothing is lost.",
        "resume": "Go on after a pause or a stop.",
        "repair": "Heal the loop now.",
        "calibrate": "What this benchmark can see on this machine, and what would help.",
        "confirm": "Measure again what was gained.",
        "verify": "Check the log, then measure the gain apart from it.",
        "bundle": "Pack what somebody else needs to verify a session.",
        "rebaseline": "Measure the unchanged code again, or accept a changed benchmark.",
        "holdout": "Hidden checks: a keep has to pass them, and no proposer sees them.",
        "finalize": "Make branches of what was kept, for a review.",
        "sessions": "The sessions of this repository: list, take up, compare.",
        "check": "Compare the log with git, and name what does not agree.",
        "clear": "Forget a session; its commits stay.",
        "config": "Show, read, set or check autotune.toml.",
        "hooks": "Your own programs, run when something happens.",
    },
    "An experiment": {
        "try": "Measure what differs, decide, keep or take back.",
        "run": "The first half of `try`: measure and decide.",
        "log": "The second half of `try`: settle it, with a description.",
        "wait": "Wait for the measurement that is running.",
        "cancel": "End the measurement that is running.",
        "again": "Take a second look at an inconclusive experiment.",
        "restore": "Bring back an earlier experiment's changes.",
        "note": "Tell the proposer something.",
        "idea": "Write down what could be tried.",
        "import": "Take another loop's log as history.",
    },
    "A running agent": {
        "prompts": "Tune what a running agent says.",
        "ingest": "Take in what your agent wrote, as `prompts ingest` does.",
        "eval": "Judge what your agent answered, as `prompts eval` does.",
        "once": "Do everything that is due, as `prompts once` does.",
        "daemon": "Do that again and again, as `prompts daemon` does.",
        "optimize": "Look for better packs, as `prompts optimize` does.",
        "deploy": "Put a kept pack out as a canary, as `prompts deploy` does.",
        "skills": "See how well agents' skills fire.",
    },
    "Watching": {
        "status": "The session in a few lines.",
        "dashboard": "The session on one screen.",
        "explain": "Why: health, the last decision, what happens next.",
        "report": "What was gained and how sure that is, for people who were not there.",
        "lessons": "What earlier sessions teach: refuted, not shown, broke.",
        "brief": "Everything a proposer has to know, on one page.",
        "statusline": "The session in one line, for the client's status line.",
    },
}
_AS_IN_PROMPTS = ("ingest", "eval", "once", "daemon", "optimize", "deploy")
INTERRUPTED = 130
_EPILOG = "Start with `autotune demo`. In a project of your own: `autotune init --help`."


class Verbs(TyperGroup):
    """The verbs, each built from its module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name all verbs."""
        return [name for section in VERBS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Build one verb."""
        if cmd_name in _AS_IN_PROMPTS:
            group = self.get_command(ctx, "prompts")
            return group.get_command(ctx, cmd_name) if isinstance(group, Parts) else None
        if cmd_name not in self.list_commands(ctx):
            return None
        return _built(cmd_name, f"{cmd_name}_")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the help page, verbs in their sections, without importing any."""
        formatter.write("autotune: a better number, one measured commit at a time.\n\n")
        formatter.write("Usage: autotune VERB [OPTIONS]\n")
        for section, verbs in VERBS.items():
            with formatter.section(section):
                formatter.write_dl(list(verbs.items()), col_max=14)
        formatter.write(f"\n  --version  the version\n  --help     this page; after a verb, its own\n\n{_EPILOG}\n")


class Parts(TyperGroup):
    """The verbs of a group, each built from its module when it is asked for."""

    modules: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]]
    """Each module with the verbs that are in it."""

    sections: ClassVar[Mapping[str, tuple[str, ...]]]
    """The verbs of the help page, by what they are for. Those in none are called by a run's session."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name all verbs."""
        listed = [verb for verbs in self.sections.values() for verb in verbs]
        return listed + [verb for _, verbs in self.modules for verb in verbs if verb not in listed]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs in their sections."""
        for section, verbs in self.sections.items():
            with formatter.section(section):
                formatter.write_dl([(verb, command.short_help or "") for verb in verbs if (command := self.get_command(ctx, verb))])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Build one verb."""
        module = next((module for module, verbs in self.modules if cmd_name in verbs), None)
        return None if module is None else _built(cmd_name, module, hidden=not any(cmd_name in verbs for verbs in self.sections.values()))


def _built(verb: str, module: str, *, hidden: bool = False) -> click.Command:
    """Build a verb from its module: from the group that this is, else from its function `main`, else from the one of the verb's name."""
    found = import_module(f"autotune.commands.{module}")
    app = getattr(found, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(verb, hidden=hidden)(getattr(found, "main", None) or getattr(found, verb.replace("-", "_")))
    command: click.Command = typer.main.get_command(app)
    command.name = verb
    _tidy_up(command)
    return command


def parts(command: click.Command | None) -> dict[str, click.Command]:
    """Give the commands of a group by name; of any other command, none."""
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    return {name: part for name in command.list_commands(context) if (part := command.get_command(context, name)) is not None}


def _hint(error: click.UsageError, arguments: list[str]) -> str:
    """What helps somebody who mistyped: the command that is meant, where one is near, and the page to read."""
    path = error.ctx.command_path if error.ctx else "autotune"
    if error.ctx is not None and isinstance(error.ctx.command, click.Group):
        from difflib import get_close_matches

        known = error.ctx.command.list_commands(error.ctx)
        word = next((one for one in arguments[path.count(" ") :] if not one.startswith("-")), "")
        if word not in known and (near := get_close_matches(word, known, 1)):
            return f"did you mean `{path} {near[0]}`? See `{path} --help`"
    return f"see `{path} --help`"


def _tidy_up(command: click.Command) -> None:
    """Let no error name an environment variable in place of an option, and have a group show a verb's whole first sentence."""
    command.short_help = " ".join((command.help or "").split("\n\n")[0].split()).partition(". ")[0].rstrip(".") + "."
    for one in command.params:
        if isinstance(one, click.Option):
            one.show_envvar = False
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _tidy_up(inner)


def main() -> NoReturn:
    """Run the command line and end the process with its exit code, at once: to take the interpreter apart first is a tenth of the time."""
    os._exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:  # noqa: PLR0911 - one way out for each kind of ending
    """Run one command; gives the exit code: 0 done, 1 refused, 2 usage, 3 a bug, 130 interrupted, 128 and a signal's number.

    `verify` has two more: 4 not confirmed, 5 cannot tell.
    """
    app = typer.Typer(cls=Verbs, add_completion=False, no_args_is_help=True, rich_markup_mode=None)
    app.callback()(_begin)
    command = typer.main.get_command(app)
    as_json = "--json" in arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        given = command.main(arguments, prog_name="autotune", standalone_mode=False)
        _flush()
    except AutotuneError as error:
        return _tell(error.message, error.hint, error.exit_code, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as asked:
        typer.echo(asked.format_message())
        return 0
    except click.UsageError as error:
        return _tell(error.format_message(), _hint(error, arguments), 2, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        given = INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click ends the process where a pipe is broken
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as problem:  # noqa: BLE001 - the one boundary: whatever comes here is a bug, or what the system did not let be done
        return _failed(problem, as_json=as_json)
    if given == INTERRUPTED:  # typer gives it in place of the interrupt itself
        return _tell("Interrupted.", "the next command finishes what was begun", INTERRUPTED, as_json=as_json)
    return given if isinstance(given, int) else 0


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _unprintable() -> str | None:
    """Tell why what was printed cannot be written, where it cannot."""
    try:
        _flush()
    except OSError as problem:
        return problem.strerror
    return None


def _begin() -> None:
    """Tune a number in a repository."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise AutotuneError("The current folder is gone.", "change to one that is there, then try again") from None
    except PermissionError:
        raise AutotuneError("You may not look into a folder above this one.", "make it accessible for you, or change to another") from None


def _tell(message: str, hint: str, code: int, *, as_json: bool) -> int:
    with suppress(OSError):  # where even this cannot be printed
        if as_json:
            typer.echo(json.dumps({"error": message, "hint": hint}))
        else:
            typer.echo(f"error: {message}", err=True)
            typer.echo(f"hint: {hint}", err=True)
    return code


def _failed(problem: Exception, *, as_json: bool) -> int:
    """Tell what the system did not let be done, or that this is a bug."""
    if (why := _unprintable()) is not None:
        return _tell(f"The answer cannot be printed: {why}.", "send it elsewhere, or make room there", 1, as_json=as_json)
    if (known := refused_by_system(problem)) is not None:
        return _tell(known.message, known.hint, 1, as_json=as_json)
    return _bug(as_json=as_json)


def _bug(*, as_json: bool) -> int:
    from autotune.edges.folders import cache_folder

    path = cache_folder() / "bugs" / f"{os.getpid()}.txt"
    words = traceback.format_exc()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words)
    except OSError:
        path = Path(os.devnull)
        typer.echo(words, err=True)
    last = words.strip().splitlines()[-1]
    return _tell(f"This is a bug in autotune: {last}", f"the details are in {path}; nothing of yours is lost", 3, as_json=as_json)
