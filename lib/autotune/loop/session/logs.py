"""Where the output of what is run lies in a session's folder, by the names that the ledger uses."""

from __future__ import annotations

import re
from pathlib import Path

from autotune.core.ledger.purposes import Purpose
from autotune.core.model import Arm

RUNS = "runs"
PROPOSALS = "proposals"
OF_CASES = "cases"
SETUP, TRIED, UNSEEN = (f"{RUNS}/{name}" for name in ("setup.log", "tried.log", "unseen"))
_TOLD = [one for one in Purpose if one is not Purpose.CHECKS]  # the lines of older versions tell of no checks
_NUMBERED = re.compile(rf"-([0-9]+)-(?:{'|'.join(Arm)})\.log$")
RUN = re.compile(rf"(?:{'|'.join(_TOLD)})-(?P<number>[0-9]+)-(?:{'|'.join(Arm)})\.log")


def below(experiment: int, begun: int) -> str:
    """Name the folder of an experiment's output, or of what is measured besides and began at a line of the ledger."""
    return f"{RUNS}/{experiment or f'0/{begun}'}"


def of(folder: str, what: str, number: int, arm: Arm) -> str:
    """Name the output of one run of an arm."""
    return f"{folder}/{what}-{number}-{arm}.log"


def latest(folder: Path) -> int:
    """The highest number of a run whose output is in a folder, 0 where there is none."""
    found = (_NUMBERED.search(path.name) for path in folder.glob("*.log"))
    return max((int(one[1]) for one in found if one is not None), default=0)


def of_format(experiment: int) -> str:
    """Name the output of what rewrites an experiment's candidate before it is measured."""
    return f"{below(experiment, 0)}/format.log"


def of_proposer(experiment: int, turn: int) -> str:
    """Name the output of the program that proposed an experiment, at a turn to do so: what follows is `.stdout`, or `.stderr`."""
    return f"{PROPOSALS}/{experiment}-{turn}"


def proposers(folder: Path, experiment: int) -> list[Path]:
    """List what the program that proposed an experiment printed, two files a turn; one that printed nothing to one of them has one."""
    return sorted(path for path in (folder / PROPOSALS).glob(f"{experiment}-*.std*") if path.stat().st_size)


def turns(folder: Path, experiment: int) -> int:
    """How many turns a program has had to propose an experiment."""
    return len([*(folder / PROPOSALS).glob(f"{experiment}-*.stdout")])


def of_commit(experiment: int) -> str:
    """Name the output of git and its hooks where an experiment is kept."""
    return f"{below(experiment, 0)}/commit.log"


def of_segment(segment: int, log: str = RUNS) -> str:
    """Name where output is kept that was made on a ledger of its own, before the segment began."""
    return f"{RUNS}/segment-{segment}{log.removeprefix(RUNS)}"


def of_cases(log: str) -> str:
    """Name the folder of what cases wrote in a run, by the name of its output."""
    return f"{OF_CASES}{log.removeprefix(RUNS).removesuffix('.log')}"


def experiments(folder: Path) -> set[int]:
    """Give the experiments of which there is output in a session's folder."""
    return {int(path.name) for path in (folder / RUNS).glob("[1-9]*") if path.name.isdigit() and any(path.iterdir())}


def places(folder: Path) -> list[Path]:
    """List the folders in which the output of runs lies."""
    return sorted((folder / RUNS).glob("[0-9]*/**"))
