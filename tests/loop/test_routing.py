"""Cases with sides in a real session: what fires where it should, and not where it should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.loop.project import Project

CASES = "for n in $(seq 1 80); do printf 'p%s\\tg%s\\tpositive\\nn%s\\tg%s\\tnegative\\n' $n $n $n $n; done"
BENCHMARK = """\
awk -v fires="$(sed -n s/^fires.//p src/*.txt)" '
  { number = (substr($1, 2) * 37) % 80; fired = number < fires; side = substr($1, 1, 1)
    if (side == "n") fired = number < fires - 75
    print "METRIC right[" $1 "]=" (side == "p" ? fired : !fired) }
' "$AUTOTUNE_CASES"
"""
OPTIONS = ("--name", "x", "--metric", "right", "--direction", "higher", "--scope", "src/**")


def written(project: Project, cases: str = CASES) -> tuple[str, ...]:
    project.write("src/skill.txt", "fires 40\n")
    project.git("add", "src")
    project.git("commit", "-qm", "skill")
    project.write("autotune.sh", BENCHMARK)
    return (*OPTIONS, "--cases", cases)


def test_a_better_description_is_kept_and_one_that_fires_everywhere_is_not(project: Project) -> None:
    options = written(project)
    refused = project.run("init", *options)
    assert (refused.code, "score_range" in refused.err) == (1, True)
    project.write("autotune.toml", "holdout_share = 0\nsearch_share = 0.4\n")
    told = project.ok("init", *options, "--score-range", "0", "1")
    assert "couples" in told.all
    (listed,) = project.events("cases")
    assert listed["parts"].count("c") > 80

    project.write("src/skill.txt", "fires 155\n")
    everywhere = project.attempt("fires everywhere")
    assert (everywhere["verdict"], project.events("verdict")[-1]["reason"]["kind"]) == ("discard", "scores less specific")
    project.write("src/skill.txt", "fires 78\n")
    assert project.attempt("fires where it should")["verdict"] == "keep"
    reason = project.events("verdict")[-1]["reason"]
    assert reason["figures"]["specificity"] > -0.05
    assert project.events("draw")[-1]["planned"] == 5
    project.ok("check")
    project.agree()


def test_few_queries_report_and_keep_nothing_and_one_side_alone_is_refused(project: Project) -> None:
    options = written(project, "printf 'p1\\t\\tpositive\\np2\\t\\tpositive\\n'")
    assert project.run("init", *options, "--score-range", "0", "1").code == 1
    few = CASES.replace("80", "12")
    told = project.ok("init", *options[:-1], few, "--score-range", "0", "1")
    assert "only reports" in told.all
    project.write("src/skill.txt", "fires 78\n")
    assert project.attempt("fires where it should")["verdict"] == "inconclusive"
    assert project.events("verdict")[-1]["reason"]["kind"] == "scores too few"
    project.ok("check")
