"""Makes stores with many runs, and times how fast others read them. Arguments: `make FOLDER RUNS`, which makes
`FOLDER/mlflow.db` and `FOLDER/mlruns`; `time URI`, which prints how long MLflow itself takes; or `fetch URI`, which
prints how long a server takes to send the pages that Bakeoff asks for, without anybody reading what is in them. Runs are
written straight into the tables and files of MLflow, because its client takes minutes."""

import base64
import hashlib
import json
import os
import sqlite3
import sys
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

EXPERIMENT = "many"
BEGIN = 1_760_000_000_000


def run_of(number):
    """One run as system S3 writes it."""
    variant = ["short", "long", "careful"][number % 3]
    prompt = f"Summarise {{text}} as {variant}. " * 20
    digest = hashlib.sha256(prompt.encode()).hexdigest()[:16]
    tags = {"variant_name": variant, "prompt_hash": digest, "ab_test": "true",
            "mlflow.runName": f"{variant}_run{number}", "mlflow.user": "me", "mlflow.source.type": "LOCAL"}
    params = {"variant_name": variant, "prompt": prompt, "prompt_hash": digest,
              "inputs": json.dumps({"text": f"case {number % 100}"})}
    metrics = {"duration_ms": 100.0 + number % 50, "cost_usd": 0.001 * (number % 7 + 1), "total_tokens": 50 + number % 9,
               "input_tokens": 40, "output_tokens": 10 + number % 9, "success": number % 10 != 0}
    return uuid.UUID(int=number + 1).hex, tags, params, {key: float(value) for key, value in metrics.items()}


def make_database(path, count):
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{path}", os.path.join(os.path.dirname(path), "artifacts"))
    experiment = store.create_experiment(EXPERIMENT)
    database = sqlite3.connect(path)
    for number in range(count):
        run_id, tags, params, metrics = run_of(number)
        at = BEGIN + number * 1000
        database.execute(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, user_id, status, start_time, end_time,"
            " lifecycle_stage, artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', '', 'me', 'FINISHED', ?, ?,"
            " 'active', '', ?)", (run_id, tags["mlflow.runName"], at, at + 500, experiment))
        database.executemany("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
                             [(key, value, run_id) for key, value in tags.items()])
        database.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
                             [(key, value, run_id) for key, value in params.items()])
        rows = [(key, value, at, run_id) for key, value in metrics.items()]
        for table in ("metrics", "latest_metrics"):
            database.executemany(f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan)"
                                 " VALUES (?, ?, ?, ?, 0, 0)", rows)
    database.commit()


def write(folder, files):
    os.makedirs(folder)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


def make_folder(path, count):
    experiment = os.path.join(path, "1")
    write(experiment, {"meta.yaml": f"artifact_location: {experiment}\ncreation_time: {BEGIN}\nexperiment_id: '1'\n"
                                    f"last_update_time: {BEGIN}\nlifecycle_stage: active\nname: {EXPERIMENT}\n"})
    for number in range(count):
        run_id, tags, params, metrics = run_of(number)
        at = BEGIN + number * 1000
        folder = os.path.join(experiment, run_id)
        write(folder, {"meta.yaml": f"artifact_uri: {folder}/artifacts\nend_time: {at + 500}\nentry_point_name: ''\n"
                                    f"experiment_id: '1'\nlifecycle_stage: active\nrun_id: '{run_id}'\n"
                                    f"run_name: {tags['mlflow.runName']}\nrun_uuid: '{run_id}'\nsource_name: ''\n"
                                    f"source_type: 4\nsource_version: ''\nstart_time: {at}\nstatus: 3\ntags: []\n"
                                    f"user_id: me\n"})
        write(os.path.join(folder, "tags"), tags)
        write(os.path.join(folder, "params"), params)
        write(os.path.join(folder, "metrics"), {key: f"{at} {value} 0\n" for key, value in metrics.items()})
        os.makedirs(os.path.join(folder, "artifacts"))


def fetch(address):
    """Bare requests as Bakeoff makes them: the experiment, the first page, then pages four at a time."""
    page = 1000

    def ask(call, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{address}/api/2.0/mlflow/{call}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def runs_after(offset):
        body = {"experiment_ids": [experiment], "run_view_type": "ACTIVE_ONLY", "max_results": page,
                "order_by": ["attributes.start_time DESC"]}
        if offset:
            body["page_token"] = base64.b64encode(json.dumps({"offset": offset}).encode()).decode()
        return ask("runs/search", body).count(b'"run_uuid":')

    answer = json.loads(ask(f"experiments/get-by-name?experiment_name={EXPERIMENT}"))
    experiment = answer["experiment"]["experiment_id"]
    found = count = runs_after(0)
    with ThreadPoolExecutor(4) as pool:
        while count == page:
            counts = list(pool.map(runs_after, range(found, found + 4 * page, page)))
            found, count = found + sum(counts), counts[-1]
    return found


if sys.argv[1] == "make":
    make_database(os.path.join(sys.argv[2], "mlflow.db"), int(sys.argv[3]))
    make_folder(os.path.join(sys.argv[2], "mlruns"), int(sys.argv[3]))
elif sys.argv[1] == "fetch":
    start = time.perf_counter()
    found = fetch(sys.argv[2])
    print(json.dumps({"seconds": time.perf_counter() - start, "runs": found}))
else:
    import mlflow

    mlflow.set_tracking_uri(sys.argv[2])
    start = time.perf_counter()
    frame = mlflow.search_runs(experiment_names=[EXPERIMENT], max_results=1_000_000)
    means = frame.groupby("tags.variant_name")["metrics.cost_usd"].mean()
    print(json.dumps({"seconds": time.perf_counter() - start, "runs": len(frame), "cost": means.to_dict()}))
