from __future__ import annotations

from pathlib import Path

from autotune.core.skills.results import Result, What
from autotune.records.store import opened
from autotune.skills import results

ONE = Result("p:a", What.TEST, "routing-host", "f1", "s1", 1, 3, 4, sides={"positive": (2, 2)}, usd=0.5, passed=True)


def test_results_are_kept_and_read_back_by_skill(tmp_path: Path) -> None:
    with opened(tmp_path / "records.db", write=True) as store:
        for one in (ONE, Result("p:a", What.SAME, "task", "f1", "s1", 0, 1, 1), Result("other", What.TEST, "task", "f1", "s1", 0, 1, 1)):
            results.keep(store, one)
        results.keep(store, ONE)
        assert [one.what for one in results.results(store, "p:a")] == [What.SAME, What.TEST]
        assert results.results(store, "p:a")[-1] == ONE
