"""`autotune prompts`."""

from __future__ import annotations

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
    unlisted = ("propose", "check-pack", "check-slices")  # a run's session calls them


app = typer.Typer(cls=Verbs, add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Tune what a running agent says.")


@app.callback()
def group() -> None:
    """Tune what a running agent says."""
