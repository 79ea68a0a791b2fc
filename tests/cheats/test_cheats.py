"""Every cheat of the list, tried: each is refused, void, discarded, put back or told, with the reason that the list gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.cheats.cheats import BEGIN, CHEATS, END, PAGE, Bench, Cheat, Fate, table
from tests.cheats.project import PYTHON, QUICK, Project, opened

if TYPE_CHECKING:
    from tests.loop.project import Driver

pytestmark = pytest.mark.slow

ONCE = 'decision_mode = "once"\n'
SETUP = "mkdir made && echo made > made/list"


OPTIONS: dict[Bench, dict[str, str]] = {
    Bench.COUNTS: {},
    Bench.TIMES: {"benchmark": "timed.py", "metric": "time_s", "unit": "", "settings": ONCE},
    Bench.LATENCY: {"benchmark": "timed.py", "metric": "latency", "unit": "", "settings": ONCE},
    Bench.RATE: {"benchmark": "timed.py", "metric": "rate", "direction": "higher", "unit": "ops/s", "settings": ONCE},
    Bench.COMPUTES: {"benchmark": "computed.py", "metric": "cpu_s", "unit": "", "settings": ONCE},
    Bench.STARTS: {"interpreter": PYTHON},
    Bench.CASES: {"benchmark": "several.py", "settings": 'guardrails = ["lines <= 1x"]\n'},
    Bench.ROUNDABOUT: {"interpreter": "sh -c", "benchmark": f"'run() {{ exec {QUICK} -m $1; }}; run benchmarks.run'"},
    Bench.TUNED: {"settings": 'scope = ["**", "bench.py"]\n'},
    Bench.WRITES: {"benchmark": "writes.py", "settings": 'read = "json:out.json"\n'},
    Bench.SAYS: {"benchmark": "says.py", "settings": 'read = "regex:it costs ([0-9]+)"\n'},
    Bench.VARIES: {"benchmark": "noisy.py", "settings": f'setup = "{SETUP}"\n'},
    Bench.OWN: {"benchmark": "noisy.py", "settings": f'setup = "{SETUP}"\n'},
}


@pytest.fixture(scope="module")
def projects() -> dict[Bench, Project]:
    return {}


def project_for(bench: Bench, projects: dict[Bench, Project], factory: pytest.TempPathFactory, driver: Driver) -> Project:
    if bench is Bench.OWN or bench not in projects:
        projects[bench] = opened(factory.mktemp("cheats") / bench, driver=driver, **OPTIONS[bench])
    return projects[bench]


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_cheat(cheat: Cheat, projects: dict[Bench, Project], tmp_path_factory: pytest.TempPathFactory, fast_driver: Driver) -> None:
    project = project_for(cheat.bench, projects, tmp_path_factory, fast_driver)
    kept, ledger = project.kept(), project.ledger.read_bytes()
    cheat.patch(project)
    said = project.autotune("try", "--description", cheat.name)
    if cheat.name == "The log itself is edited":
        project.ledger.write_bytes(ledger)
    assert re.search(cheat.said, said.all), said.all
    assert project.kept() == kept, said.all
    assert not project.lines("note")
    match cheat.fate:
        case Fate.REFUSED | Fate.PUT_BACK:
            assert said.code == 1
        case Fate.VOID:
            assert "verdict: void" in said.out, said.all
        case Fate.DISCARDED:
            assert re.search("verdict: (discard|inconclusive)", said.out), said.all
        case Fate.TOLD:
            assert project.git("rev-parse", project.branch) == kept
    project.tidy()


def test_the_table_on_the_page_is_the_lists() -> None:
    found = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert found.strip() == table()
