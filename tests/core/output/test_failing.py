# ruff: noqa: RUF001 - runners print such characters
"""The tests that failed, by what the runners printed: their own output, made by running them, with colours taken out."""

from __future__ import annotations

import pytest

from autotune.core.output.failing import LONGEST_NAME, failing_tests

PYTEST = """\
.FFFFF.                                                                  [100%]
=================================== FAILURES ===================================
test_a.py:3: AssertionError
=========================== short test summary info ============================
FAILED test_a.py::test_bad - assert 1 == 2
FAILED test_a.py::TestC::test_worse[a b-3] - ValueError: x
SUBFAILED(i=1) test_a.py::U::test_sub - AssertionError: no
ERROR tests/test_b.py - ImportError: no module
5 failed, 2 passed in 0.52s
"""
UNITTEST = """\
EFF.
======================================================================
ERROR: test_e (test_a.U.test_e)
----------------------------------------------------------------------
OSError: boom
======================================================================
FAIL: test_sub (test_a.U.test_sub) (i=1)
======================================================================
FAIL: test_u (test_a.U)
----------------------------------------------------------------------
FAILED (failures=2, errors=1)
"""
JEST = """\
FAIL ./a.test.js
  ✕ plain (1 ms)
  ✓ ok
  outer
    ✕ adds things (30 ms)

  ● Console

    console.log

  ● outer › adds things

    expect(received).toBe(expected) // Object.is equality

  ● plain

Test Suites: 1 failed, 1 total
  ● outer › adds things
"""
VITEST = """\
 ❯ a.test.js (3 tests | 2 failed) 77ms
     × adds things 70ms
⎯⎯⎯⎯⎯⎯⎯ Failed Tests 2 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  a.test.js > outer > adds things
AssertionError: expected 1 to be 2 // Object.is equality
 FAIL  a.test.js > plain
"""
GO = """\
--- FAIL: TestBad (0.00s)
    --- FAIL: TestBad/inner_case (0.00s)
        a_test.go:3: no
--- FAIL: TestOther (0.00s)
FAIL
FAIL\tx\t0.004s
"""
CARGO = """\
running 2 tests
test tests::fine ... ok
test tests::bad ... FAILED
test src/lib.rs - double (line 3) ... FAILED

failures:
    tests::bad

test result: FAILED. 1 passed; 2 failed; 0 ignored
"""
CARGO_QUIETLY = """\
running 4 tests
.. 2/4
tests::bad --- FAILED
src/lib.rs - double (line 3) --- FAILED

failures:
    tests::bad
"""
JUNIT = """\
<testsuite failures="2"><testcase classname="test_a" name="test_ok" time="0.007" /><testcase classname="test_a" name="test_bad[&lt;x&gt;]"
time="0.001"><failure message="assert 1 == 2">E   assert 1 == 2</failure></testcase><testcase name="alone"><error message="x"/></testcase>
<testcase classname="test_a" name="test_fine"><system-out>all well</system-out></testcase></testsuite>
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (PYTEST, ("test_a.py::test_bad", "test_a.py::TestC::test_worse[a b-3]", "test_a.py::U::test_sub", "tests/test_b.py")),
        (UNITTEST, ("test_a.U.test_e", "test_a.U.test_sub", "test_a.U.test_u")),
        (JEST, ("outer › adds things", "plain")),
        (VITEST, ("a.test.js > outer > adds things", "a.test.js > plain")),
        (GO, ("TestBad/inner_case", "TestOther")),
        (CARGO, ("tests::bad", "src/lib.rs - double (line 3)")),
        (CARGO_QUIETLY, ("tests::bad", "src/lib.rs - double (line 3)")),
        (JUNIT, ("test_a.test_bad[<x>]", "alone")),
        ("ok\nFAIL: see above\nERROR: it broke (twice)\n", ()),
        ("", ()),
    ],
)
def test_the_tests_that_failed_are_named_as_their_runner_names_them(text: str, names: tuple[str, ...]) -> None:
    assert failing_tests(text) == names


@pytest.mark.parametrize(
    "text", ["<testcase " * 7000, "FAILED " + "a.py" * 16_000, "test " * 13_000, "  ● " + "x" * 60_000, "<testcase a>" * 5000]
)
def test_whatever_is_printed_a_name_is_short_and_soon_found(text: str) -> None:
    assert all(len(name) <= LONGEST_NAME for name in failing_tests(text))
