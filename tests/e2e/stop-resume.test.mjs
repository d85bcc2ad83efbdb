// Stopping a run and resuming it; comparing two runs; the size of the window on the second start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeHome, openApp } from "./support/app.mjs";
import { assertNoViolation, id, watchPolicy } from "./support/page.mjs";
import { until } from "./support/processes.mjs";

test("stop and resume in the window, then compare two runs", async () => {
  const home = makeHome();
  home.cli("run", "tickets", "--parallel", "100");
  const app = await openApp({ home });
  const { session } = app;
  try {
    await watchPolicy(session);
    await session.click(id("place-campaigns"));
    await session.click(id("campaign-tickets"));
    await session.click(id("launch"));
    await session.shown(id("run-view"));
    await session.textMatches(id("run-count"), /[1-9]\d* of 450/);
    await session.click(id("pause"));
    await session.textMatches(id("run-state"), /paused/i);
    await session.click(id("resume"));
    await session.textMatches(id("run-state"), /running/i);
    await session.click(id("stop"));
    await session.textMatches(id("run-state"), /stopped/i);
    const stopped = JSON.parse(home.cli("--json", "show", "2")).run.row;
    assert.ok(stopped.done > 0 && stopped.done < 450, `stopped in the midst, at ${stopped.done}`);

    await session.click(id("resume-run"));
    await session.textMatches(id("run-state"), /finished/i, 90_000);
    const ended = JSON.parse(home.cli("--json", "show", "2"));
    assert.equal(ended.run.row.done, 450);
    assert.deepEqual(ended.comparison.comparison.variants.map((v) => v.trials), [150, 150, 150], "no trial twice");

    await session.click(id("place-compare"));
    await session.choose(id("compare-choose"), "e:tickets");
    await until("both runs are pooled", async () => /300/.test(await session.text(id("scorecard"))));
    await session.shown(id("verdict-strip"));
    await assertNoViolation(session);
  } finally {
    await app.close();
  }
});
