"""A session handed to other programs by their own libraries, and read back with them."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autotune.edges import extra
from autotune.loop.inspect import exporting, reporting
from autotune.loop.session import sessions
from autotune.version import ROOT

if TYPE_CHECKING:
    from tests.loop.project import Project

READS_PARQUET = """
import json, sys
import pyarrow.parquet
found = {}
for path in sys.argv[1:]:
    table = pyarrow.parquet.read_table(path)
    found[path.rpartition("/")[2]] = {"kinds": [str(one) for one in table.schema.types], "rows": table.to_pylist()}
json.dump(found, sys.stdout, default=lambda value: value.isoformat())
"""
READS_MLFLOW = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
found = []
for experiment in client.search_experiments(filter_string="name LIKE 'autotune/%'"):
    for run in client.search_runs([experiment.experiment_id]):
        history = {name: [(one.step, one.value) for one in client.get_metric_history(run.info.run_id, name)] for name in run.data.metrics}
        files = sorted(one.path for one in client.list_artifacts(run.info.run_id))
        changes = sorted(one.path for one in client.list_artifacts(run.info.run_id, "changes"))
        found.append({"experiment": experiment.name, "name": run.info.run_name, "status": run.info.status, "params": run.data.params,
                      "tags": run.data.tags, "history": history, "files": files + changes})
json.dump(found, sys.stdout)
"""


@pytest.fixture
def done(project: Project) -> Project:
    """A session with a keep and a discard, whose settings hold something private."""
    project.write("autotune.toml", "busy_wait_s = 0\n[env]\nTOKEN = 'very-private'\n")
    project.init()
    project.write("src/b.txt", "")
    project.attempt("=leave out b")
    project.write("src/a.txt", "a" * 99)
    project.attempt("longer")
    return project


def read(lock: str, program: str, *words: str) -> Any:  # noqa: ANN401 - any JSON
    made = subprocess.run([ROOT / "bin" / "autotune", "--environment", ROOT / lock], check=True, stdout=subprocess.PIPE, text=True)
    done = subprocess.run([made.stdout.strip(), "-I", "-c", program, *words], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


@pytest.mark.nightly
def test_parquet_has_what_the_tables_have_with_kinds(done: Project) -> None:
    folder = done.outside / "tables of it"
    answer = done.ok("report", "--parquet", str(folder), "--csv", str(folder)).out
    assert f"written: {folder}/results.parquet" in answer
    found = read(exporting.PARQUET, READS_PARQUET, *(str(folder / f"{name}.parquet") for name in ("results", "samples")))
    results, samples = found["results.parquet"], found["samples.parquet"]
    kinds = dict(zip(reporting.RESULTS, results["kinds"], strict=True))
    assert (kinds["experiment"], kinds["value"], kinds["forced"], kinds["description"]) == ("int64", "double", "bool", "string")
    assert kinds["timestamp"] == "timestamp[ms, tz=UTC]"
    assert [(row["experiment"], row["status"], row["value"], row["description"]) for row in results["rows"]] == [
        (1, "keep", 15.0, "=leave out b"),
        (2, "discard", 99.0, "longer"),
    ]
    for name, rows in (("results", results["rows"]), ("samples", samples["rows"])):
        with (folder / f"{name}.csv").open(newline="") as file:
            written = list(csv.DictReader(file))
        assert [list(row) for row in written] == [list(row) for row in rows]
        assert [float(row["value"]) for row in written] == [row["value"] for row in rows]
    assert sorted(path.name for path in folder.iterdir()) == ["results.csv", "results.parquet", "samples.csv", "samples.parquet"]


@pytest.mark.nightly
def test_an_mlflow_run_has_parameters_metrics_and_artefacts_and_is_not_written_twice(done: Project) -> None:
    folder = done.outside / "a store"
    done.environment["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"
    assert "written: MLflow run" in done.ok("report", "--mlflow", str(folder)).out
    store = f"sqlite:///{folder}/mlflow.db"
    [run] = read(exporting.MLFLOW, READS_MLFLOW, store)
    assert (run["experiment"], run["name"], run["status"]) == ("autotune/x", done.name, "FINISHED")
    assert (run["params"]["metric"], run["params"]["scope"], run["tags"]["autotune.branch"]) == ("size", "['src/**']", done.branch)
    assert run["history"]["size"] == [[1, 15.0], [2, 99.0]]
    assert run["history"]["kept"] == [[1, 1.0], [2, 0.0]]
    assert (run["history"]["session.experiments"], run["history"]["session.keeps"]) == ([[2, 2.0]], [[2, 1.0]])
    assert run["files"] == ["changes", "report.html", "results.csv", "samples.csv", "changes/1.diff"]
    assert b"very-private" not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert "has all of this already" in done.ok("report", "--mlflow", str(folder)).out
    assert len(read(exporting.MLFLOW, READS_MLFLOW, store)) == 1
    done.write("src/a.txt", "a" * 98)
    done.attempt("nearly as long")
    done.ok("report", "--mlflow", str(folder))
    assert len(read(exporting.MLFLOW, READS_MLFLOW, store)) == 2


def test_what_is_handed_over_has_kinds_and_nothing_private(done: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Any] = []

    def run(_program: str, _lock: str, given: Any) -> Any:  # noqa: ANN401 - any JSON
        asked.append(json.loads(json.dumps(given)))
        return [] if "tables" in given else {}

    monkeypatch.setattr(extra, "run", run)
    session = sessions.find(done.top)
    found = reporting.gathered(session)
    exporting.write_parquet(session, found.rows, tmp_path / "new")
    exporting.write_mlflow(session, found, "page", tmp_path)
    columns = {one["name"]: one for one in asked[0]["tables"][0]["columns"]}
    assert (columns["experiment"]["kind"], columns["experiment"]["values"]) == ("count", [1, 2])
    assert (columns["low"]["kind"], columns["commit"]["kind"], columns["timestamp"]["kind"]) == ("number", "text", "time")
    assert "very-private" not in json.dumps(asked)
    assert asked[1]["parameters"]["direction"] == "lower"
    assert asked[1]["tags"]["autotune.log"] == session.position.prev
    assert [one[3] for one in asked[1]["metrics"] if one[0] == "size"] == [1, 2]


def test_an_environment_that_cannot_be_had_is_refused_and_nothing_is_written(done: Project) -> None:
    done.environment["XDG_CACHE_HOME"] = "/dev/null/none"
    words = done.refused("report", "--parquet", str(done.outside / "none"), "--markdown")
    assert "requirements-parquet.lock" in words
    assert not list((done.outside / "none").iterdir())
