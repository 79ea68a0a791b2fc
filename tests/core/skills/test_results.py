from __future__ import annotations

from dataclasses import replace

from autotune.core.skills.results import Result, What, newest

ONE = Result("a", What.TEST, "routing-host", "f1", "s1", 1, 3, 4)


def test_a_result_counts_for_its_own_version_of_skill_and_suite_alone() -> None:
    later, other = replace(ONE, at_ms=2), replace(ONE, at_ms=9, fingerprint="f2")
    known = (later, ONE, other, replace(ONE, what=What.BASELINE, at_ms=9))
    assert newest(known, What.TEST, "f1", "s1") == later
    assert newest(known, What.TEST, "f1", "s2") is None
    assert [ONE.share, replace(ONE, of=0).share] == [0.75, None]
