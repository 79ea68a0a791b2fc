"""Names of an older tool, each run; and every command of skills that autotune prints."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import typer

from autotune.commands import skills_
from autotune.core.skills.readiness import Step, Suite, command
from autotune.core.skills.renamed import LEFT_OUT, VERBS
from autotune.errors import AutotuneError
from autotune.version import PACKAGE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/skills.md").read_text("utf-8")


def ends(*words: str) -> int:
    """Run a command of skills with the request for its help; gives its exit code."""
    group = typer.main.get_command(skills_.app)
    try:
        group.main([*words, "--help"], prog_name="autotune skills", standalone_mode=False)
    except click.UsageError:
        return 2
    return 0


@pytest.mark.parametrize("old", VERBS, ids=" ".join)
def test_every_old_name_is_taken_for_today_s_and_stands_in_the_table(old: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert f"`{' '.join(old)}`" in PAGE
    assert ends(*old) == 0
    assert f"`autotune skills {' '.join(VERBS[old])}`" in capsys.readouterr().err


@pytest.mark.parametrize("old", LEFT_OUT, ids=" ".join)
def test_what_was_left_out_on_purpose_says_so(old: tuple[str, ...]) -> None:
    assert f"`{' '.join(old)}`" in PAGE
    with pytest.raises(AutotuneError, match=f"`autotune skills {' '.join(old)}`, on purpose"):
        ends(*old)


def printed() -> set[str]:
    """Every verb of skills that a text of autotune's names as a command."""
    texts = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if "demo" not in path.parts)
    commands = [command(step, "NAME", suite) for step in (*Step, None) for suite in (None, Suite("", 1, 1, 0))]
    return set(re.findall(r"autotune skills (eval [a-z]+|[a-z][a-z-]+)", texts + " ".join(commands)))


@pytest.mark.parametrize("words", sorted(printed()))
def test_every_command_that_is_printed_exists(words: str) -> None:
    assert ends(*words.split()) == 0
