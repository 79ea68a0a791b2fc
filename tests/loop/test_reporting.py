"""`autotune report` on a real session: what it writes, where, and what it measures first when asked to."""

from __future__ import annotations

import csv
import json
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loop.project import Project


@pytest.fixture
def session(project: Project) -> Project:
    """One keep, with a description that would be markup, and one discard."""
    project.init()
    project.write("src/a.txt", "a\n<b>\n")
    project.attempt("=cmd() <script>x</script> | @someone")
    project.write("src/b.txt", "longer than it was, by far, in every way\n")
    project.attempt("longer")
    return project


def test_the_page_lies_in_the_sessions_folder_and_nothing_in_the_working_tree(session: Project) -> None:
    before = session.files(), session.repository()
    said = session.ok("report")
    page = session.session / "report.html"
    assert str(page) in said.out
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "&lt;script&gt;x" in text
    assert "<script" not in text
    assert "+&lt;b&gt;" in text  # of the diff
    assert session.commits()[0][:12] in text
    assert (session.files(), session.repository()) == before
    assert session.ok("check").code == 0


def test_markdown_json_and_figures_go_to_stdout_and_anything_into_a_file(session: Project, tmp_path: Path) -> None:
    markdown = session.ok("report", "--markdown").out
    assert "@someone" not in markdown
    assert "+<b>" in markdown
    found = session.ok("report", "--json").json
    assert [row["index"] for row in found["report"]["rows"]] == [1, 2]
    (kept,) = found["report"]["kept"]
    assert (kept["experiment"], "+<b>" in kept["diff"], len(kept["runs"])) == (1, True, 1)
    assert found["report"]["claim"] is None
    assert session.ok("report", "--openmetrics").out.endswith("# EOF\n")
    session.ok("report", "--json", "--output", str(tmp_path / "new" / "report.json"))
    written = json.loads((tmp_path / "new" / "report.json").read_bytes())
    assert written["report"]["rows"] == found["report"]["rows"]
    assert session.ok("report", "--output", "-").out.startswith("<!doctype html>")
    assert session.run("report", "--json", "--markdown").code == 2


def test_results_and_samples_are_written_as_tables(session: Project, tmp_path: Path) -> None:
    said = session.ok("report", "--json", "--csv", str(tmp_path / "tables"))
    assert said.json["experiments"] == 2
    assert said.err.count(".csv") == 2
    with (tmp_path / "tables/results.csv").open(newline="") as file:
        results = list(csv.DictReader(file))
    assert [(one["experiment"], one["status"], one["fate"]) for one in results] == [
        ("1", "keep", "kept, unconfirmed"),
        ("2", "discard", results[1]["fate"]),
    ]
    assert results[0]["description"].startswith("'=cmd()")  # no formula
    with (tmp_path / "tables/samples.csv").open(newline="") as file:
        samples = [one for one in csv.DictReader(file) if one["metric"] == "size"]
    runs = session.events("run")
    assert [(one["experiment"], one["arm"], float(one["value"])) for one in samples] == [
        (str(run["experiment"]), run["arm"], run["metrics"]["size"]) for run in runs if "size" in run["metrics"]
    ]


def test_a_claim_is_measured_first_when_asked_for_and_only_where_it_says_anything_new(session: Project) -> None:
    found = session.ok("report", "--json", "--claim").json
    assert found["report"]["claim"]["keeps"] == 1
    assert found["claim"]["improved"] is True
    count = len(session.events("run"))
    session.ok("report", "--claim")
    assert len(session.events("run")) == count
    assert len(session.events("claim")) == 1


def test_without_a_keep_nothing_is_measured_and_a_change_that_git_lost_is_left_out(project: Project) -> None:
    project.init()
    count = len(project.events("run"))
    assert project.ok("report", "--claim", "--json").json["report"]["kept"] == []
    assert len(project.events("run")) == count


def test_a_report_of_a_session_that_measures_disturbs_nothing(project: Project, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    project.write("autotune.sh", f'while test -e "{gate}"; do sleep 0.02; done\necho "METRIC size=$(($(cat src/*.txt | wc -c)))"\n')
    project.init()
    gate.touch()
    project.write("src/a.txt", "")
    begun = project.begin("try", "-d", "shorter")
    while project.worker() is None or not list(project.session.glob("runs/1/*")):
        time.sleep(0.02)
    project.ok("report")
    gate.unlink()
    assert begun.wait().code == 0
    (result,) = project.results()
    assert (result["status"], result["verdict"]) == ("keep", "keep")
    assert project.ok("check").code == 0
