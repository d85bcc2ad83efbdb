// First launch to applied prompt and undo: what a stranger does in the first minutes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openApp } from "./support/app.mjs";
import { Key } from "./support/session.mjs";
import { assertAccessible, assertNoViolation, id, launchAndFinish, watchPolicy } from "./support/page.mjs";
import { until } from "./support/processes.mjs";

test("first launch to applied prompt and undo", async () => {
  const app = await openApp();
  const { session, workspace } = app;
  const file = join(workspace, "variants/default.yaml");
  const before = readFileSync(file);
  try {
    await watchPolicy(session);
    await session.click(id("place-variants"));
    for (const name of ["default", "definitions", "examples"]) await session.shown(id(`variant-${name}`));
    await assertAccessible(session, "Variants");

    await session.click(id("place-campaigns"));
    await session.click(id("campaign-tickets"));
    await session.textMatches(id("plan-trials"), /450/);
    await assertAccessible(session, "Campaigns");
    await launchAndFinish(session);
    await assertAccessible(session, "the run");

    await session.click(id("banner-compare"));
    await session.textMatches(id("verdict-strip"), /examples passes .* more often than default/);
    await until("the charts are drawn", async () => (await session.run(
      `() => document.querySelectorAll('[data-testid="charts"] svg[role=img]').length`)) >= 4);
    await session.textMatches(id("scorecard"), /87/);
    await assertAccessible(session, "Compare");

    await session.click(id("apply-best"));
    await session.textMatches(id("apply-evidence"), /success rate 87/);
    await session.textMatches(id("diff"), /\+.*by their cause/s);
    await assertAccessible(session, "the apply sheet");
    assert.deepEqual(readFileSync(file), before, "nothing is written before Apply");
    await session.press(Key.enter);
    const after = await until("the file is written", () => {
      const bytes = readFileSync(file);
      return !bytes.equals(before) && bytes.toString();
    });
    const comments = (text) => text.split("\n").filter((line) => line.trim().startsWith("#"));
    assert.deepEqual(comments(after), comments(before.toString()), "the comments are kept");
    assert.match(after, /by their cause/);

    await session.click(id("toast-action"));
    await until("the exact bytes are back", () => readFileSync(file).equals(before));
    await assertNoViolation(session);
  } finally {
    await app.close();
  }
});
