"""The verbs of `autotune skills`, by the names of an older tool too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from autotune.errors import AutotuneError

if TYPE_CHECKING:
    import click


class Verbs(TyperGroup):
    """The verbs; an older name is taken for today's, with one line that says so."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what was typed."""
        from autotune.core.skills.renamed import Today, today

        found = today(args)
        if isinstance(found, Today):
            if found.said:
                from autotune.core.tell.skill_run import called_today

                typer.echo(called_today(found.said, found.name), err=True)
            args = list(found.words)
        elif found is not None:
            from autotune.core.tell.skill_run import left_out

            raise AutotuneError(f"There is no `autotune skills {args[0]}`, on purpose.", left_out(found))
        return super().parse_args(ctx, args)
