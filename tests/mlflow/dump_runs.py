"""Prints an experiment's runs as MLflow's own client reads them. Arguments: tracking URI, experiment."""

import json
import math
import sys

from mlflow.tracking import MlflowClient


def number(value):
    """JSON has no NaN."""
    return str(value) if math.isnan(value) or math.isinf(value) else value


def dump(uri, name):
    """Prints them, newest first."""
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(name)
    runs, token = [], None
    while token != "":
        page = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time DESC"],
                                  max_results=1000, page_token=token)
        runs.extend(page)
        token = page.token or ""
    print(json.dumps([
        {
            "run_id": run.info.run_id,
            "name": run.info.run_name,
            "status": run.info.status,
            "start": run.info.start_time,
            "end": run.info.end_time,
            "params": run.data.params,
            "metrics": {key: number(value) for key, value in run.data.metrics.items()},
            "tags": run.data.tags,
        }
        for run in runs
    ]))


if __name__ == "__main__":
    dump(*sys.argv[1:3])
