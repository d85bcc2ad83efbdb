"""Logs runs as system S3 does, and some odd ones, with MLflow's own client, and prints them as it
reads them. Arguments: tracking URI, experiment."""

import hashlib
import sys
import time

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from dump_runs import dump

client = MlflowClient(tracking_uri=sys.argv[1])
name = sys.argv[2]
experiment = client.create_experiment(name)
PROMPTS = {"short": "Summarise {text}.", "long": "Summarise {text} — in \"three\" lines,\nwith ärgument 'x'."}
clock = 1_760_000_000_000


def stamp():
    """Later every time, as runs are."""
    global clock
    clock += 1000
    return clock


def ab_run(variant, number, fails=False, **metrics):
    """One run of S3's A/B runner."""
    prompt = PROMPTS[variant]
    digest = hashlib.sha256(prompt.encode()).hexdigest()[:16]
    tags = {"variant_name": variant, "prompt_hash": digest, "ab_test": "true"}
    at = stamp()
    suffix = time.strftime("%Y%m%d_%H%M%S", time.gmtime(at / 1000))
    run = client.create_run(experiment, start_time=at, tags=tags, run_name=f"{variant}_run{number}_{suffix}")
    params = [Param("variant_name", variant), Param("prompt", prompt), Param("prompt_hash", digest)]
    client.log_batch(run.info.run_id, params=params)
    if not fails:
        values = [Metric(key, value, at, 0) for key, value in {**metrics, "success": 1}.items()]
        client.log_batch(run.info.run_id, metrics=values)
        client.set_terminated(run.info.run_id, "FINISHED", at + 500)
        return
    client.set_terminated(run.info.run_id, "FAILED", at + 500)
    twin = client.create_run(experiment, start_time=stamp(), tags=tags, run_name=f"{variant}_run{number}_failed")
    client.log_metric(twin.info.run_id, "success", 0)
    client.set_terminated(twin.info.run_id, "FINISHED", clock + 1)


for number in range(1, 6):
    ab_run("short", number, fails=number == 4, duration_ms=100.0 + number, cost_usd=0.001 * number, total_tokens=50)
    ab_run("long", number, fails=number in (2, 5), duration_ms=250.5 - number, cost_usd=0.002, total_tokens=0)

# A tracked run without a variant: other names, several values of a metric, a name with slashes, odd numbers.
odd = client.create_run(experiment, start_time=stamp(), run_name="odd run: ünïcode")
run_id = odd.info.run_id
client.log_batch(
    run_id,
    metrics=[
        Metric("loss", 0.5, clock, 1),
        Metric("loss", 0.25, clock, 3),
        Metric("loss", 0.75, clock + 5, 2),
        Metric("quality/mean", 0.125, clock, 0),
        Metric("not_a_number", float("nan"), clock, 0),
        Metric("prompt_tokens", 12, clock, 0),
        Metric("completion_tokens", 30, clock, 0),
        Metric("total_cost_usd", 1e-7, clock, 0),
    ],
    params=[Param("long", "x" * 6000), Param("inputs", '{"text": "a\\nb"}'), Param("empty", "")],
    tags=[RunTag("note", "line one\nline two"), RunTag("path/with/slash", "yes")],
)
client.set_terminated(run_id, "FINISHED", clock + 900)
client.create_run(experiment, start_time=stamp(), run_name="still running")
deleted = client.create_run(experiment, start_time=stamp(), run_name="deleted")
client.delete_run(deleted.info.run_id)
killed = client.create_run(experiment, start_time=stamp(), run_name="killed", tags={"variant_name": "short"})
client.set_terminated(killed.info.run_id, "KILLED", clock + 7)
other = client.create_experiment(name + " deleted")
client.delete_experiment(other)
dump(sys.argv[1], name)
