"""A METRIC line in a program's text."""

from __future__ import annotations

import pytest

from autotune.core.output.printing import is_run, prints, prints_this, speaks_of_it, statements


@pytest.mark.parametrize(
    "text",
    [
        'print("METRIC time_ms=1")',
        'print(f"METRIC {name}=1")',
        "console.log(`METRIC bytes=${n}`);",
        "console.log('METRIC', 'bytes=' + n)",
        '"METRIC " + name',
        "printf 'METRIC %s=%s\\n' a b",
        "echo METRIC $name=$v",
        'echo METRIC "$line"',
        "echo -n METRIC",
        'println!("METRIC {}={}", a, b);',
        'fmt.Printf("METRIC %s=%v\\n", n, v)',
        'fmt.Fprintln(os.Stdout, "METRIC", n)',
        'std::cout << "METRIC" << " " << name;',
        'puts "METRIC #{n}=#{v}"',
        'sys.stdout.write("METRIC" + " " + line)',
        'print(" ".join(["METRIC", line]))',
        "subprocess.run(['echo', 'METRIC', line])",
        "awk '{print \"METRIC x=\"$1}'",
        'TAG = "METRIC"\nprint(TAG, line)',
        '# define LINE "METRIC a=%d"\nprintf(LINE, a);',
        '"""\nMETRIC a={a}"""',
        'M=METRIC\necho "$M x=1"',
        "const P: string = 'METRIC'; out(`${P} a=1`)",
        'print("\\x1b[0mMETRIC\\ta", 3)',
        '"done\\nMETRIC " + x',
        "cat <<END\nMETRIC $line\nEND",
        'io:format("METRIC ~s=~p~n", [a, b])',
        'Console.WriteLine($"METRIC {n}={v}");',
    ],
)
def test_a_metric_line_is_known_however_it_is_put_together(text: str) -> None:
    assert prints(text)


@pytest.mark.parametrize(
    "text",
    [
        'METRIC = "euclidean"  # distances in METRIC units',
        "class METRIC: pass\nMETRIC_NAMES = {}",
        'os.environ["METRIC"], getenv("METRIC"), {"METRIC": 1}, output["METRIC"]',
        'if unit == "METRIC": convert("METRIC", 3)',
        'enum Units { METRIC = "METRIC", IMPERIAL = "IMPERIAL" }',
        'DEFAULT = "METRIC"\nconvert(DEFAULT)',
        "# print METRIC lines",
        "# the benchmark prints METRIC time_ms=12.3",
        '    # print("METRIC time_ms=1")',
        "  // METRIC bytes=1 is what counts",
        "x = 1  # METRIC size=5 before",
        "f(); // METRIC size=5 before",
        'print("METRIC: yes")',
        "if METRIC == x: METRIC != a",
        "the METRICs are elsewhere",
        "",
    ],
)
def test_a_variable_a_key_and_a_sentence_of_that_word_print_nothing(text: str) -> None:
    assert not prints(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("METRIC a=1", True),
        ("METRIC a[one]=1", True),
        ("METRIC b=1", False),
        ("METRIC b=1\nMETRIC {name}=1", True),
        ("METRIC %s=%s", True),
        ('print("METRIC", line)', True),
        ("", False),
    ],
)
def test_a_metric_line_is_of_a_metric_by_its_name_or_where_the_name_is_put_together(text: str, *, found: bool) -> None:
    assert prints_this(text, "a") is found


def test_prose_and_data_are_read_and_everything_else_may_be_run() -> None:
    paths = ("a.md", "a.txt", "LICENSE", "a.json", "a.py", "a.zig", "a.unheard-of", "bin/bench", "Makefile")
    assert [path for path in paths if is_run(path)] == ["a.py", "a.zig", "a.unheard-of", "bin/bench", "Makefile"]


def test_a_script_speaks_of_the_metric_outside_its_comments() -> None:
    assert speaks_of_it("# it\nsed s/^/METRIC\\ /")
    assert not speaks_of_it("# prints METRIC lines\nnode a.js")


def test_a_statement_goes_over_the_lines_that_are_plainly_its_own() -> None:
    text = 'x = 1\nprint(\n    f"METRIC a="\n    f"{x}",\n)\ny = 2\nlog(`METRIC b=${\n  x / 2\n}`)\nz = 3\n'
    assert statements(text) == ((3, 'print(\nf"METRIC a="\nf"{x}",\n)'), (7, "log(`METRIC b=${\nx / 2\n}`)"))
    assert statements("METRIC {a}=1") == ((1, "METRIC {a}=1"),)
