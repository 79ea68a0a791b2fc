"""Writes a session as an MLflow run: a program for an environment with MLflow, which gets JSON on its standard input.

Nothing else of autotune is imported. The store is a SQLite file in a folder, with the artefacts beside it. A session's log that is there
already, by its hash, is not written again. Nothing is sent anywhere: MLflow's own settings are not read, and its telemetry is off.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

MOST_AT_ONCE = 1000  # metrics that MLflow takes in one call
MOST_NAMED = 100  # parameters or tags


def main() -> None:
    """Write the run, and answer with its id, the store's address and whether it was there."""
    asked = json.load(sys.stdin)
    for name in [one for one in os.environ if one.startswith("MLFLOW_")]:
        del os.environ[name]
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
    folder = Path(asked["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    store = f"sqlite:///{folder / 'mlflow.db'}"
    client = import_module("mlflow.tracking").MlflowClient(tracking_uri=store)
    experiment = _experiment(client, asked["experiment"], folder)
    there = _found(client, experiment, asked["tags"]["autotune.log"])
    run = there or _written(client, experiment, asked)
    json.dump({"run": run, "store": store, "there": there is not None}, sys.stdout)


def _experiment(client: Any, name: str, folder: Path) -> str:  # noqa: ANN401 - MLflow's own
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=(folder / "artifacts").as_uri()))


def _found(client: Any, experiment: str, log: str) -> str | None:  # noqa: ANN401 - MLflow's own
    """Give the run that was written whole for this log."""
    runs = client.search_runs([experiment], f"tags.`autotune.log` = '{log}' and attributes.status != 'RUNNING'", max_results=1)
    return str(runs[0].info.run_id) if runs else None


def _written(client: Any, experiment: str, asked: dict[str, Any]) -> str:  # noqa: ANN401 - MLflow's own
    kinds = import_module("mlflow.entities")
    run = str(client.create_run(experiment, start_time=asked["began_ms"], run_name=asked["session"]).info.run_id)
    metrics = [kinds.Metric(*one) for one in asked["metrics"]]
    parameters = [kinds.Param(name, value) for name, value in asked["parameters"].items()]
    tags = [kinds.RunTag(name, value) for name, value in asked["tags"].items()]
    for start in range(0, len(metrics), MOST_AT_ONCE):
        client.log_batch(run, metrics=metrics[start : start + MOST_AT_ONCE])
    for start in range(0, max(len(parameters), len(tags)), MOST_NAMED):
        client.log_batch(run, params=parameters[start : start + MOST_NAMED], tags=tags[start : start + MOST_NAMED])
    client.log_artifacts(run, asked["artifacts"])
    client.set_terminated(run, "FINISHED", asked["ended_ms"])
    return run


if __name__ == "__main__":
    main()
