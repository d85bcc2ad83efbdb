// A workflow in the window: its graph, its A/B test, gates and steps, the prompt applied to the node and taken back; a
// block that stands until somebody lifts it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeHome, openApp } from "./support/app.mjs";
import { Key } from "./support/session.mjs";
import { assertAccessible, assertNoViolation, id, watchPolicy } from "./support/page.mjs";
import { until } from "./support/processes.mjs";

const FILE = "workflows/mlflow_example.yaml";

async function openWorkflow(session, name) {
  await session.click(id("place-campaigns"));
  await session.click(id("tab-workflows"));
  await session.click(id(`workflow-${name}`));
  await session.shown(id("workflow-graph"));
}

async function launchAndFinish(session) {
  await session.click(id("launch-ab"));
  await session.shown(id("run-view"));
  await session.textMatches(id("run-state"), /finished/i, 90_000);
}

test("a workflow from its graph to the applied prompt and undo", async () => {
  const app = await openApp();
  const { session, workspace } = app;
  const file = join(workspace, FILE);
  const before = readFileSync(file);
  try {
    await watchPolicy(session);
    await openWorkflow(session, "mlflow_example");
    for (const node of ["sort", "rate", "assign"]) await session.shown(id(`node-${node}`));
    await session.textMatches(id("workflow-trials"), /300/);
    await assertAccessible(session, "a workflow");
    await launchAndFinish(session);
    await session.textMatches(id("gate-strip"), /right often enough/);
    await session.click(id("tab-trials"));
    await session.click(id("trial-row"));
    await session.shown(id("step-timeline"));
    await assertAccessible(session, "a trial's steps");
    await session.press(Key.escape);

    await session.click(id("compare-run"));
    await session.textMatches(id("verdict-strip"), /definitions passes .* more often than bare/);
    await session.shown(id("gate-strip"));
    await assertAccessible(session, "Compare with gates");
    await session.click(id("apply-best"));
    await session.textMatches(id("diff"), /\+.*disks, volumes/s);
    await assertAccessible(session, "the apply sheet of a workflow");
    assert.deepEqual(readFileSync(file), before, "nothing is written before Apply");
    await session.press(Key.enter);
    const after = await until("the file is written", () => {
      const bytes = readFileSync(file);
      return !bytes.equals(before) && bytes.toString();
    });
    const old = before.toString().split("\n");
    assert.equal(after.split("\n").filter((line, at) => line !== old[at]).length, 1, "one line differs");
    await session.click(id("toast-action"));
    await until("the exact bytes are back", () => readFileSync(file).equals(before));

    await session.click(id("place-campaigns"));
    await session.click(id("tab-experiments"));
    await session.textMatches(id("experiment-ticket_sorting"), /ticket_sorting/);
    await assertAccessible(session, "Experiments");
    await assertNoViolation(session);
  } finally {
    await app.close();
  }
});

test("a block is shown on the workflow and lifted with a reason", async () => {
  const home = makeHome();
  const text = readFileSync(join(home.workspace, FILE), "utf8");
  const strict = text.replace("min_threshold: 0.5, action: WARN", "min_threshold: 0.6, action: BLOCK_DEPLOY");
  assert.notEqual(strict, text);
  writeFileSync(join(home.workspace, FILE), strict);
  const app = await openApp({ home });
  const { session } = app;
  try {
    await openWorkflow(session, "mlflow_example");
    await launchAndFinish(session);
    await openWorkflow(session, "mlflow_example");
    await session.textMatches(id("deploy-block"), /right often enough/);
    await assertAccessible(session, "a blocked workflow");
    await session.click(id("lift-block"));
    await session.type(id("lift-reason"), "a pilot with ten users");
    await session.click(id("lift-confirm"));
    await until("the workflow may be deployed", () => {
      const check = JSON.parse(home.cli("--json", "deploy-check", "mlflow_example"));
      return check.block === null && check.history[0].lifted_reason === "a pilot with ten users";
    });
    await session.click(`${id("block-history")} summary`);
    await session.textMatches(id("block-history"), /a pilot with ten users/);
  } finally {
    await app.close();
  }
});
