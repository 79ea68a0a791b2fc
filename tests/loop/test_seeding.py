"""A benchmark with a fixed seed: what is told of it when the session opens, of a keep that changes it, and of a claim."""

from __future__ import annotations

import subprocess
from pathlib import Path

from autotune.core.facts import Fact, Kind
from autotune.core.tell import advice
from autotune.core.tell import explain as explaining
from autotune.edges.clock import now
from autotune.loop.candidate import seeding
from autotune.loop.experiment import experiment, work
from autotune.loop.inspect import auditing
from autotune.loop.measure import claiming
from autotune.loop.opening import opening
from autotune.loop.session.session import Session

TRAIN = "import random\nSEED = 42\nLR = 0.1\nrandom.seed(SEED)\nprint(f'METRIC val_loss={1 - LR + random.gauss(0, 0.02):.6f}')\n"


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def opened(tmp_path: Path, **files: str) -> Session:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "autotune.toml").write_text("busy_wait_s = 0\n")
    (folder / "autotune.sh").write_text("python3 train.py\n")
    for name, text in ({"train.py": TRAIN} | files).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a project")
    settings = {"name": "x", "metric": "val_loss", "scope": ["train.py", "more/**"]}
    return opening.open_session(opening.Request(folder, settings), lambda _: None)


def tried(session: Session, old: str, new: str) -> Fact:
    """The reason of the verdict on a change of the program."""
    program = session.workdir / "train.py"
    program.write_text(program.read_text().replace(old, new))
    experiment.measure(session, 60.0, settles=True, description="another value")
    session.refresh()
    return session.state.recent.rows[-1].reason


def test_what_repeats_by_a_fixed_seed_is_told_with_its_line_and_a_keep_by_another_seed_as_luck(tmp_path: Path) -> None:
    session = opened(tmp_path)
    found = session.state.segment.calibrated
    assert found is not None
    assert found.seeded == ("train.py:2 `SEED = 42`",)
    assert advice.REPEATS in explaining.explain(session.state, now()).evidence

    lucky = tried(session, "SEED = 42", "SEED = 5")
    assert lucky.kind is Kind.BETTER_EXACTLY
    assert lucky.besides == (Fact(Kind.SEED_CHANGED, {"seed": "train.py:2 `SEED = 5`"}),)
    better = tried(session, "LR = 0.1", "LR = 0.3")
    assert (better.kind, better.besides) == (Kind.BETTER_EXACTLY, ())
    with work.changing(session, "confirm"):
        claimed = claiming.claim(session)
        session.append(claimed)
    assert claimed.improved
    assert Fact(Kind.ONE_NUMBER) in claimed.reason.besides
    assert not auditing.audit(session.repository, session.folder)


def test_seeds_of_files_out_of_scope_are_not_named(tmp_path: Path) -> None:
    many = {f"more/{number}.py": f"seed = {number}\n" for number in range(4)}
    session = opened(tmp_path, **{"train.py": TRAIN.replace("= 42", "= int('42')"), "other.py": "seed = 1\n", **many})
    assert seeding.fixed_in_scope(session) == tuple(f"more/{number}.py:1 `seed = {number}`" for number in range(4))
