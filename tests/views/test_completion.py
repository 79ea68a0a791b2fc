"""Completion in the shells themselves; where one is not installed, its tests say so."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from autotune.commands import app
from autotune.commands.completion_ import places
from autotune.views.completion import Shell, script

ASKED = {
    "tr": {"try"},
    "config s": {"set", "show"},
    "config set max_w": {"max_wall_time"},
    "try --js": {"--json"},
    "hooks add k": {"keep"},
    "completion z": {"zsh"},
    "config set --se": {"--session"},
    "--ver": {"--version"},
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[Shell, Path]:
    folder, found = tmp_path_factory.mktemp("completion"), {}
    for shell in Shell:
        found[shell] = folder / f"autotune.{shell}"
        found[shell].write_text(script(shell, places()))
    return found


def needs(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


def test_every_verb_and_part_is_a_place_with_its_options() -> None:
    found = {one.words: one for one in places()}
    assert {words[0] for words in found if words} == {verb for section in app.VERBS.values() for verb in section}
    assert {"--after-current", "--json", "--help"} <= {one.word for one in found["stop",].options}
    assert {one.word for one in found["hooks",].after} == {"add", "list", "remove"}


@pytest.mark.parametrize("shell", Shell)
def test_a_script_names_no_program_that_would_be_started(shell: Shell, scripts: dict[Shell, Path]) -> None:
    assert "python" not in scripts[shell].read_text().lower()
    assert not re.search(r"\$\(\s*autotune", scripts[shell].read_text())


@pytest.mark.parametrize("line", ASKED)
def test_bash_completes(line: str, scripts: dict[Shell, Path]) -> None:
    words = ["autotune", *line.split()]
    listed = " ".join(f"'{one}'" for one in words)
    asked = f'source {scripts[Shell.BASH]}; COMP_WORDS=({listed}) COMP_CWORD={len(words) - 1}; _autotune; echo "${{COMPREPLY[@]}}"'
    said = subprocess.run([needs("bash"), "--norc", "-c", asked], capture_output=True, text=True, check=True)
    assert ({*said.stdout.split()}, said.stderr) == (ASKED[line], "")


def test_fish_completes(scripts: dict[Shell, Path]) -> None:
    asked = "; ".join(f"complete -C 'autotune {line}'; echo ---" for line in ASKED)
    said = subprocess.run(
        [needs("fish"), "--no-config", "-c", f"source {scripts[Shell.FISH]}; {asked}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(scripts[Shell.FISH].parent)},
    )
    answers = [{line.split("\t")[0] for line in part.splitlines()} for part in said.stdout.split("---\n")[:-1]]
    assert (dict(zip(ASKED, answers, strict=True)), said.stderr) == (ASKED, "")


def test_zsh_completes(scripts: dict[Shell, Path]) -> None:
    zsh = needs("zsh")
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "dumb", "PS1": "", "HOME": str(scripts[Shell.ZSH].parent)}
        os.execv(zsh, [zsh, "-f", "-i"])  # noqa: S606 - no shell between
    try:
        os.write(terminal, b"unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D -u; PS1=; echo rea''dy\n")
        heard(terminal, "ready")
        os.write(terminal, f"source {scripts[Shell.ZSH]}; echo sour''ced\n".encode())
        heard(terminal, "sourced")
        for line, found in ASKED.items():
            if len(found) == 1:
                os.write(terminal, f"autotune {line}\t".encode())
                heard(terminal, f"autotune {line.rpartition(' ')[0]} {min(found)}".replace("  ", " "))
                os.write(terminal, b"\x15")  # takes the line back
    finally:
        os.kill(pid, 9)
        os.close(terminal)
        os.waitpid(pid, 0)


def heard(terminal: int, words: str) -> None:
    """Read what a terminal shows until some words are there."""
    shown, until = "", time.monotonic() + 30
    while words not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x07\r\x08]", "", shown):
        assert time.monotonic() < until, shown
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace")
