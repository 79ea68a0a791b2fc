"""`autotune skills probe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from autotune.commands.flags import AsJson
from autotune.commands.given import cases_of_the_run, keep_with_the_run
from autotune.commands.printing import answered
from autotune.core.codec import encode
from autotune.core.skills.probed import Probed, total
from autotune.core.tell import tested as words
from autotune.core.tell.judging import capped, case_line
from autotune.core.tell.lines import Line


def probe(
    settings: Annotated[Path, typer.Argument(help="The probe's settings, a TOML file.")] = Path("probe.toml"),
    skill: Annotated[
        Path | None, typer.Option("--skill", metavar="FOLDER", help="The skill's folder, in place of the one in the settings.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many probes it would take, and make none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put queries to a real client and see which skill fires: the benchmark of a session on a skill.

    It prints METRIC lines, one for each case of the run, and CONTEXT lines that say what it measures with. A case whose probes failed gets
    an UNSCORED line. `AUTOTUNE_CASES` names the cases; without it, all are probed.
    """
    from autotune.skills import measuring, metering

    bench = measuring.opened(settings, skill)
    cases = cases_of_the_run() or list(bench.cases)
    most, uncapped = metering.limits_of(bench.settings)[1].usd, metering.uncapped(bench.settings)
    bounds = capped(most, settings.name, uncapped)
    if dry_run:
        about = (bench.settings, len(cases), measuring.expected_at_once(bench.settings, bench.around.name), measuring.usd_each(bench))
        planned = [*words.plan(*about), Line("a day", bounds)]
        answered(planned, {**words.figures(*about), "max_usd_per_day": most}, as_json=as_json)
        return
    if uncapped:
        typer.echo(bounds, err=True)
    for name, value in measuring.context(bench).items():
        typer.echo(f"CONTEXT {name}={value}")
    found, metric = list[Probed](), bench.settings.metric
    try:
        for one in measuring.probed(bench, cases):
            found.append(one)
            keep_with_the_run(one.case, encode(one))
    except measuring.Void as void:
        lines, usd = [case_line(metric, one, None, words.void(void.failed, void.planned)) for one in cases], void.usd
    else:
        lines = [case_line(metric, one.case, one.score, words.why(one.failed)) for one in found]
        usd = total(one.usd for one in found)
    typer.echo("\n".join(lines))
    if usd is not None:
        typer.echo(f"METRIC cost_usd={usd:.9g}")
