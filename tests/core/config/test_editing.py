"""One key set, and all else left as it is."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.config.configs import LEAST_TEXT, QUICK, TEXT, VALUES

from autotune.core.config import shapes
from autotune.core.config.editing import with_value
from autotune.core.config.reading import parse_toml, value_of
from autotune.errors import AutotuneError

FILE = """\
# mine
name = "faster-tests"   # for good
metric = "duration_s"
direction = "lower"
scope = [
    "src/**",  # the sources
    "lib/**",
]  # more later
# target = 1.5
# note = 1

# about health
[health]
max_crash_streak = 4 # four

[recovery]
"""


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("name", "other", 'name = "faster-tests"   # for good', 'name = "other"   # for good'),
        ("direction", '"higher"', 'direction = "lower"', 'direction = "higher"'),
        ("scope", '["a"]', FILE[FILE.index("scope") : FILE.index("# target")], 'scope = ["a"]  # more later\n'),
        ("target", "0.10", "# target", "target = 0.1\n# target"),
        ("sign", "true", "# target", "sign = true\n# target"),
        ("benchmark", "bash run.sh --fast", "# target", 'benchmark = "bash run.sh --fast"\n# target'),
        ("health.max_crash_streak", "5", "max_crash_streak = 4 # four", "max_crash_streak = 5 # four"),
        ("health.max_no_improvement_runs", "9", "# four\n", "# four\nmax_no_improvement_runs = 9\n"),
        ("recovery.playbooks", '["pause"]', "[recovery]\n", '[recovery]\nplaybooks = ["pause"]\n'),
        ("env.TZ", "UTC", "[recovery]\n", '[recovery]\n\n[env]\nTZ = "UTC"\n'),
    ],
)
def test_one_key_changes_and_all_else_stays(name: str, value: str, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert with_value(FILE, name, value) == FILE.replace(old, new)
    windows = FILE.replace("\n", "\r\n")
    assert with_value(windows, name, value) == windows.replace(old.replace("\n", "\r\n"), new.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("health.max_crash_streak = 4", "health.max_crash_streak", "5", "health.max_crash_streak = 5"),
        (
            "health.max_crash_streak = 4\n",
            "health.max_no_improvement_runs",
            "9",
            "health.max_crash_streak = 4\nhealth.max_no_improvement_runs = 9\n",
        ),
        ("health = { max_crash_streak = 4 } # h\n", "health.max_crash_streak", "5", "health = { max_crash_streak = 5 } # h\n"),
        ("env = { A = '1' }\n", "env.B", "2", "env = { A = '1', B = \"2\"}\n"),
        ('"max_pairs"=3# x\n', "max_pairs", "5", '"max_pairs"=5# x\n'),
        ("  max_pairs\t=\t3\n", "max_pairs", "5", "  max_pairs\t=\t5\n"),
        ("max_pairs = 999\n", "max_pairs", "5", "max_pairs = 5\n"),
        ('checks = """\na = 1\n[env]\n"""\n', "checks", "make", 'checks = "make"\n'),
        ('checks = """a = \\"""\n""""\n', "unit", "s", 'checks = """a = \\"""\n""""\nunit = "s"\n'),
        ("checks = '''# it's'''\n", "sign", "true", "checks = '''# it's'''\nsign = true\n"),
        ("checks = 'a # b = c'\n", "checks", "", 'checks = ""\n'),
    ],
)
def test_other_spellings_of_toml_are_changed_in_place(before: str, name: str, value: str, after: str) -> None:
    assert with_value(LEAST_TEXT + before, name, value) == LEAST_TEXT + after


@pytest.mark.parametrize("text", ["", "[env]\n", "health.max_crash_streak = 4\n", "# nothing yet"])
def test_a_key_set_in_a_file_that_lacks_others_is_refused_for_those(text: str) -> None:
    with pytest.raises(AutotuneError, match="metric is missing"):
        with_value(text, "name", "x")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("unit", "5", "5"),
        ("benchmark", "true", "true"),
        ("benchmark", "make # all", "make # all"),
        ("unit", "'ms'", "ms"),
        ("max_wall_time", "2d", "48h"),
        ("max_pairs", " 7 # seven", 7),
        ("checks", "a\nb = 1", "a\nb = 1"),
        ("metric", "µs", "μs"),
        ("env.A", "[1]", "[1]"),
    ],
)
def test_text_needs_no_quotes(name: str, value: str, said: object) -> None:
    assert value_of(parse_toml(with_value(LEAST_TEXT, name, value)), name) == said


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("max_pairs", "500", "max_pairs in autotune.toml is 500; expected a whole number from 2 to 200"),
        ("max_pairs", "many", 'max_pairs in autotune.toml is "many"'),
        ("max_pairs", "7\nsign = true", "max_pairs in autotune.toml is"),
        ("max_pairs", "", 'max_pairs in autotune.toml is ""'),
        ("sign", "True", "expected true or false"),
        ("scope", "src/**", "expected a list"),
        ("unit", '"ms', "begins with a quote"),
        ("health", "{}", "health is a section"),
        ("env", "{}", "env is a section"),
    ],
)
def test_a_wrong_value_changes_nothing(name: str, value: str, part: str) -> None:
    with pytest.raises(AutotuneError) as refused:
        with_value(LEAST_TEXT, name, value)
    assert part in refused.value.message


@pytest.mark.parametrize("section", ["health", "env"])
def test_a_section_that_is_none_is_refused(section: str) -> None:
    with pytest.raises(AutotuneError, match=f"{section} in autotune.toml is 3; expected a section"):
        with_value(f"{LEAST_TEXT}{section} = 3\n", f"{section}.max_crash_streak", "5")


def test_a_file_that_is_wrong_elsewhere_is_refused_by_that_key() -> None:
    with pytest.raises(AutotuneError, match="timeout_s in"):
        with_value(LEAST_TEXT + "timeout_s = 0\n", "sign", "true")
    with pytest.raises(AutotuneError, match="line 4"):
        with_value(LEAST_TEXT + "timeout_s = \n", "sign", "true")


SPELLINGS = [
    "# a comment = [\n",
    "\n",
    "sign = true # [x]\n",
    "scope = [ # one = 1\n  'a', # ]\n  'b',\n]\n",
    'checks = """\n[health] # no\nmax_crash_streak = 1"""\n',
    "prepare = '''\"a'''\n",
    'setup = "a\\"b # ["\n',
    "env.A = '='\n",
    "# max_iterations = 100\n",
]


HEALTH = st.sampled_from(["", "[health]\n", "[ health ] # x\nmax_crash_streak = 3\n\n# end\n", "['health']\n\n# y\n"])


RECOVERY = st.sampled_from(["", "[recovery]\n# max_healing_attempts = 3\nplaybooks = []\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    above, below = draw(
        st.permutations(SPELLINGS).flatmap(lambda all_: st.integers(0, len(all_)).map(lambda cut: (all_[:cut:2], all_[1:cut:2])))
    )
    text = "".join([*above, LEAST_TEXT, *below, draw(HEALTH), draw(RECOVERY)])
    return text.removesuffix("\n") if draw(st.booleans()) else text


@QUICK
@given(files(), st.sampled_from(sorted(set(VALUES) - {"env"} | {"env.A", "env.B"})), st.data())
def test_whatever_the_file_only_the_one_key_changes(text: str, name: str, data: st.DataObject) -> None:
    value = data.draw(TEXT if name.startswith("env.") else VALUES[name])
    result = with_value(text, name, shapes.literal(value))
    said, expected = tomllib.loads(result), tomllib.loads(text)
    section, _, leaf = name.rpartition(".")
    table = expected.setdefault(section, {}) if section else expected
    table[leaf] = value_of(parse_toml(result), name)
    assert said == expected
    assert table[leaf] == value or name in {"metric", "max_wall_time"}
    assert result.count("# a comment = [") == text.count("# a comment = [")


def test_a_key_that_is_set_takes_the_place_of_its_old_name() -> None:
    text = LEAST_TEXT + "hook_timeout_s = 400\n[recovery]\npause_on_exhausted_recovery = false\n"
    assert parse_toml(with_value(text, "checks_timeout_s", "5")).checks_timeout_s == 5
    assert "pause_on" not in with_value(text, "recovery.playbooks", '["pause"]')
