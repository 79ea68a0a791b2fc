"""Sessions whose metric is read from what another tool printed or wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.loop.project import Project

WRITES = 'printf \'{"size": %s, "all": [1, 2, 4]}\' "$(cat src/*.txt | wc -c)" > out.json\n'
OPENS = ("init", "--name", "x", "--scope", "src/**", "--once")
READS = (*OPENS, "--metric", "size", "--read", "json:out.json")


def ran(project: Project) -> list[dict[str, object]]:
    return project.events("run")


def test_a_metric_is_read_from_the_file_that_each_run_writes(project: Project) -> None:
    project.write("autotune.sh", WRITES)
    told = project.ok(*READS)
    assert "read as JSON: size; it has all too" in told.err
    run = ran(project)[0]
    assert run["metrics"]["size"] == 30  # type: ignore[index]
    assert run["repeated"] == {"all": {"count": 3, "first": 1.0, "lowest": 1.0, "highest": 4.0}}
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"
    assert not (project.top / "out.json").exists()
    project.ok("check")


def test_a_run_that_writes_nothing_is_unreadable_whatever_was_left_before(project: Project) -> None:
    project.write("autotune.sh", f"grep -rq aaaa src || exit 0\n{WRITES}")
    project.ok(*READS)
    project.write("out.json", '{"size": 1}')
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "crash"
    assert [one["why"]["kind"] for one in ran(project) if one["outcome"] != "ok"][-1] == "not written"  # type: ignore[index]
    assert project.read("out.json") == '{"size": 1}'


def test_what_is_written_is_no_part_of_a_candidate_and_may_not_be_named_by_it(project: Project) -> None:
    project.write("autotune.sh", WRITES)
    project.ok("init", "--name", "x", "--once", "--metric", "size", "--read", "json:out.json", "--scope", "**")
    project.write("out.json", '{"size": 1}')
    assert project.git("status", "--short", "--", "out.json") == ""
    project.write("src/b.txt", "write out.json at exit\n")
    assert "src/b.txt names out.json, and only the benchmark may write that" in project.refused("try", "-d", "x")
    project.write("src/b.txt", "b\n")
    project.git("add", "-f", "out.json")
    assert project.attempt()["status"] == "keep"
    assert project.git("show", "--format=", "--name-only", project.commits()[-1]) == "src/b.txt"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("mkfifo out.json", "not of format"),
        ("ln -s /etc/hostname out.json", "not of format"),
        ("echo '{' > out.json", "not of format"),
        ("echo '{\"size\": NaN}' > out.json", "malformed value"),
        ("echo '{\"length\": 1}' > out.json", "no metric"),
        ("echo METRIC size=3", "not written"),
    ],
)
def test_what_cannot_be_read_is_unreadable_with_its_reason(project: Project, script: str, kind: str) -> None:
    project.write("autotune.sh", f"grep -rq aaaa src && {{ {WRITES.strip()}; exit; }}\n{script}\n")
    project.ok(*READS)
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "crash"
    failed = [one for one in ran(project) if one["outcome"] == "unreadable"]
    assert failed[-1]["why"]["kind"] == kind  # type: ignore[index]


@pytest.mark.parametrize(
    ("file", "options", "said"),
    [
        ("src/a.txt", (), "git tracks src/a.txt"),
        ("src", (), "git tracks src/"),
        ("README/out.json", (), "git tracks README"),
        ("build/out.json", ("--carry", "build"), "build is carried"),
        ("out.json", ("--in-place",), "out.json is there"),
        ("../out.json", (), "expected nothing, FORMAT or FORMAT:FILE"),
    ],
)
def test_a_file_that_is_not_the_benchmarks_to_write_is_refused(project: Project, file: str, options: tuple[str, ...], said: str) -> None:
    project.write("autotune.sh", WRITES)
    project.write("build/kept", "")
    project.write("out.json", "mine")
    assert said in project.refused(*OPENS, "--metric", "size", "--read", f"json:{file}", *options)
    assert project.read("out.json") == "mine"


def test_what_setup_makes_is_not_the_benchmarks_to_write(project: Project) -> None:
    project.write("autotune.sh", WRITES)
    assert "out.json, which is made by `setup`" in project.refused(*READS, "--setup", "echo 3 > out.json")


def test_what_is_printed_is_read_with_its_own_metric_unit_and_direction(project: Project) -> None:
    project.write("autotune.sh", 'printf "BenchmarkSize-2 10 %s ns/op 3 MB/s\\n" "$(cat src/*.txt | wc -c)"\necho METRIC ns/op=1\n')
    project.ok(*OPENS, "--read", "go")
    opened = project.events("config")[0]
    assert (opened["metric_name"], opened["metric_unit"], opened["direction"]) == ("ns/op", "ns", "lower")
    assert ran(project)[0]["metrics"]["ns/op"] == pytest.approx(30)  # type: ignore[index]
    assert ran(project)[0]["metrics"]["MB/s[BenchmarkSize]"] == 3  # type: ignore[index]


SAMPLES = Path(__file__).resolve().parents[1] / "readers" / "samples"
SCALES = """\
import glob, json, re
scale = sum(len(open(path).read()) for path in glob.glob("src/*.txt")) / 30
text = open("{sample}").read()
text = re.sub(r'({number})([-+0-9.e]+)', lambda found: found[1] + repr({scaled}), text)
open("out", "w").write(text)
"""


@pytest.mark.parametrize(
    ("read", "sample", "number", "scaled", "unit", "direction", "told", "values"),
    [
        (
            *("lighthouse", "lighthouse/plain.json", r'"id": "performance",\s+"score": |"numericValue": ', "float(found[2]) / (1 + scale)"),
            *("", "higher", "audits without a number", {"performance": 0.5, "total-blocking-time": 8.5}),
        ),
        (
            *("google-benchmark", "google-benchmark/repetitions.json", r'"real_time": ', "100.0 * scale"),
            *("ns", "lower", "aggregates", {"real_time[BM_Copy]": 100.0}),
        ),
        (
            *("junit", "junit/pytest.xml", r' time="', "float(found[2]) * scale"),
            *("s", "lower", "skipped", {"time": 16.225, "time[bench_test_sample.test_sort[10]]": 4.885}),
        ),
    ],
)
def test_a_session_reads_what_a_tool_has_really_written(  # noqa: PLR0913, PLR0917 - a table
    project: Project,
    read: str,
    sample: str,
    number: str,
    scaled: str,
    unit: str,
    direction: str,
    told: str,
    values: dict[str, float],
) -> None:
    project.write("tool.py", SCALES.format(sample=SAMPLES / sample, number=number, scaled=scaled))
    project.write("autotune.sh", "exec python3 -S tool.py\n")
    project.git("add", "tool.py")
    project.git("commit", "-qm", "a tool")
    said = project.ok(*OPENS, "--read", f"{read}:out")
    opened = project.events("config")[0]
    assert (opened["metric_unit"], opened["direction"]) == (unit, direction)
    assert told in said.err
    metrics = ran(project)[0]["metrics"]
    assert {name: metrics[name] for name in values} == pytest.approx(values)  # type: ignore[index]
    project.write("src/a.txt", "a\n")
    answer = project.attempt()
    assert answer["status"] == "keep", answer
    project.write("src/a.txt", "aaaa aaaa aaaa aaaa\n")
    assert project.attempt()["status"] == "discard"
    assert project.ok("check", "--json").json["findings"] == []


def test_unit_and_direction_that_are_written_down_for_another_metric_say_nothing_of_this_one(project: Project) -> None:
    project.write("autotune.sh", 'printf "BenchmarkSize-2 10 3 ns/op %s MB/s\\n" "$(cat src/*.txt | wc -c)"\n')
    project.write("autotune.toml", f'metric = "ns/op"\nunit = "ns"\ndirection = "lower"\n{project.read("autotune.toml")}')
    project.ok(*OPENS, "--read", "go", "--metric", "MB/s")
    opened = project.events("config")[0]
    assert (opened["metric_unit"], opened["direction"]) == ("", "higher")


def test_a_value_more_than_the_unchanged_code_has_is_no_evidence(project: Project) -> None:
    project.write("autotune.sh", 'printf "BenchmarkSize-2 10 %s ns/op\\n" "$(cat src/*.txt | wc -c)"\ngrep -h Benchmark src/*.txt\ntrue\n')
    project.ok(*OPENS, "--read", "go")
    project.write("src/a.txt", "BenchmarkSize-2 10 1 ns/op\n")
    answer = project.attempt()
    assert answer["verdict"] == "void"
    assert project.events("verdict")[-1]["reason"]["kind"] == "printed twice"


def test_a_guardrail_may_be_on_anything_that_is_read(project: Project) -> None:
    project.write("autotune.sh", WRITES)
    project.write("autotune.toml", project.read("autotune.toml").replace("[health]", 'guardrails = ["all <= 1x"]\n[health]'))
    project.ok(*READS)
    project.write("src/a.txt", "a\n")
    assert project.attempt()["status"] == "keep"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--metric", "size", "--command", "sh go.sh"), "give `--read go`"),
        (
            ("--command", "hyperfine 'cat src/a.txt'"),
            "add `--export-json bench.json` to the command, and give `--read hyperfine:bench.json`",
        ),
        (("--metric", "size", "--scope", "**", "--command", "go test -bench ."), "give `--read go`"),
    ],
)
def test_what_looks_like_a_known_tool_is_proposed_to_be_read(project: Project, options: tuple[str, ...], said: str) -> None:
    project.write("go.sh", 'printf "BenchmarkSize-2 10 %s ns/op\\n" "$(cat src/*.txt | wc -c)"\n')
    project.git("add", "go.sh")
    project.git("commit", "-qm", "a benchmark")
    (project.top / "autotune.sh").unlink()
    assert said in project.refused(*OPENS, *options)


def test_what_is_timed_from_outside_is_told_how_it_could_be_read(project: Project) -> None:
    project.write("autotune.sh", 'printf "BenchmarkSize-2 10 %s ns/op\\n" "$(cat src/*.txt | wc -c)"; grep -rq aaaa src\n')
    assert "this looks like Go's -bench: give `--read go`" in project.ok(*OPENS, "--metric", "autotune.wall_s").err


@pytest.mark.nightly
def test_doctor_reads_it_and_leaves_the_checkouts_own_file_unless_it_is_written_anew(project: Project) -> None:
    project.write("autotune.sh", WRITES)
    project.write("autotune.toml", 'read = "json:out.json"\nmetric = "size"\n')
    project.write("out.json", "mine")
    assert "size=30" in project.run("doctor").out
    assert project.read("out.json") == "mine"
    assert "size=30" in project.run("doctor", "--compare").out
    assert project.read("out.json").startswith('{"size": 30')


def test_what_decides_is_protected_also_where_nothing_prints_metric_lines(project: Project) -> None:
    project.write("src/size_test.go", "package a\nfunc BenchmarkSize(b *testing.B) {}\n")
    project.write("src/speed.rs", "criterion_main!(a);\n")
    project.git("add", "src")
    project.git("commit", "-qm", "benchmarks")
    project.write("autotune.sh", 'printf "BenchmarkSize-2 10 %s ns/op\\n" "$(cat src/*.txt | wc -c)"\n')
    assert "src/size_test.go" in project.ok("init", "--name", "x", "--once", "--read", "go", "--scope", "**").err
    project.write("src/size_test.go", "package a\n")
    assert "src/size_test.go is protected" in project.refused("try", "-d", "x")


def test_where_nothing_is_seen_to_make_what_is_read_a_person_is_asked(project: Project) -> None:
    (project.top / "autotune.sh").unlink()
    opening = ("init", "--name", "x", "--once", "--scope", "**", "--metric", "size", "--read", r"regex:size ([0-9]+)", "--command")
    assert "Nothing was found that makes what is read" in project.refused(*opening, 'echo "size $(cat src/*.txt | wc -c)"')


def test_of_very_many_values_those_that_decide_are_recorded(project: Project) -> None:
    many = """for i in $(seq 300); do printf '"n%s": [%s, 1], ' $i $i; done"""
    size = """printf '"size": %s}' "$(cat src/*.txt | wc -c)\""""
    project.write("autotune.sh", f"{{ printf '{{'; {many}; {size}; }} > out.json\n")
    project.write("autotune.toml", project.read("autotune.toml").replace("[health]", 'guardrails = ["n7 <= 1x"]\n[health]'))
    project.ok(*READS)
    run = ran(project)[0]
    assert {name for name in run["metrics"] if not name.startswith("autotune.")} == {"size", "n7"}  # type: ignore[attr-defined]
    assert [*run["repeated"]] == ["n7"]  # type: ignore[misc]


def test_the_time_of_one_of_many_repetitions_is_not_too_short_a_run(project: Project) -> None:
    noisy = "r=$(od -An -N1 -tu1 /dev/urandom)\nsleep 0.06\n"
    project.write("autotune.sh", f'{noisy}printf "BenchmarkSize-2 10 %s ns/op\\n" "$(($(cat src/*.txt | wc -c) * 10 + r / 4))"\n')
    told = project.run("init", "--name", "x", "--scope", "src/**", "--read", "go")
    assert "too short" not in told.err
