"""`autotune skills`, whose verbs are known by the names of an older tool too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import typer

from autotune.commands.app import Parts
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    import click


class Verbs(Parts):
    """The verbs; an older name is taken for today's, with one line that says so."""

    modules = (
        ("skills_create", ("create", "check")),
        ("skills_deploy", ("deploy", "watch", "rollback")),
        ("skills_run", ("verify", "publish", "run", "schedule")),
        ("skills_records", ("workflows", "export", "recover")),
        ("skills_demo", ("demo",)),
        ("skills_probe", ("probe",)),
        ("skills_test", ("test", "baseline")),
        ("skills_improve", ("improve", "propose-text", "check-text")),
        ("skills_seen", ("sync", "status", "explain", "last", "doctor")),
        ("skills_label", ("label",)),
        ("skills_eval", ("eval",)),
    )
    sections: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "See it work": ("demo",),
        "How skills do": ("sync", "status", "explain", "last", "doctor", "label", "workflows"),
        "Make one": ("create", "check", "verify", "publish"),
        "Measure it": ("eval", "test", "probe", "baseline"),
        "Make it better": ("improve", "deploy", "watch", "rollback"),
        "All by itself": ("run", "schedule"),
        "What is kept": ("export", "recover"),
    }

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what was typed."""
        from autotune.core.skills.renamed import LEFT_OUT, Today, today

        found = today(args)
        if isinstance(found, Today):
            if found.said:
                from autotune.core.tell.skill_run import called_today

                typer.echo(called_today(found.said, found.name), err=True)
            args = list(found.words)
        elif found is not None:
            from autotune.core.tell.skill_run import left_out

            named = " ".join(args[: 1 if tuple(args[:1]) in LEFT_OUT else 2])
            raise AutotuneError(f"There is no `autotune skills {named}`, on purpose.", left_out(found))
        return super().parse_args(ctx, args)


app = typer.Typer(cls=Verbs, add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def group() -> None:
    """See how well agents' skills fire, and make them better.

    A skill fires when an agent calls it.
    """
