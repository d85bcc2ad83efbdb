// A subject in the window: the embedded one is started, a node is paused, seen to be, let go on, and removed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openApp } from "./support/app.mjs";
import { assertAccessible, assertNoViolation, id, watchPolicy } from "./support/page.mjs";

const SOON = 30_000;

test("the embedded subject is tried by hand, and nothing of it stays", async () => {
  const app = await openApp();
  const { session } = app;
  try {
    await watchPolicy(session);
    await session.click(id("place-subjects"));
    await session.click(id("subject-embedded"));
    await session.textMatches(id("subject-embedded"), /ready/i);
    await session.shown(id("no-faults"));
    await assertAccessible(session, "Subjects");

    await session.click(id("try-start"));
    await session.textMatches(id("try-state"), /running/i, SOON);
    const nodes = await session.run(`() => [...document.querySelectorAll('[data-testid="fault-target"] option')]
      .map((option) => option.value).filter((value) => value.startsWith("node:")).map((value) => value.slice(5))`);
    assert.ok(nodes.length >= 3, `nodes to choose from: ${nodes}`);
    const node = nodes.at(-1);
    await session.textMatches(id(`health-${node}`), /\d.*ms/, SOON);
    await session.choose(id("fault-kind"), "node_pause");
    await session.choose(id("fault-target"), `node:${node}`);
    await session.click(id("inject"));
    await session.textMatches(id("try-fault"), new RegExp(`Pause a node.*on ${node}`, "s"), SOON);
    await session.textMatches(id("try-seen"), /the probe saw:/i, SOON);
    await session.textMatches(id(`health-${node}`), /no write|no read/, SOON);
    await session.textMatches(`${id("try-panel")} ${id("countdown")}`, /left/);
    await session.textMatches(id("faults-badge"), /1/);
    await assertAccessible(session, "a subject with a fault in force");

    await session.click(id("try-revert"));
    await session.gone(id("try-fault"), SOON);
    await session.textMatches(id(`health-${node}`), /\d.*ms/, SOON);
    await session.gone(id("faults-badge"), SOON);
    await session.click(id("try-remove"));
    await session.shown(id("try-start"), SOON);
    await session.click(id("sweep"));
    await session.textMatches(id("sweep-report"), /nothing was left behind/i, SOON);
    await assertNoViolation(session);
  } finally {
    await app.close();
  }
});
