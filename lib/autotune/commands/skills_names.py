"""The verbs of `autotune skills`, by the names of an older tool too; each is built when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from autotune.commands.app import built
from autotune.errors import AutotuneError

if TYPE_CHECKING:
    import click

VERBS: dict[str, str] = {
    "create": "skills_create:create",
    "check": "skills_create:check",
    "deploy": "skills_deploy:deploy",
    "watch": "skills_deploy:watch",
    "rollback": "skills_deploy:rollback",
    "verify": "skills_run:verify",
    "publish": "skills_run:publish",
    "run": "skills_run:run",
    "schedule": "skills_run:schedule",
    "workflows": "skills_records:workflows",
    "export": "skills_records:export",
    "recover": "skills_records:recover",
    "demo": "skills_demo:demo",
    "probe": "skills_probe:probe",
    "test": "skills_test:once",
    "baseline": "skills_test:baseline",
    "improve": "skills_improve:improve",
    "propose-text": "skills_improve:propose_text",
    "check-text": "skills_improve:check_text",
    "sync": "skills_:sync",
    "status": "skills_:status",
    "explain": "skills_:explain",
    "last": "skills_:last",
    "doctor": "skills_:doctor",
    "label": "skills_label:label",
    "eval": "skills_eval:app",
}
_HIDDEN = ("propose-text", "check-text")  # a run's session calls them


class Verbs(TyperGroup):
    """The verbs; an older name is taken for today's, with one line that says so."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name all verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Build one verb."""
        if cmd_name not in VERBS:
            return None
        module, name = VERBS[cmd_name].split(":")
        return built(cmd_name, getattr(import_module(f"autotune.commands.{module}"), name), hidden=cmd_name in _HIDDEN)

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
