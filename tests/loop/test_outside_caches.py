"""Caches that lie outside of where it is measured: real sessions, real git, real runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from autotune.core.ledger.events import Ran
from autotune.core.ledger.lines import from_line
from autotune.core.model import Arm
from autotune.edges import ledger
from autotune.edges.ledger import Position
from autotune.loop.experiment import experiment
from autotune.loop.opening import opening
from autotune.loop.session.session import Session

BENCHMARK = 'import sys; sys.path.insert(0, "src")\nimport conf\nprint(f"METRIC n={conf.N}")\n'
RUN = "python3 bench.py\n"
GENERATED = "printf 'N = %s\\n' \"$(cat src/n)\" > src/conf.py\n"


def opened(tmp_path: Path, script: str = RUN, **settings: object) -> Session:
    """A session whose benchmark prints what a module says."""
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "autotune.toml").write_text("busy_wait_s = 0\n")
    (folder / ".gitignore").write_text("out/\nsrc/conf.py\n" if "prepare" in settings or GENERATED in script else "out/\n")
    (folder / "src/n").write_text("40000\n")
    (folder / "src/conf.py").write_text("N = 40000\n")
    (folder / "bench.py").write_text(BENCHMARK)
    (folder / "autotune.sh").write_text(script)
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "a project")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    given = {"name": "x", "metric": "n", "scope": ["src/n", "src/*.py"]} | settings
    return opening.open_session(opening.Request(folder, given), lambda _: None)


def measured(session: Session) -> dict[str, set[float]]:
    """What the runs of each arm said of a smaller number, in a file of the same size."""
    for file in (session.workdir / "src").iterdir():
        file.write_text(file.read_text().replace("40000", "39000"))
    experiment.measure(session, 60.0, settles=True, description="smaller")
    lines = (from_line(line) for line, _ in ledger.read(session.folder.ledger, Position()))
    runs = [event for event in lines if isinstance(event, Ran) and event.experiment == 1]
    return {str(arm): {run.metrics["n"] for run in runs if run.arm is arm} for arm in Arm}


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Python's byte code lies in a folder of the user's, as it does by itself on some systems."""
    folder = tmp_path / "byte-code"
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(folder))
    return folder


ITS_OWN = {"candidate": {39000.0}, "incumbent": {40000.0}}
EXPORTED = 'export PYTHONPYCACHEPREFIX="$ELSEWHERE"\n'


@pytest.mark.nightly
@pytest.mark.parametrize("script", [RUN, EXPORTED + RUN, GENERATED + RUN], ids=["set", "set by the script", "generated"])
def test_each_arm_runs_its_own_byte_code_wherever_that_lies(tmp_path: Path, script: str) -> None:
    assert measured(opened(tmp_path, script, env={"ELSEWHERE": str(tmp_path / "elsewhere")})) == ITS_OWN


@pytest.mark.nightly
def test_what_prepare_made_of_an_arm_is_that_arms_and_still_new_when_it_is_run(tmp_path: Path) -> None:
    prepare = f"mkdir -p out; cp src/n out/built; {GENERATED.strip()}; python3 -m compileall -q src"
    session = opened(tmp_path, f"test ! src/n -nt out/built || exit 1\n{RUN}", prepare=prepare, build_once=True)
    assert measured(session) == ITS_OWN


@pytest.mark.nightly
def test_where_a_build_is_known_to_lie_elsewhere_none_is_kept(tmp_path: Path) -> None:
    prepare = 'mkdir -p out "$CARGO_TARGET_DIR"; touch out/lock; test -s src/n && cp src/n "$CARGO_TARGET_DIR/built"'
    script, elsewhere = 'echo "METRIC n=$(cat "$CARGO_TARGET_DIR/built")"\n', {"CARGO_TARGET_DIR": str(tmp_path / "target")}
    assert measured(opened(tmp_path, script, prepare=prepare, build_once=True, env=elsewhere)) == ITS_OWN


def test_in_the_checkout_each_arm_runs_its_own_byte_code(tmp_path: Path) -> None:
    session = opened(tmp_path, EXPORTED + RUN, env={"ELSEWHERE": str(tmp_path / "elsewhere")}, in_place=True)
    assert measured(session) == ITS_OWN


def test_the_users_own_byte_code_is_left_alone(tmp_path: Path, outside: Path) -> None:
    measured(opened(tmp_path))
    assert not [path for path in outside.rglob("*.pyc") if path.name.startswith("conf.")]
