"""`autotune prompts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import typer

from autotune.commands.app import Parts


class Verbs(Parts):
    """The verbs on packs."""

    modules = (
        ("prompts_records", ("init", "ingest", "status", "export", "cases", "forget")),
        ("prompts_schedule", ("schedule",)),
        ("prompts_eval", ("eval",)),
        ("prompts_label", ("label",)),
        ("prompts_behavior", ("behavior",)),
        ("prompts_demo", ("demo",)),
        ("prompts_once", ("once",)),
        ("prompts_daemon", ("daemon",)),
        ("prompts_rollouts", ("deploy", "watch", "approve", "promote", "rollback")),
        ("prompts_explain", ("explain",)),
        ("prompts_optimize", ("optimize", "propose", "check-pack", "check-slices")),
        ("prompts_judge", ("doctor", "judge")),
    )
    sections: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "See it work": ("demo",),
        "What your agent does": ("init", "ingest", "status", "explain"),
        "Judge it": ("eval", "label", "judge", "cases", "doctor"),
        "Find a better pack": ("optimize", "behavior"),
        "Roll it out": ("deploy", "watch", "approve", "promote", "rollback"),
        "All by itself": ("once", "daemon", "schedule"),
        "What is kept": ("export", "forget"),
    }


app = typer.Typer(cls=Verbs, add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def group() -> None:
    """Tune what a running agent says.

    A pack holds the instructions of one behaviour. A workshop is the git repository of your packs. A canary is a pack that a part of the
    requests gets, to see whether it does better.
    """
